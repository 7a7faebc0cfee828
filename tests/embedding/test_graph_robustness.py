"""Hard input of the graph stage: small, huge, flat, torn, of other number types."""

import warnings

import numpy as np
import pytest

from geomsci import embedding

BUILDS = {
    "dense": embedding.alpha_decay_graph,
    "sparse": embedding.sparse_alpha_decay_graph,
}
CLOUD = np.random.default_rng(91).standard_normal((80, 3))


@pytest.fixture(params=BUILDS)
def build(request):
    return BUILDS[request.param]


def _stage(build, X, k=8):
    """Graph, pruned and joined; bandwidths and the bridges."""
    W, eps = build(X, k)
    W = embedding.prune_shortcuts(W, X, eps)
    joined = embedding.join_components(W, X)
    return joined.W, eps, joined.bridges


def _dense(W):
    return W.toarray() if hasattr(W, "toarray") else W


@pytest.mark.parametrize("gap", [1.0, 1e150, 1e-150])
def test_two_points_are_one_edge(build, gap):
    X = np.array([[0.0, 0.0], [0.0, gap]])
    W, eps, bridges = _stage(build, X, 1)
    np.testing.assert_allclose(_dense(W), np.exp(-1) * (1 - np.eye(2)), rtol=1e-13)
    np.testing.assert_allclose(eps, gap, rtol=1e-15)
    assert bridges == ()


@pytest.mark.parametrize("factor", [1e150, 1e-150, 1e300, 1e-300])
def test_scale_of_the_points_is_that_of_the_bandwidths(build, factor):
    W, eps, _ = _stage(build, CLOUD)
    scaled, moved, _ = _stage(build, factor * CLOUD)
    # The scaled coordinates are rounded: decay 40 makes 40 roundings of a distance.
    assert abs(scaled - W).max() <= 40 * 64 * np.finfo(float).eps * 30
    np.testing.assert_allclose(moved, factor * eps, rtol=64 * np.finfo(float).eps * 30)


@pytest.mark.parametrize("constants", [[0.0], [5.0, -3.0], [0.0] * 20])
def test_constant_features_change_nothing(build, constants):
    wide = np.hstack([CLOUD, np.tile(constants, (80, 1))])
    W, eps, _ = _stage(build, CLOUD)
    V, moved, _ = _stage(build, wide)
    assert abs(V - W).max() <= 40 * 64 * np.finfo(float).eps
    np.testing.assert_allclose(moved, eps, rtol=64 * np.finfo(float).eps)


def test_integers_are_their_floats(build):
    X = np.random.default_rng(92).permutation(10**4)[:160].reshape(80, 2)
    W, eps, _ = _stage(build, X)
    V, same, _ = _stage(build, X.astype(float))
    assert abs(W - V).max() == 0.0
    assert eps.dtype == np.float64
    assert np.array_equal(eps, same)


def test_single_precision_stays_and_is_near_double(build):
    X = CLOUD.astype(np.float32)
    W, eps, _ = _stage(build, X)
    V, double, _ = _stage(build, X.astype(float))
    assert W.dtype == eps.dtype == np.float32
    assert abs(W - V).max() <= 40 * 64 * np.finfo(np.float32).eps
    np.testing.assert_allclose(eps, double, rtol=64 * np.finfo(np.float32).eps)


@pytest.mark.parametrize("parts", [2, 50])
def test_torn_data_are_joined_by_one_bridge_less_than_parts(build, parts):
    rng = np.random.default_rng(93)
    places = 100.0 * rng.permutation(parts)
    X = np.concatenate([x + rng.uniform(size=(12, 2)) for x in places])
    W, eps = build(X, 5)
    with pytest.warns(UserWarning, match=f"has {parts} connected components"):
        joined = embedding.join_components(W, X)
    # Parts stand in a row, so every bridge leads to the next place, 99 to 101 away.
    part = np.arange(12 * parts) // 12
    links = {tuple(sorted(places[part[list(b[:2])]])) for b in joined.bridges}
    assert links == {(100.0 * i, 100.0 * i + 100) for i in range(parts - 1)}
    L = embedding.graph_laplacian(joined.W, bandwidths=eps)
    D = embedding.heat_kernel(L, 200.0)
    assert np.all(D > 0.0)


@pytest.mark.parametrize("metric", ["euclidean", "precomputed"])
def test_equal_rows_alone_are_refused(build, metric):
    X = np.zeros((9, 9)) if metric == "precomputed" else np.full((9, 2), 0.1)
    with pytest.raises(ValueError, match="9 copies of one"):
        build(X, 3, metric=metric)


def test_two_places_with_many_copies_each_are_one_graph(build):
    X = np.repeat([[0.0, 1.0], [3.0, 5.0]], 20, axis=0)
    W, eps = build(X, 4)
    assert np.all(eps == 5.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert embedding.join_components(W, X).bridges == ()


@pytest.mark.parametrize("k", [79, 80, 1000])
def test_neighbours_up_to_all_others(build, k):
    if k == 79:
        W, eps = build(CLOUD, k)
        farthest = np.linalg.norm(CLOUD[:, None] - CLOUD, axis=-1).max(axis=1)
        np.testing.assert_allclose(eps, farthest, rtol=1e-14)
        assert np.count_nonzero(_dense(W)) == 80 * 79
    else:
        with pytest.raises(ValueError, match=f"n - 1 = 79, got {k}"):
            build(CLOUD, k)
