"""Monte Carlo: the same chains on every backend, and estimates against exact values."""

from __future__ import annotations

import dataclasses
import functools
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci import fisher
from geomsci.validation import rows
from geomsci.validation.cases import fisher_oracles
from geomsci.validation.cases.fisher_recipes import (
    ONE_STRICT,
    Laws,
    Shape,
    couplings,
    double_case,
    invariants_kappa,
    relative,
    sides,
    vector,
)
from geomsci.validation.rows import Row
from geomsci.validation.scores import Score
from geomsci.validation.suites import (
    CASE_SEED,
    Case,
    Conditioning,
    Deviation,
    Experiment,
    Inputs,
)

LARGEST_Z = 4.0
"""Standard errors between an estimate and the exact value. The seeds are fixed, so a
row that passes once passes always; a wrong estimator is tens of errors away."""


# The same chains everywhere


def _chain_case(
    model: str, algorithm: str, method: str = "sample", **options: Any
) -> Case:
    shape, J = (3, 4), (0.5, 0.4)

    def compute(*, dtype: str, coupling: Any) -> Any:
        sampler = fisher.LatticeSampler(
            model,
            shape,
            coupling,
            algorithm=algorithm,
            n_replicas=2,
            n_burn_in=2,
            random_state=CASE_SEED,
            **options,
        )
        if method == "sample":
            return sampler.sample(5).astype(np.float64)
        return sampler.sample_with_clusters(5)[1].astype(np.float64)

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        return Conditioning(1.0, "the same random numbers make the same chain")

    kept = "" if method == "sample" else ", clusters"
    return double_case(
        name=f"LatticeSampler, {model}, {algorithm}{kept}",
        size=f"2×5×{sides(shape)}",
        function=f"fisher.LatticeSampler.{method}",
        inputs=couplings(*J),
        compute=compute,
        conditioning=conditioning,
        n=math.prod(shape),
    )


# The estimator on given configurations


@functools.cache
def _draws(shape: Shape, replicas: int, count: int) -> np.ndarray:
    """Independent configurations from the sum over states, no Markov chain."""
    rng = np.random.default_rng(CASE_SEED)
    phi = fisher_oracles.statistics("square", shape)
    p, _ = fisher_oracles.probabilities(phi, np.asarray([0.3, 0.4]))
    which = rng.choice(p.size, size=(replicas, count), p=p)
    colours = fisher_oracles.states(2, math.prod(shape))[which]
    return (1.0 - 2 * colours).reshape(replicas, count, *shape)


def _estimator_laws(
    result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
) -> Laws:
    """Neither the origin of the torus nor the sign of all spins matters."""
    spins = inputs["configurations"]
    moved = evaluate(configurations=np.roll(spins, (1, 2), (-2, -1)))
    return {
        "origin moved": Deviation(relative(moved, result), 2 * kappa),
        "spins turned": Deviation(
            relative(evaluate(configurations=-spins), result), 2 * kappa
        ),
    }


def _estimator_case(shape: Shape, replicas: int, count: int, method: str) -> Case:
    def fitted(configurations: Any) -> fisher.FisherCurvature:
        model = fisher.FisherCurvature(n_blocks=8)
        if method == "fit":
            return model.fit(configurations)
        for start in range(0, count, count // 4):
            model.partial_fit(configurations[:, start : start + count // 4, :, :])
        return model

    def compute(*, dtype: str, configurations: Any) -> Any:
        found = fitted(configurations)
        values = found.scalar_curvature_, found.third_norm_, found.trace_norm_
        return vector((*values, found.standard_error_), configurations)

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        found = fitted(inputs["configurations"])
        return Conditioning(
            invariants_kappa(found.condition_number_),
            "3 cond g + 2 cond(g)^{3/2}, as of exact cumulants",
        )

    return double_case(
        name=f"FisherCurvature, {method}",
        size=f"{replicas}×{count}×{sides(shape)}",
        function=f"fisher.FisherCurvature.{method}",
        inputs=lambda: {"configurations": _draws(shape, replicas, count)},
        compute=compute,
        conditioning=conditioning,
        n=replicas * count,
        laws=_estimator_laws if method == "fit" else None,
        **ONE_STRICT,
    )


def cases() -> list[Case]:
    """Chains of all models and algorithms, and the estimator."""
    return [
        _chain_case("ising", "swendsen-wang"),
        _chain_case("potts", "wolff", q=3),
        _chain_case("ising", "metropolis"),
        _chain_case("potts", "swendsen-wang", "sample_with_clusters", q=3),
        _chain_case("heisenberg", "wolff"),
        _estimator_case((3, 4), 4, 200, "fit"),
        _estimator_case((3, 4), 4, 200, "partial_fit"),
    ]


# Estimates against exact values


@dataclasses.dataclass(frozen=True)
class Run:
    """A model, a torus, and how long to sample it."""

    model: str
    shape: Shape
    n_replicas: int
    n_samples: int
    q: int | None = None

    @property
    def lattice(self) -> str:
        return "cubic" if len(self.shape) == 3 else "square"

    @property
    def name(self) -> str:
        colours = "" if self.q is None else f", q = {self.q}"
        return f"Monte Carlo R, {self.model}{colours}"


QUICK_RUNS = (Run("ising", (4, 4), 8, 2000), Run("potts", (3, 3), 8, 2000, 3))
RUNS = (
    Run("ising", (4, 4), 16, 20_000),
    Run("ising", (8, 8), 16, 20_000),
    Run("ising", (16, 16), 16, 10_000),
    Run("potts", (4, 4), 16, 20_000, 3),
    Run("potts", (4, 4), 16, 20_000, 4),
    Run("ising", (3, 3, 3), 16, 20_000),
)


def _exact(run: Run) -> float:
    return fisher.lattice_curvature(
        run.lattice, run.shape, model=run.model, q=run.q
    ).scalar_curvature


def estimated(run: Run) -> tuple[list[Score], list[Row]]:
    """The distance from the exact value in units of the stated standard error."""
    start = time.perf_counter()
    sampler = fisher.LatticeSampler(
        run.model,
        run.shape,
        q=run.q,
        n_replicas=run.n_replicas,
        random_state=CASE_SEED,
    )
    spins, clusters = sampler.sample_with_clusters(run.n_samples)
    model = fisher.FisherCurvature(run.lattice, run.model, run.q)
    model.fit(spins, clusters=clusters)
    seconds = time.perf_counter() - start
    exact = _exact(run)
    R, error = model.scalar_curvature_, model.standard_error_
    z = abs(R - exact) / error
    status, reason = rows.judged(z, LARGEST_Z, {})
    row = Row(
        "fisher",
        run.name,
        "auto",
        "float64",
        sides(run.shape),
        status,
        reason,
        against="exact value",
        error=z,
        budget=LARGEST_Z,
        seconds_min=seconds,
        seconds_median=seconds,
        notes=(
            f"R = {R:.6g} ± {error:.2g}, exact {exact:.6g}, from "
            f"{run.n_replicas} × {run.n_samples} configurations, effective "
            f"{model.effective_sample_size_:.3g}",
        ),
        unit="standard errors",
    )
    return [], [row]


def experiments(quick: bool) -> list[Experiment]:
    """One run a model and torus."""
    return [
        Experiment(f"{run.name}, {sides(run.shape)}", functools.partial(estimated, run))
        for run in (QUICK_RUNS if quick else RUNS)
    ]
