"""The CUDA C++ kernels of heat kernels and distances, run on the host by the shim."""

from __future__ import annotations

import functools
import math

import mpmath
import numpy as np
import pytest

from geomsci.backends import cuda
from geomsci.backends.kernels import heat_cuda as driver
from geomsci.reference.embedding import dissimilarities, heat_kernels, rates

EPS = float(np.finfo(np.float64).eps)
EDGES = [1, 31, 32, 33, 257]


def _laplacian(n, seed=0):
    """Normalised Laplacian of a ring of n vertices with random weights and chords."""
    rng = np.random.default_rng(seed)
    W = np.zeros((n, n))
    for step in (1, 3):
        i = np.arange(n)
        W[i, (i + step) % n] = rng.uniform(0.5, 1.0, n)
    W = np.triu(W + W.T, 1)
    W = W + W.T
    s = 1 / np.sqrt(np.maximum(W.sum(axis=1), 1e-3))
    return np.diag((W.sum(axis=1) > 0).astype(float)) - s[:, None] * W * s[None, :]


def _path(n):
    """Combinatorial Laplacian of a path."""
    A = np.eye(n, k=1) + np.eye(n, k=-1)
    return np.diag(A.sum(axis=1)) - A


@pytest.fixture
def sums(host_runner):
    entries = ("uniformisation_term",)
    return functools.partial(host_runner, "embedding_uniformisation.cu", entries)


@pytest.fixture
def distances(host_runner):
    entries = ("rate_distances",)
    return functools.partial(host_runner, "embedding_distance.cu", entries)


def _applied(L, B, t, runner, rtol=1e-13):
    q = heat_kernels.jump_rate(L)
    walk = driver.sparse_rows(heat_kernels.uniformised_walk(L, q), np)
    return driver.applied(walk, q, t, B, rtol, runner)


def test_rows_of_the_walk_hold_its_entries():
    P = heat_kernels.uniformised_walk(_path(5), 2.0)
    starts, columns, values = driver.sparse_rows(P, np)
    assert starts.tolist() == [0, 2, 4, 6, 8, 10]
    for i in range(5):
        row = np.zeros(5)
        row[columns[starts[i] : starts[i + 1]]] = values[starts[i] : starts[i + 1]]
        np.testing.assert_array_equal(row, P[i])


@pytest.mark.parametrize("m", EDGES)
def test_block_of_any_width_equals_the_reference(sums, m):
    n, t, rtol = 40, 6.0, 1e-13
    L, B = _laplacian(n), np.random.default_rng(m).uniform(size=(n, m))
    found = _applied(L, B, t, sums(), rtol)
    expected = heat_kernels.heat_kernel(L, B, t, method="uniformization", rtol=rtol)
    # Sums of non-negative terms: each power rounds a row once more.
    np.testing.assert_allclose(found, expected, rtol=2 * rtol + 64 * t * EPS)


@pytest.mark.parametrize("n", EDGES[1:])
def test_any_number_of_rows_equals_the_reference(sums, n):
    t, rtol = 3.0, 1e-13
    L, B = _laplacian(n), np.random.default_rng(n).uniform(size=(n, 3))
    found = _applied(L, B, t, sums(backwards=True), rtol)
    expected = heat_kernels.heat_kernel(L, B, t, method="uniformization", rtol=rtol)
    np.testing.assert_allclose(found, expected, rtol=2 * rtol + 64 * t * EPS)


def test_entries_at_the_far_end_of_a_path_are_right(sums):
    n, t = 24, 0.5
    found = _applied(_path(n), np.eye(n)[:, :1], t, sums())
    with mpmath.workdps(60):
        L = mpmath.matrix(_path(n).tolist())
        exact = mpmath.expm(-mpmath.mpf(t) * L, method="taylor")
        error = max(abs(found[i, 0] / exact[i, 0] - 1) for i in range(n))
    assert exact[n - 1, 0] < 1e-28
    assert error < 1e-13 + 64 * EPS * n


def test_long_times_and_signed_columns_equal_the_reference(sums, monkeypatch):
    monkeypatch.setattr(driver, "THREADS_PER_BLOCK", 32)  # another size, and quick
    L, t, rtol = _path(6), 252.0, 1e-12  # 504 jumps: two steps
    B = np.random.default_rng(2).standard_normal((6, 2))
    found = driver.heat_kernel(L, B, t, rtol, sums())  # nearly full: dense products
    sparse = _applied(L, B, t, sums(), rtol)
    expected = heat_kernels.heat_kernel(L, B, t, method="uniformization", rtol=rtol)
    np.testing.assert_array_equal(found, expected)
    bound = (2 * rtol + 64 * t * EPS) * np.abs(B).max()
    np.testing.assert_allclose(sparse, expected, rtol=0, atol=bound)


def test_sparse_walks_are_summed_row_by_row(sums):
    L, B = _path(100), np.eye(100)[:, :2]
    launched = []
    runner = sums()
    counting = runner._replace(
        launch=lambda *given: (launched.append(given[0]), runner.launch(*given))
    )
    found = driver.heat_kernel(L, B, 2.0, 1e-12, counting)
    assert set(launched) == {"uniformisation_term"}
    expected = heat_kernels.heat_kernel(L, B, 2.0, method="uniformization", rtol=1e-12)
    np.testing.assert_allclose(found, expected, rtol=2e-12 + 200 * EPS)


def test_no_heat_moves_without_edges(sums):
    B = np.ones((3, 2))
    H = driver.heat_kernel(np.zeros((3, 3)), B, 1.0, 1e-12, sums())
    np.testing.assert_array_equal(H, B)
    assert H is not B


def _kernel(n, t, seed=0):
    L = _laplacian(n, seed)
    return heat_kernels.heat_kernel(L, None, t, method="uniformization", rtol=1e-13)


def _reference_distances(H, t, m, step):
    return dissimilarities.heat_geodesic_distance(
        H, t, sigma=1.0, volume="geometric", distance="rate", intrinsic_dim=m, step=step
    )


def _rounding(H):
    """Of ``E t``, which is a difference of logarithms, relative to itself."""
    half = np.log(np.diag(H)) / 2
    excess = np.abs(half[:, None] + half[None, :] - np.log(H))
    return EPS * np.abs(np.log(H)).max() / excess[~np.eye(len(H), dtype=bool)].min()


@pytest.mark.parametrize("m", [0, 1, 2, 2.5, 10])
@pytest.mark.parametrize("n", EDGES[1:4])
def test_distances_equal_the_reference(distances, n, m):
    t, step = 1.5, 0.7
    H = _kernel(n, t)
    found = driver.rate_distances(H, t, m, step, distances())
    expected = _reference_distances(H, t, m, step)
    rtol = 64 * EPS + _rounding(H)
    assert rtol < 1e-10
    np.testing.assert_allclose(found, expected, rtol=rtol)
    np.testing.assert_array_equal(found, found.T)
    assert np.all(np.diag(found) == 0)


def test_many_tiles_do_not_depend_on_the_order_of_threads(distances):
    H = _kernel(130, 2.0)
    found = [
        driver.rate_distances(H, 2.0, 2, 1.0, distances(backwards=order))
        for order in (False, True)
    ]
    np.testing.assert_array_equal(*found)
    rtol = 64 * EPS + _rounding(H)
    np.testing.assert_allclose(found[0], _reference_distances(H, 2.0, 2, 1.0), rtol)


@pytest.mark.parametrize("m", [0, 1, 2, 3, 50])
def test_law_is_inverted_over_its_whole_range(distances, m):
    # H with a unit diagonal and t = 1: E is the given rate itself.
    rng = np.random.default_rng(m)
    E = np.exp(rng.uniform(math.log(1e-9), math.log(600.0), (40, 40)))
    H = np.exp(-(E + E.T) / 2)
    np.fill_diagonal(H, 1.0)
    found = driver.rate_distances(H, 1.0, m, 1.0, distances())
    e = -np.log(H)
    expected = rates.inverse_rate_function(e, m=m)
    np.testing.assert_allclose(found, expected, rtol=32 * EPS)


def test_speeds_below_the_table_follow_the_parabola(distances):
    H = np.ones((2, 2))
    H[0, 1] = H[1, 0] = 1 - 2.0**-50
    rate = -math.log1p(-(2.0**-50))
    found = driver.rate_distances(H, 1.0, 2, 1.0, distances())
    # I = (m + 2) v^2 / 2 up to a relative v^2.
    np.testing.assert_allclose(found[0, 1], math.sqrt(rate / 2), rtol=64 * EPS)


def test_entries_as_large_as_their_diagonals_are_at_distance_zero(distances):
    H = np.full((3, 3), 0.25)
    H[0, 1] = H[1, 0] = 0.26  # rounding may lift an entry above the mean
    found = driver.rate_distances(H, 4.0, 2, 1.0, distances())
    np.testing.assert_array_equal(found, np.zeros((3, 3)))


def test_kernel_without_its_first_barrier_is_caught(distances):
    text = cuda.source("embedding_distance.cu")
    assert text.count("__syncthreads();") == 2
    text = text.replace("__syncthreads();", "", 1)
    H = _kernel(40, 2.0)
    found = driver.rate_distances(H, 2.0, 2, 1.0, distances(text=text))
    expected = _reference_distances(H, 2.0, 2, 1.0)
    assert not np.allclose(found, expected, equal_nan=False)


def test_predicates_name_what_the_kernels_can_do(cupy_array):
    L, B = cupy_array(5, 5), cupy_array(5, 2)
    heat = driver.accepts_heat_kernel_cuda
    uniform = {"method": "uniformization", "rtol": 1e-12}
    assert heat(L, B, 1.0, **uniform)
    assert not heat(L, None, 1.0, **uniform)
    assert not heat(L, B, 1.0, method="chebyshev", rtol=1e-12)
    assert not heat(np.eye(5), B, 1.0, **uniform)
    assert not heat(cupy_array(5, 5, dtype=np.float32), B, 1.0, **uniform)
    rate = {"sigma": 1.0, "volume": "geometric", "step": 1.0}
    distance = driver.accepts_rate_distances_cuda
    assert distance(L, 1.0, distance="rate", intrinsic_dim=2, **rate)
    assert not distance(L, 1.0, distance="varadhan", intrinsic_dim=2, **rate)
    assert not distance(L, 1.0, distance="rate", intrinsic_dim=1e5, **rate)
