"""CSV files of `geomsci sample` and `geomsci fit`."""

from __future__ import annotations

import csv
import dataclasses
import math
import pathlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from geomsci.command_errors import CommandError
from geomsci.command_tables import is_number, wrong_columns

FAILED = frozenset({"", "nan", "na", "n/a", "none", "null", "inf", "+inf", "-inf"})
"""What stands for a run without a result, in small letters."""


@dataclasses.dataclass(frozen=True)
class Table:
    """Cells of a CSV file by column.

    Attributes
    ----------
    file : pathlib.Path
    columns : dict of str to list of str
    lines : list of int
        Line of the file that each row stands in.
    """

    file: pathlib.Path
    columns: dict[str, list[str]]
    lines: list[int]

    def numbers(self, names: Sequence[str]) -> np.ndarray:
        """Finite numbers of the columns ``names``, shape (n, d)."""
        self.require(names)
        return np.array(
            [
                [self._number(name, row) for name in names]
                for row in range(len(self.lines))
            ]
        ).reshape(len(self.lines), len(names))

    def results(self, name: str) -> np.ndarray:
        """Numbers of a column, NaN where a run failed, shape (n,)."""
        self.require([name])
        return np.array(
            [
                math.nan if cell.lower() in FAILED else self._number(name, row)
                for row, cell in enumerate(self.columns[name])
            ]
        )

    def require(self, names: Sequence[str]) -> None:
        """Raise unless all columns are there."""
        missing = [name for name in names if name not in self.columns]
        if missing:
            raise CommandError(
                f"{self.file} must have the column {', '.join(missing)}, got "
                f"{', '.join(self.columns)}."
            )

    def _number(self, name: str, row: int) -> float:
        cell = self.columns[name][row]
        try:
            number = float(cell)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise CommandError(
                f"{self.file} must hold numbers, got {cell!r} in the column {name} of "
                f"line {self.lines[row]}."
            )
        return number


def read_table(file: pathlib.Path) -> Table:
    """Read a CSV file with one line of names; commas, semicolons or tabs.

    Empty lines and lines that begin with ``#`` are passed over.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            lines = list(enumerate(stream.read().splitlines(), start=1))
    except OSError as error:
        raise CommandError(
            f"{file} must be a CSV file that can be read ({error.strerror or error})."
        ) from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} must be text in UTF-8: {error.reason}.") from error
    kept = [(i, text) for i, text in lines if text.strip(' ,;\t"') and text[0] != "#"]
    if not kept:
        raise CommandError(f"{file} must hold a line of column names, got nothing.")
    delimiter = max(",;\t", key=kept[0][1].count)
    rows = list(csv.reader([text for _, text in kept], delimiter=delimiter))
    names = [name.strip() for name in rows[0]]
    if all(map(is_number, names)):
        raise CommandError(
            f"{file} must begin with a line of column names without #, got numbers in "
            f"line {kept[0][0]}."
        )
    twice = {name for name in names if name and names.count(name) > 1}
    if twice:
        raise CommandError(
            f"{file} must name every column once, got {', '.join(sorted(twice))} twice."
        )
    body = rows[1:]
    for (line, _), row in zip(kept[1:], body):
        if len(row) > len(names) and any(cell.strip() for cell in row[len(names) :]):
            raise wrong_columns(file, len(names), len(row), line)
    columns = {
        name: [row[j].strip() if j < len(row) else "" for row in body]
        for j, name in enumerate(names)
    }
    return Table(file, columns, [line for line, _ in kept[1:]])


def write_table(
    file: pathlib.Path, names: Sequence[str], columns: Iterable[Any]
) -> None:
    """Write columns of numbers, all digits of each."""
    rows = np.column_stack(list(columns)).tolist()
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(names)
        writer.writerows([repr(x) for x in row] for row in rows)
