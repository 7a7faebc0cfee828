r"""Projection DPPs by the chain rule with rejection, one draw at a time.

Let phi_1 .. phi_m be orthonormal in mu and ``K(x, y) = phi(x) . phi(y)``. The law with
the density ``det(K(x_i, x_j)) / m!`` in ``mu^m`` is drawn point after point: given
``x_1 .. x_k`` the next point has the density

    |W phi(x)|^2 / (m - k)          in mu,

where the m - k rows of W are an orthonormal basis of the coefficients of all functions
of the space that vanish at ``x_1 .. x_k``. (With an orthonormal basis V of the span of
``phi(x_1) .. phi(x_k)`` this is ``(K(x, x) - |V phi(x)|^2) / (m - k)``.) The point is
proposed from the optimal measure ``K(x, x) / m`` and accepted with the probability

    |W phi(x)|^2 / K(x, x),

so m H_m proposals are expected for the m points, H_m = 1 + 1/2 + ... + 1/m.
After an acceptance one reflection turns W such that all its functions but the last one
vanish at the new point, and the last one is dropped.

Why W and not V: the squares of W add up, so nothing cancels where few functions are
left and the probabilities are of the order of 1/m; reflections keep the rows
orthonormal without any further orthogonalisation; and a proposal costs 2 m (m - k)
operations where k grows, not 2 m k. The cost is 2 m^3 for all proposals and 2 m^3 for
all reflections, without the logarithm.

The functions are scalar code: `geomsci.backends.compile` turns this very source into
the host kernel and into the body of a GPU thread; interpreted, they are the
specification. Nothing is allocated here.

References
----------
J. B. Hough, M. Krishnapur, Y. Peres and B. Virag, "Determinantal processes and
independence", Probab. Surv. 3 (2006) 206, algorithm 18.
S. Barthelme, N. Tremblay and P.-O. Amblard, "A faster sampler for discrete
determinantal point processes", AISTATS 2023 (rejection).
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
from geomsci.reference.sampling.proposals import HELPERS as _PROPOSALS
from geomsci.reference.sampling.proposals import (
    features,
    finite_proposal,
    fourier_values,
    located,
    optimal_weight,
    polynomial_point,
    polynomial_values,
    propose,
)

HELPERS = (*_PROPOSALS, "start", "project", "reflect")
"""Functions that the samplers call, for the compiler."""

_NESTED = (
    angular, coordinate, fourier_values, located, philox_blocks, philox_groups,
    philox_next, philox_product, philox_round, philox_rounds, philox_word,
    polynomial_point, polynomial_values, trigonometric, two_sided, uniform, value_at,
    with_ends,
)  # fmt: skip
"""Called by what is imported: the compiler looks for them in this module."""


def start(W):
    """The identity: no point is accepted yet."""
    for i in range(W.shape[0]):
        for j in range(W.shape[1]):
            W[i, j] = 0.0
        W[i, i] = 1.0


def project(W, n_rows, phi, z):
    """Write ``z = W phi`` over the rows that are left; return ``|z|^2``."""
    square = 0.0
    for i in range(n_rows):
        row = W[i]
        total = 0.0
        for j in range(phi.shape[0]):
            total += row[j] * phi[j]
        z[i] = total
        square += total * total
    return square


def reflect(W, n_rows, z, square, y):
    """Turn the rows so that all but the last one vanish at the point of ``z = W phi``.

    The reflection ``I - b v v^T`` with ``v = z + sign(z_last) |z| e_last`` sends z to
    the last axis; the last row is not needed any more and is not written.
    """
    last = n_rows - 1
    norm = math.sqrt(square)
    end = z[last] + (norm if z[last] >= 0.0 else -norm)
    b = 1.0 / (norm * abs(end))
    row = W[last]
    for j in range(y.shape[0]):
        y[j] = end * row[j]
    for i in range(last):
        row = W[i]
        v = z[i]
        for j in range(y.shape[0]):
            y[j] += v * row[j]
    for i in range(last):
        row = W[i]
        v = b * z[i]
        for j in range(y.shape[0]):
            row[j] -= v * y[j]


def finite_draw(key, rows, cumulative, guide, limit, indices, work):
    """One projection DPP on a finite set.

    Parameters
    ----------
    key : array of int64, shape (4,)
        The 32-bit pieces of the key of the draw's random stream.
    rows : array of float64, shape (N, m)
        ``phi(x_i)``, or any multiples of these rows.
    cumulative, guide : arrays
        Of the masses ``mu_i |phi(x_i)|^2``, see
        `geomsci.reference.sampling.proposals.finite_proposal`.
    limit : int
        Proposals after which the draw is given up.
    indices : array of int64, shape (n,), n <= m
        Receives the points in the order of acceptance.
    work : tuple of arrays
        W (m, m), z (m,), y (m,) of float64, words (8, 16) of int64.

    Returns
    -------
    n_proposals : int
        -1 if the draw was given up.
    """
    W, z, y, words = work
    stream = philox_key(key)
    start(W)
    m = rows.shape[1]
    k = 0
    t = 0
    while k < indices.shape[0]:
        if t >= limit:
            return -1
        index, v = finite_proposal(stream, t, cumulative, guide, words)
        t += 1
        phi = rows[index]
        whole = 0.0
        for j in range(m):
            whole += phi[j] * phi[j]
        square = project(W, m - k, phi, z)
        if square > v * whole:
            reflect(W, m - k, z, square, y)
            indices[k] = index
            k += 1
    return t


def polynomial_draw(key, tables, limit, points, weights, work):
    """One projection DPP of a space of polynomials.

    Parameters
    ----------
    key : array of int64, shape (4,)
    tables : tuple of arrays
        See `geomsci.reference.sampling.envelopes.Tables`.
    limit : int
    points : array of float64, shape (n, d), n <= m
        Receives the points in the order of acceptance.
    weights : array of float64, shape (n,)
        Receives ``m / K(x, x)``.
    work : tuple of arrays
        W (m, m), z (m,), y (m,), phi (m,), values (d, p + 1), point (d,) of float64,
        words (8, 16) of int64.

    Returns
    -------
    n_proposals : int
        -1 if the draw was given up.
    """
    W, z, y, phi, values, point, words = work
    stream = philox_key(key)
    forget(words)
    start(W)
    m = tables[1].shape[0]
    k = 0
    t = 0
    while k < points.shape[0]:
        if t >= limit:
            return -1
        v = propose(stream, t, 2.0, tables, words, point)
        t += 1
        whole, log_scale = features(point, tables, values, phi)
        square = project(W, m - k, phi, z)
        if square > v * whole:
            reflect(W, m - k, z, square, y)
            for i in range(point.shape[0]):
                points[k, i] = point[i]
            weights[k] = optimal_weight(1.0, m, whole, log_scale)
            k += 1
    return t


def finite_draws(
    keys, rows, cumulative, guide, limit, indices, n_proposals, first, last,
    W, z, y, words,
):  # fmt: skip
    """`finite_draw` for a range of draws; a leading axis runs over the draws."""
    work = (W, z, y, words)
    for r in range(first, last):
        n_proposals[r] = finite_draw(
            keys[r], rows, cumulative, guide, limit, indices[r], work
        )


def polynomial_draws(
    keys, families, index_set, recurrences, envelopes, limit,
    points, weights, n_proposals, first, last, W, z, y, phi, values, point, words,
):  # fmt: skip
    """`polynomial_draw` for a range of draws; a leading axis runs over the draws."""
    tables = (families, index_set, recurrences, envelopes)
    work = (W, z, y, phi, values, point, words)
    for r in range(first, last):
        n_proposals[r] = polynomial_draw(
            keys[r], tables, limit, points[r], weights[r], work
        )
