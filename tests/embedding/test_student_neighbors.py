"""Student neighbour embedding: gradient, divergence, descent, symmetries, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE, _t_sne

from geomsci.embedding import alpha_decay_graph, graph_laplacian, heat_kernel
from geomsci.embedding.student_neighbors import heat_affinities, student_embedding
from geomsci.reference.embedding import student_neighbors as reference

EPS = float(np.finfo(np.float64).eps)


def _problem(n=20, k=2, seed=0, spread=3.0):
    rng = np.random.default_rng(seed)
    P = rng.uniform(size=(n, n)) ** 3
    P = (P + P.T) * (1 - np.eye(n))
    return P / P.sum(), spread * rng.standard_normal((n, k))


def _divergence(P, Y):
    """The formula over pairs, from exact differences."""
    w = 1 / (1 + pdist(Y) ** 2)
    p, q = squareform(P, checks=False), w / (2 * w.sum())
    some = p > 0
    return 2 * float((p[some] * np.log(p[some] / q[some])).sum())


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("spread", [1e-3, 1.0, 30.0])
def test_gradient_and_divergence_are_those_of_scikit_learn(k, spread):
    P, Y = _problem(k=k, spread=spread)
    packed = squareform(P, checks=False)
    value, grad = _t_sne._kl_divergence(Y.ravel(), packed, 1, 20, k)
    found = reference.student_gradient(P, Y)
    # Forces are differences of sums of the size of |y|.
    np.testing.assert_allclose(found.ravel(), grad, atol=64 * EPS * np.abs(Y).max())
    expected = pytest.approx(value, rel=1e-12)  # theirs has a floor of eps on p
    assert float(reference.student_divergence(P, Y)) == expected


def test_gradient_is_the_slope_of_the_divergence():
    P, Y = _problem()
    grad = reference.student_gradient(P, Y)
    step = EPS ** (1 / 3)
    for i, c in [(0, 0), (3, 1), (19, 0)]:
        E = np.zeros_like(Y)
        E[i, c] = step
        slope = (_divergence(P, Y + E) - _divergence(P, Y - E)) / (2 * step)
        assert slope == pytest.approx(grad[i, c], abs=64 * step**2)


@pytest.mark.capability("embedding.student_gradient")
def test_every_library_gives_gradient_and_divergence(xp):
    P, Y = _problem()
    P[0, 1] = P[1, 0] = 0.0
    P /= P.sum()
    _, grad = _t_sne._kl_divergence(Y.ravel(), squareform(P, checks=False), 1, 20, 2)
    p, y = xp.asarray(P), xp.asarray(Y)
    # Forces cancel against sums of |y|, which is up to 10.
    kappa = 10 / np.linalg.norm(grad)
    xp.assert_close(
        reference.student_gradient(p, y), grad.reshape(20, 2), kappa=kappa, n=20
    )
    found = float(reference.student_divergence(p, y))
    assert found == pytest.approx(_divergence(P, Y), rel=1e3 * xp.eps)


def test_the_embedding_ends_where_the_gradient_is_zero():
    P, _ = _problem(12)
    Y, info = student_embedding(P, max_iter=5000, return_info=True)
    assert info.converged
    _, grad = _t_sne._kl_divergence(Y.ravel(), squareform(P, checks=False), 1, 12, 2)
    assert np.linalg.norm(grad) < 2e-7
    assert info.divergence == pytest.approx(_divergence(P, Y), rel=1e-12)
    np.testing.assert_allclose(Y.mean(axis=0), 0, atol=64 * EPS * np.abs(Y).max())


@pytest.mark.parametrize("n", [3, 4])
def test_equal_affinities_are_met_exactly(n):
    # A regular simplex has equal q, so the divergence is zero.
    Y, info = student_embedding(np.ones((n, n)), n - 1, rng=0, return_info=True)
    q = 1 / (1 + pdist(Y) ** 2)
    np.testing.assert_allclose(q / q.mean(), 1, atol=1e-5)
    assert abs(info.divergence) < 1e-10  # the square of that


def test_divergence_is_not_above_that_of_scikit_learn():
    X = load_digits().data[:150]
    theirs = TSNE(
        perplexity=15, method="exact", init="pca", random_state=0, max_iter=1000
    )
    theirs.fit(X)
    D = squareform(pdist(X, "sqeuclidean")).astype(np.float32)
    P = squareform(_t_sne._joint_probabilities(D, 15, 0))
    best = min(
        student_embedding(P, return_info=True, **start)[1].divergence
        for start in ({}, {"init": 1e-4 * X[:, [12, 43]] / 5})
    )
    assert best <= 1.05 * theirs.kl_divergence_


def test_gradient_follows_rotations_and_permutations():
    P, Y = _problem()
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    order = np.random.default_rng(1).permutation(20)
    expected = (reference.student_gradient(P, Y) @ turn)[order]
    found = reference.student_gradient(P[np.ix_(order, order)], (Y @ turn)[order])
    np.testing.assert_allclose(found, expected, atol=64 * EPS * np.abs(Y).max())


def test_affinities_without_structure_do_not_collapse():
    # The exaggerated pull of near equal affinities beats the push in every direction.
    P = (1.0 + 90 * _problem(30)[0]) * (1 - np.eye(30))
    Y, info = student_embedding(P, return_info=True)
    assert Y.std() > 0.01
    assert info.divergence < _divergence(P / P.sum(), 1e-4 * Y)


def test_same_call_gives_the_same_bits_and_the_input_is_kept():
    P, start = _problem()
    P.flags.writeable = start.flags.writeable = False
    first = student_embedding(P, init=start, max_iter=50)
    np.testing.assert_array_equal(first, student_embedding(P, init=start, max_iter=50))
    np.testing.assert_array_equal(*(student_embedding(P, max_iter=9) for _ in "ab"))
    drawn = [student_embedding(P, max_iter=9, rng=seed) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


@pytest.mark.capability("embedding.student_embedding")
def test_every_library_descends_alike(xp):
    P, start = _problem()
    options = {"max_iter": 8, "return_info": True}
    Y, info = student_embedding(xp.asarray(P), init=xp.asarray(start), **options)
    expected, other = student_embedding(P, init=start, **options)
    xp.assert_close(Y, expected, kappa=200.0, n=20)  # eight steps
    assert info.divergence == pytest.approx(other.divergence, rel=1e4 * xp.eps)
    assert student_embedding(xp.asarray(P), max_iter=3).shape == (20, 2)


def test_spectral_start_is_the_second_eigenvector_of_a_path():
    # The walk on a cycle less one edge has the cosines of half waves.
    n = 12
    P = np.eye(n, k=1) + np.eye(n, k=-1)
    P[0, 0] = P[-1, -1] = 1.0  # reflecting ends: cos(pi k (i + 1/2) / n)
    Y = reference.spectral_start(P, n_components=2)
    waves = np.cos(np.pi * np.outer(np.arange(n) + 0.5, [1, 2]) / n)
    scale = reference.START * math.sqrt(2)
    np.testing.assert_allclose(np.abs(Y), np.abs(scale * waves), atol=1e-14)


# Affinities of a heat kernel


@pytest.mark.capability("embedding.heat_affinities")
def test_affinities_are_their_formula(xp):
    rng = np.random.default_rng(0)
    H, u = rng.uniform(0.1, 1, (9, 9)), rng.uniform(0.5, 2, 9)
    H = H + H.T
    h = H * u * (1 - np.eye(9))
    h /= h.sum(axis=1, keepdims=True)
    P = heat_affinities(xp.asarray(H), xp.asarray(u))
    xp.assert_close(P, (h + h.T) / 18, n=9)
    assert float(xp.to_numpy(P).sum()) == pytest.approx(1.0, abs=64 * EPS)


def test_clusters_of_a_heat_kernel_stay_apart():
    rng = np.random.default_rng(3)
    centres = np.array([[0.0, 0, 0], [6, 0, 0], [0, 6, 0]])
    X = np.repeat(centres, 30, axis=0) + rng.standard_normal((90, 3))
    W, _ = alpha_decay_graph(X, 12)
    P = heat_affinities(heat_kernel(graph_laplacian(W, "normalized"), 2.0))
    D = squareform(pdist(student_embedding(P)))
    np.fill_diagonal(D, np.inf)
    labels = np.repeat(np.arange(3), 30)
    assert (labels[D.argmin(axis=1)] == labels).mean() > 0.95


# Bad input


@pytest.mark.parametrize(
    ("P", "options", "message"),
    [
        (np.ones((2, 3)), {}, "square matrix"),
        (np.ones((1, 1)), {}, "at least 2 points"),
        (-np.ones((4, 4)), {}, "not be negative"),
        (np.tri(4), {}, "must be symmetric"),
        (np.full((4, 4), np.nan), {}, "must be finite"),
        (np.eye(4), {}, "positive for some pair"),
        (np.ones((4, 4)), {"n_components": 4}, "n_components must be between"),
        (np.ones((4, 4)), {"max_iter": 0}, "max_iter must be at least 1"),
        (np.ones((4, 4)), {"min_grad_norm": -1.0}, "min_grad_norm"),
        (np.ones((4, 4)), {"init": np.ones((4, 3))}, r"init must have shape \(4, 2\)"),
        (np.ones((4, 4)), {"init": np.ones((4, 2))}, "two different points"),
    ],
)
def test_bad_affinities_are_refused(P, options, message):
    with pytest.raises(ValueError, match=message):
        student_embedding(P, **options)


def test_wrong_types_are_refused():
    with pytest.raises(TypeError, match="P must be real"):
        student_embedding(1j * np.ones((3, 3)))
    with pytest.raises(TypeError, match="max_iter must be an integer"):
        student_embedding(np.ones((3, 3)), max_iter=2.5)
    with pytest.raises(ValueError, match="reaches no other"):
        heat_affinities(np.eye(3))
