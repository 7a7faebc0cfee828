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
from collections.abc import Iterable, Sequence
from typing import Any

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import each_tile
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
    F = filtered(transform(u, lengths), width)
    return _packed(u, (probe_component(F, i, j, step) for i, j in packed_pairs(u.ndim)))


def probe_component(F: FieldTransform, i: int, j: int, step: float) -> Array:
    """Component i, j of `probe_tensor` alone, from the transform of the log density.

    One inverse transform: no more than a few fields are held at a time.
    """
    xp = array_namespace(F.coefficients)
    if i == j:
        k = wavenumbers(F, i)
        part = F.coefficients * (k * _sinc(xp, k * (step / 4.0))) ** 2
    else:
        part = F.coefficients
        for axis in (i, j):
            k = wavenumbers(F, axis, odd=True)
            part = part * (k * _sinc(xp, k * (step / math.sqrt(8.0))))
    return inverse(F._replace(coefficients=part))


def _packed(like: Array, components: Iterable[Array]) -> Array:
    """Components one after the other in one array (..., d (d + 1) / 2)."""
    xp, d = array_namespace(like), like.ndim
    shape = (*like.shape, d * (d + 1) // 2)
    K = xp.empty(shape, dtype=like.dtype, device=device(like))
    for p, component in enumerate(components):
        K[..., p] = component
    return K


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
    F = filtered(transform(u, lengths), width)
    middle = inverse(F)
    pairs = packed_pairs(u.ndim)
    return _packed(
        u, (probe_component_finite(F, middle, i, j, n, step) for i, j in pairs)
    )


def probe_component_finite(
    F: FieldTransform, middle: Array, i: int, j: int, n: float, step: float
) -> Array:
    """Component i, j of `probe_tensor_finite` alone.

    Parameters
    ----------
    F : FieldTransform
        Of the log density, smoothed with the width of the probes.
    middle : array
        Its values.
    i, j : int
    n, step : float
    """
    if i == j:
        return _direction(F, middle, {i: 1.0}, n, step)
    root = math.sqrt(0.5)
    plus = _direction(F, middle, {i: root, j: root}, n, step)
    return 0.5 * (plus - _direction(F, middle, {i: root, j: -root}, n, step))


def _direction(
    F: FieldTransform, middle: Array, e: dict[int, float], n: float, step: float
) -> Array:
    """Curvature along a unit vector, given by its components that are not zero."""
    ahead = _shifted(F, {i: 0.5 * step * c for i, c in e.items()})
    behind = _shifted(F, {i: -0.5 * step * c for i, c in e.items()})

    def work(planes: slice) -> None:
        # In place of one of the two: a dozen temporaries of a field would not fit.
        first, last = ahead[planes, ...], behind[planes, ...]
        ahead[planes, ...] = _between(first, middle[planes, ...], last, n, step)

    each_tile(work, F.shape[0], 96 * math.prod(F.shape[1:]), like=middle)
    return ahead


def _between(
    ahead: Array, middle: Array, behind: Array, n: float, step: float
) -> Array:
    """Curvature of three log densities at equal distances, cell by cell."""
    xp = array_namespace(middle)
    gap = xp.expm1((ahead - middle) / n) + xp.expm1((behind - middle) / n)
    # n < 0 turns the sign of gap but not that of the curvature.
    root = 0.5 * xp.sqrt(xp.abs(gap))
    bounded = xp.where(root > 1.0, xp.ones_like(root), root)
    positive = xp.asin(bounded) ** 2
    negative = xp.asinh(root) ** 2
    return (16.0 * n / step**2) * xp.where(gap <= 0, positive, -negative)


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
