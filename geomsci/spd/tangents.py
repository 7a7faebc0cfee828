"""SPD matrices as tangent vectors, and back."""

from __future__ import annotations

from typing import Any

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, common_arrays, require_finite
from geomsci.reference.spd.vectorisation import matrix_order
from geomsci.spd.checks import metric_name, spd_matrices


@public("spd.tangent_vectors")
def tangent_vectors(C: Any, reference: Any, *, metric: str = "affine") -> Array:
    r"""Compute orthonormal coordinates of ``Log_reference(C)``.

    Affine: :math:`\mathrm{upper}(\log(M^{-1/2} C M^{-1/2}))`; log-Euclidean:
    :math:`\mathrm{upper}(\log C - \log M)`; Bures-Wasserstein:
    :math:`\mathrm{upper}(U ((U^H \mathrm{Log}_M(C) U)_{ij} / \sqrt{2 (b_i + b_j)})
    U^H)` with :math:`M = U b U^H`. ``upper`` takes the upper triangle row by row,
    off-diagonal entries times :math:`\sqrt 2`.

    Parameters
    ----------
    C : array, shape (..., n, n)
    reference : array, shape (..., n, n)
        Positive definite; leading axes broadcast.
    metric : {"affine", "log-euclidean", "bures-wasserstein"}

    Returns
    -------
    T : array, shape (..., n (n + 1) / 2)
        The Euclidean norm of each vector is the distance of C and ``reference``.

    Raises
    ------
    TypeError, ValueError, LinAlgError
        As `distance`.

    Notes
    -----
    O(n^3) a matrix. The affine coordinates are pyRiemann's; for its other metrics
    pyRiemann returns the entries of the logarithm, whose norm is not the distance.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import spd
    >>> spd.tangent_vectors(np.diag([np.e, 1.0]), np.eye(2)).round(12)
    array([1., 0., 0.])
    """
    metric = metric_name(metric)
    _, C, M = spd_matrices(C=C, reference=reference)
    return run("spd.tangent_vectors", C, M, metric=metric)


@public("spd.from_tangent_vectors")
def from_tangent_vectors(T: Any, reference: Any, *, metric: str = "affine") -> Array:
    """Compute the matrices whose tangent coordinates at ``reference`` are ``T``.

    Parameters
    ----------
    T : array, shape (..., n (n + 1) / 2)
    reference : array, shape (..., n, n)
        Positive definite; leading axes broadcast.
    metric : {"affine", "log-euclidean", "bures-wasserstein"}

    Returns
    -------
    C : array, shape (..., n, n)

    Raises
    ------
    TypeError, ValueError, LinAlgError
        As `distance`; also if the length of the vectors does not fit ``reference``.

    Notes
    -----
    O(n^3) a matrix. Inverse of `tangent_vectors`.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import spd
    >>> spd.from_tangent_vectors([1.0, 0.0, 0.0], np.eye(2)).round(6)
    array([[2.718282, 0.      ],
           [0.      , 1.      ]])
    """
    metric = metric_name(metric)
    xp, T, M = common_arrays(T=T, reference=reference)
    spd_matrices(reference=M)
    if T.ndim == 0 or matrix_order(T.shape[-1]) != M.shape[-1]:
        n = M.shape[-1]
        raise ValueError(
            f"T must have shape (..., {n * (n + 1) // 2}) to match the {n} x {n} "
            f"reference, got {tuple(T.shape)}."
        )
    require_finite(xp, T=T)
    return run("spd.from_tangent_vectors", T, M, metric=metric)
