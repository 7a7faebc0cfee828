"""Derivatives to classes in one pass: reference, kernel and NumPy's eigvalsh."""

from __future__ import annotations

import numpy as np
import pytest

from geomsci.backends import run, use_backend
from geomsci.backends.kernels import web as kernels
from geomsci.reference.entropic import web

EPS = {"float32": 2.0**-23, "float64": 2.0**-52}


def _fields(shape, dtype="float64", seed=0):
    d = len(shape)
    rng = np.random.default_rng(seed)
    rho = rng.uniform(0.1, 2.0, shape).astype(dtype)
    first = tuple(rng.standard_normal(shape).astype(dtype) for _ in range(d))
    second = tuple(
        rng.standard_normal(shape).astype(dtype) for _ in range(d * (d + 1) // 2)
    )
    return rho, first, second


def _dense(rho, first, second, weight):
    """K as full matrices, from its definition."""
    d = len(first)
    K = np.empty((*rho.shape, d, d))
    pairs = [(i, j) for i in range(d) for j in range(i, d)]
    for (i, j), s in zip(pairs, second):
        value = weight * first[i] * first[j] / rho**2 - s / rho
        K[..., i, j] = K[..., j, i] = value
    return K


@pytest.mark.parametrize("shape", [(7,), (5, 4), (4, 3, 5)])
@pytest.mark.parametrize("weight", [1.0, 0.0, 2.0 / 3.0])
def test_eigenvalues_are_those_of_numpy(xp, shape, weight):
    fields = [f for f in _fields(shape, "float32")]
    rho, first, second = fields
    give = (
        xp.asarray(rho.astype(float)),
        tuple(xp.asarray(f.astype(float)) for f in first),
        tuple(xp.asarray(s.astype(float)) for s in second),
    )
    with use_backend("reference"):
        values, count = run("entropic.quotient_eigenvalues", *give, weight=weight)
        alone = run("entropic.quotient_signature", *give, weight=weight)
    K = _dense(*[np.asarray(f, dtype=float) for f in (rho, first, second)], weight)
    exact = np.linalg.eigvalsh(K)
    xp.assert_close(values, exact, kappa=np.abs(K).max() / np.abs(exact).mean())
    np.testing.assert_array_equal(xp.to_numpy(count), np.sum(exact > 0, axis=-1))
    np.testing.assert_array_equal(xp.to_numpy(alone), xp.to_numpy(count))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [0, 1, 31, 33, 257, 9000])
@pytest.mark.parametrize("d", [2, 3])
def test_kernel_gives_the_eigenvalues_of_numpy(d, n, dtype):
    fields = _fields((n,) + (1,) * (d - 1), dtype)
    values, count = kernels.quotient_eigenvalues_numba(
        *fields, weight=0.5, threshold=0.3
    )
    K = _dense(*[np.asarray(f, dtype=float) for f in fields], 0.5)
    exact = np.linalg.eigvalsh(K)
    size = np.abs(K).max(axis=(-2, -1), initial=0)[..., None]
    assert values.dtype == dtype
    assert np.all(np.abs(values - exact) <= 16 * EPS[dtype] * size)
    np.testing.assert_array_equal(count, np.sum(exact > 0.3, axis=-1))
    alone = kernels.quotient_signature_numba(*fields, weight=0.5, threshold=0.3)
    np.testing.assert_array_equal(alone, count)


@pytest.mark.parametrize("d", [2, 3])
def test_kernels_of_packed_matrices_agree_with_the_reference(d):
    K = np.stack(web.quotient_curvature(*_fields((500,) + (1,) * (d - 1))), axis=-1)
    with use_backend("reference"):
        values = run("entropic.symmetric_eigenvalues", K)
        count = run("entropic.eigenvalue_signature", K, 0.2)
    found = kernels.symmetric_eigenvalues_numba(K)
    atol = 16 * EPS["float64"] * np.abs(K).max()
    np.testing.assert_allclose(found, values, rtol=0, atol=atol)
    np.testing.assert_array_equal(kernels.eigenvalue_signature_numba(K, 0.2), count)


def test_threads_and_strides_change_no_bit(monkeypatch):
    rho, first, second = _fields((9, 10, 11))
    whole, count = kernels.quotient_eigenvalues_numba(rho, first, second)
    monkeypatch.setattr(kernels, "WORTH_A_THREAD", 100)
    monkeypatch.setattr(kernels.threads, "n_threads", lambda: 4)
    strided = tuple(np.asfortranarray(s) for s in second)
    again, same = kernels.quotient_eigenvalues_numba(rho, first, strided)
    np.testing.assert_array_equal(again, whole)
    np.testing.assert_array_equal(same, count)


def test_plane_wave_has_one_eigenvalue_and_exact_ties():
    # rho = exp(A cos x): K_xx = A cos x, the others are exactly zero.
    x = 2 * np.pi * (np.arange(32) + 0.5) / 32
    rho = np.exp(0.7 * np.cos(x))
    slope = -0.7 * np.sin(x)
    zero = np.zeros_like(x)
    second = (rho * (slope**2 - 0.7 * np.cos(x)), zero, zero, zero, zero, zero)
    fields = (rho, (rho * slope, zero, zero), second)
    values, count = kernels.quotient_eigenvalues_numba(*fields)
    np.testing.assert_allclose(values.sum(axis=-1), 0.7 * np.cos(x), atol=1e-14)
    np.testing.assert_array_equal(kernels.quotient_signature_numba(*fields), count)


def test_automatic_choice_takes_the_kernel_and_keeps_one_dimension():
    with use_backend("auto") as record:
        run("entropic.quotient_eigenvalues", *_fields((8, 8, 8)))
        run("entropic.quotient_signature", *_fields((8,)))
    assert [c.implementation for c in record.calls] == ["numba", "reference"]
