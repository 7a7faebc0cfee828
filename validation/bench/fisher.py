"""Fisher curvature against the published script, and sampling against two libraries.

``run_ising_tm_minimal`` is the script of the replication package of arXiv:2603.07651
(GitHub, Vibecodium/fisher-curvature-replication, MIT). It is not a package: clone it
and put its folder into ``PYTHONPATH``. It takes the transfer matrix, and derivatives by
finite differences of 0.02 in every pair and triple of bonds.

The samplers run one chain on one thread. peapods has no cluster update alone: each of
its sweeps is a Metropolis sweep and then, if asked for, a Swendsen-Wang update; it
measures the energy after each. mcising and ours update only. A Metropolis sweep of ours
proposes at random sites, theirs go through the sites in order.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci import fisher, use_backend
from geomsci.backends.threads import n_threads
from geomsci.reference.fisher.bispectrum import triads as nonzero_triads
from geomsci.reference.fisher.chains import lattice_tables
from geomsci.reference.fisher.cumulants import inverse_blocks, metric_blocks
from geomsci.reference.fisher.lattices import SQUARE
from geomsci.reference.fisher.pfaffian import fermions, mixture
from geomsci.reference.fisher.streaming import first_momenta
from geomsci.reference.fisher.third_transform import bispectrum
from geomsci.validation.bench.contest import OK, Contest, Job, Result
from geomsci.validation.cases.spd_oracles import optional
from geomsci.validation.environment import version_of
from geomsci.validation.measure import timing
from geomsci.validation.suites import CASE_SEED, CaseUnavailable

SCRIPT = "run_ising_tm_minimal"
PUBLISHED = "published script"
STEP = 0.02
CRITICAL = math.asinh(1) / 2

SWEEPS = {32: 2000, 128: 200}
"""Side of the square torus to the updates of one run."""

ALGORITHMS = ("swendsen-wang", "metropolis")

SIDES = (24, 64, 128)
LAYER = 8
ALONE = "no other program"
TIME_LIMIT = 40.0
"""Seconds after which the repeats of one row stop."""


# Arguments of the kernels, for the suite of that name


def third_squares(side: int, n_momenta: int) -> tuple[Any, ...]:
    """What the streaming sum is called with, for evenly chosen momenta."""
    shape, J = (side, side), np.full(2, CRITICAL)
    model = fermions(SQUARE, shape, J)
    parts = mixture(model, shape, J)
    metric = parts.metric.reshape(2, 2, *shape)
    inverses, _ = inverse_blocks(metric_blocks(metric))
    k1 = np.asarray(first_momenta(shape, True, True)[0])
    chosen = np.linspace(0, k1.size - 1, n_momenta).astype(np.int64)
    return bispectrum(model, parts, shape, inverses), k1[chosen]


def chains(side: int, replicas: int) -> tuple[Any, ...]:
    """Keys, first states and neighbours of Ising chains."""
    rng = np.random.default_rng(CASE_SEED)
    keys = rng.integers(0, 2**32, (replicas, 4))
    state = rng.integers(0, 2, (replicas, side * side), dtype=np.int8)
    strengths = (2 * CRITICAL, 2 * CRITICAL)
    return keys, state, lattice_tables(SQUARE, (side, side), strengths, np.zeros(1))


def triads(side: int, n_samples: int) -> tuple[Any, ...]:
    """Transforms of bond fields, and the momenta of the third moments that count."""
    rng = np.random.default_rng(CASE_SEED)
    n = side * side
    chosen = next(nonzero_triads((side, side), like=np.zeros(1), most=n * n))
    f = rng.standard_normal((n, 2, 2 * n_samples)).view(np.complex128)
    return f, chosen.k1, chosen.k2, chosen.k3


SWEEP_OPTIONS: dict[str, Any] = {
    "q": 2,
    "algorithm": "swendsen-wang",
    "first": 1,
    "n_updates": 10,
    "n_thin": 1,
    "n_kept": 0,
    "n_labels": 0,
}


# The published script


def _ours(side: int, method: str) -> Callable[[], Job]:
    def prepare() -> Job:
        def job() -> np.ndarray:
            result = fisher.ising_torus_curvature((side, side), method=method)
            return np.asarray([result.scalar_curvature])

        return job

    return prepare


def _script(side: int) -> Callable[[], Job]:
    def prepare() -> Job:
        if importlib.util.find_spec(SCRIPT) is None:
            raise CaseUnavailable(
                "the replication package of arXiv:2603.07651 is not in PYTHONPATH: "
                "clone it and add its folder to compare with it."
            )
        module = importlib.import_module(SCRIPT)
        return lambda: np.asarray([module.compute_R_for_L(side, eps=STEP)["R_scalar"]])

    return prepare


# Samplers


def _our_chain(side: int, algorithm: str) -> Callable[[], Job]:
    def prepare() -> Job:
        sampler = fisher.LatticeSampler(
            "ising",
            (side, side),
            algorithm=algorithm,
            n_burn_in=0,
            n_thin=SWEEPS[side],
            random_state=CASE_SEED,
        )

        def job() -> None:
            sampler.sample(1)

        return job

    return prepare


def _mcising(side: int, algorithm: str) -> Callable[[], Job]:
    def prepare() -> Job:
        module = optional("mcising", "mcising")
        name = algorithm.replace("-", "_")
        chain = module.IsingSimulation(side, 1.0, 0.0, 0.0, 0.0, CASE_SEED, name)

        def job() -> None:
            chain.sweep(SWEEPS[side], temperature=1 / CRITICAL)

        return job

    return prepare


def _peapods(side: int, algorithm: str) -> Callable[[], Job]:
    clusters = {"cluster_update_interval": 1, "cluster_mode": "sw"}
    options = clusters if algorithm == "swendsen-wang" else {}

    def prepare() -> Job:
        module = optional("peapods", "peapods")
        temperatures = np.asarray([1 / CRITICAL])
        chain = module.Ising((side, side), temperatures=temperatures)

        def job() -> None:
            chain.sample(SWEEPS[side], sequential=True, **options)

        return job

    return prepare


def _label(name: str, remark: str = "") -> str:
    """Name and version of a peer, and how it was driven."""
    return f"{name} {version_of(name) or ''}".strip() + remark


def _sampling_contests() -> list[Contest]:
    found = []
    for side, sweeps in SWEEPS.items():
        for algorithm in ALGORITHMS:
            extra = ", a Metropolis sweep included" if algorithm != "metropolis" else ""
            peers = {
                _label("mcising"): _mcising(side, algorithm),
                _label("peapods", extra): _peapods(side, algorithm),
            }
            for peer, theirs in peers.items():
                found.append(
                    Contest(
                        "fisher",
                        f"LatticeSampler, {algorithm}, one thread",
                        f"{sweeps} sweeps of {side}×{side}",
                        _our_chain(side, algorithm),
                        theirs,
                        peer,
                    )
                )
    return found


def contests() -> list[Contest]:
    """The rows of this suite that need a peer."""
    found = [
        Contest(
            "fisher",
            f"ising_torus_curvature, {method}",
            f"{side}×{side}",
            _ours(side, method),
            _script(side),
            PUBLISHED,
        )
        for method in ("transfer_matrix", "pfaffian")
        for side in (3, 4)
    ]
    return found + _sampling_contests()


# Times alone


def alone(repeats: int, name: str, size: str, call: Job, n: int = 0) -> Result:
    """One row without another side; ``n`` sweeps, if any, give a rate."""
    with use_backend("auto"):
        times = timing(call, repeats, TIME_LIMIT)
    note = f"{n / times.median:,.0f} sweeps a second" if n else ""
    return Result(
        "fisher",
        name,
        size,
        ALONE,
        OK,
        ours_median=times.median,
        ours_min=times.minimum,
        note=note,
    )


def times(repeats: int) -> list[Result]:
    """Seconds of the exact routes and of sampling, each after one run to compile."""
    found = []
    fisher.ising_torus_curvature((32, 32))
    for side in SIDES:
        job = _ours(side, "pfaffian")()
        name = f"ising_torus_curvature, {n_threads()} threads"
        found.append(alone(repeats, name, f"{side}×{side}", job))
    layer = _ours(LAYER, "transfer_matrix")()
    layer()
    name = "ising_torus_curvature, transfer matrix"
    found.append(alone(repeats, name, f"{LAYER}×{LAYER}", layer))
    for side, sweeps in SWEEPS.items():
        for algorithm in ALGORITHMS:
            chain = _our_chain(side, algorithm)()
            chain()
            name = f"LatticeSampler, {algorithm}, one thread"
            size = f"{sweeps} sweeps of {side}×{side}"
            found.append(alone(repeats, name, size, chain, sweeps))
    return found
