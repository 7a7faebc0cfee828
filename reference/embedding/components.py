"""Connected components of a graph, and bridges that join them."""

from __future__ import annotations

from typing import Any, NamedTuple

from geomsci.backends import neighbors
from geomsci.backends.arrays import Array, array_namespace
from geomsci.reference.embedding.metric_spaces import metric_space


class Bridge(NamedTuple):
    """An edge that joins two components: its ends and their distance."""

    row: int
    column: int
    distance: float


class JoinedGraph(NamedTuple):
    """Connected weights ``W``, the ``labels`` of before, and the ``bridges`` added.

    A label is the smallest vertex of the vertex's component.
    """

    W: Any
    labels: Array
    bridges: tuple[Bridge, ...]


def spanning_edges(
    edges: list[tuple[float, int, int]], labels: dict[int, int]
) -> list[tuple[float, int, int]]:
    """Kruskal: the edges, shortest first, that join components not joined before.

    Parameters
    ----------
    edges : list of (length, i, j)
        Ties are ordered by i, then j.
    labels : dict
        Component of every vertex that the edges name.
    """
    parent = {label: label for label in labels.values()}

    def root(label: int) -> int:
        while parent[label] != label:
            parent[label] = parent[parent[label]]
            label = parent[label]
        return label

    chosen = []
    for edge in sorted(edges):
        a, b = root(labels[edge[1]]), root(labels[edge[2]])
        if a != b:
            parent[a] = b
            chosen.append(edge)
    return chosen


def join_components(W: Any, X: Array, *, metric: str) -> JoinedGraph:
    """Add the c - 1 shortest edges that join the c components of a graph of points.

    They are the edges of the minimum spanning tree of the components: the shortest
    edge that leaves a component belongs to that tree, so the smallest component is
    joined to its nearest point outside until one component is left. A bridge weighs
    as much as the weakest edge of W.
    """
    labels = neighbors.component_labels(W)
    xp = array_namespace(labels)
    found = xp.unique_counts(labels)
    sizes = {
        int(found.values[i]): int(found.counts[i]) for i in range(found.values.shape[0])
    }
    space = metric_space(X, metric)
    joined, bridges = labels, []
    while len(sizes) > 1:
        smallest = min(sizes, key=lambda label: (sizes[label], label))
        row, column, distance = space.nearest_pair(joined == smallest)
        bridge = Bridge(row, column, distance * space.unit)
        bridges.append(bridge)
        host = int(joined[bridge.column])
        sizes[host] += sizes.pop(smallest)
        joined = xp.where(joined == smallest, xp.full_like(joined, host), joined)
    if bridges:
        W = _with_edges(W, [b[:2] for b in bridges], _weakest(W))
    return JoinedGraph(W, labels, tuple(bridges))


def _weakest(W: Any) -> float:
    """Smallest positive weight, 1 in a graph without edges."""
    values = W.tocsr().data if hasattr(W, "tocsr") else W
    xp = array_namespace(values)
    if values.size == 0:
        return 1.0
    infinity = xp.full_like(values, float("inf"))
    weakest = float(xp.min(xp.where(values > 0.0, values, infinity)))
    return weakest if weakest < float("inf") else 1.0


def _with_edges(W: Any, pairs: list[tuple[int, int]], weight: float) -> Any:
    """Copy of W with some new edges of one weight."""
    if hasattr(W, "tocsr"):
        W = W.tocsr()
        xp = array_namespace(W.data)
        rows = xp.asarray([i for i, _ in pairs])
        columns = xp.asarray([j for _, j in pairs])
        data = xp.full((len(pairs),), weight, dtype=W.data.dtype)
        new = type(W)((data, (rows, columns)), shape=W.shape)
        return (W + (new + new.T)).tocsr()
    xp = array_namespace(W)
    W = xp.asarray(W, copy=True)
    for i, j in pairs:
        W[i, j] = weight
        W[j, i] = weight
    return W
