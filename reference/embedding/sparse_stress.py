"""Sparse stress: all points placed by their neighbours and by a few pivots.

    S(Y) = sum_{edges ij} w_ij (|y_i - y_j| - d_ij)^2
         + sum_i sum_p w_ip (|y_i - a_p| - d_ip)^2,

with pivots ``a_p`` that stay where they are (representatives that were scaled before)
and weights ``d^-2``. Every term is bounded above by a square that touches it, as in
SMACOF. The graph Laplacian V of the edges satisfies ``V <= 2 diag(V)``, so that

    y_i <- y_i - (sum_j w_ij (1 - d_ij / l_ij) (y_i - y_j) + sum_p (the same))
                 / (2 sum_j w_ij + sum_p w_ip),    l_ij = |y_i - y_j|,

moves all points at once and never raises S. No order of the points enters, so neither
tiles nor threads change a bit, and there is no schedule of step sizes to choose.

References
----------
M. Ortmann, M. Klimenta and U. Brandes, J. Graph Algorithms Appl. 21 (2017) 791,
arXiv:1608.08909 (pivots and their weights). E. R. Gansner, Y. Koren and S. North,
Graph Drawing 2004, 239 (majorisation point by point).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from geomsci.backends.arrays import Array, array_namespace
from geomsci.backends.tiling import map_tiles
from geomsci.reference.embedding.extension import extension_weights

N_ITER = 30
BALANCE = 3.0
"""Weight of all edges of a point, in that of all its pivots."""


class Terms(NamedTuple):
    """Terms of the stress in a table: row i lists those of point i.

    ``columns`` (integers), ``distances`` (>= 0) and ``weights`` (>= 0), each of shape
    (n, k); a weight of 0 fills an empty place.
    """

    columns: Array
    distances: Array
    weights: Array


def mutual_edges(neighbors: Array, distances: Array) -> Terms:
    """Edges between points that are both among the nearest of one another.

    Parameters
    ----------
    neighbors : integer array, shape (n, k)
        Nearest points of every point, itself left out.
    distances : array, shape (n, k)

    Returns
    -------
    edges : Terms
        Weight ``d^-2``, in units of the shortest edge; 0 for an edge that
        is not mutual and for copies, whose distance is 0. The weights are symmetric.
    """
    xp = array_namespace(neighbors, distances)
    k = neighbors.shape[1]
    numbers = xp.cumulative_sum(xp.ones_like(neighbors[:, 0])) - 1

    def mutual(i: Array, near: Array) -> Array:
        back = xp.take(neighbors, xp.reshape(near, (-1,)), axis=0)
        back = xp.reshape(back, (near.shape[0], k, k))
        return xp.any(back == i[:, None, None], axis=2)

    keep = map_tiles(mutual, numbers, neighbors, bytes_per_item=2 * 8 * k * k)
    keep = xp.logical_and(keep, distances > 0.0)
    safe = xp.where(keep, distances, xp.full_like(distances, float("inf")))
    weights = (xp.min(safe) / safe) ** 2
    return Terms(
        neighbors, distances, xp.where(keep, weights, xp.zeros_like(distances))
    )


def pivot_terms(
    columns: Array, distances: Array, edges: Terms, *, balance: float = BALANCE
) -> Terms:
    """Terms of the pivots, with weights ``d^-2`` that balance those of the edges.

    Parameters
    ----------
    columns : integer array, shape (n, p)
        Pivots of every point.
    distances : array, shape (n, p)
    edges : Terms
    balance : float, > 0
        Sum of the weights of a point's edges over that of its pivots. A point without
        edges has pivots of a typical weight.

    Returns
    -------
    pivots : Terms
        Beside a pivot at the distance 0 the others have the weight 0.
    """
    xp = array_namespace(columns, distances)
    total = xp.sum(edges.weights, axis=1, keepdims=True)
    linked = total > 0.0
    count = float(xp.sum(xp.astype(linked, total.dtype)))
    typical = float(xp.sum(total)) / count if count else 1.0
    total = xp.where(linked, total, xp.full_like(total, typical))
    return Terms(columns, distances, extension_weights(distances) * total / balance)


def sparse_stress(Y: Array, edges: Terms, A: Array, pivots: Terms) -> float:
    """S(Y); every edge stands in the table twice and counts once."""
    xp = array_namespace(Y, A)
    total = 0.0
    for share, terms, ends in ((0.5, edges, Y), (1.0, pivots, A)):
        for k in range(terms.columns.shape[1]):
            away = Y - xp.take(ends, terms.columns[:, k], axis=0)
            misfit = _length(xp, away) - terms.distances[:, k]
            total += share * float(xp.sum(terms.weights[:, k] * misfit**2))
    return total


def _length(xp: Any, away: Array) -> Array:
    return xp.sqrt(xp.sum(away * away, axis=1))


def refine(
    Y: Array, edges: Terms, A: Array, pivots: Terms, *, n_iter: int = N_ITER
) -> Array:
    """Lower the sparse stress of points that are placed already.

    Parameters
    ----------
    Y : array, shape (n, c)
        Where the points start: the heat extension.
    edges : Terms
        Between rows of Y, with symmetric weights (`mutual_edges`).
    A : array, shape (m, c)
        Pivots, which stay.
    pivots : Terms
        From rows of Y to rows of A.
    n_iter : int, >= 0

    Returns
    -------
    Y : array, shape (n, c)
        The stress never rises. O(n (k + p) c) an iteration.
    """
    xp = array_namespace(Y, A)
    for _ in range(n_iter):
        Y = _step(xp, Y, edges, A, pivots)
    return Y


def _step(xp: Any, Y: Array, edges: Terms, A: Array, pivots: Terms) -> Array:
    def tile(y: Array, *tables: Array) -> Array:
        move = xp.zeros_like(y)
        total = xp.zeros_like(y[:, 0])
        parts = ((2.0, Terms(*tables[:3]), Y), (1.0, Terms(*tables[3:]), A))
        for share, terms, ends in parts:
            for k in range(terms.columns.shape[1]):
                away = y - xp.take(ends, terms.columns[:, k], axis=0)
                length, w = _length(xp, away), terms.weights[:, k]
                apart = length > 0.0
                safe = xp.where(apart, length, xp.ones_like(length))
                # Points that coincide have no direction to part in.
                ratio = xp.where(apart, terms.distances[:, k] / safe, 0.0 * safe + 1.0)
                move = move + (w * (1.0 - ratio))[:, None] * away
                total = total + share * w
        free = total > 0.0
        total = xp.where(free, total, xp.ones_like(total))
        return y - move / total[:, None]

    item = 8 * (6 * Y.shape[1] + 8)
    return map_tiles(tile, Y, *edges, *pivots, bytes_per_item=item)
