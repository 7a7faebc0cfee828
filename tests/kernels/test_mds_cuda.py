"""The CUDA C++ kernels of multidimensional scaling, run on the host by the shim."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from geomsci.backends import cuda
from geomsci.backends.kernels import mds as host
from geomsci.backends.kernels import mds_cuda as driver
from geomsci.reference.embedding import mds

EPS = float(np.finfo(np.float64).eps)
EDGES = [1, 2, 31, 32, 33, 129]
ENTRIES = (
    *(f"stress_forces_{k}" for k in range(1, 9)),
    "stress_total",
    "sgd_round",
)


@pytest.fixture
def scaling(host_runner):
    return functools.partial(host_runner, "embedding_stress.cu", ENTRIES)


def _problem(n, k, seed=0):
    """Points near to where their distances are met, and weights."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, k))
    D = np.linalg.norm(X[:, None, :] - X[None, :, :], axis=-1)
    Y = X + 0.05 * rng.standard_normal((n, k))
    W = rng.uniform(0.3, 1.0, (n, n))
    return D, Y, (W + W.T) / 2


def _exact(D, Y, W):
    """Forces and stress by their definition, in extended precision."""
    D, Y, W = (x.astype(np.longdouble) for x in (D, Y, W))
    away = Y[:, None, :] - Y[None, :, :]
    lengths = np.sqrt(np.sum(away**2, axis=-1))
    ratio = np.where(lengths > 0, W * D / np.where(lengths > 0, lengths, 1), 0)
    forces = np.sum(ratio[:, :, None] * away, axis=1)
    return forces, np.sum(W * (lengths - D) ** 2) / 2


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("k", range(1, 9))
def test_forces_and_stress_equal_their_definition(scaling, k, weighted):
    D, Y, W = _problem(37, k)
    given = W if weighted else None
    found, stress = driver.forces_and_stress(D, Y.T.copy(), given, scaling())
    expected, total = _exact(D, Y, W if weighted else np.ones_like(D))
    scale = np.max(np.sum(D, axis=1))
    np.testing.assert_allclose(found.T, expected, rtol=0, atol=16 * EPS * scale)
    # A squared error is rounded by eps times the distance.
    error = 8 * EPS * np.sum(D * np.abs(D - mds._distances(np, Y, Y)))
    np.testing.assert_allclose(float(stress), float(total), rtol=64 * EPS, atol=error)


@pytest.mark.parametrize("n", EDGES)
def test_any_number_of_points_and_order_of_threads(scaling, n):
    D, Y, _ = _problem(n, 2)
    found = [
        driver.forces_and_stress(D, Y.T.copy(), None, scaling(backwards=order))
        for order in (False, True)
    ]
    np.testing.assert_array_equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]
    expected, _ = _exact(D, Y, np.ones_like(D))
    scale = max(1.0, np.max(np.sum(D, axis=1)))
    np.testing.assert_allclose(found[0][0].T, expected, rtol=0, atol=16 * EPS * scale)


def test_points_that_coincide_exert_no_force(scaling):
    D = np.array([[0.0, 2.0], [2.0, 0.0]])
    forces, stress = driver.forces_and_stress(D, np.zeros((3, 2)), None, scaling())
    np.testing.assert_array_equal(forces, np.zeros((3, 2)))
    assert float(stress) == 4.0


@pytest.mark.parametrize("weighted", [False, True])
def test_stress_equals_the_reference(scaling, weighted):
    D, Y, W = _problem(50, 3)
    W = W if weighted else None
    found = driver.stress(D, Y, W, scaling())
    np.testing.assert_allclose(found, mds.stress(D, Y, W), rtol=1e3 * EPS)


@pytest.mark.parametrize("weighted", [False, True])
def test_smacof_takes_the_steps_of_the_reference(scaling, weighted):
    D, Y, W = _problem(35, 2)
    D = D * np.random.default_rng(3).uniform(0.9, 1.1, D.shape)
    D, W = (D + D.T) / 2, W if weighted else None
    found, info = driver.smacof(D, Y, W, 30, 1e-5, scaling())
    expected, wanted = mds.smacof(D, Y, W, max_iter=30, tol=1e-5)
    assert (info.n_iter, info.converged) == (wanted.n_iter, wanted.converged)
    assert info.converged
    # Every step rounds, and the condition of V multiplies it.
    kappa = 1.0 if W is None else np.linalg.cond(np.diag(W.sum(axis=1)) - W + 1)
    bound = 64 * EPS * kappa * info.n_iter
    np.testing.assert_allclose(found, expected, rtol=0, atol=bound * np.abs(Y).max())
    np.testing.assert_allclose(info.stress_path, wanted.stress_path, rtol=64 * bound)


def test_smacof_says_when_it_has_not_converged(scaling):
    D, Y, _ = _problem(20, 2)
    _, info = driver.smacof(D, 3 * Y, None, 2, 0.0, scaling())
    assert (info.n_iter, info.converged) == (2, False)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "k"), [(2, 1), (3, 2), (17, 2), (40, 3), (65, 8)])
def test_descent_equals_the_reference(scaling, n, k, weighted):
    D, Y, W = _problem(n, k)
    W, order = W if weighted else None, mds.schedule(11, n, 3)
    etas = mds.step_sizes(0.3, 1.0, 3)
    found = driver.sgd(D, Y, W, order, etas, scaling())
    expected = mds.sgd(D, Y, W, order, etas)
    # A step turns the direction of a close pair by eps times the ratio of distances.
    kappa = D.max() / D[D > 0].min()
    np.testing.assert_allclose(found, expected, rtol=0, atol=64 * EPS * kappa)


def test_descent_in_full_blocks_equals_the_host(scaling):
    D, Y, W = _problem(300, 2)
    size = mds.LARGEST_BLOCK
    assert size == driver.MOST_SEATS
    m = -(-300 // size) | 1
    rng = np.random.default_rng(0)
    seats = np.stack([rng.permutation(m * size) for _ in range(2)])
    order = mds.Schedule(seats, np.stack([rng.permutation(m) for _ in range(2)]), size)
    etas = mds.step_sizes(0.3, 1.0, 2)
    found = driver.sgd(D, Y, W, order, etas, scaling())
    kappa = D.max() / D[D > 0].min()
    expected = host.sgd_numba(D, Y, W, order, etas)
    np.testing.assert_allclose(found, expected, rtol=0, atol=64 * EPS * kappa)


def test_descent_does_not_depend_on_the_order_of_threads(scaling):
    D, Y, W = _problem(40, 2)
    order, etas = mds.schedule(11, 40, 2), mds.step_sizes(0.3, 1.0, 2)
    found = [
        driver.sgd(D, Y, W, order, etas, scaling(backwards=backwards))
        for backwards in (False, True)
    ]
    np.testing.assert_array_equal(*found)


def test_points_that_coincide_part_along_the_first_axis(scaling):
    D = np.array([[0.0, 2.0], [2.0, 0.0]])
    order = mds.schedule(1, 2, 1)
    found = driver.sgd(D, np.zeros((2, 2)), None, order, (1.0,), scaling())
    np.testing.assert_array_equal(np.sort(found[:, 0]), [-1.0, 1.0])
    np.testing.assert_array_equal(found[:, 1], [0.0, 0.0])


def test_drivers_leave_their_input_alone(scaling):
    D, Y, W = _problem(20, 2)
    before = [x.copy() for x in (D, Y, W)]
    order, etas = mds.schedule(11, 20, 2), mds.step_sizes(0.3, 1.0, 2)
    driver.sgd(D, Y, W, order, etas, scaling())
    driver.smacof(D, Y, W, 3, 0.0, scaling())
    for x, y in zip((D, Y, W), before):
        np.testing.assert_array_equal(x, y)


def test_kernels_without_their_barriers_are_caught(scaling):
    text = cuda.source("embedding_stress.cu")
    assert text.count("__syncthreads();") == 4
    broken = text.replace("__syncthreads();", "")
    D, Y, _ = _problem(40, 2)
    _, stress = driver.forces_and_stress(D, Y.T.copy(), None, scaling(text=broken))
    assert np.isnan(stress)
    order, etas = mds.schedule(11, 40, 1), mds.step_sizes(1.0, 1.0, 1)
    found = [
        driver.sgd(D, Y, None, order, etas, scaling(text=broken, backwards=backwards))
        for backwards in (False, True)
    ]
    assert not np.array_equal(*found)


def test_predicates_name_what_the_kernels_can_do(cupy_array):
    D, Y, order = cupy_array(9, 9), cupy_array(9, 8), mds.schedule(0, 9, 1)
    assert driver.accepts_stress_cuda(D, Y, None)
    assert driver.accepts_smacof_cuda(D, Y, D, max_iter=3, tol=0.0)
    assert driver.accepts_sgd_cuda(D, Y, None, order, (1.0,))
    assert not driver.accepts_sgd_cuda(D, Y, None, order._replace(size=256), (1.0,))
    assert not driver.accepts_stress_cuda(D, cupy_array(9, 9), None)
    assert not driver.accepts_stress_cuda(D, Y, np.ones((9, 9)))
    assert not driver.accepts_stress_cuda(np.ones((9, 9)), Y, None)
    assert not driver.accepts_stress_cuda(cupy_array(9, 9, dtype="f4"), Y, None)
