"""Orthonormal bases: classical polynomials, quadrature, mpmath, and NumPy's QR."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci import sampling
from geomsci.backends.arrays import array_namespace, device
from geomsci.validation.cases import sampling_oracles as oracles
from geomsci.validation.cases.sampling_recipes import (
    ONE_STRICT,
    Laws,
    Space,
    evaluation,
    feature_basis,
    features,
    line,
    mixed,
    orthonormal,
    relative,
    sampling_case,
    simplex,
)
from geomsci.validation.suites import Case, Conditioning, Deviation, Inputs

N_POINTS = 50
SPACES = (
    line("legendre", 12),
    line("hermite", 12),
    line("chebyshev", 12),
    line("laguerre", 8),
    line("fourier", 11),
    line("jacobi", 9, 0.5, -0.25),
    simplex("legendre", 3, 4),
    mixed(),
)
LARGE_SPACES = (simplex("legendre", 8, 3), line("legendre", 100))

CLASSICAL = "NumPy's and SciPy's classical polynomials"
FAR = (20.0, 45.0)
"""Where the kernel of 400 Hermite functions passes the largest double."""


def _points(space: Space) -> Callable[[], Inputs]:
    return lambda: {"X": space.points(N_POINTS)}


def _evaluate_laws(
    result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
) -> Laws:
    """The values at a point do not depend on the other points."""
    turned = evaluate(X=inputs["X"][::-1].copy())
    return {"order of the points": Deviation(relative(turned[::-1], result), kappa)}


def _evaluate_case(space: Space) -> Case:
    def compute(*, dtype: str, X: Any) -> Any:
        return space.basis().evaluate(X)

    return sampling_case(
        name=f"PolynomialBasis.evaluate, {space.name}",
        size=f"{N_POINTS}, m = {len(space.indices)}",
        function="sampling.PolynomialBasis.evaluate",
        inputs=_points(space),
        compute=compute,
        conditioning=evaluation(space),
        n=int(space.degrees.max()) + 1,
        expected=lambda inputs: space.matrix(inputs["X"]),
        against=CLASSICAL,
        laws=_evaluate_laws,
    )


def _scaled_case(space: Space) -> Case:
    def compute(*, dtype: str, X: Any) -> Any:
        values, log_scale = space.basis().scaled_evaluate(X)
        return values * array_namespace(values).exp(log_scale)[:, None]

    return sampling_case(
        name=f"PolynomialBasis.scaled_evaluate, {space.name}",
        size=f"{N_POINTS}, m = {len(space.indices)}",
        function="sampling.PolynomialBasis.scaled_evaluate",
        inputs=_points(space),
        compute=compute,
        conditioning=evaluation(space),
        n=int(space.degrees.max()) + 1,
        expected=lambda inputs: space.matrix(inputs["X"]),
        against=CLASSICAL,
    )


def _christoffel_case(space: Space) -> Case:
    def compute(*, dtype: str, X: Any) -> Any:
        return space.basis().christoffel(X)

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        # Of squares: the sensitivity of the functions counts twice.
        found = evaluation(space)(inputs, expected)
        return Conditioning(2 * found.kappa, f"twice {found.reason}")

    return sampling_case(
        name=f"PolynomialBasis.christoffel, {space.name}",
        size=f"{N_POINTS}, m = {len(space.indices)}",
        function="sampling.PolynomialBasis.christoffel",
        inputs=_points(space),
        compute=compute,
        conditioning=conditioning,
        n=len(space.indices),
        expected=lambda inputs: np.sum(space.matrix(inputs["X"]) ** 2, axis=1),
        against=CLASSICAL,
    )


def _gram_case(space: Space) -> Case:
    def inputs() -> Inputs:
        X, w = space.rule()
        return {"X": X, "w": w}

    def compute(*, dtype: str, X: Any, w: Any) -> Any:
        Phi = space.basis().evaluate(X)
        return array_namespace(Phi).matrix_transpose(Phi) @ (w[:, None] * Phi)

    m = len(space.indices)
    return sampling_case(
        name=f"PolynomialBasis Gram matrix by quadrature, {space.name}",
        size=f"m = {m}",
        function="sampling.PolynomialBasis.evaluate",
        inputs=inputs,
        compute=compute,
        conditioning=_gram_conditioning(space),
        n=len(inputs()["w"]),
        expected=lambda inputs: np.eye(m),
        against="orthonormality under an exact Gauss rule",
    )


def _gram_conditioning(space: Space) -> Callable[..., Conditioning]:
    """Nodes rounded to the precision move the functions there, weighted by the rule."""

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        w = inputs["w"]
        Phi, h = space.matrix(inputs["X"]), 1e-6
        inner, total = inputs["X"] * (1 - 2 * h), 0.0
        for j in range(inner.shape[1]):
            step = h * np.eye(inner.shape[1])[j]
            slope = (space.matrix(inner + step) - space.matrix(inner - step)) / (2 * h)
            total += float(w @ np.sum((inner[:, j : j + 1] * slope) ** 2, axis=1))
        norm = float(w @ np.sum(Phi**2, axis=1))
        kappa = 2 * math.sqrt(norm) * (math.sqrt(norm) + math.sqrt(total))
        return Conditioning(
            kappa / math.sqrt(len(space.indices)),
            "2 ‖φ‖ (‖φ‖ + ‖x φ'‖) in L², nodes moved by roundings, over ‖I‖",
        )

    return conditioning


def _log_christoffel_case(m: int) -> Case:
    def compute(*, dtype: str, X: Any) -> Any:
        basis = sampling.PolynomialBasis("hermite", np.arange(m))
        return basis.log_christoffel(X)

    x = np.linspace(*FAR, 7)
    return sampling_case(
        name="PolynomialBasis.log_christoffel, hermite far outside",
        size=f"{x.size}, m = {m}",
        function="sampling.PolynomialBasis.log_christoffel",
        inputs=lambda: {"X": x[:, None]},
        compute=compute,
        # d log k / dx is at most 2 m / x outside the zeros, so x d log k / dx <= 2 m.
        conditioning=lambda i, expected: Conditioning(
            1 + 2 * m / float(np.abs(expected).mean()), "1 + 2 m / |log k|"
        ),
        n=m,
        expected=lambda inputs: oracles.log_hermite_kernel(inputs["X"][:, 0], m),
        against="mpmath",
        **ONE_STRICT,
    )


# Features on candidates


def _kernel(rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """``K(x, y)``: it does not depend on the basis of the space."""
    return others @ rows.T


def _feature_conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
    mu = inputs["mu"] / inputs["mu"].sum()
    A = np.sqrt(mu)[:, None] * inputs["F"]
    cond = float(np.linalg.cond(A / np.linalg.norm(A, axis=0)))
    return Conditioning(
        2 * cond * A.shape[1] ** 0.5, "2 √m cond of the columns, each of length one"
    )


def _feature_laws(
    result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
) -> Laws:
    """Other columns of the same span have the same kernel; so has any scale of mu."""
    F, mu = inputs["F"], inputs["mu"]
    other = F @ (np.eye(F.shape[1]) + 0.1 * np.tri(F.shape[1], k=-1))
    return {
        "other columns, same span": Deviation(
            relative(evaluate(F=other, mu=mu), result), 2 * kappa
        ),
        "scale of the weights": Deviation(
            relative(evaluate(F=F, mu=4 * mu), result), kappa
        ),
    }


def _feature_case(n_candidates: int, m: int) -> Case:
    def compute(*, dtype: str, F: Any, mu: Any) -> Any:
        rows = sampling.FeatureBasis(F, sample_weight=mu).rows
        return rows @ array_namespace(rows).matrix_transpose(rows)

    def expected(inputs: Inputs) -> np.ndarray:
        rows, _ = orthonormal(inputs)
        return _kernel(rows, rows)

    return sampling_case(
        name="FeatureBasis, kernel at the candidates",
        size=f"{n_candidates}×{m}",
        function="sampling.FeatureBasis",
        inputs=lambda: features(n_candidates, m),
        compute=compute,
        conditioning=_feature_conditioning,
        n=n_candidates,
        expected=expected,
        against="NumPy's QR",
        laws=_feature_laws,
    )


def _feature_gram_case(n_candidates: int, m: int) -> Case:
    def compute(*, dtype: str, F: Any, mu: Any) -> Any:
        basis = sampling.FeatureBasis(F, sample_weight=mu)
        rows = basis.rows
        return array_namespace(rows).matrix_transpose(rows) @ (
            basis.measure[:, None] * rows
        )

    return sampling_case(
        name="FeatureBasis, Gram matrix at the candidates",
        size=f"{n_candidates}×{m}",
        function="sampling.FeatureBasis",
        inputs=lambda: features(n_candidates, m),
        compute=compute,
        conditioning=lambda i, expected: Conditioning(
            m**0.5, "√m, whatever the columns"
        ),
        n=n_candidates,
        expected=lambda inputs: np.eye(m),
        against="orthonormality",
    )


def _feature_points_case(method: str, n_candidates: int, m: int) -> Case:
    """Values at new rows: combinations of two candidates."""

    def compute(*, dtype: str, F: Any, mu: Any) -> Any:
        basis = feature_basis(F, mu)
        new = F[1:, :] - 0.5 * F[:-1, :]
        if method == "christoffel":
            return basis.christoffel(new)
        rows = basis.rows
        return basis.evaluate(new) @ array_namespace(rows).matrix_transpose(rows)

    def expected(inputs: Inputs) -> np.ndarray:
        rows, _ = orthonormal(inputs)
        new = rows[1:] - 0.5 * rows[:-1]
        return np.sum(new**2, axis=1) if method == "christoffel" else new @ rows.T

    return sampling_case(
        name=f"FeatureBasis.{method}, new rows",
        size=f"{n_candidates}×{m}",
        function=f"sampling.FeatureBasis.{method}",
        inputs=lambda: features(n_candidates, m),
        compute=compute,
        conditioning=_feature_conditioning,
        n=n_candidates,
        expected=expected,
        against="NumPy's QR, by linearity",
    )


# Numbers of points


def _sample_size_case() -> Case:
    settings = [
        (m, delta, eta, kind)
        for m in (1, 10, 100, 1000)
        for delta in (0.5, 0.9)
        for eta in (0.01, 0.05)
        for kind in ("two-sided", "one-sided")
    ]

    def compute(*, dtype: str, one: Any) -> Any:
        xp = array_namespace(one)
        found = [
            float(sampling.required_sample_size(m, delta, eta, kind))
            for m, delta, eta, kind in settings
        ]
        return xp.asarray(found, dtype=one.dtype, device=device(one)) * one

    def expected(inputs: Inputs) -> np.ndarray:
        found = []
        for m, delta, eta, kind in settings:
            sign = 1 if kind == "two-sided" else -1
            # d = int_0^delta log(1 + s t) s dt, by its series in delta.
            rate = math.fsum(
                (-sign) ** k * delta**k / (k * (k - 1)) for k in range(2, 400)
            )
            failures = 2 * m if kind == "two-sided" else m
            found.append(math.ceil(m * math.log(failures / eta) / rate))
        return np.asarray(found, dtype=np.float64)

    return sampling_case(
        name="required_sample_size",
        size=f"{len(settings)} settings",
        function="sampling.required_sample_size",
        inputs=lambda: {"one": np.ones(1)},
        compute=compute,
        conditioning=lambda i, expected: Conditioning(1.0, "whole numbers"),
        n=1,
        expected=expected,
        against="power series of the rate",
    )


def cases(quick: bool) -> list[Case]:
    """All cases of bases; the small spaces if ``quick``."""
    found: list[Case] = []
    for space in SPACES if quick else (*SPACES, *LARGE_SPACES):
        found.append(_evaluate_case(space))
        if space not in LARGE_SPACES or len(space.families) == 1:
            found.append(_gram_case(space))
    for space in (SPACES[1], SPACES[6]):
        found += [_scaled_case(space), _christoffel_case(space)]
    found.append(_log_christoffel_case(400))
    for size in ((60, 6),) if quick else ((60, 6), (400, 30)):
        found += [_feature_case(*size), _feature_gram_case(*size)]
        found += [_feature_points_case(m, *size) for m in ("evaluate", "christoffel")]
    return [*found, _sample_size_case()]
