"""The CUDA C++ products in Fourier space, run on the host by the shim."""

from __future__ import annotations

import functools
import math

import numpy as np
import pytest

from geomsci.backends.kernels import kspace as driver
from geomsci.reference.entropic import log_hessian as reference
from geomsci.reference.entropic.smoothing import transform, wavenumbers

NAMES = tuple(
    f"{name}_{real}"
    for name in ("smoothed_parts", "plane_derivatives_2", "plane_derivatives_3")
    for real in ("float", "double")
)
SHAPES = [(5, 7), (4, 6), (9, 4), (5, 4, 7), (4, 6, 4), (6, 5, 5), (3, 19, 30)]
LENGTHS = (3.0, 2.5, 4.0)
DTYPES = ["float32", "float64"]


@pytest.fixture
def kernels(host_runner):
    return functools.partial(host_runner, "kspace.cu", NAMES)


def _modes(shape, dtype):
    rho = np.random.default_rng(3).uniform(0.5, 2.0, shape).astype(dtype)
    return transform(rho, LENGTHS[: len(shape)])


def _close(found, expected):
    eps = np.finfo(expected.dtype).eps
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    # Transforms of two array layouts: a few roundings a butterfly.
    scale = 8 * eps * math.log2(expected.size) * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=scale)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("window", [None, "pcs"])
def test_parts_equal_the_reference(kernels, shape, dtype, window):
    F = _modes(shape, dtype)
    options = (F.coefficients, F.shape, F.lengths, 0.4, window)
    expected = reference.smoothed_parts(*options)
    column = 9 * F.coefficients.nbytes // F.coefficients.shape[1]
    for target in (None, 2 * column):  # one tile; tiles of two columns, one odd
        found = driver.smoothed_parts(*options, kernels(), target=target)
        for own, wanted in zip(found, expected):
            _close(own, wanted)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_derivatives_equal_the_reference(kernels, shape, dtype):
    F = _modes(shape, dtype)
    S = reference.prepare(F, 0.4)
    for planes in (slice(0, shape[0]), slice(1, 3)):
        parts = [part[planes] for part in S.parts]
        found = driver.plane_derivatives(*parts, F.shape, F.lengths, kernels())
        expected = reference.plane_derivatives(*parts, F.shape, F.lengths)
        for own, wanted in zip(found[1] + found[2], expected[1] + expected[2]):
            _close(own, wanted)
        _close(found[0], expected[0])


def _expected_products(F, parts):
    """The coefficients written out with the reference's wavenumbers."""
    A, B, C = parts
    d = len(F.shape)
    odd = [wavenumbers(F, axis, odd=True) for axis in range(d)]
    even = [wavenumbers(F, axis) for axis in range(d)]
    first = [B, *(A * (1j * odd[j]) for j in range(1, d))]
    second = [C, *(B * (1j * odd[j]) for j in range(1, d))]
    for i in range(1, d):
        for j in range(i, d):
            second.append(A * -(even[i] ** 2 if i == j else odd[i] * odd[j]))
    return np.stack([A, *first, *second])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_products_are_exact_in_either_order_of_threads(kernels, shape, dtype):
    F = _modes(shape, dtype)
    rng = np.random.default_rng(4)
    like = F.coefficients
    parts = [rng.standard_normal((2, *like.shape)) for _ in range(3)]
    parts = [(x + 1j * y).astype(like.dtype) for x, y in parts]
    expected = _expected_products(F, parts)
    for backwards in (False, True):
        runner = kernels(backwards=backwards)
        found = driver.derivative_products(*parts, F.shape, F.lengths, runner)
        np.testing.assert_array_equal(found, expected)


def test_curvature_of_a_plane_wave_is_its_closed_form(kernels):
    shape, k = (8, 9, 10), 2 * np.pi / np.array(LENGTHS)
    grid = np.meshgrid(*(np.arange(n) / n * L for n, L in zip(shape, LENGTHS)))
    grid = [np.swapaxes(x, 0, 1) for x in grid]
    phase = sum(k[i] * grid[i] for i in range(3))
    F = transform(2.0 + np.cos(phase), LENGTHS)
    damped = math.exp(-0.5 * (k @ k) * 0.3**2)
    parts = driver.smoothed_parts(*F, 0.3, None, kernels())
    rho, first, second = driver.plane_derivatives(*parts, *F[1:], kernels())
    np.testing.assert_allclose(rho, 2 + damped * np.cos(phase), rtol=1e-14)
    for i in range(3):
        expected = -k[i] * damped * np.sin(phase)
        np.testing.assert_allclose(first[i], expected, atol=1e-14 * k[i] * 4)
    pairs = reference.packed_pairs(3)
    for own, (i, j) in zip(second, pairs, strict=True):
        expected = -k[i] * k[j] * damped * np.cos(phase)
        np.testing.assert_allclose(own, expected, atol=1e-14 * (k @ k) * 4)


@pytest.mark.parametrize("shape", [(9, 10), (8, 9, 10)])
def test_log_hessian_runs_through_the_rows(kernels, monkeypatch, shape):
    drivers = {
        "entropic.smoothed_parts": driver.smoothed_parts,
        "entropic.plane_derivatives": driver.plane_derivatives,
    }
    rho = np.random.default_rng(5).uniform(0.5, 2.0, shape)
    lengths = tuple(map(float, shape))
    expected = reference.log_hessian(rho, [1.5, 2.0], lengths, "cic")
    used = []

    def run(name, *given):
        used.append(name)
        return drivers[name](*given, kernels())

    monkeypatch.setattr(reference, "run", run)
    found = reference.log_hessian(rho, [1.5, 2.0], lengths, "cic")
    assert set(used) == set(drivers)
    for own, wanted in zip(found, expected):
        _close(own.curvature, wanted.curvature)
        assert own.lowest == pytest.approx(wanted.lowest, rel=1e-14)


def test_doors_hand_over_what_the_kernels_take(launched, device_array):
    names = launched(lambda file: {"kspace.cu": NAMES}[file])
    F = _modes((5, 4, 6), "float32")
    place = device_array(F.coefficients)
    parts = driver.smoothed_parts_cuda(place, *F[1:], 0.5, "cic")
    own = [device_array(part) for part in parts]
    found = driver.plane_derivatives_cuda(*own, *F[1:])
    expected = reference.derivatives(reference.prepare(F, 0.5, "cic"), slice(0, 5))
    np.testing.assert_allclose(found[0], expected.density, rtol=1e-5)
    assert names == ["smoothed_parts_float", "plane_derivatives_3_float"]


def test_predicates_name_what_the_kernels_can_do(cupy_array):
    cupy_array = functools.partial(cupy_array, dtype=np.complex64)
    parts, box = driver.accepts_parts_cuda, ((8, 8, 8), LENGTHS, 1.0)
    assert parts(cupy_array(8, 8, 5), *box)
    assert parts(cupy_array(65535, 8, 5), *box, "pcs")
    assert not parts(cupy_array(65536, 8, 5), *box)
    assert not parts(cupy_array(5), (8,), (1.0,), 1.0)
    assert not parts(np.ones((8, 8, 5), complex), *box)
    assert not parts(cupy_array(2, 2**16, 2**15), (2, 2**16, 2**16), LENGTHS, 1.0)
    inner, x = driver.accepts_derivatives_cuda, cupy_array(8, 8, 5)
    assert inner(x, x, x, *box[:2])
    assert not inner(x, x, cupy_array(8, 8, 5, dtype=complex), *box[:2])
    assert not inner(*(cupy_array(8, 8, 5, dtype=np.float32),) * 3, *box[:2])
