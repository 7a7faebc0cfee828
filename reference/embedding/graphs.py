"""Alpha-decay graphs of point clouds, and Laplacians of weighted graphs.

    eps_i = distance of x_i from its k-th nearest other row that is no copy of it,
    A_ij  = exp(-(|x_i - x_j| / eps_i)^decay), entries below 1e-4 dropped,
    K     = (A + A^T) / 2, K_ii = 1,
    K_ij <- K_ij / (q_i q_j)^a, q the row sums of K,
    W     = K with zero diagonal.

With decay 40 the cut lies at 1.057 eps_i: practically the k nearest neighbours with
weight one. The dense forms run on every array library. A sparse matrix brings its own
operations, so its forms import nothing either.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.embedding.duplicates import COPY, typical
from geomsci.reference.embedding.metric_spaces import MetricSpace, metric_space

THRESHOLD = 1e-4
"""Kernel entries below this are dropped before the symmetrisation."""

BANDWIDTH_CLIP = 4.0
"""``mean(eps) / eps_i`` is kept within [1/4, 4]: near copies would stiffen L."""


class Graph(NamedTuple):
    """Weights ``W`` with zero diagonal, shape (n, n), and ``bandwidths`` eps, (n,)."""

    W: Any
    bandwidths: Array


def bandwidths(space: MetricSpace, n_neighbors: int) -> Array:
    """Distance of every point from its k-th nearest other point, copies left out.

    A bandwidth is the spacing of the points. With copies counted, a point with many of
    them would get a small one, or 0, and heat would stay there. Copies are nearer than
    1e-8 of the median k-th distance above 0, so the rule scales with the cloud.
    """
    d = space.nearest_distances(n_neighbors)
    xp = array_namespace(d)
    eps = d[:, -1]
    limit = COPY * typical(eps)
    copies = xp.nonzero(d[:, 0] <= limit)[0]
    if copies.shape[0] == 0:
        return eps
    rows = [int(copies[i]) for i in range(copies.shape[0])]
    wider = space.kth_beyond(rows, limit, n_neighbors)
    if not float(wider[0]) > 0.0:
        raise ValueError(
            f"X must hold at least two different points, got {eps.shape[0]} copies of "
            "one: a graph of distances needs distances."
        )
    eps = xp.asarray(eps, copy=True)
    for place, row in enumerate(rows):
        eps[row] = wider[place]
    return eps


def alpha_decay_graph(
    X: Array, *, n_neighbors: int, decay: float, anisotropy: float, metric: str
) -> Graph:
    """The dense graph, on the library and device of X."""
    xp = array_namespace(X)
    space = metric_space(X, metric)
    eps = bandwidths(space, n_neighbors)
    A = _kernel(xp, space.distances() / eps[:, None], decay)
    K = 0.5 * (A + xp.matrix_transpose(A))
    if anisotropy:
        # A row's distance from itself is 0, so K_ii = 1 is in the sums already.
        s = xp.sum(K, axis=1) ** (-anisotropy)
        K = K * (s[:, None] * s[None, :])
    return Graph(_zero_diagonal(xp, K), eps * space.unit)


def sparse_alpha_decay_graph(
    X: Array, *, n_neighbors: int, decay: float, anisotropy: float, metric: str
) -> Graph:
    """The graph as a CSR matrix, for NumPy."""
    xp = array_namespace(X)
    space = metric_space(X, metric)
    eps = bandwidths(space, n_neighbors)
    A = space.distances_within(eps * _cut(decay))
    per_row = A.indptr[1:] - A.indptr[:-1]
    A.data = _kernel(xp, A.data / xp.repeat(eps, per_row), decay)
    A.eliminate_zeros()
    K = 0.5 * (A + A.T)
    if anisotropy:
        s = (K.sum(axis=1) + 1.0) ** (-anisotropy)  # K_ii = 1 is not stored
        K = _scaled(K, s)
    return Graph(K.tocsr(), eps * space.unit)


def graph_laplacian(W: Any, eps: Array | None, *, kind: str) -> Any:
    """Laplacian of a graph with zero diagonal; dense or CSR as W is.

    An isolated vertex gets a zero row: heat that starts there stays there.
    """
    degrees = row_sums(W)
    xp = array_namespace(degrees)
    if kind == "combinatorial":
        return _diagonal_minus(W, degrees)
    linked = degrees > 0.0
    one = xp.ones_like(degrees)
    s = xp.where(linked, 1.0 / xp.sqrt(xp.where(linked, degrees, one)), 0.0 * one)
    diagonal = xp.where(linked, one, 0.0 * one)
    if kind == "variable_bandwidth":
        E = bandwidth_ratios(eps)
        s, diagonal = s * E, diagonal * E**2
    return _diagonal_minus(_scaled(W, s), diagonal)


def row_sums(W: Any) -> Array:
    """Row sums of a dense or sparse W, shape (n,)."""
    sums = W.sum(axis=1) if hasattr(W, "tocsr") else array_namespace(W).sum(W, axis=1)
    return array_namespace(sums).reshape(sums, (-1,))


def null_vector(W: Any, eps: Array | None, *, kind: str) -> Array:
    """The positive vector that the Laplacian of a connected graph sends to 0."""
    degrees = row_sums(W)
    xp = array_namespace(degrees)
    if kind == "combinatorial":
        return xp.ones_like(degrees)
    if kind == "normalized":
        return xp.sqrt(degrees)
    return xp.sqrt(degrees) / bandwidth_ratios(eps)


def bandwidth_ratios(eps: Array) -> Array:
    """``E_i = mean(eps) / eps_i``, kept within [1/4, 4]."""
    xp = array_namespace(eps)
    return xp.clip(xp.mean(eps) / eps, 1.0 / BANDWIDTH_CLIP, BANDWIDTH_CLIP)


def _cut(decay: float) -> float:
    """The ratio |x_i - x_j| / eps_i at which the kernel falls to the threshold."""
    return (-math.log(THRESHOLD)) ** (1.0 / decay)


def _kernel(xp: Any, ratio: Array, decay: float) -> Array:
    """``exp(-ratio^decay)``, 0 beyond the cut."""
    near = ratio <= _cut(decay)
    # Far ratios would overflow in the power, and their values are not used.
    A = xp.exp(-(xp.where(near, ratio, xp.ones_like(ratio)) ** decay))
    return xp.where(near, A, xp.zeros_like(A))


def _zero_diagonal(xp: Any, K: Array) -> Array:
    n = xp.arange(K.shape[0], dtype=xp.int64, device=device(K))
    return xp.where(n[:, None] == n[None, :], xp.zeros_like(K), K)


def _scaled(W: Any, s: Array) -> Any:
    """``diag(s) W diag(s)``, exactly symmetric where W is."""
    if not hasattr(W, "tocsr"):
        return W * (s[:, None] * s[None, :])
    xp = array_namespace(s)
    W = W.tocsr()
    rows = xp.repeat(s, W.indptr[1:] - W.indptr[:-1])
    data = W.data * (rows * xp.take(s, W.indices))
    return type(W)((data, W.indices, W.indptr), shape=W.shape)


def _diagonal_minus(W: Any, diagonal: Array) -> Any:
    """``diag(diagonal) - W`` for W with zero diagonal."""
    xp = array_namespace(diagonal)
    n = diagonal.shape[0]
    if hasattr(W, "tocsr"):
        W = W.tocsr()
        ends = xp.arange(n + 1, dtype=W.indptr.dtype)
        return type(W)((diagonal, ends[:-1], ends), shape=(n, n)) - W
    row = xp.arange(n, dtype=xp.int64, device=device(W))
    return xp.where(row[:, None] == row[None, :], diagonal[:, None], 0.0 - W)
