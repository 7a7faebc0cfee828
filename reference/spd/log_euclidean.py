"""The log-Euclidean metric: the flat metric of the logarithms.

Source: Arsigny, Fillard, Pennec and Ayache, SIAM J. Matrix Anal. Appl. 29 (2007) 328.
The tangent space at ``P`` is identified with the space of logarithms by the
derivative of the logarithm, ``D log_P``.
"""

from __future__ import annotations

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace
from geomsci.backends.linalg import matrix_transpose as H
from geomsci.backends.tiling import map_tiles
from geomsci.reference.spd.barycentre import MeanInfo, weighted_sum
from geomsci.reference.spd.matrix_functions import (
    expm,
    frobenius_norm,
    hermitian_part,
    log_loewner,
    logm,
    require_positive,
)
from geomsci.reference.spd.vectorisation import from_upper, upper


def _logs(C: Array) -> Array:
    """Logarithms of a stack, tile by tile."""
    if C.ndim != 3:
        return logm(C)
    return map_tiles(logm, C, bytes_per_item=8 * C.shape[-1] ** 2)


def prepare_left(A: Array) -> Array:
    """What `distance_between` needs of its first matrices: the logarithm."""
    return _logs(A)


prepare_right = prepare_left


def distance_between(log_a: Array, log_b: Array) -> Array:
    """``||log A - log B||_F`` from the logarithms."""
    return frobenius_norm(log_a - log_b)


def mean(C: Array, weights: Array, tol: float, max_iter: int) -> tuple[Array, MeanInfo]:
    """``exp(sum_i w_i log C_i)``; closed form, so the last two arguments do nothing."""
    del tol, max_iter
    M = expm(weighted_sum(weights, _logs(C)))
    return M, MeanInfo(n_iter=0, gradient_norm=0.0, converged=True)


def _d_log(V: Array, P: Array) -> Array:
    """``D log_P[V]``, Daleckii and Krein."""
    xp = array_namespace(P)
    w, U = linalg.eigh(P)
    require_positive(xp, w)
    F = xp.astype(log_loewner(w), V.dtype)
    return hermitian_part(U @ (F * (H(U) @ V @ U)) @ H(U))


def _d_exp(S: Array, P: Array) -> Array:
    """``D exp_{log P}[S]``, the inverse of ``D log_P``."""
    xp = array_namespace(P)
    w, U = linalg.eigh(P)
    require_positive(xp, w)
    F = xp.astype(log_loewner(w), S.dtype)
    return hermitian_part(U @ ((H(U) @ S @ U) / F) @ H(U))


def exp_map(V: Array, P: Array) -> Array:
    """``Exp_P(V) = exp(log P + D log_P[V])``."""
    return expm(logm(P) + _d_log(V, P))


def log_map(Q: Array, P: Array) -> Array:
    """``Log_P(Q) = D exp_{log P}[log Q - log P]``."""
    return _d_exp(_logs(Q) - logm(P), P)


def geodesic(A: Array, B: Array, t: Array) -> Array:
    """``exp((1 - t) log A + t log B)``."""
    t = t[..., None, None]
    return expm((1 - t) * logm(A) + t * logm(B))


def transport(V: Array, A: Array, B: Array) -> Array:
    """``D exp_{log B}[D log_A[V]]``: flat, so the path does not matter."""
    return _d_exp(_d_log(V, A), B)


def tangent_vectors(C: Array, M: Array) -> Array:
    """``upper(log C - log M)``."""
    return upper(_logs(C) - logm(M))


def from_tangent_vectors(v: Array, M: Array) -> Array:
    """``exp(log M + from_upper(v))``."""
    return expm(logm(M) + from_upper(v))
