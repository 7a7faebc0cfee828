"""The door of `EntropicCurvature`: grids, catalogues, thresholds and scales."""

from __future__ import annotations

import math
import warnings
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
from geomsci.entropic.curvature_stages import POINTS, Options, Probe
from geomsci.entropic.field_checks import (
    box_lengths,
    nonnegative_density,
    real_field,
    require_memory,
    smoothing_scales,
)

POSITION_COLUMNS = (1, 2, 3)

FEW_POINTS = 16
"""Fewer say nothing about the space that they fill."""


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


def grid(X: Any, box_size: Any, *, assigned: bool = False) -> Grid:
    """Checked density grid.

    Mass that was ``assigned`` here may be negative where grids were interlaced, in
    silence, as it is where the window is divided out. A grid beyond the memory is
    refused before it is read.
    """
    _, X = common_arrays(X=X)
    if 1 <= X.ndim <= 3:
        _require_slabs(X, 1)
    xp, field = real_field("X", X)
    if not assigned:
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


def probe(width: float, step: float, found: Grid) -> Probe:
    """Probes that fit the box."""
    most = 0.5 * min(found.lengths)
    for name, length in (("probe_width", width), ("probe_step", step)):
        if not length <= most:
            raise ValueError(
                f"{name} must be at most half the box, {most:.6g}, got {length:.6g}: "
                "give both in one unit."
            )
    return Probe(float(width), float(step))


def keeps_eigenvalues(found: Grid, n_scales: int, *, probed: bool) -> bool:
    """Whether the eigenvalues of all scales are kept; refuses what does not fit.

    Without them a grid takes three arrays of its size and a byte a cell and scale; with
    them its transform, which the scales share, as well. Probes need the whole tensor of
    a scale.
    """
    field, d = found.field, len(found.lengths)
    more = _probe_bytes(found, 1) if probed else 0.0
    needed = _require_slabs(field, n_scales, more)
    values = float(n_scales * d) * _field_bytes(field)
    fits = needed + _field_bytes(field) + values <= machine.available_memory()
    return fits and values <= grid_stages.KEPT_BYTES


def _require_slabs(field: Array, n_scales: int, more: float = 0.0) -> float:
    """Bytes for the classes of a grid, and ``more``; refuses what does not fit."""
    cells = math.prod(field.shape)
    needed = 3.0 * _field_bytes(field) + float(n_scales * cells) + more
    require_memory(
        needed,
        f"The curvature of {cells} cells",
        "take float32, a coarser grid, or positions without a grid; slabs are streamed "
        "already, so more scales cost a byte a cell each",
        field,
    )
    return needed


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


def require_curvature(found: Grid, n_scales: int, options: Options) -> None:
    """`require_maps` for the tensor at so many scales; none for values at points."""
    d = len(found.lengths)
    if n_scales:
        require_maps(found, n_scales, d * (d + 1) // 2)
    probed = options.probe != POINTS
    require_memory(
        3.0 * _field_bytes(found.field) + (_probe_bytes(found, 0) if probed else 0.0),
        f"The curvature of {math.prod(found.field.shape)} cells at points",
        "take float32 or a coarser grid",
        found.field,
    )


def _probe_bytes(found: Grid, n_tensors: int) -> float:
    """Bytes of probes: of transforms on the way, and of tensors kept whole."""
    d = len(found.lengths)
    return (7.0 + n_tensors * (d * (d + 1) // 2)) * _field_bytes(found.field)


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
        instead = "or wrap them with points % box_size"
        _inside("points", points, list(lengths), instead)


def catalogue(
    positions: Any, weights: Any, randoms: Any, box_size: Any, radii: list[float]
) -> tuple[Array, Array | None, Array | None, list[float] | None]:
    """Checked positions, weights, randoms and box of the catalogue route."""
    # Checked under its own name first: the points of this catalogue are its positions.
    xp, X = common_arrays(X=positions)
    require_finite(xp, X=X)
    _, found = catalogue_arrays(points=X, positions=X, weights=weights, randoms=randoms)
    box = None
    for R in radii:
        _, box = scale_and_box(R, box_size, found["positions"].shape[1])
    places = found["positions"]
    assert places is not None
    if box is not None:
        instead = "wrap periodic positions, or take open space (box_size=None)"
        _inside("X", places, box, instead)
        if found["randoms"] is not None:
            _inside("randoms", found["randoms"], box, instead)
        warn_of_open_data(places, box)
    elif found["randoms"] is not None:
        _warn_of_other_places(places, found["randoms"], max(radii))
    return places, found["weights"], found["randoms"], box


def warn_of_open_data(places: Array, box: Sequence[float]) -> None:
    """Warn of positions that leave half of a periodic box empty: they may be open."""
    if places.shape[0] < FEW_POINTS:
        return
    for axis, (low, high) in enumerate(_extents(places)):
        if high - low < 0.5 * box[axis]:
            warnings.warn(
                f"X lies between {low:.6g} and {high:.6g} of a periodic box of "
                f"{box[axis]:.6g} on axis {axis}: give both in one unit; data that end "
                "there are open, and need box_size=None and no grid.",
                UserWarning,
                stacklevel=5,
            )
            return


def _warn_of_other_places(places: Array, randoms: Array, reach: float) -> None:
    """Warn of a survey that lies outside of its randoms."""
    pairs = zip(_extents(places), _extents(randoms))
    for axis, ((low, high), (first, last)) in enumerate(pairs):
        if low < first - reach or high > last + reach:
            warnings.warn(
                f"X lies between {low:.6g} and {high:.6g} on axis {axis}, its randoms "
                f"between {first:.6g} and {last:.6g}: outside of them the curvature "
                "means nothing; give both in one unit and one frame.",
                UserWarning,
                stacklevel=5,
            )
            return


def _extents(positions: Array) -> list[tuple[float, float]]:
    """Least and largest coordinate on every axis."""
    xp = array_namespace(positions)
    columns = (positions[:, axis] for axis in range(positions.shape[1]))
    return [(float(xp.min(x)), float(xp.max(x))) for x in columns]


def _inside(name: str, positions: Array, box: list[float], instead: str) -> None:
    """Refuse positions outside the periodic box; ``instead`` is what to do."""
    for axis, ((low, high), side) in enumerate(zip(_extents(positions), box)):
        if low < 0.0 or high > side:
            raise ValueError(
                f"{name} must lie in the box [0, {side:.6g}] on axis {axis}, got "
                f"{low:.6g} to {high:.6g}: give both in one unit, {instead}."
            )
