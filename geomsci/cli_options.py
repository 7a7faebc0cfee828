"""What the commands of `geomsci` repeat: their look, lists, files, the backend."""

from __future__ import annotations

import argparse
import pathlib
from typing import Any


def add_command(
    commands: argparse._SubParsersAction, name: str, *, examples: str, **texts: Any
) -> argparse.ArgumentParser:
    """A command whose help ends with examples, laid out as they are written."""
    return commands.add_parser(
        name,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        **texts,
    )


def add_list(group: Any, option: str, *, metavar: str, **how: Any) -> None:
    """An option of several values, which may be given more than once."""
    group.add_argument(
        option, nargs="+", action="extend", default=[], metavar=metavar, **how
    )


def add_file(group: Any, option: str, what: str) -> None:
    """An option that names a file."""
    group.add_argument(option, type=pathlib.Path, metavar="FILE", help=what)


def add_backend(group: Any) -> None:
    """The option ``--backend``."""
    group.add_argument(
        "--backend",
        metavar="NAME",
        help="auto, reference, numba, cupy (default: GEOMSCI_BACKEND, else auto)",
    )
