r"""Rounding bounds of SPD geometry: what the condition numbers of the cases rest on.

Every function gives the largest absolute error, in units of eps, that rounding in the
textbook algorithm may leave in one result matrix or number; `relative` turns it into
the condition number of the case, the bound over the norm of the result. Notation:
``||.||`` is the spectral norm, ``cond`` the condition number, ``L L^H = P`` a factor
of the base point and ``W = L^{-1} C L^{-H}`` the whitened matrix.

Two facts carry all of them. A Hermitian matrix known to ``eps ||W||`` has eigenvalues
known to the same (Weyl), hence logarithms to ``eps ||W|| / lambda_min(W)`` and roots
to ``eps ||W|| / (2 lambda_min(W)^{1/2})``, as matrices too, because logarithm and root
are operator monotone. And the product ``L^{-1} C L^{-H}`` is known to ``eps ||C|| /
lambda_min(P)``.
"""

from __future__ import annotations

import numpy as np

from geomsci.validation.cases.spd_oracles import distance as oracle_distance
from geomsci.validation.cases.spd_oracles import generalized_eigenvalues, of_spectrum
from geomsci.validation.suites import Conditioning


def ends(C: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest eigenvalues."""
    w = np.linalg.eigvalsh(C)
    return w[..., 0], w[..., -1]


def condition(C: np.ndarray) -> np.ndarray:
    """Spectral condition numbers."""
    low, high = ends(C)
    return high / low


def norm(V: np.ndarray) -> np.ndarray:
    """Spectral norms of Hermitian matrices."""
    return np.max(np.abs(np.linalg.eigvalsh(V)), axis=-1)


def root_order(C: np.ndarray) -> float:
    """``sqrt n``, from the spectral to the Frobenius norm."""
    return C.shape[-1] ** 0.5


def whitened(P: np.ndarray, C: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Smallest and largest eigenvalue of ``W``, and the error of ``log W`` in eps."""
    w = generalized_eigenvalues(P, C)
    loss = ends(C)[1] / (ends(P)[0] * w[..., 0])
    return w[..., 0], w[..., -1], loss


def relative(bound: np.ndarray, expected: np.ndarray, reason: str) -> Conditioning:
    """Condition number: the bound of the whole stack over the norm of the result."""
    scale = float(np.linalg.norm(expected))
    return Conditioning(float(np.linalg.norm(bound)) / scale, reason)


def distance(A: np.ndarray, B: np.ndarray, metric: str) -> tuple[np.ndarray, str]:
    """Error of the distances."""
    if metric == "affine":
        return root_order(A) * whitened(A, B)[2], (
            "√n ‖B‖ / (λmin(A) λmin(A⁻¹B)), the error of the whitened logarithm, over d"
        )
    if metric == "log-euclidean":
        return root_order(A) * (condition(A) + condition(B)), (
            "√n (cond A + cond B), the error of two logarithms, over d"
        )
    traces = np.trace(A + B, axis1=-2, axis2=-1).real
    return root_order(A) * traces / oracle_distance(A, B, metric), (
        "√n (tr A + tr B) / d, the error of the terms that cancel in d², over d"
    )


def exp_map(V: np.ndarray, P: np.ndarray, metric: str) -> tuple[np.ndarray, str]:
    """Error of the exponential map."""
    low, high = ends(P)
    if metric == "affine":
        x = np.max(np.abs(generalized_eigenvalues(P, V)), axis=-1)
        return root_order(P) * high * np.exp(x) * (1 + high / low * x), (
            "√n ‖P‖ exp‖X‖ (1 + cond(P) ‖X‖) over ‖Q‖, X the whitened vector"
        )
    if metric == "log-euclidean":
        # The exponential of log P + Dlog[V] is no larger than ||P|| exp ||Dlog[V]||.
        y = norm(V) / low
        return root_order(P) * high * np.exp(y) * (high / low + y), (
            "√n ‖P‖ exp(y) (cond P + y) over ‖Q‖, y = ‖V‖ / λmin(P) bounds Dlog_P[V]"
        )
    v = norm(V)
    solution = v / (2 * low)
    return root_order(P) * (high + v + high / low * solution**2 * high), (
        "√n (‖P‖ + ‖V‖ + cond(P) ‖L‖² ‖P‖) over ‖Q‖, ‖L‖ ≤ ‖V‖ / (2 λmin(P))"
    )


def _root_of_product(P: np.ndarray, C: np.ndarray) -> np.ndarray:
    """Error of ``(P C)^{1/2} = P^{1/2} (P^{1/2} C P^{1/2})^{1/2} P^{-1/2}``."""
    low_p, high_p = ends(P)
    _, high_c = ends(C)
    # P^{1/2} C P^{1/2} has the spectrum of C relative to the inverse of P.
    smallest = generalized_eigenvalues(np.linalg.inv(P), C)[..., 0]
    size = high_p * high_c
    inner = size / (2 * np.sqrt(smallest)) + np.sqrt(size)
    return root_order(P) * (np.sqrt(high_p / low_p) * inner + high_p)


def log_map(C: np.ndarray, P: np.ndarray, metric: str) -> tuple[np.ndarray, str]:
    """Error of the logarithm map."""
    _, high = ends(P)
    if metric == "affine":
        smallest, largest, loss = whitened(P, C)
        size = np.maximum(np.abs(np.log(smallest)), np.abs(np.log(largest)))
        return root_order(P) * high * (loss + size), (
            "√n ‖P‖ (‖C‖ / (λmin(P) λmin(W)) + ‖log W‖) over ‖V‖"
        )
    if metric == "log-euclidean":
        size = np.maximum(*(np.abs(np.log(x)) for x in ends(C)))
        size = size + np.maximum(*(np.abs(np.log(x)) for x in ends(P)))
        both = condition(C) + condition(P)
        return root_order(P) * high * both * (1 + size), (
            "√n ‖P‖ (cond C + cond P) (1 + ‖log C‖ + ‖log P‖) over ‖V‖"
        )
    return _root_of_product(P, C), (
        "√n (cond(P)^½ (‖P‖‖C‖ / (2 λmin(PC)^½) + (‖P‖‖C‖)^½) + ‖P‖) over ‖V‖, the "
        "error of (PC)^½"
    )


def geodesic(
    A: np.ndarray, B: np.ndarray, t: np.ndarray, metric: str
) -> tuple[np.ndarray, str]:
    """Error of points between the ends of a geodesic."""
    largest = np.maximum(ends(A)[1], ends(B)[1])
    if metric == "affine":
        low, high, loss = whitened(A, B)
        return root_order(A) * ends(A)[1] * (t * low**t * loss + high**t), (
            "√n ‖A‖ (t λmin(W)ᵗ ‖B‖ / (λmin(A) λmin(W)) + ‖W‖ᵗ) over ‖γ(t)‖: a power "
            "below one is operator monotone"
        )
    if metric == "log-euclidean":
        return root_order(A) * largest * (condition(A) + condition(B)), (
            "√n max(‖A‖, ‖B‖) (cond A + cond B) over ‖γ(t)‖"
        )
    return _root_of_product(A, B) + root_order(A) * largest, (
        "the error of (AB)^½ and √n max(‖A‖, ‖B‖), over ‖γ(t)‖"
    )


def transport(
    V: np.ndarray, A: np.ndarray, B: np.ndarray, metric: str
) -> tuple[np.ndarray, str]:
    """Error of parallel transport."""
    v, low_a, high_b = norm(V), ends(A)[0], ends(B)[1]
    if metric == "affine":
        low, high, loss = whitened(A, B)
        inner = np.sqrt(low) * loss / 2 + np.sqrt(high)
        E = of_spectrum(A, np.sqrt), of_spectrum(A, lambda w: w**-0.5)
        E = E[0] @ of_spectrum(E[1] @ B @ E[1], np.sqrt) @ E[1]
        size = np.linalg.norm(E, 2, axis=(-2, -1))
        return root_order(A) * 2 * size * v * np.sqrt(condition(A)) * inner, (
            "2 √n ‖E‖ ‖V‖ cond(A)^½ (‖W‖^½ + the error of W^½) over ‖result‖, the "
            "result being E V Eᴴ"
        )
    both = condition(A) + condition(B)
    if metric == "log-euclidean":
        return root_order(A) * both * v * high_b / low_a, (
            "√n (cond A + cond B) ‖V‖ ‖B‖ / λmin(A) over ‖result‖: the derivatives of "
            "log at A and of exp at log B"
        )
    return root_order(A) * both * v * np.sqrt(high_b / low_a), (
        "√n (cond A + cond B) ‖V‖ (‖B‖ / λmin(A))^½ over ‖result‖: the transport is an "
        "isometry, each step solves Lyapunov equations"
    )


def tangent_vectors(
    C: np.ndarray, M: np.ndarray, metric: str
) -> tuple[np.ndarray, str]:
    """Error of tangent coordinates."""
    if metric == "bures-wasserstein":
        return _root_of_product(M, C) / (2 * np.sqrt(ends(M)[0])), (
            "the error of (MC)^½ over 2 λmin(M)^½, over the length of the vector"
        )
    bound, reason = distance(M, C, metric)
    return bound, reason.replace("A", "M").replace("B", "C")


def from_tangent_vectors(
    C: np.ndarray, M: np.ndarray, metric: str
) -> tuple[np.ndarray, str]:
    """Error of the way back to ``C`` from its own exact coordinates."""
    high = np.maximum(ends(C)[1], ends(M)[1])
    if metric == "affine":
        smallest, largest, _ = whitened(M, C)
        size = np.maximum(np.abs(np.log(smallest)), np.abs(np.log(largest)))
        return root_order(C) * ends(M)[1] * largest * (condition(M) + size), (
            "√n ‖M‖ ‖W‖ (cond M + ‖log W‖) over ‖C‖"
        )
    if metric == "log-euclidean":
        return root_order(C) * high * (condition(M) + condition(C)), (
            "√n max(‖C‖, ‖M‖) (cond M + cond C) over ‖C‖"
        )
    return root_order(C) * condition(M) * high, "√n cond(M) max(‖C‖, ‖M‖) over ‖C‖"


def mean(C: np.ndarray, M: np.ndarray, metric: str) -> tuple[np.ndarray, str]:
    """Error of the mean ``M`` of ``C``."""
    high = ends(M)[1]
    if metric == "affine":
        loss = np.max(whitened(M, C)[2])
        return root_order(M) * high * loss, (
            "√n ‖M‖ max ‖Cᵢ‖ / (λmin(M) λmin(Wᵢ)) over ‖M‖_F: the squared distance is "
            "strongly convex with constant 1, so the mean moves no more than the mean "
            "of the logarithms"
        )
    if metric == "log-euclidean":
        return root_order(M) * high * np.max(condition(C)), (
            "√n ‖M‖ max cond(Cᵢ) over ‖M‖_F"
        )
    smallest = generalized_eigenvalues(np.linalg.inv(M), C)[..., 0]
    inner = np.max(high * ends(C)[1] / (2 * np.sqrt(smallest)))
    return root_order(M) * 2 * np.sqrt(condition(M)) * inner, (
        "2 √n cond(M)^½ max ‖M‖‖Cᵢ‖ / (2 λmin(MCᵢ)^½) over ‖M‖_F: the error of the "
        "inner roots, carried through K M⁻¹ K"
    )
