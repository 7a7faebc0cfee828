"""Metric multidimensional scaling: classical, SMACOF and stochastic gradients.

All three place n points so that their distances are close to given ones. Classical
scaling minimises the strain ``|| -1/2 J (D^2) J - Y Y^T ||_F`` in closed form; the two
others minimise the stress

    S(Y) = sum_{i<j} w_ij (|y_i - y_j| - d_ij)^2.

References
----------
W. S. Torgerson, Psychometrika 17 (1952) 401. J. C. Gower, Biometrika 53 (1966) 325.
J. de Leeuw and W. J. Heiser, in Multivariate Analysis V (1980) 501. I. Borg and
P. J. F. Groenen, Modern Multidimensional Scaling (2005), sections 8.6 and 12.1.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace, device, eps, from_host
from geomsci.backends.random import philox
from geomsci.backends.tiling import map_tiles

LARGEST_BLOCK = 128
"""Seats of a block: the distances of two blocks fit the second-level cache."""

STREAM_STEP = 1 << 40
"""Words of the random stream that belong to one epoch."""


class MDSInfo(NamedTuple):
    """How a scaling ended.

    ``stress`` is that of the returned points, ``n_iter`` counts iterations or epochs
    (0 for a closed form), ``converged`` is False if SMACOF met ``max_iter`` first, and
    ``stress_path`` holds the stress before each iteration of SMACOF and after the last
    one (only the last one for the other methods).
    """

    stress: float
    n_iter: int
    converged: bool
    stress_path: tuple[float, ...]


# Classical scaling


def classical(D: Array, *, n_components: int) -> Array:
    """Leading eigenvectors of ``-1/2 J (D^2) J`` times the roots of the eigenvalues.

    Negative eigenvalues, which distances that are not Euclidean have, count as zero.
    The entry of largest modulus of every eigenvector is positive.
    """
    xp = array_namespace(D)
    B = D * D
    rows = xp.mean(B, axis=1, keepdims=True)
    B = -0.5 * (B - rows - xp.matrix_transpose(rows) + xp.mean(rows))
    values, top = linalg.leading_eigh(B, n_components)
    n = D.shape[0]
    # Directions of rounding are no directions.
    values = xp.where(values > n * eps(xp, D.dtype) * values[0], values, 0.0 * values)
    return _with_fixed_signs(xp, top) * xp.sqrt(values)[None, :]


def _with_fixed_signs(xp: Any, vectors: Array) -> Array:
    largest = xp.argmax(xp.abs(vectors), axis=0, keepdims=True)
    signs = xp.sign(xp.take_along_axis(vectors, largest, axis=0))
    return vectors * signs


# Stress and SMACOF


def _distances(xp: Any, part: Array, Y: Array) -> Array:
    """Distances of some points to all, from differences: exact for close points."""
    square = xp.zeros((part.shape[0], Y.shape[0]), dtype=Y.dtype, device=device(Y))
    for c in range(Y.shape[1]):
        difference = part[:, c][:, None] - Y[:, c][None, :]
        square = square + difference * difference
    return xp.sqrt(square)


def stress(D: Array, Y: Array, weights: Array | None) -> Array:
    """``sum_{i<j} w_ij (|y_i - y_j| - d_ij)^2``, a 0-d array."""
    xp = array_namespace(D)

    def rows(d: Array, y: Array, *w: Array) -> Array:
        square = (_distances(xp, y, Y) - d) ** 2
        return xp.sum(square * w[0] if w else square, axis=1)

    stacks = (D, Y) if weights is None else (D, Y, weights)
    each = map_tiles(rows, *stacks, bytes_per_item=3 * D.shape[0] * 8)
    return xp.sum(each) / 2


def _forces_and_stress(
    xp: Any, D: Array, Y: Array, weights: Array | None
) -> tuple[Array, float]:
    """``B(Y) Y`` of the Guttman transform and the stress of ``Y``, in one pass.

    ``b_ij = -w_ij d_ij / |y_i - y_j|`` off the diagonal (0 for coinciding points), and
    the rows of B sum to zero.
    """

    def rows(d: Array, y: Array, *w: Array) -> Array:
        distances = _distances(xp, y, Y)
        apart = distances > 0
        safe = xp.where(apart, distances, 1.0 + 0.0 * distances)
        ratio = xp.where(apart, d / safe, 0.0 * d)
        square = (distances - d) ** 2
        if w:
            ratio, square = ratio * w[0], square * w[0]
        pulled = xp.sum(ratio, axis=1, keepdims=True) * y - ratio @ Y
        return xp.concat([pulled, xp.sum(square, axis=1, keepdims=True)], axis=1)

    stacks = (D, Y) if weights is None else (D, Y, weights)
    found = map_tiles(rows, *stacks, bytes_per_item=6 * D.shape[0] * 8)
    k = Y.shape[1]
    return found[:, :k], float(xp.sum(found[:, k])) / 2


def _inverse_of_v(xp: Any, weights: Array) -> Array:
    """Pseudo-inverse of ``V = diag(W 1) - W``; ValueError if W is not connected."""
    n = weights.shape[0]
    identity = xp.eye(n, dtype=weights.dtype, device=device(weights))
    W = weights * (1.0 - identity)
    V = xp.sum(W, axis=1)[:, None] * identity - W
    values, vectors = linalg.eigh(V)
    if not bool(values[1] > n * eps(xp, V.dtype) * values[n - 1]):
        raise ValueError(
            "weights must connect all points, got a part without weights to the rest: "
            "give one pair between the parts a positive weight."
        )
    tail = vectors[:, 1:]
    return (tail / values[1:][None, :]) @ xp.matrix_transpose(tail)


def smacof(
    D: Array,
    Y: Array,
    weights: Array | None,
    *,
    max_iter: int,
    tol: float,
) -> tuple[Array, MDSInfo]:
    """Majorisation of the stress: ``Y <- V^+ B(Y) Y``, which never raises it.

    Stops when an iteration lowers the stress by at most
    ``tol sum_{i<j} w_ij d_ij^2``.
    """
    xp, n = array_namespace(D), D.shape[0]
    inverse = None if weights is None else _inverse_of_v(xp, weights)
    scale = float(xp.sum(D * D if weights is None else weights * D * D)) / 2
    pulled, value = _forces_and_stress(xp, D, Y, weights)
    path, converged = [value], False
    while len(path) <= max_iter and not converged:
        Y = pulled / n if inverse is None else inverse @ pulled
        pulled, value = _forces_and_stress(xp, D, Y, weights)
        converged = path[-1] - value <= tol * scale
        path.append(value)
    return Y, MDSInfo(path[-1], len(path) - 1, converged, tuple(path))


# Stochastic gradients


class Schedule(NamedTuple):
    """Order of the pairs: see `geomsci.reference.embedding.sgd_mds`.

    ``seats``: the point on every seat in every epoch, host array of int64 of shape
    (n_epochs, m size); ``rounds``: the order of the rounds, shape (n_epochs, m);
    ``size``: seats of a block.
    """

    seats: Any
    rounds: Any
    size: int


def block_size(n: int) -> int:
    """Power of 2 of about the root of n: as many blocks as seats in a block."""
    return min(LARGEST_BLOCK, 1 << (math.isqrt(n).bit_length() - 1))


def schedule(key: int, n: int, n_epochs: int) -> Schedule:
    """Seats and rounds of all epochs, a pure function of the key.

    An order is that of the words of the Philox stream ``key``; every epoch has a part
    of the stream of its own.
    """
    size = block_size(n)
    m = -(-n // size) | 1
    words = [philox(key, e * STREAM_STEP, m * size + m) for e in range(n_epochs)]
    table = words[0][None, :].repeat(n_epochs, axis=0)
    for e, part in enumerate(words):
        table[e, :] = part
    seats = table[:, : m * size].argsort(axis=1, kind="stable")
    return Schedule(seats, table[:, m * size :].argsort(axis=1, kind="stable"), size)


def step_sizes(smallest: float, largest: float, n_epochs: int) -> tuple[float, ...]:
    """``eta`` of every epoch, geometric from ``1 / smallest`` to ``0.1 / largest``.

    The arguments are the extreme positive weights. The first epoch satisfies every
    pair exactly, the last one moves none by more than a tenth of its error.
    """
    ratio = math.log(0.1 * smallest / largest) / max(1, n_epochs - 1)
    return tuple(math.exp(ratio * e) / smallest for e in range(n_epochs))


def sgd(
    D: Array,
    Y: Array,
    weights: Array | None,
    order: Schedule,
    etas: tuple[float, ...],
) -> Array:
    """Stochastic gradients in arrays: all pairs of a turn at once, on any library."""
    xp, n = array_namespace(D), D.shape[0]
    m = order.rounds.shape[1]
    flat_d = xp.reshape(D, (-1,))
    flat_w = None if weights is None else xp.reshape(weights, (-1,))
    points = xp.arange(n, dtype=xp.int64, device=device(D))
    for e, eta in enumerate(etas):
        seats = from_host(order.seats[e], D)
        own = xp.argsort(seats)[:n]  # the seat of every point
        block, lane = own // order.size, own % order.size
        for r in order.rounds[e].tolist():
            across = ((r - block) % m) * order.size
            for s in range(order.size):
                seat = across + xp.bitwise_xor(lane, xp.full_like(lane, s))
                other = xp.take(seats, seat, axis=0)
                other = xp.where(other < n, other, points)
                pair = points * n + other
                d = xp.take(flat_d, pair, axis=0)
                mu = xp.full_like(d, eta)
                if flat_w is not None:
                    mu = eta * xp.take(flat_w, pair, axis=0)
                mu = xp.where(mu > 1.0, xp.ones_like(mu), mu)
                Y = Y - _move(xp, d, mu, Y - xp.take(Y, other, axis=0), own < seat)
    return Y


def _move(xp: Any, d: Array, mu: Array, away: Array, is_first: Array) -> Array:
    """``mu (|away| - d) / 2`` along ``away``; a point alone has d = 0 and away = 0."""
    length = xp.sqrt(xp.sum(away * away, axis=1))
    apart = length > 0
    factor = 1.0 - d / xp.where(apart, length, xp.ones_like(length))
    factor = xp.where(apart, 0.5 * mu * factor, 0.0 * d)
    # Points that coincide part along the first axis.
    side = xp.where(is_first, xp.ones_like(d), -xp.ones_like(d))
    part = xp.where(apart, 0.0 * d, 0.5 * mu * d * side)
    rest = xp.zeros(
        (d.shape[0], away.shape[1] - 1), dtype=away.dtype, device=device(away)
    )
    return factor[:, None] * away + xp.concat([part[:, None], rest], axis=1)
