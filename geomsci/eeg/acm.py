"""`ACMClassifier`: augmented covariances with nested choice of order and lag."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import check_scoring
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from geomsci.backends import current_backend, public
from geomsci.backends.arrays import Array, is_array, library, require_finite, to_host
from geomsci.backends.dispatch import CHOICES
from geomsci.eeg.calibration import as_columns, fit_calibrator
from geomsci.eeg.covariances import AugmentedCovariances
from geomsci.eeg.epochs import (
    accepts_epochs,
    as_epochs,
    embedding_problem,
    require_channels,
    singularity_problem,
)
from geomsci.eeg.inner_cv import Splits, inner_splits
from geomsci.eeg.setting import (
    CLASSIFIERS,
    InnerResult,
    MatrixClassifier,
    evaluate,
    most_likely,
)
from geomsci.reference.eeg.selection import RULES, Setting, select, standard_error
from geomsci.spd.estimator import StackInput


class ACMClassifier(StackInput, ClassifierMixin, BaseEstimator):
    """Classify EEG epochs by augmented covariances with nested choice of setting.

    For every (order, lag) of the grid: `AugmentedCovariances`, the tangent space at
    the affine-invariant mean of the training epochs, a linear classifier (or MDM).
    The setting is chosen by cross-validation inside the epochs that `fit` receives,
    so scores on other epochs are honest.

    Parameters
    ----------
    orders : sequence of int, default=(1, 2, 3, 4, 6, 8, 10)
    lags : sequence of int, default=(1, 2, 4, 6, 10)
        The grid. Order 1 has no lag and counts once.
    classifier : {"svm", "lr", "mdm"}, default="svm"
        Linear support vector machine or logistic regression, both with C = 1, in the
        tangent space; or minimum distance to mean.
    estimator : {"cov", "scm", "oas", "lwf"}, default="cov"
        See `AugmentedCovariances`.
    trim : {"full", "moabb"}, default="full"
        See `AugmentedCovariances`.
    rule : {"best", "one_se", "average"}, default="average"
        ``"best"``: the highest mean inner score. ``"one_se"``: of the settings within
        one standard error of it, the smallest order, then the highest mean.
        ``"average"``: all those settings; their decision values, divided by their
        spread on the training epochs, are averaged.
    cv : None, int, splitter or iterable, optional
        Inner folds. None: with groups, one group left out at a time if there are at
        most ten, else five stratified folds of whole groups; without, five stratified
        folds in the order of the epochs. Fewer if a class is small. An int is the
        number of such folds, of whole groups if groups are given.
    scoring : str or callable, optional
        Inner score; None means the area under the ROC curve for two classes and the
        accuracy for more. Called as ``scorer(model, matrices, labels)``.
    n_jobs : int, optional
        Settings evaluated at the same time, through joblib.
    backend : {"auto", "reference", "numba", "cupy"}, optional
        Implementation; None follows `geomsci.use_backend`.

    Attributes
    ----------
    classes_ : NumPy array, shape (n_classes,)
    best_params_ : dict
        ``{"order": ..., "lag": ...}`` of the chosen setting; of the one with the
        highest mean inner score for ``rule="average"``.
    settings_ : list of (order, lag)
        The settings behind the decision values.
    cv_results_ : dict of NumPy arrays, one entry a setting
        ``param_order, param_lag, mean_test_score, std_test_score, standard_error,
        rank_test_score, split0_test_score, ..., n_not_converged`` (folds whose mean
        did not reach its tolerance), ``selected`` and ``reason`` (why a setting was
        left out, else empty). A pandas ``DataFrame`` takes it as it is.
    n_features_in_ : int
        Number of channels.

    Notes
    -----
    All computation is in float64, whatever the dtype of the epochs, because augmented
    covariances of band-passed signals reach condition numbers of 1e14.

    ``predict`` is the class with the largest decision value. ``predict_proba`` is a
    logistic calibration of the decision values, fitted to the values of the inner
    folds' test epochs, which the models behind them had not seen (Platt's scaling;
    multinomial for more classes). The setting was chosen on the same folds, so with
    few epochs the probabilities are slightly confident. The largest probability need
    not be the predicted class where the decision is close.

    The matrices of a setting are computed once for all epochs, which leaks nothing: a
    matrix depends on its own epoch only. The tangent space is fitted on the training
    part of every fold. Settings that cannot be computed are left out.

    Cost: one mean, hence some ten eigen-decompositions of every training matrix, for
    every setting and fold.

    References
    ----------
    I. Carrara, T. Papadopoulo, "Classification of BCI-EEG based on augmented
    covariance matrix", arXiv:2302.04508, section II. Its text takes the best setting
    on the scored folds; here the choice is nested.
    L. Breiman et al., Classification and Regression Trees (1984), section 3.4.3 (one
    standard error). J. Platt, Advances in Large Margin Classifiers (1999) 61.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.eeg import ACMClassifier
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.standard_normal((40, 2, 201))
    >>> slow = noise[:, :, 1:] + 0.9 * noise[:, :, :-1]  # same variance, other
    >>> fast = noise[:, :, 1:] - 0.9 * noise[:, :, :-1]  # correlation in time
    >>> y = np.tile(["slow", "fast"], 20)
    >>> X = np.where((y == "slow")[:, None, None], slow, fast)
    >>> model = ACMClassifier(orders=(1, 2), lags=(1,), rule="best").fit(X[:30], y[:30])
    >>> model.best_params_
    {'order': 2, 'lag': 1}
    >>> float(model.score(X[30:], y[30:]))
    1.0
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "orders": ["array-like"],
        "lags": ["array-like"],
        "classifier": [StrOptions(set(CLASSIFIERS))],
        "estimator": [StrOptions({"cov", "scm", "oas", "lwf"})],
        "trim": [StrOptions({"full", "moabb"})],
        "rule": [StrOptions(set(RULES))],
        "cv": ["cv_object"],
        "scoring": [None, str, callable],
        "n_jobs": [None, Integral],
        "backend": [StrOptions({*CHOICES, "numpy"}), None],
    }

    def __init__(
        self,
        orders: Any = (1, 2, 3, 4, 6, 8, 10),
        lags: Any = (1, 2, 4, 6, 10),
        *,
        classifier: str = "svm",
        estimator: str = "cov",
        trim: str = "full",
        rule: str = "average",
        cv: Any = None,
        scoring: Any = None,
        n_jobs: int | None = None,
        backend: str | None = None,
    ) -> None:
        self.orders = orders
        self.lags = lags
        self.classifier = classifier
        self.estimator = estimator
        self.trim = trim
        self.rule = rule
        self.cv = cv
        self.scoring = scoring
        self.n_jobs = n_jobs
        self.backend = backend

    @accepts_epochs
    @public("eeg.ACMClassifier.fit")
    def fit(self, X: Any, y: Any, groups: Any = None) -> ACMClassifier:
        """Choose the setting on inner folds and fit it to all epochs.

        Parameters
        ----------
        X : NumPy array, shape (n_epochs, n_channels, n_times), finite
            Or an object whose ``get_data()`` returns one, such as MNE's Epochs.
        y : array, shape (n_epochs,)
            Labels of at least two classes, numbers or strings.
        groups : array, shape (n_epochs,), optional
            Sessions, runs or trials; the default inner folds never split one.

        Returns
        -------
        self : ACMClassifier

        Raises
        ------
        ValueError
            If a sample is not finite, a channel is constant or a multiple of another,
            there is one class or too few epochs for inner folds, or no setting of the
            grid can be computed.
        TypeError
            If X is neither a NumPy array nor convertible to one.
        """
        self._validate_params()
        X = _host_epochs(X)
        y = _labels("y", y, X)
        check_classification_targets(y)
        groups = None if groups is None else _labels("groups", groups, X)
        self.classes_ = np.unique(y)
        if self.classes_.size < 2:
            raise ValueError(
                "y must hold at least two classes, got one "
                f"({self.classes_[0]!s}): add epochs of another class."
            )
        self.n_features_in_ = X.shape[1]
        splits = inner_splits(self.cv, y, groups)
        scorer = self._scorer(y, splits)
        settings = _grid(self.orders, self.lags)
        if self._problem(X, (1, 1)) is None:
            self._matrices(X, (1, 1))  # bad channels fail here, not in every setting
        results = self._inner_results(X, y, splits, settings, scorer)
        kept = self._select(settings, results, len(splits))
        self.settings_ = [settings[i] for i in kept]
        self.best_params_ = dict(zip(("order", "lag"), self.settings_[0]))
        self.models_ = [
            MatrixClassifier(self.classifier).fit(self._matrices(X, s), y)
            for s in self.settings_
        ]
        held_out = [np.concatenate(results[i].decisions) for i in kept]
        tested = np.concatenate([test for _, test in splits])
        self.calibrator_ = fit_calibrator(np.mean(held_out, axis=0), y[tested])
        return self

    @accepts_epochs
    @public("eeg.ACMClassifier.decision_function")
    def decision_function(self, X: Any) -> np.ndarray:
        """Decision values of the chosen setting, or their average.

        Parameters
        ----------
        X : NumPy array, shape (n_epochs, n_channels, n_times), finite

        Returns
        -------
        decision : NumPy array, shape (n_epochs,) or (n_epochs, n_classes)
            For two classes positive for ``classes_[1]``.
        """
        decision = self._decision(X)
        # A single setting keeps the scale of its classifier.
        return decision * self.models_[0].spread_ if self._is_single() else decision

    @accepts_epochs
    @public("eeg.ACMClassifier.predict")
    def predict(self, X: Any) -> np.ndarray:
        """Class with the largest decision value.

        Parameters
        ----------
        X : NumPy array, shape (n_epochs, n_channels, n_times), finite

        Returns
        -------
        y : NumPy array, shape (n_epochs,)
        """
        decision = self._decision(X)
        return most_likely(to_host(self.classes_), decision)

    @accepts_epochs
    @public("eeg.ACMClassifier.predict_proba")
    def predict_proba(self, X: Any) -> np.ndarray:
        """Calibrated class probabilities, see the notes of the class.

        Parameters
        ----------
        X : NumPy array, shape (n_epochs, n_channels, n_times), finite

        Returns
        -------
        P : NumPy array, shape (n_epochs, n_classes)
            Columns in the order of ``classes_``; rows sum to 1.
        """
        return self.calibrator_.predict_proba(as_columns(self._decision(X)))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.array_api_support = False
        return tags

    def _decision(self, X: Any) -> np.ndarray:
        """Mean over the settings of the decision values in units of their spread."""
        check_is_fitted(self, "models_")
        X = _host_epochs(X)
        require_channels(self, X)
        parts = [
            model.decision_function(self._matrices(X, setting)) / model.spread_
            for setting, model in zip(self.settings_, self.models_)
        ]
        return np.mean(parts, axis=0)

    def _is_single(self) -> bool:
        return len(self.models_) == 1

    def _covariances(self, setting: Setting) -> AugmentedCovariances:
        order, lag = setting
        return AugmentedCovariances(order, lag, self.estimator, self.trim)

    def _matrices(self, X: Array, setting: Setting) -> Array:
        return self._covariances(setting).fit(X).transform(X)

    def _scorer(self, y: np.ndarray, splits: Splits) -> Any:
        """Scorer of the inner folds."""
        binary = self.classes_.size == 2
        scoring = self.scoring or ("roc_auc" if binary else "accuracy")
        if self.scoring is None and binary:
            for k, (_, test) in enumerate(splits):
                if np.unique(y[test]).size < 2:
                    raise ValueError(
                        "Every inner fold must test both classes for the area under "
                        f"the ROC curve, got fold {k} with {y[test][0]!s} only: pass "
                        "scoring='accuracy' or other folds as cv."
                    )
        return check_scoring(MatrixClassifier(self.classifier), scoring=scoring)

    def _problem(self, X: Array, setting: Setting) -> str | None:
        n_channels, n_times = X.shape[1:]
        where = (n_times, *setting, self.trim)
        return embedding_problem(*where) or singularity_problem(
            n_channels, *where, self.estimator
        )

    def _inner_results(
        self,
        X: Array,
        y: np.ndarray,
        splits: Splits,
        settings: list[Setting],
        scorer: Any,
    ) -> list[InnerResult]:
        """One result a setting, in the order of the grid."""
        problems = [self._problem(X, s) for s in settings]
        choice = current_backend()
        done = Parallel(n_jobs=self.n_jobs)(
            delayed(evaluate)(
                X, y, splits, self._covariances(s), self.classifier, scorer, choice
            )
            for s, problem in zip(settings, problems)
            if problem is None
        )
        computed = iter(done)
        return [
            next(computed) if p is None else InnerResult([], [], 0, p) for p in problems
        ]

    def _select(
        self, settings: list[Setting], results: list[InnerResult], n_splits: int
    ) -> list[int]:
        """Indices of the chosen settings; writes ``cv_results_``."""
        usable = [i for i, r in enumerate(results) if not r.reason]
        if not usable:
            raise ValueError(
                f"No setting of the grid can be computed with estimator="
                f"{self.estimator!r} ({results[0].reason.rstrip('.')}): use smaller "
                "orders and lags, or estimator='oas' or 'lwf', which regularise."
            )
        scores = np.full((len(settings), n_splits), np.nan)
        for i in usable:
            scores[i] = results[i].scores
        means = scores.mean(axis=1)
        errors = np.array([standard_error(list(row)) for row in scores])
        chosen = select(
            self.rule,
            [settings[i] for i in usable],
            [float(means[i]) for i in usable],
            [float(errors[i]) for i in usable],
        )
        kept = [usable[i] for i in chosen]
        self.cv_results_ = _table(settings, results, scores, means, errors, kept)
        return kept


def _host_epochs(X: Any) -> Array:
    """Finite float64 epochs where scikit-learn's classifiers can follow."""
    xp, X = as_epochs(X)
    if library(X) != "numpy" and current_backend() != "cupy":
        raise TypeError(
            "X must be a NumPy array, because the classifiers of scikit-learn run on "
            f"the host, got {library(X)}: convert X, and use_backend('cupy') to "
            "compute on the GPU."
        )
    require_finite(xp, X=X)
    return xp.astype(X, xp.float64, copy=False)


def _labels(name: str, labels: Any, X: Array) -> np.ndarray:
    """One label for every epoch, on the host."""
    if is_array(labels) and library(labels) not in ("numpy", library(X)):
        raise TypeError(
            f"{name} must be a list or a NumPy array, got {library(labels)}: convert "
            "it."
        )
    values = to_host(labels) if is_array(labels) else np.asarray(labels)
    if values.shape != (X.shape[0],):
        raise ValueError(
            f"{name} must hold one label for each of the {X.shape[0]} epochs, got "
            f"shape {values.shape}."
        )
    return values


def _grid(orders: Any, lags: Any) -> list[Setting]:
    """All settings; order 1 has no lag and comes once."""
    for name, values in (("orders", orders), ("lags", lags)):
        good = [isinstance(v, Integral) and int(v) >= 1 for v in values]
        if not good or not all(good):
            raise ValueError(
                f"{name} must be a non-empty sequence of integers of at least 1, got "
                f"{values!r}."
            )
    settings = [
        (int(p), int(tau)) for p in orders for tau in (lags if p > 1 else lags[:1])
    ]
    return list(dict.fromkeys(settings))


def _table(
    settings: list[Setting],
    results: list[InnerResult],
    scores: np.ndarray,
    means: np.ndarray,
    errors: np.ndarray,
    kept: list[int],
) -> dict[str, np.ndarray]:
    """``cv_results_``: one column a key, one entry a setting."""
    filled = np.nan_to_num(means, nan=-np.inf)
    rank = 1 + np.sum(filled[None, :] > filled[:, None], axis=1)
    table = {
        "param_order": np.array([order for order, _ in settings]),
        "param_lag": np.array([lag for _, lag in settings]),
        "mean_test_score": means,
        "std_test_score": scores.std(axis=1),
        "standard_error": errors,
        "rank_test_score": rank,
        "n_not_converged": np.array([r.n_not_converged for r in results]),
        "selected": np.isin(np.arange(len(settings)), kept),
        "reason": np.array([r.reason for r in results]),
    }
    return table | {
        f"split{k}_test_score": scores[:, k] for k in range(scores.shape[1])
    }
