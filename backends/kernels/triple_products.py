"""Host kernel of the bispectrum of sampled configurations.

For every triad of momenta ``t`` and every three bond types,

    out[t, a, b, c] = sum_s f[k3[t], a, s] f[k1[t], b, s] f[k2[t], c, s],

complex products written out in real and imaginary parts, each a row of its own, so
that the compiler makes vector instructions of them. ``f_a f_b`` is formed once for all
c: ``6 d^2 + 8 d^3`` flops a triad and sample, on rows that stay in the cache.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from geomsci.backends import compile, threads

WORTH_A_KERNEL = 100_000
"""Triads times samples of one call: a fit that makes such calls makes many."""

FEWEST_SAMPLES = 16
"""Rows shorter than this gain little from vector instructions."""

TERMS_WORTH_A_PIECE = 50_000
"""Triads times samples that take about 0.2 ms, twice the cost of waking a thread."""


def _triple_products(re, im, k1, k2, k3, first, last, work, out):
    """Sums of the triads ``first <= t < last``; ``work`` holds two rows."""
    d, n_samples = re.shape[1], re.shape[2]
    x, y = work[0], work[1]
    for t in range(first, last):
        for a in range(d):
            ar, ai = re[k3[t], a], im[k3[t], a]
            for b in range(d):
                br, bi = re[k1[t], b], im[k1[t], b]
                for s in range(n_samples):
                    x[s] = ar[s] * br[s] - ai[s] * bi[s]
                    y[s] = ar[s] * bi[s] + ai[s] * br[s]
                for c in range(d):
                    cr, ci = re[k2[t], c], im[k2[t], c]
                    u = 0.0
                    v = 0.0
                    for s in range(n_samples):
                        u += x[s] * cr[s] - y[s] * ci[s]
                        v += x[s] * ci[s] + y[s] * cr[s]
                    out[t, a, b, c] = complex(u, v)


def accepts_triple_products(f: Any, k1: Any, k2: Any, k3: Any) -> bool:
    """NumPy complex128 fields of three axes and int64 momenta of one length."""
    return (
        isinstance(f, np.ndarray)
        and f.ndim == 3
        and f.dtype == np.complex128
        and all(
            isinstance(k, np.ndarray) and k.dtype == np.int64 and k.shape == k1.shape
            for k in (k1, k2, k3)
        )
        and k1.ndim == 1
    )


def pays_triple_products(f: Any, k1: Any, k2: Any, k3: Any) -> bool:
    """At least sixteen samples and a hundred thousand products."""
    return f.shape[2] >= FEWEST_SAMPLES and f.shape[2] * k1.shape[0] >= WORTH_A_KERNEL


def triple_products_numba(
    f: np.ndarray, k1: np.ndarray, k2: np.ndarray, k3: np.ndarray
) -> np.ndarray:
    """Sums on the host; the arguments passed `accepts_triple_products`.

    Parameters
    ----------
    f : ndarray, shape (n, d, n_samples), complex128
    k1, k2, k3 : ndarrays of int64, shape (p,), below n

    Returns
    -------
    sums : ndarray, shape (p, d, d, d), complex128
    """
    kernel = compile.host(
        f"{__name__}:_triple_products",
        (),
        (
            *("const float64[3]", "const float64[3]"),
            *("const int64[1]", "const int64[1]", "const int64[1]"),
            *("int64", "int64", "float64[2]", "complex128[4]"),
        ),
    )
    _, d, n_samples = f.shape
    re, im = np.ascontiguousarray(f.real), np.ascontiguousarray(f.imag)
    momenta = [np.require(k, np.int64, ["C", "A"]) for k in (k1, k2, k3)]
    out = np.empty((k1.shape[0], d, d, d), dtype=np.complex128)

    def work(first: int, last: int) -> None:
        rows = np.empty((2, n_samples), dtype=np.float64)
        kernel(re, im, *momenta, first, last, rows, out)

    threads.over_batch(
        work, k1.shape[0], at_least=max(1, TERMS_WORTH_A_PIECE // max(1, n_samples))
    )
    return out
