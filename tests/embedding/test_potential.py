"""Potential distances and the von Neumann time: formulas, extremes, bad input."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from geomsci.embedding import graph_laplacian, heat_kernel
from geomsci.embedding.potential import potential_distance, von_neumann_time
from geomsci.reference.embedding import potential as reference

EPS = float(np.finfo(np.float64).eps)
distance = pytest.mark.capability("embedding.potential_distance")


def _graph(n=14, seed=0):
    rng = np.random.default_rng(seed)
    A = np.triu(rng.uniform(0.2, 1.0, (n, n)) * (rng.random((n, n)) < 0.4), 1)
    A += np.diag(np.ones(n - 1), 1)
    return A + A.T


def _kernel(t=0.5):
    return heat_kernel(graph_laplacian(_graph(), "normalized"), t)


def _oracle(H, u, gamma, floor=0.0):
    """The formula, entry by entry, in SciPy's exact differences."""
    P = H * u / (H * u).sum(axis=1, keepdims=True) + floor
    power = (1 - gamma) / 2
    U = -np.log(P) if gamma == 1 else P**power / power
    return squareform(pdist(U))


@distance
@pytest.mark.parametrize("gamma", [1.0, 0.5, 0.0, -1.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_distances_are_those_of_the_rows_of_potentials(xp, gamma, weighted):
    H = _kernel()
    u = np.sqrt(_graph().sum(axis=1)) if weighted else np.ones(14)
    native = xp.asarray(u) if weighted else None
    D = potential_distance(xp.asarray(H), null_vector=native, gamma=gamma)
    expected = _oracle(H, u, gamma)
    np.testing.assert_array_equal(xp.to_numpy(D), xp.to_numpy(D).T)
    xp.assert_close(D, expected, kappa=1 / reference.NEAR, n=14)


def test_the_null_vector_gives_the_law_of_the_random_walk():
    W, t = _graph(), 0.7
    degrees = W.sum(axis=1)
    walk = np.eye(14) - W / degrees[:, None]
    values, right = np.linalg.eig(walk)
    law = (right * np.exp(-t * values)) @ np.linalg.inv(right)
    P = reference.transition_rows(_kernel(t), np.sqrt(degrees))
    np.testing.assert_allclose(P, law.real, rtol=1e-9, atol=1e-12)


def test_two_states_have_the_closed_form():
    # p and q = 1 - p off it: both rows differ by log(p / q) in both entries.
    H = heat_kernel(np.array([[1.0, -1.0], [-1.0, 1.0]]), 0.3)
    odds = (1 + math.exp(-0.6)) / (1 - math.exp(-0.6))
    expected = math.sqrt(2) * math.log(odds)
    assert potential_distance(H)[0, 1] == pytest.approx(expected, rel=1e-14)


def test_gamma_tends_to_the_logarithm():
    # 2 / (1 - gamma) p^((1-gamma)/2) = const + log p + O(1 - gamma).
    H, step = _kernel(), 1e-6
    close, limit = potential_distance(H, gamma=1 - step), potential_distance(H)
    np.testing.assert_allclose(close, limit, rtol=step * np.log(H).min() ** 2)


def test_a_scale_of_the_rows_changes_nothing():
    H = _kernel()
    scale = np.random.default_rng(1).uniform(0.1, 9, 14)
    D = potential_distance(H)
    moved = potential_distance(scale[:, None] * H)
    np.testing.assert_allclose(moved, D, rtol=64 * EPS / reference.NEAR)


def test_the_floor_is_added_to_every_probability():
    H = _kernel(0.01)
    expected = _oracle(H, np.ones(14), 1.0, 1e-7)
    found = potential_distance(H, floor=1e-7)
    np.testing.assert_allclose(found, expected, rtol=64 * EPS / reference.NEAR)


@pytest.mark.parametrize("gap", [1e-3, 1e-7, 1e-11])
def test_near_rows_keep_their_digits(gap):
    rng = np.random.default_rng(2)
    centres = 300 * rng.standard_normal((6, 200))
    U = np.concatenate([centres, centres + gap * rng.standard_normal((6, 200))])
    # Rounding of the given numbers is no error: the oracle sees the same U.
    expected = squareform(pdist(U))
    centring = 16 * EPS * np.abs(U).max() * math.sqrt(200)
    allowed = 64 * EPS / reference.NEAR * expected + centring
    assert np.all(np.abs(reference.row_distances(U) - expected) <= allowed)


def test_equal_rows_are_at_distance_zero():
    H = np.ones((4, 4))
    np.testing.assert_array_equal(potential_distance(H), np.zeros((4, 4)))
    np.testing.assert_array_equal(potential_distance([[0.3]]), [[0.0]])


def test_entries_far_below_one_part_in_1e16_count():
    # A path of 60 at t = 0.5: the ends are at 1e-80 of each other.
    path = np.diag([1.0] + [2.0] * 58 + [1.0]) - np.eye(60, k=1) - np.eye(60, k=-1)
    D = potential_distance(heat_kernel(path, 0.5))
    assert np.all(np.diff(D[0]) > 0)
    floored = potential_distance(heat_kernel(path, 0.5), floor=1e-7)
    assert np.diff(floored[0]).min() < 1e-3 * np.diff(D[0]).min()


# The von Neumann time


@pytest.mark.capability("embedding.von_neumann_time")
def test_entropies_are_their_sum(xp):
    values = np.array([1.0, 0.9, -0.5, 0.1, 0.0])
    found = xp.to_numpy(reference.von_neumann_entropies(xp.asarray(values), 40))
    for t in (1, 7, 40):
        eta = np.abs(values[:4]) ** t / (np.abs(values[:4]) ** t).sum()
        expected = -(eta * np.log(eta)).sum()
        assert found[t - 1] == pytest.approx(expected, rel=1e3 * xp.eps * t)
    assert von_neumann_time(xp.asarray(values)) == von_neumann_time(values)


def test_equal_eigenvalues_have_the_entropy_of_their_number_and_no_knee():
    found = reference.von_neumann_entropies(np.ones(8), 10)
    np.testing.assert_allclose(found, math.log(8), rtol=64 * EPS)
    assert von_neumann_time(np.ones(8)) == 1
    assert von_neumann_time([0.5], t_max=1) == 1


def test_high_powers_do_not_underflow():
    # 0.5^2000 is 0 in double precision; the ratios of the eigenvalues are not.
    found = reference.von_neumann_entropies(0.5 * np.ones(3), 2000)
    assert found[-1] == pytest.approx(math.log(3), rel=1e-12)


def test_knee_is_farthest_from_the_chord():
    # exp(-t / 5): the chord's slope meets the curve's at t = 5 log(1 / (5 slope)).
    t = np.arange(1, 101)
    values = np.exp(-t / 5)
    slope = (values[0] - values[-1]) / 99
    assert abs(1 + reference.knee(list(values)) - 5 * math.log(1 / (5 * slope))) <= 1
    assert reference.knee(list(3 - 0.5 * t)) == 0


def test_a_spectrum_with_a_gap_has_its_knee_where_the_noise_has_died():
    # 5 slow modes, 200 noise modes at 0.7: 200 * 0.7^t is below 1 after t = 15.
    values = np.concatenate([np.ones(5), np.full(200, 0.7)])
    assert 8 <= von_neumann_time(values) <= 25


# Bad input


@pytest.mark.parametrize(
    ("H", "options", "message"),
    [
        (np.ones((2, 3)), {}, "square"),
        (np.ones(3), {}, "square"),
        (np.array([[1.0, np.nan], [1.0, 1.0]]), {}, "finite"),
        (np.array([[1.0, -0.1], [0.1, 1.0]]), {}, "not be negative"),
        (np.eye(3), {}, "got 6 entries of 0: join the components"),
        (np.zeros((2, 2)), {"gamma": 0.0}, "no row of zeros"),
        (np.ones((2, 2)), {"gamma": 1.5}, "gamma must be from -1 to 1"),
        (np.ones((2, 2)), {"floor": -1.0}, "floor must be finite and at least 0"),
        (np.ones((2, 2)), {"null_vector": np.ones(3)}, r"must have shape \(2,\)"),
        (np.ones((2, 2)), {"null_vector": [1.0, 0.0]}, "must be positive"),
    ],
)
def test_bad_kernels_are_refused(H, options, message):
    with pytest.raises(ValueError, match=message):
        potential_distance(H, **options)


@pytest.mark.parametrize(
    ("values", "options", "error", "message"),
    [
        (np.ones((2, 2)), {}, ValueError, r"shape \(n,\)"),
        (np.zeros(3), {}, ValueError, "not all be 0"),
        ([1.0, np.inf], {}, ValueError, "finite"),
        ([1.0, 1j], {}, TypeError, "real"),
        ([1.0], {"t_max": 0}, ValueError, "t_max must be at least 1"),
        ([1.0], {"t_max": 2.5}, TypeError, "t_max must be an integer"),
    ],
)
def test_bad_spectra_are_refused(values, options, error, message):
    with pytest.raises(error, match=message):
        von_neumann_time(values, **options)
