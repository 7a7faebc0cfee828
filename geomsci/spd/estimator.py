"""What every estimator on stacks of SPD matrices does at its door."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from geomsci.backends.arrays import Array, device, library
from geomsci.backends.dispatch import CHOICES
from geomsci.reference.spd.metrics import METRICS
from geomsci.spd.checks import spd_matrices


class StackInput:
    """Mixin of estimators whose input is a stack, with three axes, of any library."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.input_tags.three_d_array = True
        tags.input_tags.two_d_array = False
        tags.array_api_support = True
        return tags


class SPDEstimator(StackInput, BaseEstimator):
    """Base of estimators with input ``(n_matrices, n, n)`` that compute means.

    Later calls must bring the matrix size, the library and the device of ``fit``.
    Subclasses name the array that ``fit`` learns in ``_learned``.
    """

    n_features_in_: int
    _learned: str
    _parameter_constraints = {
        "metric": [StrOptions(set(METRICS))],
        "tol": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "backend": [None, StrOptions({*CHOICES, "numpy"})],
    }

    def __init__(
        self,
        metric: str = "affine",
        tol: float = 1e-10,
        max_iter: int = 50,
        backend: str | None = None,
    ) -> None:
        self.metric = metric
        self.tol = tol
        self.max_iter = max_iter
        self.backend = backend

    def _matrices_to_fit(self, X: Any) -> tuple[Any, Array]:
        """Checked training matrices; remembers their size."""
        self._validate_params()
        xp, X = self._stack(X)
        self.n_features_in_ = X.shape[-1]
        return xp, X

    def _matrices(self, X: Any) -> tuple[Any, Array]:
        """Checked matrices that match those of ``fit``."""
        check_is_fitted(self)
        xp, X = self._stack(X)
        if X.shape[-1] != self.n_features_in_:
            raise ValueError(
                f"X must hold {self.n_features_in_} x {self.n_features_in_} matrices "
                f"as in fit of {type(self).__name__}, got {X.shape[-1]} x "
                f"{X.shape[-1]}."
            )
        self._check_place(X)
        return xp, X

    def _check_place(self, X: Array) -> None:
        learned = getattr(self, self._learned)
        fitted = f"{library(learned)} on {device(learned)}"
        given = f"{library(X)} on {device(X)}"
        if given != fitted:
            raise TypeError(
                f"X must be an array of {fitted} as in fit of {type(self).__name__}, "
                f"got {given}: convert it, or fit again."
            )

    def _stack(self, X: Any) -> tuple[Any, Array]:
        xp, X = spd_matrices(X=X)
        if X.ndim != 3:
            raise ValueError(
                f"X must have shape (n_matrices, n, n), got {tuple(X.shape)}."
            )
        return xp, X
