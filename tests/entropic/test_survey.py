"""Survey form: randoms as the reference measure; shot noise."""

from __future__ import annotations

import numpy as np
import pytest

from geomsci.entropic import catalogue, shot_noise, survey


def _ball(rng, n, radius):
    x = rng.standard_normal((n, 3))
    r = radius * rng.uniform(size=(n, 1)) ** (1 / 3)
    return x / np.linalg.norm(x, axis=1, keepdims=True) * r


def test_relative_curvature_is_the_difference_of_the_two():
    rng = np.random.default_rng(0)
    points, data = rng.uniform(-1, 1, (10, 2)), rng.normal(size=(50, 2))
    randoms, w = rng.normal(size=(200, 2)), rng.uniform(0.5, 2, 50)
    v = rng.uniform(0.5, 2, 200)
    K = survey.survey_curvature(points, data, randoms, 0.7, weights=w, random_weights=v)
    want = catalogue.catalogue_curvature(points, data, 0.7, weights=w)
    want = want - catalogue.catalogue_curvature(points, randoms, 0.7, weights=v)
    np.testing.assert_allclose(K, want, rtol=0, atol=1e-13)


def test_selection_of_the_data_alone_has_no_curvature():
    rng = np.random.default_rng(1)
    points, data = rng.uniform(-1, 1, (10, 3)), rng.normal(size=(50, 3))
    K = survey.survey_curvature(points, data, data, 0.7, dimension=5)
    u = survey.survey_log_density(points, data, np.tile(data, (3, 1)), 0.7)
    np.testing.assert_allclose(K, 0, atol=1e-14)
    np.testing.assert_allclose(u, 0, atol=1e-14)


def test_selection_cancels_exactly_from_weights():
    """Data = selection x structure: K is that of the structure to the grid's order."""
    axis = (np.arange(-40, 41) * 0.25)[:, None]
    selection = np.exp(-(axis[:, 0] ** 2) / 8)
    structure = np.exp(0.4 * axis[:, 0])
    points = np.linspace(-2, 2, 9)[:, None]
    args = points, axis, axis, 0.5
    weights = {"weights": selection * structure, "random_weights": selection}
    # Smoothing keeps Gaussians Gaussian: log(rho / rho_rand) is linear here.
    K = survey.survey_curvature(*args, **weights)
    np.testing.assert_allclose(K, 0, atol=1e-10)
    K = survey.survey_curvature(*args, **weights, dimension=3.0)
    slope = 0.4 * 4 / (4 + 0.25)
    np.testing.assert_allclose(K, -(slope**2) / 2, atol=1e-10)


def test_gradient_of_a_finite_dimension_is_relative():
    rng = np.random.default_rng(2)
    x, data, randoms = (rng.normal(size=(n, 2)) for n in (6, 40, 90))
    K = survey.survey_curvature(x, data, randoms, 0.9)
    KN = survey.survey_curvature(
        x, data, randoms, 0.9, dimension=4.0, convention="rigid"
    )
    means = [catalogue.local_moments(x, y, 0.9).mean for y in (data, randoms)]
    g = (means[0] - means[1]) / 0.81
    want = K - g[:, :, None] * g[:, None, :] / 4
    np.testing.assert_allclose(KN, want, rtol=0, atol=1e-13)


@pytest.mark.parametrize(("d", "L", "density"), [
    (1, 10_000.0, 40), (2, 90.0, 30), (3, 24.0, 15),
])  # fmt: skip
def test_shot_noise_follows_its_law(d, L, density):
    """Poisson points, many in a ball of radius R = 1: the rms of tr K within 5 %."""
    rng = np.random.default_rng(3)
    positions = rng.uniform(0, L, (rng.poisson(density * L**d), d))
    points = rng.uniform(0, L, (4000, d))
    K = catalogue.catalogue_curvature(points, positions, 1.0, box_size=L)
    found = np.sqrt(np.mean(np.trace(K, axis1=1, axis2=2) ** 2))
    noise = shot_noise(float(density), 1.0, n_axes=d)
    assert found == pytest.approx(float(noise.trace_std), rel=0.05)


def test_shot_noise_in_space_is_the_number_of_the_law():
    want = np.sqrt(15 * np.sqrt(np.pi) / (32 * np.pi**2 * 0.02)) / 2**3.5
    assert float(shot_noise(0.02, 2.0).trace_std) == pytest.approx(want, rel=1e-14)


def test_randoms_remove_the_bias_of_an_edge():
    """Homogeneous ball: near the edge tr K is biased, relative to randoms it is not."""
    rng = np.random.default_rng(4)
    data, randoms = _ball(rng, 8000, 10.0), _ball(rng, 80_000, 10.0)
    points = _ball(rng, 4000, 10.0)
    points = points[np.linalg.norm(points, axis=1) > 9.2]
    R = 1.5
    raw = catalogue.catalogue_curvature(points, data, R)
    relative = survey.survey_curvature(points, data, randoms, R)
    bias, left = (np.trace(K, axis1=1, axis2=2).mean() for K in (raw, relative))
    sigma = float(shot_noise(8000 / (4 / 3 * np.pi * 1000), R).trace_std)
    assert bias > 2 * sigma
    assert abs(left) < 0.2 * sigma


@pytest.mark.capability("entropic.survey_curvature")
def test_every_library_finds_the_same_relative_curvature(xp):
    rng = np.random.default_rng(5)
    # Values that single precision holds: only the result is rounded.
    arrays = [
        rng.normal(size=(n, 2)).astype(np.float32).astype(float) for n in (6, 40, 90)
    ]
    want = survey.survey_curvature(*arrays, 0.9)
    u = survey.survey_log_density(*arrays, 0.9)
    given = [xp.asarray(a) for a in arrays]
    xp.assert_close(survey.survey_curvature(*given, 0.9), want, kappa=64, n=90)
    xp.assert_close(survey.survey_log_density(*given, 0.9), u, kappa=64, n=90)


@pytest.mark.parametrize(("randoms", "options", "message"), [
    (None, {}, "got None: without one use catalogue_curvature"),
    (np.ones((0, 2)), {}, "randoms must hold at least one"),
    (np.ones((5, 3)), {}, "randoms must have as many columns"),
    (np.ones((5, 2)), {"random_weights": [1.0]}, "random_weights must have shape"),
    (np.ones((2, 2)), {"random_weights": [1.0, 0.0]}, "random_weights must be posit"),
])  # fmt: skip
def test_bad_randoms_are_refused(randoms, options, message):
    places = np.zeros((2, 2)), np.ones((4, 2))
    with pytest.raises(ValueError, match=message):
        survey.survey_curvature(*places, randoms, 1.0, **options)
