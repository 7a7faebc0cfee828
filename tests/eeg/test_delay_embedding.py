"""The delay embedding is a stack of shifted copies."""

import numpy as np
import pytest

from geomsci.eeg import DelayEmbedding


@pytest.mark.parametrize("trim", ["full", "moabb"])
@pytest.mark.parametrize(("order", "lag"), [(1, 1), (2, 3), (4, 2)])
def test_rows_are_shifted_channels(xp, order, lag, trim):
    X = np.random.default_rng(0).standard_normal((2, 3, 20))
    held = xp.asarray(X)
    Z = DelayEmbedding(order, lag, trim).fit(held).transform(held)
    lost = 0 if order == 1 else (order - (trim == "full")) * lag
    expected = np.empty((2, order * 3, 20 - lost))
    for k in range(order):
        for c in range(3):
            expected[:, 3 * k + c] = X[:, c, k * lag : k * lag + 20 - lost]
    xp.assert_close(Z, expected)


def test_order_one_is_the_identity():
    X = np.random.default_rng(0).standard_normal((2, 3, 20))
    np.testing.assert_array_equal(DelayEmbedding().fit_transform(X), X)


def test_sine_becomes_a_circle():
    t = np.arange(400.0)
    X = np.sin(2 * np.pi * t / 40)[None, None, :]
    Z = DelayEmbedding(order=2, lag=10).fit_transform(X)  # a quarter of the period
    np.testing.assert_allclose(np.sum(Z**2, axis=1), 1.0, rtol=1e-12)
