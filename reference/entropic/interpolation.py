"""Multilinear interpolation between the cell centres of a periodic grid."""

from __future__ import annotations

from collections.abc import Sequence

from geomsci.backends.arrays import Array, array_namespace


def interpolated(field: Array, points: Array, lengths: Sequence[float]) -> Array:
    """Values (m, c) at points (m, d) of a periodic field (n_1, ..., n_d, c).

    Cell i is centred at ``(i + 1/2) L / n``. O(2^d m c).
    """
    xp = array_namespace(field, points)
    d = len(lengths)
    shape = field.shape[:d]
    low, share = [], []
    for axis, (n, length) in enumerate(zip(shape, lengths)):
        x = points[:, axis] * (n / length) - 0.5
        floor = xp.floor(x)
        low.append(xp.astype(floor, xp.int64) % n)
        share.append(xp.astype(x - floor, field.dtype))
    flat = xp.reshape(field, (-1, field.shape[-1]))
    total = xp.zeros_like(xp.take(flat, low[0], axis=0))
    for corner in range(2**d):
        index, weight = xp.zeros_like(low[0]), xp.ones_like(share[0])
        for axis, n in enumerate(shape):
            up = (corner >> axis) & 1
            index = index * n + (low[axis] + up) % n
            weight = weight * (share[axis] if up else 1.0 - share[axis])
        total = total + weight[:, None] * xp.take(flat, index, axis=0)
    return total
