"""Catalogue curvature: exact cases, identities, invariances, voids, bad input."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from geomsci import use_backend
from geomsci.backends import threads
from geomsci.entropic import catalogue

EPS = float(np.finfo(np.float64).eps)
CUT_ERROR = 3e-12  # what the cut at 8 R costs in R^2 K
BOTH = pytest.mark.parametrize("backend", ["reference", "numba"])
DIMENSIONS = pytest.mark.parametrize("d", [1, 2, 3])


def _places(m, n, d, seed=0):
    rng = np.random.default_rng(seed)
    return rng.uniform(-4, 4, (m, d)), rng.normal(0, 3, (n, d))


def _single(x):
    return x.astype(np.float32).astype(np.float64)


def _exact(x, positions, weights, R):
    """Log weight, mean and covariance of one place, in 40 digits, without a cut."""
    with mpmath.workdps(40):
        total, rows = mpmath.mpf(0), [[mpmath.mpf(v) for v in y] for y in positions]
        terms = []
        for y, w in zip(rows, weights, strict=True):
            r2 = sum((a - mpmath.mpf(b)) ** 2 for a, b in zip(y, x, strict=True))
            terms.append(mpmath.mpf(w) * mpmath.exp(-r2 / (2 * mpmath.mpf(R) ** 2)))
        total = mpmath.fsum(terms)
        d = len(x)
        mean = [
            mpmath.fsum(t * y[i] for t, y in zip(terms, rows, strict=True)) / total
            for i in range(d)
        ]
        C = [
            [
                mpmath.fsum(
                    t * (y[i] - mean[i]) * (y[j] - mean[j])
                    for t, y in zip(terms, rows, strict=True)
                )
                / total
                for j in range(d)
            ]
            for i in range(d)
        ]
        values = mpmath.log(total), mean, C
        return float(values[0]), np.array(mean, float), np.array(C, float)


@BOTH
@DIMENSIONS
def test_moments_are_the_sums_in_forty_digits(backend, d):
    points, positions = _places(4, 25, d)
    weights = np.random.default_rng(1).uniform(0.1, 3, 25)
    with use_backend(backend):
        found = catalogue.local_moments(points, positions, 0.7, weights=weights)
    for i in range(4):
        log_weight, mean, C = _exact(points[i], positions, weights, 0.7)
        np.testing.assert_allclose(found.log_weight[i], log_weight, rtol=64 * EPS)
        np.testing.assert_allclose(found.mean[i], mean, atol=CUT_ERROR)
        np.testing.assert_allclose(found.covariance[i], C, atol=CUT_ERROR)


@pytest.mark.capability("entropic.local_moments")
@pytest.mark.parametrize("box_size", [None, 9.0])
def test_every_library_finds_the_same_moments(xp, box_size):
    # Values that single precision holds: only the result is rounded.
    points, positions = (_single(a) for a in _places(5, 30, 3, seed=2))
    weights = _single(np.linspace(0.5, 2, 30))
    options = {"box_size": box_size}
    want = catalogue.local_moments(points, positions, 1.5, weights=weights, **options)
    found = catalogue.local_moments(
        xp.asarray(points), xp.asarray(positions), 1.5, weights=xp.asarray(weights),
        **options,
    )  # fmt: skip
    # Sums are about the nearest neighbour, whose distance in R is the condition.
    for got, expected in zip(found, want, strict=True):
        xp.assert_close(got, expected, kappa=64, n=30)


@DIMENSIONS
@pytest.mark.parametrize("box_size", [None, 10.0])
@pytest.mark.parametrize("R", [0.05, 0.4, 2.5])
def test_kernel_makes_the_sums_of_the_reference(d, box_size, R):
    points, positions = _places(60, 300, d, seed=3)
    weights = np.random.default_rng(4).uniform(0.01, 1, 300)
    results = []
    for backend in ("reference", "numba"):
        with use_backend(backend) as record:
            results.append(
                catalogue.local_moments(
                    points, positions, R, weights=weights, box_size=box_size
                )
            )
        assert record.calls[-1].implementation == backend
    scale = (np.abs(points).max() + 10) ** 2
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=256 * EPS, atol=64 * EPS * scale)


@BOTH
@DIMENSIONS
@pytest.mark.parametrize("distance", [0.0, 3.0, 1e3, 1e7])
def test_one_point_has_the_largest_curvature_at_any_distance(backend, d, distance):
    x = np.full((1, d), distance)
    with use_backend(backend):
        K = catalogue.catalogue_curvature(x, np.zeros((1, d)), 2.0)
        u = catalogue.catalogue_log_density(x, np.zeros((1, d)), 2.0)
    np.testing.assert_array_equal(K[0], np.eye(d) / 4)
    want = -d * distance**2 / 8 - 0.5 * d * np.log(8 * np.pi)
    np.testing.assert_allclose(u, want, rtol=8 * EPS)


@BOTH
@pytest.mark.parametrize("R", [0.01, 0.3, 5.0])
def test_no_eigenvalue_is_above_the_bound(backend, R):
    points, positions = _places(200, 400, 3, seed=5)
    points = np.concatenate([points, positions[:100]])
    with use_backend(backend):
        K = catalogue.catalogue_curvature(points, positions, R)
    found = np.linalg.eigvalsh(K) * R**2
    scale = np.maximum(1, np.abs(found).max(axis=1))
    assert np.all(found[:, -1] <= 1 + 64 * EPS * scale)


@BOTH
def test_two_points_have_the_curvature_of_a_mixture(backend):
    x = np.linspace(-3, 3, 13)[:, None]
    with use_backend(backend):
        K = catalogue.catalogue_curvature(x, np.array([[-1.0], [1.0]]), 0.8)[:, 0, 0]
    # log cosh(x / R^2) is the part of log rho that is not quadratic.
    want = (1 - 1 / np.cosh(x[:, 0] / 0.64) ** 2 / 0.64) / 0.64
    np.testing.assert_allclose(K, want, rtol=0, atol=256 * EPS * np.abs(want).max())


@BOTH
def test_gaussian_mass_has_the_precision_of_the_sum(backend):
    """A fine lattice with Gaussian weights is a Gaussian density to round-off."""
    S, R = np.array([[1.0, 0.3], [0.3, 0.6]]), 0.5
    axis = np.arange(-40, 41) * 0.2
    positions = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    q = np.einsum("ni,ij,nj->n", positions, np.linalg.inv(S), positions)
    points = np.array([[0.0, 0.0], [0.7, -0.2], [-1.1, 0.4]])
    with use_backend(backend):
        K = catalogue.catalogue_curvature(
            points, positions, R, weights=np.exp(-q / 2) + 1e-300
        )
    want = np.linalg.inv(S + R**2 * np.eye(2))
    np.testing.assert_allclose(K, [want] * 3, atol=1e-11)


@BOTH
@pytest.mark.parametrize("d", [1, 2])
def test_every_periodic_image_counts(backend, d):
    """R = 0.3 L, against explicit sums over all images within nine periods."""
    L, R = 2.0, 0.6
    rng = np.random.default_rng(6)
    points, positions = rng.uniform(0, L, (5, d)), rng.uniform(0, L, (4, d))
    shifts = np.stack(np.meshgrid(*[np.arange(-9, 10) * L] * d), -1).reshape(-1, d)
    images = (positions[:, None] + shifts).reshape(-1, d)
    with use_backend(backend):
        found = catalogue.local_moments(points, positions, R, box_size=L)
        want = catalogue.local_moments(points, images, R)
    for a, b in zip(found, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-13)


@BOTH
def test_points_outside_the_box_are_wrapped_into_it(backend):
    points, positions = _places(20, 50, 3, seed=7)
    box = np.array([5.0, 8.0, 6.5])
    with use_backend(backend):
        a = catalogue.catalogue_curvature(points, positions, 1.0, box_size=box)
        b = catalogue.catalogue_curvature(
            points + 3 * box, positions - 2 * box, 1.0, box_size=box
        )
    np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


@BOTH
def test_invariant_under_translation_rotation_and_scaling(backend):
    points, positions = _places(30, 200, 3, seed=8)
    Q = np.linalg.qr(np.random.default_rng(9).standard_normal((3, 3)))[0]
    with use_backend(backend):
        K = catalogue.catalogue_curvature(points, positions, 0.8)
        moved = catalogue.catalogue_curvature(
            3 * points @ Q.T + 5, 3 * positions @ Q.T + 5, 2.4
        )
    # A pair at the edge of the cut may fall on either side of it.
    np.testing.assert_allclose(9 * moved, Q @ K @ Q.T, atol=CUT_ERROR / 0.64)


@BOTH
@pytest.mark.parametrize("distance", [1e2, 1e4, 1e8, 1e12])
def test_void_points_stay_finite(backend, distance):
    _, positions = _places(1, 100, 3, seed=10)
    x = np.array([[distance, -distance, 0.5 * distance], [distance, 0.0, 0.0]])
    with use_backend(backend):
        found = catalogue.local_moments(x, positions, 0.5)
        K = catalogue.catalogue_curvature(x, positions, 0.5)
    assert all(np.all(np.isfinite(a)) for a in (*found, K))
    assert np.linalg.eigvalsh(K).max() <= 4 * (1 + 64 * EPS * np.abs(K).max())


@BOTH
def test_weights_count_points(backend):
    points, positions = _places(20, 40, 2, seed=11)
    counts = np.random.default_rng(12).integers(1, 5, 40)
    with use_backend(backend):
        a = catalogue.local_moments(points, positions, 0.9, weights=counts)
        b = catalogue.local_moments(points, np.repeat(positions, counts, axis=0), 0.9)
    for x, y in zip(a, b, strict=True):
        np.testing.assert_allclose(x, y, rtol=0, atol=10 * CUT_ERROR)


@BOTH
def test_extreme_weights_keep_the_sums_finite(backend):
    positions, weights = np.array([[0.0], [1.0], [2.0]]), [1e-300, 1e300, 1e-10]
    with use_backend(backend):
        found = catalogue.local_moments(positions, positions, 0.1, weights=weights)
    np.testing.assert_allclose(found.mean[:, 0], 1.0, rtol=1e-12)
    want = np.log(1e300) - 50 * np.array([1.0, 0.0, 1.0])
    np.testing.assert_allclose(found.log_weight, want, rtol=8 * EPS)


@pytest.mark.parametrize(("dimension", "convention"), [
    (np.inf, "rigid"), (7.0, "bakry-emery"), (4.0, "rigid"), (-2.0, "bakry-emery"),
])  # fmt: skip
def test_finite_dimension_is_the_hessian_of_a_power(dimension, convention):
    """-n rho^(-1/n) Hess rho^(1/n) by explicit derivatives of the sum."""
    points, positions = _places(10, 60, 3, seed=13)
    R = 1.7
    D = positions - points[:, None]
    g = np.exp(-(D**2).sum(-1) / (2 * R * R))
    rho = g.sum(1)
    first = np.einsum("mn,mni->mi", g, D) / R**2
    second = np.einsum("mn,mni,mnj->mij", g, D, D) / R**4
    second -= rho[:, None, None] * np.eye(3) / R**2
    n = dimension - 3 if convention == "bakry-emery" else dimension
    outer = first[:, :, None] * first[:, None] / rho[:, None, None]
    want = -(second + (1 / n - 1) * outer) / rho[:, None, None]
    K = catalogue.catalogue_curvature(
        points, positions, R, dimension=dimension, convention=convention
    )
    np.testing.assert_allclose(K, want, rtol=0, atol=1e-11)


def test_dimension_four_is_the_plain_density_hessian():
    """n = 1: the trace of K is -Lap rho / rho, zero at the inflection d R^2."""
    x = np.array([[np.sqrt(3.0) * 2.0, 0.0, 0.0]])
    K = catalogue.catalogue_curvature(x, np.zeros((1, 3)), 2.0, dimension=4)
    assert abs(np.trace(K[0])) <= 8 * EPS


@DIMENSIONS
@pytest.mark.parametrize("dimension", [np.inf, 5.0])
def test_probes_approach_the_tensor_at_second_order(d, dimension):
    points, positions = _places(12, 80, d, seed=14)
    K = catalogue.catalogue_curvature(
        points, positions, 2.0, dimension=dimension, convention="rigid"
    )
    errors = [
        np.linalg.norm(
            catalogue.catalogue_probe_curvature(
                points, positions, 2.0, h, dimension=dimension
            )
            - K
        )
        for h in (0.4, 0.2, 0.1)
    ]
    ratios = np.array(errors[:-1]) / errors[1:]
    assert np.all((ratios > 3.9) & (ratios < 4.1))


def test_gradient_of_the_log_density_is_the_mean_shift():
    points, positions = _places(10, 80, 3, seed=15)
    R, h = 1.3, 1e-4
    shift = catalogue.local_moments(points, positions, R).mean - points
    for i in range(3):
        e = h * np.eye(3)[i]
        u = [
            catalogue.catalogue_log_density(points + s * e, positions, R)
            for s in (1, -1)
        ]
        np.testing.assert_allclose(
            (u[0] - u[1]) / (2 * h), shift[:, i] / R**2, atol=1e-7
        )


def test_catalogue_is_a_smoothing_on_a_fine_grid():
    """Eighth-order differences of log rho on a grid of direct sums of Gaussians."""
    _, positions = _places(1, 40, 2, seed=16)
    R, h = 1.5, 0.15
    c = np.array([-205 / 72, 8 / 5, -1 / 5, 8 / 315, -1 / 560])
    x0 = np.array([0.3, -0.8])

    def log_rho(x):
        return np.log(np.exp(-((positions - x) ** 2).sum(1) / (2 * R * R)).sum())

    K = catalogue.catalogue_curvature(x0[None], positions, R)[0]
    for e in (np.eye(2)[0], np.eye(2)[1], np.ones(2) / np.sqrt(2)):
        second = c[0] * log_rho(x0) + sum(
            c[k] * (log_rho(x0 + k * h * e) + log_rho(x0 - k * h * e))
            for k in range(1, 5)
        )
        # The difference errs by (h / R)^8 / 3000 of the tenth derivative.
        np.testing.assert_allclose(e @ K @ e, -second / h**2, atol=1e-8)


def test_float32_positions_are_summed_in_double_precision():
    points, positions = (a.astype(np.float32) for a in _places(10, 3000, 3, seed=17))
    single = catalogue.catalogue_curvature(points, positions, 1.0)
    double = catalogue.catalogue_curvature(
        points.astype(float), positions.astype(float), 1.0
    )
    assert single.dtype == np.float32
    np.testing.assert_array_equal(single, double.astype(np.float32))


def test_results_depend_on_neither_threads_nor_the_order_of_the_points():
    points, positions = _places(400, 300, 3, seed=18)
    K = catalogue.catalogue_curvature(points, positions, 0.5)
    with threads.at_most(1):
        alone = catalogue.catalogue_curvature(points[::-1], positions, 0.5)
    np.testing.assert_array_equal(K, alone[::-1])


def test_no_points_make_an_empty_result():
    K = catalogue.catalogue_curvature(np.zeros((0, 2)), np.zeros((3, 2)), 1.0)
    assert K.shape == (0, 2, 2)


GOOD = np.zeros((2, 3)), np.ones((4, 3)), 1.0


@pytest.mark.parametrize(("arguments", "options", "message"), [
    ((GOOD[0], np.ones((0, 3)), 1.0), {}, "positions must hold at least one"),
    ((GOOD[0], np.ones((4, 2)), 1.0), {}, "as many columns as points, 3, got 2"),
    ((np.zeros(3), GOOD[1], 1.0), {}, "points must have shape"),
    ((np.zeros((2, 4)), np.ones((4, 4)), 1.0), {}, "d = 1, 2 or 3"),
    ((GOOD[0], np.full((4, 3), np.nan), 1.0), {}, "positions must be finite"),
    ((np.full((2, 3), np.inf), GOOD[1], 1.0), {}, "points must be finite"),
    ((*GOOD[:2], 0.0), {}, "R must be positive"),
    ((*GOOD[:2], np.nan), {}, "R must be positive"),
    (GOOD, {"weights": [1.0, 2.0, 0.0, 1.0]}, "weights must be positive"),
    (GOOD, {"weights": [1.0, 2.0, -1.0, 1.0]}, "weights must be positive"),
    (GOOD, {"weights": [1.0, 2.0, np.nan, 1.0]}, "weights must be finite"),
    (GOOD, {"weights": [1.0, 2.0]}, "weights must have shape"),
    (GOOD, {"box_size": [1.0, 2.0]}, "box_size must be one number"),
    (GOOD, {"box_size": -1.0}, "box_size must be positive"),
    (GOOD, {"box_size": 1.5}, "R must be at most half the box"),
    (GOOD, {"dimension": 3.0}, "dimension must be above 3"),
    (GOOD, {"convention": "other"}, "convention must be one of"),
])  # fmt: skip
def test_bad_input_is_refused_in_one_sentence(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        catalogue.catalogue_curvature(*arguments, **options)


def test_complex_positions_are_a_type_error():
    with pytest.raises(TypeError, match="must be real"):
        catalogue.local_moments(GOOD[0], GOOD[1] * 1j, 1.0)


def test_a_step_of_zero_is_refused():
    with pytest.raises(ValueError, match="step must be positive"):
        catalogue.catalogue_probe_curvature(*GOOD, 0.0)
