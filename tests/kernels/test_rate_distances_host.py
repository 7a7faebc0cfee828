"""The fused distance kernel: its table, the reference, ragged tiles, threads."""

import math

import numpy as np
import pytest

from geomsci.backends import threads, use_backend
from geomsci.backends.kernels import rate_inversion
from geomsci.embedding import heat_geodesic_distance
from geomsci.reference.embedding import dissimilarities, rate_table, rates

EPS = float(np.finfo(np.float64).eps)


@pytest.mark.parametrize("m", [0, 0.5, 1, 2, 3, 7, 30, 500])
def test_table_inverts_the_rate_function_to_thirteen_digits(m):
    octave = 12
    table = rate_inversion.table(float(m), octave)
    rng = np.random.default_rng(0)
    e = np.exp(rng.uniform(-40, octave * math.log(2), 3000))
    edges = [b for _, b in rate_table.bin_bounds(octave)[:-1:9]]
    e = np.concatenate([e, edges, np.nextafter(edges, 0), [1e-300, 1e-20]])
    found = np.array([rate_table.scaled_speed(float(x), table) for x in e])
    expected = rates.inverse_rate_function(e, m=m)
    assert np.max(np.abs(found / expected - 1)) < 1e-13


def test_inverse_rate_is_a_parabola_at_small_rates():
    # I_m(v) = (m + 2) v^2 / 2 + O(v^4).
    table = rate_inversion.table(2.0, 1)
    assert rate_table.scaled_speed(1e-14, table) == pytest.approx(
        math.sqrt(2e-14 / 4), rel=1e-13
    )


def _kernel(n, seed=0, decay=300.0):
    x = np.random.default_rng(seed).random(n)
    H = np.exp(-decay * (x[:, None] - x) ** 2)
    scale = np.random.default_rng(seed + 1).uniform(0.1, 1, n)
    return H * scale[:, None] * scale


def _options(**changed):
    given = {"sigma": 1.0, "volume": "geometric", "distance": "rate"}
    return given | {"intrinsic_dim": 2.0, "step": 0.7} | changed


@pytest.mark.parametrize("t", [1e-3, 0.3, 40.0])
@pytest.mark.parametrize("n", [1, 2, 63, 64, 65, 129, 200])
def test_kernel_and_reference_agree(n, t):
    H = _kernel(n, seed=n)
    expected = dissimilarities.heat_geodesic_distance(H, t, **_options())
    D = rate_inversion.heat_geodesic_distance_numba(H, t, **_options())
    half = np.log(np.diagonal(H)) / 2
    excess = np.maximum(half[:, None] + half - np.log(H), EPS)
    # A root of the excess, which is a difference of logarithms.
    condition = (np.abs(np.log(H)) + np.abs(half[:, None]) + np.abs(half)) / excess
    clear = condition * EPS < 1e-3
    bound = expected * (1e-13 + 4 * EPS * condition)
    assert np.all(np.abs(D - expected)[clear] <= bound[clear])
    assert np.array_equal(D, D.T)
    assert np.array_equal(np.diagonal(D), np.zeros(n))


def test_entries_above_their_diagonal_are_at_distance_zero():
    H = np.array([[1.0, 1.5], [1.5, 1.0]])
    D = rate_inversion.heat_geodesic_distance_numba(H, 1.0, **_options())
    assert np.array_equal(D, np.zeros((2, 2)))


@pytest.mark.parametrize("smallest", [5e-324, 2.3e-308, 1e-290])
def test_table_reaches_the_smallest_entries(smallest):
    H = np.array([[0.9, smallest], [smallest, 0.9]])
    expected = dissimilarities.heat_geodesic_distance(H, 1e-6, **_options())
    D = rate_inversion.heat_geodesic_distance_numba(H, 1e-6, **_options())
    assert pytest.approx(expected, rel=1e-13) == D


def test_number_of_threads_changes_no_bit(monkeypatch):
    H, found = _kernel(400), []
    for n in (1, 2, 5):
        monkeypatch.setattr(threads, "n_threads", lambda n=n: n)
        found.append(rate_inversion.heat_geodesic_distance_numba(H, 40.0, **_options()))
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_rate_takes_the_kernel_and_varadhan_the_reference():
    for distance, choice in (("rate", "numba"), ("varadhan", "reference")):
        with use_backend("auto") as record:
            heat_geodesic_distance(_kernel(5), 40.0, distance=distance)
        assert record.calls[-1].implementation == choice
