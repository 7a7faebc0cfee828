"""Lagrangian perturbation theory against closed forms."""

import numpy as np
import pytest

from geomsci.entropic.simulation import displaced_lattice, lpt_displacement

EPS = np.finfo(float).eps
BOX = (10.0, 12.0, 15.0)
SHAPE = (12, 16, 15)


def lattice(shape=SHAPE, box=BOX):
    """Cell centres, shape (*shape, d)."""
    axes = [(np.arange(n) + 0.5) * side / n for n, side in zip(shape, box)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def wave(mode, box=BOX):
    return 2 * np.pi * np.array(mode) / np.array(box)


@pytest.mark.parametrize("mode", [(1, 0, 0), (0, 2, 0), (1, -2, 3), (3, 1, -1)])
@pytest.mark.parametrize("order", [1, 2])
def test_a_plane_wave_is_displaced_along_itself_at_every_order(mode, order):
    k, q = wave(mode), lattice()
    psi = lpt_displacement(0.3 * np.cos(q @ k), BOX, order=order)
    expected = -0.3 * np.sin(q @ k)[..., None] * k / (k @ k)
    np.testing.assert_allclose(psi, expected, atol=64 * EPS * np.abs(expected).max())


@pytest.mark.parametrize("omega_m", [1.0, 0.3])
@pytest.mark.parametrize("modes", [((1, 0, 0), (0, 1, 0)), ((1, 1, 0), (2, -1, 1))])
def test_two_crossed_waves_in_closed_form(modes, omega_m):
    (k1, k2), (A, B), q = [wave(m) for m in modes], (0.4, 0.7), lattice()
    delta = A * np.cos(q @ k1) + B * np.cos(q @ k2)
    found = lpt_displacement(delta, BOX, order=2, omega_m=omega_m)
    found = found - lpt_displacement(delta, BOX)
    # lap phi_2 = A B (1 - mu^2) cos(k1 q) cos(k2 q), mu the cosine between the waves.
    amplitude = A * B * (1 - (k1 @ k2) ** 2 / (k1 @ k1) / (k2 @ k2)) / 2
    expected = 0
    for k in (k1 + k2, k1 - k2):
        expected = expected + amplitude * np.sin(q @ k)[..., None] * k / (k @ k)
    expected = -3 / 7 * omega_m ** (-1 / 143) * expected
    np.testing.assert_allclose(found, expected, atol=256 * EPS * np.abs(delta).max())


def test_isotropic_peak_collapses_like_a_sphere():
    # Where the tidal field is isotropic the density is that of a collapsing sphere,
    # 1 + delta + (17/21) delta^2 + ...; orders three and up fall with delta.
    n, box = 32, (1.0, 1.0, 1.0)
    q = lattice((n, n, n), box) - 0.5 / n  # a lattice point stands on the peak
    shape = np.sum(np.cos(2 * np.pi * q), axis=-1) / 3
    rates = []
    for height in (2e-3, 1e-3):
        psi = lpt_displacement(height * shape, box, order=2)
        modes = np.fft.fftn(psi[..., 0])
        k = 2j * np.pi * np.fft.fftfreq(n, 1 / n)[:, None, None]
        stretch = 1 + np.fft.ifftn(k * modes).real[0, 0, 0]
        rates.append((stretch**-3 - 1 - height) / height**2)
    extrapolated = 2 * rates[1] - rates[0]
    assert abs(extrapolated - 17 / 21) < 1e-5  # the next order is about height^2


@pytest.mark.parametrize("shape", [(16,), (9,), (8, 10), (8, 9, 6)])
def test_divergence_of_the_first_order_is_minus_delta(shape):
    rng, box, d = np.random.default_rng(0), BOX[: len(shape)], len(shape)
    delta = rng.standard_normal(shape)
    F = np.fft.fftn(delta - delta.mean())
    for axis, n in enumerate(shape):  # Nyquist waves have no odd derivative
        if n % 2 == 0:
            at = [slice(None)] * d
            at[axis] = n // 2
            F[tuple(at)] = 0
    delta = np.fft.ifftn(F).real
    psi, divergence = lpt_displacement(delta, box), 0
    for axis, (n, side) in enumerate(zip(shape, box)):
        k = 2j * np.pi * np.fft.fftfreq(n, side / n)
        k = k.reshape([-1 if a == axis else 1 for a in range(d)])
        divergence = divergence + np.fft.ifftn(k * np.fft.fftn(psi[..., axis])).real
    np.testing.assert_allclose(divergence, -delta, atol=256 * EPS * np.abs(delta).max())


def test_nyquist_waves_and_the_mean_move_nothing():
    delta = 3.0 + 0.5 * (-1.0) ** np.arange(8)[:, None, None] * np.ones((8, 8, 8))
    for order in (1, 2):
        assert np.abs(lpt_displacement(delta, 8.0, order=order)).max() < 64 * EPS


@pytest.mark.parametrize("order", [1, 2])
def test_fewer_axes_are_uniform_ones(order):
    delta = np.random.default_rng(1).standard_normal((8, 6))
    flat = lpt_displacement(delta, (4.0, 3.0), order=order)
    solid = np.repeat(delta[:, :, None], 4, axis=2)
    whole = lpt_displacement(solid, (4.0, 3.0, 2.0), order=order)
    np.testing.assert_allclose(whole[..., 0, :2], flat, atol=256 * EPS)
    np.testing.assert_allclose(whole[..., 2], 0, atol=256 * EPS)


@pytest.mark.capability("entropic.lpt_displacement")
@pytest.mark.parametrize("order", [1, 2])
def test_every_library_gives_the_same_displacement(xp, order):
    delta = np.random.default_rng(2).standard_normal((8, 7, 6))
    expected = lpt_displacement(delta, BOX, order=order)
    found = lpt_displacement(xp.asarray(delta), BOX, order=order)
    xp.assert_close(found, expected, kappa=4.0, n=8 * 7 * 6)


@pytest.mark.capability("entropic.displaced_lattice")
def test_particles_stand_on_displaced_centres(xp):
    shift = np.array([0.25, 11.5, -16.0])
    psi = np.broadcast_to(shift, (*SHAPE, 3)).copy()
    expected = np.mod(lattice() + shift, BOX).reshape(-1, 3)
    found = displaced_lattice(xp.asarray(psi), BOX)
    # An offset of the box length loses no more than its rounding.
    xp.assert_close(found, expected, kappa=4.0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_positions_stay_below_the_side(dtype):
    tiny = np.full((4, 1), -1e-12, dtype=dtype)
    tiny[0] = -0.5 - 1e-12 if dtype == np.float64 else np.nextafter(-0.5, -1)
    tiny[3] = 0.5
    x = displaced_lattice(tiny)
    assert x.dtype == dtype
    assert np.all((x >= 0) & (x < 4))


def test_first_order_sheet_conserves_mass_between_particles():
    # 1 + delta(x) = 1 / (1 + d psi / dq): exact in one axis before particles cross.
    n, A = 64, 0.5
    q = lattice((n,), (1.0,))[:, 0]
    psi = lpt_displacement(A * np.cos(2 * np.pi * q), 1.0)
    x = np.sort(displaced_lattice(psi, 1.0)[:, 0])
    gaps = np.diff(x) * n
    middle = (q[1:] + q[:-1]) / 2
    slope = np.sin(np.pi / n) / (np.pi / n)  # a difference of sines over one cell
    expected = 1 - A * slope * np.cos(2 * np.pi * middle)
    np.testing.assert_allclose(gaps, expected, atol=64 * EPS * n)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"order": 3}, ValueError, "order must be 1 or 2"),
        ({"omega_m": 0.0}, ValueError, "omega_m must be positive"),
        ({"box_size": (1, 2)}, ValueError, "box_size"),
        ({"delta": np.ones((3, 8, 8))}, ValueError, "delta must be a grid"),
        ({"delta": np.full((8, 8), np.nan)}, ValueError, "delta must be finite"),
        ({"delta": np.ones((8, 8)) * 1j}, TypeError, "delta must be real"),
    ],
)
def test_bad_input_is_refused(change, error, message):
    with pytest.raises(error, match=message):
        lpt_displacement(**{"delta": np.ones((8, 8, 8)), **change})


@pytest.mark.parametrize(
    ("displacement", "message"),
    [
        (np.ones((8, 8, 3)), "one component per axis"),
        (np.ones(8), "one component per axis"),
        (np.ones((3, 1)), "at least 4 cells"),
        (np.full((8, 1), np.inf), "displacement must be finite"),
    ],
)
def test_bad_displacements_are_refused(displacement, message):
    with pytest.raises(ValueError, match=message):
        displaced_lattice(displacement)
