"""Exact cumulants of square and cubic tori by transfer of layers with insertions.

The torus is a ring of slots that hold the bonds inside a layer and those between two
layers in turn (`transfer_layers`). Walks around the ring with two or three bonds
inserted give g and T (`transfer_walks`); every ``phi`` has its mean taken off first, so
that no cumulant is a difference of moments, and nothing is differentiated numerically.

Only what the symmetries leave is computed: bond a in cell 0; gaps between the three
slots up to rotation and reflection of the ring (`transfer_assembly`); states of a layer
up to the symmetries of the layer that leave bond a in place; on a cube with one
coupling one type of bond a.

Two bonds between layers that coincide obey ``X^2 = (phi_1 + phi_0 - 2 mu) X + g_aa``,
``g_aa = (phi_1 - mu) (mu - phi_0)``, with the two values of phi: Ising ``-2 mu`` and
``1 - mu^2``, Potts ``1 - 2 mu`` and ``mu (1 - mu)``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.fisher import (
    transfer_assembly,
    transfer_layers,
    transfer_walks,
)
from geomsci.reference.fisher.cumulants import Cumulants
from geomsci.reference.fisher.lattices import Lattice
from geomsci.reference.fisher.transfer_assembly import Blocks
from geomsci.reference.fisher.transfer_layers import BETWEEN, INSIDE, LEVELS, Slot
from geomsci.reference.fisher.transfer_walks import Ring, Rows

MEMORY_LIMIT = 8 * 1024**3
"""Bytes that a call may take unless it is told otherwise."""

LOG2_LARGEST_LAYER = 16
"""Of the states of a layer; beyond it a run takes hours."""


class _Torus(NamedTuple):
    """The torus with its longest axis in front: the axis of the transfer."""

    axes: tuple[int, ...]  # of the user, in our order
    shape: tuple[int, ...]
    couplings: list[float]
    model: str
    q: int
    like: Array

    @property
    def m(self) -> int:
        """Sites of a layer."""
        return math.prod(self.shape[1:])

    @property
    def d(self) -> int:
        return len(self.shape)

    @property
    def is_cube(self) -> bool:
        """Whether all axes are alike."""
        return len(set(self.shape)) == 1 and len(set(self.couplings)) == 1


def log2_bytes_needed(shape: tuple[int, ...], *, q: int) -> float:
    """Memory of a call of `cumulants`, within a factor of about two."""
    d, n, length = len(shape), math.prod(shape), max(shape)
    m = n // length
    third = math.log2(32 * d**3) + 2 * math.log2(n)
    states = (m - 1) * math.log2(q) + math.log2(8 * (3 * d * m + 4 * length + 8))
    return max(third, states) + math.log2(1 + 2 ** -abs(third - states))


def _require_layers(lattice: Lattice) -> None:
    """ValueError unless the bonds are the unit steps, one type an axis."""
    steps = [bond.offset for bond in lattice.bonds]
    axes = range(lattice.dimension)
    if lattice.n_basis == 1 and steps == [
        tuple(int(i == j) for j in axes) for i in axes
    ]:
        return
    raise ValueError(
        "method='transfer_matrix' takes the square and the cubic lattice, got "
        f"{lattice.name!r}: use method='pfaffian' for a planar Ising model, "
        "'enumeration' for a tiny torus, or the Monte Carlo estimator."
    )


def _require_small(
    lattice: Lattice, shape: tuple[int, ...], model: str, q: int, limit: int
) -> None:
    """MemoryError or ValueError with the size and a method that would work."""
    m = math.prod(shape) // max(shape)
    planar = model == "ising" and lattice.dimension == 2
    better = "method='pfaffian'" if planar else "the Monte Carlo estimator"
    needed = log2_bytes_needed(shape, q=q)
    if needed > math.log2(limit):
        gib = needed - 30
        size = f"{2**gib:.1f}" if gib < 20 else f"10^{gib * math.log10(2):.0f}"
        raise MemoryError(
            f"The transfer matrix of the torus {shape} needs about {size} GiB for "
            f"{q}^{m} states a layer and {math.prod(shape)} cells, more than the limit "
            f"of {limit / 2**30:.1f} GiB: use {better}."
        )
    if m * math.log2(q) > LOG2_LARGEST_LAYER + 1e-9:
        raise ValueError(
            f"method='transfer_matrix' takes at most 2^{LOG2_LARGEST_LAYER} states a "
            f"layer, got {q}^{m} for the torus {shape}, which would take many hours: "
            f"use {better}."
        )


def _torus(shape: tuple[int, ...], coupling: Array, model: str, q: int) -> _Torus:
    front = max(range(len(shape)), key=lambda i: shape[i])
    axes = (front, *(i for i in range(len(shape)) if i != front))
    couplings = [float(coupling[i]) for i in axes]
    return _Torus(axes, tuple(shape[i] for i in axes), couplings, model, q, coupling)


def _sectors(torus: _Torus) -> tuple[list[tuple[int, Ring]], float]:
    """Sectors with their multiplicities, and the logarithm of what was divided out."""
    q, m, like, model = torus.q, torus.m, torus.like, torus.model
    F = transfer_layers.transform(q, m, like=like)
    inside, log_inside = transfer_layers.configuration_slot(
        q, torus.shape[1:], torus.couplings[1:], model, like=like
    )
    sectors = []
    for charge, multiplicity in transfer_layers.sectors(q):
        between, log_between = transfer_layers.dual_slot(
            q, m, torus.couplings[0], model, charge, like=like
        )
        ring = Ring((inside, between), F, 2 * torus.shape[0])
        sectors.append((multiplicity, ring))
    # The neutral sector comes first and holds the largest eigenvalue (Perron).
    largest = transfer_walks.largest_eigenvalue(sectors[0][1])
    inside = Slot(inside.weight / largest, inside.phi)
    scale = torus.shape[0] * (log_inside + log_between + math.log(largest))
    return [
        (multiplicity, ring._replace(slots=(inside, ring.slots[BETWEEN])))
        for multiplicity, ring in sectors
    ], scale


def _orbit_rows(torus: _Torus, fixed: int | None = None) -> Rows:
    """Rows up to the symmetries of the layer, those that leave one bond in place."""
    group = transfer_layers.point_group(torus.shape[1:], torus.couplings[1:])
    if fixed is not None:
        group = [g for g in group if g.bonds[fixed] == fixed]
    return Rows(group, *transfer_layers.orbits(torus.q, group, like=torus.like))


def _means(sums: Blocks, torus: _Torus) -> list[float]:
    """Mean of phi per type in the order of our axes."""
    m, Z = torus.m, float(sums[()])
    inside = [sums[INSIDE, 0][i : i + m] for i in range(0, (torus.d - 1) * m, m)]
    xp = array_namespace(torus.like)
    return [float(xp.mean(x)) / Z for x in (sums[BETWEEN, 0], *inside)]


def _centred(ring: Ring, means: list[float], m: int) -> Ring:
    """The same ring with the mean of its type taken off every ``phi``."""
    inside, between = ring.slots
    xp = array_namespace(inside.phi)
    column = [mu for mu in means[1:] for _ in range(m)]
    column = xp.asarray(column, dtype=xp.float64, device=device(inside.phi))
    return ring._replace(
        slots=(
            Slot(inside.weight, inside.phi - column),
            Slot(between.weight, between.phi - means[0]),
        )
    )


def _blocks(torus: _Torus, sectors: list[tuple[int, Ring]], rows: Rows) -> Blocks:
    """Insertions with bond a of every type in cell 0, means taken off, times Z."""
    xp = array_namespace(torus.like)

    def inserted(rows: Rows, start: int, a: int, column: int) -> Blocks:
        return transfer_walks.over_sectors(
            sectors,
            rows,
            lambda ring: transfer_walks.insertions(ring, rows, start, a, column),
        )

    blocks: Blocks = {}
    for start in (INSIDE, BETWEEN):
        for key, block in inserted(rows, start, BETWEEN, 0).items():
            blocks[key] = block[None, ...]
    if torus.is_cube:
        return blocks
    columns = [i * torus.m for i in range(torus.d - 1)]
    parts = [inserted(_orbit_rows(torus, i), INSIDE, INSIDE, i) for i in columns]
    for key in parts[0]:
        blocks[key] = xp.stack([part[key] for part in parts], axis=0)
    return blocks


def log_partition(
    lattice: Lattice, shape: tuple[int, ...], coupling: Array, *, model: str, q: int
) -> Array:
    """Logarithm of the sum over all states, 0-d; see `cumulants`."""
    _require_layers(lattice)
    _require_small(lattice, shape, model, q, MEMORY_LIMIT)
    torus = _torus(shape, coupling, model, q)
    rows = _orbit_rows(torus)
    sectors, scale = _sectors(torus)
    return scale + array_namespace(coupling).log(_traces(sectors, rows)[()])


def _traces(sectors: list[tuple[int, Ring]], rows: Rows) -> Blocks:
    """Z and the sums of single insertions."""
    return transfer_walks.over_sectors(
        sectors, rows, lambda ring: transfer_walks.means(ring, rows)
    )


def cumulants(
    lattice: Lattice,
    shape: tuple[int, ...],
    coupling: Array,
    *,
    model: str,
    q: int,
    memory_limit: int = MEMORY_LIMIT,
) -> Cumulants:
    """First three cumulants of the bonds of a torus, by transfer of its layers.

    Parameters
    ----------
    lattice : Lattice
        Square or cubic.
    shape : tuple of int
        Cells per axis, each at least 3. The longest axis is the one of the transfer.
    coupling : array, shape (d,), float64
        One per bond type, of any sign, zero too; it says library and device.
    model : {"ising", "potts"}
        ``phi = s_i s_j`` or ``phi = delta(s_i, s_j)``.
    q : int
        States of a site, 2 for Ising.
    memory_limit : int, default 8 GiB
        Bytes that the call may take.

    Returns
    -------
    cumulants : Cumulants

    Raises
    ------
    ValueError
        Another lattice, or more than 2^16 states a layer.
    MemoryError
        More memory than the limit.

    Notes
    -----
    With ``S = q^m`` states of a layer of m sites and L layers: about ``3 L^2 / 2``
    passages of S / q rows of S / q entries for each of two sectors (more if q > 4 is
    no prime), ``O(S^{1/2})`` operations an entry, divided by the symmetries of the
    layer. Memory ``O(S m / q + d^3 n^2)``.
    """
    _require_layers(lattice)
    _require_small(lattice, shape, model, q, memory_limit)
    torus = _torus(shape, coupling, model, q)
    rows = _orbit_rows(torus)
    sectors, scale = _sectors(torus)
    traces = _traces(sectors, rows)
    means = _means(traces, torus)
    sectors = [(w, _centred(ring, means, torus.m)) for w, ring in sectors]
    Z = traces[()]
    blocks = {key: x / Z for key, x in _blocks(torus, sectors, rows).items()}
    g, T = transfer_assembly.assembled(blocks, torus.shape, is_cube=torus.is_cube)
    g = transfer_assembly.in_user_order(g, torus.axes)
    T = transfer_assembly.in_user_order(T, torus.axes)
    xp = array_namespace(coupling)
    mu = [means[torus.axes.index(i)] for i in range(torus.d)]
    mu = xp.asarray(mu, dtype=xp.float64, device=device(coupling))
    g, T = transfer_assembly.with_contacts(g, T, mu, LEVELS[model])
    return Cumulants(mu, g, T, scale + xp.log(Z))
