"""Shortcut edges go and come back, components are joined: against plain loops."""

import itertools
import math
import warnings

import numpy as np
import pytest
from scipy.sparse import csgraph, csr_array

from geomsci import embedding
from geomsci.backends.graph_paths import within_hops


def _swiss_roll(n, seed):
    """Points of a roll of width 5, with their coordinates on the flat sheet."""
    rng = np.random.default_rng(seed)
    t = 1.5 * np.pi * (1 + 2 * rng.uniform(size=n))
    height = 5 * rng.uniform(size=n)
    arc = (t * np.sqrt(1 + t**2) + np.arcsinh(t)) / 2
    X = np.stack([t * np.cos(t), height, t * np.sin(t)], axis=1)
    return X, np.stack([arc, height], axis=1)


def _plant(W, sheet, count, seed):
    """Symmetric edges between points more than twelve hops apart on the sheet."""
    rng = np.random.default_rng(seed)
    planted = []
    while len(planted) < count:
        i, j = (int(v) for v in rng.integers(len(sheet), size=2))
        if abs(sheet[i, 0] - sheet[j, 0]) > 40:
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
    # The sheet itself keeps all edges but the long ones.
    length = np.linalg.norm(X[:, None] - X, axis=-1)
    assert np.array_equal(kept, clean * (length <= 1.5 * np.minimum.outer(eps, eps)))
    assert _is_connected(kept)


def _pruned_by_loops(W, X, eps, hops, reach):
    """Edges judged one by one, Kruskal and searches for paths one at a time."""
    near = [set(np.flatnonzero(row)) for row in W]
    edges = list(zip(*np.nonzero(np.triu(W))))
    shared = {(i, j): len(near[i] & near[j]) for i, j in edges}
    median = sorted(shared.values())[len(edges) // 2]
    length = {(i, j): math.dist(X[i], X[j]) for i, j in edges}
    long = {e for e in edges if length[e] > reach * min(eps[e[0]], eps[e[1]])}
    out = {e for e in edges if shared[e] < median} - long
    kept = _without(W, out | long)

    def closed(limit):
        while True:
            d = csgraph.shortest_path(kept, unweighted=True)
            back = {e for e in out if d[e] <= limit and kept[e] == 0.0}
            if not back:
                return
            _put_back(kept, W, back)

    closed(2)
    for _, i, j in sorted((length[e], *e) for e in out | long if kept[e] == 0.0):
        if j not in csgraph.breadth_first_order(kept, i, return_predecessors=False):
            _put_back(kept, W, {(i, j)})
    closed(hops)
    return kept


def _without(W, edges):
    kept = W.copy()
    for i, j in edges:
        kept[i, j] = kept[j, i] = 0.0
    return kept


def _put_back(kept, W, edges):
    for i, j in edges:
        kept[i, j] = kept[j, i] = W[i, j]


def _is_connected(W):
    return csgraph.connected_components(W, directed=False)[0] == 1


@pytest.mark.parametrize(("hops", "reach"), [(2, 1.5), (3, 1.1), (4, 0.5), (12, 9.0)])
@pytest.mark.parametrize("k", [2, 5, 20])
def test_pruning_is_its_definition(xp, hops, reach, k):
    X = np.random.default_rng(31).standard_normal((50, 2))
    W, eps = embedding.alpha_decay_graph(X, k)
    expected = _pruned_by_loops(W, X, eps, hops, reach)
    given = [xp.asarray(v) for v in (W, X, eps)]
    kept = embedding.prune_shortcuts(*given, hops=hops, reach=reach)
    xp.assert_close(kept, expected)
    assert np.array_equal(xp.to_numpy(kept) > 0, expected > 0)


@pytest.mark.parametrize(("hops", "reach"), [(12, 1.5), (3, 0.95), (5, 0.5)])
def test_sparse_pruning_is_the_dense_one(hops, reach):
    X = np.random.default_rng(32).standard_normal((120, 2))
    W, eps = embedding.alpha_decay_graph(X, 4)
    options = {"hops": hops, "reach": reach}
    dense = embedding.prune_shortcuts(W, X, eps, **options)
    given = csr_array(W)
    kept = embedding.prune_shortcuts(given, X, eps, **options)
    assert np.array_equal(kept.toarray(), dense)
    assert np.array_equal(given.toarray(), W)


def test_stored_zeros_are_no_edges():
    X = np.random.default_rng(36).standard_normal((60, 2))
    W, eps = embedding.alpha_decay_graph(X, 4)
    stored = csr_array(np.ones_like(W))
    stored.data[:] = W.reshape(-1)
    kept = embedding.prune_shortcuts(stored, X, eps)
    assert np.array_equal(kept.toarray(), embedding.prune_shortcuts(W, X, eps))
    i, j = np.nonzero(np.triu(np.ones_like(W), k=1))
    near = csgraph.shortest_path(W, unweighted=True)[i, j] <= 3
    assert 0 < np.count_nonzero(near) < near.size
    for graph in (W, stored):
        assert np.array_equal(within_hops(graph, i, j, 3), near)


def test_a_bundle_of_neighbouring_shortcuts_is_found():
    # Three points and three others far away on the sheet are joined three by three:
    # the ends of every edge of the bundle have four common neighbours.
    X, sheet = _swiss_roll(600, 6)
    W, _ = embedding.alpha_decay_graph(X, 10)
    places = [np.argsort(np.hypot(*(sheet - c).T))[:3] for c in ([30, 2], [80, 2])]
    planted = W.copy()
    planted[np.ix_(*places)] = planted[np.ix_(*places[::-1])] = 1.0
    far = np.full(len(X), 100.0)  # the lengths tell nothing
    assert np.count_nonzero(planted) == np.count_nonzero(W) + 18
    assert np.array_equal(embedding.prune_shortcuts(planted, X, far), W)


def test_a_lattice_without_triangles_keeps_its_edges():
    x, y = (v.reshape(-1) for v in np.meshgrid(range(12), range(12), indexing="ij"))
    X = np.stack([x, y], axis=1).astype(float)
    W = (np.abs(X[:, None] - X).sum(axis=2) == 1.0).astype(float)
    eps = np.ones(len(X))
    assert np.array_equal(embedding.prune_shortcuts(W, X, eps), W)
    assert not embedding.prune_shortcuts(np.zeros((3, 3)), X[:3], eps[:3]).any()


def test_the_only_edge_between_two_parts_stays():
    X, _ = _swiss_roll(200, 5)
    parts = np.concatenate([X, X + 1000.0])
    W, eps = embedding.alpha_decay_graph(parts, 8)
    W[3, 290] = W[290, 3] = 0.5
    kept = embedding.prune_shortcuts(W, parts, eps)
    assert kept[3, 290] == 0.5
    assert _is_connected(kept)


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


def _shortest_tree(X, W):
    """Edges of the minimum spanning tree of the graph, by length."""
    tree = csgraph.minimum_spanning_tree(
        np.linalg.norm(X[:, None] - X[None], axis=-1) * (W > 0)
    )
    return {tuple(sorted(edge)) for edge in zip(*tree.nonzero())}


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
    with pytest.raises(ValueError, match="hops must be an integer"):
        embedding.prune_shortcuts(W, BLOBS, eps, hops=1.5)
    with pytest.raises(ValueError, match="reach must be a positive"):
        embedding.prune_shortcuts(W, BLOBS, eps, reach=0.0)
    with pytest.raises(ValueError, match="bandwidths must be given"):
        embedding.prune_shortcuts(W, BLOBS, None)
