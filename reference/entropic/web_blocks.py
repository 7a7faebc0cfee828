"""Eigenvalues of the cosmic web block by block, for compilers that fill registers.

The same voxel by voxel formulas as `geomsci.reference.entropic.web`. A loop that reads
ten arrays and writes two is left scalar by compilers, which cannot know that none
overlaps another. Here the entries of K pass through one small array, and the middle
loop has no branch, a known length and one base: four voxels of double precision at once
on x86-64 with AVX2.
"""

import math as math  # a global of the helpers, as all names of `__all__`

from geomsci.reference.entropic.web import (
    SMALLEST,
    SQRT3,
    cubic_invariants,
    deviator,
    eigenvalues_3,
    quotient_3,
    trisected,
)

HELPERS = ("deviator", "cubic_invariants", "trisected", "eigenvalues_3", "quotient_3")
"""Functions that the loop below needs compiled, and put into its body."""

BLOCK = 256
"""Voxels of a block: nine float64 of each fit the first-level cache."""

__all__ = [
    "BLOCK", "HELPERS", "SMALLEST", "SQRT3", "cubic_invariants", "deviator",
    "eigenvalues_3", "quotient_3", "quotient_eigenvalues_3_blocks", "trisected",
]  # fmt: skip


def quotient_eigenvalues_3_blocks(
    rho, x, y, z, xx, xy, xz, yy, yz, zz, weight, threshold, values, count, scratch,
    first, last,
):  # fmt: skip
    """Voxels ``first .. last - 1``: eigenvalues (n, 3) and number above (n,).

    Parameters
    ----------
    rho, x, y, z, xx, xy, xz, yy, yz, zz : arrays, shape (n,)
    weight, threshold : float
        As in `geomsci.reference.entropic.web.quotient_eigenvalues`.
    values : array, shape (n, 3)
        Written.
    count : int8 array, shape (n,)
        Written.
    scratch : float64 array, shape (9 BLOCK,), finite
        Overwritten; not shared between threads.
    first, last : int

    Notes
    -----
    The middle loop always runs over a whole block, so that every voxel sees the same
    instructions, wherever a piece begins or ends.
    """
    for start in range(first, last, BLOCK):
        n = min(BLOCK, last - start)
        for j in range(n):
            i = start + j
            a, b, c, d, e, f = quotient_3(
                1.0 * rho[i], 1.0 * x[i], 1.0 * y[i], 1.0 * z[i],
                1.0 * xx[i], 1.0 * xy[i], 1.0 * xz[i],
                1.0 * yy[i], 1.0 * yz[i], 1.0 * zz[i], weight,
            )  # fmt: skip
            scratch[j], scratch[BLOCK + j], scratch[2 * BLOCK + j] = a, b, c
            scratch[3 * BLOCK + j], scratch[4 * BLOCK + j] = d, e
            scratch[5 * BLOCK + j] = f
        for j in range(BLOCK):
            low, middle, high = eigenvalues_3(
                scratch[j], scratch[BLOCK + j], scratch[2 * BLOCK + j],
                scratch[3 * BLOCK + j], scratch[4 * BLOCK + j], scratch[5 * BLOCK + j],
            )  # fmt: skip
            scratch[6 * BLOCK + j], scratch[7 * BLOCK + j] = low, middle
            scratch[8 * BLOCK + j] = high
        for j in range(n):
            i = start + j
            low, middle = scratch[6 * BLOCK + j], scratch[7 * BLOCK + j]
            high = scratch[8 * BLOCK + j]
            values[i, 0], values[i, 1], values[i, 2] = low, middle, high
            count[i] = (
                int(low > threshold) + int(middle > threshold) + int(high > threshold)
            )
