"""Updates of unit vectors: Swendsen-Wang, Wolff and Metropolis by reflections.

XY (two components) and Heisenberg (three) have the weight ``exp(sum_b J_b s_i . s_j)``.
A random unit vector r embeds Ising variables: the reflection ``s -> s - 2 (r . s) r``
flips the sign of ``p = r . s``.

* Swendsen-Wang: bonds with ``x_b = 2 J_b p_i p_j > 0`` are opened with probability
  ``1 - exp(-x_b)``; every cluster is reflected with probability 1/2.
* Wolff: the one cluster of a random site is reflected.
* Metropolis: n times, the reflection of a random site in a random direction is proposed
  and accepted with probability ``min(1, exp(-2 p sum_j J_ij p_j))``.

Random numbers, tables and workspaces as in `geomsci.reference.fisher.colours`.
Reflected vectors take a Newton step to unit length, so that rounding does not add up.
Interpreted and compiled code agree to rounding, since compilers fuse multiplications
and additions; a decision differs with probability about 1e-16 a draw.

References
----------
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

DIRECTION_BLOCKS = 64
"""Attempts at a random direction; all of them fail with probability below 1e-20."""

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
    "random_direction",
    "projection",
    "reflect",
    "opens",
    "swendsen_wang",
    "wolff",
    "metropolis",
)
"""Functions that `run_chain` calls, for the compiler."""

_NESTED = (
    join,
    philox_blocks,
    philox_next,
    philox_product,
    philox_round,
    philox_rounds,
    philox_word,
)
"""Called by what is imported: the compiler looks for them in this module."""


def random_direction(key, block, spare, direction):
    """Uniform unit vector: the direction of the first point inside the unit ball."""
    for attempt in range(DIRECTION_BLOCKS):
        philox_block(key, block + attempt, spare)
        square = 0.0
        for c in range(direction.shape[0]):
            direction[c] = ((spare[c] >> 11) & 0x1FFFFFFFFFFFFF) * 2.0**-52 - 1.0
            square += direction[c] * direction[c]
        if 1e-8 < square <= 1.0:
            length = math.sqrt(square)
            for c in range(direction.shape[0]):
                direction[c] /= length
            return
    for c in range(direction.shape[0]):
        direction[c] = 1.0 if c == 0 else 0.0


def projection(vectors, i, direction):
    """``r . s_i``."""
    total = 0.0
    for c in range(direction.shape[0]):
        total += direction[c] * vectors[i, c]
    return total


def reflect(vectors, i, direction):
    """``s_i - 2 (r . s_i) r``, with a Newton step towards unit length."""
    twice = 2.0 * projection(vectors, i, direction)
    square = 0.0
    for c in range(direction.shape[0]):
        vectors[i, c] -= twice * direction[c]
        square += vectors[i, c] * vectors[i, c]
    for c in range(direction.shape[0]):
        vectors[i, c] *= 1.5 - 0.5 * square


def opens(u, x, logs, key, refine, t, spare):
    """Whether ``v > exp(-x)`` for draw ``t``, ``v`` in ``[u, u + 1) / 256``."""
    if x <= 0.0 or logs[u + 1] <= -x:
        return False
    if logs[u] >= -x:
        return True
    v = (u + refinement(key, refine, t, spare) * 2.0**-56) / 256.0
    return v > math.exp(-x)


def swendsen_wang(key, block, vectors, tables, work):
    """One Swendsen-Wang update of unit vectors."""
    segments, _, _, gates, strengths, logs = tables
    words, draws, codes, parent, pairs, spare, p, direction = work
    refine = block + DIRECTION_BLOCKS + draws.shape[0] // 32
    random_direction(key, block, spare, direction)
    random_bytes(key, block + DIRECTION_BLOCKS, words, draws)
    for i in range(p.shape[0]):
        p[i] = projection(vectors, i, direction)
    for row in range(segments.shape[0]):
        strength = 2.0 * strengths[segments[row, 0]]
        bond = segments[row, 1]
        start = segments[row, 2]
        end = segments[row, 3]
        for k in range(segments[row, 4]):
            x = strength * p[start + k] * p[end + k]
            u = int(draws[bond + k])
            codes[bond + k] = opens(u, x, logs, key, refine, bond + k, spare)
    connect(key, refine, segments, gates, codes, parent, pairs, spare)
    for i in range(parent.shape[0]):
        if draws[codes.shape[0] + parent[i]] >= 128:
            reflect(vectors, i, direction)


def wolff(key, block, vectors, tables, work):
    """One Wolff update of unit vectors."""
    _, neighbours, kinds, _, strengths, logs = tables
    words, _, marks, _, queue, spare, _, direction = work
    n = neighbours.shape[0]
    n_cells = n // kinds.shape[0]
    bytes_at = block + 1 + DIRECTION_BLOCKS
    refine = bytes_at + marks.shape[0] // 32
    random_direction(key, block + 1, spare, direction)
    philox_block(key, block, spare)
    seed = (((spare[0] >> 32) & 0xFFFFFFFF) * n) >> 32
    queue[0] = seed
    marks[seed] = 1
    head, tail, t = 0, 1, 0
    while head < tail:
        i = queue[head]
        head += 1
        basis = i // n_cells
        own = projection(vectors, i, direction)
        for e in range(neighbours.shape[1]):
            j = neighbours[i, e]
            if marks[j] == 0:
                strength = 2.0 * strengths[kinds[basis, e]]
                x = strength * own * projection(vectors, j, direction)
                u = byte_of(key, bytes_at, t, words)
                if opens(u, x, logs, key, refine, t, spare):
                    marks[j] = 1
                    queue[tail] = j
                    tail += 1
                t += 1
    for m in range(tail):
        i = queue[m]
        marks[i] = 0
        reflect(vectors, i, direction)


def metropolis(key, block, vectors, tables, work):
    """One Metropolis sweep of unit vectors: as many proposals as sites."""
    _, neighbours, kinds, _, strengths, logs = tables
    _, _, _, _, _, spare, _, direction = work
    n = neighbours.shape[0]
    n_cells = n // kinds.shape[0]
    refine = block + n * DIRECTION_BLOCKS
    for t in range(n):
        random_direction(key, block + t * DIRECTION_BLOCKS, spare, direction)
        # The direction has used the first words of the block that it came from.
        i = (((spare[3] >> 32) & 0xFFFFFFFF) * n) >> 32
        u = spare[3] & 255
        x = 0.0
        for e in range(neighbours.shape[1]):
            p = projection(vectors, neighbours[i, e], direction)
            x -= 2.0 * strengths[kinds[i // n_cells, e]] * p
        x *= projection(vectors, i, direction)
        if not opens(u, -x, logs, key, refine, t, spare):
            reflect(vectors, i, direction)


def run_chain(
    algorithm, key, vectors, kept, labels, q, tables, work, first, n_updates, n_thin
):
    """Run one chain of unit vectors.

    Parameters
    ----------
    algorithm : int
        `SWENDSEN_WANG`, `WOLFF` or `METROPOLIS`.
    key : array of int64, shape (4,)
        The 32-bit pieces of the key of its random stream.
    vectors : array of float64, shape (n_sites, 2 or 3)
        The state, written.
    kept : array of float64, shape (n_kept, n_sites, 2 or 3)
        Receives the state after every ``n_thin`` updates.
    labels, q
        Not used: for the signature of `geomsci.reference.fisher.colours.run_chain`.
    tables, work : tuples of arrays
    first, n_updates, n_thin : int
        Number of the first update (from 1, over the life of the chain), of updates,
        and of those between two kept states.
    """
    k = philox_key(key)
    stride = (
        (DIRECTION_BLOCKS + 1) * vectors.shape[0]
        + 9 * work[1].shape[0] // 32
        + DIRECTION_BLOCKS
    )
    for s in range(n_updates):
        block = (first + s) * stride
        if algorithm == 0:
            swendsen_wang(k, block, vectors, tables, work)
        elif algorithm == 1:
            wolff(k, block, vectors, tables, work)
        else:
            metropolis(k, block, vectors, tables, work)
        row = (s + 1) // n_thin - 1
        if (s + 1) % n_thin == 0 and row < kept.shape[0]:
            for i in range(vectors.shape[0]):
                for c in range(vectors.shape[1]):
                    kept[row, i, c] = vectors[i, c]


def run_chains(
    algorithm, keys, vectors, kept, labels, q,
    segments, neighbours, kinds, gates, strengths, logs,
    first, n_updates, n_thin, first_chain, last_chain,
    words, draws, codes, parent, pairs, spare, projections, direction,
):  # fmt: skip
    """`run_chain` for the chains of a range; a leading axis runs over the chains."""
    tables = (segments, neighbours, kinds, gates, strengths, logs)
    work = (words, draws, codes, parent, pairs, spare, projections, direction)
    for r in range(first_chain, last_chain):
        run_chain(
            algorithm, keys[r], vectors[r], kept[r], labels[r], q, tables, work,
            first, n_updates, n_thin,
        )  # fmt: skip
