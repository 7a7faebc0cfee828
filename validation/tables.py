"""The tables of a report as plain text cells, before Markdown or HTML dresses them.

Every function gives a `Table`; the two writers only decide how a cell looks. So a
number reads the same everywhere and is worked out once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from geomsci.validation.compare import Change, Comparison
from geomsci.validation.report import Report
from geomsci.validation.rows import SKIPPED, Row
from geomsci.validation.scores import Score
from geomsci.validation.wording import (
    duration,
    moment,
    number,
    ratio,
    signed,
    size,
)


@dataclasses.dataclass(frozen=True)
class Table:
    """Header, cells, and a mark per row: ``""``, ``"bad"`` or ``"good"``."""

    header: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    marks: tuple[str, ...] = ()
    numeric: tuple[int, ...] = ()

    def mark(self, i: int) -> str:
        """Mark of row ``i``."""
        return self.marks[i] if self.marks else ""


def _laws(row: Row) -> str:
    """All invariants of a row in one cell, in eps, beside what is allowed."""
    return "; ".join(
        f"{name} {number(law.eps)} of {number(law.budget)}"
        for name, law in row.invariants.items()
    )


def _counts(values: Mapping[str, int]) -> str:
    return ", ".join(f"{name} ×{count}" for name, count in values.items())


def _transfers(row: Row) -> str:
    return ", ".join(f"{size(b)} {way}" for way, b in row.transfers.items())


def row_table(rows: Sequence[Row]) -> Table:
    """Every measured number of the rows."""
    header = (
        "case",
        "size",
        "backend",
        "dtype",
        "error in eps",
        "budget in eps",
        "κ",
        "invariants in eps",
        "min",
        "median",
        "peak memory",
        "calls",
        "transfers",
        "against",
        "remarks",
    )
    cells = []
    for row in rows:
        cells.append(
            (
                f"{row.suite}: {row.case}",
                row.size,
                row.backend,
                row.dtype,
                _in_unit(row, row.error_eps, row.error),
                _in_unit(row, row.budget_eps, row.budget),
                number(row.kappa),
                _laws(row),
                duration(row.seconds_min),
                duration(row.seconds_median),
                size(row.peak_bytes),
                _counts(row.calls),
                _transfers(row),
                row.against,
                "; ".join(x for x in (row.reason, *row.notes) if x),
            )
        )
    marks = tuple("bad" if row.bad else "" for row in rows)
    return Table(header, tuple(cells), marks, numeric=(4, 5, 6, 8, 9, 10))


def _in_unit(row: Row, in_eps: float | None, plain: float | None) -> str:
    """A number of eps, or a difference of scores with the name of the score."""
    if row.unit == "eps":
        return number(in_eps)
    return "" if plain is None else f"{number(plain)} {row.unit}"


def parity_table(rows: Sequence[Row]) -> Table:
    """Differences of scores that have a budget."""
    cells = tuple(
        (r.case, r.size, _in_unit(r, None, r.error), _in_unit(r, None, r.budget))
        + (r.status, "; ".join(part for part in (*r.notes, r.reason) if part))
        for r in rows
    )
    header = ("case", "size", "difference", "allowed", "status", "remark")
    marks = tuple("bad" if r.bad else "" for r in rows)
    return Table(header, cells, marks, numeric=(2, 3))


def bad_table(rows: Sequence[Row]) -> Table:
    """Rows over budget or failed, those of one case with one reason together."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for r in rows:
        key = (f"{r.suite}: {r.case}", r.size, r.status, r.reason)
        found.setdefault(key, []).append(r)
    cells = tuple(
        (case, size_, _where(same), status, reason)
        for (case, size_, status, reason), same in found.items()
    )
    header = ("case", "size", "where", "status", "why")
    return Table(header, cells, tuple("bad" for _ in cells))


def _where(rows: Sequence[Row]) -> str:
    """Backends with their precisions: ``torch (float64, float32)``."""
    places: dict[str, list[str]] = {}
    for r in rows:
        places.setdefault(r.backend, []).append(r.dtype)
    return ", ".join(f"{name} ({', '.join(d)})" for name, d in places.items())


def skipped_table(rows: Iterable[Row]) -> Table:
    """Reasons of skipped rows with the backends and the number of cells they cost."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.status == SKIPPED:
            found.setdefault(row.reason, []).append(row)
    cells = tuple(
        (
            reason,
            ", ".join(dict.fromkeys(r.backend for r in skipped)),
            _some_cases(skipped),
            str(len(skipped)),
        )
        for reason, skipped in sorted(found.items(), key=lambda kv: -len(kv[1]))
    )
    return Table(("reason", "backend", "cases", "cells"), cells, numeric=(3,))


def _some_cases(rows: Sequence[Row], most: int = 4) -> str:
    names = list(dict.fromkeys(f"{r.suite}: {r.case}" for r in rows))
    text = ", ".join(names[:most])
    return text if len(names) <= most else f"{text} and {len(names) - most} more"


def kappa_table(rows: Iterable[Row]) -> Table:
    """Condition number of every case with the argument for it."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        if row.kappa is not None:
            found.setdefault((row.case, row.size), row)
    cells = tuple(
        (f"{r.suite}: {r.case}", r.size, number(r.kappa), r.kappa_reason, r.against)
        for r in found.values()
    )
    return Table(("case", "size", "κ", "why", "against"), cells, numeric=(2,))


def timing_table(rows: Sequence[Row]) -> Table:
    """Smallest seconds of float64 rows, one line a case, one column a backend."""
    timed = [r for r in rows if r.seconds_min is not None and r.dtype == "float64"]
    backends = tuple(dict.fromkeys(r.backend for r in timed))
    lines: dict[tuple[str, str, str], dict[str, str]] = {}
    for r in timed:
        line = lines.setdefault((r.suite, r.case, r.size), {})
        line[r.backend] = duration(r.seconds_min)
    cells = tuple(
        (f"{suite}: {case}", where, *(line.get(b, "") for b in backends))
        for (suite, case, where), line in lines.items()
    )
    columns = tuple(range(2, 2 + len(backends)))
    return Table(("case", "size", *backends), cells, numeric=columns)


def score_table(scores: Sequence[Score]) -> Table:
    """Scores of one data set, subject by subject, gains and losses alike."""
    metric = scores[0].metric if scores else "score"
    header = (
        "subject",
        "method",
        metric,
        "95 % interval",
        "gain",
        "95 % interval of the gain",
        "test trials",
        "time",
        "remarks",
    )
    cells = []
    marks = []
    for s in scores:
        gain_interval = ""
        if s.gain is not None:
            gain_interval = f"{signed(s.gain_low)} to {signed(s.gain_high)}"
        cells.append(
            (
                s.subject,
                s.method,
                f"{s.value:.3f}",
                f"{s.low:.3f} to {s.high:.3f}",
                signed(s.gain),
                gain_interval,
                str(s.n_test),
                duration(s.seconds),
                s.note,
            )
        )
        marks.append(_gain_mark(s))
    return Table(header, tuple(cells), tuple(marks), numeric=(2, 3, 4, 5, 6, 7))


def _gain_mark(s: Score) -> str:
    """Good or bad only where the interval of the gain leaves zero out."""
    if s.gain_low is None or s.gain_high is None:
        return ""
    if s.gain_low > 0:
        return "good"
    return "loss" if s.gain_high < 0 else ""


def mean_table(scores: Sequence[Score]) -> Table:
    """Mean over the subjects of one data set, one line a method."""
    methods = list(dict.fromkeys(s.method for s in scores))
    cells = []
    for method in methods:
        mine = [s for s in scores if s.method == method]
        gains = [s.gain for s in mine if s.gain is not None]
        cells.append(
            (
                method,
                f"{sum(s.value for s in mine) / len(mine):.3f}",
                signed(sum(gains) / len(gains)) if gains else "",
                signed(min(gains)) if gains else "",
                str(len(mine)),
            )
        )
    metric = scores[0].metric if scores else "score"
    header = ("method", f"mean {metric}", "mean gain", "worst gain", "subjects")
    return Table(header, tuple(cells), numeric=(1, 2, 3, 4))


def change_table(changes: Sequence[Change]) -> Table:
    """Rows that changed since the older report; for a skipped row the reason."""
    cells = tuple(
        (
            c.kind,
            f"{c.row.suite}: {c.row.case}",
            c.row.size,
            c.row.backend,
            c.row.dtype,
            ratio(c.error_ratio),
            ratio(c.time_ratio),
            c.row.reason,
        )
        for c in changes
    )
    marks = tuple(
        {"new failure": "bad", "repaired": "good"}.get(c.kind, "") for c in changes
    )
    header = (
        "change",
        "case",
        "size",
        "backend",
        "dtype",
        "error ratio",
        "time ratio",
        "why",
    )
    return Table(header, cells, marks, numeric=(5, 6))


def score_change_table(comparison: Comparison) -> Table:
    """Scores that changed since the older report."""
    cells = tuple(
        (
            c.score.dataset,
            c.score.subject,
            c.score.method,
            f"{c.before:.3f}",
            f"{c.score.value:.3f}",
            signed(c.score.value - c.before, 4),
        )
        for c in comparison.score_changes
    )
    header = ("data set", "subject", "method", "before", "now", "difference")
    return Table(header, cells, numeric=(3, 4, 5))


def environment_table(report: Report) -> Table:
    """The machine and the settings, one line each."""
    cells: list[tuple[str, str]] = []
    for name, value in {**report.environment, **report.options}.items():
        label = name.replace("_", " ")
        if isinstance(value, dict):
            text = ", ".join(f"{k} {v}" for k, v in value.items() if v is not None)
        elif isinstance(value, (list, tuple)):
            text = ", ".join(str(v) for v in value)
        elif name == "date":
            text = moment(value)
        elif name == "memory_bytes":
            label, text = "memory", size(value)
        else:
            text = "" if value is None else str(value)
        cells.append((label, text or "not set"))
    cells.append(("duration", duration(report.seconds)))
    return Table(("what", "value"), tuple(cells))


def datasets(scores: Iterable[Score]) -> dict[str, list[Score]]:
    """Scores grouped by data set and protocol, in the order they were found."""
    found: dict[str, list[Score]] = {}
    for s in scores:
        found.setdefault(f"{s.dataset}: {s.protocol}", []).append(s)
    return found
