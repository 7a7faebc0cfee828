"""Tables and workspaces of the lattice chains, and their interpreted form.

Inside a chain, sites are ordered by (basis, cell), so that the bonds of one kind join
two runs of consecutive cells, up to the seams of the torus. A segment is such a run
without a seam. Bond numbers are ``kind * m + cell`` with m the number of cells rounded
up to a multiple of 32, so that every kind begins with a Philox block of its own.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.fisher import colours, vectors
from geomsci.reference.fisher.lattices import Lattice, bond_sites

ALGORITHMS = {
    "swendsen-wang": colours.SWENDSEN_WANG,
    "wolff": colours.WOLFF,
    "metropolis": colours.METROPOLIS,
}

BLOCKS = 64
"""Philox blocks that are made together; at least 8."""


class Tables(NamedTuple):
    """A lattice with its couplings, as the scalar code reads it.

    Attributes
    ----------
    segments : array of int64, shape (n_segments, 5)
        Runs of bonds: kind, first bond, first site of both ends, length. Chains, whose
        bonds join the sites i and i + 1, come first.
    neighbours : array of uint32, shape (n_sites, z)
    kinds : array of int64, shape (n_basis, z)
        Kind of the bond to every neighbour.
    gates : array of int64, shape (3, d)
        Probability ``1 - exp(-|K|)`` as 8 and 56 bits, and whether ``K < 0``.
    strengths : array of float64, shape (d,)
        Coefficients K of ``delta(s_i, s_j)`` or of ``s_i . s_j``.
    logs : array of float64, shape (257,)
        ``log(k / 256)``.
    """

    segments: Array
    neighbours: Array
    kinds: Array
    gates: Array
    strengths: Array
    logs: Array


def _ends_by_basis(lattice: Lattice, shape: tuple[int, ...], like: Array) -> tuple:
    """Both ends of every bond, shape (d, n), sites ordered by (basis, cell)."""
    n = math.prod(shape)
    starts, ends = bond_sites(lattice, shape, like=like)

    def moved(sites: Array) -> Array:
        return (sites % lattice.n_basis) * n + sites // lattice.n_basis

    return moved(starts), moved(ends)


def _rounded(n: int) -> int:
    return -(-n // 32) * 32


def _segments(starts: Array, ends: Array) -> list[tuple[int, ...]]:
    """Runs of bonds whose ends are a constant number of sites apart."""
    xp = array_namespace(starts)
    d, n = starts.shape
    found = []
    for kind in range(d):
        apart = ends[kind, :] - starts[kind, :]
        (seams,) = xp.nonzero(apart[1:] != apart[:-1])
        bounds = [0, *(int(seams[k]) + 1 for k in range(seams.shape[0])), n]
        for cell, last in itertools.pairwise(bounds):
            start, end = int(starts[kind, cell]), int(ends[kind, cell])
            found.append((kind, kind * _rounded(n) + cell, start, end, last - cell))
    return sorted(found, key=lambda run: (run[3] != run[2] + 1, run[1]))


def _neighbours(
    lattice: Lattice, starts: Array, ends: Array
) -> tuple[Array, list[list[int]]]:
    """Neighbours of every site, and the kinds of the bonds to them by basis."""
    xp = array_namespace(starts)
    kinds: list[list[int]] = [[] for _ in range(lattice.n_basis)]
    columns: list[list[Array]] = [[] for _ in range(lattice.n_basis)]
    for kind, bond in enumerate(lattice.bonds):
        order = xp.argsort(ends[kind, :])
        columns[bond.start].append(ends[kind, :])
        columns[bond.end].append(xp.take(starts[kind, :], order))
        kinds[bond.start].append(kind)
        kinds[bond.end].append(kind)
    tables = [xp.stack(column, axis=1) for column in columns]
    return xp.astype(xp.concat(tables), xp.uint32), kinds


def _gate(strength: float) -> tuple[int, int, int]:
    """The probability to open a bond on the grid of 2**-64, in two parts; the sign."""
    grid = min(int(-math.expm1(-abs(strength)) * 2.0**64), 2**64 - 1)
    return grid >> 56, grid & (2**56 - 1), int(strength < 0)


def lattice_tables(
    lattice: Lattice, shape: tuple[int, ...], strengths: tuple[float, ...], like: Array
) -> Tables:
    """Tables of a torus; ``strengths`` holds K for every kind of bond."""
    xp = array_namespace(like)
    starts, ends = _ends_by_basis(lattice, shape, like)
    neighbours, kinds = _neighbours(lattice, starts, ends)
    logs = [-math.inf, *(math.log(k / 256) for k in range(1, 257))]
    gates = [list(part) for part in zip(*map(_gate, strengths))]
    where = device(like)

    def integers(values: list) -> Array:
        return xp.asarray(values, dtype=xp.int64, device=where)

    def floats(values: list[float]) -> Array:
        return xp.asarray(values, dtype=xp.float64, device=where)

    return Tables(
        integers(_segments(starts, ends)),
        neighbours,
        integers(kinds),
        integers(gates),
        floats(list(strengths)),
        floats(logs),
    )


class Workspace(NamedTuple):
    """What one chain at a time works in; see `workspace_shapes`.

    Attributes
    ----------
    words : int64, two axes
        Words on their way to bytes, with their halves.
    draws : uint8
        One byte per bond and site.
    codes : uint8
        Whether a bond is open; sites of a growing cluster. Zero between updates of
        Wolff.
    parent : uint32
        Smallest site of the cluster of every site.
    pairs : uint32
        Sites to join; sites of a growing cluster in the order of growth.
    spare : int64
        Words of one block.
    projections, direction : float64
        ``r . s_i`` and r.
    """

    words: Array
    draws: Array
    codes: Array
    parent: Array
    pairs: Array
    spare: Array
    projections: Array
    direction: Array


def workspace_shapes(
    n_kinds: int, n_cells: int, n_sites: int, n_components: int
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """(dtype, shape) of the arrays of a `Workspace`; colours have 0 components."""
    n_bonds = n_kinds * _rounded(n_cells)
    return (
        ("int64", (8, BLOCKS)),
        ("uint8", (n_bonds + _rounded(n_sites),)),
        ("uint8", (n_bonds,)),
        ("uint32", (n_sites,)),
        ("uint32", (2 * n_kinds * n_cells + 2,)),
        ("int64", (4,)),
        ("float64", (n_sites if n_components else 1,)),
        ("float64", (max(1, n_components),)),
    )


def shapes_for(tables: Tables, state: Array) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """`workspace_shapes` for the arguments of `sweeps`."""
    n_sites = state.shape[1]
    n_components = state.shape[2] if state.ndim == 3 else 0
    n_cells = n_sites // tables.kinds.shape[0]
    return workspace_shapes(tables.gates.shape[1], n_cells, n_sites, n_components)


def sweeps(
    keys: Array,
    state: Array,
    tables: Tables,
    *,
    q: int,
    algorithm: str,
    first: int,
    n_updates: int,
    n_thin: int,
    n_kept: int,
    n_labels: int,
) -> tuple[Array, Array, Array]:
    """Run independent chains.

    Parameters
    ----------
    keys : array of int64, shape (R, 4)
    state : array, shape (R, n_sites) of int8 or (R, n_sites, 2 or 3) of float64
    tables : Tables
    q : int
        Number of colours; not used for vectors.
    algorithm : str
        A key of `ALGORITHMS`.
    first, n_updates, n_thin : int
        Number of the first update (from 1), of updates, and of updates between two
        kept states.
    n_kept, n_labels : int
        States and clusters to keep.

    Returns
    -------
    state : array
        After the last update.
    kept : array, shape (R, n_kept, *state.shape[1:])
    labels : array of uint32, shape (R, n_labels, n_sites)

    Notes
    -----
    Interpreted on the host: tens of microseconds a site and update. It is what the
    kernels are compared with.
    """
    xp = array_namespace(state)
    where = device(state)
    state = xp.asarray(state, copy=True)
    R = state.shape[0]
    kept = xp.zeros((R, n_kept, *state.shape[1:]), dtype=state.dtype, device=where)
    labels = xp.zeros((R, n_labels, state.shape[1]), dtype=xp.uint32, device=where)
    work = Workspace(
        *(
            xp.zeros(shape, dtype=getattr(xp, dtype), device=where)
            for dtype, shape in shapes_for(tables, state)
        )
    )
    source = vectors if state.ndim == 3 else colours
    source.run_chains(
        ALGORITHMS[algorithm], keys, state, kept, labels, q, *tables,
        first, n_updates, n_thin, 0, R, *work,
    )  # fmt: skip
    return state, kept, labels
