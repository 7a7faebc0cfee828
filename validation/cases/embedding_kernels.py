"""Heat kernels: every entry against mpmath, by each method and on each backend."""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import scipy.linalg

from geomsci import embedding
from geomsci.backends import BackendUnavailable, use_backend
from geomsci.validation import rows
from geomsci.validation.cases import embedding_oracles as oracles
from geomsci.validation.rows import Row
from geomsci.validation.scores import Score
from geomsci.validation.suites import (
    Case,
    Conditioning,
    Deviation,
    Experiment,
    Inputs,
)
from geomsci.validation.variants import VARIANTS, Variant, home

GOAL = 1e-12
"""Largest relative error that an entry of a heat kernel may have."""

UNIT = "relative, largest entry"
EXACT = "mpmath with 60 digits"
FUNCTION = "embedding.heat_kernel"


@dataclasses.dataclass(frozen=True)
class Problem:
    """A graph, its Laplacian, and a time."""

    graph: str
    n: int
    kind: str
    t: float

    @property
    def name(self) -> str:
        vertices = "" if self.graph == "karate" else f" {self.n}"
        return f"{self.graph}{vertices}, {self.kind}, t = {self.t:g}"

    def laplacian(self) -> np.ndarray:
        return oracles.laplacian(oracles.adjacency(self.graph, self.n), self.kind)

    def exact(self) -> np.ndarray:
        return oracles.exact_kernel(self.graph, self.n, self.kind, self.t)

    def kappa(self) -> float:
        """What relative changes of the entries of L do to those of the kernel."""
        rate = float(np.max(np.diag(self.laplacian())))
        hops = oracles.hop_diameter(oracles.adjacency(self.graph, self.n))
        return 1 + 2 * self.t * rate + hops


PROBLEMS = (
    Problem("path", 40, "combinatorial", 1.0),
    Problem("path", 40, "normalized", 10.0),
    Problem("cycle", 50, "combinatorial", 2.0),
    Problem("star", 20, "combinatorial", 0.01),
    Problem("complete", 12, "combinatorial", 0.001),
    Problem("karate", 34, "normalized", 5.0),
)
MORE = (
    Problem("karate", 34, "normalized", 0.01),
    Problem("cycle", 50, "normalized", 50.0),
    Problem("path", 40, "combinatorial", 0.01),
)


def problems(quick: bool) -> tuple[Problem, ...]:
    return PROBLEMS if quick else PROBLEMS + MORE


# Cases: all backends


def _inputs(p: Problem) -> Callable[[], Inputs]:
    return lambda: {"L": p.laplacian(), "exact": p.exact()}


def _compute(p: Problem) -> Callable[..., Any]:
    def compute(*, dtype: str, L: Any, exact: Any) -> Any:
        return embedding.heat_kernel(L, p.t) / exact

    return compute


def _conditioning(p: Problem) -> Callable[[Inputs, np.ndarray], Conditioning]:
    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        return Conditioning(
            p.kappa(), "1 + 2 t max L_ii + hops: of each entry, entries of L rounded"
        )

    return conditioning


def _laws(
    result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
) -> Mapping[str, Deviation]:
    """No entry is worse than what is asked of all of them together."""
    worst = float(np.max(np.abs(result - 1)))
    turned = float(np.max(np.abs(result - result.T)))
    return {
        "largest entry": Deviation(worst, kappa),
        "symmetry": Deviation(turned, kappa),
    }


def _case(p: Problem) -> Case:
    return Case(
        suite="embedding",
        name=f"heat_kernel over its exact entries, {p.name}",
        size=f"{p.n}",
        function=FUNCTION,
        inputs=_inputs(p),
        compute=_compute(p),
        conditioning=_conditioning(p),
        n=p.n,
        expected=lambda inputs: np.ones((p.n, p.n)),
        against=EXACT,
        laws=_laws,
        dtypes=("float64",),
        dtype_reason="float32 ends at 1e-38: heat kernels are computed in float64",
    )


def cases(quick: bool) -> list[Case]:
    """One case for each graph and time."""
    return [_case(p) for p in problems(quick)]


# Rows: all methods


def _ours(method: str) -> Callable[[Problem, Variant], np.ndarray]:
    def kernel(p: Problem, variant: Variant) -> np.ndarray:
        with use_backend(variant.choice):
            L = variant.place(p.laplacian())
            return home(embedding.heat_kernel(L, p.t, method=method))

    return kernel


def _expm(p: Problem, variant: Variant) -> np.ndarray:
    return np.asarray(scipy.linalg.expm(-p.t * p.laplacian()))


OTHERS: dict[str, Callable[[Problem, Variant], np.ndarray]] = {
    "Chebyshev": _ours("chebyshev"),
    "eigh": _ours("eigh"),
    "scipy.linalg.expm": _expm,
}
"""Methods whose error is absolute: they lose the small entries."""


def _row(
    p: Problem, method: str, variant: Variant, goal: float | None, kernel: Callable
) -> Row:
    start = time.perf_counter()
    found = kernel(p, variant)
    seconds = time.perf_counter() - start
    exact = p.exact()
    error = oracles.largest_relative_error(found, exact)
    status, reason = rows.OK, ""
    if goal is not None:
        status, reason = rows.judged(error, goal, {})
    lost = float(np.mean(~(np.abs(found - exact) <= 0.1 * exact)))
    return Row(
        "embedding",
        f"entries of the heat kernel, {method}",
        variant.name,
        "float64",
        p.name,
        status,
        reason,
        against=EXACT,
        error=error,
        budget=goal,
        seconds_min=seconds,
        seconds_median=seconds,
        notes=(
            f"{100 * lost:.0f} % of the entries are off by more than a tenth; the "
            f"smallest is {exact.min():.0e}",
        ),
        unit=UNIT,
    )


def methods(p: Problem) -> tuple[list[Score], list[Row]]:
    """Uniformisation on every backend that is here, and the other methods."""
    found = []
    for variant in VARIANTS.values():
        try:
            variant.check()
            row = _row(p, "uniformisation", variant, GOAL, _ours("uniformization"))
        except (BackendUnavailable, NotImplementedError):
            continue
        found.append(row)
    reference = VARIANTS["reference"]
    found += [_row(p, name, reference, None, other) for name, other in OTHERS.items()]
    return [], found


def experiments(quick: bool) -> list[Experiment]:
    """One experiment for each graph and time."""
    return [
        Experiment(f"heat kernel entries, {p.name}", functools.partial(methods, p))
        for p in problems(quick)
    ]
