"""The CUDA C++ kernel of the fourth moment, run on the host by the shim."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from geomsci.backends import cuda

EDGES = [1, 31, 32, 33, 257]
ORDERS = {"forwards": 0, "backwards": 1}


def _epochs(n, n_channels, n_times, order, dtype, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, n_channels, n_times)).astype(dtype)
    return X, rng.standard_normal((n, order, n_channels)).astype(dtype)


def _direct(X, mu, lag, n_samples):
    """The definition over the embedding itself, in extended precision."""
    X, mu = X.astype(np.longdouble), mu.astype(np.longdouble)
    order = mu.shape[1]
    Z = np.concatenate(
        [X[:, :, k * lag : k * lag + n_samples] for k in range(order)], axis=1
    )
    Z = Z - mu.reshape(len(mu), -1, 1)
    return np.sum(np.sum(Z * Z, axis=1) ** 2, axis=1)


def _launch(library, X, mu, lag, n_samples, threads=256, order="forwards"):
    name = {"float64": "double", "float32": "float"}[X.dtype.name]
    out = np.full(len(X), np.nan, dtype=X.dtype)
    pointers = [a.ctypes.data_as(ctypes.c_void_p) for a in (X, mu, out)]
    sizes = (X.shape[1], X.shape[2], mu.shape[1], lag, n_samples)
    status = getattr(library, f"launch_fourth_moment_{name}")(
        len(X), threads, ORDERS[order], *pointers[:2],
        *(ctypes.c_longlong(size) for size in sizes), pointers[2],
    )  # fmt: skip
    assert status == 0
    return out


def _rtol(X, mu, n_samples):
    """All terms are positive: a rounding error for each addend of the inner sum."""
    terms = mu.shape[1] * mu.shape[2]
    return (2 * terms + 8) * float(np.finfo(X.dtype).eps)


@pytest.mark.parametrize("order", list(ORDERS))
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n_samples", EDGES)
def test_equals_definition_at_every_length(host_fourth_moment, n_samples, dtype, order):
    lag, lags = 2, 3
    X, mu = _epochs(2, 3, n_samples + (lags - 1) * lag, lags, dtype)
    out = _launch(host_fourth_moment, X, mu, lag, n_samples, order=order)
    expected = _direct(X, mu, lag, n_samples)
    np.testing.assert_allclose(out, expected, rtol=_rtol(X, mu, n_samples))


@pytest.mark.parametrize("n_epochs", EDGES)
def test_equals_definition_for_every_number_of_epochs(host_fourth_moment, n_epochs):
    X, mu = _epochs(n_epochs, 2, 40, 1, np.float64)
    out = _launch(host_fourth_moment, X, mu, 1, 40, threads=64)
    np.testing.assert_allclose(out, _direct(X, mu, 1, 40), rtol=_rtol(X, mu, 40))


@pytest.mark.parametrize("threads", [32, 64, 256, 1024])
def test_every_block_size_gives_the_same_sum(host_fourth_moment, threads):
    X, mu = _epochs(3, 4, 300, 2, np.float64)
    out = _launch(host_fourth_moment, X, mu, 5, 290, threads=threads)
    np.testing.assert_allclose(out, _direct(X, mu, 5, 290), rtol=_rtol(X, mu, 290))


def test_result_does_not_depend_on_the_order_of_threads(host_fourth_moment):
    X, mu = _epochs(3, 4, 300, 2, np.float64)
    out = [_launch(host_fourth_moment, X, mu, 5, 290, order=o) for o in ORDERS]
    np.testing.assert_array_equal(*out)


def test_kernel_without_its_barrier_is_caught(build):
    text = cuda.source("fourth_moment.cu")
    assert text.count("__syncthreads();") == 1
    library = build("host_launch.cpp", text.replace("__syncthreads();", ""))
    X, mu = _epochs(1, 2, 300, 1, np.float64)
    assert np.isnan(_launch(library, X, mu, 1, 300)).all()
