"""The suite of `geomsci.spd`: every public function, on all three metrics."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from geomsci import spd
from geomsci.validation.cases import (
    spd_bounds,
    spd_laws,
    spd_matrices,
    spd_oracles,
)
from geomsci.validation.suites import Case, Conditioning, Inputs

METRICS = ("affine", "log-euclidean", "bures-wasserstein")
TOL = {"float64": 1e-10, "float32": 1e-5}
"""Tolerance of the means: float32 cannot resolve a gradient below its rounding."""

NUMPY_ONLY = ("reference", "auto")
NUMPY_ONLY_REASON = "the comparison with an outside result is made once, on NumPy"


def _inputs(count: int, n: int) -> Inputs:
    """Two stacks, a base point near them, tangent vectors there, and times."""
    A = spd_matrices.scattered(count, n)
    B = spd_matrices.scattered(count, n, stream=1)
    P = spd_matrices.centre(A)
    return {
        "A": A,
        "B": B,
        "P": P,
        # Short enough for the domain of the Bures-Wasserstein exponential: the affine
        # norm bounds the spectrum of P^{-1/2} V P^{-1/2}, and I + L > 0 below length 1.
        "V": spd_matrices.tangents(count, n, P, length=0.5),
        "t": np.linspace(0.1, 0.9, count),
    }


@functools.lru_cache(maxsize=4)
def _cached(count: int, n: int) -> Inputs:
    return _inputs(count, n)


def _pick(count: int, n: int, **names: str) -> Callable[[], dict[str, np.ndarray]]:
    """Inputs of a case: argument name to the name in `_inputs`."""
    return lambda: {
        argument: _cached(count, n)[name] for argument, name in names.items()
    }


def _bounded(bound: Callable, metric: str, *names: str) -> Callable[..., Conditioning]:
    """Condition number from one of the rounding bounds on the named inputs."""

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        value, reason = bound(*(inputs[name] for name in names), metric)
        return spd_bounds.relative(value, expected, reason)

    return conditioning


def _mean_conditioning(metric: str) -> Callable[..., Conditioning]:
    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        value, reason = spd_bounds.mean(inputs["C"], expected, metric)
        return spd_bounds.relative(value, expected, reason)

    return conditioning


def _call(function: Callable, metric: str, *names: str) -> Callable[..., Any]:
    """``function`` on the named arrays, in the order of its signature."""

    def compute(*, dtype: str, **arrays: Any) -> Any:
        return function(*(arrays[name] for name in names), metric=metric)

    return compute


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
            inputs=_pick(count, n, **names),
            compute=_call(function, metric, *names),
            conditioning=_bounded(bound, metric, *names),
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
        inputs=_pick(count, n, A="A", B="B", t="t"),
        compute=_call(spd.geodesic, metric, *names),
        conditioning=_bounded(spd_bounds.geodesic, metric, *names),
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
        inputs=_pick(count, n, C="A"),
        compute=compute,
        conditioning=_mean_conditioning(metric),
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
        inputs=_pick(count, n, A="A"),
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
            inputs=_pick(count, n, C="A", reference="P"),
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
        A = _cached(count, n)["A"]
        rng = np.random.default_rng([spd_matrices.CASE_SEED, n, 5])
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
        X, y = spd_matrices.classes(_cached(count, n)["A"], stretch=1.6)
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


def measured_conditioning(
    compute: Callable[..., Any], keep: tuple[str, ...] = ()
) -> Callable[..., Conditioning]:
    """Condition number of a composed method, measured on its float64 reference.

    The largest relative change of the result over relative perturbations of the input
    by 1e-8, times the square root of the number of entries of one matrix: random
    directions miss the worst one by about that factor.

    Parameters
    ----------
    keep : tuple of str
        Names of inputs that are not perturbed.
    """

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        rng = np.random.default_rng(spd_matrices.CASE_SEED)
        step, changes, entries = 1e-8, [], 1
        for _ in range(3):
            moved = dict(inputs)
            for name, x in inputs.items():
                if x.dtype.kind != "f" or name in keep:
                    continue
                entries = max(entries, int(np.prod(x.shape[1:])))
                noise = rng.standard_normal(x.shape)
                if x.ndim > 1 and x.shape[-1] == x.shape[-2]:
                    noise = spd_matrices.hermitian(noise)
                scale = np.linalg.norm(x) / np.linalg.norm(noise)
                moved[name] = x + step * scale * noise
            change = np.asarray(compute(dtype="float64", **moved)) - expected
            changes.append(np.linalg.norm(change) / np.linalg.norm(expected) / step)
        return Conditioning(
            float(max(changes)) * entries**0.5,
            "measured: the largest of three relative changes under perturbations of "
            "1e-8, times the square root of the number of entries",
        )

    return conditioning


def _fgmdm_case(metric: str, count: int, n: int) -> Case:
    def labelled() -> Inputs:
        # Classes closer together than elsewhere: the filter turns vectors, and the
        # Bures-Wasserstein exponential is defined for short ones only.
        X, y = spd_matrices.classes(_cached(count, n)["A"], stretch=1.1)
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
        dtypes=("float64",) if metric == "bures-wasserstein" else tuple(TOL),
        dtype_reason="filtered vectors end near the edge of the domain of the "
        "Bures-Wasserstein exponential, at matrices that float32 does not resolve",
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
            conditioning=_bounded(spd_bounds.distance, "affine", "A", "B"),
            n=n,
        )
    ]


def _outside_case(name: str, inputs: Callable[[], Inputs], **fields: Any) -> Case:
    """One comparison with the result of another program, in float64 on NumPy."""
    count, n = next(iter(inputs().values())).shape[:2]
    return Case(
        suite="spd",
        name=name,
        size=f"{count}×{n}×{n}",
        inputs=inputs,
        n=n,
        dtypes=("float64",),
        dtype_reason="the comparison with an outside result is made in float64",
        backends=NUMPY_ONLY,
        backends_reason=NUMPY_ONLY_REASON,
        **fields,
    )


def _outside_cases() -> list[Case]:
    """Results of other programs: 50-digit arithmetic, and pyRiemann."""

    def mean(*, dtype: str, C: Any) -> Any:
        return spd.mean(C, tol=TOL[dtype])

    oracles: Mapping[str, Callable] = {
        "affine": spd_oracles.precise_affine_distance,
        "bures-wasserstein": spd_oracles.precise_bures_distance,
    }
    precise = [
        _outside_case(
            f"distance, {metric}, to 50 digits",
            _pick(3, 6, A="A", B="B"),
            function="spd.distance",
            compute=_call(spd.distance, metric, "A", "B"),
            conditioning=_bounded(spd_bounds.distance, metric, "A", "B"),
            expected=functools.partial(_of_pair, oracle),
            against="mpmath, 50 digits",
        )
        for metric, oracle in oracles.items()
    ]
    peers = [
        _outside_case(
            "distance, affine, as pyRiemann",
            _pick(40, 10, A="A", B="B"),
            function="spd.distance",
            compute=_call(spd.distance, "affine", "A", "B"),
            conditioning=_bounded(spd_bounds.distance, "affine", "A", "B"),
            expected=functools.partial(_of_pair, spd_oracles.pyriemann_distance),
            against="pyRiemann",
        ),
        _outside_case(
            "mean, affine, as pyRiemann",
            _pick(40, 10, C="A"),
            function="spd.mean",
            compute=mean,
            conditioning=_mean_conditioning("affine"),
            expected=lambda i: spd_oracles.pyriemann_mean(i["C"], TOL["float64"]),
            against="pyRiemann",
            tol=TOL,
        ),
        _outside_case(
            "tangent_vectors, affine, as pyRiemann",
            _pick(40, 10, C="A", reference="P"),
            function="spd.tangent_vectors",
            compute=_call(spd.tangent_vectors, "affine", "C", "reference"),
            conditioning=_bounded(
                spd_bounds.tangent_vectors, "affine", "C", "reference"
            ),
            expected=lambda i: spd_oracles.pyriemann_tangent_vectors(
                i["C"], i["reference"]
            ),
            against="pyRiemann",
        ),
    ]
    return precise + peers


def _of_pair(oracle: Callable, inputs: Inputs) -> np.ndarray:
    """An outside function of two stacks."""
    return oracle(inputs["A"], inputs["B"])


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
    found += [_fgmdm_case(metric, 40, 6) for metric in METRICS]
    found += _complex_cases(20, 8)
    return found + _outside_cases()
