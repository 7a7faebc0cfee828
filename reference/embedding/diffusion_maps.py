"""Diffusion maps: eigenvectors of the random walk on a kernel.

    K^a_ij = K_ij / (q_i q_j)^a,  q = K 1,        d = K^a 1,
    p_ij   = K^a_ij / d_i,  P psi_k = lambda_k psi_k,  sum_i d_i psi_k(i)^2 = sum_i d_i,
    y_i    = (lambda_1^t psi_1(i), lambda_2^t psi_2(i), ...).

``a = 1`` takes the density of the points out: P then tends to the heat kernel of the
Laplace-Beltrami operator. With all n - 1 coordinates ``|y_i - y_j|`` is the diffusion
distance, ``D_t^2(i, j) = sum_m (P^t_im - P^t_jm)^2 / pi_m``, ``pi = d / sum d``.

A new point x has the row ``k(x, x_j) / q_j^a``, divided by its sum (``q(x)`` cancels),
and ``psi_k(x) = sum_j p(x, x_j) psi_k(x_j) / lambda_k``. On a training point the row
is that of P if k is the same function there, and then the sum is ``lambda_k psi_k``
exactly: the extension repeats the coordinates, with an error of the residual of the
eigenpair times ``lambda^(t-1)``.

References
----------
R. R. Coifman and S. Lafon, Appl. Comput. Harmon. Anal. 21 (2006) 5; and, for the
extension, 21 (2006) 31.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from geomsci.backends import linalg, neighbors, sparse_linalg
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import map_tiles
from geomsci.reference.embedding.graphs import THRESHOLD


class Link(NamedTuple):
    """An edge of weight ``weight`` between two points that the kernel does not join."""

    row: int
    column: int
    weight: float


class Spectrum(NamedTuple):
    """``eigenvalues`` descending without the first, 1; ``eigenvectors`` psi; ``q``."""

    eigenvalues: Array
    eigenvectors: Array
    density: Array


def scaled(K: Any, s: Array) -> Any:
    """``diag(s) K diag(s)``, dense or sparse as K is."""
    if not hasattr(K, "tocsr"):
        return K * (s[:, None] * s[None, :])
    xp = array_namespace(s)
    K = K.tocsr()
    rows = xp.repeat(s, K.indptr[1:] - K.indptr[:-1])
    data = K.data * (rows * xp.take(s, K.indices))
    return type(K)((data, K.indices, K.indptr), shape=K.shape)


def row_sums(K: Any) -> Array:
    """Sums of the rows of a dense or sparse matrix."""
    if hasattr(K, "tocsr"):
        return K.sum(axis=1).reshape(-1)
    return array_namespace(K).sum(K, axis=1)


def diffusion_spectrum(
    K: Any, *, n_components: int, anisotropy: float, start: Any
) -> Spectrum:
    """Leading eigenpairs of P; the largest entry of every eigenvector is positive.

    P is similar to ``S = d^-1/2 K^a d^-1/2``, which is symmetric. ``start`` is the
    first vector of the Krylov space of a sparse K, not read for a dense one.
    """
    q = row_sums(K)
    xp = array_namespace(q)
    K = scaled(K, q ** (-anisotropy)) if anisotropy else K
    d = row_sums(K)
    s = 1.0 / xp.sqrt(d)
    n, top = q.shape[0], n_components + 1
    if hasattr(K, "tocsr"):
        values, vectors = sparse_linalg.leading_eigenpairs(
            scaled(K, s), top, start=start
        )
    else:
        values, vectors = linalg.eigh(scaled(K, s))
        values, vectors = values[n - top :], vectors[:, n - top :]
    values = xp.flip(values, axis=0)[1:]
    psi = xp.flip(vectors, axis=1)[:, 1:] * (xp.sqrt(xp.sum(d)) * s)[:, None]
    largest = xp.argmax(xp.abs(psi), axis=0, keepdims=True)
    psi = psi * xp.sign(xp.take_along_axis(psi, largest, axis=0))
    return Spectrum(values, psi, q)


def with_self_loops(W: Any) -> Any:
    """``W + I``, dense or sparse as W is."""
    if hasattr(W, "tocsr"):
        W = W.tocsr()
        xp = array_namespace(W.data)
        ends = xp.arange(W.shape[0] + 1, dtype=W.indptr.dtype)
        ones = xp.ones((W.shape[0],), dtype=W.data.dtype)
        return (W + type(W)((ones, ends[:-1], ends), shape=W.shape)).tocsr()
    xp = array_namespace(W)
    return W + xp.eye(W.shape[0], dtype=W.dtype, device=device(W))


def with_links(K: Any, X: Array, links: tuple[Link, ...]) -> Any:
    """K with the links, which copies of a point share.

    They must: the row of the kernel is a function of the point, or the extension
    would not know which copy it is given.
    """
    if not links:
        return K
    if not hasattr(K, "tocsr"):
        return linked_rows(K, X, X, links)
    K = K.tocsr()
    xp = array_namespace(X)
    for link in links:
        rows = xp.nonzero(copies(X, X[link.row, :]))[0]
        columns = xp.nonzero(copies(X, X[link.column, :]))[0]
        i = xp.repeat(rows, columns.shape[0])
        j = xp.tile(columns, (rows.shape[0],))
        data = xp.full((i.shape[0],), link.weight, dtype=K.data.dtype)
        new = type(K)((data, (i, j)), shape=K.shape)
        K = (K + (new + new.T)).tocsr()
    return K


def copies(X: Array, x: Array) -> Array:
    """Which rows of X are x."""
    return array_namespace(X).all(X == x[None, :], axis=1)


def linked_rows(A: Array, X: Array, Y: Array, links: tuple[Link, ...]) -> Array:
    """Rows of a kernel of X with Y, with the links between points of Y added."""
    for link in links:
        ends = (Y[link.row, :], Y[link.column, :])
        for here, there in (ends, ends[::-1]):
            pairs = copies(X, here)[:, None] & copies(Y, there)[None, :]
            xp = array_namespace(A)
            A = xp.where(pairs, xp.full_like(A, link.weight), A)
    return A


def extended_bandwidths(X: Array, Y: Array, eps: Array, n_neighbors: int) -> Array:
    """Bandwidths of new points X beside the training points Y with bandwidths eps.

    The distance of the (k + 1)-th nearest training point, of which the nearest stands
    for x itself, and at least the bandwidth of the nearest: continuous in x, and equal
    to ``eps_i`` on ``y_i``, whose bandwidth is never below its k-th distance.
    """
    xp = array_namespace(X)
    found = neighbors.nearest(Y, n_neighbors + 1, queries=X)
    own = xp.take(eps, found.indices[:, 0], axis=0)
    return xp.maximum(found.distances[:, n_neighbors], own)


def kernel_rows(X: Array, Y: Array, eps_x: Array, eps_y: Array, decay: float) -> Array:
    """``(exp(-(|x - y| / eps_x)^decay) + exp(-(|x - y| / eps_y)^decay)) / 2``.

    Terms below the threshold of the graph are dropped.
    """
    D = neighbors.pairwise_distances(X, Y)
    near = _decayed(D / eps_x[:, None], decay)
    return 0.5 * (near + _decayed(D / eps_y[None, :], decay))


def _decayed(ratio: Array, decay: float) -> Array:
    xp = array_namespace(ratio)
    # exp(-3^decay) is far below the threshold, and 3^decay does not overflow.
    A = xp.exp(-(xp.clip(ratio, 0.0, _beyond(decay)) ** decay))
    return xp.where(A >= THRESHOLD, A, xp.zeros_like(A))


def _beyond(decay: float) -> float:
    """A ratio at which the kernel is ``exp(-20)``."""
    return 20.0 ** (1.0 / decay)


def diffusion_extension(
    X: Array,
    Y: Array,
    eps: Array,
    spectrum: Spectrum,
    links: tuple[Link, ...],
    *,
    n_neighbors: int,
    decay: float,
    anisotropy: float,
    t: int,
) -> Array:
    """Coordinates of new points X of a map of the points Y. O(m n d), in tiles."""
    eps_x = extended_bandwidths(X, Y, eps, n_neighbors)

    def tile(x: Array, e: Array) -> Array:
        A = linked_rows(kernel_rows(x, Y, e, eps, decay), x, Y, links)
        return extended_coordinates(A, spectrum, anisotropy=anisotropy, t=t)

    return map_tiles(tile, X, eps_x, bytes_per_item=6 * 8 * Y.shape[0])


def extended_coordinates(
    A: Array, spectrum: Spectrum, *, anisotropy: float, t: int
) -> Array:
    """Nystroem: ``lambda^(t-1) p psi`` of rows A of the kernel, before anisotropy."""
    xp = array_namespace(A)
    if anisotropy:
        A = A * (spectrum.density ** (-anisotropy))[None, :]
    p = A / xp.sum(A, axis=1, keepdims=True)
    averages = p @ spectrum.eigenvectors
    return averages * (spectrum.eigenvalues ** (t - 1))[None, :]


def diffusion_coordinates(spectrum: Spectrum, t: int) -> Array:
    """``lambda_k^t psi_k``, one a column."""
    return spectrum.eigenvectors * (spectrum.eigenvalues**t)[None, :]
