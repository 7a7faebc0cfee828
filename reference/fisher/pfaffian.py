r"""Exact cumulants of the planar Ising torus from its free fermions.

The partition function is multilinear in every ``z_b``, so for distinct bonds
``<e_a e_b e_c> = sum_s w_s <O_a O_b O_c>_s`` with the bond operators of
`geomsci.reference.fisher.sectors`, Gaussian in every sector. With ``eps = [[0, 1],
[-1, 0]]``, ``K_ab`` the 2 x 2 block of the propagator at ``x_a - x_b``, and q, z per
bond type,

    m_s            = z + q K[chi2, chi1](0)
    C_s(a, b)      = -(q_a q_b / 2) tr(K_ba eps K_ab eps)
    Theta_s(a,b,c) = q_a q_b q_c tr(K_ab eps K_bc eps K_ca eps)
    mu    = sum_s w_s m_s,   dm = m_s - mu
    g_ab  = sum_s w_s (C + dm_a dm_b)
    T_abc = sum_s w_s (Theta + dm_a C_bc + dm_b C_ac + dm_c C_ab + dm_a dm_b dm_c)

and for coinciding bonds the contact rules ``g_aa = 1 - mu^2``, ``T_aac = -2 mu_a g_ac``
(from ``e^2 = 1``) replace these formulas.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from geomsci.backends import fft
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.fisher.cumulants import Cumulants
from geomsci.reference.fisher.lattices import Lattice, cell_coordinates, flat_index
from geomsci.reference.fisher.sectors import Fermions, Sector, square_fermions


class SectorCumulants(NamedTuple):
    """One pseudo-sector in position space: what the cumulant formulas need.

    ``weight``; ``K`` (2d, 2d, n): the propagator at every displacement; ``mean`` (d
    Python floats): m_s; ``C`` (d, d, n): C_s(a at 0, b at r).
    """

    weight: float
    K: Array
    mean: tuple[float, ...]
    C: Array


class Mixture(NamedTuple):
    """All pseudo-sectors of a torus with the cumulants up to the second.

    ``metric`` (d, d, n) obeys the contact rule, ``formal`` (d, d, n) does not.
    """

    sectors: list[SectorCumulants]
    mean: tuple[float, ...]
    metric: Array
    formal: Array
    factor: tuple[float, ...]


def fermions(lattice: Lattice, shape: tuple[int, int], coupling: Array) -> Fermions:
    """Sectors of any planar lattice; the square one has its own smaller matrices."""
    if lattice.name == "square":
        return square_fermions(shape, coupling)
    from geomsci.reference.fisher.half_edges import half_edge_fermions

    return half_edge_fermions(lattice, shape, coupling)


def opposite_cells(shape: tuple[int, int], like: Array) -> Array:
    """Index of ``-r`` for every cell r."""
    return flat_index([-x for x in cell_coordinates(shape, like=like)], shape)


def plane_wave(shape: tuple[int, int], mode: int, like: Array) -> Array:
    """``e^{i q r}`` for the grid momentum with flat index ``mode``, shape (n,)."""
    xp = array_namespace(like)
    r = cell_coordinates(shape, like=like)
    m = divmod(mode, shape[1])
    turns = [
        xp.astype((x * i) % length, xp.float64) / length
        for x, i, length in zip(r, m, shape)
    ]
    return xp.exp(2j * math.pi * (turns[0] + turns[1]))


def position_propagator(sector: Sector) -> Array:
    """``K(r) = 1/n sum_k e^{ikr} Khat(k)`` on grid momenta, shape (2d, 2d, n)."""
    Khat = sector.propagator
    xp = array_namespace(Khat)
    size, shape = Khat.shape[0], Khat.shape[2:]
    K = xp.reshape(fft.ifftn(Khat, axes=(2, 3)), (size, size, -1))
    if sector.mode is not None:
        wave = plane_wave(shape, sector.mode, Khat)
        K = K + sector.shift[:, :, None] * wave / (shape[0] * shape[1])
    return K


def bond_trace(K1: Array, K2: Array) -> Array:
    """``tr(K1 eps K2 eps)`` of 2 x 2 blocks, axes (2, 2, ...)."""
    return (
        K1[0, 1, ...] * K2[0, 1, ...]
        + K1[1, 0, ...] * K2[1, 0, ...]
        - K1[0, 0, ...] * K2[1, 1, ...]
        - K1[1, 1, ...] * K2[0, 0, ...]
    )


def block(K: Array, a: int, b: int) -> Array:
    """2 x 2 block of bond types a, b."""
    return K[2 * a : 2 * a + 2, 2 * b : 2 * b + 2, ...]


def second_cumulants(K: Array, factor: tuple[float, ...], opposite: Array) -> Array:
    """``C(a at 0, b at r)`` of one sector, shape (d, d, n), real."""
    xp = array_namespace(K)
    d = len(factor)
    K_minus = xp.take(K, opposite, axis=2)
    rows = []
    for a in range(d):
        row = []
        for b in range(d):
            trace = bond_trace(block(K, b, a), block(K_minus, a, b))
            row.append(xp.real(trace) * (-factor[a] * factor[b] / 2))
        rows.append(xp.stack(row))
    return xp.stack(rows)


def mixture(model: Fermions, shape: tuple[int, int], like: Array) -> Mixture:
    """Position-space sectors, the means, and the metric with its contact value."""
    xp = array_namespace(like)
    d = len(model.factor)
    opposite = opposite_cells(shape, like)
    sectors = []
    for sector in model.sectors:
        K = position_propagator(sector)
        mean = tuple(
            z + q * float(xp.real(K[2 * a + 1, 2 * a, 0]))
            for a, (z, q) in enumerate(zip(model.offset, model.factor))
        )
        C = second_cumulants(K, model.factor, opposite)
        sectors.append(SectorCumulants(sector.weight, K, mean, C))
    mu = tuple(math.fsum(s.weight * s.mean[a] for s in sectors) for a in range(d))
    formal = xp.zeros_like(sectors[0].C)
    for s in sectors:
        dm = _vector(xp, [m - mean for m, mean in zip(s.mean, mu)], like)
        formal = formal + s.weight * (s.C + dm[:, None, None] * dm[None, :, None])
    at_origin = _origin(xp, formal.shape[-1], like)
    same = xp.eye(d, dtype=xp.float64, device=device(like))[:, :, None] * at_origin
    contact = _vector(xp, [1 - m * m for m in mu], like)[:, None, None]
    metric = formal * (1 - same) + contact * same
    return Mixture(sectors, mu, metric, formal, model.factor)


def _vector(xp, values: list[float], like: Array) -> Array:
    return xp.asarray(values, dtype=xp.float64, device=device(like))


def _origin(xp, n: int, like: Array) -> Array:
    """One in the cell 0, zero elsewhere."""
    return xp.astype(xp.arange(n, device=device(like)) == 0, xp.float64)


def triangle_trace(K_ab: Array, K_bc: Array, K_ca: Array) -> Array:
    """``Re tr(K_ab eps K_bc eps K_ca eps)`` of 2 x 2 blocks, axes (2, 2, ...)."""
    xp = array_namespace(K_ab)
    total = None
    for i in range(2):
        for j in range(2):
            # (K_ab eps K_bc)_ij and (eps K_ca eps)_ji
            left = K_ab[i, 0, ...] * K_bc[1, j, ...] - K_ab[i, 1, ...] * K_bc[0, j, ...]
            term = left * K_ca[1 - j, 1 - i, ...] * (-1.0 if i == j else 1.0)
            total = term if total is None else total + term
    return xp.real(total)


def third_formal(parts: Mixture, shape: tuple[int, int]) -> Array:
    """T before the contact rules, shape (d, d, d, n, n)."""
    K = parts.sectors[0].K
    xp = array_namespace(K)
    d, n = len(parts.mean), K.shape[-1]
    x = cell_coordinates(shape, like=K)
    opposite = opposite_cells(shape, K)
    difference = flat_index([c[:, None] - c[None, :] for c in x], shape)  # x1 - x2
    flat = xp.reshape(difference, (-1,))
    reverse = xp.take(opposite, flat)  # x2 - x1
    total = xp.zeros((d, d, d, n, n), dtype=xp.float64, device=device(K))
    for s in parts.sectors:
        K_minus = xp.take(s.K, opposite, axis=2)
        K_12 = xp.reshape(xp.take(s.K, flat, axis=2), (2 * d, 2 * d, n, n))
        C_12 = xp.reshape(xp.take(s.C, reverse, axis=2), (d, d, n, n))
        dm = [m - mean for m, mean in zip(s.mean, parts.mean)]
        q = parts.factor
        entries = []
        for a in range(d):
            for b in range(d):
                for c in range(d):
                    theta = triangle_trace(
                        block(K_minus, a, b)[..., :, None],
                        block(K_12, b, c),
                        block(s.K, c, a)[..., None, :],
                    )
                    entries.append(
                        q[a] * q[b] * q[c] * theta
                        + dm[a] * C_12[b, c, ...]
                        + dm[b] * s.C[a, c, ...][None, :]
                        + dm[c] * s.C[a, b, ...][:, None]
                        + dm[a] * dm[b] * dm[c]
                    )
        total = total + s.weight * xp.reshape(xp.stack(entries), total.shape)
    return total


def with_contacts(formal: Array, parts: Mixture) -> Array:
    """T with the contact rules for two or three coinciding bonds."""
    xp = array_namespace(formal)
    d, n = formal.shape[0], formal.shape[-1]
    metric = parts.metric
    cells = xp.arange(n, device=device(formal))
    zero1, zero2 = (cells == 0)[:, None], (cells == 0)[None, :]
    equal = cells[:, None] == cells[None, :]
    entries = []
    for a in range(d):
        for b in range(d):
            for c in range(d):
                T = formal[a, b, c, ...]
                if a == b:
                    value = -2 * parts.mean[a] * metric[a, c, ...][None, :]
                    T = xp.where(zero1, value, T)
                if a == c:
                    value = -2 * parts.mean[a] * metric[a, b, ...][:, None]
                    T = xp.where(zero2, value, T)
                if b == c:
                    value = -2 * parts.mean[b] * metric[a, b, ...][:, None]
                    T = xp.where(equal, value, T)
                entries.append(T)
    return xp.reshape(xp.stack(entries), formal.shape)


def cumulants(
    lattice: Lattice, shape: tuple[int, int], coupling: Array
) -> tuple[Cumulants, float]:
    """Exact cumulants of the Ising model on a planar torus, and their cancellation.

    Parameters
    ----------
    lattice : Lattice
    shape : (L1, L2)
    coupling : array, shape (d,)

    Returns
    -------
    cumulants : Cumulants
    cancellation : float
        ``sum |w_s|``: g and T carry about 1e-15 times it.

    Notes
    -----
    O(d^3 n^2) time and memory; `geomsci.reference.fisher.streaming` needs O(n) memory.
    """
    xp = array_namespace(coupling)
    model = fermions(lattice, shape, coupling)
    parts = mixture(model, shape, coupling)
    third = with_contacts(third_formal(parts, shape), parts)
    d = len(parts.mean)
    result = Cumulants(
        _vector(xp, list(parts.mean), coupling),
        xp.reshape(parts.metric, (d, d, *shape)),
        third,
        xp.asarray(model.log_partition, dtype=xp.float64, device=device(coupling)),
    )
    return result, model.cancellation
