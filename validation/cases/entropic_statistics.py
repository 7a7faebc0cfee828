"""Statistics of Gaussian fields of `geomsci.entropic` on every backend.

Integrals over a spectrum, sums over the modes of a grid, and the fractions of
Doroshkevich, held against closed forms and quadrature where there are some.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geomsci import entropic
from geomsci.validation.cases import entropic_oracles as oracles
from geomsci.validation.cases.entropic_case import case, flat, input_rng
from geomsci.validation.suites import Case, Inputs

HOST: dict[str, Any] = {
    "backends": ("reference", "auto"),
    "backends_reason": "integrals and sums over modes are NumPy arrays on every "
    "library",
    "dtypes": ("float64",),
    "dtype_reason": "sums over modes are float64 whatever the scale is",
}


def _power(k: Any) -> Any:
    return k / (1 + (3 * k) ** 2) ** 1.5


def _statistics() -> list[Case]:
    def radii() -> Inputs:
        return {"R": np.asarray([1.0, 2.5, 6.0])}

    def moments(R: Any) -> Any:
        return entropic.spectral_moments(_power, R)

    def covariance(R: Any) -> Any:
        return entropic.curvature_covariance(_power, R)

    def correlation(R: Any) -> Any:
        return entropic.curvature_correlation(_power, R, 1.5 * R)

    def power(R: Any) -> Any:
        return entropic.curvature_power_spectrum(_power, R, 1 / R)

    def peaks(R: Any) -> Any:
        return entropic.peak_density(_power, R)

    def noise(R: Any) -> Any:
        return flat(*entropic.shot_noise(0.3 + 0 * R, R))

    def noise_expected(inputs: Inputs) -> np.ndarray:
        R = inputs["R"]
        std = np.sqrt(15 / (32 * np.pi**1.5 * 0.3 * R**3)) / R**2
        return np.concatenate([std, 3 / (16 * np.pi**1.5 * 0.3 * R**5)])

    def power_expected(inputs: Inputs) -> np.ndarray:
        R = inputs["R"]
        return R**-4.0 * _power(1 / R) * math.exp(-1)

    def on_grid(R: Any) -> Any:
        return entropic.grid_spectral_moments(_power, float(R[0]), 8, 12.0)

    def covariance_on_grid(R: Any) -> Any:
        return entropic.grid_curvature_covariance(_power, float(R[0]), 8, 12.0)

    shared: dict[str, Any] = {"inputs": radii, "size": "3 scales", "n": 300}
    # The integrals stop at 1e-11.
    stop: dict[str, Any] = {"tol": {"float64": 1e-12, "float32": 1e-12}}
    return [
        case("spectral_moments", compute=moments, **shared, **stop),
        case("curvature_covariance", compute=covariance, **shared, **stop),
        case("curvature_correlation", compute=correlation, **shared, **stop),
        case("curvature_power_spectrum", compute=power, expected=power_expected,
             **shared),
        case("peak_density", compute=peaks, **shared, **stop),
        case("shot_noise", compute=noise, expected=noise_expected, against="its law",
             **shared),
        case("grid_spectral_moments", compute=on_grid, **shared, **HOST),
        case("grid_curvature_covariance", compute=covariance_on_grid, **shared,
             **HOST),
    ]  # fmt: skip


def _doroshkevich() -> list[Case]:
    thresholds = np.asarray([-0.7, 0.0, 0.4, 1.1])

    def fractions(th: Any) -> Any:
        return entropic.doroshkevich_fractions(th)

    def plane(th: Any) -> Any:
        return entropic.doroshkevich_fractions(th, n_axes=2)

    def marginals(th: Any) -> Any:
        return entropic.doroshkevich_marginals(th)

    def density(values: Any) -> Any:
        return entropic.doroshkevich_density(values)

    def density_expected(inputs: Inputs) -> np.ndarray:
        c, b, a = np.moveaxis(inputs["values"], -1, 0)
        I1, I2 = a + b + c, a * b + b * c + a * c
        norm = 3375 / (8 * math.sqrt(5) * math.pi)
        size = norm * np.exp(-3 * I1**2 + 7.5 * I2)
        return size * (a - b) * (b - c) * (a - c)

    def ascending() -> Inputs:
        return {"values": np.sort(input_rng().standard_normal((20, 3)), axis=-1)}

    low, high = (1 - 1 / math.sqrt(3)) / 2, 1 / math.sqrt(3)
    return [
        case("doroshkevich_fractions", lambda: {"th": thresholds}, fractions,
             size="4 thresholds", n=100, against="quadrature over the eigenvalues",
             expected=lambda i: np.stack(
                 [oracles.eigenvalue_fractions(t) for t in i["th"]])),
        case("doroshkevich_fractions", lambda: {"th": np.zeros(1)}, plane,
             name="doroshkevich_fractions, plane", size="zero", n=100, kappa=4.0,
             expected=lambda i: np.asarray([[low, high, low]]),
             against="(1 - 1/√3)/2"),
        case("doroshkevich_marginals", lambda: {"th": thresholds}, marginals,
             size="4 values", n=100),
        case("doroshkevich_density", ascending, density, size="20", n=3,
             expected=density_expected),
    ]  # fmt: skip


def cases() -> list[Case]:
    """Moments, correlations, peaks and fractions."""
    return _statistics() + _doroshkevich()
