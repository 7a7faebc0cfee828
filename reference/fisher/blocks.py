"""How a set of sampled chains is cut into replicas and blocks.

Replicas must be independent: products of different ones have no noise bias. Blocks,
which give the error, must be long against the autocorrelation time and not too few.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace

PARTS = 8
"""A single chain is cut into as many parts, which stand in for replicas."""

LARGEST_NUMBER = 64
"""More blocks than this make the error of the error (9 per cent) hardly smaller."""

SMALLEST_NUMBER = 8
SMALLEST_REPLICA = 16
"""Samples below which the metric of what is left out is too noisy to invert."""

BLOCK_TIMES = 20
"""Autocorrelation times in a block: neighbours are then 1 per cent correlated."""

FEWEST_TIMES = 10
"""Below so many the error is too small by more than it is uncertain: a warning."""

GAP_TIMES = 3
"""Autocorrelation times between two parts of a chain: correlations fall by e^-6."""


class Cut(NamedTuple):
    """Blocks of ``n_replicas`` replicas (or parts of one chain), replica by replica.

    ``edges`` (of each block): chain, first sample, sample after the last.
    """

    n_replicas: int
    n_blocks: int
    edges: list[tuple[int, int, int]]

    @property
    def block_length(self) -> float:
        """Samples in a block, on average."""
        return sum(stop - start for _, start, stop in self.edges) / len(self.edges)

    def blocks(self, chains: Array) -> list[Array]:
        """The blocks of an array (n_chains, n_samples, ...)."""
        return [chains[chain, start:stop, ...] for chain, start, stop in self.edges]


def joined(chains: Array) -> Array:
    """Many chains (R, N, ...) joined end to end into at most 64, if R allows it."""
    xp = array_namespace(chains)
    count, samples = chains.shape[:2]
    if count <= LARGEST_NUMBER:
        return chains
    groups = max(g for g in range(1, LARGEST_NUMBER + 1) if count % g == 0)
    if groups < LARGEST_NUMBER // 4:
        return chains
    return xp.reshape(chains, (groups, count // groups * samples, *chains.shape[2:]))


def parts_of(n_chains: int, n_samples: int, tau: float) -> list[tuple[int, int, int]]:
    """The independent pieces: the chains, or parts of a single one with gaps between.

    Raises
    ------
    ValueError
        If a piece has fewer than 16 samples; the sentence says how many are needed.
    """
    gap = math.ceil(GAP_TIMES * tau) if n_chains == 1 else 0
    pieces = PARTS if n_chains == 1 else n_chains
    per_chain = pieces // n_chains
    length = (n_samples - (per_chain - 1) * gap) // per_chain
    if length < max(SMALLEST_REPLICA, gap):
        needed = PARTS * max(SMALLEST_REPLICA, gap) + (PARTS - 1) * gap
        raise ValueError(
            f"configurations must hold at least {SMALLEST_REPLICA} samples a replica, "
            f"got {n_samples}: sample longer chains."
            if n_chains > 1
            else "configurations must hold at least two replicas, or one chain of at "
            f"least {needed} samples at its autocorrelation time of {tau:.3g}, got "
            f"{n_samples}: sample more, best as independent replicas."
        )
    step = length + gap
    return [
        (chain, i * step, i * step + length)
        for chain in range(n_chains)
        for i in range(per_chain)
    ]


def cut(n_chains: int, n_samples: int, tau: float, n_blocks: int | None) -> Cut:
    """Cut chains with the autocorrelation time ``tau`` into replicas and blocks.

    Parameters
    ----------
    n_chains, n_samples : int
    tau : float
        In samples; 1 for independent ones.
    n_blocks : int or None
        Blocks a replica. None: 64 in all if they keep twenty times ``tau``, fewer
        if not, at least 8 in all.

    Raises
    ------
    ValueError
        Too few samples.
    """
    parts = parts_of(n_chains, n_samples, tau)
    length = parts[0][2] - parts[0][1]
    if n_blocks is None:
        fitting = int(length / (BLOCK_TIMES * tau))
        b = min(max(1, LARGEST_NUMBER // len(parts)), max(1, fitting))
        b = max(b, -(-SMALLEST_NUMBER // len(parts)))
    else:
        b = n_blocks
    if b > length:
        raise ValueError(
            f"n_blocks must be at most the {length} samples of a replica, got {b}."
        )
    edges = [
        (chain, start + i * length // b, start + (i + 1) * length // b)
        for chain, start, _ in parts
        for i in range(b)
    ]
    return Cut(len(parts), b, edges)
