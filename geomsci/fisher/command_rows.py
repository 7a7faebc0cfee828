"""The rows of `geomsci fisher`: one size at one coupling, exact or by Monte Carlo."""

from __future__ import annotations

import dataclasses
import math
import pathlib
import time
from collections.abc import Sequence
from typing import Any

from geomsci.fisher.checks import lattice_named
from geomsci.fisher.scaling import effective_exponents
from geomsci.fisher.torus import lattice_curvature

MONTE_CARLO = "monte_carlo"
VECTOR_MODELS = ("xy", "heisenberg")


@dataclasses.dataclass(frozen=True)
class Options:
    """What `geomsci fisher` was asked to do."""

    lattice: str = "square"
    model: str = "ising"
    q: int | None = None
    sizes: Sequence[int] = ()
    shapes: Sequence[str] = ()
    couplings: Sequence[float] = ()
    couplings_per_axis: Sequence[Sequence[float]] = ()
    method: str | None = None
    samples: int = 2000
    replicas: int = 8
    burn_in: int = 200
    thin: int = 1
    algorithm: str = "swendsen-wang"
    seed: int = 0
    backend: str | None = None
    json: pathlib.Path | None = None
    csv: pathlib.Path | None = None
    plot: pathlib.Path | None = None


@dataclasses.dataclass(frozen=True)
class Run:
    """What all rows share.

    ``published_exponent`` and ``zero_momentum_amplitude`` are set at the transition,
    where the laws are known.
    """

    lattice: str
    model: str
    q: int | None
    method: str | None
    critical_coupling: float | None
    published_exponent: float | None
    zero_momentum_amplitude: float | None
    at_transition: bool
    sampled: bool


@dataclasses.dataclass(frozen=True)
class Row:
    """One size at one coupling; None is what a method does not give."""

    shape: tuple[int, ...]
    n_sites: int
    coupling: tuple[float, ...]
    method: str
    scalar_curvature: float
    third_norm: float
    trace_norm: float
    bond_energy: tuple[float, ...]
    heat_capacity: float
    condition_number: float
    seconds: float
    log_partition: float | None = None
    sign_cancellation: float | None = None
    standard_error: float | None = None
    bias: float | None = None
    effective_sample_size: float | None = None
    autocorrelation_time: float | None = None
    effective_exponent: float | None = None
    exponent_error: float | None = None
    slope: float | None = None

    @property
    def name(self) -> str:
        """``8x12``."""
        return "x".join(map(str, self.shape))

    @property
    def per_site(self) -> float:
        """``|R| / n``."""
        return abs(self.scalar_curvature) / self.n_sites


def compute(run: Run, options: Options, shape: Any, coupling: Any) -> Row:
    """The row of one size; raises what the library raises."""
    start = time.perf_counter()
    values = (_sampled if run.sampled else _exact)(run, options, shape, coupling)
    return Row(
        shape=tuple(shape),
        n_sites=math.prod(shape) * lattice_named(run.lattice).n_basis,
        seconds=time.perf_counter() - start,
        **values,
    )


def _exact(run: Run, options: Options, shape: Any, coupling: Any) -> dict[str, Any]:
    result = lattice_curvature(
        run.lattice,
        shape,
        coupling,
        model=run.model,
        q=run.q,
        method=run.method,
        backend=options.backend,
    )
    names = {field.name for field in dataclasses.fields(Row)} - {"shape"}
    return {k: v for k, v in dataclasses.asdict(result).items() if k in names}


def sampler(options: Options, shape: Any, coupling: Any, replicas: int) -> Any:
    """Chains of one size; raises what the library says about wrong options."""
    from geomsci.fisher.sampler import LatticeSampler

    return LatticeSampler(
        options.model,
        shape,
        coupling,
        q=options.q,
        algorithm=options.algorithm,
        n_replicas=replicas,
        lattice=options.lattice,
        n_burn_in=options.burn_in,
        n_thin=options.thin,
        random_state=options.seed,
        backend=options.backend,
    )


def _sampled(run: Run, options: Options, shape: Any, coupling: Any) -> dict[str, Any]:
    from geomsci.fisher.estimator import FisherCurvature

    chains = sampler(options, shape, coupling, options.replicas)
    labelled = (
        options.algorithm == "swendsen-wang"
        and options.model not in VECTOR_MODELS
        and min(chains.coupling) >= 0
    )
    clusters = None
    if labelled:
        configurations, clusters = chains.sample_with_clusters(options.samples)
    else:
        configurations = chains.sample(options.samples)
    model = FisherCurvature(run.lattice, run.model, run.q, backend=options.backend).fit(
        configurations, clusters=clusters
    )
    return {
        "coupling": chains.coupling,
        "method": MONTE_CARLO,
        "scalar_curvature": model.scalar_curvature_,
        "third_norm": model.third_norm_,
        "trace_norm": model.trace_norm_,
        "bond_energy": tuple(float(mu) for mu in model.bond_energy_),
        "heat_capacity": model.heat_capacity_,
        "condition_number": model.condition_number_,
        "standard_error": model.standard_error_,
        "bias": model.bias_,
        "effective_sample_size": model.effective_sample_size_,
        "autocorrelation_time": model.autocorrelation_time_,
    }


def with_growth(row: Row, before: Row | None) -> Row:
    """The row with what it says about growth, beside a torus of the same form."""
    if before is None or before.n_sites == row.n_sites:
        return row
    first = before.shape[0], row.shape[0]
    if any(a * first[1] != b * first[0] for a, b in zip(before.shape, row.shape)):
        return row
    n = [float(before.n_sites), float(row.n_sites)]
    R = [before.scalar_curvature, row.scalar_curvature]
    if 0 in R:
        return row
    error = None
    if row.standard_error is not None and before.standard_error is not None:
        relative = before.standard_error / R[0], row.standard_error / R[1]
        error = math.hypot(*relative) / abs(math.log(n[1] / n[0]))
    gain = row.heat_capacity - before.heat_capacity
    return dataclasses.replace(
        row,
        effective_exponent=float(effective_exponents(n, R)[0]),
        exponent_error=error,
        slope=(abs(R[1]) / n[1] - abs(R[0]) / n[0]) / gain if gain else None,
    )
