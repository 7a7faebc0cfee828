"""Reads particle snapshots of N-body simulations in the first GADGET format."""

from __future__ import annotations

import dataclasses
import os
from typing import NamedTuple

import numpy as np

_HEADER_BYTES = 256
_NAMED_BLOCK_BYTES = 8  # the first record of the format with named blocks
_MARK_BYTES = 4
_N_TYPES = 6


@dataclasses.dataclass(frozen=True)
class GadgetSnapshot:
    """Particles of one snapshot, in the file's own units.

    Attributes
    ----------
    positions : NumPy array, shape (n, 3), float64
        Comoving, usually in kpc/h or Mpc/h: the file does not say.
    velocities : NumPy array, shape (n, 3), float64
        As stored: the peculiar velocity over the square root of the scale factor,
        usually in km/s.
    ids : NumPy array, shape (n,), uint32 or uint64
    masses : NumPy array, shape (n,), float64
        Usually in 1e10 solar masses / h.
    types : NumPy array, shape (n,), int8
        0 gas, 1 halo, 2 disk, 3 bulge, 4 stars, 5 boundary; the particles are sorted by
        it.
    box_size : float
        Side of the periodic box, in the unit of ``positions``; 0 if there is none.
    time : float
        Scale factor, in cosmological runs.
    redshift : float
    omega_m, omega_lambda : float
        Densities today in units of the critical one.
    h : float
        Hubble constant in units of 100 km/s/Mpc.
    """

    positions: np.ndarray
    velocities: np.ndarray
    ids: np.ndarray
    masses: np.ndarray
    types: np.ndarray
    box_size: float
    time: float
    redshift: float
    omega_m: float
    omega_lambda: float
    h: float

    def __len__(self) -> int:
        return len(self.positions)

    def __repr__(self) -> str:
        return (
            f"GadgetSnapshot({len(self)} particles, box {self.box_size:g}, redshift "
            f"{self.redshift:g})"
        )


def read_gadget1(path: str | os.PathLike[str]) -> GadgetSnapshot:
    """Read a snapshot in the first format of GADGET, of either byte order.

    Parameters
    ----------
    path : path
        Fortran records: an int32 length, that many bytes, the length again. The first
        holds the header of 256 bytes, the next ones positions, velocities, ids and,
        if particles of a type have no common mass in the header, masses. Further
        records are passed over. Numbers may have 4 or 8 bytes.

    Returns
    -------
    snapshot : GadgetSnapshot
        In the file's own units.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not such a file, is cut short, contradicts itself (a length differs
        behind its record, or a record does not fit the number of particles), holds
        positions that are not finite, or is one of several files of a snapshot.

    Notes
    -----
    The byte order is that in which the first number is 256. O(n) time; memory about
    twice the file.

    References
    ----------
    V. Springel, N. Yoshida, S. D. M. White, New Astronomy 6 (2001) 79, and the GADGET
    user guide: section on the default snapshot format.
    """
    name = os.fspath(path)
    with open(path, "rb") as file:
        raw = file.read()
    order = _byte_order(name, raw)
    records = _records(name, raw, order)
    header = _header(name, records[0], order)
    n = sum(header.counts)
    masses_apart = sum(
        count for count, mass in zip(header.counts, header.masses) if mass == 0
    )
    wanted = [("positions", 3 * n, "f"), ("velocities", 3 * n, "f"), ("ids", n, "u")]
    if masses_apart:
        wanted.append(("masses", masses_apart, "f"))
    found = {}
    for i, (what, count, letter) in enumerate(wanted):
        if i + 1 >= len(records):
            raise ValueError(
                f"{name} must hold a record of {what} of its {n} particles, got only "
                f"{len(records)} records: the file is cut short or is not a snapshot."
            )
        found[what] = _numbers(name, what, records[i + 1], count, letter, order)
    positions = found["positions"].astype(np.float64).reshape(n, 3)
    if not np.all(np.isfinite(positions)):
        raise ValueError(
            f"{name} must hold finite positions, got NaN or infinity: the file is "
            "damaged."
        )
    types = np.repeat(np.arange(_N_TYPES, dtype=np.int8), header.counts)
    masses = np.asarray(header.masses)[types]
    if masses_apart:
        masses[masses == 0] = found["masses"]
    return GadgetSnapshot(
        positions=positions,
        velocities=found["velocities"].astype(np.float64).reshape(n, 3),
        ids=found["ids"].astype(found["ids"].dtype.newbyteorder("=")),
        masses=masses,
        types=types,
        box_size=header.box_size,
        time=header.time,
        redshift=header.redshift,
        omega_m=header.omega_m,
        omega_lambda=header.omega_lambda,
        h=header.h,
    )


class _Header(NamedTuple):
    counts: tuple[int, ...]
    masses: tuple[float, ...]
    time: float
    redshift: float
    box_size: float
    omega_m: float
    omega_lambda: float
    h: float


def _byte_order(name: str, raw: bytes) -> str:
    """``"<"`` or ``">"``, in which the first number is the length of the header."""
    first = {order: _mark(raw, 0, order) for order in "<>"}
    for order, length in first.items():
        if length == _HEADER_BYTES:
            return order
        if length == _NAMED_BLOCK_BYTES and raw[4:8] == b"HEAD":
            raise ValueError(
                f"{name} must be a snapshot of the first GADGET format, got the second "
                "one with named blocks: write it with SnapFormat 1."
            )
    raise ValueError(
        f"{name} must be a GADGET snapshot, whose first number is {_HEADER_BYTES}, got "
        f"{first['<'] if len(raw) >= _MARK_BYTES else 'less than four bytes'}: check "
        "that it is a snapshot of format 1."
    )


def _mark(raw: bytes | memoryview, offset: int, order: str) -> int:
    """The int32 at ``offset``, -1 if the file ends before."""
    if len(raw) < offset + _MARK_BYTES:
        return -1
    return int(np.frombuffer(raw, f"{order}i4", 1, offset)[0])


def _records(name: str, raw: bytes, order: str) -> list[memoryview]:
    """Contents of all records, their lengths checked on both sides."""
    records: list[memoryview] = []
    offset, view = 0, memoryview(raw)
    while offset < len(raw):
        length = _mark(raw, offset, order)
        if length < 0 and len(raw) - offset >= _MARK_BYTES:
            raise ValueError(
                f"{name} must hold a record at byte {offset}, got the length {length}: "
                "the file is damaged or of mixed byte order."
            )
        end = offset + _MARK_BYTES + length
        if length < 0 or end + _MARK_BYTES > len(raw):
            needed = "a length" if length < 0 else f"{length} bytes and their length"
            raise ValueError(
                f"{name} must hold {needed} in record {len(records) + 1} at byte "
                f"{offset}, got the end of the file at byte {len(raw)}: the file is "
                "cut short or of mixed byte order."
            )
        again = _mark(raw, end, order)
        if again != length:
            raise ValueError(
                f"{name} must repeat the length {length} behind record "
                f"{len(records) + 1} at byte {end}, got {again}: the file is damaged "
                "or is not a GADGET snapshot."
            )
        records.append(view[offset + _MARK_BYTES : end])
        offset = end + _MARK_BYTES
    return records


def _header(name: str, raw: memoryview, order: str) -> _Header:
    """The numbers of the header that are read, plausible or refused."""

    def doubles(offset: int, count: int) -> tuple[float, ...]:
        values = np.frombuffer(raw, f"{order}f8", count, offset)
        return tuple(float(value) for value in values)

    counts = tuple(int(c) for c in np.frombuffer(raw, f"{order}i4", _N_TYPES, 0))
    masses = doubles(24, _N_TYPES)
    time, redshift = doubles(72, 2)
    files = _mark(raw, 124, order)
    box_size, omega_m, omega_lambda, h = doubles(128, 4)
    if min(counts) < 0 or sum(counts) == 0:
        raise ValueError(
            f"{name} must count its particles of six types, got {counts}: the header "
            "is damaged or this is not a GADGET snapshot."
        )
    if not (box_size >= 0 and np.isfinite(box_size) and np.all(np.isfinite(masses))):
        raise ValueError(
            f"{name} must have finite masses and a box size of at least 0 in its "
            f"header, got {masses} and {box_size}: the header is damaged."
        )
    if files > 1:
        raise ValueError(
            f"{name} must hold a whole snapshot, got one of its {files} files: join "
            "them first."
        )
    return _Header(counts, masses, time, redshift, box_size, omega_m, omega_lambda, h)


def _numbers(
    name: str, what: str, raw: memoryview, count: int, letter: str, order: str
) -> np.ndarray:
    """``count`` numbers of 4 or 8 bytes; one sentence if the record has others."""
    for size in (4, 8):
        if len(raw) == size * count:
            return np.frombuffer(raw, f"{order}{letter}{size}")
    raise ValueError(
        f"{name} must hold {4 * count} or {8 * count} bytes of {what} by the number of "
        f"particles in its header, got {len(raw)}: the file is damaged or is not a "
        "GADGET snapshot."
    )
