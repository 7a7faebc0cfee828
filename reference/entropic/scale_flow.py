r"""Flow of the curvature with the smoothing scale, s = R^2 / 2.

The smoothed density obeys the heat equation in s, hence u = log rho_R obeys
u_s = Lap u + |grad u|^2 and K = -Hess u the drift-diffusion and matrix Riccati equation

.. math:: \partial_s K_{ij} = \nabla^2 K_{ij} + 2 \nabla u \cdot \nabla K_{ij}
                              - 2 (K^2)_{ij} .

It is not the Ricci flow. A Gaussian of variance s_0^2 has K = 1 / (s_0^2 + 2 s). In
the width of a rigid probe, which smooths the log density, the flow is the heat equation
alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from geomsci.backends.arrays import Array, array_namespace
from geomsci.reference.entropic.log_hessian import (
    Curvature,
    Derivatives,
    derivatives,
    n_nonpositive,
    packed_pairs,
    prepare,
    slab,
)
from geomsci.reference.entropic.smoothing import (
    FieldTransform,
    inverse,
    transform,
    wavenumbers,
)

EVERYTHING = slice(0, None)


def squared(curvature: Array, d: int) -> Array:
    """Packed K^2 of packed symmetric K."""
    xp = array_namespace(curvature)
    number = {pair: p for p, pair in enumerate(packed_pairs(d))}

    def entry(i: int, j: int) -> Array:
        return curvature[..., number[min(i, j), max(i, j)]]

    products = []
    for i, j in packed_pairs(d):
        total = entry(i, 0) * entry(0, j)
        for k in range(1, d):
            total = total + entry(i, k) * entry(k, j)
        products.append(total)
    return xp.stack(products, axis=-1)


def laplacian(F: FieldTransform) -> FieldTransform:
    """Coefficients of the Laplacian; second derivatives keep the Nyquist modes."""
    k2 = wavenumbers(F, 0) ** 2
    for axis in range(1, len(F.shape)):
        k2 = k2 + wavenumbers(F, axis) ** 2
    return F._replace(coefficients=-(F.coefficients * k2))


def flow_of(curvature: Array, gradient: Array, lengths: Sequence[float]) -> Array:
    """Right-hand side of the flow from K and grad u, with spectral derivatives of K.

    Parameters
    ----------
    curvature : array, shape (n_1, ..., n_d, d (d + 1) / 2)
    gradient : array, shape (n_1, ..., n_d, d)
    lengths : sequence of d float

    Returns
    -------
    rate : array of the shape of ``curvature``
    """
    xp = array_namespace(curvature)
    d = gradient.shape[-1]
    rates = []
    for p in range(curvature.shape[-1]):
        F = transform(curvature[..., p], lengths)
        rate = inverse(laplacian(F))
        for axis in range(d):
            ik = xp.astype(wavenumbers(F, axis, odd=True), F.coefficients.dtype) * 1j
            slope = inverse(F._replace(coefficients=F.coefficients * ik))
            rate = rate + 2.0 * gradient[..., axis] * slope
        rates.append(rate)
    return xp.stack(rates, axis=-1) - 2.0 * squared(curvature, d)


def scale_flow_rhs(field: Array, R: float, lengths: Sequence[float]) -> Curvature:
    """Lap K + 2 grad u . grad K - 2 K^2 of the field smoothed at ``R``, packed.

    K comes from the quotient form, its derivatives are spectral: as K is not
    band-limited, they alias. O(n log n) time, about 40 transforms in three dimensions.
    """
    xp = array_namespace(field)
    part = slab(prepare(transform(field, lengths), R), EVERYTHING)
    rate = flow_of(part.curvature, part.gradient, lengths)
    return Curvature(rate, n_nonpositive(part.density), float(xp.min(part.density)))


def scale_rate(field: Array, R: float, lengths: Sequence[float]) -> Array:
    """dK / ds, s = R^2 / 2, by the quotient rule with rho_s = Lap rho; packed.

    Exact at the grid points: the left-hand side that `scale_flow_rhs` is held against.
    """
    F = transform(field, lengths)
    return curvature_rate(
        derivatives(prepare(F, R), EVERYTHING),
        derivatives(prepare(laplacian(F), R), EVERYTHING),
    )


def curvature_rate(D: Derivatives, L: Derivatives) -> Array:
    """Rate of -rho_ij / rho + rho_i rho_j / rho^2 where rho changes at the rate ``L``.

    Both hold a density and its derivatives on the same planes.
    """
    xp = array_namespace(D.density)
    growth = L.density / D.density
    u = [rho_i / D.density for rho_i in D.first]
    v = [rate_i / D.density for rate_i in L.first]
    rates = []
    for p, (i, j) in enumerate(packed_pairs(len(u))):
        hessian = (D.second[p] * growth - L.second[p]) / D.density
        rates.append(hessian + v[i] * u[j] + u[i] * v[j] - 2.0 * growth * u[i] * u[j])
    return xp.stack(rates, axis=-1)
