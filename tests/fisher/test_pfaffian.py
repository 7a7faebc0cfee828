"""The Pfaffian route of the square torus against sums over states and identities."""

import math

import numpy as np
import pytest

from geomsci.reference.fisher import enumeration, pfaffian, sectors, streaming
from geomsci.reference.fisher.cumulants import invariants
from geomsci.reference.fisher.lattices import SQUARE, TRIANGULAR

EPS = np.finfo(float).eps
CRITICAL = math.asinh(1) / 2

# Couplings of the issue: isotropic, J_h != J_v, mixed signs, ordered, critical.
COUPLINGS = [
    (CRITICAL, CRITICAL),
    (0.3, 0.3),
    (0.25, 0.6),
    (0.5, -0.3),
    (0.9, 0.9),
    (-CRITICAL, -CRITICAL),
    (-0.5, -0.5),
    (0.0, 0.0),
    (0.0, 0.7),
]
SHAPES = [(3, 3), (3, 4), (4, 3), (4, 4), (3, 5)]


def _pfaffian(shape, J):
    return pfaffian.cumulants(SQUARE, shape, np.array(J))


@pytest.mark.parametrize("J", COUPLINGS, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_cumulants_equal_those_of_the_sum_over_states(shape, J):
    ours, _ = _pfaffian(shape, J)
    sums = enumeration.cumulants(SQUARE, shape, np.array(J), model="ising", q=2)
    for part in ("bond_energy", "metric", "third"):
        difference = np.abs(getattr(ours, part) - getattr(sums, part))
        assert difference.max() < 1e-13, part
    np.testing.assert_allclose(ours.log_partition, sums.log_partition, rtol=1e-14)


@pytest.mark.parametrize("shape", [(3, 3), (3, 4), (3, 5)], ids=str)
def test_frustrated_tori_lose_the_cancellation_and_no_more(shape):
    J = (-0.9, -0.9)
    ours, kappa = _pfaffian(shape, J)
    sums = enumeration.cumulants(SQUARE, shape, np.array(J), model="ising", q=2)
    assert kappa > 100
    for part in ("metric", "third"):
        difference = np.abs(getattr(ours, part) - getattr(sums, part))
        assert difference.max() < 16 * EPS * kappa, part


def test_cancellation_grows_with_frustration_only():
    assert _pfaffian((9, 9), (-0.9, -0.9))[1] > 1e6
    for L in (4, 8, 16):
        assert _pfaffian((L, L), (CRITICAL, CRITICAL))[1] < 1.5


def test_uniform_susceptibility_is_the_derivative_of_the_energy():
    """sum_r g_ab(r) = d mu_a / dJ_b, with a sixth-order difference."""
    J, h = np.array([0.35, 0.5]), 0.01
    metric = _pfaffian((6, 5), J)[0].metric
    for b in range(2):
        weights = {1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
        slope = np.zeros(2)
        for step, weight in weights.items():
            for sign in (1, -1):
                moved = J.copy()
                moved[b] += sign * step * h
                energy = _pfaffian((6, 5), moved)[0].bond_energy
                slope += sign * weight * energy / h
        total = metric[:, b].sum(axis=(1, 2))
        np.testing.assert_allclose(total, slope, atol=1e-8)  # h^6 times f^(7) / 140


def test_third_cumulant_is_symmetric_in_its_bonds():
    third = _pfaffian((3, 5), (0.4, 0.2))[0].third
    np.testing.assert_allclose(
        third, third.transpose(0, 2, 1, 4, 3), rtol=0, atol=32 * EPS
    )


def test_bond_flip_on_even_sides_maps_the_antiferromagnet_to_the_ferromagnet():
    plus, _ = _pfaffian((4, 6), (0.4, 0.3))
    minus, _ = _pfaffian((4, 6), (-0.4, 0.3))
    np.testing.assert_allclose(
        plus.log_partition, minus.log_partition, rtol=4 * EPS, atol=0
    )
    np.testing.assert_allclose(
        plus.bond_energy, [-minus.bond_energy[0], minus.bond_energy[1]], rtol=64 * EPS
    )


def test_partition_function_obeys_duality_in_the_bulk():
    """psi/n - log(2 s)/2 is invariant under sinh 2J* = 1/s, up to exp(-L)."""
    J, L = 0.2, 64
    s = math.sinh(2 * J)
    densities = []
    for K in (J, math.asinh(1 / s) / 2):
        log_Z = sectors.square_fermions((L, L), np.array([K, K])).log_partition
        densities.append(log_Z / L**2 - math.log(2 * math.sinh(2 * K)) / 2)
    # The ordered phase has two states: log 2 / n.
    assert densities[1] - densities[0] == pytest.approx(math.log(2) / L**2, abs=1e-12)


def test_free_energy_approaches_onsager():
    J, L = 0.3, 48
    k = 2 * math.sinh(2 * J) / math.cosh(2 * J) ** 2
    # Midpoints are exact to exp(-n) for a smooth periodic integrand.
    theta = (np.arange(400) + 0.5) * math.pi / 400
    inner = np.log((1 + np.sqrt(1 - (k * np.sin(theta)) ** 2)) / 2)
    exact = math.log(2 * math.cosh(2 * J)) + inner.mean() / 2
    log_Z = sectors.square_fermions((L, L), np.array([J, J])).log_partition
    assert log_Z / L**2 == pytest.approx(exact, abs=1e-13)


STREAMED = [
    ((5, 5), (CRITICAL, CRITICAL)),
    ((6, 6), (-CRITICAL, -CRITICAL)),
    ((7, 7), (-CRITICAL, -CRITICAL)),
    ((4, 6), (0.4, -0.3)),
    ((5, 4), (0.3, 0.6)),
    ((8, 8), (0.5, 0.5)),
    ((3, 8), (CRITICAL, CRITICAL)),
    ((16, 16), (CRITICAL, CRITICAL)),
]


@pytest.mark.parametrize(("shape", "J"), STREAMED, ids=str)
def test_streaming_equals_the_dense_contraction(shape, J):
    dense = invariants(_pfaffian(shape, J)[0])
    streamed = streaming.curvature(SQUARE, shape, np.array(J)).invariants
    for part in ("third_norm", "trace", "trace_norm", "condition_number"):
        np.testing.assert_allclose(
            getattr(streamed, part), getattr(dense, part), rtol=1e-12
        )


@pytest.mark.parametrize("shape", [(3, 4), (4, 4)], ids=str)
def test_streaming_takes_other_lattices(shape):
    J = np.array([0.2, 0.35, 0.1])
    dense = invariants(pfaffian.cumulants(TRIANGULAR, shape, J)[0])
    streamed = streaming.curvature(TRIANGULAR, shape, J).invariants
    np.testing.assert_allclose(streamed.third_norm, dense.third_norm, rtol=1e-12)
    np.testing.assert_allclose(streamed.trace, dense.trace, rtol=1e-12)


@pytest.mark.parametrize("shape", [(6, 6), (5, 7), (6, 8), (7, 7)], ids=str)
@pytest.mark.parametrize("symmetry", [(False, False), (True, False), (True, True)])
def test_orbits_of_first_momenta_cover_all_triples(shape, symmetry):
    """Summing ones over (k1, k2) with the counts and weights gives n^2."""
    if symmetry[1] and shape[0] != shape[1]:
        pytest.skip("no exchange of the axes on a rectangle")
    n = math.prod(shape)
    k1, counts = streaming.first_momenta(shape, *symmetry)
    k1 = np.array(k1)
    k3 = streaming.opposite_momenta(shape, k1)
    weights = streaming.triple_weights(shape, k1, k3)
    assert np.sum(np.array(counts)[:, None] * weights) == n * n


@pytest.mark.parametrize("shape", [(4, 6), (5, 5)], ids=str)
def test_arrays_of_every_library_give_the_same(xp, shape):
    if xp.single:
        pytest.skip("float64 only")
    J = np.array([CRITICAL, 0.4])
    expected = streaming.curvature(SQUARE, shape, J)
    actual = streaming.curvature(SQUARE, shape, xp.asarray(J))
    kappa = 100 * float(expected.invariants.condition_number)
    xp.assert_close(
        actual.invariants.trace, expected.invariants.trace, kappa=kappa, n=24
    )
    for part in ("third_norm", "trace_norm"):
        ours, reference = (getattr(r.invariants, part) for r in (actual, expected))
        assert float(ours) == pytest.approx(float(reference), rel=64 * EPS * kappa)
    xp.assert_close(actual.metric, expected.metric, kappa=16, n=math.prod(shape))


def test_dense_cumulants_in_every_library(xp):
    if xp.single:
        pytest.skip("float64 only")
    J = np.array([0.3, 0.5])
    expected, _ = pfaffian.cumulants(SQUARE, (3, 4), J)
    actual, _ = pfaffian.cumulants(SQUARE, (3, 4), xp.asarray(J))
    for ours, reference in zip(actual, expected):
        xp.assert_close(ours, reference, kappa=16, n=12)
