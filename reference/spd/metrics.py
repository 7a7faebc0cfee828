"""The metrics by name, and what is the same for all of them."""

from __future__ import annotations

import types

from geomsci.backends.arrays import Array, array_namespace, device, real_dtype
from geomsci.backends.tiling import map_tiles
from geomsci.reference.spd import affine, bures_wasserstein, log_euclidean
from geomsci.reference.spd.barycentre import MeanInfo

METRICS: dict[str, types.ModuleType] = {
    "affine": affine,
    "log-euclidean": log_euclidean,
    "bures-wasserstein": bures_wasserstein,
}


def distance(A: Array, B: Array, metric: str) -> Array:
    """Distance of ``A`` and ``B``, broadcast over the leading axes.

    The first argument costs more to prepare, so the shorter stack takes its place.
    """
    rule = METRICS[metric]
    if A.ndim > B.ndim:
        A, B = B, A
    size = 8 * B.shape[-1] ** 2
    if A.ndim == 2 and B.ndim == 3:
        left = rule.prepare_left(A)

        def to_one(part: Array) -> Array:
            return rule.distance_between(left, rule.prepare_right(part))

        return map_tiles(to_one, B, bytes_per_item=size)

    def pairs(first: Array, second: Array) -> Array:
        return rule.distance_between(
            rule.prepare_left(first), rule.prepare_right(second)
        )

    if A.ndim == 3 and A.shape == B.shape:
        return map_tiles(pairs, A, B, bytes_per_item=size)
    return pairs(A, B)


def pairwise_distances(A: Array, B: Array | None, metric: str) -> Array:
    """Distances of every ``A_i`` to every ``B_j``, shape ``(n_a, n_b)``.

    What one matrix needs (a factor, a logarithm) is computed once a matrix, the rest in
    tiles of pairs; with ``B=None`` only the pairs ``i < j`` are computed.
    """
    rule = METRICS[metric]
    xp = array_namespace(A)
    left = rule.prepare_left(A)
    right = rule.prepare_right(A if B is None else B)
    n_a, n_b = left.shape[0], right.shape[0]
    i = xp.arange(n_a, dtype=xp.int64, device=device(A))[:, None]
    j = xp.arange(n_b, dtype=xp.int64, device=device(A))[None, :]
    first, second = xp.nonzero(i < j if B is None else i + j >= 0)

    def between(i: Array, j: Array) -> Array:
        return rule.distance_between(
            xp.take(left, i, axis=0), xp.take(right, j, axis=0)
        )

    flat = None
    if first.shape[0]:
        size = 8 * A.shape[-1] ** 2
        flat = map_tiles(between, first, second, bytes_per_item=size)
    if B is not None:
        return xp.reshape(flat, (n_a, n_b))
    return _symmetric(A, flat, n_a)


def _symmetric(A: Array, flat: Array | None, n: int) -> Array:
    """Symmetric matrix with zero diagonal from its strict upper triangle, by rows."""
    xp = array_namespace(A)
    dtype = real_dtype(xp, A.dtype)
    zero = xp.zeros((1,), dtype=dtype, device=device(A))
    values = zero if flat is None else xp.concat([zero, flat])
    i = xp.arange(n, dtype=xp.int64, device=device(A))[:, None]
    j = xp.arange(n, dtype=xp.int64, device=device(A))[None, :]
    low, high = xp.minimum(i, j), xp.maximum(i, j)
    position = low * n - low * (low + 1) // 2 - low + high
    index = xp.where(i == j, xp.zeros_like(position), position)
    return xp.reshape(xp.take(values, xp.reshape(index, (-1,))), (n, n))


def mean(
    C: Array, weights: Array, metric: str, tol: float, max_iter: int
) -> tuple[Array, MeanInfo]:
    """Weighted mean over the third axis from the end, and how it ended."""
    return METRICS[metric].mean(C, weights, tol, max_iter)


def exp_map(V: Array, P: Array, metric: str) -> Array:
    """Point reached from ``P`` with the initial velocity ``V``."""
    return METRICS[metric].exp_map(V, P)


def log_map(Q: Array, P: Array, metric: str) -> Array:
    """Velocity that reaches ``Q`` from ``P`` in unit time."""
    return METRICS[metric].log_map(Q, P)


def geodesic(A: Array, B: Array, t: Array, metric: str) -> Array:
    """Point at the fraction ``t`` of the geodesic from ``A`` to ``B``."""
    return METRICS[metric].geodesic(A, B, t)


def transport(V: Array, A: Array, B: Array, metric: str) -> Array:
    """Parallel transport of ``V`` along the geodesic from ``A`` to ``B``."""
    return METRICS[metric].transport(V, A, B)


def tangent_vectors(C: Array, M: Array, metric: str) -> Array:
    """Orthonormal coordinates of ``Log_M(C)``."""
    return METRICS[metric].tangent_vectors(C, M)


def from_tangent_vectors(v: Array, M: Array, metric: str) -> Array:
    """Inverse of `tangent_vectors`."""
    return METRICS[metric].from_tangent_vectors(v, M)
