"""Hermitian matrices as vectors of the same Euclidean norm, and back.

The layout is pyRiemann's: the upper triangle row by row, off-diagonal entries times
the square root of two, so that the Euclidean norm of the vector is the Frobenius
norm of the matrix.
"""

from __future__ import annotations

import math
from typing import Any

from geomsci.backends.arrays import Array, array_namespace, device


def upper(X: Array) -> Array:
    """Vectors ``(..., n (n + 1) / 2)`` of Hermitian matrices ``(..., n, n)``."""
    xp = array_namespace(X)
    n = X.shape[-1]
    flat = xp.reshape(X, (*X.shape[:-2], n * n))
    positions = [i * n + j for i in range(n) for j in range(i, n)]
    index = xp.asarray(positions, dtype=xp.int64, device=device(X))
    return xp.take(flat, index, axis=-1) * _weights(xp, n, X)


def from_upper(v: Array) -> Array:
    """Inverse of `upper`."""
    xp = array_namespace(v)
    n = matrix_order(v.shape[-1])
    scaled = v / _weights(xp, n, v)
    row_start = [i * n - i * (i - 1) // 2 for i in range(n)]
    positions = [row_start[min(i, j)] + abs(i - j) for i in range(n) for j in range(n)]
    index = xp.asarray(positions, dtype=xp.int64, device=device(v))
    X = xp.reshape(xp.take(scaled, index, axis=-1), (*v.shape[:-1], n, n))
    if xp.isdtype(v.dtype, "complex floating"):
        lower = xp.tril(xp.ones((n, n), dtype=xp.int8, device=device(v)), k=-1) > 0
        X = xp.where(lower, xp.conj(X), X)
    return X


def matrix_order(length: int) -> int:
    """The ``n`` with ``n (n + 1) / 2 == length``; ValueError if there is none."""
    n = (math.isqrt(8 * length + 1) - 1) // 2
    if n * (n + 1) // 2 != length or length == 0:
        raise ValueError(
            "Tangent vectors must have n (n + 1) / 2 entries for some matrix size n, "
            f"got {length}: pass vectors made by tangent_vectors."
        )
    return n


def _weights(xp: Any, n: int, like: Array) -> Array:
    """Factors of the upper triangle: 1 on the diagonal, sqrt(2) beside it."""
    weights = [1.0 if i == j else math.sqrt(2.0) for i in range(n) for j in range(i, n)]
    return xp.asarray(weights, dtype=like.dtype, device=device(like))
