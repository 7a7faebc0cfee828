"""Stages of `EntropicCurvature` on a grid: one scale, slab by slab."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from geomsci.backends import run
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import each_tile
from geomsci.entropic.catalogue_stages import spread, trace_of
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
    """Fractions and scalars of one scale."""

    volume_fractions: list[float]
    mass_fractions: list[float]
    entropy: float
    fisher_information: float
    sigma_trace: float


class Maps(NamedTuple):
    """Where the maps of one scale go: row ``scale`` of arrays over all scales.

    ``signature`` has the shape (S, *space), ``eigenvalues`` (S, *space, d), or is None
    if they are not kept.
    """

    signature: Array
    eigenvalues: Array | None
    scale: int


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


def maps(like: Array, n_scales: int, d: int, *, keep: bool) -> tuple[Array, Any]:
    """Empty classes, and eigenvalues if they are kept, of all scales."""
    xp, place = array_namespace(like), device(like)
    shape = (n_scales, *like.shape)
    signature = xp.empty(shape, dtype=xp.int8, device=place)
    values = xp.empty((*shape, d), dtype=like.dtype, device=place) if keep else None
    return signature, values


def web(
    F: FieldTransform,
    R: float,
    found: Maps,
    *,
    window: str | None,
    n: float,
    probe: Probe,
    threshold: float | tuple[str, float],
    rounding: float = 0.0,
) -> Web:
    """Fill the maps of one scale; returns its fractions and scalars.

    One pass over the slabs; two if the threshold is in units of a standard deviation,
    which the first one finds.

    Parameters
    ----------
    F : FieldTransform
    R : float
    found : Maps
        Written.
    window : str or None
        Assignment window to divide out.
    n : float
        Of K^(N); infinite for the log-Hessian.
    probe : Probe
    threshold : float or ("sigma", float)
    rounding : float
        Of the transforms, in the unit of the density.
    """
    S = prepare(F, R, window)
    weight, mean = 1.0 - 1.0 / n, mean_density(F)
    probed = probe != Probe(0.0, 0.0)
    if probed or isinstance(threshold, tuple):
        scalars = _scan(S, R, weight, mean, rounding)
        if probed:
            del S
            return _probed_web(F, R, window, n, probe, threshold, scalars, found)
        threshold = level(threshold, scalars.sigma_trace)
    counts = _Sums()

    def classify(D: Derivatives) -> None:
        options = {"weight": weight, "threshold": threshold}
        fields = (D.density, D.first, D.second)
        if found.eigenvalues is None:
            classes = run("entropic.quotient_signature", *fields, **options)
        else:
            values, classes = run("entropic.quotient_eigenvalues", *fields, **options)
            found.eigenvalues[found.scale, D.planes, ...] = values
        found.signature[found.scale, D.planes, ...] = classes
        counts.add(D.planes.start, _class_sums(D.density, classes, len(F.shape)))

    scalars = _scan(S, R, weight, mean, rounding, classify)
    return _with_fractions(counts.totals(), scalars)


def mean_density(F: FieldTransform) -> float:
    """Mean of the field: its mode of wavenumber zero, which no smoothing changes."""
    zero = F.coefficients[(0,) * len(F.shape)]
    return float(array_namespace(zero).real(zero)) / math.prod(F.shape)


class _Scalars(NamedTuple):
    entropy: float
    fisher_information: float
    sigma_trace: float


def _scan(
    S: SmoothedTransform,
    R: float,
    weight: float,
    mean: float,
    rounding: float,
    then: Callable[[Derivatives], None] | None = None,
) -> _Scalars:
    """Entropy, Fisher information and scatter of tr K^(N); refuses rho_R <= 0.

    ``then`` is called with the derivatives on every slab of positive density.
    """
    sums, lows = _Sums(), []

    def work(planes: slice) -> None:
        D = derivatives(S, planes)
        lowest = float(array_namespace(D.density).min(D.density))
        bad = 0 if lowest > 0 else n_nonpositive(D.density)
        lows.append(lowest)
        totals = [0.0] * 4 if bad else _slab_sums(D, weight, mean)
        sums.add(planes.start, [float(bad), *totals])
        if then is not None and not bad:
            then(D)

    _over_planes(work, S)
    bad, entropy, fisher, trace, square = sums.totals()
    cells = math.prod(S.modes.shape)
    positive_smoothed(int(bad), cells, min(lows), R, rounding)
    variance = square / cells - (trace / cells) ** 2
    return _Scalars(entropy / cells, fisher / cells, math.sqrt(max(0.0, variance)))


def _slab_sums(D: Derivatives, weight: float, mean: float) -> list[float]:
    """Sums of rho log rho, rho |grad log rho|^2, tr K and its square over a slab.

    The density is divided by ``mean``.
    """
    xp = array_namespace(D.density)
    rho = D.density / mean
    slope = (D.first[0] / D.density) ** 2
    for part in D.first[1:]:
        slope = slope + (part / D.density) ** 2
    laplacian = None
    for (i, j), part in zip(packed_pairs(len(D.first)), D.second):
        if i == j:
            laplacian = part if laplacian is None else laplacian + part
    trace = weight * slope - laplacian / D.density
    terms = (rho * xp.log(rho), rho * slope, trace, trace**2)
    return [float(xp.sum(term, dtype=xp.float64)) for term in terms]


def _class_sums(density: Array, classes: Array, d: int) -> list[float]:
    """Cells and mass of each class in a slab."""
    xp = array_namespace(density)
    cells, mass = [], []
    for c in range(d + 1):
        inside = classes == c
        cells.append(float(xp.count_nonzero(inside)))
        here = xp.where(inside, density, xp.zeros_like(density))
        mass.append(float(xp.sum(here, dtype=xp.float64)))
    return [*cells, *mass]


def _with_fractions(totals: list[float], scalars: _Scalars) -> Web:
    half = len(totals) // 2
    cells, mass = totals[:half], totals[half:]
    return Web(
        [c / math.fsum(cells) for c in cells],
        [m / math.fsum(mass) for m in mass],
        *scalars,
    )


def _probed_web(
    F: FieldTransform,
    R: float,
    window: str | None,
    n: float,
    probe: Probe,
    threshold: float | tuple[str, float],
    scalars: _Scalars,
    found: Maps,
) -> Web:
    """The same for probes of a width or a distance: the whole tensor at once."""
    K = probed_curvature(F, R, window=window, n=n, probe=probe)
    xp = array_namespace(K)
    d = len(F.shape)
    sigma = spread(trace_of(K, d))
    values = run("entropic.symmetric_eigenvalues", K)
    above = xp.astype(values > level(threshold, sigma), xp.int8)
    classes = xp.sum(above, axis=-1, dtype=xp.int8)
    found.signature[found.scale, ...] = classes
    if found.eigenvalues is not None:
        found.eigenvalues[found.scale, ...] = values
    totals = _class_sums(inverse(filtered(F, R, window)), classes, d)
    return _with_fractions(totals, scalars._replace(sigma_trace=sigma))


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
