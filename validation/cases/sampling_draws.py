"""The same draws on every backend, and deterministic designs against other programs.

A draw is a function of its seed and number: kernels and the reference must return the
same points, draw for draw. Whether their law is right is for `sampling_laws` to say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci import sampling
from geomsci.backends.arrays import array_namespace
from geomsci.validation.cases import sampling_oracles as oracles
from geomsci.validation.cases.sampling_recipes import (
    DOUBLE,
    ON_THE_HOST,
    ONE_STRICT,
    Laws,
    Space,
    feature_basis,
    features,
    line,
    mixed,
    orthonormal,
    sampling_case,
    simplex,
)
from geomsci.validation.suites import CASE_SEED, Case, Conditioning, Deviation, Inputs

Make = Callable[[Any], Any]
"""From a basis to a sampler."""

SAMPLERS: dict[str, tuple[Make, float]] = {
    "ChristoffelSampler": (sampling.ChristoffelSampler, 2.5),
    "ChristoffelSampler, mixture": (
        lambda basis: sampling.ChristoffelSampler(basis, mixture=0.5),
        2.5,
    ),
    "ProjectionDPP": (sampling.ProjectionDPP, 1.0),
    "ProjectionDPP, tridiagonal": (
        lambda basis: sampling.ProjectionDPP(basis, method="tridiagonal"),
        1.0,
    ),
    "RepeatedDPP": (sampling.RepeatedDPP, 2.5),
    "VolumeRescaledSampler": (sampling.VolumeRescaledSampler, 2.5),
    "VolumeRescaledSampler, mu": (
        lambda basis: sampling.VolumeRescaledSampler(basis, reference="mu"),
        2.5,
    ),
    "ConditionedSampler": (
        lambda basis: sampling.ConditionedSampler(
            sampling.RepeatedDPP(basis), delta=0.9, n_candidates=2
        ),
        2.0,
    ),
    "OptimalDesign": (lambda basis: sampling.OptimalDesign(basis, n_draws=3), 1.5),
}
"""Sampler with the number of points over m that it is asked for."""

ONE_COORDINATE = ("ProjectionDPP, tridiagonal",)

POLYNOMIAL = {
    "polynomial": simplex("legendre", 2, 2),
    "four families": mixed(2),
    "hermite": line("hermite", 8),
}
"""Small: the reference draws them with interpreted scalar code."""

N_DRAWS = 2
N_TOLD = 9
LEAST_GAIN = 1.01
"""Growth of the volume below which an exchange is not made."""


def _row(name: str) -> str:
    return f"sampling.{name.split(',')[0]}.sample"


def _replayed(inputs: Inputs, expected: np.ndarray) -> Conditioning:
    return Conditioning(1.0, "the same random numbers make the same decisions")


def _weights_law(name: str, m: int) -> Callable[..., Laws]:
    """With the optimal weight ``w k_m = m`` at every point: the trace of G is m."""

    def laws(
        result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
    ) -> Laws:
        rows, _ = orthonormal(inputs)
        indices, weights = result
        k = np.sum(rows**2, axis=1)[indices.astype(np.int64)]
        return {"w k_m = m": Deviation(float(np.abs(weights * k / m - 1).max()), m)}

    return laws


def _finite_case(name: str, n_candidates: int, m: int) -> Case:
    """Indices and weights of draws among candidates."""
    make, factor = SAMPLERS[name]
    n = round(factor * m)

    def compute(*, dtype: str, F: Any, mu: Any) -> Any:
        sampler = make(feature_basis(F, mu))
        design = sampler.sample(n, size=N_DRAWS, rng=CASE_SEED)
        xp = array_namespace(design.weights)
        indices, weights = design.indices, design.weights
        if name == "OptimalDesign":
            # Of a candidate that the pool holds twice, rounding decides which goes.
            order = xp.argsort(indices, axis=1)
            indices = xp.take_along_axis(indices, order, axis=1)
            weights = xp.take_along_axis(weights, order, axis=1)
        return xp.stack([xp.astype(indices, weights.dtype), weights])

    optimal = "mixture" not in name and "mu" not in name
    return sampling_case(
        name=f"{name}, candidates",
        size=f"{N_DRAWS}×{n} of {n_candidates}",
        function=_row(name),
        inputs=lambda: features(n_candidates, m),
        compute=compute,
        conditioning=_replayed,
        n=m,
        laws=_weights_law(name, m) if optimal else None,
        **DOUBLE,
    )


def _polynomial_case(name: str, label: str, space: Space) -> Case:
    """Points and weights of draws from a polynomial space."""
    make, factor = SAMPLERS[name]
    n = round(factor * len(space.indices))

    def compute(*, dtype: str, one: Any) -> Any:
        design = make(space.basis()).sample(n, size=N_DRAWS, rng=CASE_SEED)
        xp = array_namespace(design.weights)
        return xp.concat([design.points, design.weights[..., None]], axis=2)

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        points = expected[..., :-1].reshape(-1, len(space.families))
        return Conditioning(
            2 * space.sensitivity(points),
            "2 (1 + ‖x φ'‖/‖φ‖), the weights where points move by roundings",
        )

    return sampling_case(
        name=f"{name}, {label}",
        size=f"{N_DRAWS}×{n}, m = {len(space.indices)}",
        function=_row(name),
        inputs=lambda: {"one": np.ones(1)},
        compute=compute,
        conditioning=conditioning,
        n=len(space.indices),
        **DOUBLE,
        **ON_THE_HOST,
    )


def _part_case() -> Case:
    """Fewer designs of the same seed are the first of more."""
    space = POLYNOMIAL["polynomial"]

    def compute(*, dtype: str, one: Any) -> Any:
        return (
            sampling.ProjectionDPP(space.basis()).sample(size=2, rng=CASE_SEED).points
        )

    def expected(inputs: Inputs) -> np.ndarray:
        sampler = sampling.ProjectionDPP(space.basis())
        return np.asarray(sampler.sample(size=9, rng=CASE_SEED).points)[:2]

    return sampling_case(
        name="ProjectionDPP, first of many",
        size=f"2 of 9, m = {len(space.indices)}",
        function="sampling.ProjectionDPP.sample",
        inputs=lambda: {"one": np.ones(1)},
        compute=compute,
        conditioning=_replayed,
        n=len(space.indices),
        expected=expected,
        against="the first two of nine draws",
        **DOUBLE,
        **ON_THE_HOST,
    )


# Subsets


def _subset_case(n_candidates: int, m: int, n: int) -> Case:
    def compute(*, dtype: str, F: Any, mu: Any) -> Any:
        sampler = sampling.SubsetVolumeSampler(feature_basis(F))
        design = sampler.sample(n, size=N_DRAWS, rng=CASE_SEED)
        xp = array_namespace(design.weights)
        return xp.astype(design.indices, xp.float64)

    return sampling_case(
        name="SubsetVolumeSampler",
        size=f"{N_DRAWS}×{n} of {n_candidates}, m = {m}",
        function="sampling.SubsetVolumeSampler.sample",
        inputs=lambda: features(n_candidates, m),
        compute=compute,
        conditioning=_replayed,
        n=m,
        **DOUBLE,
    )


def _inclusion_case(n_candidates: int, m: int, n: int) -> Case:
    def compute(*, dtype: str, F: Any, mu: Any) -> Any:
        sampler = sampling.SubsetVolumeSampler(feature_basis(F))
        return sampler.inclusion_probabilities(n)

    def expected(inputs: Inputs) -> np.ndarray:
        found = np.zeros(n_candidates)
        for subset, p in oracles.subset_probabilities(inputs["F"], n).items():
            found[list(subset)] += p
        return found

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        F = inputs["F"] / np.linalg.norm(inputs["F"], axis=0)
        return Conditioning(
            2 * float(np.linalg.cond(F)) * m, "2 m cond of the columns, of length one"
        )

    return sampling_case(
        name="SubsetVolumeSampler.inclusion_probabilities",
        size=f"{n} of {n_candidates}, m = {m}",
        function="sampling.SubsetVolumeSampler.inclusion_probabilities",
        inputs=lambda: features(n_candidates, m),
        compute=compute,
        conditioning=conditioning,
        n=n_candidates,
        expected=expected,
        against="determinants of all subsets",
        **DOUBLE,
    )


# Designs without chance


def _directions(inputs: Inputs) -> np.ndarray:
    """Rows ``sqrt(w) phi`` of the candidates, all of the length sqrt(m)."""
    rows, _ = orthonormal(inputs)
    m = rows.shape[1]
    return rows * np.sqrt(m / np.sum(rows**2, axis=1))[:, None]


def _fekete_case(n_candidates: int, m: int) -> Case:
    """After the first pivot, where all rows are equal but for rounding."""

    def compute(*, dtype: str, F: Any, mu: Any) -> Any:
        design = sampling.FeketeDesign(feature_basis(F, mu), exchange=False).sample()
        xp = array_namespace(design.weights)
        return xp.astype(design.indices, xp.float64)

    def expected(inputs: Inputs) -> np.ndarray:
        A = _directions(inputs)
        # The first of equals, by a factor that LAPACK's pivoting cannot mistake.
        A[0] *= 1 + 1e-9
        return oracles.pivoted_rows(A).astype(np.float64)

    return sampling_case(
        name="FeketeDesign, pivots",
        size=f"{m} of {n_candidates}",
        function="sampling.FeketeDesign.sample",
        inputs=lambda: features(n_candidates, m),
        compute=compute,
        conditioning=_replayed,
        n=m,
        expected=expected,
        against="SciPy's QR with pivoting",
        **DOUBLE,
    )


def _exchange_laws(
    result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
) -> Laws:
    """No exchange of one point makes the volume grow by more than a hundredth."""
    A = _directions(inputs)
    gains = A @ np.linalg.inv(A[result.astype(np.int64)])
    excess = max(0.0, float(np.abs(gains).max()) - LEAST_GAIN)
    return {"no exchange gains 1 %": Deviation(excess, float(A.shape[1]))}


def _exchange_case(n_candidates: int, m: int) -> Case:
    def compute(*, dtype: str, F: Any, mu: Any) -> Any:
        design = sampling.FeketeDesign(feature_basis(F, mu)).sample()
        xp = array_namespace(design.weights)
        return xp.astype(design.indices, xp.float64)

    return sampling_case(
        name="FeketeDesign, pivots and exchanges",
        size=f"{m} of {n_candidates}",
        function="sampling.FeketeDesign.sample",
        inputs=lambda: features(n_candidates, m),
        compute=compute,
        conditioning=_replayed,
        n=m,
        laws=_exchange_laws,
        **DOUBLE,
    )


def _reduce_case(criterion: str, n_candidates: int, m: int) -> Case:
    n = m + 3

    def compute(*, dtype: str, F: Any, mu: Any) -> Any:
        basis = feature_basis(F, mu)
        pool = sampling.RepeatedDPP(basis).sample(4 * m, rng=CASE_SEED)
        design = sampling.greedy_reduce(pool, basis, n, criterion)
        xp = array_namespace(design.weights)
        return xp.sort(xp.astype(design.indices, xp.float64))

    def expected(inputs: Inputs) -> np.ndarray:
        basis = feature_basis(inputs["F"], inputs["mu"])
        pool = sampling.RepeatedDPP(basis).sample(4 * m, rng=CASE_SEED)
        indices = np.asarray(pool.indices)
        kept = oracles.greedy_survivors(_directions(inputs)[indices], n, criterion)
        return np.sort(indices[kept]).astype(np.float64)

    return sampling_case(
        name=f"greedy_reduce, {criterion}",
        size=f"{4 * m} to {n}, m = {m}",
        function="sampling.greedy_reduce",
        inputs=lambda: features(n_candidates, m),
        compute=compute,
        conditioning=_replayed,
        n=m,
        expected=expected,
        against="every deletion tried out",
        **DOUBLE,
        **ONE_STRICT,
    )


def _told_case(method: str) -> Case:
    """Points asked for one by one, and the fit of their values."""
    space = POLYNOMIAL["polynomial"]

    def model() -> sampling.OptimalDesignRegressor:
        return sampling.OptimalDesignRegressor(
            space.basis(), n_samples=N_TOLD, random_state=CASE_SEED
        )

    def compute(*, dtype: str, c: Any) -> Any:
        one_by_one = model()
        points = np.concatenate(
            [one_by_one.ask(1 if i else 3) for i in range(N_TOLD - 2)]
        )
        if method == "ask":
            return points
        values = space.matrix(points) @ np.asarray(c)
        for i in np.random.default_rng(CASE_SEED).permutation(len(points)):
            one_by_one.tell(points[i : i + 1], values[i : i + 1])
        return one_by_one.coef_

    def expected(inputs: Inputs) -> np.ndarray:
        return inputs["c"] if method == "tell" else model().ask(N_TOLD)

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        if method == "ask":
            return _replayed(inputs, expected)
        X = model().ask(N_TOLD)
        Phi = space.matrix(X)
        return Conditioning(
            float(np.linalg.cond(Phi)) * space.sensitivity(X),
            "cond(Φ) (1 + ‖x φ'‖/‖φ‖), the values are exact",
        )

    rng = np.random.default_rng(CASE_SEED)
    c = rng.standard_normal(len(space.indices))
    against = {"ask": "the design asked for at once", "tell": "known coefficients"}
    return sampling_case(
        name=f"OptimalDesignRegressor.{method}",
        size=f"{N_TOLD}, m = {len(space.indices)}",
        function=f"sampling.OptimalDesignRegressor.{method}",
        inputs=lambda: {"c": c},
        compute=compute,
        conditioning=conditioning,
        n=N_TOLD,
        expected=expected,
        against=against[method],
        backends=("reference", "auto"),
        backends_reason="values of a simulator are told as NumPy arrays",
        **{key: DOUBLE[key] for key in ("dtypes", "dtype_reason")},
    )


def cases(quick: bool) -> list[Case]:
    """Replays of all samplers, and designs that are the same at every run."""
    several = [name for name in SAMPLERS if name not in ONE_COORDINATE]
    found = [_finite_case(name, 60, 6) for name in several]
    found += [
        _polynomial_case(name, "2-D polynomials", POLYNOMIAL["polynomial"])
        for name in several
    ]
    found += [
        _polynomial_case(name, "hermite", POLYNOMIAL["hermite"])
        for name in ONE_COORDINATE
    ]
    for label in ("four families", "hermite"):
        for name in ("ChristoffelSampler", "ProjectionDPP"):
            found.append(_polynomial_case(name, label, POLYNOMIAL[label]))
    if not quick:
        found.append(_finite_case("ProjectionDPP", 5000, 60))
        large = simplex("legendre", 2, 8)
        found.append(_polynomial_case("ProjectionDPP", "2-D polynomials", large))
    found += [_part_case(), _subset_case(60, 6, 15), _inclusion_case(12, 3, 5)]
    found += [_fekete_case(60, 6), _exchange_case(60, 6)]
    found += [_told_case("ask"), _told_case("tell")]
    return found + [_reduce_case(c, 60, 6) for c in ("a-optimal", "lambda_min")]
