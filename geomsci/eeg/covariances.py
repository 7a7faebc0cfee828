"""Augmented covariances as a transformer."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np
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
    require_varying_channels,
    singularity_problem,
)
from geomsci.spd.checks import require_conditioning
from geomsci.spd.estimator import StackInput


class AugmentedCovariances(StackInput, TransformerMixin, BaseEstimator):
    """Covariance matrices of delay-embedded EEG epochs.

    ``C = cov(Z)`` with ``Z = [X[:, 0:L]; X[:, lag:lag+L]; ...]``, of size
    ``order * n_channels``. Block (a, b) estimates the autocovariance of the channels
    at lag ``(a - b) * lag``; order 1 is the spatial covariance. The embedding is
    never formed.

    Parameters
    ----------
    order : int, default=1
        Number of delayed copies, at least 1.
    lag : int, default=1
        Samples between two copies, at least 1.
    estimator : {"cov", "scm", "oas", "lwf"}, default="cov"
        Centred products divided by L - 1 (``"cov"``) or L (``"scm"``); the latter
        shrunk towards a multiple of the identity by the oracle approximating rule
        (``"oas"``) or Ledoit and Wolf's (``"lwf"``), which stay positive definite
        when there are fewer samples than rows.
    trim : {"full", "moabb"}, default="full"
        ``"full"`` uses L = T - (order - 1) lag samples, all there are. ``"moabb"``
        uses L = T - order lag, and all T at order 1, as MOABB does.
    backend : {"auto", "reference", "numba", "cupy"}, optional
        Implementation; None follows `geomsci.use_backend`.

    Attributes
    ----------
    n_features_in_ : int
        Number of channels seen in `fit`.

    See Also
    --------
    DelayEmbedding : The embedded epochs themselves.
    ACMClassifier : Chooses order and lag and classifies.

    Notes
    -----
    With C channels, p = order and L samples: O(p C^2 L + p^2 C^2 lag) operations an
    epoch and O(p^2 C^2) memory, by a recursion over the blocks. Results are exactly
    symmetric.

    ================== =====================================================
    peer               equivalent
    ================== =====================================================
    MOABB, pyRiemann   ``AugmentedDataset(order, lag)``, ``Covariances("cov")``
    scikit-learn       ``OAS``, ``LedoitWolf`` fitted to ``Z.T`` of each epoch
    ================== =====================================================

    Band-passed signals are nearly linearly dependent at small lags: the condition
    number reaches 1e14 at order 10 and lag 1. So float32 epochs are refused when
    ``n * eps * cond > 0.1``; float64 epochs are not checked.

    References
    ----------
    I. Carrara, T. Papadopoulo, "Classification of BCI-EEG based on augmented
    covariance matrix", arXiv:2302.04508, section II.C.
    Y. Chen et al., "Shrinkage algorithms for MMSE covariance estimation", IEEE Trans.
    Signal Process. 58 (2010) 5016, equation (23).
    O. Ledoit, M. Wolf, "A well-conditioned estimator for large-dimensional covariance
    matrices", J. Multivariate Anal. 88 (2004) 365.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.eeg import AugmentedCovariances
    >>> X = np.sin(np.arange(100.0))[None, None, :]
    >>> C = AugmentedCovariances(order=2, lag=3).fit_transform(X)
    >>> C.round(3)
    array([[[ 0.505, -0.5  ],
            [-0.5  ,  0.505]]])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "order": [Interval(Integral, 1, None, closed="left")],
        "lag": [Interval(Integral, 1, None, closed="left")],
        "estimator": [StrOptions({"cov", "scm", "oas", "lwf"})],
        "trim": [StrOptions({"full", "moabb"})],
        "backend": [StrOptions({*CHOICES, "numpy"}), None],
    }

    def __init__(
        self,
        order: int = 1,
        lag: int = 1,
        estimator: str = "cov",
        trim: str = "full",
        backend: str | None = None,
    ) -> None:
        self.order = order
        self.lag = lag
        self.estimator = estimator
        self.trim = trim
        self.backend = backend

    @accepts_epochs
    @public("eeg.AugmentedCovariances.fit")
    def fit(self, X: Any, y: Any = None) -> AugmentedCovariances:
        """Check the epochs and remember the number of channels.

        Parameters
        ----------
        X : array, shape (n_epochs, n_channels, n_times), finite
            Or an object whose ``get_data()`` returns one, such as MNE's Epochs.
        y : ignored

        Returns
        -------
        self : AugmentedCovariances

        Raises
        ------
        ValueError
            If a sample is not finite, ``order * lag`` reaches ``n_times``, or the
            estimator does not regularise and has fewer samples than it needs.
        TypeError
            If X does not hold real numbers.
        """
        self._validate_params()
        xp, X = self._checked_shape(X)
        require_finite(xp, X=X)
        self.n_features_in_ = X.shape[1]
        return self

    @accepts_epochs
    @public("eeg.AugmentedCovariances.transform")
    def transform(self, X: Any) -> Array:
        """Augmented covariance matrices.

        Parameters
        ----------
        X : array, shape (n_epochs, n_channels, n_times), finite

        Returns
        -------
        C : array, shape (n_epochs, order * n_channels, order * n_channels)

        Raises
        ------
        ValueError
            As `fit`; also if the number of channels differs from it, if a channel is
            constant or a multiple of another, or if X is float32 and the matrices
            need more precision.
        TypeError
            If X is of another array library than in `fit`.
        """
        check_is_fitted(self)
        xp, X = self._checked_shape(X)
        require_channels(self, X)
        # A sample that is not finite reaches the diagonal of its matrix. So the small
        # result is checked, and the epochs are read once only.
        with np.errstate(invalid="ignore", over="ignore"):
            C = run(
                "eeg.augmented_covariance",
                X,
                order=self.order,
                lag=self.lag,
                estimator=self.estimator,
                trim=self.trim,
            )
            _require_finite_result(xp, X, C)
        require_varying_channels(X, C, self.estimator)
        require_conditioning(xp, "The covariances of X", C)
        return C

    def _checked_shape(self, X: Any) -> tuple[Any, Array]:
        xp, X = as_epochs(X)
        n_channels, n_times = X.shape[1:]
        setting = (n_times, self.order, self.lag, self.trim)
        problem = embedding_problem(*setting) or singularity_problem(
            n_channels, *setting, self.estimator
        )
        if problem:
            raise ValueError(problem)
        return xp, X


def _require_finite_result(xp: Any, X: Array, C: Array) -> None:
    """Name the sample that is not finite, or say that the squares overflowed."""
    try:
        require_finite(xp, C=C)
    except ValueError:
        require_finite(xp, X=X)
        raise ValueError(
            "X must be small enough for its squares, got a covariance that overflows "
            f"{X.dtype}: rescale X, for instance to microvolts."
        ) from None
