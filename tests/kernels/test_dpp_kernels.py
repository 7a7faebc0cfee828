"""Streams of the determinantal samplers, and the drivers of their kernels."""

from __future__ import annotations

import types

import numpy as np
import pytest

from geomsci.backends import compile, threads
from geomsci.backends.kernels import dpp
from geomsci.backends.random import philox_uniform
from geomsci.reference.philox import philox_key
from geomsci.reference.sampling import (
    blocked,
    candidates,
    chain_rule,
    coordinates,
    envelopes,
    proposals,
)

EPS = float(np.finfo(np.float64).eps)
KEY = 0xFEDCBA9876543210_0F1E2D3C4B5A6978


def _pieces(key):
    return np.array([key >> (32 * i) & 0xFFFFFFFF for i in range(4)])


def _keys(R):
    return np.random.default_rng(0).integers(0, 2**32, (R, 4))


def _finite(N=30, m=6, seed=1):
    rng = np.random.default_rng(seed)
    mu = rng.random(N)
    Q = np.linalg.qr(np.sqrt(mu / mu.sum())[:, None] * rng.standard_normal((N, m)))[0]
    return candidates.candidates(Q / np.sqrt(mu / mu.sum())[:, None], mu / mu.sum())


def _tables(family, n=5):
    indices = np.array([(i, j) for i in range(n) for j in range(n - i)])
    return envelopes.tables((family,) * 2, indices, (0.3, -0.8), (0.1, 0.7))


@pytest.mark.parametrize("t", [0, 1, 77, 2**40])
def test_proposal_reads_its_own_part_of_the_stream(t):
    words = np.zeros((8, 16), dtype=np.int64)
    key = philox_key(_pieces(KEY))
    found = [coordinates.uniform(key, t, position, words) for position in range(37)]
    np.testing.assert_array_equal(found, philox_uniform(KEY, t << 22, 37))


def test_finite_proposals_are_those_of_the_array_form():
    found, words = _finite(), np.empty((8, 16), dtype=np.int64)
    key = philox_key(_pieces(KEY))
    one_by_one = [
        proposals.finite_proposal(key, t, found.cumulative, found.guide, words)
        for t in range(50)
    ]
    indices, numbers = candidates.finite_proposals(
        0, 50, KEY, found.cumulative, found.guide
    )
    np.testing.assert_array_equal([i for i, _ in one_by_one], indices)
    np.testing.assert_array_equal([v for _, v in one_by_one], numbers)


def _interpreted(name, inputs, outputs, shapes, R):
    work = [np.empty(shape, dtype=dtype) for dtype, shape in shapes]
    source = getattr(chain_rule, f"{name}_draws")
    source(_keys(R), *inputs, 10**6, *outputs, 0, R, *work)
    return outputs


@pytest.mark.parametrize("n_points", [1, 4, 6])
def test_finite_kernel_is_the_interpreted_code(n_points):
    found, R = _finite(), 4
    outputs = np.empty((R, n_points), dtype=np.int64), np.empty(R, dtype=np.int64)
    inputs = found.rows, found.cumulative, found.guide
    _interpreted("finite", inputs, outputs, dpp.workspace_shapes(6), R)
    compiled = dpp.finite_dpp_draws_numba(_keys(R), found, n_points=n_points)
    for a, b in zip(outputs, compiled):
        np.testing.assert_array_equal(a, b)
    part = dpp.finite_dpp_draws_numba(_keys(R), found, n_points=6)[0]
    np.testing.assert_array_equal(compiled[0], part[:, :n_points])


@pytest.mark.parametrize("family", sorted(envelopes.CODES))
def test_polynomial_kernel_is_the_interpreted_code(family):
    tables, R = _tables(family), 2
    m, d = tables.indices.shape
    outputs = np.empty((R, m, d)), np.empty((R, m)), np.empty(R, dtype=np.int64)
    shapes = dpp.workspace_shapes(m, d, tables.recurrences.shape[1])
    _interpreted("polynomial", tables, outputs, shapes, R)
    points, weights, counts = dpp.polynomial_dpp_draws_numba(
        _keys(R), tables, n_points=m
    )
    np.testing.assert_array_equal(counts, outputs[2])
    scale = 64 * EPS * np.abs(points).max()
    np.testing.assert_allclose(points, outputs[0], rtol=0, atol=scale)
    np.testing.assert_allclose(weights, outputs[1], rtol=1e5 * EPS)


def test_rows_left_vanish_at_all_points_and_stay_orthonormal():
    rng, m = np.random.default_rng(2), 40
    W, z, y = np.empty((m, m)), np.empty(m), np.empty(m)
    chain_rule.start(W)
    seen = rng.standard_normal((m - 1, m))
    seen[10:20] = seen[:10] + 1e-6 * seen[10:20]  # nearly repeated points
    for k, phi in enumerate(seen):
        square = chain_rule.project(W, m - k, phi, z)
        chain_rule.reflect(W, m - k, z, square, y)
        rest = W[: m - k - 1]
        np.testing.assert_allclose(rest @ rest.T, np.eye(len(rest)), atol=EPS * m**2)
        np.testing.assert_allclose(rest @ phi, 0, atol=EPS * m**2)


def test_kernels_leave_their_input_alone():
    found, tables, keys = _finite(), _tables("hermite"), _keys(3)
    arrays = [keys, *found, *tables]
    before = [x.copy() for x in arrays]
    for x in arrays:
        x.flags.writeable = False
    dpp.finite_dpp_draws_numba(keys, found, n_points=6)
    dpp.finite_points_numba(keys, found, n_points=6, share=0.5)
    dpp.polynomial_dpp_draws_numba(keys, tables, n_points=15)
    dpp.polynomial_points_numba(keys, tables, n_points=6, share=0.5)
    for x, y in zip(arrays, before):
        np.testing.assert_array_equal(x, y)


def test_optimal_weights_are_those_of_the_draws():
    tables = _tables("laguerre")
    points, weights, _ = dpp.polynomial_dpp_draws_numba(_keys(2), tables, n_points=15)
    flat = points.reshape(-1, 2)
    for form in (blocked.optimal_weights, dpp.optimal_weights_numba):
        found = form(flat, tables).reshape(2, 15)
        np.testing.assert_allclose(found, weights, rtol=64 * EPS)


def test_draws_on_many_threads_are_those_of_one(monkeypatch):
    found, many = _finite(m=6), []
    for n in (1, 2, 5):
        monkeypatch.setattr(threads, "n_threads", lambda n=n: n)
        many.append(dpp.finite_dpp_draws_numba(_keys(2000), found, n_points=6))
    for other in many[1:]:
        for a, b in zip(many[0], other):
            np.testing.assert_array_equal(a, b)


def test_workers_of_a_grid_fit_the_tile():
    shapes = dpp.workspace_shapes(100, 2, 14)
    bytes_each = sum(np.dtype(d).itemsize * int(np.prod(s)) for d, s in shapes)
    assert dpp.n_workers(shapes, 10**9) == dpp.DEVICE_BYTES // bytes_each
    assert dpp.n_workers(shapes, 7) == 7


def _has_nvvm():
    try:
        from numba.cuda.cudadrv import nvvm

        nvvm.NVVM()
    except (ImportError, OSError, RuntimeError):
        return False
    return True


@pytest.mark.parametrize("name", ["finite", "polynomial"])
def test_gpu_form_compiles_to_ptx(name, monkeypatch):
    dispatcher = pytest.importorskip("numba.cuda.dispatcher")
    if not _has_nvvm():
        pytest.skip("NVIDIA's NVVM library (CUDA toolkit) is not installed")
    from numba import cuda, float64, int64

    gpu = types.SimpleNamespace(compute_capability=(8, 0))
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: gpu)
    table, line, cube = float64[:, ::1], float64[::1], float64[:, :, ::1]
    whole, numbers = int64[:, ::1], int64[::1]
    work = (cube, table, table)
    if name == "finite":
        signature = (whole, table, line, numbers, int64, whole, numbers, *work)
    else:
        tables = (numbers, whole, cube, cube)
        signature = (whole, *tables, int64, cube, table, numbers, *work)
        signature += (table, cube, table)
    signature += (int64[:, :, ::1],)
    kernel = dpp.draw_grid(name).py_func
    ptx, _ = cuda.compile_ptx(kernel, signature, cc=(8, 0))
    assert ".target sm_80" in ptx
    compile.grid.cache_clear()
    compile.device.cache_clear()
