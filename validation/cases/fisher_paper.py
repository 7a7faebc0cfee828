"""The published curvatures to their last digit, and exact ones far beyond them.

M. Zhuravlev, Fisher Curvature Scaling at Critical Points, arXiv:2603.07651, and the
data of its replication package. The published values are exact up to the last digit
for the smallest tori and Monte Carlo estimates with an error above.

Two laws are shown beside the exact values, neither is assumed: ``|R| ~ n^{10/9}``, and
``|R| / n = cbar^2 / 2 lambda_0 + const``, which follows a logarithm in L because the
heat capacity lambda_0 does; its exponent from one size to the next has no free number.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import time

import numpy as np

from geomsci import fisher
from geomsci.validation import rows
from geomsci.validation.cases import fisher_oracles
from geomsci.validation.cases.fisher_recipes import relative, sides
from geomsci.validation.rows import Row
from geomsci.validation.scores import Score
from geomsci.validation.suites import Experiment

SOURCE = "arXiv:2603.07651"
LAST_DIGIT = 0.01

PUBLISHED: dict[str, dict[int, float]] = {
    "Ising": {
        3: 105.64,
        4: 265.31,
        5: 446.24,
        6: 671.25,
        7: 945.53,
        8: 1272.14,
        9: 1653.34,
    },
    "Potts, q = 3": {3: 79.85, 4: 208.15, 5: 359.51, 6: 552.90},
    "Potts, q = 4": {3: 74.88, 4: 200.65, 5: 354.59, 6: 556.35},
}
"""``|R|`` at the critical coupling of an L x L torus."""

ESTIMATED = {
    10: (2091.94, 3.0),
    12: (3145.46, 2.0),
    14: (4441.23, 3.0),
    16: (5999.40, 10.0),
    18: (7782.04, 30.0),
    20: (9785.26, 50.0),
}
"""Published Monte Carlo estimates of the Ising torus with their errors."""

SIDES = (*range(3, 17), *range(18, 33, 2), *range(36, 65, 4), 96, 128)
QUICK_SIDES = (3, 4, 6, 8, 12, 16, 24)
AMPLITUDE_SIDE = 127
"""Odd; the amplitude of the plane to seven digits."""

POWER_LAW = 10 / 9
AROUND = (0.9, 1.1)
"""Couplings beside the critical one, in units of it."""

Found = tuple[list[Score], list[Row]]


def _published_row(
    model: str, side: int, result: fisher.FisherCurvatureResult, seconds: float
) -> Row:
    """The value must round to the published digits."""
    value = abs(result.scalar_curvature)
    difference = abs(value - PUBLISHED[model][side]) / LAST_DIGIT
    status, reason = rows.judged(difference, 0.5, {})
    return Row(
        "fisher",
        f"published |R|, {model}",
        "auto",
        "float64",
        sides(result.shape),
        status,
        reason,
        against=SOURCE,
        error=difference,
        budget=0.5,
        seconds_min=seconds,
        seconds_median=seconds,
        notes=(f"|R| = {value:.6f}, published {PUBLISHED[model][side]}",),
        unit="of the last digit",
    )


def published(model: str, largest: int) -> Found:
    """Rows of the published values up to a side."""
    found = []
    for side in PUBLISHED[model]:
        if side > largest:
            continue
        start = time.perf_counter()
        if model == "Ising":
            result = fisher.ising_torus_curvature((side, side))
        else:
            result = fisher.potts_torus_curvature((side, side), int(model[-1]))
        seconds = time.perf_counter() - start
        found.append(_published_row(model, side, result, seconds))
    return [], found


@dataclasses.dataclass(frozen=True)
class Entry:
    """One exact curvature of the Ising torus, with the time it took."""

    result: fisher.FisherCurvatureResult
    seconds: float

    @property
    def side(self) -> int:
        return self.result.shape[0]

    @property
    def n_sites(self) -> int:
        return math.prod(self.result.shape)

    @property
    def R(self) -> float:
        return abs(self.result.scalar_curvature)


def _entry(side: int, factor: float = 1.0) -> Entry:
    J = factor * fisher.critical_coupling("ising", "square")
    start = time.perf_counter()
    result = fisher.ising_torus_curvature((side, side), J)
    return Entry(result, time.perf_counter() - start)


def _free_energy(entry: Entry) -> Row:
    """``log Z / n``, the energy and its variance against Kaufman's formula."""
    result, n = entry.result, entry.n_sites
    J = result.coupling[0]
    energy = sum(result.bond_energy)
    # Two bonds a site: the variance of the energy a site is twice that a bond.
    values = [result.log_partition / n, energy, 2 * result.heat_capacity]
    expected = fisher_oracles.kaufman_uniform_derivatives(result.shape, J) / n
    kappa = result.sign_cancellation
    budget = rows.error_budget("float64", kappa, n)
    error = relative(np.asarray(values), expected)
    status, reason = rows.judged(error, budget, {})
    return Row(
        "fisher",
        "exact |R|, Ising",
        "auto",
        "float64",
        sides(result.shape),
        status,
        reason,
        against="log Z / n and two derivatives, Kaufman's formula",
        error=error,
        budget=budget,
        kappa=kappa,
        kappa_reason="Σ|w|, the cancellation between the sectors",
        seconds_min=entry.seconds,
        seconds_median=entry.seconds,
    )


def _exponents(before: Entry, now: Entry) -> tuple[float, float]:
    """Effective exponent from one size to the next, and that of the energy's law."""
    n = np.asarray([before.n_sites, now.n_sites], dtype=np.float64)
    R = np.asarray([before.R, now.R])
    cbar = float(fisher.zero_momentum_amplitude((AMPLITUDE_SIDE, AMPLITUDE_SIDE)))
    growth = now.result.heat_capacity - before.result.heat_capacity
    predicted = R[0] / n[0] + cbar**2 / 2 * growth
    law = np.asarray([R[0], predicted * n[1]])
    found, energy = (float(fisher.effective_exponents(n, x)[0]) for x in (R, law))
    return found, energy


def _value(entry: Entry) -> str:
    return f"|R| = {entry.R:.10g}, |R|/n = {entry.R / entry.n_sites:.6f}"


def _growth(before: Entry | None, now: Entry) -> tuple[str, ...]:
    if before is None:
        return ()
    found, energy = _exponents(before, now)
    return (
        f"exponent from L = {before.side}: {found:.4f}; n^(10/9) has "
        f"{POWER_LAW:.4f}, n (c̄²/2 λ₀ + const) has {energy:.4f}",
    )


def _estimate(entry: Entry) -> tuple[str, ...]:
    if entry.side not in ESTIMATED:
        return ()
    value, error = ESTIMATED[entry.side]
    off = (value - entry.R) / error
    return (f"published estimate {value:g} ± {error:g}, {off:+.1f} errors away",)


def table(chosen: tuple[int, ...]) -> Found:
    """Exact curvatures; each row is judged by the free energy of the same run."""
    found, before = [], None
    for side in chosen:
        now = _entry(side)
        notes = (_value(now), *_growth(before, now), *_estimate(now))
        found.append(dataclasses.replace(_free_energy(now), notes=notes))
        before = now
    return [], found


def _around(side: int) -> Found:
    """``|R|`` on both sides of the critical coupling: a torus has no peak there."""
    found = []
    for factor in AROUND:
        now = _entry(side, factor)
        name = f"exact |R|, Ising, {factor:g} times the critical coupling"
        row = dataclasses.replace(_free_energy(now), case=name, notes=(_value(now),))
        found.append(row)
    return [], found


def experiments(quick: bool) -> list[Experiment]:
    """Published values, the exact table, and the surroundings of the transition."""
    largest = 5 if quick else 9
    found = [
        Experiment(
            f"published {model}",
            functools.partial(published, model, 9 if model == "Ising" else largest),
        )
        for model in PUBLISHED
    ]
    chosen = QUICK_SIDES if quick else SIDES
    found.append(Experiment("exact Ising", functools.partial(table, chosen)))
    found.append(Experiment("around the transition", functools.partial(_around, 16)))
    return found
