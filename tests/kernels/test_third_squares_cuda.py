"""The CUDA C++ kernels of the streaming sum, run on the host by the shim."""

from __future__ import annotations

import contextlib
import ctypes
import math
import sys
import types

import numpy as np
import pytest
import scipy.fft

from geomsci.backends import cuda, machine
from geomsci.backends.kernels import third_squares_cuda as driver
from geomsci.reference.fisher import cumulants, pfaffian, streaming, third_transform
from geomsci.reference.fisher.lattices import LATTICES

EPS = float(np.finfo(np.float64).eps)
ORDERS = {"forwards": 0, "backwards": 1}
EDGES = [(1, 1), (1, 31), (4, 8), (3, 11), (1, 257)]
"""Sides whose products are the edges of warps and blocks."""

SQUARE = math.atanh(math.sqrt(2) - 1)
TRIANGULAR = math.atanh(2 - math.sqrt(3))
HONEYCOMB = math.atanh(1 / math.sqrt(3))
TORI = [
    ("square", (3, 3), (SQUARE, SQUARE)),
    ("square", (3, 4), (SQUARE, SQUARE)),
    ("square", (4, 6), (0.3, -0.5)),
    ("square", (3, 11), (-0.4, 0.2)),
    ("square", (4, 8), (SQUARE, SQUARE)),
    ("square", (6, 6), (SQUARE, SQUARE)),
    ("triangular", (3, 4), (0.2, 0.3, 0.25)),
    ("triangular", (4, 6), (TRIANGULAR,) * 3),
    ("honeycomb", (4, 4), (HONEYCOMB,) * 3),
]


def _launcher(library, order="forwards"):
    def launch(name, blocks, threads, arguments):
        assert all(isinstance(x, np.ndarray | int) for x in arguments)
        values = (
            ctypes.c_longlong(x)
            if isinstance(x, int)
            else ctypes.c_void_p(x.ctypes.data)
            for x in arguments
        )
        kernel = getattr(library, f"launch_{name}")
        assert kernel(*blocks, threads, ORDERS[order], *values) == 0

    return launch


def _runner(library, threads=32, order="forwards"):
    def transform(x):
        return scipy.fft.fftn(x, axes=(1, 2), overwrite_x=True)

    return driver.Runner(np, _launcher(library, order), transform, threads)


def _plan(name, shape, coupling):
    """The plan of a torus and the cancellation between its sectors."""
    lattice, J = LATTICES[name], np.array(coupling)
    model = pfaffian.fermions(lattice, shape, J)
    parts = pfaffian.mixture(model, shape, J)
    metric = parts.metric.reshape(len(J), len(J), *shape)
    inverses, _ = cumulants.inverse_blocks(cumulants.metric_blocks(metric))
    plan = third_transform.bispectrum(model, parts, shape, inverses)
    return plan, model.cancellation


def _random(rng, *shape):
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def _random_plan(d, shape, mode=None):
    """A plan of one sector with random arrays of the right shapes."""
    rng = np.random.default_rng(d + math.prod(shape))
    size, n = 2 * d, math.prod(shape)
    return third_transform.Bispectrum(
        shape,
        Khat=_random(rng, 1, size, size, n),
        twists=((1, 0),),
        K=_random(rng, 1, size, size, n),
        groups=(0,),
        modes=(mode,),
        shifts=_random(rng, 1, size, size),
        factor=tuple(rng.uniform(0.5, 1, d)),
        inverses=None, line=None, point=None, contact=None, triple=None,
    )  # fmt: skip


def _some_momenta(n):
    """The momentum zero and others, more than one thread goes through at a time."""
    return np.arange(driver.CHUNK + 1) * 7 % n


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("shape", EDGES)
def test_products_equal_the_reference(host_third_squares, shape, d):
    plan, n = _random_plan(d, shape), math.prod(shape)
    k1, Khat = _some_momenta(n), plan.Khat[0]
    F = np.full((len(k1), d * (2 * d + 1), *shape), np.nan, dtype=complex)
    blocks = (-(-n // 32), 2)
    arguments = (Khat, k1, len(k1), *shape, 1, F)
    _launcher(host_third_squares)(f"third_products_{d}", blocks, 32, arguments)
    expected = third_transform.propagator_products(Khat, k1, shape, 1)
    bound = 16 * EPS * np.max(np.abs(Khat)) ** 2
    np.testing.assert_allclose(F, expected, rtol=0, atol=bound)


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("shape", EDGES)
def test_traces_equal_the_reference(host_third_squares, shape, d):
    plan, n = _random_plan(d, shape), math.prod(shape)
    k1, b = _some_momenta(n), d - 1
    F = _random(np.random.default_rng(1), len(k1), d * (2 * d + 1), n)
    Theta = _random(np.random.default_rng(2), len(k1), d, d * (d + 1) // 2, n)
    added = np.stack(third_transform.cumulant_traces(plan, 0, F, k1, b), axis=1)
    factor, before = np.array(plan.factor), Theta[:, b].copy()
    for overwrite in (0, 1):
        expected = added + (0 if overwrite else before)
        where = (k1, len(k1), *shape, *plan.twists[0], b)
        arguments = (F, plan.K[0], *where, factor, overwrite, Theta)
        launch = _launcher(host_third_squares)
        launch(f"third_traces_{d}", (-(-n // 32), 2), 32, arguments)
        bound = 64 * EPS * (np.max(np.abs(F)) * np.max(np.abs(plan.K)) / n + 1)
        np.testing.assert_allclose(Theta[:, b], expected, rtol=0, atol=bound)


@pytest.mark.parametrize("order", list(ORDERS))
@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("shape", EDGES)
def test_modes_equal_the_reference(host_third_squares, shape, d, order):
    n, b = math.prod(shape), d - 1
    plan = _random_plan(d, shape, mode=n // 2)
    k1, u = _some_momenta(n), plan.factor
    E = np.moveaxis(third_transform.mode_terms(plan, 0, k1, b), 0, 2)
    expected = [
        u[a] * u[b] * u[c] * pfaffian.bond_trace(
            pfaffian.block(E, a, c), pfaffian.block(plan.K[0], c, a)[:, :, None, :]
        )
        for a in range(d) for c in range(a, d)
    ]  # fmt: skip
    Theta = np.zeros((len(k1), d, len(expected), n), dtype=complex)
    arguments = (plan.Khat[0], plan.shifts[0], plan.K[0], k1, len(k1), *shape)
    arguments = (*arguments, n // 2, b, np.array(u), Theta)
    launch = _launcher(host_third_squares, order)
    launch(f"third_modes_{d}", (-(-n // 32), 2), 32, arguments)
    bound = 64 * EPS * np.max(np.abs(E)) * np.max(np.abs(plan.K))
    expected = np.stack(expected, axis=1)
    np.testing.assert_allclose(Theta[:, b], expected, rtol=0, atol=bound)


@pytest.mark.parametrize("threads", [32, 64, 256])
@pytest.mark.parametrize("length", [1, 31, 32, 33, 257])
def test_row_sums_equal_exact_sums(host_third_squares, length, threads):
    rows = np.random.default_rng(length).uniform(size=(3, length))
    out = np.full(3, np.nan)
    launch = _launcher(host_third_squares)
    launch("third_row_sums", (3, 1), threads, (rows, length, out))
    np.testing.assert_allclose(out, [math.fsum(row) for row in rows], rtol=16 * EPS)


@pytest.mark.parametrize("torus", TORI, ids=lambda torus: f"{torus[0]}-{torus[1]}")
def test_connected_part_equals_the_reference(host_third_squares, torus):
    plan, cancellation = _plan(*torus)
    k1 = np.arange(math.prod(plan.shape))
    expected = third_transform.connected_part(plan, k1)
    given, runner = driver.operands(plan, np), _runner(host_third_squares)
    Theta = driver.connected_part(given, k1, runner).reshape(expected.shape)
    bound = 64 * EPS * cancellation * np.max(np.abs(expected))
    np.testing.assert_allclose(Theta, expected, rtol=0, atol=bound)


@pytest.mark.parametrize("torus", TORI, ids=lambda torus: f"{torus[0]}-{torus[1]}")
def test_squares_equal_the_reference(host_third_squares, torus):
    plan, cancellation = _plan(*torus)
    k1 = np.arange(math.prod(plan.shape))
    found = driver.squares(plan, k1, _runner(host_third_squares))
    expected = streaming.third_squares(plan, k1)
    np.testing.assert_allclose(found, expected, rtol=64 * EPS * cancellation)


@pytest.mark.parametrize("torus", [TORI[1], TORI[6]], ids=["square", "triangular"])
def test_squares_add_up_to_the_norm_of_the_dense_third_cumulant(
    host_third_squares, torus
):
    plan, cancellation = _plan(*torus)
    k1, counts = streaming.first_momenta(plan.shape, False, False)
    found = driver.squares(plan, np.array(k1), _runner(host_third_squares))
    lattice, shape, coupling = torus
    dense, _ = pfaffian.cumulants(LATTICES[lattice], shape, np.array(coupling))
    norm, _, _, condition = cumulants.invariants(dense)
    total = found @ np.array(counts) / math.prod(shape)
    rtol = 64 * EPS * cancellation * float(condition)
    np.testing.assert_allclose(total, norm, rtol=rtol)


@pytest.mark.parametrize("threads", [32, 128])
def test_squares_do_not_depend_on_batches(host_third_squares, threads):
    plan, _ = _plan(*TORI[1])
    k1, runner = np.arange(9), _runner(host_third_squares, threads)
    whole = driver.squares(plan, k1, runner)
    each = driver.bytes_per_momentum(2, 12)
    for batch in (1, 8):
        parts = driver.squares(plan, k1, runner, workspace=batch * each)
        np.testing.assert_array_equal(parts, whole)


def test_squares_do_not_depend_on_the_order_of_threads(host_third_squares):
    plan, _ = _plan(*TORI[7])
    k1 = np.arange(9)
    runners = [_runner(host_third_squares, order=order) for order in ORDERS]
    found = [driver.squares(plan, k1, runner) for runner in runners]
    np.testing.assert_array_equal(*found)


def test_kernels_without_their_barriers_are_caught(build):
    text = cuda.source("third_squares.cu")
    assert text.count("__syncthreads();") == 2
    text = text.replace("__syncthreads();", "")
    library = build("third_squares_launch.cpp", text)
    plan, k1 = _plan(*TORI[0])[0], np.arange(9)
    given, runner = driver.operands(plan, np), _runner(library, 64)
    assert np.isnan(driver.connected_part(given, k1, runner)).any()
    out = np.zeros(2)
    _launcher(library)("third_row_sums", (2, 1), 64, (np.ones((2, 64)), 64, out))
    assert np.isnan(out).all()


class _DeviceArray(np.ndarray):
    """A NumPy array whose device is a context, as CuPy's is."""

    device = contextlib.nullcontext()


def _pretend_cupy(monkeypatch, host):
    """CuPy's ways on the host; returns the shapes that transforms were planned for."""
    planned = []

    def kernel(file, name):
        def call(blocks, threads, arguments):
            assert all(isinstance(x, np.ndarray | np.int64) for x in arguments)
            plain = [int(x) if isinstance(x, np.int64) else x for x in arguments]
            host.launch(name, blocks, *threads, plain)

        return call

    def get_fft_plan(x, axes):
        planned.append(x.shape)
        return x.shape, axes

    def fftn(x, axes, overwrite_x, plan):
        assert plan == (x.shape, axes)
        return scipy.fft.fftn(x, axes=axes, overwrite_x=overwrite_x)

    fft = types.SimpleNamespace(fftn=fftn, get_fft_plan=get_fft_plan)
    monkeypatch.setattr(machine, "require_cupy", lambda: np)
    monkeypatch.setattr(cuda, "kernel", kernel)
    monkeypatch.setitem(sys.modules, "cupyx.scipy.fft", fft)
    return planned


def test_driver_hands_over_64_bit_numbers_and_plans_a_shape_once(
    host_third_squares, monkeypatch
):
    planned = _pretend_cupy(monkeypatch, _runner(host_third_squares))
    plan, cancellation = _plan(*TORI[1])
    k1 = np.arange(12).view(_DeviceArray)
    found = driver.third_squares_cuda(plan, k1)
    assert sorted(planned) == [(12 * 6, 3, 4), (12 * 10, 3, 4)]
    expected = streaming.third_squares(plan, np.arange(12))
    np.testing.assert_allclose(found, expected, rtol=64 * EPS * cancellation)


def test_accepts_cupy_arrays_of_two_or_three_bond_types():
    array = type("ndarray", (), {"__module__": "cupy", "size": 5})
    x, k1 = array(), array()
    x.dtype = np.dtype(np.complex128)
    accepts = driver.accepts_third_squares_cuda
    plan = _random_plan(2, (3, 4))
    assert not accepts(plan, np.arange(5))
    plan = plan._replace(Khat=x)
    assert accepts(plan, k1)
    assert not accepts(plan, np.arange(5))
    assert not accepts(plan._replace(factor=(0.5,) * 6), k1)
    assert not accepts(plan._replace(shape=(3, 50000)), k1)
    k1.size = 0
    assert not accepts(plan, k1)
