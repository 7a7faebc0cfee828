"""Principal axes, and how many of them are told from white noise."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from geomsci.datasets import make_swiss_roll
from geomsci.embedding import HeatGeodesicEmbedding
from geomsci.reference.embedding.principal_axes import principal_axes, signal_rank

X = np.random.default_rng(0).standard_normal((80, 9)) * np.arange(9, 0, -1.0)


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("wide", [False, True])
def test_axes_are_leading_singular_vectors(xp, k, wide):
    points = X[:7] if wide else X
    mean, V = principal_axes(xp.asarray(points), k)
    xp.assert_close(mean, points.mean(axis=0), n=80)
    _, s, Vt = np.linalg.svd(points - points.mean(axis=0))
    # Squares of singular values are resolved to eps of the largest, over their gaps.
    kappa = s[0] ** 2 / -np.diff(s[: k + 1] ** 2).max()
    projector = Vt[:k].T @ Vt[:k]
    xp.assert_close(V @ xp.xp.matrix_transpose(V), projector, kappa=kappa, n=80)
    V = xp.to_numpy(V)
    largest = np.abs(V).argmax(axis=0)
    assert (V[largest, np.arange(k)] > 0).all()


def test_all_axes_and_single_points_are_left_alone():
    assert principal_axes(X, 9) is None
    assert principal_axes(X, 50) is None
    assert principal_axes(X[:1], 2) is None
    assert principal_axes(X[:7], "auto") is None  # more features than points
    assert principal_axes(X[:, :4], "auto") is None  # too few to tell


@pytest.mark.parametrize("power", [-900, 900])
def test_axes_of_very_small_and_large_points(power):
    mean, V = principal_axes(2.0**power * X, 3)
    expected = principal_axes(X, 3)
    assert np.array_equal(V, expected.axes)
    assert np.array_equal(mean, 2.0**power * expected.mean)


# How many


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("d", [10, 30, 100])
def test_axes_above_the_noise_are_kept_and_nearly_all_others_dropped(d, seed):
    rng = np.random.default_rng(seed)
    points = rng.standard_normal((800, d))
    points[:, :3] *= [30.0, 20.0, 10.0]
    found = principal_axes(points, "auto")
    # One standard deviation passes 84 % of white tails; each further axis costs as
    # much luck again.
    assert 3 <= found.axes.shape[1] <= 6
    assert np.abs(found.axes[:3]).max(axis=1).min() > 0.99


def test_white_noise_and_data_without_a_white_part_keep_all_axes():
    white = np.random.default_rng(1).standard_normal((500, 12))
    assert principal_axes(white, "auto") is None
    assert principal_axes(X, "auto") is None


def test_flat_points_in_space_keep_their_plane():
    rng = np.random.default_rng(2)
    flat = rng.standard_normal((200, 2)) @ rng.standard_normal((2, 15))
    found = principal_axes(flat, "auto")
    assert found.axes.shape[1] <= 2 + 7  # rounding is no white noise
    centred = flat - found.mean
    np.testing.assert_allclose(
        centred @ found.axes @ found.axes.T, centred, atol=1e-12 * np.abs(flat).max()
    )


def test_rank_by_the_statistic_itself():
    # U = variance over squared mean, (m U - p - 1) / 2 against one deviation.
    tail = np.array([1.1, 1.05, 1.0, 1.0, 1.0, 0.95, 0.9, 0.9])
    eigenvalues = [9.0, 4.0, *tail]
    U = tail.var() / tail.mean() ** 2
    passes = int((2 + 8 + 1) / U) + 3  # m = n - 3 points at which it just passes
    assert signal_rank(eigenvalues, passes - 2) == 2
    assert signal_rank(eigenvalues, 1000 * passes) == len(eigenvalues)
    assert signal_rank([5.0, 2.0] + [0.0] * 8, 100) == 2
    assert signal_rank([1.0] * 10, 100) == 10


# In the estimator


@pytest.mark.parametrize("n_pca", [3, "auto"])
def test_axes_keep_the_sheet_and_drop_the_noise(n_pca):
    points, sheet = make_swiss_roll(300, n_features=30, noise=0.1, rng=4)
    model = HeatGeodesicEmbedding(n_pca=n_pca, random_state=0).fit(points)
    assert 3 <= model.representatives_.shape[1] < 30
    assert np.corrcoef(pdist(model.embedding_), pdist(sheet))[0, 1] > 0.995
