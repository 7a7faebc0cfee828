"""Diffusion maps: closed forms, diffusion distances, the extension, the contract."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

from geomsci.embedding import alpha_decay_graph
from geomsci.embedding.diffusion_maps import DiffusionMap

EPS = float(np.finfo(np.float64).eps)


def _points(n=60, d=3, seed=0):
    return np.random.default_rng(seed).standard_normal((n, d))


def _walk(X, anisotropy=1.0, k=10):
    """P and its stationary law by the formulas, dense."""
    K = alpha_decay_graph(X, k)[0] + np.eye(len(X))
    q = K.sum(axis=1) ** anisotropy
    K = K / np.outer(q, q)
    return K / K.sum(axis=1, keepdims=True), K.sum(axis=1) / K.sum()


@pytest.mark.filterwarnings("ignore:The graph has", "ignore:n_neighbors=10 counts")
@parametrize_with_checks([DiffusionMap()])
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("anisotropy", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("t", [1, 4])
def test_all_coordinates_give_the_diffusion_distance(anisotropy, t):
    X = _points()
    P, law = _walk(X, anisotropy)
    rows = np.linalg.matrix_power(P, t) / np.sqrt(law)
    model = DiffusionMap(59, anisotropy=anisotropy, t=t).fit(X)
    np.testing.assert_allclose(
        pdist(model.embedding_), pdist(rows), rtol=1e-10, atol=1e-12 * rows.max()
    )


def test_eigenvectors_are_those_of_the_walk_and_orthonormal_in_its_law():
    X = _points()
    P, law = _walk(X)
    model = DiffusionMap(8).fit(X)
    psi, values = model.eigenvectors_, model.eigenvalues_
    np.testing.assert_allclose(P @ psi, psi * values, atol=1e3 * EPS)
    np.testing.assert_allclose(psi.T @ (law[:, None] * psi), np.eye(8), atol=1e3 * EPS)
    np.testing.assert_allclose(law @ psi, 0, atol=1e3 * EPS)
    assert np.all(np.diff(values) <= 0)
    assert np.all(psi.max(axis=0) == np.abs(psi).max(axis=0))


def test_a_circle_gives_the_sines_of_its_angle():
    angle = 2 * np.pi * np.arange(50) / 50
    X = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    Y = DiffusionMap(2, n_neighbors=4, t=0).fit_transform(X)
    # Circulant P: the plane of the first waves, both of mean square one.
    np.testing.assert_allclose(np.linalg.norm(Y, axis=1), np.sqrt(2), rtol=1e-9)
    turn = Y[0] @ np.roll(Y, -1, axis=0)[0] / 2
    assert turn == pytest.approx(np.cos(2 * np.pi / 50), abs=1e-9)


def test_anisotropy_one_forgets_the_density():
    # A segment, ten times denser at one end: Laplace-Beltrami still has cos(pi s).
    u = np.linspace(0, 1, 600)
    s = (np.sqrt(1 + 99 * u) - 1) / 9  # density 1 + ... falls linearly in s
    X = np.stack([s, np.zeros(600)], axis=1)
    K = np.exp(-((s[:, None] - s) ** 2) / 0.02**2)
    correlation = [
        abs(np.corrcoef(
            DiffusionMap(1, anisotropy=a, metric="precomputed_affinity")
            .fit_transform(K)[:, 0],
            np.cos(np.pi * X[:, 0]),
        )[0, 1])
        for a in (1.0, 0.0)
    ]  # fmt: skip
    assert correlation[0] > 0.9995
    assert correlation[0] > correlation[1]


# The extension


@pytest.mark.parametrize("t", [0, 1, 3])
@pytest.mark.parametrize("decay", [2.0, 40.0])
def test_training_rows_come_back(t, decay):
    X = _points(80)
    X[40:44] = X[3]  # copies
    model = DiffusionMap(3, t=t, decay=decay, n_neighbors=6).fit(X)
    # The residual of an eigenpair, over its eigenvalue for t = 0.
    allowed = 1e3 * EPS * np.abs(model.embedding_).max() / model.eigenvalues_.min()
    np.testing.assert_allclose(model.transform(X), model.embedding_, atol=allowed)


def test_extension_is_the_eigenvector_equation_of_the_larger_kernel():
    X, new = _points(60), _points(5, seed=1)
    model = DiffusionMap(3, t=2, decay=2.0, anisotropy=0.5).fit(X)
    eps_new = np.sort(np.linalg.norm(new[:, None] - X, axis=-1), axis=1)[:, 10]
    D = np.linalg.norm(new[:, None] - X, axis=-1)
    nearest = model.bandwidths_[D.argmin(axis=1)]
    parts = [D / np.maximum(eps_new, nearest)[:, None], D / model.bandwidths_]
    A = sum(np.where(np.exp(-(r**2)) >= 1e-4, np.exp(-(r**2)), 0) for r in parts) / 2
    A = A / model.density_**0.5
    psi = A @ model.eigenvectors_ / A.sum(axis=1, keepdims=True) / model.eigenvalues_
    np.testing.assert_allclose(
        model.transform(new), psi * model.eigenvalues_**2, rtol=1e-10, atol=1e-12
    )


def test_new_points_near_training_points_land_near_them():
    X = _points(60)
    model = DiffusionMap(2, decay=2.0).fit(X)
    moved = model.transform(X + 1e-9 * _points(60, seed=2))
    np.testing.assert_allclose(moved, model.embedding_, atol=1e-6)


def test_a_batch_of_new_points_is_its_rows():
    X, new = _points(60), _points(7, seed=1)
    model = DiffusionMap(2).fit(X)
    alone = np.concatenate([model.transform(row[None, :]) for row in new])
    np.testing.assert_allclose(model.transform(new), alone, rtol=1e-12, atol=1e-13)


# Sparse graphs


def test_sparse_and_dense_solvers_agree(monkeypatch):
    X = _points(300, 2)
    dense = DiffusionMap(4, t=3).fit(X)
    monkeypatch.setattr("geomsci.embedding.diffusion_maps.SPARSE_ABOVE", 100)
    sparse = DiffusionMap(4, t=3).fit(X)
    np.testing.assert_allclose(sparse.eigenvalues_, dense.eigenvalues_, rtol=1e-12)
    gaps = np.abs(np.diff(np.append(dense.eigenvalues_, 1.0))).min()
    np.testing.assert_allclose(
        sparse.embedding_, dense.embedding_, atol=1e3 * EPS * 300 / gaps
    )
    np.testing.assert_allclose(sparse.transform(X), sparse.embedding_, atol=1e-11)
    again = DiffusionMap(4, t=3, random_state=5).fit(X)
    np.testing.assert_allclose(
        again.embedding_, sparse.embedding_, atol=1e3 * EPS * 300 / gaps
    )


@pytest.mark.parametrize("above", [10, 1000])
def test_components_are_joined_and_training_rows_still_come_back(monkeypatch, above):
    monkeypatch.setattr("geomsci.embedding.diffusion_maps.SPARSE_ABOVE", above)
    X = np.concatenate([_points(40, 2), _points(40, 2, seed=1) + 50])
    ends = np.linalg.norm(X[:40, None] - X[40:], axis=-1)
    i, j = np.unravel_index(ends.argmin(), ends.shape)
    X[(i + 1) % 40] = X[i]  # a copy of the end of the bridge
    with pytest.warns(UserWarning, match="2 connected components"):
        model = DiffusionMap(2, n_neighbors=5).fit(X)
    assert model.eigenvalues_[0] < 1 - 1e-6
    np.testing.assert_allclose(model.transform(X), model.embedding_, atol=1e-10)
    first = model.embedding_[:, 0] > 0
    assert np.all(first[:40] != first[40])


# Precomputed affinities


def test_a_precomputed_kernel_gives_the_same_map():
    X, new = _points(60), _points(4, seed=3)
    points = DiffusionMap(3, t=2).fit(X)
    K = alpha_decay_graph(X, 10)[0] + np.eye(60)
    kernel = DiffusionMap(3, t=2, metric="precomputed_affinity").fit(K)
    np.testing.assert_allclose(kernel.embedding_, points.embedding_, atol=1e-12)
    np.testing.assert_allclose(kernel.transform(K), kernel.embedding_, atol=1e-12)
    assert kernel.transform(
        np.exp(-np.linalg.norm(new[:, None] - X, axis=2))
    ).shape == (
        4,
        3,
    )


def test_components_of_a_kernel_are_named():
    K = np.kron(np.eye(2), np.ones((4, 4)))
    with pytest.warns(UserWarning, match="2 connected components"):
        DiffusionMap(1, metric="precomputed_affinity").fit(K)


# Invariances


@pytest.mark.parametrize("decay", [2.0, 40.0])
def test_rigid_motions_and_scale_change_nothing(decay):
    X = _points(50, 3)
    turn = np.linalg.qr(_points(3, 3, seed=4))[0]
    Y = DiffusionMap(3, decay=decay).fit_transform(X)
    moved = DiffusionMap(3, decay=decay).fit_transform(7.3 * X @ turn + 2.0)
    np.testing.assert_allclose(pdist(moved), pdist(Y), rtol=1e-9, atol=1e-11)


def test_map_follows_a_permutation():
    X = _points(50, 3)
    order = np.random.default_rng(5).permutation(50)
    Y, moved = (DiffusionMap(3).fit_transform(Z) for Z in (X, X[order]))
    np.testing.assert_allclose(moved, Y[order], atol=1e-11)


@pytest.mark.capability("embedding.DiffusionMap.fit")
def test_every_library_gives_the_map_of_numpy(xp):
    X, new = _points(40, 2), _points(6, 2, seed=1)
    model = DiffusionMap(2, n_neighbors=6, decay=4.0, t=2)
    Y, moved = model.fit(X).embedding_, model.transform(new)
    values = DiffusionMap(3, n_neighbors=6, decay=4.0).fit(X).eigenvalues_
    # Eigenvectors turn by rounding over the gap of their eigenvalues.
    kappa = 10 / np.abs(np.diff(values, prepend=1.0)).min()
    model.fit(xp.asarray(X))
    xp.assert_close(model.embedding_, Y, kappa=kappa, n=40)
    xp.assert_close(model.transform(xp.asarray(new)), moved, kappa=kappa, n=40)
    xp.assert_close(model.transform(xp.asarray(X)), Y, kappa=kappa, n=40)


# Bad input


@pytest.mark.parametrize(
    ("X", "options", "message"),
    [
        (_points(8), {}, "n_neighbors must be below the number of points, got 10 with"),
        (_points(20), {"n_components": 20}, "n_components must be at most"),
        (_points(20), {"t": -1}, "'t' parameter"),
        (_points(20), {"decay": 0.0}, "'decay' parameter"),
        (_points(20), {"metric": "cosine"}, "'metric' parameter"),
        (np.ones((20, 3)), {}, "two different"),
        (_points(20), {"metric": "precomputed_affinity"}, r"shape \(n, n\)"),
        (-np.eye(3), {"metric": "precomputed_affinity"}, "not be negative"),
        (np.tri(3), {"metric": "precomputed_affinity"}, "must be symmetric"),
        (np.zeros((3, 3)), {"metric": "precomputed_affinity"}, "row of zeros"),
    ],
)
def test_bad_input_is_refused(X, options, message):
    with pytest.raises(ValueError, match=message):
        DiffusionMap(**options).fit(X)


def test_as_many_neighbours_as_points_are_one_fewer():
    X = _points(12)
    with pytest.warns(UserWarning, match="counts the point itself among 12 points: 11"):
        model = DiffusionMap(n_neighbors=12).fit(X)
    expected = DiffusionMap(n_neighbors=11).fit(X)
    assert np.array_equal(model.embedding_, expected.embedding_)
    assert np.array_equal(model.transform(X), expected.transform(X))


def test_transform_asks_for_a_fit_and_for_its_columns():
    with pytest.raises(NotFittedError):
        DiffusionMap().transform(_points())
    model = DiffusionMap(metric="precomputed_affinity")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(np.exp(-squareform(pdist(_points(20)))))
    with pytest.raises(ValueError, match="affinities >= 0"):
        model.transform(-np.ones((2, 20)))
    with pytest.raises(ValueError, match="20 features"):
        model.transform(np.ones((2, 19)))
