"""The compiled descent of the stress against its interpreted source."""

from __future__ import annotations

import numpy as np
import pytest

from geomsci.backends import threads
from geomsci.backends.kernels import mds as kernels
from geomsci.reference.embedding import mds, sgd_mds

EPS = float(np.finfo(np.float64).eps)


def _problem(n, k, n_epochs=3, seed=0):
    """Points near to where their distances are met: the descent contracts there."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, k))
    D = np.linalg.norm(X[:, None, :] - X[None, :, :], axis=-1)
    Y = X + 0.05 * rng.standard_normal((n, k))
    W = rng.uniform(0.3, 1.0, (n, n))
    order = mds.schedule(11, n, n_epochs)
    return D, Y, (W + W.T) / 2, order, mds.step_sizes(0.3, 1.0, n_epochs)


def _interpreted(D, Y, W, order, etas):
    n, n_seats = len(D), order.seats.shape[1]
    Y, ones = Y.copy(), np.ones((1, 1))
    for seats, rounds, eta in zip(order.seats, order.rounds, etas):
        seated = np.empty((2, n_seats, n_seats))
        points = np.zeros((n_seats, Y.shape[1]))
        taken = seats < n
        points[taken] = Y[seats[taken]]
        for M, place in zip((D, D if W is None else W), seated):
            sgd_mds.take_seats(M, seats, n, place, 0, n_seats)
        strengths = ones if W is None else seated[1]
        half = (order.rounds.shape[1] + 1) // 2
        for r in rounds:
            sgd_mds.play_round(
                seated[0], strengths, points, order.size, int(r), eta, 0, half
            )
        Y[seats[taken]] = points[taken]
    return Y


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("n", "k"), [(2, 1), (3, 2), (17, 2), (40, 3)])
def test_compiled_interpreted_and_array_forms_agree(n, k, weighted):
    D, Y, W, order, etas = _problem(n, k)
    W = W if weighted else None
    expected = _interpreted(D, Y, W, order, etas)
    # A step turns the direction of a close pair by eps times the ratio of distances.
    kappa = D.max() / D[D > 0].min()
    for form in (kernels.sgd_numba, mds.sgd):
        found = form(D, Y, W, order, etas)
        np.testing.assert_allclose(found, expected, rtol=0, atol=64 * EPS * kappa)


def test_single_precision_stays_single():
    D, Y, W, order, etas = _problem(40, 2)
    expected = kernels.sgd_numba(D, Y, W, order, etas)
    found = kernels.sgd_numba(*(x.astype("f4") for x in (D, Y, W)), order, etas)
    assert found.dtype == np.float32
    kappa = D.max() / D[D > 0].min()
    atol = 64 * float(np.finfo(np.float32).eps) * kappa
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("weighted", [False, True])
def test_descent_on_many_threads_is_that_of_one(weighted, monkeypatch):
    D, Y, W, order, etas = _problem(300, 2)
    monkeypatch.setattr(kernels, "WORTH_A_THREAD", 300)
    many = []
    for n in (1, 2, 5):
        monkeypatch.setattr(threads, "n_threads", lambda n=n: n)
        many.append(kernels.sgd_numba(D, Y, W if weighted else None, order, etas))
    for other in many[1:]:
        np.testing.assert_array_equal(many[0], other)


def test_kernel_leaves_its_input_alone():
    D, Y, W, order, etas = _problem(30, 2)
    arrays = [D, Y, W, order.seats, order.rounds]
    before = [x.copy() for x in arrays]
    for x in arrays:
        x.flags.writeable = False
    moved = kernels.sgd_numba(D, Y, W, order, etas)
    for x, y in zip(arrays, before):
        np.testing.assert_array_equal(x, y)
    assert (moved != Y).any()


def test_pairs_of_blocks_of_a_round_share_no_seat():
    for m in (1, 3, 9):
        for r in range(m):
            c = r * ((m + 1) // 2) % m
            blocks = [{(c + k) % m, (c - k) % m} for k in range((m + 1) // 2)]
            assert sum(len(pair) for pair in blocks) == m
            assert set().union(*blocks) == set(range(m))
            assert all(sum(pair) % m == r for pair in blocks if len(pair) == 2)
