"""The door of `HeatGeodesicEmbedding`: what it asks of points and matrices."""

from __future__ import annotations

import warnings
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import validate_data

from geomsci.backends.arrays import (
    array_namespace,
    common_arrays,
    device,
    eps,
    library,
    require_finite,
)
from geomsci.embedding.distance_checks import symmetric

_REAL = (np.float64, np.float32)


class PointsOrMatrices(TransformerMixin, BaseEstimator):
    """Base whose input is points, distances or affinities, as ``metric`` says."""

    metric: str
    n_neighbors: int
    n_components: int
    n_representatives: str | int | None
    n_features_in_: int

    def _input(self, X: Any, *, reset: bool) -> Any:
        """X as a checked floating array, or sparse affinities."""
        if self.metric == "precomputed_affinity":
            X = self._affinities(X, reset)
        else:
            if library(X) in (None, "numpy"):
                X = validate_data(self, X, reset=reset, dtype=_REAL)
            xp, X = common_arrays(X=X)
            require_finite(xp, X=X)
            if not xp.isdtype(X.dtype, "real floating"):
                raise TypeError(f"X must be real, got {X.dtype}: take its real part.")
        if len(X.shape) != 2:
            raise ValueError(f"X must have shape (n, d), got {tuple(X.shape)}.")
        if self.metric != "euclidean":
            self._check_matrix(X, reset)
        if self.metric == "precomputed_affinity" and reset:
            X = _graph(X)
        if reset:
            self.n_features_in_ = X.shape[1]
        elif X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} features, but HeatGeodesicEmbedding is expecting "
                f"{self.n_features_in_} features as input."
            )
        return X

    def _affinities(self, X: Any, reset: bool) -> Any:
        """Affinities, sparse ones in CSR form."""
        if hasattr(X, "tocsr") or library(X) in (None, "numpy"):
            X = validate_data(self, X, reset=reset, dtype=_REAL, accept_sparse="csr")
        if hasattr(X, "tocsr"):
            return X
        xp, X = common_arrays(X=X)
        require_finite(xp, X=X)
        if not xp.isdtype(X.dtype, "real floating"):
            raise TypeError(f"X must be real, got {X.dtype}: take its real part.")
        return X

    def _check_matrix(self, X: Any, reset: bool) -> None:
        """Precomputed matrices: square in fit, without negative entries."""
        if reset and X.shape[0] != X.shape[1]:
            raise ValueError(
                f"X must have shape (n, n) with metric={self.metric!r}, got "
                f"{tuple(X.shape)}: pass distances or affinities of all pairs."
            )
        values = X.data if hasattr(X, "tocsr") else X
        xp = array_namespace(values)
        if values.shape[0] and bool(xp.any(values < 0.0)):
            raise ValueError(
                f"X must not be negative with metric={self.metric!r}, got "
                f"{float(xp.min(values)):.3g}: pass distances or affinities, not "
                "correlations."
            )

    def _neighbours(self, n_distinct: int, X: Any) -> int:
        """Neighbours of each point, fewer than the different points there are."""
        affinities = self.metric == "precomputed_affinity"
        wanted = 1 if affinities else self.n_neighbors
        least = max(self.n_components + 1, wanted)
        if n_distinct < least or n_distinct < 2:
            copies = (
                f" ({n_distinct} different rows)" if n_distinct < X.shape[0] else ""
            )
            raise ValueError(
                f"n_neighbors={self.n_neighbors} and n_components={self.n_components} "
                f"need at least {max(self.n_components, wanted) + 1} different points, "
                f"got n_samples = {X.shape[0]}{copies} with n_features = "
                f"{X.shape[1]}: lower them or give more points."
            )
        count = self.n_representatives
        if isinstance(count, Integral) and count < min(n_distinct, least + 1):
            raise ValueError(
                f"n_representatives must be above n_neighbors={wanted} and "
                f"n_components={self.n_components}, got {count}: raise it or lower "
                "them."
            )
        if wanted == n_distinct:
            warnings.warn(
                f"n_neighbors={wanted} counts the point itself among {n_distinct} "
                f"points: {wanted - 1} others are taken.",
                UserWarning,
                stacklevel=4,
            )
            return wanted - 1
        return wanted

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.metric != "euclidean"
        tags.input_tags.positive_only = self.metric != "euclidean"
        tags.input_tags.sparse = self.metric == "precomputed_affinity"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.array_api_support = True
        return tags


def _graph(X: Any) -> Any:
    """Symmetric affinities without their diagonal, rounding evened out."""
    if not hasattr(X, "tocsr"):
        xp = array_namespace(X)
        X = symmetric(xp, "X", X)
        return xp.where(
            xp.eye(X.shape[0], dtype=xp.bool, device=device(X)), xp.zeros_like(X), X
        )
    # Imported here, so that dense data need no SciPy.
    from scipy.sparse import csr_array, diags_array

    X = csr_array(X)
    off = float(abs(X - X.T).max())
    if off > eps(np, X.dtype) ** 0.5 * float(X.max()):
        raise ValueError(
            f"X must be symmetric, got a difference of {off:.3g} between X[i, j] and "
            "X[j, i]: take the mean of both."
        )
    if off:
        X = csr_array(0.5 * (X + X.T))
    if X.diagonal().any():
        X = csr_array(X - diags_array(X.diagonal(), dtype=X.dtype))
    return X
