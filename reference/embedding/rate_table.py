"""Distances from a heat kernel in one pass, with a table of the inverse rate function.

``d_ij = scale sqrt(E) g(E)``, ``E = max(0, log sqrt(H_ii H_jj) - log H_ij) / t`` and
``g(E) = I^{-1}(E) / sqrt(E)``, which is analytic at 0: there ``I(v)`` is a series in
``v^2``. A table holds g as polynomials of degree 7, one on ``[0, 2^-7]`` and 32 on
every octave above.

The nearest singularity of g lies where ``Lambda''`` vanishes, at imaginary tilts, at
``1 - pi / 2 = -0.57`` for m = 0 and at ``1 - 2 / sqrt(e) = -0.21`` in the limit of
large m. A bin has at most 1/64 of its distance to 0 as half-width, so the ellipse of
analyticity around it has a sum of half-axes of at least 100 half-widths and
interpolation in Chebyshev points leaves ``100^-8 = 1e-16`` of g.

The functions below are scalar code: `geomsci.backends.compile` turns this very source
into the host kernel; interpreted, they are its specification.
"""

import math

HELPERS = ("scaled_speed",)
"""Functions that `distance_tiles` calls, for the compiler."""

DEGREE = 7
BINS = 32
"""Bins of an octave."""

LOWEST_OCTAVE = -7
"""The first bin ends at 2 to this power, where the octaves begin."""

TILE = 64
"""Rows and columns of a tile: it is read and written along and across its rows."""


def bin_bounds(highest_octave):
    """Ends of the bins of a table up to ``2^highest_octave``."""
    bounds = [(0.0, 2.0**LOWEST_OCTAVE)]
    for octave in range(LOWEST_OCTAVE, highest_octave):
        low = 2.0**octave
        for i in range(BINS):
            bounds.append((low * (1 + i / BINS), low * (1 + (i + 1) / BINS)))
    return bounds


def scaled_speed(e, coefficients):
    """``I^{-1}(e)`` from a table whose last bin reaches beyond e."""
    if e < 2.0**LOWEST_OCTAVE:
        b = 0
        y = 2.0 ** (1 - LOWEST_OCTAVE) * e - 1.0
    else:
        mantissa, exponent = math.frexp(e)
        position = (mantissa - 0.5) * (2 * BINS)
        i = int(position)
        b = 1 + (exponent - 1 - LOWEST_OCTAVE) * BINS + i
        y = 2.0 * (position - i) - 1.0
    g = coefficients[b, DEGREE]
    for k in range(DEGREE - 1, -1, -1):
        g = g * y + coefficients[b, k]
    return math.sqrt(e) * g


def distance_tiles(H, half, coefficients, t, scale, D, begin, end):
    """Rows of tiles ``begin .. end - 1`` of the upper triangle of D, mirrored.

    Parameters
    ----------
    H : array, shape (n, n), entries > 0
    half : array, shape (n,)
        ``log(H_ii) / 2``.
    coefficients : array, shape (n_bins, 8)
        Of powers of the position in the bin, -1 to 1.
    t, scale : float
    D : array, shape (n, n)
        Written.
    begin, end : int
        Pair r of rows of tiles is the r-th from the top and the r-th from the bottom:
        all pairs are equally much work.
    """
    n = H.shape[0]
    m = (n + TILE - 1) // TILE
    for pair in range(begin, end):
        for side in range(2):
            top = pair if side == 0 else m - 1 - pair
            if side == 0 or top > pair:
                for left in range(top, m):
                    for i in range(top * TILE, min(n, (top + 1) * TILE)):
                        for j in range(left * TILE, min(n, (left + 1) * TILE)):
                            if i < j:
                                h = (H[i, j] + H[j, i]) / 2
                                e = (half[i] + half[j] - math.log(h)) / t
                                d = 0.0
                                if e > 0.0:
                                    d = scale * scaled_speed(e, coefficients)
                                D[i, j] = d
                                D[j, i] = d
                            elif i == j:
                                D[i, i] = 0.0
