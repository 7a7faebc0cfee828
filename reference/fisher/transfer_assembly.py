"""From insertions into the slots of a ring to the cumulants of a torus.

A block holds all bonds b, or all pairs of bonds b and c, that sit a given number of
slots after bond a (key ``(a, p)`` or ``(a, p, r)``, a the kind of slot of bond a, which
is in cell 0). Exchanges of the bonds and the reflection of the ring turn one block into
up to twelve; on a cube with one coupling the rotations give the other types of bond a.
"""

from __future__ import annotations

import math

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.fisher.lattices import cell_coordinates, flat_index
from geomsci.reference.fisher.transfer_layers import BETWEEN, INSIDE, Levels

KINDS = (BETWEEN, INSIDE)
"""Kinds of slot in the order of the types of bonds, the transfer's axis in front."""

Key = tuple[int, ...]
Blocks = dict[Key, Array]


def assembled(
    blocks: Blocks, shape: tuple[int, ...], *, is_cube: bool
) -> tuple[Array, Array]:
    """g (d, d, *shape) and T (d, d, d, *shape, *shape) from the blocks computed.

    On a cube with one coupling the blocks have bond a between layers only.
    """
    blocks = images(blocks, shape)
    if not is_cube:
        return metric(blocks, shape, KINDS), third(blocks, shape, KINDS)
    first = (BETWEEN,)
    d = len(shape)
    return (
        all_types(metric(blocks, shape, first), d),
        all_types(third(blocks, shape, first), d),
    )


def images(blocks: Blocks, shape: tuple[int, ...]) -> Blocks:
    """All blocks that exchanges of bonds and the reflection of the ring give.

    Blocks are (A, B m) for pairs and (A, B m, C m) for triples, a in cell 0. With b as
    the new origin ``T_abc(x1, x2) = T_bca(x2 - x1, -x1)``.
    """
    n, m = 2 * shape[0], math.prod(shape[1:])
    like = next(iter(blocks.values()))
    xp = array_namespace(like)
    x = cell_coordinates(shape[1:], like=like)
    minus = flat_index([-xi for xi in x], shape[1:])
    # Row x', column y' of the turned block is row -y', column x' - y' of the block.
    turned = flat_index([xi[:, None] - xi[None, :] for xi in x], shape[1:])
    turned = xp.reshape(minus[None, :] * m + turned, (-1,))

    def turn(key: Key, block: Array) -> tuple[Key, Array]:
        a, p = key[:2]
        A, B = block.shape[0], block.shape[1] // m
        if len(key) == 2:
            block = xp.take(xp.reshape(block, (A, B, m)), minus, axis=2)
            return (a ^ (p & 1), -p % n), xp.reshape(
                xp.permute_dims(block, (1, 0, 2)), (B, A * m)
            )
        C = block.shape[2] // m
        block = xp.permute_dims(xp.reshape(block, (A, B, m, C, m)), (1, 3, 0, 2, 4))
        block = xp.take(xp.reshape(block, (B, C, A, m * m)), turned, axis=3)
        block = xp.permute_dims(xp.reshape(block, (B, C, A, m, m)), (0, 1, 3, 2, 4))
        turned_key = (a ^ (p & 1), (key[2] - p) % n, -p % n)
        return turned_key, xp.reshape(block, (B, C * m, A * m))

    found: Blocks = {}
    for key, block in blocks.items():
        for _ in key:
            for sign in (1, -1):
                image = (key[0], *(sign * p % n for p in key[1:]))
                found.setdefault(image, block)
                if len(key) == 3:
                    swapped = xp.permute_dims(block, (0, 2, 1))
                    found.setdefault((image[0], image[2], image[1]), swapped)
            key, block = turn(key, block)
    return found


def metric(blocks: Blocks, shape: tuple[int, ...], kinds: tuple[int, ...]) -> Array:
    """``g_ab(r)``, a of the types in ``kinds``: shape (types of a, d, *shape)."""
    length, m, d = shape[0], math.prod(shape[1:]), len(shape)
    xp = array_namespace(next(iter(blocks.values())))

    def part(a: int, b: int) -> Array:
        slots = [(2 * t + b - a) % (2 * length) for t in range(length)]
        block = xp.stack([blocks[a, p] for p in slots], axis=1)
        block = xp.reshape(block, (block.shape[0], length, -1, m))
        return xp.permute_dims(block, (0, 2, 1, 3))

    rows = [xp.concat([part(a, b) for b in KINDS], axis=1) for a in kinds]
    return xp.reshape(xp.concat(rows, axis=0), (-1, d, *shape))


def third(blocks: Blocks, shape: tuple[int, ...], kinds: tuple[int, ...]) -> Array:
    """``T_abc(x1, x2)``, shape (types of a, d, d, *shape, *shape)."""
    length, m, d = shape[0], math.prod(shape[1:]), len(shape)
    xp = array_namespace(next(iter(blocks.values())))

    def part(a: int, b: int, c: int) -> Array:
        ps = [(2 * t + b - a) % (2 * length) for t in range(length)]
        rs = [(2 * t + c - a) % (2 * length) for t in range(length)]
        block = xp.stack([blocks[a, p, r] for p in ps for r in rs], axis=0)
        A, B, C = block.shape[1], block.shape[2] // m, block.shape[3] // m
        block = xp.reshape(block, (length, length, A, B, m, C, m))
        return xp.permute_dims(block, (2, 3, 5, 0, 4, 1, 6))

    planes = []
    for a in kinds:
        rows = [xp.concat([part(a, b, c) for c in KINDS], axis=2) for b in KINDS]
        planes.append(xp.concat(rows, axis=1))
    return xp.reshape(xp.concat(planes, axis=0), (-1, d, d, *shape, *shape))


def all_types(first: Array, d: int) -> Array:
    """Cumulants of all types of bond a on a cube from those of the first type.

    An exchange of axis 0 with another one maps the cube with one coupling to itself.
    """
    xp = array_namespace(first)
    n_others = (first.ndim - 1) // (d + 1)
    planes = []
    for j in range(d):
        swap = list(range(d))
        swap[0], swap[j] = j, 0
        planes.append(_reordered(first[0, ...], swap, n_others, n_others))
    return xp.stack(planes, axis=0)


def in_user_order(x: Array, axes: tuple[int, ...]) -> Array:
    """Put types of bonds and lattice axes back in order, ``axes`` being ours."""
    d = len(axes)
    n_bonds = (x.ndim + d) // (d + 1)
    back = [axes.index(i) for i in range(d)]
    return _reordered(x, back, n_bonds, n_bonds - 1)


def _reordered(x: Array, order: list[int], n_types: int, n_grids: int) -> Array:
    """Reorder ``n_types`` axes of bond types and then ``n_grids`` grids of cells."""
    xp = array_namespace(x)
    index = xp.asarray(order, dtype=xp.int64, device=device(x))
    for axis in range(n_types):
        x = xp.take(x, index, axis=axis)
    dims = list(range(n_types))
    for grid in range(n_grids):
        dims += [n_types + grid * len(order) + i for i in order]
    return xp.permute_dims(x, tuple(dims))


def with_contacts(g: Array, T: Array, mu: Array, levels: Levels) -> tuple[Array, ...]:
    """g (d, d, *shape) and T (d, d, d, n, n) with the values of coinciding bonds."""
    xp = array_namespace(g)
    shape, d = g.shape, g.shape[0]
    n, on = math.prod(shape[2:]), device(g)
    g, T = xp.reshape(g, (d, d, n)), xp.reshape(T, (d, d, d, n, n))
    types = xp.arange(d, dtype=xp.int64, device=on)
    cells = xp.arange(n, dtype=xp.int64, device=on)
    same = types[:, None] == types[None, :]
    here = cells == 0
    own = (levels.equal - mu) * (mu - levels.different)
    g = xp.where(same[:, :, None] & here, own[:, None, None], g)
    slope = levels.equal + levels.different - 2 * mu
    h = slope[:, None, None] * g
    k = slope[None, :, None] * g
    ab = same[:, :, None, None, None] & here[None, None, None, :, None]
    ac = same[:, None, :, None, None] & here[None, None, None, None, :]
    bc = same[None, :, :, None, None] & (cells[:, None] == cells[None, :])
    T = xp.where(ab, h[:, None, :, None, :], T)
    T = xp.where(ac, h[:, :, None, :, None], T)
    return xp.reshape(g, shape), xp.where(bc, k[:, :, None, :, None], T)
