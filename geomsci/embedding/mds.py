"""Metric multidimensional scaling of a matrix of distances."""

from __future__ import annotations

import warnings
from typing import Any

from sklearn.exceptions import ConvergenceWarning

from geomsci.backends import public, run
from geomsci.backends.arrays import (
    Array,
    common_arrays,
    device,
    eps,
    require_finite,
)
from geomsci.backends.random import generator, standard_normal
from geomsci.embedding.distance_checks import distances, symmetric
from geomsci.embedding.memory import require_matrices
from geomsci.reference.embedding.mds import MDSInfo, schedule, step_sizes

METHODS = ("sgd", "smacof", "classical")
N_EPOCHS = 15
"""Of stochastic gradient descent, by default."""

MAX_ITER = 300
"""Of SMACOF, by default."""

MATRICES = {"sgd": 5, "smacof": 6, "classical": 5}
"""Peak of the methods in n x n matrices, with those of D and the weights apart."""

JITTER = 0.01
"""Start along axes that classical scaling leaves empty, in largest coordinates."""


@public("embedding.metric_mds")
def metric_mds(
    D: Any,
    n_components: int = 2,
    *,
    method: str = "sgd",
    weights: Any = None,
    init: Any = None,
    max_iter: int | None = None,
    tol: float = 1e-6,
    rng: Any = None,
    return_info: bool = False,
) -> Any:
    r"""Place points so that their distances are close to given ones.

    ================= ==========================================================
    method            minimises
    ================= ==========================================================
    ``"sgd"``         :math:`\sum_{i<j} w_{ij} (|y_i - y_j| - d_{ij})^2`, by
                      steps along single pairs, with a fixed schedule
    ``"smacof"``      the same, by majorisation, to convergence
    ``"classical"``   :math:`\| -\frac12 J D^{\circ 2} J - Y Y^T \|_F`, closed
                      form; J centres
    ================= ==========================================================

    Parameters
    ----------
    D : array, shape (n, n), n >= 2
        Distances: finite, non-negative, symmetric and zero on the diagonal up to the
        root of the precision times the largest distance.
    n_components : int, 1 <= n_components <= n - 1
    method : {"sgd", "smacof", "classical"}
    weights : array, shape (n, n), optional
        Of the pairs: finite, non-negative, symmetric; the diagonal is not read. 0 for
        a distance that is not known. Default 1. Not for ``"classical"``.
    init : array, shape (n, n_components), optional
        Where ``"sgd"`` and ``"smacof"`` start; default: classical scaling of D.
    max_iter : int, >= 1, optional
        Epochs of ``"sgd"`` (15), largest number of iterations of ``"smacof"`` (300).
    tol : float, >= 0
        ``"smacof"`` stops when an iteration lowers the stress by at most ``tol`` times
        :math:`\sum_{i<j} w_{ij} d_{ij}^2`.
    rng : None, int or numpy.random.Generator
        Order of the pairs in ``"sgd"``; and the start along axes that classical scaling
        leaves empty although the stress is not zero.
    return_info : bool
        True: return also an `MDSInfo` (stress, n_iter, converged, stress_path).

    Returns
    -------
    Y : array, shape (n, n_components)
        In the units of D.
    info : MDSInfo
        Only if ``return_info``.

    Warns
    -----
    ConvergenceWarning
        If ``"smacof"`` meets ``max_iter`` before ``tol``.

    Raises
    ------
    TypeError
        Arrays of two libraries, or not numbers.
    MemoryError
        Less memory than 4 to 6 more matrices of n x n.
    ValueError
        Wrong shapes, NaN, values outside the ranges above, an unknown method, or (with
        ``"smacof"``) weights that leave the points in unconnected parts.

    Notes
    -----
    ``"classical"``: one ``eigh``, O(n^3); on NumPy from 500 points on Lanczos
    iterations, O(n^2) each. ``"smacof"``: O(n^2 n_components) an iteration, O(n^2)
    memory; with weights one ``eigh`` for the pseudo-inverse of V.
    ``"sgd"``: O(n^2 n_components) an epoch; :math:`\eta` falls geometrically from
    ``1 / min(w)`` to ``0.1 / max(w)``, over the positive weights. Its last steps are a
    tenth of the error, so it ends near a minimum of the stress and not at one. The
    result is a function of the arguments and the seed: the order of the pairs is drawn
    from a counter-based stream, and the pairs that are moved at one time share no
    point, so that the number of threads changes nothing.

    Differences to ``sklearn.manifold.MDS``: the same stress; one start, which is
    classical scaling, so that SMACOF is deterministic; weights; convergence is said.

    References
    ----------
    Torgerson, Psychometrika 17 (1952) 401; Borg and Groenen, Modern Multidimensional
    Scaling (2005), sections 8.6 and 12.1; Zheng, Pawar and Goodman, IEEE Trans. Vis.
    Comput. Graph. 25 (2019) 2738, equations (4) to (8).

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import embedding
    >>> D = np.array([[0.0, 3.0, 5.0], [3.0, 0.0, 4.0], [5.0, 4.0, 0.0]])
    >>> Y = embedding.metric_mds(D, method="classical")
    >>> print(f"{np.linalg.norm(Y[0] - Y[2]):.6f}")
    5.000000
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}.")
    if max_iter is not None and max_iter < 1:
        raise ValueError(f"max_iter must be at least 1, got {max_iter}.")
    if not tol >= 0:
        raise ValueError(f"tol must be at least 0, got {tol}.")
    xp, D, weights, init = _checked(D, weights, init=init)
    require_matrices(D.shape[0], MATRICES[method], "Metric scaling", like=D)
    if not 1 <= n_components <= D.shape[0] - 1:
        raise ValueError(
            "n_components must be between 1 and the number of points less 1, "
            f"{D.shape[0] - 1}, got {n_components}."
        )
    if method == "classical":
        if weights is not None or init is not None:
            raise ValueError(
                "weights and init must be None with method='classical', a closed form "
                'that has neither: use method="smacof".'
            )
        Y = run("embedding.classical_mds", D, n_components=n_components)
        return _with_info(D, Y, None, 0) if return_info else Y
    rng = generator(rng)
    if init is None:
        init = _start(xp, D, weights, n_components, rng)
    elif tuple(init.shape) != (D.shape[0], n_components):
        raise ValueError(
            f"init must have shape {(D.shape[0], n_components)} to match D and "
            f"n_components, got {tuple(init.shape)}."
        )
    if method == "smacof":
        Y, info = _smacof(D, init, weights, max_iter or MAX_ITER, tol)
        return (Y, info) if return_info else Y
    n_epochs = max_iter or N_EPOCHS
    order = schedule(int(rng.integers(0, 2**63)), D.shape[0], n_epochs)
    etas = step_sizes(*_extreme_weights(xp, weights), n_epochs)
    Y = run("embedding.sgd_mds", D, init, weights, order, etas)
    return _with_info(D, Y, weights, n_epochs) if return_info else Y


@public("embedding.mds_stress")
def mds_stress(D: Any, Y: Any, weights: Any = None) -> Array:
    r"""Compute the raw stress of points with respect to given distances.

    :math:`S = \sum_{i<j} w_{ij} (|y_i - y_j| - d_{ij})^2`.

    Parameters
    ----------
    D : array, shape (n, n), n >= 2
        Distances, as in `metric_mds`.
    Y : array, shape (n, n_components)
    weights : array, shape (n, n), optional
        As in `metric_mds`; default 1.

    Returns
    -------
    S : 0-d array, >= 0

    Raises
    ------
    TypeError, ValueError
        As `metric_mds`.

    Notes
    -----
    O(n^2 n_components), with tiled temporaries. Divided by
    :math:`\sum_{i<j} w_{ij} d_{ij}^2` it is the square of Kruskal's stress-1 in its
    normalised form.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import embedding
    >>> D = np.array([[0.0, 3.0], [3.0, 0.0]])
    >>> print(embedding.mds_stress(D, np.array([[0.0], [1.0]])))
    4.0
    """
    _, D, weights, Y = _checked(D, weights, Y=Y)
    if Y.ndim != 2 or Y.shape[0] != D.shape[0] or Y.shape[1] < 1:
        raise ValueError(
            f"Y must have shape ({D.shape[0]}, n_components) to match D, got "
            f"{tuple(Y.shape)}."
        )
    return run("embedding.mds_stress", D, Y, weights)


def _checked(D: Any, weights: Any, **points: Any) -> tuple[Any, ...]:
    """Namespace, distances, weights or None, points or None."""
    given = {"D": D, "weights": weights, **points}
    given = {name: x for name, x in given.items() if x is not None}
    xp, *found = common_arrays(**given)
    arrays = dict(zip(given, found))
    for name, x in arrays.items():
        if not xp.isdtype(x.dtype, "real floating"):
            raise TypeError(f"{name} must be real, got {x.dtype}: take its real part.")
    D = arrays["D"]
    if D.ndim != 2 or D.shape[0] != D.shape[1] or D.shape[0] < 2:
        raise ValueError(
            "D must be a square matrix of the distances of at least 2 points, got "
            f"shape {tuple(D.shape)}."
        )
    require_finite(xp, **arrays)
    D = distances(xp, "D", D)
    weights = arrays.get("weights")
    if weights is not None:
        if weights.shape != D.shape:
            raise ValueError(
                f"weights must have shape {tuple(D.shape)} to match D, got "
                f"{tuple(weights.shape)}."
            )
        weights = symmetric(xp, "weights", weights)
        off = _off_diagonal(xp, weights)
        if _largest(xp, off) == 0:
            raise ValueError("weights must be positive for some pair, got all zero.")
    return xp, D, weights, *(arrays.get(name) for name in points)


def _largest(xp: Any, x: Array) -> float:
    return float(xp.max(x))


def _off_diagonal(xp: Any, M: Array) -> Array:
    n = M.shape[0]
    diagonal = xp.eye(n, dtype=xp.bool, device=device(M))
    return xp.where(diagonal, xp.zeros_like(M), M)


def _extreme_weights(xp: Any, weights: Array | None) -> tuple[float, float]:
    """Smallest positive and largest weight of a pair."""
    if weights is None:
        return 1.0, 1.0
    off = _off_diagonal(xp, weights)
    largest = _largest(xp, off)
    positive = xp.where(off > 0, off, xp.full_like(off, largest))
    return float(xp.min(positive)), largest


def _start(xp: Any, D: Array, weights: Array | None, k: int, rng: Any) -> Array:
    """Classical scaling, and small numbers along axes that it leaves empty.

    Stress has no force along an axis where all coordinates are equal, so without them
    it would stay empty. Points that fit exactly are left alone.
    """
    Y = run("embedding.classical_mds", D, n_components=k)
    size = xp.max(xp.abs(Y), axis=0)
    misfit = float(run("embedding.mds_stress", D, Y, weights))
    total = float(xp.sum(D * D if weights is None else weights * D * D)) / 2
    if bool(xp.all(size > 0)) or misfit <= eps(xp, D.dtype) * total:
        return Y
    noise = JITTER * _largest(xp, size) * standard_normal(rng, tuple(Y.shape), like=Y)
    return xp.where((size > 0)[None, :], Y, noise)


def _smacof(
    D: Array, init: Array, weights: Array | None, max_iter: int, tol: float
) -> tuple[Array, MDSInfo]:
    Y, info = run("embedding.smacof", D, init, weights, max_iter=max_iter, tol=tol)
    if not info.converged:
        warnings.warn(
            f"SMACOF stopped after {info.n_iter} iterations at the stress "
            f"{info.stress:.4g}, which the last one still lowered by "
            f"{info.stress_path[-2] - info.stress:.2g}: raise max_iter or tol.",
            ConvergenceWarning,
            stacklevel=4,
        )
    return Y, info


def _with_info(
    D: Array, Y: Array, weights: Array | None, n_iter: int
) -> tuple[Array, MDSInfo]:
    value = float(run("embedding.mds_stress", D, Y, weights))
    return Y, MDSInfo(value, n_iter, True, (value,))
