"""The inner folds: their number, their order, and whole groups."""

import numpy as np
import pytest
from sklearn.model_selection import KFold, StratifiedKFold

from geomsci.eeg.inner_cv import inner_splits


def labels(n_epochs=60, n_classes=2):
    return np.arange(n_epochs) % n_classes


def split_groups(splits, groups):
    return [set(groups[train]) & set(groups[test]) for train, test in splits]


@pytest.mark.parametrize(
    ("n_groups", "n_folds"), [(2, 2), (3, 3), (10, 10), (11, 5), (30, 5)]
)
def test_groups_stay_whole(n_groups, n_folds):
    groups = np.repeat(np.arange(n_groups), 120 // n_groups)
    splits = inner_splits(None, labels(groups.size), groups)
    assert len(splits) == n_folds
    assert not any(split_groups(splits, groups))


@pytest.mark.parametrize("cv", [2, 4])
def test_a_number_of_folds_keeps_groups_whole(cv):
    groups = np.repeat(np.arange(6), 10)
    splits = inner_splits(cv, labels(), groups)
    assert len(splits) == cv
    assert not any(split_groups(splits, groups))


def test_default_is_five_stratified_folds_in_order():
    y = labels()
    expected = StratifiedKFold(5).split(y, y)
    for ours, theirs in zip(inner_splits(None, y, None), expected, strict=True):
        np.testing.assert_array_equal(ours[1], theirs[1])


def test_small_class_gives_fewer_folds():
    y = np.array(["rest"] * 20 + ["move"] * 3)
    assert len(inner_splits(None, y, None)) == 3


def test_groups_reach_the_users_splitter():
    seen = {}

    class Spy(KFold):
        def split(self, X, y=None, groups=None):
            seen.update(X=X, y=y, groups=groups)
            return super().split(X, y)

    y, groups = labels(), np.repeat(np.arange(6), 10)
    inner_splits(Spy(3), y, groups)
    assert seen["groups"] is groups
    assert seen["y"] is y
    assert not np.any(seen["X"])  # never the data


def test_fold_without_a_class_is_refused():
    y = np.array([0] * 10 + [1] * 10)
    with pytest.raises(ValueError, match="fold 0 of 2 without class 0"):
        inner_splits(KFold(2), y, None)
    with pytest.raises(ValueError, match="got 1 for class 0"):
        inner_splits(4, y, np.repeat([0, 1, 2], [10, 5, 5]))


def test_class_that_is_never_tested_is_refused():
    y = np.array([0, 1, 2, 0, 1, 2])
    with pytest.raises(ValueError, match="no test epoch of class 2"):
        inner_splits([(np.array([0, 1, 2]), np.array([3, 4]))], y, None)
