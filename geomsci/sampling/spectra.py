"""Projection DPPs of one coordinate as spectra of random matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomsci.reference.sampling import tridiagonal
from geomsci.sampling.basis import PolynomialBasis

FASTER_FROM = 100
"""Functions from which a spectrum is cheaper than the chain rule."""


def why_not_spectral(basis: Any) -> str | None:
    """Why the DPP of a basis is no spectrum of a random matrix; None if it is one."""
    if not isinstance(basis, PolynomialBasis) or basis.n_features_in != 1:
        return "needs a polynomial basis of one coordinate"
    if sorted(basis.indices[:, 0].tolist()) != list(range(basis.size)):
        return "needs all degrees from 0 to m - 1"
    if basis.families[0] == "fourier" and basis.size % 2 == 0:
        return "needs an odd number of Fourier functions, every sine with its cosine"
    return None


def prefers_spectrum(basis: Any) -> bool:
    """A spectrum is possible and cheaper than the chain rule."""
    return (
        basis.size >= FASTER_FROM
        and why_not_spectral(basis) is None
        and basis.families[0] != "fourier"
    )


def spectral_points(basis: PolynomialBasis, key: np.ndarray) -> np.ndarray:
    """One draw of all m points in random order.

    Parameters
    ----------
    basis : PolynomialBasis
        One for which `why_not_spectral` has no reason.
    key : ndarray of int64, shape (4,)
        The 32-bit pieces of the key of the draw's random stream.

    Returns
    -------
    points : ndarray, shape (m,)

    Notes
    -----
    O(m^2); for Fourier, as the angles of a random unitary matrix, O(m^3).
    """
    whole = sum(int(piece) << (32 * i) for i, piece in enumerate(key))
    rng = np.random.Generator(np.random.Philox(key=whole))
    family = basis.families[0]
    if family == "fourier":
        points = _unitary_angles(basis.size, rng)
    else:
        low, high = (-np.inf, np.inf)
        if family == "laguerre":
            low = 0.0
        elif family != "hermite":
            low, high = -1.0, 1.0
        matrix = _matrix(family, basis.size, basis.alpha[0], basis.beta[0], rng)
        points = np.clip(_eigenvalues(*matrix), low, high)
    return rng.permutation(points)


def _matrix(
    family: str, m: int, alpha: float, beta: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Diagonal and off-diagonal of the random matrix of a family."""
    if family == "hermite":
        gammas = rng.standard_gamma(tridiagonal.hermite_shapes(m))
        return tridiagonal.hermite(rng.standard_normal(m), gammas)
    if family == "laguerre":
        return tridiagonal.laguerre(rng.standard_gamma(tridiagonal.laguerre_shapes(m)))
    if family == "chebyshev":
        alpha = beta = -0.5
    return tridiagonal.jacobi(rng.beta(*tridiagonal.jacobi_shapes(m, alpha, beta)))


def _eigenvalues(diagonal: np.ndarray, off_diagonal: np.ndarray) -> np.ndarray:
    from scipy.linalg import eigvalsh_tridiagonal

    return eigvalsh_tridiagonal(diagonal, off_diagonal, lapack_driver="sterf")


def _unitary_angles(m: int, rng: np.random.Generator) -> np.ndarray:
    """Eigenangles of a Haar unitary matrix as numbers in [0, 1)."""
    Z = rng.standard_normal((m, m)) + 1j * rng.standard_normal((m, m))
    Q, R = np.linalg.qr(Z)
    d = np.diagonal(R)
    angles = np.angle(np.linalg.eigvals(Q * (d / np.abs(d)))) / (2 * np.pi)
    return angles % 1.0
