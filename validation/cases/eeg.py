"""The suite of `geomsci.eeg`: embeddings, covariances, features, decision values."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci import eeg, spd
from geomsci.backends.arrays import array_namespace, device
from geomsci.validation.cases import eeg_epochs, eeg_recordings, spd_laws
from geomsci.validation.cases.conditioning import measured_conditioning
from geomsci.validation.cases.spd_recipes import TOL
from geomsci.validation.suites import (
    Case,
    Conditioning,
    Deviation,
    Experiment,
    Inputs,
)
from geomsci.validation.variants import home

ESTIMATORS = ("cov", "scm", "oas", "lwf")
TRIMS = ("full", "moabb")
SMALL, LARGE = (24, 4, 250), (72, 22, 1000)
"""Epochs, channels and samples."""

SVM_TOL = 1e-3
"""Stopping tolerance of scikit-learn's SVC."""


@functools.lru_cache(maxsize=4)
def _epochs(n_epochs: int, n_channels: int, n_times: int) -> np.ndarray:
    return eeg_epochs.coloured(n_epochs, n_channels, n_times)


def _labels(n_epochs: int) -> np.ndarray:
    return np.arange(n_epochs) % 2


def _covariance_laws(
    result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
) -> dict[str, Deviation]:
    """Symmetric, positive, and indifferent to the order of the channels."""
    X = inputs["X"]
    n_channels = X.shape[1]
    swap = np.roll(np.arange(n_channels), 1)
    moved = evaluate(X=X[:, swap, :])
    blocks = np.arange(result.shape[-1]).reshape(-1, n_channels)[:, swap].ravel()
    expected = result[:, blocks, :][:, :, blocks]
    deviation = np.linalg.norm(moved - expected) / np.linalg.norm(expected)
    return {
        "symmetry": spd_laws.symmetric(result),
        "positive": spd_laws.positive(result),
        "channel order": Deviation(float(deviation), 2 * kappa),
    }


def _refuses_float32(estimator: str, shape: tuple[int, int, int]) -> bool:
    """True for the large matrices of estimators that do not regularise."""
    return estimator in ("cov", "scm") and shape == LARGE


def _covariance_case(
    estimator: str, trim: str, setting: tuple[int, int], shape: tuple[int, int, int]
) -> Case:
    order, lag = setting

    def compute(*, dtype: str, X: Any) -> Any:
        return eeg.AugmentedCovariances(order, lag, estimator, trim).fit_transform(X)

    def expected(inputs: Inputs) -> np.ndarray:
        Z = eeg_epochs.embedded(inputs["X"], order, lag, trim)
        return eeg_epochs.covariances(Z, estimator)

    def conditioning(inputs: Inputs, C: np.ndarray) -> Conditioning:
        Z = eeg_epochs.embedded(inputs["X"], order, lag, trim)
        return eeg_epochs.covariance_conditioning(Z, C)

    return Case(
        suite="eeg",
        name=f"AugmentedCovariances {estimator}, order {order}, lag {lag}, {trim}",
        size="×".join(map(str, shape)),
        function="eeg.AugmentedCovariances.transform",
        inputs=lambda: {"X": _epochs(*shape)},
        compute=compute,
        conditioning=conditioning,
        n=shape[-1],
        expected=expected,
        against="embedding, NumPy and scikit-learn",
        laws=_covariance_laws,
        dtypes=("float64",) if _refuses_float32(estimator, shape) else tuple(TOL),
        dtype_reason="float32 is refused: the condition number exceeds 1e4 at this "
        "order and the estimator does not shrink",
    )


def _peer_case(setting: tuple[int, int], shape: tuple[int, int, int]) -> Case:
    order, lag = setting

    def compute(*, dtype: str, X: Any) -> Any:
        return eeg.AugmentedCovariances(order, lag, "cov", "moabb").fit_transform(X)

    def expected(inputs: Inputs) -> np.ndarray:
        Z = eeg_epochs.embedded(inputs["X"], order, lag, "moabb")
        return eeg_epochs.pyriemann_covariances(Z)

    def conditioning(inputs: Inputs, C: np.ndarray) -> Conditioning:
        Z = eeg_epochs.embedded(inputs["X"], order, lag, "moabb")
        return eeg_epochs.covariance_conditioning(Z, C)

    return Case(
        suite="eeg",
        name=f"AugmentedCovariances as MOABB and pyRiemann, order {order}, lag {lag}",
        size="×".join(map(str, shape)),
        function="eeg.AugmentedCovariances.transform",
        inputs=lambda: {"X": _epochs(*shape)},
        compute=compute,
        conditioning=conditioning,
        n=shape[-1],
        expected=expected,
        against="MOABB's slices, pyRiemann",
        dtypes=("float64",),
        dtype_reason="pyRiemann is compared in float64",
        backends=("reference", "auto"),
        backends_reason="pyRiemann is compared once, on NumPy",
    )


def _embedding_case(trim: str, shape: tuple[int, int, int]) -> Case:
    def compute(*, dtype: str, X: Any) -> Any:
        return eeg.DelayEmbedding(4, 3, trim).fit_transform(X)

    return Case(
        suite="eeg",
        name=f"DelayEmbedding, order 4, lag 3, {trim}",
        size="×".join(map(str, shape)),
        function="eeg.DelayEmbedding.transform",
        inputs=lambda: {"X": _epochs(*shape)},
        compute=compute,
        conditioning=lambda inputs, Z: Conditioning(1.0, "a copy of the samples"),
        n=1,
        expected=lambda inputs: eeg_epochs.embedded(inputs["X"], 4, 3, trim),
        against="slices of the epochs",
    )


def _feature_case(shape: tuple[int, int, int]) -> Case:
    def compute(*, dtype: str, X: Any) -> Any:
        C = eeg.AugmentedCovariances(2, 3, "oas").fit_transform(X)
        return spd.TangentSpace(tol=TOL[dtype]).fit(C).transform(C)

    return Case(
        suite="eeg",
        name="tangent features, order 2, lag 3, oas",
        size="×".join(map(str, shape)),
        function="eeg.AugmentedCovariances.transform",
        inputs=lambda: {"X": _epochs(*shape)},
        compute=compute,
        conditioning=measured_conditioning(compute),
        n=shape[-1],
        tol=TOL,
    )


def _linear_decision_case(shape: tuple[int, int, int]) -> Case:
    def compute(*, dtype: str, X: Any, y: np.ndarray) -> Any:
        from sklearn.linear_model import RidgeClassifier

        C = eeg.AugmentedCovariances(2, 3, "lwf").fit_transform(X)
        T = spd.TangentSpace(tol=TOL[dtype]).fit(C).transform(C)
        model = RidgeClassifier().fit(home(T).astype(np.float64), y)
        xp = array_namespace(T)
        w = xp.asarray(np.ravel(model.coef_), dtype=T.dtype, device=device(T))
        return T @ w + float(np.ravel(model.intercept_)[0])

    return Case(
        suite="eeg",
        name="decision values, tangent space and ridge classifier",
        size="×".join(map(str, shape)),
        function="eeg.AugmentedCovariances.transform",
        inputs=lambda: {"X": _epochs(*shape), "y": _labels(shape[0])},
        compute=compute,
        conditioning=measured_conditioning(compute),
        n=shape[-1],
        tol=TOL,
    )


def _classifier_case(shape: tuple[int, int, int]) -> Case:
    def compute(*, dtype: str, X: Any, y: np.ndarray) -> Any:
        model = eeg.ACMClassifier(orders=(1, 2), lags=(1, 3), estimator="oas", cv=3)
        return home(model.fit(X, y).decision_function(X))

    return Case(
        suite="eeg",
        name="ACMClassifier decision values, orders 1 2, lags 1 3",
        size="×".join(map(str, shape)),
        function="eeg.ACMClassifier.decision_function",
        inputs=lambda: {"X": _epochs(*shape), "y": _labels(shape[0])},
        compute=compute,
        conditioning=lambda inputs, expected: Conditioning(
            1.0, "dominated by the stopping tolerance of the support vector machine"
        ),
        n=shape[-1],
        tol={"float64": SVM_TOL},
        dtypes=("float64",),
        dtype_reason="the classifier computes in float64 whatever it is given",
    )


def cases(quick: bool) -> list[Case]:
    """All cases of the suite; only the small size if ``quick``."""
    found = [
        _covariance_case(estimator, trim, setting, SMALL)
        for estimator in ESTIMATORS
        for trim in TRIMS
        for setting in ((1, 1), (4, 3))
        if setting != (1, 1) or trim == "full"
    ]
    if not quick:
        found += [
            _covariance_case(estimator, "full", setting, LARGE)
            for estimator in ESTIMATORS
            for setting in ((6, 4), (10, 2))
        ]
        found.append(_peer_case((10, 2), LARGE))
    found += [_embedding_case(trim, SMALL) for trim in TRIMS]
    found.append(_peer_case((4, 3), SMALL))
    found.append(_feature_case(SMALL))
    found.append(_linear_decision_case(SMALL))
    found.append(_classifier_case(SMALL))
    return found


def experiments(quick: bool, data: pathlib.Path | None) -> list[Experiment]:
    """Classification of the packaged recordings and of those in ``data``."""
    return eeg_recordings.experiments(quick, data)
