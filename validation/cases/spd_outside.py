"""SPD geometry against other programs: 50-digit arithmetic, and pyRiemann."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from geomsci import spd
from geomsci.validation.cases import spd_bounds, spd_oracles
from geomsci.validation.cases.spd_recipes import (
    TOL,
    bounded,
    call,
    mean_conditioning,
    pick,
)
from geomsci.validation.suites import Case, Inputs

NUMPY_ONLY = ("reference", "auto")
NUMPY_ONLY_REASON = "the comparison with an outside result is made once, on NumPy"


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


def cases() -> list[Case]:
    """Distances, means and tangent vectors, each compared once."""

    def mean(*, dtype: str, C: Any) -> Any:
        return spd.mean(C, tol=TOL[dtype])

    oracles: Mapping[str, Callable] = {
        "affine": spd_oracles.precise_affine_distance,
        "bures-wasserstein": spd_oracles.precise_bures_distance,
    }
    precise = [
        _outside_case(
            f"distance, {metric}, to 50 digits",
            pick(3, 6, A="A", B="B"),
            function="spd.distance",
            compute=call(spd.distance, metric, "A", "B"),
            conditioning=bounded(spd_bounds.distance, metric, "A", "B"),
            expected=functools.partial(_of_pair, oracle),
            against="mpmath, 50 digits",
        )
        for metric, oracle in oracles.items()
    ]
    peers = [
        _outside_case(
            "distance, affine, as pyRiemann",
            pick(40, 10, A="A", B="B"),
            function="spd.distance",
            compute=call(spd.distance, "affine", "A", "B"),
            conditioning=bounded(spd_bounds.distance, "affine", "A", "B"),
            expected=functools.partial(_of_pair, spd_oracles.pyriemann_distance),
            against="pyRiemann",
        ),
        _outside_case(
            "mean, affine, as pyRiemann",
            pick(40, 10, C="A"),
            function="spd.mean",
            compute=mean,
            conditioning=mean_conditioning("affine"),
            expected=lambda i: spd_oracles.pyriemann_mean(i["C"], TOL["float64"]),
            against="pyRiemann",
            tol=TOL,
        ),
        _outside_case(
            "tangent_vectors, affine, as pyRiemann",
            pick(40, 10, C="A", reference="P"),
            function="spd.tangent_vectors",
            compute=call(spd.tangent_vectors, "affine", "C", "reference"),
            conditioning=bounded(
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
