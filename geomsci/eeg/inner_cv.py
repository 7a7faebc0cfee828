"""The folds on which `ACMClassifier` chooses its setting."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import (
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    StratifiedKFold,
    check_cv,
)

MOST_FOLDS = 5
MOST_GROUPS_LEFT_OUT = 10

Splits = list[tuple[np.ndarray, np.ndarray]]


def inner_splits(cv: Any, y: np.ndarray, groups: np.ndarray | None) -> Splits:
    """Training and test indices of the inner folds.

    Parameters
    ----------
    cv : None, int, splitter or iterable of (train, test)
        None: with groups, one group left out at a time if there are at most ten, else
        five stratified folds of whole groups; without groups, five stratified folds,
        unshuffled because trials come in time order. Fewer folds if a class is small.
        An int is the number of such folds. Anything else is used as it is.
    y : NumPy array, shape (n_epochs,)
    groups : NumPy array, shape (n_epochs,), or None

    Raises
    ------
    ValueError
        If no folds are possible, or one of them trains without a class.
    """
    splitter = _default(cv, y, groups) if cv is None or _is_count(cv) else cv
    splitter = check_cv(splitter, y, classifier=True)
    # Splitters use the number of epochs only; they get no chance to see the data.
    splits = list(splitter.split(np.zeros((y.shape[0], 1)), y, groups))
    if not splits:
        raise ValueError("cv must give at least one inner fold, got none.")
    classes = np.unique(y)
    for k, (train, _) in enumerate(splits):
        missing = np.setdiff1d(classes, np.unique(y[train]))
        if missing.size:
            raise ValueError(
                f"Every inner fold must train on every class, got fold {k} of "
                f"{len(splits)} without class {missing[0]!s}: pass other folds as cv, "
                "or more epochs."
            )
    tested = np.unique(y[np.concatenate([test for _, test in splits])])
    if tested.size < classes.size:
        raise ValueError(
            "The inner folds must test every class, got no test epoch of class "
            f"{np.setdiff1d(classes, tested)[0]!s}: pass other folds as cv."
        )
    return splits


def _is_count(cv: Any) -> bool:
    return isinstance(cv, Integral) and not isinstance(cv, bool)


def _default(cv: int | None, y: np.ndarray, groups: np.ndarray | None) -> Any:
    """Splitter of the documented default, with ``cv`` folds if it is a number."""
    if groups is None:
        n_splits = _n_splits(cv, _smallest(y, None), "epochs")
        return StratifiedKFold(n_splits)
    n_groups = np.unique(groups).size
    if n_groups < 2:
        raise ValueError(
            "groups must hold at least two groups for the inner folds, got 1: leave "
            "groups out or add recordings."
        )
    if cv is None and n_groups <= MOST_GROUPS_LEFT_OUT:
        return LeaveOneGroupOut()
    return StratifiedGroupKFold(_n_splits(cv, _smallest(y, groups), "groups"))


def _smallest(y: np.ndarray, groups: np.ndarray | None) -> tuple[int, Any]:
    """Smallest number of epochs (of groups) that any class has, and that class."""
    units = np.arange(y.shape[0]) if groups is None else groups
    counts = [(np.unique(units[y == label]).size, label) for label in np.unique(y)]
    return min(counts, key=lambda pair: pair[0])


def _n_splits(cv: int | None, smallest: tuple[int, Any], unit: str) -> int:
    count, label = smallest
    if count < 2:
        raise ValueError(
            f"Every class must have at least two {unit} for the inner folds, got "
            f"{count} for class {label!s}: add epochs or pass cv."
        )
    if cv is None:
        return min(MOST_FOLDS, count)
    if not 2 <= cv <= count:
        raise ValueError(
            f"cv must be between 2 and {count}, the {unit} of class {label!s}, got "
            f"{cv}."
        )
    return int(cv)
