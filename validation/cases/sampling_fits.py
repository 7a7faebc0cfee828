"""Weighted least squares against extended precision, refits and closed forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci import sampling
from geomsci.backends.arrays import array_namespace, device
from geomsci.sampling.stability import gram, instability
from geomsci.validation.cases import sampling_oracles as oracles
from geomsci.validation.cases.conditioning import measured_conditioning
from geomsci.validation.cases.sampling_recipes import (
    Conditioner,
    Laws,
    Space,
    fit_kappa,
    line,
    relative,
    sampling_case,
    simplex,
)
from geomsci.validation.suites import CASE_SEED, Case, Conditioning, Deviation, Inputs

SMALL = simplex("legendre", 2, 3)
GAUSSIAN = line("hermite", 5)
PRECISE = "Householder QR in NumPy's longest precision"
REASON = "κ_x cond(A) (1 + |b|/‖A‖|c| + cond(A) |r|/‖A‖|c|)"
COVERAGE = 0.9


def _data(space: Space, n: int, noise: float = 0.1) -> Callable[[], Inputs]:
    """Points of mu, their optimal weights, and a function with noise."""

    def inputs() -> Inputs:
        rng = np.random.default_rng([CASE_SEED, n])
        X = space.points(n)
        Phi = space.matrix(X)
        w = Phi.shape[1] / np.sum(Phi**2, axis=1)
        c = rng.standard_normal(Phi.shape[1])
        return {"X": X, "y": Phi @ c + noise * rng.standard_normal(n), "w": w}

    return inputs


def _fitted(space: Space, X: Any, y: Any, w: Any) -> sampling.WeightedLeastSquares:
    model = sampling.WeightedLeastSquares(space.basis())
    return model.fit(X, y, sample_weight=w)


def _oracle(space: Space, inputs: Inputs) -> tuple[np.ndarray, ...]:
    return space.matrix(inputs["X"]), inputs["y"], inputs["w"]


def _of_fit(space: Space, factor: float = 1.0, why: str = "") -> Conditioner:
    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        return Conditioning(factor * fit_kappa(space, inputs), REASON + why)

    return conditioning


def _fit_laws(
    result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
) -> Laws:
    """Order of the points, scale of the weights, linearity."""
    X, y, w = inputs["X"], inputs["y"], inputs["w"]
    turned = evaluate(X=X[::-1].copy(), y=y[::-1].copy(), w=w[::-1].copy())
    scaled = evaluate(X=X, y=y, w=8 * w)
    return {
        "order of the points": Deviation(relative(turned, result), 2 * kappa),
        "scale of the weights": Deviation(relative(scaled, result), 2 * kappa),
        "linear in y": Deviation(
            relative(evaluate(X=X, y=-2 * y, w=w), -2 * result), 2 * kappa
        ),
    }


def _coefficient_case(space: Space, n: int) -> Case:
    def compute(*, dtype: str, X: Any, y: Any, w: Any) -> Any:
        return _fitted(space, X, y, w).coef_

    return sampling_case(
        name=f"WeightedLeastSquares coefficients, {space.name}",
        size=f"{n}, m = {len(space.indices)}",
        function="sampling.WeightedLeastSquares.fit",
        inputs=_data(space, n),
        compute=compute,
        conditioning=_of_fit(space),
        n=n,
        expected=lambda inputs: oracles.weighted_fit(*_oracle(space, inputs)),
        against=PRECISE,
        laws=_fit_laws,
    )


def _regressor_case(space: Space, n: int) -> Case:
    def compute(*, dtype: str, X: Any, y: Any, w: Any) -> Any:
        model = sampling.OptimalDesignRegressor(space.basis())
        return model.fit(X, y, sample_weight=w).coef_

    return sampling_case(
        name=f"OptimalDesignRegressor.fit, given data, {space.name}",
        size=f"{n}, m = {len(space.indices)}",
        function="sampling.OptimalDesignRegressor.fit",
        inputs=_data(space, n),
        compute=compute,
        conditioning=_of_fit(space),
        n=n,
        expected=lambda inputs: oracles.weighted_fit(*_oracle(space, inputs)),
        against=PRECISE,
    )


def _prediction_case(space: Space, n: int) -> Case:
    def compute(*, dtype: str, X: Any, y: Any, w: Any, new: Any) -> Any:
        return _fitted(space, X, y, w).predict(new)

    def expected(inputs: Inputs) -> np.ndarray:
        return space.matrix(inputs["new"]) @ oracles.weighted_fit(
            *_oracle(space, inputs)
        )

    def inputs() -> Inputs:
        return {**_data(space, n)(), "new": space.points(20, stream=1)}

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        Phi = space.matrix(inputs["new"])
        c = oracles.weighted_fit(*_oracle(space, inputs))
        stretch = float(
            np.linalg.norm(Phi, ord=2) * np.linalg.norm(c) / np.linalg.norm(expected)
        )
        kappa = fit_kappa(space, inputs) + space.sensitivity(inputs["new"])
        return Conditioning(stretch * kappa, f"‖Φ‖|c|/|Φc| (κ_x + {REASON})")

    return sampling_case(
        name=f"WeightedLeastSquares.predict, {space.name}",
        size=f"{n}, m = {len(space.indices)}",
        function="sampling.WeightedLeastSquares.predict",
        inputs=inputs,
        compute=compute,
        conditioning=conditioning,
        n=n,
        expected=expected,
        against=PRECISE,
    )


def _leverage_case(space: Space, n: int) -> Case:
    """Leverages and leave-one-out residuals against n refits."""

    def compute(*, dtype: str, X: Any, y: Any, w: Any) -> Any:
        model = _fitted(space, X, y, w)
        xp = array_namespace(model.leverage_)
        return xp.concat([model.leverage_, model.loo_residuals_])

    def expected(inputs: Inputs) -> np.ndarray:
        Phi, y, w = _oracle(space, inputs)
        h = np.diagonal(oracles.hat(np.sqrt(w)[:, None] * Phi))
        return np.concatenate([h, oracles.left_out(Phi, y, w)[1]])

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        left = 1 - float(expected[:n].max())
        scale = float(np.linalg.norm(inputs["y"]) / np.linalg.norm(expected))
        kappa = fit_kappa(space, inputs) * max(1.0, scale) / left
        return Conditioning(kappa, f"{REASON} · max(1, |y|/|result|) / (1 - max h)")

    m = len(space.indices)

    def laws(
        result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
    ) -> Laws:
        total = float(result[:n].sum())
        return {"leverages sum to m": Deviation(abs(total / m - 1), float(n))}

    return sampling_case(
        name=f"leverages and leave-one-out residuals, {space.name}",
        size=f"{n}, m = {m}",
        function="sampling.WeightedLeastSquares.fit",
        inputs=_data(space, n),
        compute=compute,
        conditioning=conditioning,
        n=n,
        expected=expected,
        against="one refit a point in extended precision",
        laws=laws,
    )


def _covariance_case(space: Space, n: int) -> Case:
    """The sandwich covariance from its definition."""

    def compute(*, dtype: str, X: Any, y: Any, w: Any) -> Any:
        return _fitted(space, X, y, w).coef_cov_

    def expected(inputs: Inputs) -> np.ndarray:
        Phi, y, w = _oracle(space, inputs)
        A = np.sqrt(w)[:, None] * Phi
        T = np.linalg.pinv(A) * np.sqrt(w)
        h = np.diagonal(oracles.hat(A))
        residual = y - Phi @ oracles.weighted_fit(Phi, y, w)
        return (T * (residual**2 / (1 - h))) @ T.T

    return sampling_case(
        name=f"covariance of the coefficients, {space.name}",
        size=f"{n}, m = {len(space.indices)}",
        function="sampling.WeightedLeastSquares.fit",
        inputs=_data(space, n),
        compute=compute,
        conditioning=measured_conditioning(compute),
        n=n,
        expected=expected,
        against="pseudo-inverse and residuals",
    )


def _interval_case(space: Space, n: int) -> Case:
    def compute(*, dtype: str, X: Any, y: Any, w: Any, new: Any) -> Any:
        found = _fitted(space, X, y, w).predict_interval(new, COVERAGE)
        return array_namespace(found.lower).stack([found.lower, found.upper])

    def inputs() -> Inputs:
        return {**_data(space, n)(), "new": space.points(20, stream=1)}

    def expected(inputs: Inputs) -> np.ndarray:
        new = space.matrix(inputs["new"])
        Phi, y, w = _oracle(space, inputs)
        return oracles.jackknife_interval(Phi, y, w, new, COVERAGE)

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        Phi, _, w = _oracle(space, inputs)
        h = np.diagonal(oracles.hat(np.sqrt(w)[:, None] * Phi))
        kappa = fit_kappa(space, inputs) / (1 - float(h.max()))
        size = float(np.linalg.norm(space.matrix(inputs["new"]), ord=2))
        scale = size * float(np.linalg.norm(inputs["y"])) / np.linalg.norm(expected)
        return Conditioning(
            kappa * max(1.0, float(scale)), f"{REASON} ‖Φ‖|y| / |result| / (1 - max h)"
        )

    return sampling_case(
        name=f"jackknife+ interval, {space.name}",
        size=f"{n}, m = {len(space.indices)}",
        function="sampling.WeightedLeastSquares.predict_interval",
        inputs=inputs,
        compute=compute,
        conditioning=conditioning,
        n=n,
        expected=expected,
        against="quantiles over one refit a point",
    )


def _score_case(space: Space, n: int) -> Case:
    def compute(*, dtype: str, X: Any, y: Any, w: Any) -> Any:
        value = _fitted(space, X, y, w).score(X, y, sample_weight=w)
        return array_namespace(X).asarray([value], dtype=X.dtype, device=device(X))

    def expected(inputs: Inputs) -> np.ndarray:
        Phi, y, w = _oracle(space, inputs)
        residual = y - Phi @ oracles.weighted_fit(Phi, y, w)
        centred = y - w @ y / w.sum()
        return np.asarray([1 - w @ residual**2 / (w @ centred**2)])

    return sampling_case(
        name=f"WeightedLeastSquares.score, {space.name}",
        size=f"{n}, m = {len(space.indices)}",
        function="sampling.WeightedLeastSquares.score",
        inputs=_data(space, n, noise=1.0),
        compute=compute,
        conditioning=_of_fit(space),
        n=n,
        expected=expected,
        against=PRECISE,
    )


# Polynomial chaos


def _chaos(dtype: str, model: sampling.WeightedLeastSquares) -> Any:
    """Mean, variance, first and total indices behind each other."""
    found = model.sobol_indices()
    xp = array_namespace(found.first)
    numbers = [float(model.mean_), float(model.variance_)]
    place = device(found.first)
    head = xp.asarray(numbers, dtype=found.first.dtype, device=place)
    return xp.concat([head, found.first, found.total])


def _product(X: np.ndarray) -> np.ndarray:
    """``(1 + x/2) (2 + 3 y^2) + z``, whose parts are known."""
    return (1 + X[:, 0] / 2) * (2 + 3 * X[:, 1] ** 2) + X[:, 2]


def _product_shares() -> np.ndarray:
    # Of (1 + a)(b + c) with mean b: a = x/2, Var a = 1/12; 2 + 3 y^2 has the mean 3 and
    # the variance 9 * 4/45 = 4/5; z has the variance 1/3.
    first = np.asarray([9 / 12, 4 / 5, 1 / 3])
    both = 4 / 5 / 12
    variance = first.sum() + both
    total = first + np.asarray([both, both, 0.0])
    return np.concatenate([[3.0, variance], first / variance, total / variance])


def _gaussian(X: np.ndarray) -> np.ndarray:
    """``x y + y^2`` of normal variables: variance 3, shares 0, 2/3 and 1/3, 1."""
    return X[:, 0] * X[:, 1] + X[:, 1] ** 2


def _chaos_case(
    name: str,
    space: Space,
    f: Callable[[np.ndarray], np.ndarray],
    expected: np.ndarray,
    n: int,
) -> Case:
    def inputs() -> Inputs:
        X = space.points(n)
        w = len(space.indices) / np.sum(space.matrix(X) ** 2, axis=1)
        return {"X": X, "y": f(X), "w": w}

    def compute(*, dtype: str, X: Any, y: Any, w: Any) -> Any:
        return _chaos(dtype, _fitted(space, X, y, w))

    return sampling_case(
        name=f"polynomial chaos, {name}",
        size=f"{n}, m = {len(space.indices)}",
        function="sampling.WeightedLeastSquares.sobol_indices",
        inputs=inputs,
        compute=compute,
        conditioning=_of_fit(space, 4.0, ", for squares over their sum"),
        n=n,
        expected=lambda inputs: expected,
        against="closed form",
    )


# Stability


def _gram_case(space: Space, n: int) -> Case:
    def compute(*, dtype: str, Phi: Any, w: Any) -> Any:
        return gram(Phi, w)

    def inputs() -> Inputs:
        X = space.points(n)
        Phi = space.matrix(X)
        return {"Phi": Phi, "w": Phi.shape[1] / np.sum(Phi**2, axis=1)}

    def laws(
        result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
    ) -> Laws:
        m = result.shape[-1]
        return {
            "symmetry": Deviation(relative(result.T, result), kappa),
            "trace is m": Deviation(abs(float(np.trace(result)) / m - 1), 2 * kappa),
        }

    return sampling_case(
        name=f"gram, {space.name}",
        size=f"{n}, m = {len(space.indices)}",
        function="sampling.gram",
        inputs=inputs,
        compute=compute,
        conditioning=lambda i, expected: Conditioning(
            len(space.indices) ** 0.5, "√m, all rows of the length √m"
        ),
        n=n,
        expected=lambda i: np.einsum("i,ij,ik->jk", i["w"] / n, i["Phi"], i["Phi"]),
        against="NumPy's einsum",
        laws=laws,
    )


def _instability_case(criterion: str, m: int) -> Case:
    """Gram matrices with a known spectrum."""
    spectra = np.asarray([np.linspace(0.3, 1.5, m), np.linspace(0.05, 2.5, m)])

    def inputs() -> Inputs:
        rng = np.random.default_rng(CASE_SEED)
        Q = np.linalg.qr(rng.standard_normal((2, m, m)))[0]
        G = Q * spectra[:, None, :] @ Q.transpose(0, 2, 1)
        return {"G": (G + G.transpose(0, 2, 1)) / 2}

    def compute(*, dtype: str, G: Any) -> Any:
        return instability(G, criterion=criterion)

    def expected(inputs: Inputs) -> np.ndarray:
        if criterion == "lambda_min":
            return 1 - spectra[:, 0]
        return np.maximum(1 - spectra[:, 0], spectra[:, -1] - 1)

    return sampling_case(
        name=f"instability, {criterion}",
        size=f"2×{m}×{m}",
        function="sampling.instability",
        inputs=inputs,
        compute=compute,
        conditioning=lambda i, expected: Conditioning(
            m * float(spectra.max() / np.linalg.norm(expected)), "m ‖G‖ / |result|"
        ),
        n=m,
        expected=expected,
        against="known spectrum",
    )


def cases(quick: bool) -> list[Case]:
    """Fits, their errors, chaos and stability."""
    sizes = [(SMALL, 30), (GAUSSIAN, 40)]
    if not quick:
        sizes.append((simplex("legendre", 3, 5), 140))
    found = [_coefficient_case(*s) for s in sizes]
    found += [_leverage_case(*s) for s in sizes[:2]]
    found += [_regressor_case(*sizes[0]), _prediction_case(*sizes[0])]
    found += [_covariance_case(*sizes[0]), _interval_case(*sizes[0])]
    found.append(_score_case(*sizes[0]))
    three = simplex("legendre", 3, 3)
    found.append(_chaos_case("uniform", three, _product, _product_shares(), 40))
    two = simplex("hermite", 2, 2)
    shares = np.asarray([1.0, 3.0, 0.0, 2 / 3, 1 / 3, 1.0])
    found.append(_chaos_case("normal", two, _gaussian, shares, 20))
    found += [_gram_case(*s) for s in sizes]
    return found + [_instability_case(c, 8) for c in ("lambda_min", "spectral")]
