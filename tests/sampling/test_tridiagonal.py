"""Spectra of random matrices have the laws of the rejection sampler."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg
import scipy.special
import scipy.stats

from geomsci.reference.sampling import tridiagonal
from geomsci.sampling.basis import PolynomialBasis
from geomsci.sampling.features import FeatureBasis
from geomsci.sampling.projection import ProjectionDPP
from geomsci.sampling.quadrature import gauss_rule

FOUR_SIGMA = float(2 * scipy.stats.norm.sf(4))
CASES = [
    ("hermite", 0.0, 0.0), ("laguerre", 0.0, 0.0), ("legendre", 0.0, 0.0),
    ("chebyshev", 0.0, 0.0), ("jacobi", 0.7, -0.3), ("jacobi", -0.6, 1.5),
    ("jacobi", -0.8, -0.7), ("fourier", 0.0, 0.0),
]  # fmt: skip


def _basis(family, m, alpha=0.0, beta=0.0):
    return PolynomialBasis(family, range(m), alpha, beta)


@pytest.mark.parametrize("method", ["tridiagonal", "chain"])
@pytest.mark.parametrize("m", [1, 3, 5])
@pytest.mark.parametrize(("family", "alpha", "beta"), CASES)
def test_linear_statistics_have_their_moments(family, alpha, beta, m, method):
    R, basis = 3000, _basis(family, m, alpha, beta)
    t, w = gauss_rule(family, 2 * m + 8, alpha, beta)
    Phi = basis.evaluate(t[:, None])
    K = Phi @ Phi.T
    x = ProjectionDPP(basis, method).sample(size=R, rng=m).points[..., 0]
    # On [0, 1] a function of period 1, for which equal nodes are exact.
    f = (lambda x: np.cos(2 * np.pi * x)) if family == "fourier" else (lambda x: x)
    mean = w @ (f(t) * np.diag(K))
    variance = w @ (f(t) ** 2 * np.diag(K)) - (w * f(t)) @ K**2 @ (w * f(t))
    total = f(x).sum(axis=1)
    centred = total - mean
    error = math.sqrt(((centred**4).mean() - variance**2) / R)
    assert abs(total.mean() - mean) <= 4 * math.sqrt(variance / R)
    assert abs((centred**2).mean() - variance) <= 4 * error


@pytest.mark.parametrize("family", ["hermite", "laguerre", "legendre", "fourier"])
def test_extremes_have_one_law_by_both_routes(family):
    R, basis = 8000, _basis(family, 7)
    a, b = (
        ProjectionDPP(basis, method).sample(size=R, rng=seed).points[..., 0]
        for method, seed in (("chain", 1), ("tridiagonal", 2))
    )
    for statistic in (np.max, np.min, lambda x, axis: np.diff(np.sort(x)).min(axis)):
        test = scipy.stats.ks_2samp(statistic(a, axis=1), statistic(b, axis=1))
        assert test.pvalue >= FOUR_SIGMA


def test_points_come_in_random_order():
    R, m = 4000, 5
    x = ProjectionDPP(_basis("hermite", m), "tridiagonal").sample(size=R, rng=3).points
    ranks = np.argsort(np.argsort(x[..., 0], axis=1), axis=1)
    for column in range(m):
        counts = np.bincount(ranks[:, column], minlength=m)
        chi2 = ((counts - R / m) ** 2 / (R / m)).sum()
        assert chi2 <= scipy.stats.chi2.isf(FOUR_SIGMA, m - 1)


@pytest.mark.parametrize("m", [1, 2, 6])
def test_mean_beta_variables_give_the_recurrence_of_the_measure(m):
    # All beta variables of one half: the Verblunsky coefficients of the circle.
    diagonal, off = tridiagonal.jacobi(np.full(2 * m - 1, 0.5))
    found = scipy.linalg.eigvalsh_tridiagonal(diagonal, off)
    zeros = np.cos((np.arange(m, 0, -1) - 0.5) * math.pi / m)
    np.testing.assert_allclose(found, zeros, rtol=0, atol=64 * np.finfo(float).eps)


def test_laguerre_matrix_is_the_square_of_the_bidiagonal_one():
    gammas = np.random.default_rng(4).gamma(2.0, size=9)
    B = np.diag(np.sqrt(gammas[:5])) + np.diag(np.sqrt(gammas[5:]), -1)
    diagonal, off = tridiagonal.laguerre(gammas)
    L = np.diag(diagonal) + np.diag(off, 1) + np.diag(off, -1)
    np.testing.assert_allclose(L, B @ B.T, rtol=0, atol=1e-14 * np.trace(L))


def test_draws_do_not_depend_on_size():
    sampler = ProjectionDPP(_basis("legendre", 12), "tridiagonal")
    one, many = sampler.sample(rng=5), sampler.sample(size=4, rng=5)
    np.testing.assert_array_equal(many.points[0], one.points)
    np.testing.assert_array_equal(many.weights[0], one.weights)
    assert one.n_proposals == 12


@pytest.mark.parametrize("family", ["hermite", "jacobi"])
def test_weights_are_those_of_the_optimal_measure(family):
    basis = _basis(family, 20)
    design = ProjectionDPP(basis, "tridiagonal").sample(size=2, rng=6)
    k = basis.christoffel(design.points.reshape(-1, 1)).reshape(2, 20)
    np.testing.assert_allclose(design.weights * k, 20, rtol=1e-10)


def test_bases_without_a_matrix_are_refused():
    with pytest.raises(ValueError, match="one coordinate"):
        ProjectionDPP(PolynomialBasis("legendre", [[0, 0], [1, 0]]), "tridiagonal")
    with pytest.warns(UserWarning, match="downward"):
        gap = PolynomialBasis("legendre", [0, 2])
    with pytest.raises(ValueError, match="all degrees"):
        ProjectionDPP(gap, "tridiagonal")
    with pytest.raises(ValueError, match="odd number"):
        ProjectionDPP(_basis("fourier", 4), "tridiagonal")
    with pytest.raises(ValueError, match="polynomial basis"):
        ProjectionDPP(FeatureBasis(np.eye(3)), "tridiagonal")
