"""Distances, means, geodesics and tangent vectors of SPD matrices."""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from geomsci.backends import public, run
from geomsci.backends.arrays import (
    Array,
    common_arrays,
    eps,
    require_finite,
)
from geomsci.reference.spd.barycentre import MeanInfo
from geomsci.reference.spd.vectorisation import matrix_order
from geomsci.spd.checks import (
    hermitian_matrices,
    metric_name,
    sample_weights,
    spd_matrices,
    square_matrices,
)


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


@public("spd.mean")
def mean(
    C: Any,
    *,
    metric: str = "affine",
    sample_weight: Any = None,
    tol: float = 1e-10,
    max_iter: int = 50,
    return_info: bool = False,
) -> Any:
    r"""Compute the weighted Riemannian mean of SPD matrices.

    The mean minimises :math:`\sum_i w_i \delta^2(M, C_i)`.

    Parameters
    ----------
    C : array, shape (..., n_matrices, n, n)
        Positive definite; the mean is taken over the third axis from the end.
    metric : {"affine", "log-euclidean", "bures-wasserstein"}
    sample_weight : array, shape (n_matrices,), optional
        Non-negative weights; they are scaled to the sum 1.
    tol : float, >= 0
        The iteration stops when ``||J||_F <= tol sqrt(n)``, J being the mean of the
        logarithms (affine) or of the optimal maps less the identity
        (Bures-Wasserstein) at M. float32 input uses at least 64 times its precision.
    max_iter : int, >= 1
    return_info : bool
        True: return also a `MeanInfo` (n_iter, gradient_norm, converged).

    Returns
    -------
    M : array, shape (..., n, n)
    info : MeanInfo
        Only if ``return_info``.

    Warns
    -----
    ConvergenceWarning
        If ``||J||_F`` is above the tolerance at the end, with its value. The iteration
        also ends when ``||J||_F`` no longer halves: then rounding, of about ``eps``
        times the condition number, has been met.

    Raises
    ------
    TypeError, ValueError, LinAlgError
        As `distance`; and for weights that are negative or all zero.

    Notes
    -----
    One eigen-decomposition of every matrix an iteration, O(n_matrices n^3). Affine:
    Barzilai and Borwein gradient steps in a transported frame from the log-Euclidean
    mean; the log-Euclidean mean is a closed form; Bures-Wasserstein: the fixed point
    of Alvarez-Esteban et al. from the arithmetic mean.

    References
    ----------
    Moakher, SIAM J. Matrix Anal. Appl. 26 (2005) 735; Iannazzo and Porcelli, IMA J.
    Numer. Anal. 38 (2018) 495; Alvarez-Esteban et al., J. Math. Anal. Appl. 441 (2016)
    744, theorem 4.2.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import spd
    >>> C = np.stack([np.diag([1.0, 4.0]), np.diag([4.0, 1.0])])
    >>> spd.mean(C).round(12)
    array([[2., 0.],
           [0., 2.]])
    """
    metric = metric_name(metric)
    if not tol >= 0:
        raise ValueError(f"tol must be at least 0, got {tol}.")
    if max_iter < 1:
        raise ValueError(f"max_iter must be at least 1, got {max_iter}.")
    xp, C = spd_matrices(C=C)
    if C.ndim < 3:
        raise ValueError(
            f"C must have shape (..., n_matrices, n, n), got {tuple(C.shape)}: a mean "
            "needs an axis of matrices."
        )
    weights = sample_weights(xp, sample_weight, C)
    M, info = checked_mean(xp, C, weights, metric, tol, max_iter)
    return (M, info) if return_info else M


def checked_mean(
    xp: Any, C: Array, weights: Array, metric: str, tol: float, max_iter: int
) -> tuple[Array, MeanInfo]:
    """Mean of input that has passed the door, with a warning if it did not converge."""
    tol = max(tol, 64 * eps(xp, C.dtype)) if C.dtype != xp.float64 else tol
    M, info = run("spd.mean", C, weights, metric=metric, tol=tol, max_iter=max_iter)
    if not info.converged:
        warnings.warn(
            f"The {metric} mean stopped after {info.n_iter} iterations at the gradient "
            f"norm {info.gradient_norm:.2e}, above tol * sqrt(n) = "
            f"{tol * C.shape[-1] ** 0.5:.2e}: raise max_iter, or regularise matrices "
            "whose conditioning does not allow more.",
            ConvergenceWarning,
            stacklevel=3,
        )
    return M, info


@public("spd.exp_map")
def exp_map(V: Any, reference: Any, *, metric: str = "affine") -> Array:
    r"""Follow the geodesic from ``reference`` with the initial velocity ``V``.

    Affine: :math:`P^{1/2} \exp(P^{-1/2} V P^{-1/2}) P^{1/2}`; log-Euclidean:
    :math:`\exp(\log P + D\log_P[V])`; Bures-Wasserstein: :math:`P + V + L P L` with
    :math:`P L + L P = V`.

    Parameters
    ----------
    V : array, shape (..., n, n)
        Symmetric (Hermitian) tangent vectors.
    reference : array, shape (..., n, n)
        Positive definite; leading axes broadcast.
    metric : {"affine", "log-euclidean", "bures-wasserstein"}

    Returns
    -------
    Q : array, shape (..., n, n)
        Positive definite.

    Raises
    ------
    TypeError, ValueError, LinAlgError
        As `distance`; also if a Bures-Wasserstein vector leaves the domain
        (:math:`I + L` not positive definite).

    Notes
    -----
    O(n^3) a matrix. The inverse is `log_map`.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import spd
    >>> spd.exp_map(np.diag([1.0, 0.0]), np.eye(2)).round(6)
    array([[2.718282, 0.      ],
           [0.      , 1.      ]])
    """
    metric = metric_name(metric)
    _, V, P = _vectors_and_matrices(V=V, reference=reference)
    return run("spd.exp_map", V, P, metric=metric)


def _vectors_and_matrices(**named: Any) -> tuple[Any, ...]:
    """Hermitian ``V`` and, after it, positive definite matrices of the same kind."""
    square_matrices(**named)
    xp, *stacks = common_arrays(**named)
    named = dict(zip(named, stacks))
    vectors = {"V": named.pop("V")}
    hermitian_matrices(**vectors)
    spd_matrices(**named)
    return xp, *stacks


@public("spd.log_map")
def log_map(C: Any, reference: Any, *, metric: str = "affine") -> Array:
    r"""Compute the velocity at ``reference`` whose geodesic reaches ``C`` at time 1.

    Affine: :math:`P^{1/2} \log(P^{-1/2} C P^{-1/2}) P^{1/2}`; log-Euclidean:
    :math:`D\exp_{\log P}[\log C - \log P]`; Bures-Wasserstein:
    :math:`(P C)^{1/2} + (C P)^{1/2} - 2 P`.

    Parameters
    ----------
    C, reference : array, shape (..., n, n)
        Positive definite; leading axes broadcast.
    metric : {"affine", "log-euclidean", "bures-wasserstein"}

    Returns
    -------
    V : array, shape (..., n, n)
        Symmetric (Hermitian); its norm in the metric at ``reference`` is the distance.

    Raises
    ------
    TypeError, ValueError, LinAlgError
        As `distance`.

    Notes
    -----
    O(n^3) a matrix. The inverse is `exp_map`.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import spd
    >>> spd.log_map(np.diag([np.e, 1.0]), np.eye(2)).round(12)
    array([[1., 0.],
           [0., 0.]])
    """
    metric = metric_name(metric)
    _, C, P = spd_matrices(C=C, reference=reference)
    return run("spd.log_map", C, P, metric=metric)


@public("spd.geodesic")
def geodesic(A: Any, B: Any, t: Any, *, metric: str = "affine") -> Array:
    r"""Compute the point at the fraction ``t`` of the geodesic from ``A`` to ``B``.

    Affine: :math:`A^{1/2} (A^{-1/2} B A^{-1/2})^t A^{1/2}`; log-Euclidean:
    :math:`\exp((1-t) \log A + t \log B)`; Bures-Wasserstein:
    :math:`(1-t)^2 A + t^2 B + t (1-t) ((A B)^{1/2} + (B A)^{1/2})`.

    Parameters
    ----------
    A, B : array, shape (..., n, n)
        Positive definite; leading axes broadcast.
    t : float or array, shape (...)
        0 is A, 1 is B. The affine and log-Euclidean geodesics go on for ever; the
        Bures-Wasserstein one is defined for ``0 <= t <= 1``.
    metric : {"affine", "log-euclidean", "bures-wasserstein"}

    Returns
    -------
    C : array, shape (..., n, n)

    Raises
    ------
    TypeError, ValueError, LinAlgError
        As `distance`; also for t outside [0, 1] where that has no meaning.

    Notes
    -----
    O(n^3) a matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import spd
    >>> spd.geodesic(np.eye(2), np.diag([4.0, 1.0]), 0.5).round(12)
    array([[2., 0.],
           [0., 1.]])
    """
    metric = metric_name(metric)
    xp, A, B, t = common_arrays(A=A, B=B, t=t)
    spd_matrices(A=A, B=B)
    require_finite(xp, t=t)
    if xp.isdtype(t.dtype, "complex floating"):
        t = xp.real(t)
    if metric == "bures-wasserstein" and bool(xp.any((t < 0) | (t > 1))):
        raise ValueError(
            "t must lie in [0, 1] for the Bures-Wasserstein metric, got values from "
            f"{float(xp.min(t)):.3g} to {float(xp.max(t)):.3g}."
        )
    return run("spd.geodesic", A, B, t, metric=metric)


@public("spd.transport")
def transport(V: Any, A: Any, B: Any, *, metric: str = "affine") -> Array:
    r"""Transport tangent vectors in parallel along the geodesic from ``A`` to ``B``.

    Affine: :math:`E V E^H`, :math:`E = (B A^{-1})^{1/2}`; log-Euclidean:
    :math:`D\exp_{\log B}[D\log_A[V]]`; Bures-Wasserstein: the solution of the linear
    equation :math:`X' = Y + Y^H`, :math:`Y = L (I + t L)^{-1} \gamma L_\gamma[X]`.

    Parameters
    ----------
    V : array, shape (..., n, n)
        Symmetric (Hermitian) tangent vectors at A.
    A, B : array, shape (..., n, n)
        Positive definite; leading axes broadcast.
    metric : {"affine", "log-euclidean", "bures-wasserstein"}

    Returns
    -------
    W : array, shape (..., n, n)
        Tangent vectors at B; inner products are kept.

    Raises
    ------
    TypeError, ValueError, LinAlgError
        As `distance`.

    Notes
    -----
    O(n^3) a matrix; Bures-Wasserstein has no closed form and takes 252 evaluations of
    the equation (extrapolated midpoint rule of order 14 on four segments).

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import spd
    >>> spd.transport(np.eye(2), np.eye(2), np.diag([4.0, 1.0])).round(12)
    array([[4., 0.],
           [0., 1.]])
    """
    metric = metric_name(metric)
    _, V, A, B = _vectors_and_matrices(V=V, A=A, B=B)
    return run("spd.transport", V, A, B, metric=metric)


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
