"""Gaussian moments of a point set at one place, over a list of cells.

The positions are sorted into equal cells, so that the points of neighbouring cells
along the last axis lie side by side in memory: all points near a place are a few long
rows, which the inner loop reads in order. One, two and three axes share the code;
missing axes hold zeros.

With weights w and the score ``s_j = |y_j - x|^2 - 2 R^2 log w_j`` the nearest neighbour
is the point n of the smallest score, and a point (or image of a point in a periodic
box) counts if ``s_j <= s_n + (8 R)^2``. Its weight relative to the nearest neighbour is
``exp(-t)``, ``t = (s_j - s_n) / (2 R^2) <= 32``. With equal weights this is the cut
``r^2 <= r_n^2 + (8 R)^2``. Moments are taken about n, not about x: a single point then
has covariance zero exactly, however far it is, and t has no cancellation.

The functions below `build` are scalar code: `geomsci.backends.compile` turns this very
source into the host and the GPU kernel; interpreted, they are its specification.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device

HELPERS = (
    "decay",
    "cell_gap",
    "take_nearer",
    "nearest_point",
    "add_row",
    "point_moments",
)
"""Functions that `all_moments` calls, for the compiler."""

CUT = 8.0
"""Radius of the sum in units of R, beyond the nearest neighbour; 3e-12 in R^2 K."""

FARTHEST = CUT * CUT / 2
"""The largest exponent of a relative weight."""

SLACK = 1e-9
"""Cells are taken this much wider than they are, in widths, against rounding."""

WORK = 16
"""Length of the workspace of a thread."""

RESULT = 10
"""Numbers a place: logarithm of the sum, offset (3), covariance xx xy xz yy yz zz."""


CELL_IN_R = 1.0
"""Width of a cell in units of R; measured on 44,572 clustered points."""

CELLS_PER_POINT = 4.0
"""Cells a point, at most."""


class CellList(NamedTuple):
    """Points sorted into cells.

    ``coordinates`` (4, n): three axes and ``-2 R^2 log(w / w_max)``, in the order of
    the cells; ``starts`` (n_cells + 1,): first point of each cell; ``counts`` (3,):
    cells along the axes; ``frame`` (3, 3): lower corner, width of a cell and period
    (0: open) along the axes.
    """

    coordinates: Array
    starts: Array
    counts: Array
    frame: Array


def cell_widths(
    lower: list[float], upper: list[float], R: float, n: int
) -> tuple[list[int], list[float]]:
    """Number and width of the cells along each axis of a region.

    The width is about R (a row then ends close to the sphere of the cut), more if the
    region would have more than `CELLS_PER_POINT` cells a point.
    """
    extents = [b - a for a, b in zip(lower, upper, strict=True)]
    largest = max(64, round(CELLS_PER_POINT * n))
    width = CELL_IN_R * R
    while math.prod(min(e / width, 2.0 * largest) + 1 for e in extents) > largest:
        width *= 1.25
    counts = [max(1, int(e / width)) for e in extents]
    return counts, [
        e / k if e > 0 else width for e, k in zip(extents, counts, strict=True)
    ]


def build(positions: Array, lag: Array, R: float, box: list[float] | None) -> CellList:
    """Sort positions into cells.

    Parameters
    ----------
    positions : array, shape (n, d), float64, n >= 1, d <= 3
        Inside ``[0, L)`` along each axis of a periodic box.
    lag : array, shape (n,), float64, >= 0
        ``-2 R^2 log(w / max w)``.
    R : float, > 0
    box : list of d floats, or None
        Lengths of the periodic box.

    Returns
    -------
    cells : CellList
    """
    xp, place = array_namespace(positions), device(positions)
    n, d = positions.shape
    if box is None:
        lower = [float(xp.min(positions[:, i])) for i in range(d)]
        upper = [float(xp.max(positions[:, i])) for i in range(d)]
    else:
        lower, upper = [0.0] * d, box
    counts, widths = cell_widths(lower, upper, R, n)
    # Missing axes come first, so that rows of cells run along an axis that is there.
    missing = 3 - d
    frame = [
        [0.0] * missing + lower,
        [1.0] * missing + widths,
        [0.0] * missing + (box or [0.0] * d),
    ]
    counts = [1] * missing + counts
    columns = padded_columns(positions)
    cell = cell_numbers(columns, counts, frame)
    order = xp.argsort(cell, stable=True)
    rows = [xp.take(column, order) for column in (*columns, lag)]
    every = xp.arange(math.prod(counts) + 1, dtype=xp.int64, device=place)
    starts = xp.searchsorted(xp.take(cell, order), every)
    return CellList(
        xp.stack(rows),
        xp.astype(starts, xp.int64),
        xp.asarray(counts, dtype=xp.int64, device=place),
        xp.asarray(frame, dtype=xp.float64, device=place),
    )


def padded_columns(x: Array) -> list[Array]:
    """The columns of x (n, d) after columns of zeros for the missing axes."""
    xp = array_namespace(x)
    n, d = x.shape
    zero = xp.zeros(n, dtype=x.dtype, device=device(x))
    return [zero] * (3 - d) + [x[:, i] for i in range(d)]


def cell_numbers(
    columns: list[Array], counts: list[int], frame: list[list[float]]
) -> Array:
    """Number of the cell of each place, that of the nearest cell if it is outside."""
    xp = array_namespace(columns[0])
    number = xp.zeros(columns[0].shape[0], dtype=xp.int64, device=device(columns[0]))
    for column, count, low, width in zip(columns, counts, frame[0], frame[1]):
        index = xp.clip(xp.floor((column - low) / width), 0.0, float(count - 1))
        number = number * count + xp.astype(index, xp.int64)
    return number


def decay(t):
    """``exp(-t)`` for ``0 <= t <= 32``, as the 32nd power of a polynomial of t / 32.

    Without a table or a branch, so that the compiler does several at a time; the
    relative error is below 1.2e-14, and 0 at t = 0.
    """
    z = t * 0.03125
    p = 2.4800032289946006e-05 + z * (
        -2.753231109497008e-06
        + z
        * (
            2.7289403227036547e-07
            + z * (-2.3200975871202737e-08 + z * 1.3221480811326931e-09)
        )
    )
    p = 0.0013888887104824001 + z * (-0.0001984120502317959 + z * p)
    p = 0.041666666663443576 + z * (-0.008333333302138762 + z * p)
    p = -1.0 + z * (0.4999999999999964 + z * (-0.1666666666664944 + z * p))
    p = 1.0 + z * p
    p = p * p
    p = p * p
    p = p * p
    p = p * p
    return p * p


def cell_gap(i, low, width, x):
    """Distance along an axis from x to cell i, or a little less."""
    start = low + i * width
    gap = max(start - x, x - (start + width)) - SLACK * width
    return max(gap, 0.0)


def take_nearer(coordinates, j, s0, s1, s2, x, work):
    """Make point j, shifted by s, the nearest one in ``work`` if its score is less."""
    y0, y1, y2 = coordinates[0, j] + s0, coordinates[1, j] + s1, coordinates[2, j] + s2
    # The score less the best one, without cancellation.
    d0, d1, d2 = y0 - work[5], y1 - work[6], y2 - work[7]
    ahead = d0 * (d0 + 2.0 * work[0]) + d1 * (d1 + 2.0 * work[1])
    ahead += d2 * (d2 + 2.0 * work[2]) + (coordinates[3, j] - work[3])
    if ahead < 0.0 or work[4] == math.inf:
        f0, f1, f2 = y0 - x[0], y1 - x[1], y2 - x[2]
        work[0], work[1], work[2], work[3] = f0, f1, f2, coordinates[3, j]
        work[4] = f0 * f0 + f1 * f1 + f2 * f2 + coordinates[3, j]
        work[5], work[6], work[7] = y0, y1, y2


def nearest_point(x, coordinates, starts, counts, frame, work):
    """The point, or image of a point, of the smallest score.

    Rows of cells along the last axis are visited in rings around that of x, each as
    far as a better point may lie. The rows beyond ring s are at least ``s`` widths away
    from the place in the region that is nearest to x, and the nearest image is less
    than a period away along each axis.

    Parameters
    ----------
    x : array, shape (3,)
    coordinates, starts, counts, frame : arrays
        Of `CellList`.
    work : array, shape (16,)
        Written: 0 to 2 the offset of the point from x, 3 its lag, 4 its score, 5 to 7
        its place.
    """
    for axis in range(3):
        count = counts[axis]
        place = (x[axis] - frame[0, axis]) / frame[1, axis]
        # Home, first and last cell of the search along this axis.
        home = math.floor(min(max(place, 0.0), count - 1.0))
        work[5 + axis] = home
        if frame[2, axis] == 0.0:
            work[8 + axis], work[11 + axis] = 0.0, count - 1.0
        else:
            work[8 + axis], work[11 + axis] = home - count, home + count
    home0, home1, home2 = int(work[5]), int(work[6]), int(work[7])
    least0, least1, least2 = int(work[8]), int(work[9]), int(work[10])
    most0, most1, most2 = int(work[11]), int(work[12]), int(work[13])
    for k in range(8):
        work[k] = 0.0
    n0, n1, n2 = counts[0], counts[1], counts[2]
    low0, low1, low2 = frame[0, 0], frame[0, 1], frame[0, 2]
    width0, width1, width2 = frame[1, 0], frame[1, 1], frame[1, 2]
    p0, p1, p2 = frame[2, 0], frame[2, 1], frame[2, 2]
    outside = 0.0
    if p0 == 0.0:
        gap = max(low0 - x[0], x[0] - (low0 + n0 * width0), 0.0)
        outside = gap * gap
    if p1 == 0.0:
        gap = max(low1 - x[1], x[1] - (low1 + n1 * width1), 0.0)
        outside += gap * gap
    # The width that a ring adds; an axis of one open cell has no second ring.
    width = math.inf
    if most0 > least0:
        width = width0
    if most1 > least1:
        width = min(width, width1)
    rings = max(home0 - least0, most0 - home0, home1 - least1, most1 - home1)
    # Any point of the home row is a first bound.
    work[4] = math.inf
    row = (home0 * n1 + home1) * n2
    away, last = 0, -1
    if starts[row] < starts[row + n2]:
        last = n2 - 1
    while away <= last:
        for side in range(2):
            i2 = home2 + away - 2 * side * away
            if p2 > 0.0 or (i2 >= 0 and i2 < n2):
                image2 = i2 // n2
                cell = row + i2 - image2 * n2
                if starts[cell] < starts[cell + 1]:
                    shift = image2 * p2
                    take_nearer(coordinates, starts[cell], 0.0, 0.0, shift, x, work)
                    last = -1
        away += 1
    best = work[4]
    for ring in range(rings + 1):
        if ring > 1:
            gap = (ring - 1) * width * (1.0 - SLACK)
            if outside + gap * gap > best * (1.0 + 1e-11):
                break
        for i0 in range(max(home0 - ring, least0), min(home0 + ring, most0) + 1):
            image0 = i0 // n0
            s0 = image0 * p0
            gap = cell_gap(i0, low0, width0, x[0])
            gap0 = gap * gap
            skip = 1
            if abs(i0 - home0) < ring:
                skip = 2 * ring
            for i1 in range(home1 - ring, home1 + ring + 1, skip):
                if i1 < least1 or i1 > most1:
                    continue
                gap = cell_gap(i1, low1, width1, x[1])
                rest = best * (1.0 + 1e-11) - gap0 - gap * gap
                if rest < 0.0:
                    continue
                reach = math.sqrt(rest)
                a = (x[2] - reach - low2) / width2 - SLACK
                b = (x[2] + reach - low2) / width2 + SLACK
                first = math.floor(max(a, least2))
                last = math.floor(min(b, most2))
                image1 = i1 // n1
                s1 = image1 * p1
                row = ((i0 - image0 * n0) * n1 + (i1 - image1 * n1)) * n2
                while first <= last:
                    # The part of the row inside one period.
                    image2 = first // n2
                    end = min(last, image2 * n2 + n2 - 1)
                    s2 = image2 * p2
                    start = starts[row + first - image2 * n2]
                    stop = starts[row + end - image2 * n2 + 1]
                    for j in range(start, stop):
                        take_nearer(coordinates, j, s0, s1, s2, x, work)
                    best = work[4]
                    first = end + 1


def add_row(coordinates, first, last, o0, o1, o2, g0, g1, g2, lag, inverse, work):
    """Add the points ``first .. last - 1`` to the sums in ``work[6:16]``.

    ``o`` is the nearest neighbour less the shift of the image, ``g`` twice its offset
    from x: ``|y - x|^2 - |n - x|^2 = d (d + g)`` with ``d = y - n``.
    """
    w_, w0, w1, w2 = 0.0, 0.0, 0.0, 0.0
    w00, w01, w02, w11, w12, w22 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    # Slices, so that the compiler sees that no index is negative.
    y0, y1 = coordinates[0, first:last], coordinates[1, first:last]
    y2, lags = coordinates[2, first:last], coordinates[3, first:last]
    for j in range(last - first):
        d0, d1, d2 = y0[j] - o0, y1[j] - o1, y2[j] - o2
        t = d0 * (d0 + g0) + d1 * (d1 + g1) + d2 * (d2 + g2)
        t = (t + (lags[j] - lag)) * inverse
        w = decay(t) if t <= FARTHEST else 0.0
        v0, v1, v2 = w * d0, w * d1, w * d2
        w_ += w
        w0 += v0
        w1 += v1
        w2 += v2
        w00 += v0 * d0
        w01 += v0 * d1
        w02 += v0 * d2
        w11 += v1 * d1
        w12 += v1 * d2
        w22 += v2 * d2
    work[6] += w_
    work[7] += w0
    work[8] += w1
    work[9] += w2
    work[10] += w00
    work[11] += w01
    work[12] += w02
    work[13] += w11
    work[14] += w12
    work[15] += w22


def point_moments(x, R, coordinates, starts, counts, frame, work, out):
    """Log weight, offset of the mean from x and covariance of the points around x.

    Parameters
    ----------
    x : array, shape (3,)
        Inside the box, if it is periodic.
    R : float
    coordinates, starts, counts, frame : arrays
        Of `CellList`.
    work : array, shape (16,)
        Written.
    out : array, shape (10,)
        Written: ``log sum_j (w_j / w_max) exp(-|y_j - x|^2 / (2 R^2))``, the offset of
        the mean from x, and the covariance.
    """
    nearest_point(x, coordinates, starts, counts, frame, work)
    f0, f1, f2, lag, score = work[0], work[1], work[2], work[3], work[4]
    near0, near1, near2 = work[5], work[6], work[7]
    for k in range(6, 16):
        work[k] = 0.0
    n0, n1, n2 = counts[0], counts[1], counts[2]
    low0, low1, low2 = frame[0, 0], frame[0, 1], frame[0, 2]
    h0, h1, h2 = frame[1, 0], frame[1, 1], frame[1, 2]
    p0, p1, p2 = frame[2, 0], frame[2, 1], frame[2, 2]
    inverse = 0.5 / (R * R)
    # A point counts if its score is small enough, and no lag is below 0.
    most = (score + CUT * CUT * R * R) * (1.0 + 1e-11)
    reach = math.sqrt(most)
    a, b = (x[0] - reach - low0) / h0 - SLACK, (x[0] + reach - low0) / h0 + SLACK
    if p0 == 0.0:
        a, b = max(a, 0.0), min(b, n0 - 1.0)
    for i0 in range(math.floor(a), math.floor(b) + 1):
        gap = cell_gap(i0, low0, h0, x[0])
        rest0 = most - gap * gap
        if rest0 < 0.0:
            continue
        image0 = i0 // n0
        o0 = near0 - image0 * p0
        reach = math.sqrt(rest0)
        a, b = (x[1] - reach - low1) / h1 - SLACK, (x[1] + reach - low1) / h1 + SLACK
        if p1 == 0.0:
            a, b = max(a, 0.0), min(b, n1 - 1.0)
        for i1 in range(math.floor(a), math.floor(b) + 1):
            gap = cell_gap(i1, low1, h1, x[1])
            rest1 = rest0 - gap * gap
            if rest1 < 0.0:
                continue
            image1 = i1 // n1
            o1 = near1 - image1 * p1
            row = ((i0 - image0 * n0) * n1 + (i1 - image1 * n1)) * n2
            reach = math.sqrt(rest1)
            a = (x[2] - reach - low2) / h2 - SLACK
            b = (x[2] + reach - low2) / h2 + SLACK
            if p2 == 0.0:
                a, b = max(a, 0.0), min(b, n2 - 1.0)
            first, last = math.floor(a), math.floor(b)
            while first <= last:
                # The part of the row inside one period.
                image2 = first // n2
                end = min(last, image2 * n2 + n2 - 1)
                add_row(
                    coordinates,
                    starts[row + first - image2 * n2],
                    starts[row + end - image2 * n2 + 1],
                    o0, o1, near2 - image2 * p2,
                    2.0 * f0, 2.0 * f1, 2.0 * f2, lag, inverse, work,
                )  # fmt: skip
                first = end + 1
    total = work[6]
    m0, m1, m2 = work[7] / total, work[8] / total, work[9] / total
    out[0] = math.log(total) - score * inverse
    out[1], out[2], out[3] = f0 + m0, f1 + m1, f2 + m2
    out[4] = work[10] / total - m0 * m0
    out[5] = work[11] / total - m0 * m1
    out[6] = work[12] / total - m0 * m2
    out[7] = work[13] / total - m1 * m1
    out[8] = work[14] / total - m1 * m2
    out[9] = work[15] / total - m2 * m2


def all_moments(
    points, R, coordinates, starts, counts, frame, order, work, out, begin, end
):
    """`point_moments` at the points ``order[begin .. end - 1]``.

    Parameters
    ----------
    points : array, shape (m, 3)
    R : float
    coordinates, starts, counts, frame : arrays
        Of `CellList`.
    order : integer array, shape (m,)
        An order in which neighbours in space follow each other.
    work : array, shape (16,)
    out : array, shape (m, 10)
        Rows of these points are written.
    begin, end : int
    """
    for k in range(begin, end):
        i = order[k]
        point_moments(points[i], R, coordinates, starts, counts, frame, work, out[i])
