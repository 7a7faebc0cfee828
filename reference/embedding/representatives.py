"""Representatives of a large point set: a cover, averaged over its cells.

A plain random sample keeps the density and the noise of the points. A farthest-point
cover (every next point is the one farthest from those chosen) spreads evenly over the
set, and the steps of Lloyd after it, which move every representative to the mean of the
points nearest to it, average noise out.

All steps read a random sample of the points only, so that a million of them cost no
more than a hundred thousand.

References
----------
T. F. Gonzalez, Theoret. Comput. Sci. 38 (1985) 293 (the cover). S. P. Lloyd, IEEE
Trans. Inform. Theory 28 (1982) 129.
"""

from __future__ import annotations

from typing import Any

from geomsci.backends.arrays import Array, array_namespace, device, from_host
from geomsci.backends.neighbors import power_of_two_unit
from geomsci.backends.random import generator
from geomsci.backends.tiling import each_tile

METHODS = ("cover", "sample")

N_STEPS = 2
"""Of Lloyd after a cover."""

PER_COVER = 5
"""Sampled points for every representative, for the cover."""

PER_CELL = 50
"""Sampled points for every representative, for its mean."""

TILE_BYTES = 4 * 1024 * 1024
"""Distances of a tile of points from all representatives."""


def choose(
    X: Array,
    m: int,
    rng: Any,
    *,
    method: str = "cover",
    n_steps: int = N_STEPS,
    thinnest: float = 0.0,
) -> Array:
    """Choose m points that stand for the rows of X.

    Parameters
    ----------
    X : array, shape (n, d), finite
    m : int, 1 <= m <= n
    rng : None, int or numpy.random.Generator
        The sample; the same seed gives the same representatives.
    method : {"cover", "sample"}
        ``"sample"``: rows of X at random.
    n_steps : int, >= 0
        Steps of Lloyd after a cover. 0: rows of X.
    thinnest : float, 0 <= thinnest < 1
        Means of cells that hold less than this part of the median are left out: a
        cover has many between the sheets of a noisy surface, where few points are.

    Returns
    -------
    R : array, shape (m, d), or (m', d) with m' < m if cells are left out
        With ``m == n`` X itself. Otherwise means of rows, unless n_steps is 0.

    Notes
    -----
    O(min(n, 5 m) m d) for the cover, O(min(n, 50 m) m d) for a step of Lloyd.
    """
    if m == X.shape[0]:
        return X
    xp = array_namespace(X)
    order = from_host(generator(rng).permutation(X.shape[0])[: PER_CELL * m], X)
    if method == "sample" or n_steps == 0:
        rows = order[:m]
        if method != "sample":
            sample, _, _ = _centred(
                xp, xp.take(X, _first(order, PER_COVER * m), axis=0)
            )
            rows = xp.take(order, cover(sample, m))
        return xp.take(X, rows, axis=0)
    sample, centre, unit = _centred(xp, xp.take(X, order, axis=0))
    R = xp.take(sample, cover(_first(sample, PER_COVER * m), m), axis=0)
    for _ in range(n_steps):
        R = cell_means(sample, R)
    if thinnest > 0.0:
        R = _in_full_cells(sample, R, thinnest)
    return (R + centre) * unit


def _in_full_cells(S: Array, R: Array, thinnest: float) -> Array:
    """The rows of R whose cells hold a part of the median number of rows of S."""
    xp = array_namespace(S, R)
    m = R.shape[0]
    cells = xp.sort(nearest_representative(S, R))
    numbers = xp.arange(m, dtype=xp.int64, device=device(S))
    last = xp.searchsorted(cells, numbers, side="right")
    size = last - xp.searchsorted(cells, numbers, side="left")
    median = xp.sort(size)[m // 2]
    full = xp.nonzero(
        xp.astype(size, R.dtype) >= thinnest * xp.astype(median, R.dtype)
    )[0]
    return xp.take(R, full, axis=0)


def _first(x: Array, count: int) -> Array:
    """The first rows, or all if there are fewer."""
    return x[: min(count, x.shape[0]), ...]


def _centred(xp: Any, sample: Array) -> tuple[Array, Array, float]:
    """``sample / unit - centre``: neither place nor scale may cost squares digits."""
    unit = power_of_two_unit(sample)
    scaled = sample / unit
    centre = xp.mean(scaled, axis=0)
    return scaled - centre, centre, unit


def cover(S: Array, m: int) -> Array:
    """Row numbers of a farthest-point cover, from row 0 on; shape (m,).

    O(n m d) time in m products of a matrix and a vector, no synchronisation.
    """
    xp = array_namespace(S)
    squares = xp.sum(S * S, axis=1)
    last = xp.zeros((1,), dtype=xp.int64, device=device(S))
    gap = xp.full_like(squares, float("inf"))
    found = [last]
    for _ in range(m - 1):
        row = xp.take(S, last, axis=0)[0, :]
        # |s|^2 - 2 s.r + |r|^2; rounding can only exchange rows that are as good.
        gap = xp.minimum(gap, squares - 2.0 * (S @ row) + xp.take(squares, last))
        gap = _without(xp, gap, last)
        last = xp.reshape(xp.astype(xp.argmax(gap), xp.int64), (1,))
        found.append(last)
    return xp.concat(found)


def _without(xp: Any, gap: Array, row: Array) -> Array:
    """A row that is chosen cannot be chosen again, even among copies."""
    numbers = xp.arange(gap.shape[0], dtype=xp.int64, device=device(gap))
    return xp.where(numbers == row, xp.full_like(gap, -float("inf")), gap)


def nearest_representative(S: Array, R: Array) -> Array:
    """Number of the row of R that is nearest to every row of S; shape (n,)."""
    xp = array_namespace(S, R)
    found: dict[int, Array] = {}
    half = 0.5 * xp.sum(R * R, axis=1)
    columns = xp.matrix_transpose(R)

    def work(tile: slice) -> None:
        nearness = S[tile, ...] @ columns - half[None, :]
        found[tile.start] = xp.astype(xp.argmax(nearness, axis=1), xp.int64)

    each_tile(work, S.shape[0], 8 * R.shape[0], like=S, target=TILE_BYTES)
    return xp.concat([found[start] for start in sorted(found)])


def cell_means(S: Array, R: Array) -> Array:
    """A step of Lloyd: the mean of the points nearest to every row of R.

    A representative without points stays where it is.
    """
    xp = array_namespace(S, R)
    m = R.shape[0]
    cells = nearest_representative(S, R)
    order = xp.argsort(cells, stable=True)
    ends = xp.searchsorted(
        xp.take(cells, order), xp.arange(m, dtype=xp.int64, device=device(S)),
        side="right",
    )  # fmt: skip
    ends = xp.astype(ends, xp.int64)
    starts = xp.concat([xp.zeros_like(ends[:1]), ends[:-1]])
    size = ends - starts
    # Sums of offsets from the representative: the running total stays small.
    offsets = xp.take(S, order, axis=0) - xp.take(R, xp.take(cells, order), axis=0)
    running = xp.cumulative_sum(offsets, axis=0, include_initial=True)
    total = xp.take(running, ends, axis=0) - xp.take(running, starts, axis=0)
    count = xp.astype(xp.where(size > 0, size, xp.ones_like(size)), R.dtype)
    return R + total / count[:, None]
