"""Potential distances: rows of a diffusion compared through a potential.

    p_ij = H_ij u_j / sum_k H_ik u_k,
    U_ij = -log p_ij                            for gamma = 1,
         = 2 / (1 - gamma) p_ij^((1-gamma)/2)   for gamma < 1,
    D_ij = |U_i - U_j|.

With ``u`` the positive null vector of the Laplacian, ``p`` is the Doob transform of the
heat kernel, the law of the random walk: the sums are ``u_i``. With ``u = 1`` it is the
kernel with its rows normalised.

References
----------
Moon et al., Nature Biotechnology 37 (2019) 1482, methods: the potential distance, its
gamma family, and the time by the von Neumann entropy.
"""

from __future__ import annotations

import math
from typing import Any

from geomsci.backends import neighbors
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import tile_bytes, tiles

NEAR = 1e-4
"""Squared distances below this part of ``|U_i|^2 + |U_j|^2`` are computed again."""

PRODUCT_BYTES = 16 * 1024 * 1024
"""Temporaries of a strip: products of matrices want many rows at a time."""


def transition_rows(H: Array, u: Array | None) -> Array:
    """Rows of ``H diag(u)`` divided by their sums."""
    xp = array_namespace(H)
    weighted = H if u is None else H * u[None, :]
    return weighted / xp.sum(weighted, axis=1, keepdims=True)


def potentials(P: Array, *, gamma: float, floor: float) -> Array:
    """The potential of every transition probability, ``floor`` added before."""
    xp = array_namespace(P)
    if floor:
        P = P + floor
    if gamma == 1.0:
        return -xp.log(P)
    return (2.0 / (1.0 - gamma)) * P ** ((1.0 - gamma) / 2.0)


def row_distances(U: Array) -> Array:
    """Euclidean distances of all rows, exactly symmetric with zero diagonal.

    The squares come from products of matrices, ``|U_i|^2 + |U_j|^2 - 2 U_i.U_j`` of the
    centred rows. They are wrong by eps times the sum of the first two, so pairs whose
    square is below ``NEAR`` times that sum are computed again from their differences:
    every distance is right to about ``eps / NEAR``.
    """
    xp, n = array_namespace(U), U.shape[0]
    U = U - xp.mean(U, axis=0, keepdims=True)
    squares = xp.sum(U * U, axis=1)
    target = max(PRODUCT_BYTES, tile_bytes(U))
    strips = []
    for part in tiles(n, 4 * 8 * n, target=target):
        strip = _strip(xp, U, squares, part)
        left = xp.zeros((strip.shape[0], part.start), dtype=U.dtype, device=device(U))
        strips.append(xp.concat([left, strip], axis=1))
    D = xp.concat(strips, axis=0)
    return D + xp.matrix_transpose(D)


def _strip(xp: Any, U: Array, squares: Array, part: slice) -> Array:
    """Distances of some rows from themselves and all rows after them."""
    rest = slice(part.start, None)
    both = squares[part, None] + squares[None, rest]
    D2 = both - 2.0 * (U[part, :] @ xp.matrix_transpose(U[rest, :]))
    n = xp.arange(U.shape[0], dtype=xp.int64, device=device(U))
    above = n[part, None] < n[None, rest]
    positive = xp.logical_and(above, D2 > 0)
    D = xp.sqrt(xp.where(positive, D2, xp.zeros_like(D2)))
    near = xp.logical_and(D2 < NEAR * both, above)
    rows, columns = xp.nonzero(near)
    if rows.shape[0] == 0:
        return D
    again = neighbors.pair_distances(U, rows + part.start, columns + part.start)
    return _replaced(xp, D, near, again)


def _replaced(xp: Any, D: Array, mask: Array, values: Array) -> Array:
    """Copy of D with the values, in order of rows, where the mask is true."""
    flat = xp.reshape(mask, (-1,))
    place = xp.cumulative_sum(xp.astype(flat, xp.int64)) - 1
    place = xp.where(flat, place, xp.zeros_like(place))
    spread = xp.reshape(xp.take(values, place, axis=0), mask.shape)
    return xp.where(mask, spread, D)


def potential_distance(
    H: Array, u: Array | None, *, gamma: float, floor: float
) -> Array:
    """Distances of the potentials of the rows of ``H diag(u)``. O(n^3)."""
    return row_distances(potentials(transition_rows(H, u), gamma=gamma, floor=floor))


# Diffusion time


def von_neumann_entropies(eigenvalues: Array, t_max: int) -> Array:
    """``-sum_k eta_k log eta_k``, ``eta = |lambda|^t / sum |lambda|^t``, t = 1, 2 ...

    In logarithms: no power underflows to the wrong entropy. Zeros count as nothing.
    """
    xp = array_namespace(eigenvalues)
    size = xp.abs(eigenvalues)
    alive = size > 0
    logs = xp.log(xp.where(alive, size / xp.max(size), xp.ones_like(size)))
    t = xp.arange(1, t_max + 1, dtype=size.dtype, device=device(size))
    exponents = t[:, None] * logs[None, :]
    powers = xp.exp(exponents) * xp.astype(alive, size.dtype)[None, :]
    total = xp.sum(powers, axis=1)
    # log eta = exponent - log(total); a power that underflows counts as 0 log 0 = 0.
    return xp.log(total) - xp.sum(powers * exponents, axis=1) / total


def knee(values: list[float]) -> int:
    """Index of the point of a convex curve farthest below its chord, first of equals.

    Distances from the chord are gaps along the ordinate times one cosine, so the units
    of the axes do not matter.
    """
    last = len(values) - 1
    if last < 1:
        return 0
    slope = (values[last] - values[0]) / last
    gaps = [values[0] + slope * i - v for i, v in enumerate(values)]
    # Gaps of rounding are no knee.
    largest = max(gaps)
    if largest <= 1e-12 * max(1.0, math.fabs(values[0])):
        return 0
    return gaps.index(largest)


def von_neumann_time(eigenvalues: Array, *, t_max: int) -> int:
    """Knee of the von Neumann entropy over t = 1 .. t_max."""
    entropies = von_neumann_entropies(eigenvalues, t_max)
    return 1 + knee([float(entropies[i]) for i in range(t_max)])
