r"""Response of the critical Ising metric to a zero-momentum insertion of energy.

At the critical point an insertion of energy at zero momentum shifts the propagator by a
constant matrix, ``K(r) -> K(r) + s M``, with ``M_ij = 1/2 eps_ijkl A(0)_kl``, the dual
of the singular block. To first order in s the metric changes by

    dg_ab(r)/ds = -(q^2/2) [tr(M_ba eps K_ab eps) + tr(K_ba eps M_ab eps)]
    dg_aa(0)/ds = -2 mu dmu/ds,    dmu/ds = q M[chi2, chi1],

and the amplitude is the change of log det g per bond, in units of that of the energy:

    cbar = 1/2 (1/n sum_k tr(ghat(k)^{-1} dghat(k)/ds)) / (dmu/ds).

If the logarithm of the heat capacity rules, ``|R|/n = (cbar^2/2) lambda_0(L) + const``.
The AA sector of a torus with odd sides has no zero mode and stands for the plane.
"""

from __future__ import annotations

import math

from geomsci.backends import fft
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.fisher.cumulants import inverse_blocks, metric_blocks
from geomsci.reference.fisher.lattices import cell_coordinates
from geomsci.reference.fisher.pfaffian import block, bond_trace, opposite_cells
from geomsci.reference.fisher.sectors import D, L, R, U, square_propagator, unit


def _centred_phase(shape: tuple[int, int], like: Array) -> Array:
    """``e^{i pi (r1/L1 + r2/L2)}`` with r in (-L/2, L/2), shape (n,)."""
    xp = array_namespace(like)
    angle = xp.zeros(shape[0] * shape[1], dtype=xp.float64, device=device(like))
    for r, length in zip(cell_coordinates(shape, like=like), shape):
        r = xp.where(2 * r > length, r - length, r)
        angle = angle + xp.astype(r, xp.float64) * (math.pi / length)
    return xp.exp(1j * angle)


def zero_momentum_amplitude(shape: tuple[int, int], *, like: Array) -> Array:
    """``cbar`` of the isotropic critical square torus, sides odd; 0-d and negative.

    O(n log n) time. The value converges faster than ``L^-3`` with the side.
    """
    xp = array_namespace(like)
    z = math.sqrt(2) - 1
    q = 1 - z * z
    n = shape[0] * shape[1]
    Khat = square_propagator((z, z), shape, (1, 1), like)
    K = xp.reshape(fft.ifftn(Khat, axes=(2, 3)), (4, 4, n))
    K = xp.real(K * _centred_phase(shape, like))
    root = math.sqrt(2)
    upper = {(R, L): root, (R, U): 1, (R, D): 1, (L, U): -1, (L, D): 1, (U, D): root}
    M = xp.real(
        unit(xp, 4, {**upper, **{(j, i): -v for (i, j), v in upper.items()}}, K)
    )
    M = xp.broadcast_to(M[:, :, None], (4, 4, n))

    opposite = xp.take(K, opposite_cells(shape, K), axis=2)
    mu = z + q * float(K[L, R, 0])
    dmu = q * float(M[L, R, 0])
    origin = xp.arange(n, dtype=xp.int64, device=device(K)) == 0
    metric, change = [], []
    for a in range(2):
        for b in range(2):
            forth, back = block(K, b, a), block(opposite, a, b)
            g = bond_trace(forth, back)
            dg = bond_trace(block(M, b, a), back) + bond_trace(forth, block(M, a, b))
            g, dg = -(q * q / 2) * g, -(q * q / 2) * dg
            if a == b:
                g = xp.where(origin, (1 - mu * mu) + 0 * g, g)
                dg = xp.where(origin, -2 * mu * dmu + 0 * dg, dg)
            metric.append(g)
            change.append(dg)
    grid = (2, 2, *shape)
    inverses, _ = inverse_blocks(metric_blocks(xp.reshape(xp.stack(metric), grid)))
    dghat = metric_blocks(xp.reshape(xp.stack(change), grid))
    response = xp.sum(xp.real(inverses * xp.permute_dims(dghat, (0, 2, 1)))) / n
    return response / (2 * dmu)
