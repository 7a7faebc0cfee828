"""Algebraic laws of the metrics, for matrices that hypothesis chooses."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geomsci import spd

metrics = st.sampled_from(["affine", "log-euclidean", "bures-wasserstein"])
flat_metrics = st.sampled_from(["affine", "log-euclidean"])
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 7)
EPS = np.finfo(float).eps


def _matrices(seed, n, count, spread=2.0):
    """SPD matrices with eigenvalues between exp(-spread) and exp(spread)."""
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((count, n, n)))[0]
    w = np.exp(rng.uniform(-spread, spread, (count, n)))
    C = (Q * w[:, None, :]) @ np.swapaxes(Q, -1, -2)
    return 0.5 * (C + np.swapaxes(C, -1, -2))


@given(seeds, sizes, metrics)
def test_distance_is_symmetric_and_zero_only_at_home(seed, n, metric):
    A, B = _matrices(seed, n, 2)
    d = spd.distance(A, B, metric=metric)
    scale = np.sqrt(np.trace(A) + np.trace(B))
    assert abs(d - spd.distance(B, A, metric=metric)) <= 1e4 * EPS * (d + scale)
    assert spd.distance(A, A, metric=metric) <= 1e4 * EPS * scale
    assert d > 0 or np.array_equal(A, B)


@given(seeds, sizes, st.floats(0.01, 100.0), flat_metrics)
def test_scale_invariant_metrics_ignore_units(seed, n, factor, metric):
    A, B = _matrices(seed, n, 2)
    d = spd.distance(A, B, metric=metric)
    scaled = spd.distance(factor * A, factor * B, metric=metric)
    assert abs(d - scaled) <= 1e5 * EPS * (1 + d)


@given(seeds, sizes, st.floats(0.01, 100.0))
def test_bures_wasserstein_scales_like_a_standard_deviation(seed, n, factor):
    A, B = _matrices(seed, n, 2)
    d = spd.distance(A, B, metric="bures-wasserstein")
    scaled = spd.distance(factor * A, factor * B, metric="bures-wasserstein")
    assert abs(scaled - np.sqrt(factor) * d) <= 1e4 * EPS * np.sqrt(factor) * (1 + d)


@given(seeds, sizes)
def test_affine_distance_is_kept_by_inversion(seed, n):
    A, B = _matrices(seed, n, 2)
    d = spd.distance(A, B)
    inverted = spd.distance(np.linalg.inv(A), np.linalg.inv(B))
    assert abs(d - inverted) <= 1e5 * EPS * (1 + d)


@given(seeds, sizes, st.floats(-1.0, 2.0), st.floats(-1.0, 2.0), flat_metrics)
def test_geodesics_are_travelled_at_constant_speed(seed, n, s, t, metric):
    A, B = _matrices(seed, n, 2, spread=1.0)
    path = spd.geodesic(A, B, [s, t], metric=metric)
    d = spd.distance(A, B, metric=metric)
    assert abs(spd.distance(*path, metric=metric) - abs(s - t) * d) <= 1e6 * EPS * (
        1 + d
    )


@given(seeds, sizes, metrics)
def test_mean_does_not_depend_on_the_order(seed, n, metric):
    C = _matrices(seed, n, 5, spread=1.0)
    M, turned = spd.mean(C, metric=metric), spd.mean(C[::-1], metric=metric)
    assert np.linalg.norm(M - turned) <= 1e-8 * np.linalg.norm(M)


@given(seeds, sizes, metrics)
def test_tangent_vectors_lead_back(seed, n, metric):
    C = _matrices(seed, n, 3, spread=1.0)
    T = spd.tangent_vectors(C[1:], C[0], metric=metric)
    back = spd.from_tangent_vectors(T, C[0], metric=metric)
    assert np.linalg.norm(back - C[1:]) <= 1e6 * EPS * np.linalg.norm(C)


@given(seeds, sizes)
def test_nearest_spd_is_a_projection(seed, n):
    C = np.random.default_rng(seed).standard_normal((n, n)) + 2 * np.eye(n)
    if np.linalg.eigvalsh(C + C.T)[-1] <= 0:
        return
    near = spd.nearest_spd(C, rtol=1e-3)
    again = spd.nearest_spd(near, rtol=1e-3 * (1 - 1e-9))
    assert np.linalg.norm(again - near) <= 1e3 * EPS * np.linalg.norm(near)
    w = np.linalg.eigvalsh(near)
    assert w[0] >= 1e-3 * w[-1] * (1 - 1e-9)
