"""Laws of independent points, and the bounds that their rejection rests on."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats

import geomsci
from geomsci.backends import run, threads
from geomsci.reference.sampling import coordinates, envelopes
from geomsci.sampling.basis import PolynomialBasis
from geomsci.sampling.christoffel import ChristoffelSampler
from geomsci.sampling.design import stream_keys
from geomsci.sampling.features import FeatureBasis
from geomsci.sampling.index_sets import total_degree

EPS = float(np.finfo(np.float64).eps)
FOUR_SIGMA = float(2 * scipy.stats.norm.sf(4))
EXPONENTS = [
    (0.3, -0.2), (-0.5, 0.5), (1.0, 2.0), (6.0, -0.5), (-0.7, -0.9), (-0.8, 0.4),
    (0.5, -0.95), (-0.9, 1.0),
]  # fmt: skip
FAMILIES = [
    *((name, 0.0, 0.0) for name in envelopes.CODES if name != "jacobi"),
    # Closer to -1 a visible part of the mass is within a rounding of the end.
    *(("jacobi", a, b) for a, b in np.maximum(EXPONENTS, -0.8).tolist()),
]


def _one_degree(family, k, alpha, beta):
    return envelopes.tables((family,), np.array([[k]]), (alpha,), (beta,))


def _angle_density(family, k, alpha, beta):
    """Points x(s) for s in [0, 1] and the density of ``p_k^2 mu`` in s, by SciPy."""
    s = np.linspace(0, 1, 40_001)
    if family in ("hermite", "laguerre"):
        y = s * (math.sqrt(4 * k + 2) + 7)
        if family == "laguerre":
            return y**2, scipy.special.eval_laguerre(k, y**2) ** 2 * np.exp(-(y**2)) * y
        x = 2 * y - y[-1]
        p = scipy.special.eval_hermitenorm(k, x) / math.sqrt(math.factorial(k))
        return x, p**2 * np.exp(-(x**2) / 2)
    if family == "fourier":
        wave = np.cos if k % 2 else np.sin
        return s, wave(2 * np.pi * ((k + 1) // 2) * s) ** 2 if k else np.ones_like(s)
    if family == "chebyshev":
        return -np.cos(np.pi * s), np.cos(k * np.pi * s) ** 2
    # Substitution that is flat at the ends, where small exponents have a pole.
    half = np.pi / 2 * scipy.special.betainc(9, 9, s)
    jacobian = (s * (1 - s)) ** 8
    up, down = np.maximum(np.sin(half), 1e-300), np.maximum(np.cos(half), 1e-300)
    x = up**2 - down**2
    p = scipy.special.eval_jacobi(k, alpha, beta, x)
    weight = down ** (2 * alpha + 1) * up ** (2 * beta + 1)
    return x, p**2 * weight * jacobian


@pytest.mark.parametrize("k", [0, 1, 2, 7, 20])
@pytest.mark.parametrize(("family", "alpha", "beta"), FAMILIES)
def test_coordinate_has_the_law_of_its_squared_polynomial(family, alpha, beta, k):
    n, keys = 8000, stream_keys(k, 1)
    points, _ = run(
        "sampling.polynomial_points", keys, _one_degree(family, k, alpha, beta),
        n_points=n, share=1.0,
    )  # fmt: skip
    grid, density = _angle_density(family, k, alpha, beta)
    mass = scipy.integrate.cumulative_simpson(density, initial=0.0)
    u = np.interp(points[0, :, 0], grid, mass / mass[-1])
    D = scipy.stats.kstest(u, "uniform").statistic
    assert D * math.sqrt(n) <= scipy.special.kolmogi(FOUR_SIGMA)


def _target(rows, k, x):
    return np.array([coordinates.value_at(rows, k, t) for t in x])


@pytest.mark.parametrize("k", [0, 1, 2, 5, 40, 300])
@pytest.mark.parametrize("family", ["hermite", "laguerre"])
def test_bulk_and_tangents_lie_above(family, k):
    tables = _one_degree(family, k, 0.0, 0.0)
    rows, e = tables.recurrences[0], tables.envelopes[0, k]
    y = np.linspace(0, e[0] + 6 * e[0] ** (-1 / 3), 4001)[1:]
    x = y**2 if family == "laguerre" else math.sqrt(2) * y
    p, shift = _target(rows, k, x).T
    square = p**2 * np.exp(400 * math.log(2) * shift - y**2)
    square *= y if family == "laguerre" else 1.0
    bulk = e[2] / np.sqrt(np.maximum(e[0] ** 2 - y**2, 1e-300))
    edge = np.where(
        y < e[5], e[6] * np.exp(e[7] * (y - e[4])), e[9] * np.exp(e[10] * (y - e[5]))
    )
    ratio = square / np.where(y < e[4], bulk, edge)
    assert ratio.max() <= 1.0
    assert ratio.max() >= 0.99  # no looser than it need be


@pytest.mark.parametrize("k", [0, 1, 2, 5, 40])
@pytest.mark.parametrize(("alpha", "beta"), EXPONENTS)
def test_jacobi_bounds_lie_above_and_cover_the_interval(alpha, beta, k):
    tables = _one_degree("jacobi", k, alpha, beta)
    rows, e = tables.recurrences[0], tables.envelopes[0, k]
    half = (np.arange(4000) + 0.5) / 4000 * math.pi / 2
    s, c = np.sin(half), np.cos(half)
    f = _target(rows, k, np.cos(2 * half))[:, 0] ** 2 * s ** e[1] * c ** e[2]
    bound = np.full_like(f, np.nan)
    right, left = c <= e[11], s <= e[8]
    bound[right] = (e[10] * c ** e[2] * s)[right]
    bound[left] = (e[7] * s ** e[1] * c)[left]
    bulk = (half >= e[3]) & (half < e[3] + e[4])
    bound[bulk] = e[0]
    assert (f <= bound).all()


@pytest.mark.parametrize("mixture", [None, 0.6])
@pytest.mark.parametrize("family", ["legendre", "hermite", "laguerre", "fourier"])
def test_weighted_means_are_those_of_the_measure(family, mixture):
    basis = PolynomialBasis(family, total_degree(2, 3))
    design = ChristoffelSampler(basis, mixture).sample(20_000, rng=1)
    Phi = basis.evaluate(design.points)
    terms = design.weights[:, None, None] * Phi[:, :, None] * Phi[:, None, :]
    error = terms.std(axis=0) / math.sqrt(design.n_points)
    assert (abs(terms.mean(axis=0) - np.eye(basis.size)) <= 4.5 * error + EPS).all()
    if mixture is not None:
        assert design.weights.max() <= 1 / (1 - mixture) * (1 + 4 * EPS)


@pytest.mark.parametrize("family", ["legendre", "hermite", "laguerre", "chebyshev"])
def test_trace_of_the_weighted_gram_matrix_is_m(family):
    basis = PolynomialBasis(family, total_degree(3, 3))
    design = ChristoffelSampler(basis).sample(57, rng=2)
    Phi = basis.evaluate(design.points)
    trace = (design.weights[:, None] * Phi**2).sum() / 57
    assert abs(trace - basis.size) <= 1e-12 * basis.size


def _candidates(N=15, m=4):
    rng = np.random.default_rng(3)
    F, weight = rng.standard_normal((N, m)), rng.random(N)
    F[2], weight[[0, 7]] = 0.0, 0.0
    return FeatureBasis(F, sample_weight=weight)


@pytest.mark.parametrize("mixture", [None, 1.0, 0.3])
def test_candidates_have_their_probabilities(mixture):
    basis, R, n = _candidates(), 50, 400
    design = ChristoffelSampler(basis, mixture).sample(n, size=R, rng=4)
    a = 1.0 if mixture is None else mixture
    k = basis.christoffel(basis.candidates)
    p = basis.measure * (a * k / basis.size + 1 - a)
    counts = np.bincount(design.indices.ravel(), minlength=len(p))
    assert counts[p == 0].sum() == 0
    wanted = R * n * p[p > 0]
    chi2 = float(((counts[p > 0] - wanted) ** 2 / wanted).sum())
    assert chi2 <= scipy.stats.chi2.isf(FOUR_SIGMA, len(wanted) - 1)
    weights = 1 / (a * k[design.indices] / basis.size + 1 - a)
    np.testing.assert_allclose(design.weights, weights, rtol=1e3 * EPS)
    np.testing.assert_array_equal(design.points, basis.candidates[design.indices])


@pytest.mark.parametrize("kind", ["finite", "polynomial"])
def test_designs_do_not_depend_on_size_or_threads(kind, monkeypatch):
    basis = PolynomialBasis("hermite", total_degree(2, 4))
    sampler = ChristoffelSampler(_candidates() if kind == "finite" else basis, 0.8)
    one = sampler.sample(70, rng=5)
    for n in (1, 2, 5):
        monkeypatch.setattr(threads, "n_threads", lambda n=n: n)
        many = sampler.sample(70, size=40, rng=5)
        np.testing.assert_array_equal(many.points[0], one.points)
        np.testing.assert_array_equal(many.weights[0], one.weights)
        shorter = sampler.sample(30, size=2, rng=5)
        np.testing.assert_array_equal(many.points[:2, :30], shorter.points)
    assert one.n_proposals == 70
    assert many.n_proposals.shape == (40,)


@pytest.mark.parametrize("family", ["legendre", "hermite"])
def test_interpreted_points_are_the_compiled_ones(family):
    sampler = ChristoffelSampler(PolynomialBasis(family, total_degree(2, 3)), 0.7)
    with geomsci.use_backend("reference"):
        slow = sampler.sample(25, size=2, rng=6)
    fast = sampler.sample(25, size=2, rng=6)
    scale = 1024 * EPS * np.abs(fast.points).max()
    np.testing.assert_allclose(slow.points, fast.points, rtol=0, atol=scale)
    np.testing.assert_allclose(slow.weights, fast.weights, rtol=1e5 * EPS)


def test_bad_input_is_named():
    basis = PolynomialBasis("legendre", range(3))
    for mixture in (0.0, 1.5, -0.1, math.nan):
        with pytest.raises(ValueError, match="mixture must lie in"):
            ChristoffelSampler(basis, mixture)
    with pytest.raises(TypeError, match="basis must be"):
        ChristoffelSampler("legendre")
    with pytest.raises(ValueError, match="n must be the number"):
        ChristoffelSampler(basis).sample()
    with pytest.raises(ValueError, match="n must be an integer"):
        ChristoffelSampler(basis).sample(0)
    with pytest.raises(TypeError, match="n must be an integer"):
        ChristoffelSampler(basis).sample(2.0)
