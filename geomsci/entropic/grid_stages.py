"""Stages of `EntropicCurvature` on a grid: one scale, slab by slab."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from geomsci.backends import run
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import each_tile
from geomsci.entropic.field_checks import positive_smoothed
from geomsci.reference.entropic.finite_dimension import finite_dimension
from geomsci.reference.entropic.log_hessian import (
    Derivatives,
    SmoothedTransform,
    derivatives,
    n_nonpositive,
    packed_pairs,
    plane_bytes,
    prepare,
    slab,
)
from geomsci.reference.entropic.rigid_probe import (
    probe_tensor,
    probe_tensor_finite,
    smooth_components,
)
from geomsci.reference.entropic.smoothing import (
    FieldTransform,
    filtered,
    inverse,
    transform,
)

KEPT_BYTES = 1 << 30
"""Eigenvalues of all scales up to this size are kept; larger ones come on access."""


class Web(NamedTuple):
    """What one scale gives: eigenvalues (or None), classes, fractions and scalars."""

    eigenvalues: Array | None
    signature: Array
    volume_fractions: list[float]
    mass_fractions: list[float]
    entropy: float
    fisher_information: float
    sigma_trace: float


class Probe(NamedTuple):
    """Width s of the probes and their distance h."""

    width: float
    step: float


class _Sums:
    """Sums over slabs, added in the order of the planes whatever thread was first."""

    def __init__(self) -> None:
        self._parts: dict[int, list[float]] = {}

    def add(self, start: int, values: Sequence[float]) -> None:
        self._parts[start] = list(values)

    def totals(self) -> list[float]:
        columns = zip(*(self._parts[start] for start in sorted(self._parts)))
        return [math.fsum(column) for column in columns]


def transformed(field: Array, lengths: Sequence[float]) -> FieldTransform:
    """The forward transform that all scales share."""
    return transform(field, lengths)


def web(
    F: FieldTransform,
    R: float,
    *,
    window: str | None,
    n: float,
    probe: Probe,
    threshold: float | tuple[str, float],
    keep: bool,
) -> Web:
    """Eigenvalues, classes and scalars of one scale.

    Parameters
    ----------
    F : FieldTransform
    R : float
    window : str or None
        Assignment window to divide out.
    n : float
        Of K^(N); infinite for the log-Hessian.
    probe : Probe
    threshold : float or ("sigma", float)
    keep : bool
        Whether eigenvalues are kept beside the classes.
    """
    S = prepare(F, R, window)
    scalars = _scalars(S, R, n)
    if probe != Probe(0.0, 0.0):
        return _probed_web(S, F, R, window, n, probe, threshold, scalars)
    floor = level(threshold, scalars.sigma_trace)
    like = S.parts[0]
    xp = array_namespace(like)
    shape, d = F.shape, len(F.shape)
    place, real = device(like), _real_dtype(xp, like)
    signature = xp.empty(shape, dtype=xp.int8, device=place)
    values = xp.empty((*shape, d), dtype=real, device=place) if keep else None
    counts = _Sums()
    weight = 1.0 - 1.0 / n

    def work(planes: slice) -> None:
        D = derivatives(S, planes)
        options = {"weight": weight, "threshold": floor}
        fields = (D.density, D.first, D.second)
        if values is None:
            found = run("entropic.quotient_signature", *fields, **options)
        else:
            lam, found = run("entropic.quotient_eigenvalues", *fields, **options)
            values[planes, ...] = lam
        signature[planes, ...] = found
        counts.add(planes.start, _class_sums(D.density, found, d))

    _over_planes(work, S)
    return _with_fractions(values, signature, counts.totals(), scalars)


class _Scalars(NamedTuple):
    mean_density: float
    entropy: float
    fisher_information: float
    sigma_trace: float


def _scalars(S: SmoothedTransform, R: float, n: float) -> _Scalars:
    """Entropy, Fisher information and scatter of tr K^(N); refuses rho_R <= 0."""
    sums = _Sums()
    lows: list[float] = []
    weight = 1.0 - 1.0 / n

    def work(planes: slice) -> None:
        D = derivatives(S, planes)
        bad, lowest, totals = _slab_sums(D, weight)
        lows.append(lowest)
        sums.add(planes.start, [float(bad), *totals])

    _over_planes(work, S)
    bad, mass, entropy, fisher, trace, square = sums.totals()
    cells = math.prod(S.modes.shape)
    positive_smoothed(int(bad), cells, min(lows), R)
    mean = mass / cells
    variance = square / cells - (trace / cells) ** 2
    return _Scalars(
        mean,
        entropy / mass - math.log(mean),
        fisher / mass,
        math.sqrt(max(0.0, variance)),
    )


def _slab_sums(D: Derivatives, weight: float) -> tuple[int, float, list[float]]:
    """Cells that are not positive, lowest density, and the sums of one slab."""
    xp = array_namespace(D.density)
    rho = D.density
    bad, lowest = n_nonpositive(rho), float(xp.min(rho))
    if bad:
        return bad, lowest, [0.0] * 5
    slope = D.first[0] ** 2
    for part in D.first[1:]:
        slope = slope + part**2
    slope = slope / rho
    pairs = packed_pairs(len(D.first))
    laplacian = [part for (i, j), part in zip(pairs, D.second) if i == j]
    total = laplacian[0]
    for part in laplacian[1:]:
        total = total + part
    trace = (weight * slope - total) / rho
    terms = (rho, rho * xp.log(rho), slope, trace, trace**2)
    return bad, lowest, [float(xp.sum(term, dtype=xp.float64)) for term in terms]


def _class_sums(density: Array, count: Array, d: int) -> list[float]:
    """Cells and mass of each class in a slab."""
    xp = array_namespace(density)
    cells, mass = [], []
    for c in range(d + 1):
        inside = count == c
        cells.append(float(xp.sum(xp.astype(inside, xp.int64))))
        here = xp.where(inside, density, xp.zeros_like(density))
        mass.append(float(xp.sum(here, dtype=xp.float64)))
    return [*cells, *mass]


def _with_fractions(
    values: Array | None, signature: Array, totals: list[float], scalars: _Scalars
) -> Web:
    half = len(totals) // 2
    cells, mass = totals[:half], totals[half:]
    return Web(
        values,
        signature,
        [c / math.fsum(cells) for c in cells],
        [m / math.fsum(mass) for m in mass],
        scalars.entropy,
        scalars.fisher_information,
        scalars.sigma_trace,
    )


def _probed_web(
    S: SmoothedTransform,
    F: FieldTransform,
    R: float,
    window: str | None,
    n: float,
    probe: Probe,
    threshold: float | tuple[str, float],
    scalars: _Scalars,
) -> Web:
    """The same for probes of a width or a distance: the whole tensor at once."""
    K = probed_curvature(F, R, window=window, n=n, probe=probe)
    xp = array_namespace(K)
    d = len(F.shape)
    trace = K[..., 0]
    for p, (i, j) in enumerate(packed_pairs(d)):
        if i == j and p:
            trace = trace + K[..., p]
    spread = float(xp.sqrt(xp.mean((trace - xp.mean(trace)) ** 2)))
    floor = level(threshold, spread)
    values = run("entropic.symmetric_eigenvalues", K)
    signature = xp.sum(xp.astype(values > floor, xp.int8), axis=-1, dtype=xp.int8)
    density = inverse(filtered(F, R, window))
    totals = _class_sums(density, signature, d)
    return _with_fractions(
        values, signature, totals, scalars._replace(sigma_trace=spread)
    )


def probed_curvature(
    F: FieldTransform, R: float, *, window: str | None, n: float, probe: Probe
) -> Array:
    """Packed curvature of a whole grid at one scale, with or without probes."""
    S = prepare(F, R, window)
    if probe.step == 0.0 and (probe.width == 0.0 or math.isinf(n)):
        K = _packed(S, n)
        return smooth_components(K, probe.width, F.lengths)
    xp = array_namespace(S.parts[0])
    density = inverse(filtered(F, R, window))
    u = xp.log(density)
    if math.isinf(n):
        return probe_tensor(u, F.lengths, step=probe.step, width=probe.width)
    if probe.step > 0.0:
        return probe_tensor_finite(u, F.lengths, n, step=probe.step, width=probe.width)
    # Wide probes without distance: the quotient form of the smoothed log density.
    smooth_u = inverse(filtered(transform(u, F.lengths), probe.width))
    return _packed(prepare(transform(xp.exp(smooth_u), F.lengths), 0.0), n)


def _packed(S: SmoothedTransform, n: float) -> Array:
    """Packed K^(N) of all planes."""
    like = S.parts[0]
    xp = array_namespace(like)
    d = len(S.modes.shape)
    K = xp.empty(
        (*S.modes.shape, d * (d + 1) // 2),
        dtype=_real_dtype(xp, like),
        device=device(like),
    )

    def work(planes: slice) -> None:
        part = slab(S, planes)
        K[planes, ...] = finite_dimension(part.curvature, part.gradient, n)

    _over_planes(work, S)
    return K


def _over_planes(work: Any, S: SmoothedTransform) -> None:
    each_tile(work, S.modes.shape[0], plane_bytes(S), like=S.parts[0])


def level(threshold: float | tuple[str, float], sigma: float) -> float:
    """The threshold in units of curvature."""
    if isinstance(threshold, tuple):
        return float(threshold[1]) * sigma
    return float(threshold)


def _real_dtype(xp: Any, like: Array) -> Any:
    """Real type of a half-complex array (or of real values in one dimension)."""
    return xp.float32 if like.dtype in (xp.complex64, xp.float32) else xp.float64
