"""What the sampling cases are put together from: spaces, points, condition numbers.

Condition numbers. A recurrence is as accurate as if its argument had been moved by some
roundings, so functions are known to ``kappa_x = 1 + ||x phi'(x)|| / ||phi(x)||`` eps. A
least squares fit of rows ``A = sqrt(w) Phi`` that are known to that many eps has the
coefficients to ``kappa_x cond(A) (1 + |b| / (||A|| |c|) + cond(A) |r| / (||A|| |c|))``
(Higham, Accuracy and Stability, theorem 20.1).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from geomsci import sampling, use_backend
from geomsci.validation.cases import sampling_oracles as oracles
from geomsci.validation.suites import (
    CASE_SEED,
    Case,
    Conditioning,
    Deviation,
    Inputs,
)
from geomsci.validation.variants import VARIANTS

Laws = Mapping[str, Deviation]
Conditioner = Callable[[Inputs, np.ndarray], Conditioning]

DOUBLE: dict[str, Any] = {
    "dtypes": ("float64",),
    "dtype_reason": "the samplers compute in float64 whatever they are given",
}
ONE_STRICT: dict[str, Any] = {
    "backends": tuple(name for name in VARIANTS if name != "strict"),
    "backends_reason": "strict-device1 runs the same code under more rules, and this "
    "case takes its time there",
}
ON_THE_HOST: dict[str, Any] = {
    "backends": ("reference", "auto", "numba", "cupy-offload"),
    "backends_reason": "a polynomial basis holds no array: its draws are NumPy arrays "
    "on every library",
}


@dataclasses.dataclass(frozen=True)
class Space:
    """Families, an index set, and exponents where a family is Jacobi."""

    name: str
    families: tuple[str, ...]
    indices: tuple[tuple[int, ...], ...]
    alpha: float = 0.0
    beta: float = 0.0

    @property
    def degrees(self) -> np.ndarray:
        return np.asarray(self.indices)

    def basis(self) -> sampling.PolynomialBasis:
        exponents = {}
        if "jacobi" in self.families:
            names = {"alpha": self.alpha, "beta": self.beta}
            exponents = {
                key: [value if f == "jacobi" else 0.0 for f in self.families]
                for key, value in names.items()
            }
        return sampling.PolynomialBasis(self.families, self.degrees, **exponents)

    def matrix(self, X: np.ndarray) -> np.ndarray:
        """The functions by the oracle, shape (n, m)."""
        return oracles.design_matrix(
            self.families, self.degrees, X, self.alpha, self.beta
        )

    def rule(self) -> tuple[np.ndarray, np.ndarray]:
        """A product of Gauss rules, exact for products of two functions."""
        count = int(self.degrees.max()) + 2
        if "fourier" in self.families:
            count = 2 * count
        return oracles.tensor_quadrature(self.families, count, self.alpha, self.beta)

    def points(self, n: int, stream: int = 0) -> np.ndarray:
        """Independent points of the measure, a little away from the ends."""
        rng = np.random.default_rng([CASE_SEED, stream])
        draw: dict[str, Callable[[], np.ndarray]] = {
            "hermite": lambda: rng.standard_normal(n),
            "laguerre": lambda: rng.standard_exponential(n),
            "fourier": lambda: rng.random(n),
        }
        columns = [
            draw.get(f, lambda: rng.uniform(-0.99, 0.99, n))() for f in self.families
        ]
        return np.stack(columns, axis=1)

    def sensitivity(self, X: np.ndarray) -> float:
        """``1 + ||x phi'(x)|| / ||phi(x)||``, by central differences of the oracle."""
        h, total = 1e-6, 0.0
        Phi = self.matrix(X)
        for j in range(X.shape[1]):
            step = np.zeros(X.shape[1])
            step[j] = h
            # Inside the domain: a square root at an end would give NaN.
            inner = X * (1 - 2 * h)
            slope = (self.matrix(inner + step) - self.matrix(inner - step)) / (2 * h)
            total += float(np.sum((X[:, j : j + 1] * slope) ** 2))
        return 1 + math.sqrt(total / float(np.sum(Phi**2)))


def _rows(indices: np.ndarray) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(k) for k in row) for row in indices)


def line(family: str, m: int, alpha: float = 0.0, beta: float = 0.0) -> Space:
    """Degrees 0 .. m - 1 of one coordinate."""
    degrees = tuple((k,) for k in range(m))
    return Space(f"{family} 1-D", (family,), degrees, alpha, beta)


def simplex(family: str, d: int, p: int) -> Space:
    """Total degree p in d coordinates of one family."""
    indices = _rows(sampling.total_degree(d, p))
    return Space(f"{family} {d}-D", (family,) * d, indices)


def mixed(p: int = 4) -> Space:
    """A hyperbolic cross in four coordinates of different families."""
    indices = _rows(sampling.hyperbolic_cross(4, p))
    return Space("four families", ("legendre", "hermite", "laguerre", "jacobi"),
                 indices, 0.5, -0.25)  # fmt: skip


def evaluation(space: Space) -> Conditioner:
    """Condition number of the functions at the points ``X``."""

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        return Conditioning(
            space.sensitivity(inputs["X"]),
            "1 + ‖x φ'(x)‖ / ‖φ(x)‖, points moved by roundings",
        )

    return conditioning


def fit_kappa(space: Space, inputs: Inputs) -> float:
    """Bound of the coefficients of a weighted fit, see the head of this module."""
    root = np.sqrt(inputs["w"])
    A, b = root[:, None] * space.matrix(inputs["X"]), root * inputs["y"]
    c, *_ = np.linalg.lstsq(A, b, rcond=None)
    cond = float(np.linalg.cond(A))
    scale = float(np.linalg.norm(A, ord=2) * np.linalg.norm(c))
    residual = float(np.linalg.norm(b - A @ c))
    terms = 1 + float(np.linalg.norm(b)) / scale + cond * residual / scale
    return space.sensitivity(inputs["X"]) * cond * terms


def relative(a: np.ndarray, b: np.ndarray) -> float:
    """Relative distance of two arrays."""
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def feature_basis(F: Any, sample_weight: Any = None) -> sampling.FeatureBasis:
    """A basis on candidates, made by whatever code fits: the case tests what follows.

    ``use_backend("numba")`` would refuse it, since its QR has no kernel.
    """
    with use_backend("auto"):
        return sampling.FeatureBasis(F, sample_weight=sample_weight)


def features(n_candidates: int, m: int) -> Inputs:
    """Raw features of candidates with unequal leverages, and their weights."""
    rng = np.random.default_rng(CASE_SEED)
    F = rng.standard_normal((n_candidates, m))
    F *= np.exp(0.7 * rng.standard_normal((n_candidates, 1)))
    F[:, 0] = 1.0
    return {"F": F, "mu": rng.uniform(0.2, 1.0, n_candidates)}


def orthonormal(inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are orthonormal in the measure, and the measure, by NumPy's QR."""
    mu = inputs["mu"] / inputs["mu"].sum()
    root = np.sqrt(mu)[:, None]
    return np.linalg.qr(root * inputs["F"])[0] / root, mu


def sampling_case(**fields: Any) -> Case:
    """A case of the suite."""
    return Case(suite="sampling", **fields)
