"""Pipelines with scikit-learn, MNE and pyRiemann, in both directions."""

import numpy as np
import pytest
from pyriemann.classification import MDM as PeerMDM
from pyriemann.estimation import Covariances
from pyriemann.tangentspace import TangentSpace as PeerTangentSpace
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC

from geomsci.eeg import ACMClassifier, AugmentedCovariances, DelayEmbedding
from geomsci.spd import MDM, TangentSpace
from geomsci.testing import contract_checks


def epochs(n_epochs=40):
    rng = np.random.default_rng(5)
    y = np.arange(n_epochs) % 2
    noise = rng.standard_normal((n_epochs, 3, 101))
    return noise[..., 1:] + 0.5 * y[:, None, None] * noise[..., :-1], y


ESTIMATORS = (
    DelayEmbedding(order=2, lag=3),
    AugmentedCovariances(order=2, lag=2, estimator="oas"),
    ACMClassifier(orders=(1, 2), lags=(1,), cv=2),
)


@pytest.mark.parametrize("check", contract_checks(), ids=lambda c: c.__name__)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_estimator_contract(estimator, check):
    check(estimator, *epochs())


def test_grid_search_over_order_and_lag():
    X, y = epochs()
    pipeline = Pipeline(
        [
            ("augmenteddataset", AugmentedCovariances()),
            ("tangent", TangentSpace()),
            ("svm", SVC(kernel="linear")),
        ]
    )
    grid = {"augmenteddataset__order": [1, 2], "augmenteddataset__lag": [1, 3]}
    search = GridSearchCV(pipeline, grid, cv=2, scoring="roc_auc", error_score="raise")
    search.fit(X, y)
    assert search.best_params_["augmenteddataset__order"] == 2
    assert search.best_params_["augmenteddataset__lag"] == 1


def test_classifier_is_scored_by_cross_validation():
    X, y = epochs()
    model = ACMClassifier(orders=(1, 2), lags=(1,), cv=2)
    scores = cross_val_score(model, X, y, cv=2, scoring="roc_auc", error_score="raise")
    assert scores.min() > 0.8


def test_peer_estimators_on_our_covariances():
    X, y = epochs()
    C = AugmentedCovariances(2, 1).fit_transform(X)
    ours = make_pipeline(TangentSpace(), LogisticRegression()).fit(C, y)
    peer = make_pipeline(PeerTangentSpace(), LogisticRegression()).fit(C, y)
    # pyRiemann stops its mean at 1e-8, logistic regression at 1e-4.
    np.testing.assert_allclose(
        ours.decision_function(C), peer.decision_function(C), atol=1e-3
    )
    np.testing.assert_array_equal(
        PeerMDM().fit(C, y).predict(C), MDM().fit(C, y).predict(C)
    )


def test_our_estimators_on_their_covariances():
    X, y = epochs()
    theirs = Covariances("oas").transform(X)
    ours = AugmentedCovariances(estimator="oas").fit_transform(X)
    np.testing.assert_allclose(
        MDM().fit(theirs, y).transform(theirs),
        MDM().fit(ours, y).transform(ours),
        rtol=1e-8,
    )


def mne_epochs(X, y):
    mne = pytest.importorskip("mne")
    info = mne.create_info(["C3", "Cz", "C4"], 100.0, "eeg")
    events = np.column_stack([np.arange(len(y)), np.zeros_like(y), y])
    return mne.EpochsArray(X, info, events, verbose="error")


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_mne_epochs_are_epochs(estimator):
    X, y = epochs()
    held = mne_epochs(X, y)
    method = "predict" if isinstance(estimator, ACMClassifier) else "transform"
    answer = getattr(estimator.fit(held, y), method)(held)
    np.testing.assert_array_equal(answer, getattr(estimator.fit(X, y), method)(X))


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda e: type(e).__name__)
def test_mne_epochs_without_data(estimator):
    X, y = epochs()
    nothing = mne_epochs(X, y)[:0]
    with pytest.raises(ValueError, match=r"get_data\(\) of EpochsArray"):
        estimator.fit(nothing, y[:0])
