r"""Independent points of the optimal measure: what the exact samplers propose.

For functions phi_1 .. phi_m, orthonormal in the probability measure mu, the optimal
measure is

    nu(dx) = (1/m) sum_j phi_j(x)^2 mu(dx),

a mixture: choose j uniformly, then draw x from ``phi_j^2 mu``. For products of
univariate polynomials every coordinate is drawn by itself, see
`geomsci.reference.sampling.coordinates`. On a finite set the running sums of its masses
are inverted.

Random numbers: proposal t of a draw owns the Philox blocks ``t 2^20 ..
(t + 1) 2^20 - 1`` of the draw's key (finite sets: the words 2 t and 2 t + 1), so it is
a pure function of the key and of t.

The functions are scalar code: `geomsci.backends.compile` turns this very source into
the host kernel and into the body of a GPU thread; interpreted, they are the
specification. Nothing is allocated here.

References
----------
A. Cohen and G. Migliorati, "Optimal weighted least-squares methods", SMAI J. Comput.
Math. 3 (2017) 181, section 5 (the mixture).
"""

import math

from geomsci.reference.philox import (
    philox_blocks,
    philox_groups,
    philox_key,
    philox_next,
    philox_product,
    philox_round,
    philox_rounds,
    philox_word,
)
from geomsci.reference.sampling.coordinates import (
    angular,
    coordinate,
    forget,
    trigonometric,
    two_sided,
    uniform,
    value_at,
    with_ends,
)

HELPERS = (
    "philox_product",
    "philox_round",
    "philox_next",
    "philox_key",
    "philox_word",
    "philox_rounds",
    "philox_blocks",
    "philox_groups",
    "forget",
    "uniform",
    "value_at",
    "trigonometric",
    "angular",
    "with_ends",
    "two_sided",
    "coordinate",
    "located",
    "finite_proposal",
    "propose",
    "fourier_values",
    "polynomial_values",
    "features",
    "optimal_weight",
    "polynomial_point",
)
"""Functions that the samplers call, for the compiler."""

_NESTED = (
    angular, philox_groups, philox_next, philox_product, philox_round, philox_rounds,
    philox_word, trigonometric, two_sided, value_at, with_ends,
)  # fmt: skip
"""Called by what is imported: the compiler looks for them in this module."""


def located(words, t, cumulative, guide):
    """Index and number of proposal ``t`` from the words of its Philox block."""
    i = (t // 2) % 4
    lane = 2 * (t % 2)
    u = ((words[lane, i] >> 11) & 0x1FFFFFFFFFFFFF) * 2.0**-53
    v = ((words[lane + 1, i] >> 11) & 0x1FFFFFFFFFFFFF) * 2.0**-53
    n_guides = guide.shape[0] - 1
    g = int(u * n_guides)
    low = guide[g]
    high = guide[g + 1]
    level = u * cumulative[cumulative.shape[0] - 1]
    while low < high:
        middle = (low + high) // 2
        if cumulative[middle] > level:
            high = middle
        else:
            low = middle + 1
    return low, v


def finite_proposal(key, t, cumulative, guide, words):
    """Index of proposal ``t`` in a finite set, and its number for the acceptance.

    Parameters
    ----------
    key : tuple of int
    t : int, asked for in ascending order from 0
    cumulative : array of float64, shape (N,)
        Running sums of the masses.
    guide : array of int64, shape (G + 1,), G a power of two
        First index whose running sum is above ``g / G`` of the total; last entry: the
        last index of positive mass.
    words : array of int64, shape (8, 16)

    Returns
    -------
    index : int
        The first whose running sum is above ``u`` times the total: one of mass 0 is
        never chosen.
    v : float
        Uniform on [0, 1).
    """
    if t % 8 == 0:
        philox_blocks(key, t // 2, 4, words)
    return located(words, t, cumulative, guide)


def propose(key, t, share, tables, words, point):
    """Write proposal ``t`` into ``point``; return its number for the acceptance.

    Parameters
    ----------
    key : tuple of int
    t : int
    share : float
        Probability that the point comes from the optimal measure; it comes from mu
        (all degrees 0) otherwise.
    tables : tuple of arrays
        See `geomsci.reference.sampling.envelopes.Tables`.
    words : array of int64, shape (8, 16)
    point : array of float64, shape (d,)

    Returns
    -------
    v : float
        Uniform on [0, 1), independent of the point if ``share`` is 1.
    """
    families, indices, recurrences, envelopes = tables
    v = uniform(key, t, 0, words)
    j = int(uniform(key, t, 1, words) * indices.shape[0])
    position = 2
    for i in range(families.shape[0]):
        k = indices[j, i] if v < share else 0
        x, position = coordinate(
            families[i], k, recurrences[i], envelopes[i, k], key, t, position, words
        )
        point[i] = x
    return v


def fourier_values(x, values):
    """Values 1, sqrt2 cos 2 pi x, sqrt2 sin 2 pi x, sqrt2 cos 4 pi x, ..."""
    values[0] = 1.0
    for k in range(1, values.shape[0]):
        if k % 2 == 1:
            values[k] = math.sqrt(2.0) * math.cos(math.pi * (k + 1) * x)
        else:
            values[k] = math.sqrt(2.0) * math.sin(math.pi * k * x)


def polynomial_values(rows, x, values):
    """All ``p_0 .. p_p`` at x, divided by their largest modulus if that is large.

    Returns
    -------
    log_scale : float
        ``p_k(x) = values[k] exp(log_scale)``.
    """
    before = 0.0
    now = 1.0
    log_scale = 0.0
    largest = 1.0
    values[0] = 1.0
    for j in range(values.shape[0] - 1):
        after = (rows[j, 0] * x - rows[j, 1]) * now - rows[j, 2] * before
        before = now
        now = after
        values[j + 1] = now
        size = abs(now)
        largest = size if size > largest else largest
        if largest > 2.0**200:
            for i in range(j + 2):
                values[i] /= largest
            before /= largest
            now /= largest
            log_scale += math.log(largest)
            largest = 1.0
    if largest > 2.0**30:
        for i in range(values.shape[0]):
            values[i] /= largest
        log_scale += math.log(largest)
    return log_scale


def features(point, tables, values, phi):
    """Write ``phi_j(x) exp(-log_scale)``; return their sum of squares and log_scale."""
    families, indices, recurrences, _ = tables
    log_scale = 0.0
    for i in range(families.shape[0]):
        if families[i] == 0:
            fourier_values(point[i], values[i])
        else:
            log_scale += polynomial_values(recurrences[i], point[i], values[i])
    m = indices.shape[0]
    for j in range(m):
        phi[j] = values[0, indices[j, 0]]
    for i in range(1, families.shape[0]):
        for j in range(m):
            phi[j] *= values[i, indices[j, i]]
    square = 0.0
    for j in range(m):
        square += phi[j] * phi[j]
    return square, log_scale


def optimal_weight(share, m, square, log_scale):
    """``1 / ((1 - a) + a k / m)`` with ``k = square exp(2 log_scale)``."""
    scale = math.exp(-2.0 * log_scale)
    return scale / ((1.0 - share) * scale + share * square / m)


def polynomial_point(key, t, share, tables, point, phi, work):
    """Independent point ``t`` of a draw; returns its weight."""
    values, words = work
    propose(philox_key(key), t, share, tables, words, point)
    square, log_scale = features(point, tables, values, phi)
    return optimal_weight(share, phi.shape[0], square, log_scale)


def polynomial_points(
    keys, share, families, indices, recurrences, envelopes,
    points, weights, first, last, phi, values, words,
):  # fmt: skip
    """Independent points of a range of draws.

    Parameters
    ----------
    keys : array of int64, shape (R, 4)
    share : float
        Weight a of the optimal measure in the mixture with mu.
    families, indices, recurrences, envelopes : arrays
        See `geomsci.reference.sampling.envelopes.Tables`.
    points : array of float64, shape (R, n, d)
    weights : array of float64, shape (R, n)
        Written.
    first, last : int
        The range.
    phi : array of float64, shape (m,)
    values : array of float64, shape (d, p + 1)
    words : array of int64, shape (8, 16)
        Workspaces.
    """
    tables = (families, indices, recurrences, envelopes)
    work = (values, words)
    for r in range(first, last):
        forget(words)
        for t in range(points.shape[1]):
            weights[r, t] = polynomial_point(
                keys[r], t, share, tables, points[r, t], phi, work
            )


def optimal_weights(
    points, families, indices, recurrences, envelopes, weights, phi, values
):
    """Weights ``m / K(x, x)`` at given points.

    Parameters
    ----------
    points : array of float64, shape (n, d)
    families, indices, recurrences, envelopes : arrays
        See `geomsci.reference.sampling.envelopes.Tables`.
    weights : array of float64, shape (n,)
        Written.
    phi : array of float64, shape (m,)
    values : array of float64, shape (d, p + 1)
        Workspaces.
    """
    tables = (families, indices, recurrences, envelopes)
    for i in range(points.shape[0]):
        square, log_scale = features(points[i], tables, values, phi)
        weights[i] = optimal_weight(1.0, phi.shape[0], square, log_scale)


def polynomial_proposals(
    key, first, families, indices, recurrences, envelopes,
    points, numbers, phi, scales, values, words,
):  # fmt: skip
    """Proposals ``first ..`` of one draw, with their functions.

    Parameters
    ----------
    key : array of int64, shape (4,)
    first : int
    families, indices, recurrences, envelopes : arrays
        See `geomsci.reference.sampling.envelopes.Tables`.
    points : array of float64, shape (n, d)
    numbers : array of float64, shape (n,)
        The numbers for the acceptance.
    phi : array of float64, shape (n, m)
        ``phi_j(x) exp(-scale)``.
    scales : array of float64, shape (n,)
        All written.
    values : array of float64, shape (d, p + 1)
    words : array of int64, shape (8, 16)
        Workspaces.
    """
    tables = (families, indices, recurrences, envelopes)
    stream = philox_key(key)
    forget(words)
    for t in range(points.shape[0]):
        numbers[t] = propose(stream, first + t, 2.0, tables, words, points[t])
        _, scales[t] = features(points[t], tables, values, phi[t])


def finite_points(
    keys, share, cumulative, guide, cumulative_mu, guide_mu, indices, first, last, words
):
    """Independent points of a range of draws on a finite set.

    Parameters
    ----------
    keys : array of int64, shape (R, 4)
    share : float
        Weight a of the optimal measure in the mixture with mu.
    cumulative, guide, cumulative_mu, guide_mu : arrays
        Of the optimal measure and of mu, see `finite_proposal`.
    indices : array of int64, shape (R, n)
        Written.
    first, last : int
        The range.
    words : array of int64, shape (8, 16)
        Workspace.
    """
    for r in range(first, last):
        key = philox_key(keys[r])
        for t in range(indices.shape[1]):
            index, v = finite_proposal(key, t, cumulative, guide, words)
            if v >= share:
                index, _ = located(words, t, cumulative_mu, guide_mu)
            indices[r, t] = index
