"""Independent SPD geometry: plain NumPy and SciPy, mpmath, and pyRiemann.

Nothing here calls geomsci, so agreement means that two programs are right or that
two programs are wrong in the same way.
"""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType

import numpy as np
import scipy.linalg

from geomsci.validation.suites import CaseUnavailable

DIGITS = 50


def of_spectrum(C: np.ndarray, function) -> np.ndarray:
    """``U f(w) U^H`` for the eigen-decomposition of Hermitian matrices."""
    w, U = np.linalg.eigh(C)
    return (U * function(w)[..., None, :]) @ np.conj(np.swapaxes(U, -1, -2))


def generalized_eigenvalues(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Eigenvalues of ``A^{-1} B`` for broadcast stacks, by LAPACK's sygvd."""
    A, B = np.broadcast_arrays(A, B)
    flat_A = A.reshape(-1, *A.shape[-2:])
    flat_B = B.reshape(-1, *B.shape[-2:])
    w = [scipy.linalg.eigh(b, a, eigvals_only=True) for a, b in zip(flat_A, flat_B)]
    return np.asarray(w).reshape(*A.shape[:-1])


def distance(A: np.ndarray, B: np.ndarray, metric: str) -> np.ndarray:
    """Distance of the three metrics from their definitions."""
    if metric == "affine":
        return np.linalg.norm(np.log(generalized_eigenvalues(A, B)), axis=-1)
    if metric == "log-euclidean":
        difference = of_spectrum(A, np.log) - of_spectrum(B, np.log)
        return np.linalg.norm(difference, axis=(-2, -1))
    root = of_spectrum(A, np.sqrt)
    w = np.linalg.eigvalsh(root @ B @ root)
    traces = np.trace(A + B, axis1=-2, axis2=-1).real
    return np.sqrt(traces - 2 * np.sqrt(w).sum(axis=-1))


def mean_gradient(M: np.ndarray, C: np.ndarray, metric: str) -> float:
    """How far ``M`` is from the equation that defines the mean of ``C``, relative.

    Affine: ``||mean log(M^{-1/2} C M^{-1/2})||``; log-Euclidean: ``||log M - mean log
    C||``; Bures-Wasserstein: ``||M^{-1/2} (mean (M^{1/2} C M^{1/2})^{1/2}) M^{-1/2} -
    I||``; each divided by the square root of the order.
    """
    n = M.shape[-1]
    root = of_spectrum(M, np.sqrt)
    inverse = of_spectrum(M, lambda w: w**-0.5)
    if metric == "affine":
        J = np.mean(of_spectrum(inverse @ C @ inverse, np.log), axis=0)
    elif metric == "log-euclidean":
        J = of_spectrum(M, np.log) - np.mean(of_spectrum(C, np.log), axis=0)
    else:
        K = np.mean(of_spectrum(root @ C @ root, np.sqrt), axis=0)
        J = inverse @ K @ inverse - np.eye(n)
    return float(np.linalg.norm(J)) / n**0.5


def squared_norm(V: np.ndarray, P: np.ndarray, metric: str) -> np.ndarray:
    """Squared length of tangent vectors ``V`` at ``P``."""
    w, U = np.linalg.eigh(P)
    Vt = np.conj(np.swapaxes(U, -1, -2)) @ V @ U
    i, j = w[..., :, None], w[..., None, :]
    if metric == "affine":
        weights = 1 / (i * j)
    elif metric == "bures-wasserstein":
        weights = 1 / (2 * (i + j))
    else:
        # Divided differences of the logarithm, 1/w where the eigenvalues meet.
        close = np.abs(i - j) <= 1e-9 * i
        safe = np.where(close, 1.0, i - j)
        weights = np.where(close, 1 / i, (np.log(i) - np.log(j)) / safe) ** 2
    return np.sum(weights * np.abs(Vt) ** 2, axis=(-2, -1))


def optional(module: str, distribution: str) -> ModuleType:
    """The module, or `CaseUnavailable` naming what to install."""
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        raise CaseUnavailable(
            f"{distribution} is not installed: install it to compare with it."
        )
    return importlib.import_module(module)


def precise_affine_distance(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Affine distances with 50 digits, rounded to float64 at the end."""
    mpmath = optional("mpmath", "mpmath")
    values = []
    with mpmath.workdps(DIGITS):
        for a, b in zip(A, B):
            L = mpmath.cholesky(mpmath.matrix(a.tolist()))
            X = mpmath.inverse(L)
            w = mpmath.eigsy(X * mpmath.matrix(b.tolist()) * X.T, eigvals_only=True)
            total = mpmath.fsum(mpmath.log(w[i]) ** 2 for i in range(len(w)))
            values.append(float(mpmath.sqrt(total)))
    return np.asarray(values)


def precise_bures_distance(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """Bures-Wasserstein distances with 50 digits, rounded to float64 at the end."""
    mpmath = optional("mpmath", "mpmath")
    values = []
    with mpmath.workdps(DIGITS):
        for a, b in zip(A, B):
            mp_a, mp_b = mpmath.matrix(a.tolist()), mpmath.matrix(b.tolist())
            L = mpmath.cholesky(mp_a)
            w = mpmath.eigsy(L.T * mp_b * L, eigvals_only=True)
            roots = mpmath.fsum(mpmath.sqrt(w[i]) for i in range(len(w)))
            traces = mpmath.fsum(mp_a[i, i] + mp_b[i, i] for i in range(len(w)))
            values.append(float(mpmath.sqrt(traces - 2 * roots)))
    return np.asarray(values)


def pyriemann_distance(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """pyRiemann's affine distances."""
    return optional("pyriemann.geometry.distance", "pyriemann").distance_riemann(A, B)


def pyriemann_mean(C: np.ndarray, tol: float) -> np.ndarray:
    """pyRiemann's affine mean."""
    module = optional("pyriemann.geometry.mean", "pyriemann")
    return module.mean_riemann(C, tol=tol, maxiter=200)


def pyriemann_tangent_vectors(C: np.ndarray, M: np.ndarray) -> np.ndarray:
    """pyRiemann's tangent vectors, its upper-triangle layout."""
    module = optional("pyriemann.geometry.tangentspace", "pyriemann")
    return module.tangent_space(C, M, metric="riemann")
