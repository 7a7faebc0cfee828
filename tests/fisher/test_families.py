"""Curvatures of exponential families that are known in closed form."""

import itertools
import math

import numpy as np
import pytest

from geomsci import fisher
from geomsci.backends import LinAlgError
from geomsci.reference.fisher.cumulants import invariants
from geomsci.reference.fisher.enumeration import cumulants
from geomsci.reference.fisher.lattices import LATTICES


def categorical(m, seed=3):
    """Indicators of the first m of m + 1 states, and probabilities."""
    rng = np.random.default_rng(seed)
    return np.eye(m + 1)[:, :m], rng.dirichlet(np.full(m + 1, 3.0))


def moments(phi, p):
    X = phi - p @ phi
    return X.T @ (p[:, None] * X), np.einsum("s,sa,sb,sc->abc", p, X, X, X)


@pytest.mark.parametrize("m", [1, 2, 3, 7, 20])
def test_categorical_family_is_a_sphere_of_radius_two(xp, m):
    if xp.single:
        pytest.skip("float32 is refused")
    phi, p = categorical(m)
    g, T = moments(phi, p)
    kappa = m * np.linalg.cond(g)
    expected = np.array(m * (m - 1) / 4)
    if m == 1:  # a curve is flat: compare with the terms that cancel
        assert abs(float(fisher.exponential_family_curvature(phi, p))) < 1e-14
        return
    R = fisher.exponential_family_curvature(xp.asarray(phi), xp.asarray(p))
    xp.assert_close(R, expected, kappa=kappa)
    R = fisher.hessian_scalar_curvature(xp.asarray(g), xp.asarray(T))
    xp.assert_close(R, expected, kappa=kappa)


@pytest.mark.parametrize(("mean", "deviation"), [(0.0, 1.0), (2.0, 0.5), (-1.0, 4.0)])
def test_normal_family_is_a_hyperbolic_plane(mean, deviation):
    # Four Gauss-Hermite nodes integrate the moments of (x, x^2) up to the third,
    # polynomials of degree six, exactly: R is that of the continuous family.
    x, w = np.polynomial.hermite_e.hermegauss(4)
    x = mean + deviation * x
    phi = np.stack([x, x**2], axis=1)
    R = fisher.exponential_family_curvature(phi, w)
    assert float(R) == pytest.approx(-1.0, rel=1e-12)


def test_independent_families_are_a_flat_product():
    # A product of one-parameter families is flat; of normals it adds their curvatures.
    g, T = np.diag([0.3, 2.0, 5.0]), np.zeros((3, 3, 3))
    for a, third in enumerate([1.0, -4.0, 7.0]):
        T[a, a, a] = third
    size = sum(T[a, a, a] ** 2 / g[a, a] ** 3 for a in range(3))
    R = fisher.hessian_scalar_curvature(g, T)
    assert abs(float(R)) <= 8 * np.finfo(float).eps * size


def test_curvature_of_independent_families_adds_up():
    phi, p = categorical(3)
    states = list(itertools.product(range(4), repeat=2))
    both = np.array([[*phi[i], *phi[j]] for i, j in states])
    weights = np.array([p[i] * p[j] for i, j in states])
    R = fisher.exponential_family_curvature(both, weights)
    assert float(R) == pytest.approx(2 * 3 * 2 / 4, rel=1e-12)


def test_invariant_under_linear_change_of_parameters():
    phi, p = categorical(5)
    A = np.random.default_rng(4).standard_normal((5, 5)) + 3 * np.eye(5)
    moved = phi @ A + np.arange(5.0)
    expected = float(fisher.exponential_family_curvature(phi, p))
    R = float(fisher.exponential_family_curvature(moved, p))
    assert R == pytest.approx(expected, rel=1e-12)
    assert float(
        fisher.exponential_family_curvature(1e9 * phi, 5 * p)
    ) == pytest.approx(expected, rel=1e-12)


def test_equal_weights_are_the_default():
    samples = np.random.default_rng(5).standard_normal((500, 3))
    default = fisher.exponential_family_curvature(samples)
    equal = fisher.exponential_family_curvature(samples, np.full(500, 2.0))
    assert float(default) == pytest.approx(float(equal), rel=1e-12)


def full_arrays(result):
    """All m x m and m x m x m entries of a torus from those with a in the cell 0."""
    metric, third = np.asarray(result.metric), np.asarray(result.third)
    d, shape = metric.shape[0], metric.shape[2:]
    cells = list(itertools.product(*map(range, shape)))
    n = len(cells)
    g, T = np.empty((d, n, d, n)), np.empty((d, n, d, n, d, n))
    for i, x in enumerate(cells):
        moved = [np.ravel_multi_index(np.subtract(y, x) % shape, shape) for y in cells]
        g[:, i] = metric.reshape(d, d, n)[:, :, moved]
        T[:, i] = third[:, :, :, moved, :][..., moved].transpose(0, 1, 3, 2, 4)
    return g.reshape(d * n, d * n), T.reshape((d * n,) * 3)


@pytest.mark.parametrize("lattice", ["square", "triangular"])
def test_torus_invariants_are_those_of_the_full_arrays(lattice):
    J = np.linspace(0.2, 0.35, len(LATTICES[lattice].bonds))
    result = cumulants(LATTICES[lattice], (3, 3), J, model="ising", q=2)
    scalars = invariants(result)
    g, T = full_arrays(result)
    R = float(fisher.hessian_scalar_curvature(g, T))
    expected = float(scalars.third_norm - scalars.trace_norm) / 4
    size = float(scalars.third_norm + scalars.trace_norm) / 4
    kappa = float(scalars.condition_number)
    assert kappa == pytest.approx(np.linalg.cond(g), rel=1e-12)
    assert abs(R - expected) <= 64 * np.finfo(float).eps * kappa * size


def test_collinear_statistics_are_named():
    rng = np.random.default_rng(6)
    phi = rng.standard_normal((50, 2))
    dependent = np.column_stack([phi, phi.sum(axis=1)])
    with pytest.raises(LinAlgError, match="sufficient_statistics.*independent"):
        fisher.exponential_family_curvature(dependent)
    with pytest.raises(LinAlgError, match="number 1: leave out what is constant"):
        fisher.exponential_family_curvature(np.column_stack([phi[:, 0], np.ones(50)]))


def test_a_pole_of_the_metric_is_refused():
    with pytest.raises(LinAlgError, match="metric.*independent"):
        fisher.hessian_scalar_curvature(np.ones((2, 2)), np.zeros((2, 2, 2)))
    with pytest.raises(LinAlgError, match="positive variances"):
        fisher.hessian_scalar_curvature(-np.eye(2), np.zeros((2, 2, 2)))


@pytest.mark.parametrize("J", [0.1, 0.4406867935097715, -0.3])
def test_ricci_terms_are_algebra(J):
    terms = fisher.ising_torus_curvature((3, 4), J, method="enumeration")
    R_1, R_2, R_3, R_4 = terms.ricci_decomposition()
    assert math.isclose(R_3, -R_1 / 2, rel_tol=1e-14)
    assert math.isclose(R_4, -R_2 / 2, rel_tol=1e-14)
    assert math.isclose(R_1 + R_2 + R_3 + R_4, terms.scalar_curvature, rel_tol=1e-12)
