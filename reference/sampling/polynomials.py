r"""Orthonormal polynomials of six probability measures, by three-term recurrences.

With the probability measure of the family, :math:`p_0 = 1` and

.. math:: b_{k+1} p_{k+1}(x) = (x - a_k) p_k(x) - b_k p_{k-1}(x).

========= ======================= ============================== ==================
family    measure                 a_k                            b_k^2
========= ======================= ============================== ==================
legendre  uniform on [-1, 1]      0                              k^2 / (4 k^2 - 1)
hermite   standard normal         0                              k
chebyshev arcsine on [-1, 1]      0                              1/4 (1/2 at k = 1)
jacobi    (1-x)^alpha (1+x)^beta  see `recurrence`               see `recurrence`
laguerre  standard exponential    2 k + 1                        k^2, sign (-1)^k
fourier   uniform on [0, 1]       none: 1, sqrt 2 cos 2 pi x, sqrt 2 sin 2 pi x, ...
========= ======================= ============================== ==================

Laguerre polynomials have the classical sign, ``L_k(0) = 1``; the others have a
positive leading coefficient. Monomials never appear.

Hermite and Laguerre polynomials pass the largest number before the kernel of a basis
of a few hundred functions is summed. The scaled forms carry one power of two for
every point beside values of size one, so they neither overflow nor become NaN.

References
----------
Gautschi, Orthogonal Polynomials: Computation and Approximation (2004), tables 1.1
and 1.2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from geomsci.backends.arrays import Array, array_namespace

FAMILIES = ("legendre", "hermite", "chebyshev", "fourier", "jacobi", "laguerre")

DOMAINS: dict[str, tuple[float, float]] = {
    "legendre": (-1.0, 1.0),
    "hermite": (-math.inf, math.inf),
    "chebyshev": (-1.0, 1.0),
    "fourier": (0.0, 1.0),
    "jacobi": (-1.0, 1.0),
    "laguerre": (0.0, math.inf),
}
"""Closed support of the probability measure of every family."""

LOG2 = math.log(2.0)

# Exponent of a value that is zero: below every other one, and sums stay finite.
NO_EXPONENT = -(2.0**20)


def recurrence(
    family: str, degree: int, alpha: float = 0.0, beta: float = 0.0
) -> tuple[list[float], list[float]]:
    """Coefficients ``a_0 .. a_{degree-1}`` and ``b_1 .. b_degree`` of a family.

    Parameters
    ----------
    family : str
        One of `FAMILIES` except ``"fourier"``.
    degree : int, >= 0
    alpha, beta : float, > -1
        Exponents of the Jacobi weight.

    Returns
    -------
    a, b : lists of float, length degree

    Notes
    -----
    For Jacobi with s = alpha + beta: ``a_k = (beta^2 - alpha^2) / ((2k+s)(2k+s+2))``,
    ``b_k^2 = 4k(k+alpha)(k+beta)(k+s) / ((2k+s)^2 (2k+s+1)(2k+s-1))``, where the factor
    ``(k+s)/(2k+s-1)`` is one at k = 1, and ``a_0 = (beta-alpha)/(s+2)``.
    """
    steps = range(1, degree + 1)
    a = [0.0] * degree
    if family == "legendre":
        return a, [k / math.sqrt(4.0 * k * k - 1.0) for k in steps]
    if family == "hermite":
        return a, [math.sqrt(k) for k in steps]
    if family == "chebyshev":
        return a, [math.sqrt(0.5) if k == 1 else 0.5 for k in steps]
    if family == "laguerre":
        return [2.0 * k + 1.0 for k in range(degree)], [float(k) for k in steps]
    if family != "jacobi":
        raise ValueError(f"{family} has no three-term recurrence.")
    s = alpha + beta
    b = []
    for k in range(degree):
        top = (beta - alpha) / (s + 2.0)
        a[k] = top if k == 0 else s * top * (s + 2.0) / ((2 * k + s) * (2 * k + s + 2))
    for k in steps:
        last = 1.0 if k == 1 else (k + s) / (2 * k + s - 1.0)
        square = 4.0 * k * (k + alpha) * (k + beta) * last
        b.append(math.sqrt(square / (2 * k + s + 1.0)) / (2 * k + s))
    return a, b


def _advance(
    k: int,
    a: list[float],
    b: list[float],
    sign: float,
    x: Array,
    before: Array,
    now: Array,
) -> Array:
    """The polynomial of degree ``k + 1`` from those of degrees ``k - 1`` and ``k``."""
    moved = sign * (x - a[k]) * now
    if k > 0:
        moved = moved - b[k - 1] * before
    return moved / b[k]


def univariate(
    family: str, degree: int, x: Array, alpha: float = 0.0, beta: float = 0.0
) -> Array:
    """Evaluate the orthonormal functions ``0 .. degree`` of a family.

    Parameters
    ----------
    family : str
        One of `FAMILIES`.
    degree : int, >= 0
    x : array, shape (...)
        Points of the family's domain, float32 or float64.
    alpha, beta : float, > -1
        Exponents of the Jacobi weight; other families do not read them.

    Returns
    -------
    values : array, shape (..., degree + 1)

    Notes
    -----
    O(degree) operations a point. Hermite and Laguerre values overflow far outside the
    bulk of the measure: see `scaled_univariate`.
    """
    xp = array_namespace(x)
    if family == "fourier":
        return xp.stack(list(_waves(xp, degree, x)), axis=-1)
    a, b = recurrence(family, degree, alpha, beta)
    sign = -1.0 if family == "laguerre" else 1.0
    before, now = xp.zeros_like(x), xp.ones_like(x)
    values = [now]
    for k in range(degree):
        before, now = now, _advance(k, a, b, sign, x, before, now)
        values.append(now)
    return xp.stack(values, axis=-1)


def _waves(xp: Any, degree: int, x: Array) -> Iterator[Array]:
    """1, sqrt 2 cos 2 pi x, sqrt 2 sin 2 pi x, sqrt 2 cos 4 pi x, ..."""
    yield xp.ones_like(x)
    for k in range(1, degree + 1):
        turns = ((k + 1) // 2) * x
        # Whole turns are taken off first, so the angle keeps its last digits.
        angle = 2.0 * math.pi * (turns - xp.round(turns))
        yield math.sqrt(2.0) * (xp.cos(angle) if k % 2 else xp.sin(angle))


def scaled_univariate(
    family: str, degree: int, x: Array, alpha: float = 0.0, beta: float = 0.0
) -> tuple[Array, Array]:
    """Evaluate as `univariate`, as mantissas in [1, 2) and powers of two.

    Parameters
    ----------
    family, degree, x, alpha, beta
        As in `univariate`.

    Returns
    -------
    mantissas, exponents : arrays, shape (..., degree + 1)
        ``values = mantissas * 2**exponents``; the exponents are whole numbers. Zero
        has the mantissa 0 and the exponent ``-2**20``.

    Notes
    -----
    The recurrence is multiplied by a power of two whenever it grows past a bound, which
    adds no rounding. Points up to 1e140 (1e17 in float32) are safe.
    """
    xp = array_namespace(x)
    one = xp.ones_like(x)
    if family == "fourier":
        values = univariate(family, degree, x)
        return _split(xp, values, xp.zeros_like(values))
    step = 64 if x.dtype == xp.float32 else 512
    a, b = recurrence(family, degree, alpha, beta)
    sign = -1.0 if family == "laguerre" else 1.0
    before, now, power = xp.zeros_like(x), one, xp.zeros_like(x)
    steps, powers = [now], [power]
    for k in range(degree):
        before, now = now, _advance(k, a, b, sign, x, before, now)
        large = xp.abs(now) > 2.0 ** (step // 2)
        factor = xp.where(large, 2.0**-step * one, one)
        before, now = before * factor, now * factor
        power = power + step * xp.astype(large, x.dtype)
        steps.append(now)
        powers.append(power)
    return _split(xp, xp.stack(steps, axis=-1), xp.stack(powers, axis=-1))


def _split(xp: Any, values: Array, powers: Array) -> tuple[Array, Array]:
    """Mantissas in [1, 2) and exponents of ``values * 2**powers``."""
    zero = values == 0
    size = xp.where(zero, xp.ones_like(values), xp.abs(values))
    exponents = xp.floor(xp.log2(size))
    nothing = xp.full_like(powers, NO_EXPONENT)
    mantissas = values * power_of_two(-exponents)
    return mantissas, xp.where(zero, nothing, powers + exponents)


def power_of_two(exponents: Array) -> Array:
    """``2**exponents``; infinite from ``2**1000`` (``2**120`` in float32) on."""
    xp = array_namespace(exponents)
    top = 120.0 if exponents.dtype == xp.float32 else 1000.0
    low = -140.0 if exponents.dtype == xp.float32 else -1060.0
    inside = xp.clip(exponents, low, top)
    power = xp.pow(xp.full_like(exponents, 2.0), inside)
    # Written out, because the library's own overflow would warn.
    power = xp.where(exponents > top, xp.full_like(power, math.inf), power)
    return xp.where(exponents < low, xp.zeros_like(power), power)
