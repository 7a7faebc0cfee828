"""The GPU form of the whitened logarithm, thread by thread in the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from geomsci.backends.kernels import spd
from geomsci.reference.spd import jacobi

EPS = float(np.finfo(np.float64).eps)


def _problem(N, n, seed=0):
    """Whitening matrix and SPD matrices whose whitened spectrum is in [1/9, 9]."""
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((N, n, n)))[0]
    w = 9.0 ** rng.uniform(-1, 1, (N, n))
    X = np.linalg.qr(rng.standard_normal((n, n)))[0] / np.sqrt(1 + np.arange(n))
    L = np.linalg.inv(X)
    logs = (Q * np.log(w)[:, None, :]) @ np.swapaxes(Q, 1, 2)
    C = L @ ((Q * w[:, None, :]) @ np.swapaxes(Q, 1, 2)) @ L.T
    return X, (C + np.swapaxes(C, 1, 2)) / 2, logs


def _launch(X, C, workers):
    n = X.shape[0]
    stack = np.ascontiguousarray(np.moveaxis(C, 0, -1))
    out = np.full_like(stack, np.nan)
    status = np.full(stack.shape[2], -1)
    workspaces = tuple(
        np.full((*shape, workers), np.nan) for shape in spd.workspace_shapes(n, n)
    )
    spd.launch_whitened_log(X.T.copy(), stack, out, status, workspaces)
    return np.moveaxis(out, -1, 0), status


def _tolerance(X, n):
    """Forward error of the spectrum by construction: eps times both conditions."""
    return 64 * EPS * 81 * np.linalg.cond(X) ** 2 * max(1, np.log2(n))


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_equals_logarithm_known_by_construction(n):
    X, C, logs = _problem(3, n)
    out, status = _launch(X, C, workers=3)
    assert (status == jacobi.OK).all()
    assert np.linalg.norm(out - logs) <= _tolerance(X, n) * np.linalg.norm(logs)


@pytest.mark.parametrize("N", [1, 31, 32, 33, 65])
def test_every_matrix_is_done_once_for_any_batch(N):
    X, C, logs = _problem(N, 2)
    out, status = _launch(X, C, workers=N)
    assert (status == jacobi.OK).all()
    assert np.linalg.norm(out - logs) <= _tolerance(X, 2) * np.linalg.norm(logs)


def test_few_workers_give_the_bits_of_many():
    X, C, _ = _problem(7, 3)
    many, few = _launch(X, C, workers=7)[0], _launch(X, C, workers=2)[0]
    np.testing.assert_array_equal(many, few)


def test_indefinite_matrix_fails_alone():
    X, C, _ = _problem(4, 3)
    expected, _ = _launch(X, C, workers=4)
    C[2] -= 100 * np.eye(3)
    out, status = _launch(X, C, workers=4)
    assert list(status) == [0, 0, jacobi.NOT_POSITIVE_DEFINITE, 0]
    np.testing.assert_array_equal(out[[0, 1, 3]], expected[[0, 1, 3]])


def test_agrees_with_the_host_kernel():
    X, C, logs = _problem(40, 5)
    out, _ = _launch(X, C, workers=40)
    host = spd.whitened_log_numba(X, C)
    assert np.linalg.norm(out - host) <= _tolerance(X, 5) * np.linalg.norm(logs)
