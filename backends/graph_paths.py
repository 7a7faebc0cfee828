"""Short paths between pairs of vertices of an undirected graph, on any array library.

A graph is a symmetric matrix, dense or scipy.sparse, whose positive entries are edges.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from geomsci.backends.arrays import Array, array_namespace, library
from geomsci.backends.tiling import map_tiles, tiles

SEARCH_BYTES = 64 * 1024 * 1024
"""Size of the table of hops from some vertices on the host."""


def common_neighbors(graph: Any, rows: Array, columns: Array) -> Array:
    """Number of vertices that are joined to both ends of each pair.

    Parameters
    ----------
    graph : array or scipy.sparse array, shape (n, n), symmetric
        Zero diagonal.
    rows, columns : integer arrays, shape (m,)

    Returns
    -------
    count : integer array, shape (m,)

    Notes
    -----
    One product of the graph with itself, or O(m n) for few pairs of a dense one.
    """
    xp = array_namespace(rows)
    if rows.shape[0] == 0:
        return rows
    if hasattr(graph, "tocsr"):
        one = graph.tocsr().astype(np.float32)
        one.data = (one.data > 0.0).astype(np.float32)
        wanted = type(one)(
            (np.ones(rows.shape[0], dtype=np.float32), (rows, columns)),
            shape=graph.shape,
        )
        # Added, pairs without a common neighbour stay in the pattern.
        found = ((one @ one).multiply(wanted) + wanted).tocsr()
        return np.asarray(found[rows, columns]).reshape(-1).astype(np.int64) - 1
    one = xp.astype(graph > 0.0, xp.float32)  # counts up to 2^24 are exact
    n = graph.shape[0]
    if rows.shape[0] > n * n // 16:
        product = xp.reshape(one @ one, (-1,))
        return xp.astype(xp.take(product, rows * n + columns), xp.int64)

    def count(i: Array, j: Array) -> Array:
        both = xp.take(one, i, axis=0) * xp.take(one, j, axis=0)
        return xp.astype(xp.sum(both, axis=1), xp.int64)

    return map_tiles(count, rows, columns, bytes_per_item=12 * n)


def within_hops(graph: Any, rows: Array, columns: Array, hops: int) -> Array:
    """Whether a path of at most ``hops`` edges joins the ends of each pair.

    Parameters
    ----------
    graph : array or scipy.sparse array, shape (n, n), symmetric
    rows, columns : integer arrays, shape (m,)
    hops : int, at least 1

    Returns
    -------
    near : bool array, shape (m,)

    Notes
    -----
    A search from every different first end: O(edges) each, sparse or on NumPy;
    elsewhere ``hops`` products of their indicator vectors with the dense graph.
    """
    xp = array_namespace(rows)
    if rows.shape[0] == 0:
        return xp.astype(rows, xp.bool)
    found = xp.unique_inverse(rows)
    start = xp.reshape(found.inverse_indices, (-1,))
    if hasattr(graph, "tocsr") or library(graph) == "numpy":
        return _searched(graph, found.values, start, columns, hops)
    one = xp.astype(graph > 0.0, xp.float32)
    reached = xp.take(xp.eye(one.shape[0], dtype=one.dtype, device=one.device),
                      found.values, axis=0)  # fmt: skip
    for _ in range(hops):
        grown = reached + reached @ one
        reached = xp.astype(grown > 0.0, xp.float32)
    n = one.shape[0]
    return xp.take(xp.reshape(reached, (-1,)), start * n + columns) > 0.0


def _searched(
    graph: Any, starts: np.ndarray, start: np.ndarray, ends: np.ndarray, hops: int
) -> np.ndarray:
    """`within_hops` by SciPy, from some vertices at a time."""
    from scipy.sparse import csgraph, csr_array

    one = csr_array(graph > 0.0)  # stored zeros are no edges
    near = np.empty(ends.shape[0], dtype=bool)
    for part in tiles(starts.shape[0], 8 * one.shape[0], target=SEARCH_BYTES):
        hops_to = csgraph.dijkstra(
            one, indices=starts[part], unweighted=True, limit=hops
        )
        here = np.flatnonzero((start >= part.start) & (start < part.stop))
        near[here] = np.isfinite(hops_to[start[here] - part.start, ends[here]])
    return near
