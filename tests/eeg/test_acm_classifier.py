"""Nested choice of order and lag: honest, grouped, and right where truth is known."""

import warnings

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from geomsci import use_backend
from geomsci.eeg import ACMClassifier, AugmentedCovariances
from geomsci.spd import MDM, TangentSpace

GRID = {"orders": (1, 2, 3), "lags": (1, 3)}
RULES = ("best", "one_se", "average")


def epochs(n_epochs=60, n_classes=2, seed=0, strength=0.25):
    """Classes of equal spatial covariance that differ in their memory."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n_epochs) % n_classes)
    noise = rng.standard_normal((n_epochs, 2, 121))
    memory = strength * (y - (n_classes - 1) / 2)[:, None, None]
    X = noise[..., 1:] + memory * noise[..., :-1]
    return X / np.sqrt(1 + memory**2), y


@pytest.mark.parametrize("classifier", ["svm", "lr", "mdm"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_finds_the_memory_that_order_one_cannot_see(classifier, n_classes):
    X, y = epochs(90, n_classes, strength=1.2)
    model = ACMClassifier(**GRID, classifier=classifier, rule="best")
    model.fit(X[:60], y[:60])
    assert model.best_params_["order"] > 1
    assert model.best_params_["lag"] == 1
    blind = ACMClassifier(orders=(1,), classifier=classifier).fit(X[:60], y[:60])
    assert model.score(X[60:], y[60:]) > blind.score(X[60:], y[60:]) + 0.2


@pytest.mark.parametrize("classifier", ["svm", "lr", "mdm"])
def test_one_setting_is_the_plain_pipeline(classifier):
    X, y = epochs()
    model = ACMClassifier((2,), (1,), classifier=classifier).fit(X, y)
    C = AugmentedCovariances(2, 1).fit_transform(X)
    if classifier == "mdm":
        D = MDM().fit(C, y).transform(C)
        expected = D[:, 0] ** 2 - D[:, 1] ** 2
    else:
        last = SVC(kernel="linear") if classifier == "svm" else LogisticRegression()
        expected = make_pipeline(TangentSpace(), last).fit(C, y).decision_function(C)
    decision = model.decision_function(X)
    # The means are computed to 1e-6; the classifiers stop at 1e-3 and 1e-4.
    np.testing.assert_allclose(decision, expected, atol=2e-3)
    assert roc_auc_score(y, decision) == pytest.approx(roc_auc_score(y, expected), 0.01)


@pytest.mark.parametrize("rule", RULES)
def test_choice_does_not_see_the_scored_fold(rule):
    X, y = epochs(80)
    train, test = np.arange(60), np.arange(60, 80)
    garbled = y.copy()
    garbled[test] = 1 - garbled[test]
    fits = []
    for labels in (y, garbled):
        X_seen = X.copy()
        X_seen[test] = 0.0 if labels is garbled else X[test]
        model = ACMClassifier(**GRID, rule=rule).fit(X_seen[train], labels[train])
        fits.append((model.settings_, model.decision_function(X[test])))
    assert fits[0][0] == fits[1][0]
    np.testing.assert_array_equal(fits[0][1], fits[1][1])


@pytest.mark.parametrize("classifier", ["svm", "mdm"])
def test_inner_models_never_see_their_test_epochs(classifier):
    """Test labels of a fold garbled: the fold's decision values do not change."""
    X, y = epochs(40)
    first, second = np.arange(20), np.arange(20, 40)
    garbled = y.copy()
    garbled[second] = 1 - garbled[second]
    tables = [
        ACMClassifier(**GRID, classifier=classifier, cv=[(first, second)])
        .fit(X, labels)
        .cv_results_["mean_test_score"]
        for labels in (y, garbled)
    ]
    # The same decision values against flipped labels: AUC becomes 1 - AUC.
    np.testing.assert_allclose(tables[0], 1 - tables[1], atol=1e-12)


def test_inner_folds_are_the_plain_pipeline_on_their_training_part():
    """Test epochs through other electrodes: a mean that saw them would turn."""
    X, y = epochs(40)
    first, second = np.arange(20), np.arange(20, 40)
    X[second] = np.array([[1.0, 4.0], [0.0, 0.2]]) @ X[second]
    decisions = []

    def scorer(model, C, labels):
        decisions.append(model.decision_function(C))
        return 0.0

    ACMClassifier((2,), (1,), cv=[(first, second)], scoring=scorer).fit(X, y)
    steps = AugmentedCovariances(2, 1), TangentSpace(), SVC(kernel="linear")
    pipeline = make_pipeline(*steps).fit(X[first], y[first])
    expected = pipeline.decision_function(X[second])
    # The solver's tolerance of 1e-3 grows with the size of the test epochs.
    np.testing.assert_allclose(decisions[0], expected, rtol=1e-2)


def test_no_inner_fold_splits_a_group():
    X, y = epochs()
    groups = np.repeat(["mon", "tue", "wed"], 20)
    seen = []

    class Spy(KFold):
        def split(self, X, y=None, groups=None):
            seen.append(groups)
            for g in np.unique(groups):
                yield np.flatnonzero(groups != g), np.flatnonzero(groups == g)

    model = ACMClassifier(**GRID).fit(X, y, groups)
    by_hand = ACMClassifier(**GRID, cv=Spy(3)).fit(X, y, groups)
    np.testing.assert_array_equal(seen[0], groups)
    for name, column in by_hand.cv_results_.items():
        np.testing.assert_array_equal(model.cv_results_[name], column)


@pytest.mark.parametrize("rule", RULES)
def test_table_agrees_with_the_choice(rule):
    X, y = epochs()
    model = ACMClassifier(**GRID, rule=rule).fit(X, y)
    table = model.cv_results_
    assert {column.shape for column in table.values()} == {(5,)}
    settings = list(zip(table["param_order"], table["param_lag"]))
    assert settings == [(1, 1), (2, 1), (2, 3), (3, 1), (3, 3)]
    chosen = {s for s, kept in zip(settings, table["selected"]) if kept}
    assert chosen == set(model.settings_)
    folds = np.stack([table[f"split{k}_test_score"] for k in range(5)])
    np.testing.assert_allclose(folds.mean(axis=0), table["mean_test_score"])
    errors = folds.std(axis=0, ddof=1) / np.sqrt(5)
    np.testing.assert_allclose(errors, table["standard_error"])


def test_average_of_settings_is_the_mean_in_units_of_the_spread():
    X, y = epochs(strength=0.1)
    model = ACMClassifier(**GRID, rule="average").fit(X, y)
    assert len(model.settings_) > 1
    parts = []
    for order, lag in model.settings_:
        one = ACMClassifier((order,), (lag,)).fit(X, y)
        d = one.decision_function(X)
        parts.append(d / d.std())
    decision = model.decision_function(X)
    np.testing.assert_allclose(decision, np.mean(parts, axis=0), rtol=1e-9)


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("classifier", ["svm", "lr", "mdm"])
def test_probabilities_are_calibrated(classifier, n_classes):
    """Mean confidence equals the accuracy on new epochs; sigmoids are far off."""
    X, y = epochs(1200, n_classes, strength=0.35)
    model = ACMClassifier((2,), (1,), classifier=classifier).fit(X[:200], y[:200])
    P = model.predict_proba(X[200:])
    np.testing.assert_allclose(P.sum(axis=1), 1.0, rtol=1e-12)
    right = np.argmax(P, axis=1) == np.searchsorted(model.classes_, y[200:])
    # Three standard errors of the accuracy and of what 200 epochs can calibrate.
    spread = 3 * np.sqrt(0.25 / 1000 + 0.25 / 200)
    assert abs(P.max(axis=1).mean() - right.mean()) < spread


def test_string_labels_and_groups():
    X, y = epochs()
    names = np.array(["left hand", "right hand"])[y]
    model = ACMClassifier(**GRID).fit(X, names.tolist(), groups=["a", "b", "c"] * 20)
    numbers = ACMClassifier(**GRID).fit(X, y, groups=np.arange(60) % 3)
    np.testing.assert_array_equal(model.classes_, ["left hand", "right hand"])
    expected = model.classes_[numbers.predict(X)]
    np.testing.assert_array_equal(model.predict(X), expected)


def test_float32_epochs_are_computed_in_float64():
    X, y = epochs()
    single = X.astype(np.float32)
    one = ACMClassifier(**GRID).fit(single, y)
    two = ACMClassifier(**GRID).fit(single.astype(np.float64), y)
    np.testing.assert_array_equal(
        one.decision_function(single), two.decision_function(single)
    )
    assert one.decision_function(single).dtype == np.float64


def test_settings_that_cannot_be_computed_are_listed_with_the_reason():
    X, y = epochs()
    model = ACMClassifier((1, 2, 60), (1, 100)).fit(X, y)
    table = model.cv_results_
    settings = list(zip(table["param_order"], table["param_lag"]))
    reasons = dict(zip(settings, table["reason"]))
    assert reasons[(1, 1)] == reasons[(2, 1)] == ""
    assert "order * lag" in reasons[(2, 100)]
    assert "oas" in reasons[(60, 1)]
    left_out = table["reason"] != ""
    assert np.isnan(table["mean_test_score"][left_out]).all()
    assert not table["selected"][left_out].any()


def test_matrices_that_are_not_positive_definite_are_left_out():
    t = np.arange(200)
    rng = np.random.default_rng(0)
    phase = rng.uniform(0, 6, (20, 2, 1))
    X = np.sin(0.3 * t + phase)  # one frequency: rank 2, so order 1 is all there is
    model = ACMClassifier((1, 4), (1,), cv=2).fit(X, np.arange(20) % 2)
    assert model.settings_ == [(1, 1)]
    assert "positive definite" in model.cv_results_["reason"][1]


def test_workers_take_the_backend_and_give_the_same_answer():
    X, y = epochs()
    expected = ACMClassifier(**GRID).fit(X, y).decision_function(X)
    with use_backend("reference"), parallel_config(backend="threading"):
        model = ACMClassifier(**GRID, n_jobs=2).fit(X, y)
    np.testing.assert_allclose(model.decision_function(X), expected, rtol=1e-9)


def test_calls_are_recorded_when_nothing_runs_in_parallel():
    X, y = epochs(20)
    with use_backend("reference") as record:
        ACMClassifier((1, 2), (1,), cv=2).fit(X, y)
    names = {call.function for call in record.calls}
    assert {"eeg.augmented_covariance", "spd.whitened_log"} <= names


@pytest.mark.parametrize("scoring", ["accuracy", "neg_log_loss"])
def test_scoring_is_a_scikit_learn_scorer(scoring):
    X, y = epochs()
    model = ACMClassifier((1, 2), (1,), scoring=scoring)
    if scoring == "neg_log_loss":
        with pytest.raises(AttributeError, match="predict_proba"):
            model.fit(X, y)
    else:
        scores = model.fit(X, y).cv_results_["split0_test_score"]
        np.testing.assert_allclose(scores * 12, np.round(scores * 12), atol=1e-9)


def test_refitting_a_clone_is_silent_and_equal():
    X, y = epochs()
    model = ACMClassifier(**GRID)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        first = model.fit(X, y).decision_function(X)
    np.testing.assert_array_equal(clone(model).fit(X, y).decision_function(X), first)
