"""Exact cumulants of a small torus by summing over all of its states.

With ``w = exp(sum_b J_b phi_b - shift)`` and ``X_b = phi_b - mu_b``

    g_ab = sum_s w X_a X_b / Z,   T_abc = sum_s w X_a X_b X_c / Z,   Z = sum_s w,

bond a in the cell 0. Nothing is assumed about the lattice: this is what the other
methods are measured against. One site keeps its state, because a flip of all spins or a
change of colours leaves every ``phi`` alone; that saves a factor q.

States come in tiles: the last sites run through all their states inside a tile, the
first sites are constant in it. The sum over a tile is a matrix product. Tiles are added
up in groups and then the groups, so that rounding grows with the root of the number of
tiles in a group and not with the number of states.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import each_tile, tile_bytes
from geomsci.reference.fisher.cumulants import Cumulants
from geomsci.reference.fisher.lattices import Lattice, bond_sites

LOG2_LARGEST_NUMBER_OF_STATES = 30
"""Beyond it a run takes hours."""

_GROUPS = 64


class _States(NamedTuple):
    """The states of a torus, one site fixed, cut into tiles."""

    q: int
    fixed: int  # sites whose state is constant in a tile, the first one always
    inner: Array  # (n_sites - fixed, tile), colours of the other sites
    starts: Array  # (m,), sites of the bonds
    ends: Array
    n_tiles: int
    model: str


def is_countable(lattice: Lattice, shape: tuple[int, ...], *, q: int) -> bool:
    """Whether the torus has few enough states to sum over."""
    n_sites = math.prod(shape) * lattice.n_basis
    return n_sites * math.log2(q) <= LOG2_LARGEST_NUMBER_OF_STATES + 1e-9


def _require_countable(
    lattice: Lattice, shape: tuple[int, ...], model: str, q: int
) -> None:
    """ValueError with the number of states and the method that would work."""
    if is_countable(lattice, shape, q=q):
        return
    n_sites = math.prod(shape) * lattice.n_basis
    better = "the Monte Carlo estimator"
    if model == "ising" and lattice.dimension == 2:
        better = "method='pfaffian'"
    elif lattice.name in ("square", "cubic"):
        better = "method='transfer_matrix', or Monte Carlo where that does not fit"
    raise ValueError(
        f"method='enumeration' takes at most 2^30 states, got {q}^{n_sites} (about "
        f"10^{n_sites * math.log10(q):.0f}) for the {lattice.name} torus {shape}: use "
        f"{better}."
    )


def _states(
    lattice: Lattice, shape: tuple[int, ...], coupling: Array, model: str, q: int
) -> _States:
    xp = array_namespace(coupling)
    n_sites = math.prod(shape) * lattice.n_basis
    starts, ends = bond_sites(lattice, shape, like=coupling)
    starts, ends = xp.reshape(starts, (-1,)), xp.reshape(ends, (-1,))
    fits = tile_bytes(coupling) // (8 * starts.shape[0])
    free = min(n_sites - 1, max(1, int(math.log(max(fits, q), q))))
    number = xp.arange(q**free, dtype=xp.int64, device=device(coupling))
    colours = [number // q**i % q for i in range(free)]
    inner = xp.astype(xp.stack(colours), xp.float64)
    fixed = n_sites - free
    return _States(q, fixed, inner, starts, ends, q ** (fixed - 1), model)


def _tile(states: _States, tile: int) -> Array:
    """``phi`` of all bonds in all states of one tile, shape (m, states)."""
    inner = states.inner
    xp = array_namespace(inner)
    digits = [tile // states.q**i % states.q for i in range(states.fixed - 1)]
    outer = xp.asarray([0, *digits], dtype=xp.float64, device=device(inner))
    outer = xp.broadcast_to(outer[:, None], (states.fixed, inner.shape[1]))
    sites = xp.concat([outer, inner], axis=0)
    if states.model == "ising":
        sites = 1 - 2 * sites
    first, second = (
        xp.take(sites, states.starts, axis=0),
        xp.take(sites, states.ends, axis=0),
    )
    if states.model == "ising":
        return first * second
    return xp.astype(first == second, xp.float64)


def _energies(phi: Array, coupling: Array) -> Array:
    """``sum_b J_b phi_b`` per state; the sums over a bond type are exact integers."""
    xp = array_namespace(phi)
    per_type = xp.reshape(phi, (coupling.shape[0], -1, phi.shape[1]))
    return xp.sum(coupling[:, None] * xp.sum(per_type, axis=1), axis=0)


def _add(x: tuple[Array, ...], y: tuple[Array, ...]) -> tuple[Array, ...]:
    return tuple(a + b for a, b in zip(x, y))


def _over_tiles(
    states: _States,
    term: Callable[[Array], tuple[Array, ...]],
    combine: Callable[[tuple[Array, ...], tuple[Array, ...]], tuple[Array, ...]] = _add,
) -> tuple[Array, ...]:
    """Combine ``term(phi)`` of all tiles: the tiles of a group, then the groups.

    The groups do not depend on the number of threads, so neither does the result.
    """
    n_groups = min(_GROUPS, states.n_tiles)
    groups: dict[int, tuple[Array, ...]] = {}

    def work(group: slice) -> None:
        first = group.start * states.n_tiles // n_groups
        last = (group.start + 1) * states.n_tiles // n_groups
        total = term(_tile(states, first))
        for tile in range(first + 1, last):
            total = combine(total, term(_tile(states, tile)))
        groups[group.start] = total

    each_tile(work, n_groups, 1, like=states.inner, target=1)
    return functools.reduce(combine, (groups[i] for i in range(n_groups)))


def _weights(states: _States, coupling: Array) -> tuple[Array, Array, Array]:
    """Largest energy, sum of ``w`` and sums of ``w phi`` over the bonds in cell 0."""
    xp = array_namespace(coupling)
    n = states.starts.shape[0] // coupling.shape[0]

    def largest(phi: Array) -> tuple[Array]:
        return (xp.max(_energies(phi, coupling)),)

    def combine(x: tuple[Array, ...], y: tuple[Array, ...]) -> tuple[Array, ...]:
        return (xp.maximum(x[0], y[0]),)

    (shift,) = _over_tiles(states, largest, combine)

    def moments(phi: Array) -> tuple[Array, Array]:
        w = xp.exp(_energies(phi, coupling) - shift)
        return xp.sum(w), phi[::n, :] @ w

    return shift, *_over_tiles(states, moments)


def log_partition(
    lattice: Lattice, shape: tuple[int, ...], coupling: Array, *, model: str, q: int
) -> Array:
    """Logarithm of the sum over all states, 0-d; see `cumulants`."""
    xp = array_namespace(coupling)
    _require_countable(lattice, shape, model, q)
    shift, Z, _ = _weights(_states(lattice, shape, coupling, model, q), coupling)
    return shift + xp.log(Z) + math.log(q)


def cumulants(
    lattice: Lattice, shape: tuple[int, ...], coupling: Array, *, model: str, q: int
) -> Cumulants:
    """First three cumulants of the bonds of a torus, by summing over all states.

    Parameters
    ----------
    lattice : Lattice
    shape : tuple of int
        Cells per axis, each at least 3.
    coupling : array, shape (d,), float64
        One per bond type; it says library and device.
    model : {"ising", "potts"}
        ``phi = s_i s_j`` or ``phi = delta(s_i, s_j)``.
    q : int
        States of a site, 2 for Ising.

    Returns
    -------
    cumulants : Cumulants

    Raises
    ------
    ValueError
        More than 2^30 states.

    Notes
    -----
    ``q^(sites - 1)`` states at ``2 d m^2`` operations each, m = d n bonds: a matrix
    product per tile and bond type. Memory O(d m^2) and a tile.
    """
    xp = array_namespace(coupling)
    _require_countable(lattice, shape, model, q)
    states = _states(lattice, shape, coupling, model, q)
    d, n = coupling.shape[0], math.prod(shape)
    shift, Z, sums = _weights(states, coupling)
    mu = sums / Z
    centre = xp.reshape(xp.broadcast_to(mu[:, None], (d, n)), (d * n, 1))

    def moments(phi: Array) -> tuple[Array, ...]:
        w = xp.exp(_energies(phi, coupling) - shift)
        X = phi - centre
        wX = w * X[::n, :]  # (d, states), the bonds in the cell 0
        third = xp.stack([(wX[a, :] * X) @ X.T for a in range(d)])
        return wX @ X.T, third

    second, third = _over_tiles(states, moments)
    third = xp.permute_dims(xp.reshape(third / Z, (d, d, n, d, n)), (0, 1, 3, 2, 4))
    metric = xp.reshape(second / Z, (d, d, *shape))
    return Cumulants(mu, metric, third, shift + xp.log(Z) + math.log(q))
