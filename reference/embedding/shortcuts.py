"""Two local tests that find shortcut edges of a neighbourhood graph.

An edge ij is suspect when

    (i)  i and j have fewer than two common neighbours: an isolated jump;
    (ii) |x_i - x_j| > 1.5 min(eps_i, eps_j): a sparse region that reaches into a dense
         one. Test (i) is blind there when the jump lands on a clique, and test (ii) is
         blind in many dimensions, where all eps are nearly equal.

Suspect edges go, then come back, shortest first, only while they join components of
what is left (Kruskal), so the components of the graph stay what they were.
"""

from __future__ import annotations

from typing import Any

from geomsci.backends import neighbors
from geomsci.backends.arrays import Array, array_namespace, to_host
from geomsci.reference.embedding.components import spanning_edges
from geomsci.reference.embedding.metric_spaces import MetricSpace, metric_space


def prune_shortcuts(
    W: Any, X: Array, eps: Array, *, common: int, reach: float, metric: str
) -> Any:
    """W without its shortcut edges; dense or CSR as W is."""
    space = metric_space(X, metric)
    eps = eps / space.unit
    if hasattr(W, "tocsr"):
        return _prune_sparse(W.tocsr(), space, eps, common, reach)
    return _prune_dense(W, space, eps, common, reach)


def _prune_dense(
    W: Array, space: MetricSpace, eps: Array, common: int, reach: float
) -> Array:
    xp = array_namespace(W)
    edge = W > 0.0
    B = xp.astype(edge, xp.float32)  # counts up to 2^24 are exact
    shared = B @ B
    far = space.distances() > reach * xp.minimum(eps[:, None], eps[None, :])
    suspect = xp.logical_or(shared < common, far)
    kept = xp.where(suspect, xp.zeros_like(W), W)
    labels = neighbors.component_labels(kept)
    across = labels[:, None] != labels[None, :]
    rows, columns = xp.nonzero(xp.triu(xp.logical_and(edge, across)))
    d = space.pair_distances(rows, columns)
    for _, i, j in _put_back(rows, columns, d, labels):
        kept[i, j] = W[i, j]
        kept[j, i] = W[j, i]
    return kept


def _prune_sparse(
    W: Any, space: MetricSpace, eps: Array, common: int, reach: float
) -> Any:
    xp = array_namespace(W.data)
    U = W.tocoo()
    upper = xp.logical_and(U.row < U.col, U.data > 0.0)
    rows = xp.astype(U.row[upper], xp.int64)
    columns = xp.astype(U.col[upper], xp.int64)
    data = U.data[upper]
    ones = xp.ones_like(data)
    half = type(W)((ones, (rows, columns)), shape=W.shape)
    B = (half + half.T).tocsr()
    # Adding the edges themselves keeps those that share no neighbour in the pattern.
    shared = ((B @ B).multiply(half) + half).tocsr()
    shared.sort_indices()
    order = xp.argsort(rows * W.shape[0] + columns)
    rows, columns, data = (xp.take(x, order) for x in (rows, columns, data))
    d = space.pair_distances(rows, columns)
    far = d > reach * xp.minimum(xp.take(eps, rows), xp.take(eps, columns))
    keep = xp.logical_not(xp.logical_or(shared.data - 1.0 < common, far))
    labels = neighbors.component_labels(
        type(W)((data[keep], (rows[keep], columns[keep])), shape=W.shape)
    )
    out = xp.nonzero(xp.take(labels, rows) != xp.take(labels, columns))[0]
    number = {(int(rows[p]), int(columns[p])): int(p) for p in out}
    back = _put_back(rows[out], columns[out], d[out], labels)
    for _, i, j in back:
        keep[number[i, j]] = True
    half = type(W)((data[keep], (rows[keep], columns[keep])), shape=W.shape)
    return (half + half.T).tocsr()


def _put_back(
    rows: Array, columns: Array, d: Array, labels: Array
) -> list[tuple[float, int, int]]:
    """The dropped edges between components that come back.

    Kruskal is sequential, so the few dropped edges between components go to the host.
    """
    xp = array_namespace(rows)
    ends = [
        to_host(x).tolist()
        for x in (d, rows, columns, xp.take(labels, rows), xp.take(labels, columns))
    ]
    component = {}
    for _, i, j, a, b in zip(*ends):
        component[i], component[j] = a, b
    return spanning_edges(list(zip(*ends[:3])), component)
