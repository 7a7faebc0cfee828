"""`FgMDM`: minimum distance to the means behind the Fisher geodesic filter."""

from __future__ import annotations

from typing import Any

from sklearn.utils._param_validation import StrOptions

from geomsci.backends import public, run
from geomsci.backends.arrays import Array
from geomsci.spd.checks import sample_weights
from geomsci.spd.labels import encode
from geomsci.spd.mdm import MDM
from geomsci.spd.means import checked_mean


class FgMDM(MDM):
    """Classify SPD matrices by the nearest class mean after discriminant filtering.

    In the tangent space at the mean of the training matrices, the coordinates are
    projected on the span of the linear discriminants (Ledoit-Wolf shrinkage within
    classes), mapped back to matrices, and classified by `MDM`.

    Parameters
    ----------
    metric : {"affine", "log-euclidean"}
        Filtered vectors can be long, and only these metrics have an exponential for
        every vector; the Bures-Wasserstein one is defined for short vectors only.
    tol : float, >= 0
        Tolerance of the means, see `geomsci.spd.mean`.
    max_iter : int, >= 1
        Largest number of iterations of a mean.
    backend : {None, "auto", "reference", "numpy", "numba", "cupy"}
        None: the choice of `geomsci.use_backend` in force.

    Attributes
    ----------
    classes_ : array, shape (n_classes,)
    means_ : array, shape (n_classes, n, n)
        Means of the filtered training matrices.
    reference_ : array, shape (n, n)
        Mean of the training matrices, where the filter acts.
    filter_ : array, shape (d, d), d = n (n + 1) / 2
        Orthogonal projector on the discriminants.
    n_features_in_ : int

    Notes
    -----
    The filter needs the covariance of the coordinates, O(n^4) memory and O(n^6) time.

    References
    ----------
    Barachant et al., LVA/ICA 2010, LNCS 6365, 629, section 3.2.
    """

    _parameter_constraints = {
        **MDM._parameter_constraints,
        "metric": [StrOptions({"affine", "log-euclidean"})],
    }

    @public("spd.FgMDM.fit")
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> FgMDM:
        """Learn the filter and the class means behind it.

        Parameters
        ----------
        X : array, shape (n_matrices, n, n), positive definite
        y : array, shape (n_matrices,)
            Class labels, at least two classes with two matrices each.
        sample_weight : array, shape (n_matrices,), optional
            Weights of the means; the discriminants are unweighted.

        Returns
        -------
        self
        """
        xp, X = self._matrices_to_fit(X)
        classes, codes = encode(y, X)
        weights = sample_weights(xp, sample_weight, X)
        self.reference_, _ = checked_mean(
            xp, X, weights, self.metric, self.tol, self.max_iter
        )
        T = run("spd.tangent_vectors", X, self.reference_, metric=self.metric)
        self.filter_ = run("spd.discriminant_projector", T, codes, classes.shape[0])
        super().fit(self._filtered(xp, T, X), y, sample_weight)
        return self

    def _filtered(self, xp: Any, T: Array, X: Array) -> Array:
        """Matrices whose coordinates are ``T`` projected on the discriminants."""
        M = xp.astype(self.reference_, X.dtype, copy=False)
        projector = xp.astype(self.filter_, X.dtype, copy=False)
        filtered = T @ projector
        return run("spd.from_tangent_vectors", filtered, M, metric=self.metric)

    def _distances(self, X: Any) -> Array:
        xp, X = self._matrices(X)
        M = xp.astype(self.reference_, X.dtype, copy=False)
        T = run("spd.tangent_vectors", X, M, metric=self.metric)
        means = xp.astype(self.means_, X.dtype, copy=False)
        filtered = self._filtered(xp, T, X)
        return run("spd.pairwise_distances", filtered, means, metric=self.metric)
