r"""Number of eigenvalues above a threshold, from invariants, without eigenvalues.

All roots of the characteristic polynomial of a symmetric matrix B,

.. math:: \lambda^3 - I_1 \lambda^2 + I_2 \lambda - I_3,

are real, so by Descartes' rule the number of positive ones is the number of changes of
sign in (1, -I_1, I_2, -I_3). With :math:`B = K - \theta I` this counts the eigenvalues
of K above :math:`\theta`: 0 void, 1 sheet, 2 filament, 3 node.

Entries are divided by the largest of them first, so the result does not depend on the
unit, and in float32 the determinant cannot leave the range of the numbers
(:math:`R^2 K` need not be formed).

The sign of a determinant is uncertain within some roundings. That happens where an
eigenvalue equals the threshold, but also where two of them are closer to it than the
square root of the precision (nearly one-dimensional fields), which are far from ties.
Below `DOUBT` roundings the eigenvalues of K decide; above, every eigenvalue differs
from the threshold by more than its own error. So both routes agree on every voxel, ties
included, if they compute in the same precision.

References
----------
R. Descartes, La Geometrie (1637), book III; D. R. Curtiss, "Recent extensions of
Descartes' rule of signs", Ann. of Math. 19 (1918) 251.
"""

import math as math  # a global of the compiled helpers, as is all of `__all__`

from geomsci.backends.arrays import Array, array_namespace, device, eps
from geomsci.reference.entropic.symmetric_eigenvalues import (
    SMALLEST,
    SQRT3,
    cubic_invariants,
    deviator,
    eigenvalues_2,
    eigenvalues_3,
    eigenvalues_of,
    over_rows,
    trisected,
)

__all__ = [
    "SQRT3", "cubic_invariants", "deviator", "eigenvalue_signature", "eigenvalues_2",
    "eigenvalues_3", "signature_2", "signature_3", "signature_of", "trisected",
]  # fmt: skip

DOUBT = 256.0
"""Roundings of a scaled determinant below which its sign is not trusted.

The other factors of a determinant are at most 3 and 3, so an eigenvalue is then at
least 28 roundings from the threshold; `eigenvalues_3` errs by less than 16.
"""

UNSURE = DOUBT * 2.0**-52
"""`DOUBT` in double precision, in which compiled code always computes."""

HELPERS_3 = (
    "deviator", "cubic_invariants", "trisected", "eigenvalues_3",
    "principal_invariants", "changes_of_sign", "signature_3",
)  # fmt: skip
"""Functions that `signature_3` and its callers need compiled."""

HELPERS_2 = ("eigenvalues_2", "signature_2")
"""The same for `signature_2`."""


def principal_invariants(xx, xy, xz, yy, yz, zz):
    """Trace, sum of the principal minors, determinant (scalars or arrays)."""
    first = yy * zz - yz * yz
    second = (xx * yy - xy * xy) + (xx * zz - xz * xz) + first
    det = xx * first - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz)
    return xx + yy + zz, second, det


def changes_of_sign(trace, second, det):
    """Changes of sign in (1, -I_1, I_2, -I_3) for a determinant that is not zero."""
    if det > 0.0:
        return 3 if trace > 0.0 and second > 0.0 else 1
    return 0 if trace < 0.0 and second > 0.0 else 2


def signature_3(xx, xy, xz, yy, yz, zz, threshold):
    """Number of eigenvalues of a symmetric 3 x 3 matrix above a threshold (scalars).

    Parameters
    ----------
    xx, xy, xz, yy, yz, zz : float, finite
    threshold : float

    Returns
    -------
    count : int, 0 to 3
        Eigenvalues that `eigenvalues_3` finds to be > ``threshold``.

    Notes
    -----
    About 30 operations and one division, except where the eigenvalues must decide.
    """
    x, y, z = xx - threshold, yy - threshold, zz - threshold
    size = max(abs(x), abs(y), abs(z), abs(xy), abs(xz), abs(yz), abs(threshold))
    if size > SMALLEST:
        scale = 1.0 / size
        trace, second, det = principal_invariants(
            x * scale, xy * scale, xz * scale, y * scale, yz * scale, z * scale
        )
        if abs(det) > UNSURE:
            return changes_of_sign(trace, second, det)
    low, middle, high = eigenvalues_3(xx, xy, xz, yy, yz, zz)
    return int(low > threshold) + int(middle > threshold) + int(high > threshold)


def signature_2(xx, xy, yy, threshold):
    """Number of eigenvalues of a symmetric 2 x 2 matrix above a threshold (scalars)."""
    x, y = xx - threshold, yy - threshold
    size = max(abs(x), abs(y), abs(xy), abs(threshold))
    if size > SMALLEST:
        scale = 1.0 / size
        trace = (x + y) * scale
        det = (x * scale) * (y * scale) - (xy * scale) * (xy * scale)
        if abs(det) > UNSURE:
            if det < 0.0:
                return 1
            return 2 if trace > 0.0 else 0
    low, high = eigenvalues_2(xx, xy, yy)
    return int(low > threshold) + int(high > threshold)


# Loops of the kernels


def signatures_of_rows_3(K, threshold, out, first, last):
    """Rows ``first .. last - 1`` of packed K (n, 6) into the integers ``out`` (n,)."""
    for i in range(first, last):
        # The factor 1.0 raises float32 to double precision in compiled code.
        out[i] = signature_3(
            1.0 * K[i, 0], 1.0 * K[i, 1], 1.0 * K[i, 2],
            1.0 * K[i, 3], 1.0 * K[i, 4], 1.0 * K[i, 5], threshold,
        )  # fmt: skip


def signatures_of_rows_2(K, threshold, out, first, last):
    """Rows ``first .. last - 1`` of packed K (n, 3) into the integers ``out`` (n,)."""
    for i in range(first, last):
        out[i] = signature_2(1.0 * K[i, 0], 1.0 * K[i, 1], 1.0 * K[i, 2], threshold)


# Arrays


def count_above(values: tuple[Array, ...], threshold: float) -> Array:
    """Number of the arrays ``values`` above the threshold, entry by entry, int8."""
    xp = array_namespace(*values)
    total = xp.astype(values[0] > threshold, xp.int8)
    for value in values[1:]:
        total = total + xp.astype(value > threshold, xp.int8)
    return total


def signature_of(entries: tuple[Array, ...], threshold: float) -> Array:
    """Eigenvalues above the threshold, of matrices whose packed entries are arrays.

    Parameters
    ----------
    entries : tuple of 1, 3 or 6 arrays of one shape
    threshold : float

    Returns
    -------
    count : array of int8

    Notes
    -----
    One synchronisation, to see whether any voxel needs its eigenvalues.
    """
    if len(entries) == 1:
        return count_above(entries, threshold)
    xp = array_namespace(*entries)
    diagonal = (0, 3, 5) if len(entries) == 6 else (0, 2)
    shifted = [e - threshold if i in diagonal else e for i, e in enumerate(entries)]
    size = xp.abs(shifted[0])
    for entry in shifted[1:]:
        size = xp.maximum(size, xp.abs(entry))
    size = xp.where(size > abs(threshold), size, xp.full_like(size, abs(threshold)))
    size = xp.where(size > 0.0, size, xp.ones_like(size))
    scaled = [entry / size for entry in shifted]
    if len(entries) == 6:
        trace, second, det = principal_invariants(*scaled)
        definite = (second > 0.0) & ((trace > 0.0) == (det > 0.0))
        twice = 2 * xp.astype(definite, xp.int8)
        count = xp.where(det > 0.0, 1 + twice, 2 - twice)
    else:
        trace = scaled[0] + scaled[2]
        det = scaled[0] * scaled[2] - scaled[1] * scaled[1]
        twice = 2 * xp.astype(trace > 0.0, xp.int8)
        count = xp.where(det < 0.0, xp.ones_like(twice), twice)
    unsure = ~(xp.abs(det) > DOUBT * eps(xp, det.dtype))
    if bool(xp.any(unsure)):
        exact = count_above(eigenvalues_of(entries), threshold)
        count = xp.where(unsure, exact, count)
    return count


def eigenvalue_signature(K: Array, threshold: float = 0.0) -> Array:
    """Number of eigenvalues of packed symmetric matrices above a threshold.

    Parameters
    ----------
    K : array, shape (..., 6), (..., 3) or (..., 1), finite
    threshold : float, default 0
        In the unit of K.

    Returns
    -------
    count : array of int8, shape (...)

    Notes
    -----
    O(n) time; temporaries of one tile.
    """
    xp = array_namespace(K)
    rows = xp.reshape(K, (-1, K.shape[-1]))
    out = xp.empty((rows.shape[0],), dtype=xp.int8, device=device(K))
    over_rows(lambda entries: signature_of(entries, threshold), rows, out, 320)
    return xp.reshape(out, K.shape[:-1])
