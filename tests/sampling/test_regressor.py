"""OptimalDesignRegressor: ask and tell, failures, resuming, the default design."""

import pickle
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV

from geomsci.sampling import FeatureBasis, PolynomialBasis, total_degree
from geomsci.sampling.fekete import FeketeDesign
from geomsci.sampling.optimal_design import OptimalDesign
from geomsci.sampling.regression import WeightedLeastSquares
from geomsci.sampling.regressor import OptimalDesignRegressor


@pytest.fixture
def basis():
    return PolynomialBasis("legendre", indices=total_degree(2, 2))


@pytest.fixture
def model(basis):
    return OptimalDesignRegressor(basis, n_samples=9, random_state=5)


def f(X):
    return np.exp(X[:, 0]) * np.cos(X[:, 1])


def test_asking_in_pieces_is_asking_at_once(model):
    whole = clone(model).ask()
    pieces = [model.ask(4), model.ask(2), model.ask()]
    assert [len(X) for X in pieces] == [4, 2, 3]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_the_fit_is_that_of_the_design(basis, model):
    X = model.ask()
    model.tell(X[::-1], f(X[::-1]))
    design = OptimalDesign(basis).sample(9, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(design.points, X)
    direct = WeightedLeastSquares(basis).fit(X, f(X), design.weights)
    np.testing.assert_allclose(model.coef_, direct.coef_, rtol=1e-13)
    np.testing.assert_allclose(model.gram_, direct.gram_, atol=1e-14)
    assert np.trace(model.gram_) == pytest.approx(6, rel=1e-13)
    assert len(model.pending_) == 0


def test_the_fit_comes_with_the_mth_value_and_improves(model):
    X = model.ask()
    model.tell(X[:5], f(X[:5]))
    with pytest.raises(NotFittedError):
        model.predict(X)
    model.tell(X[5:6], f(X[5:6]))
    assert len(model.leverage_) == 6
    model.tell(X[6:], f(X[6:]))
    assert len(model.leverage_) == 9


def test_failures_are_reported_once_and_can_be_told_again(model):
    X = model.ask()
    y = f(X)
    holes = y.copy()
    holes[[1, 4]] = np.nan, np.inf
    with pytest.warns(RuntimeWarning, match="2 of 9 evaluations failed.*row 1") as got:
        model.tell(X, holes)
    assert len(got) == 1
    np.testing.assert_array_equal(model.pending_, X[[1, 4]])
    assert model.evaluations_.failed.tolist() == [i in (1, 4) for i in range(9)]
    assert len(model.leverage_) == 7
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.tell(model.pending_, f(model.pending_))
    whole = clone(model)
    whole.tell(whole.ask(), y)
    np.testing.assert_array_equal(model.coef_, whole.coef_)
    assert not model.evaluations_.failed.any()


def test_a_failure_does_not_take_away_a_value(model):
    X = model.ask()
    coef = model.tell(X, f(X)).coef_
    with pytest.warns(RuntimeWarning, match="1 of 1"):
        model.tell(X[:1], [None])
    np.testing.assert_array_equal(model.coef_, coef)
    moved = model.tell(X[:1], f(X[:1]) + 1).coef_
    assert not np.allclose(moved, coef)


def test_a_pickle_goes_on_where_it_was(model):
    X = model.ask(4)
    with pytest.warns(RuntimeWarning, match="failed"):
        model.tell(X[:3], [1.0, np.nan, 2.0])
    twin = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(twin.pending_, model.pending_)
    assert len(twin.pending_) == 2
    for _ in range(2):  # the rest of the design, and a further one
        np.testing.assert_array_equal(twin.ask(5), model.ask(5))
    for one in (model, twin):
        one.tell(one.pending_, f(one.pending_))
    np.testing.assert_array_equal(twin.coef_, model.coef_)


def test_more_points_are_drawn_when_the_design_is_used_up(basis, model):
    first = model.ask()
    more = model.ask(3)
    again = model.ask()
    assert (len(more), len(again)) == (3, 9)
    every = np.concatenate((first, more, again))
    assert len(np.unique(every, axis=0)) == 21
    model.tell(every, f(every))
    expected = 6 / basis.christoffel(every)
    np.testing.assert_allclose(model.sample_weight_, expected, rtol=1e-12)


def test_points_of_a_file_with_twelve_digits_are_known(model):
    X = model.ask()
    rounded = np.array([[float(f"{v:.12g}") for v in row] for row in X])
    model.tell(rounded, f(X))
    exact = clone(model)
    exact.tell(exact.ask(), f(X))
    np.testing.assert_array_equal(model.coef_, exact.coef_)


def test_other_points_are_refused_and_nothing_is_kept(model):
    with pytest.raises(ValueError, match="ask first"):
        model.tell([[0.0, 0.0]], [1.0])
    X = model.ask()
    wrong = X.copy()
    wrong[3, 0] += 1e-4
    with pytest.raises(ValueError, match=r"row 3.*nearest"):
        model.tell(wrong, f(X))
    assert len(model.pending_) == 9
    with pytest.raises(ValueError, match=r"X must have shape \(n, 2\)"):
        model.tell(X[:, :1], f(X))
    with pytest.raises(ValueError, match=r"y must have shape \(9,\)"):
        model.tell(X, f(X)[:4])
    model.tell(X[:4], f(X)[:4])
    with pytest.raises(ValueError, match="as in the calls before"):
        model.tell(X[4:], np.ones((5, 2)))
    assert len(model.pending_) == 5


def test_several_outputs_are_told_as_rows(model):
    X = model.ask()
    y = np.stack((f(X), X[:, 0]), axis=1)
    holes = y.copy()
    holes[2, 1] = np.nan
    with pytest.warns(RuntimeWarning, match="1 of 9"):
        model.tell(X, holes)
    assert model.tell(X[2:3], y[2:3]).coef_.shape == (2, 6)
    np.testing.assert_allclose(model.sobol_indices().first[1], [1, 0], atol=1e-12)


def test_points_drawn_twice_are_evaluated_once():
    # The fit is that of the design with its copies, and so is the Gram matrix.
    F = np.random.default_rng(3).standard_normal((6, 3))
    basis = FeatureBasis(F)

    class Thrice:
        def sample(self, n, *, rng):
            from geomsci.sampling.design import Design

            indices = np.array([0, 1, 1, 2, 3, 1, 4, 0])
            weights = 3 / basis.christoffel(F[indices])
            return Design(F[indices], indices, weights, 8)

    model = OptimalDesignRegressor(basis, sampler=Thrice(), n_samples=8)
    X = model.ask()
    np.testing.assert_array_equal(X, F[:5])
    y = np.arange(5.0) ** 2
    model.tell(X, y)
    design = Thrice().sample(8, rng=None)
    whole = WeightedLeastSquares(basis).fit(
        design.points, y[design.indices], design.weights
    )
    np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-12)
    np.testing.assert_allclose(model.gram_, whole.gram_, rtol=1e-12, atol=1e-15)


def test_func_is_called_once_a_point_and_an_exception_loses_nothing(basis):
    calls = []

    def simulator(X):
        calls.append(X.copy())
        if len(calls) == 7:
            raise OSError("licence server")
        return f(X)

    model = OptimalDesignRegressor(basis, n_samples=9, func=simulator, random_state=0)
    with pytest.raises(OSError, match="licence"):
        model.fit()
    assert len(model.pending_) == 3
    model.fit()
    assert len(calls) == 10
    np.testing.assert_allclose(model.coef_, clone(model).set_params(func=f).fit().coef_)


def test_a_func_that_fails_is_reported_and_fitted_without(basis):
    def half(X):
        return np.sqrt(X[:, 0] + 0.7)

    model = OptimalDesignRegressor(basis, n_samples=30, func=half, random_state=0)
    with (
        np.errstate(invalid="ignore"),
        pytest.warns(RuntimeWarning, match="evaluations failed"),
    ):
        model.fit()
    assert len(model.leverage_) == 30 - len(model.pending_)
    never = model.set_params(func=lambda X: np.nan)
    with (
        pytest.warns(RuntimeWarning, match="30 of 30"),
        pytest.raises(ValueError, match="got 0 at 30 points"),
    ):
        clone(never).fit()


def test_a_sampler_of_its_own(basis):
    sampler = FeketeDesign(basis, n_candidates=300)
    model = OptimalDesignRegressor(basis, sampler=sampler, random_state=1)
    X = model.ask(6)
    expected = sampler.sample(rng=np.random.default_rng(1)).points
    np.testing.assert_array_equal(X, expected)
    other = FeketeDesign(PolynomialBasis("hermite", indices=total_degree(2, 2)))
    with pytest.raises(ValueError, match="sampler must draw for the basis"):
        clone(model).set_params(sampler=other).ask(6)


def test_what_cannot_be_asked_is_refused(basis):
    with pytest.raises(ValueError, match="basis must be"):
        OptimalDesignRegressor().ask(3)
    with pytest.raises(ValueError, match="no func"):
        OptimalDesignRegressor(basis).fit()
    with pytest.raises(ValueError, match="no basis"):
        OptimalDesignRegressor(func=f).fit()
    with pytest.raises(ValueError, match="n_samples"):
        OptimalDesignRegressor(basis, n_samples=0).ask()
    with pytest.raises(ValueError, match="n must be"):
        OptimalDesignRegressor(basis).ask(0)
    with pytest.raises(ValueError, match="at least 6, the number of functions, got 4"):
        OptimalDesignRegressor(basis, n_samples=4, func=f).fit()


def test_grid_search_runs_over_bases_and_samplers(basis):
    rng = np.random.default_rng(2)
    X = rng.uniform(-1, 1, (40, 2))
    bases = [basis, PolynomialBasis("legendre", indices=total_degree(2, 3))]
    search = GridSearchCV(OptimalDesignRegressor(), {"basis": bases}, cv=3)
    assert search.fit(X, f(X)).best_params_["basis"] == bases[1]


def test_the_default_design_is_fekete_near_m_and_repeated_from_r_m(basis):
    for n in (6, 7):
        small = OptimalDesign(basis).sample(n, rng=4)
        fekete = FeketeDesign(basis).sample(n, rng=4)
        np.testing.assert_array_equal(small.points, fekete.points)
    large = OptimalDesign(basis, n_draws=2).sample(12, rng=4)
    from geomsci.sampling.repeated import RepeatedDPP

    repeated = RepeatedDPP(basis).sample(12, rng=4)
    np.testing.assert_array_equal(large.points, repeated.points)
    many = OptimalDesign(basis).sample(8, size=3, rng=4)
    assert many.points.shape == (3, 8, 2)
    with pytest.raises(ValueError, match="at least 6"):
        OptimalDesign(basis).sample(5)
    with pytest.raises(ValueError, match="got None"):
        OptimalDesign(basis).sample()
