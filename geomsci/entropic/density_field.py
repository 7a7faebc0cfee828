"""Density fields on grids: mass assignment, its window, Gaussian smoothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from geomsci.backends import public, run
from geomsci.backends.arrays import (
    Array,
    common_arrays,
    require_finite,
)
from geomsci.entropic.field_checks import (
    LEAST_CELLS,
    box_lengths,
    real_field,
    require_memory,
    smoothing_scales,
    window_name,
)
from geomsci.reference.entropic.mass_assignment import half_cell_on


@public("entropic.assign_mass")
def assign_mass(
    positions: Any,
    n_grid: int | Sequence[int],
    box_size: Any,
    window: str = "pcs",
    weights: Any = None,
    *,
    interlaced: bool = False,
) -> Array:
    """Put points with weights on a periodic grid.

    Parameters
    ----------
    positions : array, shape (n, d), d = 1, 2 or 3, in [0, box_size]
    n_grid : int or sequence of d int, >= 4
        Cells an axis.
    box_size : float or sequence of d float, > 0
        Side of the box, in the unit of ``positions``.
    window : {"pcs", "tsc", "cic", "ngp"}
        B-spline over 4, 3, 2, 1 cells an axis.
    weights : array, shape (n,), >= 0, optional
        Mass of every point; default 1.
    interlaced : bool
        Assign twice, the second time half a cell further on every axis, and take the
        mean of the modes: images of odd sum cancel. Cells in empty space may then be
        slightly negative.

    Returns
    -------
    mass : array, shape (n_grid, ..., n_grid)
        Mass in every cell, of sum ``sum(weights)``; of the precision of the positions.
        Divided by its mean it is the density of mean one.

    Raises
    ------
    TypeError, ValueError
        Wrong shapes, an unknown window, points outside the box, negative weights,
        ``interlaced`` that is no boolean.
    MemoryError
        If the grid does not fit the host.

    Notes
    -----
    Cell i is centred at (i + 1/2) box_size / n_grid, and windows wrap around the box.
    Sums are made in float64, in an order that does not depend on threads. O(n log n)
    time for the sorting and O(p^d n) for a window over p cells an axis.

    A grid cannot tell a mode k from its images k + 2 pi m / H. `compensate_window`
    divides by the window at k; what remains of an image is W(k + 2 pi m / H) / W(k) of
    it. Interlacing, in twice the time and three transforms, takes away those with an
    odd sum of m: the curvature of a compensated PCS grid at R = 2 cells comes 30 times
    closer to that of the points.

    ============= =============================== ==========================
    here          Pylians                         nbodykit
    ============= =============================== ==========================
    ``window``    ``MAS`` ("NGP" to "PCS")        ``resampler``
    ``weights``   ``W``                           column ``Weight``
    interlacing   none                            ``interlaced``
    result        mass per cell, cells centred    1 + delta, cell corners
    ============= =============================== ==========================

    References
    ----------
    Hockney, Eastwood, Computer Simulation Using Particles (1988), section 5.3.
    Sefusatti, Crocce, Scoccimarro, Couchman, MNRAS 460, 3624 (2016), arXiv:1512.07295:
    section 3 for interlacing.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic.density_field import assign_mass
    >>> assign_mass(np.asarray([[1.0], [1.5]]), 4, 4.0, "cic").tolist()
    [0.5, 1.5, 0.0, 0.0]
    """
    if not isinstance(interlaced, (bool, np.bool_)):
        raise TypeError(f"interlaced must be True or False, got {interlaced!r}.")
    xp, positions, weights = _points(positions, weights)
    shape = _grid_shape(n_grid, positions.shape[1])
    lengths = box_lengths(box_size, shape)
    _inside(xp, positions, lengths)
    require_memory(
        (64.0 if interlaced else 16.0) * math.prod(shape),
        f"A grid of {math.prod(shape)} cells",
        "take fewer cells (n_grid), or the catalogue route, which has no grid",
        positions,
    )
    window = window_name(window)
    mass = run("entropic.assign_mass", positions, shape, lengths, window, weights)
    if not interlaced:
        return mass
    moved = half_cell_on(positions, shape, lengths)
    other = run("entropic.assign_mass", moved, shape, lengths, window, weights)
    return run("entropic.interlaced_mass", mass, other, lengths)


@public("entropic.compensate_window")
def compensate_window(field: Any, box_size: Any = None, window: str = "pcs") -> Array:
    """Divide the transform of the assignment window out of a field.

    Parameters
    ----------
    field : array, 1 to 3 axes of at least 4 cells, finite
        From `assign_mass`.
    box_size : float or sequence of d float, optional
        Side of the box; the window depends on the number of cells alone.
    window : {"pcs", "tsc", "cic", "ngp"}
        The window that ``field`` was assigned with.

    Returns
    -------
    compensated : array of the shape and precision of ``field``
        Sparse fields get negative cells, which a smoothing of two cells or more
        removes again.

    Raises
    ------
    TypeError, ValueError
        No finite grid, or an unknown window.

    Notes
    -----
    W(k) = prod_i [sin(k_i H / 2) / (k_i H / 2)]^p with H = box_size / n, the same for
    interlaced grids. Two transforms, O(n log n).

    References
    ----------
    Jing, ApJ 620, 559 (2005), equation 18.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic.density_field import assign_mass, compensate_window
    >>> mass = assign_mass(np.asarray([[1.0], [2.2]]), 8, 4.0, "tsc")
    >>> round(float(np.sum(compensate_window(mass, 4.0, "tsc"))), 12)
    2.0
    """
    _, field = real_field("field", field)
    lengths = box_lengths(box_size, field.shape)
    return run("entropic.compensate_window", field, window_name(window), lengths)


@public("entropic.smooth_density")
def smooth_density(field: Any, R: Any, box_size: Any = None) -> Array:
    """Smooth a periodic field with a Gaussian.

    Parameters
    ----------
    field : array, 1 to 3 axes of at least 4 cells, finite
    R : float or sequence of S float, from 0 to half the box
        Standard deviation an axis, in the unit of ``box_size``.
    box_size : float or sequence of d float, optional
        Side of the box; default: one unit a cell.

    Returns
    -------
    smoothed : array of the shape of ``field``; (S, ...) for a sequence ``R``
        In the precision of ``field``. The mean is kept.

    Raises
    ------
    TypeError, ValueError
        No finite grid, or a scale larger than half the box (mixed units).

    Notes
    -----
    Multiplies by exp(-k^2 R^2 / 2): exact for the trigonometric polynomial through the
    values. Below about 1.5 cells the grid cuts the Gaussian off, and a positive field
    may get negative cells. S + 1 transforms, O(S n log n): all scales share one forward
    transform.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic.density_field import smooth_density
    >>> x = (np.arange(16) + 0.5) / 16
    >>> wave = smooth_density(1 + np.cos(2 * np.pi * x), 0.1, 1.0) - 1
    >>> (wave[0] / np.cos(2 * np.pi * x[0])).round(6).item()  # exp(-(2 pi 0.1)^2 / 2)
    0.820869
    """
    xp, field = real_field("field", field)
    lengths = box_lengths(box_size, field.shape)
    radii = smoothing_scales(R, lengths, field.shape, curvature=False)
    smoothed = run("entropic.smooth_density", field, radii, lengths)
    return smoothed[0] if is_scalar(R) else xp.stack(smoothed)


def is_scalar(R: Any) -> bool:
    """True for one scale, False for a sequence of them."""
    return getattr(R, "ndim", 1 if isinstance(R, (list, tuple)) else 0) == 0


def _points(positions: Any, weights: Any) -> tuple[Any, Array, Array | None]:
    """Namespace, finite positions and non-negative weights."""
    if weights is None:
        xp, positions = common_arrays(positions=positions)
    else:
        xp, positions, weights = common_arrays(positions=positions, weights=weights)
    if positions.ndim != 2 or not 1 <= positions.shape[1] <= 3:
        raise ValueError(
            "positions must have shape (n, d) with d = 1, 2 or 3, got shape "
            f"{tuple(positions.shape)}: put the coordinates along the last axis."
        )
    if positions.shape[0] == 0:
        raise ValueError("positions must hold at least one point, got none.")
    if not xp.isdtype(positions.dtype, "real floating"):
        raise TypeError(f"positions must be real, got {positions.dtype}.")
    require_finite(xp, positions=positions)
    if weights is not None:
        if weights.shape != (positions.shape[0],):
            raise ValueError(
                f"weights must have shape ({positions.shape[0]},), one for each point, "
                f"got {tuple(weights.shape)}."
            )
        require_finite(xp, weights=weights)
        if float(xp.min(weights)) < 0 or float(xp.max(weights)) == 0:
            raise ValueError(
                "weights must not be negative nor all zero, got values from "
                f"{float(xp.min(weights)):.3g} to {float(xp.max(weights)):.3g}: pass "
                "masses or selection weights."
            )
    return xp, positions, weights


def _grid_shape(n_grid: Any, d: int) -> tuple[int, ...]:
    """Cells of every axis."""
    cells = tuple(n_grid) if isinstance(n_grid, (list, tuple)) else (n_grid,) * d
    if len(cells) != d or not all(
        hasattr(n, "__index__") and int(n) >= LEAST_CELLS for n in cells
    ):
        raise ValueError(
            f"n_grid must be an integer of at least {LEAST_CELLS}, or one for each of "
            f"the {d} axes, got {n_grid!r}."
        )
    return tuple(int(n) for n in cells)


def _inside(xp: Any, positions: Array, lengths: Sequence[float]) -> None:
    """Refuse points outside [0, L] on any axis."""
    outside = xp.zeros_like(positions[:, 0], dtype=xp.bool)
    for axis, length in enumerate(lengths):
        x = positions[:, axis]
        outside = outside | (x < 0) | (x > length)
    count = int(xp.sum(xp.astype(outside, xp.int64)))
    if count:
        raise ValueError(
            f"positions must lie in the box from 0 to {_sides(lengths)}, got {count} "
            f"of {positions.shape[0]} points outside: wrap periodic positions with "
            "positions % box_size, shift them, or use one unit for both."
        )


def _sides(lengths: Sequence[float]) -> str:
    sides = [f"{length:.6g}" for length in lengths]
    return sides[0] if len(set(sides)) == 1 else f"({', '.join(sides)})"
