"""Sparse stress: definition, descent, exact placements, mutual edges."""

import numpy as np
import pytest

from geomsci.backends import neighbors
from geomsci.backends.arrays import device
from geomsci.reference.embedding import sparse_stress as sparse

EPS = float(np.finfo(np.float64).eps)


def _distances(A, B):
    return np.linalg.norm(A[:, None, :] - B[None, :, :], axis=-1)


def _problem(n=60, m=8, seed=0):
    """Points, pivots and exact terms; the points stand at their places."""
    rng = np.random.default_rng(seed)
    X, A = rng.standard_normal((n, 2)), rng.standard_normal((m, 2))
    near = neighbors.nearest(X, 6)
    edges = sparse.mutual_edges(near.indices, near.distances)
    columns = np.tile(np.arange(m), (n, 1))
    pivots = sparse.pivot_terms(columns, _distances(X, A), edges)
    return X, edges, A, pivots


def _moved(xp, terms):
    """Terms in the library of the case."""
    here = device(xp.asarray([0.0]))
    columns = xp.xp.asarray(terms.columns.tolist(), dtype=xp.xp.int64, device=here)
    return sparse.Terms(columns, *(xp.asarray(x) for x in terms[1:]))


def test_edges_are_the_mutual_neighbours(xp):
    _, edges, _, _ = _problem()
    moved = _moved(xp, edges)
    found = xp.to_numpy(sparse.mutual_edges(*moved[:2]).weights)
    lists = [set(row) for row in edges.columns.tolist()]
    for i, row in enumerate(edges.columns.tolist()):
        for k, j in enumerate(row):
            assert (found[i, k] > 0) == (i in lists[j])


def test_weights_of_edges_are_symmetric_inverse_squares():
    X, edges, _, _ = _problem()
    W = np.zeros((len(X), len(X)))
    np.put_along_axis(W, edges.columns, edges.weights, axis=1)
    assert np.array_equal(W, W.T)
    ratio = (W * _distances(X, X) ** 2)[W > 0]
    np.testing.assert_allclose(ratio, ratio[0], rtol=64 * EPS)


def test_pivots_balance_the_edges():
    _, edges, _, pivots = _problem()
    total = edges.weights.sum(axis=1)
    linked = total > 0
    share = pivots.weights.sum(axis=1)
    np.testing.assert_allclose(share[linked] * sparse.BALANCE, total[linked])
    assert (share > 0).all()


def test_copies_get_no_edge_and_finite_weights():
    X = np.repeat(np.random.default_rng(1).standard_normal((20, 2)), 2, axis=0)
    near = neighbors.nearest(X, 4)
    edges = sparse.mutual_edges(near.indices, near.distances)
    assert np.isfinite(edges.weights).all()
    assert (edges.weights[near.distances == 0] == 0).all()
    assert (near.distances == 0).any()
    assert (edges.weights > 0).any()


def test_stress_is_its_definition(xp):
    X, edges, A, pivots = _problem()
    Y = X + 0.1 * np.random.default_rng(2).standard_normal(X.shape)
    expected = 0.0
    for i in range(len(X)):
        for terms, ends, share in ((edges, Y, 0.5), (pivots, A, 1.0)):
            for j, d, w in zip(*(table[i] for table in terms)):
                expected += share * w * (np.linalg.norm(Y[i] - ends[j]) - d) ** 2
    found = sparse.sparse_stress(
        xp.asarray(Y), _moved(xp, edges), xp.asarray(A), _moved(xp, pivots)
    )
    assert found == pytest.approx(expected, rel=1e4 * xp.eps)


def test_exact_places_stay(xp):
    X, edges, A, pivots = _problem()
    found = sparse.refine(
        xp.asarray(X), _moved(xp, edges), xp.asarray(A), _moved(xp, pivots), n_iter=3
    )
    xp.assert_close(found, X, kappa=1e3)


@pytest.mark.parametrize("noise", [0.05, 0.5, 5.0])
def test_stress_never_rises(noise):
    X, edges, A, pivots = _problem()
    Y = X + noise * np.random.default_rng(3).standard_normal(X.shape)
    path = []
    for _ in range(40):
        path.append(sparse.sparse_stress(Y, edges, A, pivots))
        Y = sparse.refine(Y, edges, A, pivots, n_iter=1)
    assert (np.diff(path) <= 64 * EPS * path[0]).all()
    assert path[-1] < path[0] / 3


def test_disturbed_points_come_back():
    X, edges, A, pivots = _problem()
    Y = X + 0.02 * np.random.default_rng(4).standard_normal(X.shape)
    found = sparse.refine(Y, edges, A, pivots, n_iter=3000)
    # The limit is the exact place: the Hessian there is positive definite.
    assert np.abs(found - X).max() < 1e-6 * np.abs(Y - X).max()


def test_tiles_do_not_change_a_bit(monkeypatch):
    X, edges, A, pivots = _problem()
    Y = X + 0.1
    together = sparse.refine(Y, edges, A, pivots, n_iter=4)
    monkeypatch.setattr("geomsci.backends.tiling.CACHE_BYTES", 2000)
    assert np.array_equal(sparse.refine(Y, edges, A, pivots, n_iter=4), together)


def test_coinciding_points_stay_finite():
    X, edges, A, pivots = _problem()
    found = sparse.refine(np.zeros_like(X), edges, np.zeros_like(A), pivots, n_iter=2)
    assert np.isfinite(found).all()
