"""TangentSpace, MDM and FgMDM: contract, agreement over libraries, peers."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.exceptions import NotFittedError

from geomsci import spd
from geomsci.testing import contract_checks

ESTIMATORS = (
    spd.TangentSpace(),
    spd.TangentSpace(metric="bures-wasserstein"),
    spd.MDM(),
    spd.MDM(metric="log-euclidean"),
    spd.FgMDM(),
)
CLASSIFIERS = (spd.MDM(), spd.MDM(metric="bures-wasserstein"), spd.FgMDM())


@pytest.fixture
def two_classes(spd_batch):
    y = np.arange(12) % 2
    scale = np.where(y[:, None, None] == 1, np.diag([2.0, 1, 1, 1]), np.eye(4))
    return scale @ spd_batch @ scale, y


@pytest.mark.parametrize("check", contract_checks(), ids=lambda c: c.__name__)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=str)
def test_contract(estimator, check, two_classes):
    check(estimator, *two_classes)


@pytest.mark.parametrize("metric", ["affine", "log-euclidean", "bures-wasserstein"])
def test_tangent_space_goes_there_and_back(xp, spd_batch, metric):
    space = spd.TangentSpace(metric=metric, tol=64 * xp.eps)
    T = space.fit_transform(xp.asarray(spd_batch))
    xp.assert_close(space.inverse_transform(T), spd_batch, kappa=1e3, n=4)
    reference = spd.mean(spd_batch, metric=metric)
    xp.assert_close(space.reference_, reference, kappa=1e3, n=12)
    again = space.transform(xp.asarray(spd_batch))
    xp.assert_close(again, xp.to_numpy(T).astype(float), kappa=1e3, n=4)


@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=str)
def test_classifiers_agree_across_libraries(xp, two_classes, classifier):
    X, y = two_classes
    here = clone(classifier).fit(X, y)
    expected, labels = here.predict_proba(X), here.predict(X)
    native = clone(classifier).set_params(tol=64 * xp.eps)
    native.fit(xp.asarray(X), xp.asarray(y))
    xp.assert_close(native.predict_proba(xp.asarray(X)), expected, kappa=1e4, n=12)
    xp.assert_close(native.predict(xp.asarray(X)), labels)


def test_labels_on_the_host_come_back_as_they_were(xp, two_classes):
    X, y = two_classes
    words = np.where(y == 1, "left", "right")
    model = spd.MDM(tol=64 * xp.eps).fit(xp.asarray(X), words.tolist())
    assert set(model.predict(xp.asarray(X))) <= {"left", "right"}
    assert list(model.classes_) == ["left", "right"]


def test_mdm_is_the_nearest_mean(two_classes):
    X, y = two_classes
    model = spd.MDM().fit(X, y)
    means = [spd.mean(X[y == k]) for k in (0, 1)]
    D = np.stack([spd.distance(X, M) for M in means], axis=1)
    np.testing.assert_allclose(model.transform(X), D, rtol=1e-9)
    np.testing.assert_array_equal(model.predict(X), D.argmin(axis=1))


def test_discriminant_projector_matches_scikit_learn(two_classes):
    X, y = two_classes
    model = spd.FgMDM().fit(X, y)
    T = spd.tangent_vectors(X, model.reference_)
    lda = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(T, y)
    w = lda.coef_[0] / np.linalg.norm(lda.coef_[0])
    np.testing.assert_allclose(model.filter_, np.outer(w, w), atol=1e-10)


def test_discriminants_of_k_classes_span_k_minus_one_directions():
    rng = np.random.default_rng(3)
    A = rng.standard_normal((30, 3, 9))
    X, y = A @ np.swapaxes(A, -1, -2) / 9 + np.eye(3), np.arange(30) % 3
    P = spd.FgMDM().fit(X, y).filter_
    np.testing.assert_allclose(P @ P, P, atol=1e-12)
    assert np.trace(P) == pytest.approx(2.0)


def test_pyriemann_gives_the_same_two_class_probabilities(two_classes):
    classification = pytest.importorskip("pyriemann.classification")
    X, y = two_classes
    for name in ("MDM", "FgMDM"):
        theirs = getattr(classification, name)(metric="riemann").fit(X, y)
        ours = getattr(spd, name)().fit(X, y)
        np.testing.assert_allclose(
            ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6
        )


def test_another_library_than_in_fit_is_refused(two_classes):
    strict = pytest.importorskip("array_api_strict")
    X, y = two_classes
    model = spd.MDM().fit(X, y)
    with pytest.raises(TypeError, match="numpy.*as in fit.*array_api_strict"):
        model.predict(strict.asarray(X))


@pytest.mark.parametrize("labels", [None, [0] * 12, [0, 1], [0.5] * 12])
def test_bad_labels_are_refused(two_classes, labels):
    X, _ = two_classes
    with pytest.raises(ValueError, match=r"label|classes|shape|continuous"):
        spd.MDM().fit(X, labels)


def test_unknown_parameters_are_refused(two_classes):
    with pytest.raises(ValueError, match="metric"):
        spd.TangentSpace(metric="euclid").fit(*two_classes)


def test_fgmdm_takes_metrics_with_a_global_exponential(two_classes):
    spd.FgMDM(metric="log-euclidean").fit(*two_classes)
    with pytest.raises(ValueError, match="FgMDM must be a str among"):
        spd.FgMDM(metric="bures-wasserstein").fit(*two_classes)


def test_inverse_transform_before_fit():
    with pytest.raises(NotFittedError):
        spd.TangentSpace().inverse_transform(np.zeros((1, 3)))


def test_set_output_gives_named_columns(spd_batch):
    space = spd.TangentSpace().fit(spd_batch)
    names = space.get_feature_names_out()
    assert len(names) == 10
    assert names[0] == "tangentspace0"
