"""Linear discriminants of tangent vectors, as the Fisher geodesic filter needs them."""

from __future__ import annotations

from typing import Any

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace, device, eps
from geomsci.backends.linalg import matrix_transpose


def discriminant_projector(T: Array, codes: Array, n_classes: int) -> Array:
    """Orthogonal projector on the span of the linear discriminant directions.

    The directions are ``Sigma_w^{-1} (mu_k - mu)`` with ``mu`` the mean of all samples
    and ``Sigma_w`` the prior-weighted sum of the within-class covariances, each shrunk
    by Ledoit and Wolf's rule after scaling the features of the class to unit variance.

    Parameters
    ----------
    T : array, shape (n_samples, d), real
    codes : integer array, shape (n_samples,)
        Class of every sample, 0 <= code < n_classes.
    n_classes : int, >= 2

    Returns
    -------
    P : array, shape (d, d), symmetric, P P = P, rank < n_classes

    Notes
    -----
    O(n_samples d^2 + d^3). Equal to scikit-learn's LinearDiscriminantAnalysis with
    ``solver="lsqr", shrinkage="auto"``, whose coefficients differ by ``Sigma_w^{-1}
    mu``. At a Riemannian mean ``mu`` is zero up to rounding, so the span of those
    coefficients (pyRiemann's filter) holds one direction of noise for more than two
    classes; here there is none.
    """
    xp = array_namespace(T)
    within = xp.zeros_like(T[0, :, None] * T[0, None, :])
    means = []
    for k in range(n_classes):
        (members,) = xp.nonzero(codes == k)
        Z = xp.take(T, members, axis=0)
        prior = Z.shape[0] / T.shape[0]
        mu = xp.mean(Z, axis=0)
        within = within + prior * _scaled_ledoit_wolf(xp, Z - mu)
        means.append(mu)
    offsets = xp.stack(means) - xp.mean(T, axis=0)
    directions = linalg.lstsq(within, matrix_transpose(offsets))
    U, S, _ = linalg.svd(directions)
    kept = S > S[0] * directions.shape[0] * eps(xp, T.dtype)
    basis = (U * xp.astype(kept, U.dtype)[None, :])[:, : n_classes - 1]
    return basis @ matrix_transpose(basis)


def _scaled_ledoit_wolf(xp: Any, Z: Array) -> Array:
    """Ledoit-Wolf covariance of centred samples, in units of their deviations.

    Ledoit and Wolf, J. Multivariate Anal. 88 (2004) 365, lemmas 3.2 to 3.4.
    """
    n_samples, d = Z.shape
    deviation = xp.sqrt(xp.mean(Z * Z, axis=0))
    deviation = xp.where(deviation > 0, deviation, xp.ones_like(deviation))
    Z = Z / deviation
    S = matrix_transpose(Z) @ Z / n_samples
    m = xp.linalg.trace(S) / d
    energy = xp.sum(Z * Z, axis=1)
    squared_norm = xp.sum(S * S)
    distance = squared_norm / d - m * m
    noise = (xp.sum(energy * energy) / n_samples - squared_norm) / (n_samples * d)
    zero = xp.zeros_like(distance)
    shrinkage = xp.where(
        distance > 0,
        xp.minimum(noise, distance) / xp.where(distance > 0, distance, zero + 1),
        zero,
    )
    identity = xp.eye(d, dtype=Z.dtype, device=device(Z))
    shrunk = (1 - shrinkage) * S + shrinkage * m * identity
    return deviation[:, None] * shrunk * deviation[None, :]
