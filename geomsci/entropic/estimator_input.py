"""The door of `EntropicCurvature`: grids, catalogues, thresholds and scales."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any, NamedTuple

from geomsci.backends.arrays import Array, array_namespace, common_arrays
from geomsci.entropic.catalogue_checks import catalogue_arrays, scale_and_box
from geomsci.entropic.field_checks import (
    box_lengths,
    nonnegative_density,
    real_field,
    smoothing_scales,
)

POSITION_COLUMNS = (1, 2, 3)


class Grid(NamedTuple):
    """A density on a periodic grid and the sides of its box."""

    field: Array
    lengths: tuple[float, ...]


def is_positions(X: Any) -> bool:
    """Whether X is read as positions: shape (n, 1), (n, 2) or (n, 3)."""
    shape = getattr(X, "shape", None)
    if shape is None:
        _, X = common_arrays(X=X)
        shape = X.shape
    return len(shape) == 2 and shape[1] in POSITION_COLUMNS


def grid(X: Any, box_size: Any) -> Grid:
    """Checked density grid."""
    xp, field = real_field("X", X)
    nonnegative_density(xp, "X", field)
    return Grid(field, box_lengths(box_size, field.shape))


def scales(smoothing: Any) -> list[float]:
    """Smoothing scales as floats: positive and finite, at least one."""
    values = smoothing if isinstance(smoothing, Sequence) else [smoothing]
    if hasattr(smoothing, "tolist"):
        found = smoothing.tolist()
        values = found if isinstance(found, list) else [found]
    numbers = [
        float(R)
        for R in values
        if isinstance(R, Real) and not isinstance(R, bool) and 0 < float(R) < math.inf
    ]
    if not numbers or len(numbers) != len(values):
        raise ValueError(
            "smoothing must be a positive length or a sequence of them, got "
            f"{smoothing!r}: give it in the unit of box_size."
        )
    return numbers


def threshold_of(threshold: Any) -> float | tuple[str, float]:
    """A number in units of curvature, or ``("sigma", x)``."""
    if isinstance(threshold, Real) and not isinstance(threshold, bool):
        if math.isfinite(threshold):
            return float(threshold)
    elif isinstance(threshold, (tuple, list)) and len(threshold) == 2:
        name, x = threshold
        if name == "sigma" and isinstance(x, Real) and math.isfinite(x):
            return ("sigma", float(x))
    raise ValueError(
        f'threshold must be a finite number or ("sigma", number), got {threshold!r}: '
        "the second is in standard deviations of the trace of the curvature."
    )


def grid_scales(radii: list[float], found: Grid) -> None:
    """Refuse scales that the grid cannot resolve, and those beyond half the box."""
    smoothing_scales(radii, found.lengths, found.field.shape, curvature=True)


def catalogue(
    positions: Any, weights: Any, randoms: Any, box_size: Any, radii: list[float]
) -> tuple[Array, Array | None, Array | None, list[float] | None]:
    """Checked positions, weights, randoms and box of the catalogue route."""
    _, found = catalogue_arrays(
        points=positions, positions=positions, weights=weights, randoms=randoms
    )
    box = None
    for R in radii:
        _, box = scale_and_box(R, box_size, found["positions"].shape[1])
    places = found["positions"]
    assert places is not None
    if box is not None:
        _inside("X", places, box)
        if found["randoms"] is not None:
            _inside("randoms", found["randoms"], box)
    return places, found["weights"], found["randoms"], box


def _inside(name: str, positions: Array, box: list[float]) -> None:
    """Refuse positions outside the periodic box."""
    xp = array_namespace(positions)
    for axis, side in enumerate(box):
        x = positions[:, axis]
        low, high = float(xp.min(x)), float(xp.max(x))
        if low < 0.0 or high > side:
            raise ValueError(
                f"{name} must lie in the box [0, {side:.6g}] on axis {axis}, got "
                f"{low:.6g} to {high:.6g}: give both in one unit, wrap periodic "
                "positions, or take box_size=None for open space."
            )
