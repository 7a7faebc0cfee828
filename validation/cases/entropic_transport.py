"""Pairs of measures and Markov chains of `geomsci.entropic` on every backend.

Gaussian measures are held against their entropies in 50 digits, chains against closed
forms, the rest against its definition in NumPy or against the float64 reference.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import sqrtm

from geomsci import entropic
from geomsci.validation.cases import entropic_oracles as oracles
from geomsci.validation.cases.entropic_case import case, flat, input_rng
from geomsci.validation.suites import Case, Inputs


@functools.lru_cache(maxsize=1)
def _pair() -> Inputs:
    """Three Gaussian measures: both ends and the reference."""
    rng = input_rng()
    found = {}
    for mean, covariance in (("a0", "C0"), ("a1", "C1"), ("b", "S")):
        A = rng.standard_normal((3, 12))
        found[mean], found[covariance] = rng.standard_normal(3), A @ A.T / 12
    return found


def _part(*names: str) -> Callable[[], Inputs]:
    return lambda: {name: _pair()[name] for name in names}


def _bures(inputs: Inputs) -> np.ndarray:
    C0, C1 = inputs["C0"], inputs["C1"]
    root = sqrtm(C0).real
    squared = np.trace(C0 + C1 - 2 * sqrtm(root @ C1 @ root).real)
    return np.asarray(math.sqrt(squared))


def _of_pair(t: float, N: float) -> Callable[[Inputs], np.ndarray]:
    def expected(inputs: Inputs) -> np.ndarray:
        values = tuple(inputs[name] for name in ("a0", "C0", "a1", "C1", "b", "S"))
        return np.asarray(oracles.gaussian_pair(values, t, N)[0])

    return expected


def _entropies() -> Inputs:
    rng = input_rng()
    return {
        "E0": rng.uniform(1, 2, 12),
        "E1": rng.uniform(1, 2, 12),
        "Et": rng.uniform(0.5, 1.8, 12),
        "W2": rng.uniform(0.5, 2, 12),
    }


def _gaussian_case(t: float, N: float) -> Case:
    def compute(a0: Any, C0: Any, a1: Any, C1: Any, b: Any, S: Any) -> Any:
        return entropic.gaussian_entropic_curvature(a0, C0, a1, C1, b, S, t, N)

    kind = "N infinite" if math.isinf(N) else f"N = {N:g}"
    return case(
        "gaussian_entropic_curvature",
        _part("a0", "C0", "a1", "C1", "b", "S"),
        compute,
        name=f"gaussian_entropic_curvature, t = {t:g}, {kind}",
        size="3",
        n=9,
        expected=_of_pair(t, N),
        against="three entropies and a bisection, 50 digits",
    )


def _pairs() -> list[Case]:
    def bures(C0: Any, C1: Any) -> Any:
        return entropic.bures_wasserstein(C0, C1)

    def between(a0: Any, C0: Any, a1: Any, C1: Any) -> Any:
        return flat(*entropic.displacement_interpolation(a0, C0, a1, C1, 0.3))

    def infinite(E0: Any, E1: Any, Et: Any, W2: Any) -> Any:
        return entropic.entropic_curvature(E0, E1, Et, W2, 0.3)

    def finite(E0: Any, E1: Any, Et: Any, W2: Any) -> Any:
        return entropic.entropic_curvature_dimension(E0, E1, Et, W2, N=4.0)

    def infinite_expected(i: Inputs) -> np.ndarray:
        gap = 0.7 * i["E0"] + 0.3 * i["E1"] - i["Et"]
        return 2 / (0.21 * i["W2"] ** 2) * gap

    def finite_expected(i: Inputs) -> np.ndarray:
        U0, U1, Ut = (np.exp(-i[name] / 4) for name in ("E0", "E1", "Et"))
        angle = np.arccos(((U0 + U1) / (2 * Ut)).astype(np.complex128))
        return np.real(16 / i["W2"] ** 2 * angle**2)

    def coarse(W2: Any, h: Any) -> Any:
        return entropic.coarse_ricci_curvature(W2, h, R=2.0)

    def local(a0: Any, C0: Any, a1: Any, C1: Any, S: Any) -> Any:
        return entropic.local_bures_curvature(a0, C0, a1, C1, S, 2.0)

    return [
        case("bures_wasserstein", _part("C0", "C1"), bures, size="3", n=3,
             expected=_bures),
        case("displacement_interpolation", _part("a0", "C0", "a1", "C1"), between,
             size="3", n=3),
        *(_gaussian_case(t, N) for t in (0.5, 0.3) for N in (math.inf, 5.0)),
        case("entropic_curvature", _entropies, infinite, size="12", n=3,
             expected=infinite_expected),
        case("entropic_curvature_dimension", _entropies, finite, size="12", n=3,
             expected=finite_expected),
        case("coarse_ricci_curvature",
             lambda: {"W2": np.linspace(0.1, 0.9, 9), "h": np.linspace(1, 2, 9)},
             coarse, size="9", n=1, kappa=8.0,
             expected=lambda i: (1 - i["W2"] / i["h"]) / 4),
        case("local_bures_curvature", _part("a0", "C0", "a1", "C1", "S"), local,
             size="3", n=9),
    ]  # fmt: skip


def _line() -> list[Case]:
    x = np.linspace(-9, 9, 361)

    def densities() -> Inputs:
        p0, p1 = np.exp(-((x + 1) ** 2) / 1.3), np.exp(-((x - 1) ** 2))
        return {"x": x, "p0": p0, "p1": p1, "log_m": -(x**2) / 8}

    def density() -> Inputs:
        return {"x": x, "rho": np.exp(np.cos(1.1 * x)), "at": np.linspace(-2, 2, 7)}

    def pairs(x: Any, p0: Any, p1: Any, log_m: Any) -> Any:
        return entropic.quantile_entropic_curvature(x, p0, p1, log_m, N=6.0)

    def local(x: Any, rho: Any, at: Any) -> Any:
        return entropic.local_quantile_curvature(x, rho, at, 0.6, 0.6)

    return [
        case("quantile_entropic_curvature", densities, pairs, size="361", n=361,
             kappa=1e3, why="quantiles of cells with masses down to 1e-30"),
        case("local_quantile_curvature", density, local, size="361, 7 points", n=361,
             kappa=1e4, why="8 / W2^2 times the entropy of a small distance"),
    ]  # fmt: skip


def _chains() -> list[Case]:
    def two(Q: Any) -> Any:
        return entropic.markov_chain_entropic_curvature(Q).curvature

    def exact(inputs: Inputs) -> np.ndarray:
        Q = inputs["Q"]
        value = oracles.two_point_curvature(float(Q[0, 1]), float(Q[1, 0]))
        return np.asarray(value)

    def rates(p: float, q: float) -> Callable[[], Inputs]:
        return lambda: {"Q": np.asarray([[-p, p], [q, -q]])}

    def product(kappa: Any, w: Any) -> Any:
        return entropic.product_chain_curvature(kappa, w)

    def cube(kappa: Any) -> Any:
        return entropic.product_chain_curvature(kappa)

    found = [
        case("markov_chain_entropic_curvature",
             rates(p, q), two,
             name=f"markov_chain_entropic_curvature, rates {p:g}, {q:g}",
             size="2", n=2, kappa=64.0, why="the flat bottom of a minimum",
             expected=exact, against="the formula of Maas")
        for p, q in ((1.0, 1.0), (0.3, 1.7))
    ]  # fmt: skip
    return [
        *found,
        case("product_chain_curvature",
             lambda: {"kappa": np.asarray([2.0, 1.5, 3.0]),
                      "w": np.asarray([0.2, 0.5, 0.3])},
             product, size="3", n=1, kappa=4.0,
             expected=lambda i: np.min(i["kappa"] * i["w"], keepdims=True)[0]),
        case("product_chain_curvature", lambda: {"kappa": np.full(6, 2.0)}, cube,
             name="product_chain_curvature, hypercube", size="2^6", n=1, kappa=4.0,
             expected=lambda i: np.asarray(2.0 / 6), against="2 / n"),
    ]  # fmt: skip


def cases() -> list[Case]:
    """Gaussian measures, densities on a line, chains."""
    return _pairs() + _line() + _chains()
