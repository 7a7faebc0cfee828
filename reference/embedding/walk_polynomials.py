"""Polynomials of a sparse random walk as a dense symmetric matrix.

``H = sum_{k <= K} w_k P^k`` by Horner's rule, ``V_K = w_K I``, ``V_j = P V_{j+1} + w_j
I``, ``H = V_0``, for a block of columns at a time: two slabs of n x 64 numbers are all
that is written before the result, and where P and w are not negative neither is any
term. A product with P reaches the neighbours of what was reached before, and only the
lower triangle of H is needed. So if the vertices are numbered such that neighbours have
near numbers, each product runs over a range of rows:

    from the larger of (first row reached, first row that the rest needs)
    to the last row reached,

whose ends follow from the first neighbour of all later rows and the last neighbour of
all earlier ones.

The functions below are scalar code: `geomsci.backends.compile` turns this very source
into the host kernel; interpreted, they are its specification.
"""

HELPERS = ("walk_row",)
"""Functions that `polynomial_blocks` calls, for the compiler."""

COLUMNS = 64
"""Columns of a block: a row of it is 512 bytes, the rows near one fit the L2 cache."""


def walk_row(indices, data, first, last, old, row):
    """``row = sum_p data[p] old[indices[p]]`` over ``first <= p < last``.

    Four rows at a time, because the sums go through the cache.
    """
    for k in range(COLUMNS):
        row[k] = 0.0
    p = first
    while p + 3 < last:
        v0, v1, v2, v3 = data[p], data[p + 1], data[p + 2], data[p + 3]
        r0, r1 = old[indices[p]], old[indices[p + 1]]
        r2, r3 = old[indices[p + 2]], old[indices[p + 3]]
        for k in range(COLUMNS):
            row[k] += (v0 * r0[k] + v1 * r1[k]) + (v2 * r2[k] + v3 * r3[k])
        p += 4
    while p < last:
        v0 = data[p]
        r0 = old[indices[p]]
        for k in range(COLUMNS):
            row[k] += v0 * r0[k]
        p += 1


def polynomial_blocks(
    indptr, indices, data, weights, lowest, highest, order, slabs, needed, H, begin, end
):
    """Blocks ``begin .. end - 1`` of 64 columns of H, and their mirror images.

    Parameters
    ----------
    indptr, indices, data : arrays
        P in compressed rows, with a symmetric pattern, in the banded numbering.
    weights : array, shape (K + 1,)
    lowest, highest : integer arrays, shape (n,)
        First neighbour of all rows from i on, last neighbour of all rows up to i.
    order : integer array, shape (n,)
        The vertex that has each number.
    slabs : array, shape (2, n, 64)
        Written.
    needed : integer array, shape (K + 1,)
        Written.
    H : array, shape (n, n)
        Zero before; written at the places of the vertices.
    """
    n = indptr.shape[0] - 1
    K = weights.shape[0] - 1
    for block in range(begin, end):
        start = block * COLUMNS
        width = min(COLUMNS, n - start)
        needed[0] = start
        for j in range(K):
            needed[j + 1] = lowest[needed[j]]
        for i in range(n):
            for k in range(COLUMNS):
                slabs[0, i, k] = 0.0
                slabs[1, i, k] = 0.0
        for k in range(width):
            slabs[0, start + k, k] = weights[K]
        first, last, source = start, start + width - 1, 0
        for j in range(K - 1, -1, -1):
            first, last = lowest[first], highest[last]
            old, new = slabs[source], slabs[1 - source]
            for i in range(max(first, needed[j]), last + 1):
                walk_row(indices, data, indptr[i], indptr[i + 1], old, new[i])
            for k in range(width):
                new[start + k, k] += weights[j]
            source = 1 - source
        result = slabs[source]
        for i in range(start, last + 1):
            for k in range(min(width, i - start + 1)):
                value = result[i, k]
                H[order[i], order[start + k]] = value
                H[order[start + k], order[i]] = value
