"""Test functions with the best approximation of each, by quadrature.

All inputs are standard variables: on [-1, 1], uniform, or standard normal for the bump.
The error of a fit is ``||f - fhat||^2 = ||g||^2 + ||c - c*||^2`` with g the part of f
outside the space and c* the coefficients of the best approximation; E is that over
``||g||^2``.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable

import numpy as np
import scipy.stats

from geomsci import sampling
from geomsci.validation.cases import sampling_oracles as oracles

ISHIGAMI_FIRST = (0.31390519114781146, 0.4424111447900409, 0.0)
ISHIGAMI_TOTAL = (0.5575888552099592, 0.4424111447900409, 0.24368366406214774)
"""Sobol' indices of the Ishigami function with a = 7, b = 0.1."""

BOREHOLE = np.asarray(
    [
        (0.05, 0.15),
        (100, 50_000),
        (63_070, 115_600),
        (990, 1110),
        (63.1, 116),
        (700, 820),
        (1120, 1680),
        (9855, 12_045),
    ]
)
"""Ranges of rw, r, Tu, Hu, Tl, Hl, L, Kw."""

SOBOL_POWER = 17
"""2^17 points of a scrambled Sobol' sequence where a product rule is too large."""


def runge(X: np.ndarray) -> np.ndarray:
    return 1 / (1 + 5 * X[:, 0] ** 2)


def bump(X: np.ndarray) -> np.ndarray:
    return np.exp(-((X[:, 0] - 1) ** 2) / 4)


def plane(X: np.ndarray) -> np.ndarray:
    x, y = X.T
    return 1 / (1 + (x + y) ** 2 / 2 + np.sin(3 * x * y) / 4)


def ishigami(X: np.ndarray) -> np.ndarray:
    x, y, z = math.pi * X.T
    return np.sin(x) + 7 * np.sin(y) ** 2 + 0.1 * z**4 * np.sin(x)


def borehole(X: np.ndarray) -> np.ndarray:
    """Flow of water through a borehole, m^3 a year."""
    low, high = BOREHOLE.T
    rw, r, Tu, Hu, Tl, Hl, L, Kw = (low + (X + 1) / 2 * (high - low)).T
    log = np.log(r / rw)
    resistance = log * (1 + 2 * L * Tu / (log * rw**2 * Kw) + Tu / Tl)
    return 2 * math.pi * Tu * (Hu - Hl) / resistance


@dataclasses.dataclass(frozen=True, eq=False)
class Problem:
    """A function, its space, and the best approximation there.

    Attributes
    ----------
    name : str
    f : callable
        Of points (n, d).
    basis : PolynomialBasis
    best : ndarray, shape (m,)
        Coefficients c* of the best approximation.
    remainder : float
        ``||g||^2``.
    variance : float
        Of f.
    """

    name: str
    f: Callable[[np.ndarray], np.ndarray]
    basis: sampling.PolynomialBasis
    best: np.ndarray
    remainder: float
    variance: float

    @property
    def m(self) -> int:
        return self.basis.size

    def ratio(self, coef: np.ndarray) -> float:
        """Squared error over the smallest possible one."""
        return 1 + float(np.sum((coef - self.best) ** 2)) / self.remainder

    def relative_rms(self, coef: np.ndarray) -> float:
        """Root mean squared error over the standard deviation of f."""
        return math.sqrt(self.ratio(coef) * self.remainder / self.variance)


def _rule(family: str, d: int) -> tuple[np.ndarray, np.ndarray]:
    """A product of Gauss rules up to three inputs, else scrambled Sobol' points."""
    counts = {1: 200, 2: 60, 3: 24}
    if d in counts:
        return oracles.tensor_quadrature((family,) * d, counts[d])
    points = scipy.stats.qmc.Sobol(d, rng=0).random_base2(SOBOL_POWER)
    return 2 * points - 1, np.full(len(points), 1 / len(points))


@functools.lru_cache(maxsize=16)
def problem(name: str, degree: int) -> Problem:
    """One of the functions in the space of total degree."""
    f, family, d = {
        "Runge": (runge, "legendre", 1),
        "bump": (bump, "hermite", 1),
        "2-D function": (plane, "legendre", 2),
        "Ishigami": (ishigami, "legendre", 3),
        "borehole": (borehole, "legendre", 8),
    }[name]
    basis = sampling.PolynomialBasis(family, sampling.total_degree(d, degree))
    X, w = _rule(family, d)
    y = f(X)
    best, square = _projection(basis, X, w, y)
    return Problem(
        f"{name}, total degree {degree}" if d > 1 else name,
        f,
        basis,
        best,
        square,
        float(w @ (y - w @ y) ** 2),
    )


def _projection(
    basis: sampling.PolynomialBasis, X: np.ndarray, w: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, float]:
    """Best approximation on the points and its squared error."""
    Phi = oracles.design_matrix(basis.families, basis.indices, X)
    # The points of a sequence are not a quadrature rule: the fit on them is solved,
    # and a Gauss rule, where G = I, loses nothing by that.
    root = np.sqrt(w)[:, None]
    best = np.linalg.lstsq(root * Phi, root[:, 0] * y, rcond=None)[0]
    return best, float(w @ (y - Phi @ best) ** 2)
