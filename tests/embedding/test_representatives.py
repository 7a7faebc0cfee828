"""Representatives: covers, means of cells; seeds, motions and scales."""

import itertools

import numpy as np
import pytest

from geomsci.backends.arrays import device
from geomsci.reference.embedding import representatives as reps

CLOUD = np.random.default_rng(31).standard_normal((400, 3))
METHODS = ["cover", "sample"]


def _distances(A, B):
    return np.linalg.norm(A[:, None, :] - B[None, :, :], axis=-1)


def _cover_by_loops(S, m):
    found = [0]
    for _ in range(m - 1):
        gaps = [
            -1.0 if i in found else min(np.linalg.norm(S[i] - S[j]) for j in found)
            for i in range(len(S))
        ]
        found.append(int(np.argmax(gaps)))
    return found


@pytest.mark.parametrize("m", [1, 2, 9])
def test_cover_takes_the_farthest_row_each_time(xp, m):
    S = CLOUD[:60]
    found = xp.to_numpy(reps.cover(xp.asarray(S), m))
    assert found.tolist() == _cover_by_loops(S, m)


def test_cover_is_within_twice_the_best_radius():
    # Gonzalez: the m + 1 farthest points are apart by the radius, so two of them
    # share a ball of any m balls that cover the set.
    S = CLOUD
    found = reps.cover(S, 21)
    radius = _distances(S, S[found[:20]]).min(axis=1).max()
    apart = _distances(S[found], S[found])[~np.eye(21, dtype=bool)].min()
    assert apart >= radius * (1 - 1e-12)


def test_cover_of_copies_still_takes_different_rows():
    S = np.repeat(CLOUD[:3], 4, axis=0)
    assert sorted(reps.cover(S, 12).tolist()) == list(range(12))


def test_step_of_lloyd_moves_to_the_means_of_the_cells(xp):
    R = CLOUD[:7]
    found = reps.cell_means(xp.asarray(CLOUD), xp.asarray(R))
    cells = _distances(CLOUD, R).argmin(axis=1)
    expected = np.stack([CLOUD[cells == c].mean(axis=0) for c in range(7)])
    # The running total of offsets of 400 points is below 400 times the largest.
    xp.assert_close(found, expected, kappa=400 * 8)


def test_cell_without_points_keeps_its_representative():
    R = np.concatenate([CLOUD[:5], [[100.0, 0.0, 0.0]], CLOUD[5:8]])
    found = reps.cell_means(CLOUD, R)
    assert np.array_equal(found[5], R[5])


def test_lloyd_never_raises_the_mean_square():
    def misfit(R):
        return (_distances(CLOUD, R).min(axis=1) ** 2).mean()

    path = [misfit(reps.choose(CLOUD, 12, 5, n_steps=k)) for k in range(5)]
    assert all(a > b for a, b in itertools.pairwise(path))


@pytest.mark.parametrize("method", METHODS)
def test_seed_decides(method):
    first = reps.choose(CLOUD, 30, 8, method=method)
    assert np.array_equal(first, reps.choose(CLOUD, 30, 8, method=method))
    assert not np.array_equal(first, reps.choose(CLOUD, 30, 9, method=method))


@pytest.mark.parametrize("method", METHODS)
def test_every_library_chooses_the_same(xp, method):
    X = xp.asarray(CLOUD)
    found = reps.choose(X, 30, 8, method=method)
    assert device(found) == device(X)
    expected = reps.choose(xp.to_numpy(X).astype(float), 30, 8, method=method)
    xp.assert_close(found, expected, kappa=400 * 8)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scale", [2.0**-600, 2.0**600])
def test_choice_follows_the_scale(method, scale):
    found = reps.choose(CLOUD * scale, 30, 8, method=method)
    assert np.array_equal(found, reps.choose(CLOUD, 30, 8, method=method) * scale)


@pytest.mark.parametrize("method", METHODS)
def test_choice_follows_a_move(method):
    found = reps.choose(CLOUD + 1024.0, 30, 8, method=method)
    expected = reps.choose(CLOUD, 30, 8, method=method) + 1024.0
    # Adding 1024 rounds the points by 2^-43.
    np.testing.assert_allclose(found, expected, rtol=0, atol=2.0**-40)


@pytest.mark.parametrize("method", METHODS)
def test_without_steps_representatives_are_different_rows(method):
    R = reps.choose(CLOUD, 100, 3, method=method, n_steps=0)
    D = _distances(R, CLOUD)
    assert np.array_equal(D.min(axis=1), np.zeros(100))
    assert len(set(D.argmin(axis=1).tolist())) == 100


def test_thin_cells_are_left_out(xp):
    rng = np.random.default_rng(4)
    crowd = rng.uniform(0, 10, (5000, 2))
    strays = np.stack([np.linspace(20, 30, 5), np.zeros(5)], axis=1)
    X = np.concatenate([crowd, strays])[rng.permutation(5005)]
    every = xp.to_numpy(reps.choose(xp.asarray(X), 50, 0))
    full = xp.to_numpy(reps.choose(xp.asarray(X), 50, 0, thinnest=0.25))
    assert (every[:, 0] > 15).any()
    assert not (full[:, 0] > 15).any()
    assert 40 <= len(full) < 50
    # Those that stay are where they were.
    assert np.isin(full[:, 0], every[:, 0]).all()


def test_all_rows_stand_for_themselves():
    assert reps.choose(CLOUD, len(CLOUD), 0) is CLOUD


@pytest.mark.parametrize("method", METHODS)
def test_input_is_not_written_to(method):
    X = CLOUD.copy()
    reps.choose(X, 20, 0, method=method)
    assert np.array_equal(X, CLOUD)
