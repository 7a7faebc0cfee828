"""Nearest rows of a point set, on any array library.

On NumPy scikit-learn's trees (few features) or its blocked brute force (many) choose
the candidates; elsewhere brute force runs tile by tile. Either way the distances are
computed again as norms of differences: the expanded form ``|x|^2 - 2 x.y + |y|^2``,
which fast searches use, leaves ``1e-8 |x|`` at coincident points instead of 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from geomsci.backends.arrays import Array, array_namespace, device, eps, library
from geomsci.backends.dispatch import run
from geomsci.backends.threads import n_threads
from geomsci.backends.tiling import map_tiles, tile_bytes, tiles

TREE_FEATURES = 15
"""Up to this many features a k-d tree visits few of its leaves."""

SPARE = 4
"""Candidates beyond k, so that near ties of the expanded form lose no neighbour."""

PRODUCT_BYTES = 16 * 1024 * 1024
"""Size of a tile of a matrix product, which wants many rows at a time."""

CANDIDATE_BYTES = 8 * 1024 * 1024
"""Size of a tile of candidates, many rows: a search has a price for every call."""

FEW_TERMS = 10**6
"""Up to this many squared differences brute force is over before a search begins."""


class Neighbors(NamedTuple):
    """Nearest rows: ``distances`` ascending and ``indices``, both of shape (m, k)."""

    distances: Array
    indices: Array


class NearestPair(NamedTuple):
    """The nearest two rows of two groups: their numbers and their distance."""

    row: int
    column: int
    distance: float


def nearest(X: Array, k: int, *, queries: Array | None = None) -> Neighbors:
    """Find the k rows of X nearest to every row.

    Parameters
    ----------
    X : array, shape (n, d), finite
    k : int
        From 1 to ``n - 1``, or to n with ``queries``.
    queries : array, shape (m, d), optional
        Rows to find the neighbours of; default the rows of X, each of which is then
        no neighbour of itself (a copy of it is).

    Returns
    -------
    neighbors : Neighbors
        Equal distances are ordered by index.

    Notes
    -----
    O(m n d) by brute force, O((m + n) log n) by a tree. Results do not depend on tiles.
    """
    return run("embedding.nearest", X, k, queries)


def nearest_by_search(X: Array, k: int, queries: Array | None = None) -> Neighbors:
    """`nearest` on any array library, where no kernel is registered."""
    spare = min(k + SPARE, X.shape[0] - (queries is None))
    if library(X) != "numpy":
        Y = X if queries is None else queries
        return _nearest_of(Y, X, _candidates_tiled(X, spare, queries), k)
    if queries is None:
        return _nearest_of(X, X, _candidates_host(X, spare), k)
    return _nearest_host(X, k, queries, _search_host(X, spare))


def _nearest_host(
    X: np.ndarray,
    k: int,
    queries: np.ndarray,
    search: Callable[[np.ndarray], np.ndarray],
) -> Neighbors:
    """`nearest` of a million queries: of candidates one tile is held at a time."""
    m = queries.shape[0]
    found = Neighbors(
        np.empty((m, k), dtype=np.result_type(X, queries)),
        np.empty((m, k), dtype=np.int64),
    )
    for part in tiles(m, 8 * (k + SPARE), target=CANDIDATE_BYTES):
        some = queries[part]
        found.distances[part], found.indices[part] = _nearest_of(
            some, X, search(some), k
        )
    return found


def power_of_two_unit(X: Array) -> float:
    """Power of two near the largest ``|X|``: dividing by it rounds nothing.

    Squares of coordinates below 1e-154 or above 1e154 would underflow or overflow;
    of ``X / unit`` they do not. One synchronisation.
    """
    xp = array_namespace(X)
    largest = float(xp.max(xp.abs(X)))
    bound = 1000 if X.dtype == xp.float64 else 120
    return 2.0 ** max(-bound, min(bound, math.frexp(largest)[1]))


def pairwise_distances(X: Array, Y: Array | None = None) -> Array:
    """Euclidean distances of all rows of X from all rows of Y, shape (m, n).

    Sums of squared differences, one feature at a time: exactly symmetric, exactly 0
    for equal rows, no temporary of m n d numbers. O(m n d).
    """
    Y = X if Y is None else Y
    xp = array_namespace(X, Y)
    columns = xp.matrix_transpose(Y)

    def tile(x: Array) -> Array:
        total = (x[:, 0:1] - columns[0:1, :]) ** 2
        for f in range(1, columns.shape[0]):
            total = total + (x[:, f : f + 1] - columns[f : f + 1, :]) ** 2
        return xp.sqrt(total)

    return map_tiles(tile, X, bytes_per_item=3 * _bytes_of_row(Y))


def pair_distances(X: Array, rows: Array, columns: Array) -> Array:
    """``|x_i - x_j|`` over a list of pairs of rows of X, by differences."""
    xp = array_namespace(X)
    if rows.shape[0] == 0:
        return xp.zeros((0,), dtype=X.dtype, device=device(X))

    def tile(i: Array, j: Array) -> Array:
        difference = xp.take(X, i, axis=0) - xp.take(X, j, axis=0)
        return xp.sqrt(xp.sum(difference**2, axis=1))

    return map_tiles(tile, rows, columns, bytes_per_item=4 * 8 * X.shape[1])


def kth_beyond(X: Array, rows: list[int], limit: float, k: int) -> Array:
    """Distance from some rows of X to the k-th nearest row farther than a limit.

    The farthest of them where there are fewer than k, 0 where there is none.
    """
    xp = array_namespace(X)
    chosen = xp.take(X, xp.asarray(rows, dtype=xp.int64, device=device(X)), axis=0)
    return map_tiles(
        lambda x: _kth_beyond(xp, pairwise_distances(x, X), limit, k),
        chosen,
        bytes_per_item=4 * _bytes_of_row(X),
    )


def nearest_pair(X: Array, inside: Array) -> NearestPair:
    """The nearest two rows of which one is inside a group and one outside.

    Parameters
    ----------
    X : array, shape (n, d)
    inside : array of bool, shape (n,)
        Neither all true nor all false.

    Notes
    -----
    O(a b d) for groups of a and b rows, tile by tile, or the search of `nearest` on
    NumPy; the first pair in order of rows wins a tie.
    """
    xp = array_namespace(X)
    rows, columns = xp.nonzero(inside)[0], xp.nonzero(xp.logical_not(inside))[0]
    others = xp.take(X, columns, axis=0)
    pairs = rows.shape[0] * others.shape[0]
    if library(X) == "numpy" and pairs * X.shape[1] > FEW_TERMS:
        d = nearest(others, 1, queries=X[rows]).distances[:, 0]
        rows = rows[d == d.min()]
    return _first_smallest(
        lambda part: pairwise_distances(xp.take(X, rows[part], axis=0), others),
        rows,
        columns,
        like=X,
    )


def smallest_entries(D: Array, k: int) -> Array:
    """The k smallest entries of every row of D, ascending."""
    xp = array_namespace(D)

    def tile(rows: Array) -> Array:
        if library(rows) == "numpy":
            rows = np.partition(rows, k - 1, axis=1)[:, :k]
        return xp.sort(rows, axis=1)[:, :k]

    return map_tiles(tile, D, bytes_per_item=2 * _bytes_of_row(D))


def kth_entry_beyond(D: Array, rows: list[int], limit: float, k: int) -> Array:
    """`kth_beyond` for a matrix of distances."""
    xp = array_namespace(D)
    chosen = xp.asarray(rows, dtype=xp.int64, device=device(D))
    return map_tiles(
        lambda part: _kth_beyond(xp, xp.take(D, part, axis=0), limit, k),
        chosen,
        bytes_per_item=4 * _bytes_of_row(D),
    )


def smallest_between(D: Array, inside: Array) -> NearestPair:
    """`nearest_pair` for a matrix of distances."""
    xp = array_namespace(D)
    rows, columns = xp.nonzero(inside)[0], xp.nonzero(xp.logical_not(inside))[0]
    return _first_smallest(
        lambda part: xp.take(xp.take(D, rows[part], axis=0), columns, axis=1),
        rows,
        columns,
        like=D,
    )


def _kth_beyond(xp: Any, D: Array, limit: float, k: int) -> Array:
    beyond = D > limit
    found = xp.sort(xp.where(beyond, D, xp.full_like(D, float("inf"))), axis=1)
    farthest = xp.max(xp.where(beyond, D, xp.zeros_like(D)), axis=1)
    return xp.minimum(found[:, k - 1], farthest)


def _first_smallest(
    distances: Callable[[slice], Array], rows: Array, columns: Array, *, like: Array
) -> NearestPair:
    """The smallest of the distances between two groups, computed slice by slice."""
    xp = array_namespace(like)
    best = NearestPair(-1, -1, float("inf"))
    step = 4 * _bytes_of_row(columns)
    for part in tiles(rows.shape[0], step, target=tile_bytes(like)):
        D = distances(part)
        flat = int(xp.argmin(xp.reshape(D, (-1,))))
        i, j = divmod(flat, columns.shape[0])
        if float(D[i, j]) < best.distance:
            best = NearestPair(
                int(rows[part.start + i]), int(columns[j]), float(D[i, j])
            )
    return best


def distances_within(X: np.ndarray, radii: np.ndarray) -> Any:
    """Distances ``d_ij <= radii_i`` between different rows, as a sparse CSR array.

    Parameters
    ----------
    X : NumPy array, shape (n, d)
    radii : NumPy array, shape (n,), positive

    Returns
    -------
    D : scipy.sparse.csr_array, shape (n, n)
        Copies of a row are stored as explicit zeros, the row itself is not. Indices
        are sorted.
    """
    n = X.shape[0]
    # Generous radii for the search; the distances computed again decide.
    wide = radii * (1 + 64 * float(np.sqrt(eps(np, X.dtype))))
    search = _within_tree if X.shape[1] <= TREE_FEATURES else _within_tiled
    rows, columns = search(X, wide)
    d = pair_distances(X, rows, columns)
    keep = (rows != columns) & (d <= radii[rows])
    return _sparse_rows(rows[keep], columns[keep], d[keep], n)


def entries_within(D: np.ndarray, radii: np.ndarray) -> Any:
    """`distances_within` for a matrix of distances."""
    pairs = []
    for part in tiles(D.shape[0], 2 * D.shape[0]):
        i, j = np.nonzero(D[part] <= radii[part, None])
        pairs.append((i + part.start, j))
    rows, columns = (np.concatenate(ends) for ends in zip(*pairs))
    keep = rows != columns
    rows, columns = rows[keep], columns[keep]
    return _sparse_rows(rows, columns, D[rows, columns], D.shape[0])


def _sparse_rows(
    rows: np.ndarray, columns: np.ndarray, values: np.ndarray, n: int
) -> Any:
    """CSR array of n x n from entries in order of rows, explicit zeros kept."""
    from scipy.sparse import csr_array

    starts = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=n))])
    D = csr_array((values, columns, starts), shape=(n, n))
    D.sort_indices()
    return D


def component_labels(W: Any) -> Array:
    """Number of the connected component of every vertex of an undirected graph.

    Parameters
    ----------
    W : array or scipy.sparse array, shape (n, n), symmetric
        Vertices i and j are joined where ``W_ij > 0``.

    Returns
    -------
    labels : integer array, shape (n,)
        The smallest vertex of the component.

    Notes
    -----
    SciPy on NumPy. Elsewhere the smallest label spreads over edges with pointer
    jumping, O(n^2) a sweep, until a sweep changes nothing (one synchronisation each).
    """
    if hasattr(W, "tocsr") or library(W) == "numpy":
        from scipy.sparse import csgraph, csr_array

        _, found = csgraph.connected_components(csr_array(W), directed=False)
        _, first = np.unique(found, return_index=True)
        return first[found].astype(np.int64)
    xp = array_namespace(W)
    n = W.shape[0]
    labels = xp.arange(n, dtype=xp.int64, device=device(W))
    joined = W > 0.0
    none = xp.full((1, 1), n, dtype=xp.int64, device=device(W))
    while True:
        spread = xp.min(xp.where(joined, labels[None, :], none), axis=1)
        lower = xp.minimum(labels, spread)
        lower = xp.minimum(lower, xp.take(lower, lower))
        if not bool(xp.any(lower != labels)):
            return labels
        labels = lower


def _bytes_of_row(X: Array) -> int:
    return X.shape[0] * (4 if str(X.dtype).endswith("float32") else 8)


def _candidates_host(X: np.ndarray, k: int) -> np.ndarray:
    """Indices of about the k nearest other rows, by a tree or blocked brute force."""
    from sklearn.neighbors import NearestNeighbors

    centre = X.mean(axis=0)  # the expanded form loses digits far from the origin
    algorithm = "kd_tree" if X.shape[1] <= TREE_FEATURES else "brute"
    search = NearestNeighbors(n_neighbors=k, algorithm=algorithm).fit(X - centre)
    return search.kneighbors(return_distance=False).astype(np.int64)


def _search_host(X: np.ndarray, k: int) -> Callable[[np.ndarray], np.ndarray]:
    """Function of queries: indices of about the k rows of X nearest to each."""
    if X.shape[1] <= TREE_FEATURES:
        from scipy.spatial import KDTree

        # Two thirds of the time of scikit-learn's tree.
        tree, ranks = KDTree(X), list(range(1, k + 1))
        return lambda queries: tree.query(queries, k=ranks, workers=n_threads())[1]
    from sklearn.neighbors import NearestNeighbors

    centre = X.mean(axis=0)
    brute = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(X - centre)
    return lambda queries: brute.kneighbors(
        queries - centre, return_distance=False
    ).astype(np.int64)


def _candidates_tiled(X: Array, k: int, queries: Array | None) -> Array:
    """Indices of about the k nearest rows, by brute force."""
    xp = array_namespace(X)
    place = device(X)
    centre = xp.mean(X, axis=0)
    points = X - centre
    Y = points if queries is None else queries - centre
    squares = xp.sum(points**2, axis=1)
    numbers = xp.arange(X.shape[0], dtype=xp.int64, device=place)
    own = xp.arange(Y.shape[0], dtype=xp.int64, device=place)

    def tile(y: Array, row: Array) -> Array:
        D2 = squares[None, :] - 2.0 * (y @ xp.matrix_transpose(points))
        if queries is None:
            itself = row[:, None] == numbers[None, :]
            D2 = xp.where(itself, xp.full_like(D2, float("inf")), D2)
        return xp.astype(xp.argsort(D2, axis=1)[:, :k], xp.int64)

    return map_tiles(tile, Y, own, bytes_per_item=5 * 8 * X.shape[0])


def _nearest_of(Y: Array, X: Array, candidates: Array, k: int) -> Neighbors:
    """The k nearest candidates by distances computed again, ties by index."""
    xp = array_namespace(X)
    # Stable sorts: first by index, then by distance.
    candidates = xp.sort(candidates, axis=1)

    def tile(y: Array, chosen: Array) -> Array:
        near = xp.reshape(
            xp.take(X, xp.reshape(chosen, (-1,)), axis=0),
            (*chosen.shape, X.shape[1]),
        )
        return xp.sqrt(xp.sum((y[:, None, :] - near) ** 2, axis=-1))

    item = 3 * 8 * candidates.shape[1] * X.shape[1]
    d = map_tiles(tile, Y, candidates, bytes_per_item=item)
    order = xp.argsort(d, axis=1, stable=True)[:, :k]
    return Neighbors(
        xp.take_along_axis(d, order, axis=1),
        xp.take_along_axis(candidates, order, axis=1),
    )


def _within_tree(X: np.ndarray, radii: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs within the radius of their first member, by a k-d tree."""
    from sklearn.neighbors import KDTree

    found = KDTree(X).query_radius(X, r=radii)
    counts = np.array([len(part) for part in found])
    rows = np.repeat(np.arange(X.shape[0]), counts)
    return rows, np.concatenate(found).astype(np.int64)


def _within_tiled(X: np.ndarray, radii: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs within the radius of their first member, by tiled brute force."""
    Z = X - X.mean(axis=0)
    squares = np.sum(Z**2, axis=1)
    slack = 64 * eps(np, X.dtype) * float(squares.max())
    pairs = []
    for part in tiles(X.shape[0], 3 * 8 * X.shape[0], target=PRODUCT_BYTES):
        D2 = squares[part, None] + squares[None, :] - 2 * (Z[part] @ Z.T)
        i, j = np.nonzero(D2 <= radii[part, None] ** 2 + slack)
        pairs.append((i + part.start, j))
    rows, columns = zip(*pairs)
    return np.concatenate(rows), np.concatenate(columns)
