"""Designs conditioned on stability: their law, boosting, reports, failure."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import chisquare

from geomsci.sampling import FeatureBasis, PolynomialBasis
from geomsci.sampling.conditioned import ConditionedSampler
from geomsci.sampling.projection import ProjectionDPP
from geomsci.sampling.repeated import RepeatedDPP
from geomsci.sampling.subset import SubsetVolumeSampler
from geomsci.sampling.volume import VolumeRescaledSampler

FOUR_SIGMA = 6e-5
LEGENDRE = PolynomialBasis("legendre", range(6))


def candidates(library=None):
    rng = np.random.default_rng(9)
    F, w = rng.standard_normal((6, 2)), rng.uniform(0.5, 1.5, 6)
    if library is None:
        return FeatureBasis(F, w)
    return FeatureBasis(library.asarray(F), library.asarray(w))


def dpp_with_instability(basis, criterion):
    """Probability and instability of every pair that the DPP can draw."""
    k = np.sum(basis.rows**2, axis=1)
    found = {}
    for T in map(list, itertools.combinations(range(6), 2)):
        A = np.sqrt(2 / k[T])[:, None] * basis.rows[T]
        low, high = np.linalg.eigvalsh(A.T @ A / 2)
        p = np.linalg.det(basis.rows[T]) ** 2 * math.prod(basis.measure[T])
        value = 1 - low if criterion == "lambda_min" else max(1 - low, high - 1)
        found[tuple(T)] = p, value
    return found


def instability(design, basis, criterion):
    R, n, d = design.points.shape
    Phi = basis.evaluate(design.points.reshape(-1, d)).reshape(R, n, -1)
    G = np.einsum("rn,rni,rnj->rij", design.weights, Phi, Phi) / n
    e = np.linalg.eigvalsh(G)
    if criterion == "lambda_min":
        return 1 - e[:, 0]
    return np.maximum(1 - e[:, 0], e[:, -1] - 1)


@pytest.mark.parametrize("criterion", ["lambda_min", "spectral"])
@pytest.mark.parametrize("n_candidates", [1, 3])
def test_every_design_is_stable_and_says_so(criterion, n_candidates):
    sampler = ConditionedSampler(
        RepeatedDPP(LEGENDRE), 0.8, criterion, n_candidates=n_candidates
    )
    design = sampler.sample(14, size=200, rng=1)
    expected = instability(design, LEGENDRE, criterion)
    assert design.instability.max() <= 0.8
    np.testing.assert_allclose(design.instability, expected, rtol=1e-9)
    assert design.acceptance_rate_ == 200 / design.n_trials.sum()


@pytest.mark.parametrize("R", [3_000, pytest.param(50_000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("n_candidates", [1, 2])
def test_law_is_that_of_the_best_candidate_given_stability(R, n_candidates):
    basis, delta, M = candidates(), 0.4, n_candidates
    exact = dpp_with_instability(basis, "lambda_min")
    sampler = ConditionedSampler(ProjectionDPP(basis), delta, n_candidates=M)
    design = sampler.sample(size=R, rng=2)
    # Of M pairs the most stable has the value v with P(all >= v)^M - P(all > v)^M.
    law = {}
    for T, (_, v) in exact.items():
        if v <= delta:
            at_least = sum(p for p, u in exact.values() if u >= v)
            above = sum(p for p, u in exact.values() if u > v)
            law[T] = at_least**M - above**M
    rate = sum(law.values())
    assert 0.1 < rate < 0.9
    assert len(law) > 2
    found = [tuple(row) for row in np.sort(design.indices, axis=1).tolist()]
    assert set(found) <= set(law)
    observed = [found.count(T) for T in law]
    expected = [R * p / rate for p in law.values()]
    assert chisquare(observed, expected).pvalue > FOUR_SIGMA
    # Trials are geometric: mean 1 / rate, variance (1 - rate) / rate^2.
    error = math.sqrt((1 - rate) / R) / rate
    assert abs(design.n_trials.mean() - 1 / rate) < 4 * error


def test_proposals_of_all_trials_are_counted():
    basis = PolynomialBasis("legendre", [0])
    free = ConditionedSampler(RepeatedDPP(basis), 0.5, n_candidates=4)
    design = free.sample(5, size=30, rng=3)
    # One function: every draw takes one proposal a point, every design is stable.
    assert design.n_trials.tolist() == [1] * 30
    assert design.n_proposals.tolist() == [20] * 30


@pytest.mark.parametrize("n_candidates", [1, 5])
def test_a_design_does_not_depend_on_the_number_of_designs(n_candidates):
    sampler = ConditionedSampler(
        RepeatedDPP(LEGENDRE), 0.4, "spectral", n_candidates=n_candidates
    )
    many, few = sampler.sample(13, size=8, rng=4), sampler.sample(13, size=3, rng=4)
    one = sampler.sample(13, rng=4)
    np.testing.assert_array_equal(many.points[:3], few.points)
    np.testing.assert_array_equal(many.n_trials[:3], few.n_trials)
    np.testing.assert_array_equal(many.points[0], one.points)
    assert one.n_trials == many.n_trials[0]
    assert one.acceptance_rate_ == 1 / one.n_trials
    assert max(many.n_trials) > 1


@pytest.mark.capability("sampling.ConditionedSampler.sample")
def test_draws_are_the_same_on_every_library(xp):
    inner = [VolumeRescaledSampler, SubsetVolumeSampler]
    for sampler in inner:
        expected = ConditionedSampler(sampler(candidates()), 0.7).sample(
            4, size=4, rng=5
        )
        basis = candidates(xp)
        design = ConditionedSampler(sampler(basis), 0.7).sample(4, size=4, rng=5)
        np.testing.assert_array_equal(xp.to_numpy(design.indices), expected.indices)
        assert type(design.weights) is type(basis.measure)


@pytest.mark.parametrize("max_trials", [1, 7, 100])
def test_what_never_succeeds_raises_and_says_how_near_it_came(max_trials):
    sampler = ConditionedSampler(
        RepeatedDPP(LEGENDRE), 0.01, "spectral", max_trials=max_trials
    )
    message = rf"\|\|G - I\|\| <= 0.01 .* in {max_trials} trials, and the best had"
    with pytest.raises(RuntimeError, match=message):
        sampler.sample(8, rng=6)


@pytest.mark.parametrize("delta", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_delta_must_lie_between_zero_and_one(delta):
    with pytest.raises(ValueError, match=r"delta must lie in \(0, 1\)"):
        ConditionedSampler(RepeatedDPP(LEGENDRE), delta)


def test_bad_arguments_are_refused():
    inner = RepeatedDPP(LEGENDRE)
    with pytest.raises(TypeError, match="sampler must have a basis"):
        ConditionedSampler(LEGENDRE, 0.5)
    with pytest.raises(ValueError, match="criterion must be one of"):
        ConditionedSampler(inner, 0.5, "trace")
    with pytest.raises(ValueError, match="max_trials must be an integer of at least 1"):
        ConditionedSampler(inner, 0.5, max_trials=0)
    with pytest.raises(ValueError, match="n_candidates must be an integer"):
        ConditionedSampler(inner, 0.5, n_candidates=0)
    with pytest.raises(ValueError, match="n must be at least 6"):
        ConditionedSampler(inner, 0.5).sample(5)
