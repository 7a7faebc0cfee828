"""Sums over all walks around the ring of slots of a torus, with insertions.

With ``x_j(s)`` the row vector that starts in state s of a slot and has moved j slots on
(its own weight left out) on a ring of ``2 L`` slots with weights g,

    Z        = sum_s g(s) <x_L, g x_L>(s),                   x_{j+1} = (x_j g) F,
    Z g_ab   = sum_s (g phi_a)(s) <x_j, g phi_b x_{2L-j}>(s),
    Z T_abc  = sum_s (g phi_b)(s) <y_k, g phi_c x_{2L-j-k}>(s),  y_0 = g phi_a x_j,

if every ``phi`` has mean zero. A pair (b, c) costs no transfer of its own: all bonds of
two slots come from two thin products. Rows s are independent and run in tiles; no
matrix of S x S entries is formed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import each_tile, tile_bytes
from geomsci.reference.fisher import transfer_layers
from geomsci.reference.fisher.transfer_assembly import Blocks, Key
from geomsci.reference.fisher.transfer_layers import (
    BETWEEN,
    INSIDE,
    Permutation,
    Slot,
    Transform,
)

_GROUPS = 16
_POWER_STEPS = 30


class Ring(NamedTuple):
    """The slots of one sector, and the passage between them."""

    slots: tuple[Slot, Slot]
    F: Transform
    length: int  # slots of the ring


class Rows(NamedTuple):
    """States to start from, the symmetries that they stand for, the orbits' sizes."""

    group: list[Permutation]
    states: Array
    sizes: Array


def step(ring: Ring, x: Array, slot: int) -> Array:
    """Multiply by the weight of the slot and move on."""
    return transfer_layers.apply(ring.F, x * ring.slots[slot].weight)


def _walk(ring: Ring, states: Array, start: int, n_steps: int) -> list[Array]:
    """``x_0 .. x_n`` for a tile of starting states."""
    xp = array_namespace(states)
    size = ring.slots[0].weight.shape[0]
    column = xp.arange(size, dtype=xp.int64, device=device(states))
    x = xp.astype(states[:, None] == column[None, :], xp.float64)
    walk = [x, transfer_layers.apply(ring.F, x)]
    for j in range(1, n_steps):
        walk.append(step(ring, walk[-1], start ^ (j & 1)))
    return walk


def add(sums: Blocks, key: Key, value: Array) -> None:
    """Add a value to the sum of its key, which begins with it."""
    sums[key] = sums[key] + value if key in sums else value


def _over_rows(
    work: Callable[[Array, Array, Blocks], None], rows: Rows, ring: Ring
) -> Blocks:
    """Sum ``work(states, sizes, sums)`` over tiles of rows.

    Groups of tiles do not depend on the number of threads, so neither does the result.
    """
    n_rows = rows.states.shape[0]
    row_bytes = 8 * ring.slots[0].weight.shape[0]
    per_tile = max(1, tile_bytes(rows.sizes) // row_bytes)
    n_groups = min(_GROUPS, -(-n_rows // per_tile))
    results: dict[int, Blocks] = {}

    def group(part: slice) -> None:
        first = part.start * n_rows // n_groups
        last = (part.start + 1) * n_rows // n_groups
        sums: Blocks = {}
        for start in range(first, last, per_tile):
            tile = slice(start, min(start + per_tile, last))
            work(rows.states[tile], rows.sizes[tile], sums)
        results[part.start] = sums

    # Three axes, so that threads over tiles get one BLAS thread each.
    each_tile(group, n_groups, 1, like=ring.slots[0].weight[None, None, :], target=1)
    total: Blocks = {}
    for i in range(n_groups):
        for key, value in results[i].items():
            add(total, key, value)
    return total


def means(ring: Ring, rows: Rows) -> Blocks:
    """Z with the key (), and sums of phi in both kinds of slot with keys (kind, 0)."""
    L = ring.length // 2
    odd = L if L % 2 else L - 1
    inside, between = ring.slots

    def work(states: Array, sizes: Array, sums: Blocks) -> None:
        xp = array_namespace(states)
        x = _walk(ring, states, INSIDE, ring.length - odd)
        g = xp.take(inside.weight, states) * sizes
        weight = ring.slots[L % 2].weight
        closed = g * xp.sum(x[L] * weight * x[L], axis=1)
        add(sums, (), xp.sum(closed))
        add(sums, (INSIDE, 0), closed @ xp.take(inside.phi, states, axis=0))
        ends = (g @ (x[odd] * x[ring.length - odd])) * between.weight
        add(sums, (BETWEEN, 0), ends @ between.phi)

    return _over_rows(work, rows, ring)


class _Walks(NamedTuple):
    """A tile of walks from one slot, and the insertions b there."""

    ring: Ring
    start: int
    x: list[Array]  # (B, S) each
    g: Array  # (B, 1), weight of the slot times the size of the orbit
    phi: Array  # (B, n)
    readers: tuple[Array, Array]  # g phi of both kinds of slot

    def b(self) -> Array:
        xp = array_namespace(self.g)
        return xp.permute_dims(self.g * self.phi, (1, 0))


def insertions(ring: Ring, rows: Rows, start: int, a: int, column: int) -> Blocks:
    """Sums over states of two and three insertions, before the division by Z.

    Keys: (a, p) for pairs and (a, p, r) for triples, with p and r the slots of b and c
    counted from that of a. Bond a is the given column of its kind of slot.
    """
    phi_a = ring.slots[a].phi[:, column]
    source = ring.slots[a].weight * phi_a
    inside, between = (slot.weight[:, None] * slot.phi for slot in ring.slots)

    def work(states: Array, sizes: Array, sums: Blocks) -> None:
        xp = array_namespace(states)
        slot = ring.slots[start]
        walks = _Walks(
            ring,
            start,
            _walk(ring, states, start, ring.length - 1),
            (xp.take(slot.weight, states) * sizes)[:, None],
            xp.take(slot.phi, states, axis=0),
            (inside, between),
        )
        if start == a:
            _a_at_the_start(walks, xp.take(phi_a, states)[:, None], sums)
        else:
            _a_elsewhere(walks, a, source, sums)
        _three_slots(walks, a, source, sums)

    return _over_rows(work, rows, ring)


def _a_at_the_start(walks: _Walks, phi_a: Array, sums: Blocks) -> None:
    """Bond a in the slot of the start, alone, with b, or with b and c.

    From inside a layer only other layers' insides are read: the rest is known from
    bond a between two layers.
    """
    xp = array_namespace(phi_a)
    n, a, x, b = walks.ring.length, walks.start, walks.x, walks.b()
    half = n // 2
    middle = walks.ring.slots[a ^ (half & 1)].weight
    closed = xp.sum(x[half] * middle * x[half], axis=1)[:, None]
    add(sums, (a, 0), xp.sum(walks.g * phi_a * closed * walks.phi, axis=0))
    add(sums, (a, 0, 0), b @ (phi_a * closed * walks.phi))
    for j in range(1, half + 1) if a == BETWEEN else range(2, half + 1, 2):
        c = (x[j] * x[n - j]) @ walks.readers[a ^ (j & 1)]
        add(sums, (a, j), xp.sum(walks.g * phi_a * c, axis=0))
        add(sums, (a, 0, j), b @ (phi_a * c))


def _a_elsewhere(walks: _Walks, a: int, source: Array, sums: Blocks) -> None:
    """Bonds b and c in the slot of the start, a in a slot of the other kind."""
    n, x, b = walks.ring.length, walks.x, walks.b()
    for j in range(1, n // 2 + 1, 2):
        ends = ((x[j] * x[n - j]) @ source)[:, None]
        add(sums, (a, -j % n, -j % n), b @ (ends * walks.phi))


def _three_slots(walks: _Walks, a: int, source: Array, sums: Blocks) -> None:
    """Bond b in the slot of the start, a after j more slots, c after another k.

    If a and b are of one kind then so is c; a mixture has bond a between layers.
    """
    ring, x, b = walks.ring, walks.x, walks.b()
    n = ring.length
    for j in range(1 if walks.start != a else 2, n, 2):
        steps = range(1, n - j) if walks.start != a else range(2, n - j, 2)
        reads = [k for k in steps if _stands_for_all(j, k, n - j - k)]
        if not reads:
            continue
        y = transfer_layers.apply(ring.F, x[j] * source)
        for k in range(1, max(reads) + 1):
            kind = a ^ (k & 1)
            if k in reads:
                c = (y * x[n - j - k]) @ walks.readers[kind]
                add(sums, (a, -j % n, k), b @ c)
            y = step(ring, y, kind) if k < max(reads) else y


def _stands_for_all(first: int, second: int, third: int) -> bool:
    """Whether the gaps b to a, a to c, c to b stand for their other orders.

    An exchange of bonds in slots of one kind and a reflection of the ring lead to the
    same slots with the gaps in another order: of two odd gaps, or of three even ones.
    """
    if first % 2 == 0:
        return first <= second <= third
    return first <= (third if third % 2 else second)


def averaged(sums: Blocks, group: list[Permutation]) -> Blocks:
    """Mean over the images of every block: the rows stood for whole orbits."""
    averaged: Blocks = {}
    for key, block in sums.items():
        xp = array_namespace(block)
        total = xp.zeros_like(block)
        for g in group:
            image = block
            for axis, p in enumerate(key[1:]):
                moved = g.bonds if (key[0] ^ (p & 1)) == INSIDE else g.sites
                index = xp.asarray(moved, dtype=xp.int64, device=device(block))
                image = xp.take(image, index, axis=axis)
            total = total + image
        averaged[key] = total / len(group)
    return averaged


def over_sectors(
    sectors: list[tuple[int, Ring]], rows: Rows, sums_of: Callable[[Ring], Blocks]
) -> Blocks:
    """Sums of all sectors by their multiplicities, averaged over the symmetries."""
    total: Blocks = {}
    for multiplicity, ring in sectors:
        for key, value in sums_of(ring).items():
            add(total, key, multiplicity * value)
    return averaged(total, rows.group)


def largest_eigenvalue(ring: Ring) -> float:
    """Of one layer in the neutral sector, about, by powers."""
    xp = array_namespace(ring.slots[INSIDE].weight)
    x = xp.ones_like(ring.slots[INSIDE].weight)[None, :]
    size = 1.0
    for _ in range(_POWER_STEPS):
        x = x / math.sqrt(float(xp.sum(x * x)))
        x = step(ring, step(ring, x, INSIDE), BETWEEN)
        size = math.sqrt(float(xp.sum(x * x)))
    return size
