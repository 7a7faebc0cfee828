"""Optimal transport of Gaussian measures and the entropic curvature of a pair of them.

``N(a0, C0) -> N(a1, C1)``: the optimal map has the symmetric derivative
``T = C0^{-1/2} (C0^{1/2} C1 C0^{1/2})^{1/2} C0^{-1/2}``; with ``D = T - I`` and
``da = a1 - a0``, ``W2^2 = |da|^2 + tr(D C0 D)`` and ``C_t = (I + tD) C0 (I + tD)``.

Sources: McCann, Adv. Math. 128 (1997) 153, example 1.7; Bhatia, Jain and Lim, Expo.
Math. 37 (2019) 165. The gap of the entropy is our own derivation.
"""

from __future__ import annotations

from typing import NamedTuple

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.entropic.entropies import stretch_gap
from geomsci.reference.entropic.pair_curvature import EntropyGap, pair_curvature
from geomsci.reference.spd.bures_wasserstein import distance_between
from geomsci.reference.spd.matrix_functions import (
    from_spectrum,
    hermitian_part,
    require_positive,
    solve_lyapunov,
    sqrtm_and_inverse,
)


class GaussianMeasure(NamedTuple):
    """Mean (..., d) and covariance (..., d, d)."""

    mean: Array
    covariance: Array


def bures_wasserstein(C0: Array, C1: Array) -> Array:
    """W2 of two centred Gaussian measures; close pairs lose no digits."""
    return distance_between(linalg.cholesky(C0), linalg.cholesky(C1))


def displacement_gradient(C0: Array, C1: Array) -> Array:
    """``D = T - I``, the derivative of the optimal displacement; symmetric.

    ``T - I`` loses all digits where C0 and C1 are close, so one Newton step on
    ``(I + D) C0 (I + D) = C1`` follows: with ``M = (C0^{1/2} C1 C0^{1/2})^{1/2}`` its
    correction X solves ``Y M + M Y = C0^{1/2} residual C0^{1/2}``,
    ``Y = C0^{1/2} X C0^{1/2}``, and D is then right to a few roundings of its own size.
    """
    xp = array_namespace(C0, C1)
    root, inverse = sqrtm_and_inverse(C0)
    w, U = linalg.eigh(hermitian_part(root @ C1 @ root))
    require_positive(xp, w)
    w = xp.sqrt(w)
    T = inverse @ from_spectrum(U, w) @ inverse
    identity = xp.eye(C0.shape[-1], dtype=C0.dtype, device=device(C0))
    D = hermitian_part(T) - identity
    residual = (C1 - C0) - covariance_change(C0, D)
    Y = solve_lyapunov(w, U, root @ residual @ root)
    return hermitian_part(D + inverse @ Y @ inverse)


def covariance_change(C0: Array, D: Array) -> Array:
    """``(I + D) C0 (I + D) - C0``."""
    half = D @ C0
    return 2.0 * hermitian_part(half) + half @ D


def displacement_interpolation(
    a0: Array, C0: Array, a1: Array, C1: Array, t: Array
) -> GaussianMeasure:
    """The measure at time t between two Gaussian ones.

    Parameters
    ----------
    a0, a1 : array, shape (..., d)
    C0, C1 : array, shape (..., d, d)
        Symmetric positive definite.
    t : array, shape (...), in [0, 1]

    Returns
    -------
    law : GaussianMeasure
    """
    D = displacement_gradient(C0, C1) * t[..., None, None]
    mean = a0 + t[..., None] * (a1 - a0)
    return GaussianMeasure(mean, hermitian_part(C0 + covariance_change(C0, D)))


def gaussian_gap(
    a0: Array, C0: Array, a1: Array, C1: Array, b: Array, A: Array, t: Array
) -> EntropyGap:
    """Jensen gap of the entropy relative to ``exp(-(x - b)' A (x - b) / 2)``.

    A is symmetric and need not be positive: on a small scale every smooth log-density
    is such a quadratic. With the eigenvalues ``delta`` of D,
    ``J = t (1-t) [da' A da + tr(A D C0 D)] / 2 + sum log(1 + t delta) - t log(1 +
    delta)``; nothing cancels.
    """
    xp = array_namespace(C0)
    D = displacement_gradient(C0, C1)
    delta = linalg.eigvalsh(D)
    da = a1 - a0
    spread = D @ C0 @ D
    bent = _bilinear(da, A, da) + xp.sum(A * spread, axis=(-2, -1))
    t_columns = t[..., None]
    stretched = xp.sum(stretch_gap(*xp.broadcast_arrays(delta, t_columns)), axis=-1)
    gap = 0.5 * t * (1.0 - t) * bent + stretched
    middle = 0.5 * (a0 + a1) - b
    raised = 0.5 * xp.sum(A * covariance_change(C0, D), axis=(-2, -1))
    difference = xp.sum(xp.log1p(delta), axis=-1) - raised - _bilinear(da, A, middle)
    squared = xp.sum(da * da, axis=-1) + xp.linalg.trace(spread)
    return EntropyGap(gap, difference, squared)


def _bilinear(u: Array, A: Array, v: Array) -> Array:
    """``u' A v``."""
    xp = array_namespace(A)
    return xp.sum(u[..., :, None] * A * v[..., None, :], axis=(-2, -1))


def gaussian_entropic_curvature(
    a0: Array,
    C0: Array,
    a1: Array,
    C1: Array,
    b: Array,
    S: Array,
    t: Array,
    *,
    N: float,
) -> Array:
    """Curvature of a Gaussian pair relative to N(b, S); see `gaussian_gap`."""
    xp = array_namespace(S)
    identity = xp.eye(S.shape[-1], dtype=S.dtype, device=device(S))
    A = hermitian_part(linalg.solve(S, xp.broadcast_to(identity, S.shape)))
    return pair_curvature(gaussian_gap(a0, C0, a1, C1, b, A, t), t, N)


def local_precision(C: Array, R: float, measure: str) -> Array:
    """``-Hess log m`` where the local measure ``G_R rho`` has the covariance C.

    ``"smoothed"``: ``(I - C/R^2)/R^2``, exact for ``m = rho * G_R`` (second-order
    Tweedie identity). ``"density"``: ``C^{-1} - I/R^2``, exact for ``m = rho`` where
    log rho is quadratic, and right to second order in R elsewhere.
    """
    xp = array_namespace(C)
    identity = xp.eye(C.shape[-1], dtype=C.dtype, device=device(C))
    if measure == "smoothed":
        return (identity - C / R**2) / R**2
    inverse = hermitian_part(linalg.solve(C, xp.broadcast_to(identity, C.shape)))
    return inverse - identity / R**2


def local_bures_curvature(
    a0: Array,
    C0: Array,
    a1: Array,
    C1: Array,
    C: Array,
    t: Array,
    *,
    R: float,
    measure: str,
) -> Array:
    """K_inf of two local measures by their moments, with `local_precision` between."""
    xp = array_namespace(C)
    A = local_precision(C, R, measure)
    origin = xp.zeros_like(a0)
    pair = gaussian_gap(a0, C0, a1, C1, origin, A, t)
    return pair_curvature(pair, t, float("inf"))
