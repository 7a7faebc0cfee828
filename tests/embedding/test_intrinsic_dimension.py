"""Intrinsic dimension: exact spacings, known dimensions, laws."""

import math

import numpy as np
import pytest

from geomsci.backends.neighbors import nearest
from geomsci.embedding import HeatGeodesicEmbedding
from geomsci.reference.embedding.intrinsic_dimension import intrinsic_dimension


@pytest.mark.parametrize("m", [1, 2, 3, 7.5])
def test_the_estimate_by_loops(xp, m):
    d = np.sort(np.random.default_rng(0).uniform(size=(50, 8)) ** (1 / m), axis=1)
    logs = [math.log(row[-1] / x) for row in d for x in row[:-1]]
    # k - 2 in place of the k - 1 logarithms of a point.
    expected = 50 * 6 / math.fsum(logs)
    found = intrinsic_dimension(xp.asarray(d))
    assert found == pytest.approx(expected, rel=64 * xp.eps * 8)


@pytest.mark.parametrize("m", [1, 2, 3, 10])
def test_even_spread_in_a_ball_has_its_dimension(m):
    # Radii of k even points in an m-ball are U^(1/m): the estimate is unbiased, with a
    # deviation of m / sqrt(n (k - 1)) for independent rows.
    n, k = 4000, 10
    radii = np.random.default_rng(m).uniform(size=(n, k)) ** (1 / m)
    found = intrinsic_dimension(np.sort(radii, axis=1))
    # Averaged over points first, 1 / m is biased by (k - 1) / (k - 2).
    expected = m * (k - 2) / (k - 1)
    assert found == pytest.approx(expected, rel=4 / math.sqrt(n * (k - 1)))


@pytest.mark.parametrize("m", [1, 2, 3])
def test_sheets_in_space(m):
    rng = np.random.default_rng(3)
    flat = rng.uniform(size=(3000, m))
    turned = flat @ np.linalg.qr(rng.standard_normal((8, 8)))[0][:m]
    found = intrinsic_dimension(nearest(turned, 15).distances)
    assert found == pytest.approx(m, rel=0.15)
    scaled = intrinsic_dimension(nearest(1e6 * turned, 15).distances)
    assert scaled == pytest.approx(found, rel=1e-9)


def test_equal_distances_have_no_dimension_and_give_one():
    assert intrinsic_dimension(np.ones((5, 4))) == 1.0


def test_the_estimator_takes_the_estimate():
    X = np.random.default_rng(4).uniform(size=(200, 2))
    model = HeatGeodesicEmbedding(intrinsic_dim="auto", random_state=0).fit(X)
    expected = intrinsic_dimension(nearest(X, 10).distances)
    assert model.intrinsic_dim_ == pytest.approx(expected, rel=1e-12)
