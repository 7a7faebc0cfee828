"""Runs cases on backends and precisions and makes rows of what happens."""

from __future__ import annotations

import collections
import dataclasses
import functools
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from geomsci.backends import BackendUnavailable, use_backend
from geomsci.backends.capabilities import CAPABILITIES
from geomsci.backends.dispatch import Record
from geomsci.validation import measure, rows
from geomsci.validation.rows import Invariant, Row
from geomsci.validation.scores import Score
from geomsci.validation.suites import (
    Case,
    CaseUnavailable,
    Conditioning,
    Experiment,
    Inputs,
)
from geomsci.validation.variants import Variant, home

DTYPES = ("float64", "float32")

# What numerical code raises when it breaks. One broken case must not cost the report
# of all others, but an interrupt or a missing module must still stop the run.
BREAKAGES: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclasses.dataclass(frozen=True)
class Effort:
    """How long the timing of one cell may take."""

    repeats: int = 5
    seconds: float = 2.0


QUICK = Effort(repeats=3, seconds=0.15)


SINGLE_OR_DOUBLE = {
    "float64": {"f": "float64", "c": "complex128"},
    "float32": {"f": "float32", "c": "complex64"},
}


def is_number(x: np.ndarray) -> bool:
    """True for real and complex floating arrays, False for labels and indices."""
    return x.dtype.kind in "fc"


def rounded(inputs: Inputs, dtype: str) -> dict[str, np.ndarray]:
    """The inputs in the precision of ``dtype``; labels stay as they are."""
    kinds = SINGLE_OR_DOUBLE[dtype]
    return {
        name: x.astype(kinds[x.dtype.kind]) if is_number(x) else x
        for name, x in inputs.items()
    }


def as_float64(inputs: Inputs) -> dict[str, np.ndarray]:
    """The same values in double precision, so that the reference sees them rounded."""
    return rounded(inputs, "float64")


@dataclasses.dataclass(frozen=True)
class Prepared:
    """What all backends share: the rounded inputs, the expected result, kappa."""

    inputs: dict[str, np.ndarray]
    expected: np.ndarray
    conditioning: Conditioning


def prepare(case: Case, dtype: str) -> Prepared:
    """Inputs rounded to ``dtype``, and what float64 makes of them."""
    inputs = as_float64(rounded(case.inputs(), dtype))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = expected_result(case, inputs)
        return Prepared(inputs, expected, case.conditioning(inputs, expected))


def expected_result(case: Case, inputs: Inputs) -> np.ndarray:
    """Independent result of the case, or its float64 NumPy reference."""
    if case.expected is not None:
        return case.expected(inputs)
    with use_backend("reference"):
        return home(case.compute(dtype="float64", **inputs))


def _skipped(case: Case, variant: Variant, dtype: str, reason: str) -> Row:
    return Row(
        case.suite,
        case.name,
        variant.name,
        dtype,
        case.size,
        rows.SKIPPED,
        reason,
        against=case.against,
    )


def skip_reason(case: Case, variant: Variant, dtype: str) -> str:
    """Why the cell cannot be measured, ``""`` if it can."""
    try:
        variant.check()
    except BackendUnavailable as error:
        return str(error)
    if case.backends and variant.name not in case.backends:
        return case.backends_reason
    if dtype not in case.dtypes:
        return case.dtype_reason or f"the case is stated in {', '.join(case.dtypes)}"
    row = CAPABILITIES.get(case.function)
    if row is None:
        return ""
    if variant.library not in row.libraries:
        return f"{case.function} does not run on {variant.library} arrays"
    if dtype not in row.dtypes:
        return f"{case.function} does not take {dtype}"
    return ""


def _notes(caught: Iterable[warnings.WarningMessage]) -> tuple[str, ...]:
    """The distinct warnings of a call, in words."""
    return tuple(dict.fromkeys(f"{w.category.__name__}: {w.message}" for w in caught))


def _invariants(
    cell: Cell, result: np.ndarray, shared: Prepared, kappa: float
) -> dict[str, Invariant]:
    case, dtype = cell.case, cell.dtype
    if case.laws is None:
        return {}
    eps = rows.EPS[dtype]
    tol = case.tol.get(dtype, 0.0)
    return {
        name: Invariant(
            eps=found.value / eps,
            budget=rows.error_budget(dtype, found.kappa, case.n, tol) / eps,
        )
        for name, found in case.laws(
            result, shared.inputs, cell.evaluate, kappa
        ).items()
    }


def _traffic(record: Record) -> tuple[dict[str, int], dict[str, int]]:
    """Calls and transferred bytes of one record, counted by kind."""
    calls = collections.Counter(
        f"{c.function} ({c.implementation})" for c in record.calls
    )
    moved: collections.Counter[str] = collections.Counter()
    for transfer in record.transfers:
        moved[transfer.direction] += transfer.bytes
    return dict(calls), dict(moved)


class Cell:
    """One case on one backend in one precision, ready to be evaluated."""

    def __init__(self, case: Case, variant: Variant, dtype: str) -> None:
        self.case, self.variant, self.dtype = case, variant, dtype

    def placed(self, inputs: Inputs) -> dict[str, Any]:
        """The inputs in the cell's precision, on its library and device.

        Labels stay NumPy arrays: estimators take them so on every library.
        """
        return {
            name: self.variant.place(x) if is_number(x) else x
            for name, x in rounded(inputs, self.dtype).items()
        }

    def call(self, arrays: dict[str, Any]) -> Any:
        """The computation itself; waits for the device."""
        result = self.case.compute(dtype=self.dtype, **arrays)
        self.variant.synchronize()
        return result

    def evaluate(self, **inputs: np.ndarray) -> np.ndarray:
        """NumPy in, NumPy out, on this cell's backend and in its precision."""
        with use_backend(self.variant.choice):
            return home(self.call(self.placed(inputs)))


def run_cell(
    case: Case,
    variant: Variant,
    dtype: str,
    effort: Effort = QUICK,
    prepared: Callable[[Case, str], Prepared] = prepare,
) -> Row:
    """The row of one case on one backend in one precision.

    Never raises for what the case or the backend does: a cell that cannot run is a
    skipped row with its reason, a cell that breaks is a failed one.
    """
    reason = skip_reason(case, variant, dtype)
    if reason:
        return _skipped(case, variant, dtype, reason)
    try:
        return _measured(Cell(case, variant, dtype), prepared(case, dtype), effort)
    except (BackendUnavailable, CaseUnavailable, NotImplementedError) as error:
        return _skipped(case, variant, dtype, str(error))
    except BREAKAGES as error:
        row = _skipped(case, variant, dtype, f"{type(error).__name__}: {error}")
        return dataclasses.replace(row, status=rows.FAILED)


def _measured(cell: Cell, shared: Prepared, effort: Effort) -> Row:
    case, variant, dtype = cell.case, cell.variant, cell.dtype
    arrays = cell.placed(shared.inputs)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with use_backend(variant.choice) as record:
            result = home(cell.call(arrays))
    calls, transfers = _traffic(record)
    notes = _notes(caught)
    kappa = max(1.0, shared.conditioning.kappa)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        laws = _invariants(cell, result, shared, kappa)
        with use_backend(variant.choice):
            times = measure.timing(
                lambda: cell.call(arrays), effort.repeats, effort.seconds
            )
            peak = measure.peak_bytes(
                lambda: cell.call(arrays), variant.library, times.minimum
            )
    budget = rows.error_budget(dtype, kappa, case.n, case.tol.get(dtype, 0.0))
    error = rows.forward_error(result, shared.expected)
    status, reason = rows.judged(error, budget, laws)
    allowed = SINGLE_OR_DOUBLE[dtype].values()
    if is_number(result) and str(result.dtype) not in allowed:
        status = rows.OVER_BUDGET
        reason = f"the result is {result.dtype}, not {dtype}; {reason}".rstrip("; ")
    return Row(
        case.suite,
        case.name,
        variant.name,
        dtype,
        case.size,
        status,
        reason,
        against=case.against,
        error=error,
        budget=budget,
        kappa=kappa,
        kappa_reason=shared.conditioning.reason,
        invariants=laws,
        seconds_min=times.minimum,
        seconds_median=times.median,
        peak_bytes=peak,
        calls=calls,
        transfers=transfers,
        notes=notes,
    )


def run_cases(
    cases: Sequence[Case],
    variants: Sequence[Variant],
    dtypes: Sequence[str],
    effort: Effort,
    advance: Callable[[str], None],
) -> list[Row]:
    """Rows of all cells, in reading order; ``advance`` is called before each cell."""
    found = []
    for case in cases:
        prepared = functools.cache(prepare)  # one case at a time stays in memory
        for variant in variants:
            for dtype in dtypes:
                advance(f"{case.name}, {variant.name}")
                found.append(run_cell(case, variant, dtype, effort, prepared))
    return found


def run_experiments(
    experiments: Sequence[Experiment], suite: str, advance: Callable[[str], None]
) -> tuple[list[Score], list[Row]]:
    """Scores and rows of the experiments; one that cannot run is a row saying why."""
    scores: list[Score] = []
    found: list[Row] = []
    for experiment in experiments:
        advance(experiment.name)
        status, reason = rows.FAILED, ""
        try:
            more_scores, more_rows = experiment.run()
            scores += more_scores
            found += more_rows
            continue
        except (BackendUnavailable, CaseUnavailable, NotImplementedError) as error:
            status, reason = rows.SKIPPED, str(error)
        except BREAKAGES as error:
            reason = f"{type(error).__name__}: {error}"
        found.append(Row(suite, experiment.name, "auto", "float64", "", status, reason))
    return scores, found
