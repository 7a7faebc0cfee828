"""Nearest rows against plain loops over all pairs."""

import math

import numpy as np
import pytest

from geomsci.backends import neighbors


def _by_loops(Y, X, k, skip_own):
    """The k nearest rows, ties by index, in exact order of exact distances."""
    found = []
    for i, y in enumerate(Y):
        order = sorted(
            (math.dist(y, x), j) for j, x in enumerate(X) if not (skip_own and i == j)
        )
        found.append(order[:k])
    return np.array(found)


@pytest.mark.parametrize("d", [1, 3, 40])
def test_nearest_others_are_those_of_a_loop(xp, d):
    X = np.random.default_rng(3).standard_normal((60, d))
    actual = neighbors.nearest(xp.asarray(X), 7)
    expected = _by_loops(X, X, 7, skip_own=True)
    xp.assert_close(actual.distances, expected[..., 0], n=d)
    np.testing.assert_array_equal(xp.to_numpy(actual.indices), expected[..., 1])


@pytest.mark.parametrize("d", [2, 40])
def test_nearest_to_queries_are_those_of_a_loop(xp, d):
    rng = np.random.default_rng(4)
    X, Y = rng.standard_normal((50, d)), rng.standard_normal((9, d))
    actual = neighbors.nearest(xp.asarray(X), 5, queries=xp.asarray(Y))
    expected = _by_loops(Y, X, 5, skip_own=False)
    xp.assert_close(actual.distances, expected[..., 0], n=d)
    np.testing.assert_array_equal(xp.to_numpy(actual.indices), expected[..., 1])


@pytest.mark.parametrize("d", [3, 40])
def test_copies_are_at_distance_exactly_zero(xp, d):
    # Far from the origin, where the expanded form would leave about 1e-8 |x|.
    X = 1e4 + np.random.default_rng(5).standard_normal((30, d))
    X[20:] = X[:10]
    actual = neighbors.nearest(xp.asarray(X), 1)
    assert np.all(xp.to_numpy(actual.distances)[:10] == 0.0)
    np.testing.assert_array_equal(
        xp.to_numpy(actual.indices)[:10, 0], np.arange(20, 30)
    )


def test_all_others_can_be_asked_for(xp):
    X = np.random.default_rng(6).standard_normal((8, 2))
    actual = neighbors.nearest(xp.asarray(X), 7)
    expected = [[j for j in range(8) if j != i] for i in range(8)]
    np.testing.assert_array_equal(
        np.sort(xp.to_numpy(actual.indices), axis=1), expected
    )


def test_distances_are_symmetric_and_those_of_a_loop(xp):
    X = np.random.default_rng(7).standard_normal((40, 6))
    actual = neighbors.pairwise_distances(xp.asarray(X))
    expected = [[math.dist(x, y) for y in X] for x in X]
    xp.assert_close(actual, expected, n=6)
    D = xp.to_numpy(actual)
    assert np.array_equal(D, D.T)
    assert np.all(np.diagonal(D) == 0.0)


def test_results_do_not_depend_on_tiles(monkeypatch):
    X = np.random.default_rng(8).standard_normal((70, 20))
    whole = neighbors.nearest(X, 4), neighbors.pairwise_distances(X)
    monkeypatch.setattr("geomsci.backends.tiling.CACHE_BYTES", 10_000)
    pieces = neighbors.nearest(X, 4), neighbors.pairwise_distances(X)
    assert np.array_equal(whole[0].distances, pieces[0].distances)
    assert np.array_equal(whole[0].indices, pieces[0].indices)
    assert np.array_equal(whole[1], pieces[1])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [3, 40])
def test_radius_search_finds_exactly_the_pairs_within(d, dtype):
    rng = np.random.default_rng(9)
    X = rng.standard_normal((80, d)).astype(dtype)
    X[79] = X[0]
    radii = neighbors.nearest(X, 4).distances[:, -1] * dtype(1.2)
    D = neighbors.distances_within(X, radii)
    full = neighbors.pairwise_distances(X.astype(np.float64))
    inside = {
        (i, j)
        for i in range(80)
        for j in range(80)
        if i != j and full[i, j] <= float(radii[i])
    }
    rows, columns = D.tocoo().coords
    assert set(zip(rows.tolist(), columns.tolist())) == inside
    np.testing.assert_allclose(
        D.data, full[rows, columns], rtol=np.finfo(dtype).eps * d
    )


def test_nearest_pair_of_two_groups(xp):
    X = np.random.default_rng(10).standard_normal((30, 3))
    inside = np.arange(30) % 3 == 0
    found = neighbors.nearest_pair(xp.asarray(X), xp.asarray(inside))
    best = min(
        (math.dist(X[i], X[j]), i, j)
        for i in range(30)
        for j in range(30)
        if inside[i] and not inside[j]
    )
    assert (found.row, found.column) == best[1:]
    assert found.distance == pytest.approx(best[0], rel=64 * xp.eps)


def test_components_of_paths_in_shuffled_order(xp):
    # Three paths of 20, 7 and 3 vertices: long diameters, many sweeps.
    order = np.random.default_rng(11).permutation(30)
    W = np.zeros((30, 30))
    groups = np.split(order, [20, 27])
    for group in groups:
        W[group[:-1], group[1:]] = W[group[1:], group[:-1]] = 0.5
    labels = xp.to_numpy(neighbors.component_labels(xp.asarray(W)))
    for group in groups:
        assert np.all(labels[group] == group.min())
