"""Curvatures of periodic lattices: published values, closed forms, identities."""

import math

import numpy as np
import pytest

import geomsci
from geomsci import fisher
from geomsci.fisher import methods
from geomsci.reference.fisher.enumeration import cumulants
from geomsci.reference.fisher.lattices import LATTICES

EPS = np.finfo(float).eps

PUBLISHED_ISING = {
    3: 105.64,
    4: 265.31,
    5: 446.24,
    6: 671.25,
    7: 945.53,
    8: 1272.14,
    9: 1653.34,
}
PUBLISHED_POTTS = {
    3: {3: 79.85, 4: 208.15, 5: 359.51, 6: 552.90},
    4: {3: 74.88, 4: 200.65, 5: 354.59, 6: 556.35},
}


def curvature_budget(result):
    """Rounding of R: of the inverse metric, times the terms that cancel in it."""
    size = (result.third_norm + result.trace_norm) / 4
    return 64 * EPS * result.sign_cancellation * result.condition_number * size


def assert_same_curvature(a, b):
    assert a.scalar_curvature == pytest.approx(
        b.scalar_curvature, rel=0, abs=curvature_budget(a) + curvature_budget(b)
    )
    assert a.log_partition == pytest.approx(
        b.log_partition, rel=1e-14 * max(a.sign_cancellation, b.sign_cancellation)
    )


@pytest.mark.parametrize("side", PUBLISHED_ISING)
def test_published_curvatures_of_critical_ising(side):
    R = fisher.ising_torus_curvature((side, side)).scalar_curvature
    assert R < 0
    assert round(abs(R), 2) == PUBLISHED_ISING[side]


@pytest.mark.parametrize("q", PUBLISHED_POTTS)
@pytest.mark.parametrize("side", [3, 4, 5, 6])
def test_published_curvatures_of_critical_potts(q, side):
    R = fisher.potts_torus_curvature((side, side), q).scalar_curvature
    assert R < 0
    assert round(abs(R), 2) == PUBLISHED_POTTS[q][side]


@pytest.mark.parametrize("q", PUBLISHED_POTTS)
def test_published_curvatures_of_critical_potts_by_enumeration(q):
    R = fisher.potts_torus_curvature((3, 3), q, method="enumeration").scalar_curvature
    assert round(abs(R), 2) == PUBLISHED_POTTS[q][3]


@pytest.mark.parametrize("shape", [(3, 3), (3, 4), (4, 3), (4, 4)])
@pytest.mark.parametrize("coupling", [None, (0.3, 0.5), (0.4, -0.3), -0.44068679350977])
@pytest.mark.parametrize("method", ["pfaffian", "transfer_matrix"])
def test_methods_agree(shape, coupling, method):
    exact = fisher.ising_torus_curvature(shape, coupling, method="enumeration")
    assert_same_curvature(
        fisher.ising_torus_curvature(shape, coupling, method=method), exact
    )


def test_dense_and_streaming_agree(monkeypatch):
    dense = fisher.ising_torus_curvature((5, 6), (0.35, 0.5))
    monkeypatch.setattr(methods, "LARGEST_DENSE", 0)
    assert_same_curvature(fisher.ising_torus_curvature((5, 6), (0.35, 0.5)), dense)


@pytest.mark.parametrize(
    ("method", "shape", "loops"),
    [
        ("enumeration", (3, 3), 6),
        ("enumeration", (3, 4), 4),
        ("enumeration", (4, 4), 0),
        ("pfaffian", (3, 5), 5),
        ("pfaffian", (3, 30), 30),
        ("pfaffian", (4, 7), 0),
        ("pfaffian", (9, 10), 0),
    ],
)
def test_free_spins_feel_only_loops_of_three_bonds(method, shape, loops):
    # At J = 0, g = 1 and T_abc = <e_a e_b e_c> = 1 where three bonds close a loop:
    # |T|^2 counts each loop in its six orders and tau = 0.
    result = fisher.ising_torus_curvature(shape, 0.0, method=method)
    assert result.scalar_curvature == pytest.approx(6 * loops / 4, abs=1e-11)
    n = math.prod(shape)
    assert result.log_partition == pytest.approx(n * math.log(2), rel=1e-14)
    assert result.heat_capacity == pytest.approx(1.0, rel=1e-13)
    assert result.condition_number == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("J", [0.3, 0.8])
def test_two_colours_are_ising_spins_at_half_the_coupling(J):
    potts = fisher.potts_torus_curvature((3, 4), 2, J, method="enumeration")
    ising = fisher.ising_torus_curvature((3, 4), J / 2)
    for name in ("scalar_curvature", "third_norm", "trace_norm"):
        assert getattr(potts, name) == pytest.approx(getattr(ising, name), rel=1e-11)


def test_exchange_of_axes_changes_nothing():
    a = fisher.ising_torus_curvature((3, 5), (0.3, 0.5))
    b = fisher.ising_torus_curvature((5, 3), (0.5, 0.3))
    assert_same_curvature(a, b)
    np.testing.assert_allclose(a.bond_energy, b.bond_energy[::-1], rtol=1e-13)


def test_signs_on_even_sides_are_a_change_of_sublattice():
    # Flipping every second column turns J_h into -J_h.
    a = fisher.ising_torus_curvature((4, 6), (0.3, 0.5))
    b = fisher.ising_torus_curvature((4, 6), (-0.3, 0.5))
    assert_same_curvature(a, b)
    assert b.bond_energy[0] == pytest.approx(-a.bond_energy[0], rel=1e-12)


def kaufman(shape, J):
    """log Z of the isotropic square torus, Kaufman (1949)."""
    M, N = shape
    gamma = [
        math.acosh(math.cosh(2 * J) ** 2 / math.sinh(2 * J) - math.cos(math.pi * k / N))
        for k in range(2 * N)
    ]
    gamma[0] = 2 * J + math.log(math.tanh(J))  # negative in the disordered phase
    odd, even = gamma[1::2], gamma[::2]
    terms = [
        math.prod(2 * math.cosh(M * x / 2) for x in odd),
        math.prod(2 * math.sinh(M * x / 2) for x in odd),
        math.prod(2 * math.cosh(M * x / 2) for x in even),
        math.prod(2 * math.sinh(M * x / 2) for x in even),
    ]
    return M * N / 2 * math.log(2 * math.sinh(2 * J)) + math.log(sum(terms) / 2)


@pytest.mark.parametrize("shape", [(3, 3), (4, 6), (7, 5), (12, 12)])
@pytest.mark.parametrize("J", [0.2, 0.43, 0.6])
def test_partition_function_is_that_of_kaufman(shape, J):
    # The sum of four products cancels by less than their number of factors.
    assert float(fisher.log_partition(shape, J)) == pytest.approx(
        kaufman(shape, J), rel=1e-13
    )


@pytest.mark.parametrize(
    ("lattice", "shape", "model", "q"),
    [
        ("square", (3, 4), "ising", None),
        ("triangular", (3, 3), "ising", None),
        ("honeycomb", (3, 3), "ising", None),
        ("square", (3, 3), "potts", 3),
    ],
)
def test_methods_agree_on_the_partition_function(lattice, shape, model, q):
    options = {"lattice": lattice, "model": model, "q": q}
    exact = fisher.log_partition(shape, 0.3, method="enumeration", **options)
    default = fisher.log_partition(shape, 0.3, **options)
    assert isinstance(default, np.ndarray)
    assert float(default) == pytest.approx(float(exact), rel=1e-14)
    if lattice == "square":
        matrix = fisher.log_partition(shape, 0.3, method="transfer_matrix", **options)
        assert float(matrix) == pytest.approx(float(exact), rel=1e-14)


@pytest.mark.parametrize(
    ("lattice", "shape", "model", "q", "method"),
    [
        ("square", (3, 4), "ising", None, "pfaffian"),
        ("honeycomb", (3, 3), "ising", None, "pfaffian"),
        ("square", (3, 4), "potts", 2, "transfer_matrix"),
        ("triangular", (3, 3), "potts", 2, "enumeration"),
    ],
)
def test_the_default_method_is_the_fastest_one(lattice, shape, model, q, method):
    result = fisher.lattice_curvature(lattice, shape, 0.25, model=model, q=q)
    assert result.method == method
    assert (result.lattice, result.model) == (lattice, model)
    exact = fisher.lattice_curvature(
        lattice, shape, 0.25, model=model, q=q, method="enumeration"
    )
    assert_same_curvature(result, exact)


def test_the_square_lattice_is_the_ising_torus():
    J = (0.3, 0.45)
    assert fisher.lattice_curvature("square", (4, 5), J) == (
        fisher.ising_torus_curvature((4, 5), J)
    )


def test_cumulants_are_those_of_the_sum_over_states():
    J = np.array([0.3, 0.5])
    g, T = fisher.ising_torus_cumulants((3, 4), J)
    exact = cumulants(LATTICES["square"], (3, 4), J, model="ising", q=2)
    np.testing.assert_allclose(g, exact.metric, atol=1e-13)
    np.testing.assert_allclose(T, exact.third, atol=1e-13)


# Where it runs


@pytest.mark.capability("fisher.lattice_curvature")
@pytest.mark.parametrize(
    ("lattice", "model", "q", "method"),
    [
        ("square", "ising", None, "pfaffian"),
        ("triangular", "ising", None, "pfaffian"),
        ("square", "potts", 3, "enumeration"),
        ("square", "potts", 3, "transfer_matrix"),
    ],
)
def test_couplings_of_every_library_give_the_same_numbers(
    xp, lattice, model, q, method
):
    J = np.linspace(0.2, 0.4, len(LATTICES[lattice].bonds))
    options = {"model": model, "q": q, "method": method}
    expected = fisher.lattice_curvature(lattice, (3, 3), J, **options)
    result = fisher.lattice_curvature(lattice, (3, 3), xp.asarray(J), **options)
    assert_same_curvature(result, expected)
    assert result.coupling == expected.coupling == tuple(J.tolist())
    assert all(type(mu) is float for mu in result.bond_energy)


@pytest.mark.capability("fisher.ising_torus_curvature")
def test_streaming_runs_on_every_library(xp):
    J = np.array([0.35, 0.5])
    expected = fisher.ising_torus_curvature((8, 9), J)
    assert_same_curvature(fisher.ising_torus_curvature((8, 9), xp.asarray(J)), expected)


@pytest.mark.capability("fisher.ising_torus_cumulants")
def test_arrays_come_back_where_the_coupling_lives(xp):
    J = np.array([0.3, 0.5])
    for actual, expected in zip(
        fisher.ising_torus_cumulants((3, 4), xp.asarray(J)),
        fisher.ising_torus_cumulants((3, 4), J),
    ):
        xp.assert_close(actual, expected, kappa=10)
    scalar = fisher.log_partition((3, 4), xp.asarray(np.array(0.3)))
    xp.assert_close(scalar, np.asarray(fisher.log_partition((3, 4), 0.3)))


@pytest.mark.parametrize("coupling", [None, 0.3, [0.3, 0.5], np.array([0.3, 0.5])])
def test_plain_numbers_go_to_the_device_of_an_offload(offload, coupling):
    expected = fisher.ising_torus_curvature((3, 4), coupling)
    with geomsci.use_backend("cupy") as record:
        result = fisher.ising_torus_curvature((3, 4), coupling)
        g, _ = fisher.ising_torus_cumulants((3, 4), coupling)
    assert_same_curvature(result, expected)
    assert isinstance(g, np.ndarray)
    assert {t.direction for t in record.transfers} == {"to device", "to host"}


def test_backend_is_an_option_of_the_call():
    default = fisher.ising_torus_curvature((3, 4), backend="reference")
    assert_same_curvature(default, fisher.ising_torus_curvature((3, 4)))
    with pytest.raises(ValueError, match="backend must be one of"):
        fisher.ising_torus_curvature((3, 4), backend="fast")


def test_zero_momentum_amplitude_has_converged_at_side_fifteen():
    # It approaches its limit faster than L^-3: four digits at 15 against 31.
    small = float(fisher.zero_momentum_amplitude((15, 15)))
    large = float(fisher.zero_momentum_amplitude((31, 31)))
    assert small < 0
    assert small == pytest.approx(large, rel=15**-3)
