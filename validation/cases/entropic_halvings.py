"""(i) Transport between local measures: second order, whatever R one begins with."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci import entropic
from geomsci.validation.cases.entropic_fields import Watch, measured
from geomsci.validation.rows import Row
from geomsci.validation.scores import Score
from geomsci.validation.suites import CASE_SEED, Experiment

Found = tuple[list[Score], list[Row]]


def _log_density(x: np.ndarray) -> np.ndarray:
    return np.cos(x[..., 0]) + 0.5 * np.sin(x[..., 0] + 2 * x[..., 1] + 0.4)


def _along(x: np.ndarray, e: np.ndarray) -> np.ndarray:
    """-e' Hess log rho e of `_log_density`."""
    k = np.asarray([1.0, 2.0])
    wave = 0.5 * np.sin(x[..., 0] + 2 * x[..., 1] + 0.4)
    return np.cos(x[..., 0]) * e[0] ** 2 + wave * (k @ e) ** 2


def bures(quick: bool) -> Found:
    """(i) Bures transport between local measures, h = R halved together."""
    watch, L = Watch(), 2 * np.pi
    points = np.random.default_rng(CASE_SEED).uniform(0, L, (12, 2))
    e = np.asarray([0.6, 0.8])
    exact, errors = _along(points, e), []
    for R in (0.4, 0.2, 0.1, 0.05, 0.025):
        n = int(np.ceil(L / (R / 2)))  # a Gaussian of 2 cells is summed to rounding
        axis = np.arange(n) * (L / n)
        lattice = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
        w = np.exp(_log_density(lattice))
        ends = [
            entropic.local_moments(points + s * R * e, lattice, R, weights=w,
                                   box_size=L)
            for s in (-0.5, 0.0, 0.5)
        ]  # fmt: skip
        # Means come in the box of their point: both ends beside the middle.
        means = [m.mean + L * np.round((points - m.mean) / L) for m in ends]
        K = entropic.local_bures_curvature(
            means[0], ends[0].covariance, means[2], ends[2].covariance,
            ends[1].covariance, R,
        )  # fmt: skip
        errors.append(float(np.linalg.norm(K - exact) / np.linalg.norm(exact)))
    return [], _halved("Bures transport", errors, watch)


def quantiles(quick: bool) -> Found:
    """(i) Monotone transport on a line, h = R halved together."""
    watch = Watch()
    x, points = np.linspace(-6, 6, 4801), np.linspace(-2, 2, 21)
    rho = np.exp(np.cos(1.1 * x) + 0.5 * np.sin(2.3 * x + 0.4))
    exact = 1.21 * np.cos(1.1 * points) + 2.645 * np.sin(2.3 * points + 0.4)
    errors = []
    for R in (0.2, 0.1, 0.05, 0.025, 0.0125):
        K = entropic.local_quantile_curvature(x, rho, points, R, R)
        errors.append(float(np.linalg.norm(K - exact) / np.linalg.norm(exact)))
    return [], _halved("quantile transport", errors, watch)


def _halved(name: str, errors: list[float], watch: Watch) -> list[Row]:
    """An error a R^2 + b R^4 + ...: its ratios are 4 + 3 (b / a) R^2 + ...

    So no R has to be small enough for the ratio: what the ratios miss 4 by must fall by
    4 a halving as well, and their limit, extrapolated in R^2, must be 4. What is left
    in the limit is of the order of the square of the last miss but one.
    """
    ratios = np.asarray(errors[:-1]) / np.asarray(errors[1:])
    misses = ratios - 4.0
    limit = (4.0 * ratios[-1] - ratios[-2]) / 3.0
    told = ", ".join(f"{e:.2e}" for e in errors)
    also = ", ".join(f"{r:.4f}" for r in ratios)
    falls = ", ".join(f"{m:.2f}" for m in misses[:-1] / misses[1:])
    shared: dict[str, Any] = {
        "seconds": watch.seconds,
        "size": f"h = R, {len(ratios)} halvings",
        "against": "-Hess log ρ",
    }
    return [
        measured(f"(i) {name}, limit of the ratios", value=abs(float(limit) - 4.0),
                 budget=5e-3, unit="of the ratio 4",
                 notes=(f"relative errors {told}; ratios {also}",), **shared),
        measured(f"(i) {name}, fall of what they miss 4 by",
                 value=abs(float(misses[-2] / misses[-1]) - 4.0), budget=0.5,
                 unit="of the ratio 4", notes=(f"falls {falls}",), **shared),
    ]  # fmt: skip


def experiments(quick: bool) -> list[Experiment]:
    """One experiment for each transport."""
    jobs: dict[str, Callable[[bool], Found]] = {
        "(i) Bures transport": bures,
        "(i) quantile transport": quantiles,
    }
    return [
        Experiment(name, functools.partial(job, quick)) for name, job in jobs.items()
    ]
