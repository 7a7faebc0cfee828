"""Sets of multi-indices: counts, order, weights, downward closure."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geomsci.sampling import (
    hyperbolic_cross,
    is_downward_closed,
    tensor_product,
    total_degree,
)

WEIGHTS = st.lists(st.floats(0.3, 3.0), min_size=1, max_size=3)


@pytest.mark.parametrize(("d", "p"), [(1, 0), (1, 7), (2, 4), (3, 8), (8, 3), (20, 2)])
def test_total_degree_counts_a_binomial(d, p):
    assert len(total_degree(d, p)) == math.comb(d + p, d)


@pytest.mark.parametrize("p", [0, 1, 9, 40])
def test_plane_hyperbolic_cross_counts_divisors(p):
    expected = sum((p + 1) // i for i in range(1, p + 2))
    assert len(hyperbolic_cross(2, p)) == expected


def test_hyperbolic_cross_contains_products_that_meet_the_bound_exactly():
    # 2^3 = 8 = p + 1 exactly, whatever the logarithms round to.
    assert [1, 1, 1] in hyperbolic_cross(3, 7).tolist()
    assert [1, 1, 1] not in hyperbolic_cross(3, 6).tolist()


@given(WEIGHTS, st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_weighted_sets_are_what_their_inequality_says(weights, p):
    d = len(weights)
    box = itertools.product(*(range(int(p / w) + 2) for w in weights))
    inside = {i for i in box if np.dot(weights, i) <= p * (1 + 1e-12)}
    assert set(map(tuple, total_degree(d, p, weights).tolist())) == inside


@given(WEIGHTS, st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_sets_are_downward_closed(weights, p):
    d = len(weights)
    assert is_downward_closed(total_degree(d, p, weights))
    assert is_downward_closed(hyperbolic_cross(d, p, weights))
    assert is_downward_closed(tensor_product([p] * d))


@given(st.sets(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
@settings(max_examples=100, deadline=None)
def test_closure_is_what_its_definition_says(indices):
    below = {(i, j) for a, b in indices for i in range(a + 1) for j in range(b + 1)}
    assert is_downward_closed(sorted(indices)) == (below == indices)


def test_sets_are_sorted_by_degree_and_nested():
    large, small = total_degree(3, 5), total_degree(3, 4)
    assert np.all(np.diff(large.sum(axis=1)) >= 0)
    np.testing.assert_array_equal(large[: len(small)], small)


def test_tensor_product_is_the_whole_box():
    box = tensor_product([2, 0, 1])
    assert sorted(map(tuple, box.tolist())) == list(
        itertools.product(range(3), range(1), range(2))
    )


def test_hyperbolic_cross_lies_between_the_axes_and_the_total_degree():
    cross = set(map(tuple, hyperbolic_cross(3, 6).tolist()))
    assert cross < set(map(tuple, total_degree(3, 6).tolist()))
    assert {(6, 0, 0), (0, 6, 0), (0, 0, 6)} <= cross


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: total_degree(0, 2), ValueError, "d must be"),
        (lambda: total_degree(2.5, 2), TypeError, "d must be an integer"),
        (lambda: total_degree(2, -1), ValueError, "p must be finite and >= 0"),
        (lambda: total_degree(2, math.nan), ValueError, "p must be finite"),
        (lambda: total_degree(2, 2, [1.0]), ValueError, "weights must be 2"),
        (lambda: hyperbolic_cross(2, 2, [1.0, 0.0]), ValueError, "weights must be 2"),
        (lambda: tensor_product([]), ValueError, "degrees must hold"),
        (lambda: tensor_product([2, -1]), ValueError, "degrees must be an integer"),
        (lambda: is_downward_closed([[0.5]]), TypeError, "indices must be integers"),
    ],
)
def test_bad_sets_are_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()
