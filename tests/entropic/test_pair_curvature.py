"""Curvature of a pair of measures from three entropies."""

import mpmath
import numpy as np
import pytest

from geomsci.entropic.pair_curvature import (
    entropic_curvature,
    entropic_curvature_dimension,
)
from geomsci.reference.entropic.entropies import exp_remainder, log_remainder

_POINTS = np.array([-0.999, -0.7, -0.26, -0.24, -1e-3, -1e-9, 0, 1e-5, 0.24, 0.6, 40])


def sigma(t, k, W):
    """The distortion coefficient with 40 digits, on the complex plane."""
    root = mpmath.sqrt(mpmath.mpc(k)) * W
    return mpmath.re(mpmath.sin(t * root) / mpmath.sin(root))


@pytest.mark.parametrize("y", _POINTS)
def test_remainders_keep_all_digits(y):
    with mpmath.workdps(90):
        z = mpmath.mpf(y) or mpmath.mpf("1e-30")
        exact = [(mpmath.expm1(z) - z) / z**2, (z - mpmath.log1p(z)) / z**2]
    got = [exp_remainder(np.array(y)), log_remainder(np.array(y))]
    assert np.array(got) == pytest.approx(np.array(exact, dtype=float), rel=2e-15)


@pytest.mark.parametrize("t", [0.5, 0.2, 0.95])
@pytest.mark.parametrize("N", [3, 0.7, 50, -4])
@pytest.mark.parametrize(
    "entropies", [(1.0, 2.0, 1.3), (1.0, 2.0, 1.9), (0.1, 0.1, -3.0), (9.0, 0.0, 2.0)]
)
def test_the_curvature_dimension_condition_holds_with_equality(entropies, N, t):
    E0, E1, Et = entropies
    W = 0.8
    K = entropic_curvature_dimension(E0, E1, Et, W, N, t)
    with mpmath.workdps(40):
        U = [mpmath.exp(-mpmath.mpf(E) / N) for E in entropies]
        k = mpmath.mpf(float(K)) / N
        right = sigma(1 - t, k, W) * U[0] + sigma(t, k, W) * U[1]
        # K is rounded: near the pole of sigma at pi^2 that counts K/(pi^2 - k W^2).
        h = abs(k) * mpmath.mpf(2) ** -40
        moved = sigma(1 - t, k + h, W) * U[0] + sigma(t, k + h, W) * U[1] - right
        allowed = 64 * np.finfo(float).eps * (U[2] + abs(moved) * 2**40)
        assert abs(U[2] - right) < allowed


def test_small_distances_keep_their_digits():
    # Ent = K x^2 / 2 + a x on a line of translations; N finite adds the slope.
    N, K, W = 1e4, 2.0, 0.01
    E = lambda x: K * mpmath.mpf(x) ** 2 / 2  # noqa: E731
    with mpmath.workdps(60):
        x0 = mpmath.mpf("0.3")
        values = [E(x0), E(x0 + W), E(x0 + mpmath.mpf(W) / 2)]
        r = sum(mpmath.exp(-(v - values[2]) / N) for v in values[:2]) / 2
        exact = float(4 * N / mpmath.mpf(W) ** 2 * mpmath.acos(r) ** 2)
        low = [float(v - values[2]) for v in values]
    got = entropic_curvature_dimension(low[0], low[1], 0.0, W, N)
    # the gap is 1/60 of a difference of entropies; each holds 2^-53 of itself
    assert got == pytest.approx(exact, rel=1e-11)


def test_infinite_dimension_is_the_limit():
    E = (1.0, 1.4, 1.1, 0.9)
    K = entropic_curvature(*E)
    gaps = [entropic_curvature_dimension(*E, N=N) - K for N in (1e3, 1e4, 1e5)]
    assert gaps[0] / gaps[1] == pytest.approx(10, rel=1e-2)
    assert entropic_curvature_dimension(*E) == K


@pytest.mark.parametrize("t", [0.5, 0.25])
def test_every_library_agrees(xp, t):
    rng = np.random.default_rng(1)
    E0, E1 = rng.standard_normal((2, 6))
    Et, W = rng.standard_normal(6) - 1, rng.uniform(1, 2, 6)
    arrays = [E0, E1, Et, W]
    native = [xp.asarray(v) for v in arrays]
    for N in (np.inf, 3.0):
        expected = entropic_curvature_dimension(*arrays, N, t)
        got = entropic_curvature_dimension(*native, N, t)
        xp.assert_close(got, expected, kappa=50)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"W2": 0.0}, "W2 must be positive"),
        ({"t": 1.0}, "t must lie strictly"),
        ({"N": 0.0}, "other than zero"),
        ({"E0": np.nan}, "E0 must be finite"),
        ({"E0": np.zeros(3), "E1": np.zeros(2)}, "E1 must broadcast"),
        ({"E0": 5e3}, "differ by at most 600 N"),
    ],
)
def test_bad_input_is_refused(change, sentence):
    named = {"E0": 1.0, "E1": 1.0, "Eh": 0.5, "W2": 1.0, "N": 3.0, "t": 0.5} | change
    with pytest.raises(ValueError, match=sentence):
        entropic_curvature_dimension(**named)
