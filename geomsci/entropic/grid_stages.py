"""Stages of `EntropicCurvature` on a grid: one scale, slab by slab."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from geomsci.backends import run
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import tiles
from geomsci.entropic.catalogue_stages import spread, trace_of
from geomsci.entropic.curvature_stages import (
    POINTS,
    Options,
    Probe,
    fill_map,
    over_planes,
    real_dtype,
)
from geomsci.entropic.field_checks import positive_smoothed
from geomsci.reference.entropic.log_hessian import (
    Derivatives,
    SmoothedTransform,
    derivatives,
    n_nonpositive,
    packed_pairs,
    prepare,
)
from geomsci.reference.entropic.smoothing import FieldTransform, filtered, inverse

KEPT_BYTES = 1 << 30
"""Eigenvalues of all scales up to this size are kept; larger ones come on access."""

EIGENVALUE_BYTES = 32 * 1024 * 1024
"""Eigenvalues and temporaries of a piece of a tensor that is there as a whole."""


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


class _Sums:
    """Sums over slabs, added in the order of the planes whatever thread was first."""

    def __init__(self) -> None:
        self._parts: dict[int, list[float]] = {}

    def add(self, start: int, values: Sequence[float]) -> None:
        self._parts[start] = list(values)

    def totals(self) -> list[float]:
        columns = zip(*(self._parts[start] for start in sorted(self._parts)))
        return [math.fsum(column) for column in columns]


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
    overwrite: bool = False,
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
    overwrite : bool
        Whether ``F`` may be lost; probes need it to the end.
    """
    probed = probe != POINTS
    weight, mean = 1.0 - 1.0 / n, mean_density(F)
    S = prepare(F, R, window, overwrite=overwrite and not probed)
    if probed or isinstance(threshold, tuple):
        scalars = _scan(S, R, weight, mean, rounding)
        if probed:
            del S
            options = Options(window, n, probe)
            return _probed_web(F, R, options, threshold, scalars, found)
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

    over_planes(work, S)
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
    options: Options,
    threshold: float | tuple[str, float],
    scalars: _Scalars,
    found: Maps,
) -> Web:
    """The same for probes of a width or a distance: the whole tensor at once."""
    d, like = len(F.shape), found.signature
    xp = array_namespace(like)
    K = xp.empty(
        (1, *F.shape, d * (d + 1) // 2),
        dtype=real_dtype(F.coefficients),
        device=device(like),
    )
    fill_map(F, R, options, K, 0)
    sigma = spread(trace_of(K[0, ...], d))
    above = level(threshold, sigma)
    density, counts = inverse(filtered(F, R, options.window)), _Sums()
    plane_bytes = 64 * math.prod(F.shape[1:])
    for planes in tiles(F.shape[0], plane_bytes, target=EIGENVALUE_BYTES):
        values = run("entropic.symmetric_eigenvalues", K[0, planes, ...])
        classes = xp.sum(xp.astype(values > above, xp.int8), axis=-1, dtype=xp.int8)
        found.signature[found.scale, planes, ...] = classes
        if found.eigenvalues is not None:
            found.eigenvalues[found.scale, planes, ...] = values
        counts.add(planes.start, _class_sums(density[planes, ...], classes, d))
    return _with_fractions(counts.totals(), scalars._replace(sigma_trace=sigma))


def level(threshold: float | tuple[str, float], sigma: float) -> float:
    """The threshold in units of curvature."""
    if isinstance(threshold, tuple):
        return float(threshold[1]) * sigma
    return float(threshold)
