"""`EntropicCurvature` on catalogues of points: the gridless route and surveys."""

import numpy as np
import pytest

from geomsci.entropic import (
    EntropicCurvature,
    catalogue_curvature,
    catalogue_log_density,
    displaced_lattice,
    survey_curvature,
    survey_log_density,
)
from geomsci.reference.entropic.log_hessian import packed_pairs

RNG = np.random.default_rng(12)
POINTS = RNG.uniform(0, 10, (60, 3))
WEIGHTS = RNG.uniform(0.5, 2.0, 60)
WHERE = RNG.uniform(0, 10, (15, 3))
EPS = np.finfo(float).eps


def _packed(K):
    pairs = packed_pairs(K.shape[-1])
    return np.stack([K[..., i, j] for i, j in pairs], axis=-1)


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("box", [None, 10.0])
@pytest.mark.parametrize(
    ("N", "convention"), [(np.inf, "bakry-emery"), (5.0, "bakry-emery"), (5.0, "rigid")]
)
def test_curvature_is_that_of_the_catalogue(d, box, N, convention):
    X, options = POINTS[:, :d], {"dimension": N, "convention": convention}
    web = EntropicCurvature([1.5, 3.0], box_size=box, **options)
    web.fit(X, sample_weight=WEIGHTS)
    exact = {"weights": WEIGHTS, "box_size": box, **options}
    for s, R in enumerate([1.5, 3.0]):
        K = catalogue_curvature(X, X, R, **exact)
        np.testing.assert_array_equal(web.curvature_[s], _packed(K))
        values = np.linalg.eigvalsh(K)
        atol = 64 * EPS * np.abs(K).max()
        np.testing.assert_allclose(web.eigenvalues_[s], values, atol=atol)
        there = catalogue_curvature(WHERE[:, :d], X, R, **exact)
        found = web.transform(WHERE[:, :d])[s]
        np.testing.assert_allclose(found, np.linalg.eigvalsh(there), atol=atol)


def test_predict_counts_the_eigenvalues_of_transform():
    web = EntropicCurvature([1.5, 3.0], threshold=("sigma", 0.1)).fit(POINTS)
    for s in range(2):
        level = 0.1 * float(web.sigma_trace_[s])
        above = np.sum(web.transform(WHERE)[s] > level, axis=-1)
        np.testing.assert_array_equal(web.predict(WHERE)[s], above)
        here = np.sum(web.eigenvalues_[s] > level, axis=-1)
        np.testing.assert_array_equal(web.signature_[s], here)
        np.testing.assert_array_equal(web.predict(POINTS)[s], here)


def test_shapes_and_dtypes():
    web = EntropicCurvature((2.0, 4.0)).fit(POINTS.astype(np.float32))
    assert web.eigenvalues_.shape == (2, 60, 3)
    assert web.eigenvalues_.dtype == web.curvature_.dtype == np.float32
    assert web.transform(WHERE).dtype == np.float32
    assert web.curvature_.shape == (2, 60, 6)
    assert web.signature_.shape == (2, 60)
    assert web.signature_.dtype == np.int8
    whole = EntropicCurvature(2.0).fit(np.asarray([[0, 0], [3, 1], [2, 2]]))
    assert whole.eigenvalues_.dtype == np.float64


def test_fewer_than_four_rows_are_positions():
    assert EntropicCurvature(2.0).fit(np.zeros((1, 3))).transform().shape == (1, 1, 3)
    web = EntropicCurvature(2.0).fit(np.array([[0.0, 1.0], [3.0, 2.0], [9.0, 9.0]]))
    assert web.transform().shape == (1, 3, 2)


def test_one_point_has_the_bound_everywhere():
    web = EntropicCurvature(2.0).fit(np.zeros((1, 3)))
    values = web.transform(np.array([[50.0, 0.0, 0.0], [0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(values, 0.25, rtol=64 * EPS)


@pytest.mark.capability("entropic.EntropicCurvature.transform")
def test_every_library_gives_the_same_answer(xp):
    options = {"box_size": 10.0, "threshold": 0.01}
    expected = EntropicCurvature([2.0], **options).fit(POINTS, sample_weight=WEIGHTS)
    weights = xp.asarray(WEIGHTS)
    web = EntropicCurvature([2.0], **options)
    web.fit(xp.asarray(POINTS), sample_weight=weights)
    kappa = 500.0  # positions over the scale, squared, and their sums
    xp.assert_close(web.transform(), expected.transform(), kappa=kappa)
    xp.assert_close(web.curvature_, expected.curvature_, kappa=kappa)
    found = xp.to_numpy(web.transform(xp.asarray(WHERE)))
    atol = 64 * kappa * np.finfo(found.dtype).eps
    np.testing.assert_allclose(found, expected.transform(WHERE), atol=atol)
    np.testing.assert_allclose(
        xp.to_numpy(web.mass_fractions_), expected.mass_fractions_, atol=0.05
    )


def test_mass_fractions_are_shares_of_the_weight():
    web = EntropicCurvature(2.0).fit(POINTS, sample_weight=WEIGHTS)
    for c in range(4):
        share = WEIGHTS[web.signature_[0] == c].sum() / WEIGHTS.sum()
        assert float(web.mass_fractions_[0, c]) == pytest.approx(share, abs=1e-14)
    volume = WEIGHTS / np.exp(
        catalogue_log_density(POINTS, POINTS, 2.0, weights=WEIGHTS)
    )
    for c in range(4):
        share = volume[web.signature_[0] == c].sum() / volume.sum()
        assert float(web.volume_fractions_[0, c]) == pytest.approx(share, rel=1e-12)


def test_entropy_is_the_mean_log_density_and_needs_a_box():
    web = EntropicCurvature(2.0, box_size=10.0).fit(POINTS, sample_weight=WEIGHTS)
    u = catalogue_log_density(POINTS, POINTS, 2.0, weights=WEIGHTS, box_size=10.0)
    mean = np.log(WEIGHTS.sum() / 1000)
    expected = np.average(u, weights=WEIGHTS) - mean
    np.testing.assert_allclose(web.entropy_, expected, rtol=1e-12)
    open_space = EntropicCurvature(2.0).fit(POINTS)
    assert np.isnan(open_space.entropy_[0])
    assert np.isnan(open_space.shot_noise_[0])


def test_shot_noise_counts_the_points_that_carry_it():
    web = EntropicCurvature(2.0, box_size=10.0).fit(POINTS, sample_weight=WEIGHTS)
    n = WEIGHTS.sum() ** 2 / (WEIGHTS**2).sum() / 1000
    expected = np.sqrt(15 / (32 * np.pi**1.5 * n * 8)) / 4
    np.testing.assert_allclose(web.shot_noise_, expected, rtol=1e-12)


@pytest.mark.parametrize("N", [np.inf, 6.0])
def test_survey_is_relative_to_its_randoms(N):
    randoms = np.random.default_rng(1).uniform(0, 10, (700, 3))
    web = EntropicCurvature(2.0, dimension=N)
    web.fit(POINTS, sample_weight=WEIGHTS, randoms=randoms)
    options = {"weights": WEIGHTS, "dimension": N}
    K = survey_curvature(POINTS, POINTS, randoms, 2.0, **options)
    atol = 64 * EPS * np.abs(K).max()
    np.testing.assert_allclose(web.curvature_[0], _packed(K), atol=atol)
    there = survey_curvature(WHERE, POINTS, randoms, 2.0, **options)
    found = web.transform(WHERE)[0]
    np.testing.assert_allclose(found, np.linalg.eigvalsh(there), atol=atol)
    u = survey_log_density(POINTS, POINTS, randoms, 2.0, weights=WEIGHTS)
    np.testing.assert_allclose(web.entropy_, np.average(u, weights=WEIGHTS), rtol=1e-10)


def test_a_survey_of_its_own_randoms_is_flat():
    web = EntropicCurvature(2.0).fit(POINTS, randoms=POINTS)
    assert np.abs(web.eigenvalues_).max() <= 64 * EPS
    np.testing.assert_allclose(web.entropy_, 0, atol=64 * EPS)
    assert float(web.fisher_information_[0]) <= (64 * EPS) ** 2


def test_far_voids_are_finite_and_keep_the_bound():
    X = np.array([[0.0, 0.0, 0.0], [3.0, 1.0, 0.0]])
    web = EntropicCurvature(0.5).fit(X)
    values = web.transform(np.array([[400.0, 100.0, -300.0]]))
    assert np.all(np.isfinite(values))
    # Up to 64 eps max(1, R^2 |K|).
    assert values.max() * 0.25 <= 1 + 64 * EPS * max(1.0, 0.25 * np.abs(values).max())


def test_catalogue_and_grid_agree_within_the_error_of_the_window():
    L, n = 16.0, 16
    rng = np.random.default_rng(9)
    k = 2 * np.pi * np.fft.fftfreq(n, L / n)
    k2 = sum(np.meshgrid(k**2, k**2, k**2, indexing="ij"))
    shape = np.exp(-k2 * 1.5**2 / 2) * np.fft.fftn(rng.standard_normal((n,) * 3))
    waves = np.meshgrid(k, k, k, indexing="ij")
    field = [np.fft.ifftn(1j * w * shape / np.where(k2, k2, 1)).real for w in waves]
    shift = np.stack(field)
    cells = np.stack(np.meshgrid(*[np.arange(n) + 0.5] * 3, indexing="ij"))
    X = (cells + 2 * shift / shift.std() * 0.3).reshape(3, -1).T % L
    grid = EntropicCurvature(4.0, box_size=L, n_grid=n).fit(X)
    exact = EntropicCurvature(4.0, box_size=L).fit(X)
    centres = np.stack(cells, -1).reshape(-1, 3)[::37]
    found, expected = grid.transform(centres), exact.transform(centres)
    assert np.linalg.norm(found - expected) <= 1e-4 * np.linalg.norm(expected)


def test_the_lattice_of_a_still_flow_is_flat():
    X = displaced_lattice(np.zeros((8, 8, 8, 3)), 8.0)
    web = EntropicCurvature(2.0, box_size=8.0).fit(X)
    # A lattice of spacing H is uniform up to exp(-2 pi^2 R^2 / H^2).
    assert np.abs(web.eigenvalues_).max() <= 1e-12
