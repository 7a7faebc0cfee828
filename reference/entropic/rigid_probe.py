r"""Finite-scale curvature between rigid Gaussian probes of a log density.

The two measures are Gaussians of width s at x -/+ h e / 2 and the geodesic between
them is a translation, so their own entropy is constant and W2 = h. With u = log rho_R
their curvature K = (8 / h^2) [(E_0 + E_1) / 2 - E_half] is a Fourier multiplier on u,

.. math:: (k \cdot e)^2 \, \mathrm{sinc}^2(k \cdot e \, h / 4) \, e^{-k^2 s^2 / 2},
          \qquad \mathrm{sinc}\, z = \sin z / z .

It is no quadratic form in e; the tensor takes K_ii along the axes and
K_ij = [K((e_i + e_j) / sqrt 2) - K((e_i - e_j) / sqrt 2)] / 2, whose multiplier is
S(k_i) S(k_j) with S(k) = k sinc(k h / sqrt 8), since
sin^2(a + b) - sin^2(a - b) = sin 2a sin 2b.

For finite n the entropies enter as U = exp(-E / n) and the curvature is
(16 n / h^2) asin^2 sqrt(eps / 2), eps = 1 - (U_0 + U_1) / (2 U_half) (asinh and a
minus sign where eps < 0).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from geomsci.backends.arrays import Array, array_namespace
from geomsci.reference.entropic.log_hessian import packed_pairs
from geomsci.reference.entropic.smoothing import (
    FieldTransform,
    filtered,
    inverse,
    transform,
    wavenumbers,
)


def _sinc(xp: Any, z: Array) -> Array:
    zero = z == 0
    safe = xp.where(zero, xp.ones_like(z), z)
    return xp.where(zero, xp.ones_like(z), xp.sin(safe) / safe)


def probe_tensor(
    u: Array, lengths: Sequence[float], *, step: float = 0.0, width: float = 0.0
) -> Array:
    """Packed curvature tensor of rigid probes, any N = infinity.

    Parameters
    ----------
    u : array, shape (n_1, ..., n_d)
        Log density, periodic.
    lengths : sequence of d float
    step : float, >= 0
        Distance h of the two probes; 0 is the limit -Hess (G_s * u).
    width : float, >= 0
        Standard deviation s of a probe.

    Returns
    -------
    K : array, shape (n_1, ..., n_d, d (d + 1) / 2)

    Notes
    -----
    One forward and d (d + 1) / 2 inverse transforms. Nyquist modes are dropped from
    the mixed components, which are odd in either wavenumber.
    """
    xp = array_namespace(u)
    F = filtered(transform(u, lengths), width)
    components = []
    for i, j in packed_pairs(u.ndim):
        if i == j:
            k = wavenumbers(F, i)
            multiplier = (k * _sinc(xp, k * (step / 4.0))) ** 2
            part = F.coefficients * multiplier
        else:
            part = F.coefficients
            for axis in (i, j):
                k = wavenumbers(F, axis, odd=True)
                part = part * (k * _sinc(xp, k * (step / math.sqrt(8.0))))
        components.append(inverse(F._replace(coefficients=part)))
    return xp.stack(components, axis=-1)


def smooth_components(
    components: Array, width: float, lengths: Sequence[float]
) -> Array:
    """Components (..., m) of a tensor field smoothed with a Gaussian of ``width``.

    Probes of width s at h = 0 and N = infinity: applied to the quotient-form K, which
    is free of the aliasing of log rho.
    """
    if width == 0:
        return components
    xp = array_namespace(components)
    smoothed = [
        inverse(filtered(transform(components[..., m], lengths), width))
        for m in range(components.shape[-1])
    ]
    return xp.stack(smoothed, axis=-1)


def probe_tensor_finite(
    u: Array,
    lengths: Sequence[float],
    n: float,
    *,
    step: float,
    width: float = 0.0,
) -> Array:
    """`probe_tensor` for finite ``n`` and ``step`` > 0, by polarisation.

    O(d^2) shifted copies of the log density: two inverse transforms a direction.
    """
    xp = array_namespace(u)
    F = filtered(transform(u, lengths), width)
    middle = inverse(F)
    root = math.sqrt(0.5)

    def along(direction: dict[int, float]) -> Array:
        return _direction(F, middle, direction, n, step)

    components = []
    for i, j in packed_pairs(u.ndim):
        if i == j:
            components.append(along({i: 1.0}))
        else:
            plus, minus = along({i: root, j: root}), along({i: root, j: -root})
            components.append(0.5 * (plus - minus))
    return xp.stack(components, axis=-1)


def _direction(
    F: FieldTransform, middle: Array, e: dict[int, float], n: float, step: float
) -> Array:
    """Curvature along a unit vector, given by its components that are not zero."""
    xp = array_namespace(middle)
    ahead = _shifted(F, {i: 0.5 * step * c for i, c in e.items()}) - middle
    behind = _shifted(F, {i: -0.5 * step * c for i, c in e.items()}) - middle
    gap = -0.5 * (xp.expm1(ahead / n) + xp.expm1(behind / n))
    # n < 0 turns the sign of gap but not that of the curvature.
    root = xp.sqrt(0.5 * xp.abs(gap))
    bounded = xp.where(root > 1.0, xp.ones_like(root), root)
    positive = xp.asin(bounded) ** 2
    negative = xp.asinh(root) ** 2
    return (16.0 * n / step**2) * xp.where(gap >= 0, positive, -negative)


def _shifted(F: FieldTransform, shifts: dict[int, float]) -> Array:
    """u(x + shift): the Nyquist mode, whose sine is unseen, turns by its cosine."""
    xp = array_namespace(F.coefficients)
    part = F.coefficients
    for axis, shift in shifts.items():
        cosine = xp.cos(wavenumbers(F, axis) * shift)
        sine = xp.sin(wavenumbers(F, axis, odd=True) * shift)
        turn = xp.astype(cosine, part.dtype) + xp.astype(sine, part.dtype) * 1j
        part = part * turn
    return inverse(F._replace(coefficients=part))
