r"""Curvature of a planar Ising torus in O(n) memory, one momentum after the other.

    |T|^2 = 1/n sum_{k1,k2} h(k1, k2, k3),  k1 + k2 + k3 = 0,

with h the contraction of ``That(k1, k2)`` with three inverses of ``ghat``. Only one
momentum k1 is held at a time. Two savings, both exact:

* h is symmetric in its momenta and under the point group: k1 runs over one momentum of
  each orbit.
* If both sides are even, a triple has one or three momenta with even ``m_1 + m_2``:
  k1 runs over these, and triples whose other two are odd count three times.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from geomsci.backends import run
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import each_tile, tiles
from geomsci.reference.fisher.cumulants import (
    Invariants,
    contracted_square,
    inverse_blocks,
    metric_blocks,
    opposite_momenta,
    trace_norm,
)
from geomsci.reference.fisher.lattices import Lattice, cell_coordinates
from geomsci.reference.fisher.pfaffian import fermions, mixture
from geomsci.reference.fisher.third_transform import (
    Bispectrum,
    bispectrum,
    third_transform,
)
from geomsci.reference.fisher.trace_norm import trace_vector


class Streamed(NamedTuple):
    """Curvature of a torus without its dense third cumulant.

    ``bond_energy`` (d,), ``metric`` (d, d, *shape), ``log_partition`` 0-d,
    ``invariants``, and ``cancellation``, a float.
    """

    bond_energy: Array
    metric: Array
    log_partition: Array
    invariants: Invariants
    cancellation: float


def first_momenta(
    shape: tuple[int, int], reflections: bool, exchange: bool
) -> tuple[list[int], list[int]]:
    """Momenta k1 to run over, and how many each stands for.

    Parameters
    ----------
    shape : (L1, L2)
    reflections : bool
        Reflections of the axes are symmetries; ``k -> -k`` always is.
    exchange : bool
        So is the exchange of the axes.
    """
    L1, L2 = shape
    halved = L1 % 2 == 0 and L2 % 2 == 0
    count: dict[int, int] = {}
    for i in range(L1):
        for j in range(L2):
            if halved and (i + j) % 2:
                continue
            if reflections:
                a, b = min(i, L1 - i), min(j, L2 - j)
                if exchange:
                    a, b = max(a, b), min(a, b)
            else:
                a, b = min((i, j), (-i % L1, -j % L2))
            count[a * L2 + b] = count.get(a * L2 + b, 0) + 1
    return list(count), list(count.values())


def triple_weights(shape: tuple[int, int], k1: Array, k3: Array) -> Array:
    """How often a triple counts when only even k1 are run over, shape (m, n)."""
    xp = array_namespace(k1)
    if shape[0] % 2 or shape[1] % 2:
        return xp.ones(k3.shape, dtype=xp.float64, device=device(k1))
    i, j = cell_coordinates(shape, like=k1)
    weight = xp.where((i + j) % 2 == 0, 1.0 + 0 * xp.astype(i, xp.float64), 3.0)
    return xp.broadcast_to(weight[None, :], k3.shape)


def third_squares(plan: Bispectrum, k1: Array) -> Array:
    """``sum_k2 h(k1, k2, k3)``, each triple as often as it counts, shape (len(k1),).

    Parameters
    ----------
    plan : Bispectrum
    k1 : array of int, shape (m,)
        Flat indices of momenta from `first_momenta`.

    Notes
    -----
    O(d^2 (2d + 1) m n log n) time; the temporaries of a tile of k1 are O(d^3 n).
    """
    xp = array_namespace(plan.Khat)
    d, n = len(plan.factor), plan.Khat.shape[-1]
    results: dict[int, Array] = {}

    def work(tile: slice) -> None:
        part = k1[tile]
        k3 = opposite_momenta(plan.shape, part)
        That = third_transform(plan, part, k3)
        weights = triple_weights(plan.shape, part, k3)
        results[tile.start] = contracted_square(
            That, plan.inverses, part, k3, weights=weights
        )

    each_tile(work, k1.shape[0], 64 * d * d * (2 * d + 1) * n, like=plan.Khat)
    return xp.concat([results[start] for start in sorted(results)])


def curvature(
    lattice: Lattice,
    shape: tuple[int, int],
    coupling: Array,
    *,
    progress: Callable[[list[slice]], Iterable[slice]] = iter,
) -> Streamed:
    """Exact curvature of the Ising model on a planar torus in O(n) memory.

    Parameters
    ----------
    lattice : Lattice
    shape : (L1, L2)
    coupling : array, shape (d,)
    progress : callable
        Hands out the pieces of the work one by one, to show how far it is.

    Notes
    -----
    O(n^2 log n) time.
    """
    xp = array_namespace(coupling)
    model = fermions(lattice, shape, coupling)
    parts = mixture(model, shape, coupling)
    d, n = len(parts.mean), shape[0] * shape[1]
    metric = xp.reshape(parts.metric, (d, d, *shape))
    blocks = metric_blocks(metric)
    inverses, condition = inverse_blocks(blocks)
    tau = trace_vector(model, parts, shape, inverses)

    square = lattice.name == "square"
    J = [float(coupling[i]) for i in range(d)]
    exchange = square and shape[0] == shape[1] and J[0] == J[1]
    k1, counts = first_momenta(shape, square, exchange)
    plan = bispectrum(model, parts, shape, inverses)
    momenta = xp.asarray(k1, dtype=xp.int64, device=device(coupling))
    multiplicity = xp.asarray(counts, dtype=xp.float64, device=device(coupling))
    third_norm = xp.zeros((), dtype=xp.float64, device=device(coupling))
    for part in progress(list(tiles(len(k1), 1, target=max(64, len(k1) // 100)))):
        squares = run("fisher.third_squares", plan, momenta[part])
        third_norm = third_norm + xp.sum(squares * multiplicity[part])
    third_norm = third_norm / n
    return Streamed(
        xp.asarray(list(parts.mean), dtype=xp.float64, device=device(coupling)),
        metric,
        xp.asarray(model.log_partition, dtype=xp.float64, device=device(coupling)),
        Invariants(third_norm, tau, trace_norm(tau, blocks, n), condition),
        model.cancellation,
    )
