"""Covariances of epochs and their delay embeddings against pyRiemann."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from geomsci import eeg
from geomsci.validation.bench.contest import Contest, Job
from geomsci.validation.cases.eeg_epochs import embedded
from geomsci.validation.cases.spd_oracles import optional
from geomsci.validation.suites import CASE_SEED

PEER = "pyRiemann"
SHAPES = ((1000, 22, 1000), (300, 132, 1000))
GOALS = {
    ("oas", SHAPES[0]): 4.0,
    ("lwf", SHAPES[0]): 6.0,
    ("oas", SHAPES[1]): 2.0,
    ("lwf", SHAPES[1]): 2.0,
}
ACM_SHAPE = (72, 22, 1000)
ACM_SETTINGS = {(10, 2): 2.0, (6, 4): None}


@functools.lru_cache(maxsize=1)
def epochs(shape: tuple[int, int, int]) -> np.ndarray:
    """White noise: the time of a covariance does not depend on the values."""
    return np.random.default_rng(CASE_SEED).standard_normal(shape)


def _ours(estimator: str, shape: tuple[int, int, int]) -> Callable[[], Job]:
    def prepare() -> Job:
        X = epochs(shape)
        return lambda: eeg.AugmentedCovariances(estimator=estimator).fit_transform(X)

    return prepare


def _theirs(estimator: str, shape: tuple[int, int, int]) -> Callable[[], Job]:
    def prepare() -> Job:
        module = optional("pyriemann.estimation", "pyriemann")
        X = epochs(shape)
        return lambda: module.Covariances(estimator).fit_transform(X)

    return prepare


def _ours_augmented(order: int, lag: int) -> Callable[[], Job]:
    def prepare() -> Job:
        X = epochs(ACM_SHAPE)
        model = eeg.AugmentedCovariances(order, lag, "cov", "full")
        return lambda: model.fit_transform(X)

    return prepare


def _theirs_augmented(order: int, lag: int) -> Callable[[], Job]:
    def prepare() -> Job:
        module = optional("pyriemann.estimation", "pyriemann")
        X = epochs(ACM_SHAPE)
        model = module.Covariances("cov")
        return lambda: model.fit_transform(embedded(X, order, lag, "full"))

    return prepare


def contests() -> list[Contest]:
    """The rows of this suite that need a peer."""
    rows = [
        Contest(
            "eeg",
            f"covariance, {estimator}",
            "×".join(map(str, shape)),
            _ours(estimator, shape),
            _theirs(estimator, shape),
            PEER,
            GOALS.get((estimator, shape)),
        )
        for shape in SHAPES
        for estimator in ("oas", "lwf", "cov", "scm")
    ]
    rows += [
        Contest(
            "eeg",
            f"augmented covariance, order {order}, lag {lag}",
            "×".join(map(str, ACM_SHAPE)),
            _ours_augmented(order, lag),
            _theirs_augmented(order, lag),
            f"embedding, then {PEER}",
            goal,
        )
        for (order, lag), goal in ACM_SETTINGS.items()
    ]
    return rows
