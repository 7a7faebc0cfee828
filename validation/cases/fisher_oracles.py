"""Independent curvature: sums over all states, Kaufman's formula, dense matrices.

Plain NumPy and mpmath. Nothing here calls geomsci, so agreement means that two programs
are right or that two programs are wrong in the same way.
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any, NamedTuple

import numpy as np

from geomsci.validation.cases.spd_oracles import optional

DIGITS = 40

BONDS: dict[str, tuple[int, tuple[tuple[int, int, tuple[int, ...]], ...]]] = {
    "square": (1, ((0, 0, (1, 0)), (0, 0, (0, 1)))),
    "triangular": (1, ((0, 0, (1, 0)), (0, 0, (0, 1)), (0, 0, (-1, 1)))),
    "honeycomb": (2, ((0, 1, (0, 0)), (1, 0, (0, 1)), (1, 0, (-1, 1)))),
}
"""Sites of a cell, and its bonds: first site, second site, cell of the second."""


class Moments(NamedTuple):
    """Cumulants of all m bonds, types first, and what bounds their rounding.

    ``mean`` (m,), ``metric`` (m, m), ``third`` (m, m, m), ``log_partition``,
    ``cancellation``: ``||E|X X X|| / ||T||``, X the centred statistics.
    """

    mean: np.ndarray
    metric: np.ndarray
    third: np.ndarray
    log_partition: float
    cancellation: float


def bond_ends(lattice: str, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Both sites of all bonds, types first, cells in C order."""
    n_basis, bonds = BONDS[lattice]
    starts, ends = [], []
    for first, second, step in bonds:
        for cell in itertools.product(*map(range, shape)):
            there = [(x + dx) % side for x, dx, side in zip(cell, step, shape)]
            starts.append(np.ravel_multi_index(cell, shape) * n_basis + first)
            ends.append(np.ravel_multi_index(there, shape) * n_basis + second)
    return np.asarray(starts), np.asarray(ends)


def states(q: int, n_sites: int) -> np.ndarray:
    """All colourings with site 0 in colour 0, shape (q^(n_sites - 1), n_sites)."""
    digits = np.arange(q ** (n_sites - 1))[:, None] // q ** np.arange(n_sites - 1)
    fixed = np.zeros((digits.shape[0], 1), dtype=np.int8)
    return np.concatenate([fixed, (digits % q).astype(np.int8)], axis=1)


def statistics(
    lattice: str, shape: tuple[int, ...], *, model: str = "ising", q: int = 2
) -> np.ndarray:
    """``phi`` of all bonds in all states with site 0 fixed, shape (n_states, m)."""
    n_sites = math.prod(shape) * BONDS[lattice][0]
    colours = states(q, n_sites)
    i, j = bond_ends(lattice, shape)
    equal = (colours[:, i] == colours[:, j]).astype(np.float64)
    return equal if model == "potts" else 2 * equal - 1


def probabilities(phi: np.ndarray, J: np.ndarray) -> tuple[np.ndarray, float]:
    """Boltzmann weights of the states, and the logarithm of their sum."""
    energy = phi @ np.repeat(J, phi.shape[1] // J.size)
    top = float(energy.max())
    weight = np.exp(energy - top)
    return weight / weight.sum(), top + math.log(weight.sum())


@functools.lru_cache(maxsize=16)
def _enumerated(
    lattice: str, shape: tuple[int, ...], J: tuple[float, ...], model: str, q: int
) -> Moments:
    phi = statistics(lattice, shape, model=model, q=q)
    p, log_sum = probabilities(phi, np.asarray(J))
    mean = p @ phi
    X = phi - mean
    metric = X.T @ (p[:, None] * X)
    m = metric.shape[0]
    third, size = np.empty((m, m, m)), 0.0
    for a in range(m):
        weighted = (p * X[:, a])[:, None] * X
        third[a] = X.T @ weighted
        size += float(np.sum((np.abs(X).T @ np.abs(weighted)) ** 2))
    cancellation = size**0.5 / float(np.linalg.norm(third))
    return Moments(mean, metric, third, log_sum + math.log(q), cancellation)


def enumerated(
    lattice: str,
    shape: tuple[int, ...],
    J: np.ndarray,
    model: str = "ising",
    q: int = 2,
) -> Moments:
    """Cumulants from the sum over all states."""
    return _enumerated(lattice, shape, tuple(float(x) for x in J), model, q)


def enumerated_log_partition(
    lattice: str,
    shape: tuple[int, ...],
    J: np.ndarray,
    model: str = "ising",
    q: int = 2,
) -> float:
    """Logarithm of the sum over all states."""
    phi = statistics(lattice, shape, model=model, q=q)
    return probabilities(phi, J)[1] + math.log(q)


def from_origin(x: np.ndarray, d: int) -> np.ndarray:
    """Tensor over all bonds with the first one in cell 0: (d, n) for every other."""
    n = x.shape[0] // d
    split = x.reshape(*itertools.chain.from_iterable((d, n) for _ in range(x.ndim)))
    return split[:, 0]


def contractions(metric: np.ndarray, third: np.ndarray) -> np.ndarray:
    """``R, |T|^2, |tau|^2`` of a metric and its third cumulant, inverted whole."""
    G = np.linalg.inv(metric)
    raised = np.einsum("ai,ijk->ajk", G, third)
    tau = np.einsum("aab->b", raised)
    trace = float(tau @ G @ tau)
    half = np.einsum("bj,ajk->abk", G, raised, optimize=True)
    full = np.einsum("ck,abk->abc", G, half, optimize=True)
    square = float(np.sum(full * third))
    return np.asarray([(square - trace) / 4, square, trace])


def ricci_terms(metric: np.ndarray, third: np.ndarray) -> np.ndarray:
    r"""The four parts of ``g^{ab} R_ab``, term by term.

    ``R_ab = -1/2 tau^d T_dab + 1/2 T_a^{cd} T_bcd + Gamma^c_{cd} Gamma^d_{ab} -
    Gamma^c_{bd} Gamma^d_{ac}``, ``Gamma^c_{ab} = T^c_{ab} / 2``.
    """
    G = np.linalg.inv(metric)
    Gamma = np.einsum("cd,dab->cab", G, third) / 2
    tau = np.einsum("bc,abc->a", G, third)
    raised = np.einsum("ce,dh,beh->bcd", G, G, third, optimize=True)
    terms = (
        -np.einsum("d,dab->ab", G @ tau, third) / 2,
        np.einsum("bcd,acd->ab", raised, third) / 2,
        np.einsum("ccd,dab->ab", Gamma, Gamma),
        -np.einsum("cbd,dac->ab", Gamma, Gamma),
    )
    return np.asarray([np.sum(G * term) for term in terms])


def _kaufman(mpmath: Any, shape: tuple[int, ...], J1: Any, J2: Any) -> Any:
    """``log Z`` of the Ising torus, Kaufman's four products; J1, J2 > 0.

    With ``cosh gamma_l = cosh 2 J2 coth 2 J1 - cos(pi l / L2) sinh 2 J2 / sinh 2 J1``
    and ``gamma_0 = 2 (J2 - J1*)``, ``tanh J1* = e^{-2 J1}``.
    """
    L1, L2 = shape
    dual = mpmath.atanh(mpmath.exp(-2 * J1))
    gamma = []
    for mode in range(2 * L2):
        if mode in (0, L2):
            # Where acosh would lose the sign, or its derivative at the critical point.
            gamma.append(2 * (J2 - dual) if mode == 0 else 2 * (J2 + dual))
            continue
        cosh = mpmath.cosh(2 * J2) * mpmath.coth(2 * J1)
        ratio = mpmath.sinh(2 * J2) / mpmath.sinh(2 * J1)
        cosh -= ratio * mpmath.cos(mpmath.pi * mode / L2)
        gamma.append(mpmath.acosh(cosh))
    total = mpmath.mpf(0)
    for parity in (1, 0):
        halves = [L1 * gamma[mode] / 2 for mode in range(parity, 2 * L2, 2)]
        total += mpmath.fprod(2 * mpmath.cosh(x) for x in halves)
        total += mpmath.fprod(2 * mpmath.sinh(x) for x in halves)
    return L1 * L2 * mpmath.log(2 * mpmath.sinh(2 * J1)) / 2 + mpmath.log(total / 2)


def kaufman_log_partition(shape: tuple[int, ...], J: np.ndarray) -> float:
    """``log Z`` of the Ising torus to 40 digits, rounded at the end."""
    mpmath = optional("mpmath", "mpmath")
    with mpmath.workdps(DIGITS):
        return float(_kaufman(mpmath, shape, *(mpmath.mpf(float(x)) for x in J)))


@functools.lru_cache(maxsize=64)
def _kaufman_derivatives(
    shape: tuple[int, ...], J: tuple[float, float], orders: tuple[tuple[int, int], ...]
) -> tuple[float, ...]:
    mpmath = optional("mpmath", "mpmath")
    with mpmath.workdps(DIGITS):
        point = tuple(mpmath.mpf(x) for x in J)

        def log_partition(J1: Any, J2: Any) -> Any:
            return _kaufman(mpmath, shape, J1, J2)

        return tuple(
            float(mpmath.diff(log_partition, point, order)) for order in orders
        )


def kaufman_derivatives(
    shape: tuple[int, ...], J: np.ndarray, *orders: tuple[int, int]
) -> np.ndarray:
    """``d^{i+j} log Z / dJ1^i dJ2^j`` for every (i, j), to double precision."""
    return np.asarray(_kaufman_derivatives(shape, tuple(map(float, J)), orders))


def _real_space_fermions(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Matrix of the critical antiperiodic square torus and the block at k = 0.

    Four fermions a site in the order R, L, U, D; a bond joins R to the L of the next
    cell along axis 0, U to the D of the next cell along axis 1.
    """
    z, n = 2**0.5 - 1, side * side
    site = np.array([[0, 1, -1, -1], [-1, 0, 1, -1], [1, -1, 0, 1], [1, 1, -1, 0.0]])
    A = np.kron(np.eye(n), site)
    block = site.copy()
    for first, second, step in ((0, 1, (1, 0)), (2, 3, (0, 1))):
        block[first, second] += z
        block[second, first] -= z
        for x, y in itertools.product(range(side), repeat=2):
            there = (x + step[0], y + step[1])
            sign = -1.0 if side in there else 1.0
            i = 4 * (x * side + y) + first
            j = 4 * ((there[0] % side) * side + there[1] % side) + second
            A[i, j] += sign * z
            A[j, i] -= sign * z
    return A, block


def kaufman_uniform_derivatives(shape: tuple[int, ...], J: float) -> np.ndarray:
    """``log Z`` and its first two derivatives in one coupling J of all bonds."""
    mpmath = optional("mpmath", "mpmath")
    with mpmath.workdps(DIGITS):

        def log_partition(x: Any) -> Any:
            return _kaufman(mpmath, shape, x, x)

        orders = range(3)
        values = [mpmath.diff(log_partition, mpmath.mpf(J), order) for order in orders]
        return np.asarray([float(x) for x in values])


class Amplitude(NamedTuple):
    """``cbar``, and the condition number of the metric it was divided by."""

    value: float
    condition_number: float


@functools.lru_cache(maxsize=4)
def zero_momentum_amplitude(side: int) -> Amplitude:
    """``cbar`` of an odd square torus from one dense inverse in real space.

    The metric is a polynomial of degree two in the amplitude s of the insertion, so
    that its central difference with step one is its derivative.
    """
    z, n, middle = 2**0.5 - 1, side * side, side // 2
    q = 1 - z * z
    A, block = _real_space_fermions(side)
    inverse = np.linalg.inv(A).reshape(side, side, 4, side, side, 4)
    # The dual of the block, M_ij = 1/2 eps_ijkl A_kl.
    M = np.zeros((4, 4))
    for i, j, k, m in itertools.permutations(range(4)):
        parity = np.linalg.det(np.eye(4)[[i, j, k, m]])
        M[i, j] += parity * block[k, m] / 2
    # Fermions of a bond: one here, one in the next cell; seen from the middle of the
    # torus no displacement within half a side crosses the seam.
    owned = ((0, (0, 0)), (1, (1, 0)), (2, (0, 0)), (3, (0, 1)))
    reach = range(-middle, middle + 1)
    K = np.empty((side, side, 4, 4))
    for (a, (i, here)), (b, (j, there)) in itertools.product(
        enumerate(owned), repeat=2
    ):
        for dx, dy in itertools.product(reach, repeat=2):
            start = (middle + here[0], middle + here[1])
            end = [middle + dx + there[0], middle + dy + there[1]]
            sign = 1.0
            for axis in range(2):
                if end[axis] >= side:
                    end[axis] -= side
                    sign = -sign
            K[dx, dy, a, b] = sign * inverse[start[0], start[1], i, end[0], end[1], j]
    change = (_critical_metric(K + M, q) - _critical_metric(K - M, q)) / 2
    g = _critical_metric(K, q)
    dmu = -q * M[0, 1]
    value = float(np.sum(np.linalg.inv(g) * change.T)) / (2 * n) / dmu
    return Amplitude(value, float(np.linalg.cond(g)))


def _critical_metric(K: np.ndarray, q: float) -> np.ndarray:
    """Full metric (2n, 2n) of the bonds from the propagator between cell 0 and r."""
    side = K.shape[0]
    n, z = side * side, 2**0.5 - 1
    pairs = ((0, 1), (2, 3))
    mu = [z - q * K[0, 0, i, j] for i, j in pairs]
    g = np.empty((2, 2, side, side))
    for a, (i, j) in enumerate(pairs):
        for b, (k, m) in enumerate(pairs):
            g[a, b] = -(K[..., i, k] * K[..., j, m] - K[..., i, m] * K[..., j, k])
            g[a, b] *= q * q
            if a == b:
                g[a, b, 0, 0] = 1 - mu[a] ** 2
    cells = np.stack(np.unravel_index(np.arange(n), (side, side)))
    shift = (cells[:, None, :] - cells[:, :, None]) % side
    return np.block([[g[a, b][shift[0], shift[1]] for b in range(2)] for a in range(2)])
