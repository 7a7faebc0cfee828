"""Equal rows are merged; near copies leave graph and distances sane."""

import itertools

import numpy as np
import pytest

from geomsci import embedding
from geomsci.reference.embedding.duplicates import copy_limit, near_rows, unique_rows


def _merged_by_a_dictionary(X):
    """First row and group of every row, by hashing tuples (where -0.0 == 0.0)."""
    found, first, inverse = {}, [], []
    for i, row in enumerate(map(tuple, X.tolist())):
        if row not in found:
            found[row] = len(found)
            first.append(i)
        inverse.append(found[row])
    return first, inverse


RNG = np.random.default_rng(81)
NORMAL = RNG.standard_normal((50, 4))
HUGE = np.array(list(itertools.product([1e15, 1.0, 0.0], [3e-3, 2e-3], [0.0, -0.0])))
CASES = {
    "all-different": NORMAL,
    "copies": NORMAL[RNG.integers(50, size=120)],
    "lattice": RNG.integers(-1, 2, size=(200, 3)).astype(float),
    "zeros-of-both-signs": np.array(
        [[0.0, 1.0], [-0.0, 1.0], [0.0, -0.0], [-0.0, 0.0]]
    ),
    "sums-that-collide": HUGE[RNG.permutation(np.repeat(np.arange(12), 3))],
    "one-row": np.array([[3.0, 4.0]]),
    "one-feature": RNG.integers(5, size=(30, 1)).astype(float),
    "all-equal": np.full((7, 2), 0.1),
}


@pytest.mark.parametrize("case", CASES)
def test_rows_are_merged_as_by_a_dictionary(xp, case):
    X = xp.asarray(CASES[case])
    first, inverse = unique_rows(X)
    expected = _merged_by_a_dictionary(xp.to_numpy(X))
    assert xp.to_numpy(first).tolist() == expected[0]
    assert xp.to_numpy(inverse).tolist() == expected[1]


@pytest.mark.parametrize("factor", [5e-324, 2.0**-1000, 2.0**1000])
def test_no_scale_merges_rows_that_differ(factor):
    X = factor * RNG.integers(-3, 4, size=(100, 2)).astype(float)
    expected = _merged_by_a_dictionary(X)
    first, inverse = unique_rows(X)
    assert (first.tolist(), inverse.tolist()) == expected


def test_a_last_bit_keeps_rows_apart():
    X = np.repeat(NORMAL, 2, axis=0)
    X[1::2, 3] = np.nextafter(X[1::2, 3], np.inf)
    assert unique_rows(X).first.shape == (100,)
    assert len(np.unique(unique_rows(X[::2]).inverse)) == 50


def _sheet(n, seed):
    """Points of a half pipe of length 30."""
    rng = np.random.default_rng(seed)
    angle = np.pi * rng.uniform(size=n)
    length = 30 * rng.uniform(size=n)
    return np.stack([4 * np.cos(angle), 4 * np.sin(angle), length], axis=1)


def _chain(X, build=embedding.alpha_decay_graph, t=40.0):
    W, eps = build(X, 10)
    W = embedding.prune_shortcuts(W, X, eps)
    joined = embedding.join_components(W, X)
    L = embedding.graph_laplacian(joined.W, bandwidths=eps)
    H = embedding.heat_kernel(L, t)
    D = embedding.heat_geodesic_distance(H, t, step=float(eps.mean()))
    return eps, joined, D


def _with_copies(X, number, gap):
    """X and copies of its row 7 at a distance of about ``gap``."""
    moved = gap * np.random.default_rng(82).standard_normal((number, 3))
    return np.concatenate([X, X[7] + moved])


@pytest.mark.parametrize("number", [1, 9, 10, 30])
@pytest.mark.parametrize("gap", [0.0, 1e-12])
def test_copies_are_not_counted_in_bandwidths(xp, number, gap):
    # In float32 the gap is lost, and the near copies are exact ones.
    X = _sheet(300, 83)
    _, eps = embedding.alpha_decay_graph(xp.asarray(_with_copies(X, number, gap)), 10)
    _, alone = embedding.alpha_decay_graph(xp.asarray(X), 10)
    assert np.all(
        np.abs(xp.to_numpy(eps[300:] - alone[7])) <= 64 * xp.eps * 30 + 10 * gap
    )


@pytest.mark.parametrize("number", [1, 10, 30])
@pytest.mark.parametrize("gap", [0.0, 1e-12])
@pytest.mark.parametrize(
    "build", [embedding.alpha_decay_graph, embedding.sparse_alpha_decay_graph]
)
def test_near_copies_leave_the_distances_sane(build, number, gap):
    X = _sheet(300, 83)
    _, _, expected = _chain(X)
    _, joined, D = _chain(_with_copies(X, number, gap), build)
    assert joined.bridges == ()
    # A place with many copies weighs more, so heat stays there; half of the largest
    # distance is what copies cost when they count in the bandwidths.
    allowed = {1: 0.04, 10: 0.1, 30: 0.2}[number] * expected.max()
    others = np.delete(np.arange(300), 7)
    assert np.abs(D[others][:, others] - expected[others][:, others]).max() <= allowed
    assert np.abs(D[300:, others] - expected[7, others]).max() <= allowed
    assert D[300:, 300:].max() <= 1e-4 * expected.max()


@pytest.mark.parametrize("metric", ["euclidean", "precomputed"])
@pytest.mark.parametrize("factor", [1.0, 2.0**600])
def test_near_rows_are_merged_into_their_first(xp, metric, factor):
    X = _sheet(60, 84)
    Y = np.concatenate([X, X[[7, 9, 7, 20]] + [[1e-9, 0, 0]] * 4])
    if metric == "precomputed":
        Y = np.linalg.norm(Y[:, None] - Y[None], axis=-1)
    if xp.single:
        factor = 1.0
    given = xp.asarray(factor * Y)
    limit = copy_limit(given, 5, metric=metric) if not xp.single else 1e-4
    first, inverse = near_rows(given, limit, metric=metric)
    assert xp.to_numpy(first).tolist() == list(range(60))
    assert xp.to_numpy(inverse).tolist() == [*range(60), 7, 9, 7, 20]


def test_a_chain_of_small_steps_is_one_point_and_no_limit_merges_copies_only(xp):
    X = xp.asarray(np.array([[0.0], [9.0], [0.25], [0.5], [9.0], [3.0]]))
    assert xp.to_numpy(near_rows(X, 0.25).inverse).tolist() == [0, 1, 0, 0, 1, 2]
    assert xp.to_numpy(near_rows(X, 0.0).inverse).tolist() == [0, 1, 2, 3, 1, 4]


def test_merging_near_copies_first_keeps_all_distances():
    X = _sheet(300, 83)
    Y = _with_copies(X, 30, 1e-12)
    first, inverse = near_rows(Y, copy_limit(Y, 10))
    _, _, D = _chain(Y[first])
    _, _, expected = _chain(X)
    rows = np.concatenate([np.arange(300), [7] * 30])
    assert np.array_equal(D[inverse][:, inverse], expected[rows][:, rows])


def test_merging_exact_copies_first_changes_nothing_at_all():
    X = _sheet(300, 83)
    rows = np.concatenate([np.arange(300), [7] * 30, [9] * 3])
    first, inverse = unique_rows(X[rows])
    _, _, D = _chain(X[rows][first])
    _, _, expected = _chain(X)
    assert np.array_equal(D[inverse][:, inverse], expected[rows][:, rows])
