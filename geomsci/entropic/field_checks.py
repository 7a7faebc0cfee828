"""The door of density fields: what `geomsci.entropic` asks of grids and scales."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from geomsci.backends import machine
from geomsci.backends.arrays import (
    Array,
    common_arrays,
    device,
    eps,
    is_array,
    library,
    require_finite,
    to_host,
)
from geomsci.reference.entropic.smoothing import WINDOW_ORDERS

LEAST_CELLS = 4
"""Fewest cells an axis: below, the Nyquist mode is all there is."""

LEAST_DIGITS = 1e-3
"""Rounding over density that a void may reach in silence."""

REFUSED_CELLS, WARNED_CELLS = 1.5, 2.0
"""Scales in cells: refused below the first, warned of below the second."""


def real_field(name: str, field: Any) -> tuple[Any, Array]:
    """Namespace and finite real grid of one to three axes.

    Raises
    ------
    TypeError, ValueError
        Complex numbers, a wrong number of axes, an axis of fewer than four cells, NaN.
    MemoryError
        If its transform does not fit.
    """
    xp, field = common_arrays(**{name: field})
    if not xp.isdtype(field.dtype, "real floating"):
        raise TypeError(f"{name} must be real, got {field.dtype}: pass its real part.")
    if not 1 <= field.ndim <= 3 or min(field.shape) < LEAST_CELLS:
        raise ValueError(
            f"{name} must be a grid of 1 to 3 axes with at least {LEAST_CELLS} cells "
            f"each, got shape {tuple(field.shape)}: pass a density on a regular grid "
            "(assign_mass makes one from positions)."
        )
    # Before anything is read: the transform and what becomes of it.
    cells, item = math.prod(field.shape), 4.0 if field.dtype == xp.float32 else 8.0
    require_memory(
        2.0 * item * cells,
        f"The transform of {name}, {cells} cells,",
        "take float32 or a coarser grid",
        field,
    )
    require_finite(xp, **{name: field})
    return xp, field


def box_lengths(box_size: Any, shape: Sequence[int]) -> tuple[float, ...]:
    """Side of the box on every axis; None is one unit a cell.

    Raises
    ------
    TypeError, ValueError
        Not a positive finite number, or not one or as many as there are axes.
    """
    if box_size is None:
        return tuple(float(n) for n in shape)
    lengths = _numbers("box_size", box_size)
    if len(lengths) == 1:
        lengths = lengths * len(shape)
    if len(lengths) != len(shape):
        raise ValueError(
            f"box_size must be one number or one for each of the {len(shape)} axes, "
            f"got {len(lengths)} numbers."
        )
    if not all(0 < length < math.inf for length in lengths):
        raise ValueError(
            f"box_size must be positive and finite, got {box_size}: give the sides in "
            "the unit of the smoothing scales."
        )
    return tuple(lengths)


def smoothing_scales(
    R: Any, lengths: Sequence[float], shape: Sequence[int], *, curvature: bool
) -> list[float]:
    """Checked scales; those of a curvature must be resolved by the grid.

    Parameters
    ----------
    R : float or sequence of float
    lengths, shape : sequences of d numbers
    curvature : bool
        True refuses scales below 1.5 cells and warns below 2.

    Raises
    ------
    TypeError, ValueError
        Not a number, negative, larger than half the box, or not resolved.

    Warns
    -----
    UserWarning
        For a scale of 1.5 to 2 cells.
    """
    radii = _numbers("R", R)
    cell = max(length / n for length, n in zip(lengths, shape))
    for radius in radii:
        if not 0 <= radius < math.inf:
            raise ValueError(
                f"R must be a finite smoothing scale of at least 0, got {radius}."
            )
        if radius > 0.5 * min(lengths):
            raise ValueError(
                f"R must be at most half the box, {0.5 * min(lengths):.6g}, got "
                f"{radius:.6g}: give both in one unit (box_size=None means one unit "
                "per cell)."
            )
        # A scale of exactly 1.5 cells may miss by the rounding of L / n.
        if curvature and radius < REFUSED_CELLS * cell * (1 - 1e-12):
            raise ValueError(
                f"R must be at least {REFUSED_CELLS} cells, {REFUSED_CELLS * cell:.6g},"
                f" for a curvature, got {radius:.6g}: the grid cuts the Gaussian off "
                "there and second derivatives err by percents; take a finer grid, a "
                "larger R, or positions without a grid."
            )
        if curvature and radius < WARNED_CELLS * cell * (1 - 1e-12):
            warnings.warn(
                f"R = {radius:.6g} is {radius / cell:.3g} cells: below "
                f"{WARNED_CELLS:g} cells a curvature from assigned mass errs by up to "
                "a percent and eigenvalues may pass 1/R^2.",
                UserWarning,
                stacklevel=4,
            )
    return radii


def window_name(window: Any) -> str:
    """The assignment window if it is known, else ValueError with the list."""
    if window not in WINDOW_ORDERS:
        raise ValueError(
            f"window must be one of {', '.join(WINDOW_ORDERS)}, got {window!r}."
        )
    return window


def nonnegative_density(xp: Any, name: str, field: Array) -> None:
    """Refuse a field without mass, warn of one with negative cells."""
    lowest = float(xp.min(field))
    if float(xp.max(field)) <= 0:
        raise ValueError(
            f"{name} must hold a density with positive cells, got a largest value of "
            f"{float(xp.max(field)):.3g}: pass the density, not its contrast."
        )
    if lowest < 0:
        count = int(xp.sum(xp.astype(field < 0, xp.int64)))
        warnings.warn(
            f"{name} has {count} of {math.prod(field.shape)} cells below zero (lowest "
            f"{lowest:.3g}), as window compensation and interlacing leave them: the "
            "bound 1/R^2 on the eigenvalues holds for non-negative densities only.",
            UserWarning,
            stacklevel=4,
        )


def positive_smoothed(
    n_nonpositive: int, n_cells: int, lowest: float, R: float, rounding: float = 0.0
) -> None:
    """Refuse a smoothed density whose logarithm does not exist everywhere.

    Parameters
    ----------
    n_nonpositive, n_cells : int
    lowest, R : float
        Smallest smoothed density, and its scale.
    rounding : float
        What the transforms' rounding adds to a density: `rounding_of` the field.

    Raises
    ------
    ValueError
        How many cells, and what to do.

    Warns
    -----
    UserWarning
        If a void comes near the rounding of the transforms.
    """
    if n_nonpositive:
        raise ValueError(
            f"The density smoothed at R = {R:.6g} must be positive everywhere, got "
            f"{n_nonpositive} of {n_cells} cells that are not (lowest {lowest:.3g}): "
            "take a larger R, positions without a grid (the catalogue route), or "
            "compensate=False, interlaced=False; a density contrast needs 1 added."
        )
    if lowest < rounding / LEAST_DIGITS:
        warnings.warn(
            f"The density smoothed at R = {R:.6g} falls to {lowest:.3g} in a void, "
            f"where transforms round by about {rounding:.1g}: take float64, a larger "
            "R, or positions without a grid, which have no such limit.",
            UserWarning,
            stacklevel=4,
        )


def rounding_of(xp: Any, field: Array) -> float:
    """Rounding of the transforms of a density, in its own unit: eps times the mean."""
    return eps(xp, field.dtype) * float(xp.mean(field))


def require_memory(needed: float, what: str, instead: str, like: Array) -> None:
    """`geomsci.backends.machine.require_memory` for arrays on the host."""
    if library(like) == "numpy" or "cpu" in str(device(like)).lower():
        machine.require_memory(needed, what, instead)


def _numbers(name: str, value: Any) -> list[float]:
    """Python numbers of a scalar or of a sequence in one axis."""
    values = to_host(value).tolist() if is_array(value) else value
    if not isinstance(values, (list, tuple)):
        values = [values]
    try:
        numbers = [float(v) for v in values]
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name} must be a number or a sequence of numbers, got "
            f"{type(value).__name__}."
        ) from error
    if not numbers:
        raise ValueError(f"{name} must hold at least one number, got none.")
    return numbers
