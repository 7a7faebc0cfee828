"""Entropic curvature of fields, points and chains where it has a closed form."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci import entropic
from geomsci.reference.entropic import log_hessian as lh
from geomsci.reference.entropic.stencils import stencil_hessian
from geomsci.validation.cases import entropic_oracles as oracles
from geomsci.validation.cases.entropic_fields import Watch, measured
from geomsci.validation.rows import Row
from geomsci.validation.scores import Score
from geomsci.validation.suites import Case, Conditioning, Experiment, Inputs

Found = tuple[list[Score], list[Row]]

WAVES: dict[str, tuple[tuple[int, ...], list[list[int]], list[float]]] = {
    "plane wave": ((32, 8, 8), [[2, 0, 0]], [1.0]),
    "plane wave on a line": ((32,), [[1]], [1.3]),
    "oblique modes in the plane": ((32, 30), [[1, 2], [1, -1]], [0.6, 0.5]),
    "oblique modes": ((24, 24, 25), [[1, 1, 0], [0, 1, -1]], [0.3, 0.25]),
}
PHASES = np.asarray([0.3, 1.1])


def _wave_case(name: str) -> Case:
    shape, numbers, sizes = WAVES[name]
    d = len(shape)
    lengths = np.asarray((3.0, 2.5, 3.5)[:d])
    modes = 2 * np.pi * np.asarray(numbers) / lengths
    amplitudes, phases = np.asarray(sizes), PHASES[: len(numbers)]
    cells = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    x = (cells + 0.5) * lengths / np.asarray(shape)
    R = 2.0 * float(np.max(lengths / np.asarray(shape)))

    def inputs() -> Inputs:
        return {"rho": np.exp(np.cos(x @ modes.T + phases) @ amplitudes)}

    def compute(*, dtype: str, rho: Any) -> Any:
        return entropic.log_density_hessian(rho, R, tuple(lengths))

    def expected(inputs: Inputs) -> np.ndarray:
        return oracles.bessel_curvature(x, modes, amplitudes, phases, R)

    def conditioning(inputs: Inputs, expected: np.ndarray) -> Conditioning:
        # A second derivative weighs the rounding of rho by k^2 exp(-k^2 R^2 / 2), at
        # most 2 / (e R^2), beside a K of its own size.
        rho = inputs["rho"]
        weight = 2 / (math.e * R * R) / float(np.sqrt(np.mean(expected**2)))
        return Conditioning(
            float(rho.max() / rho.min()) * max(1.0, weight),
            "max ρ / min ρ times the gain of a smoothed second derivative over |K|",
        )

    return Case(
        suite="entropic",
        name=f"log_density_hessian, {name}",
        size="×".join(map(str, shape)),
        function="entropic.log_density_hessian",
        inputs=inputs,
        compute=compute,
        conditioning=conditioning,
        n=math.prod(shape),
        expected=expected,
        against="Bessel series",
    )


def cases() -> list[Case]:
    """Smoothed lognormal waves on every backend."""
    return [_wave_case(name) for name in WAVES]


# What is known to more than rounding of one call


Profile = Callable[[np.ndarray], np.ndarray]
PROFILES: dict[str, tuple[Profile, Callable[[float], float], Callable]] = {
    "isothermal": (lambda r: r**-2, lambda r: -2 / r**2, lambda r: 2 / r**2),
    "NFW": (
        lambda r: 1 / (r * (1 + r) ** 2),
        lambda r: -(1 / r**2 + 2 / (1 + r) ** 2),
        lambda r: 1 / r**2 + 2 / (r * (1 + r)),
    ),
    "Plummer": (
        lambda r: (1 + r**2) ** -2.5,
        lambda r: 5 * (1 - r**2) / (1 + r**2) ** 2,
        lambda r: 5 / (1 + r**2),
    ),
}


def plane_waves(quick: bool) -> Found:
    """A smoothed lognormal wave to 1e-12 of its largest curvature."""
    found = []
    for name in WAVES:
        watch, case = Watch(), _wave_case(name)
        inputs = case.inputs()
        K = np.asarray(case.compute(dtype="float64", **inputs))
        assert case.expected is not None
        exact = case.expected(inputs)
        error = float(np.abs(K - exact).max() / np.abs(exact).max())
        found.append(
            measured(f"{name}, largest error", case.size, error, 1e-12,
                     unit="of the largest entry", against="Bessel series",
                     seconds=watch.seconds)
        )  # fmt: skip
    return [], found


def gaussian(quick: bool) -> Found:
    """-Hess log of a smoothed Gaussian is the inverse of its covariance."""
    S = np.asarray([[6.0, 1.5, -1.0], [1.5, 5.0, 0.8], [-1.0, 0.8, 7.0]])
    R, n = 2.0, 48
    found = []
    for d in (1, 2, 3):
        watch, C = Watch(), S[:d, :d]
        cells = np.stack(np.meshgrid(*[np.arange(n)] * d, indexing="ij"), axis=-1)
        x = cells - n / 2.0
        # The floor keeps rounding from making the far cells negative.
        form = np.einsum("...i,ij,...j", x, np.linalg.inv(C), x)
        rho = 1e-12 + np.exp(-0.5 * form)
        K = lh.full_tensor(np.asarray(entropic.log_density_hessian(rho, R)), d)
        middle = (slice(n // 2 - 3, n // 2 + 4),) * d
        exact = np.linalg.inv(C + R**2 * np.eye(d))
        error = float(np.abs(K[middle] - exact).max() / np.abs(exact).max())
        found.append(
            measured(f"Gaussian density, {d} axes", f"{n}^{d}", error, 1e-8,
                     unit="of the largest entry", against="(S + R²)⁻¹",
                     seconds=watch.seconds,
                     notes=("a floor of 1e-12, and images six deviations away",))
        )  # fmt: skip
    return [], found


def profiles(quick: bool) -> Found:
    """Haloes: the stencil of order eight at one place."""
    centre, H, n = np.asarray([0.9, 0.5, -0.7]), 0.01, 11
    r = float(np.linalg.norm(centre))
    along = np.outer(centre, centre) / r**2
    cells = np.stack(np.meshgrid(*[np.arange(n)] * 3, indexing="ij"), axis=-1)
    radius = np.linalg.norm(centre + (cells - n // 2) * H, axis=-1)
    found = []
    for name, (rho, radial, tangential) in PROFILES.items():
        watch = Watch()
        K = stencil_hessian(rho(radius), (n * H,) * 3, 8)[n // 2, n // 2, n // 2]
        exact = radial(r) * along + tangential(r) * (np.eye(3) - along)
        error = float(np.abs(lh.full_tensor(K, 3) - exact).max())
        found.append(
            # Rounding of log rho over H^2.
            measured(f"{name} profile", "order 8", error, 64 * 2.0**-52 / H**2,
                     unit="absolute", against="−u″ and −u′/r", seconds=watch.seconds)
        )  # fmt: skip
    return [], found


def points(quick: bool) -> Found:
    """A lattice that samples a Gaussian: the catalogue finds its curvature."""
    watch, R = Watch(), 1.5
    S = np.asarray([[2.0, 0.6], [0.6, 1.5]])
    axis = np.arange(-40, 41) * 0.25
    y = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    w = np.exp(-0.5 * np.einsum("ni,ij,nj->n", y, np.linalg.inv(S), y))
    x = np.random.default_rng(0).uniform(-1, 1, (20, 2))
    K = np.asarray(entropic.catalogue_curvature(x, y, R, weights=w))
    exact = np.linalg.inv(S + R**2 * np.eye(2))
    error = float(np.abs(K - exact).max() / np.abs(exact).max())
    return [], [
        measured("Gaussian as a catalogue", "6561 points", error, 1e-10,
                 unit="of the largest entry", against="(S + R²)⁻¹",
                 seconds=watch.seconds)
    ]  # fmt: skip


def chains(quick: bool) -> Found:
    """Small spaces: two points, and the square as a product of two of them."""
    watch = Watch()
    one = np.asarray([[-1.0, 1.0], [1.0, -1.0]])
    two = float(entropic.markov_chain_entropic_curvature(one).curvature)
    # One coordinate at a time, each with speed 1/2: the hypercube of two dimensions.
    Q = 0.5 * (np.kron(one, np.eye(2)) + np.kron(np.eye(2), one))
    square = float(entropic.markov_chain_entropic_curvature(Q).curvature)
    seconds = watch.seconds
    return [], [
        measured("two-point chain, rates 1, 1", "2 states", abs(two - 2), 1e-12,
                 unit="absolute", against="2", seconds=seconds),
        measured("hypercube by descent", "4 states", abs(square - 1), 1e-6,
                 unit="absolute", against="2/n", seconds=seconds),
    ]  # fmt: skip


def experiments(quick: bool) -> list[Experiment]:
    """Closed forms whose budgets are not those of rounding alone."""
    jobs: dict[str, Callable[[bool], Found]] = {
        "plane waves": plane_waves,
        "Gaussian density": gaussian,
        "halo profiles": profiles,
        "catalogue of a Gaussian": points,
        "small chains": chains,
    }
    return [
        Experiment(name, functools.partial(job, quick)) for name, job in jobs.items()
    ]
