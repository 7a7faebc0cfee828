"""What the transport functions of `geomsci.entropic` ask of their input."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from geomsci.backends.arrays import Array, common_arrays, device, require_finite
from geomsci.reference.entropic.markov_chains import is_irreducible, reversible_gap
from geomsci.reference.entropic.quantile_transport import SMALLEST_GRID
from geomsci.spd.checks import spd_matrices

MEASURES = ("density", "smoothed")
"""Reference measures of local measures: rho itself, or rho * G_R."""

_ROUNDING = 1e-6  # of rates: rows that sum to zero, detailed balance


def real_arrays(**named: Any) -> tuple[Any, ...]:
    """Namespace, the call's dtype, and finite real arrays in double precision.

    Differences of entropies cancel, so everything is computed in float64 and only the
    result returns to the dtype of the input.
    """
    xp, *found = common_arrays(**named)
    for name, x in zip(named, found):
        if xp.isdtype(x.dtype, "complex floating"):
            raise TypeError(f"{name} must be real, got {x.dtype}: pass its real part.")
    require_finite(xp, **dict(zip(named, found)))
    return xp, found[0].dtype, *(xp.astype(x, xp.float64) for x in found)


def returned(xp: Any, result: Any, dtype: Any) -> Array:
    """The result in the dtype of the call."""
    return xp.astype(xp.asarray(result), dtype)


def times(xp: Any, t: Array, *, interior: bool) -> None:
    """Refuse times out of (0, 1), or of [0, 1]."""
    low, high = float(xp.min(t)), float(xp.max(t))
    if interior and not 0 < low <= high < 1:
        raise ValueError(
            f"t must lie strictly between 0 and 1, got {low if low <= 0 else high:.3g}."
        )
    if not 0 <= low <= high <= 1:
        raise ValueError(
            f"t must lie between 0 and 1, got {low if low < 0 else high:.3g}."
        )


def dimension(N: Any) -> float:
    """N as a float: not zero, infinity allowed, negative allowed."""
    if isinstance(N, bool) or not isinstance(N, Real):
        raise TypeError(f"N must be a number or infinity, got {N!r}.")
    value = float(N)
    if value == 0 or math.isnan(value) or value == -math.inf:
        raise ValueError(
            f"N must be a dimension other than zero, or infinity, got {value:g}."
        )
    return value


def length(name: str, value: Any) -> float:
    """A positive finite number."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a positive number, got {value!r}.")
    number = float(value)
    if not 0 < number < math.inf:
        raise ValueError(f"{name} must be positive and finite, got {number:g}.")
    return number


def positive_distances(xp: Any, name: str, W: Array, *, zero: bool = False) -> None:
    """Refuse negative distances, and zero ones unless allowed."""
    smallest = float(xp.min(W))
    if smallest < 0 or (smallest == 0 and not zero):
        raise ValueError(
            f"{name} must be {'non-negative' if zero else 'positive'}, got "
            f"{smallest:.3g}: distances of two different measures are."
        )


def broadcastable(shapes: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
    """Common shape of the batches; ValueError naming the first that does not fit."""
    common: tuple[int, ...] = ()
    for name, shape in shapes.items():
        n = max(len(common), len(shape))
        a, b = (1,) * (n - len(common)) + common, (1,) * (n - len(shape)) + shape
        if any(i != j and 1 not in (i, j) for i, j in zip(a, b)):
            raise ValueError(
                f"{name} must broadcast with the arrays before it, of the shape "
                f"{common}, got {shape}."
            )
        common = tuple(j if i == 1 else i for i, j in zip(a, b))
    if 0 in common:
        raise ValueError(f"The arrays must not be empty, got the shape {common}.")
    return common


def vectors_of(d: int, **means: Array) -> None:
    """Refuse means that are not d-vectors."""
    for name, a in means.items():
        if a.ndim < 1 or a.shape[-1] != d:
            raise ValueError(
                f"{name} must have shape (..., {d}) to match covariances of {d} x {d}, "
                f"got {tuple(a.shape)}."
            )


def covariances(**named: Any) -> tuple[Any, ...]:
    """Covariances in double precision, after the checks in their own."""
    _, *stacks = spd_matrices(**named)
    found = real_arrays(**dict(zip(named, stacks)))
    broadcastable({k: tuple(C.shape[:-2]) for k, C in zip(named, found[2:])})
    return found


def gaussian_pair(**named: Any) -> tuple[Any, ...]:
    """Means (a0, a1, b), covariances (C0, C1, S) and t that fit each other."""
    _, *found = common_arrays(**named)
    values = dict(zip(named, found))
    matrices = {k: v for k, v in values.items() if k in ("C0", "C1", "S", "C")}
    means = {k: v for k, v in values.items() if k in ("a0", "a1", "b")}
    covariances(**matrices)
    vectors_of(matrices["C0"].shape[-1], **means)
    batches = {k: tuple(v.shape[:-2]) for k, v in matrices.items()}
    batches |= {k: tuple(v.shape[:-1]) for k, v in means.items()}
    broadcastable(batches | {"t": tuple(values["t"].shape)})
    return real_arrays(**values)


def rising_grid(xp: Any, x: Array) -> None:
    """Refuse a grid that is short or does not rise."""
    if x.ndim != 1 or x.shape[0] < SMALLEST_GRID:
        raise ValueError(
            f"x must hold at least {SMALLEST_GRID} points in one axis, got the shape "
            f"{tuple(x.shape)}."
        )
    if not bool(xp.all(xp.diff(x) > 0)):
        raise ValueError("x must rise strictly, got points out of order: sort them.")


def grid_values(name: str, f: Array, n: int) -> None:
    """Refuse values that do not match the grid."""
    if f.ndim < 1 or f.shape[-1] != n:
        raise ValueError(
            f"{name} must have shape (..., {n}), a value at each point of x, got "
            f"{tuple(f.shape)}."
        )


def densities(xp: Any, name: str, p: Array, n: int) -> None:
    """Refuse values that are no density on a grid of n points."""
    grid_values(name, p, n)
    if bool(xp.any(p < 0)):
        raise ValueError(
            f"{name} must be non-negative, got {float(xp.min(p)):.3g}: a density is."
        )
    if not bool(xp.all(xp.max(p, axis=-1) > 0)):
        raise ValueError(f"{name} must have mass, got a density that is zero.")


def measure_name(measure: Any) -> str:
    """The reference measure if it is known."""
    if measure not in MEASURES:
        raise ValueError(
            f"measure must be one of {', '.join(MEASURES)}, got {measure!r}."
        )
    return measure


def generator_matrix(Q: Any) -> tuple[Any, Any, Array]:
    """Namespace, dtype and generator of an irreducible reversible chain."""
    xp, dtype, Q = real_arrays(Q=Q)
    if Q.ndim != 2 or Q.shape[0] != Q.shape[1] or Q.shape[0] < 2:
        raise ValueError(
            "Q must be a square matrix of at least two states, got the shape "
            f"{tuple(Q.shape)}."
        )
    n = Q.shape[0]
    one = xp.eye(n, dtype=Q.dtype, device=device(Q))
    rates = Q * (1.0 - one)
    if bool(xp.any(rates < 0)):
        raise ValueError(
            f"Q must have rates >= 0 off its diagonal, got {float(xp.min(rates)):.3g}."
        )
    rows = xp.sum(Q, axis=1)
    if float(xp.max(xp.abs(rows))) > _ROUNDING * float(xp.max(xp.abs(Q))):
        raise ValueError(
            "Q must be a generator, whose rows sum to zero, got the row sum "
            f"{float(xp.max(rows)):.3g}: for a transition matrix P pass P - I."
        )
    Q = rates - one * xp.sum(rates, axis=1)[:, None]
    if not is_irreducible(Q):
        raise ValueError(
            "Q must be irreducible, got states that others cannot reach: pass each "
            "closed class by itself."
        )
    gap = float(reversible_gap(Q))
    if gap > _ROUNDING:
        raise ValueError(
            "Q must be reversible, got a relative breach of detailed balance of "
            f"{gap:.3g}: the entropic curvature is defined for reversible chains."
        )
    return xp, dtype, Q
