"""The door of `EntropicCurvature`: grids, catalogues, thresholds and scales."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any, NamedTuple

from geomsci.backends import machine
from geomsci.backends.arrays import (
    Array,
    array_namespace,
    common_arrays,
    require_finite,
)
from geomsci.entropic import grid_stages
from geomsci.entropic.catalogue_checks import catalogue_arrays, scale_and_box
from geomsci.entropic.field_checks import (
    box_lengths,
    nonnegative_density,
    real_field,
    require_memory,
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


def probe(width: float, step: float, found: Grid) -> grid_stages.Probe:
    """Probes that fit the box."""
    most = 0.5 * min(found.lengths)
    for name, length in (("probe_width", width), ("probe_step", step)):
        if not length <= most:
            raise ValueError(
                f"{name} must be at most half the box, {most:.6g}, got {length:.6g}: "
                "give both in one unit."
            )
    return grid_stages.Probe(float(width), float(step))


def keeps_eigenvalues(found: Grid, n_scales: int, *, probed: bool) -> bool:
    """Whether the eigenvalues of all scales are kept; refuses what does not fit.

    Without them a grid takes its transform, three arrays of that size, and a byte a
    cell and scale. Probes need the whole tensor of a scale.
    """
    field, d = found.field, len(found.lengths)
    needed = 4.0 * _field_bytes(field) + float(n_scales * math.prod(field.shape))
    if probed:
        needed += _field_bytes(field) * (d * (d + 1) + d)
    require_memory(
        needed,
        f"The curvature of {math.prod(field.shape)} cells",
        "take float32, a coarser grid, or positions without a grid; slabs are streamed "
        "already, so more scales cost a byte a cell each",
        field,
    )
    values = float(n_scales * d) * _field_bytes(field)
    fits = needed + values <= machine.available_memory()
    return fits and values <= grid_stages.KEPT_BYTES


def require_maps(found: Grid | None, n_scales: int, n_maps: int) -> None:
    """Refuse maps of a grid, with the numbers ``n_maps`` a cell, that do not fit."""
    assert found is not None
    field = found.field
    require_memory(
        (4.0 + n_scales * n_maps) * _field_bytes(field),
        f"A map of {n_maps} numbers a cell at {n_scales} scales on "
        f"{math.prod(field.shape)} cells",
        "take fewer scales at once or float32, or the classes and fractions of fit, "
        "which are streamed",
        field,
    )


def _field_bytes(field: Array) -> float:
    """Bytes of one real field, or of its half-complex transform."""
    single = field.dtype == array_namespace(field).float32
    return (4.0 if single else 8.0) * math.prod(field.shape)


def points_of(points: Array, d: int, lengths: Sequence[float] | None) -> None:
    """Refuse points of another space, not finite, or outside the box of a grid."""
    if points.ndim != 2 or points.shape[1] != d:
        raise ValueError(
            f"points must have shape (m, {d}) as the space of fit, got "
            f"{tuple(points.shape)}."
        )
    xp = array_namespace(points)
    if not xp.isdtype(points.dtype, "real floating"):
        raise TypeError(f"points must be real, got {points.dtype}.")
    require_finite(xp, points=points)
    if lengths is not None and points.shape[0]:
        _inside("points", points, list(lengths))


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
                "positions, or take positions in open space (box_size=None)."
            )
