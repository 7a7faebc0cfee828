"""Functions of Hermitian matrices by their eigen-decomposition, and derivatives.

For ``A = U diag(w) U^H`` a scalar function acts as ``f(A) = U diag(f(w)) U^H``; its
derivative in the direction ``V`` is ``U (F o (U^H V U)) U^H`` with the Loewner matrix
``F_ij = (f(w_i) - f(w_j)) / (w_i - w_j)`` (Daleckii and Krein).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace
from geomsci.backends.linalg import matrix_transpose as H

_SERIES_BELOW = 1e-2  # the first dropped term, z**10 / 11, is then below 1e-20


def hermitian_part(X: Array) -> Array:
    """``(X + X^H) / 2``: removes the asymmetry that rounding leaves."""
    return 0.5 * (X + H(X))


def from_spectrum(U: Array, values: Array) -> Array:
    """``U diag(values) U^H``, exactly Hermitian."""
    xp = array_namespace(U)
    scaled = U * xp.astype(values, U.dtype)[..., None, :]
    return hermitian_part(scaled @ H(U))


def apply_to_spectrum(A: Array, function: Callable[[Array], Array]) -> Array:
    """``f(A)`` for Hermitian ``A`` and ``function`` acting on the eigenvalues."""
    w, U = linalg.eigh(A)
    return from_spectrum(U, function(w))


def logm(A: Array) -> Array:
    """Principal logarithm of Hermitian positive definite matrices."""
    xp = array_namespace(A)
    w, U = linalg.eigh(A)
    require_positive(xp, w)
    return from_spectrum(U, xp.log(w))


def expm(A: Array) -> Array:
    """Exponential of Hermitian matrices."""
    return apply_to_spectrum(A, array_namespace(A).exp)


def sqrtm(A: Array) -> Array:
    """Hermitian square root of positive semi-definite matrices."""
    return apply_to_spectrum(A, _root)


def sqrtm_and_inverse(A: Array) -> tuple[Array, Array]:
    """``A^{1/2}`` and ``A^{-1/2}`` of positive definite matrices."""
    xp = array_namespace(A)
    w, U = linalg.eigh(A)
    require_positive(xp, w)
    root = xp.sqrt(w)
    return from_spectrum(U, root), from_spectrum(U, 1 / root)


def _root(w: Array) -> Array:
    """Square root of eigenvalues; rounding may have left a zero just below zero."""
    xp = array_namespace(w)
    return xp.sqrt(xp.where(w > 0, w, xp.zeros_like(w)))


def require_positive(xp: Any, w: Array) -> None:
    """Raise LinAlgError unless all eigenvalues are positive (one synchronisation)."""
    smallest = xp.min(w)
    if not bool(smallest > 0):
        raise linalg.LinAlgError(
            "The matrices must be positive definite beyond rounding, got the "
            f"eigenvalue {float(smallest):.3g}: regularise them (shrinkage, "
            "nearest_spd) or use fewer dimensions."
        )


def log_loewner(w: Array) -> Array:
    """Loewner matrix of the logarithm at eigenvalues ``w``, shape ``(..., n, n)``.

    ``F_ij = (log w_i - log w_j) / (w_i - w_j) = 2 artanh(z) / (z (w_i + w_j))`` with
    ``z = (w_i - w_j) / (w_i + w_j)``: the second form, as a series, where the
    eigenvalues are close, and ``F_ii = 1 / w_i``.
    """
    xp = array_namespace(w)
    a, b = w[..., :, None], w[..., None, :]
    gap, total = a - b, a + b
    z = gap / total
    z2 = z * z
    series = 1 + z2 * (1 / 3 + z2 * (1 / 5 + z2 * (1 / 7 + z2 / 9)))
    close = xp.abs(z) < _SERIES_BELOW
    far = (xp.log(a) - xp.log(b)) / xp.where(close, xp.ones_like(gap), gap)
    return xp.where(close, 2 * series / total, far)


def solve_lyapunov(w: Array, U: Array, V: Array) -> Array:
    """Hermitian ``L`` with ``P L + L P = V``, ``P = U diag(w) U^H``."""
    xp = array_namespace(w)
    sums = xp.astype(w[..., :, None] + w[..., None, :], V.dtype)
    return hermitian_part(U @ ((H(U) @ V @ U) / sums) @ H(U))


def frobenius_norm(X: Array) -> Array:
    """Frobenius norm over the last two axes."""
    xp = array_namespace(X)
    return xp.linalg.matrix_norm(X, ord="fro")
