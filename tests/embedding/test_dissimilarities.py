"""Heat-geodesic distances: closed forms, limits, invariances, bad input."""

import math

import numpy as np
import pytest

from geomsci.embedding import heat_geodesic_distance, heat_kernel

distance = pytest.mark.capability("embedding.heat_geodesic_distance")


def cycle(n):
    hops = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    return np.eye(n) - 0.5 * np.isin(hops, [1, n - 1])


def random_kernel(t, n=12, seed=0):
    A = np.random.default_rng(seed).uniform(0.1, 1, (n, n))
    A = np.triu(A, 1) + np.triu(A, 1).T
    return heat_kernel(np.diag(A.sum(axis=1)) - A, t)


@distance
@pytest.mark.parametrize("sigma", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("volume", ["geometric", "arithmetic"])
def test_varadhan_is_its_formula(xp, sigma, volume):
    H, t = random_kernel(0.05), 0.05
    h = np.diag(H)
    mean = np.sqrt(np.outer(h, h)) if volume == "geometric" else (h[:, None] + h) / 2
    squares = -4 * t * np.log(H) + sigma * 4 * t * np.log(mean)
    np.fill_diagonal(squares, 0)
    D = heat_geodesic_distance(
        xp.asarray(H), t, distance="varadhan", sigma=sigma, volume=volume
    )
    xp.assert_close(D, np.sqrt(squares), kappa=100)


@distance
@pytest.mark.parametrize("t", [0.5, 4.0, 40.0])
def test_rates_of_a_flat_walk_give_back_hop_counts(xp, t):
    # On a cycle -log H / t is the hop rate J(h / t) up to log(prefactor) / t: the
    # ratio of Bessel functions is known to be (1 + v^2)^{-1/4} / (1 + O(1 / t)).
    n = 81
    D = heat_geodesic_distance(xp.asarray(heat_kernel(cycle(n), t)), t, intrinsic_dim=0)
    hops = np.arange(n // 2 + 1)
    slope = np.arcsinh(np.maximum(hops, 1) / t)  # J'(v)
    allowed = (0.25 * np.log1p((hops / t) ** 2) + 1 / t) / slope
    assert np.all(np.abs(xp.to_numpy(D)[0, : n // 2 + 1] - hops) <= allowed)


@distance
@pytest.mark.parametrize("kind", ["rate", "varadhan"])
def test_distances_are_symmetric_with_a_zero_diagonal(xp, kind):
    D = xp.to_numpy(
        heat_geodesic_distance(xp.asarray(random_kernel(0.3)), 0.3, distance=kind)
    )
    assert np.array_equal(D, D.T)
    assert np.all(np.diag(D) == 0)
    assert np.all(D + np.eye(12) > 0)


@pytest.mark.parametrize("kind", ["rate", "varadhan"])
def test_the_geometric_mean_cancels_a_similarity(kind):
    H = random_kernel(0.1)
    c = np.random.default_rng(3).uniform(0.2, 5, 12)
    D = heat_geodesic_distance(H, 0.1, distance=kind)
    moved = heat_geodesic_distance(np.outer(c, c) * H, 0.1, distance=kind)
    # E is a difference of logarithms: its error is eps over E, which is above 0.1.
    assert moved == pytest.approx(D, rel=1e-12, abs=1e-12)


def test_the_step_is_the_unit_of_length():
    H = random_kernel(0.1)
    D = heat_geodesic_distance(H, 0.1)
    assert heat_geodesic_distance(H, 0.1, step=2.5) == pytest.approx(2.5 * D, rel=1e-14)


def test_distances_follow_a_permutation_of_the_vertices():
    H = random_kernel(0.2)
    order = np.random.default_rng(4).permutation(12)
    D = heat_geodesic_distance(H, 0.2)
    moved = heat_geodesic_distance(H[np.ix_(order, order)], 0.2)
    assert np.array_equal(moved, D[np.ix_(order, order)])


def test_long_times_bring_rate_and_varadhan_together():
    # Small speeds: t I_m^{-1}(E) = sqrt(2 t^2 E / (m + 2)), and d^2 = 4 t^2 E.
    t, m = 500.0, 1
    H = heat_kernel(cycle(20), t)
    rate = heat_geodesic_distance(H, t, intrinsic_dim=m)
    varadhan = heat_geodesic_distance(H, t, distance="varadhan")
    off = ~np.eye(20, dtype=bool) & (varadhan > 1e-3)
    assert rate[off] == pytest.approx(varadhan[off] / math.sqrt(2 * (m + 2)), rel=1e-4)


def test_one_vertex_has_distance_zero_to_itself():
    assert np.array_equal(heat_geodesic_distance([[0.7]], 1.0), [[0.0]])


def test_zeros_of_the_kernel_are_an_error_that_says_what_to_do():
    H = random_kernel(0.1)
    H[0, 5] = H[5, 0] = 0
    with pytest.raises(ValueError, match=r"got 2 entries of 0 .* join the components"):
        heat_geodesic_distance(H, 0.1)
    floored = heat_geodesic_distance(H + 1e-16, 0.1)
    assert np.all(np.isfinite(floored))


@pytest.mark.parametrize(
    ("H", "t", "message"),
    [
        (np.ones((2, 2)), 0.0, "t must be finite and above 0"),
        (np.ones((2, 3)), 1.0, "square"),
        (np.ones(3), 1.0, "square"),
        (np.array([[1.0, 0.5], [0.4, 1.0]]), 1.0, "symmetric"),
        (np.array([[1.0, math.nan], [math.nan, 1.0]]), 1.0, "finite"),
        (np.array([[1.0, -0.1], [-0.1, 1.0]]), 1.0, "positive"),
    ],
)
def test_bad_kernels_are_refused(H, t, message):
    with pytest.raises(ValueError, match=message):
        heat_geodesic_distance(H, t)


@pytest.mark.parametrize(
    "options",
    [
        {"sigma": -1.0},
        {"volume": "harmonic"},
        {"distance": "hops"},
        {"intrinsic_dim": -1},
        {"step": 0.0},
    ],
)
def test_bad_options_are_refused(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"{name} must"):
        heat_geodesic_distance(np.ones((2, 2)), 1.0, **options)
