"""Transport of Gaussian measures: closed forms, integrals, other implementations."""

import math

import numpy as np
import pytest
from scipy.linalg import sqrtm

from geomsci.backends import LinAlgError, use_backend
from geomsci.entropic.pair_curvature import (
    entropic_curvature,
    entropic_curvature_dimension,
)
from geomsci.entropic.transport import (
    bures_wasserstein,
    coarse_ricci_curvature,
    displacement_interpolation,
    gaussian_entropic_curvature,
)
from geomsci.reference.entropic.entropies import gaussian_entropy


def covariance(rng, d=3):
    A = rng.standard_normal((d, 4 * d))
    return A @ A.T / (4 * d)


@pytest.fixture
def pair():
    """Means and covariances a0, C0, a1, C1, b, S of dimension 3."""
    rng = np.random.default_rng(3)
    found = []
    for _ in range(3):
        found += [rng.standard_normal(3), covariance(rng)]
    return found


def squared_distance(a0, C0, a1, C1):
    return np.sum((a1 - a0) ** 2) + bures_wasserstein(C0, C1) ** 2


def test_distance_is_the_trace_formula(pair):
    C0, C1 = pair[1], pair[3]
    root = sqrtm(C0)
    squared = np.trace(C0 + C1 - 2 * sqrtm(root @ C1 @ root).real)
    assert bures_wasserstein(C0, C1) ** 2 == pytest.approx(squared, rel=1e-13)


def test_distance_agrees_with_pot(pair):
    gaussian = pytest.importorskip("ot.gaussian")
    zero = np.zeros(3)
    expected = gaussian.bures_wasserstein_distance(zero, zero, pair[1], pair[3])
    assert bures_wasserstein(pair[1], pair[3]) == pytest.approx(expected, rel=1e-8)


def test_geodesics_divide_the_distance(pair):
    a0, C0, a1, C1 = pair[:4]
    law = displacement_interpolation(a0, C0, a1, C1, 0.3)
    whole = squared_distance(a0, C0, a1, C1)
    first = squared_distance(a0, C0, *law)
    second = squared_distance(*law, a1, C1)
    assert first == pytest.approx(0.09 * whole, rel=1e-12)
    assert second == pytest.approx(0.49 * whole, rel=1e-12)


def test_interpolation_ends_at_its_ends(xp, pair):
    native = [xp.asarray(v) for v in pair[:4]]
    t = np.array([0.0, 1.0])
    law = displacement_interpolation(*native, xp.asarray(t))
    kappa = np.linalg.cond(pair[1])
    xp.assert_close(law.covariance, np.stack([pair[1], pair[3]]), kappa=kappa)
    xp.assert_close(law.mean, np.stack([pair[0], pair[2]]), kappa=kappa)


@pytest.mark.parametrize("t", [0.5, 0.2])
@pytest.mark.parametrize("N", [math.inf, 5.0])
def test_curvature_is_that_of_the_three_entropies(pair, N, t):
    a0, C0, a1, C1, b, S = pair
    law = displacement_interpolation(a0, C0, a1, C1, t)
    E = [gaussian_entropy(a, C, b, S) for a, C in ((a0, C0), (a1, C1), law)]
    W2 = np.sqrt(squared_distance(a0, C0, a1, C1))
    expected = entropic_curvature_dimension(*E, W2, N, t)
    got = gaussian_entropic_curvature(*pair, t, N)
    assert got == pytest.approx(expected, rel=1e-11)


def test_entropy_is_its_integral_along_the_geodesic():
    a0, s0, a1, s1, b, S = -0.4, 0.7, 1.1, 1.6, 0.2, 2.0
    x = np.linspace(-16, 16, 20001)
    E = []
    for t in (0.0, 1.0, 0.5):
        a, s = (1 - t) * a0 + t * a1, (1 - t) * s0 + t * s1
        log_p = -(((x - a) / s) ** 2) / 2 - math.log(s)
        log_m = -(((x - b) / S) ** 2) / 2 - math.log(S)
        p = np.exp(log_p) / math.sqrt(2 * math.pi)
        E.append(np.sum(p * (log_p - log_m)) * (x[1] - x[0]))
    expected = entropic_curvature(*E, math.hypot(a1 - a0, s1 - s0))
    square = [np.full((1, 1), v * v) for v in (s0, s1, S)]
    means = [np.full(1, v) for v in (a0, a1, b)]
    got = gaussian_entropic_curvature(
        means[0], square[0], means[1], square[1], means[2], square[2]
    )
    assert got == pytest.approx(expected, rel=1e-11)


def test_close_pairs_give_the_second_derivative_of_the_entropy(pair):
    a0, C0, a1, C1, b, S = pair
    h = 1e-7
    law = displacement_interpolation(a0, C0, a1, C1, h)
    root = np.linalg.inv(sqrtm(C0))
    half = sqrtm(C0)
    D = root @ sqrtm(half @ C1 @ half).real @ root - np.eye(3)
    da, P = a1 - a0, np.linalg.inv(S)
    second = np.trace(D @ D) + da @ P @ da + np.trace(D @ P @ D @ C0)
    expected = second / squared_distance(a0, C0, a1, C1)
    got = gaussian_entropic_curvature(a0, C0, *law, b, S)
    # O(h) from the distance; the end's own rounding is eps/h of the displacement.
    assert got == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("distance", [1e-6, 1.0, 1e4])
def test_translations_have_the_curvature_of_the_reference(xp, distance):
    C = covariance(np.random.default_rng(5))
    a = np.zeros(3)
    e = np.array([0.6, 0.0, 0.8]) * distance
    native = [xp.asarray(v) for v in (a, C, e, C, a, 0.25 * np.eye(3))]
    got = gaussian_entropic_curvature(*native)
    xp.assert_close(got, np.array(4.0), kappa=np.linalg.cond(C))


def test_dilations_are_convex_in_flat_space(pair):
    a0, C0, _, C1, b, _ = pair
    flat = 1e12 * np.eye(3)
    assert gaussian_entropic_curvature(a0, C0, a0, C1, b, flat) > 0


def test_batches_are_their_members(pair):
    rng = np.random.default_rng(8)
    C1 = np.stack([covariance(rng) for _ in range(4)])
    a0, C0, a1, _, b, S = pair
    t = np.array([0.1, 0.4, 0.5, 0.8])
    whole = gaussian_entropic_curvature(a0, C0, a1, C1, b, S, t, 4.0)
    single = [
        gaussian_entropic_curvature(a0, C0, a1, C, b, S, float(s), 4.0)
        for C, s in zip(C1, t)
    ]
    assert whole == pytest.approx(np.array(single), rel=1e-13)


def test_coarse_curvature_of_gaussian_measures_is_below_the_hessian():
    # rho = N(0, A^-1): the local mean moves by J h e, J = (I + R^2 A)^-1.
    R, h, A = 0.7, 0.3, np.diag([2.0, -0.5])
    J = np.linalg.inv(np.eye(2) + R**2 * A)
    smoothed = A @ J
    for angle in np.linspace(0, np.pi, 7):
        e = np.array([np.cos(angle), np.sin(angle)])
        kappa = coarse_ricci_curvature(h * np.linalg.norm(J @ e), h, R=R)
        assert kappa <= e @ smoothed @ e + 1e-14
    along = coarse_ricci_curvature(h * J[0, 0], h, R=R)
    assert along == pytest.approx(smoothed[0, 0], rel=1e-14)


@pytest.mark.parametrize(
    ("place", "value", "error", "sentence"),
    [
        (0, np.zeros(2), ValueError, r"a0 must have shape \(\.\.\., 3\)"),
        (1, np.diag([1.0, 1.0, -1.0]), LinAlgError, "C0 must be positive definite"),
        (3, np.ones((3, 2)), ValueError, "C1 must be square"),
        (2, np.full(3, np.nan), ValueError, "a1 must be finite"),
        (6, 0.0, ValueError, "t must lie strictly"),
        (7, math.nan, ValueError, "N must be"),
    ],
)
def test_bad_input_is_refused(pair, place, value, error, sentence):
    arguments = [*pair, 0.5, 3.0]
    arguments[place] = value
    with pytest.raises(error, match=sentence):
        gaussian_entropic_curvature(*arguments)


def test_equal_measures_have_no_curvature():
    a, C = np.zeros(2), np.eye(2)
    with pytest.raises(ValueError, match="positive distance"):
        gaussian_entropic_curvature(a, C, a, C, a, C)


@pytest.mark.parametrize(("W2", "h"), [(-1.0, 1.0), (0.5, 0.0)])
def test_coarse_curvature_refuses_bad_distances(W2, h):
    with pytest.raises(ValueError, match="must be"):
        coarse_ricci_curvature(W2, h)


def test_arrays_cross_to_the_device_once(offload, pair):
    with use_backend("cupy") as record:
        got = gaussian_entropic_curvature(*pair)
    assert got == pytest.approx(float(gaussian_entropic_curvature(*pair)), rel=1e-12)
    assert [kind for kind, _ in record.transfers] == ["to device"] * 6 + ["to host"]
