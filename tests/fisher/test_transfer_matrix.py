"""The transfer matrix against enumeration, dense layers, sum rules and the paper."""

import itertools
import math

import numpy as np
import pytest

from geomsci.reference.fisher import enumeration, transfer_layers
from geomsci.reference.fisher.cumulants import invariants
from geomsci.reference.fisher.lattices import LATTICES
from geomsci.reference.fisher.transfer_matrix import cumulants, log_partition

CRITICAL = math.log(1 + math.sqrt(2)) / 2
GOAL = 1e-13  # for g and T, of order one

SMALL = [
    ((3, 3), "ising", 2, (CRITICAL, CRITICAL)),
    ((3, 3), "ising", 2, (0.0, 0.0)),
    ((3, 3), "ising", 2, (0.9, 0.9)),
    ((3, 3), "ising", 2, (-0.5, -0.5)),
    ((3, 4), "ising", 2, (0.3, 0.5)),
    ((4, 3), "ising", 2, (0.3, -0.5)),
    ((4, 3), "ising", 2, (0.0, 0.4)),
    ((3, 4), "ising", 2, (0.0, 0.4)),
    ((4, 4), "ising", 2, (-0.35, 0.25)),
    ((3, 3), "potts", 3, (0.7, 0.9)),
    ((3, 3), "potts", 3, (1.0, 1.0)),
    ((3, 3), "potts", 3, (-0.4, 0.0)),
    ((3, 3), "potts", 3, (0.0, 1.2)),
    ((3, 3), "potts", 4, (0.8, -0.6)),
    ((3, 3), "potts", 5, (0.5, 1.1)),
    ((3, 3), "potts", 6, (0.9, 0.4)),
]

ISING = {3: 105.64, 4: 265.31, 5: 446.24, 6: 671.25, 7: 945.53, 8: 1272.14, 9: 1653.34}
POTTS = {
    3: {3: 79.85, 4: 208.15, 5: 359.51, 6: 552.90},
    4: {3: 74.88, 4: 200.65, 5: 354.59, 6: 556.35},
}
PUBLISHED = [
    *(("ising", 2, L, R, CRITICAL) for L, R in ISING.items()),
    *(
        ("potts", q, L, R, math.log(1 + math.sqrt(q)))
        for q, table in POTTS.items()
        for L, R in table.items()
    ),
]


def exact(shape, couplings, model="ising", q=2):
    lattice = LATTICES["square" if len(shape) == 2 else "cubic"]
    return cumulants(lattice, shape, np.array(couplings), model=model, q=q)


def curvature(result):
    scalars = invariants(result)
    return float(scalars.third_norm - scalars.trace_norm) / 4


@pytest.mark.parametrize(("shape", "model", "q", "J"), SMALL)
def test_equals_the_sum_over_all_states(shape, model, q, J):
    result = exact(shape, J, model, q)
    oracle = enumeration.cumulants(
        LATTICES["square"], shape, np.array(J), model=model, q=q
    )
    for found, expected in zip(result, oracle):
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=0, atol=GOAL)
    assert math.isclose(result.log_partition, oracle.log_partition, rel_tol=1e-14)


@pytest.mark.parametrize(("model", "q", "size", "R", "J"), PUBLISHED)
def test_published_curvatures(model, q, size, R, J):
    result = exact((size, size), (J, J), model, q)
    assert abs(abs(curvature(result)) - R) <= 0.0051  # two printed digits
    assert curvature(result) < 0


def layer_product(shape, J, model, q, insertions):
    """Trace of dense layer matrices, ``phi`` of the given (type, cell) inserted."""
    sites = list(itertools.product(*map(range, shape[1:])))
    states = np.array(list(itertools.product(range(q), repeat=len(sites))))
    low = -1.0 if model == "ising" else 0.0

    def phi(x, y):
        return np.where(x == y, 1.0, low)

    def inside(axis, i):
        there = [
            (x + (k == axis)) % L for k, (x, L) in enumerate(zip(sites[i], shape[1:]))
        ]
        return phi(states[:, i], states[:, sites.index(tuple(there))])

    def between(i):
        return phi(states[:, None, i], states[None, :, i])

    m = range(len(sites))
    energy = sum(J[1 + k] * inside(k, i) for k in range(len(shape) - 1) for i in m)
    plain = np.exp(energy[:, None] + J[0] * sum(between(i) for i in m))
    layers = [plain.copy() for _ in range(shape[0])]
    for kind, cell in insertions:
        i = sites.index(cell[1:])
        factor = between(i) if kind == 0 else inside(kind - 1, i)[:, None]
        layers[cell[0]] *= factor
    return np.trace(np.linalg.multi_dot(layers))


@pytest.mark.parametrize(
    ("shape", "model", "q", "J"),
    [
        ((3, 3, 3), "ising", 2, (0.15, -0.2, 0.3)),
        ((3, 3, 3), "ising", 2, (0.22, 0.22, 0.22)),
        ((4, 3, 3), "ising", 2, (0.2, 0.25, 0.25)),
        ((6, 5), "potts", 3, (0.8, 1.1)),
    ],
)
def test_cumulants_are_moments_of_dense_layer_matrices(shape, model, q, J):
    result = exact(shape, J, model, q)
    Z = layer_product(shape, J, model, q, [])
    origin = (0,) * len(shape)
    rng = np.random.default_rng(3)
    mu = [layer_product(shape, J, model, q, [(k, origin)]) / Z for k in range(len(J))]
    np.testing.assert_allclose(result.bond_energy, mu, rtol=1e-13)
    assert math.isclose(result.log_partition, math.log(Z), rel_tol=1e-14)
    for _ in range(10):
        kinds = rng.integers(len(J), size=3)
        cells = [origin, *(tuple(map(int, rng.integers(shape))) for _ in range(2))]
        bonds = [(int(kind), cell) for kind, cell in zip(kinds, cells)]
        if len(set(bonds)) < 3:
            continue  # products of one factor with itself are not an insertion
        cov = {}
        for i, j in itertools.combinations(range(3), 2):
            moment = layer_product(shape, J, model, q, [bonds[i], bonds[j]]) / Z
            cov[i, j] = moment - mu[kinds[i]] * mu[kinds[j]]
        moment = layer_product(shape, J, model, q, bonds) / Z
        a, b, c = (mu[kind] for kind in kinds)
        T = moment - a * b * c - a * cov[1, 2] - b * cov[0, 2] - c * cov[0, 1]
        x, y = (np.ravel_multi_index(cell, shape) for cell in cells[1:])
        assert abs(result.third[(*kinds, x, y)] - T) < 1e-12
        assert abs(result.metric[(*kinds[:2], *cells[1])] - cov[0, 1]) < 1e-12


# Central differences of order eight: weights of f(x + k h) - f(x - k h), k = 1..4.
WEIGHTS = (4 / 5, -1 / 5, 4 / 105, -1 / 280)


STEP = 0.005
# What they leave out is of order STEP^8: 1e-13 here. What they add is rounding.
ROUNDING = 64 * np.finfo(float).eps / STEP


def derivative(function, J, axis, h=STEP):
    total = 0.0
    for k, weight in enumerate(WEIGHTS, start=1):
        up, down = list(J), list(J)
        up[axis] += k * h
        down[axis] -= k * h
        total = total + weight * (function(up) - function(down)) / h
    return total


@pytest.mark.parametrize("J", [(0.1, -0.2, 0.15), (0.15, 0.15, 0.15)])
def test_sums_of_cumulants_are_derivatives_of_those_below(J):
    shape, n = (3, 3, 3), 27
    result = exact(shape, J)
    cube = LATTICES["cubic"]

    def log_Z(J):
        return float(log_partition(cube, shape, np.array(J), model="ising", q=2))

    for c in range(3):
        assert abs(derivative(log_Z, J, c) / n - result.bond_energy[c]) < ROUNDING
        dmu = derivative(lambda J: exact(shape, J).bond_energy, J, c)
        total = result.metric.sum(axis=(2, 3, 4))
        np.testing.assert_allclose(total[:, c], dmu, rtol=0, atol=ROUNDING)
        dg = derivative(lambda J: exact(shape, J).metric, J, c)
        total = result.third[:, :, c].sum(axis=-1).reshape(dg.shape)
        np.testing.assert_allclose(total, dg, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize(("shape", "J"), [((5, 5), 0.6), ((4, 6), 1.1), ((3, 3), -0.8)])
def test_two_colours_are_ising_spins_at_half_the_coupling(shape, J):
    potts = invariants(exact(shape, (J, J), "potts", 2))
    ising = invariants(exact(shape, (J / 2, J / 2)))
    kappa = float(ising.condition_number)
    for found, expected in zip(potts, ising):
        if found.ndim == 0:
            assert math.isclose(found, expected, rel_tol=1e-13 * kappa)


@pytest.mark.parametrize("shape", [(4, 3, 3), (3, 4, 3), (3, 3, 4)])
def test_a_longer_axis_is_as_good_as_any_other(shape):
    J = dict(zip((4, 3), (0.3, 0.1)))
    result = exact(shape, [J[length] for length in shape])
    first = exact((4, 3, 3), (0.3, 0.1, 0.1))
    assert math.isclose(result.log_partition, first.log_partition, rel_tol=1e-15)
    assert math.isclose(curvature(result), curvature(first), rel_tol=1e-11)


def test_third_cumulant_does_not_depend_on_the_order_of_bonds():
    shape = (4, 5)
    result = exact(shape, (0.4, 0.2))
    T = result.third.reshape(2, 2, 2, 4, 5, 4, 5)
    scale = np.abs(T).max()
    for x1, x2 in [((1, 3), (2, 2)), ((0, 1), (3, 0)), ((2, 4), (2, 0))]:
        back = tuple(np.subtract(x2, x1) % shape)
        minus = tuple(np.negative(x1) % shape)
        turned = T[(slice(None),) * 3 + (*back, *minus)]
        found = T[(slice(None),) * 3 + (*x1, *x2)]
        np.testing.assert_allclose(found, turned.transpose(2, 0, 1), atol=1e-14 * scale)


def test_exact_limit_of_free_sites():
    result = exact((4, 3), (0.0, 0.0), "potts", 3)
    assert math.isclose(result.log_partition, 12 * math.log(3), rel_tol=1e-15)
    expected = np.zeros((2, 2, 4, 3))
    expected[0, 0, 0, 0] = expected[1, 1, 0, 0] = 2 / 9
    np.testing.assert_allclose(result.metric, expected, rtol=0, atol=1e-15)


def test_layers_far_apart_forget_each_other():
    """On a strip of 3 by 600 powers of a layer neither overflow nor vanish."""
    strip, square = (3, 600), LATTICES["square"]
    J = np.array([0.3, 0.4])
    long = log_partition(square, strip, J, model="ising", q=2)
    half = log_partition(square, (3, 300), J, model="ising", q=2)
    assert math.isclose(long, 2 * half, rel_tol=1e-14)


@pytest.mark.parametrize(("q", "m"), [(2, 11), (3, 7), (4, 5), (5, 4), (6, 4)])
def test_passage_between_states_and_characters_is_orthogonal(q, m):
    F = transfer_layers.transform(q, m, like=np.zeros(1))
    x = np.random.default_rng(0).standard_normal((3, q ** (m - 1)))
    np.testing.assert_allclose(
        transfer_layers.apply(F, transfer_layers.apply(F, x)), x, atol=1e-13
    )


def test_runs_on_every_library(xp):
    if xp.single:
        pytest.skip("Fisher curvature is float64 only")
    lattice = LATTICES["square"]
    J = xp.asarray(np.array([0.5, 0.9]))
    result = cumulants(lattice, (3, 4), J, model="potts", q=3)
    expected = exact((3, 4), (0.5, 0.9), "potts", 3)
    for found, wanted in zip(result[:3], expected):
        xp.assert_close(found, wanted, n=27)
    assert math.isclose(float(result[3]), expected[3], rel_tol=1e-14)


@pytest.mark.parametrize("name", ["triangular", "honeycomb", "kagome"])
def test_other_lattices_name_the_methods_that_work(name):
    lattice = LATTICES[name]
    with pytest.raises(ValueError, match="square.*pfaffian.*enumeration"):
        cumulants(lattice, (3, 3), np.full(len(lattice.bonds), 0.2), model="ising", q=2)


@pytest.mark.parametrize(
    ("shape", "model", "q", "error", "told"),
    [
        ((40, 40), "ising", 2, MemoryError, r"GiB for 2\^40 states.*pfaffian"),
        ((14, 14), "potts", 4, MemoryError, r"GiB for 4\^14 .*Monte Carlo"),
        ((6, 6, 6), "ising", 2, MemoryError, r"GiB for 2\^36 .*Monte Carlo"),
        ((10**4, 10**4), "potts", 3, MemoryError, r"10\^\d+ GiB.*Monte Carlo"),
        ((18, 18), "ising", 2, ValueError, r"2\^16 states.*pfaffian"),
        ((3, 3, 3), "potts", 4, ValueError, r"2\^16 states.*Monte Carlo"),
    ],
)
def test_what_does_not_fit_names_its_size(shape, model, q, error, told):
    with pytest.raises(error, match=told) as caught:
        exact(shape, (0.2,) * len(shape), model, q)
    assert "\n" not in str(caught.value)


@pytest.mark.slow
def test_four_cubed_has_the_symmetry_of_the_hypercube():
    """A ring of four sites is a square, so the torus 4x4x4 is a cube of 6 dimensions.

    Its edges have 11 kinds of pairs (6 parallel, 5 not), of which only those that the
    layers show went into the computation.
    """
    result = exact((4, 4, 4), (0.2216544,) * 3)
    values = np.sort(result.metric.ravel())
    assert 1 + np.count_nonzero(np.diff(values) > 1e-12) == 11
    assert abs(abs(curvature(result)) - 787) < 5  # published, by Monte Carlo
