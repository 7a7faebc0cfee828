"""Drivers and host kernel of the fourth moment behind Ledoit-Wolf shrinkage.

For every epoch ``n``, with ``z_t`` the delay-embedded and centred sample at time
``t``,

    out[n] = sum_{t < L} |z_t|^4,
    |z_t|^2 = sum_{k < p} sum_c (X[n, c, t + k lag] - mu[n, k, c])^2.

The embedding is never formed: the squares are summed along rows of ``X``, block by
block of time, so that the running sums stay in the first-level cache. ``X`` is read
``p`` times, from the second-level cache after the first; three flops an element read.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from geomsci.backends import arrays, compile, cuda, machine, threads

BLOCK = 512
"""Samples whose running sums are kept: 4 KB in float64."""

WORTH_A_KERNEL = 10_000_000
"""Squares from which the gain is worth loading Numba, once a process."""

FEWEST_WINDOWS = 4
"""Order at which the benchmark measures the win; it is largest for few channels."""

TERMS_WORTH_A_PIECE = 200_000
"""Squares that take about 0.1 ms, the cost of waking a thread."""

THREADS_PER_BLOCK = 256


def _fourth_moments(X, mu, lag, n_samples, first, last, sums, out):
    """Fourth moments of the epochs ``first <= n < last``; compiled for the host.

    ``sums`` is a workspace of at most `BLOCK` numbers; the outer sum runs in float64.
    """
    for n in range(first, last):
        total = 0.0
        for start in range(0, n_samples, sums.shape[0]):
            length = min(sums.shape[0], n_samples - start)
            for t in range(length):
                sums[t] = 0
            for k in range(mu.shape[1]):
                shift = start + k * lag
                for c in range(mu.shape[2]):
                    centre = mu[n, k, c]
                    # A view from here on: an index with an offset is not vectorised.
                    row = X[n, c, shift : shift + length]
                    for t in range(length):
                        deviation = row[t] - centre
                        sums[t] += deviation * deviation
            for t in range(length):
                square = float(sums[t])
                total += square * square
        out[n] = total


def _fits(X: Any, mu: Any, lag: Any, n_samples: Any) -> bool:
    """Shapes, types and range of indices that the kernels are written for."""
    return (
        X.ndim == 3
        and mu.ndim == 3
        and X.dtype == mu.dtype
        and X.dtype in (np.float64, np.float32)
        and mu.shape[0] == X.shape[0]
        and mu.shape[2] == X.shape[1]
        and lag >= 0
        and n_samples >= 1
        and mu.shape[1] >= 1
        and (mu.shape[1] - 1) * lag + n_samples <= X.shape[2]
    )


def accepts_fourth_moment(X: Any, mu: Any, lag: Any, n_samples: Any) -> bool:
    """NumPy float64 or float32, samples inside the epochs."""
    return (
        isinstance(X, np.ndarray)
        and isinstance(mu, np.ndarray)
        and _fits(X, mu, lag, n_samples)
    )


def pays_fourth_moment(X: Any, mu: Any, lag: Any, n_samples: Any) -> bool:
    """At least four windows and ten million squares."""
    return mu.shape[1] >= FEWEST_WINDOWS and mu.size * n_samples >= WORTH_A_KERNEL


def accepts_fourth_moment_cuda(X: Any, mu: Any, lag: Any, n_samples: Any) -> bool:
    """CuPy float64 or float32, samples inside the epochs, at least one epoch."""
    return (
        arrays.library(X) == "cupy"
        and arrays.library(mu) == "cupy"
        and mu.size > 0
        and _fits(X, mu, lag, n_samples)
    )


def fourth_moment_numba(
    X: np.ndarray, mu: np.ndarray, lag: int, n_samples: int
) -> np.ndarray:
    """Fourth moments on the host; the arguments passed `accepts_fourth_moment`.

    Parameters
    ----------
    X : ndarray, shape (N, C, T)
    mu : ndarray, shape (N, p, C)
    lag, n_samples : int

    Returns
    -------
    moments : ndarray, shape (N,), of the dtype of ``X``
    """
    number = X.dtype.name
    kernel = compile.host(
        f"{__name__}:_fourth_moments",
        (),
        (
            *(f"const {number}[3]", f"const {number}[3]"),
            *("int64", "int64", "int64", "int64"),
            *(f"{number}[1]", f"{number}[1]"),
        ),
    )
    X = np.require(X, X.dtype, ["C", "A"])
    mu = np.require(mu, mu.dtype, ["C", "A"])
    out = np.empty(X.shape[0], dtype=X.dtype)

    def work(first: int, last: int) -> None:
        sums = np.empty(min(BLOCK, n_samples), dtype=X.dtype)
        kernel(X, mu, lag, n_samples, first, last, sums, out)

    terms_each = mu.shape[1] * mu.shape[2] * n_samples
    threads.over_batch(
        work, X.shape[0], at_least=max(1, TERMS_WORTH_A_PIECE // terms_each)
    )
    return out


def fourth_moment_cuda(X: Any, mu: Any, lag: int, n_samples: int) -> Any:
    """Fourth moments of CuPy arrays, one block of threads an epoch."""
    cupy = machine.require_cupy()
    name = {"float64": "fourth_moment_double", "float32": "fourth_moment_float"}
    with X.device:
        X, mu = cupy.ascontiguousarray(X), cupy.ascontiguousarray(mu)
        out = cupy.empty(X.shape[0], dtype=X.dtype)
        kernel = cuda.kernel("fourth_moment.cu", name[X.dtype.name])
        sizes = (X.shape[1], X.shape[2], mu.shape[1], lag, n_samples)
        kernel(
            (X.shape[0],),
            (THREADS_PER_BLOCK,),
            (X, mu, *(cupy.int64(size) for size in sizes), out),
        )
    return out
