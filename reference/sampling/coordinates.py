r"""One coordinate from ``p_k^2 mu_1``, by rejection under proven bounds.

p_k is the orthonormal polynomial of degree k of the probability measure mu_1. A bound
that holds for every x (`geomsci.reference.sampling.envelopes` says which and why):

=================== ======================== =========================================
family              proposal                 bound
=================== ======================== =========================================
fourier, chebyshev  mu_1                     ``p_k^2 <= 2``
legendre, jacobi    theta uniform in         ``p_k^2 sin^(2a+1)(theta/2)
                    (0, pi), x = cos(theta)  cos^(2b+1)(theta/2) <= C_k``
hermite             bulk: y = N sin(theta),  ``u^2 <= C_k / sqrt(N^2 - y^2)``; beyond
                    edge: exponential        the last zero u is log-concave: two
laguerre            (both in y)              tangents of log(u^2)
=================== ======================== =========================================

with ``x = sqrt(2) y, u^2 = p_k(x)^2 exp(-y^2)`` (hermite) and ``x = y^2,
u^2 = y p_k(x)^2 exp(-y^2)`` (laguerre). No table of a distribution is involved, so the
law is exact up to the rounding of a uniform number to 53 bits. About two attempts are
expected, whatever the degree; ``2 e (2 + sqrt(a^2 + b^2))`` for Jacobi exponents above
1/2, and up to some 20 for exponents below -1/2 (with the other one above 1/2 their
number grows with the degree).

The functions are scalar code, see `geomsci.reference.sampling.proposals`, which imports
and compiles them.
"""

import math

from geomsci.reference.philox import philox_blocks, philox_groups

FOURIER = 0
CHEBYSHEV = 1
LEGENDRE = 2
JACOBI = 3
HERMITE = 4
LAGUERRE = 5


def forget(words):
    """Begin a new stream: what ``words`` holds belongs to another one."""
    words[7, 0] = 0


def uniform(key, t, position, words):
    """Number ``position`` of proposal ``t``, on [0, 1); asked for in ascending order.

    Makes the first 16 numbers of four proposals at a time, because many blocks are
    cheaper than few; ``words[7, 0]`` remembers which four, counted from 1.
    """
    if position == 0 and words[7, 0] != t // 4 + 1:
        philox_groups(key, (t // 4) * 0x400000, 0x100000, words)
        words[7, 0] = t // 4 + 1
    column = (position // 4) % 4
    if position < 16:
        column += 4 * (t % 4)
    elif position % 16 == 0:
        philox_blocks(key, t * 0x100000 + position // 4, 4, words)
        words[7, 0] = 0
    word = words[position % 4, column]
    return ((word >> 11) & 0x1FFFFFFFFFFFFF) * 2.0**-53


def value_at(rows, k, x):
    """Orthonormal polynomial ``p_k(x) = value 2^(200 shift)`` by its recurrence.

    ``rows[j]`` holds ``(a, b, c)`` of ``p_{j+1} = (a x - b) p_j - c p_{j-1}``.
    """
    before = 0.0
    now = 1.0
    shift = 0
    for j in range(k):
        after = (rows[j, 0] * x - rows[j, 1]) * now - rows[j, 2] * before
        before = now
        now = after
        if abs(now) > 2.0**200:
            before *= 2.0**-200
            now *= 2.0**-200
            shift += 1
    return now, shift


def trigonometric(family, k, key, t, position, words):
    """Draw from ``p_k^2 mu_1`` for fourier and chebyshev."""
    while True:
        angle = uniform(key, t, position, words)
        if k == 0:
            position += 1
            break
        v = uniform(key, t, position + 1, words)
        position += 2
        if family == 1:
            wave = math.cos(math.pi * k * angle)
        elif k % 2 == 1:
            wave = math.cos(math.pi * (k + 1) * angle)
        else:
            wave = math.sin(math.pi * k * angle)
        if v < wave * wave:
            break
    if family == 1:
        return math.cos(math.pi * angle), position
    return angle, position


def angular(k, rows, envelope, key, t, position, words):
    """Draw from ``p_k^2 mu_1`` for legendre; ``envelope[0]`` is the bound C_k."""
    while True:
        half = 0.5 * math.pi * uniform(key, t, position, words)
        v = uniform(key, t, position + 1, words)
        position += 2
        s = math.sin(half)
        c = math.cos(half)
        x = (c - s) * (c + s)
        # Without the scaling of `value_at`: here |p| <= sqrt(2 k + 1).
        before = 0.0
        p = 1.0
        for j in range(k):
            after = rows[j, 0] * x * p - rows[j, 2] * before
            before = p
            p = after
        if v * envelope[0] < p * p * s * c:
            break
    return x, position


def with_ends(k, rows, envelope, key, t, position, words):
    """Draw from ``p_k^2 mu_1`` for jacobi.

    ``envelope``: bound C of the bulk; 2 a + 1; 2 b + 1; begin and width of the bulk in
    theta/2; its mass; for the end at x = 1: mass, bound of ``p^2 cos^(2b)(theta/2)``,
    largest ``sin(theta/2)``; the same for the end at x = -1.
    """
    total = envelope[5] + envelope[6] + envelope[9]
    while True:
        choice = total * uniform(key, t, position, words)
        v = uniform(key, t, position + 1, words)
        position += 2
        if choice < envelope[5]:
            half = envelope[3] + envelope[4] * (choice / envelope[5])
            s = math.sin(half)
            c = math.cos(half)
            x = (c - s) * (c + s)
            height = envelope[0]
            weight = s ** envelope[1] * c ** envelope[2]
        elif choice < envelope[5] + envelope[6]:
            part = (choice - envelope[5]) / envelope[6]
            s = envelope[8] * part ** (1.0 / (envelope[1] + 1.0))
            x = 1.0 - 2.0 * s * s
            height = envelope[7]
            weight = (1.0 - s * s) ** (0.5 * (envelope[2] - 1.0))
        else:
            part = (choice - envelope[5] - envelope[6]) / envelope[9]
            part = part if part < 1.0 else 1.0
            c = envelope[11] * part ** (1.0 / (envelope[2] + 1.0))
            x = 2.0 * c * c - 1.0
            height = envelope[10]
            weight = (1.0 - c * c) ** (0.5 * (envelope[1] - 1.0))
        p, _ = value_at(rows, k, x)
        if v * height < p * p * weight:
            break
    return x, position


def two_sided(family, k, rows, envelope, key, t, position, words):
    """Draw from ``p_k^2 mu_1`` for hermite and laguerre, in the variable y.

    ``envelope``: N; angle of the end of the bulk; C; mass of the bulk; begin of the
    edge; begin of the tail; height and slope of the tangent over the edge at its
    begin; its mass; height and slope of the tangent over the tail; its mass.
    """
    total = envelope[3] + envelope[8] + envelope[11]
    while True:
        choice = total * uniform(key, t, position, words)
        v = uniform(key, t, position + 1, words)
        position += 2
        if choice < envelope[3]:
            angle = envelope[1] * (choice / envelope[3])
            y = envelope[0] * math.sin(angle)
            height = envelope[2] / (envelope[0] * math.cos(angle))
        elif choice < envelope[3] + envelope[8]:
            part = (choice - envelope[3]) / envelope[8]
            slope = envelope[7]
            width = envelope[5] - envelope[4]
            if abs(slope * width) < 1e-9:
                step = part * width
            else:
                step = math.log1p(part * math.expm1(slope * width)) / slope
            y = envelope[4] + step
            height = envelope[6] * math.exp(slope * step)
        else:
            part = (choice - envelope[3] - envelope[8]) / envelope[11]
            part = part if part < 1.0 - 2.0**-53 else 1.0 - 2.0**-53
            step = math.log1p(-part) / envelope[10]
            y = envelope[5] + step
            height = envelope[9] * math.exp(envelope[10] * step)
        x = y * y if family == 5 else math.sqrt(2.0) * y
        p, shift = value_at(rows, k, x)
        square = p * p * math.exp(shift * (400.0 * math.log(2.0)) - y * y)
        if family == 5:
            square *= y
        if v * height < square:
            break
    if family == 4:
        if uniform(key, t, position, words) < 0.5:
            x = -x
        position += 1
    return x, position


def coordinate(family, k, rows, envelope, key, t, position, words):
    """One coordinate from ``p_k^2 mu_1``, and the position behind the numbers used."""
    if family <= 1:
        return trigonometric(family, k, key, t, position, words)
    if family == 2:
        return angular(k, rows, envelope, key, t, position, words)
    if family == 3:
        return with_ends(k, rows, envelope, key, t, position, words)
    return two_sided(family, k, rows, envelope, key, t, position, words)
