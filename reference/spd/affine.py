"""The affine-invariant metric ``<V, W>_P = tr(P^{-1} V P^{-1} W)``.

Sources: Pennec, Fillard and Ayache, Int. J. Comput. Vision 66 (2006) 41; Bhatia,
Positive Definite Matrices (2007), chapter 6. With any factor ``P = L L^H`` the maps
are congruences by ``L`` of functions of ``L^{-1} Q L^{-H}``; Cholesky factors serve,
except in the tangent coordinates, whose layout is that of the Hermitian root.
"""

from __future__ import annotations

from typing import Any

from geomsci.backends import linalg, run
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.linalg import matrix_transpose as H
from geomsci.backends.tiling import map_tiles
from geomsci.reference.spd import log_euclidean
from geomsci.reference.spd.barycentre import (
    MeanInfo,
    Progress,
    beside_batch,
    weighted_sum,
)
from geomsci.reference.spd.matrix_functions import (
    apply_to_spectrum,
    expm,
    frobenius_norm,
    from_spectrum,
    hermitian_part,
    require_positive,
    sqrtm_and_inverse,
)
from geomsci.reference.spd.vectorisation import from_upper, upper


def whitened_log(X: Array, C: Array) -> Array:
    """``log(X C X^H)`` for a whitening matrix ``X`` and SPD matrices ``C``.

    Parameters
    ----------
    X : array, shape (..., n, n)
    C : array, shape (..., n, n)

    Returns
    -------
    logs : array, shape (..., n, n)

    Notes
    -----
    One eigen-decomposition a matrix; the temporaries of a batch are tiled.
    """
    n = C.shape[-1]
    if X.ndim > 2 or C.ndim != 3:
        return _whitened_log(X, C)
    return map_tiles(lambda part: _whitened_log(X, part), C, bytes_per_item=8 * n * n)


def _whitened_log(X: Array, C: Array) -> Array:
    xp = array_namespace(C)
    w, U = linalg.eigh(hermitian_part(X @ C @ H(X)))
    require_positive(xp, w)
    return from_spectrum(U, xp.log(w))


def _factor(P: Array) -> tuple[Array, Array]:
    """Cholesky factor ``L`` of ``P`` and its inverse."""
    xp = array_namespace(P)
    L = linalg.cholesky(P)
    identity = xp.eye(P.shape[-1], dtype=P.dtype, device=device(P))
    identity = xp.broadcast_to(identity, P.shape)
    return L, linalg.solve_triangular(L, identity, lower=True)


def prepare_left(A: Array) -> Array:
    """What `distance_between` needs of its first matrices: ``L_A^{-1}``."""
    return _factor(A)[1]


def prepare_right(B: Array) -> Array:
    """What `distance_between` needs of its second matrices."""
    return B


def distance_between(X: Array, B: Array) -> Array:
    """``delta = (sum_i log^2 lambda_i(X B X^H))^{1/2}`` with ``X = L_A^{-1}``."""
    xp = array_namespace(B)
    w = linalg.eigvalsh(hermitian_part(X @ B @ H(X)))
    require_positive(xp, w)
    logs = xp.log(w)
    return xp.sqrt(xp.sum(logs * logs, axis=-1))


def mean(C: Array, weights: Array, tol: float, max_iter: int) -> tuple[Array, MeanInfo]:
    """Weighted Karcher mean of ``C`` over its third axis from the end.

    Solves ``J = sum_i w_i log(X C_i X^H) = 0`` for ``M = X^{-1} X^{-H}`` by Riemannian
    gradient steps ``X <- exp(-s J / 2) X``. The frame ``X`` is carried parallel along
    the geodesic, so gradients of two iterations compare entry by entry and give the
    Barzilai and Borwein step ``s = <d, d> / <d, J_old - J>``, ``d = s_old J_old``
    (Iannazzo and Porcelli, IMA J. Numer. Anal. 38 (2018) 495). The Hessian is at least
    the identity, so steps above 1 are never right.

    Parameters
    ----------
    C : array, shape (..., n_matrices, n, n)
    weights : array, shape (n_matrices,), sum 1
    tol : float
        Stop when ``||J||_F <= tol sqrt(n)``.
    max_iter : int

    Returns
    -------
    M : array, shape (..., n, n)
        The iterate with the smallest ``||J||_F`` that was met.
    info : MeanInfo
    """
    xp = array_namespace(C)
    start, _ = log_euclidean.mean(C, weights, tol, max_iter)
    P, X = sqrtm_and_inverse(start)
    best = P
    progress = Progress(tol, C.shape[-1])
    J_old = moved = None
    while progress.n_iter < max_iter:
        logs = run("spd.whitened_log", beside_batch(X, C), C)
        J = weighted_sum(weights, logs)
        if progress.improved(float(xp.max(frobenius_norm(J)))):
            best = P
        if progress.finished():
            break
        moved = J if moved is None else _barzilai_borwein(xp, moved, J_old, J) * J
        J_old = J
        P, X = P @ expm(0.5 * moved), expm(-0.5 * moved) @ X
    return hermitian_part(best @ H(best)), progress.info()


def _barzilai_borwein(xp: Any, d: Array, J_old: Array, J: Array) -> Array:
    """Step ``<d, d> / <d, J_old - J>``, kept in (0, 1]; shape ``(..., 1, 1)``."""
    dd, dy = _inner(xp, d, d), _inner(xp, d, J_old - J)
    useful = dy > dd
    one = xp.ones_like(dy)
    step = xp.where(useful, dd / xp.where(useful, dy, one), one)
    return xp.astype(step, J.dtype)[..., None, None]


def _inner(xp: Any, A: Array, B: Array) -> Array:
    """``Re tr(A^H B)`` over the last two axes."""
    if xp.isdtype(A.dtype, "complex floating"):
        return xp.sum(xp.real(xp.conj(A) * B), axis=(-2, -1))
    return xp.sum(A * B, axis=(-2, -1))


def exp_map(V: Array, P: Array) -> Array:
    """``Exp_P(V) = L exp(L^{-1} V L^{-H}) L^H``."""
    L, X = _factor(P)
    return hermitian_part(L @ expm(hermitian_part(X @ V @ H(X))) @ H(L))


def log_map(Q: Array, P: Array) -> Array:
    """``Log_P(Q) = L log(L^{-1} Q L^{-H}) L^H``."""
    L, X = _factor(P)
    return hermitian_part(L @ run("spd.whitened_log", X, Q) @ H(L))


def geodesic(A: Array, B: Array, t: Array) -> Array:
    """``gamma(t) = L (L^{-1} B L^{-H})^t L^H`` from ``A`` (t = 0) to ``B`` (t = 1)."""
    xp = array_namespace(A)
    L, X = _factor(A)
    w, U = linalg.eigh(hermitian_part(X @ B @ H(X)))
    require_positive(xp, w)
    power = xp.exp(t[..., None] * xp.log(w))
    return hermitian_part(L @ from_spectrum(U, power) @ H(L))


def transport(V: Array, A: Array, B: Array) -> Array:
    """``E V E^H`` with ``E = (B A^{-1})^{1/2}``, along the geodesic from A to B."""
    L, X = _factor(A)
    root = apply_to_spectrum(hermitian_part(X @ B @ H(X)), array_namespace(A).sqrt)
    E = L @ root @ X
    return hermitian_part(E @ V @ H(E))


def tangent_vectors(C: Array, M: Array) -> Array:
    """``upper(log(M^{-1/2} C M^{-1/2}))``."""
    return upper(run("spd.whitened_log", sqrtm_and_inverse(M)[1], C))


def from_tangent_vectors(v: Array, M: Array) -> Array:
    """``M^{1/2} exp(from_upper(v)) M^{1/2}``."""
    root = sqrtm_and_inverse(M)[0]
    return hermitian_part(root @ expm(from_upper(v)) @ root)
