"""The nearest SPD matrix."""

from __future__ import annotations

from typing import Any

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, eps
from geomsci.spd.checks import square_matrices


@public("spd.nearest_spd")
def nearest_spd(C: Any, *, rtol: float | None = None) -> Array:
    r"""Compute the Frobenius-nearest positive definite matrices.

    The Hermitian part :math:`(C + C^H)/2 = U w U^H` with its eigenvalues raised to the
    floor :math:`\mathrm{rtol} \cdot w_{\max}`.

    Parameters
    ----------
    C : array, shape (..., n, n)
        Square; need not be symmetric.
    rtol : float in (0, 1), optional
        Floor relative to the largest eigenvalue; default ``n`` times the precision.

    Returns
    -------
    P : array, shape (..., n, n)
        Matrices that are already above the floor are returned unchanged (their
        Hermitian part).

    Raises
    ------
    TypeError, ValueError
        Wrong shapes, NaN, or rtol outside (0, 1).
    LinAlgError
        A matrix without a positive eigenvalue, which has no scale for the floor.

    Notes
    -----
    One ``eigh`` a matrix, O(n^3).

    References
    ----------
    Higham, Linear Algebra Appl. 103 (1988) 103, theorem 2.1.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import spd
    >>> spd.nearest_spd(np.diag([1.0, -1.0]), rtol=0.01)
    array([[1.  , 0.  ],
           [0.  , 0.01]])
    """
    xp, C = square_matrices(C=C)
    if rtol is None:
        rtol = C.shape[-1] * eps(xp, C.dtype)
    if not 0 < rtol < 1:
        raise ValueError(f"rtol must lie in (0, 1), got {rtol}.")
    return run("spd.nearest_spd", C, rtol=float(rtol))
