"""Rate functions against 60 digits, closed forms and limits."""

import functools
import itertools
import math

import mpmath
import numpy as np
import pytest

from geomsci.embedding import inverse_rate_function, rate_function

_TILTS = (1e-8, 1e-5, 1e-3, 0.03, 0.4, 1.0, 2.5, 6.0, 9.5, 12.0)
_DIMENSIONS = (0, 0.5, 1, 2, 3, 10, 64)


@functools.cache
def curve(m):
    """Speeds and rates of the tilts, by Bessel functions of 60 digits."""
    speeds, rates = [], []
    with mpmath.workdps(60):
        nu = mpmath.mpf(m) / 2
        for tilt in map(mpmath.mpf, _TILTS):
            scale = mpmath.gamma(nu + 1) * (2 / tilt) ** nu
            cumulant = scale * mpmath.besseli(nu, tilt) - 1
            speed = scale * mpmath.besseli(nu + 1, tilt)
            if m == 0:
                cumulant, speed = mpmath.cosh(tilt) - 1, mpmath.sinh(tilt)
            speeds.append(float(speed))
            rates.append(float(tilt * speed - cumulant))
    return np.array(speeds), np.array(rates)


@pytest.mark.parametrize("m", _DIMENSIONS)
def test_rates_are_legendre_transforms_of_bessel_functions(xp, m):
    v, e = curve(m)
    got = xp.to_numpy(rate_function(m, xp.asarray(v)))
    # I is at least quadratic: a rounding of v counts up to v th / I <= 2 times.
    assert np.max(np.abs(got / e - 1)) < 64 * xp.eps


@pytest.mark.parametrize("m", _DIMENSIONS)
def test_inverse_rates_give_the_speeds(xp, m):
    v, e = curve(m)
    got = xp.to_numpy(inverse_rate_function(m, xp.asarray(e)))
    assert np.max(np.abs(got / v - 1)) < 64 * xp.eps


@pytest.mark.parametrize("m", [0, 0.25, 1, 2, 7, 100, 10_000])
def test_the_two_functions_are_inverse_over_all_speeds(m):
    v = np.geomspace(1e-8, 1e3, 500)
    back = inverse_rate_function(m, rate_function(m, v))
    assert np.max(np.abs(back / v - 1)) < 1e-13


def test_hop_walks_have_the_rate_of_two_poisson_processes():
    v = np.geomspace(0.1, 1e3, 50)
    expected = v * np.arcsinh(v) - np.sqrt(1 + v**2) + 1
    assert rate_function(0, v) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("m", [1, 2, 5])
def test_small_speeds_are_varadhans_and_the_next_term_is_known(m):
    # th = (m + 2) v + O(v^3) and Lambda = th^2 / (2 (m + 2)) + th^4 / (8 (m+2) (m+4)).
    v = np.geomspace(1e-3, 1e-2, 9)
    fourth = (m + 2) ** 3 / (8 * (m + 4))
    expected = (m + 2) / 2 * v**2 - fourth * v**4
    # What is left is of the sixth order, with a factor below (m + 2)^4.
    assert np.all(np.abs(rate_function(m, v) - expected) <= (m + 2) ** 4 * v**6)


@pytest.mark.parametrize("m", [0, 1, 3, 20])
def test_rates_are_convex_and_their_slope_is_the_tilt(m):
    v = np.linspace(0, 50, 2001)
    rates = rate_function(m, v)
    assert rates[0] == 0
    slopes = np.diff(rates) / np.diff(v)
    assert np.all(np.diff(slopes) > 0)
    assert np.all(np.diff(inverse_rate_function(m, v)) > 0)


def test_more_dimensions_make_distances_rarer():
    v = np.geomspace(1e-6, 1e3, 40)
    rates = [rate_function(m, v) for m in (1, 2, 3, 8, 30)]
    for lower, upper in itertools.pairwise(rates):
        assert np.all(lower < upper)


def test_equal_rates_have_equal_speeds_wherever_they_stand():
    e = np.random.default_rng(1).uniform(0, 40, (300, 500))
    e[17, 3] = 0.0
    speeds = inverse_rate_function(2, e)
    assert np.array_equal(inverse_rate_function(2, e.T.copy()), speeds.T)
    assert speeds[17, 3] == 0


def test_shapes_and_empty_arrays_are_kept(xp):
    for function in (rate_function, inverse_rate_function):
        assert function(2, xp.asarray(np.zeros((2, 0)))).shape == (2, 0)
        assert float(function(2, xp.asarray(np.array(0.0)))) == 0
    assert inverse_rate_function(2, [0.0, 1e100])[1] > 1e97


@pytest.mark.parametrize("function", [rate_function, inverse_rate_function])
def test_bad_rates_are_refused(function):
    for bad in (-1.0, 1e101):
        with pytest.raises(ValueError, match=r"must lie in \[0, 1e\+100\]"):
            function(2, [0.5, bad])
    with pytest.raises(ValueError, match="finite"):
        function(2, [math.nan])
    with pytest.raises(TypeError, match="real"):
        function(2, [1j])
    for m in (-1, math.nan, math.inf):
        with pytest.raises(ValueError, match="m must lie in"):
            function(m, [1.0])
    with pytest.raises(TypeError, match="m must be a number"):
        function("2", [1.0])
