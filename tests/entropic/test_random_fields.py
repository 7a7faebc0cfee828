"""Moments and correlators against power laws, other integrals and sums over modes."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from geomsci.entropic import statistics

RTOL = 1e-10
"""Ten times the change of the integrals at which the step is no longer halved."""


def _bumpy(k):
    """A spectrum with a turn and with wiggles."""
    return k / (1 + (8 * k) ** 2) ** 1.5 * (1 + 0.1 * np.sin(30 * k))


@pytest.mark.parametrize("n", [-2.5, -1.0, 0.0, 1.0, 2.0])
def test_moments_of_power_laws_are_gamma_functions(xp, n):
    R = np.array([[0.5, 1.0], [4.0, 20.0]])
    found = statistics.spectral_moments(lambda k: k**n, xp.asarray(R))
    exact = [
        np.sqrt(math.gamma((3 + 2 * m + n) / 2) / (4 * math.pi**2))
        * R ** (-(3 + 2 * m + n) / 2)
        for m in range(3)
    ]
    xp.assert_close(found, np.stack(exact, axis=-1), kappa=100.0)


def test_moments_of_a_bumpy_spectrum_are_those_of_another_quadrature():
    R = 3.0
    found = statistics.spectral_moments(_bumpy, R)
    for m in range(3):
        nodes, weights = np.polynomial.legendre.leggauss(300)
        k = 2.0 * (nodes + 1)
        f = k ** (2 + 2 * m) * _bumpy(k) * np.exp(-((k * R) ** 2))
        exact = math.sqrt(2.0 * np.sum(weights * f) / (2 * math.pi**2))
        assert float(found[m]) == pytest.approx(exact, rel=RTOL)


@pytest.mark.parametrize("r", [0.0, 0.3, 2.0, 9.0])
def test_correlation_of_white_noise_is_a_gaussian_and_its_derivatives(r):
    # Lap^2 of the Gaussian correlation of a smoothed white field, R = 1.5.
    R = 1.5
    z = r * r / (4 * R * R)
    shape = (z * z - 5 * z + 3.75) / R**4
    exact = shape * math.exp(-z) / (8 * math.pi**1.5 * R**3)
    peak = 3.75 / R**7 / (8 * math.pi**1.5)
    found = statistics.curvature_correlation(np.ones_like, R, r)
    assert float(found) == pytest.approx(exact, abs=RTOL * peak)


def test_correlation_far_away_keeps_its_absolute_accuracy():
    def integrand(k):
        return k**5 * mpmath.exp(-4 * k * k) * mpmath.sin(120 * k) / 120 / (1 + k)

    exact = mpmath.quad(integrand, mpmath.linspace(0, 6, 401)) / (2 * mpmath.pi**2)
    found = statistics.curvature_correlation(lambda k: 1 / (1 + k), 2.0, 120.0)
    sigma = float(statistics.spectral_moments(lambda k: 1 / (1 + k), 2.0)[2])
    assert abs(float(found) - float(exact)) <= RTOL * sigma**2


def test_correlation_at_zero_distance_is_the_variance(xp):
    R = xp.asarray(np.array([1.0, 2.0, 5.0]))
    xi = statistics.curvature_correlation(_bumpy, R, xp.asarray(np.zeros((2, 1))))
    sigma = xp.to_numpy(statistics.spectral_moments(_bumpy, R))[:, 2].astype(float)
    xp.assert_close(xi, np.broadcast_to(sigma**2, (2, 3)), kappa=10.0)


def test_power_spectrum_integrates_to_the_variance():
    k = np.geomspace(1e-6, 10.0, 20001)
    P = statistics.curvature_power_spectrum(_bumpy, 2.0, k)
    integral = np.sum(P * k**3) * np.log(k[1] / k[0]) / (2 * math.pi**2)
    sigma = float(statistics.spectral_moments(_bumpy, 2.0)[2])
    assert integral == pytest.approx(sigma**2, rel=RTOL)


def test_covariance_is_isotropic_with_the_variance_of_the_trace():
    C = statistics.curvature_covariance(_bumpy, 2.0)
    sigma = float(statistics.spectral_moments(_bumpy, 2.0)[2])
    trace = np.array([1.0, 0, 0, 1, 0, 1])
    assert trace @ C @ trace == pytest.approx(sigma**2, rel=1e-14)
    np.testing.assert_allclose(C[0, 0], 3 * C[0, 3], rtol=1e-14)
    np.testing.assert_allclose(C[1, 1], C[0, 3], rtol=1e-14)
    assert np.linalg.matrix_rank(C) == 6


def test_sums_over_modes_tend_to_the_integrals():
    # Entire in the components of k: sums over a lattice converge geometrically.
    def spectrum(k):
        return k**2 * np.exp(-k * k)

    exact = statistics.spectral_moments(spectrum, 2.0)
    found = statistics.grid_spectral_moments(spectrum, 2.0, 40, 40.0)
    np.testing.assert_allclose(found, exact, rtol=1e-12)
    C = statistics.grid_curvature_covariance(spectrum, 2.0, 40, 40.0)
    expected = statistics.curvature_covariance(spectrum, 2.0)
    np.testing.assert_allclose(C, expected, atol=1e-12 * expected.max())


@pytest.mark.parametrize("shape", [(6,), (6, 5), (4, 6, 5)])
def test_sums_over_modes_are_those_of_the_full_transform(shape):
    lengths = (3.0, 5.0, 4.0)[: len(shape)]
    k = np.stack(
        np.meshgrid(
            *(2 * np.pi * np.fft.fftfreq(n, L / n) for n, L in zip(shape, lengths)),
            indexing="ij",
        )
    )
    squares = np.sum(k**2, axis=0)
    P = np.where(squares > 0, _bumpy(np.sqrt(squares)) * np.exp(-squares * 0.09), 0.0)
    found = statistics.grid_spectral_moments(_bumpy, 0.3, shape, lengths)
    exact = [np.sqrt(np.sum(P * squares**m) / math.prod(lengths)) for m in range(3)]
    np.testing.assert_allclose(found, exact, rtol=1e-13)
    C = statistics.grid_curvature_covariance(_bumpy, 0.3, shape, lengths)
    assert C[0, 0] == pytest.approx(np.sum(P * k[0] ** 4) / math.prod(lengths))


def test_shot_noise_is_the_moment_of_a_constant_spectrum(xp):
    n, R = np.array([0.01, 0.5]), 3.0
    noise = statistics.shot_noise(xp.asarray(n), R)
    sigma = np.stack(
        [statistics.spectral_moments(lambda k, c=c: np.ones_like(k) / c, R) for c in n]
    )
    xp.assert_close(noise.trace_std, sigma[:, 2], kappa=RTOL / 1e-14)
    xp.assert_close(noise.fisher_information, sigma[:, 1] ** 2, kappa=RTOL / 1e-14)
    assert float(noise.trace_std[0]) * 9 == pytest.approx(0.290 / 0.27**0.5, rel=2e-3)


def test_shot_noise_of_other_dimensions_is_a_sum_over_modes():
    for d, cells in ((1, 400), (2, (400, 400))):
        grid = (cells,) if d == 1 else cells
        sigma = statistics.grid_spectral_moments(
            lambda k: np.full_like(k, 1 / 7.0), 2.0, grid, 200.0
        )
        noise = statistics.shot_noise(7.0, 2.0, n_axes=d)
        assert float(noise.trace_std) == pytest.approx(sigma[2], rel=1e-10)
        assert float(noise.fisher_information) == pytest.approx(
            sigma[1] ** 2, rel=1e-10
        )


def test_jump_in_a_table_is_announced():
    with pytest.warns(ConvergenceWarning, match="without jumps"):
        statistics.spectral_moments(lambda k: np.where(k < 0.37, 1.0, 0.0), 1.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s: s.spectral_moments(3.0, 1.0), TypeError, "pk must be a function"),
        (lambda s: s.spectral_moments(np.ones_like, 0.0), ValueError, "R must be > 0"),
        (lambda s: s.spectral_moments(lambda k: -k, 1.0), ValueError, "not negative"),
        (lambda s: s.spectral_moments(lambda k: k * np.nan, 1), ValueError, "finite"),
        (lambda s: s.spectral_moments(lambda k: 1.0, 1.0), ValueError, "one value"),
        (
            lambda s: s.spectral_moments(lambda k: k**-3.0, 1),
            ValueError,
            "towards small",
        ),
        (
            lambda s: s.spectral_moments(np.ones_like, np.nan),
            ValueError,
            "R must be fin",
        ),
        (lambda s: s.spectral_moments(np.ones_like, 1j), TypeError, "R must be real"),
        (
            lambda s: s.curvature_correlation(np.ones_like, 1.0, -1.0),
            ValueError,
            "r must be >= 0",
        ),
        (
            lambda s: s.curvature_correlation(np.ones_like, np.ones(2), np.ones(3)),
            ValueError,
            "must broadcast",
        ),
        (
            lambda s: s.curvature_power_spectrum(np.ones_like, 1.0, 0.0),
            ValueError,
            "k must be > 0",
        ),
        (
            lambda s: s.grid_spectral_moments(np.ones_like, 1.0, 8.5, 1.0),
            TypeError,
            "n_grid must be an integer",
        ),
        (
            lambda s: s.grid_spectral_moments(np.ones_like, 1.0, 8, -1.0),
            ValueError,
            "box_size must be a positive",
        ),
        (lambda s: s.shot_noise(0.0, 1.0), ValueError, "n_density must be > 0"),
        (lambda s: s.shot_noise(1.0, 1.0, n_axes=4), ValueError, "n_axes must be 1, 2"),
    ],
)
def test_bad_input_is_named(call, error, message):
    with pytest.raises(error, match=message):
        call(statistics)
