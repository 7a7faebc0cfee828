"""Layers of a square or cubic torus as alternating diagonal slots.

A torus of ``length`` layers with ``m`` sites each has the partition function

    Z = tr (H W)^length,   H = exp(in-layer energy),   W = V^(x m), V_st = e^{J phi}.

``H`` is diagonal in the configurations of a layer, ``W`` in the characters of the group
of colours, because ``V_st`` depends on ``s = t`` only. With ``F`` the passage between
the two bases, Z is the trace around a ring of ``2 length`` diagonal slots,

    Z = tr (diag(H) F diag(w) F^T)^length,   w(k) = prod_i vhat(k_i).

A bond inside a layer multiplies ``H`` by its ``phi``. A bond between two layers
replaces one factor ``V`` by ``V o phi``, which the same characters diagonalise: it
multiplies ``w(k)`` by the ratio of the eigenvalues of ``V o phi`` and ``V`` at ``k_i``.
So both kinds of slot look alike: a weight, and one factor ``phi`` a bond.

A change of all colours at once commutes with everything. Colours relative to site 0
(``q^(m-1)`` of them) with a total charge kappa make one sector; F is the same in all
of them, only ``w`` knows kappa, through ``k_0 = kappa - sum k_i``. The factors are even
under ``k -> -k``, so the real transform ``cas = cos + sin`` serves in place of the
complex characters. For q = 4 the group is Z_2 x Z_2. For q = 4 and q prime all sectors
but kappa = 0 have the same traces: relabelling colours maps one to the other.
"""

from __future__ import annotations

import itertools
import math
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.fisher.lattices import cell_coordinates

INSIDE, BETWEEN = 0, 1
"""The two kinds of slot: of the bonds inside a layer, of those between two layers."""

SMALLEST_COUPLING = 1e-30
"""A weaker bond between layers is taken to be this strong: no cumulant can tell."""

_DENSE = 300
"""States up to which F for odd q is one matrix and not a product of two."""

_LOG2_FACTOR = 4
"""Size of the Kronecker factors of F for q = 2 and 4: 16 was the fastest measured."""


class Levels(NamedTuple):
    """Values of ``phi`` on equal and on different colours."""

    equal: float
    different: float


LEVELS = {"ising": Levels(1.0, -1.0), "potts": Levels(1.0, 0.0)}


class Slot(NamedTuple):
    """Diagonal factor of a slot (S,), and what each of its bonds multiplies (S, n)."""

    weight: Array
    phi: Array


class Transform(NamedTuple):
    """The passage F between configurations and characters, orthogonal and symmetric.

    For q = 2 and 4 the Kronecker product of ``factors``. Otherwise sites are in two
    groups, ``F = cas(t_1 + t_2) = cos(t_1) cas(t_2) + sin(t_1) cas(-t_2)``: ``factors``
    are ``cos(t_1), cas(t_2)``, ``others`` are ``sin(t_1), cas(-t_2)``.
    """

    factors: tuple[Array, ...]
    others: tuple[Array, ...] = ()


class Permutation(NamedTuple):
    """A symmetry of the cross-section: where its sites and its bonds go."""

    sites: tuple[int, ...]
    bonds: tuple[int, ...]


def sectors(q: int) -> list[tuple[int, int]]:
    """Charges ``kappa`` with different traces, and how many charges share each."""
    if q == 4 or all(q % p for p in range(2, math.isqrt(q) + 1)):
        return [(0, 1), (1, q - 1)]
    return [(k, 1 if 2 * k % q == 0 else 2) for k in range(q // 2 + 1)]


def layer_bonds(lengths: tuple[int, ...]) -> list[tuple[int, int]]:
    """Ends of the bonds of a layer, type by type, in the order of the first sites."""
    cells = list(itertools.product(*map(range, lengths)))
    number = {cell: i for i, cell in enumerate(cells)}
    bonds = []
    for axis, length in enumerate(lengths):
        for cell in cells:
            there = list(cell)
            there[axis] = (there[axis] + 1) % length
            bonds.append((number[cell], number[tuple(there)]))
    return bonds


def point_group(lengths: tuple[int, ...], couplings: list[float]) -> list[Permutation]:
    """Symmetries of the layer that leave site 0 where it is.

    Reflections of the axes, and exchanges of axes of one length and one coupling.
    """
    axes = range(len(lengths))
    kind = list(zip(lengths, couplings))
    cells = list(itertools.product(*map(range, lengths)))
    number = {cell: i for i, cell in enumerate(cells)}
    ends = [frozenset(bond) for bond in layer_bonds(lengths)]
    where = {pair: b for b, pair in enumerate(ends)}
    group = []
    for order in itertools.permutations(axes):
        if any(kind[i] != kind[j] for i, j in zip(axes, order)):
            continue
        for signs in itertools.product((1, -1), repeat=len(lengths)):
            moved = [
                tuple(signs[i] * cell[order[i]] % lengths[i] for i in axes)
                for cell in cells
            ]
            sites = tuple(number[cell] for cell in moved)
            bonds = tuple(where[frozenset(sites[s] for s in pair)] for pair in ends)
            group.append(Permutation(sites, bonds))
    return group


def orbits(q: int, group: list[Permutation], *, like: Array) -> tuple[Array, Array]:
    """First state of every orbit of the group, and how many states the orbit has."""
    xp = array_namespace(like)
    m = len(group[0].sites)
    digits = cell_coordinates((q,) * (m - 1), like=like)
    here = xp.arange(q ** (m - 1), dtype=xp.int64, device=device(like))
    first = here >= 0
    fixed = xp.zeros_like(here)
    for g in group:
        there = xp.zeros_like(here)
        for i in range(1, m):
            there = there + digits[i - 1] * q ** (m - 1 - g.sites[i])
        first = first & (there >= here)
        fixed = fixed + xp.astype(there == here, xp.int64)
    rows = xp.nonzero(first)[0]
    sizes = len(group) / xp.astype(xp.take(fixed, rows), xp.float64)
    return rows, sizes


def _relative_colours(q: int, m: int, like: Array) -> list[Array]:
    """Colours of the sites 1 to m - 1, and a zero for site 0 in front."""
    xp = array_namespace(like)
    colours = cell_coordinates((q,) * (m - 1), like=like)
    return [xp.zeros_like(colours[0]), *colours]


def configuration_slot(
    q: int, lengths: tuple[int, ...], couplings: list[float], model: str, *, like: Array
) -> tuple[Slot, float]:
    """Slot of the bonds inside a layer, largest weight 1; log of what that took."""
    xp = array_namespace(like)
    levels = LEVELS[model]
    m = math.prod(lengths)
    colours = _relative_colours(q, m, like)
    equal = [colours[i] == colours[j] for i, j in layer_bonds(lengths)]
    equal = xp.astype(xp.stack(equal, axis=1), xp.float64)
    phi = levels.different + (levels.equal - levels.different) * equal
    energy = xp.zeros_like(phi[:, 0])
    for i, J in enumerate(couplings):
        # The sum over one type is an exact integer.
        energy = energy + J * xp.sum(phi[:, i * m : (i + 1) * m], axis=1)
    largest = float(xp.max(energy))
    return Slot(xp.exp(energy - largest), phi), largest


class _Eigenvalues(NamedTuple):
    """Of V: ``log vhat(0)``, ``vhat(k) / vhat(0)``; V o phi over V: at 0, at k."""

    log_first: float
    ratio: float
    phi_first: float
    phi_other: float


def _eigenvalues(q: int, J: float, levels: Levels) -> _Eigenvalues:
    if abs(J) < SMALLEST_COUPLING:
        J = SMALLEST_COUPLING
    equal, different = levels
    gap = J * (equal - different)
    if gap > 0:
        # In units of the entry of equal colours; no exponential overflows.
        rare, excess = math.exp(-gap), -math.expm1(-gap)
        first = 1 + (q - 1) * rare
        phi_first = (equal + (q - 1) * different * rare) / first
        log_first = J * equal + math.log(first)
        phi_other = different + (equal - different) / excess
        return _Eigenvalues(log_first, excess / first, phi_first, phi_other)
    rare, excess = math.exp(gap), math.expm1(gap)
    first = rare + (q - 1)
    phi_first = (equal * rare + (q - 1) * different) / first
    log_first = J * different + math.log(first)
    phi_other = equal + (equal - different) / excess
    return _Eigenvalues(log_first, excess / first, phi_first, phi_other)


def dual_slot(
    q: int, m: int, J: float, model: str, charge: int, *, like: Array
) -> tuple[Slot, float]:
    """Slot of the bonds between layers, weight 1 at k = 0; log of what that took."""
    xp = array_namespace(like)
    k = cell_coordinates((q,) * (m - 1), like=like)
    total = xp.full_like(k[0], charge)
    for ki in k:
        total = xp.bitwise_xor(total, ki) if q == 4 else (total - ki) % q
    excited = xp.astype(xp.stack([total, *k], axis=1) != 0, xp.int64)
    v = _eigenvalues(q, J, LEVELS[model])
    powers = xp.asarray(
        [v.ratio**i for i in range(m + 1)], dtype=xp.float64, device=device(like)
    )
    weight = xp.take(powers, xp.sum(excited, axis=1))
    excited = xp.astype(excited, xp.float64)
    phi = v.phi_first * (1 - excited) + v.phi_other * excited
    return Slot(weight, phi), m * v.log_first


def _angles(q: int, sites: int, like: Array) -> Array:
    """Angle of the character k at u for a group of sites, (q^sites, q^sites)."""
    xp = array_namespace(like)
    period = 2 if q == 4 else q
    bits = [[(k & u).bit_count() % 2 for u in range(q)] for k in range(q)]
    turns = [[k * u % q for u in range(q)] for k in range(q)]
    one = xp.asarray(bits if q == 4 else turns, dtype=xp.int64, device=device(like))
    total = xp.zeros((1, 1), dtype=xp.int64, device=device(like))
    for _ in range(sites):
        size = q * total.shape[0]
        total = total[:, None, :, None] + one[None, :, None, :]
        total = xp.reshape(total, (size, size)) % period
    return xp.astype(total, xp.float64) * (2 * math.pi / period)


def transform(q: int, m: int, *, like: Array) -> Transform:
    """F for layers of m sites, see `Transform`."""
    xp = array_namespace(like)
    if q not in (2, 4):
        left = 0 if q ** (m - 1) <= _DENSE else (m - 1) // 2
        first, second = _angles(q, left, like), _angles(q, m - 1 - left, like)
        scale = q ** (-(m - 1) / 2)
        direct = scale * (xp.cos(second) + xp.sin(second))
        if left == 0:
            return Transform((direct,))
        mirrored = scale * (xp.cos(second) - xp.sin(second))
        return Transform((xp.cos(first), direct), (xp.sin(first), mirrored))
    most = _LOG2_FACTOR // (q // 2)
    n_factors = -(-(m - 1) // most)
    bounds = [(m - 1) * i // n_factors for i in range(n_factors + 1)]
    sizes = [last - first for first, last in itertools.pairwise(bounds)]
    # Powers of two under an even root are exact; the odd ones are rounded once.
    factors = [_signs(q, sites, like) * q ** (-sites / 2) for sites in sizes]
    return Transform(tuple(factors))


def _signs(q: int, sites: int, like: Array) -> Array:
    xp = array_namespace(like)
    angles = _angles(q, sites, like)
    return xp.where(angles > 1, -xp.ones_like(angles), xp.ones_like(angles))


def apply(F: Transform, x: Array) -> Array:
    """``x F`` for a batch of row vectors, (B, S)."""
    y = _kronecker(F.factors, x)
    return y + _kronecker(F.others, x) if F.others else y


def _kronecker(factors: tuple[Array, ...], x: Array) -> Array:
    """Rows of x times the Kronecker product of symmetric factors."""
    xp = array_namespace(x)
    y, inner = x, 1
    for f in reversed(factors):
        size = f.shape[0]
        if inner == 1:
            y = xp.reshape(y, (-1, size)) @ f
        else:
            y = f @ xp.reshape(y, (-1, size, inner))
        inner *= size
    return xp.reshape(y, x.shape)
