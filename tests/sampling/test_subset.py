"""Volume sampling of subsets: every probability, its moments, bad input."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import chisquare

from geomsci.reference.sampling.subsets import others
from geomsci.sampling import FeatureBasis, PolynomialBasis
from geomsci.sampling.subset import SubsetVolumeSampler

FOUR_SIGMA = 6e-5
DRAWS = [10_000, pytest.param(100_000, marks=pytest.mark.slow)]


def problem(N=6, m=2, weighted=True):
    """Features, weights, and the matrix X of the law."""
    rng = np.random.default_rng(2)
    F = rng.standard_normal((N, m))
    w = rng.uniform(0.2, 2.0, N) if weighted else np.ones(N)
    return F, w, np.sqrt(w)[:, None] * F


def subset_probabilities(X, n):
    volumes = {
        S: np.linalg.det(X[list(S)].T @ X[list(S)])
        for S in itertools.combinations(range(len(X)), n)
    }
    total = sum(volumes.values())
    return {S: v / total for S, v in volumes.items()}


@pytest.mark.parametrize("R", DRAWS)
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_every_subset_has_its_probability(R, weighted, n):
    F, w, X = problem(weighted=weighted)
    design = SubsetVolumeSampler(FeatureBasis(F, w)).sample(n, size=R, rng=n)
    exact = subset_probabilities(X, n)
    found, counts = np.unique(design.indices, axis=0, return_counts=True)
    observed = dict(zip(map(tuple, found.tolist()), counts.tolist()))
    assert set(observed) <= set(exact)
    pvalue = chisquare(
        [observed.get(S, 0) for S in exact], [R * p for p in exact.values()]
    ).pvalue
    assert pvalue > FOUR_SIGMA


@pytest.mark.capability("sampling.SubsetVolumeSampler.inclusion_probabilities")
def test_inclusion_probabilities_are_sums_over_subsets(xp):
    F, w, X = problem()
    sampler = SubsetVolumeSampler(FeatureBasis(xp.asarray(F), xp.asarray(w)))
    for n in (2, 4, 6):
        expected = np.zeros(6)
        for S, p in subset_probabilities(X, n).items():
            expected[list(S)] += p
        got = sampler.inclusion_probabilities(n)
        np.testing.assert_allclose(xp.to_numpy(got), expected, rtol=1e3 * xp.eps)


@pytest.mark.parametrize("R", DRAWS)
def test_mean_inverse_and_mean_fit_are_those_of_all_rows(R):
    N, m, n = 9, 2, 5
    F, w, X = problem(N, m)
    y = np.sqrt(w) * np.random.default_rng(4).standard_normal(N)
    design = SubsetVolumeSampler(FeatureBasis(F, w)).sample(n, size=R, rng=1)
    XS, yS = X[design.indices], y[design.indices]
    inverse = np.linalg.inv(np.swapaxes(XS, 1, 2) @ XS)
    fits = (np.linalg.pinv(XS) @ yS[..., None])[..., 0]
    expected = (N - m + 1) / (n - m + 1) * np.linalg.inv(X.T @ X)
    for sample, mean in (
        (inverse, expected),
        (fits, np.linalg.lstsq(X, y, rcond=None)[0]),
    ):
        error = sample.std(axis=0) / math.sqrt(R)
        np.testing.assert_array_less(np.abs(sample.mean(axis=0) - mean), 4 * error)


def test_weights_are_the_sample_weights_with_mean_one():
    F, w, _ = problem()
    design = SubsetVolumeSampler(FeatureBasis(F, w)).sample(4, rng=2)
    np.testing.assert_allclose(design.weights, w[design.indices] / w.mean(), rtol=1e-14)
    np.testing.assert_array_equal(design.points, F[design.indices])
    plain = SubsetVolumeSampler(FeatureBasis(F)).sample(4, rng=2)
    np.testing.assert_allclose(plain.weights, 1.0, rtol=1e-14)


def test_candidates_of_weight_zero_are_never_drawn():
    F, w, _ = problem(8, 2)
    w[[1, 5]] = 0.0
    sampler = SubsetVolumeSampler(FeatureBasis(F, w))
    assert sampler.sample(6, rng=0).indices.tolist() == [0, 2, 3, 4, 6, 7]
    p = sampler.inclusion_probabilities(4)
    assert p[1] == p[5] == 0.0
    assert math.isclose(p.sum(), 4.0, rel_tol=1e-12)
    counts = np.bincount(sampler.sample(4, size=4000, rng=3).indices.ravel())
    error = np.sqrt(p * (1 - p) / 4000)
    np.testing.assert_array_less(np.abs(counts / 4000 - p), 4 * error + 1e-12)


def test_ranks_count_the_rows_that_are_free():
    rng = np.random.default_rng(5)
    for _ in range(50):
        taken = rng.permutation(12)[:5]
        free = np.setdiff1d(np.arange(12), taken)
        ranks = rng.permutation(7)
        np.testing.assert_array_equal(others(taken, ranks), free[ranks])


def test_a_draw_does_not_depend_on_the_number_of_draws():
    sampler = SubsetVolumeSampler(FeatureBasis(problem(20, 3)[0]))
    many, few = sampler.sample(8, size=9, rng=6), sampler.sample(8, size=2, rng=6)
    np.testing.assert_array_equal(many.indices[:2], few.indices)
    np.testing.assert_array_equal(many.indices[0], sampler.sample(8, rng=6).indices)


@pytest.mark.capability("sampling.SubsetVolumeSampler.sample")
def test_draws_are_the_same_on_every_library(xp):
    F, w, _ = problem(12, 3)
    expected = SubsetVolumeSampler(FeatureBasis(F, w)).sample(7, size=5, rng=7)
    basis = FeatureBasis(xp.asarray(F), xp.asarray(w))
    design = SubsetVolumeSampler(basis).sample(7, size=5, rng=7)
    np.testing.assert_array_equal(xp.to_numpy(design.indices), expected.indices)
    assert type(design.points) is type(basis.candidates)


def test_continuous_bases_are_refused():
    with pytest.raises(TypeError, match="basis must be a FeatureBasis"):
        SubsetVolumeSampler(PolynomialBasis("legendre", range(3)))


@pytest.mark.parametrize("n", [1, 7, None])
def test_wrong_sizes_of_subsets(n):
    sampler = SubsetVolumeSampler(FeatureBasis(problem()[0]))
    with pytest.raises(ValueError, match=r"n must .* 2.* 6"):
        sampler.sample(n, rng=0)
    with pytest.raises(ValueError, match=r"n must .* 2.* 6"):
        sampler.inclusion_probabilities(n)
