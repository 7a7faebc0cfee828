"""Laws of the three metrics, on every array library."""

import numpy as np
import pytest

from geomsci import spd

METRICS = ("affine", "log-euclidean", "bures-wasserstein")
KAPPA = 1e3  # bound of the condition numbers of the batch, and of pairs of them


@pytest.fixture(params=METRICS)
def metric(request):
    return request.param


def _congruent(C, W):
    return W @ C @ np.swapaxes(W, -1, -2)


@pytest.mark.capability("spd.distance")
def test_distance_agrees_across_libraries(xp, spd_batch, metric):
    expected = spd.distance(spd_batch[:6], spd_batch[6:], metric=metric)
    A, B = xp.asarray(spd_batch[:6]), xp.asarray(spd_batch[6:])
    xp.assert_close(spd.distance(A, B, metric=metric), expected, kappa=KAPPA, n=4)


def test_distance_is_a_metric(spd_batch, metric):
    D = spd.pairwise_distances(spd_batch, metric=metric)
    np.testing.assert_array_equal(D, D.T)
    np.testing.assert_array_equal(np.diag(D), 0)
    assert np.all(D[:, None, :] <= (D[:, :, None] + D[None, :, :]) * (1 + 1e-12))


def test_distance_of_diagonal_matrices_has_a_closed_form(xp, metric):
    a, b = np.array([1.0, 2.0, 5.0]), np.array([3.0, 0.5, 5.5])
    closed = {
        "affine": np.linalg.norm(np.log(a / b)),
        "log-euclidean": np.linalg.norm(np.log(a / b)),
        "bures-wasserstein": np.linalg.norm(np.sqrt(a) - np.sqrt(b)),
    }
    d = spd.distance(xp.asarray(np.diag(a)), xp.asarray(np.diag(b)), metric=metric)
    assert d.ndim == 0
    xp.assert_close(d, closed[metric], kappa=10, n=3)


def test_affine_distance_ignores_congruence(spd_batch):
    W = np.random.default_rng(0).standard_normal((4, 4)) + 3 * np.eye(4)
    d = spd.distance(spd_batch[:6], spd_batch[6:])
    moved = spd.distance(_congruent(spd_batch[:6], W), _congruent(spd_batch[6:], W))
    np.testing.assert_allclose(moved, d, rtol=1e-11)


def test_every_distance_ignores_rotation(spd_batch, metric):
    Q = np.linalg.qr(np.random.default_rng(1).standard_normal((4, 4)))[0]
    d = spd.distance(spd_batch[0], spd_batch[1], metric=metric)
    moved = spd.distance(
        _congruent(spd_batch[0], Q), _congruent(spd_batch[1], Q), metric=metric
    )
    np.testing.assert_allclose(moved, d, rtol=1e-12)


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9, 1e-12])
def test_close_bures_wasserstein_pairs_keep_their_digits(gap):
    a = np.array([1.0, 2.0, 5.0])
    shift = np.sqrt(a + gap) - np.sqrt(a)
    exact = np.linalg.norm(gap / (np.sqrt(a + gap) + np.sqrt(a)))
    assert np.allclose(exact, np.linalg.norm(shift), rtol=1e-3)
    d = spd.distance(np.diag(a), np.diag(a + gap), metric="bures-wasserstein")
    assert abs(d - exact) <= 8 * np.finfo(float).eps * np.sqrt(a.sum())


@pytest.mark.capability("spd.pairwise_distances")
def test_pairwise_distances_are_distances(xp, spd_batch, metric):
    A, B = spd_batch[:5], spd_batch[5:]
    expected = spd.distance(A[:, None], B[None], metric=metric)
    D = spd.pairwise_distances(xp.asarray(A), xp.asarray(B), metric=metric)
    xp.assert_close(D, expected, kappa=KAPPA, n=4)
    own = spd.pairwise_distances(xp.asarray(A), metric=metric)
    full = spd.pairwise_distances(A, A, metric=metric)
    np.fill_diagonal(full, 0)
    xp.assert_close(own, full, kappa=KAPPA, n=4)


@pytest.mark.capability("spd.log_map")
def test_exp_and_log_are_inverse(xp, spd_batch, metric):
    C, P = xp.asarray(spd_batch), xp.asarray(spd_batch[0])
    V = spd.log_map(C, P, metric=metric)
    xp.assert_close(spd.exp_map(V, P, metric=metric), spd_batch, kappa=KAPPA, n=4)


@pytest.mark.capability("spd.tangent_vectors")
def test_tangent_vectors_have_the_norm_of_the_distance(xp, spd_batch, metric):
    C, P = xp.asarray(spd_batch), xp.asarray(spd_batch[0])
    T = spd.tangent_vectors(C, P, metric=metric)
    norms = np.linalg.norm(xp.to_numpy(T), axis=-1)
    d = spd.distance(spd_batch, spd_batch[0], metric=metric)
    assert np.all(np.abs(norms - d) <= 64 * xp.eps * KAPPA)
    xp.assert_close(
        spd.from_tangent_vectors(T, P, metric=metric), spd_batch, kappa=KAPPA, n=4
    )


@pytest.mark.capability("spd.geodesic")
def test_geodesic_divides_the_distance(xp, spd_batch, metric):
    A, B = xp.asarray(spd_batch[0]), xp.asarray(spd_batch[1])
    t = np.array([0.0, 0.25, 0.5, 1.0])
    path = spd.geodesic(A, B, xp.asarray(t), metric=metric)
    d = spd.distance(spd_batch[0], spd_batch[1], metric=metric)
    from_a = spd.distance(A, path, metric=metric)
    assert np.all(np.abs(xp.to_numpy(from_a) - t * d) <= 64 * xp.eps * KAPPA)
    xp.assert_close(path[3, ...], spd_batch[1], kappa=KAPPA, n=4)


@pytest.mark.capability("spd.transport")
def test_transport_turns_the_log_around(xp, spd_batch, metric):
    A, B = xp.asarray(spd_batch[0]), xp.asarray(spd_batch[1])
    V = spd.log_map(B, A, metric=metric)
    back = spd.log_map(spd_batch[0], spd_batch[1], metric=metric)
    xp.assert_close(spd.transport(V, A, B, metric=metric), -back, kappa=KAPPA, n=4)


def _inner(metric, V, W, P):
    """Inner product at P from the definition of each metric, by a step of 1e-6."""
    if metric == "affine":
        return np.trace(np.linalg.solve(P, V) @ np.linalg.solve(P, W))
    if metric == "bures-wasserstein":
        n = len(P)
        lyapunov = np.kron(P, np.eye(n)) + np.kron(np.eye(n), P)
        return 0.5 * np.sum(np.linalg.solve(lyapunov, V.ravel()) * W.ravel())
    w, U = np.linalg.eigh(P)
    gap = np.subtract.outer(w, w) + np.eye(len(w))
    F = np.subtract.outer(np.log(w), np.log(w)) / gap + np.diag(1 / w)
    return np.sum((F * (U.T @ V @ U)) * (F * (U.T @ W @ U)))


def test_transport_keeps_inner_products(spd_batch, metric):
    A, B = spd_batch[2], spd_batch[3]
    rng = np.random.default_rng(5)
    V, W = (X + X.T for X in rng.standard_normal((2, 4, 4)))
    moved = [spd.transport(X, A, B, metric=metric) for X in (V, W)]
    before, after = _inner(metric, V, W, A), _inner(metric, *moved, B)
    scale = np.sqrt(_inner(metric, V, V, A) * _inner(metric, W, W, A))
    assert abs(after - before) <= 1e-10 * scale


def test_bures_wasserstein_transport_from_the_identity_has_a_closed_form():
    a = np.array([0.5, 1.5, 4.0])
    X = np.random.default_rng(2).standard_normal((3, 3))
    V = X + X.T
    moved = spd.transport(V, np.eye(3), np.diag(a), metric="bures-wasserstein")
    closed = np.sqrt(np.add.outer(a, a) / 2) * V
    np.testing.assert_allclose(moved, closed, rtol=1e-10)


@pytest.mark.capability("spd.nearest_spd")
def test_nearest_spd_raises_only_what_is_too_low(xp):
    Q = np.linalg.qr(np.random.default_rng(3).standard_normal((4, 4)))[0]
    C = Q @ np.diag([2.0, 1.0, 1e-9, -0.5]) @ Q.T
    expected = Q @ np.diag([2.0, 1.0, 0.02, 0.02]) @ Q.T
    good = np.stack([C, np.eye(4)])
    near = spd.nearest_spd(xp.asarray(good), rtol=0.01)
    xp.assert_close(near, np.stack([expected, np.eye(4)]), kappa=10, n=4)


def test_complex_matrices_have_the_distances_of_their_real_form(metric):
    rng = np.random.default_rng(4)
    Z = rng.standard_normal((2, 3, 9)) + 1j * rng.standard_normal((2, 3, 9))
    C = Z @ np.conj(np.swapaxes(Z, -1, -2)) / 9 + 0.1 * np.eye(3)
    real = np.block([[C.real, -C.imag], [C.imag, C.real]])
    d = spd.distance(C[0], C[1], metric=metric)
    doubled = spd.distance(real[0], real[1], metric=metric)
    np.testing.assert_allclose(d * np.sqrt(2), doubled, rtol=1e-12)
    V = spd.log_map(C[0], C[1], metric=metric)
    np.testing.assert_allclose(spd.exp_map(V, C[1], metric=metric), C[0], rtol=1e-10)
    T = spd.tangent_vectors(C[0], C[1], metric=metric)
    np.testing.assert_allclose(np.linalg.norm(T), d, rtol=1e-11)
    back = spd.from_tangent_vectors(T, C[1], metric=metric)
    np.testing.assert_allclose(back, C[0], rtol=1e-10)
