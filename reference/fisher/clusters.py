"""Random bytes and connected clusters for the lattice samplers.

Draw ``t`` of an update is a byte, and 56 more bits if the byte alone does not decide
(1 in 256), so that one Philox block serves 32 draws while probabilities are exact to
2**-64. Clusters are found by union-find (Rem's algorithm, where no parent is larger
than its child, so that one ascending pass gives every site its root). Chains of
neighbours ``i, i + 1`` come first: they need no union but a running label. The other
bonds then join the labels of chains, and one that repeats the bond before it is left
out.

The functions are scalar code, see `geomsci.reference.fisher.colours` and
`geomsci.reference.fisher.vectors`, which import and compile them. Like those of
`geomsci.reference.philox` they use no globals but each other.

References
----------
M. M. A. Patwary, J. Blair and F. Manne, "Experiments on union-find algorithms for the
disjoint-set data structure", SEA 2010 (Rem's algorithm).
"""

from geomsci.reference.philox import philox_block, philox_blocks


def random_bytes(key, block, words, draws):
    """Bytes of consecutive blocks, as many as ``draws`` holds (a multiple of 32).

    Draw ``t`` is byte ``t mod 8`` of word ``t // 8``. ``words`` (8, m) is workspace.
    """
    n_blocks = draws.shape[0] // 32
    for first in range(0, n_blocks, words.shape[1]):
        rest = n_blocks - first
        m = words.shape[1] if words.shape[1] < rest else rest
        philox_blocks(key, block + first, m, words)
        for i in range(m):
            for lane in range(4):
                word = words[lane, i]
                at = 32 * (first + i) + 8 * lane
                for j in range(8):
                    draws[at + j] = (word >> (8 * j)) & 255


def byte_of(key, block, t, words):
    """Draw ``t`` of the stream from ``block`` on, asked for in ascending order.

    Makes 256 draws at a time, because blocks are cheaper by the eight.
    """
    if t % 256 == 0:
        philox_blocks(key, block + t // 32, 8, words)
    return (words[(t // 8) % 4, (t // 32) % 8] >> (8 * (t % 8))) & 255


def refinement(key, block, t, spare):
    """56 random bits that extend the byte of draw ``t``."""
    philox_block(key, block + t // 4, spare)
    return (spare[t % 4] >> 8) & 0xFFFFFFFFFFFFFF


def join(parent, x, y):
    """Unite the clusters of two sites (Rem's algorithm with splicing)."""
    a = parent[x]
    b = parent[y]
    while a != b:
        if a < b:
            x, y, a, b = y, x, b, a
        parent[x] = b
        if x == a:
            break
        x = a
        a = parent[x]


def connect(key, refine, segments, gates, codes, parent, pairs, spare):
    """``parent[i]`` becomes the smallest site of the cluster of site ``i``.

    Parameters
    ----------
    key : tuple of int
    refine : int
        Block where the refinements of the bonds begin.
    segments : array of int64, shape (n_segments, 5)
        Runs of bonds, those of chains first: kind, first bond, first sites of both
        ends, length.
    gates : array of int64, shape (3, d)
        Row 1: a bond of code 2 is open if its refinement is smaller.
    codes : array of uint8, shape (n_bonds,)
        0 closed, 1 open, 2 left to the refinement.
    parent : array of uint32, shape (n_sites,)
        Written.
    pairs : array of uint32, shape (2 n_bonds + 2,)
    spare : array of int64, shape (4,)
        Workspaces.
    """
    for i in range(parent.shape[0]):
        parent[i] = i
    n_pairs = 0
    for row in range(segments.shape[0]):
        kind = segments[row, 0]
        bond = segments[row, 1]
        start = segments[row, 2]
        end = segments[row, 3]
        m = segments[row, 4]
        if end == start + 1:
            label = start
            for k in range(m):
                code = codes[bond + k]
                if code == 2:
                    extra = refinement(key, refine, bond + k, spare)
                    code = extra < gates[1, kind]
                label = label if code != 0 else end + k
                parent[end + k] = label
        else:
            last_a = -1
            last_b = -1
            for k in range(m):
                code = codes[bond + k]
                if code == 2:
                    extra = refinement(key, refine, bond + k, spare)
                    code = extra < gates[1, kind]
                a = int(parent[start + k])
                b = int(parent[end + k])
                new = ((a != last_a) | (b != last_b)) & (code != 0)
                pairs[n_pairs] = a
                pairs[n_pairs + 1] = b
                n_pairs += 2 * new
                last_a = a if new else last_a
                last_b = b if new else last_b
    for p in range(0, n_pairs, 2):
        join(parent, pairs[p], pairs[p + 1])
    for i in range(parent.shape[0]):
        parent[i] = parent[parent[i]]
