"""Laws that volume sampling and its relatives satisfy exactly, within 4 sigma."""

import math

import numpy as np
import pytest

from geomsci.sampling import FeatureBasis, PolynomialBasis, total_degree
from geomsci.sampling.christoffel import ChristoffelSampler
from geomsci.sampling.repeated import RepeatedDPP
from geomsci.sampling.volume import VolumeRescaledSampler

DRAWS = [10_000, pytest.param(100_000, marks=pytest.mark.slow)]


def legendre(m):
    return PolynomialBasis("legendre", np.arange(m))


def features(N=7, m=3):
    rng = np.random.default_rng(5)
    return FeatureBasis(rng.standard_normal((N, m)), rng.uniform(0.3, 2.0, N))


def rows_of(design, basis):
    """phi at all points of all designs, shape (R, n, m)."""
    if design.indices is not None:
        return basis.rows[design.indices]
    R, n, d = design.points.shape
    return basis.evaluate(design.points.reshape(-1, d)).reshape(R, n, -1)


def grams(design, basis):
    Phi = rows_of(design, basis)
    return np.einsum("rn,rni,rnj->rij", design.weights, Phi, Phi) / Phi.shape[1]


def fits(design, basis, values):
    """Weighted least squares of all designs by the pseudo-inverse."""
    root = np.sqrt(design.weights)
    A = root[..., None] * rows_of(design, basis)
    return (np.linalg.pinv(A) @ (root * values)[..., None])[..., 0]


def assert_mean(samples, expected):
    """The mean over the first axis is the expected one, within 4 standard errors."""
    error = samples.std(axis=0, ddof=1) / math.sqrt(len(samples))
    gap = np.abs(samples.mean(axis=0) - expected)
    np.testing.assert_array_less(gap, 4 * error + 1e-12)


def slanted(X):
    """A density on [-1, 1] in the uniform measure."""
    return 1.0 + 0.5 * X[:, 0]


def references(basis):
    return [
        VolumeRescaledSampler(basis),
        VolumeRescaledSampler(basis, "mu"),
        VolumeRescaledSampler(basis, slanted, 1.5),
    ]


BASES = {
    "legendre 2-D": PolynomialBasis("legendre", total_degree(2, 4)),
    "hermite": PolynomialBasis("hermite", np.arange(30)),
    "laguerre": PolynomialBasis("laguerre", np.arange(12)),
    "features": features(40, 6),
}


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("sampler", [VolumeRescaledSampler, RepeatedDPP])
def test_trace_of_the_gram_matrix_is_m(name, sampler):
    basis = BASES[name]
    m = basis.size
    design = sampler(basis).sample(2 * m + 3, size=20, rng=1)
    trace = np.trace(grams(design, basis), axis1=1, axis2=2)
    np.testing.assert_allclose(trace, m, rtol=1e-12)


@pytest.mark.parametrize("R", DRAWS)
@pytest.mark.parametrize("n", [3, 4, 9])
def test_mean_determinant_of_independent_points(R, n):
    m, basis = 3, legendre(3)
    design = ChristoffelSampler(basis).sample(n, size=R, rng=2)
    expected = math.factorial(n) / (math.factorial(n - m) * n**m)
    assert_mean(np.linalg.det(grams(design, basis)), expected)


@pytest.mark.parametrize("R", DRAWS)
@pytest.mark.parametrize("n", [9, 15])
def test_mean_reciprocal_determinant_is_the_normaliser(R, n):
    m, basis = 3, legendre(3)
    for sampler in references(basis):
        design = sampler.sample(n, size=R, rng=3)
        expected = math.factorial(n - m) * n**m / math.factorial(n)
        assert_mean(1 / np.linalg.det(grams(design, basis)), expected)


@pytest.mark.parametrize("R", DRAWS)
@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("n", [4, 5, 8])
def test_coefficients_are_unbiased_for_every_n(R, which, n):
    basis = legendre(4)
    x, mass = np.polynomial.legendre.leggauss(60)
    expected = basis.evaluate(x[:, None]).T @ (np.exp(2 * x) * mass / 2)
    design = references(basis)[which].sample(n, size=R, rng=4)
    assert_mean(fits(design, basis, np.exp(2 * design.points[..., 0])), expected)


@pytest.mark.parametrize("R", DRAWS)
@pytest.mark.parametrize("which", [0, 1, 2])
def test_mean_inverse_gram_matrix(R, which):
    m, n, basis = 3, 9, legendre(3)
    design = references(basis)[which].sample(n, size=R, rng=5)
    inverse = np.linalg.inv(grams(design, basis))
    assert_mean(inverse, n / (n - m + 1) * np.eye(m))


@pytest.mark.parametrize("R", DRAWS)
def test_noise_of_unweighted_volume_rescaled_sampling(R):
    m, n, sigma, basis = 3, 8, 0.7, legendre(3)
    design = VolumeRescaledSampler(basis, "mu").sample(n, size=R, rng=6)
    noise = sigma * np.random.default_rng(7).standard_normal((R, n))
    error = np.sum(fits(design, basis, noise) ** 2, axis=1)
    assert_mean(error, sigma**2 * m / (n - m + 1))


@pytest.mark.parametrize("R", DRAWS)
@pytest.mark.parametrize("reference", ["optimal", "mu"])
def test_squared_error_of_m_points_is_one_plus_m_times_the_best(R, reference):
    basis = features()
    m, mu = basis.size, basis.measure
    f = np.random.default_rng(8).standard_normal(len(mu))
    best = basis.rows.T @ (mu * f)
    g = f - basis.rows @ best
    design = VolumeRescaledSampler(basis, reference).sample(size=R, rng=9)
    c = fits(design, basis, f[design.indices])
    error = np.sum(mu * g**2) + np.sum((c - best) ** 2, axis=1)
    assert_mean(error / np.sum(mu * g**2), 1.0 + m)


@pytest.mark.parametrize("R", DRAWS)
@pytest.mark.parametrize("sampler", [VolumeRescaledSampler, RepeatedDPP])
@pytest.mark.parametrize("n", [4, 6, 9])
def test_mean_gram_matrix_is_the_identity(R, sampler, n):
    basis = legendre(4)
    G = grams(sampler(basis).sample(n, size=R, rng=10), basis)
    upper = np.triu_indices(4)
    assert_mean(G[:, *upper], np.eye(4)[upper])


def test_one_function_has_all_weights_one():
    """One function: volume rescaling is nothing, the determinant is w k / m = 1."""
    basis = legendre(1)
    design = VolumeRescaledSampler(basis).sample(50, rng=11)
    np.testing.assert_allclose(design.weights, 1.0, rtol=1e-15)
