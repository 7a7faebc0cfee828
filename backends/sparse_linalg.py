"""Eigenvectors of sparse symmetric matrices, for NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomsci.backends.errors import LinAlgError

KRYLOV = 40
"""Vectors of the Krylov space at least: clustered eigenvalues need room."""


def leading_eigenpairs(
    S: Any, k: int, *, start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The k largest eigenvalues, ascending, and their orthonormal eigenvectors.

    Parameters
    ----------
    S : scipy.sparse array, shape (n, n), symmetric
    k : int, 1 <= k < n
    start : NumPy array, shape (n,)
        First vector of the Krylov space: the result is a function of it.

    Returns
    -------
    eigenvalues, eigenvectors : arrays, shapes (k,) and (n, k)

    Raises
    ------
    LinAlgError
        If the iteration does not converge.

    Notes
    -----
    Implicitly restarted Lanczos (ARPACK) to the precision of S; a few hundred products
    with S, each in proportion to the stored entries.
    """
    from scipy.sparse.linalg import ArpackNoConvergence, eigsh

    n = S.shape[0]
    size = min(n, max(KRYLOV, 4 * k))
    start = start.astype(S.dtype)
    try:
        values, vectors = eigsh(S, k, which="LA", v0=start, ncv=size, maxiter=100 * n)
    except ArpackNoConvergence as error:
        raise LinAlgError(
            f"The {k} leading eigenvectors of a sparse matrix of {n} rows did not "
            "converge: ask for fewer, or pass a dense matrix."
        ) from error
    order = np.argsort(values, kind="stable")
    return values[order], vectors[:, order]
