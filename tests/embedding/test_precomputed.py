"""Graphs of precomputed distances are those of the points."""

import numpy as np
import pytest

from geomsci import embedding

RNG = np.random.default_rng(71)
CLOUD = RNG.standard_normal((40, 3))
# Whole numbers on a line: distances without rounding, on both routes.
EXACT = RNG.permutation(400)[:60, None].astype(float)
BLOBS = np.concatenate([EXACT[:30], EXACT[30:] + 5000.0])
BUILDS = ["alpha_decay_graph", "sparse_alpha_decay_graph"]


def _distances(X):
    return np.sqrt(sum((X[:, f : f + 1] - X[:, f]) ** 2 for f in range(X.shape[1])))


def _dense(W):
    return W.toarray() if hasattr(W, "toarray") else W


@pytest.mark.parametrize("anisotropy", [0.0, 1.0])
def test_graph_of_distances_is_that_of_the_points(xp, anisotropy):
    of_points = embedding.alpha_decay_graph(xp.asarray(CLOUD), 6, 40.0, anisotropy)
    given = xp.asarray(_distances(CLOUD))
    W, eps = embedding.alpha_decay_graph(
        given, 6, 40.0, anisotropy, metric="precomputed"
    )
    xp.assert_close(W, xp.to_numpy(of_points.W), kappa=10 * 40)
    xp.assert_close(eps, xp.to_numpy(of_points.bandwidths))


@pytest.mark.parametrize("factor", [1.0, 2.0**900, 2.0**-900])
@pytest.mark.parametrize("build", BUILDS)
def test_exact_distances_give_the_same_numbers(build, factor):
    X = factor * EXACT
    of_points = getattr(embedding, build)(X, 6)
    W, eps = getattr(embedding, build)(np.abs(X - X.T), 6, metric="precomputed")
    assert np.array_equal(_dense(W), _dense(of_points.W))
    assert np.array_equal(eps, of_points.bandwidths)


@pytest.mark.parametrize("sparse", [False, True])
def test_repairs_by_distances_are_those_by_points(xp, sparse):
    if sparse and xp.library != "numpy":
        pytest.skip("sparse matrices are NumPy's")
    W, eps = embedding.alpha_decay_graph(BLOBS, 6)
    W[3, 17] = W[17, 3] = 1.0
    from scipy.sparse import csr_array

    W = csr_array(W.astype(xp.to_numpy(xp.asarray(W)).dtype)) if sparse else W
    W = W if sparse else xp.asarray(W)
    results = []
    for X, metric in ((BLOBS, "euclidean"), (np.abs(BLOBS - BLOBS.T), "precomputed")):
        X = xp.asarray(X)
        kept = embedding.prune_shortcuts(W, X, xp.asarray(eps), metric=metric)
        with pytest.warns(UserWarning, match="connected components"):
            results.append(embedding.join_components(kept, X, metric=metric))
    of_points, of_distances = results
    assert of_distances.bridges == of_points.bridges
    same = of_distances.W != of_points.W
    assert (abs(same).sum() if sparse else np.sum(xp.to_numpy(same))) == 0


def test_distances_of_a_search_by_products_are_symmetric_enough():
    # Expanded squares leave 1e-8 on the diagonal and asymmetry in the last place.
    squares = (CLOUD**2).sum(axis=1)
    D = np.sqrt(np.abs(squares[:, None] - 2 * CLOUD @ CLOUD.T + squares))
    assert np.diag(D).max() > 0
    W, _ = embedding.alpha_decay_graph(D, 6, metric="precomputed")
    expected, _ = embedding.alpha_decay_graph(CLOUD, 6)
    assert np.array_equal(W, W.T)
    np.testing.assert_allclose(W, expected, atol=1e-11)


def test_distances_that_no_points_have_are_taken_as_they_are():
    # A star: all leaves at distance 1 of the centre and 2 of each other, so the
    # second neighbour of a leaf is any other leaf, at 2.
    D = np.full((6, 6), 2.0)
    D[0, :] = D[:, 0] = 1.0
    np.fill_diagonal(D, 0.0)
    W, eps = embedding.alpha_decay_graph(D, 2, 2.0, metric="precomputed")
    assert np.array_equal(eps, [1.0] + [2.0] * 5)
    np.testing.assert_allclose(W[1, 2:], np.exp(-1), rtol=1e-15)
    np.testing.assert_allclose(W[0, 1:], (np.exp(-1) + np.exp(-0.25)) / 2, rtol=1e-15)


GOOD = _distances(CLOUD)
BAD = {
    "points": (CLOUD, ValueError, r"\(n, n\) with metric='precomputed', got \(40, 3\)"),
    "nan": (np.where(GOOD > 4, np.nan, GOOD), ValueError, "finite"),
    "negative": (-GOOD, ValueError, "not be negative.*absolute values"),
    "asymmetric": (np.triu(GOOD), ValueError, "symmetric.*mean of both"),
    "similarities": (np.exp(-GOOD), ValueError, "zero on the diagonal.*similarities"),
    "complex": (GOOD + 0j, TypeError, "real"),
    "one": (np.zeros((1, 1)), ValueError, "at least two points"),
    "all-equal": (np.zeros((9, 9)), ValueError, "9 copies of one"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("build", BUILDS)
def test_what_is_no_matrix_of_distances_gets_one_sentence(build, case):
    D, error, text = BAD[case]
    with pytest.raises(error, match=text) as caught:
        getattr(embedding, build)(D, 6, metric="precomputed")
    assert "\n" not in str(caught.value)


def test_repairs_check_the_distances_too():
    W, eps = embedding.alpha_decay_graph(CLOUD, 6)
    for repair in (
        lambda D, m: embedding.prune_shortcuts(W, D, eps, metric=m),
        lambda D, m: embedding.join_components(W, D, metric=m),
    ):
        with pytest.raises(ValueError, match="symmetric"):
            repair(np.triu(GOOD), "precomputed")
        with pytest.raises(ValueError, match=r"got \(40, 3\)"):
            repair(CLOUD, "precomputed")
        with pytest.raises(ValueError, match="one of euclidean, precomputed, got 'l1'"):
            repair(CLOUD, "l1")


def test_sparse_distances_are_refused():
    from scipy.sparse import csr_array

    with pytest.raises(TypeError, match="dense array, got csr_array"):
        embedding.sparse_alpha_decay_graph(csr_array(GOOD), 6, metric="precomputed")


def test_input_is_not_written_to():
    D = _distances(BLOBS)
    before = D.copy()
    D.flags.writeable = False
    W, eps = embedding.alpha_decay_graph(D, 6, metric="precomputed")
    embedding.prune_shortcuts(W, D, eps, metric="precomputed")
    assert np.array_equal(D, before)
