"""The runner: every cell becomes a row, whatever happens in it."""

import numpy as np
import pytest

from geomsci.backends import machine
from geomsci.validation import runner
from geomsci.validation.rows import EPS, FAILED, OK, OVER_BUDGET, SKIPPED
from geomsci.validation.runner import run_cases, run_cell
from geomsci.validation.suites import CaseUnavailable, Deviation, Experiment
from geomsci.validation.variants import VARIANTS, variant

AUTO = variant("auto")


@pytest.mark.parametrize("name", ["reference", "auto", "strict", "strict-device1"])
@pytest.mark.parametrize("dtype", runner.DTYPES)
def test_right_case_is_within_budget_everywhere(make_case, name, dtype):
    row = run_cell(make_case(), variant(name), dtype)
    assert (row.status, row.error) == (OK, 0.0)
    assert row.seconds_min <= row.seconds_median


def test_wrong_case_is_over_budget(make_case):
    case = make_case(compute=lambda *, dtype, x: 2.001 * x)
    row = run_cell(case, AUTO, "float64")
    assert row.status == OVER_BUDGET
    assert row.error == pytest.approx(5e-4)


def test_error_within_kappa_is_allowed(make_case):
    from geomsci.validation.suites import Conditioning

    ill = make_case(
        compute=lambda *, dtype, x: 2.001 * x,
        conditioning=lambda inputs, expected: Conditioning(1e11, "ill"),
    )
    assert run_cell(ill, AUTO, "float64").status == OK


def test_reference_sees_the_rounded_inputs(make_case):
    case = make_case(
        inputs=lambda: {"x": np.array([1 / 3, 0.1])}, expected=None, laws=None
    )
    assert run_cell(case, AUTO, "float32").error == 0.0


def test_result_of_another_precision_is_over_budget(make_case):
    case = make_case(compute=lambda *, dtype, x: 2 * x.astype(np.float64))
    row = run_cell(case, AUTO, "float32")
    assert row.status == OVER_BUDGET
    assert "float64, not float32" in row.reason


def test_broken_case_is_a_failed_row(make_case):
    def compute(*, dtype, x):
        raise ZeroDivisionError("by hand")

    row = run_cell(make_case(compute=compute), AUTO, "float64")
    assert (row.status, row.reason) == (FAILED, "ZeroDivisionError: by hand")


@pytest.mark.parametrize("error", [NotImplementedError, CaseUnavailable])
def test_what_cannot_run_is_skipped_with_its_sentence(make_case, error):
    def compute(*, dtype, x):
        raise error("no kernel here")

    row = run_cell(make_case(compute=compute), AUTO, "float64")
    assert (row.status, row.reason) == (SKIPPED, "no kernel here")


@pytest.mark.parametrize("name", ["cupy", "cupy-offload"])
def test_missing_gpu_is_a_skipped_row_with_the_cause(make_case, name):
    if machine.cupy_status().usable:
        pytest.skip("this machine has a GPU")
    row = run_cell(make_case(), variant(name), "float64")
    assert row.status == SKIPPED
    assert "cupy backend cannot run here because" in row.reason


def test_precision_outside_the_case_is_skipped(make_case):
    case = make_case(dtypes=("float64",), dtype_reason="too ill-conditioned")
    row = run_cell(case, AUTO, "float32")
    assert (row.status, row.reason) == (SKIPPED, "too ill-conditioned")


def test_library_outside_the_capability_row_is_skipped(make_case):
    case = make_case(function="eeg.ACMClassifier.fit")
    row = run_cell(case, variant("strict"), "float64")
    assert "does not run on array_api_strict" in row.reason


def test_law_runs_on_the_same_backend_and_counts(make_case):
    def laws(result, inputs, evaluate, kappa):
        again = evaluate(x=3 * inputs["x"])
        off = float(np.max(np.abs(again - 3 * result)))
        return {"linear": Deviation(off, kappa), "false": Deviation(1.0, 1.0)}

    row = run_cell(make_case(laws=laws), variant("strict-device1"), "float64")
    assert row.status == OVER_BUDGET
    assert row.invariants["linear"].eps == 0.0
    assert row.invariants["false"].eps == 1 / EPS["float64"]


def test_labels_stay_on_the_host(make_case):
    def compute(*, dtype, x, y):
        assert type(y) is np.ndarray
        return 2 * x

    inputs = {"x": np.ones(3), "y": np.arange(3)}
    case = make_case(inputs=lambda: inputs, compute=compute)
    assert run_cell(case, variant("strict-device1"), "float32").status == OK


def test_calls_of_the_library_are_counted(make_case):
    from geomsci import spd

    case = make_case(
        inputs=lambda: {"A": np.eye(2)[None]},
        compute=lambda *, dtype, A: spd.distance(A, 4 * A),
        expected=lambda inputs: np.full(1, 2**0.5 * np.log(4)),
    )
    row = run_cell(case, variant("reference"), "float64")
    assert row.calls == {"spd.distance (reference)": 1}


def test_warnings_become_notes(make_case):
    import warnings

    def compute(*, dtype, x):
        warnings.warn("stopped early", RuntimeWarning, stacklevel=1)
        return 2 * x

    row = run_cell(make_case(compute=compute), AUTO, "float64")
    assert row.notes == ("RuntimeWarning: stopped early",)


def test_expected_result_is_computed_once_a_precision(make_case):
    count = 0

    def expected(inputs):
        nonlocal count
        count += 1
        return 2 * inputs["x"]

    case = make_case(expected=expected)
    variants = [VARIANTS["reference"], AUTO]
    rows = run_cases([case], variants, runner.DTYPES, runner.QUICK, lambda what: None)
    assert len(rows) == 4
    assert count == 2


def test_broken_experiment_does_not_cost_the_others():
    def broken():
        raise ValueError("no such file")

    experiments = [Experiment("first", broken), Experiment("second", lambda: ([], []))]
    seen = []
    scores, rows = runner.run_experiments(experiments, "fake", seen.append)
    assert (scores, [r.status for r in rows]) == ([], [FAILED])
    assert seen == ["first", "second"]
