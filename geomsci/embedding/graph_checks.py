"""The door of the graphs of `geomsci.embedding`: what they ask of their input."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

from geomsci.backends.arrays import Array, common_arrays, eps, require_finite
from geomsci.embedding.distance_checks import distances
from geomsci.reference.embedding.metric_spaces import METRICS


def points(
    X: Any, n_neighbors: int, decay: float, anisotropy: float, metric: str
) -> Array:
    """Checked points of a graph."""
    _require_metric(metric)
    if hasattr(X, "tocsr"):
        raise TypeError(
            f"X must be a dense array, got {type(X).__name__}: pass X.toarray(), or "
            "its leading principal components."
        )
    xp, X = common_arrays(X=X)
    if X.ndim != 2 or X.shape[0] < 2 or X.shape[1] < 1:
        raise ValueError(
            "X must have shape (n, d) with at least two points and one feature, got "
            f"{tuple(X.shape)}."
        )
    _require_real(xp, X=X)
    X = _in_metric(xp, X, metric)
    if not isinstance(n_neighbors, Integral) or not 1 <= n_neighbors < X.shape[0]:
        raise ValueError(
            f"n_neighbors must be an integer from 1 to n - 1 = {X.shape[0] - 1}, got "
            f"{n_neighbors!r}: every point needs that many others."
        )
    if not isinstance(decay, Real) or not 0 < decay < float("inf"):
        raise ValueError(f"decay must be a positive number, got {decay!r}.")
    if not isinstance(anisotropy, Real) or not 0 <= anisotropy <= 1:
        raise ValueError(f"anisotropy must be from 0 to 1, got {anisotropy!r}.")
    return X


def weights(W: Any, bandwidths: Any) -> tuple[Any, Array | None]:
    """Checked weights and, if given, bandwidths of a graph."""
    if hasattr(W, "tocsr"):
        W = _canonical(W)
        xp, values = common_arrays(W=W.data)
        difference = (W - W.T).data
        diagonal = W.diagonal()
    else:
        xp, W = common_arrays(W=W)
        values = W
    if W.ndim != 2 or W.shape[0] != W.shape[1] or W.shape[0] < 1:
        raise ValueError(f"W must have shape (n, n), got {tuple(W.shape)}.")
    if not hasattr(W, "tocsr"):
        difference = W - xp.matrix_transpose(W)
        diagonal = xp.linalg.diagonal(W)
    _require_real(xp, W=values)
    if values.size and bool(xp.any(values < 0.0)):
        raise ValueError(
            f"W must not be negative, got {float(xp.min(values)):.3g}: pass "
            "affinities, not correlations."
        )
    if bool(xp.any(diagonal != 0.0)):
        raise ValueError(
            "W must have a zero diagonal, got self loops: set the diagonal to 0."
        )
    if difference.size:
        off = float(xp.max(xp.abs(difference)))
        if off > 64 * eps(xp, values.dtype) * float(xp.max(values)):
            raise ValueError(
                f"W must be symmetric, got entries that differ by {off:.3g}: pass "
                "(W + W.T) / 2."
            )
    if bandwidths is None:
        return W, None
    return W, _bandwidths(xp, values, bandwidths, W.shape[0])


def _canonical(W: Any) -> Any:
    """Any SciPy sparse matrix as a floating CSR array without stored zeros."""
    from scipy.sparse import csr_array

    W = csr_array(W)
    if W.dtype.kind in "biu":
        W = W.astype("float64")
    if not W.has_canonical_format or not W.data.all():
        W = W.copy()
        W.sum_duplicates()
        W.eliminate_zeros()
    return W


def _bandwidths(xp: Any, like: Array, bandwidths: Any, n: int) -> Array:
    """Checked bandwidths in the precision of the weights."""
    _, _, scale = common_arrays(W=like, bandwidths=bandwidths)
    scale = scale if scale.dtype == like.dtype else xp.astype(scale, like.dtype)
    if tuple(scale.shape) != (n,):
        raise ValueError(
            f"bandwidths must have shape ({n},) to match W, got {tuple(scale.shape)}."
        )
    _require_real(xp, bandwidths=scale)
    if not bool(xp.all(scale > 0.0)):
        raise ValueError(
            f"bandwidths must be positive, got {float(xp.min(scale)):.3g}: pass those "
            "of alpha_decay_graph."
        )
    return scale


def points_beside(W: Any, X: Any, metric: str) -> Array:
    """Checked points of the vertices of W."""
    _require_metric(metric)
    if hasattr(X, "tocsr"):
        raise TypeError(
            f"X must be a dense array, got {type(X).__name__}: pass X.toarray()."
        )
    like = W.data if hasattr(W, "tocsr") else W
    xp, _, X = common_arrays(W=like, X=X)
    if X.ndim != 2 or X.shape[0] != W.shape[0] or X.shape[1] < 1:
        raise ValueError(
            f"X must have shape ({W.shape[0]}, d) to match W, got {tuple(X.shape)}."
        )
    _require_real(xp, X=X)
    return _in_metric(xp, X, metric)


def _require_metric(metric: str) -> None:
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}, got {metric!r}.")


def _in_metric(xp: Any, X: Array, metric: str) -> Array:
    """Points, or checked distances, by what the metric says that X holds."""
    if metric != "precomputed":
        return X
    if X.shape[0] != X.shape[1]:
        raise ValueError(
            "X must have shape (n, n) with metric='precomputed', got "
            f"{tuple(X.shape)}: pass all distances, or metric='euclidean' with points."
        )
    return distances(xp, "X", X)


def _require_real(xp: Any, **named: Array) -> None:
    """Refuse complex numbers, NaN and infinity."""
    for name, x in named.items():
        if xp.isdtype(x.dtype, "complex floating"):
            raise TypeError(f"{name} must be real, got {x.dtype}: take its parts.")
    require_finite(xp, **named)
