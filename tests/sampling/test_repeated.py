"""Repeated projection DPPs: the part of a draw, intensity, stability, repulsion."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import chisquare

from geomsci.reference.sampling.repeated import repulsion
from geomsci.sampling import FeatureBasis, PolynomialBasis, total_degree
from geomsci.sampling.christoffel import ChristoffelSampler
from geomsci.sampling.projection import ProjectionDPP
from geomsci.sampling.repeated import RepeatedDPP
from geomsci.sampling.volume import VolumeRescaledSampler

FOUR_SIGMA = 6e-5
LEGENDRE = PolynomialBasis("legendre", range(4))


def candidates(N=6, m=3):
    rng = np.random.default_rng(3)
    return FeatureBasis(rng.standard_normal((N, m)), rng.uniform(0.5, 1.5, N))


def dpp_probabilities(basis):
    """P(T) = det(K_T) prod mu = det(phi_T)^2 prod mu of all subsets of m candidates."""
    N, m = basis.rows.shape
    return {
        T: np.linalg.det(basis.rows[list(T)]) ** 2 * math.prod(basis.measure[list(T)])
        for T in itertools.combinations(range(N), m)
    }


def test_the_part_of_a_draw_is_a_uniform_part():
    basis, q, R = candidates(), 2, 10_000
    design = RepeatedDPP(basis).sample(3 + q, size=R, rng=1)
    dpp = dpp_probabilities(basis)
    pairs = list(itertools.combinations(range(6), q))
    expected = [
        R * sum(p for T, p in dpp.items() if set(pair) <= set(T)) / math.comb(3, q)
        for pair in pairs
    ]
    found = [tuple(row) for row in np.sort(design.indices[:, 3:], axis=1).tolist()]
    observed = [found.count(pair) for pair in pairs]
    assert chisquare(observed, expected).pvalue > FOUR_SIGMA


@pytest.mark.parametrize("n", [3, 4, 8])
def test_every_candidate_has_the_intensity_n_nu(n):
    basis, R = candidates(), 10_000
    design = RepeatedDPP(basis).sample(n, size=R, rng=2)
    counts = np.sum(design.indices[..., None] == np.arange(6), axis=1)
    nu = basis.measure * np.sum(basis.rows**2, axis=1) / 3
    error = counts.std(axis=0) / math.sqrt(R)
    np.testing.assert_array_less(np.abs(counts.mean(axis=0) - n * nu), 4 * error)


def test_the_full_draws_do_not_depend_on_the_rest():
    sampler = RepeatedDPP(LEGENDRE)
    longer, shorter = sampler.sample(11, rng=3), sampler.sample(8, rng=3)
    np.testing.assert_array_equal(longer.points[:8], shorter.points)
    single = ProjectionDPP(LEGENDRE).sample(rng=3)
    np.testing.assert_array_equal(longer.points[:4], single.points)
    assert longer.n_proposals > shorter.n_proposals > single.n_proposals


def test_a_draw_does_not_depend_on_the_number_of_draws():
    sampler = RepeatedDPP(LEGENDRE)
    many, few = sampler.sample(10, size=7, rng=4), sampler.sample(10, size=3, rng=4)
    np.testing.assert_array_equal(many.points[:3], few.points)
    np.testing.assert_array_equal(many.weights[:3], few.weights)
    np.testing.assert_array_equal(many.n_proposals[:3], few.n_proposals)


@pytest.mark.capability("sampling.RepeatedDPP.sample")
def test_draws_are_the_same_on_every_library(xp):
    plain = candidates()
    basis = FeatureBasis(xp.asarray(plain.candidates), xp.asarray(plain.measure))
    expected = RepeatedDPP(plain).sample(7, size=5, rng=5)
    design = RepeatedDPP(basis).sample(7, size=5, rng=5)
    np.testing.assert_array_equal(xp.to_numpy(design.indices), expected.indices)
    np.testing.assert_allclose(
        xp.to_numpy(design.weights), expected.weights, rtol=1e3 * xp.eps
    )


@pytest.mark.parametrize(
    ("n", "error", "message"),
    [
        (None, ValueError, "n must be the number of points, at least 4, got None"),
        (3, ValueError, "n must be at least 4, the number of functions, got 3"),
        (4.5, TypeError, "n must be an integer"),
    ],
)
def test_wrong_numbers_of_points(n, error, message):
    with pytest.raises(error, match=message):
        RepeatedDPP(LEGENDRE).sample(n, rng=0)


def test_repulsion_is_the_variance_that_a_draw_saves():
    """E |(1/m) sum w g phi|^2 of a projection DPP is (1 - kappa) |g|^2: all subsets."""
    basis, m = candidates(7, 3), 3
    phi, mu = basis.rows, basis.measure
    f = np.random.default_rng(6).standard_normal(7)
    g = f - phi @ (phi.T @ (mu * f))
    k = np.sum(phi**2, axis=1)
    terms = (m / k * g)[:, None] * phi / m
    mean = sum(
        p * np.sum(terms[list(T)].sum(axis=0) ** 2)
        for T, p in dpp_probabilities(basis).items()
    )
    kappa = float(repulsion(phi, mu, g))
    assert 0 < kappa < 1
    assert mean / np.sum(mu * g**2) == pytest.approx(1 - kappa, rel=1e-12)


def stable_share(sampler, basis, n, R):
    """Share of designs with ||G - I|| <= 0.9, and its standard error."""
    design = sampler(basis).sample(n, size=R, rng=7)
    d = design.points.shape[-1]
    Phi = basis.evaluate(design.points.reshape(-1, d)).reshape(R, n, -1)
    A = np.sqrt(design.weights / n)[..., None] * Phi
    eigenvalues = np.linalg.eigvalsh(np.swapaxes(A, 1, 2) @ A)
    stable = (eigenvalues[:, 0] >= 0.1) & (eigenvalues[:, -1] <= 1.9)
    p = stable.mean()
    return p, math.sqrt(p * (1 - p) / R)


L1 = PolynomialBasis("legendre", range(10))
L2 = PolynomialBasis("legendre", total_degree(2, 4))
L4 = PolynomialBasis("legendre", total_degree(4, 2))
HERMITE = PolynomialBasis("hermite", range(30))
PUBLISHED = [
    (ChristoffelSampler, L1, 8.0, 0.949, 0.002),
    (VolumeRescaledSampler, L1, 7.0, 0.945, 0.002),
    (RepeatedDPP, L1, 2.0, 0.944, 0.002),
    (RepeatedDPP, L1, 3.0, 0.996, 0.002),
    (ChristoffelSampler, L2, 8.0, 0.931, 0.003),
    (VolumeRescaledSampler, L2, 7.5, 0.941, 0.003),
    (RepeatedDPP, L2, 3.0, 0.869, 0.003),
    (RepeatedDPP, L2, 3.5, 0.905, 0.003),
    (RepeatedDPP, L2, 4.0, 0.979, 0.003),
    (ChristoffelSampler, L4, 7.5, 0.947, 0.003),
    (VolumeRescaledSampler, L4, 7.0, 0.946, 0.003),
    (RepeatedDPP, L4, 4.0, 0.862, 0.003),
    (RepeatedDPP, L4, 5.0, 0.967, 0.003),
    (ChristoffelSampler, HERMITE, 11.0, 0.952, 0.005),
    (VolumeRescaledSampler, HERMITE, 10.5, 0.953, 0.005),
    (RepeatedDPP, HERMITE, 2.0, 0.789, 0.005),
    (RepeatedDPP, HERMITE, 3.0, 0.985, 0.005),
]


@pytest.mark.slow
@pytest.mark.parametrize(("sampler", "basis", "ratio", "expected", "error"), PUBLISHED)
def test_stability_has_the_known_probability(sampler, basis, ratio, expected, error):
    R = 20_000 if basis is not HERMITE else 5_000
    p, own = stable_share(sampler, basis, round(ratio * basis.size), R)
    assert abs(p - expected) < 4 * math.hypot(own, error)


def test_two_draws_are_as_stable_as_many_independent_points():
    """Legendre, m = 10: two draws 0.944; as many independent points almost never."""
    p, error = stable_share(RepeatedDPP, L1, 20, 4_000)
    assert abs(p - 0.944) < 4 * math.hypot(error, 0.002)
    assert stable_share(ChristoffelSampler, L1, 20, 1_000)[0] < 0.5
