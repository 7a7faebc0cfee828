"""Metric scaling: closed forms, exact recovery, descent, invariances, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.manifold import MDS

from geomsci import use_backend
from geomsci.backends.random import philox
from geomsci.embedding import mds_stress, metric_mds
from geomsci.reference.embedding import mds

EPS = float(np.finfo(np.float64).eps)
METHODS = ("sgd", "smacof", "classical")


def _distances(X):
    return np.linalg.norm(X[:, None, :] - X[None, :, :], axis=-1)


def _points(n, k, seed=0):
    return np.random.default_rng(seed).standard_normal((n, k)) * np.arange(k, 0, -1)


def _misfit(D, Y):
    """Relative error of the distances, in the Frobenius norm."""
    return np.linalg.norm(_distances(Y) - D) / np.linalg.norm(D)


def _procrustes(X, Y):
    """Relative distance of Y to X after the best rigid motion."""
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    U, _, Vh = np.linalg.svd(Y.T @ X)
    return np.linalg.norm(Y @ U @ Vh - X) / np.linalg.norm(X)


def _stress(D, Y, W=None):
    total = 0.0
    for i in range(len(D)):
        for j in range(i):
            w = 1.0 if W is None else W[i, j]
            total += w * (np.linalg.norm(Y[i] - Y[j]) - D[i, j]) ** 2
    return total


def _weights(n, seed=5):
    W = np.random.default_rng(seed).uniform(0.2, 2.0, (n, n))
    return (W + W.T) / 2


# Euclidean distances and closed forms


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("k", [1, 2, 4])
def test_euclidean_points_come_back_up_to_a_rigid_motion(method, k):
    X = _points(60, k)
    Y = metric_mds(_distances(X), k, method=method, rng=0)
    # Eigenvectors of B are as stable as the gap of its eigenvalues: B / gap.
    s = np.linalg.svd(X - X.mean(axis=0), compute_uv=False) ** 2
    gap = np.abs(np.diff(np.append(s, 0))).min()
    assert _procrustes(X, Y) < 64 * EPS * 60 * s[0] / gap


@pytest.mark.parametrize("n", [2, 3, 8])
def test_regular_simplex_has_eigenvalues_of_a_half(n):
    # D = 1 - I gives B = J / 2: all n - 1 axes have the squared length 1/2.
    Y = metric_mds(1.0 - np.eye(n), n - 1, method="classical")
    np.testing.assert_allclose(Y.T @ Y, np.eye(n - 1) / 2, atol=64 * EPS * n)
    np.testing.assert_allclose(_distances(Y), 1.0 - np.eye(n), atol=64 * EPS * n)


def test_three_points_on_a_line_share_the_misfit():
    # d = 1, at -a, 0, a: 2 (a - 1)^2 + (2 a - 1)^2 is least, 1/3, at a = 2/3.
    D, start = 1.0 - np.eye(3), np.array([[-1.0], [0.1], [1.0]])
    Y, info = metric_mds(D, 1, method="smacof", init=start, return_info=True)
    # On a line the Guttman transform is constant as long as the order is.
    np.testing.assert_allclose(Y[:, 0] - Y.mean(), [-2 / 3, 0, 2 / 3], atol=64 * EPS)
    assert abs(info.stress - 1 / 3) < 64 * EPS
    assert info.converged


def test_negative_eigenvalues_count_as_zero():
    # A 4-cycle: B has the eigenvalues 2, 2, 0, -1, and the plane is a square.
    D = np.array([[0, 1, 2, 1], [1, 0, 1, 2], [2, 1, 0, 1], [1, 2, 1, 0]])
    Y = metric_mds(D, 3, method="classical")
    np.testing.assert_allclose(np.linalg.norm(Y, axis=0), [2**0.5, 2**0.5, 0])
    np.testing.assert_allclose(np.linalg.norm(Y, axis=1), 1.0)


def test_largest_coordinate_of_every_axis_is_positive():
    Y = metric_mds(_distances(_points(30, 3)), 3, method="classical")
    assert (Y.max(axis=0) == np.abs(Y).max(axis=0)).all()


# Stress and its descent


@pytest.mark.parametrize("weighted", [False, True])
def test_stress_is_the_sum_over_pairs(weighted):
    D, Y = _distances(_points(12, 4)), _points(12, 2, seed=1)
    W = _weights(12) if weighted else None
    found = mds_stress(D, Y, W)
    assert found.shape == ()
    np.testing.assert_allclose(found, _stress(D, Y, W), rtol=64 * EPS)


@pytest.mark.parametrize("weighted", [False, True])
def test_smacof_never_raises_the_stress_and_ends_where_its_gradient_is_zero(weighted):
    D, W = _distances(_points(40, 5)), _weights(40) if weighted else np.ones((40, 40))
    options = {"weights": W} if weighted else {}
    Y, info = metric_mds(
        D, method="smacof", tol=1e-15, max_iter=5000, return_info=True, **options
    )
    assert info.converged
    scale = (W * D**2).sum() / 2
    assert (np.diff(info.stress_path) <= 64 * EPS * scale).all()
    np.testing.assert_allclose(info.stress, _stress(D, Y, W), rtol=64 * EPS * 40)
    ratio = 1 - D / (_distances(Y) + np.eye(40))
    forces = 2 * ((W * ratio)[:, :, None] * (Y[:, None] - Y[None])).sum(axis=1)
    # An iteration lowers the stress by |gradient|^2 / (4 lambda) at least, lambda
    # being the largest eigenvalue of V, at most twice the largest degree.
    bound = 4 * 2 * W.sum(axis=1).max() * 2e-15 * scale
    assert (forces**2).sum() <= bound


def test_a_far_start_still_finds_euclidean_points():
    D = _distances(_points(50, 2))
    start = _points(50, 2, seed=9)
    Y = metric_mds(D, init=start, rng=0)
    assert mds_stress(D, Y) < 1e-3 * mds_stress(D, start)


def test_stress_is_not_above_that_of_scikit_learn():
    D = _distances(_points(80, 5))
    start = metric_mds(D, method="classical")
    theirs = MDS(2, metric="precomputed", n_init=1, init="classical_mds", max_iter=3000,
                 eps=1e-10, random_state=0).fit(D)  # fmt: skip
    ours = metric_mds(D, method="smacof", init=start, tol=1e-10, max_iter=3000)
    descent = metric_mds(D, rng=0)
    assert mds_stress(D, ours) <= theirs.stress_ * (1 + 1e-6)
    assert mds_stress(D, descent) <= 1.05 * theirs.stress_


@pytest.mark.parametrize("method", ["sgd", "smacof"])
def test_axes_that_classical_scaling_leaves_empty_are_found(method):
    # A unit square whose second diagonal is not known: the value 1e9 in its place
    # leaves one eigenvalue above rounding, so classical scaling gives a line.
    D = _distances(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]))
    W = np.ones((4, 4))
    D[1, 3] = D[3, 1] = 1e9
    W[1, 3] = W[3, 1] = 0
    assert (metric_mds(D, method="classical")[:, 1] == 0).all()
    Y = metric_mds(D, method=method, weights=W, rng=0, max_iter=2000, tol=1e-14)
    assert _stress(D, Y, W) < 1e-9


# Weights


@pytest.mark.parametrize("method", ["sgd", "smacof"])
def test_weights_of_one_are_no_weights(method):
    D = _distances(_points(30, 4))
    plain = metric_mds(D, method=method, rng=0, max_iter=20, tol=1)
    found = metric_mds(D, method=method, rng=0, max_iter=20, tol=1, weights=D * 0 + 1.0)
    np.testing.assert_allclose(_distances(found), _distances(plain), atol=1e4 * EPS)


@pytest.mark.parametrize("method", ["sgd", "smacof"])
def test_unit_of_the_weights_does_not_matter(method):
    D, W = _distances(_points(30, 4)), _weights(30)
    plain = metric_mds(D, method=method, rng=0, max_iter=1, tol=1, weights=W)
    found = metric_mds(D, method=method, rng=0, max_iter=1, tol=1, weights=4 * W)
    np.testing.assert_allclose(found, plain, atol=1e4 * EPS)


def test_wrong_distances_without_weight_do_no_harm():
    X, W = _points(30, 2), 1.0 - np.eye(30)
    D = _distances(X)
    W[2, 7] = W[7, 2] = W[3, 4] = W[4, 3] = 0
    wrong = np.where((W > 0) | np.eye(30, dtype=bool), D, 50.0)
    start = X + 0.1 * _points(30, 2, seed=3)
    Y = metric_mds(
        wrong, method="smacof", weights=W, init=start, tol=1e-20, max_iter=2000
    )
    # The stress is at least quadratic around its zero, with the slope of the weights.
    assert _procrustes(X, Y) < 1e-7
    found = metric_mds(wrong, weights=W, init=start, max_iter=40, rng=0)
    assert _stress(D, found, W) < 1e-3 * _stress(D, start, W)


def test_weights_in_two_parts_are_refused():
    D, W = _distances(_points(6, 2)), np.zeros((6, 6))
    W[:3, :3] = W[3:, 3:] = 1
    with pytest.raises(ValueError, match="connect all points"):
        metric_mds(D, method="smacof", weights=W)


# Invariances


@pytest.mark.parametrize("method", METHODS)
def test_scaled_distances_give_scaled_points(method):
    D = _distances(_points(40, 4))
    options = {"max_iter": 3, "tol": 1.0} if method != "classical" else {}
    Y = metric_mds(D, method=method, rng=0, **options)
    # Powers of two change no rounding.
    scaled = metric_mds(2.0**40 * D, method=method, rng=0, **options)
    np.testing.assert_allclose(scaled, 2.0**40 * Y, rtol=0, atol=1e4 * EPS * 2.0**40)


@pytest.mark.parametrize("method", ["smacof", "classical"])
def test_permuted_points_keep_their_distances(method):
    D, p = _distances(_points(40, 4)), np.random.default_rng(2).permutation(40)
    options = {"max_iter": 3, "tol": 1.0} if method != "classical" else {}
    Y = metric_mds(D, method=method, **options)
    found = metric_mds(D[np.ix_(p, p)], method=method, **options)
    np.testing.assert_allclose(
        _distances(found), _distances(Y)[np.ix_(p, p)], atol=1e5 * EPS * D.max()
    )


# Order of the pairs


@pytest.mark.parametrize("n", [2, 3, 7, 30, 64, 100])
def test_every_pair_meets_once_an_epoch(n):
    order = mds.schedule(17, n, 2)
    m, size = order.rounds.shape[1], order.size
    for seats, rounds in zip(order.seats, order.rounds):
        met = np.zeros((n, n), dtype=int)
        own = np.arange(m * size)
        for r in rounds:
            for s in range(size):
                other = (r - own // size) % m * size + (own % size ^ s)
                np.testing.assert_array_equal(other[other], own)
                i, j = seats, seats[other]
                keep = (i < n) & (j < n) & (i != j)
                met[i[keep], j[keep]] += 1
        np.testing.assert_array_equal(met, 1 - np.eye(n))


def test_order_is_that_of_the_words_of_the_stream():
    order = mds.schedule(17, 9, 3)
    words = philox(17, 2 * mds.STREAM_STEP, order.seats.shape[1])
    np.testing.assert_array_equal(order.seats[2], np.argsort(words))


def test_seed_decides_the_result_of_the_descent():
    D = _distances(_points(40, 5))
    Y = metric_mds(D, rng=3)
    np.testing.assert_array_equal(Y, metric_mds(D, rng=np.random.default_rng(3)))
    assert np.abs(Y - metric_mds(D, rng=4)).max() > 1e-3


def test_steps_fall_from_one_to_a_tenth():
    etas = mds.step_sizes(0.5, 4.0, 15)
    np.testing.assert_allclose(etas, np.geomspace(2, 0.025, 15), rtol=64 * EPS)
    assert mds.step_sizes(1.0, 1.0, 1) == (1.0,)


@pytest.mark.parametrize("backend", ["reference", "numba"])
def test_two_points_that_coincide_part(backend):
    with use_backend(backend):
        Y = metric_mds(1.0 - np.eye(2), 1, init=np.zeros((2, 1)), rng=0, max_iter=1)
    np.testing.assert_array_equal(np.abs(Y), [[0.5], [0.5]])


# Array libraries


@pytest.mark.capability("embedding.metric_mds")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("weighted", [False, True])
def test_every_library_gives_the_points_of_numpy(xp, method, weighted):
    X = _points(24, 2)
    D, start, W = _distances(X), X + 0.1 * _points(24, 2, seed=1), _weights(24)
    options = {"method": method, "rng": 0}
    arrays = {"init": start, "weights": W if weighted else None}
    if method == "classical":
        arrays = {}
    else:
        options |= {"max_iter": 3, "tol": 1.0}
    native = {k: None if v is None else xp.asarray(v) for k, v in arrays.items()}
    Y = metric_mds(xp.asarray(D), **native, **options)
    # Close points turn their direction by eps times the ratio of the distances.
    kappa = D.max() / D[D > 0].min()
    expected = metric_mds(D, **arrays, **options)
    xp.assert_close(Y, expected, kappa=kappa, n=24)


@pytest.mark.capability("embedding.mds_stress")
def test_every_library_gives_the_stress_of_numpy(xp):
    D, Y, W = _distances(_points(20, 4)), _points(20, 2, seed=1), _weights(20)
    found = mds_stress(xp.asarray(D), xp.asarray(Y), xp.asarray(W))
    xp.assert_close(found, np.asarray(_stress(D, Y, W)), kappa=4.0, n=20)


# Bad input


def _with(value, i, j):
    D = _distances(_points(5, 2))
    D[i, j] = value
    return D


@pytest.mark.parametrize(
    ("D", "message"),
    [
        (np.zeros((1, 1)), "at least 2 points"),
        (np.zeros((3, 4)), "square matrix"),
        (np.zeros(4), "square matrix"),
        (_with(9.0, 1, 2), "D must be symmetric"),
        (_with(-1.0, 1, 2), "D must not be negative"),
        (_with(np.nan, 1, 2), "D must be finite"),
        (_with(np.inf, 1, 2), "D must be finite"),
        (_with(0.5, 1, 1), "zero on the diagonal"),
    ],
)
def test_matrices_that_are_no_distances_are_refused(D, message):
    with pytest.raises(ValueError, match=message):
        metric_mds(D, 1)
    with pytest.raises(ValueError, match=message):
        mds_stress(D, np.zeros((5, 1)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_components": 0}, "n_components must be between 1"),
        ({"n_components": 5}, "n_components must be between 1"),
        ({"method": "nonmetric"}, "method must be one of sgd, smacof, classical"),
        ({"max_iter": 0}, "max_iter"),
        ({"tol": -1.0}, "tol"),
        ({"tol": np.nan}, "tol"),
        ({"init": np.zeros((5, 3))}, r"init must have shape \(5, 2\)"),
        ({"weights": np.ones(5)}, "weights must have shape"),
        ({"weights": -np.ones((5, 5))}, "weights must not be negative"),
        ({"weights": np.eye(5)}, "positive for some pair"),
        ({"weights": np.tri(5)}, "weights must be symmetric"),
        ({"weights": np.ones((5, 5)), "method": "classical"}, "closed form"),
        ({"init": np.ones((5, 2)), "method": "classical"}, "closed form"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        metric_mds(_distances(_points(5, 2)), **options)


def test_complex_distances_are_refused():
    with pytest.raises(TypeError, match="real"):
        metric_mds(1j * _distances(_points(5, 2)))


def test_points_must_match_the_distances():
    with pytest.raises(ValueError, match="Y must have shape"):
        mds_stress(_distances(_points(5, 2)), np.zeros((4, 2)))


def test_rounding_of_distances_is_evened_out():
    X = _points(20, 2)
    gram = X @ X.T
    square = np.diag(gram)[:, None] + np.diag(gram)[None, :] - 2 * gram
    D = np.sqrt(np.maximum(square, 0) + 1e-17)  # a diagonal of 3e-9
    assert _procrustes(X, metric_mds(D, method="classical")) < 1e-7


def test_smacof_says_when_it_has_not_converged():
    D = _distances(_points(30, 5))
    with pytest.warns(ConvergenceWarning, match="raise max_iter or tol"):
        _, info = metric_mds(D, method="smacof", max_iter=2, tol=0, return_info=True)
    assert not info.converged
    assert info.n_iter == 2
    assert len(info.stress_path) == 3
