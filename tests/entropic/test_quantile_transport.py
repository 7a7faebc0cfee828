"""Monotone transport on a line and curvature between local measures."""

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq

from geomsci.entropic.local_transport import (
    local_bures_curvature,
    local_quantile_curvature,
)
from geomsci.entropic.pair_curvature import entropic_curvature_dimension
from geomsci.entropic.transport import (
    gaussian_entropic_curvature,
    quantile_entropic_curvature,
)
from geomsci.reference.entropic import quantile_transport as reference

_X = np.linspace(-12, 12, 481)


def bell(a, s, x=_X):
    return np.exp(-(((x - a) / s) ** 2) / 2)


def log_density(x):
    """A density with both signs of curvature."""
    return np.cos(1.1 * x) + 0.5 * np.sin(2.3 * x + 0.4)


def curvature(x):
    return 1.21 * np.cos(1.1 * x) + 0.5 * 2.3**2 * np.sin(2.3 * x + 0.4)


@pytest.mark.parametrize("t", [0.5, 0.2])
@pytest.mark.parametrize("N", [math.inf, 3.0])
def test_gaussian_densities_have_the_gaussian_curvature(N, t):
    a0, s0, a1, s1, b, S = -1.0, 0.8, 1.2, 1.5, 0.3, 2.0
    got = quantile_entropic_curvature(
        _X, bell(a0, s0), bell(a1, s1), np.log(bell(b, S)), t, N
    )
    means = [np.full(1, v) for v in (a0, a1, b)]
    square = [np.full((1, 1), v * v) for v in (s0, s1, S)]
    expected = gaussian_entropic_curvature(
        means[0], square[0], means[1], square[1], means[2], square[2], t, N
    )
    # Fourth order: 16 points a standard deviation.
    assert got == pytest.approx(expected, rel=1e-10)


def test_the_error_falls_at_fourth_order():
    def error(n):
        x = np.linspace(0, 1, n)
        p0, p1 = 1 + x**2, 2 + np.sin(3 * x)
        transport = reference.quantile_transport(reference.grid_of(x), p0, p1)
        mass = [4 / 3, 2 + (1 - math.cos(3)) / 3]

        def gap(y, u):
            return (2 * y + (1 - math.cos(3 * y)) / 3) / mass[1] - u

        T = [brentq(gap, 0, 1, args=((v + v**3 / 3) / mass[0],), xtol=1e-15) for v in x]
        return np.max(np.abs(x + transport.displacement - T))

    errors = [error(n) for n in (11, 21, 41, 81)]
    assert errors[2] / errors[3] > 12
    assert errors[3] < 1e-7


def test_entropies_of_a_jump_agree_with_direct_integration():
    # Uniform on [0, 1] to the density 2 y: T = sqrt(x), m = exp(-x^2).
    n, t = 4001, 0.5
    x = np.linspace(0, 1, n)
    p0, p1 = np.ones(n), 0.5 + x
    log_m = -(x**2)

    def T(v):
        return (-1 + math.sqrt(1 + 8 * v)) / 2

    def rate(v):
        return 2 / math.sqrt(1 + 8 * v)

    def entropy(s):
        def term(v):
            y = (1 - s) * v + s * T(v)
            return y * y - math.log(1 - s + s * rate(v))

        return quad(term, 0, 1, epsabs=1e-14)[0]

    W2 = math.sqrt(quad(lambda v: (T(v) - v) ** 2, 0, 1, epsabs=1e-16)[0])
    for N in (math.inf, 2.0):
        expected = entropic_curvature_dimension(
            entropy(0.0), entropy(1.0), entropy(t), W2, N
        )
        got = quantile_entropic_curvature(x, p0, p1, log_m, t, N)
        assert got == pytest.approx(expected, rel=1e-9)


def test_distance_agrees_with_pot():
    ot = pytest.importorskip("ot")
    p0, p1 = bell(-1, 0.5) + 0.3 * bell(2, 0.4), bell(1, 1.0)
    grid = reference.grid_of(_X)
    transport = reference.quantile_transport(grid, p0, p1)
    v = transport.displacement
    ours = np.sum(transport.p0 * v * v) * (_X[1] - _X[0])
    theirs = ot.wasserstein_1d(_X, _X, p0 / p0.sum(), p1 / p1.sum(), p=2)
    # POT moves atoms: its error is of the order of the spacing squared.
    assert ours == pytest.approx(theirs, abs=2 * (_X[1] - _X[0]) ** 2)


def test_both_tails_keep_their_digits():
    grid = reference.grid_of(_X)
    transport = reference.quantile_transport(grid, bell(0, 1), bell(1, 1))
    inside = np.abs(_X) < 8  # the mass beyond, 1e-15, is lost beside 1
    # Both laws have the same cells; 481 additions, each rounded.
    error = np.max(np.abs(transport.displacement[inside] - 1))
    assert error < _X.size * np.finfo(float).eps


def test_translations_of_a_probe_see_the_multiplier():
    # -d^2 of cos kx, averaged over the probe and the step: k^2 sinc^2 exp.
    k, s, h = 1.3, 0.5, 1e-2
    x = np.linspace(-8, 8, 1601)
    z = k * h / 4
    expected = k * k * (math.sin(z) / z) ** 2 * math.exp(-((k * s) ** 2) / 2)
    got = quantile_entropic_curvature(
        x, bell(-h / 2, s, x), bell(h / 2, s, x), np.cos(k * x)
    )
    assert got == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("measure", ["density", "smoothed"])
def test_quantile_transport_converges_to_the_hessian_at_second_order(measure):
    x, points = np.linspace(-6, 6, 2401), np.linspace(-2, 2, 21)
    rho = np.exp(log_density(x))
    errors = []
    for R in (0.2, 0.1, 0.05):
        K = local_quantile_curvature(x, rho, points, R, R, measure=measure)
        errors.append(np.linalg.norm(K - curvature(points)))
    ratios = np.array(errors[:-1]) / errors[1:]
    assert ratios == pytest.approx(4.0, abs=0.7)
    assert abs(ratios[1] - 4) < abs(ratios[0] - 4)


def moments(x, rho, centres, R):
    """Means and variances of the local measures."""
    p = rho * np.exp(-(((x - centres[:, None]) / R) ** 2) / 2)
    p /= p.sum(axis=1, keepdims=True)
    mean = p @ x
    return mean[:, None], ((p @ x**2) - mean**2)[:, None, None]


def test_bures_transport_converges_to_the_hessian_at_second_order():
    x, points = np.linspace(-6, 6, 4801), np.linspace(-2, 2, 21)
    rho = np.exp(log_density(x))
    errors = []
    for R in (0.2, 0.1, 0.05):
        ends = [moments(x, rho, points + s * R / 2, R) for s in (-1, 1)]
        C = moments(x, rho, points, R)[1]
        K = local_bures_curvature(*ends[0], *ends[1], C, R)
        errors.append(np.linalg.norm(K - curvature(points)))
    ratios = np.array(errors[:-1]) / errors[1:]
    assert ratios == pytest.approx(4.0, abs=0.7)
    assert abs(ratios[1] - 4) < abs(ratios[0] - 4)


@pytest.mark.parametrize("measure", ["density", "smoothed"])
def test_quadratic_log_densities_have_the_closed_form(measure):
    R, h, A = 0.7, 0.3, np.array([[2.0, 0.3], [0.3, 0.5]])
    J = np.linalg.inv(np.eye(2) + R**2 * A)
    C = R**2 * J
    e = np.array([0.6, 0.8])
    step = J @ e
    middle = A if measure == "density" else A @ J
    expected = step @ middle @ step / (step @ step)
    a = 0.5 * h * step
    got = local_bures_curvature(-a, C, a, C, C, R, measure=measure)
    assert got == pytest.approx(expected, rel=1e-12)


def test_smoothed_reference_of_a_gaussian_is_its_precision():
    x, s, R = np.linspace(-12, 12, 1201), 1.3, 0.6
    got = local_quantile_curvature(
        x, bell(0, s, x), np.zeros(1), R, 0.4, measure="smoothed"
    )
    assert got == pytest.approx(1 / (s * s + R * R), rel=1e-8)


@pytest.mark.parametrize("N", [math.inf, 4.0])
def test_every_library_agrees(xp, N):
    x = np.linspace(-6, 6, 97)
    p0 = np.stack([bell(-1, 0.8, x), bell(0, 1, x)])
    arrays = [x, p0, bell(1, 1.0, x), np.cos(x)]
    expected = quantile_entropic_curvature(*arrays, 0.4, N)
    got = quantile_entropic_curvature(*[xp.asarray(v) for v in arrays], 0.4, N)
    xp.assert_close(got, expected, kappa=100, n=97)


def test_local_curvature_is_the_same_in_every_library(xp):
    x, points = np.linspace(-6, 6, 241), np.array([-0.5, 0.3])
    rho = np.exp(log_density(x))
    expected = local_quantile_curvature(x, rho, points, 0.4, 0.4)
    native = [xp.asarray(v) for v in (x, rho, points)]
    got = local_quantile_curvature(*native, 0.4, 0.4)
    xp.assert_close(got, expected, kappa=1e3, n=241)


def test_gaps_in_a_density_are_crossed():
    x = np.linspace(0, 1, 101)
    p0 = np.where(np.abs(x - 0.5) > 0.25, 1.0, 0.0)
    K = quantile_entropic_curvature(x, p0, np.ones(101), np.zeros(101))
    assert K > 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"x": np.arange(4.0)}, "at least 5 points"),
        ({"x": -_X}, "x must rise"),
        ({"p0": -bell(0, 1)}, "p0 must be non-negative"),
        ({"p1": 0 * _X}, "p1 must have mass"),
        ({"p1": bell(0, 1)[:-1]}, "p1 must have shape"),
        ({"log_m": np.log(np.abs(_X) > 1, where=np.abs(_X) > 1, out=_X * np.nan)},
         "log_m must be finite"),
        ({"p1": bell(-1, 1)}, "positive distance"),
        ({"t": 1.5}, "t must lie strictly"),
    ],
)  # fmt: skip
def test_bad_input_is_refused(change, sentence):
    named = {"x": _X, "p0": bell(-1, 1), "p1": bell(1, 1), "log_m": 0 * _X} | change
    with pytest.raises(ValueError, match=sentence):
        quantile_entropic_curvature(**named)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"R": 0.0}, "R must be positive"),
        ({"measure": "rho"}, "measure must be one of"),
        ({"points": np.array([12.0])}, "points must lie in the grid"),
        ({"rho": np.where(np.abs(_X) > 1, 1.0, 0.0)}, "rho must be positive"),
        ({"rho": np.ones((2, 481))}, "rho must have shape"),
    ],
)
def test_bad_local_input_is_refused(change, sentence):
    named = {"x": _X, "rho": bell(0, 3), "points": np.zeros(1), "R": 1.0, "h": 0.5}
    with pytest.raises(ValueError, match=sentence):
        local_quantile_curvature(**(named | change))
