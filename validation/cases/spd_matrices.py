"""The matrices that the SPD cases run on.

Sample covariances of ``x = B_i w`` with white ``w``, ``B_i = A (I + 0.3 N_i / sqrt
n)``, ``A = I + N / sqrt n``, ``N`` and ``N_i`` Gaussian: matrices that scatter around a
common one, as the covariances of one recording do.
"""

from __future__ import annotations

import numpy as np

from geomsci.validation.suites import CASE_SEED

N_SAMPLES = 1000


def scattered(
    count: int, n: int, *, stream: int = 0, complex_entries: bool = False
) -> np.ndarray:
    """``count`` covariance matrices of order ``n`` that scatter around a common one.

    Parameters
    ----------
    stream : int
        Another number gives other matrices around another centre.
    complex_entries : bool
        Hermitian instead of symmetric matrices.

    Returns
    -------
    C : ndarray, shape (count, n, n)
    """
    rng = np.random.default_rng([CASE_SEED, n, stream])

    def normal(*shape: int) -> np.ndarray:
        values = rng.standard_normal(shape)
        if complex_entries:
            values = (values + 1j * rng.standard_normal(shape)) / 2**0.5
        return values

    identity = np.eye(n)
    A = identity + normal(n, n) / n**0.5
    B = A @ (identity + 0.3 * normal(count, n, n) / n**0.5)
    # The sample covariance of n-dimensional white noise, one matrix at a time.
    covariances = []
    for root in B:
        x = root @ normal(n, N_SAMPLES)
        covariances.append(x @ x.conj().T / N_SAMPLES)
    return hermitian(np.stack(covariances))


def hermitian(X: np.ndarray) -> np.ndarray:
    """Hermitian part of the matrices."""
    return (X + np.conj(np.swapaxes(X, -1, -2))) / 2


def centre(C: np.ndarray) -> np.ndarray:
    """Arithmetic mean: a reference point near the matrices."""
    return hermitian(np.mean(C, axis=0))


def tangents(count: int, n: int, P: np.ndarray, *, length: float) -> np.ndarray:
    """Symmetric matrices whose norm in the affine metric at ``P`` is ``length``."""
    rng = np.random.default_rng([CASE_SEED, n, 77])
    X = hermitian(rng.standard_normal((count, n, n)))
    X *= length / np.linalg.norm(X, axis=(-2, -1), keepdims=True)
    L = np.linalg.cholesky(P)
    return hermitian(L @ X @ np.swapaxes(L, -1, -2))


def invertible(n: int) -> np.ndarray:
    """A matrix with singular values from 1/2 to 2, for affine invariance."""
    rng = np.random.default_rng([CASE_SEED, n, 78])
    U, _, Vh = np.linalg.svd(rng.standard_normal((n, n)))
    return (U * np.geomspace(0.5, 2, n)) @ Vh


def orthogonal(n: int) -> np.ndarray:
    """An orthogonal matrix."""
    rng = np.random.default_rng([CASE_SEED, n, 79])
    return np.linalg.qr(rng.standard_normal((n, n)))[0]


def congruent(C: np.ndarray, G: np.ndarray) -> np.ndarray:
    """``G C G^T``, symmetric to the last bit."""
    return hermitian(G @ C @ G.T)


def classes(C: np.ndarray, *, stretch: float) -> tuple[np.ndarray, np.ndarray]:
    """Two classes, and labels: the first axis of the second half is stretched."""
    n, half = C.shape[-1], C.shape[0] // 2
    scale = np.ones(n)
    scale[0] = stretch
    X = C.copy()
    X[half:] = hermitian(X[half:] * scale[:, None] * scale[None, :])
    y = np.zeros(C.shape[0], dtype=np.int64)
    y[half:] = 1
    return X, y
