"""Cumulants of the bonds of a torus, and the curvature that they give.

With one coupling ``J_b`` per bond, ``p(s) = exp(sum_b J_b phi_b(s) - psi(J))`` has the
metric ``g_ab = cov(phi_a, phi_b)`` and the third cumulant ``T_abc = d_a d_b d_c psi``.
The fourth derivatives cancel in the curvature of a Hessian metric:

    tau_a = g^{bc} T_abc,   R = (|T|^2 - |tau|^2) / 4.

On a torus both are periodic. Bond = (type alpha, cell x); with ``d`` types and ``n``
cells ``ghat_ab(k) = sum_r e^{-ikr} g_ab(r)`` is ``n`` Hermitian blocks, and

    |T|^2 = 1/n sum_{k1,k2} conj(That_abc) conj(ginv_aa'(k3)) conj(ginv_bb'(k1))
            conj(ginv_cc'(k2)) That_a'b'c',               k3 = -(k1 + k2),
    tau_a = 1/n sum_k ginv_bc(k) That_abc(k, -k)          (no conjugate),
    |tau|^2 = n tau^T ghat(0)^{-1} tau.
"""

from __future__ import annotations

from typing import NamedTuple

from geomsci.backends import fft, linalg
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.errors import LinAlgError
from geomsci.backends.tiling import tile_bytes, tiles
from geomsci.reference.fisher.lattices import cell_coordinates, flat_index

LARGEST_CONDITION = 1e12
"""Beyond it nothing is left of a curvature computed in float64.

The bonds' ``phi`` are of order one, so g carries absolute errors of about 1e-15: its
smallest eigenvalue is compared with the largest and with 1.
"""


class Cumulants(NamedTuple):
    """First three cumulants of the bonds of a torus with ``n`` cells, ``d`` types.

    ``bond_energy`` (d,): mean of phi per type. ``metric`` (d, d, *shape): ``g_ab(r)``,
    bond a in the cell 0, b in the cell r. ``third`` (d, d, d, n, n): ``T_abc(x1, x2)``,
    a in the cell 0, b in x1, c in x2, cells in C order. ``log_partition``: 0-d.
    """

    bond_energy: Array
    metric: Array
    third: Array
    log_partition: Array


class Invariants(NamedTuple):
    """Scalars of the curvature of a torus.

    ``third_norm`` is |T|^2, ``trace`` (d,) is tau per bond type, ``trace_norm`` is
    |tau|^2, ``condition_number`` that of the whole metric.
    """

    third_norm: Array
    trace: Array
    trace_norm: Array
    condition_number: Array


def metric_blocks(metric: Array) -> Array:
    """Blocks ``ghat(k)`` of the metric, shape (n, d, d), from ``g_ab(r)``."""
    xp = array_namespace(metric)
    d = metric.shape[0]
    axes = tuple(range(2, metric.ndim))
    blocks = fft.fftn(xp.astype(metric, xp.complex128), axes=axes)
    blocks = xp.permute_dims(xp.reshape(blocks, (d, d, -1)), (2, 0, 1))
    return (blocks + xp.conj(xp.permute_dims(blocks, (0, 2, 1)))) / 2


def inverse_blocks(blocks: Array) -> tuple[Array, Array]:
    """Inverses of Hermitian blocks and the condition number of all of them together.

    Raises
    ------
    LinAlgError
        If the metric is singular, conditioned above 1e12, or so small that its
        rounding errors are as large.
    """
    xp = array_namespace(blocks)
    values = linalg.eigvalsh(blocks)
    smallest, largest = float(xp.min(values)), float(xp.max(values))
    if not smallest * LARGEST_CONDITION > max(largest, 1.0):
        raise LinAlgError(
            "The Fisher metric must have a condition number below 1e12 and no "
            f"eigenvalue below 1e-12, got eigenvalues from {smallest:.3g} to "
            f"{largest:.3g}: the couplings are too deep in an ordered or degenerate "
            "phase, take weaker ones."
        )
    eye = xp.eye(blocks.shape[-1], dtype=blocks.dtype, device=device(blocks))
    inverses = linalg.solve(blocks, xp.broadcast_to(eye, blocks.shape))
    condition = xp.max(values) / xp.min(values)
    return (inverses + xp.conj(xp.permute_dims(inverses, (0, 2, 1)))) / 2, condition


def opposite_momenta(shape: tuple[int, ...], first: Array) -> Array:
    """Index of ``-(k1 + k2)`` for k1 in ``first`` (m,) and all k2, shape (m, n)."""
    xp = array_namespace(first)
    k = cell_coordinates(shape, like=first)
    total = [xp.take(x, first)[:, None] + x[None, :] for x in k]
    return flat_index([-x for x in total], shape)


def contracted_square(
    That: Array, inverses: Array, k1: Array, k3: Array, *, weights: Array | None = None
) -> Array:
    """``sum_k2 conj(T) ginv(k3) ginv(k1) ginv(k2) T`` for a batch of k1.

    Parameters
    ----------
    That : array, shape (m, d, d, d, n), complex
        ``That_abc(k1, k2)``.
    inverses : array, shape (n, d, d)
    k1 : array of int, shape (m,)
    k3 : array of int, shape (m, n)
    weights : array, shape (m, n), optional
        Factor of every (k1, k2); default 1.

    Returns
    -------
    square : array, shape (m,), real and non-negative
    """
    xp = array_namespace(That)
    m, d, n = That.shape[0], That.shape[1], That.shape[-1]
    G = xp.permute_dims(xp.conj(inverses), (1, 2, 0))  # (d, d, n)
    G1 = xp.permute_dims(xp.take(G, k1, axis=2), (2, 0, 1))  # (m, d, d)
    G3 = xp.reshape(xp.take(G, xp.reshape(k3, (-1,)), axis=2), (d, d, m, n))
    G3 = xp.permute_dims(G3, (2, 0, 1, 3))
    X = sum_over(G1[:, None, :, :, None, None] * That[:, :, None, :, :, :], 3)
    X = sum_over(G[None, None, None, :, :, :] * X[:, :, :, None, :, :], 4)
    X = sum_over(G3[:, :, :, None, None, :] * X[:, None, :, :, :, :], 2)
    square = xp.sum(xp.real(xp.conj(That) * X), axis=(1, 2, 3))
    return xp.sum(square if weights is None else weights * square, axis=-1)


def sum_over(x: Array, axis: int) -> Array:
    """Sum over one short axis, as additions of its slices."""
    xp = array_namespace(x)
    parts = [xp.take(x, _one(xp, i, x), axis=axis) for i in range(x.shape[axis])]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return xp.squeeze(total, axis=axis)


def _one(xp, i: int, like: Array) -> Array:
    return xp.asarray([i], dtype=xp.int64, device=device(like))


def trace_norm(trace: Array, blocks: Array, n_cells: int) -> Array:
    """``|tau|^2 = n tau^T ghat(0)^{-1} tau``."""
    xp = array_namespace(trace)
    ghat0 = xp.real(blocks[0, :, :])
    return n_cells * xp.sum(trace * linalg.solve(ghat0, trace[:, None])[:, 0])


def invariants(cumulants: Cumulants) -> Invariants:
    """``|T|^2``, ``tau`` and ``|tau|^2`` of a torus from its dense cumulants.

    O(d^3 n^2 log n) time and O(d^3 n^2) memory.

    Raises
    ------
    LinAlgError
        If the metric is singular or conditioned above 1e12.
    """
    third = cumulants.third
    xp = array_namespace(third)
    d, n = third.shape[0], third.shape[-1]
    shape = tuple(cumulants.metric.shape[2:])
    D = len(shape)
    blocks = metric_blocks(cumulants.metric)
    inverses, condition = inverse_blocks(blocks)
    grid = xp.reshape(xp.astype(third, xp.complex128), (d, d, d, *shape, *shape))
    That = fft.fftn(grid, axes=tuple(range(3, 3 + 2 * D)))
    That = xp.permute_dims(xp.reshape(That, (d, d, d, n, n)), (3, 0, 1, 2, 4))
    momenta = xp.arange(n, dtype=xp.int64, device=device(third))
    total = xp.zeros((), dtype=xp.float64, device=device(third))
    tau = xp.zeros((d,), dtype=xp.float64, device=device(third))
    for tile in tiles(n, 64 * d**4 * n, target=4 * tile_bytes(third)):
        k1 = momenta[tile]
        part = That[tile, ...]
        k3 = opposite_momenta(shape, k1)
        total = total + xp.sum(contracted_square(part, inverses, k1, k3))
        # k2 = -k1: the entry of every row whose k3 is zero.
        diagonal = xp.astype(k3 == 0, part.dtype)[:, None, None, None, :]
        opposite = xp.sum(part * diagonal, axis=-1)  # (m, a, b, c)
        G = xp.take(inverses, k1, axis=0)[:, None, :, :]
        tau = tau + xp.real(xp.sum(G * opposite, axis=(0, 2, 3)))
    tau = tau / n
    return Invariants(total / n, tau, trace_norm(tau, blocks, n), condition)


def heat_capacity(metric: Array) -> Array:
    """``Var(sum of all phi) / m``, m = d n bonds."""
    xp = array_namespace(metric)
    return xp.sum(metric) / metric.shape[0]
