r"""Recurrences and proven bounds, as the scalar samplers read them.

What bounds ``f(theta) = p_k(cos theta)^2 sin^(2a+1)(theta/2) cos^(2b+1)(theta/2)`` for
Jacobi exponents a, b > -1: with ``u^2 = f`` the function u solves ``u'' + F u = 0``,

    F = N^2 + (1/4 - a^2) / (4 sin^2(theta/2)) + (1/4 - b^2) / (4 cos^2(theta/2)),
    N = k + (a + b + 1) / 2,

and ``S = u^2 + u'^2 / F`` grows where F falls, and falls where F grows (Sonin).

* Both exponents in [-1/2, 1/2]: F falls, then grows, so S at its minimum bounds f.
  For Legendre the bound is ``4 / (pi (2 k + 1))`` for ``P_k^2 sin`` (Bernstein).
* Both at least -1/2: ``(2 e / pi)(2 + sqrt(a^2 + b^2)) B(a + 1, b + 1)`` (Erdelyi,
  Magnus and Nevai); for k = 0 the maximum itself.
* Both at most -1/2: p_k itself is bounded for all k, so points of the measure are
  proposed. Its maximum is bounded by that over 8 k + 8 Chebyshev points, divided by
  ``cos(pi / 16)`` (Ehlich and Zeller).
* One below and one above: the half of the interval beside the small exponent as in
  the third case, the other half as in the first (S grows towards the middle).

Hermite and Laguerre, in the variable y of `geomsci.reference.sampling.coordinates`:
``u'' + F u = 0`` with ``F = N^2 - y^2``, ``N^2 = 2 k + 1`` (Hermite) and
``F = N^2 - y^2 + 1 / (4 y^2)``, ``N^2 = 4 k + 2`` (Laguerre).

* Bulk: with ``g = N^2 - y^2, v = g^(1/4) u, dt = g^(1/2) dy`` one has
  ``v_tt + Q v = 0``, ``Q = 1 - (g/2 + 5 y^2/4) / g^3 (+ 1 / (4 y^2 g))``, which falls
  everywhere in (0, N); so ``S = v^2 + v_t^2 / Q`` at the end of the bulk bounds v^2.
* Edge: beyond its last zero ``log u^2`` is concave (where F > 0 at once; where F < 0
  by the Riccati equation of u'/u, because -F grows), so its tangents lie above it. That
  there is no zero beyond is read off the signs of ``p_0 .. p_k`` (Sturm).

References
----------
G. Szego, Orthogonal Polynomials (1939), sections 4.24, 6.31, 7.3 and 7.31.
T. Erdelyi, A. P. Magnus and P. Nevai, SIAM J. Math. Anal. 25 (1994) 602, theorem 1.
H. Ehlich and K. Zeller, Math. Z. 86 (1964) 41.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.sampling import coordinates
from geomsci.reference.sampling.polynomials import recurrence

CODES = {
    "fourier": coordinates.FOURIER,
    "chebyshev": coordinates.CHEBYSHEV,
    "legendre": coordinates.LEGENDRE,
    "jacobi": coordinates.JACOBI,
    "hermite": coordinates.HERMITE,
    "laguerre": coordinates.LAGUERRE,
}

WIDTH = 12
"""Numbers of a bound."""

# First zero and first maximum of the Airy function Ai, and a point of its tail.
_AIRY_ZERO, _AIRY_TOP, _AIRY_TAIL = -2.3381074, -1.0187930, 0.7

Rows = list[list[float]]


class Tables(NamedTuple):
    """A polynomial basis, as the scalar code reads it.

    Attributes
    ----------
    families : array of int64, shape (d,)
        Values of `CODES`.
    indices : array of int64, shape (m, d)
    recurrences : array of float64, shape (d, p + 1, 3)
        ``p_{j+1} = (r[j, 0] x - r[j, 1]) p_j - r[j, 2] p_{j-1}``.
    envelopes : array of float64, shape (d, p + 1, 12)
        Bound of every degree, see `geomsci.reference.sampling.coordinates`.
    """

    families: Array
    indices: Array
    recurrences: Array
    envelopes: Array


def tables(
    families: Sequence[str],
    indices: Array,
    alpha: Sequence[float],
    beta: Sequence[float],
) -> Tables:
    """Tables of a basis, in the library and on the device of ``indices``.

    Notes
    -----
    O(d p^2) plain Python operations, p the largest degree.
    """
    xp = array_namespace(indices)
    where = device(indices)
    top = int(xp.max(indices))
    recurrences, envelopes = [], []
    for j, family in enumerate(families):
        rows = _rows(family, top, alpha[j], beta[j])
        recurrences.append(rows)
        degree = int(xp.max(indices[:, j]))
        bounds = [_bound(family, k, rows, alpha[j], beta[j]) for k in range(degree + 1)]
        envelopes.append(bounds + [[0.0] * WIDTH] * (top - degree))

    def floats(values: list) -> Array:
        return xp.asarray(values, dtype=xp.float64, device=where)

    codes = [CODES[family] for family in families]
    return Tables(
        xp.asarray(codes, dtype=xp.int64, device=where),
        indices,
        floats(recurrences),
        floats(envelopes),
    )


def _rows(family: str, degree: int, alpha: float, beta: float) -> Rows:
    """Recurrence up to ``p_{degree + 1}``, one row a degree."""
    if family == "fourier":
        return [[0.0, 0.0, 0.0] for _ in range(degree + 1)]
    a, b = recurrence(family, degree + 1, alpha, beta)
    return [
        [1.0 / b[k], a[k] / b[k], b[k - 1] / b[k] if k else 0.0]
        for k in range(degree + 1)
    ]


def _bound(family: str, k: int, rows: Rows, alpha: float, beta: float) -> list[float]:
    if family in ("fourier", "chebyshev"):
        return [0.0] * WIDTH
    if family == "legendre":
        return [2.0 / math.pi] + [0.0] * (WIDTH - 1)
    if family == "jacobi":
        return _jacobi_bound(k, rows, alpha, beta)
    return _edge_bound(family == "laguerre", k, rows)


def _value_and_slope(rows: Rows, k: int, x: float) -> tuple[float, float, int]:
    """``p_k(x)`` and its derivative as multiples of ``2**(200 shift)``."""
    before, now, slope_before, slope, shift = 0.0, 1.0, 0.0, 0.0, 0
    for a, b, c in rows[:k]:
        factor = a * x - b
        before, now, slope_before, slope = (
            now,
            factor * now - c * before,
            slope,
            factor * slope + a * now - c * slope_before,
        )
        if max(abs(now), abs(slope)) > 2.0**200:
            before, now = before * 2.0**-200, now * 2.0**-200
            slope_before, slope = slope_before * 2.0**-200, slope * 2.0**-200
            shift += 1
    return now, slope, shift


# Jacobi


def _jacobi_bound(k: int, rows: Rows, alpha: float, beta: float) -> list[float]:
    """Bulk: C, 2a+1, 2b+1, begin and width in theta/2, mass; then two ends.

    An end has its mass, the bound of ``p^2 cos^(2b)(theta/2)`` (left) or of
    ``p^2 sin^(2a)(theta/2)`` (right), and the largest sine or cosine in it.
    """
    exponents = [2.0 * alpha + 1.0, 2.0 * beta + 1.0]
    if min(alpha, beta) >= -0.5:
        c = _angular_bound(k, rows, alpha, beta)
        bulk = [c, *exponents, 0.0, 0.5 * math.pi, math.pi * c]
        return bulk + [0.0] * 6
    left = _end(k, rows, alpha, beta, side=1.0)
    right = _end(k, rows, beta, alpha, side=-1.0)
    if max(alpha, beta) <= -0.5 or k == 0:
        return [0.0, *exponents, 0.0, 0.0, 0.0, *left, *right]
    c = _half_bound(k, rows, alpha, beta)
    mass = 0.5 * math.pi * c
    nothing = [0.0, 0.0, 0.0]
    if alpha < beta:
        begin = 0.25 * math.pi
        return [c, *exponents, begin, 0.25 * math.pi, mass, *left, *nothing]
    return [c, *exponents, 0.0, 0.25 * math.pi, mass, *nothing, *right]


def _sonin(k: int, rows: Rows, alpha: float, beta: float, square: float) -> float:
    """S of Jacobi polynomials where ``sin^2(theta/2)`` is ``square``."""
    s, c = math.sqrt(square), math.sqrt(1.0 - square)
    p, slope, _ = _value_and_slope(rows, k, 1.0 - 2.0 * square)
    a, b = alpha + 0.5, beta + 0.5
    du = -2.0 * s * c * slope * s**a * c**b
    frequency = (k + 0.5 * (alpha + beta + 1.0)) ** 2
    if a != 0.0 and a != 1.0:
        frequency += 0.25 * (0.25 - alpha**2) / square
    if b != 0.0 and b != 1.0:
        frequency += 0.25 * (0.25 - beta**2) / (1.0 - square)
    if a != 0.0:
        du += 0.5 * p * a * s ** (a - 1.0) * c ** (b + 1.0)
    if b != 0.0:
        du -= 0.5 * p * b * s ** (a + 1.0) * c ** (b - 1.0)
    return (p * s**a * c**b) ** 2 + (du * du / frequency if frequency else 0.0)


def _angular_bound(k: int, rows: Rows, alpha: float, beta: float) -> float:
    """Bound of f on (0, pi) for exponents of at least -1/2."""
    if k == 0:
        a, b = alpha + 0.5, beta + 0.5
        square = a / (a + b) if a + b else 0.5
        return _guarded(square**a * (1.0 - square) ** b)
    if max(alpha, beta) > 0.5:
        log_beta = math.lgamma(alpha + 1) + math.lgamma(beta + 1)
        log_beta -= math.lgamma(alpha + beta + 2)
        radius = math.hypot(alpha, beta)
        return math.exp(log_beta) * 2.0 * math.e / math.pi * (2.0 + radius)
    left, right = math.sqrt(0.25 - alpha**2), math.sqrt(0.25 - beta**2)
    square = left / (left + right) if left + right else 0.5
    return _guarded(_sonin(k, rows, alpha, beta, square))


def _guarded(bound: float) -> float:
    """A bound that rounding cannot have put below the truth."""
    return bound * (1.0 + 1e-9)


def _largest(degree: int, square_at, low: float, high: float) -> float:
    """Bound of a polynomial square of the degree 2 ``degree`` on [low, high]."""
    n = 8 * degree + 8
    nodes = [math.cos(math.pi * (i + 0.5) / n) for i in range(n)]
    middle, radius = 0.5 * (low + high), 0.5 * (high - low)
    found = max(square_at(middle + radius * node) for node in nodes)
    return _guarded(found / math.cos(math.pi * degree / (2.0 * n)) ** 2)


def _end(
    k: int, rows: Rows, near: float, far: float, side: float
) -> tuple[float, float, float]:
    """Mass, bound and size of the half beside x = side, of exponent ``near``."""
    low, high = (0.0, 1.0) if side > 0 else (-1.0, 0.0)
    peak = _largest(k, lambda x: _value_and_slope(rows, k, x)[0] ** 2, low, high)
    bound = peak * max(1.0, 0.5**far)
    half = math.sqrt(0.5)
    # Integral of 2 s^(2 near + 1) ds, after dtheta = 2 ds / c.
    return bound * half ** (2.0 * near + 2.0) / (near + 1.0), bound, half


def _half_bound(k: int, rows: Rows, alpha: float, beta: float) -> float:
    """Bound of f on the half beside the larger exponent, the other below -1/2."""
    if max(alpha, beta) <= 0.5:
        return _guarded(_sonin(k, rows, alpha, beta, 0.5))
    large, side = (beta, 1.0) if beta > alpha else (alpha, -1.0)
    power = math.floor(large + 0.5)

    def square_at(x: float) -> float:
        return _value_and_slope(rows, k, x)[0] ** 2 * (0.5 + 0.5 * side * x) ** power

    low, high = (-1.0, 0.0) if side > 0 else (0.0, 1.0)
    small = min(alpha, beta)
    return _largest(k + power, square_at, low, high) * 0.5 ** (small + 0.5)


# Hermite and Laguerre


def _edge_bound(laguerre: bool, k: int, rows: Rows) -> list[float]:
    """Bulk and two tangents, see `geomsci.reference.sampling.coordinates.two_sided`."""
    N = math.sqrt(4.0 * k + 2.0 if laguerre else 2.0 * k + 1.0)
    unit = (2.0 * N) ** (-1.0 / 3.0)
    begin = max(0.0, N + _AIRY_ZERO * unit)
    while begin > 0.0 and not _is_beyond_zeros(laguerre, k, rows, begin):
        begin += 0.05 * unit
    top = max(begin, N + _AIRY_TOP * unit)
    height, slope = _tangent(laguerre, k, rows, top)
    tail_height, tail_slope = _tangent(laguerre, k, rows, N + _AIRY_TAIL * unit)
    # Where the tangents meet, log heights at y = 0.
    a = height - slope * top
    b = tail_height - tail_slope * (N + _AIRY_TAIL * unit)
    meet = max(begin, (b - a) / (slope - tail_slope))
    start, end = math.exp(a + slope * begin), math.exp(b + tail_slope * meet)
    width = meet - begin
    small = abs(slope * width) < 1e-9
    mass = start * (width if small else math.expm1(slope * width) / slope)
    angle = math.asin(begin / N)
    c = _bulk_bound(laguerre, k, rows, begin, N) if begin > 0.0 else 0.0
    return [
        N, angle, c, c * angle, begin, meet, start, slope, mass,
        end, tail_slope, -end / tail_slope,
    ]  # fmt: skip


def _is_beyond_zeros(laguerre: bool, k: int, rows: Rows, y: float) -> bool:
    """No zero of ``p_k`` beyond y: ``p_0 .. p_k`` have the signs of infinity."""
    x = y * y if laguerre else math.sqrt(2.0) * y
    before, now = 0.0, 1.0
    for a, b, c in rows[:k]:
        before, now = now, (a * x - b) * now - c * before
        if now <= 0.0:
            return False
        if now > 2.0**200:
            before, now = before * 2.0**-200, now * 2.0**-200
    return True


def _wave(laguerre: bool, k: int, rows: Rows, y: float) -> tuple[float, float, float]:
    """``p_k``, ``u'/u`` without the pole at the zeros as (p, dp), and log factor."""
    x = y * y if laguerre else math.sqrt(2.0) * y
    p, slope, shift = _value_and_slope(rows, k, x)
    log_factor = shift * 200.0 * math.log(2.0) - 0.5 * y * y
    if not laguerre:
        return p, math.sqrt(2.0) * slope - y * p, log_factor
    derivative = 2.0 * y * slope + (0.5 / y - y) * p
    return p, derivative, log_factor + 0.5 * math.log(y)


def _tangent(laguerre: bool, k: int, rows: Rows, y: float) -> tuple[float, float]:
    """``log u^2`` and its slope at y."""
    p, derivative, log_factor = _wave(laguerre, k, rows, y)
    return math.log(p * p) + 2.0 * log_factor + 1e-9, 2.0 * derivative / p


def _bulk_bound(laguerre: bool, k: int, rows: Rows, y: float, N: float) -> float:
    """S at the end of the bulk: ``u^2 <= S / sqrt(N^2 - y^2)`` before it."""
    p, derivative, log_factor = _wave(laguerre, k, rows, y)
    g = N * N - y * y
    Q = 1.0 - (0.5 * g + 1.25 * y * y) / g**3
    if laguerre:
        Q += 0.25 / (y * y * g)
    # v = g^(1/4) u and v_t = g^(-1/2) dv/dy
    v = g**0.25 * p
    vt = (g**0.25 * derivative - 0.5 * y * g**-0.75 * p) / math.sqrt(g)
    return _guarded((v * v + vt * vt / Q) * math.exp(2.0 * log_factor))
