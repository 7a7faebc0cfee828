"""Exponential families with known curvature, and laws of growth with known exponents.

Closed forms. A categorical distribution with m free parameters is a piece of a sphere
of radius 2, ``R = m (m - 1) / 4``; a univariate normal distribution is a hyperbolic
plane of Gauss curvature -1/2, ``R = -1``; curvatures of independent families add.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci import fisher
from geomsci.backends.arrays import array_namespace
from geomsci.validation.cases import fisher_oracles
from geomsci.validation.cases.fisher_recipes import (
    Law,
    Laws,
    double_case,
    invariants_kappa,
    relative,
)
from geomsci.validation.cases.spd_matrices import invertible
from geomsci.validation.suites import CASE_SEED, Case, Conditioning, Deviation, Inputs

N_CATEGORIES = 6
NORMALS = ((0.5, 1.0), (-1.0, 2.0), (0.0, 0.7))
"""Means and variances."""


def _conditioning(metric: np.ndarray, third: np.ndarray, R: float) -> Conditioning:
    """The bound of ``|T|^2`` and ``|tau|^2``, relative to what is left of them."""
    scale = np.sqrt(np.diagonal(metric))
    cond = float(np.linalg.cond(metric / np.outer(scale, scale)))
    _, square, trace = fisher_oracles.contractions(metric, third)
    return Conditioning(
        invariants_kappa(cond) * float(square + trace) / (4 * abs(R)),
        "3 cond g + 2 cond(g)^{3/2} of the scaled metric, times (|T|² + |τ|²) / 4|R|",
    )


# A metric and its third cumulant


def _normals() -> Inputs:
    """Independent normal distributions in the statistics x, x^2 of each."""
    m = 2 * len(NORMALS)
    g, T = np.zeros((m, m)), np.zeros((m, m, m))
    for i, (mu, v) in enumerate(NORMALS):
        own = slice(2 * i, 2 * i + 2)
        mixed = 2 * mu * v
        g[own, own] = [[v, mixed], [mixed, 2 * v * v + 4 * mu * mu * v]]
        low, middle = 2 * v * v, 8 * mu * v * v
        high = 8 * v**3 + 24 * mu * mu * v * v
        T[own, own, own] = [[[0, low], [low, middle]], [[low, middle], [middle, high]]]
    return {"metric": g, "third_cumulant": T}


def _categories() -> Inputs:
    """Covariance and third central moment of the indicators of all but one state."""
    p = np.random.default_rng(CASE_SEED).dirichlet(np.ones(N_CATEGORIES))[:-1]
    eye = np.eye(p.size)
    g = np.diag(p) - np.outer(p, p)
    T = np.einsum("ij,jk,i->ijk", eye, eye, p)
    T -= np.einsum("ij,i,k->ijk", eye, p, p) + np.einsum("ik,i,j->ijk", eye, p, p)
    T -= np.einsum("jk,j,i->ijk", eye, p, p) - 2 * np.einsum("i,j,k->ijk", p, p, p)
    return {"metric": g, "third_cumulant": T}


def _affine(g: np.ndarray, T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both in other coordinates, symmetric to the last bit."""
    A = invertible(g.shape[0])
    moved = np.einsum("ai,bj,ck,ijk->abc", A, A, A, T, optimize=True)
    axes = ((0, 1, 2), (1, 2, 0), (2, 0, 1), (1, 0, 2), (0, 2, 1), (2, 1, 0))
    G = A @ g @ A.T
    return (G + G.T) / 2, sum(moved.transpose(a) for a in axes) / 6


def _hessian_laws(R: float) -> Law:
    """The curvature does not depend on the parameters."""

    def laws(
        result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
    ) -> Laws:
        g, T = _affine(inputs["metric"], inputs["third_cumulant"])
        moved = evaluate(metric=g, third_cumulant=T)
        allowed = kappa + _conditioning(g, T, R).kappa
        return {"affine invariance": Deviation(relative(moved, result), allowed)}

    return laws


def _hessian_case(name: str, inputs: Callable[[], Inputs], R: float) -> Case:
    def compute(*, dtype: str, metric: Any, third_cumulant: Any) -> Any:
        return fisher.hessian_scalar_curvature(metric, third_cumulant)

    m = inputs()["metric"].shape[0]
    return double_case(
        name=f"hessian_scalar_curvature, {name}",
        size=f"m = {m}",
        function="fisher.hessian_scalar_curvature",
        inputs=inputs,
        compute=compute,
        conditioning=lambda i, expected: _conditioning(
            i["metric"], i["third_cumulant"], R
        ),
        n=m**3,
        expected=lambda inputs: np.asarray(R),
        against="closed form",
        laws=_hessian_laws(R),
    )


# States and probabilities


def _indicators() -> Inputs:
    """Indicators of all states but the last, and probabilities."""
    p = np.random.default_rng(CASE_SEED).dirichlet(np.ones(N_CATEGORIES))
    return {"phi": np.eye(N_CATEGORIES)[:, :-1], "p": p}


def _ising_states() -> Inputs:
    """Bond energies of all states of the critical 3 x 3 torus, site 0 up."""
    J = np.full(2, math.asinh(1) / 2)
    phi = fisher_oracles.statistics("square", (3, 3))
    return {"phi": phi, "p": fisher_oracles.probabilities(phi, J)[0]}


def _moments(inputs: Inputs) -> tuple[np.ndarray, np.ndarray]:
    p = inputs["p"] / inputs["p"].sum()
    X = inputs["phi"] - p @ inputs["phi"]
    return X.T @ (p[:, None] * X), np.einsum("s,si,sj,sk->ijk", p, X, X, X)


def _family_laws(
    result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
) -> Laws:
    """Neither the order of the states nor an added constant matters."""
    phi, p = inputs["phi"], inputs["p"]
    turned = evaluate(phi=phi[::-1].copy(), p=p[::-1].copy())
    # The mean is subtracted from numbers up to four times as large.
    shifted = evaluate(phi=phi + 3.0, p=p)
    return {
        "order of the states": Deviation(relative(turned, result), 2 * kappa),
        "added constant": Deviation(relative(shifted, result), 5 * kappa),
    }


def _family_case(
    name: str,
    inputs: Callable[[], Inputs],
    expected: Callable[[], float],
    against: str,
) -> Case:
    def compute(*, dtype: str, phi: Any, p: Any) -> Any:
        return fisher.exponential_family_curvature(phi, p)

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        return _conditioning(*_moments(inputs), float(expected))

    n_states, m = inputs()["phi"].shape
    return double_case(
        name=f"exponential_family_curvature, {name}",
        size=f"{n_states}×{m}",
        function="fisher.exponential_family_curvature",
        inputs=inputs,
        compute=compute,
        conditioning=conditioning,
        n=n_states,
        expected=lambda inputs: np.asarray(expected()),
        against=against,
        laws=_family_laws,
    )


# Growth with the number of sites


def _sizes(law: Callable[[np.ndarray], np.ndarray]) -> Callable[[], Inputs]:
    n = np.arange(3.0, 13.0) ** 2
    return lambda: {"n_sites": n, "curvatures": -law(n)}


def _growth_case(
    function: Callable[..., Any],
    law: Callable[[np.ndarray], np.ndarray],
    expected: np.ndarray,
    kappa: Callable[[np.ndarray], float],
    reason: str,
) -> Case:
    def compute(*, dtype: str, n_sites: Any, curvatures: Any) -> Any:
        result = function(n_sites, curvatures)
        if not isinstance(result, tuple):
            return result
        return array_namespace(n_sites).stack(list(result))

    inputs = _sizes(law)
    return double_case(
        name=function.__name__,
        size=f"{inputs()['n_sites'].size} sizes",
        function=f"fisher.{function.__name__}",
        inputs=inputs,
        compute=compute,
        conditioning=lambda i, expected: Conditioning(kappa(i["n_sites"]), reason),
        n=inputs()["n_sites"].size,
        expected=lambda inputs: expected,
        against="the law that made the numbers",
    )


def _growth_cases() -> list[Case]:
    b, amplitude, slope, constant = 10 / 9, 8.1, 2.3, 4.2

    def power(n: np.ndarray) -> np.ndarray:
        return amplitude * n**b

    def logarithmic(n: np.ndarray) -> np.ndarray:
        return n * (slope * np.log(n) + constant)

    def shortest_step(n: np.ndarray) -> float:
        return 2 * float(np.log(power(n)).max() / np.diff(np.log(n)).min())

    def spread(n: np.ndarray) -> float:
        return float(np.log(n).max() / np.log(n).std()) ** 2

    return [
        _growth_case(
            fisher.effective_exponents,
            power,
            np.full(9, b),
            shortest_step,
            "2 max ln|R| over the smallest step of ln n",
        ),
        _growth_case(
            fisher.fit_power_law,
            power,
            np.asarray([b, amplitude, 0.0]),
            spread,
            "(max ln n / std ln n)², the lever of the intercept",
        ),
        _growth_case(
            fisher.fit_logarithmic_law,
            logarithmic,
            np.asarray([slope, constant, 0.0]),
            spread,
            "(max ln n / std ln n)², the lever of the intercept",
        ),
    ]


def cases() -> list[Case]:
    """All cases without a lattice, and one of every state of a small torus."""
    m = N_CATEGORIES - 1
    sphere = m * (m - 1) / 4
    return [
        _hessian_case("independent normals", _normals, -float(len(NORMALS))),
        _hessian_case("categorical", _categories, sphere),
        _family_case("categorical", _indicators, lambda: sphere, "closed form"),
        _family_case(
            "states of an Ising torus",
            _ising_states,
            lambda: fisher.ising_torus_curvature((3, 3)).scalar_curvature,
            "Pfaffian route",
        ),
        *_growth_cases(),
    ]
