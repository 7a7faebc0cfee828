"""The door of `geomsci.spd`: what every function and estimator asks of its input."""

from __future__ import annotations

from typing import Any

from geomsci.backends import LinAlgError, linalg
from geomsci.backends.arrays import (
    Array,
    common_arrays,
    device,
    eps,
    real_dtype,
    require_finite,
)
from geomsci.backends.tiling import tile_bytes, tiles
from geomsci.reference.spd.metrics import METRICS

# float32 must keep at least one digit of the smallest eigenvalue.
_FLOAT32_LOSS = 0.1


def metric_name(metric: str) -> str:
    """The metric if it is known, else ValueError with the list."""
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}, got {metric!r}.")
    return metric


def square_matrices(**named: Any) -> tuple[Any, ...]:
    """Namespace and finite stacks of square matrices of one size.

    Raises
    ------
    TypeError, ValueError
        One sentence: mixed libraries or devices, wrong shape, empty, NaN.
    """
    xp, *stacks = common_arrays(**named)
    first_name, n = "", -1
    for name, X in zip(named, stacks):
        if X.ndim < 2 or X.shape[-1] != X.shape[-2]:
            raise ValueError(
                f"{name} must be square matrices of shape (..., n, n), got shape "
                f"{tuple(X.shape)}: pass covariance matrices, not signals."
            )
        if 0 in X.shape:
            raise ValueError(
                f"{name} must hold at least one matrix with at least one row, got "
                f"shape {tuple(X.shape)}."
            )
        if n not in (-1, X.shape[-1]):
            raise ValueError(
                f"{name} must hold matrices of the size of {first_name}, {n} x {n}, "
                f"got {X.shape[-1]} x {X.shape[-1]}."
            )
        first_name, n = first_name or name, X.shape[-1]
    require_finite(xp, **dict(zip(named, stacks)))
    return xp, *stacks


def hermitian_matrices(**named: Any) -> tuple[Any, ...]:
    """Like `square_matrices`, and Hermitian up to the square root of the precision."""
    xp, *stacks = square_matrices(**named)
    for name, X in zip(named, stacks):
        gap, scale = _asymmetry(xp, X)
        if bool(gap > eps(xp, X.dtype) ** 0.5 * scale):
            raise ValueError(
                f"{name} must be symmetric (Hermitian), got matrices that differ from "
                f"their transpose by {float(gap):.3g}: pass (X + X^H) / 2."
            )
    return xp, *stacks


def _asymmetry(xp: Any, X: Array) -> tuple[Array, Array]:
    """Largest entries of ``X - X^H`` and of ``X``, without a temporary of its size."""
    n = X.shape[-1]
    stack = xp.reshape(X, (-1, n, n))
    gaps, scales = [], []
    for tile in tiles(stack.shape[0], 8 * n * n, target=tile_bytes(X)):
        part = stack[tile, ...]
        gaps.append(xp.max(xp.abs(part - linalg.matrix_transpose(part))))
        scales.append(xp.max(xp.abs(part)))
    return xp.max(xp.stack(gaps)), xp.max(xp.stack(scales))


def spd_matrices(**named: Any) -> tuple[Any, ...]:
    """Like `hermitian_matrices`, and positive definite.

    Raises
    ------
    LinAlgError
        If a matrix is not positive definite: which one, and its smallest eigenvalue.
    ValueError
        If float32 cannot carry the condition number of a matrix.
    """
    xp, *stacks = hermitian_matrices(**named)
    for name, X in zip(named, stacks):
        try:
            linalg.cholesky(X)
        except LinAlgError as error:
            raise LinAlgError(_indefinite(xp, name, X)) from error
        require_conditioning(xp, name, X)
    return xp, *stacks


def vectors_and_matrices(**named: Any) -> tuple[Any, ...]:
    """Hermitian ``V`` and, after it, positive definite matrices of the same kind."""
    square_matrices(**named)
    xp, *stacks = common_arrays(**named)
    named = dict(zip(named, stacks))
    vectors = {"V": named.pop("V")}
    hermitian_matrices(**vectors)
    spd_matrices(**named)
    return xp, *stacks


def _indefinite(xp: Any, name: str, X: Array) -> str:
    """The sentence about the first matrix that is not positive definite."""
    n = X.shape[-1]
    stack = xp.reshape(X, (-1, n, n))
    w = linalg.eigvalsh(stack)
    limit = n * eps(xp, X.dtype) * xp.max(xp.abs(w), axis=-1)
    bad = xp.astype(w[:, 0] <= limit, xp.int8)
    first = int(xp.argmax(bad)) if bool(xp.any(bad > 0)) else int(xp.argmin(w[:, 0]))
    which = f"{name}[{first}]" if stack.shape[0] > 1 else name
    return (
        f"{which} must be positive definite, got the smallest eigenvalue "
        f"{float(w[first, 0]):.3g} beside the largest {float(w[first, -1]):.3g}: "
        "regularise it (a shrinkage estimator, or nearest_spd)."
    )


def require_conditioning(xp: Any, name: str, X: Array) -> None:
    """Refuse float32 matrices whose smallest eigenvalue float32 does not resolve.

    The rule is ``n eps cond > 0.1``: below it that eigenvalue has a correct digit.
    Matrices in double precision are left to the methods that use them.
    """
    if X.dtype not in (xp.float32, xp.complex64):
        return
    n = X.shape[-1]
    w = linalg.eigvalsh(xp.reshape(X, (-1, n, n)))
    smallest, largest = w[:, 0], w[:, -1]
    lost = n * eps(xp, X.dtype) * largest > _FLOAT32_LOSS * smallest
    if bool(xp.any(lost)):
        first = int(xp.argmax(xp.astype(lost, xp.int8)))
        low, high = float(smallest[first]), float(largest[first])
        condition = f"{high / low:.1e}" if low > 0 else "infinity"
        raise ValueError(
            f"{name} must be float64 to carry its conditioning, got float32 with the "
            f"condition number {condition} in matrix {first}: convert the data "
            "with astype(float64) before the matrices are formed."
        )


def sample_weights(xp: Any, sample_weight: Any, C: Array) -> Array:
    """Weights of the matrices of ``C`` (..., n_matrices, n, n), with sum 1."""
    n_matrices = C.shape[-3]
    if sample_weight is None:
        return xp.full(
            (n_matrices,),
            1 / n_matrices,
            dtype=real_dtype(xp, C.dtype),
            device=device(C),
        )
    _, weights, _ = common_arrays(sample_weight=sample_weight, C=C)
    if tuple(weights.shape) != (n_matrices,):
        raise ValueError(
            f"sample_weight must have shape ({n_matrices},), one weight a matrix, got "
            f"{tuple(weights.shape)}."
        )
    if xp.isdtype(weights.dtype, "complex floating"):
        weights = xp.real(weights)
    require_finite(xp, sample_weight=weights)
    total = xp.sum(weights)
    if bool(xp.any(weights < 0)) or not bool(total > 0):
        raise ValueError(
            "sample_weight must be non-negative with a positive sum, got weights from "
            f"{float(xp.min(weights)):.3g} with the sum {float(total):.3g}."
        )
    return weights / total
