"""Updates of discrete spins: Swendsen-Wang, Wolff and Metropolis.

Spins are colours ``0 .. q - 1`` with the weight ``exp(sum_b K_b delta_b)``, where
``delta_b`` is 1 if both ends have the same colour: Potts has ``K_b = J_b``, and Ising
is q = 2 with ``K_b = 2 J_b``.

* Swendsen-Wang: bonds between equal colours (unlike ones if ``K_b < 0``, q = 2) are
  opened with probability ``1 - exp(-|K_b|)``; every cluster of sites that open bonds
  connect is shifted by its own uniform number modulo q.
* Wolff: the one cluster of a random site is shifted by a uniform non-zero number.
* Metropolis: n times, a random site and a random other colour are proposed and accepted
  with probability ``min(1, exp(change of the exponent))``. Random sites and not the
  sites in turn: in turn, K = 0 would change every spin in every sweep for ever.

Random numbers: which Philox block serves a draw is a pure function of the number of
the update and of the bond (Swendsen-Wang), of the order of growth (Wolff) or of the
proposal (Metropolis).

The functions are scalar code for one chain: `geomsci.backends.compile` turns this very
source into the host kernel and into the body of a GPU thread; interpreted, they are the
specification. Nothing is allocated here. The arrays in the tuples ``tables`` and
``work`` are described in `geomsci.reference.fisher.chains`.

References
----------
R. H. Swendsen and J.-S. Wang, Phys. Rev. Lett. 58 (1987) 86.
U. Wolff, Phys. Rev. Lett. 62 (1989) 361.
"""

import math

from geomsci.reference.fisher.clusters import (
    byte_of,
    connect,
    join,
    random_bytes,
    refinement,
)
from geomsci.reference.philox import (
    philox_block,
    philox_blocks,
    philox_key,
    philox_next,
    philox_product,
    philox_round,
    philox_rounds,
    philox_word,
)

SWENDSEN_WANG = 0
WOLFF = 1
METROPOLIS = 2

HELPERS = (
    "philox_product",
    "philox_round",
    "philox_next",
    "philox_key",
    "philox_word",
    "philox_block",
    "philox_rounds",
    "philox_blocks",
    "random_bytes",
    "byte_of",
    "refinement",
    "join",
    "connect",
    "open_bonds",
    "shift_clusters",
    "swendsen_wang",
    "wolff",
    "metropolis",
)
"""Functions that `run_chain` calls, for the compiler."""

_NESTED = (join, philox_next, philox_product, philox_round, philox_rounds, philox_word)
"""Called by what is imported: the compiler looks for them in this module."""


def open_bonds(colours, segments, gates, draws, codes):
    """Code of every bond: 0 closed, 1 open, 2 left to the refinement of its byte."""
    for row in range(segments.shape[0]):
        kind = segments[row, 0]
        bond = segments[row, 1]
        start = segments[row, 2]
        end = segments[row, 3]
        m = segments[row, 4]
        x = colours[start : start + m]
        y = colours[end : end + m]
        u = draws[bond : bond + m]
        code = codes[bond : bond + m]
        level = gates[0, kind]
        if gates[2, kind] != 0:
            for k in range(m):
                code[k] = (x[k] != y[k]) * ((u[k] < level) + 2 * (u[k] == level))
        else:
            for k in range(m):
                code[k] = (x[k] == y[k]) * ((u[k] < level) + 2 * (u[k] == level))


def shift_clusters(key, refine, offset, q, parent, draws, colours, spare):
    """Add a random shift modulo q to the colours of every cluster."""
    for i in range(parent.shape[0]):
        c = int(draws[offset + i]) * q
        if (c & 255) + q > 256 and parent[i] == i:
            c += (refinement(key, refine, offset + i, spare) * q) >> 56
        draws[offset + i] = c >> 8
    for i in range(parent.shape[0]):
        c = int(colours[i]) + int(draws[offset + parent[i]])
        colours[i] = c - q * (c >= q)


def swendsen_wang(key, block, colours, q, tables, work):
    """One Swendsen-Wang update of colours; leaves the clusters in ``parent``."""
    segments, _, _, gates, _, _ = tables
    words, draws, codes, parent, pairs, spare, _, _ = work
    refine = block + draws.shape[0] // 32
    random_bytes(key, block, words, draws)
    open_bonds(colours, segments, gates, draws, codes)
    connect(key, refine, segments, gates, codes, parent, pairs, spare)
    shift_clusters(key, refine, codes.shape[0], q, parent, draws, colours, spare)


def wolff(key, block, colours, q, tables, work):
    """One Wolff update of colours."""
    _, neighbours, kinds, gates, _, _ = tables
    words, _, marks, _, queue, spare, _, _ = work
    n = neighbours.shape[0]
    n_cells = n // kinds.shape[0]
    refine = block + 1 + marks.shape[0] // 32
    philox_block(key, block, spare)
    seed = (((spare[0] >> 32) & 0xFFFFFFFF) * n) >> 32
    shift = 1 + ((((spare[1] >> 8) & 0xFFFFFFFFFFFFFF) * (q - 1)) >> 56)
    queue[0] = seed
    marks[seed] = 1
    head, tail, t = 0, 1, 0
    while head < tail:
        i = queue[head]
        head += 1
        basis = i // n_cells
        for e in range(neighbours.shape[1]):
            j = neighbours[i, e]
            kind = kinds[basis, e]
            if marks[j] == 0 and (colours[i] == colours[j]) != (gates[2, kind] != 0):
                u = byte_of(key, block + 1, t, words)
                found = u < gates[0, kind]
                if u == gates[0, kind]:
                    found = refinement(key, refine, t, spare) < gates[1, kind]
                t += 1
                if found:
                    marks[j] = 1
                    queue[tail] = j
                    tail += 1
    for m in range(tail):
        i = queue[m]
        marks[i] = 0
        c = int(colours[i]) + shift
        colours[i] = c - q * (c >= q)


def metropolis(key, block, colours, q, tables, work):
    """One Metropolis sweep of colours: as many proposals as sites."""
    _, neighbours, kinds, _, strengths, logs = tables
    words, _, _, _, _, spare, _, _ = work
    n = neighbours.shape[0]
    n_cells = n // kinds.shape[0]
    refine = block + n // 4 + 1
    for t in range(n):
        at = (t // 4) % words.shape[1]
        if t % 4 == 0 and at == 0:
            philox_blocks(key, block + t // 4, words.shape[1], words)
        word = int(words[t % 4, at])
        i = (((word >> 32) & 0xFFFFFFFF) * n) >> 32
        choice = ((word >> 8) & 0xFFFFFF) * (q - 1)
        if (choice & 0xFFFFFF) + q - 1 > 0x1000000:
            choice += (refinement(key, refine, 2 * t, spare) * (q - 1)) >> 56
        old = int(colours[i])
        new = old + 1 + (choice >> 24)
        new -= q * (new >= q)
        x = 0.0
        for e in range(neighbours.shape[1]):
            c = int(colours[neighbours[i, e]])
            x += strengths[kinds[i // n_cells, e]] * ((c == new) - (c == old))
        u = word & 255
        accepted = x >= logs[u + 1]
        if not accepted and x > logs[u]:
            extra = refinement(key, refine, 2 * t + 1, spare) * 2.0**-56
            accepted = (u + extra) / 256.0 < math.exp(x)
        if accepted:
            colours[i] = new


def run_chain(
    algorithm, key, colours, kept, labels, q, tables, work, first, n_updates, n_thin
):
    """Run one chain of colours.

    Parameters
    ----------
    algorithm : int
        `SWENDSEN_WANG`, `WOLFF` or `METROPOLIS`.
    key : array of int64, shape (4,)
        The 32-bit pieces of the key of its random stream.
    colours : array of int8, shape (n_sites,)
        The state, written.
    kept : array of int8, shape (n_kept, n_sites)
        Receives the state after every ``n_thin`` updates.
    labels : array of uint32, shape (n_kept or 0, n_sites)
        Receives the clusters of the same updates (Swendsen-Wang only).
    q : int
        Number of colours.
    tables, work : tuples of arrays
    first, n_updates, n_thin : int
        Number of the first update (from 1, over the life of the chain), of updates,
        and of those between two kept states.
    """
    k = philox_key(key)
    stride = colours.shape[0] + 9 * work[1].shape[0] // 32 + 2
    for s in range(n_updates):
        block = (first + s) * stride
        if algorithm == 0:
            swendsen_wang(k, block, colours, q, tables, work)
        elif algorithm == 1:
            wolff(k, block, colours, q, tables, work)
        else:
            metropolis(k, block, colours, q, tables, work)
        row = (s + 1) // n_thin - 1
        if (s + 1) % n_thin == 0 and row < kept.shape[0]:
            for i in range(colours.shape[0]):
                kept[row, i] = colours[i]
            if row < labels.shape[0]:
                for i in range(colours.shape[0]):
                    labels[row, i] = work[3][i]


def run_chains(
    algorithm, keys, colours, kept, labels, q,
    segments, neighbours, kinds, gates, strengths, logs,
    first, n_updates, n_thin, first_chain, last_chain,
    words, draws, codes, parent, pairs, spare, projections, direction,
):  # fmt: skip
    """`run_chain` for the chains of a range; a leading axis runs over the chains."""
    tables = (segments, neighbours, kinds, gates, strengths, logs)
    work = (words, draws, codes, parent, pairs, spare, projections, direction)
    for r in range(first_chain, last_chain):
        run_chain(
            algorithm, keys[r], colours[r], kept[r], labels[r], q, tables, work,
            first, n_updates, n_thin,
        )  # fmt: skip
