"""The report as a whole: environment, rows, scores; written and read as JSON."""

from __future__ import annotations

import collections
import dataclasses
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from geomsci.validation.rows import STATUSES, Row
from geomsci.validation.scores import Score

FORMAT = "geomsci validation report"
FORMAT_VERSION = 1


class ReportError(ValueError):
    """A file that is not a readable report; the message says what is wrong."""


@dataclasses.dataclass(frozen=True)
class Report:
    """Everything that one run found."""

    environment: Mapping[str, Any]
    options: Mapping[str, Any]
    rows: tuple[Row, ...]
    scores: tuple[Score, ...] = ()
    seconds: float = 0.0

    @property
    def counts(self) -> dict[str, int]:
        """Number of rows of every status."""
        found = collections.Counter(row.status for row in self.rows)
        return {status: found.get(status, 0) for status in STATUSES}

    @property
    def bad_rows(self) -> list[Row]:
        """Rows over budget or failed."""
        return [row for row in self.rows if row.bad]

    def as_json(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "environment": dict(self.environment),
            "options": dict(self.options),
            "seconds": self.seconds,
            "counts": self.counts,
            "rows": [row.as_json() for row in self.rows],
            "scores": [score.as_json() for score in self.scores],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Report:
        """The report that `as_json` wrote."""
        return cls(
            environment=values["environment"],
            options=values["options"],
            rows=tuple(Row.from_json(row) for row in values["rows"]),
            scores=tuple(Score.from_json(score) for score in values["scores"]),
            seconds=values["seconds"],
        )


def write_report(report: Report, path: pathlib.Path) -> None:
    """Write the report as JSON, one value a line."""
    text = json.dumps(report.as_json(), indent=1, allow_nan=False, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def read_report(path: pathlib.Path) -> Report:
    """Read a report that `write_report` wrote.

    Raises
    ------
    ReportError
        If the file is missing, is no JSON, is no report, or has another version.
    """
    if not path.is_file():
        raise ReportError(
            f"The report to compare with must be a report.json, got {path}, which "
            f"{'is not a file' if path.exists() else 'does not exist'}."
        )
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:  # broken JSON and broken UTF-8 alike
        raise ReportError(
            f"{path} must hold JSON, but it cannot be parsed ({error}): write it again "
            "with geomsci validate."
        ) from error
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ReportError(
            f"{path} is JSON but no report of geomsci validate: pass the report.json "
            "of an earlier run."
        )
    if values.get("format_version") != FORMAT_VERSION:
        raise ReportError(
            f"{path} has the report format {values.get('format_version')}, this "
            f"version of geomsci reads format {FORMAT_VERSION}: run geomsci validate "
            "again with the version that wrote it, or without --compare."
        )
    try:
        return Report.from_json(values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ReportError(
            f"{path} is damaged ({type(error).__name__}: {error}): write it again with "
            "geomsci validate."
        ) from error
