"""Augmented covariances against embedding, pyRiemann, MOABB and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyriemann.estimation import Covariances
from sklearn.covariance import ledoit_wolf, oas

from geomsci.eeg import AugmentedCovariances, DelayEmbedding
from geomsci.reference.eeg.covariance import fourth_moment

ESTIMATORS = ("cov", "scm", "oas", "lwf")
SETTINGS = ((1, 1), (2, 1), (3, 4), (5, 2), (10, 3))


def epochs(seed=0, n_epochs=6, n_channels=3, n_times=150):
    """Coloured noise with an offset, so that centring matters."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((n_epochs, n_channels, n_times + 2))
    X = noise[..., 2:] + 0.7 * noise[..., 1:-1] + 0.3 * noise[..., :-2]
    return X + 5.0 * rng.standard_normal((n_epochs, n_channels, 1))


def moabb_augmented(X, order, lag):
    """MOABB's definition, written down independently."""
    if order == 1:
        return X
    parts = [X[:, :, k * lag : -(order - k) * lag] for k in range(order)]
    return np.concatenate(parts, axis=1)


def by_embedding(Z, estimator):
    """Covariances of the embedded epochs, one epoch at a time."""
    one = {
        "cov": lambda z: np.cov(z),
        "scm": lambda z: np.cov(z, bias=True),
        "oas": lambda z: oas(z.T)[0],
        "lwf": lambda z: ledoit_wolf(z.T)[0],
    }[estimator]
    return np.stack([one(z) for z in Z])


def relative(A, B):
    return np.linalg.norm(A - B) / np.linalg.norm(B)


@pytest.mark.parametrize(("order", "lag"), SETTINGS)
def test_equals_moabb_and_pyriemann(order, lag):
    X = epochs()
    expected = Covariances("cov").transform(moabb_augmented(X, order, lag))
    C = AugmentedCovariances(order, lag, "cov", trim="moabb").fit_transform(X)
    assert relative(C, expected) < 1e-12


def test_equals_the_real_moabb():
    features = pytest.importorskip("moabb.pipelines.features")
    X = epochs()
    Z = features.AugmentedDataset(order=4, lag=3).fit(X, None).transform(X)
    expected = Covariances("cov").transform(Z)
    C = AugmentedCovariances(4, 3, "cov", trim="moabb").fit_transform(X)
    assert relative(C, expected) < 1e-12


@pytest.mark.parametrize("trim", ["full", "moabb"])
@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(("order", "lag"), SETTINGS)
def test_block_recursion_equals_embedding(order, lag, estimator, trim):
    X = epochs()
    Z = DelayEmbedding(order, lag, trim).fit_transform(X)
    C = AugmentedCovariances(order, lag, estimator, trim).fit_transform(X)
    assert relative(C, by_embedding(Z, estimator)) < 1e-13


@pytest.mark.parametrize("estimator", ["oas", "lwf"])
def test_shrinkage_survives_more_rows_than_samples(estimator):
    X = epochs(n_channels=5, n_times=60)
    Z = DelayEmbedding(8, 4).fit_transform(X)
    assert Z.shape[1] > Z.shape[2]
    C = AugmentedCovariances(8, 4, estimator).fit_transform(X)
    assert relative(C, by_embedding(Z, estimator)) < 1e-13
    assert np.linalg.eigvalsh(C).min() > 0


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("setting", SETTINGS)
def test_exactly_symmetric(estimator, setting):
    C = AugmentedCovariances(*setting, estimator).fit_transform(epochs())
    np.testing.assert_array_equal(C, np.swapaxes(C, -1, -2))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_library(xp, estimator):
    X = epochs(n_times=300)
    Z = DelayEmbedding(3, 2).fit_transform(X)
    held = xp.asarray(X)
    C = AugmentedCovariances(3, 2, estimator).fit(held).transform(held)
    # The offsets are taken off before the products: their size beside the spread.
    kappa = float(np.abs(X).max() / X.std(axis=-1).min())
    xp.assert_close(C, by_embedding(Z, estimator), kappa=kappa, n=300)
    np.testing.assert_array_equal(xp.to_numpy(held), xp.to_numpy(xp.asarray(X)))


def test_result_does_not_depend_on_the_batch():
    X = epochs(n_epochs=40, n_times=4000)
    model = AugmentedCovariances(2, 3, "lwf").fit(X)
    alone = np.concatenate([model.transform(X[i : i + 1]) for i in range(40)])
    np.testing.assert_allclose(model.transform(X), alone, rtol=1e-13, atol=0)


@settings(max_examples=40, deadline=None)
@given(
    n_channels=st.integers(1, 4),
    order=st.integers(1, 6),
    lag=st.integers(1, 5),
    spare=st.integers(2, 40),
    trim=st.sampled_from(["full", "moabb"]),
    estimator=st.sampled_from(["oas", "lwf"]),
)
def test_any_shape(n_channels, order, lag, spare, trim, estimator):
    n_times = order * lag + spare
    X = epochs(n_epochs=2, n_channels=n_channels, n_times=n_times)
    Z = DelayEmbedding(order, lag, trim).fit_transform(X)
    assert Z.shape[1:] == (
        order * n_channels,
        n_times - (order - (trim == "full")) * lag if order > 1 else n_times,
    )
    C = AugmentedCovariances(order, lag, estimator, trim).fit_transform(X)
    assert relative(C, by_embedding(Z, estimator)) < 1e-12


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_channel_permutation_permutes_every_block(estimator):
    X, order = epochs(), 4
    channels = np.array([2, 0, 1])
    rows = np.concatenate([3 * k + channels for k in range(order)])
    model = AugmentedCovariances(order, 2, estimator)
    C = model.fit_transform(X)
    permuted = model.fit_transform(X[:, channels, :])
    assert relative(permuted, C[:, rows][:, :, rows]) < 1e-13


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_scaling_by_a_power_of_two_is_exact(estimator):
    model = AugmentedCovariances(3, 2, estimator)
    C = model.fit_transform(epochs())
    np.testing.assert_array_equal(model.fit_transform(4.0 * epochs()), 16.0 * C)


def test_offsets_do_not_matter():
    X = epochs()
    shifted = X + 1e6
    model = AugmentedCovariances(4, 2)
    # Adding the offset rounds every sample by up to eps * 1e6.
    budget = 10 * np.finfo(float).eps * 1e6
    assert relative(model.fit_transform(shifted), model.fit_transform(X)) < budget


def test_order_two_holds_the_lagged_covariance():
    rng = np.random.default_rng(3)
    e = rng.standard_normal((1, 1, 200_001))
    X = e[..., 1:] + 0.5 * e[..., :-1]  # autocovariances 1.25 and 0.5
    C = AugmentedCovariances(2, 1).fit_transform(X)[0]
    np.testing.assert_allclose(C, [[1.25, 0.5], [0.5, 1.25]], atol=5 / 200_000**0.5)


@pytest.mark.parametrize(("order", "lag"), [(1, 1), (3, 2)])
def test_fourth_moment_is_that_of_the_embedding(xp, order, lag):
    X = epochs()
    Z = DelayEmbedding(order, lag).fit_transform(X)
    mu = Z.mean(axis=-1).reshape(6, order, 3)
    norms = np.sum((Z - Z.mean(axis=-1, keepdims=True)) ** 2, axis=1)
    moment = fourth_moment(xp.asarray(X), xp.asarray(mu), lag, Z.shape[-1])
    kappa = 4 * float(np.abs(X).max() / X.std(axis=-1).min())
    xp.assert_close(moment, np.sum(norms**2, axis=-1), kappa=kappa, n=450)
