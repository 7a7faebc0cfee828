"""What the text tables that commands read have in common."""

from __future__ import annotations

import pathlib

from geomsci.command_errors import CommandError


def is_number(cell: str) -> bool:
    """Whether a cell holds a number, so that its line is not one of names."""
    try:
        float(cell)
    except ValueError:
        return False
    return True


def wrong_columns(
    file: pathlib.Path, wanted: int, found: int, line: int
) -> CommandError:
    """A line with more or fewer cells than the table has columns."""
    columns = "1 column" if wanted == 1 else f"{wanted} columns"
    return CommandError(
        f"{file} must have {columns} in every line, got {found} in line {line}."
    )
