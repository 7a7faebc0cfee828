"""Laws of the chain from points to distances, for data that hypothesis chooses.

The chain: alpha-decay graph, shortcuts pruned, Laplacian, heat kernel, rate distance.
Points are drawn from continuous laws, so no tie decides an edge.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geomsci import embedding
from geomsci.backends.arrays import array_namespace

TIME = 20.0
DOUBLE = float(np.finfo(float).eps)
few = settings(max_examples=8, deadline=None)
seeds = st.integers(0, 2**32 - 1)


def _sheet(seed, n=90):
    """A bent strip with noise, of length 12 and about one component."""
    rng = np.random.default_rng(seed)
    s, h = 12 * rng.uniform(size=n), 4 * rng.uniform(size=n)
    X = np.stack([4 * np.cos(s / 4), 4 * np.sin(s / 4), h], axis=1)
    return X + 0.05 * rng.standard_normal((n, 3))


def _chain(X, metric="euclidean", build=embedding.alpha_decay_graph):
    W, eps = build(X, 12, metric=metric)
    W = embedding.prune_shortcuts(W, X, eps, metric=metric)
    L = embedding.graph_laplacian(W, bandwidths=eps)
    H = embedding.heat_kernel(L, TIME)
    mean = float(array_namespace(eps).mean(eps))
    return embedding.heat_geodesic_distance(H, TIME, step=mean)


def _assert_close(D, expected, eps=DOUBLE):
    """Squares equal to rounding, 5 times the decay (40) times the hops (10) of it.

    Squares, because near the diagonal they are what is left of a difference.
    """
    off = np.abs(D**2 - expected**2).max()
    assert off <= 5 * 40 * 10 * eps * expected.max() ** 2


def _rotation(seed):
    Q, R = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))
    return Q * np.sign(np.diag(R))


@few
@given(seeds, seeds)
def test_rotations_and_reflections_change_nothing(seed, turn):
    X = _sheet(seed)
    _assert_close(_chain(X @ _rotation(turn)), _chain(X))


@few
@given(seeds, st.lists(st.floats(-50, 50), min_size=3, max_size=3))
def test_translations_change_nothing(seed, shift):
    X = _sheet(seed)
    _assert_close(_chain(X + np.array(shift)), _chain(X))


@few
@given(seeds, st.integers(-900, 900))
def test_powers_of_two_scale_the_distances_exactly(seed, power):
    X = _sheet(seed)
    assert np.array_equal(_chain(2.0**power * X), 2.0**power * _chain(X))


@few
@given(seeds, st.floats(1e-100, 1e100))
def test_distances_scale_with_the_points(seed, c):
    X = _sheet(seed)
    _assert_close(_chain(c * X) / c, _chain(X))


@few
@given(seeds)
def test_permuted_rows_permute_the_distances(seed):
    X = _sheet(seed)
    order = np.random.default_rng(seed).permutation(len(X))
    _assert_close(_chain(X[order]), _chain(X)[order][:, order])


@few
@given(seeds)
def test_distances_are_symmetric_with_zero_diagonal_and_positive_elsewhere(seed):
    D = _chain(_sheet(seed))
    assert np.array_equal(D, D.T)
    assert np.all(np.diag(D) == 0.0)
    assert np.all(D[~np.eye(len(D), dtype=bool)] > 0.0)


@few
@given(seeds, st.sampled_from(["constant", "precomputed", "sparse"]))
def test_other_ways_to_say_the_same_give_the_same(seed, way):
    X = _sheet(seed)
    if way == "constant":
        D = _chain(np.hstack([X, np.full((len(X), 2), 7.0)]))
    elif way == "precomputed":
        D = _chain(np.linalg.norm(X[:, None] - X, axis=-1), metric="precomputed")
    else:
        D = _chain(X, build=embedding.sparse_alpha_decay_graph)
    _assert_close(D, _chain(X))


@pytest.mark.parametrize("law", ["rotation", "permutation", "scale"])
def test_laws_hold_on_every_library(xp, law):
    X = _sheet(5)
    order = np.random.default_rng(6).permutation(len(X))
    moved = {"rotation": X @ _rotation(7), "permutation": X[order], "scale": 8 * X}[law]
    D, other = (xp.to_numpy(_chain(xp.asarray(Y))) for Y in (X, moved))
    expected = {"rotation": D, "permutation": D[order][:, order], "scale": 8 * D}[law]
    _assert_close(other, expected, xp.eps)
