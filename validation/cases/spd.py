"""The suite of `geomsci.spd`: every public function, on all three metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci import spd
from geomsci.validation.cases import (
    spd_bounds,
    spd_laws,
    spd_matrices,
    spd_outside,
)
from geomsci.validation.cases.conditioning import measured_conditioning
from geomsci.validation.cases.spd_recipes import (
    TOL,
    bounded,
    call,
    ingredients,
    mean_conditioning,
    pick,
)
from geomsci.validation.suites import CASE_SEED, Case, Conditioning, Inputs

METRICS = ("affine", "log-euclidean", "bures-wasserstein")


def _function_cases(metric: str, count: int, n: int) -> list[Case]:
    """Distance, maps, geodesic, transport and coordinates of one metric."""
    rows: list[tuple[Callable, dict[str, str], Callable, Any]] = [
        (
            spd.distance,
            {"A": "A", "B": "B"},
            spd_bounds.distance,
            spd_laws.distance_laws(metric),
        ),
        (
            spd.exp_map,
            {"V": "V", "reference": "P"},
            spd_bounds.exp_map,
            spd_laws.matrix_laws,
        ),
        (
            spd.log_map,
            {"C": "B", "reference": "P"},
            spd_bounds.log_map,
            spd_laws.vector_laws,
        ),
        (
            spd.transport,
            {"V": "V", "A": "P", "B": "B"},
            spd_bounds.transport,
            spd_laws.transport_laws(metric),
        ),
        (
            spd.tangent_vectors,
            {"C": "A", "reference": "P"},
            spd_bounds.tangent_vectors,
            spd_laws.coordinate_laws(metric),
        ),
    ]
    cases = [
        Case(
            suite="spd",
            name=f"{function.__name__}, {metric}",
            size=f"{count}×{n}×{n}",
            function=f"spd.{function.__name__}",
            inputs=pick(count, n, **names),
            compute=call(function, metric, *names),
            conditioning=bounded(bound, metric, *names),
            n=n,
            laws=laws,
        )
        for function, names, bound, laws in rows
    ]
    return [*cases, _geodesic_case(metric, count, n), _mean_case(metric, count, n)]


def _geodesic_case(metric: str, count: int, n: int) -> Case:
    names = ("A", "B", "t")
    return Case(
        suite="spd",
        name=f"geodesic, {metric}",
        size=f"{count}×{n}×{n}",
        function="spd.geodesic",
        inputs=pick(count, n, A="A", B="B", t="t"),
        compute=call(spd.geodesic, metric, *names),
        conditioning=bounded(spd_bounds.geodesic, metric, *names),
        n=n,
        laws=spd_laws.geodesic_laws,
    )


def _mean_case(metric: str, count: int, n: int) -> Case:
    def compute(*, dtype: str, C: Any) -> Any:
        return spd.mean(C, metric=metric, tol=TOL[dtype])

    return Case(
        suite="spd",
        name=f"mean, {metric}",
        size=f"{count}×{n}×{n}",
        function="spd.mean",
        inputs=pick(count, n, C="A"),
        compute=compute,
        conditioning=mean_conditioning(metric),
        n=n,
        laws=spd_laws.mean_laws(metric),
        tol=TOL if metric != "log-euclidean" else {},
    )


def _pairwise_case(metric: str, count: int, n: int) -> Case:
    def compute(*, dtype: str, A: Any) -> Any:
        return spd.pairwise_distances(A, metric=metric)

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        A = inputs["A"]
        i, j = np.triu_indices(A.shape[0], 1)
        value, reason = spd_bounds.distance(A[i], A[j], metric)
        return spd_bounds.relative(value, expected[i, j], reason)

    return Case(
        suite="spd",
        name=f"pairwise_distances, {metric}",
        size=f"{count}×{n}×{n}",
        function="spd.pairwise_distances",
        inputs=pick(count, n, A="A"),
        compute=compute,
        conditioning=conditioning,
        n=n,
        laws=spd_laws.pairwise_laws,
    )


def _round_trips(metric: str, count: int, n: int) -> list[Case]:
    """The maps there and back must give what went in."""

    def maps(*, dtype: str, C: Any, reference: Any) -> Any:
        V = spd.log_map(C, reference, metric=metric)
        return spd.exp_map(V, reference, metric=metric)

    def coordinates(*, dtype: str, C: Any, reference: Any) -> Any:
        T = spd.tangent_vectors(C, reference, metric=metric)
        return spd.from_tangent_vectors(T, reference, metric=metric)

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        C, P = inputs["C"], inputs["reference"]
        # Near C the exponential stretches a velocity by at most ||C|| / lambda_min(P)
        # (affine, log-Euclidean: the derivative of exp over that of log) or by cond P.
        there, _ = spd_bounds.log_map(C, P, metric)
        back, _ = spd_bounds.from_tangent_vectors(C, P, metric)
        stretch = spd_bounds.ends(C)[1] / spd_bounds.ends(P)[0]
        if metric == "bures-wasserstein":
            stretch = spd_bounds.condition(P)
        reason = (
            "the bound of the way there, stretched by the derivative of the way back, "
            "and the bound of the way back, over ‖C‖"
        )
        return spd_bounds.relative(there * stretch + back, expected, reason)

    return [
        Case(
            suite="spd",
            name=f"{name}, {metric}",
            size=f"{count}×{n}×{n}",
            function=function,
            inputs=pick(count, n, C="A", reference="P"),
            compute=compute,
            conditioning=conditioning,
            n=n,
            expected=lambda inputs: inputs["C"],
            against="the input itself",
            laws=spd_laws.matrix_laws,
        )
        for name, function, compute in (
            ("exp of log", "spd.exp_map", maps),
            ("from_tangent_vectors of them", "spd.from_tangent_vectors", coordinates),
        )
    ]


def _nearest_case(count: int, n: int) -> Case:
    def inputs() -> Inputs:
        A = ingredients(count, n)["A"]
        rng = np.random.default_rng([CASE_SEED, n, 5])
        return {"C": A + rng.standard_normal(A.shape) - 0.5 * np.eye(n)}

    def compute(*, dtype: str, C: Any) -> Any:
        return spd.nearest_spd(C, rtol=1e-2)

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        bound = n**0.5 * np.linalg.norm(inputs["C"], 2, axis=(-2, -1))
        reason = "√n ‖C‖ over ‖P‖: a projection, one eigendecomposition"
        return spd_bounds.relative(bound, expected, reason)

    return Case(
        suite="spd",
        name="nearest_spd",
        size=f"{count}×{n}×{n}",
        function="spd.nearest_spd",
        inputs=inputs,
        compute=compute,
        conditioning=conditioning,
        n=n,
        laws=spd_laws.matrix_laws,
    )


def _estimator_cases(metric: str, count: int, n: int) -> list[Case]:
    """Fitted transformers and classifiers, through their public methods."""

    def labelled() -> Inputs:
        X, y = spd_matrices.classes(ingredients(count, n)["A"], stretch=1.6)
        return {"X": X, "y": y}

    def tangent(*, dtype: str, X: Any, y: Any) -> Any:
        return spd.TangentSpace(metric=metric, tol=TOL[dtype]).fit(X).transform(X)

    def mdm(*, dtype: str, X: Any, y: Any) -> Any:
        return spd.MDM(metric=metric, tol=TOL[dtype]).fit(X, y).transform(X)

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        X = inputs["X"]
        M = spd_matrices.centre(X)
        bound, reason = spd_bounds.tangent_vectors(X, M, metric)
        moved, _ = spd_bounds.mean(X, M, metric)
        # A relative change of the reference moves every vector by as much.
        shift = float(moved) / spd_bounds.ends(M)[0] * np.ones_like(bound)
        reason = f"{reason}; and the error of the mean over λmin(M)"
        return spd_bounds.relative(bound + shift, expected, reason)

    return [
        Case(
            suite="spd",
            name=f"{name}, {metric}",
            size=f"{count}×{n}×{n}",
            function=function,
            inputs=labelled,
            compute=compute,
            conditioning=conditioning,
            n=n,
            tol=TOL,
        )
        for name, function, compute in (
            ("TangentSpace fit and transform", "spd.TangentSpace.transform", tangent),
            ("MDM distances to the means", "spd.MDM.transform", mdm),
        )
    ]


def _fgmdm_case(metric: str, count: int, n: int) -> Case:
    def labelled() -> Inputs:
        X, y = spd_matrices.classes(ingredients(count, n)["A"], stretch=1.1)
        return {"X": X, "y": y}

    def compute(*, dtype: str, X: Any, y: Any) -> Any:
        return spd.FgMDM(metric=metric, tol=TOL[dtype]).fit(X, y).transform(X)

    return Case(
        suite="spd",
        name=f"FgMDM distances to the means, {metric}",
        size=f"{count}×{n}×{n}",
        function="spd.FgMDM.fit",
        inputs=labelled,
        compute=compute,
        conditioning=measured_conditioning(compute),
        n=n,
        tol=TOL,
    )


def _complex_cases(count: int, n: int) -> list[Case]:
    """Hermitian matrices, as cross-spectra are."""

    def inputs() -> Inputs:
        return {
            "A": spd_matrices.scattered(count, n, complex_entries=True),
            "B": spd_matrices.scattered(count, n, stream=1, complex_entries=True),
        }

    def distance(*, dtype: str, A: Any, B: Any) -> Any:
        return spd.distance(A, B)

    return [
        Case(
            suite="spd",
            name="distance, affine, Hermitian",
            size=f"{count}×{n}×{n}",
            function="spd.distance",
            inputs=inputs,
            compute=distance,
            conditioning=bounded(spd_bounds.distance, "affine", "A", "B"),
            n=n,
        )
    ]


def cases(quick: bool) -> list[Case]:
    """All cases of the suite; only the small size if ``quick``."""
    sizes = [(40, 8)] if quick else [(40, 8), (200, 22)]
    found: list[Case] = []
    for count, n in sizes:
        for metric in METRICS:
            found += _function_cases(metric, count, n)
            found += _round_trips(metric, count, n)
            found.append(_pairwise_case(metric, min(count, 60), n))
            found += _estimator_cases(metric, count, n)
        found.append(_nearest_case(count, n))
    found += [_fgmdm_case(metric, 40, 6) for metric in ("affine", "log-euclidean")]
    found += _complex_cases(20, 8)
    return found + spd_outside.cases()
