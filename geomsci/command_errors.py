"""What a command refuses, in one sentence: wrong input, files, missing libraries."""

from __future__ import annotations

import contextlib
import pathlib
from collections.abc import Iterator

from geomsci.backends.errors import BackendUnavailable

EXIT_OK, EXIT_OVER_BUDGET, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130


class CommandError(ValueError):
    """The command cannot do what was asked; the message says what to change."""


@contextlib.contextmanager
def as_command_error() -> Iterator[None]:
    """The library's sentence about wrong input, as the sentence of the command."""
    try:
        yield
    except (CommandError, BackendUnavailable):
        raise
    except (ValueError, TypeError, MemoryError, NotImplementedError) as error:
        text = str(error) or "The memory of this machine is too small."
        raise CommandError(text) from error


def check_file(option: str, path: pathlib.Path | None) -> None:
    """Refuse a file that cannot be written before the work, not after it."""
    if path is None:
        return
    if path.is_dir() or not path.resolve().parent.is_dir():
        state = "is a folder" if path.is_dir() else "is in no folder that exists"
        raise CommandError(
            f"--{option} must be a file that can be written, got {path}, which {state}."
        )


def check_figure(path: pathlib.Path | None) -> None:
    """Refuse a figure that matplotlib cannot write, before the work."""
    if path is None:
        return
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise CommandError(
            "--plot needs matplotlib, which is not installed: install geomsci[plot]."
        ) from error
    formats = Figure().canvas.get_supported_filetypes()
    if path.suffix[1:].lower() not in formats:
        raise CommandError(
            f"--plot must end in one of {', '.join(sorted(formats))}, got {path}."
        )


@contextlib.contextmanager
def writing(what: str = "results", *, another: str = "file") -> Iterator[None]:
    """What the system says of a file that is written, as one sentence."""
    try:
        yield
    except OSError as error:
        raise CommandError(
            f"The {what} cannot be written to {error.filename} "
            f"({error.strerror or error}): choose another {another}."
        ) from error


@contextlib.contextmanager
def reading(file: pathlib.Path) -> Iterator[None]:
    """What the system says of a file that is read, as one sentence."""
    try:
        yield
    except OSError as error:
        raise CommandError(
            f"{file} must be a file that can be read ({error.strerror or error})."
        ) from error
