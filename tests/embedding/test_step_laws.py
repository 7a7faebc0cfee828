"""Laws of the steps on a graph: closed forms, and clouds whose distances are known."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist
from scipy.special import iv

from geomsci.embedding import (
    HeatGeodesicEmbedding,
    alpha_decay_graph,
    heat_geodesic_distance,
    rate_function,
)
from geomsci.embedding.graphs import sparse_alpha_decay_graph
from geomsci.reference.embedding.step_laws import (
    StepLaw,
    Steps,
    law_speeds,
    step_law,
    steps_of_graph,
)


def disc_law(law, tilt):
    """``Lambda / rate`` of steps in the unit disc and its derivative."""
    M, slope = 2 * iv(1, tilt) / tilt, 2 * iv(2, tilt) / tilt
    p = law.returns
    growth = (M - p) / (M + p) + (M - 1) * 2 * p / (M + p) ** 2
    return (M - 1) * (M - p) / (M + p), growth * slope


@pytest.mark.parametrize("law", [StepLaw(0.75, 1.2, 0.1), StepLaw(1.3, 2.0, 0.5)])
def test_speeds_of_one_rate_are_those_of_the_legendre_transform(law):
    v = np.array([[0.0, 0.01, 0.3, 1.0], [2.0, 5.0, 9.0, 20.0]])
    got = law_speeds(v, law, m=2.0)
    assert got[0, 0] == 0.0
    for speed, found in zip(v.ravel()[1:], got.ravel()[1:], strict=True):
        e = float(rate_function(2, np.array(speed))) / law.rate

        def excess(tilt, e=e):
            value, slope = disc_law(law, tilt)
            return tilt * slope - value - e

        slope = disc_law(law, brentq(excess, 1e-4, 60.0, xtol=1e-14, rtol=1e-14))[1]
        assert found == pytest.approx(slope, rel=1e-6)


def test_without_returns_steps_in_a_ball_keep_their_law():
    v = np.array([[1e-6, 0.5, 1.0, 4.0, 50.0]])
    np.testing.assert_allclose(law_speeds(v, StepLaw(1.0, 1.0, 0.0), m=3.0), v, 1e-8)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_moments_of_a_ball_give_the_ball(m):
    second = quad(lambda s: m * s ** (m + 1), 0, 1)[0]
    fourth = quad(lambda s: m * s ** (m + 3), 0, 1)[0]
    X = np.zeros((2, m))
    X[1, 0] = 1.0
    steps = steps_of_graph(1.0 - np.eye(2), X, metric="euclidean")
    assert steps.returns == 1.0
    ball = steps._replace(length=second**0.5, spread=fourth / second**2)
    law = step_law(ball, 1.0, m, n_neighbors=10, bandwidth=1.0)
    np.testing.assert_allclose(law[:2], (1.0, 1.0), rtol=1e-12)


@pytest.mark.parametrize("m", [0, 1e-320, 1e-9, 0.4, 1, 2.5])
def test_steps_go_along_a_line_no_farther_than_their_length(m):
    law = step_law(Steps(2.0, 1.7, 0.0, 1.0), 3.0, m, n_neighbors=10, bandwidth=1e200)
    # <x^2> of a point of the unit m-ball, or of +1 and -1.
    along = 1.0 if m == 0 else 1 / (m + 2)
    assert law.rate * law.radius**2 * along == pytest.approx(3 * 4 / max(m, 1), 1e-12)


def test_random_points_on_a_line_have_their_distances():
    x = np.random.default_rng(52).random((250, 1))
    found = HeatGeodesicEmbedding(intrinsic_dim="auto").fit(x * [1.0, 2.0])
    assert found.intrinsic_dim_ < 0.95
    true = cdist(x * [1.0, 2.0], x * [1.0, 2.0])
    D = found.dissimilarity_
    assert (D * true).sum() / (D**2).sum() == pytest.approx(1.0, abs=0.03)


def test_short_steps_in_far_parts_have_their_moments():
    D = cdist(*2 * [np.random.default_rng(5).random((20, 2))])
    W = np.kron(np.eye(2), D < 0.5) - np.eye(40)
    near = np.kron(np.eye(2), D)
    far = np.where(np.kron(np.eye(2), np.ones((20, 20))) > 0, 2.0**-400 * near, 1.0)
    expected = steps_of_graph(W, near, metric="precomputed")
    got = steps_of_graph(W, far, metric="precomputed")
    scaled = got._replace(length=got.length * 2.0**400)
    np.testing.assert_allclose(scaled, expected, rtol=1e-10)


def test_stored_zeros_are_no_steps():
    X = np.arange(4.0)[:, None]
    path = csr_array(([1.0, 1.0, 2.0, 2.0], ([0, 1, 1, 2], [1, 0, 2, 1])), (4, 4))
    ends = ([0, 1, 1, 2, 0, 3], [1, 0, 2, 1, 3, 0])
    stored = csr_array(([1.0, 1.0, 2.0, 2.0, 0.0, 0.0], ends), (4, 4))
    expected = steps_of_graph(path, X, metric="euclidean")
    assert stored.nnz == 6
    assert steps_of_graph(stored, X, metric="euclidean") == expected
    for nothing in (np.zeros((4, 4)), 0.0 * stored):
        assert steps_of_graph(nothing, X, metric="euclidean") is None


@pytest.mark.parametrize("ordered", [True, False])
def test_matrices_sparse_graphs_and_distances_have_the_same_steps(ordered):
    rng = np.random.default_rng(0)
    X = rng.random((60, 2))
    if ordered:
        X = np.stack([np.arange(60.0), np.zeros(60)], axis=1)
    W, _ = alpha_decay_graph(X, 8)
    S, _ = sparse_alpha_decay_graph(X, 8)
    expected = steps_of_graph(W, X, metric="euclidean")
    for graph, points, metric in (
        (S, X, "euclidean"),
        (W, cdist(X, X), "precomputed"),
        (S, cdist(X, X), "precomputed"),
    ):
        got = steps_of_graph(graph, points, metric=metric)
        np.testing.assert_allclose(got, expected, rtol=1e-10)
    i, j = np.nonzero(W)
    back = (W[i, j] / W.sum(axis=1)[j] * W[i, j]).sum() / W.sum()
    assert expected.returns <= back * (1 + 1e-12)
    assert (expected.returns < 0.8 * back) == ordered


def test_points_evenly_on_a_line_have_their_distances():
    x = np.arange(400) / 8.0
    X = np.stack([x, np.zeros_like(x)], axis=1)
    found = HeatGeodesicEmbedding(intrinsic_dim=1, mds="classical").fit(X)
    true = cdist(x[:, None], x[:, None])
    error = np.linalg.norm(found.dissimilarity_ - true) / np.linalg.norm(true)
    # Nothing is random here: the law itself, but for the ends.
    assert error < 0.01


@pytest.mark.parametrize(("size", "m"), [((30.0, 12.0), 2), ((20.0, 6.0, 6.0), 3)])
def test_random_points_of_flat_space_have_their_distances(size, m):
    X = np.random.default_rng(3).random((800, m)) * size
    found = HeatGeodesicEmbedding(intrinsic_dim=m, mds="classical").fit(X)
    D, true = found.dissimilarity_, cdist(X, X)
    assert (D * true).sum() / (D**2).sum() == pytest.approx(1.0, abs=0.04)
    # The law of fresh steps in a ball of the mean bandwidth is farther off.
    H, t, step = found.heat_kernel_, found.diffusion_time_, found.bandwidths_.mean()
    plain = heat_geodesic_distance(H, t, intrinsic_dim=m, step=step)
    assert np.linalg.norm(D - true) < 0.75 * np.linalg.norm(plain - true)
