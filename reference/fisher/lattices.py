"""Periodic lattices as data: unit cells, bonds, and where their ends lie.

A lattice is a unit cell with ``n_basis`` sites and ``d`` bonds, repeated on a torus
of ``shape`` cells. A bond is (type, cell): in a flat list it is ``type * n + cell``,
cells in C order. A site is ``cell * n_basis + basis``. Each planar bond carries the
angle of its drawing, in degrees in [0, 180), which the Pfaffian route sorts by.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device


class Bond(NamedTuple):
    """A bond of the unit cell: from a site of the cell to one of a neighbour cell."""

    start: int
    end: int
    offset: tuple[int, ...]
    angle: float = math.nan


class Lattice(NamedTuple):
    """A unit cell."""

    name: str
    dimension: int
    n_basis: int
    bonds: tuple[Bond, ...]


SQUARE = Lattice("square", 2, 1, (Bond(0, 0, (1, 0), 0.0), Bond(0, 0, (0, 1), 90.0)))
TRIANGULAR = Lattice(
    "triangular",
    2,
    1,
    (
        Bond(0, 0, (1, 0), 0.0),
        Bond(0, 0, (0, 1), 60.0),
        Bond(0, 0, (-1, 1), 120.0),
    ),
)
HONEYCOMB = Lattice(
    "honeycomb",
    2,
    2,
    (
        Bond(0, 1, (0, 0), 90.0),
        Bond(1, 0, (0, 1), 30.0),
        Bond(1, 0, (-1, 1), 150.0),
    ),
)
KAGOME = Lattice(
    "kagome",
    2,
    3,
    (
        Bond(0, 1, (0, 0), 0.0),
        Bond(1, 0, (1, 0), 0.0),
        Bond(0, 2, (0, 0), 60.0),
        Bond(2, 0, (0, 1), 60.0),
        Bond(1, 2, (0, 0), 120.0),
        Bond(2, 1, (-1, 1), 120.0),
    ),
)
CUBIC = Lattice(
    "cubic",
    3,
    1,
    (Bond(0, 0, (1, 0, 0)), Bond(0, 0, (0, 1, 0)), Bond(0, 0, (0, 0, 1))),
)

LATTICES = {
    lattice.name: lattice for lattice in (SQUARE, TRIANGULAR, HONEYCOMB, KAGOME, CUBIC)
}


def cell_coordinates(shape: tuple[int, ...], *, like: Array) -> list[Array]:
    """Coordinates of all cells in C order, one integer array of length n an axis."""
    xp = array_namespace(like)
    rest = xp.arange(math.prod(shape), dtype=xp.int64, device=device(like))
    coordinates = []
    for length in reversed(shape):
        coordinates.append(rest % length)
        rest = rest // length
    return coordinates[::-1]


def flat_index(coordinates: list[Array], shape: tuple[int, ...]) -> Array:
    """Cell numbers in C order of integer coordinates, wrapped around the torus."""
    index = coordinates[0] % shape[0]
    for x, length in zip(coordinates[1:], shape[1:]):
        index = index * length + x % length
    return index


def bond_sites(
    lattice: Lattice, shape: tuple[int, ...], *, like: Array
) -> tuple[Array, Array]:
    """First and second site of every bond: two integer arrays of shape (d, n)."""
    xp = array_namespace(like)
    x = cell_coordinates(shape, like=like)
    here = flat_index(x, shape)
    starts, ends = [], []
    for bond in lattice.bonds:
        there = flat_index([c + step for c, step in zip(x, bond.offset)], shape)
        starts.append(here * lattice.n_basis + bond.start)
        ends.append(there * lattice.n_basis + bond.end)
    return xp.stack(starts), xp.stack(ends)
