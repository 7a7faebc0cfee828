"""The contract of estimators whose input has three axes.

scikit-learn's ``check_estimator`` feeds two-dimensional data, so estimators on stacks
of matrices or epochs cannot take it. These checks ask for the same behaviour.
"""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

Check = Callable[[Any, np.ndarray, np.ndarray], None]


def _output(estimator: Any, X: np.ndarray) -> np.ndarray:
    return estimator.predict(X) if is_classifier(estimator) else estimator.transform(X)


def check_clone_and_parameters(estimator: Any, X: np.ndarray, y: np.ndarray) -> None:
    """A clone has equal parameters; set_params undoes a change; unknown ones raise."""
    parameters = estimator.get_params()
    twin = clone(estimator)
    assert repr(twin.get_params()) == repr(parameters)
    assert twin.set_params(**parameters) is twin
    _expect(ValueError, lambda: twin.set_params(no_such_parameter=1))


def check_init_only_stores(estimator: Any, X: np.ndarray, y: np.ndarray) -> None:
    """``__init__`` keeps every parameter as it came; ``backend`` is the last one."""
    names = list(inspect.signature(type(estimator).__init__).parameters)[1:]
    assert names[-1] == "backend", f"backend must come last, got {names}"
    marks = {name: object() for name in names}
    built = type(estimator)(**marks)
    for name, mark in marks.items():
        assert getattr(built, name) is mark, f"__init__ changed {name}"


def check_not_fitted(estimator: Any, X: np.ndarray, y: np.ndarray) -> None:
    """Using the estimator before ``fit`` raises NotFittedError."""
    _expect(NotFittedError, lambda: _output(clone(estimator), X))


def check_fit_returns_self(estimator: Any, X: np.ndarray, y: np.ndarray) -> None:
    """``fit`` returns the estimator, and leaves its parameters alone."""
    fresh = clone(estimator)
    before = repr(fresh.get_params())
    assert fresh.fit(X, y) is fresh
    assert repr(fresh.get_params()) == before


def check_fitted_attributes(estimator: Any, X: np.ndarray, y: np.ndarray) -> None:
    """What ``fit`` adds ends in an underscore or begins with one."""
    fresh = clone(estimator)
    known = set(vars(fresh))
    added = set(vars(fresh.fit(X, y))) - known
    stray = [a for a in added if not (a.endswith("_") or a.startswith("_"))]
    assert not stray, f"fit added public attributes without underscore: {stray}"
    assert fresh.n_features_in_ == X.shape[1]


def check_fit_is_idempotent(estimator: Any, X: np.ndarray, y: np.ndarray) -> None:
    """Fitting twice gives the same answers bit by bit."""
    fresh = clone(estimator).fit(X, y)
    first = _output(fresh, X)
    np.testing.assert_array_equal(first, _output(fresh.fit(X, y), X))


def check_input_is_kept(estimator: Any, X: np.ndarray, y: np.ndarray) -> None:
    """Neither ``fit`` nor the answers write into their input."""
    held, labels = X.copy(), y.copy()
    held.flags.writeable = False
    labels.flags.writeable = False
    fresh = clone(estimator).fit(held, labels)
    _output(fresh, held)
    np.testing.assert_array_equal(held, X)


def check_pickle(estimator: Any, X: np.ndarray, y: np.ndarray) -> None:
    """A pickled and a deep-copied estimator answer the same."""
    fresh = clone(estimator).fit(X, y)
    expected = _output(fresh, X)
    np.testing.assert_array_equal(
        _output(pickle.loads(pickle.dumps(fresh)), X), expected
    )
    np.testing.assert_array_equal(_output(copy.deepcopy(fresh), X), expected)


def check_n_features(estimator: Any, X: np.ndarray, y: np.ndarray) -> None:
    """Another number of channels or another matrix size than in ``fit`` raises."""
    fresh = clone(estimator).fit(X, y)
    square = X.shape[1] == X.shape[2]
    smaller = X[:, :-1, :-1] if square else X[:, :-1, :]
    _expect(ValueError, lambda: _output(fresh, smaller))


def check_bad_input(estimator: Any, X: np.ndarray, y: np.ndarray) -> None:
    """NaN, two axes and no samples at all each raise one ValueError."""
    holed = X.copy()
    holed[0, 0, 0] = np.nan
    _expect(ValueError, lambda: clone(estimator).fit(holed, y))
    _expect(ValueError, lambda: clone(estimator).fit(X[0], y))
    _expect(ValueError, lambda: clone(estimator).fit(X[:0], y[:0]))


def check_one_sample(estimator: Any, X: np.ndarray, y: np.ndarray) -> None:
    """One sample can be answered alone, as it is in a batch."""
    fresh = clone(estimator).fit(X, y)
    alone, batch = _output(fresh, X[:1]), _output(fresh, X)[:1]
    if alone.dtype.kind == "f":
        np.testing.assert_allclose(
            alone, batch, rtol=1e-10, atol=1e-12 * abs(batch).max()
        )
    else:
        np.testing.assert_array_equal(alone, batch)


def check_pipeline(estimator: Any, X: np.ndarray, y: np.ndarray) -> None:
    """The estimator works as a step of a Pipeline."""
    if is_classifier(estimator):
        model = make_pipeline(FunctionTransformer(), clone(estimator))
    else:
        flat = FunctionTransformer(_flatten)
        model = make_pipeline(clone(estimator), flat, LogisticRegression())
    assert model.fit(X, y).predict(X).shape == y.shape


def check_grid_search(estimator: Any, X: np.ndarray, y: np.ndarray) -> None:
    """GridSearchCV can clone, fit and score the estimator in a Pipeline."""
    cv = StratifiedKFold(2)
    if is_classifier(estimator):
        search = GridSearchCV(clone(estimator), {"backend": [None, "reference"]}, cv=cv)
    else:
        flat = FunctionTransformer(_flatten)
        model = make_pipeline(clone(estimator), flat, LogisticRegression())
        step = model.steps[0][0]
        grid = {f"{step}__backend": [None, "reference"]}
        search = GridSearchCV(model, grid, cv=cv, error_score="raise")
    scores = search.fit(X, y).cv_results_["mean_test_score"]
    assert np.all(np.isfinite(scores))


def _flatten(T: np.ndarray) -> np.ndarray:
    return T.reshape(T.shape[0], -1)


def _expect(error: type[Exception], action: Callable[[], Any]) -> None:
    """Fail unless ``action`` raises ``error`` with one sentence."""
    try:
        action()
    except error as caught:
        if str(caught).strip():
            return
        raise AssertionError(f"{error.__name__} without a sentence") from caught
    raise AssertionError(f"expected {error.__name__}, nothing was raised")


def contract_checks() -> list[Check]:
    """All checks, each ``check(estimator, X, y)``; for ``pytest.mark.parametrize``."""
    return [
        check_clone_and_parameters,
        check_init_only_stores,
        check_not_fitted,
        check_fit_returns_self,
        check_fitted_attributes,
        check_fit_is_idempotent,
        check_input_is_kept,
        check_pickle,
        check_n_features,
        check_bad_input,
        check_one_sample,
        check_pipeline,
        check_grid_search,
    ]


def check_estimator_contract(estimator: Any, X: np.ndarray, y: np.ndarray) -> None:
    """Run the whole contract on one estimator.

    Parameters
    ----------
    estimator : estimator
        With parameters under which it can learn from the data.
    X : NumPy array, shape (n_samples, n, m)
        Epochs or matrices; the second axis is what ``n_features_in_`` counts.
    y : NumPy array, shape (n_samples,)
        Labels of two classes, at least four samples each.

    Raises
    ------
    AssertionError
        At the first clause that is broken.
    """
    for check in contract_checks():
        check(estimator, X, y)
