"""What the Fisher cases are put together from: couplings, condition numbers, results.

Condition numbers. ``kappa_w = sum |w|`` over the signed weights of the Pfaffian route
(1 for the others), ``cond g`` the condition number of the metric. Averages of numbers
of size one, as g is, are known to ``kappa_w eps``; T to ``kappa_w kappa_T eps``, with
``kappa_T = ||E|X X X|| / ||T||`` the cancellation in its sums. ``|T|^2`` takes three
inverses of g and T twice: an error e of g changes it by ``3 cond(g) e``; an error of T
is measured by the same inverses, which stretch it by up to ``cond(g)^{3/2}``. So does
``|tau|^2``.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from geomsci import fisher, use_backend
from geomsci.backends.arrays import array_namespace, device
from geomsci.validation.cases.fisher_oracles import Moments, enumerated
from geomsci.validation.suites import Case, Conditioning, Deviation, Inputs

DTYPE_REASON = (
    "R is a difference of large numbers that single precision cannot carry: float32 "
    "is refused"
)

ONE_STRICT: dict[str, Any] = {
    "backends": (
        "reference",
        "auto",
        "numba",
        "torch",
        "strict-device1",
        "cupy-offload",
        "cupy",
    ),
    "backends_reason": "strict-device1 runs the same code under more rules, and this "
    "case takes its time there",
}
NOT_STRICT: dict[str, Any] = {
    "backends": ("reference", "auto", "numba", "torch", "cupy-offload", "cupy"),
    "backends_reason": "array_api_strict takes its time here, and smaller cases show "
    "that its rules are kept",
}

CRITICAL = math.asinh(1) / 2
"""Of the isotropic square Ising lattice."""

STATES = "sum over all states"

Shape = tuple[int, ...]
Laws = Mapping[str, Deviation]
Law = Callable[..., Laws]
Conditioner = Callable[[Inputs, np.ndarray], Conditioning]


def double_case(**fields: Any) -> Case:
    """A case of the suite, in float64."""
    fixed: dict[str, Any] = {"dtypes": ("float64",), "dtype_reason": DTYPE_REASON}
    return Case(suite="fisher", **fixed, **fields)


def couplings(*J: float) -> Callable[[], Inputs]:
    """The input of a torus: one coupling per bond type."""
    return lambda: {"coupling": np.asarray(J)}


def sides(shape: Shape) -> str:
    """``3×4``."""
    return "×".join(map(str, shape))


def vector(values: Any, like: Any) -> Any:
    """Python numbers as an array of the library and on the device of ``like``."""
    xp = array_namespace(like)
    numbers = [float(x) for x in values]
    return xp.asarray(numbers, dtype=xp.float64, device=device(like))


def scalars(result: fisher.FisherCurvatureResult, like: Any) -> Any:
    """``R, |T|^2, |tau|^2`` as an array."""
    values = result.scalar_curvature, result.third_norm, result.trace_norm
    return vector(values, like)


def relative(a: np.ndarray, b: np.ndarray) -> float:
    """Relative distance of two arrays."""
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def moments_of(
    shape: Shape, lattice: str = "square", model: str = "ising", q: int = 2
) -> Callable[[Inputs], Moments]:
    """The cumulants of a torus from the sum over all states."""
    return lambda inputs: enumerated(lattice, shape, inputs["coupling"], model, q)


@functools.lru_cache(maxsize=32)
def _result(
    lattice: str, shape: Shape, J: tuple[float, ...], model: str, q: int | None
) -> fisher.FisherCurvatureResult:
    with use_backend("reference"):
        return fisher.lattice_curvature(lattice, shape, np.asarray(J), model=model, q=q)


def reference_result(
    inputs: Inputs,
    shape: Shape,
    lattice: str = "square",
    model: str = "ising",
    q: int | None = None,
) -> fisher.FisherCurvatureResult:
    """What the reference code makes of the torus on NumPy."""
    J = tuple(float(x) for x in inputs["coupling"])
    return _result(lattice, shape, J, model, q)


def of_averages(shape: Shape) -> Conditioner:
    """Means and metric of a square Ising torus."""

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        kappa = reference_result(inputs, shape).sign_cancellation
        return Conditioning(kappa, "Σ|w|, the cancellation between the sectors")

    return conditioning


def of_third(shape: Shape, moments: Callable[[Inputs], Moments]) -> Conditioner:
    """Third cumulants of a square Ising torus."""

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        sectors = reference_result(inputs, shape).sign_cancellation
        return Conditioning(
            sectors * moments(inputs).cancellation,
            "Σ|w| ‖E|XXX|‖ / ‖T‖, the cancellation between the sectors and in T",
        )

    return conditioning


def invariants_kappa(condition_number: float) -> float:
    """``3 cond(g) + 2 cond(g)^{3/2}``."""
    return 3 * condition_number + 2 * condition_number**1.5


def of_invariants(
    shape: Shape, lattice: str = "square", model: str = "ising", q: int | None = None
) -> Conditioner:
    """``R, |T|^2, |tau|^2`` as one vector, whose length is that of the last two."""

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        result = reference_result(inputs, shape, lattice, model, q)
        return Conditioning(
            result.sign_cancellation * invariants_kappa(result.condition_number),
            "Σ|w| (3 cond g + 2 cond(g)^{3/2}), the inverses of g and their hold on T",
        )

    return conditioning
