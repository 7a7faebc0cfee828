"""Sums over all states: what the other exact methods are measured against."""

import itertools
import math

import numpy as np
import pytest

from geomsci.reference.fisher import enumeration
from geomsci.reference.fisher.enumeration import cumulants, log_partition
from geomsci.reference.fisher.lattices import LATTICES

# Neighbours of the site (x, y), one entry per bond type, written down by hand.
STEPS = {
    "square": [(1, 0), (0, 1)],
    "triangular": [(1, 0), (0, 1), (-1, 1)],
}
COUPLING = {"square": [0.3, -0.45], "triangular": [0.3, -0.2, 0.25]}

EPS = np.finfo(float).eps

CASES = [
    ("square", (3, 3), "ising", 2),
    ("square", (3, 4), "ising", 2),
    ("triangular", (3, 3), "ising", 2),
    ("square", (3, 3), "potts", 3),
    ("triangular", (3, 3), "potts", 2),
]


def every_bond(lattice, shape, model, q):
    """``phi`` (states, types, cells) of all states, by loops over sites and bonds."""
    colours = range(q) if model == "potts" else (-1, 1)
    cells = list(itertools.product(*map(range, shape)))
    states = np.array(list(itertools.product(colours, repeat=len(cells))))
    columns = []
    for step in STEPS[lattice]:
        for i, cell in enumerate(cells):
            there = tuple((x + s) % L for x, s, L in zip(cell, step, shape))
            pair = states[:, i], states[:, cells.index(there)]
            same = pair[0] * pair[1] if model == "ising" else pair[0] == pair[1]
            columns.append(same.astype(float))
    return np.stack(columns, axis=1).reshape(len(states), len(STEPS[lattice]), -1)


@pytest.fixture(params=CASES, ids=lambda case: "-".join(map(str, case)))
def case(request):
    lattice, shape, model, q = request.param
    J = np.array(COUPLING[lattice])
    result = cumulants(LATTICES[lattice], shape, J, model=model, q=q)
    phi = every_bond(lattice, shape, model, q)
    energy = phi.sum(axis=2) @ J  # sums of integers are exact
    # An energy is rounded to eps of it, and so is the weight, relative to itself.
    return result, phi, np.exp(energy), 4 * EPS * np.abs(energy).max()


def test_partition_function_and_means_are_those_of_a_plain_sum(case):
    result, phi, w, tolerance = case
    Z = math.fsum(w)
    np.testing.assert_allclose(result.log_partition, math.log(Z), rtol=1e-15)
    for a in range(phi.shape[1]):
        assert result.bond_energy[a] == pytest.approx(
            math.fsum(w * phi[:, a, 0]) / Z, abs=tolerance
        )


def test_metric_and_third_cumulant_are_central_moments(case):
    result, phi, w, tolerance = case
    p = w / math.fsum(w)
    X = phi - np.einsum("s,sax->ax", p, phi)
    g = np.einsum("s,sa,sbx->abx", p, X[:, :, 0], X)
    metric = result.metric.reshape(g.shape)
    # |X| <= 2: products of two are below 4, of three below 8.
    np.testing.assert_allclose(metric, g, rtol=0, atol=4 * tolerance)
    for a in range(phi.shape[1]):
        T = np.einsum("s,sbx,scy->bcxy", p * X[:, a, 0], X, X, optimize=True)
        np.testing.assert_allclose(result.third[a], T, rtol=0, atol=8 * tolerance)


@pytest.mark.parametrize("lattice", ["square", "triangular", "honeycomb"])
def test_contact_rule_of_ising(lattice):
    J = np.linspace(0.1, 0.35, len(LATTICES[lattice].bonds))
    result = cumulants(LATTICES[lattice], (3, 3), J, model="ising", q=2)
    for a, mu in enumerate(result.bond_energy):
        metric = result.metric[a].reshape(len(J), -1)
        assert metric[a, 0] == pytest.approx(1 - mu**2, abs=1e-14)
        np.testing.assert_allclose(
            result.third[a, a, :, 0, :], -2 * mu * metric, atol=1e-14
        )


def test_contact_rule_of_potts():
    result = cumulants(
        LATTICES["square"], (3, 3), np.array([0.8, 1.1]), model="potts", q=3
    )
    for a, mu in enumerate(result.bond_energy):
        metric = result.metric[a].reshape(2, -1)
        assert metric[a, 0] == pytest.approx(mu * (1 - mu), abs=1e-14)
        np.testing.assert_allclose(
            result.third[a, a, :, 0, :], (1 - 2 * mu) * metric, atol=1e-14
        )


def test_two_colours_are_ising_spins_at_half_the_coupling():
    J = np.array([0.7, 1.1])
    potts = cumulants(LATTICES["square"], (3, 4), J, model="potts", q=2)
    ising = cumulants(LATTICES["square"], (3, 4), J / 2, model="ising", q=2)
    # delta = (1 + s s') / 2, so a cumulant of order k is 2^-k that of Ising.
    np.testing.assert_allclose(4 * potts.metric, ising.metric, atol=1e-14)
    np.testing.assert_allclose(8 * potts.third, ising.third, atol=1e-14)
    shift = 12 * J.sum() / 2
    assert float(potts.log_partition) == pytest.approx(
        float(ising.log_partition) + shift, rel=1e-15
    )


@pytest.mark.parametrize(("model", "q"), [("ising", 2), ("potts", 3)])
def test_free_sites_count_their_states(model, q):
    free = cumulants(LATTICES["square"], (3, 3), np.zeros(2), model=model, q=q)
    assert float(free.log_partition) == pytest.approx(9 * math.log(q), rel=1e-15)
    variance = 1.0 if model == "ising" else (1 - 1 / q) / q
    expected = np.zeros((2, 2, 3, 3))
    expected[0, 0, 0, 0] = expected[1, 1, 0, 0] = variance
    np.testing.assert_allclose(free.metric, expected, atol=1e-15)


def test_third_cumulant_does_not_depend_on_the_order_of_bonds(case):
    result = case[0]
    T = np.asarray(result.third)
    np.testing.assert_allclose(T, T.transpose(0, 2, 1, 4, 3), atol=1e-14)


@pytest.mark.parametrize("target", [1, 4096, 2**30])
def test_tiles_change_nothing_but_rounding(monkeypatch, target):
    J = np.array([0.3, 0.5])
    whole = cumulants(LATTICES["square"], (3, 3), J, model="potts", q=3)
    monkeypatch.setattr(enumeration, "tile_bytes", lambda x: target)
    tiled = cumulants(LATTICES["square"], (3, 3), J, model="potts", q=3)
    for x, y in zip(whole, tiled):
        np.testing.assert_allclose(x, y, rtol=0, atol=160 * EPS)


@pytest.mark.parametrize("J", [400.0, -400.0])
def test_ground_states_are_counted_at_low_temperature(J):
    # exp(400) overflows nothing: the largest energy is taken out first. An odd side
    # frustrates one bond in each of its rows when J < 0.
    lattice, shape = LATTICES["square"], (3, 4)
    phi = every_bond("square", shape, "ising", 2).sum(axis=(1, 2))
    best = (J * phi).max()
    ground = np.sum(J * phi == best)
    value = log_partition(lattice, shape, np.full(2, J), model="ising", q=2)
    assert float(value) == pytest.approx(best + math.log(ground), rel=1e-15)


@pytest.mark.parametrize(("model", "q"), [("ising", 2), ("potts", 3)])
@pytest.mark.capability("fisher.enumerated_cumulants")
def test_every_library_gives_the_same_numbers(xp, model, q):
    J = np.array([0.3, 0.5])
    expected = cumulants(LATTICES["square"], (3, 3), J, model=model, q=q)
    result = cumulants(LATTICES["square"], (3, 3), xp.asarray(J), model=model, q=q)
    for actual, value in zip(result[:3], expected[:3]):
        xp.assert_close(actual, value, kappa=10)
    # NumPy turns the last, a 0-d array, into a scalar.
    assert float(result.log_partition) == pytest.approx(float(expected.log_partition))


@pytest.mark.parametrize(
    ("lattice", "shape", "model", "q", "method"),
    [
        ("square", (5, 7), "ising", 2, "pfaffian"),
        ("kagome", (3, 4), "ising", 2, "pfaffian"),
        ("cubic", (3, 3, 4), "ising", 2, "transfer_matrix"),
        ("square", (4, 4), "potts", 4, "transfer_matrix"),
        ("square", (10**4, 10**4), "potts", 3, "transfer_matrix"),
        ("honeycomb", (4, 5), "potts", 3, "Monte Carlo"),
    ],
)
def test_too_many_states_are_refused(lattice, shape, model, q, method):
    J = np.zeros(len(LATTICES[lattice].bonds))
    sites = math.prod(shape) * LATTICES[lattice].n_basis
    with pytest.raises(ValueError, match=rf"{q}\^{sites} .*{method}"):
        cumulants(LATTICES[lattice], shape, J, model=model, q=q)
