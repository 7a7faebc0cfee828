"""Rows: budgets, errors, verdicts, JSON."""

import json
import math

import numpy as np
import pytest

from geomsci.validation.rows import (
    FAILED,
    OK,
    OVER_BUDGET,
    Invariant,
    Row,
    error_budget,
    forward_error,
    judged,
)


@pytest.mark.parametrize(("dtype", "eps"), [("float64", 2**-52), ("float32", 2**-23)])
def test_budget_is_the_stated_formula(dtype, eps):
    assert error_budget(dtype, 7.0, 8, tol=1e-3) == 64 * eps * 7 * 3 + 1e-2


def test_budget_does_not_vanish_for_scalars():
    assert error_budget("float64", 1.0, 1) == 64 * 2**-52


def test_error_is_relative_to_the_reference():
    expected = np.array([3.0, 4.0])
    assert forward_error(np.array([3.0, 4.5]), expected) == pytest.approx(0.1)


def test_single_precision_result_is_compared_in_double():
    expected = np.array([1 / 3])
    error = forward_error(expected.astype(np.float32), expected)
    assert 0 < error <= 2**-24


@pytest.mark.parametrize(
    "result", [np.array([1.0, np.nan]), np.array([1.0, np.inf]), np.array([1.0])]
)
def test_result_without_meaning_has_infinite_error(result):
    assert forward_error(result, np.array([1.0, 2.0])) == math.inf


@pytest.mark.parametrize("error", [2.0, math.inf, math.nan])
def test_error_above_budget_or_nan_is_over_budget(error):
    status, reason = judged(error, 1.0, {})
    assert status == OVER_BUDGET
    assert "exceeds the budget" in reason


def test_broken_law_is_over_budget_though_the_error_is_not():
    status, reason = judged(0.0, 1.0, {"symmetry": Invariant(9.0, 8.0)})
    assert status == OVER_BUDGET
    assert "symmetry" in reason


def test_law_that_gives_nan_is_broken():
    assert not Invariant(math.nan, 1.0).within


@pytest.mark.parametrize("error", [0.25, 0.0, math.inf, None])
def test_row_survives_json(error):
    row = Row(
        suite="s",
        case="c",
        backend="auto",
        dtype="float64",
        size="2×2",
        status=FAILED if error is None else OK,
        error=error,
        budget=1.0,
        invariants={"law": Invariant(math.inf, 2.0)},
        calls={"f (reference)": 2},
        notes=("a note",),
    )
    text = json.dumps(row.as_json(), allow_nan=False)
    assert Row.from_json(json.loads(text)) == row


def test_difference_of_scores_is_not_told_in_eps():
    row = Row("s", "c", "auto", "float64", "", OK, error=0.1, budget=1.0, unit="AUC")
    assert row.error_eps is None
    assert row.share == pytest.approx(0.1)
