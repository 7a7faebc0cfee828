"""Shortcut edges of a neighbourhood graph, found by taking a skeleton and closing it.

An edge ij is long when ``|x_i - x_j| > 1.5 min(eps_i, eps_j)``: a sparse region reaches
into a dense one. It is suspect when i and j have fewer common neighbours than the
median edge has: an edge that leaves a sheet has few, and so have edges in thin places
and at the border.

Without both the graph is a skeleton with tears. Suspect edges come back where the
skeleton joins their ends by two edges, again and again until none does; then edges of
both kinds, shortest first, while they join components of what is left (Kruskal); then
suspect ones wherever a path of a few edges joins their ends, again until none does. A
tear closes from its ends, edge by edge. Ends of a shortcut stay far apart: there is
nothing to close from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from geomsci.backends import neighbors
from geomsci.backends.arrays import Array, array_namespace, to_host
from geomsci.backends.graph_paths import common_neighbors, within_hops
from geomsci.reference.embedding.components import spanning_edges
from geomsci.reference.embedding.metric_spaces import metric_space

NARROW = 3
"""Edges of the first searches for a way round."""


class _Edges(NamedTuple):
    """Edges i < j in the order of rows, and the graph of some of them."""

    rows: Array
    columns: Array
    graph: Callable[[Array], Any]


def prune_shortcuts(
    W: Any, X: Array, eps: Array, *, hops: int, reach: float, metric: str
) -> Any:
    """W without its shortcut edges; dense or CSR as W is."""
    space = metric_space(X, metric)
    eps = eps / space.unit
    edges = _sparse_edges(W.tocsr()) if hasattr(W, "tocsr") else _dense_edges(W)
    rows, columns = edges.rows, edges.columns
    xp = array_namespace(rows)
    if rows.shape[0] == 0:
        return W.copy() if hasattr(W, "tocsr") else xp.asarray(W, copy=True)
    d = space.pair_distances(rows, columns)
    long = d > reach * xp.minimum(xp.take(eps, rows), xp.take(eps, columns))
    shared = common_neighbors(W, rows, columns)
    few = shared < xp.sort(shared)[shared.shape[0] // 2]
    keep = xp.logical_not(xp.logical_or(few, long))
    keep = _closed(edges, keep, long, 2)
    keep = _joined(edges, keep, d)
    # What few edges close need not be looked for in wide circles; the end is the same.
    keep = _closed(edges, keep, long, min(hops, NARROW))
    keep = _closed(edges, keep, long, hops)
    return edges.graph(keep)


def _closed(edges: _Edges, keep: Array, long: Array, hops: int) -> Array:
    """Edges kept, and those that close paths of at most ``hops``, until none does."""
    xp = array_namespace(keep)
    while True:
        out = xp.nonzero(xp.logical_not(xp.logical_or(keep, long)))[0]
        rows, columns = xp.take(edges.rows, out), xp.take(edges.columns, out)
        graph = edges.graph(keep)
        if hops == 2:
            back = common_neighbors(graph, rows, columns) > 0
        else:
            back = within_hops(graph, rows, columns, hops)
        if not bool(xp.any(back)):
            return keep
        keep = _with(keep, out[back])


def _joined(edges: _Edges, keep: Array, d: Array) -> Array:
    """Edges kept, and the shortest of the others that join components.

    Kruskal is sequential, so the few edges between components go to the host.
    """
    xp = array_namespace(keep)
    labels = neighbors.component_labels(edges.graph(keep))
    a, b = xp.take(labels, edges.rows), xp.take(labels, edges.columns)
    across = xp.nonzero(a != b)[0]
    ends = [
        to_host(xp.take(v, across)).tolist()
        for v in (d, edges.rows, edges.columns, a, b)
    ]
    number = dict(zip(zip(ends[1], ends[2]), to_host(across).tolist()))
    component = {}
    for _, i, j, of_i, of_j in zip(*ends):
        component[i], component[j] = of_i, of_j
    chosen = spanning_edges(list(zip(*ends[:3])), component)
    back = [number[i, j] for _, i, j in chosen]
    return _with(keep, xp.asarray(back, dtype=xp.int64, device=keep.device))


def _with(keep: Array, more: Array) -> Array:
    """``keep`` and the edges of some more numbers."""
    if more.shape[0] == 0:
        return keep
    xp = array_namespace(keep)
    more = xp.sort(more)
    number = xp.arange(keep.shape[0], dtype=xp.int64, device=keep.device)
    place = xp.clip(xp.searchsorted(more, number), 0, more.shape[0] - 1)
    return xp.logical_or(keep, xp.take(more, place) == number)


def _sparse_edges(W: Any) -> _Edges:
    xp = array_namespace(W.data)
    U = W.tocoo()
    upper = xp.logical_and(U.row < U.col, U.data > 0.0)
    rows = xp.astype(U.row[upper], xp.int64)
    columns = xp.astype(U.col[upper], xp.int64)
    order = xp.argsort(rows * W.shape[0] + columns)
    rows, columns, data = (xp.take(x, order) for x in (rows, columns, U.data[upper]))

    def graph(keep: Array) -> Any:
        half = type(W)((data[keep], (rows[keep], columns[keep])), shape=W.shape)
        return (half + half.T).tocsr()

    return _Edges(rows, columns, graph)


def _dense_edges(W: Array) -> _Edges:
    xp = array_namespace(W)
    n = W.shape[0]
    upper = xp.triu(W > 0.0, k=1)
    rows, columns = xp.nonzero(upper)
    flat = xp.reshape(upper, (-1,))
    # The number of the edge at each place, in the order of `nonzero`.
    number = xp.cumulative_sum(xp.astype(flat, xp.int64)) - 1
    number = xp.where(flat, number, xp.zeros_like(number))

    def graph(keep: Array) -> Array:
        kept = xp.reshape(xp.logical_and(flat, xp.take(keep, number)), (n, n))
        return xp.where(xp.logical_or(kept, kept.T), W, xp.zeros_like(W))

    return _Edges(rows, columns, graph)
