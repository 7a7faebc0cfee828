"""Mass assignment: splines, conservation, the cell-centred convention, windows."""

import itertools

import numpy as np
import pytest
from scipy.interpolate import BSpline

from geomsci.backends import use_backend
from geomsci.entropic.curvature import log_density_hessian
from geomsci.entropic.density_field import (
    assign_mass,
    compensate_window,
    smooth_density,
)
from geomsci.reference.entropic.deposit import deposit
from geomsci.reference.entropic.log_hessian import full_tensor

ORDERS = {"ngp": 1, "cic": 2, "tsc": 3, "pcs": 4}


def _spline_sum(positions, shape, lengths, window, weights):
    """Sum over points and periodic images of scipy's B-spline, one axis at a time."""
    p = ORDERS[window]
    spline = BSpline.basis_element(np.arange(p + 1) - p / 2, extrapolate=False)
    factors = []
    for axis, (n, L) in enumerate(zip(shape, lengths)):
        apart = positions[:, axis, None] * n / L - (np.arange(n) + 0.5)
        images = [np.nan_to_num(spline(apart + m * n)) for m in (-1, 0, 1)]
        factors.append(sum(images))
    letters = "abc"[: len(shape)]
    terms = ",".join(f"n{c}" for c in letters)
    return np.einsum(f"n,{terms}->{letters}", weights, *factors)


@pytest.mark.capability("entropic.assign_mass")
@pytest.mark.parametrize("window", ORDERS)
@pytest.mark.parametrize("shape", [(9,), (8, 5), (4, 6, 5)])
def test_mass_is_the_sum_of_splines_over_points_and_images(xp, window, shape):
    rng = np.random.default_rng(len(shape))
    lengths = (3.0, 2.5, 4.0)[: len(shape)]
    # Sixteenths are exact in float32, so that no point changes its cell.
    cells = rng.integers(0, 16 * np.array(shape), (60, len(shape))) + 0.5
    positions = (cells * np.array(lengths) / 16 / np.array(shape)).astype("f4")
    positions = positions.astype(float)
    weights = rng.uniform(0.5, 2.0, 60).astype("f4").astype(float)
    expected = _spline_sum(positions, shape, lengths, window, weights)
    mass = assign_mass(
        xp.asarray(positions), list(shape), lengths, window, xp.asarray(weights)
    )
    xp.assert_close(mass, expected, kappa=max(shape), n=60)


@pytest.mark.parametrize("window", ORDERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(9,), (8, 5), (4, 6, 5)])
def test_kernel_and_reference_give_the_same_mass(window, dtype, shape):
    rng = np.random.default_rng(7)
    positions = rng.uniform(0, 1, (200, len(shape))).astype(dtype)
    weights = rng.uniform(0, 1, 200).astype(dtype)
    for w in (None, weights):
        masses = []
        for backend in ("reference", "numba"):
            with use_backend(backend) as record:
                masses.append(assign_mass(positions, shape, 1.0, window, w))
            assert record.calls[-1].implementation == backend
        tolerance = 64 * np.finfo(dtype).eps * masses[0].max()
        np.testing.assert_allclose(masses[1], masses[0], atol=tolerance)


def test_the_source_of_the_kernel_runs_interpreted():
    rng = np.random.default_rng(8)
    positions, weights = rng.uniform(0, 6, (40, 2)), rng.uniform(1, 2, 40)
    mass, work = np.zeros(8 * 6), (np.zeros((3, 4), int), np.zeros((3, 4)))
    per_length, shape = np.array([8 / 6, 1.0, 1.0]), np.array([8, 6, 1])
    deposit(positions, weights, per_length, shape, 3, mass, *work)
    expected = _spline_sum(positions, (8, 6), (6.0, 6.0), "tsc", weights)
    np.testing.assert_allclose(mass.reshape(8, 6), expected, atol=1e-13)


@pytest.mark.parametrize("window", ORDERS)
def test_mass_is_conserved_and_weights_count_points(window):
    positions = np.random.default_rng(0).uniform(0, 5.0, (300, 2))
    weights = np.arange(300) % 4
    mass = assign_mass(positions, 12, 5.0, window, weights)
    repeated = assign_mass(np.repeat(positions, weights, axis=0), 12, 5.0, window)
    assert abs(mass.sum() - weights.sum()) <= 1e-12 * weights.sum()
    np.testing.assert_allclose(mass, repeated, atol=1e-13 * mass.max())


@pytest.mark.parametrize(
    ("window", "share"), [("ngp", 1.0), ("cic", 1.0), ("tsc", 3 / 4), ("pcs", 2 / 3)]
)
def test_cells_are_centred_at_half_steps(window, share):
    mass = assign_mass(np.array([[2.5, 6.5, 0.5]]), 8, 8.0, window)
    assert np.unravel_index(np.argmax(mass), mass.shape) == (2, 6, 0)
    np.testing.assert_allclose(mass.max(), share**3, rtol=1e-14)


@pytest.mark.parametrize("window", ORDERS)
def test_moving_all_points_by_a_cell_rolls_the_grid(window):
    positions = np.random.default_rng(1).integers(0, 128, (50, 3)) / 16 + 1 / 32
    mass = assign_mass(positions, 8, 8.0, window)
    moved = assign_mass((positions + [1.0, 0.0, 3.0]) % 8.0, 8, 8.0, window)
    np.testing.assert_array_equal(moved, np.roll(mass, (1, 0, 3), axis=(0, 1, 2)))


def test_a_point_on_the_far_wall_belongs_to_the_near_one():
    far = assign_mass(np.array([[4.0]]), 8, 4.0, "pcs")
    np.testing.assert_array_equal(far, assign_mass(np.array([[0.0]]), 8, 4.0, "pcs"))


def test_a_crowded_cell_keeps_its_digits():
    positions = np.full((100_000, 1), 1.5)
    weights = np.full(100_000, 0.1)
    with use_backend("reference"):
        mass = assign_mass(positions, 4, 4.0, "ngp", weights)
    assert abs(mass[1] - 1e4) <= 20 * np.finfo(float).eps * 1e4


@pytest.mark.parametrize("window", ORDERS)
def test_window_is_the_transform_of_the_assignment(window):
    """Points evenly inside a cell: the aliases of their modes cancel, W stays."""
    n, m, p = 8, 4096, ORDERS[window]
    mode = np.cos(2 * np.pi * 3 * (np.arange(n * m) + 0.5) / (n * m))
    x = (np.arange(n * m) + 0.5) / m
    mass = assign_mass(x[:, None], n, n, window, 1.0 + mode) / m
    expected = 1 + np.cos(2 * np.pi * 3 * (np.arange(n) + 0.5) / n)
    compensated = compensate_window(mass, n, window)
    np.testing.assert_allclose(compensated, expected, atol=2.0 / m ** min(p, 2))


def _curvature_of_points(grid_points, positions, L, R):
    """(I - C / R^2) / R^2 of the Gaussian-weighted moments over all images near by."""
    images = L * np.array(list(itertools.product((-1, 0, 1), repeat=3)))
    positions = (positions + images[:, None]).reshape(-1, 3)
    K = []
    for x in grid_points:
        r = positions - x
        squares = np.sum(r**2, axis=1)
        r = r[squares < (8 * R) ** 2]
        w = np.exp(-0.5 * np.sum(r**2, axis=1) / R**2)
        w /= w.sum()
        mean = w @ r
        C = (w[:, None] * r).T @ r - np.outer(mean, mean)
        K.append((np.eye(3) - C / R**2) / R**2)
    return np.array(K)


@pytest.mark.parametrize(("R", "budget"), [(2.0, 1e-3), (2.5, 3e-4), (4.0, 3e-5)])
def test_compensated_grid_agrees_with_the_sum_over_points(R, budget):
    """One particle to a cell, moved by about a cell: the budget of a clustered field.

    A grid shifted by half a cell, or a window that stays, errs by 8 % and more.
    """
    n, rng = 24, np.random.default_rng(3)
    lattice = np.array(list(itertools.product(np.arange(n) + 0.5, repeat=3)))
    waves = 2 * np.pi * rng.integers(-2, 3, (6, 3)) / n
    phases = rng.uniform(0, 2 * np.pi, 6)
    shift = 0.8 * np.sin(lattice @ waves.T + phases) @ rng.standard_normal((6, 3))
    positions = (lattice + shift) % n
    mass = assign_mass(positions, n, n, "pcs")
    K = log_density_hessian(mass, R, n, window="pcs")
    cells = rng.integers(0, n, (50, 3))
    grid = full_tensor(K, 3)[tuple(cells.T)]
    exact = _curvature_of_points(cells + 0.5, positions, n, R)
    assert np.linalg.norm(grid - exact) <= budget * np.linalg.norm(exact)


@pytest.mark.filterwarnings("ignore:field has")
@pytest.mark.parametrize("window", ["ngp", "pcs"])
def test_window_of_the_hessian_is_compensation_first(window):
    mass = 1 + assign_mass(np.random.default_rng(4).uniform(0, 16, (900, 2)), 16, 16)
    first = log_density_hessian(compensate_window(mass, 16, window), 2.0, 16)
    np.testing.assert_allclose(
        log_density_hessian(mass, 2.0, 16, window=window), first, atol=1e-13
    )


@pytest.mark.capability("entropic.smooth_density")
def test_smoothing_damps_a_mode_by_its_gaussian(xp):
    n, L, R = (8, 6, 5), (4.0, 3.0, 2.0), (0.1, 0.4)
    axes = np.meshgrid(*[np.arange(k) / k for k in n], indexing="ij")
    mode = np.cos(2 * np.pi * (2 * axes[0] + axes[1] - axes[2]))
    k2 = (2 * np.pi) ** 2 * ((2 / L[0]) ** 2 + (1 / L[1]) ** 2 + (1 / L[2]) ** 2)
    expected = np.stack([3 + np.exp(-0.5 * k2 * r**2) * mode for r in R])
    smoothed = smooth_density(xp.asarray(3 + mode), R, L)
    xp.assert_close(smoothed, expected, n=mode.size)


@pytest.mark.capability("entropic.compensate_window")
def test_compensation_runs_on_every_library(xp):
    field = np.random.default_rng(5).uniform(0.5, 2, (6, 5))
    k = [2 * np.pi * np.fft.fftfreq(n) for n in field.shape]
    W = np.outer(np.sinc(k[0] / 2 / np.pi) ** 3, np.sinc(k[1] / 2 / np.pi) ** 3)
    expected = np.fft.ifft2(np.fft.fft2(field) / W).real
    xp.assert_close(compensate_window(xp.asarray(field), None, "tsc"), expected, n=30)
