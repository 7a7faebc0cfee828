"""WeightedLeastSquares: scikit-learn's contract, libraries, intervals, bad input."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV, LeaveOneOut, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from geomsci.backends import LinAlgError
from geomsci.sampling import FeatureBasis, PolynomialBasis, total_degree
from geomsci.sampling.optimal_design import OptimalDesign
from geomsci.sampling.regression import WeightedLeastSquares
from geomsci.sampling.regressor import OptimalDesignRegressor


@pytest.mark.filterwarnings("ignore:features have rank")
@parametrize_with_checks([WeightedLeastSquares(), OptimalDesignRegressor()])
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.fixture
def basis():
    return PolynomialBasis("legendre", indices=total_degree(2, 3))


@pytest.fixture
def data():
    """40 points, two outputs in no polynomial space, weights."""
    rng = np.random.default_rng(8)
    X = rng.uniform(-1, 1, (40, 2))
    y = np.stack((np.exp(X[:, 0] * X[:, 1]), np.cos(2 * X[:, 0])), axis=1)
    return X, y, rng.uniform(0.5, 2, 40)


def test_default_basis_is_linear_regression(data):
    X, y, w = data
    ours = WeightedLeastSquares().fit(X, y, sample_weight=w)
    theirs = LinearRegression().fit(X, y, sample_weight=w)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-12)
    assert ours.score(X, y, w) == pytest.approx(theirs.score(X, y, w), rel=1e-12)


def test_polynomials_are_found_exactly(basis, data):
    X, _, w = data
    c = np.random.default_rng(9).standard_normal(10)
    y = basis.evaluate(X) @ c
    model = WeightedLeastSquares(basis).fit(X, y, sample_weight=w)
    np.testing.assert_allclose(model.coef_, c, rtol=0, atol=1e-13)
    assert model.loo_error_ < 1e-25
    new = np.random.default_rng(10).uniform(-1, 1, (5, 2))
    np.testing.assert_allclose(model.predict(new), basis.evaluate(new) @ c, atol=1e-13)


@pytest.mark.capability("sampling.WeightedLeastSquares.fit")
def test_libraries_agree(xp, basis, data):
    here = WeightedLeastSquares(basis).fit(*data)
    there = WeightedLeastSquares(basis).fit(*map(xp.asarray, data))
    kappa = 10 * here.condition_number_
    names = "coef_ gram_ leverage_ influence_ loo_residuals_ loo_error_ coef_cov_"
    for name in (*names.split(), "mean_", "variance_"):
        xp.assert_close(getattr(there, name), getattr(here, name), kappa=kappa, n=40)
    X, y = xp.asarray(data[0]), xp.asarray(data[1])
    xp.assert_close(there.predict(X), here.predict(data[0]), kappa=kappa, n=40)
    assert there.score(X, y) == pytest.approx(here.score(*data[:2]), abs=1e3 * xp.eps)
    for got, expected in (
        (there.sobol_indices(), here.sobol_indices()),
        (there.predict_interval(X[:9, :]), here.predict_interval(data[0][:9])),
    ):
        xp.assert_close(got[0], expected[0], kappa=kappa, n=40)
        xp.assert_close(got[1], expected[1], kappa=kappa, n=40)


@pytest.mark.capability("sampling.WeightedLeastSquares.fit")
def test_default_basis_runs_everywhere(xp, data):
    X, y, w = data
    here = WeightedLeastSquares().fit(X, y[:, 0], w)
    there = WeightedLeastSquares().fit(*map(xp.asarray, (X, y[:, 0], w)))
    got = there.predict(xp.asarray(X))
    xp.assert_close(got, here.predict(X), kappa=100, n=40)


def test_offload_learns_numpy(offload, basis, data):
    model = WeightedLeastSquares(basis, backend="cupy").fit(*data)
    here = WeightedLeastSquares(basis).fit(*data)
    assert isinstance(model.coef_, np.ndarray)
    np.testing.assert_allclose(model.predict(data[0]), here.predict(data[0]))
    np.testing.assert_allclose(model.sobol_indices().first, here.sobol_indices().first)


def test_each_output_is_fitted_by_itself(basis, data):
    X, y, w = data
    both = WeightedLeastSquares(basis).fit(X, y, w)
    for j in range(2):
        one = WeightedLeastSquares(basis).fit(X, y[:, j], w)
        assert isinstance(one.loo_error_, float)
        np.testing.assert_allclose(both.coef_[j], one.coef_, rtol=1e-11)
        np.testing.assert_allclose(both.coef_cov_[j], one.coef_cov_, rtol=1e-9)
        np.testing.assert_allclose(both.loo_error_[j], one.loo_error_, rtol=1e-11)
        shares = both.sobol_indices().total[j]
        np.testing.assert_allclose(shares, one.sobol_indices().total, rtol=1e-11)
        upper = both.predict_interval(X).upper[:, j]
        np.testing.assert_allclose(upper, one.predict_interval(X).upper, rtol=1e-11)


def test_loo_error_is_that_of_cross_validation(basis, data):
    X, y, _ = data
    model = WeightedLeastSquares(basis).fit(X, y[:, 0])
    left_out = cross_val_predict(clone(model), X, y[:, 0], cv=LeaveOneOut())
    np.testing.assert_allclose(y[:, 0] - left_out, model.loo_residuals_, rtol=1e-10)
    assert model.loo_error_ == pytest.approx(np.mean((y[:, 0] - left_out) ** 2))


def test_error_bound_by_lambda_min_holds(basis, data):
    # ||c - c*||^2 <= ||g||_n^2 / lambda_min, with c* from a fine quadrature.
    X, y, w = data
    x, u = np.polynomial.legendre.leggauss(20)
    grid = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    weight = np.outer(u, u).ravel() / 4
    best = basis.evaluate(grid).T @ (weight * np.exp(grid[:, 0] * grid[:, 1]))
    g = y[:, 0] - basis.evaluate(X) @ best
    model = WeightedLeastSquares(basis).fit(X, y[:, 0], w)
    error = np.sum((model.coef_ - best) ** 2)
    assert error <= np.mean(w * g**2) / model.lambda_min_


def test_intervals_cover_what_they_promise():
    # Misfit and noise together: 2000 new points of mu, 20 designs.
    rng = np.random.default_rng(12)
    basis = PolynomialBasis("legendre", indices=total_degree(1, 4))
    hits = []
    for _ in range(20):
        X = np.sin(np.pi * rng.uniform(-0.5, 0.5, (60, 1)))  # arcsine, not mu
        w = np.pi / 2 * np.sqrt(1 - X[:, 0] ** 2)
        f = np.abs(X[:, 0]) + 0.05 * rng.standard_normal(60)
        new = rng.uniform(-1, 1, (100, 1))
        truth = np.abs(new[:, 0]) + 0.05 * rng.standard_normal(100)
        model = WeightedLeastSquares(basis).fit(X, f, w)
        lower, upper = model.predict_interval(new, coverage=0.9)
        hits.append(np.mean((lower <= truth) & (truth <= upper)))
    # The share of one design deviates by 0.055, that of 20 by 0.012.
    assert np.mean(hits) == pytest.approx(0.9, abs=4 * 0.055 / 20**0.5)


def test_a_wider_coverage_contains_the_narrower(basis, data):
    model = WeightedLeastSquares(basis).fit(data[0], data[1][:, 0], data[2])
    narrow = model.predict_interval(data[0], coverage=0.5)
    wide = model.predict_interval(data[0], coverage=0.9)
    assert np.all(wide.lower <= narrow.lower)
    assert np.all(narrow.upper <= wide.upper)


def test_interval_needs_enough_points(basis, data):
    X, y, _ = data
    model = WeightedLeastSquares(basis).fit(X[:18], y[:18, 0])
    with pytest.raises(ValueError, match=r"coverage 0.95 with n = 18.*at most 0.947"):
        model.predict_interval(X)
    model.fit(X[:19], y[:19, 0]).predict_interval(X)
    with pytest.raises(ValueError, match="more points than functions"):
        model.fit(X[:10], y[:10, 0]).predict_interval(X)
    with pytest.raises(ValueError, match=r"coverage must lie in \(0, 1\)"):
        model.predict_interval(X, coverage=1)


def test_grid_search_chooses_the_degree_in_a_pipeline(data):
    X, y, w = data
    bases = [PolynomialBasis("legendre", indices=total_degree(2, p)) for p in (1, 4)]
    scaler = StandardScaler(with_mean=False, with_std=False)
    model = make_pipeline(scaler, WeightedLeastSquares())
    search = GridSearchCV(model, {"weightedleastsquares__basis": [None, *bases]}, cv=4)
    search.fit(X, y, weightedleastsquares__sample_weight=w)
    assert search.best_params_["weightedleastsquares__basis"] == bases[1]
    again = pickle.loads(pickle.dumps(search))
    np.testing.assert_array_equal(again.predict(X), search.predict(X))


def test_candidates_give_errors_in_their_mean(data):
    # Fitted on all candidates with their measure, G is the identity.
    X, y, w = data
    F = np.concatenate((np.ones((40, 1)), X, X**2), axis=1)
    basis = FeatureBasis(F, sample_weight=w)
    model = WeightedLeastSquares(basis).fit(F, y, sample_weight=40 * basis.measure)
    np.testing.assert_allclose(model.gram_, np.eye(5), atol=1e-14)
    expected = LinearRegression().fit(F, y, sample_weight=w).predict(F)
    np.testing.assert_allclose(model.predict(F), expected, rtol=1e-11)


def test_chaos_needs_degrees(data):
    model = WeightedLeastSquares().fit(data[0], data[1])
    assert not hasattr(model, "mean_")
    with pytest.raises(AttributeError, match="variance_ needs a PolynomialBasis"):
        _ = model.variance_
    with pytest.raises(TypeError, match=r"PolynomialBasis.*FeatureBasis"):
        model.sobol_indices()


@pytest.mark.parametrize("value", [-1.0, np.inf, np.nan])
def test_weights_that_are_no_weights_are_refused(basis, data, value):
    w = data[2].copy()
    w[3] = value
    with pytest.raises(ValueError, match="sample_weight"):
        WeightedLeastSquares(basis).fit(data[0], data[1], sample_weight=w)


def test_too_few_points_are_refused(basis, data):
    X, y, w = data
    model = WeightedLeastSquares(basis)
    w = np.where(np.arange(40) < 9, w, 0.0)
    for args in ((X[:9], y[:9]), (X, y, w)):
        with pytest.raises(ValueError, match="at least 10 points.*n_samples = 9"):
            model.fit(*args)
    copies = np.repeat(X[:5], 8, axis=0)
    with pytest.raises(LinAlgError, match="determine all 10"):
        model.fit(copies, y)


def test_points_of_another_kind_are_refused(basis, data):
    strict = pytest.importorskip("array_api_strict")
    X, y, _ = data
    model = WeightedLeastSquares(basis)
    with pytest.raises(NotFittedError):
        model.predict(X)
    with pytest.raises(ValueError, match="must have 2 columns"):
        model.fit(X[:, :1], y)
    model.fit(X, y)
    with pytest.raises(ValueError, match="features"):
        model.predict(X[:, :1])
    with pytest.raises(ValueError, match="domain"):
        model.predict(X + 1)
    with pytest.raises(TypeError, match="as in fit"):
        model.predict(strict.asarray(X))
    with pytest.raises(TypeError, match="one library"):
        model.fit(X, strict.asarray(y))
    with pytest.raises(ValueError, match="basis"):
        WeightedLeastSquares("legendre").fit(X, y)


def test_a_design_of_1_5_m_comes_near_the_best_fit():
    basis = PolynomialBasis("legendre", indices=total_degree(2, 6))
    design = OptimalDesign(basis).sample(42, rng=0)

    def f(X):
        return 1 / (1 + X.sum(axis=1) ** 2 / 2 + np.sin(3 * X.prod(axis=1)) / 4)

    model = WeightedLeastSquares(basis).fit(
        design.points, f(design.points), sample_weight=design.weights
    )
    x, u = np.polynomial.legendre.leggauss(60)
    grid = np.stack(np.meshgrid(x, x, indexing="ij"), axis=-1).reshape(-1, 2)
    weight = np.outer(u, u).ravel() / 4
    Phi = basis.evaluate(grid)
    best = weight @ (f(grid) - Phi @ (Phi.T @ (weight * f(grid)))) ** 2
    # Five times the mean of the ratio at this size.
    assert weight @ (f(grid) - model.predict(grid)) ** 2 < 8 * best
