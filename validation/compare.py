"""What changed between two reports."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from geomsci.validation.report import Report
from geomsci.validation.rows import FAILED, OVER_BUDGET, SKIPPED, Row
from geomsci.validation.scores import Score
from geomsci.validation.wording import moment

ERROR_RATIO = 2.0
"""Errors that differ by less are noise of summation order."""

TIME_RATIO = 1.5
"""Times that differ by less are noise of a shared machine."""

ORDER = (
    "new failure",
    "vanished",
    "less accurate",
    "slower",
    "repaired",
    "more accurate",
    "faster",
    "new",
    "now skipped",
    "now measured",
)
"""Kinds of change, the bad ones first."""

MINOR = ("slower", "faster", "new", "vanished")
"""Kinds that come in crowds: times of a busy machine, and suites run or left out."""


@dataclasses.dataclass(frozen=True)
class Change:
    """One row that differs between the reports."""

    kind: str
    row: Row
    error_ratio: float | None = None
    time_ratio: float | None = None


@dataclasses.dataclass(frozen=True)
class ScoreChange:
    """One score that differs between the reports."""

    score: Score
    before: float


@dataclasses.dataclass(frozen=True)
class Comparison:
    """All changes, and what makes them hard to read."""

    changes: tuple[Change, ...]
    score_changes: tuple[ScoreChange, ...]
    unchanged: int
    warnings: tuple[str, ...]
    old_date: str

    @property
    def new_failures(self) -> list[Change]:
        """Rows that were fine, skipped or absent and are now bad."""
        return self.of_kind("new failure")

    @property
    def major(self) -> list[Change]:
        """Changes of status and of accuracy."""
        return [c for c in self.changes if c.kind not in MINOR]

    def of_kind(self, kind: str) -> list[Change]:
        """Changes of one kind."""
        return [c for c in self.changes if c.kind == kind]

    def summary(self) -> str:
        """The number of changes of every kind, in one sentence."""
        counts = [(len(self.of_kind(kind)), kind) for kind in ORDER]
        told = [f"{count} {kind}" for count, kind in counts if count]
        told.append(f"{self.unchanged} unchanged")
        return f"Compared with the report of {self.old_date}: {', '.join(told)}."


def _ratio(new: float | None, old: float | None) -> float | None:
    """Quotient, None where a side is missing or the old value is zero."""
    if new is None or old is None or old == 0:
        return None
    return new / old


def _error_kind(new: Row, old: Row) -> str:
    """How the error moved; a step out of exact agreement counts as less accurate."""
    if new.error is None or old.error is None or new.error == old.error:
        return ""
    if new.error > ERROR_RATIO * old.error:
        return "less accurate"
    return "more accurate" if old.error > ERROR_RATIO * new.error else ""


def _kind(new: Row, old: Row) -> str:
    """The most important thing that changed, ``""`` if nothing did."""
    if new.bad and not old.bad:
        return "new failure"
    if (new.status == SKIPPED) != (old.status == SKIPPED):
        return "now skipped" if new.status == SKIPPED else "now measured"
    if old.bad and not new.bad:
        return "repaired"
    if {new.status, old.status} == {FAILED, OVER_BUDGET}:
        return "new failure"
    accuracy = _error_kind(new, old)
    if accuracy:
        return accuracy
    time = _ratio(new.seconds_min, old.seconds_min)
    if time is None or 1 / TIME_RATIO <= time <= TIME_RATIO:
        return ""
    return "slower" if time > 1 else "faster"


def _warnings(new: Report, old: Report) -> tuple[str, ...]:
    """Differences of the two machines that change numbers by themselves."""
    found = []
    for field, meaning in (
        ("cpu", "the times cannot be compared"),
        ("cores", "the times cannot be compared"),
        ("threads", "the times cannot be compared"),
        ("linear_algebra", "errors and times may differ for that reason alone"),
    ):
        before, after = old.environment.get(field), new.environment.get(field)
        if before != after:
            found.append(f"{field} was {before} and is {after}: {meaning}.")
    return tuple(found)


def _changed_rows(new: Report, old: Report) -> list[Change]:
    before: Mapping[tuple, Row] = {row.key: row for row in old.rows}
    after = {row.key for row in new.rows}
    changes = []
    for row in new.rows:
        match = before.get(row.key)
        if match is None:
            changes.append(Change("new failure" if row.bad else "new", row))
            continue
        kind = _kind(row, match)
        if kind:
            changes.append(
                Change(
                    kind,
                    row,
                    _ratio(row.error, match.error),
                    _ratio(row.seconds_min, match.seconds_min),
                )
            )
    changes += [Change("vanished", row) for row in old.rows if row.key not in after]
    return changes


def _changed_scores(new: Sequence[Score], old: Sequence[Score]) -> list[ScoreChange]:
    before = {(s.dataset, s.subject, s.protocol, s.method): s.value for s in old}
    found = []
    for s in new:
        value = before.get((s.dataset, s.subject, s.protocol, s.method))
        if value is not None and value != s.value:
            found.append(ScoreChange(s, value))
    return found


def compare(new: Report, old: Report) -> Comparison:
    """Rows and scores of ``new`` that differ from those of ``old``.

    A skipped row that was skipped before is unchanged, whatever its reason.
    """
    changes = sorted(_changed_rows(new, old), key=lambda c: ORDER.index(c.kind))
    vanished = sum(c.kind == "vanished" for c in changes)
    return Comparison(
        changes=tuple(changes),
        score_changes=tuple(_changed_scores(new.scores, old.scores)),
        unchanged=len(new.rows) - (len(changes) - vanished),
        warnings=_warnings(new, old),
        old_date=moment(old.environment.get("date", "an unknown date")),
    )
