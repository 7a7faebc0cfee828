"""Equal and nearly equal rows of a point set, merged.

Copies of a point make bandwidths of 0 and edges that carry no distance, so they are
embedded once. A fixed sum of the features is equal for equal rows: one sort by it
brings them together, and the exact comparison of neighbours in that order decides. If
different rows share a sum, the rows are sorted by their features instead.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from geomsci.backends import neighbors
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.embedding.metric_spaces import metric_space

COPY = 1e-8
"""Points nearer than this, in typical k-th distances, are copies of each other."""


class UniqueRows(NamedTuple):
    """``X[first]`` holds every different row once, and ``X[first][inverse]`` is X.

    ``first`` ascends: the rows keep the order in which they come first.
    """

    first: Array
    inverse: Array


def unique_rows(X: Array) -> UniqueRows:
    """Merge the equal rows of X.

    Parameters
    ----------
    X : array, shape (n, d), finite
        -0.0 equals 0.0.

    Returns
    -------
    unique : UniqueRows
        ``first``, shape (m,), and ``inverse``, shape (n,), int64.

    Notes
    -----
    O(n log n + n d) time; O(n d log n) if different rows share the sum. O(n) memory.
    """
    xp = array_namespace(X)
    order, sums = _sorted(xp, _row_sums(xp, X))
    starts = _differ(sums)
    if not bool(xp.all(starts)) and _different_rows(xp, X, order, starts):
        order = _lexicographic(xp, X)
        starts = _starts(xp, X, order)
    return _unique(xp, order, starts)


def near_rows(X: Array, limit: float, *, metric: str = "euclidean") -> UniqueRows:
    """Merge the points that chains of steps up to a limit join, into their first.

    Parameters
    ----------
    X : array, shape (n, d) or (n, n), finite
        Points, at least two, or with ``"precomputed"`` their distances.
    limit : float, >= 0
        Far below the spacing: `copy_limit`.
    metric : {"euclidean", "precomputed"}

    Returns
    -------
    unique : UniqueRows

    Notes
    -----
    A search for nearest neighbours, and O(c^2) time and memory for c points that have
    a near copy.
    """
    xp = array_namespace(X)
    space = metric_space(X, metric)
    limit = limit / space.unit
    near = space.nearest_distances(1)[:, 0] <= limit
    rows = xp.arange(X.shape[0], dtype=xp.int64, device=device(X))
    chosen = xp.nonzero(near)[0]
    c = chosen.shape[0]
    if c == 0:
        return UniqueRows(rows, rows)
    one, other = xp.repeat(chosen, c), xp.tile(chosen, (c,))
    close = space.pair_distances(one, other) <= limit
    close = xp.reshape(xp.astype(close, X.dtype), (c, c))
    leaders = xp.take(chosen, neighbors.component_labels(close))
    place = xp.cumulative_sum(xp.astype(near, xp.int64)) - 1
    leader = xp.where(near, xp.take(leaders, xp.clip(place, 0, c - 1)), rows)
    leads = leader == rows
    number = xp.cumulative_sum(xp.astype(leads, xp.int64)) - 1
    return UniqueRows(xp.nonzero(leads)[0], xp.take(number, leader))


def copy_limit(X: Array, n_neighbors: int, *, metric: str = "euclidean") -> float:
    """The distance up to which points of a graph of k neighbours count as copies."""
    space = metric_space(X, metric)
    return COPY * space.unit * typical(space.nearest_distances(n_neighbors)[:, -1])


def typical(distances: Array) -> float:
    """Median of the distances above 0; 0 if there is none."""
    xp = array_namespace(distances)
    ascending = xp.sort(distances)
    zeros = int(xp.count_nonzero(ascending == 0.0))
    return float(ascending[(zeros + ascending.shape[0] - 1) // 2])


def _row_sums(xp: Any, X: Array) -> Array:
    """``sum_f r_f x_f`` in float64, with multipliers of no simple ratio.

    Term by term: a matrix product may add in another order from row to row.
    """
    unit = neighbors.power_of_two_unit(X)
    total = xp.zeros((X.shape[0],), dtype=xp.float64, device=device(X))
    for f in range(X.shape[1]):
        multiplier = math.exp(math.sin(f + 1.0)) / unit
        total = total + multiplier * xp.astype(X[:, f], xp.float64)
    return total


def _sorted(xp: Any, values: Array) -> tuple[Array, Array]:
    """Stable order of the values, and the values in it."""
    order = xp.astype(xp.argsort(values, stable=True), xp.int64)
    return order, xp.take(values, order)


def _differ(values: Array) -> Array:
    """Whether each value differs from the one before it."""
    return values[1:] != values[:-1]


def _different_rows(xp: Any, X: Array, order: Array, starts: Array) -> bool:
    """Whether two rows of one sum, neighbours in the order, differ."""
    ties = xp.nonzero(xp.logical_not(starts))[0]
    rows, after = xp.take(order, ties), xp.take(order, ties + 1)
    return any(
        bool(xp.any(xp.take(X[:, f], rows) != xp.take(X[:, f], after)))
        for f in range(X.shape[1])
    )


def _lexicographic(xp: Any, X: Array) -> Array:
    """Order of the rows by the first feature, then by the second, and so on."""
    order = xp.arange(X.shape[0], dtype=xp.int64, device=device(X))
    for f in reversed(range(X.shape[1])):
        by_feature, _ = _sorted(xp, xp.take(X[:, f], order))
        order = xp.take(order, by_feature)
    return order


def _starts(xp: Any, X: Array, order: Array) -> Array:
    """Whether each row in the order differs from the one before it."""
    starts = xp.zeros((X.shape[0] - 1,), dtype=xp.bool, device=device(X))
    for f in range(X.shape[1]):
        starts = xp.logical_or(starts, _differ(xp.take(X[:, f], order)))
    return starts


def _unique(xp: Any, order: Array, starts: Array) -> UniqueRows:
    """Groups of equal rows from an order that keeps them together and ascending."""
    place = device(order)
    rows = xp.arange(order.shape[0], dtype=xp.int64, device=place)
    if bool(xp.all(starts)):
        return UniqueRows(rows, rows)
    one = xp.ones((1,), dtype=xp.bool, device=place)
    starts = xp.concat([one, starts])
    smallest = xp.take(order, xp.nonzero(starts)[0])
    group = xp.cumulative_sum(xp.astype(starts, xp.int64)) - 1
    by_first, first = _sorted(xp, smallest)
    rank, _ = _sorted(xp, by_first)
    position, _ = _sorted(xp, order)
    return UniqueRows(first, xp.take(xp.take(rank, group), position))
