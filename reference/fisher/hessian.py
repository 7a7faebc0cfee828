"""Scalar curvature of a Hessian metric, and of any exponential family.

For ``p(s) = h(s) exp(theta . phi(s) - psi(theta))`` the metric is the Hessian of psi,
the covariance of phi, and ``T_abc = d_a d_b d_c psi`` its third central moment. The
Christoffel symbols are ``T_abc / 2`` and fourth derivatives cancel:

    tau_a = g^{bc} T_abc,   R = (|T|^2 - |tau|^2) / 4.

In coordinates in which g is the identity the norms are plain sums of squares, so
everything is whitened first: with ``g = S L L^T S``, S the square roots of the diagonal
and L a Cholesky factor, by ``W = L^{-1} S^{-1}``. Scaling a parameter changes nothing.
"""

from __future__ import annotations

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace, device, eps
from geomsci.backends.errors import LinAlgError
from geomsci.backends.tiling import tile_bytes, tiles
from geomsci.reference.fisher.cumulants import LARGEST_CONDITION


def whitener(metric: Array, name: str) -> Array:
    """Matrix W with ``W g W^T = 1``.

    Raises
    ------
    LinAlgError
        If g, scaled to a unit diagonal, is singular or conditioned above 1e12; ``name``
        is what the sentence calls the parameters.
    """
    xp = array_namespace(metric)
    m = metric.shape[0]
    variances = xp.linalg.diagonal(metric)
    if not bool(xp.all(variances > 0)):
        first = int(xp.argmin(variances))
        raise LinAlgError(
            f"{name} must have positive variances, got {float(variances[first]):.3g} "
            f"for number {first}: leave out what is constant."
        )
    S = xp.sqrt(variances)
    correlation = metric / S[:, None] / S[None, :]
    values = linalg.eigvalsh(correlation)
    smallest, largest = float(values[0]), float(values[-1])
    if not smallest * LARGEST_CONDITION > largest:
        raise LinAlgError(
            f"{name} must be linearly independent of one another and of a constant, "
            f"got correlations with eigenvalues from {smallest:.3g} to {largest:.3g}: "
            "leave out what the others determine."
        )
    L = linalg.cholesky(correlation)
    eye = xp.eye(m, dtype=metric.dtype, device=device(metric))
    return linalg.solve_triangular(L, eye, lower=True) / S[None, :]


def whitened_curvature(third: Array) -> Array:
    """``(|T|^2 - |tau|^2) / 4`` where the metric is the identity, 0-d."""
    xp = array_namespace(third)
    m = third.shape[0]
    eye = xp.eye(m, dtype=third.dtype, device=device(third))
    tau = xp.sum(third * eye[None, :, :], axis=(1, 2))
    return (xp.sum(third * third) - xp.sum(tau * tau)) / 4


def hessian_scalar_curvature(metric: Array, third_cumulant: Array) -> Array:
    """Scalar curvature from g (m, m) and T (m, m, m), 0-d; O(m^4) time."""
    xp = array_namespace(metric, third_cumulant)
    m = metric.shape[0]
    W = whitener(metric, "The parameters of metric")
    T = third_cumulant
    for _ in range(3):  # one index a turn, in cyclic order
        T = xp.permute_dims(
            xp.reshape(W @ xp.reshape(T, (m, m * m)), (m, m, m)), (1, 2, 0)
        )
    return whitened_curvature(T)


def exponential_family_curvature(
    sufficient_statistics: Array, weights: Array | None = None
) -> Array:
    """Scalar curvature at the distribution ``weights`` over the rows, 0-d.

    Parameters
    ----------
    sufficient_statistics : array, shape (n_states, m)
    weights : array, shape (n_states,), optional
        Non-negative, with sum 1; None: equal.

    Notes
    -----
    O(n_states m^3) time, O(m^3) memory and a tile.
    """
    xp = array_namespace(sufficient_statistics)
    phi = sufficient_statistics
    n_states, m = phi.shape
    if weights is None:
        weights = xp.full(
            (n_states,), 1 / n_states, dtype=phi.dtype, device=device(phi)
        )
    p = weights[:, None]
    X = phi - xp.sum(p * phi, axis=0)[None, :]
    X = X - xp.sum(p * X, axis=0)[None, :]  # what rounding left of the mean
    metric = X.T @ (p * X)
    # The mean of a constant is rounded, and so its variance is not quite zero.
    rounding = (8 * eps(xp, phi.dtype)) ** 2 * xp.max(phi * phi, axis=0)
    constant = xp.linalg.diagonal(metric) <= rounding
    metric = metric * (1 - xp.astype(constant, phi.dtype))[:, None]
    X = X @ whitener(metric, "sufficient_statistics").T
    third = xp.zeros((m, m * m), dtype=phi.dtype, device=device(phi))
    for tile in tiles(n_states, 8 * m * m, target=tile_bytes(phi)):
        part = X[tile, :]
        pairs = xp.reshape(part[:, :, None] * part[:, None, :], (-1, m * m))
        third = third + (p[tile, :] * part).T @ pairs
    return whitened_curvature(xp.reshape(third, (m, m, m)))
