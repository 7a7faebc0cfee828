"""`TangentSpace`: SPD matrices as vectors at their mean."""

from __future__ import annotations

from typing import Any

from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, common_arrays, require_finite
from geomsci.spd.checks import sample_weights
from geomsci.spd.estimator import SPDEstimator
from geomsci.spd.means import checked_mean


class TangentSpace(ClassNamePrefixFeaturesOutMixin, TransformerMixin, SPDEstimator):
    """Map SPD matrices to the tangent space at their mean.

    ``fit`` computes the mean M of the training matrices, ``transform`` the orthonormal
    coordinates of ``Log_M(C)``, ready for any linear model.

    Parameters
    ----------
    metric : {"affine", "log-euclidean", "bures-wasserstein"}
    tol : float, >= 0
        Tolerance of the mean, see `geomsci.spd.mean`.
    max_iter : int, >= 1
        Largest number of iterations of the mean.
    backend : {None, "auto", "reference", "numpy", "numba", "cupy"}
        None: the choice of `geomsci.use_backend` in force.

    Attributes
    ----------
    reference_ : array, shape (n, n)
        Mean of the training matrices.
    n_features_in_ : int
        Matrix size n.

    Notes
    -----
    ``transform`` costs one eigen-decomposition a matrix. The layout is pyRiemann's:
    upper triangle by rows, off-diagonal entries times the square root of two.

    References
    ----------
    Barachant et al., IEEE Trans. Biomed. Eng. 59 (2012) 920, equation (8).

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.spd import TangentSpace
    >>> C = np.stack([np.diag([1.0, 4.0]), np.diag([4.0, 1.0])])
    >>> TangentSpace().fit_transform(C).round(6)
    array([[-0.693147,  0.      ,  0.693147],
           [ 0.693147,  0.      , -0.693147]])
    """

    _learned = "reference_"

    @public("spd.TangentSpace.fit")
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> TangentSpace:
        """Compute the mean of the training matrices.

        Parameters
        ----------
        X : array, shape (n_matrices, n, n), positive definite
        y : ignored
        sample_weight : array, shape (n_matrices,), optional

        Returns
        -------
        self
        """
        xp, X = self._matrices_to_fit(X)
        self._fit(xp, X, sample_weight)
        return self

    def _fit(self, xp: Any, X: Array, sample_weight: Any) -> None:
        weights = sample_weights(xp, sample_weight, X)
        self.reference_, _ = checked_mean(
            xp, X, weights, self.metric, self.tol, self.max_iter
        )
        self._n_features_out = X.shape[-1] * (X.shape[-1] + 1) // 2

    @public("spd.TangentSpace.transform")
    def transform(self, X: Any) -> Array:
        """Compute the tangent coordinates at the mean.

        Parameters
        ----------
        X : array, shape (n_matrices, n, n), positive definite

        Returns
        -------
        T : array, shape (n_matrices, n (n + 1) / 2)
        """
        xp, X = self._matrices(X)
        return self._transform(xp, X)

    def _transform(self, xp: Any, X: Array) -> Array:
        M = xp.astype(self.reference_, X.dtype, copy=False)
        return run("spd.tangent_vectors", X, M, metric=self.metric)

    @public("spd.TangentSpace.fit_transform")
    def fit_transform(self, X: Any, y: Any = None, sample_weight: Any = None) -> Array:
        """Fit, and transform the training matrices; checks them once.

        Parameters
        ----------
        X : array, shape (n_matrices, n, n), positive definite
        y : ignored
        sample_weight : array, shape (n_matrices,), optional

        Returns
        -------
        T : array, shape (n_matrices, n (n + 1) / 2)
        """
        xp, X = self._matrices_to_fit(X)
        self._fit(xp, X, sample_weight)
        return self._transform(xp, X)

    @public("spd.TangentSpace.inverse_transform")
    def inverse_transform(self, T: Any) -> Array:
        """Compute the matrices of tangent coordinates.

        Parameters
        ----------
        T : array, shape (n_matrices, n (n + 1) / 2)

        Returns
        -------
        X : array, shape (n_matrices, n, n), positive definite
        """
        check_is_fitted(self)
        xp, T, M = common_arrays(T=T, reference_=self.reference_)
        self._check_place(T)
        if T.ndim != 2 or T.shape[-1] != self._n_features_out:
            raise ValueError(
                f"T must have shape (n_matrices, {self._n_features_out}) as transform "
                f"returns, got {tuple(T.shape)}."
            )
        require_finite(xp, T=T)
        return run("spd.from_tangent_vectors", T, M, metric=self.metric)
