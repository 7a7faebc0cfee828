"""Augmented covariances of epochs, without forming the delay embedding.

The augmented covariance of order p and lag tau is the covariance of the embedded
epoch Z of `geomsci.reference.eeg.embedding` (arXiv 2302.04508, section II.C). Its
C x C block (a, b) is a product of two shifted windows of the epoch, and neighbours
on a block diagonal share all but 2 tau of their samples:

    S(0, b)     = sum_{t<L} x_t x_{t + b tau}^T
    S(a+1, b+1) = S(a, b) - sum_{s<tau} x_{a tau + s}     x_{b tau + s}^T
                          + sum_{s<tau} x_{L + a tau + s} x_{L + b tau + s}^T.

So only the first block row needs products of full length: 2 p C^2 L + 2 p^2 C^2 tau
operations an epoch instead of 2 p^2 C^2 L. The corrections of all blocks are one
batched product of the first and last (p-1) tau samples. The window means mu_k obey
the same recursion, and the centred products are S(a, b) - L mu_a mu_b^T.

The recursion runs on epochs whose channels have mean zero, so the window means are
small and nothing cancels unless a channel's edges tower above the rest of it. Epochs
are taken tile by tile so that all temporaries stay in the cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.dispatch import run
from geomsci.backends.tiling import each_tile, tile_bytes
from geomsci.reference.eeg.embedding import window_length


def augmented_covariance(
    X: Array,
    *,
    order: int = 1,
    lag: int = 1,
    estimator: str = "cov",
    trim: str = "full",
) -> Array:
    """Covariance of the delay-embedded epochs by the block recursion.

    Parameters
    ----------
    X : array, shape (..., C, T), real floating
    order, lag : int, at least 1
    estimator : {"cov", "scm", "oas", "lwf"}
        Centred products divided by L - 1 (``cov``) or by L (``scm``), the latter
        shrunk towards a multiple of the identity by the oracle approximating rule
        (``oas``) or by Ledoit and Wolf's (``lwf``).
    trim : {"full", "moabb"}
        Which samples are kept, see `window_length`.

    Returns
    -------
    C : array, shape (..., order * C, order * C)
        Exactly symmetric, of the dtype of ``X``.

    Notes
    -----
    O(p C^2 L + p^2 C^2 tau) operations an epoch. The rounding error of every block is
    relative to the norm of the whole matrix, as it is for an explicit product.
    """
    xp = array_namespace(X)
    batch, (C, T) = X.shape[:-2], X.shape[-2:]
    L = window_length(T, order, lag, trim)
    n = order * C
    X = xp.reshape(X, (-1, C, T))
    N = X.shape[0]
    S = xp.empty((N, n, n), dtype=X.dtype, device=device(X))
    mu = xp.empty((N, order, C), dtype=X.dtype, device=device(X))
    per_epoch = xp.finfo(X.dtype).bits // 8 * (C * T + 2 * n * n)

    def work(tile: slice) -> None:
        S[tile, ...], mu[tile, ...] = _centred_products(xp, X[tile, ...], order, lag, L)

    each_tile(work, N, per_epoch, like=X, target=_tile_bytes(X, order))
    finish = _ESTIMATORS[estimator]
    return xp.reshape(finish(S, X, mu, lag, L), (*batch, n, n))


def _centred_products(
    xp: Any, X: Array, p: int, lag: int, L: int
) -> tuple[Array, Array]:
    """Centred products of the embedded epochs, divided by L, and the window means."""
    N, C, _ = X.shape
    mean = xp.mean(X, axis=-1, keepdims=True)
    Y = X - mean
    if p == 1:
        S = Y @ xp.matrix_transpose(Y) / L
        return (S + xp.matrix_transpose(S)) / 2, xp.reshape(mean, (N, 1, C))
    place = device(X)
    S = xp.empty((N, p, C, p, C), dtype=X.dtype, device=place)
    first = Y[:, :, :L]
    for b in range(p):
        shifted = Y[:, :, b * lag : b * lag + L]
        S[:, 0, :, b, :] = first @ xp.matrix_transpose(shifted)
    head = _segments(xp, Y[:, :, : (p - 1) * lag], p - 1)
    tail = _segments(xp, Y[:, :, L : L + (p - 1) * lag], p - 1)
    change = tail @ xp.matrix_transpose(tail) - head @ xp.matrix_transpose(head)
    change = xp.reshape(change, (N, p - 1, C, p - 1, C))
    for a in range(p - 1):
        S[:, a + 1, :, a + 1 :, :] = S[:, a, :, a:-1, :] + change[:, a, :, a:, :]
    steps = xp.reshape(xp.sum(tail - head, axis=-1), (N, p - 1, C))
    mu = xp.empty((N, p, C), dtype=X.dtype, device=place)
    mu[:, 0, :] = xp.sum(first, axis=-1)
    for k in range(p - 1):
        mu[:, k + 1, :] = mu[:, k, :] + steps[:, k, :]
    mu = mu / L
    for a in range(p):
        row = S[:, a, :, a:, :] / L
        row = row - mu[:, a, :, None, None] * mu[:, None, a:, :]
        own = row[:, :, 0, :]
        S[:, a, :, a, :] = (own + xp.matrix_transpose(own)) / 2
        S[:, a, :, a + 1 :, :] = row[:, :, 1:, :]
        S[:, a + 1 :, :, a, :] = xp.permute_dims(row[:, :, 1:, :], (0, 2, 3, 1))
    S = xp.reshape(S, (N, p * C, p * C))
    return S, mu + xp.reshape(mean, (N, 1, C))


def _segments(xp: Any, Y: Array, q: int) -> Array:
    """The q stretches of equal length of each channel as rows, (N, q C, length)."""
    N, C, length = Y.shape
    Y = xp.reshape(Y, (N, C, q, length // q))
    return xp.reshape(xp.permute_dims(Y, (0, 2, 1, 3)), (N, q * C, length // q))


def fourth_moment(X: Array, mu: Array, lag: int, n_samples: int) -> Array:
    """Sum over time of the fourth power of the centred embedded samples' norm.

    ``sum_{t<L} ||z_t - mu||^4`` with ``||z_t - mu||^2 = sum_{k<p} ||x_{t + k lag} -
    mu_k||^2``, the moment that Ledoit and Wolf's shrinkage needs.

    Parameters
    ----------
    X : array, shape (N, C, T), real floating
    mu : array, shape (N, p, C)
        Window means.
    lag, n_samples : int
        The lag and the number L of embedded samples.

    Returns
    -------
    moment : array, shape (N,)

    Notes
    -----
    With the first window's mean taken off every sample, the squares are shared by
    all windows, which differ only by the small shift d_k = mu_k - mu_0:
    ``||x - d_k||^2 = ||x||^2 - 2 d_k . x + ||d_k||^2``. So O(C T + p C L) operations
    of which only the first are not a matrix product.
    """
    xp = array_namespace(X, mu)
    N, C, T = X.shape
    L, p = n_samples, mu.shape[1]
    moment = xp.empty((N,), dtype=X.dtype, device=device(X))
    ones = xp.ones((1, C), dtype=X.dtype, device=device(X))
    per_epoch = xp.finfo(X.dtype).bits // 8 * (C + p) * T

    def work(tile: slice) -> None:
        mu_0 = mu[tile, :1, :]
        Y = X[tile, :, :] - xp.matrix_transpose(mu_0)
        d = mu[tile, 1:, :] - mu_0
        cross = 2 * (d @ Y) if p > 1 else Y[:, :0, :]
        Y *= Y
        squares = (ones @ Y)[:, 0, :]  # a matrix product beats a strided sum
        norms = squares[:, :L]
        for k in range(1, p):
            window = slice(k * lag, k * lag + L)
            norms = norms + (squares[:, window] - cross[:, k - 1, window])
        if p > 1:
            norms = norms + xp.sum(d * d, axis=(1, 2))[:, None]
        moment[tile] = xp.linalg.vecdot(norms, norms)

    each_tile(work, N, per_epoch, like=X, target=_tile_bytes(X, p))
    return moment


def _tile_bytes(X: Array, order: int) -> int:
    """Bytes of one tile: several epochs share it, so that fixed costs vanish.

    An epoch of 22 channels and 1000 samples has 176 KB. Beyond order 1 a tile takes
    dozens of small operations, and threads that hold the interpreter for each of them
    hinder one another unless the tiles are larger.
    """
    return (3 if order == 1 else 12) * tile_bytes(X)


def _as_cov(S: Array, X: Array, mu: Array, lag: int, L: int) -> Array:
    """Unbiased covariance from the products divided by L."""
    return S * (L / (L - 1))


def _as_scm(S: Array, X: Array, mu: Array, lag: int, L: int) -> Array:
    """Sample covariance matrix: the products divided by L as they are."""
    return S


def _as_oas(S: Array, X: Array, mu: Array, lag: int, L: int) -> Array:
    """Oracle approximating shrinkage, Chen et al. 2010, as in scikit-learn.

    l = min(1, (a + m^2) / ((L + 1) (a - m^2/n))), a = mean of the squared entries,
    m = tr S / n; l = 1 where S is already a multiple of the identity.
    """
    xp = array_namespace(S)
    n = S.shape[-1]
    a = _squared_norm(xp, S) / n**2
    m = _mean_variance(xp, S)
    numerator, denominator = a + m * m, (L + 1) * (a - m * m / n)
    inside = numerator < denominator
    ratio = numerator / xp.where(inside, denominator, xp.ones_like(denominator))
    return _shrunk(xp, S, m, xp.where(inside, ratio, xp.ones_like(ratio)))


def _as_lwf(S: Array, X: Array, mu: Array, lag: int, L: int) -> Array:
    """Ledoit and Wolf's shrinkage (2004), as in scikit-learn.

    d2 = (||S||^2 - n m^2)/n, b2 = (sum_t ||z_t||^4 / L - ||S||^2)/(L n),
    l = min(b2, d2)/d2; l = 0 where S is already a multiple of the identity.
    """
    xp = array_namespace(S)
    n = S.shape[-1]
    m = _mean_variance(xp, S)
    squared = _squared_norm(xp, S)
    fourth = run("eeg.fourth_moment", X, mu, lag, L)
    d2 = (squared - n * m * m) / n
    b2 = xp.minimum((fourth / L - squared) / (L * n), d2)
    inside = (b2 > 0) & (d2 > 0)
    ratio = b2 / xp.where(inside, d2, xp.ones_like(d2))
    return _shrunk(xp, S, m, xp.where(inside, ratio, xp.zeros_like(ratio)))


def _mean_variance(xp: Any, S: Array) -> Array:
    return xp.linalg.trace(S) / S.shape[-1]


def _squared_norm(xp: Any, S: Array) -> Array:
    flat = xp.reshape(S, (S.shape[0], -1))
    return xp.linalg.vecdot(flat, flat)


def _shrunk(xp: Any, S: Array, m: Array, shrinkage: Array) -> Array:
    """(1 - l) S + l m I, one l and m for each matrix."""
    identity = xp.eye(S.shape[-1], dtype=S.dtype, device=device(S))
    kept = (1 - shrinkage)[:, None, None]
    return kept * S + (shrinkage * m)[:, None, None] * identity


_ESTIMATORS: dict[str, Callable[[Array, Array, Array, int, int], Array]] = {
    "cov": _as_cov,
    "scm": _as_scm,
    "oas": _as_oas,
    "lwf": _as_lwf,
}
