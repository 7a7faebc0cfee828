"""Parts of relative entropies, written so that small differences keep their digits.

The entropy of ``mu`` relative to ``m`` is ``Ent(mu|m) = int log(dmu/dm) dmu``. Along a
transport of small displacement h its differences are of the order h^2, so the functions
here return the remainders of the exponential and of the logarithm, not the functions.
"""

from __future__ import annotations

import math

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace

_EXP_SERIES_BELOW = 0.5  # the first dropped term, 2 y^15 / 17!, is below 1e-18
_EXP_TERMS = 15
_LOG_SERIES_BELOW = 0.25  # z = x / (2 + x) is then below 1/7
_LOG_TERMS = 11
_UNLIMITED_ABOVE = 700.0  # exp overflows soon after


def exp_remainder(y: Array) -> Array:
    """``(e^y - 1 - y) / y^2``, 1/2 at y = 0; exact to a few roundings everywhere."""
    xp = array_namespace(y)
    close = xp.abs(y) < _EXP_SERIES_BELOW
    small = xp.where(close, y, xp.zeros_like(y))
    series = xp.full_like(y, 1 / math.factorial(_EXP_TERMS + 1))
    for k in range(_EXP_TERMS, 1, -1):
        series = series * small + 1 / math.factorial(k)
    far = xp.where(close, xp.ones_like(y), xp.clip(y, max=_UNLIMITED_ABOVE))
    return xp.where(close, series, (xp.expm1(far) - far) / far / far)


def log_remainder(x: Array) -> Array:
    """``(x - log(1 + x)) / x^2`` for x > -1, 1/2 at x = 0.

    With ``z = x / (2 + x)``: ``log(1 + x) = 2 artanh z`` and ``x - 2 z = x^2/(2 + x)``,
    so the remainder is ``1/(2 + x) - 2 z (1/3 + z^2/5 + ...) / (2 + x)^2``.
    """
    xp = array_namespace(x)
    close = xp.abs(x) < _LOG_SERIES_BELOW
    small = xp.where(close, x, xp.zeros_like(x))
    z = small / (2.0 + small)
    series = xp.full_like(x, 1 / (2 * _LOG_TERMS + 1))
    for k in range(_LOG_TERMS - 1, 0, -1):
        series = series * z * z + 1 / (2 * k + 1)
    near = 1.0 / (2.0 + small) - 2.0 * z * series / (2.0 + small) ** 2
    far = xp.where(close, xp.ones_like(x), x)
    return xp.where(close, near, (far - xp.log1p(far)) / far / far)


def stretch_gap(delta: Array, t: Array) -> Array:
    """``log(1 + t delta) - t log(1 + delta) >= 0`` for delta > -1 and t in (0, 1).

    What a stretch of the volume by ``1 + delta`` adds to ``(1-t) E0 + t E1 - E_t``;
    written as ``t delta^2 (q(delta) - t q(t delta))`` with q the `log_remainder`.
    """
    xp = array_namespace(delta)
    close = xp.abs(delta) < 1.0
    small = xp.where(close, delta, xp.zeros_like(delta))
    near = t * small**2 * (log_remainder(small) - t * log_remainder(t * small))
    far = xp.where(close, xp.ones_like(delta), delta)
    return xp.where(close, near, xp.log1p(t * far) - t * xp.log1p(far))


def gaussian_entropy(a: Array, C: Array, b: Array, S: Array) -> Array:
    """Relative entropy of N(a, C) with respect to N(b, S).

    ``Ent = [tr S^-1 C + (a-b)' S^-1 (a-b) - d + log det S / det C] / 2``.

    Parameters
    ----------
    a, b : array, shape (..., d)
    C, S : array, shape (..., d, d)
        Symmetric positive definite.

    Returns
    -------
    entropy : array, shape (...)
    """
    xp = array_namespace(C)
    shift = (a - b)[..., :, None]
    inner = linalg.solve(S, C) + linalg.solve(S, shift) @ xp.matrix_transpose(shift)
    trace = xp.linalg.trace(inner)
    return 0.5 * (trace - C.shape[-1] + log_det(S) - log_det(C))


def log_det(C: Array) -> Array:
    """``log det C`` of symmetric positive definite matrices."""
    xp = array_namespace(C)
    return 2.0 * xp.sum(xp.log(xp.linalg.diagonal(linalg.cholesky(C))), axis=-1)
