"""The half-edge form against enumeration, star-triangle relations and known limits."""

import math

import numpy as np
import pytest

from geomsci.reference.fisher import enumeration, half_edges, pfaffian
from geomsci.reference.fisher.cumulants import Cumulants
from geomsci.reference.fisher.lattices import LATTICES, bond_sites
from geomsci.reference.fisher.sectors import square_fermions

SLOW = pytest.mark.slow
EPS = np.finfo(float).eps
SQUARE_C = math.asinh(1.0) / 2
TRIANGULAR_C = math.log(3.0) / 4
HONEYCOMB_C = math.atanh(1 / math.sqrt(3.0))
KAGOME_C = math.log(3.0 + 2.0 * math.sqrt(3.0)) / 4
CRITICAL = {
    "square": SQUARE_C,
    "triangular": TRIANGULAR_C,
    "honeycomb": HONEYCOMB_C,
    "kagome": KAGOME_C,
}

ENUMERATED = [
    ("square", (3, 4), [SQUARE_C] * 2),
    ("square", (4, 3), [0.3, -0.5]),
    ("square", (4, 4), [-SQUARE_C] * 2),
    ("triangular", (3, 3), [0.2, 0.3, 0.1]),
    ("triangular", (3, 3), [TRIANGULAR_C] * 3),
    ("triangular", (3, 3), [-0.3, 0.2, 0.4]),
    ("triangular", (3, 4), [TRIANGULAR_C] * 3),
    ("triangular", (4, 3), [TRIANGULAR_C + 1e-9] * 3),
    ("triangular", (4, 3), [0.8] * 3),
    ("triangular", (3, 4), [-TRIANGULAR_C, -TRIANGULAR_C, TRIANGULAR_C]),
    ("triangular", (4, 4), [-TRIANGULAR_C, TRIANGULAR_C, -TRIANGULAR_C]),
    ("triangular", (4, 4), [TRIANGULAR_C - 1e-3] * 3),
    ("triangular", (3, 3), [0.0, 0.3, 0.4]),
    ("triangular", (3, 3), [1e-6, 0.4, -1e-5]),
    ("triangular", (3, 3), [0.0, 0.0, 0.0]),
    ("honeycomb", (3, 3), [HONEYCOMB_C] * 3),
    ("honeycomb", (3, 3), [-0.3, 0.0, 1.2]),
]


def _fermions(name, shape, coupling):
    return half_edges.half_edge_fermions(LATTICES[name], shape, np.array(coupling))


def _cumulants(monkeypatch, name, shape, coupling):
    """Dense cumulants from the half-edges, on the square lattice too."""
    with monkeypatch.context() as patch:
        patch.setattr(pfaffian, "fermions", half_edges.half_edge_fermions)
        return pfaffian.cumulants(LATTICES[name], shape, np.array(coupling))


def _assert_agree(actual, expected, tolerance):
    log_error = abs(actual.log_partition / expected.log_partition - 1.0)
    assert log_error < tolerance / 10
    for part in ("bond_energy", "metric", "third"):
        difference = np.abs(getattr(actual, part) - getattr(expected, part))
        assert np.max(difference) < tolerance, part


@pytest.mark.parametrize(("name", "shape", "coupling"), ENUMERATED, ids=str)
def test_cumulants_match_enumeration(monkeypatch, name, shape, coupling):
    actual, kappa = _cumulants(monkeypatch, name, shape, coupling)
    expected = enumeration.cumulants(
        LATTICES[name], shape, np.array(coupling), model="ising", q=2
    )
    assert kappa < 6.0
    _assert_agree(actual, expected, 256 * EPS * kappa)


@pytest.mark.parametrize("shape", [(3, 4), (4, 4)])
@pytest.mark.parametrize("J", [-0.5, -1.0, -2.0])
def test_frustrated_triangles_lose_only_the_cancellation(monkeypatch, shape, J):
    actual, kappa = _cumulants(monkeypatch, "triangular", shape, [J] * 3)
    expected = enumeration.cumulants(
        LATTICES["triangular"], shape, np.array([J] * 3), model="ising", q=2
    )
    _assert_agree(actual, expected, 256 * EPS * max(kappa, math.exp(-4 * J)))


def _kagome_tiles(shape, coupling):
    """States of two sublattices of kagome; the third is summed by hand.

    Its spins have no bond in common. With the others given, the bonds of the spin i
    have the far ends U and the means ``P = U tanh h_i``; U = P on the other bonds.
    Yields weights, U and P; before them the mask of bonds that meet in a summed spin.
    """
    n = math.prod(shape)
    starts, ends = (
        x.reshape(-1) for x in bond_sites(LATTICES["kagome"], shape, like=coupling)
    )
    J = np.repeat(coupling, n)
    summed = np.where(ends % 3 == 2, ends // 3, -1)
    summed = np.where(starts % 3 == 2, starts // 3, summed)
    to_sum = summed >= 0
    far = np.where(starts % 3 == 2, ends, starts)
    yield (summed[:, None] == summed) & to_sum
    for tile in np.split(np.arange(2 ** (2 * n - 1)), 32):
        spins = np.ones((len(tile), 3 * n))
        spins[:, np.arange(3 * n) % 3 != 2] -= 2 * (
            tile[:, None] >> np.arange(2 * n) & 1
        )
        U = np.where(to_sum, spins[:, far], spins[:, starts] * spins[:, ends])
        h = (U * J) @ (summed[:, None] == np.arange(n))
        w = np.prod(2 * np.cosh(h), axis=1) * np.exp(U[:, ~to_sum] @ J[~to_sum])
        yield w, U, np.where(to_sum, U * np.tanh(h)[:, summed], U)


def _kagome_cumulants(shape, coupling):
    """log Z, mu, g and T by the law of total expectation over the third sublattice."""
    n = math.prod(shape)
    tiles = _kagome_tiles(shape, coupling)
    meet = next(tiles)
    Z, m1, m2, m3 = 0.0, 0.0, 0.0, 0.0
    first = np.arange(6) * n
    for w, U, P in tiles:
        wU, wP = w[:, None] * U, w[:, None] * P
        third = []
        for a in first:
            both = (wU[:, [a]] * U).T @ P  # the bonds a and b meet
            E = np.where(meet, (wP[:, [a]] * U).T @ U, (wP[:, [a]] * P).T @ P)
            E = np.where(meet[a], both.T, E)
            third.append(np.where(meet[a][:, None], both, E))
        Z, m1 = Z + np.sum(w), m1 + np.sum(wP, axis=0)
        m2, m3 = m2 + np.where(meet, wU.T @ U, wP.T @ P), m3 + np.stack(third)
    mu, g = m1 / Z, m2 / Z - np.outer(m1, m1) / Z**2
    T = m3 / Z - mu[first, None, None] * g - mu[:, None] * g[first][:, None, :]
    T -= mu * g[first][:, :, None] + np.einsum("a,b,c->abc", mu[first], mu, mu)
    d = 6
    third = T.reshape(d, d, n, d, n).transpose(0, 1, 3, 2, 4)
    metric = g[first].reshape(d, d, *shape)
    return Cumulants(mu[first], metric, third, math.log(2 * Z))


@pytest.mark.parametrize(
    "coupling",
    [
        pytest.param([KAGOME_C] * 6, id="critical"),
        pytest.param([0.3, -0.4, 0.5, 0.2, -0.1, 0.6], id="mixed"),
        pytest.param([-0.4] * 6, id="frustrated", marks=SLOW),
        pytest.param([0.5, 0.0, 0.4, 0.7, 0.3, 0.0], id="zeros", marks=SLOW),
    ],
)
def test_kagome_matches_partial_sums(coupling):
    coupling = np.array(coupling)
    actual, kappa = pfaffian.cumulants(LATTICES["kagome"], (3, 3), coupling)
    _assert_agree(actual, _kagome_cumulants((3, 3), coupling), 512 * EPS * kappa)


@pytest.mark.parametrize("shape", [(5, 5), (6, 4)])
@pytest.mark.parametrize("coupling", [[SQUARE_C] * 2, [0.3, -0.5], [-0.7, 0.2]])
def test_equals_the_square_form(monkeypatch, shape, coupling):
    own, kappa = _cumulants(monkeypatch, "square", shape, coupling)
    square, loss = pfaffian.cumulants(LATTICES["square"], shape, np.array(coupling))
    _assert_agree(own, square, 128 * EPS * max(kappa, loss))


def test_triangles_without_their_diagonal_are_squares():
    coupling = np.array([0.4, 0.5])
    square = square_fermions((7, 6), coupling)
    triangular = _fermions("triangular", (7, 6), [0.4, 0.5, 0.0])
    tolerance = 64 * EPS * square.log_partition
    assert abs(triangular.log_partition - square.log_partition) < tolerance


@pytest.mark.parametrize("shape", [(6, 5), (8, 8), (31, 3)])
@pytest.mark.parametrize("J", [[HONEYCOMB_C] * 3, [0.4, 1.0, -0.7], [-0.9] * 3])
def test_star_triangle(shape, J):
    """Summing one sublattice of honeycomb leaves the triangular torus."""
    a, b, c = J
    cosh = [math.cosh(x) for x in (a + b + c, b + c - a, a + c - b, a + b - c)]
    # Type 0 joins the ends of bonds 1 and 2, type 1 of 0 and 1, type 2 of 0 and 2.
    K = [
        math.log(cosh[0] * cosh[i] / math.prod(cosh[j] for j in (1, 2, 3) if j != i))
        for i in (1, 3, 2)
    ]
    triangular = _fermions("triangular", shape, [k / 4 for k in K])
    honeycomb = _fermions("honeycomb", shape, J)
    per_star = math.log(2.0) + math.fsum(math.log(x) for x in cosh) / 4
    expected = triangular.log_partition + math.prod(shape) * per_star
    kappa = max(triangular.cancellation, honeycomb.cancellation)
    assert abs(honeycomb.log_partition / expected - 1.0) < 16 * EPS * kappa


@pytest.mark.parametrize("shape", [(3, 3), (6, 5), (16, 16)])
@pytest.mark.parametrize("M", [math.acosh(2.0 + math.sqrt(3.0)) / 2, 0.5, 1.5])
def test_kagome_is_a_decorated_honeycomb(shape, M):
    """Kagome triangles are stars of M; then its own spins join two centres each."""
    n = math.prod(shape)
    K = math.log(2.0 * math.cosh(2.0 * M) - 1.0) / 4
    H = math.log(math.cosh(2.0 * M)) / 2
    star = math.log(16.0 * math.cosh(3.0 * M) * math.cosh(M) ** 3) / 4
    decorated = math.log(4.0 * math.cosh(2.0 * M)) / 2
    honeycomb = _fermions("honeycomb", shape, [H] * 3).log_partition
    expected = honeycomb + 3 * n * decorated - 2 * n * star
    actual = _fermions("kagome", shape, [K] * 6).log_partition
    scale = abs(honeycomb) + 3 * n * abs(decorated) + 2 * n * abs(star)
    assert abs(actual - expected) < 16 * EPS * scale


def test_critical_points_map_onto_each_other():
    M = math.acosh(2.0 + math.sqrt(3.0)) / 2
    assert math.isclose(math.log(math.cosh(2 * M)) / 2, HONEYCOMB_C, rel_tol=8 * EPS)
    assert math.isclose(
        math.log(2.0 * math.cosh(2.0 * M) - 1.0) / 4, KAGOME_C, rel_tol=8 * EPS
    )


@pytest.mark.parametrize(
    ("name", "energy"),
    [
        ("square", 1 / math.sqrt(2.0)),
        ("triangular", 2.0 / 3.0),
        ("honeycomb", 4.0 / (3.0 * math.sqrt(3.0))),
    ],
)
def test_critical_energy_of_the_infinite_lattice(name, energy):
    """``mu(L) = mu + a/L + O(L^-3)`` at criticality, with a > 0."""
    coupling = np.full(len(LATTICES[name].bonds), CRITICAL[name])
    means = []
    for L in (16, 32):
        fermions = half_edges.half_edge_fermions(LATTICES[name], (L, L), coupling)
        means.append(pfaffian.mixture(fermions, (L, L), coupling).mean[0])
    assert means[0] > means[1] > energy
    assert abs(2.0 * means[1] - means[0] - energy) < 1.0 / 32**3


@pytest.mark.parametrize("name", CRITICAL)
def test_the_zero_mode_brings_no_cancellation(name):
    coupling = [CRITICAL[name]] * len(LATTICES[name].bonds)
    small, large = (_fermions(name, (L, L), coupling).cancellation for L in (6, 36))
    assert large < 2.0
    assert abs(large - small) < 0.02


@pytest.mark.parametrize("L", [5, 6])
def test_sixth_turn_of_the_triangular_lattice(L):
    J = [0.5, -0.2, 0.3]
    Z = [_fermions("triangular", (L, L), J[i:] + J[:i]).log_partition for i in range(3)]
    assert max(Z) - min(Z) < 64 * EPS * max(Z)


@pytest.mark.parametrize("J", [[0.3, 0.5, 0.2], [TRIANGULAR_C] * 3])
def test_flipping_every_other_row(J):
    """On an even side it turns the signs of the two bond types along axis 0."""
    as_is = _fermions("triangular", (6, 5), J).log_partition
    flipped = _fermions("triangular", (6, 5), [-J[0], J[1], -J[2]]).log_partition
    assert abs(as_is - flipped) < 64 * EPS * as_is


@pytest.mark.parametrize("size", [2, 4, 8, 12])
def test_pfaffian_of_a_congruence(size):
    """``Pf(B E B^T) = det B`` for the bond entries E, whose Pfaffian is one."""
    E = np.kron(np.eye(size // 2), [[0.0, 1.0], [-1.0, 0.0]])
    B = np.random.default_rng(size).standard_normal((size, size))
    A = B @ E @ B.T
    value = half_edges.pfaffian(((A - A.T) / 2).tolist())
    scale = np.linalg.norm(B, 2) ** size
    assert abs(value - np.linalg.det(B)) < 64 * EPS * scale
    assert half_edges.pfaffian(E.tolist()) == 1.0


def test_pfaffian_of_a_singular_matrix():
    A = np.zeros((4, 4))
    A[0, 1], A[1, 0] = 1.0, -1.0
    assert half_edges.pfaffian(A.tolist()) == 0.0


@pytest.mark.parametrize("size", [4, 6, 12])
@pytest.mark.parametrize("twist", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_determinants_of_pairs_carry_their_sign(size, twist):
    rng = np.random.default_rng(size)
    shape = (4, 3)
    A = rng.standard_normal((12, size, size, 2)) @ [1.0, 1.0j]
    A = A - np.swapaxes(A.conj(), 1, 2)
    expected = 1.0
    for i, j in np.ndindex(shape):
        pair = ((-i - twist[0]) % 4, (-j - twist[1]) % 3)
        if (i, j) < pair:
            expected *= np.linalg.det(A[3 * i + j]).real
    sign, log_modulus = half_edges._pair_determinants(A, shape, twist)
    assert sign == np.sign(expected)
    assert math.isclose(log_modulus, math.log(abs(expected)), rel_tol=1e4 * EPS)


@pytest.mark.capability("fisher.fermions")
@pytest.mark.parametrize("name", ["triangular", "kagome"])
def test_libraries_agree(xp, name):
    coupling = np.full(len(LATTICES[name].bonds), CRITICAL[name])
    here = half_edges.half_edge_fermions(LATTICES[name], (4, 3), coupling)
    there = half_edges.half_edge_fermions(LATTICES[name], (4, 3), xp.asarray(coupling))
    assert math.isclose(here.log_partition, there.log_partition, rel_tol=64 * EPS)
    for a, b in zip(here.sectors, there.sectors, strict=True):
        xp.assert_close(b.propagator, a.propagator, kappa=10, n=12)


def test_solid_lattices_are_refused():
    with pytest.raises(ValueError, match="needs a planar lattice, got cubic"):
        _fermions("cubic", (3, 3, 3), [0.2] * 3)
