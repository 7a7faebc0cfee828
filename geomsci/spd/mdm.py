"""`MDM`: classification by the minimum distance to the class means."""

from __future__ import annotations

from typing import Any

from sklearn.base import ClassifierMixin, TransformerMixin

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, array_namespace
from geomsci.spd.checks import sample_weights
from geomsci.spd.estimator import SPDEstimator
from geomsci.spd.labels import decode, encode, softmax
from geomsci.spd.means import checked_mean


class MDM(ClassifierMixin, TransformerMixin, SPDEstimator):
    """Classify SPD matrices by the nearest class mean.

    ``predict(C) = argmin_k delta(C, M_k)`` with ``M_k`` the mean of class k.

    Parameters
    ----------
    metric : {"affine", "log-euclidean", "bures-wasserstein"}
        Metric of the means and of the distances.
    tol : float, >= 0
        Tolerance of the means, see `geomsci.spd.mean`.
    max_iter : int, >= 1
        Largest number of iterations of a mean.
    backend : {None, "auto", "reference", "numpy", "numba", "cupy"}
        None: the choice of `geomsci.use_backend` in force.

    Attributes
    ----------
    classes_ : array, shape (n_classes,)
        Sorted labels, in the library of the labels given to ``fit``.
    means_ : array, shape (n_classes, n, n)
    n_features_in_ : int
        Matrix size n.

    References
    ----------
    Barachant et al., IEEE Trans. Biomed. Eng. 59 (2012) 920, section III.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.spd import MDM
    >>> C = np.stack([np.eye(2), 1.1 * np.eye(2), 8 * np.eye(2), 9 * np.eye(2)])
    >>> MDM().fit(C, ["rest", "rest", "move", "move"]).predict(2 * np.eye(2)[None])
    array(['rest'], dtype='<U4')
    """

    _learned = "means_"

    @public("spd.MDM.fit")
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> MDM:
        """Compute the mean of every class.

        Parameters
        ----------
        X : array, shape (n_matrices, n, n), positive definite
        y : array, shape (n_matrices,)
            Class labels, at least two classes.
        sample_weight : array, shape (n_matrices,), optional

        Returns
        -------
        self
        """
        xp, X = self._matrices_to_fit(X)
        self.classes_, codes = encode(y, X)
        weights = sample_weights(xp, sample_weight, X)
        means = []
        for k in range(self.classes_.shape[0]):
            (members,) = xp.nonzero(codes == k)
            own = xp.take(X, members, axis=0)
            own_weights = sample_weights(xp, xp.take(weights, members), own)
            M, _ = checked_mean(
                xp, own, own_weights, self.metric, self.tol, self.max_iter
            )
            means.append(M)
        self.means_ = xp.stack(means)
        return self

    @public("spd.MDM.transform")
    def transform(self, X: Any) -> Array:
        """Compute the distances to the class means.

        Parameters
        ----------
        X : array, shape (n_matrices, n, n), positive definite

        Returns
        -------
        D : array, shape (n_matrices, n_classes)
        """
        return self._distances(X)

    def _distances(self, X: Any) -> Array:
        xp, X = self._matrices(X)
        means = xp.astype(self.means_, X.dtype, copy=False)
        return run("spd.pairwise_distances", X, means, metric=self.metric)

    @public("spd.MDM.predict")
    def predict(self, X: Any) -> Array:
        """Predict the class of the nearest mean.

        Parameters
        ----------
        X : array, shape (n_matrices, n, n), positive definite

        Returns
        -------
        y : array, shape (n_matrices,)
            In the library of the labels given to ``fit``.
        """
        distances = self._distances(X)
        xp = array_namespace(distances)
        return decode(self.classes_, xp.argmin(distances, axis=-1))

    @public("spd.MDM.predict_proba")
    def predict_proba(self, X: Any) -> Array:
        """Compute ``softmax(-delta^2)`` over the classes (pyRiemann's rule).

        Parameters
        ----------
        X : array, shape (n_matrices, n, n), positive definite

        Returns
        -------
        P : array, shape (n_matrices, n_classes)
            Rows sum to 1; not calibrated.
        """
        distances = self._distances(X)
        return softmax(-(distances * distances))
