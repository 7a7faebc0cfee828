"""The host kernel of the fourth moment against its definition."""

from __future__ import annotations

import numpy as np
import pytest

from geomsci.backends.kernels import shrinkage


def _epochs(n, n_channels, n_times, order, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, n_channels, n_times)).astype(dtype)
    return X, rng.standard_normal((n, order, n_channels)).astype(dtype)


def _definition(X, mu, lag, n_samples):
    """One sample after the other, in extended precision."""
    moments = []
    for epoch, mean in zip(X.astype(np.longdouble), mu.astype(np.longdouble)):
        embedded = [
            epoch[:, k * lag : k * lag + n_samples] - mean[k][:, None]
            for k in range(len(mean))
        ]
        moments.append(np.sum(np.sum(np.square(embedded), axis=(0, 1)) ** 2))
    return np.array(moments)


def _rtol(mu, dtype):
    """All terms are positive: a rounding error for each addend of the inner sum."""
    return (2 * mu.shape[1] * mu.shape[2] + 8) * float(np.finfo(dtype).eps)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_samples", [1, 31, 33, 511, 512, 513, 1100])
def test_equals_definition(n_samples, dtype):
    lag, order = 3, 4
    X, mu = _epochs(3, 5, n_samples + (order - 1) * lag + 2, order, dtype)
    out = shrinkage.fourth_moment_numba(X, mu, lag, n_samples)
    assert out.dtype == dtype
    expected = _definition(X, mu, lag, n_samples)
    np.testing.assert_allclose(out, expected, rtol=_rtol(mu, dtype))


def test_one_channel_without_mean_is_the_sum_of_fourth_powers():
    X, mu = _epochs(4, 1, 50, 1)
    out = shrinkage.fourth_moment_numba(X, 0 * mu, 1, 50)
    np.testing.assert_allclose(out, np.sum(X**4, axis=(1, 2)), rtol=_rtol(mu, X.dtype))


def test_zero_lag_counts_every_lag_again():
    X, mu = _epochs(4, 3, 60, 1)
    once = shrinkage.fourth_moment_numba(X, mu, 0, 60)
    twice = shrinkage.fourth_moment_numba(X, np.repeat(mu, 2, axis=1), 0, 60)
    np.testing.assert_allclose(twice, 4 * once, rtol=_rtol(mu, X.dtype))


@pytest.mark.parametrize("N", [1, 2, 33, 257])
def test_bits_do_not_depend_on_the_batch(N):
    X, mu = _epochs(257, 4, 700, 2)
    whole = shrinkage.fourth_moment_numba(X, mu, 2, 690)
    part = shrinkage.fourth_moment_numba(X[:N], mu[:N], 2, 690)
    np.testing.assert_array_equal(part, whole[:N])


def test_read_only_and_strided_input_stays_untouched():
    X, mu = _epochs(5, 4, 300, 2)
    expected = shrinkage.fourth_moment_numba(X, mu, 2, 290)
    strided = np.repeat(X, 2, axis=2)[:, :, ::2]
    read_only = X.copy()
    read_only.flags.writeable = False
    for given in (strided, read_only):
        out = shrinkage.fourth_moment_numba(given, mu, 2, 290)
        np.testing.assert_array_equal(out, expected)
        np.testing.assert_array_equal(given, X)


def test_predicate_refuses_indices_outside_the_epoch():
    X, mu = _epochs(40, 4, 300, 3)
    assert shrinkage.accepts_fourth_moment(X, mu, 10, 280)
    assert not shrinkage.accepts_fourth_moment(X, mu, 10, 281)
    assert not shrinkage.accepts_fourth_moment(X, mu, -1, 280)
    assert not shrinkage.accepts_fourth_moment(X, mu[:39], 10, 280)
    assert not shrinkage.accepts_fourth_moment(X, mu[:, :, :3], 10, 280)


def test_predicate_refuses_other_types_and_little_work():
    X, mu = _epochs(40, 4, 300, 3)
    single = (X.astype(np.float32), mu.astype(np.float32))
    assert shrinkage.accepts_fourth_moment(*single, 10, 280)
    assert not shrinkage.accepts_fourth_moment(X, single[1], 10, 280)
    assert not shrinkage.accepts_fourth_moment(X + 0j, mu + 0j, 10, 280)
    assert not shrinkage.pays_fourth_moment(X[:2], mu[:2], 10, 280)
