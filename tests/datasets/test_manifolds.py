"""Rolls and trees have the geodesics that they claim."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.spatial.distance import cdist
from sklearn.manifold import Isomap

from geomsci.datasets import make_swiss_roll, make_tree


def test_roll_keeps_the_published_order_of_draws():
    n, d, noise, seed = 40, 7, 0.3, 5
    rng = np.random.default_rng(seed)
    t, y = 1.5 * np.pi * (1 + 2 * rng.random(n)), 5.0 * rng.random(n)
    turn = np.linalg.qr(rng.standard_normal((d, d)))[0]
    padded = np.zeros((n, d))
    padded[:, :3] = np.stack([t * np.cos(t), y, t * np.sin(t)], axis=1)
    expected = padded @ turn.T + noise * rng.standard_normal((n, d))
    X, sheet = make_swiss_roll(n, n_features=d, noise=noise, rng=seed)
    np.testing.assert_allclose(X, expected, rtol=0, atol=1e-13 * 14.2)
    np.testing.assert_array_equal(sheet[:, 1], y)


def test_arc_length_is_the_integral_of_the_speed():
    X, sheet = make_swiss_roll(20, rng=1)
    radius = np.sqrt((X**2).sum(axis=1) - sheet[:, 1] ** 2)  # turning keeps lengths
    for r, s in zip(radius, sheet[:, 0]):
        length, error = quad(lambda t: np.hypot(1, t), 0, r, epsrel=1e-12)
        assert abs(length - s) <= error + 1e-10


def test_neighbours_on_a_dense_roll_are_as_far_apart_as_on_the_sheet():
    """Chord over arc is 1 - (curvature * arc)^2 / 24, curvature below 0.24 here."""
    X, sheet = make_swiss_roll(3000, n_features=6, rng=2)
    chord, arc = cdist(X, X), cdist(sheet, sheet)
    near = (arc < 0.5) & (arc > 0)
    ratio = chord[near] / arc[near]
    assert ratio.max() <= 1 + 1e-9
    assert ratio.min() > 1 - (0.24 * 0.5) ** 2 / 24


def test_isomap_finds_the_sheet():
    X, sheet = make_swiss_roll(1500, rng=3)
    D, G = Isomap(n_neighbors=8).fit(X).dist_matrix_, cdist(sheet, sheet)
    assert np.corrcoef(D.ravel(), G.ravel())[0, 1] > 0.998


@pytest.mark.parametrize("make", [make_swiss_roll, make_tree])
def test_noise_has_its_standard_deviation(make):
    def points(noise):
        result = make(2000, n_features=25, noise=noise, rng=4)
        return result[0] if isinstance(result, tuple) else result.X

    added = points(0.7) - points(0.0)
    # 50000 draws: the standard deviation of the estimate is 0.0022, the mean's 0.0031.
    assert abs(added.std() - 0.7) < 0.01
    assert abs(added.mean()) < 0.015


def test_roll_fills_the_rectangle():
    _, sheet = make_swiss_roll(20000, width=21.0, rng=6)
    t = np.array([1.5, 4.5]) * np.pi
    ends = (t * np.sqrt(1 + t**2) + np.arcsinh(t)) / 2
    assert ends[0] <= sheet[:, 0].min() < ends[0] + 0.1
    assert ends[1] - 0.1 < sheet[:, 0].max() <= ends[1]
    assert ends[1] - ends[0] == pytest.approx(89.4, abs=0.05)
    assert 0 <= sheet[:, 1].min() < 0.02
    assert 20.98 < sheet[:, 1].max() < 21


def test_tree_keeps_the_published_order_of_draws():
    n, d, level, seed = 50, 4, 0.5, 8
    rng = np.random.default_rng(seed)
    clean = np.cumsum(rng.uniform(-1, 1, (n // 5, d)), axis=0)
    for _ in range(4):
        walk = np.cumsum(rng.uniform(-1, 1, (n // 5, d)), axis=0)
        clean = np.concatenate([clean, clean[rng.integers(len(clean))] + walk])
    expected = clean + 10 * level * rng.standard_normal((n, d))
    tree = make_tree(n, n_features=d, noise=10 * level, rng=seed)
    np.testing.assert_array_equal(tree.clean, clean)
    np.testing.assert_array_equal(tree.X, expected)
    np.testing.assert_array_equal(tree.branch, np.repeat(np.arange(5), n // 5))


def test_branches_share_what_is_left_over():
    tree = make_tree(23, n_branches=4, rng=0)
    np.testing.assert_array_equal(np.bincount(tree.branch), [6, 6, 6, 5])
    for b in range(1, 4):
        first = np.flatnonzero(tree.branch == b)[0]
        gap = np.abs(tree.clean[:first] - tree.clean[first]).max(axis=1)
        assert gap.min() <= 1  # one step from a point that was there before


def test_geodesics_of_a_tree_are_a_metric_above_the_chords():
    tree = make_tree(120, noise=3.0, rng=1)
    G = tree.geodesics()
    slack = 1e-12 * G.max()
    np.testing.assert_allclose(G, G.T, rtol=0, atol=slack)
    assert (G >= cdist(tree.clean, tree.clean) - slack).all()
    through = np.min(G[:, :, None] + G[None, :, :], axis=1)
    assert (G <= through + slack).all()


def test_chosen_rows_are_rows_of_all_geodesics():
    tree = make_tree(400, n_features=30, rng=2)
    rows = np.array([399, 0, 17])
    np.testing.assert_array_equal(tree.geodesics(rows), tree.geodesics()[rows])


def test_geodesics_do_not_see_the_noise():
    still, noisy = (make_tree(200, noise=s, rng=3).geodesics([5]) for s in (0.0, 9.0))
    np.testing.assert_array_equal(still, noisy)


@pytest.mark.parametrize(
    ("make", "options", "says"),
    [
        (make_swiss_roll, {"n_samples": 0}, "n_samples must be at least 1, got 0"),
        (make_swiss_roll, {"n_features": 2}, "n_features must be at least 3, got 2"),
        (make_swiss_roll, {"width": 0.0}, "width must be positive"),
        (make_swiss_roll, {"noise": -1.0}, "noise must be finite and at least 0"),
        (make_tree, {"noise": np.nan}, "noise must be finite and at least 0, got nan"),
        (make_tree, {"n_samples": 3}, "n_branches must be between 1 and n_samples = 3"),
        (make_tree, {"n_features": 0}, "n_features must be at least 1"),
    ],
)
def test_sizes_out_of_range_are_refused(make, options, says):
    with pytest.raises(ValueError, match=says):
        make(**options)
