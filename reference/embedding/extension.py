"""Heat extension: places new points among representatives by interpolation.

A point x takes the weights

    w_k = d_k^-2 / sum_l d_l^-2

over its s nearest representatives, d_k their distances: positive, summing to one, and
one at a representative that coincides with x. What the representatives have, x gets as
a mean: coordinates ``y = sum_k w_k y_k``, and squared distances as those from a
barycentre,

    d(x, j)^2 = sum_k w_k D_kj^2 - 1/2 sum_kl w_k w_l D_kl^2,

which is exact for every choice of weights where D is Euclidean. The plain mean
``sum_k w_k D_kj`` is not: it stays above 0 near j, where a distance has its cone.

References
----------
D. Shepard, Proc. 23rd ACM National Conference (1968) 517 (the weights). J. C. Gower,
Biometrika 55 (1968) 582 (the distance of a point added to a scaling).
"""

from __future__ import annotations

from typing import Any

from geomsci.backends.arrays import Array, array_namespace
from geomsci.backends.tiling import map_tiles

N_NEAREST = 8
"""Representatives that place a point."""


def extension_weights(distances: Array) -> Array:
    """Inverse squared distances, scaled to the sum one.

    Parameters
    ----------
    distances : array, shape (q, s), >= 0
        From every point to its nearest representatives.

    Returns
    -------
    weights : array, shape (q, s)
        A row that holds zeros shares its weight equally among them. Ratios of
        distances are squared, never distances, so nothing overflows.
    """
    xp = array_namespace(distances)
    nearest = xp.min(distances, axis=1, keepdims=True)
    away = distances > 0.0
    ratio = nearest / xp.where(away, distances, xp.ones_like(distances))
    # A zero has the largest weight; beside one every other ratio is 0 already.
    ratio = xp.where(away, ratio, xp.ones_like(ratio))
    return _scaled(xp, ratio * ratio)


def _scaled(xp: Any, weights: Array) -> Array:
    return weights / xp.sum(weights, axis=1, keepdims=True)


def extend(Y: Array, neighbors: Array, weights: Array) -> Array:
    """``sum_k w_k y_k``: values of new points from those of the representatives.

    Parameters
    ----------
    Y : array, shape (m, k)
        Values of the representatives.
    neighbors : integer array, shape (q, s)
        Representatives of every point.
    weights : array, shape (q, s)

    Returns
    -------
    Z : array, shape (q, k)
        No row depends on another.
    """
    xp = array_namespace(Y, neighbors, weights)

    def tile(chosen: Array, w: Array) -> Array:
        total = w[:, 0:1] * xp.take(Y, chosen[:, 0], axis=0)
        for k in range(1, chosen.shape[1]):
            total = total + w[:, k : k + 1] * xp.take(Y, chosen[:, k], axis=0)
        return total

    return map_tiles(tile, neighbors, weights, bytes_per_item=3 * 8 * Y.shape[1])


def extended_dissimilarity(D: Array, neighbors: Array, weights: Array) -> Array:
    """Distances of new points from all representatives.

    Parameters
    ----------
    D : array, shape (m, m), symmetric with zero diagonal
        Distances of the representatives.
    neighbors : integer array, shape (q, s)
    weights : array, shape (q, s)

    Returns
    -------
    d : array, shape (q, m)
        The row of D where one weight is 1. O(q s m) time.
    """
    xp = array_namespace(D, neighbors, weights)
    scale = float(xp.max(D)) or 1.0
    squares = (D / scale) ** 2

    def tile(chosen: Array, w: Array) -> Array:
        sums = extend(squares, chosen, w)
        inner = xp.take_along_axis(sums, chosen, axis=1)
        spread = 0.5 * xp.sum(w * inner, axis=1, keepdims=True)
        return scale * xp.sqrt(xp.clip(sums - spread, 0.0))

    item = 4 * 8 * D.shape[0]
    return map_tiles(tile, neighbors, weights, bytes_per_item=item)
