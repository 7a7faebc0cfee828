r"""Global identities of the curvature of a periodic field.

With box means <.>, the density rho_R of mean one, u = log rho_R and K = -Hess u:

.. math:: \langle \mathrm{tr} K \rangle = 0, \quad
          \langle \rho \, \mathrm{tr} K \rangle
          = I = \langle |\nabla \rho|^2 / \rho \rangle,

.. math:: \frac{d \, Ent}{d (R^2)} = -\frac I2, \quad
          \frac{d I}{d (R^2)} = -\langle \rho |K|^2_{HS} \rangle,

with Ent = <rho log rho>. On a grid the second is exact to round-off (the same sums);
the others hold for integrals, which sums of 1 / rho and log rho alias. The rates come
from rho_s = Lap rho, s = R^2 / 2, not from differences of two scales.

References
----------
Stam, Information and Control 2, 101 (1959), for the first rate (de Bruijn); Otto,
Villani, J. Funct. Anal. 173, 361 (2000), for the second.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from geomsci.backends.arrays import Array, array_namespace
from geomsci.reference.entropic.log_hessian import (
    CurvatureSlab,
    SmoothedTransform,
    derivatives,
    n_nonpositive,
    packed_pairs,
    plane_tiles,
    prepare,
    slab,
)
from geomsci.reference.entropic.scale_flow import laplacian
from geomsci.reference.entropic.smoothing import FieldTransform


class GlobalScalars(NamedTuple):
    """Box means of one scale, of the density divided by its mean.

    ``trace`` <tr K>, ``weighted_trace`` <rho tr K>, ``weighted_square``
    <rho |K|_HS^2>, ``trace_std`` the standard deviation of tr K. ``mean_density`` is
    that of the density as it came, ``lowest_density`` its minimum and
    ``n_nonpositive`` the number of cells where nothing above has a meaning.
    """

    mean_density: float
    entropy: float
    fisher_information: float
    trace: float
    weighted_trace: float
    weighted_square: float
    trace_std: float
    lowest_density: float
    n_nonpositive: int


class ScaleRates(NamedTuple):
    """Derivatives with respect to R^2 of the entropy and the Fisher information."""

    entropy: float
    fisher_information: float


class ScalarSums:
    """Adds up the scalars of `GlobalScalars` over slabs; sums are made in float64."""

    def __init__(self) -> None:
        self._sums = [0.0] * 7
        self._cells = 0
        self._bad = 0
        self._lowest = math.inf

    def add(self, part: CurvatureSlab) -> None:
        """Add one slab."""
        xp = array_namespace(part.density)
        d = part.gradient.shape[-1]
        rho, K = part.density, part.curvature
        bad = n_nonpositive(rho)
        safe = rho if bad == 0 else xp.where(rho > 0, rho, xp.ones_like(rho))
        trace = xp.zeros_like(rho)
        square = xp.zeros_like(rho)
        for p, (i, j) in enumerate(packed_pairs(d)):
            trace = trace + K[..., p] if i == j else trace
            square = square + (1.0 if i == j else 2.0) * K[..., p] ** 2
        slope = xp.sum(part.gradient**2, axis=-1)
        terms = (
            rho,
            rho * xp.log(safe),
            rho * slope,
            trace,
            rho * trace,
            rho * square,
            trace**2,
        )
        self._sums = [a + _sum(xp, b) for a, b in zip(self._sums, terms)]
        self._cells += math.prod(rho.shape)
        self._bad += bad
        self._lowest = min(self._lowest, float(xp.min(rho)))

    def result(self) -> GlobalScalars:
        """The box means."""
        mass, entropy, fisher, trace, weighted, square, second = (
            total / self._cells for total in self._sums
        )
        return GlobalScalars(
            mean_density=mass,
            entropy=entropy / mass - math.log(mass),
            fisher_information=fisher / mass,
            trace=trace,
            weighted_trace=weighted / mass,
            weighted_square=square / mass,
            trace_std=math.sqrt(max(0.0, second - trace**2)),
            lowest_density=self._lowest,
            n_nonpositive=self._bad,
        )


def _sum(xp: Any, x: Array) -> float:
    return float(xp.sum(x, dtype=xp.float64))


def global_scalars(S: SmoothedTransform) -> GlobalScalars:
    """All scalars of one scale in one pass over the slabs."""
    sums = ScalarSums()
    for planes in plane_tiles(S):
        sums.add(slab(S, planes))
    return sums.result()


def scale_rates(F: FieldTransform, R: float) -> ScaleRates:
    """Derivatives of the entropy and the Fisher information by the quotient rule.

    d Ent / ds = <rho_s log rho> and dI / ds = <2 grad rho . grad rho_s / rho -
    |grad rho|^2 rho_s / rho^2> with rho_s = Lap rho; d / d(R^2) is half of it.

    Parameters
    ----------
    F : FieldTransform
        Of a density whose smoothed values are positive.
    R : float
    """
    density, rate = prepare(F, R), prepare(laplacian(F), R)
    mass = entropy = fisher = 0.0
    for planes in plane_tiles(density):
        D, L = derivatives(density, planes), derivatives(rate, planes)
        xp = array_namespace(D.density)
        change = xp.zeros_like(D.density)
        growth = L.density / D.density
        for rho_i, rate_i in zip(D.first, L.first):
            slope = rho_i / D.density
            change = change + slope * (2.0 * rate_i - rho_i * growth)
        mass += _sum(xp, D.density)
        entropy += _sum(xp, L.density * xp.log(D.density))
        fisher += _sum(xp, change)
    return ScaleRates(0.5 * entropy / mass, 0.5 * fisher / mass)
