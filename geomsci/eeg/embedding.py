"""Delay embedding as a transformer."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, require_finite
from geomsci.backends.dispatch import CHOICES
from geomsci.eeg.epochs import (
    accepts_epochs,
    as_epochs,
    embedding_problem,
    require_channels,
)
from geomsci.spd.estimator import StackInput


class DelayEmbedding(StackInput, TransformerMixin, BaseEstimator):
    """Stack every epoch with delayed copies of itself.

    Row ``k * n_channels + c`` of the result is channel ``c``, ``k * lag`` samples
    later: ``Z = [X[:, 0:L]; X[:, lag:lag+L]; ...]``.

    Parameters
    ----------
    order : int, default=1
        Number of copies, at least 1.
    lag : int, default=1
        Samples between two copies, at least 1.
    trim : {"full", "moabb"}, default="full"
        ``"full"`` keeps L = T - (order - 1) lag samples, all there are. ``"moabb"``
        keeps L = T - order lag, and all T at order 1, as MOABB does.
    backend : {"auto", "reference", "numba", "cupy"}, optional
        Implementation; None follows `geomsci.use_backend`.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels seen in `fit`.

    See Also
    --------
    AugmentedCovariances : Their covariances, without forming the embedding.

    Notes
    -----
    Time and memory O(order C L) for each epoch.

    References
    ----------
    I. Carrara, T. Papadopoulo, "Classification of BCI-EEG based on augmented
    covariance matrix", arXiv:2302.04508, section II.C.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.eeg import DelayEmbedding
    >>> X = np.arange(5.0)[None, None, :]
    >>> DelayEmbedding(order=2, lag=2).fit_transform(X)
    array([[[0., 1., 2.],
            [2., 3., 4.]]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "order": [Interval(Integral, 1, None, closed="left")],
        "lag": [Interval(Integral, 1, None, closed="left")],
        "trim": [StrOptions({"full", "moabb"})],
        "backend": [StrOptions({*CHOICES, "numpy"}), None],
    }

    def __init__(
        self,
        order: int = 1,
        lag: int = 1,
        trim: str = "full",
        backend: str | None = None,
    ) -> None:
        self.order = order
        self.lag = lag
        self.trim = trim
        self.backend = backend

    @accepts_epochs
    @public("eeg.DelayEmbedding.fit")
    def fit(self, X: Any, y: Any = None) -> DelayEmbedding:
        """Check the epochs and remember the number of channels.

        Parameters
        ----------
        X : array, shape (n_epochs, n_channels, n_times), finite
            Or an object whose ``get_data()`` returns one, such as MNE's Epochs.
        y : ignored

        Returns
        -------
        self : DelayEmbedding

        Raises
        ------
        ValueError
            If a sample is not finite, or ``order * lag`` reaches ``n_times``.
        TypeError
            If X does not hold real numbers.
        """
        self._validate_params()
        self.n_features_in_ = self._checked(X).shape[1]
        return self

    @accepts_epochs
    @public("eeg.DelayEmbedding.transform")
    def transform(self, X: Any) -> Array:
        """Embedded epochs.

        Parameters
        ----------
        X : array, shape (n_epochs, n_channels, n_times), finite

        Returns
        -------
        Z : array, shape (n_epochs, order * n_channels, L)

        Raises
        ------
        ValueError
            As `fit`, or if the number of channels differs from it.
        TypeError
            If X is of another array library than in `fit`.
        """
        check_is_fitted(self)
        X = self._checked(X)
        require_channels(self, X)
        return run(
            "eeg.delay_embedding", X, order=self.order, lag=self.lag, trim=self.trim
        )

    def _checked(self, X: Any) -> Array:
        xp, X = as_epochs(X)
        require_finite(xp, X=X)
        problem = embedding_problem(X.shape[2], self.order, self.lag, self.trim)
        if problem:
            raise ValueError(problem)
        return X
