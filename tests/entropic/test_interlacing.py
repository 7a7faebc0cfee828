"""Images of an assignment: what a grid errs by, and what interlacing takes away."""

import itertools
import warnings

import numpy as np
import pytest

from geomsci import entropic
from geomsci.entropic.density_field import assign_mass
from geomsci.reference.entropic.log_hessian import full_tensor

ORDERS = {"ngp": 1, "cic": 2, "tsc": 3, "pcs": 4}
SIDE = 16
REACH = 6.2
"""Modes up to this over R: exp(-REACH^2 / 2) is 4e-9."""

MOST = 6
IMAGES = [
    j
    for j in itertools.product(range(-MOST, MOST + 1), repeat=3)
    if sum(map(abs, j)) <= 2 or sorted(map(abs, j))[1] == 0
]
"""Those of two axes up to the first. Of one axis (4, 0, 0) is 1/16 of (2, 0, 0)."""

COSMOLOGY = {"h": 0.67, "omega_m": 0.32, "omega_b": 0.05, "n_s": 0.96, "sigma8": 0.83}


def _sinc(m, n, window="pcs"):
    """Transform of the window at the mode m of n cells."""
    return np.sinc(np.asarray(m) / n) ** ORDERS[window]


@pytest.fixture(scope="module")
def particles():
    """A lattice moved by 2LPT, in units of its distance, 2 Mpc/h."""
    delta = entropic.gaussian_field(
        lambda k: entropic.eisenstein_hu(k, **COSMOLOGY), SIDE, 2.0 * SIDE, rng=51
    )
    psi = entropic.lpt_displacement(delta, 2.0 * SIDE, 2)
    return entropic.displaced_lattice(psi, 2.0 * SIDE) / 2.0


def _images(positions, n, R):
    """Modes m, and at each image j of them the sums over points through the window.

    Exact sums of exp(-i q x) for q = 2 pi (m + n j) / n times W(q) / W(k): no grid.
    """
    most = int(REACH / R * n / (2 * np.pi))
    m = np.arange(-most, most + 1)
    wave = {
        (a, j): np.exp(-2j * np.pi / n * np.outer(positions[:, a], m + n * j))
        for a, j in itertools.product(range(3), range(-MOST, MOST + 1))
    }
    for a, j in wave:
        wave[a, j] *= _sinc(m + n * j, n) / _sinc(m, n) * (-1.0) ** j
    found = {}
    for image in IMAGES:
        x, y, z = (wave[a, j] for a, j in enumerate(image))
        plane = (x[:, :, None] * y[:, None, :]).reshape(len(x), -1)
        found[image] = (plane.T @ z).reshape((m.size,) * 3)
    return m, found


def _curvature(m, modes, n, R):
    """Packed K at the centres of cells, from the modes by plain transforms."""
    F = np.zeros((n, n, n), dtype=complex)
    factor = np.exp(-0.5 * (2 * np.pi * m * R / n) ** 2 + 1j * np.pi * m / n)
    F[np.ix_(m, m, m)] = modes * factor[:, None, None] * factor[:, None] * factor
    k = np.meshgrid(*[2 * np.pi * np.fft.fftfreq(n)] * 3, indexing="ij")
    rho = np.fft.ifftn(F).real
    u = [np.fft.ifftn(1j * a * F).real / rho for a in k]
    return np.stack(
        [
            np.fft.ifftn(k[i] * k[j] * F).real / rho + u[i] * u[j]
            for i in range(3)
            for j in range(i, 3)
        ],
        axis=-1,
    )


def _apart(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize("R", [2.0, 2.5])
def test_the_error_of_a_grid_is_that_of_its_images(particles, R):
    """Both errors, without and with interlacing, come out as predicted, to a per cent.

    So the figure is the scheme's own: the images of the deposit and nothing else.
    """
    m, images = _images(particles, SIDE, R)
    exact = _curvature(m, images[0, 0, 0], SIDE, R)
    cells = np.random.default_rng(0).integers(0, SIDE, (40, 3))
    at = entropic.catalogue_curvature(cells + 0.5, particles, R, box_size=SIDE)
    assert _apart(full_tensor(exact, 3)[tuple(cells.T)], at) < 1e-6
    errors = []
    for interlaced in (False, True):
        kept = [S for j, S in images.items() if not (interlaced and sum(j) % 2)]
        predicted = _curvature(m, sum(kept), SIDE, R)
        web = entropic.EntropicCurvature(
            R, box_size=SIDE, n_grid=SIDE, interlaced=interlaced
        )
        K = web.fit(particles).curvature_[0]
        gap = np.linalg.norm(K - predicted) / np.linalg.norm(exact)
        assert gap < 0.01 * _apart(predicted, exact)
        errors.append(_apart(predicted, exact))
    assert errors[1] < errors[0] / 20


def test_the_images_that_interlacing_leaves_are_those_of_two_cells(particles):
    """Of even images (2, 0, 0) counts; (1, 1, 0) is a hundred times smaller."""
    m, images = _images(particles, SIDE, 2.0)
    exact = _curvature(m, images[0, 0, 0], SIDE, 2.0)

    def error(kind):
        some = [S for j, S in images.items() if sorted(map(abs, j)) == kind]
        return _apart(_curvature(m, images[0, 0, 0] + sum(some), SIDE, 2.0), exact)

    assert error([0, 1, 1]) < 0.02 * error([0, 0, 2])


@pytest.mark.parametrize("window", ["tsc", "pcs"])
@pytest.mark.parametrize("interlaced", [False, True])
def test_a_mode_is_the_sum_over_its_images(window, interlaced):
    n, reach = 8, 400
    x = np.random.default_rng(1).uniform(0, n, 5)
    mass = assign_mass(x[:, None], n, n, window, interlaced=interlaced)
    for m in range(n // 2):
        j = np.arange(-reach, reach + 1, 2 if interlaced else 1)
        q = m + n * j
        sums = np.exp(-2j * np.pi / n * np.outer(q, x)).sum(axis=1)
        expected = np.sum(sums * _sinc(q, n, window) * (-1.0) ** j)
        found = np.sum(mass * np.exp(-2j * np.pi / n * m * (np.arange(n) + 0.5)))
        # What is left out falls as the window: 2 / (3 pi^3 reach^2) a point and less.
        assert abs(found - expected) < 5 / reach**2


@pytest.mark.capability("entropic.interlaced_mass")
@pytest.mark.parametrize("shape", [(9,), (8, 5), (4, 6, 5)])
def test_interlaced_modes_are_the_mean_of_two_grids(xp, shape):
    rng, d = np.random.default_rng(2), len(shape)
    lengths = (3.0, 2.5, 4.0)[:d]
    # Thirds of a half cell stay away from the walls, where float32 could jump.
    cells = rng.integers(0, 3 * np.array(shape), (60, d)) / 3 + 1 / 6
    positions = cells * np.array(lengths) / np.array(shape)
    moved = (positions + 0.5 * np.array(lengths) / shape) % lengths
    first, second = (assign_mass(p, list(shape), lengths) for p in (positions, moved))
    m = np.meshgrid(*[np.fft.fftfreq(n, 1 / n) for n in shape], indexing="ij")
    turn = np.exp(1j * np.pi * sum(a / n for a, n in zip(m, shape)))
    nyquist = np.any([2 * np.abs(a) == n for a, n in zip(m, shape)], axis=0)
    F, G = np.fft.fftn(first), np.fft.fftn(second) * turn
    expected = np.fft.ifftn(np.where(nyquist, F, (F + G) / 2)).real
    found = assign_mass(xp.asarray(positions), list(shape), lengths, interlaced=True)
    xp.assert_close(found, expected, kappa=max(shape), n=60)


@pytest.mark.parametrize("window", ORDERS)
def test_points_moved_by_half_a_cell_have_modes_moved_by_half_a_cell(window):
    n = 9  # odd: no Nyquist mode
    x = np.random.default_rng(3).uniform(0, n, (30, 2))
    there, here = (
        np.fft.fft2(assign_mass(y % n, n, n, window, interlaced=True))
        for y in (x + 0.5, x)
    )
    m = np.fft.fftfreq(n, 1 / n)
    back = np.exp(1j * np.pi * (m[:, None] + m) / n)
    np.testing.assert_allclose(there * back, here, atol=1e-12 * len(x))


@pytest.mark.parametrize("window", ORDERS)
@pytest.mark.parametrize("n", [8, 9])
def test_interlacing_keeps_the_mass_and_weights_count_points(window, n):
    positions = np.random.default_rng(4).uniform(0, 5.0, (200, 3))
    weights = np.arange(200) % 4
    mass = assign_mass(positions, n, 5.0, window, weights, interlaced=True)
    again = np.repeat(positions, weights, axis=0)
    repeated = assign_mass(again, n, 5.0, window, interlaced=True)
    assert abs(mass.sum() - weights.sum()) <= 1e-12 * weights.sum()
    np.testing.assert_allclose(mass, repeated, atol=1e-12)


def test_single_precision_stays_so():
    positions = np.random.default_rng(5).uniform(0, 1, (50, 2)).astype("f4")
    single = assign_mass(positions, 8, 1.0, interlaced=True)
    double = assign_mass(positions.astype(float), 8, 1.0, interlaced=True)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, atol=1e-5)


def test_the_estimator_assigns_so_and_is_silent_about_negative_cells(particles):
    mass = assign_mass(particles, SIDE, SIDE, "ngp", interlaced=True)
    assert mass.min() < 0
    with pytest.warns(UserWarning, match="interlacing"):
        K = entropic.log_density_hessian(mass, 3.0, SIDE, window="ngp")
    web = entropic.EntropicCurvature(
        3.0, box_size=SIDE, n_grid=SIDE, window="ngp", interlaced=True
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        web.fit(particles)
    np.testing.assert_allclose(web.curvature_[0], K, atol=1e-12 * np.abs(K).max())


@pytest.mark.filterwarnings("ignore:R = 0.4")
def test_a_density_that_stays_negative_is_refused():
    points = np.random.default_rng(6).uniform(0, 8.0, (5, 3))
    web = entropic.EntropicCurvature(0.4, box_size=8.0, n_grid=32, interlaced=True)
    with pytest.raises(ValueError, match=r"catalogue route.*interlaced=False"):
        web.fit(points)


@pytest.mark.parametrize("wrong", ["yes", 1, None])
def test_interlaced_is_a_boolean(wrong):
    with pytest.raises(TypeError, match="interlaced must be True or False"):
        assign_mass(np.ones((3, 2)), 8, 2.0, interlaced=wrong)
