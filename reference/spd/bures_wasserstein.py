"""The Bures-Wasserstein metric ``g_P(V, W) = tr(L_P[V] W) / 2``, ``P L + L P = V``.

Sources: Bhatia, Jain and Lim, Expo. Math. 37 (2019) 165; Malago, Montrucchio and
Pistone, Inf. Geom. 1 (2018) 137; barycentre: Alvarez-Esteban et al., J. Math. Anal.
Appl. 441 (2016) 744. It is the 2-Wasserstein distance of centred normal laws.
"""

from __future__ import annotations

from typing import Any

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.linalg import matrix_transpose as H
from geomsci.backends.tiling import map_tiles
from geomsci.reference.spd.barycentre import (
    MeanInfo,
    Progress,
    beside_batch,
    weighted_sum,
)
from geomsci.reference.spd.extrapolation import integrate
from geomsci.reference.spd.matrix_functions import (
    frobenius_norm,
    hermitian_part,
    require_positive,
    solve_lyapunov,
    sqrtm,
    sqrtm_and_inverse,
)
from geomsci.reference.spd.vectorisation import from_upper, upper

# Below this fraction of tr A + tr B the trace formula has lost too many digits.
_CLOSE = 1e-3


def prepare_left(A: Array) -> Array:
    """What `distance_between` needs of its matrices: the Cholesky factor."""
    return linalg.cholesky(A)


prepare_right = prepare_left


def distance_between(R: Array, S: Array) -> Array:
    """Distance of ``R R^H`` and ``S S^H`` from their Cholesky factors.

    ``d^2 = tr A + tr B - 2 sum_i sigma_i(R^H S)`` loses half of the digits where A and
    B are close; there ``d = ||R - S Q^H||_F`` with the unitary polar factor ``Q`` of
    ``R^H S``, which loses none, takes its place.
    """
    xp = array_namespace(R, S)
    R, S = xp.broadcast_arrays(R, S)
    n = R.shape[-1]
    flat_R = xp.reshape(R, (-1, n, n))
    flat_S = xp.reshape(S, (-1, n, n))
    total = frobenius_norm(flat_R) ** 2 + frobenius_norm(flat_S) ** 2
    nuclear = xp.sum(linalg.svdvals(H(flat_R) @ flat_S), axis=-1)
    squared = total - 2 * nuclear
    distance = xp.sqrt(xp.where(squared > 0, squared, xp.zeros_like(squared)))
    close = squared < _CLOSE * total
    (which,) = xp.nonzero(close)
    if which.shape[0]:
        exact = _close_distance(
            xp.take(flat_R, which, axis=0), xp.take(flat_S, which, axis=0)
        )
        position = xp.cumulative_sum(xp.astype(close, xp.int64)) - 1
        at = xp.where(close, position, xp.zeros_like(position))
        distance = xp.where(close, xp.take(exact, at), distance)
    return xp.reshape(distance, R.shape[:-2])


def _close_distance(R: Array, S: Array) -> Array:
    U, _, Vh = linalg.svd(H(R) @ S)
    return frobenius_norm(R - S @ H(U @ Vh))


def mean(C: Array, weights: Array, tol: float, max_iter: int) -> tuple[Array, MeanInfo]:
    """Weighted barycentre over the third axis from the end.

    Fixed point ``M <- M^{-1/2} K^2 M^{-1/2}``, ``K = sum_i w_i (M^{1/2} C_i
    M^{1/2})^{1/2}``, from the arithmetic mean. ``J = M^{-1/2} K M^{-1/2} - I``, the
    mean of the optimal maps less the identity, is zero at the barycentre.

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
    info : MeanInfo
    """
    xp = array_namespace(C)
    n = C.shape[-1]
    identity = xp.eye(n, dtype=C.dtype, device=device(C))
    M = weighted_sum(weights, C)
    best = M
    progress = Progress(tol, n)
    while progress.n_iter < max_iter:
        root, inverse = sqrtm_and_inverse(M)
        K = weighted_sum(weights, _inner_roots(beside_batch(root, C), C))
        J = inverse @ K @ inverse - identity
        if progress.improved(float(xp.max(frobenius_norm(J)))):
            best = M
        if progress.finished():
            break
        half_step = K @ inverse
        M = hermitian_part(H(half_step) @ half_step)
    return best, progress.info()


def _inner_roots(root: Array, C: Array) -> Array:
    """``(M^{1/2} C M^{1/2})^{1/2}``, tile by tile."""
    if root.ndim > 2 or C.ndim != 3:
        return sqrtm(hermitian_part(root @ C @ root))
    return map_tiles(
        lambda part: sqrtm(hermitian_part(root @ part @ root)),
        C,
        bytes_per_item=8 * C.shape[-1] ** 2,
    )


def _root_of_product(P: Array, Q: Array) -> Array:
    """``(P Q)^{1/2} = P^{1/2} (P^{1/2} Q P^{1/2})^{1/2} P^{-1/2}``."""
    root, inverse = sqrtm_and_inverse(P)
    return root @ _inner_roots(root, Q) @ inverse


def exp_map(V: Array, P: Array) -> Array:
    """``Exp_P(V) = P + V + L P L = (I + L) P (I + L)``; LinAlgError outside its domain.

    The map is a geodesic only while ``I + L`` is positive definite.
    """
    xp = array_namespace(P)
    L = _lyapunov(P, V)
    if not bool(xp.min(linalg.eigvalsh(L)) > -1):
        raise linalg.LinAlgError(
            "The Bures-Wasserstein exponential needs I + L positive definite (P L + "
            "L P = V), got a tangent vector that is too long: shorten it."
        )
    return hermitian_part(P + V + L @ P @ L)


def _lyapunov(P: Array, V: Array) -> Array:
    xp = array_namespace(P)
    w, U = linalg.eigh(P)
    require_positive(xp, w)
    return solve_lyapunov(w, U, V)


def log_map(Q: Array, P: Array) -> Array:
    """``Log_P(Q) = (P Q)^{1/2} + (Q P)^{1/2} - 2 P``."""
    return 2 * hermitian_part(_root_of_product(P, Q) - P)


def geodesic(A: Array, B: Array, t: Array) -> Array:
    """``(1-t)^2 A + t^2 B + t (1-t) ((A B)^{1/2} + (B A)^{1/2})`` for t in [0, 1]."""
    t = t[..., None, None]
    cross = 2 * hermitian_part(_root_of_product(A, B))
    return hermitian_part((1 - t) ** 2 * A + t**2 * B + t * (1 - t) * cross)


def transport(V: Array, A: Array, B: Array) -> Array:
    """Parallel transport of ``V`` along the geodesic from ``A`` to ``B``.

    Along ``gamma(t) = (I + t L) A (I + t L)``, ``L = L_A[Log_A(B)]``, the transported
    vector solves ``X' = Y + Y^H`` with ``Y = L (I + t L)^{-1} gamma L_gamma[X]``. There
    is no closed form unless A and B commute; the linear equation is integrated by
    extrapolation to about 1e-12 of ``||V||``.
    """
    xp = array_namespace(A)
    L = _lyapunov(A, log_map(B, A))
    identity = xp.eye(A.shape[-1], dtype=A.dtype, device=device(A))

    def velocity(t: float, X: Array) -> Array:
        stretch = identity + t * L
        gamma = hermitian_part(stretch @ A @ stretch)
        inner = gamma @ _lyapunov(gamma, X)
        Y = L @ linalg.solve(stretch, inner)
        return Y + H(Y)

    batch = xp.broadcast_arrays(V, L)
    return hermitian_part(integrate(velocity, batch[0]))


def _coordinate_scales(w: Array, dtype: Any) -> Array:
    """``sqrt(2 (b_i + b_j))`` for the eigenvalues ``b`` of the reference."""
    xp = array_namespace(w)
    return xp.astype(xp.sqrt(2 * (w[..., :, None] + w[..., None, :])), dtype)


def tangent_vectors(C: Array, M: Array) -> Array:
    """``upper(U ((U^H Log_M(C) U)_ij / sqrt(2 (b_i + b_j))) U^H)``, ``M = U b U^H``."""
    w, U = linalg.eigh(M)
    scaled = (H(U) @ log_map(C, M) @ U) / _coordinate_scales(w, M.dtype)
    return upper(hermitian_part(U @ scaled @ H(U)))


def from_tangent_vectors(v: Array, M: Array) -> Array:
    """``Exp_M`` of the vectors with coordinates ``v``."""
    w, U = linalg.eigh(M)
    scaled = (H(U) @ from_upper(v) @ U) * _coordinate_scales(w, M.dtype)
    return exp_map(hermitian_part(U @ scaled @ H(U)), M)
