"""Means of SPD matrices."""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, eps
from geomsci.reference.spd.barycentre import MeanInfo
from geomsci.spd.checks import metric_name, sample_weights, spd_matrices


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
