"""The rules that choose settings from their scores."""

import math

import pytest

from geomsci.reference.eeg.selection import select, standard_error

SETTINGS = [(1, 1), (2, 1), (2, 4), (4, 1)]
MEANS = [0.70, 0.76, 0.77, 0.80]


def test_standard_error_of_the_mean():
    assert math.isclose(standard_error([1.0, 2.0, 3.0, 4.0]), math.sqrt(5 / 3 / 4))
    assert standard_error([0.3]) == 0.0


@pytest.mark.parametrize(
    ("rule", "error", "kept"),
    [
        ("best", 0.05, [3]),
        ("one_se", 0.05, [2]),
        ("one_se", 0.11, [0]),
        ("one_se", 0.0, [3]),
        ("average", 0.05, [3, 2, 1]),
        ("average", 0.0, [3]),
    ],
)
def test_rules(rule, error, kept):
    assert select(rule, SETTINGS, MEANS, [1.0, 1.0, 1.0, error]) == kept


@pytest.mark.parametrize("rule", ["best", "one_se"])
def test_equal_means_go_to_the_smaller_order_then_lag(rule):
    order = [3, 2, 1]  # any order of the grid
    settings = [SETTINGS[i] for i in order]
    kept = select(rule, settings, [0.5, 0.5, 0.5], [0.0, 0.0, 0.0])
    assert [settings[i] for i in kept] == [(2, 1)]
