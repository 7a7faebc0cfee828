"""Scores and their paired bootstrap intervals."""

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from geomsci.validation.scores import (
    Outcome,
    accuracy_weights,
    auc_weights,
    scores_of,
    stratified_counts,
)

ABOUT = {"suite": "s", "dataset": "d", "subject": "1", "protocol": "p"}


@pytest.fixture
def trials():
    rng = np.random.default_rng(3)
    y = np.repeat([0, 1], [30, 50])
    decision = np.round(rng.standard_normal(80) + y, 1)  # rounding makes ties
    return y, decision


def test_weighted_area_equals_scikit_learn_with_ties(trials):
    y, decision = trials
    W = np.random.default_rng(4).integers(1, 4, size=(5, 80)).astype(float)
    expected = [roc_auc_score(y, decision, sample_weight=w) for w in W]
    np.testing.assert_allclose(auc_weights(decision, y == 1, W), expected, rtol=1e-13)


def test_weighted_accuracy_equals_scikit_learn(trials):
    y, decision = trials
    W = np.random.default_rng(5).integers(1, 4, size=(5, 80)).astype(float)
    predicted = (decision > 0.5).astype(int)
    expected = [accuracy_score(y, predicted, sample_weight=w) for w in W]
    np.testing.assert_allclose(accuracy_weights(predicted, y, W), expected, rtol=1e-13)


def test_bootstrap_samples_keep_the_class_sizes(trials):
    y, _ = trials
    W = stratified_counts(y, np.arange(y.size), 50, seed=0)
    assert set(W[:, y == 0].sum(axis=1)) == {30.0}
    assert set(W[:, y == 1].sum(axis=1)) == {50.0}


def test_bootstrap_draws_whole_trials():
    trial = np.repeat(np.arange(10), 4)
    W = stratified_counts(trial % 2, trial, 50, seed=0).reshape(50, 10, 4)
    assert np.all(W == W[:, :, :1])
    assert set(W[:, ::2, 0].sum(axis=1)) == {5.0}


def test_epochs_of_one_trial_do_not_narrow_the_interval():
    rng = np.random.default_rng(0)
    y, hit = np.arange(40) % 2, rng.random(40) < 0.6
    said = np.where(hit, y, 1 - y)
    widths = []
    for repeat in (1, 4):
        (score,) = scores_of(
            {"base": Outcome(np.repeat(said, repeat), 0.1)},
            np.repeat(y, repeat),
            np.repeat(np.arange(40), repeat),
            metric="accuracy",
            baseline="base",
            **ABOUT,
        )
        widths.append(score.high - score.low)
        assert score.n_test == 40
    assert widths[0] == widths[1]


def test_same_outcome_has_no_gain_and_no_interval(trials):
    y, decision = trials
    outcomes = {"base": Outcome(decision, 0.1), "twin": Outcome(3 * decision, 0.1)}
    _, twin = scores_of(
        outcomes, y, np.arange(y.size), metric="AUC", baseline="base", **ABOUT
    )
    assert (twin.gain, twin.gain_low, twin.gain_high) == (0.0, 0.0, 0.0)


def test_interval_of_an_area_has_the_width_of_hanley_and_mcneil(trials):
    y, decision = trials
    (score,) = scores_of(
        {"base": Outcome(decision, 0.1)},
        y,
        np.arange(y.size),
        metric="AUC",
        baseline="base",
        **ABOUT,
    )
    A, n1, n0 = score.value, 50, 30
    q1, q2 = A / (2 - A), 2 * A * A / (1 + A)
    spread = A * (1 - A) + (n1 - 1) * (q1 - A * A) + (n0 - 1) * (q2 - A * A)
    error = (spread / (n1 * n0)) ** 0.5
    assert score.low < A < score.high
    assert (score.high - score.low) == pytest.approx(2 * 1.96 * error, rel=0.25)


def test_chance_of_an_accuracy_is_one_over_the_classes():
    y = np.arange(30) % 3
    outcomes = {"base": Outcome(y, 0.1)}
    (score,) = scores_of(
        outcomes, y, np.arange(y.size), metric="accuracy", baseline="base", **ABOUT
    )
    assert (score.value, score.chance) == (1.0, 1 / 3)
