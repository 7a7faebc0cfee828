"""Sums over replicas that grow call by call, in a bounded number of blocks.

Every call brings further samples of the same replicas and makes one block of each.
When there are too many, neighbours are added up and blocks get twice as long: memory
stays bounded, and blocks become long against any autocorrelation time.
"""

from __future__ import annotations

import functools
import itertools
from typing import Any, NamedTuple

from geomsci.backends.arrays import Array, array_namespace
from geomsci.reference.fisher.bispectrum import (
    Moments,
    Torus,
    Triads,
    bispectrum,
    moments,
    triads,
)
from geomsci.reference.fisher.blocks import LARGEST_NUMBER
from geomsci.reference.fisher.cluster_averages import ClusterSums, cluster_sums


class Block(NamedTuple):
    """Sums of one block of each of R replicas, and how many calls are in it."""

    calls: int
    moments: Moments
    thirds: Array
    clusters: ClusterSums | None


class RunningSums(NamedTuple):
    """All blocks so far; a block is full with ``calls_per_block`` calls."""

    reference: Array
    triads: Triads
    calls_per_block: int
    blocks: list[Block]
    energies: Array


def stacked(items: list[Any]) -> Any:
    """Tuples of arrays, field by field, with a new leading axis."""
    xp = array_namespace(items[0][0])
    return type(items[0])(*(xp.stack(list(field)) for field in zip(*items)))


def one_block(
    chains: Array,
    labels: Array | None,
    reference: Array,
    torus: Torus,
    q: int,
    found: Triads,
) -> Block:
    """Sums of one call, chains (R, N, n_sites, ...)."""
    xp = array_namespace(chains)
    each = range(chains.shape[0])
    sums = [moments(chains[r, ...], reference, torus) for r in each]
    thirds = [bispectrum(chains[r, ...], reference, torus, found) for r in each]
    clusters = None
    if labels is not None:
        clusters = stacked(
            [cluster_sums(labels[r, ...], reference, torus, q) for r in each]
        )
    return Block(1, stacked(sums), xp.stack(thirds), clusters)


def all_triads(torus: Torus, *, like: Array) -> Triads:
    """Every triad of the torus in one piece."""
    xp = array_namespace(like)
    pieces = list(triads(torus.shape, like=like, most=2**62))
    return Triads(*(xp.concat(list(field)) for field in zip(*pieces)))


def added(a: Block, b: Block) -> Block:
    """The sums of two blocks as one."""
    clusters = None
    if a.clusters is not None and b.clusters is not None:
        clusters = ClusterSums(*(x + y for x, y in zip(a.clusters, b.clusters)))
    return Block(
        a.calls + b.calls,
        Moments(*(x + y for x, y in zip(a.moments, b.moments))),
        a.thirds + b.thirds,
        clusters,
    )


def extended(sums: RunningSums, block: Block, energies: Array) -> RunningSums:
    """The sums with one more call."""
    xp = array_namespace(energies)
    blocks, size = list(sums.blocks), sums.calls_per_block
    if blocks and blocks[-1].calls < size:
        blocks[-1] = added(blocks[-1], block)
    else:
        blocks.append(block)
    most = max(2, LARGEST_NUMBER // energies.shape[0])
    if len(blocks) > most and blocks[-1].calls == size:
        pairs = [added(a, b) for a, b in zip(blocks[::2], blocks[1::2])]
        blocks = pairs + blocks[2 * len(pairs) :]
        size = 2 * size
    series = xp.concat([sums.energies, energies], axis=1)
    return RunningSums(sums.reference, sums.triads, size, blocks, series)


def coarser(blocks: list[Block], group: int) -> list[Block]:
    """Every ``group`` neighbours added up; the last group may be larger."""
    count = max(1, len(blocks) // group)
    edges = [i * group for i in range(count)] + [len(blocks)]
    return [functools.reduce(added, blocks[i:j]) for i, j in itertools.pairwise(edges)]


def by_replica(blocks: list[Block]) -> tuple[Moments, Array, ClusterSums | None]:
    """Sums of all blocks with one leading axis, replica by replica."""

    def flat(fields: list[Array]) -> Array:
        xp = array_namespace(fields[0])
        x = xp.stack(fields, axis=1)  # (R, b, ...)
        return xp.reshape(x, (-1, *x.shape[2:]))

    sums = Moments(*(flat(list(x)) for x in zip(*(b.moments for b in blocks))))
    clusters = None
    if blocks[0].clusters is not None:
        clusters = ClusterSums(
            *(flat(list(x)) for x in zip(*(b.clusters for b in blocks)))
        )
    return sums, flat([b.thirds for b in blocks]), clusters
