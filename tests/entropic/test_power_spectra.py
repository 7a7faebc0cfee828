"""The spectrum of Eisenstein and Hu: normalisation, limits, a Boltzmann code."""

import numpy as np
import pytest
from scipy.integrate import simpson

from geomsci.entropic.simulation import eisenstein_hu

COSMOLOGY = {
    "h": 0.6711,
    "omega_m": 0.3175,
    "omega_b": 0.049,
    "n_s": 0.9624,
    "sigma8": 0.834,
}
# sigma_2 in (h/Mpc)^2 at R = 4, 8 and 16 Mpc/h of CAMB 2.0.5, scaled to sigma8, and
# how far the smooth form stands from it, in per cent. Settings of the Boltzmann code
# (accuracy, range of k) move its own numbers by 0.02 per cent.
BOLTZMANN = {4.0: (0.0523193, 0.75), 8.0: (0.0088306, 0.10), 16.0: (0.00133581, 0.16)}
OWN_SPREAD = 0.02


def moment(k, P, R, order):
    """sigma_order(R) by the trapezium rule in log k."""
    integrand = k ** (3 + 2 * order) * P * np.exp(-((k * R) ** 2))
    return np.sqrt(np.trapezoid(integrand, np.log(k)) / (2 * np.pi**2))


def ball(x):
    return 3 * (np.sin(x) - x * np.cos(x)) / x**3


@pytest.mark.parametrize("wiggles", [False, True])
def test_sigma8_is_the_rms_in_balls_of_eight(wiggles):
    log_k = np.linspace(np.log(1e-4), np.log(100), 200_001)
    k = np.exp(log_k)
    P = eisenstein_hu(k, **COSMOLOGY, wiggles=wiggles)
    variance = simpson(k**3 * P * ball(8 * k) ** 2, x=log_k) / (2 * np.pi**2)
    # The integrand falls as k^4 below and k^-4 above: the ends leave under 1e-9.
    np.testing.assert_allclose(np.sqrt(variance), 0.834, rtol=1e-9)


@pytest.mark.parametrize("R", list(BOLTZMANN))
def test_smooth_moments_agree_with_a_boltzmann_code(R):
    k = np.geomspace(1e-4, 20, 2000)
    expected, per_cent = BOLTZMANN[R]
    found = moment(k, eisenstein_hu(k, **COSMOLOGY), R, 2)
    assert abs(found / expected - 1) < (per_cent + OWN_SPREAD) / 100


def test_wiggles_agree_with_a_boltzmann_code():
    camb = pytest.importorskip("camb")
    h, n_s = COSMOLOGY["h"], COSMOLOGY["n_s"]
    baryons, matter = COSMOLOGY["omega_b"] * h * h, COSMOLOGY["omega_m"] * h * h
    parameters = camb.CAMBparams()
    parameters.set_cosmology(
        H0=100 * h, ombh2=baryons, omch2=matter - baryons, mnu=0, TCMB=2.7255
    )
    parameters.InitPower.set_params(ns=n_s)
    parameters.set_matter_power(redshifts=[0.0], kmax=10.0)
    results = camb.get_results(parameters)
    k, _, P = results.get_matter_power_spectrum(minkh=1e-3, maxkh=5, npoints=1000)
    P = P[0] * (0.834 / results.get_sigma8_0()) ** 2
    # The paper claims a few per cent; the smooth form misses the oscillations.
    full = eisenstein_hu(k, **COSMOLOGY, wiggles=True) / P - 1
    smooth = eisenstein_hu(k, **COSMOLOGY) / P - 1
    acoustic = (k > 0.03) & (k < 0.3)
    assert np.max(np.abs(full)) < 0.05
    assert np.std(full[acoustic]) < 0.5 * np.std(smooth[acoustic])


def test_both_forms_agree_without_baryons():
    few = {**COSMOLOGY, "omega_b": 1e-7}
    k = np.geomspace(1e-3, 10, 50)
    ratio = eisenstein_hu(k, **few) / eisenstein_hu(k, **few, wiggles=True)
    # Two fits of one function: equations 19 and 29 differ by under 4 per cent in P.
    np.testing.assert_allclose(ratio, 1, atol=0.04)


@pytest.mark.parametrize("wiggles", [False, True])
def test_power_is_primordial_on_the_largest_scales(wiggles):
    k = np.array([0.0, 1e-7, 2e-7])
    P = eisenstein_hu(k, **COSMOLOGY, wiggles=wiggles)
    assert P[0] == 0
    # T = 1 - O(k / k_equality), and k_equality is 0.01 h/Mpc.
    np.testing.assert_allclose(P[2] / P[1], 2 ** COSMOLOGY["n_s"], rtol=1e-4)


def test_oscillations_have_the_wavelength_of_the_sound_horizon():
    k = np.arange(0.05, 0.35, 1e-3)
    both = [eisenstein_hu(k, **COSMOLOGY, wiggles=w) for w in (True, False)]
    ratio = both[0] / both[1] - 1
    ratio = (ratio - np.polyval(np.polyfit(k, ratio, 3), k)) * np.hanning(len(k))
    lengths = np.arange(50.0, 200.0, 0.5)
    strength = np.abs(np.exp(1j * np.outer(lengths, k)) @ ratio)
    sound = lengths[np.argmax(strength)] / COSMOLOGY["h"]
    # 150 Mpc by equation 26; a window of 0.3 h/Mpc resolves 2 pi / 0.3 = 21 Mpc/h.
    expected = 44.5 * np.log(9.83 / 0.143) / np.sqrt(1 + 10 * 0.02207**0.75)
    assert abs(sound - expected) < 0.25 * 21 / COSMOLOGY["h"]


@pytest.mark.capability("entropic.eisenstein_hu")
@pytest.mark.parametrize("wiggles", [False, True])
def test_every_library_gives_the_same_power(xp, wiggles):
    k = np.geomspace(1e-3, 10, 64).reshape(8, 8)
    expected = eisenstein_hu(k, **COSMOLOGY, wiggles=wiggles)
    found = eisenstein_hu(xp.asarray(k), **COSMOLOGY, wiggles=wiggles)
    # d log P / d log k is of the order of the phase k s of the oscillations.
    xp.assert_close(found, expected, kappa=100.0 if wiggles else 3.0)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"h": 0}, ValueError, "h must be positive"),
        ({"omega_b": 0.4}, ValueError, "omega_b must be below omega_m"),
        ({"n_s": np.nan}, ValueError, "n_s must be finite"),
        ({"n_s": -1}, ValueError, "n_s must be above -1"),
        ({"sigma8": "much"}, TypeError, "sigma8 must be a number"),
        ({"t_cmb": -2.7}, ValueError, "t_cmb must be positive"),
        ({"k": np.array([-1.0, 1.0])}, ValueError, "k must not be negative"),
        ({"k": np.array([np.nan])}, ValueError, "k must be finite"),
        ({"k": np.array([1j])}, TypeError, "k must be real"),
    ],
)
def test_bad_parameters_are_refused(change, error, message):
    with pytest.raises(error, match=message):
        eisenstein_hu(**{"k": np.ones(2), **COSMOLOGY, **change})
