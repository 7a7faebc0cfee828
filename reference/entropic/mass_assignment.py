r"""Mass assignment: points with weights onto a periodic, cell-centred grid.

Cell i holds the position (i + 1/2) H with H = L / n. The windows are the B-splines of
order p = 1 to 4 (nearest grid point, cloud in cell, triangular shaped cloud, piecewise
cubic), in one axis

.. math:: w(\delta) = B_p(\delta / H), \qquad \sum_i w(x - x_i) = 1,

and products of these in several. Sums run over points sorted by cell, pairwise, so the
result does not depend on the number of threads and rounds like log2 of the number of
points in a cell.

A grid repeats every mode q at the modes q + 2 pi n / H, n integer vectors: its images.
Interlacing assigns a second time with all points moved by half a cell on every axis.
There the image n has the phase (-1)^(n_1 + ... + n_d), so that the mean of the two is
free of all images of odd sum; the first that stay are those of (+-2, 0, 0) and
(+-1, +-1, 0).

References
----------
Hockney, Eastwood, Computer Simulation Using Particles (1988), section 5.3. Jing,
ApJ 620, 559 (2005), equation 18 for the transform of the windows. Sefusatti, Crocce,
Scoccimarro, Couchman, MNRAS 460, 3624 (2016), arXiv:1512.07295, section 3 for
interlacing.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.entropic.smoothing import (
    WINDOW_ORDERS,
    inverse,
    mode_numbers,
    transform,
)


def _nearest(f: Array) -> list[Array]:
    xp = array_namespace(f)
    return [xp.ones_like(f)]


def _cloud(f: Array) -> list[Array]:
    return [1.0 - f, f]


def _triangle(f: Array) -> list[Array]:
    # f runs from 0 to 1 over a cell, its centre is 1/2
    return [0.5 * (1.0 - f) ** 2, 0.5 + f * (1.0 - f), 0.5 * f**2]


def _cubic(f: Array) -> list[Array]:
    g = 1.0 - f
    return [
        g**3 / 6.0,
        (4.0 - 6.0 * f**2 + 3.0 * f**3) / 6.0,
        (4.0 - 6.0 * g**2 + 3.0 * g**3) / 6.0,
        f**3 / 6.0,
    ]


SPLINES: dict[str, Callable[[Array], list[Array]]] = {
    "ngp": _nearest,
    "cic": _cloud,
    "tsc": _triangle,
    "pcs": _cubic,
}


def axis_weights(x: Array, n: int, window: str) -> tuple[Array, list[Array]]:
    """First cell and the p weights of points along one axis.

    Parameters
    ----------
    x : array of float64
        Positions in units of the cell: cell i covers [i, i + 1).
    n : int
        Cells of the axis.
    window : {"ngp", "cic", "tsc", "pcs"}

    Returns
    -------
    first : array of int64, in [0, n)
        Cell of the first weight; the others follow, wrapped.
    weights : list of p arrays
        They sum to one.
    """
    xp = array_namespace(x)
    order = WINDOW_ORDERS[window]
    # Even orders count from cell centres, odd ones from cell walls.
    y = x - 0.5 if order % 2 == 0 else x
    floor = xp.floor(y)
    first = xp.astype(floor, xp.int64) - (order - 1) // 2
    return xp.remainder(first, n), SPLINES[window](y - floor)


def assign(
    positions: Array,
    shape: Sequence[int],
    lengths: Sequence[float],
    window: str,
    weights: Array | None = None,
) -> Array:
    """Mass of every cell.

    Parameters
    ----------
    positions : array, shape (n, d)
        In [0, L_i] on every axis.
    shape, lengths : sequences of d numbers
    window : {"ngp", "cic", "tsc", "pcs"}
    weights : array, shape (n,), optional

    Returns
    -------
    mass : array of ``shape``, of the type of ``positions``
        Its sum is that of the weights.

    Notes
    -----
    O(n log n + p^d n log m) time with at most m points to a cell; about ten
    temporaries of n numbers and one of the grid. Sums are made in float64.
    """
    xp = array_namespace(positions)
    place, d = device(positions), len(shape)
    cells, splines = [], []
    for axis in range(d):
        x = xp.astype(positions[:, axis], xp.float64)
        first, w = axis_weights(x * (shape[axis] / lengths[axis]), shape[axis], window)
        cells.append(first)
        splines.append(w)
    flat = cells[0]
    for axis in range(1, d):
        flat = flat * shape[axis] + cells[axis]
    order = xp.argsort(flat, stable=True)
    flat = xp.take(flat, order)
    splines = [[xp.take(w, order) for w in axis] for axis in splines]
    mass = (
        xp.ones(flat.shape, dtype=xp.float64, device=place)
        if weights is None
        else xp.take(xp.astype(weights, xp.float64), order)
    )
    sums = _CellSums(xp, flat, math.prod(shape))
    total = xp.zeros(tuple(shape), dtype=xp.float64, device=place)
    for offset in itertools.product(range(WINDOW_ORDERS[window]), repeat=d):
        part = mass
        for axis, step in enumerate(offset):
            part = part * splines[axis][step]
        grid = xp.reshape(sums(part), tuple(shape))
        total = total + xp.roll(grid, offset, axis=tuple(range(d)))
    return xp.astype(total, positions.dtype)


def half_cell_on(
    positions: Array, shape: Sequence[int], lengths: Sequence[float]
) -> Array:
    """Positions moved by half a cell on every axis, wrapped into the box."""
    xp = array_namespace(positions)
    moved = []
    for axis, (n, length) in enumerate(zip(shape, lengths)):
        x = positions[:, axis] + 0.5 * length / n
        moved.append(xp.where(x >= length, x - length, x))
    return xp.stack(moved, axis=-1)


def interlaced(mass: Array, moved: Array, lengths: Sequence[float]) -> Array:
    """Mean of the modes of two grids, the second of points moved by `half_cell_on`.

    Parameters
    ----------
    mass, moved : arrays of one shape, (n_1, ..., n_d)
    lengths : sequence of d float

    Returns
    -------
    field : array of the shape and dtype of ``mass``
        Its sum is the mean of both sums.

    Notes
    -----
    The second grid is moved back by the factors exp(i pi m_i / n_i) of its modes m. A
    Nyquist mode of a real grid has no phase to move: it is taken from the first one.
    Three transforms, O(n log n).
    """
    xp = array_namespace(mass)
    first, second = transform(mass, lengths), transform(moved, lengths)
    back, own = second.coefficients, first.coefficients
    nyquist = xp.zeros_like(xp.real(own), dtype=xp.bool)
    for axis, n in enumerate(first.shape):
        m = mode_numbers(xp, first, axis)
        m = xp.reshape(m, tuple(-1 if a == axis else 1 for a in range(mass.ndim)))
        angle = m * (math.pi / n)
        turn = xp.astype(xp.cos(angle), back.dtype)
        turn = turn + 1j * xp.astype(xp.sin(angle), back.dtype)
        back, nyquist = back * turn, nyquist | (2.0 * m == float(n))
    mean = xp.where(nyquist, own, 0.5 * (own + back))
    return inverse(first._replace(coefficients=mean))


class _CellSums:
    """Sums of values over points of one cell, for points sorted by cell.

    A segmented scan by doubling: after pass j every value holds the sum of the last
    2^j of its cell. Only operations of the array standard are used.
    """

    def __init__(self, xp: Any, cells: Array, n_cells: int) -> None:
        self._xp = xp
        place = device(cells)
        every = xp.arange(n_cells, dtype=xp.int64, device=place)
        start = xp.searchsorted(cells, every, side="left")
        stop = xp.searchsorted(cells, every, side="right")
        self._count = stop - start
        self._last = xp.where(stop > start, stop - 1, xp.zeros_like(stop))
        index = xp.arange(cells.shape[0], dtype=xp.int64, device=place)
        self._rank = index - xp.take(start, cells)
        self._largest = int(xp.max(self._count))

    def __call__(self, values: Array) -> Array:
        xp, step = self._xp, 1
        while step < self._largest:
            earlier = xp.concat([xp.zeros_like(values[:step]), values[:-step]])
            inside = self._rank >= step
            values = values + xp.where(inside, earlier, xp.zeros_like(values))
            step *= 2
        sums = xp.take(values, self._last)
        return xp.where(self._count > 0, sums, xp.zeros_like(sums))
