"""Distances of SPD matrices."""

from __future__ import annotations

from typing import Any

from geomsci.backends import public, run
from geomsci.backends.arrays import Array
from geomsci.spd.checks import metric_name, spd_matrices


@public("spd.distance")
def distance(A: Any, B: Any, *, metric: str = "affine") -> Array:
    r"""Compute the Riemannian distance of SPD matrices.

    ======================== =================================================
    metric                   squared distance
    ======================== =================================================
    ``"affine"``             :math:`\sum_i \log^2 \lambda_i(A^{-1} B)`
    ``"log-euclidean"``      :math:`\|\log A - \log B\|_F^2`
    ``"bures-wasserstein"``  :math:`\mathrm{tr} A + \mathrm{tr} B -
                             2\, \mathrm{tr} (A^{1/2} B A^{1/2})^{1/2}`
    ======================== =================================================

    Parameters
    ----------
    A, B : array, shape (..., n, n)
        Symmetric (Hermitian) positive definite; leading axes broadcast.
    metric : {"affine", "log-euclidean", "bures-wasserstein"}

    Returns
    -------
    d : array, shape (...)
        Distances >= 0, real.

    Raises
    ------
    TypeError
        Arrays of two libraries, or not numbers.
    ValueError
        Wrong shapes, NaN, two devices, an unknown metric, or float32 matrices whose
        condition number float32 cannot carry.
    LinAlgError
        A matrix that is not positive definite: which one, its smallest eigenvalue.

    Notes
    -----
    O(n^3) a pair: one Cholesky factor and ``eigvalsh`` (affine), two ``eigh``
    (log-Euclidean), two Cholesky factors and singular values (Bures-Wasserstein).
    The affine distance has a relative error of about ``eps`` times the condition
    number. Close Bures-Wasserstein pairs are computed without cancellation. pyRiemann
    names the metrics ``riemann``, ``logeuclid`` and ``wasserstein``.

    References
    ----------
    Bhatia, Positive Definite Matrices (2007), chapter 6; Arsigny et al., SIAM J.
    Matrix Anal. Appl. 29 (2007) 328; Bhatia, Jain and Lim, Expo. Math. 37 (2019) 165.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import spd
    >>> A, B = np.eye(2), np.diag([np.e, 1.0])
    >>> print(f"{spd.distance(A, B):.6f}")
    1.000000
    """
    _, A, B = spd_matrices(A=A, B=B)
    return run("spd.distance", A, B, metric=metric_name(metric))


@public("spd.pairwise_distances")
def pairwise_distances(A: Any, B: Any = None, *, metric: str = "affine") -> Array:
    """Compute the distances of every matrix of ``A`` to every matrix of ``B``.

    Parameters
    ----------
    A : array, shape (n_a, n, n)
    B : array, shape (n_b, n, n), optional
        Default ``A``: then only the pairs ``i < j`` are computed.
    metric : {"affine", "log-euclidean", "bures-wasserstein"}

    Returns
    -------
    D : array, shape (n_a, n_b)

    Raises
    ------
    TypeError, ValueError, LinAlgError
        As `distance`.

    Notes
    -----
    O(n_a n_b n^3), without a Python loop over pairs; the temporaries are tiled, so the
    memory is that of the result. Factors and logarithms are computed once a matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import spd
    >>> A = np.stack([np.eye(2), np.e * np.eye(2)])
    >>> spd.pairwise_distances(A, metric="log-euclidean").round(6)
    array([[0.      , 1.414214],
           [1.414214, 0.      ]])
    """
    metric = metric_name(metric)
    named = {"A": A} if B is None else {"A": A, "B": B}
    _, *stacks = spd_matrices(**named)
    for name, X in zip(named, stacks):
        if X.ndim != 3:
            raise ValueError(
                f"{name} must have shape (n_matrices, n, n), got {tuple(X.shape)}."
            )
    second = None if B is None else stacks[1]
    return run("spd.pairwise_distances", stacks[0], second, metric=metric)
