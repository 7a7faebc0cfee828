"""The shift: means of neighbours, motions and scales, noise between sheets."""

import numpy as np

from geomsci.reference.embedding.mean_shift import Attractor, attractor, mean_shift

CLOUD = np.random.default_rng(31).standard_normal((400, 3))


def test_shift_takes_two_means_of_the_nearest_rows(xp):
    S, moved = CLOUD[:60], CLOUD[100:120]
    expected = moved
    for _ in range(2):
        D = np.linalg.norm(expected[:, None] - S[None], axis=-1)
        expected = S[D.argsort(axis=1)[:, :10]].mean(axis=1)
    found = mean_shift(xp.asarray(moved), attractor(xp.asarray(S), 0))
    xp.assert_close(found, expected, kappa=100)


def test_shift_draws_noise_to_the_sheets():
    rng = np.random.default_rng(2)
    sheet = 10.0 * rng.integers(0, 2, 6000)
    X = np.stack([*rng.uniform(0, 20, (2, 6000)), sheet + rng.normal(0, 2, 6000)], 1)
    height = mean_shift(X, attractor(X, 0))[:, 2]
    between = np.abs(X[:, 2] - 5) < 2  # 6.6 % of the points
    assert (np.abs(height - 5) < 2).mean() < between.mean() / 2


def test_no_row_depends_on_another():
    to = attractor(CLOUD, 0)
    together = mean_shift(CLOUD, to)
    alone = np.concatenate([mean_shift(CLOUD[i : i + 1], to) for i in range(20)])
    assert np.array_equal(alone, together[:20])


def test_shift_follows_a_scale():
    to = attractor(CLOUD, 0)
    scaled = mean_shift(CLOUD * 2.0**40, Attractor(CLOUD * 2.0**40, to.n_neighbors))
    assert np.array_equal(scaled, mean_shift(CLOUD, to) * 2.0**40)


def test_large_sets_are_sampled_by_the_seed():
    X = np.random.default_rng(0).standard_normal((50_000, 1))
    first, again = attractor(X, 1), attractor(X, 1)
    assert first.sample.shape == (10_000, 1)
    assert first.n_neighbors == 50
    assert np.array_equal(first.sample, again.sample)
    assert np.isin(first.sample, X).all()
