"""Alpha-decay graphs and Laplacians: definitions, invariances, null vectors."""

import math

import numpy as np
import pytest

from geomsci import embedding

KINDS = ["combinatorial", "normalized", "variable_bandwidth"]
CLOUD = np.random.default_rng(21).standard_normal((40, 3))


def _graph_by_loops(X, k, decay, a):
    """The definition, entry by entry; kernel without its threshold."""
    n = len(X)
    eps = [sorted(math.dist(X[i], x) for x in X)[k] for i in range(n)]
    A = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            value = math.exp(-min((math.dist(X[i], X[j]) / eps[i]) ** decay, 700.0))
            A[i, j] = value if value >= 1e-4 else 0.0
    K = (A + A.T) / 2
    q = K.sum(axis=1)
    for i in range(n):
        for j in range(n):
            K[i, j] /= (q[i] * q[j]) ** a
        K[i, i] = 0.0
    return K, np.array(eps)


@pytest.mark.parametrize("anisotropy", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("decay", [2.0, 40.0])
def test_graph_is_its_definition(xp, decay, anisotropy):
    W, eps = embedding.alpha_decay_graph(xp.asarray(CLOUD), 6, decay, anisotropy)
    expected, bandwidths = _graph_by_loops(CLOUD, 6, decay, anisotropy)
    # A relative error u of a distance is one of decay |log A| u of the kernel.
    xp.assert_close(W, expected, kappa=10 * decay)
    xp.assert_close(eps, bandwidths)


@pytest.mark.parametrize("features", [3, 25])
@pytest.mark.parametrize("anisotropy", [0.0, 1.0])
def test_sparse_graph_is_the_dense_one(features, anisotropy):
    X = np.random.default_rng(22).standard_normal((150, features))
    X[140:] = X[:10]
    dense = embedding.alpha_decay_graph(X, 5, 40.0, anisotropy)
    sparse = embedding.sparse_alpha_decay_graph(X, 5, 40.0, anisotropy)
    assert sparse.W.format == "csr"
    np.testing.assert_allclose(sparse.W.toarray(), dense.W, rtol=1e-11, atol=0)
    assert sparse.W.nnz == np.count_nonzero(dense.W)
    assert np.array_equal(sparse.bandwidths, dense.bandwidths)


def _rotation(d):
    Q, R = np.linalg.qr(np.random.default_rng(23).standard_normal((d, d)))
    return Q * np.sign(np.diag(R))


@pytest.mark.parametrize(
    ("move", "factor"),
    [
        (lambda X: X @ _rotation(3), 1.0),
        (lambda X: X + np.array([3.0, -20.0, 7.0]), 1.0),
        (lambda X: 1e-200 * X, 1e-200),
        (lambda X: 1e200 * X, 1e200),
        (lambda X: np.hstack([X, np.full((40, 2), 5.0)]), 1.0),
    ],
    ids=["rotation", "translation", "small", "large", "constant-features"],
)
@pytest.mark.parametrize("build", ["alpha_decay_graph", "sparse_alpha_decay_graph"])
def test_graph_knows_shapes_only(build, move, factor):
    W, eps = getattr(embedding, build)(CLOUD, 6)
    moved = getattr(embedding, build)(move(CLOUD), 6)
    tolerance = 40 * 10 * 64 * np.finfo(float).eps * 30  # decay, |log A|, |X| / eps
    assert abs(moved.W - W).max() <= tolerance
    np.testing.assert_allclose(moved.bandwidths, factor * eps, rtol=tolerance)


@pytest.mark.parametrize("build", ["alpha_decay_graph", "sparse_alpha_decay_graph"])
def test_permuting_points_permutes_the_graph(build):
    order = np.random.default_rng(24).permutation(40)
    W, eps = getattr(embedding, build)(CLOUD, 6)
    V, moved = getattr(embedding, build)(CLOUD[order], 6)
    assert abs(V - W[order][:, order]).max() <= 64 * np.finfo(float).eps
    assert np.array_equal(moved, eps[order])


def test_equally_spaced_points_in_closed_form(xp):
    # Spacing 2, k = 2: eps is 2 inside and 4 at the two ends; decay 2 cuts at 3.03 eps.
    X = 2.0 * np.arange(5.0)[:, None]
    W, eps = embedding.alpha_decay_graph(xp.asarray(X), 2, 2.0)
    xp.assert_close(eps, [4.0, 2.0, 2.0, 2.0, 4.0])
    e = math.exp
    first = [0, (e(-0.25) + e(-1)) / 2, (e(-1) + e(-4)) / 2, (e(-2.25) + e(-9)) / 2]
    xp.assert_close(W[0, :4], first, kappa=20)


def test_copies_are_tied_to_each_other_and_to_the_nearest_different_rows(xp):
    # Three copies at 0 with k = 2: the second row that is no copy lies at 7.
    X = np.array([[0.0], [0.0], [0.0], [5.0], [7.0], [30.0]])
    W, eps = embedding.alpha_decay_graph(xp.asarray(X), 2)
    xp.assert_close(eps, [7.0, 7.0, 7.0, 5.0, 7.0, 25.0])
    W = xp.to_numpy(W)
    assert np.all(W[:3, :3] == 1 - np.eye(3))
    # exp(-(5/7)^40) is 1 - 1.4e-6, exp(-1) comes from the row at 5.
    expected = (math.exp(-((5 / 7) ** 40)) + math.exp(-1)) / 2
    np.testing.assert_allclose(W[:3, 3], expected, rtol=64 * xp.eps)


def test_fewer_different_rows_than_neighbours_give_the_farthest(xp):
    X = np.array([[0.0]] * 5 + [[1.0], [4.0]])
    _, eps = embedding.alpha_decay_graph(xp.asarray(X), 4)
    xp.assert_close(eps, [4.0] * 5 + [1.0, 4.0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sparse", [False, True])
def test_laplacian_is_positive_semidefinite_with_its_null_vector(kind, sparse):
    build = "sparse_alpha_decay_graph" if sparse else "alpha_decay_graph"
    W, eps = getattr(embedding, build)(CLOUD, 6)
    L = embedding.graph_laplacian(W, kind, bandwidths=eps)
    W, L = (M.toarray() if sparse else M for M in (W, L))
    E = np.clip(eps.mean() / eps, 0.25, 4.0)
    degrees = W.sum(axis=1)
    null = {
        "combinatorial": np.ones(40),
        "normalized": np.sqrt(degrees),
        "variable_bandwidth": np.sqrt(degrees) / E,
    }[kind]
    values = np.linalg.eigvalsh(L)
    tolerance = 64 * 40 * np.finfo(float).eps * values[-1]
    assert np.array_equal(L, L.T)
    assert values[0] >= -tolerance
    assert values[1] > 100 * tolerance  # one component, one null vector
    assert np.linalg.norm(L @ null) <= tolerance * np.linalg.norm(null)


@pytest.mark.parametrize("kind", KINDS)
def test_laplacian_of_an_edge_list_in_closed_form(xp, kind):
    # The path 0 - 1 - 2 with weights 1 and 3; E = mean(eps) / eps, one of them clipped.
    W = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 3.0], [0.0, 3.0, 0.0]])
    eps = np.array([0.1, 1.0, 1.9])
    D, E = np.diag([1.0, 4.0, 3.0]), np.diag([4.0, 1.0, 1 / 1.9])
    normalized = np.eye(3) - W / np.sqrt(np.outer([1, 4, 3], [1, 4, 3]))
    expected = {
        "combinatorial": D - W,
        "normalized": normalized,
        "variable_bandwidth": E @ normalized @ E,
    }[kind]
    L = embedding.graph_laplacian(xp.asarray(W), kind, bandwidths=xp.asarray(eps))
    xp.assert_close(L, expected)


@pytest.mark.parametrize("n", [3, 8, 15])
def test_spectrum_of_the_cycle(xp, n):
    # 2 - 2 cos(2 pi k / n), and half of it for the normalised Laplacian.
    W = np.roll(np.eye(n), 1, axis=1) + np.roll(np.eye(n), -1, axis=1)
    waves = np.sort(2 - 2 * np.cos(2 * np.pi * np.arange(n) / n))
    for kind, factor in (("combinatorial", 1.0), ("normalized", 0.5)):
        L = embedding.graph_laplacian(xp.asarray(W), kind)
        values = np.linalg.eigvalsh(xp.to_numpy(L).astype(float))
        np.testing.assert_allclose(values, factor * waves, atol=64 * n * xp.eps)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sparse", [False, True])
def test_isolated_vertex_keeps_its_heat(kind, sparse):
    from scipy.sparse import csr_array

    W = np.zeros((3, 3))
    W[0, 1] = W[1, 0] = 2.0
    given = csr_array(W) if sparse else W
    L = embedding.graph_laplacian(given, kind, bandwidths=np.array([1.0, 2.0, 3.0]))
    L = L.toarray() if sparse else L
    assert np.all(L[2] == 0.0)
    assert np.all(L[:, 2] == 0.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", ["csr_array", "csr_matrix", "coo_array", "csc_matrix"])
def test_every_sparse_form_gives_the_dense_laplacian(form, kind):
    import scipy.sparse

    W, eps = embedding.alpha_decay_graph(CLOUD, 6)
    given = getattr(scipy.sparse, form)(W)
    before = given.copy()
    L = embedding.graph_laplacian(given, kind, bandwidths=eps)
    expected = embedding.graph_laplacian(W, kind, bandwidths=eps)
    np.testing.assert_allclose(
        L.toarray(), expected, atol=64 * np.finfo(float).eps * 40
    )
    assert abs(given - before).max() == 0.0


def test_variable_bandwidth_undoes_a_change_of_density():
    # Points on a line, twice as dense on one side: the rate of a walker times its
    # squared hop is the same on both sides, which the plain Laplacian misses 4 times.
    X = np.concatenate([np.arange(60) * 0.5, 30 + np.arange(60) * 1.0])[:, None]
    W, eps = embedding.alpha_decay_graph(X, 4, 40.0)
    hops = (X - X.T) ** 2
    speed = {}
    for kind in ("normalized", "variable_bandwidth"):
        L = embedding.graph_laplacian(W, kind, bandwidths=eps)
        speed[kind] = (-L * hops).sum(axis=1)[[30, 90]]
    assert speed["normalized"][1] == pytest.approx(4 * speed["normalized"][0])
    steady = speed["variable_bandwidth"]
    assert steady[1] == pytest.approx(steady[0])


BAD_POINTS = {
    "nan": (np.array([[0.0], [np.nan], [1.0]]), 1, ValueError, "finite"),
    "one-point": (np.zeros((1, 2)), 1, ValueError, "at least two points"),
    "no-feature": (np.zeros((4, 0)), 1, ValueError, "one feature"),
    "vector": (np.zeros(4), 1, ValueError, r"\(n, d\)"),
    "all-equal": (np.ones((5, 2)), 2, ValueError, "5 copies of one"),
    "too-many": (CLOUD, 40, ValueError, "n - 1 = 39"),
    "none": (CLOUD, 0, ValueError, "n_neighbors"),
    "half": (CLOUD, 2.5, ValueError, "n_neighbors"),
    "complex": (CLOUD + 1j, 3, TypeError, "real"),
}


@pytest.mark.parametrize("case", BAD_POINTS)
@pytest.mark.parametrize("build", ["alpha_decay_graph", "sparse_alpha_decay_graph"])
def test_bad_points_get_one_sentence(build, case):
    X, k, error, text = BAD_POINTS[case]
    with pytest.raises(error, match=text) as caught:
        getattr(embedding, build)(X, k)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("build", ["alpha_decay_graph", "sparse_alpha_decay_graph"])
def test_sparse_points_are_refused(build):
    from scipy.sparse import csr_matrix

    with pytest.raises(TypeError, match=r"dense array, got csr_matrix.*toarray"):
        getattr(embedding, build)(csr_matrix(CLOUD), 3)


def test_bad_decay_and_anisotropy_are_refused():
    with pytest.raises(ValueError, match="decay must be a positive"):
        embedding.alpha_decay_graph(CLOUD, 3, 0.0)
    with pytest.raises(ValueError, match="anisotropy must be from 0 to 1"):
        embedding.alpha_decay_graph(CLOUD, 3, 40.0, 1.5)


def test_sparse_graph_of_another_library_names_the_dense_one():
    import array_api_strict

    with pytest.raises(TypeError, match="use alpha_decay_graph"):
        embedding.sparse_alpha_decay_graph(array_api_strict.asarray(CLOUD), 3)


PAIR = np.array([[0.0, 1.0], [1.0, 0.0]])
BAD_WEIGHTS = {
    "not-square": (np.zeros((2, 3)), "shape"),
    "nan": (np.array([[0.0, np.nan], [np.nan, 0.0]]), "finite"),
    "negative": (-PAIR, "negative"),
    "asymmetric": (np.array([[0.0, 1.0], [0.5, 0.0]]), "symmetric"),
    "self-loops": (PAIR + np.eye(2), "zero diagonal"),
}


@pytest.mark.parametrize("case", BAD_WEIGHTS)
@pytest.mark.parametrize("sparse", [False, True])
def test_bad_weights_get_one_sentence(case, sparse):
    from scipy.sparse import csr_array

    W, text = BAD_WEIGHTS[case]
    with pytest.raises(ValueError, match=text):
        embedding.graph_laplacian(csr_array(W) if sparse else W, "normalized")


def test_bad_bandwidths_are_refused():
    with pytest.raises(ValueError, match="kind must be one of combinatorial"):
        embedding.graph_laplacian(PAIR, "random_walk")
    with pytest.raises(ValueError, match="bandwidths must be given"):
        embedding.graph_laplacian(PAIR)
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        embedding.graph_laplacian(PAIR, bandwidths=np.ones(3))
    with pytest.raises(ValueError, match="positive"):
        embedding.graph_laplacian(PAIR, bandwidths=np.array([1.0, 0.0]))


@pytest.mark.parametrize("kind", KINDS)
def test_offloaded_graph_and_laplacian_are_those_of_the_host(offload, kind):
    import geomsci

    W, eps = embedding.alpha_decay_graph(CLOUD, 6)
    with geomsci.use_backend("cupy") as record:
        moved = embedding.alpha_decay_graph(CLOUD, 6)
        L = embedding.graph_laplacian(W, kind, bandwidths=eps)
    assert [t.direction for t in record.transfers[:3]] == ["to device"] + [
        "to host"
    ] * 2
    np.testing.assert_allclose(moved.W, W, rtol=64 * 400 * np.finfo(float).eps)
    expected = embedding.graph_laplacian(W, kind, bandwidths=eps)
    np.testing.assert_allclose(L, expected, atol=64 * 40 * np.finfo(float).eps)
