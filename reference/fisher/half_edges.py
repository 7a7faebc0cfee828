r"""Free fermions of the Ising model on any planar periodic lattice.

With ``z_b = tanh J_b`` the sum over the N spins of a torus is

    Z = 2^N prod_b cosh J_b  1/2 (-Pf_PP + Pf_PA + Pf_AP + Pf_AA),

one Pfaffian for each choice of periodic (P) or antiperiodic (A) fermions along the two
axes. A bond b drawn from the site s at the angle theta in [0, 180) to the site t owns

    chi1, its half-edge at s, angle theta,         zeta = z_b,
    chi2, its half-edge at t, angle theta + 180,   zeta = 1.

The antisymmetric matrix A has ``A[chi1, chi2] = 1`` for every bond; at every site, its
half-edges sorted by angle in [0, 360), ``A_ij = zeta_i sigma_ij zeta_j`` with
``sigma_ij = -1`` for i < j and +1 for i > j. ``Pf A`` lists the closed subgraphs: the
entry of a bond leaves it out, two site entries take it and bring ``z_b`` once. Every Pf
is a polynomial in z that begins with +1, in the order chi1 chi2 of bond after bond.
Entries that cross the seam of an antiperiodic axis change sign.

**Momentum space.** Both fermions of a bond are stored in the cell of s. If t lies in
the cell ``o_b`` away, ``o_i = o_b`` for chi2 and 0 for chi1. The d bonds of a cell give
at each ``k = 2 pi (m + t/2) / L`` (t = 1 if antiperiodic) a block of size 2d,

    A(k) = E + D zeta sigma zeta D^H,   D = diag(e^{i k o_i}),

E the bond entries. It is antihermitian and ``A(-k) = conj A(k)``, so with one k of each
pair (k, -k), and real blocks where k = -k,

    Pf = prod_{pairs} det A(k)  prod_{k = -k} pf A(k),   det A(k) real.

**Bonds as operators.** Z is linear in every ``z_b``, and ``e_b (1 + z e_b) = z + q d/dz
(1 + z e_b)`` for ``e_b = s_s s_t``, ``q = 1 - z^2``. In ``Pf A = int exp(1/2 chi A chi)
d chi`` the derivative inserts ``chi1 eta`` with

    eta_b = sum_j sigma_bj zeta_j chi_j      (sigma_bj: the row of chi1 of b),

so ``O_b = z + q chi1 eta``. A second derivative by ``z_c`` also meets the term of chi1
of c in ``eta_b``, if both bonds begin at one site: that is a contraction ``sigma_bc``
of ``eta_b`` with ``eta_c``. For distinct bonds all this is Wick's theorem in the
propagator that is returned: with M the matrix of (chi1, eta) in terms of chi,

    Khat(k) = M A(k)^{-1} M^H + X,   X_{eta_b, eta_c} = sigma_bc, else 0.

The mean of a bond is ``z + q K[eta, chi1](0)``; with ``eps = [[0, 1], [-1, 0]]`` in the
block of the bonds of type b, ``dKhat/dJ_b = -q Khat eps Khat``. (On shell eta equals
``-chi2 / z``; in terms of chi2 the same formulas need z away from zero.)

**Zero mode.** At criticality one block ``a = A(k)`` with k = -k has no inverse, but its
``F(a) = pf(a) <...>`` is a Grassmann integral, a polynomial in a. With ``B = u v^T -
v u^T`` the factor ``exp(t/2 chi B chi) = 1 + t (u chi)(v chi)`` is linear in t, hence

    F(a) = 1/2 F(a + t B) + 1/2 F(a - t B)   exactly, for every t, u, v.

The sector becomes two, each with its weight and its block at that momentum. We take for
u, v the singular vectors of the two smallest singular values of a, which ``t B`` moves
from s to ``|s +- t|``, and ``t = 1/sqrt(n)``: this is the size of the neighbour modes,
so that the two signed weights are no larger than those of the other sectors.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.fisher.lattices import Lattice, cell_coordinates, flat_index
from geomsci.reference.fisher.sectors import (
    TWISTS,
    Fermions,
    Sector,
    Term,
    log_cosh,
    momenta,
    normalised,
    self_conjugate,
)

Matrix = list[list[float]]
"""A small real matrix on the host."""


class HalfEdges(NamedTuple):
    """The unit cell as a matrix problem; half-edges in the order chi1 chi2 of bonds.

    ``zeta`` (2d), ``sigma`` (2d, 2d): -1, 0 or 1, ``offsets`` (2d): the cell ``o_i``.
    """

    zeta: list[float]
    sigma: Matrix
    offsets: list[tuple[int, ...]]


def half_edges(lattice: Lattice, z: list[float]) -> HalfEdges:
    """Half-edges of a planar unit cell with activities ``z`` per bond type.

    Raises
    ------
    ValueError
        If the lattice is not planar.
    """
    if lattice.dimension != 2 or any(math.isnan(b.angle) for b in lattice.bonds):
        raise ValueError(
            f"The Pfaffian route needs a planar lattice, got {lattice.name}: use "
            "enumeration or the transfer matrix."
        )
    ends = []  # (site, angle) of every half-edge
    for bond in lattice.bonds:
        ends += [(bond.start, bond.angle), (bond.end, bond.angle + 180.0)]

    def entry(i: int, j: int) -> float:
        if i == j or ends[i][0] != ends[j][0]:
            return 0.0
        return -1.0 if ends[i][1] < ends[j][1] else 1.0

    size = len(ends)
    return HalfEdges(
        [x for zb in z for x in (zb, 1.0)],
        [[entry(i, j) for j in range(size)] for i in range(size)],
        [o for bond in lattice.bonds for o in ((0, 0), bond.offset)],
    )


def half_edge_fermions(
    lattice: Lattice, shape: tuple[int, int], coupling: Array
) -> Fermions:
    """Sectors of the Ising model on a planar torus, from its half-edges.

    Parameters
    ----------
    lattice : Lattice
        Planar: every bond with the angle of its drawing.
    shape : (L1, L2)
    coupling : array, shape (d,), float64
        Per bond type, any signs, zero allowed.

    Returns
    -------
    fermions : Fermions
        ``offset = z``, ``factor = q``; chi2 of the general formulas is eta.

    Raises
    ------
    ValueError
        If the lattice is not planar.
    LinAlgError
        If a block is singular at a momentum other than ``k = -k``: frustrated, and so
        strong that ``tanh J`` rounds to one.

    Notes
    -----
    O(d^3 n) time and O(d^2 n) memory. Small momenta lose about ``eps / k``, which the
    division by n makes ``eps`` in ``K(r)``. Strong frustration (triangular, J < -2)
    brings blocks at other momenta close to singular: the metric is then close to
    singular too, and the cumulants lose about as many digits as its condition number
    has.
    """
    J = [float(coupling[b]) for b in range(len(lattice.bonds))]
    z = [math.tanh(j) for j in J]
    cell = half_edges(lattice, z)
    terms = [t for twist in TWISTS for t in _sector_terms(cell, shape, twist, coupling)]
    per_cell = lattice.n_basis * math.log(2) + math.fsum(log_cosh(j) for j in J)
    q = tuple(math.exp(-2 * log_cosh(j)) for j in J)
    return normalised(terms, shape[0] * shape[1] * per_cell, tuple(z), q)


def _sector_terms(
    cell: HalfEdges, shape: tuple[int, int], twist: tuple[int, int], like: Array
) -> list[Term]:
    """The sector, or the two pseudo-sectors that stand for it."""
    xp = array_namespace(like)
    n, size = shape[0] * shape[1], len(cell.zeta)
    D = _phases(cell, shape, twist, like)
    A = _matrix(cell, D)
    modes, blocks = [], []
    for m1, c1 in self_conjugate(shape[0], twist[0]):
        for m2, c2 in self_conjugate(shape[1], twist[1]):
            modes.append(m1 * shape[1] + m2)
            blocks.append(_real_matrix(cell, (c1, c2)))
    sign, log_modulus = _pair_determinants(A, shape, twist)
    sign = -sign if twist == (0, 0) else sign
    mode: int | None = None
    halves: list[Matrix] = []
    worst = _nearly_singular(blocks, 1 / math.sqrt(n), like)
    if worst is not None:
        i, halves = worst
        mode, _ = modes[i], blocks.pop(i)
    for block in blocks:
        pf = pfaffian(block)
        sign, log_modulus = math.copysign(sign, sign * pf), log_modulus + _log(pf)

    cells = xp.arange(n, dtype=xp.int64, device=device(like))
    left_out = (cells == (-1 if mode is None else mode))[:, None, None]
    eye = xp.eye(size, dtype=xp.complex128, device=device(like))
    Khat = _propagator(cell, D, xp.where(left_out, eye, A))
    Khat = xp.where(left_out, xp.zeros_like(Khat), Khat)
    Khat = xp.reshape(xp.permute_dims(Khat, (1, 2, 0)), (size, size, *shape))
    if mode is None:
        return [Term(sign, log_modulus, Sector(1.0, twist, Khat))]
    terms = []
    for block in halves:
        pf = pfaffian(block) / 2
        here = xp.asarray([block], dtype=xp.complex128, device=device(like))
        shift = _propagator(cell, D[mode : mode + 1, :], here)[0, ...]
        sector = Sector(1.0, twist, Khat, mode, shift)
        terms.append(
            Term(math.copysign(sign, sign * pf), log_modulus + _log(pf), sector)
        )
    return terms


def _log(x: float) -> float:
    return math.log(abs(x)) if x else -math.inf


def _nearly_singular(
    blocks: list[Matrix], t: float, like: Array
) -> tuple[int, list[Matrix]] | None:
    """The block with a singular value below t/2, and ``a + t B``, ``a - t B`` for it.

    The smallest one if there are several; None if there is none.
    """
    xp = array_namespace(like)
    if not blocks:
        return None
    stack = xp.asarray(blocks, dtype=xp.float64, device=device(like))
    U, singular, _ = linalg.svd(stack)
    worst = int(xp.argmin(singular[:, -1]))
    if float(singular[worst, -1]) > t / 2:
        return None
    u, v = ([float(U[worst, i, j]) for i in range(U.shape[1])] for j in (-2, -1))
    return worst, [_rank_two_update(blocks[worst], u, v, step) for step in (t, -t)]


def _phases(
    cell: HalfEdges, shape: tuple[int, int], twist: tuple[int, int], like: Array
) -> Array:
    """Diagonal of D at all momenta of a sector, shape (n, 2d)."""
    xp = array_namespace(like)
    k1 = momenta(shape[0], twist[0], like)[:, None, None]
    k2 = momenta(shape[1], twist[1], like)[None, :, None]
    o = xp.asarray(cell.offsets, dtype=xp.float64, device=device(like))
    angle = k1 * o[:, 0] + k2 * o[:, 1]
    D = xp.exp(1j * xp.astype(angle, xp.complex128))
    return xp.reshape(D, (shape[0] * shape[1], -1))


def _matrix(cell: HalfEdges, D: Array) -> Array:
    """``A(k)`` for the phases of each momentum, shape (n, 2d, 2d)."""
    xp = array_namespace(D)
    S = xp.asarray(_site_entries(cell), dtype=D.dtype, device=device(D))
    E = xp.asarray(_bond_entries(cell), dtype=D.dtype, device=device(D))
    return E + D[:, :, None] * S * xp.conj(D)[:, None, :]


def _real_matrix(cell: HalfEdges, cosines: tuple[float, float]) -> Matrix:
    """``A(k)`` where ``e^{ik}`` is 1 or -1 along each axis, without rounding."""
    D = [cosines[0] ** abs(o[0]) * cosines[1] ** abs(o[1]) for o in cell.offsets]
    S, E = _site_entries(cell), _bond_entries(cell)
    n = range(len(D))
    return [[E[i][j] + D[i] * S[i][j] * D[j] for j in n] for i in n]


def _site_entries(cell: HalfEdges) -> Matrix:
    """``zeta sigma zeta``."""
    return [
        [x * s * y for s, y in zip(row, cell.zeta)]
        for x, row in zip(cell.zeta, cell.sigma)
    ]


def _bond_entries(cell: HalfEdges) -> Matrix:
    """E: ``A[chi1, chi2] = 1`` for every bond."""
    size = len(cell.zeta)
    E = [[0.0] * size for _ in range(size)]
    for i in range(0, size, 2):
        E[i][i + 1], E[i + 1][i] = 1.0, -1.0
    return E


def _propagator(cell: HalfEdges, D: Array, A: Array) -> Array:
    """``M A^{-1} M^H + X`` for the phases D (n, 2d) and blocks A (n, 2d, 2d)."""
    xp = array_namespace(D)
    size = len(cell.zeta)
    chi1, eta = [[0.0] * size for _ in range(size)], [[0.0] * size for _ in range(size)]
    X = [[0.0] * size for _ in range(size)]
    for b in range(0, size, 2):
        chi1[b][b] = 1.0
        eta[b + 1] = [s * x for s, x in zip(cell.sigma[b], cell.zeta)]
        for c in range(0, size, 2):
            X[b + 1][c + 1] = cell.sigma[b][c]

    def constant(rows: Matrix) -> Array:
        return xp.asarray(rows, dtype=D.dtype, device=device(D))

    M = constant(chi1) + constant(eta) * xp.conj(D)[:, None, :]
    inverse = linalg.solve(A, xp.conj(xp.matrix_transpose(M)))
    return M @ inverse + constant(X)


def _rank_two_update(a: Matrix, u: list[float], v: list[float], t: float) -> Matrix:
    """``a + t (u v^T - v u^T)``."""
    return [
        [x + t * (ui * vj - vi * uj) for x, uj, vj in zip(row, u, v)]
        for row, ui, vi in zip(a, u, v)
    ]


def _pair_determinants(
    A: Array, shape: tuple[int, int], twist: tuple[int, int]
) -> tuple[float, float]:
    """Sign and logarithm of the product of ``det A(k)``, one k of each pair (k, -k).

    ``A = -i H`` with H Hermitian of size 2d: ``det A = (-1)^d prod lambda(H)``.
    """
    xp = array_namespace(A)
    m = cell_coordinates(shape, like=A)
    opposite = flat_index([-x - t for x, t in zip(m, twist)], shape)
    chosen = flat_index(m, shape) < opposite
    eigenvalues = linalg.eigvalsh(1j * A)
    eigenvalues = xp.where(chosen[:, None], eigenvalues, xp.ones_like(eigenvalues))
    negative = int(xp.sum(xp.astype(eigenvalues < 0, xp.int64)))
    pairs = int(xp.sum(xp.astype(chosen, xp.int64)))
    odd = (negative + pairs * A.shape[-1] // 2) % 2
    return -1.0 if odd else 1.0, float(xp.sum(xp.log(xp.abs(eigenvalues))))


def pfaffian(A: Matrix) -> float:
    """Pfaffian of a small real antisymmetric matrix of even size.

    With the largest entry of the first row brought to the second column,
    ``Pf A = +- a_01 Pf(S)`` with ``S_ij = a_ij + (a_1i a_0j - a_0i a_1j) / a_01`` on
    the rest (Parlett and Reid; the sign is that of the exchange).
    """
    value = 1.0
    while A:
        rest = range(2, len(A))
        pivot = max(range(1, len(A)), key=lambda j: abs(A[0][j]))
        order = list(range(len(A)))
        if pivot != 1:
            order[1], order[pivot] = pivot, 1
            value = -value
        A = [[A[i][j] for j in order] for i in order]
        (a0, a1), pair = A[:2], A[0][1]
        if pair == 0:
            return 0.0
        value *= pair
        A = [
            [A[i][j] + (a1[i] * a0[j] - a0[i] * a1[j]) / pair for j in rest]
            for i in rest
        ]
    return value
