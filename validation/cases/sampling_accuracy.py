"""Accuracy of fits on random and deterministic designs: squared error over the best.

``E = ||f - fhat||^2 / min_v ||f - v||^2`` with the best approximation by quadrature. At
n = m the error of an unconditioned design has no variance, so there the median counts;
elsewhere the mean, with its standard error.

======================= =========================================================
design                  points
======================= =========================================================
repeated DPP            r whole draws and a part of one more, optimal weights
conditioned             the same, drawn again until ``lambda_min(G) >= 0.1``
pool and reduction      ten draws, reduced by the A-optimal rule, original weights
Fekete                  largest volume, greedily, of 20 000 points of the measure
======================= =========================================================
"""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats

from geomsci import sampling
from geomsci.validation import rows
from geomsci.validation.cases.sampling_functions import (
    ISHIGAMI_FIRST,
    ISHIGAMI_TOTAL,
    Problem,
    problem,
)
from geomsci.validation.rows import Row
from geomsci.validation.scores import Score
from geomsci.validation.suites import CASE_SEED, CaseUnavailable, Experiment

UNIT = "MSE / best"
RAW, CONDITIONED, POOL, FEKETE, SOBOL = (
    "repeated DPP",
    "conditioned repeated DPP",
    "pool and reduction",
    "Fekete",
    "scrambled Sobol points",
)
N_POOL = 10
DELTA = 0.9
MAX_TRIALS = 300
N_CANDIDATES = 20_000
SOBOL_TOLERANCE = 1e-3

FACTORS = (1.0, 1.2, 1.5, 2.0)
FUNCTIONS = (
    ("Runge", 10),
    ("bump", 10),
    ("2-D function", 4),
    ("Ishigami", 5),
    ("borehole", 2),
)
GOALS = {
    ("Runge", CONDITIONED, 2.0): 1.8,
    ("bump", CONDITIONED, 2.0): 1.8,
    ("2-D function", CONDITIONED, 2.0): 1.9,
    ("Ishigami", POOL, 1.5): 1.65,
    ("Ishigami", POOL, 1.2): 2.2,
    ("Ishigami", FEKETE, 1.0): 3.2,
}
"""Largest mean E of a function, a design and n / m."""

QUICK = {("Runge", CONDITIONED, 2.0), ("Ishigami", POOL, 1.5)}

BOREHOLE_GOALS = {(330, 4): 0.50, (250, 6): 0.55}
"""n and draws in the pool to the largest median relative error, per cent."""

Found = tuple[list[Score], list[Row]]


def fits(p: Problem, points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """E of many designs, points (R, n, d)."""
    R, n, d = points.shape
    flat = np.reshape(points, (R * n, d))
    Phi = np.reshape(np.asarray(p.basis.evaluate(flat)), (R, n, p.m))
    y = np.reshape(p.f(flat), (R, n))
    root = np.sqrt(weights)
    Q, T = np.linalg.qr(root[..., None] * Phi)
    b = np.matmul(np.swapaxes(Q, 1, 2), (root * y)[..., None])
    c = np.linalg.solve(T, b)[..., 0]
    return np.asarray([p.ratio(one) for one in c])


def size_of(p: Problem, factor: float) -> int:
    return math.ceil(factor * p.m - 1e-9)


def _raw(p: Problem, factor: float, R: int) -> np.ndarray:
    design = sampling.RepeatedDPP(p.basis).sample(
        size_of(p, factor), size=R, rng=CASE_SEED
    )
    return fits(p, design.points, design.weights)


def _conditioned(p: Problem, factor: float, R: int) -> np.ndarray:
    sampler = sampling.ConditionedSampler(
        sampling.RepeatedDPP(p.basis), DELTA, max_trials=MAX_TRIALS
    )
    try:
        design = sampler.sample(size_of(p, factor), size=R, rng=CASE_SEED)
    except RuntimeError as error:
        raise CaseUnavailable(str(error)) from error
    return fits(p, design.points, design.weights)


def _pool(p: Problem, factor: float, R: int) -> np.ndarray:
    return _reduced(p, N_POOL, R)(size_of(p, factor))


@functools.lru_cache(maxsize=2)
def _reduced(p: Problem, r: int, R: int) -> Callable[[int], np.ndarray]:
    """A function that reduces pools of r draws to n points and fits."""
    drawn = sampling.RepeatedDPP(p.basis).sample(r * p.m, size=R, rng=CASE_SEED)
    smaller: dict[int, Any] = {r * p.m: drawn}

    def reduced(n: int) -> np.ndarray:
        # Deletions are greedy: on the way to fewer points lie all larger designs.
        start = min(k for k in smaller if k >= n)
        smaller[n] = sampling.greedy_reduce(smaller[start], p.basis, n)
        return fits(p, smaller[n].points, smaller[n].weights)

    return reduced


def _fekete(p: Problem, factor: float, R: int) -> np.ndarray:
    sampler = sampling.FeketeDesign(p.basis, n_candidates=N_CANDIDATES)
    design = sampler.sample(size_of(p, factor), size=R, rng=CASE_SEED)
    return fits(p, design.points, design.weights)


DESIGNS: dict[str, Callable[[Problem, float, int], np.ndarray]] = {
    RAW: _raw,
    CONDITIONED: _conditioned,
    POOL: _pool,
    FEKETE: _fekete,
}
COUNTS = {RAW: 400, CONDITIONED: 400, POOL: 100, FEKETE: 20}
QUICK_COUNTS = {CONDITIONED: 100, POOL: 15}


def _about(E: np.ndarray, what: str = "mean") -> str:
    error = float(E.std(ddof=1)) / math.sqrt(E.size)
    mean = f"mean {E.mean():.3g} ± {error:.2g}"
    if what == "median":
        mean += " (its variance is infinite)"
    return f"{mean}, median {np.median(E):.3g}, {E.size} designs"


def ratio(name: str, degree: int, design: str, factor: float, R: int) -> Found:
    """E of one function, design and size."""
    p = problem(name, degree)
    start = time.perf_counter()
    E = DESIGNS[design](p, factor, R)
    seconds = (time.perf_counter() - start) / R
    what = "median" if factor == 1.0 and design == RAW else "mean"
    value = float(np.median(E) if what == "median" else E.mean())
    goal = GOALS.get((name, design, factor))
    status, reason = rows.OK, ""
    if goal is not None:
        status, reason = rows.judged(value, goal, {})
    row = Row(
        "sampling",
        f"{what} error, {design}",
        "auto",
        "float64",
        f"{p.name}, m = {p.m}, n = {size_of(p, factor)}",
        status,
        reason,
        against="best approximation by quadrature",
        error=value,
        budget=goal,
        seconds_min=seconds,
        seconds_median=seconds,
        notes=(_about(E, what),),
        unit=UNIT,
    )
    return [], [row]


# Borehole, total degree 3


def _sobol_points(p: Problem, n: int, R: int) -> np.ndarray:
    d = p.basis.n_features_in
    # A multiple of what is needed of 2^k points would be balanced; the first n are
    # what a user takes.
    power = math.ceil(math.log2(n))
    sets = [
        2 * scipy.stats.qmc.Sobol(d, rng=seed).random_base2(power)[:n] - 1
        for seed in range(R)
    ]
    points = np.stack(sets)
    return fits(p, points, np.ones(points.shape[:2]))


def borehole(n: int, r: int, R: int) -> Found:
    """Median relative error of a pool, and of three designs without one."""
    p = problem("borehole", 3)
    scale = 100 * math.sqrt(p.remainder / p.variance)
    start = time.perf_counter()
    pool = scale * np.sqrt(_reduced(p, r, R)(n))
    seconds = (time.perf_counter() - start) / R
    raw = scale * np.sqrt(_raw(p, n / p.m, R))
    sobol = scale * np.sqrt(_sobol_points(p, n, R))
    value, goal = float(np.median(pool)), BOREHOLE_GOALS[(n, r)]
    status, reason = rows.judged(value, goal, {})
    row = Row(
        "sampling",
        f"median relative error, {POOL}",
        "auto",
        "float64",
        f"{p.name}, m = {p.m}, n = {n}, {r} draws",
        status,
        reason,
        against="scrambled Sobol points of another sequence, 2^17",
        error=value,
        budget=goal,
        seconds_min=seconds,
        seconds_median=seconds,
        notes=(
            f"best {scale:.3f} %; medians of {R}: {POOL} {value:.3f} %, {RAW} "
            f"{np.median(raw):.3f} %, {SOBOL} without weights {np.median(sobol):.3f} %",
        ),
        unit="% of the standard deviation",
    )
    return [], [row]


# Sobol' indices


def _index_errors(p: Problem, sampler: Any, R: int) -> np.ndarray:
    """Largest error of an index, for every design of 2 m points."""
    errors = []
    for seed in range(R):
        design = sampler.sample(2 * p.m, rng=[CASE_SEED, seed])
        points = np.asarray(design.points)
        model = sampling.WeightedLeastSquares(p.basis)
        model.fit(points, p.f(points), sample_weight=design.weights)
        found = np.concatenate(list(model.sobol_indices()))
        exact = np.asarray(ISHIGAMI_FIRST + ISHIGAMI_TOTAL)
        errors.append(float(np.abs(found - exact).max()))
    return np.asarray(errors)


def sobol_indices(degree: int, R: int) -> Found:
    """Error of the Sobol' indices of the Ishigami function, median over designs."""
    p = problem("Ishigami", degree)
    start = time.perf_counter()
    errors = _index_errors(p, sampling.OptimalDesign(p.basis), R)
    seconds = (time.perf_counter() - start) / R
    raw = _index_errors(p, sampling.RepeatedDPP(p.basis), 2 * R)
    value = float(np.median(errors))
    status, reason = rows.judged(value, SOBOL_TOLERANCE, {})
    row = Row(
        "sampling",
        f"Sobol' indices, {POOL}",
        "auto",
        "float64",
        f"{p.name}, m = {p.m}, n = {2 * p.m}",
        status,
        reason,
        against="closed form",
        error=value,
        budget=SOBOL_TOLERANCE,
        seconds_min=seconds,
        seconds_median=seconds,
        notes=(
            f"median of {R} designs, largest {errors.max():.1e}; {RAW}: median "
            f"{np.median(raw):.1e}, largest {raw.max():.1e} of {raw.size}",
        ),
        unit="absolute",
    )
    return [], [row]


def experiments(quick: bool) -> list[Experiment]:
    """The table of functions and designs, the borehole, and Sobol' indices."""
    found = []
    for name, degree in FUNCTIONS:
        for design in DESIGNS:
            for factor in sorted(FACTORS, reverse=True):
                if design == FEKETE and factor == 2.0:
                    continue
                if design == CONDITIONED and factor < 1.5:
                    continue
                key = (name, design, factor)
                if quick and key not in QUICK:
                    continue
                R = (QUICK_COUNTS if quick else COUNTS)[design]
                job = functools.partial(ratio, *(name, degree), *key[1:], R)
                found.append(Experiment(f"{name}, {design}, {factor:g} m", job))
    if quick:
        return found
    for n, r in BOREHOLE_GOALS:
        job = functools.partial(borehole, n, r, 20)
        found.append(Experiment(f"borehole, {n} runs", job))
    found.append(Experiment("Sobol' indices", functools.partial(sobol_indices, 9, 10)))
    return found
