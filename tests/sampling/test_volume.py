"""Volume-rescaled designs: multiset probabilities, reference measures, bad input."""

import collections
import itertools
import math
import pickle

import numpy as np
import pytest
from scipy.stats import chisquare

from geomsci.sampling import FeatureBasis, PolynomialBasis
from geomsci.sampling.projection import ProjectionDPP
from geomsci.sampling.volume import VolumeRescaledSampler

FOUR_SIGMA = 6e-5
MU = np.array([0.4, 0.3, 0.2, 0.1])
H = np.array([0.5, 1.0, 2.0, 1.0])
LEGENDRE = PolynomialBasis("legendre", range(3))


def basis_of(library=None):
    F = np.array([[1.0, -1.0], [1.0, 0.5], [2.0, 1.0], [1.0, 3.0]])
    if library is None:
        return FeatureBasis(F, MU)
    return FeatureBasis(library.asarray(F), library.asarray(MU))


def density(features):
    """H / sum(MU H), found again by the rows, which are all different."""
    keys = features[:, 0] + 10 * features[:, 1]
    order = {-9.0: 0, 6.0: 1, 12.0: 2, 31.0: 3}
    return H[[order[float(k)] for k in keys]] / (MU @ H)


def multiset_probabilities(basis, nu, n):
    """Density n^m (n-m)!/n! det G in nu^n, summed over the orders of the points."""
    m, found = basis.size, collections.Counter()
    for tup in itertools.product(range(len(nu)), repeat=n):
        Phi, w = basis.rows[list(tup)], (MU / nu)[list(tup)]
        G = Phi.T @ (w[:, None] * Phi) / n
        factor = n**m * math.factorial(n - m) / math.factorial(n)
        found[tuple(sorted(tup))] += (
            factor * np.linalg.det(G) * math.prod(nu[list(tup)])
        )
    return found


def assert_multisets(indices, probabilities):
    counts = collections.Counter(map(tuple, np.sort(indices, axis=1).tolist()))
    possible = {k: p for k, p in probabilities.items() if p > 1e-12}
    assert set(counts) <= set(possible)
    observed = [counts[k] for k in possible]
    expected = len(indices) * np.array(list(possible.values()))
    assert chisquare(observed, expected).pvalue > FOUR_SIGMA


@pytest.mark.parametrize("R", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("reference", ["optimal", "mu", density])
def test_every_multiset_has_its_probability(R, n, reference):
    basis = basis_of()
    k = np.sum(basis.rows**2, axis=1)
    nu = {"optimal": MU * k / 2, "mu": MU}.get(reference, MU * H / (MU @ H))
    design = VolumeRescaledSampler(basis, reference).sample(n, size=R, rng=n)
    probabilities = multiset_probabilities(basis, nu, n)
    assert math.isclose(sum(probabilities.values()), 1.0, rel_tol=1e-12)
    assert_multisets(design.indices, probabilities)
    np.testing.assert_allclose(design.weights, (MU / nu)[design.indices], rtol=1e-12)


def test_order_of_the_points_is_exchangeable():
    design = VolumeRescaledSampler(basis_of()).sample(3, size=20_000, rng=1)
    tables = [np.bincount(design.indices[:, i], minlength=4) for i in range(3)]
    expected = np.sum(tables, axis=0) / 3
    for table in tables:
        assert chisquare(table, expected).pvalue > FOUR_SIGMA


def test_points_of_a_density_have_it():
    """Legendre degree 0: all points are independent, n - 1 of them from h."""
    basis = PolynomialBasis("legendre", [0])
    sampler = VolumeRescaledSampler(basis, lambda X: 0.75 * (1 + X[:, 0] ** 2), 1.5)
    design = sampler.sample(40, size=500, rng=2)
    x = design.points[..., 0]
    # One point of 40 from the uniform measure: E x^2 = 1/3; of h: 2/5.
    mean = (1 / 3 + 39 * 0.4) / 40
    assert abs(np.mean(x**2) - mean) < 4 * np.std(x**2) / math.sqrt(x.size)
    np.testing.assert_allclose(design.weights, 1 / (0.75 * (1 + x**2)), rtol=1e-14)
    proposals = design.n_proposals - 1
    assert abs(proposals.mean() - 39 * 1.5) < 4 * proposals.std() / math.sqrt(500)


@pytest.mark.parametrize("arguments", [(), ("mu",), (lambda X: 1 + 0.5 * X[:, 0], 1.5)])
def test_a_draw_does_not_depend_on_the_number_of_draws(arguments):
    sampler = VolumeRescaledSampler(LEGENDRE, *arguments)
    many, few = sampler.sample(8, size=9, rng=3), sampler.sample(8, size=4, rng=3)
    one = sampler.sample(8, rng=3)
    np.testing.assert_array_equal(many.points[:4], few.points)
    np.testing.assert_array_equal(many.weights[:4], few.weights)
    np.testing.assert_array_equal(many.points[0], one.points)
    assert one.n_proposals == many.n_proposals[0]


def test_without_n_it_is_the_dpp():
    sampler = VolumeRescaledSampler(LEGENDRE)
    assert sampler.sample(rng=4).points.shape == (3, 1)
    assert sampler.sample(3, rng=4).n_proposals == sampler.sample(rng=4).n_proposals
    variance = np.sum(sampler.sample(size=20_000, rng=5).points[..., 0], axis=1) ** 2
    # Legendre projection DPP: Var(sum x_i) = m^2 / (4 m^2 - 1).
    assert abs(variance.mean() - 9 / 35) < 4 * variance.std() / math.sqrt(20_000)


@pytest.mark.capability("sampling.VolumeRescaledSampler.sample")
def test_draws_are_the_same_on_every_library(xp):
    expected = VolumeRescaledSampler(basis_of()).sample(5, size=6, rng=6)
    basis = basis_of(xp)
    design = VolumeRescaledSampler(basis).sample(5, size=6, rng=6)
    np.testing.assert_array_equal(xp.to_numpy(design.indices), expected.indices)
    np.testing.assert_allclose(
        xp.to_numpy(design.weights), expected.weights, rtol=1e3 * xp.eps
    )
    assert type(design.points) is type(basis.candidates)


def test_a_sampler_survives_pickling():
    sampler = pickle.loads(pickle.dumps(VolumeRescaledSampler(LEGENDRE, "mu")))
    expected = VolumeRescaledSampler(LEGENDRE, "mu").sample(6, rng=7)
    np.testing.assert_array_equal(sampler.sample(6, rng=7).points, expected.points)
    assert repr(sampler).startswith("VolumeRescaledSampler(PolynomialBasis(")


@pytest.mark.parametrize(
    ("n", "error", "message"),
    [
        (2, ValueError, "n must be at least 3, the number of functions, got 2"),
        (0, ValueError, "n must be an integer of at least 1, got 0"),
        (3.5, TypeError, "n must be an integer"),
    ],
)
def test_wrong_numbers_of_points(n, error, message):
    with pytest.raises(error, match=message):
        VolumeRescaledSampler(LEGENDRE).sample(n, rng=0)
    with pytest.raises(ValueError, match="n must be 3"):
        ProjectionDPP(LEGENDRE).sample(4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("uniform",), "reference must be optimal, mu or a callable"),
        (("mu", 2.0), "reference_bound belongs to a callable"),
        ((len,), "reference_bound must be the largest value"),
        ((len, 0.5), "reference_bound must be finite and >= 1"),
        ((len, math.inf), "reference_bound must be finite and >= 1"),
    ],
)
def test_wrong_references_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        VolumeRescaledSampler(LEGENDRE, *arguments)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda X: 1 + X[:, 0], r"reference_bound must be at least .* got 1.2 and"),
        (lambda X: X[:, 0], "reference must be a density, got the value -"),
        (lambda X: X, r"reference must return shape \(\d+,\)"),
        (lambda X: 0 * X[:, 0] + np.nan, "reference must be finite"),
        (lambda X: 0 * X[:, 0], "reference must be a density whose mean under mu"),
    ],
)
def test_wrong_densities_of_polynomials_raise(function, message):
    with pytest.raises(ValueError, match=message):
        VolumeRescaledSampler(LEGENDRE, function, 1.2).sample(30, rng=0)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda F: 2 * density(F), "mean under the measure .* got 2"),
        (lambda F: F[:, 0] * 0 + [0, 1, 3, 1], "got 0 at candidate 0"),
        (lambda F: F[:2, 0], "reference must return shape"),
    ],
)
def test_wrong_densities_of_candidates_raise(function, message):
    with pytest.raises(ValueError, match=message):
        VolumeRescaledSampler(basis_of(), function).sample(3, rng=0)


def test_what_is_no_basis_is_refused():
    with pytest.raises(TypeError, match="basis must be"):
        VolumeRescaledSampler(np.eye(3))
