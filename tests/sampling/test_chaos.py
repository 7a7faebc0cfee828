"""Moments and Sobol' indices: closed forms, quadrature, invariances."""

import itertools

import numpy as np
import pytest

from geomsci.reference.sampling import chaos
from geomsci.sampling import PolynomialBasis, total_degree
from geomsci.sampling.regression import WeightedLeastSquares


def gauss_legendre(order, d):
    """Points and weights of the tensor rule for the uniform measure on [-1, 1]^d."""
    x, w = np.polynomial.legendre.leggauss(order)
    X = np.stack(np.meshgrid(*[x] * d, indexing="ij"), axis=-1).reshape(-1, d)
    W = np.stack(np.meshgrid(*[w / 2] * d, indexing="ij"), axis=-1).reshape(-1, d)
    return X, W.prod(axis=1)


def ishigami(X):
    x = np.pi * X
    return (
        np.sin(x[:, 0])
        + 7 * np.sin(x[:, 1]) ** 2
        + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    )


@pytest.mark.parametrize("degree", [8, 9])
def test_sobol_indices_of_ishigami_are_those_of_the_closed_form(degree):
    # Truncation leaves 1.1e-4 at degree 8 and 8.5e-5 at degree 9.
    a, b, pi = 7.0, 0.1, np.pi
    V1 = 0.5 * (1 + b * pi**4 / 5) ** 2
    V2, V13 = a**2 / 8, b**2 * pi**8 * (1 / 18 - 1 / 50)
    V = V1 + V2 + V13
    X, w = gauss_legendre(degree + 2, 3)
    basis = PolynomialBasis("legendre", indices=total_degree(3, degree))
    model = WeightedLeastSquares(basis).fit(X, ishigami(X), sample_weight=len(w) * w)
    first, total = model.sobol_indices()
    np.testing.assert_allclose(first, np.array([V1, V2, 0]) / V, atol=1e-3)
    np.testing.assert_allclose(total, np.array([V1 + V13, V2, V13]) / V, atol=1e-3)
    assert model.mean_ == pytest.approx(a / 2, abs=1e-3)
    assert model.variance_ == pytest.approx(V, rel=1e-2)


def test_moments_are_those_of_quadrature(xp):
    rng = np.random.default_rng(4)
    indices = total_degree(2, 3)
    basis = PolynomialBasis(("legendre", "legendre"), indices=indices)
    coef = rng.standard_normal((2, len(indices)))
    X, w = gauss_legendre(6, 2)
    values = basis.evaluate(X) @ coef.T
    mean = w @ values
    variance = w @ (values - mean) ** 2
    there, degrees = xp.asarray(coef), xp.asarray(indices)
    xp.assert_close(chaos.mean(there, degrees), mean, kappa=10, n=10)
    xp.assert_close(chaos.variance(there, degrees), variance, kappa=10, n=10)


def test_shares_are_variances_of_conditional_means(xp):
    # S_j = Var E[f | x_j] / V and T_j = 1 - Var E[f | the others] / V, by quadrature.
    rng = np.random.default_rng(5)
    indices = total_degree(2, 3)
    basis = PolynomialBasis("legendre", indices=indices)
    coef = rng.standard_normal(len(indices))
    X, w = gauss_legendre(6, 2)
    f = (basis.evaluate(X) @ coef).reshape(6, 6)
    u = w.reshape(6, 6).sum(axis=1)
    centred = f - u @ f @ u
    V = u @ centred**2 @ u
    main = np.array([u @ (centred @ u) ** 2, (u @ centred) ** 2 @ u]) / V
    first, total = chaos.sobol_indices(xp.asarray(coef), xp.asarray(indices))
    xp.assert_close(first, main, kappa=100, n=10)
    xp.assert_close(total, 1 - main[::-1], kappa=100, n=10)


def test_shares_add_up(xp):
    rng = np.random.default_rng(6)
    indices = total_degree(3, 4)
    coef = rng.standard_normal((5, len(indices)))
    first, total = map(
        xp.to_numpy, chaos.sobol_indices(xp.asarray(coef), xp.asarray(indices))
    )
    assert np.all(first >= 0)
    assert np.all(total >= first)
    assert np.all(first.sum(axis=1) <= 1 + 64 * xp.eps)
    assert np.all(total.sum(axis=1) >= 1 - 64 * xp.eps)


def test_scaling_and_shifting_change_no_share():
    rng = np.random.default_rng(7)
    indices = total_degree(2, 2)
    coef = rng.standard_normal(len(indices))
    moved = -3 * coef
    moved[np.all(indices == 0, axis=1)] += 100
    for a, b in itertools.zip_longest(
        chaos.sobol_indices(coef, indices), chaos.sobol_indices(moved, indices)
    ):
        np.testing.assert_allclose(a, b, rtol=1e-13)


def test_an_additive_function_has_no_interaction():
    indices = np.array([[0, 0], [1, 0], [0, 2]])
    first, total = chaos.sobol_indices(np.array([1.0, 3.0, 4.0]), indices)
    np.testing.assert_allclose(first, [9 / 25, 16 / 25])
    np.testing.assert_array_equal(first, total)


def test_a_constant_has_no_shares():
    indices = np.array([[0, 0], [1, 0]])
    first, total = chaos.sobol_indices(np.array([[2.0, 0.0], [0.0, 1.0]]), indices)
    assert np.all(np.isnan(first[0]))
    assert np.all(np.isnan(total[0]))
    np.testing.assert_array_equal(first[1], [1.0, 0.0])


def test_a_wave_has_mean_zero_and_half_the_square_as_variance():
    basis = PolynomialBasis("fourier", indices=[0, 1, 2])
    X = (np.arange(16) / 16)[:, None]
    model = WeightedLeastSquares(basis).fit(X, np.cos(2 * np.pi * X[:, 0]))
    assert model.mean_ == pytest.approx(0, abs=1e-14)
    assert model.variance_ == pytest.approx(0.5)
    assert chaos.mean(np.ones(2), np.array([[1], [2]])) == 0
