"""How many points stable least squares needs: ``P(||G - I|| <= 0.9)``.

A. Nouy and B. Michel, arXiv 2312.14057, say that independent repetitions of projection
DPPs need far fewer points than independent points of the optimal measure. Each cell is
judged by a probability that another program found, with the Monte Carlo errors of both.
The gain shrinks as the dimension grows.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import time
from typing import Any

import numpy as np

from geomsci import sampling
from geomsci.validation import rows
from geomsci.validation.cases.sampling_recipes import Space, line, simplex
from geomsci.validation.rows import Row
from geomsci.validation.scores import Score
from geomsci.validation.suites import CASE_SEED, Experiment

DELTA = 0.9
CONFIDENCE = 0.95
LARGEST_Z = 4.0
CROSSING = 0.15
"""Allowed distance of a crossing: the known ones are rounded to 0.1."""

IID, VS, DPP = "independent points", "volume-rescaled sample", "repeated DPP"

Found = tuple[list[Score], list[Row]]


@dataclasses.dataclass(frozen=True)
class Table:
    """What is known of one space.

    Attributes
    ----------
    space : Space
    known : mapping
        Sampler to n / m to the probability.
    error : float
        Monte Carlo error of the known numbers.
    crossing : float
        n / m at which repeated draws with a partial one reach 0.95.
    n_designs : int
        Designs of a cell in the full mode.
    """

    space: Space
    known: dict[str, dict[float, float]]
    error: float
    crossing: float
    n_designs: int

    @property
    def m(self) -> int:
        return len(self.space.indices)

    @property
    def name(self) -> str:
        return f"{self.space.name}, m = {self.m}"


TABLES = (
    Table(
        line("legendre", 10),
        {IID: {8: 0.949, 8.5: 0.963}, VS: {7: 0.945, 7.5: 0.956},
         DPP: {2: 0.944, 3: 0.996}},
        0.002, 2.6, 20_000,
    ),
    Table(
        simplex("legendre", 2, 4),
        {IID: {8: 0.931, 8.5: 0.952}, VS: {7.5: 0.941, 8: 0.956},
         DPP: {3: 0.869, 4: 0.979}},
        0.003, 3.8, 10_000,
    ),
    Table(
        simplex("legendre", 4, 2),
        {IID: {7.5: 0.947, 8: 0.967}, VS: {7: 0.946, 7.5: 0.956},
         DPP: {4: 0.862, 5: 0.967}},
        0.003, 4.9, 10_000,
    ),
    Table(
        line("hermite", 30),
        {IID: {11: 0.952}, VS: {10.5: 0.953}, DPP: {2: 0.789, 3: 0.985}},
        0.005, 2.9, 4000,
    ),
)  # fmt: skip

QUICK_DESIGNS = 1000
QUICK_CELLS: dict[str, dict[str, tuple[float, ...]]] = {
    TABLES[0].name: {IID: (8,), VS: (7,), DPP: (2, 3)},
    TABLES[1].name: {DPP: (3,)},
}
BATCH = 500
"""Designs whose Gram matrices are formed at a time."""


def sampler(name: str, basis: Any) -> Any:
    """The sampler of a column."""
    makers = {
        IID: sampling.ChristoffelSampler,
        VS: sampling.VolumeRescaledSampler,
        DPP: sampling.RepeatedDPP,
    }
    return makers[name](basis)


def instabilities(name: str, basis: Any, n: int, n_designs: int) -> np.ndarray:
    """``||G - I||`` of independent designs of n points."""
    rng = np.random.default_rng(CASE_SEED)
    drawn, m = sampler(name, basis), basis.size
    found = []
    for first in range(0, n_designs, BATCH):
        count = min(BATCH, n_designs - first)
        design = drawn.sample(n, size=count, rng=rng)
        points = np.reshape(design.points, (count * n, -1))
        Phi = np.reshape(basis.evaluate(points), (count, n, m))
        G = sampling.gram(Phi, design.weights)
        found.append(np.asarray(sampling.instability(G, criterion="spectral")))
    return np.concatenate(found)


def probability(
    name: str, basis: Any, n: int, n_designs: int
) -> tuple[float, float, float]:
    """Share of stable designs, its standard error, and the seconds it took."""
    start = time.perf_counter()
    stable = instabilities(name, basis, n, n_designs) <= DELTA
    p = float(stable.mean())
    # Laplace's estimate: a share of 1 has an error too.
    q = (stable.sum() + 1) / (n_designs + 2)
    return p, math.sqrt(q * (1 - q) / n_designs), time.perf_counter() - start


def cell(table: Table, name: str, factor: float, n_designs: int) -> Found:
    """One probability and its distance from the known one."""
    basis = table.space.basis()
    p, error, seconds = probability(name, basis, round(factor * table.m), n_designs)
    known = table.known[name][factor]
    z = abs(p - known) / math.hypot(error, table.error)
    status, reason = rows.judged(z, LARGEST_Z, {})
    row = Row(
        "sampling",
        f"P(‖G - I‖ <= {DELTA}), {name}",
        "auto",
        "float64",
        f"{table.name}, n = {factor:g} m",
        status,
        reason,
        against="another program",
        error=z,
        budget=LARGEST_Z,
        seconds_min=seconds,
        seconds_median=seconds,
        notes=(f"{p:.4f} ± {error:.4f}, known {known} ± {table.error}",),
        unit="standard errors",
    )
    return [], [row]


def crossing(table: Table, n_designs: int) -> Found:
    """Where repeated draws with a partial one reach the confidence and keep it.

    Just beyond a whole number of draws the probability falls: the first points of a
    further draw repel each other only. So the last crossing counts.
    """
    start, basis, m = time.perf_counter(), table.space.basis(), table.m
    middle = round(table.crossing * m)
    step = max(1, m // 10)
    ns = np.arange(middle - 4 * step, middle + 4 * step + 1, step)
    p = np.asarray([probability(DPP, basis, int(n), n_designs)[0] for n in ns])
    below = np.flatnonzero(p < CONFIDENCE)
    last = int(below[-1]) if below.size else 0
    # A line through the neighbours too: their errors average out.
    near = slice(max(0, last - 1), last + 3)
    slope, height = np.polyfit(ns[near] / m, p[near], 1)
    found = (CONFIDENCE - height) / slope
    bound = {
        kind: sampling.required_sample_size(m, DELTA, 1 - CONFIDENCE, kind) / m
        for kind in ("two-sided", "one-sided")
    }
    difference = abs(found - table.crossing)
    status, reason = rows.judged(difference, CROSSING, {})
    seconds = time.perf_counter() - start
    row = Row(
        "sampling",
        f"n / m with P(‖G - I‖ <= {DELTA}) = {CONFIDENCE}, {DPP}",
        "auto",
        "float64",
        table.name,
        status,
        reason,
        against="another program",
        error=difference,
        budget=CROSSING,
        seconds_min=seconds,
        seconds_median=seconds,
        notes=(
            f"n/m = {found:.2f}, known {table.crossing}; independent points are sure "
            f"to need no more than {bound['two-sided']:.1f} (two-sided), for "
            f"lambda_min {bound['one-sided']:.1f} (one-sided)",
        ),
        unit="n / m",
    )
    return [], [row]


def experiments(quick: bool) -> list[Experiment]:
    """All cells and crossings; a few cells if ``quick``."""
    found = []
    for table in TABLES:
        for name, factors in table.known.items():
            few = QUICK_CELLS.get(table.name, {}).get(name, ())
            for factor in few if quick else factors:
                n_designs = QUICK_DESIGNS if quick else table.n_designs
                job = functools.partial(cell, table, name, factor, n_designs)
                found.append(Experiment(f"{name}, {table.name}, {factor:g} m", job))
        if not quick:
            job = functools.partial(crossing, table, table.n_designs // 4)
            found.append(Experiment(f"crossing, {table.name}", job))
    return found
