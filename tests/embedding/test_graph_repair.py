"""Shortcut edges go and come back, components are joined: against plain loops."""

import itertools
import math
import warnings

import numpy as np
import pytest
from scipy.sparse import csgraph, csr_array

from geomsci import embedding


def _swiss_roll(n, seed):
    """Points of a roll of width 5, with their coordinates on the flat sheet."""
    rng = np.random.default_rng(seed)
    t = 1.5 * np.pi * (1 + 2 * rng.uniform(size=n))
    height = 5 * rng.uniform(size=n)
    arc = (t * np.sqrt(1 + t**2) + np.arcsinh(t)) / 2
    X = np.stack([t * np.cos(t), height, t * np.sin(t)], axis=1)
    return X, np.stack([arc, height], axis=1)


def _plant(W, sheet, count, seed):
    """Symmetric edges between points that are far apart on the sheet."""
    rng = np.random.default_rng(seed)
    planted = []
    while len(planted) < count:
        i, j = (int(v) for v in rng.integers(len(sheet), size=2))
        if abs(sheet[i, 0] - sheet[j, 0]) > 15:
            W[i, j] = W[j, i] = 1.0
            planted.append((i, j))
    return planted


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_jumps_planted_in_a_swiss_roll_are_found(sparse, seed):
    X, sheet = _swiss_roll(600, seed)
    W, eps = embedding.alpha_decay_graph(X, 10)
    clean = W.copy()
    planted = _plant(W, sheet, 8, seed)
    given = csr_array(W) if sparse else W
    kept = embedding.prune_shortcuts(given, X, eps)
    kept = kept.toarray() if sparse else kept
    assert all(kept[i, j] == 0.0 == kept[j, i] for i, j in planted)
    # The sheet itself keeps at least nine edges of ten, unchanged and symmetric.
    assert np.count_nonzero(kept) > 0.9 * np.count_nonzero(clean)
    assert np.array_equal(kept, kept.T)
    assert np.array_equal(kept[kept > 0], clean[kept > 0])
    assert _is_connected(kept)


def _pruned_by_loops(W, X, eps, common, reach):
    """The two tests edge by edge, then Kruskal with a search for a path each time."""
    near = [set(np.flatnonzero(row)) for row in W]
    kept, dropped = W.copy(), []
    for i, j in zip(*np.nonzero(np.triu(W))):
        length = math.dist(X[i], X[j])
        if len(near[i] & near[j]) < common or length > reach * min(eps[i], eps[j]):
            kept[i, j] = kept[j, i] = 0.0
            dropped.append((length, i, j))
    for _, i, j in sorted(dropped):
        if j not in csgraph.breadth_first_order(kept, i, return_predecessors=False):
            kept[i, j] = kept[j, i] = W[i, j]
    return kept


def _is_connected(W):
    return csgraph.connected_components(W, directed=False)[0] == 1


def _shortest_tree(X, W):
    """Edges of the minimum spanning tree of the graph, by length."""
    tree = csgraph.minimum_spanning_tree(
        np.linalg.norm(X[:, None] - X[None], axis=-1) * (W > 0)
    )
    return {tuple(sorted(edge)) for edge in zip(*tree.nonzero())}


@pytest.mark.parametrize(
    ("common", "reach"), [(2, 1.5), (1, 1.1), (4, 0.95), (99, 9.0)]
)
@pytest.mark.parametrize("k", [2, 5])
def test_pruning_is_its_definition(xp, common, reach, k):
    X = np.random.default_rng(31).standard_normal((50, 2))
    W, eps = embedding.alpha_decay_graph(X, k)
    expected = _pruned_by_loops(W, X, eps, common, reach)
    given = [xp.asarray(v) for v in (W, X, eps)]
    kept = embedding.prune_shortcuts(*given, min_common=common, reach=reach)
    xp.assert_close(kept, expected)
    assert np.array_equal(xp.to_numpy(kept) > 0, expected > 0)


@pytest.mark.parametrize(("common", "reach"), [(2, 1.5), (4, 0.95), (99, 9.0)])
def test_sparse_pruning_is_the_dense_one(common, reach):
    X = np.random.default_rng(32).standard_normal((120, 2))
    W, eps = embedding.alpha_decay_graph(X, 4)
    options = {"min_common": common, "reach": reach}
    dense = embedding.prune_shortcuts(W, X, eps, **options)
    given = csr_array(W)
    kept = embedding.prune_shortcuts(given, X, eps, **options)
    assert np.array_equal(kept.toarray(), dense)
    assert np.array_equal(given.toarray(), W)


def test_dropping_every_edge_leaves_the_minimum_spanning_tree():
    X = np.random.default_rng(33).standard_normal((60, 3))
    W, eps = embedding.alpha_decay_graph(X, 20)
    kept = embedding.prune_shortcuts(W, X, eps, min_common=10**6)
    assert _is_connected(W)
    assert set(zip(*np.nonzero(np.triu(kept)))) == _shortest_tree(X, W)


def test_pruning_knows_shapes_only():
    X, sheet = _swiss_roll(300, 4)
    W, eps = embedding.alpha_decay_graph(X, 8)
    _plant(W, sheet, 5, 4)
    kept = embedding.prune_shortcuts(W, X, eps)
    order = np.random.default_rng(34).permutation(300)
    scaled = embedding.prune_shortcuts(W, 2.0**600 * X, 2.0**600 * eps)
    moved = embedding.prune_shortcuts(W[order][:, order], X[order], eps[order])
    assert np.array_equal(scaled, kept)
    assert np.array_equal(moved, kept[order][:, order])


BLOBS = np.concatenate(
    [
        np.random.default_rng(35).uniform(size=(size, 2)) + np.array([10.0 * place, 0])
        for place, size in enumerate((20, 12, 30, 15))
    ]
)
BLOB = np.repeat(np.arange(4), (20, 12, 30, 15))


def test_blobs_are_joined_by_the_shortest_tree(xp):
    W, _ = embedding.alpha_decay_graph(BLOBS, 5)
    with pytest.warns(UserWarning, match="has 4 connected components"):
        joined = embedding.join_components(xp.asarray(W), xp.asarray(BLOBS))
    new = np.argwhere(np.triu((xp.to_numpy(joined.W) > 0) & (W == 0)))
    # The blobs lie in a row, so the tree joins each to the next by its nearest pair.
    expected = set()
    for a, b in itertools.pairwise(range(4)):
        pairs = itertools.product(np.flatnonzero(BLOB == a), np.flatnonzero(BLOB == b))
        expected.add(min(pairs, key=lambda p: math.dist(BLOBS[p[0]], BLOBS[p[1]])))
    assert {tuple(pair) for pair in new} == expected
    assert len(joined.bridges) == 3
    assert np.array_equal(xp.to_numpy(joined.labels), np.array([0, 20, 32, 62])[BLOB])


def test_bridges_weigh_as_the_weakest_edge_and_keep_symmetry():
    W, _ = embedding.alpha_decay_graph(BLOBS, 5)
    with pytest.warns(UserWarning, match="20 points with row 0, 12 points with row 20"):
        dense = embedding.join_components(W, BLOBS)
    with pytest.warns(UserWarning, match="joined by 3 bridges"):
        sparse = embedding.join_components(csr_array(W), BLOBS)
    assert np.array_equal(dense.W, sparse.W.toarray())
    assert np.array_equal(dense.W, dense.W.T)
    assert set(dense.W[(W == 0) & (dense.W > 0)]) == {W[W > 0].min()}
    assert _is_connected(dense.W)


def test_laplacian_of_joined_blobs_has_one_null_vector():
    W, eps = embedding.alpha_decay_graph(BLOBS, 5)
    count = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        joined = embedding.join_components(W, BLOBS).W
    for name, graph in (("apart", W), ("joined", joined)):
        L = embedding.graph_laplacian(graph, bandwidths=eps)
        values = np.linalg.eigvalsh(L)
        count[name] = int((values < 64 * 77 * np.finfo(float).eps * values[-1]).sum())
    assert count == {"apart": 4, "joined": 1}


@pytest.mark.parametrize("factor", [2.0**-700, 2.0**700])
def test_bridges_scale_with_the_points(factor):
    W, _ = embedding.alpha_decay_graph(BLOBS, 5)
    with pytest.warns(UserWarning, match="bridges"):
        joined = embedding.join_components(W, BLOBS)
    with pytest.warns(UserWarning, match="bridges"):
        scaled = embedding.join_components(W, factor * BLOBS)
    assert np.array_equal(scaled.W, joined.W)
    for a, b in zip(scaled.bridges, joined.bridges):
        assert a == (b.row, b.column, factor * b.distance)


def test_connected_graph_stays_itself_without_a_warning():
    W, _ = embedding.alpha_decay_graph(BLOBS[:20], 5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        joined = embedding.join_components(W, BLOBS[:20])
    assert joined.bridges == ()
    assert np.array_equal(joined.W, W)
    assert np.all(joined.labels == 0)


def test_points_without_any_edge_become_a_tree():
    X = np.random.default_rng(36).standard_normal((12, 3))
    with pytest.warns(UserWarning, match="has 12 connected components.*and 7 more"):
        joined = embedding.join_components(np.zeros((12, 12)), X)
    found = {tuple(sorted(bridge[:2])) for bridge in joined.bridges}
    assert found == _shortest_tree(X, np.ones((12, 12)))
    assert np.all(joined.W[joined.W > 0] == 1.0)


def test_bad_input_gets_one_sentence():
    W, eps = embedding.alpha_decay_graph(BLOBS, 5)
    with pytest.raises(ValueError, match=r"X must have shape \(77, d\)"):
        embedding.join_components(W, BLOBS[:9])
    with pytest.raises(ValueError, match="X must be finite"):
        embedding.join_components(W, np.where(BLOBS > 30, np.nan, BLOBS))
    with pytest.raises(TypeError, match="X must be a dense array"):
        embedding.join_components(W, csr_array(BLOBS))
    with pytest.raises(ValueError, match="min_common must be an integer"):
        embedding.prune_shortcuts(W, BLOBS, eps, min_common=1.5)
    with pytest.raises(ValueError, match="reach must be a positive"):
        embedding.prune_shortcuts(W, BLOBS, eps, reach=0.0)
    with pytest.raises(ValueError, match="bandwidths must be given"):
        embedding.prune_shortcuts(W, BLOBS, None)
