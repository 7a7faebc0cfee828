r"""Eigenvalues of symmetric 3 x 3 and 2 x 2 matrices in closed form.

With the mean :math:`q = \mathrm{tr} A / 3`, the deviator :math:`B = A - q I` and
:math:`6 p^2 = |B|^2` the eigenvalues are

.. math:: \lambda = q + 2 p \cos(\phi + 2 \pi j / 3), \qquad
          \cos 3 \phi = \det B / (2 p^3).

The arccos of the right side, clamped to [-1, 1], finds the angle only to the square
root of the precision where two eigenvalues are close, and their gap is then wrong by
1e-8 of the matrix. Here the angle is an arctangent. Let C be the traceless part of
:math:`B^2`. The discriminant of the characteristic polynomial is
:math:`3 (|B|^2 |C|^2 - \langle B, C \rangle^2)`, by Lagrange's identity three times the
sum of the squared minors of the pair, so

.. math:: 3 \phi = \mathrm{atan2}(|B \wedge C|, 3 \det B).

No term of the sum cancels, and every eigenvalue is right to a few roundings of the
largest one, degenerate or not. Matrices are divided by their largest entry, so that no
power leaves the range of the numbers.

Packed matrices are (xx, xy, xz, yy, yz, zz) or (xx, xy, yy). The functions up to
`eigenvalues_2` are scalar code, which `geomsci.backends.compile` turns into kernels;
those marked so take arrays as well, entry by entry.

References
----------
O. K. Smith, "Eigenvalues of a symmetric 3 x 3 matrix", Commun. ACM 4 (1961) 168.
B. N. Parlett, "The (matrix) discriminant as a determinant", Linear Algebra Appl. 355
(2002) 85.
"""

import math
from collections.abc import Callable

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import each_tile

SQRT3 = math.sqrt(3.0)
SMALLEST = 1e-300
"""A deviator without entries above it is zero: its reciprocal may be infinite."""

SIZES = {1: 1, 3: 2, 6: 3}
"""Rows of the matrix for each number of packed entries."""

HELPERS_3 = ("deviator", "cubic_invariants", "trisected", "eigenvalues_3")
"""Functions that `eigenvalues_3` and its callers need compiled."""


def deviator(xx, yy, zz):
    """Diagonal less its mean, from differences (scalars or arrays).

    Differences of close numbers are exact, the mean is not.
    """
    x = ((xx - yy) + (xx - zz)) / 3.0
    y = ((yy - xx) + (yy - zz)) / 3.0
    return x, y, -(x + y)


def cubic_invariants(xx, xy, xz, yy, yz, zz):
    r"""``|B|^2``, ``det B`` and ``4 |B ^ C|^2`` of a traceless B (scalars or arrays).

    Both matrices have the five coordinates (xx - yy, sqrt3 zz, 2 xy, 2 xz, 2 yz) /
    sqrt2 in an orthonormal basis of the traceless ones.
    """
    b0, b1, b2, b3, b4 = xx - yy, SQRT3 * zz, 2.0 * xy, 2.0 * xz, 2.0 * yz
    norm = 0.5 * (b0 * b0 + b1 * b1 + b2 * b2 + b3 * b3 + b4 * b4)
    # The square is taken less (xz^2 + yz^2 + zz^2) I and so on where that is shorter.
    c0 = (xx - yy) * (xx + yy) + (xz - yz) * (xz + yz)
    c1 = SQRT3 * (xz * xz + yz * yz + zz * zz - norm / 3.0)
    c2 = 2.0 * (xy * (xx + yy) + xz * yz)
    c3 = 2.0 * (xz * (xx + zz) + xy * yz)
    c4 = 2.0 * (yz * (yy + zz) + xy * xz)
    m0, m1, m2, m3 = (
        b0 * c1 - b1 * c0, b0 * c2 - b2 * c0, b0 * c3 - b3 * c0, b0 * c4 - b4 * c0,
    )  # fmt: skip
    m4, m5, m6 = b1 * c2 - b2 * c1, b1 * c3 - b3 * c1, b1 * c4 - b4 * c1
    m7, m8, m9 = b2 * c3 - b3 * c2, b2 * c4 - b4 * c2, b3 * c4 - b4 * c3
    wedge = (
        m0 * m0 + m1 * m1 + m2 * m2 + m3 * m3 + m4 * m4
        + m5 * m5 + m6 * m6 + m7 * m7 + m8 * m8 + m9 * m9
    )  # fmt: skip
    det = (
        xx * (yy * zz - yz * yz)
        - xy * (xy * zz - yz * xz)
        + xz * (xy * yz - yy * xz)
    )  # fmt: skip
    return norm, det, wedge


def trisected(sine, cosine):
    r"""Cosine and sine of a third of the angle in [0, pi] of a vector (scalars).

    Parameters
    ----------
    sine : float, >= 0
    cosine : float
        The vector has any length; zero counts as the angle 0.

    Notes
    -----
    With u the tangent of half the acute angle, :math:`\sin(2 \arctan(u) / 3) / u` is
    a polynomial in :math:`u^2 - 1/2` of degree 19, Chebyshev's interpolant, to one
    rounding. No branch and no call: compilers put several voxels into one register.
    """
    u = sine / (abs(cosine) + math.sqrt(sine * sine + cosine * cosine) + SMALLEST)
    y = u * u - 0.5
    series = -2.8846019592890903e-05
    series = series * y + 4.4787920102689104e-05
    series = series * y - 3.361274799208199e-05
    series = series * y + 5.261739804890608e-05
    series = series * y - 0.00010175365647054135
    series = series * y + 0.0001598167381935131
    series = series * y - 0.0002462213558221873
    series = series * y + 0.0003896941530296567
    series = series * y - 0.0006206065356805793
    series = series * y + 0.0009920881524882828
    series = series * y - 0.001596238321560538
    series = series * y + 0.002589208371829
    series = series * y - 0.004242512493165047
    series = series * y + 0.007042938286131774
    series = series * y - 0.011899091443221679
    series = series * y + 0.020609723015370666
    series = series * y - 0.03707549773773044
    series = series * y + 0.07116204977191272
    series = series * y - 0.15658090144619868
    series = series * y + 0.5641334784915409
    s = u * series
    c = math.sqrt(1.0 - s * s)
    # An obtuse angle is pi less an acute one.
    obtuse = cosine < 0.0
    turned_c, turned_s = 0.5 * (c + SQRT3 * s), 0.5 * (SQRT3 * c - s)
    return (turned_c if obtuse else c), (turned_s if obtuse else s)


def eigenvalues_3(xx, xy, xz, yy, yz, zz):
    """Eigenvalues of a symmetric 3 x 3 matrix, ascending (scalars).

    Parameters
    ----------
    xx, xy, xz, yy, yz, zz : float, finite

    Returns
    -------
    smallest, middle, largest : float

    Notes
    -----
    About 160 operations, two divisions and four roots, without a branch.
    Error below 16 roundings of the largest eigenvalue in modulus. The middle one is the
    mean plus a cosine of its own, not the trace less the others.
    """
    mean = (xx + yy + zz) / 3.0
    x, y, z = deviator(xx, yy, zz)
    size = max(abs(x), abs(y), abs(z), abs(xy), abs(xz), abs(yz), SMALLEST)
    scale = 1.0 / size
    norm, det, wedge = cubic_invariants(
        x * scale, xy * scale, xz * scale, y * scale, yz * scale, z * scale
    )
    c, s = trisected(math.sqrt(wedge), 6.0 * det)
    p, s = size * math.sqrt(norm / 6.0), SQRT3 * s
    low, middle, high = mean - p * (c + s), mean - p * (c - s), mean + 2.0 * p * c
    # Equal ones may come out one rounding in the wrong order.
    return min(low, middle), max(low, min(middle, high)), max(middle, high)


def eigenvalues_2(xx, xy, yy):
    """Eigenvalues of a symmetric 2 x 2 matrix, ascending (scalars)."""
    mean, radius = 0.5 * (xx + yy), math.hypot(0.5 * (xx - yy), xy)
    return mean - radius, mean + radius


# Loops of the kernels


def eigenvalues_of_rows_3(K, out, first, last):
    """Rows ``first .. last - 1`` of packed K (n, 6) into out (n, 3)."""
    for i in range(first, last):
        # The factor 1.0 raises float32 to double precision in compiled code.
        out[i, 0], out[i, 1], out[i, 2] = eigenvalues_3(
            1.0 * K[i, 0], 1.0 * K[i, 1], 1.0 * K[i, 2],
            1.0 * K[i, 3], 1.0 * K[i, 4], 1.0 * K[i, 5],
        )  # fmt: skip


def eigenvalues_of_rows_2(K, out, first, last):
    """Rows ``first .. last - 1`` of packed K (n, 3) into out (n, 2)."""
    for i in range(first, last):
        out[i, 0], out[i, 1] = eigenvalues_2(
            1.0 * K[i, 0], 1.0 * K[i, 1], 1.0 * K[i, 2]
        )


# Arrays


def eigenvalues_of(entries: tuple[Array, ...]) -> tuple[Array, ...]:
    """Eigenvalues, ascending, of matrices whose packed entries are arrays.

    Parameters
    ----------
    entries : tuple of 1, 3 or 6 arrays of one shape

    Returns
    -------
    values : tuple of 1, 2 or 3 arrays
    """
    if len(entries) == 1:
        return entries
    xp = array_namespace(*entries)
    if len(entries) == 3:
        xx, xy, yy = entries
        mean, radius = 0.5 * (xx + yy), xp.hypot(0.5 * (xx - yy), xy)
        return mean - radius, mean + radius
    mean = (entries[0] + entries[3] + entries[5]) / 3.0
    parts = _scaled(xp, entries)
    norm, det, wedge = cubic_invariants(*parts[1:])
    angle = xp.atan2(xp.sqrt(wedge), 6.0 * det) / 3.0
    p = parts[0] * xp.sqrt(norm / 6.0)
    c, s = xp.cos(angle), SQRT3 * xp.sin(angle)
    low, middle, high = mean - p * (c + s), mean - p * (c - s), mean + 2.0 * p * c
    return (
        xp.minimum(low, middle),
        xp.maximum(low, xp.minimum(middle, high)),
        xp.maximum(middle, high),
    )


def _scaled(xp, entries: tuple[Array, ...]) -> tuple[Array, ...]:
    """Size of the deviator and its entries divided by it (1 for a zero deviator)."""
    xx, xy, xz, yy, yz, zz = entries
    x, y, z = deviator(xx, yy, zz)
    size = xp.abs(x)
    for entry in (y, z, xy, xz, yz):
        size = xp.maximum(size, xp.abs(entry))
    size = xp.where(size > 0.0, size, xp.ones_like(size))
    return size, *(entry / size for entry in (x, xy, xz, y, yz, z))


def unpacked(K: Array) -> tuple[Array, ...]:
    """The packed entries of K (..., 1, 3 or 6) one by one."""
    return tuple(K[..., i] for i in range(K.shape[-1]))


def over_rows(
    work: Callable[[tuple[Array, ...]], Array], K: Array, out: Array, bytes_per_row: int
) -> Array:
    """Fill ``out`` (n, ...) tile by tile with ``work`` of the entries of K (n, m)."""

    def one(part: slice) -> None:
        out[part, ...] = work(unpacked(K[part, ...]))

    each_tile(one, K.shape[0], bytes_per_row, like=K)
    return out


def symmetric_eigenvalues(K: Array) -> Array:
    """Eigenvalues of packed symmetric matrices, ascending along the last axis.

    Parameters
    ----------
    K : array, shape (..., 6), (..., 3) or (..., 1), finite

    Returns
    -------
    values : array, shape (..., 3), (..., 2) or (..., 1)

    Notes
    -----
    O(n) time; temporaries of one tile.
    """
    xp = array_namespace(K)
    d = SIZES[K.shape[-1]]
    rows = xp.reshape(K, (-1, K.shape[-1]))
    out = xp.empty((rows.shape[0], d), dtype=K.dtype, device=device(K))

    def work(entries: tuple[Array, ...]) -> Array:
        return xp.stack(eigenvalues_of(entries), axis=-1)

    over_rows(work, rows, out, 320)
    return xp.reshape(out, (*K.shape[:-1], d))
