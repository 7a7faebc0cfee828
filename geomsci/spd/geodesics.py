"""Geodesics of SPD matrices: exponential, logarithm, points, transport."""

from __future__ import annotations

from typing import Any

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, common_arrays, require_finite
from geomsci.spd.checks import metric_name, spd_matrices, vectors_and_matrices


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
    _, V, P = vectors_and_matrices(V=V, reference=reference)
    return run("spd.exp_map", V, P, metric=metric)


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
    _, V, A, B = vectors_and_matrices(V=V, A=A, B=B)
    return run("spd.transport", V, A, B, metric=metric)
