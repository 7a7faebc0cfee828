"""Curvature of a grid at one scale: whole maps, or values at points alone.

Without probes, and for wide probes of a finite dimension, the curvature comes slab by
slab from three arrays of a field's size. Other probes need transforms over the whole
grid, which are made one component of the tensor after the other: points take what they
need of each, so that no whole tensor is held for them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import each_tile
from geomsci.reference.entropic.finite_dimension import finite_dimension
from geomsci.reference.entropic.interpolation import SlabInterpolation, interpolated
from geomsci.reference.entropic.log_hessian import (
    SmoothedTransform,
    curvature_component,
    packed_pairs,
    plane_bytes,
    prepare,
    slab,
)
from geomsci.reference.entropic.rigid_probe import (
    probe_component,
    probe_component_finite,
)
from geomsci.reference.entropic.smoothing import (
    FieldTransform,
    filtered,
    inverse,
    transform,
)


class Probe(NamedTuple):
    """Width s of the probes and their distance h."""

    width: float
    step: float


POINTS = Probe(0.0, 0.0)
"""Probes without extent: the curvature itself."""


class Transforms:
    """Forward transforms of a field for several scales.

    Parameters
    ----------
    field : array
    lengths : sequence of d float
    n_scales : int
        How often `take` is called.
    shared : bool
        True makes one transform for all scales. False makes one a scale, so that each
        may lie in the memory of the arrays that it is needed for: a field less, for one
        transform more a scale.
    """

    def __init__(
        self, field: Array, lengths: Sequence[float], n_scales: int, *, shared: bool
    ) -> None:
        self._field, self._lengths = field, tuple(lengths)
        self._left, self._shared = n_scales, shared
        self._kept: FieldTransform | None = None

    def take(self) -> tuple[FieldTransform, bool]:
        """The transform of the next scale, and whether it may be overwritten."""
        F, self._kept = self._kept, None
        if F is None:
            F = transform(self._field, self._lengths)
        self._left -= 1
        if self._shared and self._left > 0:
            self._kept = F
        return F, self._kept is None


class Options(NamedTuple):
    """What a curvature at a scale depends on beside the scale.

    ``window`` is the assignment window to divide out, ``n`` that of K^(N).
    """

    window: str | None
    n: float
    probe: Probe


def fill_map(
    F: FieldTransform,
    R: float,
    options: Options,
    found: Array,
    row: int,
    *,
    overwrite: bool = False,
) -> None:
    """Write the packed curvature of the whole grid into ``found[row]``.

    Parameters
    ----------
    F : FieldTransform
    R : float
    options : Options
    found : array, shape (S, n_1, ..., n_d, d (d + 1) / 2)
        Written.
    row : int
    overwrite : bool
        Whether ``F`` may be lost.
    """
    width, step = options.probe
    if step > 0.0:
        for p, component in enumerate(_step_components(F, R, options)):
            found[row, ..., p] = component
        return
    S = _quotient(F, R, options, overwrite)

    def work(planes: slice) -> None:
        part = slab(S, planes)
        K = finite_dimension(part.curvature, part.gradient, options.n)
        found[row, planes, ...] = K

    over_planes(work, S)
    if width > 0.0 and math.isinf(options.n):
        del S
        for p in range(found.shape[-1]):
            found[row, ..., p] = _smoothed(found[row, ..., p], width, F.lengths)


def at_points(
    F: FieldTransform,
    R: float,
    options: Options,
    points: Array,
    *,
    overwrite: bool = False,
) -> Array:
    """Packed curvature (m, d (d + 1) / 2) at points (m, d), linear between centres.

    The other arguments are those of `fill_map`. Beside what is returned no more is held
    than for the classes of the grid.
    """
    xp, d = array_namespace(points), len(F.shape)
    width, step = options.probe
    if step > 0.0:
        parts = _step_components(F, R, options)
    elif width > 0.0 and math.isinf(options.n):
        parts = _wide_components(F, R, options, overwrite)
    else:
        return _slabs_at_points(_quotient(F, R, options, overwrite), options.n, points)
    columns = [interpolated(part[..., None], points, F.lengths)[:, 0] for part in parts]
    assert len(columns) == d * (d + 1) // 2
    return xp.stack(columns, axis=-1)


def _slabs_at_points(S: SmoothedTransform, n: float, points: Array) -> Array:
    d, like = len(S.modes.shape), S.parts[0]
    dtype = real_dtype(like)
    n_values = d * (d + 1) // 2
    found = SlabInterpolation(points, S.modes.shape, S.modes.lengths, n_values, dtype)

    def work(planes: slice) -> None:
        if found.needs(planes):
            part = slab(S, planes)
            K = finite_dimension(part.curvature, part.gradient, n)
            found.add(planes, K)

    over_planes(work, S)
    return found.values()


def _quotient(
    F: FieldTransform, R: float, options: Options, overwrite: bool
) -> SmoothedTransform:
    """The density whose quotient form is the curvature, ready for its slabs."""
    width = options.probe.width
    if width == 0.0 or math.isinf(options.n):
        return prepare(F, R, options.window, overwrite=overwrite)
    # Wide probes of finite dimension: the exponential of the smoothed log density.
    u = inverse(_log_transform(F, R, options))
    xp = array_namespace(u)
    return prepare(transform(xp.exp(u), F.lengths), 0.0, overwrite=True)


def _log_transform(F: FieldTransform, R: float, options: Options) -> FieldTransform:
    """Transform of the log density, smoothed with the width of the probes."""
    density = inverse(filtered(F, R, options.window))
    u = array_namespace(density).log(density)
    del density
    return filtered(transform(u, F.lengths), options.probe.width)


def _step_components(F: FieldTransform, R: float, options: Options) -> Iterator[Array]:
    """Components of the curvature between probes at a distance, one at a time."""
    step, pairs = options.probe.step, packed_pairs(len(F.shape))
    u = _log_transform(F, R, options)
    if math.isinf(options.n):
        for i, j in pairs:
            yield probe_component(u, i, j, step)
        return
    middle = inverse(u)
    for i, j in pairs:
        yield probe_component_finite(u, middle, i, j, options.n, step)


def _wide_components(
    F: FieldTransform, R: float, options: Options, overwrite: bool
) -> Iterator[Array]:
    """Components of the quotient form, each smoothed with the width of the probes."""
    S = prepare(F, R, options.window, overwrite=overwrite)
    xp, like = array_namespace(S.parts[0]), S.parts[0]
    for i, j in packed_pairs(len(F.shape)):
        part = xp.empty(F.shape, dtype=real_dtype(like), device=device(like))

        def work(planes: slice, part: Array = part, i: int = i, j: int = j) -> None:
            part[planes, ...] = curvature_component(S, planes, i, j)

        over_planes(work, S)
        yield _smoothed(part, options.probe.width, F.lengths)


def _smoothed(part: Array, width: float, lengths: Sequence[float]) -> Array:
    return inverse(filtered(transform(part, lengths), width))


def over_planes(work: Callable[[slice], None], S: SmoothedTransform) -> None:
    """Call ``work`` on every slab of planes."""
    each_tile(work, S.modes.shape[0], plane_bytes(S), like=S.parts[0])


def real_dtype(like: Array) -> object:
    """Real type of a half-complex array (or of real values in one dimension)."""
    xp = array_namespace(like)
    return xp.float32 if like.dtype in (xp.complex64, xp.float32) else xp.float64
