"""What every estimator on stacks of SPD matrices does at its door."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from geomsci.backends.arrays import Array, device, library
from geomsci.spd.checks import spd_matrices


class SPDEstimator(BaseEstimator):
    """Base of estimators with input ``(n_matrices, n, n)``.

    ``fit`` notes the matrix size, the library and the device; later calls must bring
    the same.
    """

    n_features_in_: int

    def _matrices_to_fit(self, X: Any) -> tuple[Any, Array]:
        """Checked training matrices; remembers what they are."""
        self._validate_params()
        xp, X = self._stack(X)
        self.n_features_in_ = X.shape[-1]
        self._place = (library(X), str(device(X)))
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
        place = (library(X), str(device(X)))
        if place != self._place:
            raise TypeError(
                f"X must be an array of {self._place[0]} on {self._place[1]} as in fit "
                f"of {type(self).__name__}, got {place[0]} on {place[1]}: convert it, "
                "or fit again."
            )

    def _stack(self, X: Any) -> tuple[Any, Array]:
        xp, X = spd_matrices(X=X)
        if X.ndim != 3:
            raise ValueError(
                f"X must have shape (n_matrices, n, n), got {tuple(X.shape)}."
            )
        return xp, X

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.two_d_array = False
        tags.array_api_support = True
        return tags
