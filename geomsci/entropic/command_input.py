"""Reads what `geomsci entropic` is given: grids, tables, snapshots, surveys."""

from __future__ import annotations

import csv
import pathlib
import zipfile
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from geomsci.backends import machine
from geomsci.command_errors import CommandError, reading
from geomsci.command_tables import is_number, wrong_columns
from geomsci.datasets.gadget import read_gadget1
from geomsci.datasets.two_mass_redshift_survey import read_2mrs

FORMATS = ("auto", "grid", "positions", "gadget", "2mrs")

_GADGET_HEADER = 256
_FIELD_KEYS = ("density", "field", "rho", "delta")
_POSITION_KEYS = ("positions", "pos", "points", "X")
_COORDINATES = ("x", "y", "z")
_ANGLES = (("ra", "dec"), ("glon", "glat"), ("lon", "lat"), ("l", "b"))

TABLE_ROWS = 16
"""An array so many times as long as it is wide is taken for a table, not for a grid."""


class Source(NamedTuple):
    """A density or positions, and what the file itself says about them.

    Attributes
    ----------
    values : array
        Grid, or positions of shape (n, d).
    weights : array or None
    box_size : float or None
        Of a snapshot.
    positions : bool
    remarks : tuple of str
        One sentence each.
    """

    values: np.ndarray
    weights: np.ndarray | None = None
    box_size: float | None = None
    positions: bool = True
    remarks: tuple[str, ...] = ()


class Request(NamedTuple):
    """How a file is to be read."""

    form: str = "auto"
    key: str | None = None
    columns: tuple[str, ...] = ()
    weights: str | None = None
    velocity: str = "czHelio"
    frame: str = "heliocentric"


def read(file: pathlib.Path, request: Request) -> Source:
    """Read a file in the format asked for, or in the one that it looks like.

    Raises
    ------
    CommandError
        If it cannot be read, or is not what was asked for.
    """
    form = _format(file, request.form)
    if form in ("gadget", "2mrs") and request.columns:
        raise CommandError(f"--columns are of tables, got a file of the format {form}.")
    with reading(file):
        if form == "gadget":
            return _snapshot(file, request)
        if form == "2mrs":
            return _survey(file, request)
        if file.suffix in (".npy", ".npz"):
            return _arrays(file, request, form)
        return _table(file, request)


def _format(file: pathlib.Path, form: str) -> str:
    """Format by the first bytes, if none is asked for."""
    if form not in FORMATS:
        raise CommandError(
            f"--format must be one of {', '.join(FORMATS)}, got {form!r}."
        )
    with reading(file), file.open("rb") as stream:
        start = stream.read(512)
    if not start:
        raise CommandError(f"{file} must hold a density or positions, got nothing.")
    if form in ("gadget", "2mrs"):
        return form
    if file.suffix in (".npy", ".npz"):
        if not start.startswith(_NUMPY):
            kind = "other bytes" if b"\0" in start else "text"
            raise CommandError(
                f"{file} must be an array or archive that numpy.save or numpy.savez "
                f"wrote, got {kind}: give a text table a name that ends in .csv or "
                ".txt."
            )
        return form
    if start.startswith(_NUMPY):
        raise CommandError(
            f"{file} must have a name that ends in .npy or .npz, as its bytes are "
            "those of an array or archive: rename it."
        )
    for kind, magic, instead in _OTHERS:
        if magic in start[:16]:
            raise CommandError(
                f"{file} must be an .npy or .npz file, a text table, a GADGET snapshot "
                f"of format 1 or a 2MRS table, got {kind}: {instead}."
            )
    if form != "auto":
        return form
    if any(start[:4] == _GADGET_HEADER.to_bytes(4, order) for order in _ORDERS):
        return "gadget"
    if b"czHelio" in start.partition(b"\n")[0]:
        return "2mrs"
    if b"\0" in start:
        raise CommandError(
            f"{file} must be an .npy or .npz file, a text table, a GADGET snapshot of "
            "format 1 or a 2MRS table, got other bytes: see --format."
        )
    return "positions"


_ORDERS: tuple[Any, ...] = ("little", "big")
_NUMPY = (b"\x93NUMPY", b"PK\x03\x04", b"PK\x05\x06")
_OTHERS = (
    ("HDF5", b"\x89HDF", "save its density or positions with numpy.save"),
    ("FITS", b"SIMPLE  =", "save its density or positions with numpy.save"),
    ("a GADGET snapshot of format 2", b"HEAD", "write it with SnapFormat 1"),
    ("a compressed file", b"\x1f\x8b", "unpack it first"),
)


def _snapshot(file: pathlib.Path, request: Request) -> Source:
    if request.weights not in (None, "masses"):
        raise CommandError(
            f"--weights of a snapshot can be masses, got {request.weights!r}."
        )
    snapshot = read_gadget1(file)
    weights = None if request.weights is None else snapshot.masses
    remark = (
        f"{len(snapshot)} particles at redshift {snapshot.redshift:.4g}, box "
        f"{snapshot.box_size:g} in the unit of the file"
    )
    return Source(
        snapshot.positions, weights, snapshot.box_size or None, remarks=(remark,)
    )


def _survey(file: pathlib.Path, request: Request) -> Source:
    if request.weights is not None:
        raise CommandError(
            "--weights are columns of tables, got a 2MRS table: write positions and "
            "weights as a table, or give --randoms."
        )
    survey = read_2mrs(file, velocity=request.velocity, frame=request.frame)
    remark = (
        f"{len(survey)} galaxies in Mpc/h, {survey.n_masked} left out for cz <= 0 "
        f"({survey.velocity}, {survey.frame} frame)"
    )
    return Source(survey.positions, remarks=(remark,))


# Arrays of NumPy


def _arrays(file: pathlib.Path, request: Request, form: str) -> Source:
    try:
        content = np.load(file, allow_pickle=False)
    except MemoryError as error:
        raise _too_large(file) from error
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise CommandError(
            f"{file} must be an array or archive that numpy.save or numpy.savez wrote "
            f"({str(error).rstrip('.')})."
        ) from error
    if isinstance(content, np.ndarray):
        if request.key or (request.weights and not request.weights.isdigit()):
            raise CommandError(
                f"{file} holds one array without names: --key needs an .npz archive, "
                "and --weights a column by its number."
            )
        return _array(file, content, request, form, None)
    with content:
        name = _key(file, content.files, request.key, form)
        weights = None
        if request.weights is not None:
            weights = _member(file, content, request.weights)
        return _array(file, _member(file, content, name), request, form, weights)


def _too_large(file: pathlib.Path) -> CommandError:
    there = machine.available_memory() / 2**30
    return CommandError(
        f"{file} must fit several times into the memory of this machine, {there:.1f} "
        "GiB: take float32 or a coarser grid."
    )


def _key(file: pathlib.Path, names: Sequence[str], key: str | None, form: str) -> str:
    """Name of the array of an archive that is meant."""
    if key is not None:
        return key
    likely = {"grid": _FIELD_KEYS, "positions": _POSITION_KEYS}.get(
        form, _FIELD_KEYS + _POSITION_KEYS
    )
    found = [name for name in names if name in likely]
    found = found or list(names)
    if not found:
        raise CommandError(f"{file} must hold a density or positions, got no array.")
    if len(found) != 1:
        raise CommandError(
            f"{file} holds {', '.join(names)}: name the density or the positions with "
            "--key."
        )
    return found[0]


def _member(file: pathlib.Path, content: Any, name: str) -> np.ndarray:
    if name not in content.files:
        raise CommandError(
            f"{file} must hold {name!r}, got {', '.join(content.files)}."
        )
    try:
        return content[name]
    except MemoryError as error:
        raise _too_large(file) from error
    except (ValueError, EOFError, zipfile.BadZipFile) as error:
        raise CommandError(
            f"{name} in {file} must be a whole array of numbers "
            f"({str(error).rstrip('.')})."
        ) from error


def _array(
    file: pathlib.Path,
    values: np.ndarray,
    request: Request,
    form: str,
    weights: np.ndarray | None,
) -> Source:
    if values.dtype.kind not in "iuf":
        raise CommandError(f"{file} must hold real numbers, got {values.dtype}.")
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    narrow = values.ndim == 2 and 1 <= values.shape[1] <= 3
    chosen = bool(request.columns) or (weights is None and request.weights is not None)
    if form == "grid" or (form == "auto" and not narrow and not chosen):
        wide = values.ndim == 2 and values.shape[0] >= TABLE_ROWS * values.shape[1]
        if wide and form == "auto" and not narrow:
            raise CommandError(
                f"{file} has shape {values.shape}, which looks like a table: name the "
                "columns of the positions with --columns, or say --format grid."
            )
        if narrow:
            raise CommandError(
                f"{file} has shape {values.shape}, which is read as positions: a grid "
                "needs four cells on every axis."
            )
        if weights is not None or chosen:
            raise CommandError(
                "--weights and --columns are of positions, got a grid: weigh the "
                "density itself."
            )
        return Source(values, positions=False)
    if values.ndim != 2:
        raise CommandError(
            f"{file} must hold positions, one a row, got shape {values.shape}."
        )
    columns = {str(j + 1): values[:, j] for j in range(values.shape[1])}
    return _chosen(file, columns, request, weights)


# Tables


def _table(file: pathlib.Path, request: Request) -> Source:
    """A text table: commas, semicolons, tabs or spaces; names in the first line or not.

    Lines that begin with ``#`` are passed over, except a first one with the names.
    """
    if request.form == "grid":
        raise CommandError(f"{file} must be an .npy or .npz file to hold a grid.")
    if request.key:
        raise CommandError(f"--key needs an .npz archive, got {file}.")
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise CommandError(
            f"{file} must be text in UTF-8: {error.reason}; for other files see "
            "--format."
        ) from error
    kept = [(i, line) for i, line in enumerate(lines, 1) if line.strip()]
    body = [(i, line) for i, line in kept if not line.lstrip().startswith("#")]
    if not body:
        raise CommandError(f"{file} must hold positions, one a line, got none.")
    separator = max(",;\t", key=body[0][1].count)
    if separator not in body[0][1]:
        separator = ""
    cells = _split(body[0][1], separator)
    names = [str(j + 1) for j in range(len(cells))]
    if not all(map(is_number, cells)):
        names, body = cells, body[1:]
    elif kept[0][1].lstrip().startswith("#"):
        titles = _split(kept[0][1].lstrip().lstrip("#"), separator)
        if len(titles) == len(names) and len(set(titles)) == len(titles):
            names = titles
    return _chosen(file, _numbers(file, names, body, separator), request, None)


def _split(line: str, separator: str) -> list[str]:
    if not separator:
        return line.split()
    return [cell.strip() for cell in next(csv.reader([line], delimiter=separator))]


def _numbers(
    file: pathlib.Path, names: list[str], body: list[tuple[int, str]], separator: str
) -> dict[str, Any]:
    """Columns by name; a column that is not of numbers is a sentence that says so."""
    if not body:
        raise CommandError(f"{file} must hold positions, got only column names.")
    rows = []
    for line, text in body:
        cells = _split(text, separator)
        if len(cells) != len(names):
            raise wrong_columns(file, len(names), len(cells), line)
        rows.append(cells)
    columns: dict[str, Any] = {}
    for name, column in zip(names, zip(*rows)):
        try:
            columns[name] = np.array(column, np.float64)
        except ValueError:
            at = next(i for i, cell in enumerate(column) if not is_number(cell))
            columns[name] = f"got {column[at]!r} in line {body[at][0]}"
    return columns


def _chosen(
    file: pathlib.Path,
    columns: dict[str, Any],
    request: Request,
    weights: np.ndarray | None,
) -> Source:
    """Positions and weights of the columns that are asked for."""
    names = list(columns)
    wanted = list(request.columns)
    if not wanted:
        lower = {name.lower(): name for name in names}
        wanted = [lower[name] for name in _COORDINATES if name in lower]
    small = {name.lower() for name in names}
    angles = next((pair for pair in _ANGLES if small.issuperset(pair)), ())
    if angles and not request.columns and len(wanted) < 2:
        raise CommandError(
            f"{file} must hold positions, got angles ({', '.join(angles)}): compute "
            "Cartesian coordinates in one unit of length, or name such columns with "
            "--columns."
        )
    if not wanted:
        left = [name for name in names if name != request.weights]
        if len(left) > 3:
            raise CommandError(
                f"{file} has {len(left)} columns ({_few(left)}): name those of the "
                "positions with --columns."
            )
        wanted = left
    if not 1 <= len(wanted) <= 3:
        raise CommandError(
            f"--columns must be one to three, got {len(wanted)}: one for each axis."
        )
    places = np.stack([_column(file, columns, name) for name in wanted], axis=1)
    if weights is None and request.weights is not None:
        weights = _column(file, columns, request.weights)
    return Source(places, weights)


def _column(file: pathlib.Path, columns: dict[str, Any], name: str) -> np.ndarray:
    """A column by its name, or by its number from 1."""
    if name not in columns and name.isdigit() and 1 <= int(name) <= len(columns):
        name = list(columns)[int(name) - 1]
    if name not in columns:
        raise CommandError(f"{file} must have the column {name}, got {_few(columns)}.")
    if isinstance(columns[name], str):
        raise CommandError(
            f"The column {name} of {file} must hold numbers, {columns[name]}."
        )
    return columns[name]


def _few(columns: Iterable[str]) -> str:
    names = list(columns)
    return ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
