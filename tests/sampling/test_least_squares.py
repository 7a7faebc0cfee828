"""Weighted least squares: against LAPACK, leaving out by hand, exact identities."""

import numpy as np
import pytest

from geomsci.backends import LinAlgError
from geomsci.reference.sampling.least_squares import (
    coefficient_covariance,
    jackknife_plus,
    loo_error,
    r_squared,
    weighted_fit,
)


@pytest.fixture
def problem():
    """30 rows of condition below 10, two outputs, one point without weight."""
    rng = np.random.default_rng(11)
    Phi, y = rng.standard_normal((30, 6)), rng.standard_normal((30, 2))
    w = rng.uniform(0.2, 3.0, 30)
    w[7] = 0.0
    return Phi, y, w


def test_coefficients_are_those_of_lapack(xp, problem):
    Phi, y, w = problem
    root = np.sqrt(w)[:, None]
    expected = np.linalg.lstsq(root * Phi, root * y, rcond=None)[0]
    fit = weighted_fit(*map(xp.asarray, problem))
    xp.assert_close(fit.coef, expected, kappa=100, n=30)
    A = root * Phi
    xp.assert_close(fit.gram, A.T @ A / 29, kappa=10, n=30)
    eigenvalues = np.linalg.eigvalsh(A.T @ A / 29)
    assert fit.lambda_min == pytest.approx(eigenvalues[0], rel=1e3 * xp.eps)
    ratio = eigenvalues[-1] / eigenvalues[0]
    assert fit.condition_number == pytest.approx(ratio, rel=1e3 * xp.eps)


def test_leaving_out_by_leverages_is_refitting(xp, problem):
    Phi, y, w = problem
    expected = np.empty_like(y)
    for i in range(len(y)):
        rest = np.arange(len(y)) != i
        root = np.sqrt(w[rest])[:, None]
        c = np.linalg.lstsq(root * Phi[rest], root * y[rest], rcond=None)[0]
        expected[i] = y[i] - Phi[i] @ c
    fit = weighted_fit(*map(xp.asarray, problem))
    xp.assert_close(fit.loo_residuals, expected, kappa=100, n=30)
    error = np.average(expected**2, axis=0, weights=w)
    xp.assert_close(loo_error(fit, xp.asarray(w)), error, kappa=100, n=30)


def test_influence_is_the_weighted_pseudoinverse(xp, problem):
    Phi, _, w = problem
    root = np.sqrt(w)
    expected = (np.linalg.pinv(root[:, None] * Phi) * root).T
    fit = weighted_fit(*map(xp.asarray, problem))
    xp.assert_close(fit.influence, expected, kappa=100, n=30)
    hat = np.sum(Phi * expected, axis=1)
    xp.assert_close(fit.leverage, hat, kappa=100, n=30)
    assert float(fit.leverage[7]) == 0.0


def test_a_point_without_weight_changes_nothing(problem):
    Phi, y, w = problem
    rest = w > 0
    whole, part = weighted_fit(Phi, y, w), weighted_fit(Phi[rest], y[rest], w[rest])
    np.testing.assert_allclose(whole.coef, part.coef, rtol=1e-12)
    np.testing.assert_allclose(whole.gram, part.gram, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(
        coefficient_covariance(whole), coefficient_covariance(part), rtol=1e-11
    )


def test_condition_enters_once_and_not_squared():
    # Normal equations would lose 2 * 7 digits here; QR loses 7.
    rng = np.random.default_rng(3)
    U = np.linalg.qr(rng.standard_normal((40, 5)))[0]
    V = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    Phi = U * np.logspace(0, -7, 5) @ V
    c = rng.standard_normal((5, 1))
    fit = weighted_fit(Phi, Phi @ c, np.ones(40))
    error = np.linalg.norm(fit.coef - c) / np.linalg.norm(c)
    assert error < 64 * np.finfo(float).eps * 1e7


def test_covariance_is_unbiased_for_noise_of_variance_one_over_w(problem):
    # A quadratic form in independent noise: its mean is a sum over unit errors.
    Phi, _, w = problem
    Phi, w = Phi[w > 0], w[w > 0]
    errors = np.diag(1 / np.sqrt(w))
    total = coefficient_covariance(weighted_fit(Phi, errors, w)).sum(axis=0)
    expected = np.linalg.inv(Phi.T @ (w[:, None] * Phi))
    np.testing.assert_allclose(total, expected, rtol=1e-10)


def test_interpolation_leaves_nothing_to_learn_the_error_from(xp, problem):
    Phi, y, _ = problem
    square = map(xp.asarray, (Phi[:6], y[:6], np.ones(6)))
    fit = weighted_fit(*square)
    assert np.all(np.isinf(xp.to_numpy(fit.loo_residuals)))
    assert np.all(np.isnan(xp.to_numpy(coefficient_covariance(fit))))
    xp.assert_close(fit.leverage, np.ones(6), kappa=100)


def test_only_the_essential_point_is_essential():
    Phi = np.eye(3)[[0, 0, 1, 1, 2]]
    fit = weighted_fit(Phi, np.ones((5, 1)), np.ones(5))
    assert fit.essential.tolist() == [False] * 4 + [True]
    assert np.isinf(fit.loo_residuals[4, 0])
    assert np.all(np.isfinite(fit.loo_residuals[:4]))


@pytest.mark.parametrize("rows", [[0, 0, 1, 1], [0, 1]])
def test_points_that_do_not_determine_the_fit_are_refused(rows):
    with pytest.raises(LinAlgError, match="determine all 3 coefficients"):
        weighted_fit(np.eye(3)[rows], np.ones((len(rows), 1)), np.ones(len(rows)))


def test_equal_weights_give_the_jackknife_plus_of_the_paper(xp):
    # Barber et al. (2021), equation (1.5), with refits instead of algebra.
    rng = np.random.default_rng(5)
    Phi, y, new = (rng.standard_normal(s) for s in ((19, 3), (19,), (7, 3)))
    ends = np.empty((2, 7, 19))
    for i in range(19):
        rest = np.arange(19) != i
        c = np.linalg.lstsq(Phi[rest], y[rest], rcond=None)[0]
        r = abs(y[i] - Phi[i] @ c)
        ends[:, :, i] = new @ c - r, new @ c + r
    ends.sort(axis=2)
    k = 18  # ceil(0.9 * 20)
    w = np.full(19, 0.3)
    fit = weighted_fit(xp.asarray(Phi), xp.asarray(y[:, None]), xp.asarray(w))
    loo = fit.loo_residuals[:, 0]
    lower, upper = jackknife_plus(
        xp.asarray(new), fit.coef[:, 0], fit.influence, loo, xp.asarray(w), 0.9
    )
    xp.assert_close(upper, ends[1, :, k - 1], kappa=100, n=19)
    xp.assert_close(lower, ends[0, :, 19 - k], kappa=100, n=19)


def test_whole_weights_count_as_that_many_residuals():
    # Weight 2 is the mass of two copies; the point at infinity has the mean weight.
    rng = np.random.default_rng(6)
    loo, new = rng.standard_normal(10), rng.standard_normal((4, 2))
    w = np.array([2.0, 1, 1, 2, 1, 1, 2, 1, 2, 1])
    zero = np.zeros((10, 2))
    got = jackknife_plus(new, np.ones(2), zero, loo, w, 0.75)
    mass = np.sort(np.repeat(abs(loo), w.astype(int)))
    radius = mass[int(np.ceil(0.75 * (14 + 1.4))) - 1]
    np.testing.assert_allclose(got.upper, new.sum(axis=1) + radius)
    np.testing.assert_allclose(got.lower, new.sum(axis=1) - radius)


def test_r_squared_is_that_of_scikit_learn(xp, problem):
    from sklearn.metrics import r2_score

    _, y, w = problem
    guess = y + 0.3
    expected = r2_score(y, guess, sample_weight=w)
    got = r_squared(*map(xp.asarray, (y, guess, w)))
    assert got == pytest.approx(expected, rel=1e3 * xp.eps)
    constant = np.ones((5, 1))
    assert r_squared(constant, constant, np.ones(5)) == 1.0
    assert r_squared(constant, constant + 1, np.ones(5)) == 0.0
