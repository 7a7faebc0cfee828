"""Maxima of Gaussian fields: closed total, quadrature over heights, counted peaks."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest

from geomsci.entropic import statistics
from geomsci.reference.entropic import peaks


def _exact_weight(x):
    """BBKS (A1.15) in many digits."""
    x = mpmath.mpf(x)
    both = mpmath.erf(mpmath.sqrt(2.5) * x) + mpmath.erf(mpmath.sqrt(2.5) * x / 2)
    wide = (31 * x**2 / 4 + mpmath.mpf(8) / 5) * mpmath.exp(-5 * x**2 / 8)
    narrow = (x**2 / 2 - mpmath.mpf(8) / 5) * mpmath.exp(-5 * x**2 / 2)
    root = mpmath.sqrt(2 / (5 * mpmath.pi))
    return (x**3 - 3 * x) / 2 * both + root * (wide + narrow)


@pytest.mark.parametrize("x", [1e-3, 0.1, 0.7, 1.49, 1.51, 3.0, 10.0])
def test_weight_keeps_its_digits_near_zero(x):
    with mpmath.workdps(60):
        exact = float(_exact_weight(x))
    # Just above the seam the closed form has lost two digits.
    assert peaks.weight(x) == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize("n", [-2.0, 0.0, 2.0])
def test_heights_add_up_to_the_closed_total(n):
    # Trapezoid over all heights: the integrand vanishes at both ends.
    nu = np.linspace(-10.0, 12.0, 300)
    found = statistics.peak_density(lambda k: k**n, 2.0, nu)
    total = statistics.peak_density(lambda k: k**n, 2.0)
    assert np.sum(found) * (nu[1] - nu[0]) == pytest.approx(float(total), rel=1e-10)


def test_total_of_a_power_law(xp):
    R = np.array([1.0, 4.0])
    found = statistics.peak_density(np.ones_like, xp.asarray(R))
    # sigma_2^2 / sigma_1^2 = 5 / (2 R^2) for a white spectrum.
    exact = peaks.TOTAL * (2.5 / 3) ** 1.5 / R**3
    xp.assert_close(found, exact, kappa=10.0)


@pytest.mark.parametrize("nu", [-3.0, 0.0, 2.0, 4.0])
@pytest.mark.parametrize("gamma", [0.2, 0.7, 0.95])
def test_differential_density_agrees_with_many_digits(gamma, nu):
    sigma = (1 / gamma, 1.0, 1.0)

    def f(x):
        spread = (x - gamma * nu) ** 2 / (2 * (1 - gamma**2))
        return _exact_weight(x) * mpmath.exp(-spread - nu * nu / 2)

    with mpmath.workdps(30):
        integral = mpmath.quad(f, mpmath.linspace(0, 14, 15))
        norm = mpmath.sqrt(2 * mpmath.pi * (1 - gamma**2)) * (2 * mpmath.pi) ** 2
        exact = float(integral / norm / mpmath.sqrt(3) ** 3)
    assert peaks.differential_density(sigma, nu) == pytest.approx(exact, rel=1e-11)


def test_high_peaks_are_those_of_the_euler_characteristic():
    # (nu^3 - 3 nu) gamma^3 exp(-nu^2/2) / ((2 pi)^2 R*^3), BBKS eq. (4.14).
    gamma, nu = 0.8, 7.0
    found = peaks.differential_density((1 / gamma, 1.0, 1.0), nu)
    euler = gamma**3 * (nu**3 - 3 * nu) * math.exp(-nu * nu / 2)
    assert found == pytest.approx(euler / (2 * math.pi) ** 2 / 3**1.5, rel=1e-6)


def test_maxima_of_drawn_fields_are_as_many():
    n, R, n_fields = 64, 3.0, 4
    rng = np.random.default_rng(11)
    k = 2 * np.pi * np.fft.fftfreq(n)
    squares = sum(q**2 for q in np.meshgrid(k, k, k[: n // 2 + 1], indexing="ij"))
    counts = []
    for _ in range(n_fields):
        white = np.fft.rfftn(rng.standard_normal((n, n, n)))
        u = np.fft.irfftn(white * np.exp(-squares * R**2 / 2))
        shifts = [(i, j, m) for i in (-1, 0, 1) for j in (-1, 0, 1) for m in (-1, 0, 1)]
        best = np.ones(u.shape, dtype=bool)
        for shift in shifts:
            if any(shift):
                best &= u > np.roll(u, shift, axis=(0, 1, 2))
        counts.append(best.sum() / n**3)
    expected = float(statistics.peak_density(np.ones_like, R))
    # Peaks count with less than Poisson noise; the grid loses a few pairs of them.
    noise = math.sqrt(expected / (n_fields * n**3))
    assert abs(np.mean(counts) - expected) <= 4 * noise + 0.02 * expected


def test_spectrum_without_power_has_no_peaks():
    with pytest.raises(ValueError, match="pk must be positive somewhere"):
        statistics.peak_density(np.zeros_like, 1.0)


def test_heights_must_be_finite():
    with pytest.raises(ValueError, match="nu must be finite"):
        statistics.peak_density(np.ones_like, 1.0, np.inf)
