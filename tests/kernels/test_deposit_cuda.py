"""The CUDA C++ mass assignment, run on the host by the shim."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from geomsci.backends.kernels import deposit_cuda as driver
from geomsci.reference.entropic.mass_assignment import assign

NAMES = (
    "deposit_starts",
    *(
        f"deposit_{stage}_{real}"
        for stage in ("keys", "sorted", "sums")
        for real in ("float", "double")
    ),
)
WINDOWS = ["ngp", "cic", "tsc", "pcs"]
SHAPES = [(4,), (9,), (300,), (8, 5), (4, 17), (4, 6, 5), (5, 4, 13)]
LENGTHS = (3.0, 2.5, 4.0)


@pytest.fixture
def kernels(host_runner):
    return functools.partial(host_runner, "deposit.cu", NAMES)


def _points(n, shape, dtype, seed=0):
    """Points of a box, some beyond its ends, and weights."""
    rng = np.random.default_rng(seed)
    sides = np.array(LENGTHS[: len(shape)])
    X = (rng.uniform(-0.2, 1.2, (n, len(shape))) * sides).astype(dtype)
    return X, rng.uniform(0.5, 2.0, n).astype(dtype)


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_masses_equal_the_reference(kernels, window, shape, dtype):
    X, weights = _points(257, shape, dtype)
    for w in (None, weights):
        box = (shape, LENGTHS[: len(shape)], window)
        found = driver.assign(X, *box, w, kernels())
        expected = assign(X, *box, w)
        assert found.dtype == X.dtype
        assert found.shape == shape
        # One rounding of the result; float64 inside, with splines of slope one.
        inner = 64 * max(shape) * np.finfo(np.float64).eps * expected.max()
        rtol = 2 * np.finfo(dtype).eps
        np.testing.assert_allclose(found, expected, rtol=rtol, atol=inner)


@pytest.mark.parametrize("n", [1, 31, 32, 33, 256, 257])
def test_any_number_of_points_keeps_its_mass(kernels, n):
    X, w = _points(n, (4, 5, 6), "float64", seed=n)
    found = driver.assign(X, (4, 5, 6), LENGTHS, "pcs", w, kernels())
    np.testing.assert_allclose(found.sum(), w.sum(), rtol=1e-14)
    assert np.all(found >= 0)


@pytest.mark.parametrize("window", WINDOWS)
def test_results_repeat_to_the_last_bit(kernels, window, monkeypatch):
    X, w = _points(400, (4, 6, 5), "float64")
    X[100:300] = X[0]  # a cell with many points
    found = []
    for backwards in (False, True):
        runner = kernels(backwards=backwards)
        found.append(driver.assign(X, (4, 6, 5), LENGTHS, window, w, runner))
        monkeypatch.setattr(driver, "THREADS_PER_BLOCK", 32)
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(
    ("window", "line"),
    [
        ("ngp", [0, 1, 0, 0, 0]),
        ("cic", [0, 1, 0, 0, 0]),
        ("tsc", [1 / 8, 3 / 4, 1 / 8, 0, 0]),
        ("pcs", [1 / 6, 2 / 3, 1 / 6, 0, 0]),
    ],
)
def test_point_in_the_centre_of_a_cell_has_the_splines_knots(kernels, window, line):
    found = driver.assign(np.array([[1.5]]), (5,), (5.0,), window, None, kernels())
    np.testing.assert_allclose(found, line, atol=1e-15)


def test_cells_beyond_the_last_wrap_around(kernels):
    X = np.array([[5.0, 0.0]])  # both ends of a box of five cells
    found = driver.assign(X, (5, 5), (5.0, 5.0), "cic", None, kernels())
    expected = np.zeros((5, 5))
    expected[np.ix_([0, 4], [0, 4])] = 0.25
    np.testing.assert_array_equal(found, expected)


def test_door_hands_over_what_the_kernels_take(launched, device_array):
    names = launched(lambda file: {"deposit.cu": NAMES}[file])
    X, w = _points(50, (4, 5), "float32")
    box = ((4, 5), LENGTHS[:2], "tsc")
    found = driver.assign_cuda(device_array(X), *box, w)
    np.testing.assert_allclose(found, assign(X, *box, w), rtol=1e-5)
    stages = ["deposit_keys_float", "deposit_starts", "deposit_sorted_float"]
    assert names == [*stages, "deposit_sums_float"]


def test_predicate_names_what_the_kernels_can_do(cupy_array):
    accepts, rest = driver.accepts_assign_cuda, ((1.0, 1.0, 1.0), "pcs")
    assert accepts(cupy_array(5, 3), (8, 8, 8), *rest)
    assert accepts(cupy_array(5, 3, dtype=np.float32), (1024, 1024, 1024), *rest)
    assert not accepts(cupy_array(5, 3), (2048, 1024, 1024), *rest)
    assert not accepts(cupy_array(0, 3), (8, 8, 8), *rest)
    assert not accepts(cupy_array(2**31, 3), (8, 8, 8), *rest)
    assert not accepts(cupy_array(5, 3, dtype=np.int64), (8, 8, 8), *rest)
    assert not accepts(np.ones((5, 3)), (8, 8, 8), *rest)
