"""Cumulants, partition functions and amplitudes of tori against independent ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci import fisher
from geomsci.backends import run
from geomsci.backends.arrays import array_namespace, library
from geomsci.validation.cases import fisher_oracles
from geomsci.validation.cases.fisher_oracles import Moments, from_origin
from geomsci.validation.cases.fisher_recipes import (
    CRITICAL,
    ONE_STRICT,
    STATES,
    Law,
    Laws,
    Shape,
    couplings,
    double_case,
    moments_of,
    of_averages,
    of_third,
    reference_result,
    relative,
    sides,
)
from geomsci.validation.suites import Case, Conditioning, Deviation, Inputs

KAUFMAN = "Kaufman's formula, 40 digits"


def _metric_laws(
    result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
) -> Laws:
    """A covariance that depends on the displacement only."""
    opposite = np.flip(np.swapaxes(result, 0, 1), (2, 3))
    opposite = np.roll(opposite, (1, 1), (2, 3))
    blocks = np.moveaxis(np.fft.fft2(result), (0, 1), (2, 3))
    smallest = float(np.linalg.eigvalsh(blocks).min())
    return {
        "g_ab(r) = g_ba(−r)": Deviation(relative(opposite, result), kappa),
        "positive": Deviation(max(0.0, -smallest), kappa),
    }


def _third_laws(moments: Callable[[Inputs], Moments]) -> Law:
    """T is symmetric, and ``T_aac = -2 mu_a g_ac`` where two bonds coincide."""

    def laws(
        result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
    ) -> Laws:
        exchanged = result.transpose(0, 2, 1, 4, 3)
        known = moments(inputs)
        mu = known.mean[:: result.shape[-1]]
        contact = np.stack([result[a, a, :, 0, :] for a in range(2)])
        expected = -2 * mu[:, None, None] * from_origin(known.metric, 2)
        return {
            "T_abc(x,y) = T_acb(y,x)": Deviation(relative(exchanged, result), kappa),
            "T_aac = −2 μ_a g_ac": Deviation(relative(contact, expected), kappa),
        }

    return laws


def _cumulant_cases(shape: Shape, *J: float) -> list[Case]:
    moments = moments_of(shape)

    def metric(*, dtype: str, coupling: Any) -> Any:
        return fisher.ising_torus_cumulants(shape, coupling).metric

    def third(*, dtype: str, coupling: Any) -> Any:
        return fisher.ising_torus_cumulants(shape, coupling).third_cumulant

    shared: dict[str, Any] = {
        "size": sides(shape),
        "function": "fisher.ising_torus_cumulants",
        "inputs": couplings(*J),
        "n": 2 * math.prod(shape),
        "against": STATES,
    }
    at = f"J = {J[0]:g}, {J[1]:g}"
    return [
        double_case(
            name=f"ising_torus_cumulants, metric, {at}",
            compute=metric,
            conditioning=of_averages(shape),
            expected=lambda i: from_origin(moments(i).metric, 2).reshape(2, 2, *shape),
            laws=_metric_laws,
            **shared,
        ),
        double_case(
            name=f"ising_torus_cumulants, third, {at}",
            compute=third,
            conditioning=of_third(shape, moments),
            expected=lambda i: from_origin(moments(i).third, 2).swapaxes(2, 3),
            laws=_third_laws(moments),
            **shared,
        ),
    ]


def _sum_rule_case(shape: Shape, *J: float) -> Case:
    """All sums over the torus are derivatives of the free energy a site."""
    second = [(2, 0), (1, 1), (1, 1), (0, 2)]
    third = [(i + 1, j) for i, j in second] + [(i, j + 1) for i, j in second]

    def compute(*, dtype: str, coupling: Any) -> Any:
        g, T = fisher.ising_torus_cumulants(shape, coupling)
        xp = array_namespace(g)
        parts = xp.sum(g, axis=(2, 3)), xp.sum(T, axis=(3, 4))
        return xp.concat([xp.reshape(x, (-1,)) for x in parts])

    def expected(inputs: Inputs) -> np.ndarray:
        J = inputs["coupling"]
        values = fisher_oracles.kaufman_derivatives(shape, J, *second, *third)
        return values / math.prod(shape)

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        _, T = fisher.ising_torus_cumulants(shape, inputs["coupling"])
        sectors = reference_result(inputs, shape).sign_cancellation
        size = float(np.abs(T).sum()) / float(np.linalg.norm(expected))
        return Conditioning(
            sectors * size,
            "Σ|w| Σ|T| over the norm of the sums, the cancellation in them",
        )

    return double_case(
        name="Σ_r g = ∂μ/∂J and Σ T = ∂²μ/∂J²",
        size=sides(shape),
        function="fisher.ising_torus_cumulants",
        inputs=couplings(*J),
        compute=compute,
        conditioning=conditioning,
        n=math.prod(shape) ** 2,
        expected=expected,
        against=KAUFMAN,
        **ONE_STRICT,
    )


def _log_partition_case(
    shape: Shape,
    J: tuple[float, ...],
    expected: Callable[[Inputs], float],
    against: str,
    **options: Any,
) -> Case:
    def compute(*, dtype: str, coupling: Any) -> Any:
        return fisher.log_partition(shape, coupling, **options)

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        return Conditioning(1.0, "a sum of logarithms of one sign")

    words = [str(options.get("lattice", "square"))]
    words += [f"q = {options['q']}"] if "q" in options else []
    return double_case(
        name=f"log_partition, {', '.join(words)}",
        size=sides(shape),
        function="fisher.log_partition",
        inputs=couplings(*J),
        compute=compute,
        conditioning=conditioning,
        n=math.prod(shape),
        expected=lambda inputs: np.asarray(expected(inputs)),
        against=against,
    )


def _log_partition_cases() -> list[Case]:
    wide, small = (24, 32), (3, 4)

    def by_states(lattice: str, model: str, q: int) -> Callable[[Inputs], float]:
        return lambda inputs: fisher_oracles.enumerated_log_partition(
            lattice, small, inputs["coupling"], model, q
        )

    return [
        _log_partition_case(
            wide,
            (0.4, 0.5),
            lambda i: fisher_oracles.kaufman_log_partition(wide, i["coupling"]),
            KAUFMAN,
        ),
        _log_partition_case(
            small,
            (0.2, 0.3, -0.1),
            by_states("triangular", "ising", 2),
            STATES,
            lattice="triangular",
        ),
        _log_partition_case(
            small,
            (0.9, 0.7),
            by_states("square", "potts", 3),
            STATES,
            model="potts",
            q=3,
        ),
    ]


def _amplitude_case(side: int) -> Case:
    """The coupling only says where to compute: the amplitude is that at J_c."""

    def compute(*, dtype: str, coupling: Any) -> Any:
        if library(coupling) == "numpy":
            return fisher.zero_momentum_amplitude((side, side))
        return run("fisher.zero_momentum_amplitude", (side, side), like=coupling)

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        return Conditioning(
            fisher_oracles.zero_momentum_amplitude(side).condition_number,
            "cond g in the antiperiodic sector",
        )

    return double_case(
        name="zero_momentum_amplitude",
        size=sides((side, side)),
        function="fisher.zero_momentum_amplitude",
        inputs=couplings(CRITICAL, CRITICAL),
        compute=compute,
        conditioning=conditioning,
        n=side * side,
        expected=lambda inputs: np.asarray(
            fisher_oracles.zero_momentum_amplitude(side).value
        ),
        against="dense inverse in real space",
    )


def cases(quick: bool) -> list[Case]:
    """All cumulants, partition functions and amplitudes."""
    found = _cumulant_cases((3, 4), 0.3, 0.5)
    found.append(_sum_rule_case((5, 6), 0.4, 0.5))
    found += _log_partition_cases()
    found.append(_amplitude_case(7))
    return found if quick else found + _cumulant_cases((3, 5), -0.5, -0.4)
