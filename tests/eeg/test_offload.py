"""Explicit offload, with the strict library's second device in the place of a GPU."""

import numpy as np
import pytest

import geomsci
from geomsci.eeg import ACMClassifier, AugmentedCovariances, DelayEmbedding


class Epochs:
    def __init__(self, X):
        self.X = X

    def get_data(self):
        return self.X


def epochs():
    rng = np.random.default_rng(2)
    y = np.arange(24) % 2
    noise = rng.standard_normal((24, 2, 81))
    return noise[..., 1:] + 0.8 * y[:, None, None] * noise[..., :-1], y


@pytest.mark.parametrize("wrap", [np.asarray, Epochs])
@pytest.mark.parametrize("kind", [DelayEmbedding, AugmentedCovariances])
def test_transformers(offload, kind, wrap):
    X, _ = epochs()
    expected = kind(order=2).fit_transform(X)
    with geomsci.use_backend("cupy") as record:
        model = kind(order=2).fit(wrap(X))
        answer = model.transform(wrap(X))
    assert type(answer) is np.ndarray
    np.testing.assert_allclose(answer, expected, rtol=1e-12, atol=1e-14)
    assert [t.direction for t in record.transfers].count("to device") == 2
    np.testing.assert_array_equal(model.transform(X), expected)


@pytest.mark.parametrize("classifier", ["svm", "mdm"])
@pytest.mark.parametrize("names", [[3, 7], ["left", "right"]])
def test_classifier(offload, classifier, names):
    X, codes = epochs()
    y = np.array(names)[codes]
    grid = {"orders": (1, 2), "lags": (1,), "cv": 2, "classifier": classifier}
    expected = ACMClassifier(**grid).fit(X, y)
    with geomsci.use_backend("cupy"):
        model = ACMClassifier(**grid).fit(X, y, groups=np.arange(24) % 3)
        offloaded = model.predict(X)
    assert type(offloaded) is type(model.classes_) is np.ndarray
    model = ACMClassifier(**grid, backend="cupy").fit(X, y)
    np.testing.assert_allclose(
        model.decision_function(X), expected.decision_function(X), atol=1e-5
    )
    np.testing.assert_array_equal(model.predict(X), expected.predict(X))
