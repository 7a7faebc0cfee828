"""Means of SPD matrices: the equation they solve, closed forms, invariances."""

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning

from geomsci import spd

METRICS = ("affine", "log-euclidean", "bures-wasserstein")


@pytest.mark.capability("spd.mean")
@pytest.mark.parametrize("metric", METRICS)
def test_mean_agrees_across_libraries(xp, spd_batch, metric):
    expected = spd.mean(spd_batch, metric=metric, tol=1e-13)
    M = spd.mean(xp.asarray(spd_batch), metric=metric, tol=64 * xp.eps)
    xp.assert_close(M, expected, kappa=1e3, n=12)


@pytest.mark.parametrize("metric", METRICS)
def test_the_mean_log_is_zero_at_the_mean(spd_batch, metric):
    M = spd.mean(spd_batch, metric=metric)
    T = spd.tangent_vectors(spd_batch, M, metric=metric)
    assert np.linalg.norm(T.mean(axis=0)) <= 1e-9


@pytest.mark.parametrize("metric", METRICS)
def test_mean_of_two_is_the_middle_of_the_geodesic(spd_batch, metric):
    M = spd.mean(spd_batch[:2], metric=metric, sample_weight=[1.0, 3.0])
    middle = spd.geodesic(spd_batch[0], spd_batch[1], 0.75, metric=metric)
    np.testing.assert_allclose(M, middle, rtol=1e-8)


@pytest.mark.parametrize("metric", METRICS)
def test_weights_are_repetitions(spd_batch, metric):
    repeated = np.concatenate([spd_batch[:3], spd_batch[:1], spd_batch[:1]])
    M = spd.mean(spd_batch[:3], metric=metric, sample_weight=[3, 1, 1])
    np.testing.assert_allclose(M, spd.mean(repeated, metric=metric), rtol=1e-8)


def test_affine_mean_moves_with_congruence_and_inversion(spd_batch):
    W = np.random.default_rng(0).standard_normal((4, 4)) + 3 * np.eye(4)
    M = spd.mean(spd_batch)
    np.testing.assert_allclose(spd.mean(W @ spd_batch @ W.T), W @ M @ W.T, rtol=1e-8)
    np.testing.assert_allclose(
        spd.mean(np.linalg.inv(spd_batch)), np.linalg.inv(M), rtol=1e-8
    )


def test_affine_mean_has_the_geometric_mean_of_the_determinants(spd_batch):
    logdets = np.linalg.slogdet(spd_batch)[1]
    assert np.linalg.slogdet(spd.mean(spd_batch))[1] == pytest.approx(logdets.mean())


@pytest.mark.parametrize("metric", METRICS)
def test_a_stack_of_batches_has_the_means_of_the_batches(spd_batch, metric):
    stack = spd_batch.reshape(3, 4, 4, 4)
    M = spd.mean(stack, metric=metric)
    each = np.stack([spd.mean(C, metric=metric) for C in stack])
    np.testing.assert_allclose(M, each, rtol=1e-8)


def test_widely_spread_matrices_converge():
    rng = np.random.default_rng(6)
    Q = np.linalg.qr(rng.standard_normal((40, 5, 5)))[0]
    w = np.exp(rng.uniform(-8, 8, (40, 5)))
    C = (Q * w[:, None, :]) @ np.swapaxes(Q, -1, -2)
    C = 0.5 * (C + np.swapaxes(C, -1, -2))
    M, info = spd.mean(C, tol=1e-8, max_iter=200, return_info=True)
    assert info.converged
    assert np.all(np.linalg.eigvalsh(M) > 0)


def test_one_matrix_is_its_own_mean(spd_batch):
    for metric in METRICS:
        M = spd.mean(spd_batch[:1], metric=metric)
        np.testing.assert_allclose(M, spd_batch[0], rtol=1e-11)


def test_stopping_short_warns_with_the_gradient_norm(spd_batch):
    with pytest.warns(ConvergenceWarning, match=r"gradient norm \d"):
        M, info = spd.mean(spd_batch, max_iter=1, return_info=True)
    assert not info.converged
    assert info.n_iter == 1
    assert np.all(np.linalg.eigvalsh(M) > 0)


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ([1.0] * 3, r"shape \(12,\)"),
        ([-1.0] + [1.0] * 11, "non-negative"),
        ([0.0] * 12, "positive sum"),
        ([np.nan] * 12, "finite"),
    ],
)
def test_bad_weights_are_refused(spd_batch, weights, sentence):
    with pytest.raises(ValueError, match=sentence):
        spd.mean(spd_batch, sample_weight=weights)
