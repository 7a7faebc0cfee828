r"""Eigenvalues and eigenvectors of symmetric 3 x 3 and 2 x 2 matrices in closed form.

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

Eigenvectors: the eigenvalue that is apart from the others has the longest column of the
adjugate of :math:`B - \lambda I`; the others are those of the 2 x 2 matrix in the plane
across it, found by one rotation. So nothing is ever divided by a gap.

Packed matrices are (xx, xy, xz, yy, yz, zz) or (xx, xy, yy). The functions up to
`eigensystem_3` are scalar code, which `geomsci.backends.compile` turns into kernels;
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


HELPERS_SYSTEM = (*HELPERS_3, "longest_cross")
"""Functions that `eigensystem_3` needs compiled."""


def longest_cross(xx, xy, xz, yy, yz, zz):
    """Unit vector along the longest cross product of two rows (scalars).

    For a matrix of rank two it spans the kernel.
    """
    x0, y0, z0 = xy * yz - xz * yy, xz * xy - xx * yz, xx * yy - xy * xy
    x1, y1, z1 = xy * zz - xz * yz, xz * xz - xx * zz, xx * yz - xy * xz
    x2, y2, z2 = yy * zz - yz * yz, yz * xz - xy * zz, xy * yz - yy * xz
    n0, n1, n2 = (
        x0 * x0 + y0 * y0 + z0 * z0,
        x1 * x1 + y1 * y1 + z1 * z1,
        x2 * x2 + y2 * y2 + z2 * z2,
    )
    if n1 > n0:
        x0, y0, z0, n0 = x1, y1, z1, n1
    if n2 > n0:
        x0, y0, z0, n0 = x2, y2, z2, n2
    scale = 1.0 / math.sqrt(n0)
    return x0 * scale, y0 * scale, z0 * scale


def eigensystem_3(xx, xy, xz, yy, yz, zz, values, vectors):
    """Eigenvalues, ascending, and orthonormal eigenvectors of one matrix (scalars).

    Parameters
    ----------
    xx, xy, xz, yy, yz, zz : float, finite
    values : array, shape (3,)
        Written.
    vectors : array, shape (3, 3)
        Written; column j belongs to ``values[j]``.

    Notes
    -----
    Orthonormal, and ``|A v - lambda v|`` below some roundings of A, however close the
    eigenvalues are. A multiple of the identity gives the unit vectors.
    """
    low, middle, high = eigenvalues_3(xx, xy, xz, yy, yz, zz)
    values[0], values[1], values[2] = low, middle, high
    mean = (xx + yy + zz) / 3.0
    x, y, z = deviator(xx, yy, zz)
    size = max(abs(x), abs(y), abs(z), abs(xy), abs(xz), abs(yz))
    if not size > SMALLEST:
        for i in range(3):
            for j in range(3):
                vectors[i, j] = 1.0 if i == j else 0.0
        return
    scale = 1.0 / size
    x, y, z, a, b, c = (
        x * scale,
        y * scale,
        z * scale,
        xy * scale,
        xz * scale,
        yz * scale,
    )
    highest_apart = high - middle >= middle - low
    apart = ((high if highest_apart else low) - mean) * scale
    ux, uy, uz = longest_cross(x - apart, a, b, y - apart, c, z - apart)
    # Two unit vectors across u: one is normal to the axis that u is farthest from.
    if abs(ux) > abs(uy):
        inverse = 1.0 / math.sqrt(ux * ux + uz * uz)
        vx, vy, vz = -uz * inverse, 0.0, ux * inverse
    else:
        inverse = 1.0 / math.sqrt(uy * uy + uz * uz)
        vx, vy, vz = 0.0, uz * inverse, -uy * inverse
    wx, wy, wz = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    mx, my, mz = (
        x * vx + a * vy + b * vz,
        a * vx + y * vy + c * vz,
        b * vx + c * vy + z * vz,
    )
    nx, ny, nz = (
        x * wx + a * wy + b * wz,
        a * wx + y * wy + c * wz,
        b * wx + c * wy + z * wz,
    )
    vv, vw = vx * mx + vy * my + vz * mz, vx * nx + vy * ny + vz * nz
    ww = wx * nx + wy * ny + wz * nz
    angle = 0.5 * math.atan2(2.0 * vw, vv - ww)
    ca, sa = math.cos(angle), math.sin(angle)
    upper, lower, lone = (1, 0, 2) if highest_apart else (2, 1, 0)
    vectors[0, lone], vectors[1, lone], vectors[2, lone] = ux, uy, uz
    vectors[0, upper] = ca * vx + sa * wx
    vectors[1, upper] = ca * vy + sa * wy
    vectors[2, upper] = ca * vz + sa * wz
    vectors[0, lower] = ca * wx - sa * vx
    vectors[1, lower] = ca * wy - sa * vy
    vectors[2, lower] = ca * wz - sa * vz


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


def symmetric_eigensystem(K: Array) -> tuple[Array, Array]:
    """Eigenvalues, ascending, and eigenvectors of packed symmetric matrices.

    Parameters
    ----------
    K : array, shape (..., 6) or (..., 3), finite

    Returns
    -------
    values : array, shape (..., d)
    vectors : array, shape (..., d, d)
        Orthonormal columns; signs and bases of equal eigenvalues are arbitrary.

    Notes
    -----
    The same steps as `eigensystem_3`. O(n) time and memory.
    """
    xp = array_namespace(K)
    entries = unpacked(K)
    values = eigenvalues_of(entries)
    if len(entries) == 3:
        xx, xy, yy = entries
        ca, sa = _half_angle(xp, xx, xy, yy)
        columns = [(-sa, ca), (ca, sa)]
    else:
        columns = _columns_3(xp, entries, values)
    vectors = xp.stack([xp.stack(column, axis=-1) for column in columns], axis=-1)
    return xp.stack(values, axis=-1), vectors


def _half_angle(xp, vv: Array, vw: Array, ww: Array) -> tuple[Array, Array]:
    """Cosine and sine of the rotation to the upper axis of a 2 x 2 matrix."""
    angle = 0.5 * xp.atan2(2.0 * vw, vv - ww)
    return xp.cos(angle), xp.sin(angle)


def _dot(u: tuple[Array, ...], v: tuple[Array, ...]) -> Array:
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2]


def _cross(u: tuple[Array, ...], v: tuple[Array, ...]) -> tuple[Array, ...]:
    return (
        u[1] * v[2] - u[2] * v[1],
        u[2] * v[0] - u[0] * v[2],
        u[0] * v[1] - u[1] * v[0],
    )


def _chosen(xp, mask: Array, u: tuple[Array, ...], v: tuple[Array, ...]) -> tuple:
    return tuple(xp.where(mask, a, b) for a, b in zip(u, v))


def _normalised(xp, u: tuple[Array, ...]) -> tuple[Array, ...]:
    length = xp.sqrt(_dot(u, u))
    return tuple(a / length for a in u)


def _columns_3(xp, entries: tuple[Array, ...], values: tuple[Array, ...]) -> list:
    """Eigenvectors of the smallest, middle and largest eigenvalue."""
    low, middle, high = values
    size, x, a, b, y, c, z = _scaled(xp, entries)
    mean = (entries[0] + entries[3] + entries[5]) / 3.0
    highest_apart = high - middle >= middle - low
    apart = (xp.where(highest_apart, high, low) - mean) / size
    rows = (x - apart, a, b), (a, y - apart, c), (b, c, z - apart)
    u = _cross(rows[0], rows[1])
    for i, j in ((0, 2), (1, 2)):
        other = _cross(rows[i], rows[j])
        u = _chosen(xp, _dot(other, other) > _dot(u, u), other, u)
    zero, one = xp.zeros_like(x), xp.ones_like(x)
    # A zero deviator has no cross product: any vector will do.
    u = _chosen(xp, _dot(u, u) > 0.0, u, (one, zero, zero))
    u = _normalised(xp, u)
    v = _chosen(
        xp, xp.abs(u[0]) > xp.abs(u[1]), (-u[2], zero, u[0]), (zero, u[2], -u[1])
    )
    v = _normalised(xp, v)
    w = _cross(u, v)
    Bv = tuple(_dot(row, v) for row in ((x, a, b), (a, y, c), (b, c, z)))
    Bw = tuple(_dot(row, w) for row in ((x, a, b), (a, y, c), (b, c, z)))
    ca, sa = _half_angle(xp, _dot(v, Bv), _dot(v, Bw), _dot(w, Bw))
    upper = tuple(ca * s + sa * t for s, t in zip(v, w))
    lower = tuple(ca * t - sa * s for s, t in zip(v, w))
    return [
        _chosen(xp, highest_apart, lower, u),
        _chosen(xp, highest_apart, upper, lower),
        _chosen(xp, highest_apart, u, upper),
    ]
