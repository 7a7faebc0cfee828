"""SPD geometry against pyRiemann, at the same tolerances."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from geomsci import spd
from geomsci.validation.bench.contest import Contest, Job
from geomsci.validation.cases.spd_matrices import centre, scattered
from geomsci.validation.cases.spd_oracles import optional

PEER = "pyRiemann"
SHAPES = ((1000, 22), (300, 132))
TOL = 1e-10
N_CLASSES = 4


@functools.lru_cache(maxsize=2)
def matrices(count: int, n: int) -> np.ndarray:
    """Covariances that scatter around a common matrix."""
    return scattered(count, n)


def partners(count: int, n: int) -> np.ndarray:
    """Every matrix of `matrices` in the place of the one before it."""
    return np.roll(matrices(count, n), 1, axis=0)


def _geometry() -> ModuleType:
    for name in ("distance", "mean", "tangentspace"):
        optional(f"pyriemann.geometry.{name}", "pyriemann")
    return optional("pyriemann.geometry", "pyriemann")


def _labels(count: int) -> np.ndarray:
    return np.arange(count) % N_CLASSES


def _mean(count: int, n: int) -> tuple[Callable[[], Job], Callable[[], Job]]:
    def ours() -> Job:
        C = matrices(count, n)
        return lambda: spd.mean(C, tol=TOL)

    def theirs() -> Job:
        g, C = _geometry(), matrices(count, n)
        return lambda: g.mean.mean_riemann(C, tol=TOL, maxiter=100)

    return ours, theirs


def _distance(count: int, n: int) -> tuple[Callable[[], Job], Callable[[], Job]]:
    def ours() -> Job:
        A, B = matrices(count, n), partners(count, n)
        return lambda: spd.distance(A, B)

    def theirs() -> Job:
        g, A, B = _geometry(), matrices(count, n), partners(count, n)
        return lambda: g.distance.distance_riemann(A, B)

    return ours, theirs


def _tangent(count: int, n: int) -> tuple[Callable[[], Job], Callable[[], Job]]:
    def ours() -> Job:
        C = matrices(count, n)
        M = centre(C)
        return lambda: spd.tangent_vectors(C, M)

    def theirs() -> Job:
        g, C = _geometry(), matrices(count, n)
        M = centre(C)
        return lambda: g.tangentspace.tangent_space(C, M, metric="riemann")

    return ours, theirs


def _pairwise(count: int, n: int) -> tuple[Callable[[], Job], Callable[[], Job]]:
    def ours() -> Job:
        C = matrices(count, n)
        return lambda: spd.pairwise_distances(C, metric="bures-wasserstein")

    def theirs() -> Job:
        g, C = _geometry(), matrices(count, n)
        return lambda: g.distance.pairwise_distance(C, metric="wasserstein")

    return ours, theirs


def _fit(count: int, n: int) -> tuple[Callable[[], Job], Callable[[], Job]]:
    def ours() -> Job:
        C, y = matrices(count, n), _labels(count)
        return lambda: spd.MDM(tol=TOL).fit(C, y).means_

    def theirs() -> Job:
        model = optional("pyriemann.classification", "pyriemann")
        C, y = matrices(count, n), _labels(count)
        # pyRiemann's MDM has no tolerance: its means stop at 1e-8.
        return lambda: np.asarray(model.MDM(metric="riemann").fit(C, y).covmeans_)

    return ours, theirs


def _predict(count: int, n: int) -> tuple[Callable[[], Job], Callable[[], Job]]:
    def ours() -> Job:
        C, y = matrices(count, n), _labels(count)
        fitted = spd.MDM().fit(C, y)
        return lambda: fitted.predict(C)

    def theirs() -> Job:
        model = optional("pyriemann.classification", "pyriemann")
        C, y = matrices(count, n), _labels(count)
        fitted = model.MDM(metric="riemann").fit(C, y)
        return lambda: fitted.predict(C)

    return ours, theirs


def contests() -> list[Contest]:
    """The rows of this suite that need a peer."""
    table: list[tuple[str, Any, tuple[int, int]]] = [
        ("mean, affine, tol 1e-10", _mean, SHAPES[0]),
        ("mean, affine, tol 1e-10", _mean, SHAPES[1]),
        ("distance, affine", _distance, SHAPES[0]),
        ("distance, affine", _distance, SHAPES[1]),
        ("tangent vectors, affine", _tangent, SHAPES[0]),
        ("tangent vectors, affine", _tangent, SHAPES[1]),
        ("pairwise distances, Bures-Wasserstein", _pairwise, (100, 22)),
        (f"MDM fit, {N_CLASSES} classes", _fit, SHAPES[0]),
        (f"MDM predict, {N_CLASSES} classes", _predict, SHAPES[0]),
    ]
    found = []
    for name, make, (count, n) in table:
        ours, theirs = make(count, n)
        size = f"{count}×{n}×{n}"
        found.append(Contest("spd", name, size, ours, theirs, PEER))
    return found
