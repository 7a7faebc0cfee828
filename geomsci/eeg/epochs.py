"""The door for EEG epochs: what counts as epochs and what is refused, and why."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from geomsci.backends.arrays import Array, common_arrays, device, is_array, library
from geomsci.backends.arrays import eps as machine_eps
from geomsci.backends.tiling import map_tiles
from geomsci.reference.eeg.embedding import window_length

F = TypeVar("F", bound=Callable[..., Any])

REGULARISING = ("oas", "lwf")
_UNWRAPPING_FAILURES = (AttributeError, OSError, RuntimeError, TypeError, ValueError)


def epochs_data(X: Any) -> Any:
    """Data of an object with ``get_data()`` such as MNE's Epochs, else ``X`` itself."""
    if is_array(X) or not hasattr(X, "get_data"):
        return X
    name = type(X).__name__
    try:
        data = X.get_data()
    except _UNWRAPPING_FAILURES as error:
        raise ValueError(
            f"X.get_data() of {name} must return an array (n_epochs, n_channels, "
            f"n_times), but it failed with: {error}; load the data first."
        ) from error
    if not is_array(data) or 0 in data.shape:
        got = f"shape {tuple(data.shape)}" if is_array(data) else type(data).__name__
        raise ValueError(
            f"X.get_data() of {name} must return an array (n_epochs, n_channels, "
            f"n_times) that holds data, got {got}: load or select epochs first."
        )
    return data


def accepts_epochs(method: F) -> F:
    """Outermost decorator of methods that take epochs.

    It unwraps objects with ``get_data()``, so that an explicit offload sees an array,
    and holds the epochs of later calls to the array library that ``fit`` saw.
    """

    @functools.wraps(method)
    def call(self: Any, X: Any, *args: Any, **kwargs: Any) -> Any:
        X = epochs_data(X)
        name = library(X) or "numpy"
        if method.__name__ == "fit":
            result = method(self, X, *args, **kwargs)
            self.library_ = name
            return result
        fitted = getattr(self, "library_", name)
        if name != fitted:
            raise TypeError(
                f"{type(self).__name__} was fitted on {fitted} arrays, got {name}: "
                "convert X or fit again."
            )
        return method(self, X, *args, **kwargs)

    return call  # type: ignore[return-value]


def as_epochs(X: Any) -> tuple[Any, Array]:
    """Namespace and real floating epochs of shape (n_epochs, n_channels, n_times)."""
    xp, X = common_arrays(X=X)
    if xp.isdtype(X.dtype, "complex floating"):
        raise TypeError(
            f"X must hold real signals, got {X.dtype}: pass the real part or stack "
            "real and imaginary parts as channels."
        )
    if X.ndim != 3:
        raise ValueError(
            "X must have 3 dimensions (n_epochs, n_channels, n_times), got "
            f"{X.ndim}: a single epoch is X[None, :, :]."
        )
    if 0 in X.shape:
        raise ValueError(
            f"X must hold at least one epoch, channel and sample, got shape {X.shape}: "
            "select some data first."
        )
    return xp, X


def require_channels(estimator: Any, X: Array) -> None:
    """Refuse epochs with another number of channels than at fit."""
    expected = estimator.n_features_in_
    if X.shape[1] != expected:
        raise ValueError(
            f"X must have {expected} channels as in fit, got {X.shape[1]}: select the "
            "same channels or fit again."
        )


def embedding_problem(n_times: int, order: int, lag: int, trim: str) -> str | None:
    """Why epochs of this length cannot be embedded; None if they can."""
    if order > 1 and order * lag >= n_times:
        return (
            f"order * lag must be smaller than the number of samples, got {order} * "
            f"{lag} with {n_times} samples: use a smaller order or lag, or longer "
            "epochs."
        )
    L = window_length(n_times, order, lag, trim)
    if L < 2:
        return (
            "The embedded epochs must keep at least 2 samples, got "
            f"{L} of {n_times} with order {order} and lag {lag}: use longer epochs or "
            "a smaller order or lag."
        )
    return None


def singularity_problem(
    n_channels: int, n_times: int, order: int, lag: int, trim: str, estimator: str
) -> str | None:
    """Why the estimator must give singular matrices; None if it need not."""
    L = window_length(n_times, order, lag, trim)
    n = order * n_channels
    if estimator in REGULARISING or n < L:
        return None
    return (
        f"estimator={estimator!r} is singular for {n} rows (order {order} times "
        f"{n_channels} channels) and {L} samples, which must be more than the rows: "
        "use estimator='oas' or 'lwf', which regularise, or a smaller order."
    )


def require_varying_channels(X: Array, C: Array, estimator: str) -> None:
    """Refuse channels that make the covariance singular, and name them.

    A channel is constant if its variance is rounding error beside its value, two are
    duplicates if their correlation is one to rounding error. Estimators that
    regularise take both, as long as one channel of every epoch varies.
    """
    xp, X, C = common_arrays(X=X, C=C)
    n_channels, n_times = X.shape[1:]
    own = C[:, :n_channels, :n_channels]  # the first window of every channel
    variance = xp.linalg.diagonal(own)
    eps = machine_eps(xp, X.dtype)
    constant = variance <= (64 * eps * X[:, :, 0]) ** 2
    if estimator in REGULARISING:
        constant = xp.all(constant, axis=-1)[:, None] & constant
    if bool(xp.any(constant)):
        epoch, channels = _first(xp, constant)
        raise ValueError(
            f"Every channel must vary, got constant channels {channels} in epoch "
            f"{epoch}: drop those channels or that epoch."
        )
    if estimator in REGULARISING:
        return
    above = xp.triu(
        xp.ones((n_channels, n_channels), dtype=xp.int8, device=device(C)), k=1
    )
    limit = 1 - n_times * eps

    def has_multiple(own: Array, variance: Array) -> Array:
        product = variance[:, :, None] * variance[:, None, :]
        same = (own * own >= limit * product) & (above > 0)
        return xp.any(same, axis=(-2, -1))

    size = 8 * n_channels**2
    found = map_tiles(has_multiple, own, variance, bytes_per_item=size)
    if bool(xp.any(found)):
        epoch = int(xp.argmax(xp.astype(found, xp.int8)))
        first, second = next(
            (i, j)
            for i in range(n_channels)
            for j in range(i + 1, n_channels)
            if bool(
                own[epoch, i, j] ** 2 >= limit * own[epoch, i, i] * own[epoch, j, j]
            )
        )
        raise ValueError(
            "No channel may be a multiple of another, got that for channels "
            f"{first} and {second} in epoch {epoch}: drop one of them or use "
            "estimator='oas' or 'lwf', which regularise."
        )


def _first(xp: Any, mask: Array) -> tuple[int, list[int]]:
    """First row of the mask with a true entry, and the columns that are true in it."""
    row = int(xp.argmax(xp.astype(xp.any(mask, axis=-1), xp.int8)))
    return row, [j for j in range(mask.shape[1]) if bool(mask[row, j])]
