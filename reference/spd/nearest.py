"""The nearest positive definite matrix in the Frobenius norm."""

from __future__ import annotations

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace
from geomsci.reference.spd.matrix_functions import from_spectrum, hermitian_part


def nearest_spd(C: Array, rtol: float) -> Array:
    """Hermitian part of ``C`` with eigenvalues raised to ``rtol`` times the largest.

    Higham, Linear Algebra Appl. 103 (1988) 103, theorem 2.1: projecting the spectrum of
    the Hermitian part is the Frobenius-nearest choice among matrices with
    ``lambda_min >= rtol lambda_max(C)``.
    """
    xp = array_namespace(C)
    X = hermitian_part(C)
    w, U = linalg.eigh(X)
    largest = w[..., -1:]
    if not bool(xp.all(largest > 0)):
        raise linalg.LinAlgError(
            "nearest_spd needs at least one positive eigenvalue in every matrix to set "
            "its floor, got a matrix without any: check its sign."
        )
    floor = rtol * largest
    good = xp.all(w >= floor, axis=-1)[..., None, None]
    return xp.where(good, X, from_spectrum(U, xp.maximum(w, floor)))
