"""One (order, lag) setting: its classifier, and its scores on the inner folds."""

from __future__ import annotations

import dataclasses
import warnings
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from geomsci.backends import LinAlgError, current_backend, use_backend
from geomsci.backends.arrays import Array, array_namespace, device, to_host
from geomsci.eeg.covariances import AugmentedCovariances
from geomsci.eeg.inner_cv import Splits
from geomsci.spd import MDM, TangentSpace

CLASSIFIERS = ("svm", "lr", "mdm")

MEAN_TOL = 1e-6
"""Tolerance of the means: an error of the reference point moves the coordinates by as
much, and the classifiers do not see a millionth. Each further digit costs one or two
eigen-decompositions of every training matrix."""


class MatrixClassifier(ClassifierMixin, BaseEstimator):
    """Classifier of SPD matrices: a linear model in the tangent space, or MDM.

    The tangent space is taken at the affine-invariant mean of the training matrices.
    Decision values are (n,) for two classes, positive for the second, else
    (n, n_classes); for MDM they are differences of, or minus, squared distances.
    ``spread_`` is the standard deviation of the training epochs' values.
    """

    def __init__(self, classifier: str = "svm") -> None:
        self.classifier = classifier

    def fit(self, C: Array, y: np.ndarray) -> MatrixClassifier:
        """Learn from matrices ``C`` (n_matrices, n, n) and host labels ``y``."""
        self.classes_ = np.unique(y)
        if self.classifier == "mdm":
            self.mdm_ = MDM(metric="affine", tol=MEAN_TOL).fit(C, y)
            decision = self.decision_function(C)
        else:
            self.tangent_ = TangentSpace(metric="affine", tol=MEAN_TOL)
            features = to_host(self.tangent_.fit_transform(C))
            self.linear_ = _linear_model(self.classifier).fit(features, y)
            decision = self.linear_.decision_function(features)
        self.spread_ = _spread(decision)
        return self

    def decision_function(self, C: Array) -> np.ndarray:
        """Decision values on the host."""
        if self.classifier != "mdm":
            features = to_host(self.tangent_.transform(C))
            return self.linear_.decision_function(features)
        scores = -(to_host(self.mdm_.transform(C)) ** 2)
        return scores[:, 1] - scores[:, 0] if scores.shape[1] == 2 else scores

    def predict(self, C: Array) -> np.ndarray:
        """Class with the largest decision value."""
        return most_likely(self.classes_, self.decision_function(C))


def most_likely(classes: np.ndarray, decision: np.ndarray) -> np.ndarray:
    """Label of every epoch from its decision values."""
    if decision.ndim == 1:
        return classes[(decision > 0).astype(np.intp)]
    return classes[np.argmax(decision, axis=1)]


def _linear_model(classifier: str) -> Any:
    if classifier == "svm":
        return SVC(kernel="linear", C=1.0)
    return LogisticRegression(C=1.0, max_iter=1000)


def _spread(decision: np.ndarray) -> float:
    """Standard deviation of the training decision values, 1 if they are all equal.

    One number for all classes, so dividing by it changes neither the sign nor the
    order of the classes.
    """
    value = float(np.std(decision))
    return value if value > 0 else 1.0


@dataclasses.dataclass(frozen=True)
class InnerResult:
    """What the inner folds say about one setting.

    ``decisions`` holds the decision values of every fold's test epochs, divided by
    the spread of the fold's training values. ``reason`` is empty, or says why the
    setting cannot be computed; the rest is empty then.
    """

    scores: list[float]
    decisions: list[np.ndarray]
    n_not_converged: int
    reason: str


def evaluate(
    X: Array,
    y: np.ndarray,
    splits: Splits,
    covariances: AugmentedCovariances,
    classifier: str,
    scorer: Any,
    choice: str,
) -> InnerResult:
    """Scores of one setting; the matrices of all epochs are computed once.

    A matrix depends on its own epoch only, so nothing leaks between folds. Means that
    do not converge are counted here: the caller warns for the chosen setting.
    """
    with _same_choice(choice), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = _evaluate(X, y, splits, covariances, classifier, scorer)
    stalled = [w for w in caught if issubclass(w.category, ConvergenceWarning)]
    for w in caught:
        if w not in stalled:
            warnings.warn_explicit(w.message, w.category, w.filename, w.lineno)
    return dataclasses.replace(result, n_not_converged=len(stalled))


def _evaluate(
    X: Array,
    y: np.ndarray,
    splits: Splits,
    covariances: AugmentedCovariances,
    classifier: str,
    scorer: Any,
) -> InnerResult:
    try:
        C = covariances.fit(X).transform(X)
    except ValueError as error:  # this setting's windows do not give a covariance
        return InnerResult([], [], 0, str(error))
    scores, decisions = [], []
    for train, test in splits:
        try:
            model = MatrixClassifier(classifier).fit(_rows(C, train), y[train])
            C_test = _rows(C, test)
            decisions.append(model.decision_function(C_test) / model.spread_)
        except LinAlgError as error:  # not positive definite to working precision
            return InnerResult([], [], 0, str(error))
        scores.append(float(scorer(model, C_test, y[test])))
    return InnerResult(scores, decisions, 0, "")


def _rows(C: Array, rows: np.ndarray) -> Array:
    xp = array_namespace(C)
    return xp.take(C, xp.asarray(rows, device=device(C)), axis=0)


def _same_choice(choice: str) -> AbstractContextManager[Any]:
    """The caller's backend in a worker, which does not inherit it."""
    return nullcontext() if current_backend() == choice else use_backend(choice)
