"""Exact laws of SPD geometry that every result must satisfy up to rounding."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from geomsci.validation.cases import spd_matrices, spd_oracles
from geomsci.validation.suites import Deviation, Inputs

Evaluate = Callable[..., np.ndarray]
Laws = Mapping[str, Deviation]


def _largest_ratio(deviation: np.ndarray, scale: np.ndarray) -> float:
    """Largest ``||deviation_i||_F / ||scale_i||_F`` over two stacks of matrices."""
    top = np.linalg.norm(deviation, axis=(-2, -1))
    bottom = np.linalg.norm(scale, axis=(-2, -1))
    return float(np.max(top / bottom))


def _relative(a: np.ndarray, b: np.ndarray) -> float:
    """Relative distance of two arrays."""
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def symmetric(X: np.ndarray) -> Deviation:
    """Relative size of the antisymmetric part."""
    skew = X - np.conj(np.swapaxes(X, -1, -2))
    return Deviation(_largest_ratio(skew, X), 1.0)


def positive(X: np.ndarray) -> Deviation:
    """How far the smallest eigenvalue is below zero, relative to the largest."""
    w = np.linalg.eigvalsh(X.astype(np.result_type(X, np.float64)))
    return Deviation(float(np.max(np.maximum(0.0, -w[..., 0] / w[..., -1]))), 1.0)


def matrix_laws(
    result: np.ndarray, inputs: Inputs, evaluate: Evaluate, kappa: float
) -> Laws:
    """Points of the manifold are symmetric and positive definite."""
    return {"symmetry": symmetric(result), "positive": positive(result)}


def vector_laws(
    result: np.ndarray, inputs: Inputs, evaluate: Evaluate, kappa: float
) -> Laws:
    """Tangent vectors are symmetric."""
    return {"symmetry": symmetric(result)}


def distance_laws(metric: str) -> Callable[..., Laws]:
    """A distance has no order, and its congruences are isometries.

    The affine distance is invariant under every invertible ``G``, whose squared
    condition number (16) the transformed matrices may gain; the others under
    orthogonal ones.
    """

    def laws(
        result: np.ndarray, inputs: Inputs, evaluate: Evaluate, kappa: float
    ) -> Laws:
        A, B = inputs["A"], inputs["B"]
        turned = evaluate(A=B, B=A)
        n = A.shape[-1]
        affine = metric == "affine"
        G = spd_matrices.invertible(n) if affine else spd_matrices.orthogonal(n)
        moved = evaluate(A=spd_matrices.congruent(A, G), B=spd_matrices.congruent(B, G))
        gain = 16.0 if affine else 1.0
        name = "affine invariance" if affine else "orthogonal invariance"
        return {
            "d(A,B) = d(B,A)": Deviation(_relative(turned, result), 2 * kappa),
            name: Deviation(_relative(moved, result), gain * kappa),
        }

    return laws


def pairwise_laws(
    result: np.ndarray, inputs: Inputs, evaluate: Evaluate, kappa: float
) -> Laws:
    """A matrix of distances: symmetric, zero diagonal, triangle inequality."""
    detour = np.min(result[:, :, None] + result[None, :, :], axis=1)
    excess = float(np.max(result - detour)) / float(np.max(result))
    return {
        "symmetry": symmetric(result),
        "zero diagonal": Deviation(float(np.max(np.abs(np.diagonal(result)))), kappa),
        "triangle inequality": Deviation(max(0.0, excess), kappa),
    }


def mean_laws(metric: str) -> Callable[..., Laws]:
    """The mean solves its equation, and moves with the matrices."""

    def laws(
        result: np.ndarray, inputs: Inputs, evaluate: Evaluate, kappa: float
    ) -> Laws:
        C = inputs["C"]
        M = spd_matrices.hermitian(result.astype(C.dtype))
        gradient = spd_oracles.mean_gradient(M, C, metric)
        n = M.shape[-1]
        affine = metric == "affine"
        G = spd_matrices.invertible(n) if affine else spd_matrices.orthogonal(n)
        moved = evaluate(C=spd_matrices.congruent(C, G))
        expected = spd_matrices.congruent(M, G)
        gain = 16.0 if affine else 1.0
        name = "affine invariance" if affine else "orthogonal invariance"
        return {
            "symmetry": symmetric(result),
            "positive": positive(result),
            "gradient at the mean": Deviation(gradient, kappa * n**0.5),
            name: Deviation(_relative(moved, expected), gain * kappa),
        }

    return laws


def geodesic_laws(
    result: np.ndarray, inputs: Inputs, evaluate: Evaluate, kappa: float
) -> Laws:
    """A geodesic starts at A and ends at B."""
    A, B, t = inputs["A"], inputs["B"], inputs["t"]
    start = evaluate(A=A, B=B, t=np.zeros_like(t))
    end = evaluate(A=A, B=B, t=np.ones_like(t))
    return {
        "symmetry": symmetric(result),
        "positive": positive(result),
        "γ(0) = A": Deviation(_relative(start, A), kappa),
        "γ(1) = B": Deviation(_relative(end, B), kappa),
    }


def transport_laws(metric: str) -> Callable[..., Laws]:
    """Parallel transport keeps lengths; squaring doubles the relative error.

    The tangent norm divides by eigenvalues of the base point, so its condition number
    multiplies that of the transport.
    """

    def laws(
        result: np.ndarray, inputs: Inputs, evaluate: Evaluate, kappa: float
    ) -> Laws:
        V, A, B = inputs["V"], inputs["A"], inputs["B"]
        before = spd_oracles.squared_norm(V, A, metric)
        after = spd_oracles.squared_norm(result.astype(V.dtype), B, metric)
        condition = float(np.max(np.linalg.cond(B)))
        return {
            "symmetry": symmetric(result),
            "length kept": Deviation(_relative(after, before), 2 * kappa * condition),
        }

    return laws


def coordinate_laws(metric: str) -> Callable[..., Laws]:
    """Tangent coordinates have the length of the distance."""

    def laws(
        result: np.ndarray, inputs: Inputs, evaluate: Evaluate, kappa: float
    ) -> Laws:
        expected = spd_oracles.distance(inputs["reference"], inputs["C"], metric)
        lengths = np.linalg.norm(result.astype(expected.dtype), axis=-1)
        return {"norm = distance": Deviation(_relative(lengths, expected), 2 * kappa)}

    return laws
