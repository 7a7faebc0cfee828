"""Effective entropic curvature of a pair of measures, finite distance, finite N.

With the Jensen gap ``J = (1-t) E0 + t E1 - E_t`` of the entropy along the transport of
length ``W2``, ``K_inf = 2 J / (t (1-t) W2^2)``. With ``U = exp(-E/N)``, K_N is the K
for which the entropic curvature-dimension condition holds with equality,
``U_t = sigma^{(1-t)}_{K/N}(W2) U_0 + sigma^{(t)}_{K/N}(W2) U_1``,
``sigma^{(t)}_k(w) = sin(sqrt(k) t w) / sin(sqrt(k) w)`` (sinh for k < 0).

Sources: Sturm, Acta Math. 196 (2006) 65; Erbar, Kuwada and Sturm, Invent. Math. 201
(2015) 993, definition 2.7 and equation (2.12).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, eps
from geomsci.reference.entropic.entropies import exp_remainder

LARGEST_RATIO = 600.0
"""Largest ``|E_i - E_t| / N``: exp overflows soon after."""

_SERIES_BELOW = 1.0
_SERIES_TERMS = 10
_TOP = math.pi**2
_MAX_ITER = 300


class EntropyGap(NamedTuple):
    """What the curvature of a pair needs of its three entropies and its length."""

    gap: Array  # (1-t) E0 + t E1 - E_t
    difference: Array  # E0 - E1
    W2_squared: Array


def gap_of_entropies(
    E0: Array, E1: Array, Et: Array, W2: Array, t: Array
) -> EntropyGap:
    """Jensen gap of three given entropies."""
    return EntropyGap((1.0 - t) * (E0 - Et) + t * (E1 - Et), E0 - E1, W2 * W2)


def entropic_curvature(E0: Array, E1: Array, Et: Array, W2: Array, t: Array) -> Array:
    """``K_inf = 2 [(1-t) E0 + t E1 - E_t] / (t (1-t) W2^2)``."""
    return pair_curvature(gap_of_entropies(E0, E1, Et, W2, t), t, math.inf)


def entropic_curvature_dimension(
    E0: Array, E1: Array, Eh: Array, W2: Array, t: Array, *, N: float
) -> Array:
    """``K_N`` of the entropies at both ends and at t."""
    return pair_curvature(gap_of_entropies(E0, E1, Eh, W2, t), t, N)


def pair_curvature(pair: EntropyGap, t: Array, N: float) -> Array:
    """Curvature of a pair by its Jensen gap.

    Parameters
    ----------
    pair : EntropyGap
        Arrays that broadcast.
    t : array
        Interior times, strictly between 0 and 1.
    N : float
        Dimension, not zero; infinity for K_inf.

    Returns
    -------
    K : array

    Notes
    -----
    With ``x_i = -(E_i - E_t)/N = m + t D, m - (1-t) D``, ``m = -J/N`` and
    ``D = -(E0 - E1)/N``, the sum ``(1-t) expm1(x_0) + t expm1(x_1)`` is
    ``expm1(m) + e^m t (1-t) D^2 [t f(tD) + (1-t) f(-(1-t)D)]``, ``f`` the remainder of
    the exponential: the large parts linear in D have cancelled on paper. At t = 1/2 its
    negative is ``eps = 1 - (U_0+U_1)/(2 U_t)`` and ``K_N = (16 N/W2^2)
    asin(sqrt(eps/2))^2`` (asinh and a minus sign for eps < 0).

    Raises
    ------
    ValueError
        W2 not positive, or entropies that differ by more than 600 N.
    """
    xp = array_namespace(pair.gap)
    if not bool(xp.min(pair.W2_squared) > 0):
        raise ValueError(
            "The two measures must be at a positive distance, got W2 = 0: the "
            "curvature of a pair needs two different measures."
        )
    if math.isinf(N):
        return 2.0 * pair.gap / (t * (1.0 - t) * pair.W2_squared)
    m, D = -pair.gap / N, -pair.difference / N
    _require_range(m + t * D, m - (1.0 - t) * D, N)
    curved = t * exp_remainder(t * D) + (1.0 - t) * exp_remainder(-(1.0 - t) * D)
    excess = xp.expm1(m) + xp.exp(m) * t * (1.0 - t) * D * D * curved
    if bool(xp.all(t == 0.5)):
        angle = _half_angle(excess)
    else:
        angle = _squared_angle(excess, m + t * D, m - (1.0 - t) * D, t)
    return N * angle / pair.W2_squared


def _require_range(x0: Array, x1: Array, N: float) -> None:
    xp = array_namespace(x0)
    largest = float(xp.max(xp.maximum(xp.abs(x0), xp.abs(x1))))
    if not largest <= LARGEST_RATIO:
        raise ValueError(
            f"The entropies must differ by at most {LARGEST_RATIO:g} N along the "
            f"transport, got {largest * abs(N):.3g} with N = {N:g}: use a larger N."
        )


def _half_angle(excess: Array) -> Array:
    """``k W2^2`` at t = 1/2: ``16 asin(sqrt(-excess/2))^2``, or minus ``asinh``."""
    xp = array_namespace(excess)
    root = xp.sqrt(0.5 * xp.abs(excess))
    below = xp.clip(root, max=1.0)
    return xp.where(
        excess <= 0, 16.0 * xp.asin(below) ** 2, -16.0 * xp.asinh(root) ** 2
    )


def _squared_angle(excess: Array, x0: Array, x1: Array, t: Array) -> Array:
    """Root ``y < pi^2`` of ``excess + sum_i e^{x_i} (sigma_i(y) - sigma_i(0))``.

    The left side rises and is convex in y: its tangent at zero gives the upper end of
    the bracket, ``sigma^{(t)} <= e^{-(1-t) sqrt(-y)}`` the lower one. Newton steps that
    leave the bracket are replaced by its middle.
    """
    xp = array_namespace(excess)
    excess, x0, x1, t = xp.broadcast_arrays(excess, x0, x1, t)
    u0, u1 = xp.exp(x0), xp.exp(x1)
    slope = ((1 - t) * (1 - (1 - t) ** 2) * u0 + t * (1 - t * t) * u1) / 6.0
    high = xp.clip(-excess / slope, max=_TOP * (1 - 1e-12))
    reach = xp.clip(xp.maximum(x0, x1), min=0.0) + math.log(2.0)
    low = xp.minimum(-((reach / xp.minimum(t, 1.0 - t)) ** 2), high)
    y = high
    tol = 8 * eps(xp, y.dtype)
    for _ in range(_MAX_ITER):
        first, second = _sigma_excess(y, 1.0 - t), _sigma_excess(y, t)
        value = excess + u0 * first + u1 * second
        rate = u0 * (first + 1.0 - t) * _log_rate(y, 1.0 - t)
        rate = rate + u1 * (second + t) * _log_rate(y, t)
        low, high = xp.where(value < 0, y, low), xp.where(value < 0, high, y)
        newton = y - value / rate
        inside = (newton >= low) & (newton <= high)
        following = xp.where(inside, newton, 0.5 * (low + high))
        settled = xp.abs(following - y) <= tol * xp.abs(following)
        y = following
        if bool(xp.all(settled)):
            break
    return y


def _sinc_less_one(y: Array) -> Array:
    """``sin(sqrt y)/sqrt y - 1`` by its series, |y| < 1."""
    xp = array_namespace(y)
    series = xp.zeros_like(y)
    for k in range(_SERIES_TERMS, 0, -1):
        series = y * ((-1) ** k / math.factorial(2 * k + 1) + series)
    return series


def _positive_part(y: Array, chosen: Array) -> Array:
    """``sqrt |y|`` where chosen, 1 elsewhere."""
    xp = array_namespace(y)
    return xp.sqrt(xp.where(chosen, xp.abs(y), xp.ones_like(y)))


def _sigma_excess(y: Array, t: Array) -> Array:
    """``sigma^{(t)}(y) - t``, ``sigma = sin(t sqrt y) / sin(sqrt y)``, any y < pi^2."""
    xp = array_namespace(y)
    close, above = xp.abs(y) < _SERIES_BELOW, y >= _SERIES_BELOW
    small = xp.where(close, y, xp.zeros_like(y))
    g = _sinc_less_one(small)
    near = t * (_sinc_less_one(t * t * small) - g) / (1.0 + g)
    angle = _positive_part(y, above)
    elliptic = xp.sin(t * angle) / xp.sin(angle) - t
    angle = _positive_part(y, y <= -_SERIES_BELOW)
    falling = xp.expm1(-2.0 * t * angle) / xp.expm1(-2.0 * angle)
    hyperbolic = xp.exp(-(1.0 - t) * angle) * falling - t
    return xp.where(close, near, xp.where(above, elliptic, hyperbolic))


def _log_rate(y: Array, t: Array) -> Array:
    """``d log sigma^{(t)} / dy = (c(t^2 y) - c(y)) / (2 y)``, ``c(z^2) = z cot z``."""
    xp = array_namespace(y)
    close = xp.abs(y) < 1e-4
    far = xp.where(close, xp.ones_like(y), y)
    rate = (_cotangent(t * t * far) - _cotangent(far)) / (2.0 * far)
    return xp.where(close, (1.0 - t * t) / 6.0, rate)


def _cotangent(y: Array) -> Array:
    xp = array_namespace(y)
    z = xp.sqrt(xp.abs(y))
    return xp.where(y > 0, z / xp.tan(z), z / xp.tanh(z))
