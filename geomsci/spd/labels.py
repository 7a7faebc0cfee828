"""Class labels beside arrays of any library.

Labels may live on the host (lists, NumPy arrays, strings, a pandas Series) or be an
integer array of the library and device of the data. They come back as they came:
``predict`` answers in the library that ``fit`` got its labels in.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.utils.multiclass import check_classification_targets

from geomsci.backends.arrays import Array, array_namespace, device, is_array, library
from geomsci.backends.arrays import to_host as _to_host


def encode(y: Any, X: Array) -> tuple[Array, Array]:
    """Sorted classes, and the code of every label as an array beside ``X``.

    Raises
    ------
    ValueError
        No labels, another number of labels than epochs, fewer than two classes, or
        values that are not class labels.
    """
    if y is None:
        raise ValueError("y must hold one class label a matrix, got None.")
    xp = array_namespace(X)
    on_host = not is_array(y) or library(y) == "numpy"
    if on_host:
        y = np.asarray(y)
    elif library(y) != library(X):
        raise TypeError(
            f"y must be a list, a NumPy array or an array of the library of X, got "
            f"{library(y)} beside {library(X)}."
        )
    if tuple(y.shape) != (X.shape[0],):
        raise ValueError(
            f"y must have shape ({X.shape[0]},), one label a matrix, got "
            f"{tuple(y.shape)}."
        )
    if on_host:
        check_classification_targets(y)
        classes, inverse = np.unique(y, return_inverse=True)
        codes = xp.asarray(inverse.astype(np.int64), device=device(X))
    else:
        classes, codes = xp.unique_inverse(y)
    if classes.shape[0] < 2:
        raise ValueError(
            f"y must hold at least two classes, got only {classes[0]!s}: pass matrices "
            "of another class too."
        )
    return classes, codes


def decode(classes: Array, codes: Array) -> Array:
    """Labels of ``codes``, in the library of ``classes``."""
    if library(classes) == "numpy":
        return np.take(classes, _to_host(codes))
    return array_namespace(classes).take(classes, codes)


def softmax(scores: Array) -> Array:
    """Rows of ``exp(scores)`` with sum 1, without overflow."""
    xp = array_namespace(scores)
    shifted = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    return shifted / xp.sum(shifted, axis=-1, keepdims=True)
