r"""Number density of the maxima of a Gaussian random field.

With :math:`\gamma = \sigma_1^2 / (\sigma_0 \sigma_2)` and
:math:`R_* = \sqrt3 \sigma_1 / \sigma_2` the density of maxima of height
:math:`\nu \sigma_0`, per unit of nu, is

.. math:: N(\nu) = \frac{e^{-\nu^2 / 2}}{(2 \pi)^2 R_*^3}
          \int_0^\infty f(x) \frac{\exp(-(x - \gamma \nu)^2 / (2 (1 - \gamma^2)))}
          {\sqrt{2 \pi (1 - \gamma^2)}} dx,

with x = tr K / sigma_2 and f the weight of the determinant where all eigenvalues are
positive. Over all heights it is
:math:`(29 - 6 \sqrt6) / (5^{3/2} \, 2 (2 \pi)^2 R_*^3)`.

References
----------
J. M. Bardeen, J. R. Bond, N. Kaiser and A. S. Szalay, Astrophys. J. 304 (1986) 15,
eqs. (4.11b), (A1.9), (A1.15), (A1.19).
"""

import functools
import math
from fractions import Fraction

from geomsci.reference.entropic.legendre_rule import legendre_rule

N_NODES = 160
SERIES_BELOW = 1.5
N_SERIES = 40

TOTAL = (29.0 - 6.0 * math.sqrt(6.0)) / (5.0**1.5 * 2.0 * (2.0 * math.pi) ** 2)
"""Maxima per volume R_*^3."""


@functools.cache
def _series() -> tuple[float, ...]:
    """Coefficients of x^8, x^10, ... in f, in units of sqrt(2 / (5 pi)).

    The powers below cancel, which the exact fractions show; in floating numbers the
    closed form loses all digits near zero.
    """
    a = Fraction(5, 2)
    powers = [Fraction(0)] * (2 * N_SERIES + 16)
    factorial = 1
    for n in range(N_SERIES + 4):
        factorial *= max(1, n)
        # erf(sqrt(a) x) + erf(sqrt(a) x / 2) in units of sqrt(2 / (5 pi)): 2 a (...).
        odd = 2 * a * Fraction((-1) ** n, factorial * (2 * n + 1)) * a**n
        odd *= 1 + Fraction(1, 2 ** (2 * n + 1))
        powers[2 * n + 4] += odd / 2
        powers[2 * n + 2] -= Fraction(3, 2) * odd
        wide = Fraction((-1) ** n, factorial) * Fraction(5, 8) ** n
        narrow = Fraction((-1) ** n, factorial) * a**n
        powers[2 * n + 2] += Fraction(31, 4) * wide + narrow / 2
        powers[2 * n] += Fraction(8, 5) * (wide - narrow)
    return tuple(float(c) for c in powers[8 : 2 * N_SERIES + 2 : 2])


def weight(x: float) -> float:
    """f(x): mean of the determinant over definite matrices of trace x (A1.15)."""
    unit = math.sqrt(2.0 / (5.0 * math.pi))
    x2 = x * x
    if x < SERIES_BELOW:
        total = 0.0
        for c in reversed(_series()):
            total = total * x2 + c
        return unit * total * x2**4
    both = math.erf(math.sqrt(2.5) * x) + math.erf(math.sqrt(2.5) * 0.5 * x)
    wide = (7.75 * x2 + 1.6) * math.exp(-0.625 * x2)
    narrow = (0.5 * x2 - 1.6) * math.exp(-2.5 * x2)
    return 0.5 * x * (x2 - 3.0) * both + unit * (wide + narrow)


def total_density(sigma: tuple[float, float, float]) -> float:
    """Maxima of every height per unit volume."""
    return TOTAL * (sigma[2] / (math.sqrt(3.0) * sigma[1])) ** 3


def differential_density(sigma: tuple[float, float, float], nu: float) -> float:
    """Maxima per unit volume and unit of nu at the height nu sigma_0.

    Parameters
    ----------
    sigma : tuple of 3 float
        sigma_0, sigma_1, sigma_2 with sigma_1^2 < sigma_0 sigma_2.
    nu : float

    Notes
    -----
    Gauss-Legendre over the part where the Gaussian exceeds 1e-22 of its largest value
    for x > 0.
    """
    gamma = sigma[1] ** 2 / (sigma[0] * sigma[2])
    variance = 1.0 - gamma * gamma
    width = math.sqrt(variance)
    middle = gamma * nu
    low = max(0.0, middle - 10.0 * width)
    high = middle + math.sqrt(min(middle, 0.0) ** 2 + 100.0 * variance)
    half = 0.5 * (high - low)
    nodes, weights = legendre_rule(N_NODES)
    total = 0.0
    for t, w in zip(nodes, weights):
        x = low + half * (1.0 + t)
        # Both exponents together: each alone may overflow or vanish.
        total += (
            w * weight(x) * math.exp(-((x - middle) ** 2) / (2 * variance) - nu**2 / 2)
        )
    total *= half / (width * math.sqrt(2.0 * math.pi))
    R_star = math.sqrt(3.0) * sigma[1] / sigma[2]
    return total / ((2.0 * math.pi) ** 2 * R_star**3)


def peak_densities(
    sigmas: list[tuple[float, float, float]], nus: list[float] | None
) -> list[float]:
    """`differential_density`, or `total_density` without heights, one by one."""
    if nus is None:
        return [total_density(sigma) for sigma in sigmas]
    return [differential_density(sigma, nu) for sigma, nu in zip(sigmas, nus)]
