"""Every bad input is refused in one sentence, and nothing is written to."""

import numpy as np
import pytest

from geomsci.eeg import ACMClassifier, AugmentedCovariances, DelayEmbedding

TRANSFORMERS = (DelayEmbedding, AugmentedCovariances)


def epochs(n_epochs=8, n_channels=3, n_times=50):
    rng = np.random.default_rng(1)
    return rng.standard_normal((n_epochs, n_channels, n_times))


def labels(n_epochs=8):
    return np.arange(n_epochs) % 2


def small_classifier(**options):
    return ACMClassifier(orders=(1, 2), lags=(1,), cv=2, **options)


def assert_one_sentence(caught):
    text = str(caught.value)
    assert text.endswith(".")
    assert ". " not in text.replace("vs. ", "")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", [0, 20, 49])
@pytest.mark.parametrize("method", ["fit", "transform"])
@pytest.mark.parametrize("kind", TRANSFORMERS)
def test_sample_that_is_not_finite(kind, method, where, value):
    X = epochs()
    model = kind(order=2, lag=3, trim="moabb").fit(X)
    X[5, 1, where] = value
    with pytest.raises(ValueError, match=rf"\(5, 1, {where}\)") as caught:
        getattr(model, method)(X)
    assert_one_sentence(caught)


def test_overflow_of_the_squares_says_rescale():
    with pytest.raises(ValueError, match="rescale") as caught:
        AugmentedCovariances().fit_transform(1e200 * epochs())
    assert_one_sentence(caught)


@pytest.mark.parametrize("kind", TRANSFORMERS)
@pytest.mark.parametrize("shape", [(50,), (3, 50), (2, 2, 3, 50)])
def test_wrong_number_of_dimensions(kind, shape):
    with pytest.raises(ValueError, match="3 dimensions") as caught:
        kind().fit(np.ones(shape))
    assert_one_sentence(caught)


@pytest.mark.parametrize("kind", TRANSFORMERS)
@pytest.mark.parametrize("shape", [(0, 3, 50), (2, 0, 50), (2, 3, 0)])
def test_empty_epochs(kind, shape):
    with pytest.raises(ValueError, match="at least one epoch") as caught:
        kind().fit(np.ones(shape))
    assert_one_sentence(caught)


@pytest.mark.parametrize("kind", TRANSFORMERS)
@pytest.mark.parametrize("trim", ["full", "moabb"])
@pytest.mark.parametrize(("order", "lag"), [(5, 10), (2, 25), (50, 1)])
def test_embedding_as_long_as_the_epoch(kind, trim, order, lag):
    with pytest.raises(ValueError, match="order \\* lag") as caught:
        kind(order=order, lag=lag, trim=trim).fit(epochs())
    assert_one_sentence(caught)


@pytest.mark.parametrize("kind", TRANSFORMERS)
def test_one_sample_is_not_enough(kind):
    with pytest.raises(ValueError, match="at least 2 samples") as caught:
        kind().fit(epochs(n_times=1))
    assert_one_sentence(caught)


@pytest.mark.parametrize("estimator", ["cov", "scm"])
@pytest.mark.parametrize(("order", "lag"), [(13, 1), (10, 3)])
def test_more_rows_than_samples_names_what_regularises(estimator, order, lag):
    model = AugmentedCovariances(order, lag, estimator)
    with pytest.raises(ValueError, match="oas.*lwf") as caught:
        model.fit(epochs())
    assert_one_sentence(caught)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e9 / 3])
@pytest.mark.parametrize("estimator", ["cov", "scm"])
def test_constant_channel_is_named(estimator, value):
    X = epochs()
    X[4, 1] = value
    model = AugmentedCovariances(2, 1, estimator).fit(X)
    with pytest.raises(ValueError, match=r"constant channels \[1\] in epoch 4") as e:
        model.transform(X)
    assert_one_sentence(e)


@pytest.mark.parametrize("factor", [1.0, -3.7, 1e-6])
def test_duplicated_channel_is_named(factor):
    X = epochs()
    X[6, 2] = factor * X[6, 0] + 4.0
    model = AugmentedCovariances().fit(X)
    with pytest.raises(ValueError, match=r"channels 0 and 2 in epoch 6") as caught:
        model.transform(X)
    assert_one_sentence(caught)


@pytest.mark.parametrize("estimator", ["oas", "lwf"])
def test_regularising_estimators_take_dependent_channels(estimator):
    X = epochs()
    X[0, 1], X[1, 2] = 0.5, X[1, 0]
    C = AugmentedCovariances(2, 1, estimator).fit_transform(X)
    assert np.linalg.eigvalsh(C).min() > 0


@pytest.mark.parametrize("estimator", ["oas", "lwf"])
def test_nothing_regularises_an_epoch_without_signal(estimator):
    X = epochs()
    X[3] = 2.5
    model = AugmentedCovariances(1, 1, estimator).fit(X)
    with pytest.raises(ValueError, match=r"\[0, 1, 2\] in epoch 3") as caught:
        model.transform(X)
    assert_one_sentence(caught)


def test_float32_that_cannot_carry_the_conditioning():
    t = np.arange(300)
    rng = np.random.default_rng(0)
    phase = rng.uniform(0, 6, (4, 2, 5, 1))
    X = np.sum(np.sin(0.05 * (1 + np.arange(5)[:, None]) * t + phase), axis=2)
    X = X + 1e-3 * rng.standard_normal(X.shape)
    model = AugmentedCovariances(order=6, lag=1)
    C = model.fit_transform(X)
    assert 12 * np.finfo(np.float32).eps * np.linalg.cond(C).max() > 0.1
    single = X.astype(np.float32)
    with pytest.raises(ValueError, match=r"astype\(float64\)") as caught:
        model.fit(single).transform(single)
    assert_one_sentence(caught)


def test_float32_that_can_is_kept():
    X = epochs().astype(np.float32)
    assert AugmentedCovariances(2, 1).fit_transform(X).dtype == np.float32


@pytest.mark.parametrize("kind", TRANSFORMERS)
@pytest.mark.parametrize("convert", [np.ndarray.tolist, lambda X: X.astype(np.int16)])
def test_lists_and_integers_become_float64(kind, convert):
    whole = np.round(100 * epochs())
    converted = kind(order=2).fit_transform(convert(whole))
    assert converted.dtype == np.float64
    np.testing.assert_array_equal(converted, kind(order=2).fit_transform(whole))


@pytest.mark.parametrize("kind", TRANSFORMERS)
def test_complex_signals(kind):
    with pytest.raises(TypeError, match="real signals") as caught:
        kind().fit(epochs() + 1j)
    assert_one_sentence(caught)


@pytest.mark.parametrize("kind", TRANSFORMERS)
def test_other_channels_at_transform(kind):
    model = kind().fit(epochs())
    with pytest.raises(ValueError, match="3 channels as in fit, got 2") as caught:
        model.transform(epochs(n_channels=2))
    assert_one_sentence(caught)


@pytest.mark.parametrize("kind", TRANSFORMERS)
def test_other_library_at_transform(kind):
    strict = pytest.importorskip("array_api_strict")
    model = kind().fit(epochs())
    with pytest.raises(TypeError, match="fitted on numpy.*array_api_strict") as caught:
        model.transform(strict.asarray(epochs()))
    assert_one_sentence(caught)


class Broken:
    """An object like MNE's Epochs whose data are not there."""

    def __init__(self, answer):
        self.answer = answer

    def get_data(self):
        """The answer, raised if it is an error."""
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [RuntimeError("no raw data"), None, np.ones((0, 3))])
@pytest.mark.parametrize("kind", [*TRANSFORMERS, ACMClassifier])
def test_epochs_object_without_data(kind, answer):
    arguments = (labels(),) if kind is ACMClassifier else ()
    with pytest.raises(ValueError, match=r"get_data\(\) of Broken") as caught:
        kind().fit(Broken(answer), *arguments)
    assert_one_sentence(caught)


@pytest.mark.parametrize("kind", TRANSFORMERS)
@pytest.mark.parametrize(
    "parameters", [{"order": 0}, {"lag": 1.5}, {"trim": "some"}, {"backend": "gpu"}]
)
def test_parameters_out_of_range(kind, parameters):
    with pytest.raises(ValueError, match=next(iter(parameters))):
        kind(**parameters).fit(epochs())


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros(8), "at least two classes"),
        (np.array(["left"] * 8), "left"),
        (labels(7), "each of the 8 epochs"),
        (np.array([0] * 7 + [1]), "at least two epochs"),
        (np.linspace(0, 1, 8), "continuous"),
    ],
)
def test_labels_that_cannot_be_learned(y, message):
    with pytest.raises(ValueError, match=message):
        ACMClassifier(orders=(1,)).fit(epochs(), y)


def test_one_epoch_cannot_be_cross_validated():
    with pytest.raises(ValueError, match="at least two classes") as caught:
        small_classifier().fit(epochs(n_epochs=1), [1])
    assert_one_sentence(caught)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"orders": ()}, "orders must be a non-empty"),
        ({"orders": (0,)}, "orders must be a non-empty"),
        ({"lags": (1.5,)}, "lags must be a non-empty"),
        ({"cv": 5}, "cv must be between 2 and 4"),
        ({"cv": []}, "at least one inner fold"),
    ],
)
def test_classifier_parameters_out_of_range(options, message):
    with pytest.raises(ValueError, match=message) as caught:
        ACMClassifier(**options).fit(epochs(), labels())
    assert_one_sentence(caught)


def test_no_setting_left_names_what_regularises():
    X = epochs(n_channels=30, n_times=25)
    with pytest.raises(ValueError, match="oas.*lwf") as caught:
        small_classifier().fit(X, labels())
    assert_one_sentence(caught)


def test_constant_channel_is_named_by_the_classifier():
    X = epochs()
    X[2, 0] = 1.0
    with pytest.raises(ValueError, match=r"constant channels \[0\] in epoch 2"):
        small_classifier().fit(X, labels())


def test_classifier_refuses_arrays_of_other_libraries():
    strict = pytest.importorskip("array_api_strict")
    with pytest.raises(TypeError, match="NumPy") as caught:
        small_classifier().fit(strict.asarray(epochs()), labels())
    assert_one_sentence(caught)


def test_groups_of_wrong_length_and_a_single_group():
    with pytest.raises(ValueError, match="groups must hold one label"):
        small_classifier().fit(epochs(), labels(), groups=[0, 1])
    with pytest.raises(ValueError, match="at least two groups"):
        small_classifier().fit(epochs(), labels(), groups=np.zeros(8))
