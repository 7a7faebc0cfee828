"""Snapshots in the first GADGET format: what is read and what is refused."""

import struct
from pathlib import Path

import numpy as np
import pytest

from geomsci.datasets.gadget import read_gadget1

REAL = Path(__file__).resolve().parents[3] / "shared/data/cosmology/simu_32_id.gad"
N = 6


def particles(n=N):
    rng = np.random.default_rng(0)
    x, v = rng.random((n, 3)) * 50, rng.standard_normal((n, 3))
    return x, v, np.arange(n)[::-1] + 2**31


def header(order, counts, masses, *, box=50.0, files=1, total=256):
    text = struct.pack(f"{order}6i6d2d", *counts, *masses, 0.5, 1.0)
    text += struct.pack(f"{order}2i6i2i", 0, 0, *counts, 0, files)
    text += struct.pack(f"{order}4d", box, 0.3, 0.7, 0.67)
    return text.ljust(total, b"\0")


def record(order, content):
    mark = struct.pack(f"{order}i", len(content))
    return mark + content + mark


def snapshot(order="<", *, masses=(0, 2, 0, 0, 3, 0), size=4, extra=(), **options):
    """Bytes of a file of four particles of type 1 and two of type 4."""
    x, v, ids = particles()
    parts = [header(order, (0, 4, 0, 0, 2, 0), masses, **options)]
    parts += [a.astype(f"{order}f{size}").tobytes() for a in (x, v)]
    parts.append(ids.astype(f"{order}u{size}").tobytes())
    parts += [np.asarray(e).astype(f"{order}f{size}").tobytes() for e in extra]
    return b"".join(record(order, part) for part in parts)


def read(tmp_path, content):
    path = tmp_path / "file.gad"
    path.write_bytes(content)
    return read_gadget1(path)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("size", [4, 8])
def test_what_is_written_is_read_in_either_byte_order(tmp_path, order, size):
    s = read(tmp_path, snapshot(order, size=size, extra=[np.zeros(3)]))
    x, v, ids = particles()
    np.testing.assert_array_equal(s.positions, x.astype(f"f{size}"))
    np.testing.assert_array_equal(s.velocities, v.astype(f"f{size}"))
    np.testing.assert_array_equal(s.ids, ids)
    assert s.positions.dtype == s.velocities.dtype == s.masses.dtype == np.float64
    assert s.ids.dtype == np.dtype(f"u{size}")
    np.testing.assert_array_equal(s.types, [1, 1, 1, 1, 4, 4])
    np.testing.assert_array_equal(s.masses, [2, 2, 2, 2, 3, 3])
    assert (s.box_size, s.time, s.redshift) == (50.0, 0.5, 1.0)
    assert (s.omega_m, s.omega_lambda, s.h) == (0.3, 0.7, 0.67)
    assert repr(s) == "GadgetSnapshot(6 particles, box 50, redshift 1)"


@pytest.mark.parametrize(
    ("masses", "stored", "expected"),
    [
        ((0, 0, 0, 0, 3, 0), [1, 2, 5, 7], [1, 2, 5, 7, 3, 3]),
        ((9, 2, 0, 0, 0, 0), [8, 6], [2, 2, 2, 2, 8, 6]),
        ((0, 0, 0, 0, 0, 0), range(6), range(6)),
    ],
)
def test_masses_come_from_the_header_or_their_record(
    tmp_path, masses, stored, expected
):
    s = read(tmp_path, snapshot(">", masses=masses, extra=[list(stored)]))
    np.testing.assert_array_equal(s.masses, list(expected))


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_cut_is_noticed(tmp_path, order):
    whole = snapshot(order, masses=(0,) * 6, extra=[range(6)])
    for length in range(len(whole)):
        with pytest.raises(ValueError, match=r"cut short|first number is 256"):
            read(tmp_path, whole[:length])


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_damaged_length_is_noticed(tmp_path, order):
    whole = snapshot(order)
    marks, offset = [], 0
    for part in (256, 12 * N, 12 * N, 4 * N):
        marks += [offset, offset + 4 + part]
        offset += 8 + part
    assert offset == len(whole)
    for at in marks:
        damaged = whole[:at] + struct.pack(f"{order}i", 24) + whole[at + 4 :]
        if damaged != whole:
            with pytest.raises(ValueError, match=r"file\.gad must"):
                read(tmp_path, damaged)


@pytest.mark.parametrize(("first", "second"), ["<>", "><"])
def test_records_of_the_other_byte_order_are_refused(tmp_path, first, second):
    mixed = snapshot(first)[:264] + snapshot(second)[264:]
    with pytest.raises(ValueError, match="mixed byte order"):
        read(tmp_path, mixed)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\1", b"SIMPLE  =  T", b"\x89PNG\r\n\x1a\n" * 40, b"# ID\tlat\n1\t2\n"],
)
def test_other_files_are_refused(tmp_path, content):
    with pytest.raises(ValueError, match="must be a GADGET snapshot, whose first"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (record("<", b"HEAD\0\0\0\0") + snapshot(), "got the second one"),
        (record(">", b"HEAD\0\0\0\0") + snapshot(">"), "got the second one"),
        (snapshot(files=8), "one of its 8 files"),
        (snapshot(box=-1.0), "box size of at least 0"),
        (snapshot(box=np.nan), "box size of at least 0"),
        (snapshot(masses=(np.inf,) * 6), "finite masses"),
        (snapshot(masses=(0,) * 6, extra=[range(5)]), "24 or 48 bytes of masses"),
        (record("<", header("<", (0,) * 6, (1,) * 6)), "count its particles"),
        (record("<", header("<", (0, -4, 8, 0, 0, 0), (1,) * 6)), "count its"),
        (record("<", header("<", (0, 4, 0, 0, 0, 0), (1,) * 6)), "positions of its 4"),
    ],
)
def test_contradictions_are_refused(tmp_path, content, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, content)


@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_of_particles_must_fit_the_records(tmp_path, order):
    whole = snapshot(order)
    seven = header(order, (0, 5, 0, 0, 2, 0), (0, 2, 0, 0, 3, 0))
    with pytest.raises(ValueError, match="84 or 168 bytes of positions"):
        read(tmp_path, record(order, seven) + whole[264:])


def test_positions_must_be_finite(tmp_path):
    whole = snapshot()
    damaged = whole[:268] + np.float32(np.nan).tobytes() + whole[272:]
    with pytest.raises(ValueError, match="finite positions"):
        read(tmp_path, damaged)


def test_missing_file():
    with pytest.raises(FileNotFoundError):
        read_gadget1("no such file.gad")


@pytest.mark.skipif(not REAL.exists(), reason="needs the snapshot simu_32_id.gad")
def test_a_simulation_of_32_cubed_particles():
    s = read_gadget1(REAL)
    assert repr(s) == "GadgetSnapshot(32768 particles, box 50000, redshift 0)"
    assert np.all((s.positions >= 0) & (s.positions < s.box_size))
    assert set(s.types.tolist()) == {1}
    assert (s.omega_m, s.omega_lambda, s.h) == (0.3, 0.7, 0.7)
    # Peculiar velocities of matter are hundreds of km/s along an axis.
    assert 100 < np.std(s.velocities) < 1000
