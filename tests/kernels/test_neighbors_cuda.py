"""The CUDA C++ kernel of nearest neighbours, run on the host by the shim."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from geomsci.backends import cuda, dispatch, neighbors
from geomsci.backends.capabilities import CAPABILITIES
from geomsci.backends.kernels import neighbors_cuda as driver

EDGES = [1, 31, 32, 33, 257]


@pytest.fixture
def search(host_runner):
    entries = ("nearest_float", "nearest_double")
    return functools.partial(host_runner, "embedding_neighbors.cu", entries)


def _points(n, d, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal((n, d)).astype(dtype)


def _sorted_rows(X, k, queries=None):
    """All distances, sorted with their indices as the second key."""
    Y = X if queries is None else queries
    D = np.sqrt(np.sum((Y[:, None, :] - X[None, :, :]) ** 2, axis=-1))
    if queries is None:
        np.fill_diagonal(D, np.inf)
    order = np.argsort(D, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(D, order, axis=1), order


def _agree(found, expected, dtype, d):
    distances, indices = found
    rtol = (d + 8) * float(np.finfo(dtype).eps)
    assert distances.dtype == dtype
    np.testing.assert_allclose(distances, expected[0], rtol=rtol)
    np.testing.assert_array_equal(indices, expected[1])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("n", [2, 31, 32, 33, 65])
def test_neighbours_of_the_points_equal_all_distances_sorted(search, n, dtype):
    X = _points(n, 3, seed=n, dtype=dtype)
    k = min(10, n - 1)
    found = driver.nearest(X, k, None, search())
    _agree(found, _sorted_rows(X, k), dtype, 3)


@pytest.mark.parametrize("m", EDGES)
def test_neighbours_of_any_number_of_queries(search, m):
    X, Y = _points(70, 2), _points(m, 2, seed=1)
    found = driver.nearest(X, 5, Y, search(backwards=True))
    _agree(found, _sorted_rows(X, 5, Y), np.float64, 2)


@pytest.mark.parametrize("k", [1, 2, 31, 32])
def test_any_length_of_a_list(search, k):
    X, Y = _points(100, 4), _points(20, 4, seed=1)
    found = driver.nearest(X, k, Y, search())
    _agree(found, _sorted_rows(X, k, Y), np.float64, 4)


@pytest.mark.parametrize("d", [1, 15, 16, 17, 50])
def test_any_number_of_features(search, d):
    X, Y = _points(80, d), _points(33, d, seed=1)
    found = driver.nearest(X, 6, Y, search())
    _agree(found, _sorted_rows(X, 6, Y), np.float64, d)


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_ties_go_by_index_whatever_the_parts(search, parts):
    # A grid of whole numbers, every point twice: all squares are exact.
    side = np.arange(6.0)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    X = np.random.default_rng(0).permutation(np.concatenate([grid, grid]))
    found = driver.nearest(X, 12, X[:32], search(), parts=parts)
    distances, indices = _sorted_rows(X, 12, X[:32])
    np.testing.assert_array_equal(found.distances, distances)
    np.testing.assert_array_equal(found.indices, indices)
    assert np.all(found.distances[:, 0] == 0)


def test_squares_that_differ_with_equal_roots_are_a_tie(search):
    Y = np.array([[0.0, 0.0]])
    X = np.array([[1.0, 2.0**-26], [1.0, 0.0], [2.0, 0.0]])
    squares = np.sum(X**2, axis=1)
    assert squares[0] > squares[1]
    assert np.sqrt(squares[0]) == np.sqrt(squares[1])
    found = driver.nearest(X, 2, Y, search())
    np.testing.assert_array_equal(found.indices, [[0, 1]])


def test_parts_with_fewer_points_than_neighbours_are_joined(search):
    X = _points(30, 3)
    found = driver.nearest(X, 29, None, search(), parts=4)
    _agree(found, _sorted_rows(X, 29), np.float64, 3)


def test_search_of_the_library_gives_the_same_neighbours(search):
    X, Y = _points(130, 5), _points(20, 5, seed=1)
    for queries in (None, Y):
        found = driver.nearest(X, 8, queries, search())
        expected = neighbors.nearest(X, 8, queries=queries)
        _agree(found, expected, np.float64, 5)


def test_result_does_not_depend_on_the_order_of_threads(search):
    X = np.round(_points(50, 2), 1)
    found = [
        driver.nearest(X, 9, None, search(backwards=backwards), parts=2)
        for backwards in (False, True)
    ]
    np.testing.assert_array_equal(found[0].distances, found[1].distances)
    np.testing.assert_array_equal(found[0].indices, found[1].indices)


@pytest.mark.parametrize(
    ("n", "m", "parts"), [(100, 10, 1), (10**6, 10, 976), (10**6, 10**5, 1), (1, 1, 1)]
)
def test_points_are_cut_where_queries_are_few(n, m, parts):
    assert driver.n_parts(n, m) == parts


def test_kernel_without_its_barriers_is_caught(search):
    text = cuda.source("embedding_neighbors.cu")
    assert text.count("__syncthreads();") == 3
    broken = text.replace("__syncthreads();", "")
    X = _points(70, 3)
    expected = _sorted_rows(X, 5)[1]
    found = [
        driver.nearest(X, 5, None, search(text=broken, backwards=backwards)).indices
        for backwards in (False, True)
    ]
    assert any(not np.array_equal(indices, expected) for indices in found)


def test_predicate_names_what_the_kernel_can_do(cupy_array):
    X, single = cupy_array(50, 3), cupy_array(50, 3, dtype=np.float32)
    accepts = driver.accepts_nearest_cuda
    assert accepts(X, 32)
    assert accepts(single, 5, single)
    assert not accepts(X, 33)
    assert not accepts(X, 5, single)
    assert not accepts(np.ones((50, 3)), 5)


def test_search_takes_the_kernel_for_device_arrays():
    row = CAPABILITIES["embedding.nearest"]
    kernel = row.kernels["cuda", "cupy"]
    assert dispatch.resolve(kernel.target) is driver.nearest_cuda
    assert dispatch.resolve(kernel.accepts) is driver.accepts_nearest_cuda
    X = _points(20, 3)
    with dispatch.use_backend("auto") as record:
        neighbors.nearest(X, 3)
    assert record.calls == [("embedding.nearest", "reference")]
