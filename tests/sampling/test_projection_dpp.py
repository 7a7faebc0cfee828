"""Laws of projection DPPs, exact by enumeration and by quadrature."""

from __future__ import annotations

import itertools
import math
import pickle

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats

import geomsci
from geomsci.backends import LinAlgError, threads
from geomsci.reference.sampling import blocked
from geomsci.sampling.basis import PolynomialBasis
from geomsci.sampling.features import FeatureBasis
from geomsci.sampling.index_sets import total_degree
from geomsci.sampling.projection import ProjectionDPP

EPS = float(np.finfo(np.float64).eps)
FOUR_SIGMA = float(2 * scipy.stats.norm.sf(4))
DRAWS = [20_000, pytest.param(100_000, marks=pytest.mark.slow)]


def _candidates(N=8, m=3, seed=0):
    rng = np.random.default_rng(seed)
    return FeatureBasis(rng.standard_normal((N, m)), sample_weight=rng.random(N) + 0.1)


def _subset_counts(indices, N):
    """How often every subset was drawn, in the order of itertools.combinations."""
    m = indices.shape[1]
    codes = np.sort(indices, axis=1) @ N ** np.arange(m)
    values, counts = np.unique(codes, return_counts=True)
    seen = dict(zip(values.tolist(), counts.tolist()))
    subsets = list(itertools.combinations(range(N), m))
    powers = N ** np.arange(m)
    return subsets, np.array([seen.pop(int(s @ powers), 0) for s in np.array(subsets)])


@pytest.mark.parametrize("R", DRAWS)
@pytest.mark.parametrize(("N", "m"), [(8, 3), (6, 5), (7, 1), (5, 5)])
def test_every_subset_has_its_probability(N, m, R):
    basis = _candidates(N, m)
    design = ProjectionDPP(basis).sample(size=R, rng=1)
    subsets, counts = _subset_counts(design.indices, N)
    V = basis.rows * np.sqrt(basis.measure)[:, None]
    p = np.array([np.linalg.det(V[list(s)]) ** 2 for s in subsets])
    assert abs(p.sum() - 1) < 64 * EPS * len(subsets)
    assert counts.sum() == R
    chi2 = float(((counts - R * p) ** 2 / (R * p)).sum())
    assert chi2 <= scipy.stats.chi2.isf(FOUR_SIGMA, max(1, len(p) - 1))


def test_order_of_points_is_exchangeable():
    R, basis = 30_000, _candidates(5, 3)
    indices = ProjectionDPP(basis).sample(size=R, rng=2).indices
    V = basis.rows * np.sqrt(basis.measure)[:, None]
    chi2 = 0.0
    triples = list(itertools.permutations(range(5), 3))
    for triple in triples:
        p = np.linalg.det(V[list(triple)]) ** 2 / 6
        chi2 += ((indices == triple).all(axis=1).sum() - R * p) ** 2 / (R * p)
    assert chi2 <= scipy.stats.chi2.isf(FOUR_SIGMA, len(triples) - 1)


def _legendre_gram(m, low, high):
    """Integral of phi phi^T over [low, high] for Legendre in one coordinate."""
    t, w = np.polynomial.legendre.leggauss(m)
    x = (low + high) / 2 + (high - low) / 2 * t
    Phi = np.polynomial.legendre.legvander(x, m - 1) * np.sqrt(2 * np.arange(m) + 1)
    return (Phi * (w * (high - low) / 4)[:, None]).T @ Phi


def _poisson_binomial(p):
    law = np.ones(1)
    for q in p:
        law = np.convolve(law, [1 - q, q])
    return law


@pytest.mark.parametrize("R", DRAWS)
@pytest.mark.parametrize("m", [4, 11])
def test_counts_in_an_interval_are_poisson_binomial(m, R):
    low, high = -0.2, 0.55
    x = ProjectionDPP(PolynomialBasis("legendre", range(m)), "chain")
    x = x.sample(size=R, rng=3).points[..., 0]
    counts = np.bincount(((x > low) & (x < high)).sum(axis=1), minlength=m + 1)
    p = _poisson_binomial(np.linalg.eigvalsh(_legendre_gram(m, low, high)))
    big = R * p > 5
    seen = np.append(counts[big], counts[~big].sum())
    wanted = R * np.append(p[big], max(p[~big].sum(), 1e-300))
    keep = wanted > 1e-3
    chi2 = float(((seen - wanted)[keep] ** 2 / wanted[keep]).sum())
    assert seen[~keep].sum() == 0
    assert chi2 <= scipy.stats.chi2.isf(FOUR_SIGMA, int(keep.sum()) - 1)


def test_counts_in_a_box_are_poisson_binomial_in_two_coordinates():
    R, indices = 20_000, total_degree(2, 3)
    x = ProjectionDPP(PolynomialBasis("legendre", indices)).sample(size=R, rng=4).points
    inside = ((x[..., 0] < 0.1) & (x[..., 1] > -0.4)).sum(axis=1)
    a, b = _legendre_gram(4, -1, 0.1), _legendre_gram(4, -0.4, 1)
    i, j = np.asarray(indices).T
    p = _poisson_binomial(np.linalg.eigvalsh(a[np.ix_(i, i)] * b[np.ix_(j, j)]))
    counts = np.bincount(inside, minlength=len(p))
    big = R * p > 5
    chi2 = float(((counts - R * p)[big] ** 2 / (R * p)[big]).sum())
    assert chi2 <= scipy.stats.chi2.isf(FOUR_SIGMA, int(big.sum()) - 1)


def test_pairs_have_the_second_correlation_function():
    R, m = 40_000, 6
    x = ProjectionDPP(PolynomialBasis("legendre", range(m)), "chain")
    x = x.sample(size=R, rng=5).points[..., 0]
    A, B = _legendre_gram(m, -0.9, -0.3), _legendre_gram(m, -0.3, 0.2)
    wanted = np.trace(A) * np.trace(B) - np.trace(A @ B)
    pairs = ((x > -0.9) & (x < -0.3)).sum(1) * ((x > -0.3) & (x < 0.2)).sum(1)
    assert abs(pairs.mean() - wanted) <= 4 * pairs.std() / math.sqrt(R)


def _within_four_sigma_of_variance(s, wanted):
    R = len(s)
    centred = s - s.mean()
    error = math.sqrt(((centred**4).mean() - s.var() ** 2) / R)
    return abs(s.var() - wanted) <= 4 * error


@pytest.mark.parametrize("R", DRAWS)
@pytest.mark.parametrize("m", [1, 2, 7])
@pytest.mark.parametrize("family", ["legendre", "hermite", "laguerre"])
def test_variance_of_the_sum_of_the_points(family, m, R):
    wanted = {"legendre": m**2 / (4 * m**2 - 1), "hermite": m, "laguerre": m**2}[family]
    sampler = ProjectionDPP(PolynomialBasis(family, range(m)), "chain")
    total = sampler.sample(size=R, rng=6).points.sum(axis=(1, 2))
    assert _within_four_sigma_of_variance(total, wanted)
    mean = m * m if family == "laguerre" else 0.0
    assert abs(total.mean() - mean) <= 4 * math.sqrt(wanted / R)


def test_every_point_has_the_optimal_measure():
    R, m = 20_000, 8
    basis = PolynomialBasis("legendre", range(m))
    design = ProjectionDPP(basis, "chain").sample(size=R, rng=7)
    density = np.polynomial.Polynomial([0.0])
    for k in range(m):
        P = np.polynomial.Legendre.basis(k).convert(kind=np.polynomial.Polynomial)
        density = density + (2 * k + 1) / (2 * m) * P * P
    cdf = density.integ(lbnd=-1.0)
    for column in (0, m - 1):
        D = scipy.stats.kstest(design.points[:, column, 0], cdf).statistic
        assert D * math.sqrt(R) <= scipy.special.kolmogi(FOUR_SIGMA)


@pytest.mark.parametrize("family", ["legendre", "hermite", "laguerre", "fourier"])
def test_trace_of_the_weighted_gram_matrix_is_m(family):
    basis = PolynomialBasis(family, total_degree(2, 4))
    design = ProjectionDPP(basis).sample(rng=8)
    Phi = basis.evaluate(design.points)
    trace = (design.weights[:, None] * Phi**2).sum() / design.n_points
    assert abs(trace - basis.size) <= 1e-12 * basis.size


def test_points_do_not_depend_on_the_basis_of_the_space():
    rng = np.random.default_rng(9)
    F, A = rng.standard_normal((300, 6)), rng.standard_normal((6, 6))
    a = ProjectionDPP(FeatureBasis(F)).sample(size=50, rng=10)
    b = ProjectionDPP(FeatureBasis(F @ A)).sample(size=50, rng=10)
    np.testing.assert_array_equal(a.indices, b.indices)
    np.testing.assert_array_equal(a.n_proposals, b.n_proposals)


@pytest.mark.parametrize("m", [3, 20])
def test_number_of_proposals_is_m_times_harmonic_number(m):
    R, basis = 4000, _candidates(200, m)
    counts = ProjectionDPP(basis).sample(size=R, rng=11).n_proposals
    k = np.arange(1, m + 1)
    variance = (m / k * (m / k - 1)).sum()
    assert abs(counts.mean() - (m / k).sum()) <= 4 * math.sqrt(variance / R)


@pytest.mark.parametrize("kind", ["finite", "polynomial"])
def test_draws_do_not_depend_on_size_or_threads(kind, monkeypatch):
    basis = _candidates(400, 30) if kind == "finite" else None
    basis = basis or PolynomialBasis("legendre", total_degree(2, 6))
    sampler = ProjectionDPP(basis)
    one = sampler.sample(rng=12)
    for n in (1, 2, 5):
        monkeypatch.setattr(threads, "n_threads", lambda n=n: n)
        many = sampler.sample(size=9, rng=12)
        few = sampler.sample(size=4, rng=12)
        np.testing.assert_array_equal(many.points[0], one.points)
        np.testing.assert_array_equal(many.points[:4], few.points)
        np.testing.assert_array_equal(many.weights[:4], few.weights)
        assert many.n_proposals[0] == one.n_proposals


def test_second_call_goes_on_with_the_generator():
    sampler, rng = ProjectionDPP(_candidates()), np.random.default_rng(13)
    parts = [sampler.sample(size=2, rng=rng).indices for _ in range(2)]
    whole = sampler.sample(size=4, rng=13).indices
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_design_on_candidates_holds_their_rows_and_weights():
    basis = _candidates(50, 4)
    design = ProjectionDPP(basis).sample(size=3, rng=14)
    np.testing.assert_array_equal(design.points, basis.candidates[design.indices])
    k = basis.christoffel(basis.candidates)[design.indices]
    np.testing.assert_allclose(design.weights, 4 / k, rtol=1e3 * EPS)


def test_candidates_without_features_or_weight_are_never_drawn():
    rng = np.random.default_rng(15)
    F, weight = rng.standard_normal((12, 3)), np.ones(12)
    F[[0, 5, 11]], weight[[3, 4]] = 0.0, 0.0
    sampler = ProjectionDPP(FeatureBasis(F, sample_weight=weight))
    seen = np.unique(sampler.sample(size=3000, rng=16).indices)
    np.testing.assert_array_equal(seen, [1, 2, 6, 7, 8, 9, 10])


@pytest.mark.parametrize("method", ["chain", "tridiagonal"])
@pytest.mark.parametrize("m", [300, 400])
def test_kernel_past_the_largest_number_is_no_obstacle(m, method):
    basis = PolynomialBasis("hermite", range(m))
    design = ProjectionDPP(basis, method).sample(rng=17)
    x = np.sort(design.points[:, 0])
    assert np.isfinite(x).all()
    # The edge is at 2 sqrt(m), with fluctuations of m^(-1/6); the sum is N(0, m).
    assert abs(x).max() <= 2 * math.sqrt(m) + 6 * m ** (-1 / 6)
    assert abs(x.sum()) <= 4 * math.sqrt(m)
    assert (design.weights < math.sqrt(2 * math.pi * m)).all()
    assert (np.diff(x) > 0).all()


def test_rows_that_are_not_orthonormal_end_in_an_error(monkeypatch):
    monkeypatch.setattr(blocked, "largest_number_of_proposals", lambda m: 500)
    sampler = ProjectionDPP(_candidates())
    found = sampler._measure._finite
    sampler._measure.__dict__["_finite"] = found._replace(rows=np.ones((8, 3)))
    for choice in ("numba", "reference"):
        with geomsci.use_backend(choice), pytest.raises(LinAlgError, match="orthonor"):
            sampler.sample(rng=0)


def test_sampler_survives_pickle():
    sampler = ProjectionDPP(_candidates())
    twin = pickle.loads(pickle.dumps(sampler))
    np.testing.assert_array_equal(
        sampler.sample(rng=1).indices, twin.sample(rng=1).indices
    )


def test_bad_input_is_named():
    basis = _candidates()
    with pytest.raises(TypeError, match="basis must be"):
        ProjectionDPP(np.eye(3))
    with pytest.raises(ValueError, match="method must be one of auto"):
        ProjectionDPP(basis, method="gibbs")
    with pytest.raises(ValueError, match="n must be 3"):
        ProjectionDPP(basis).sample(4)
    with pytest.raises(ValueError, match="size must be"):
        ProjectionDPP(basis).sample(size=0)
    with pytest.raises(TypeError, match="size must be"):
        ProjectionDPP(basis).sample(size=1.5)


@pytest.mark.parametrize("rng", [3, np.random.default_rng(3), None])
def test_n_may_be_the_size_of_the_basis(rng):
    assert ProjectionDPP(_candidates()).sample(3, rng=rng).points.shape == (3, 3)
