"""The blocked form accepts the points of the scalar one, on every array library."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

import geomsci
from geomsci.backends import linalg
from geomsci.backends.arrays import to_host
from geomsci.reference.sampling import blocked, candidates
from geomsci.sampling.basis import PolynomialBasis
from geomsci.sampling.christoffel import ChristoffelSampler
from geomsci.sampling.features import FeatureBasis
from geomsci.sampling.index_sets import total_degree
from geomsci.sampling.projection import ProjectionDPP

EPS = float(np.finfo(np.float64).eps)
FOUR_SIGMA = float(2 * scipy.stats.norm.sf(4))


def _features(N, m, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((N, m)) * np.exp(rng.standard_normal((N, 1)))


def _both(sampler, **options):
    with geomsci.use_backend("numba") as record:
        scalar = sampler.sample(rng=1, **options)
    assert record.calls[-1].implementation == "numba"
    with geomsci.use_backend("reference") as record:
        block = sampler.sample(rng=1, **options)
    assert {call.implementation for call in record.calls} == {"reference"}
    return scalar, block


@pytest.mark.parametrize(("m", "size"), [(1, 5), (2, 5), (17, 5), (60, 3), (150, 1)])
def test_finite_draws_are_those_of_the_scalar_code(m, size):
    scalar, block = _both(ProjectionDPP(FeatureBasis(_features(700, m))), size=size)
    np.testing.assert_array_equal(scalar.indices, block.indices)
    np.testing.assert_array_equal(scalar.n_proposals, block.n_proposals)


@pytest.mark.parametrize("family", ["legendre", "hermite", "laguerre", "fourier"])
def test_polynomial_draws_are_those_of_the_scalar_code(family):
    basis = PolynomialBasis(family, total_degree(2, 4))
    scalar, block = _both(ProjectionDPP(basis), size=3)
    np.testing.assert_array_equal(scalar.n_proposals, block.n_proposals)
    scale = 1024 * EPS * np.abs(scalar.points).max()
    np.testing.assert_allclose(block.points, scalar.points, rtol=0, atol=scale)
    np.testing.assert_allclose(block.weights, scalar.weights, rtol=1e5 * EPS)


@pytest.mark.capability("sampling.finite_dpp_draws")
def test_every_library_draws_the_same_points(xp):
    F = _features(60, 7)
    wanted = ProjectionDPP(FeatureBasis(F)).sample(size=2, rng=2)
    found = ProjectionDPP(FeatureBasis(xp.asarray(F))).sample(size=2, rng=2)
    np.testing.assert_array_equal(to_host(found.indices), wanted.indices)
    np.testing.assert_array_equal(to_host(found.n_proposals), wanted.n_proposals)
    xp.assert_close(found.points, wanted.points, kappa=1)
    xp.assert_close(found.weights, wanted.weights, kappa=100 * np.linalg.cond(F))


@pytest.mark.capability("sampling.finite_points")
def test_every_library_draws_the_same_independent_points(xp):
    F = _features(60, 7)
    wanted = ChristoffelSampler(FeatureBasis(F), 0.5).sample(40, size=2, rng=2)
    basis = FeatureBasis(xp.asarray(F))
    found = ChristoffelSampler(basis, 0.5).sample(40, size=2, rng=2)
    np.testing.assert_array_equal(to_host(found.indices), wanted.indices)
    xp.assert_close(found.weights, wanted.weights, kappa=100 * np.linalg.cond(F))


def test_offload_draws_the_same_points(offload):
    F = _features(60, 7)
    sampler = ProjectionDPP(FeatureBasis(F))
    wanted = sampler.sample(size=2, rng=3)
    with geomsci.use_backend("cupy"):
        moved = sampler.sample(size=2, rng=3)
    np.testing.assert_array_equal(to_host(moved.indices), wanted.indices)
    polynomials = ProjectionDPP(PolynomialBasis("legendre", total_degree(2, 3)))
    wanted = polynomials.sample(rng=3)
    with geomsci.use_backend("cupy"):
        moved = polynomials.sample(rng=3)
    np.testing.assert_allclose(to_host(moved.points), wanted.points, atol=64 * EPS)


@pytest.mark.slow
def test_every_subset_has_its_probability():
    R, N, m = 10_000, 8, 3
    basis = FeatureBasis(_features(N, m))
    sampler = ProjectionDPP(basis)
    with geomsci.use_backend("reference"):
        indices = np.sort(sampler.sample(size=R, rng=4).indices, axis=1)
    V = basis.rows * np.sqrt(basis.measure)[:, None]
    subsets, counts = np.unique(indices, axis=0, return_counts=True)
    p = np.linalg.det(V[subsets]) ** 2
    chi2 = float(((counts - R * p) ** 2 / (R * p)).sum()) + R * (1 - p.sum())
    assert chi2 <= scipy.stats.chi2.isf(FOUR_SIGMA, math.comb(N, m) - 1)


@pytest.mark.parametrize("m", [400, pytest.param(1000, marks=pytest.mark.slow)])
def test_large_draw_is_a_volume_that_does_not_vanish(m):
    basis = FeatureBasis(_features(3 * m, m))
    design = ProjectionDPP(basis).sample(rng=5)
    Phi = basis.rows[design.indices]
    assert len(np.unique(design.indices)) == m
    # Points of a projection DPP never nearly coincide: lambda_min is about m^-2 or more
    smallest = np.linalg.svd(np.sqrt(design.weights)[:, None] * Phi)[1][-1]
    assert smallest**2 >= 1e-3 / m**2


def _rotated(r, a, seed):
    rng = np.random.default_rng(seed)
    return np.linalg.qr(rng.standard_normal((r, r)))[0], rng.standard_normal((r, a))


@pytest.mark.parametrize("scale", [1.0, 1e-7])
@pytest.mark.parametrize(("r", "a"), [(5, 1), (9, 4), (40, 39), (6, 6)])
def test_reflector_leaves_an_orthonormal_basis_of_the_complement(r, a, scale):
    W, Z = _rotated(r, a, 6)
    Z[:, 0] *= scale
    rest = blocked._turned(W, Z)
    assert rest.shape == (r - a, r)
    np.testing.assert_allclose(rest @ rest.T, np.eye(r - a), atol=64 * EPS * r)
    spanned = W.T @ linalg.qr(Z).Q
    np.testing.assert_allclose(rest @ spanned, 0, atol=64 * EPS * r)


def test_decisions_are_those_of_successive_projections():
    rng = np.random.default_rng(7)
    Z, levels = rng.standard_normal((30, 12)), 12 * rng.random(30)
    kept = np.zeros((0, 12))
    for i, found in enumerate(blocked._decisions(Z, levels)):
        Q = np.linalg.qr(kept.T)[0]
        rest = Z[i] - Q @ (Q.T @ Z[i])
        assert bool(found) == (rest @ rest > levels[i])
        kept = np.vstack([kept, Z[i]]) if found else kept
    assert 0 < len(kept) < 12


@pytest.mark.parametrize("weights", [[1.0], [0.2, 0.8], [1, 0, 0, 3, 0], range(33)])
def test_guide_brackets_every_index(weights):
    sums = np.cumsum(np.asarray(weights, dtype=float))
    guide = candidates.guide_of(np, sums)
    G = len(guide) - 1
    assert G & (G - 1) == 0
    u = np.random.default_rng(8).random(500)
    index = np.searchsorted(sums, u * sums[-1], side="right")
    g = (u * G).astype(int)
    assert (guide[g] <= index).all()
    assert (index <= guide[g + 1]).all()
    assert weights[guide[-1]] > 0
