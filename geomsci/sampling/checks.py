"""The door of `geomsci.sampling`: points, index sets, families and domains."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from geomsci.backends.arrays import (
    Array,
    array_namespace,
    common_arrays,
    eps,
    require_finite,
    to_host,
)
from geomsci.reference.sampling.polynomials import DOMAINS, FAMILIES

# Points this many roundings outside a closed domain are moved onto its end.
_ROUNDINGS = 16.0


def whole_number(name: str, value: Any, *, at_least: int) -> int:
    """``value`` as a Python integer; TypeError if it is not one."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name} must be an integer of at least {at_least}, got {value!r}."
        ) from None
    if number < at_least:
        raise ValueError(
            f"{name} must be an integer of at least {at_least}, got {number}."
        )
    return number


def family_names(family: Any, n_features: int) -> tuple[str, ...]:
    """One known family for each of ``n_features`` coordinates."""
    names = (family,) * n_features if isinstance(family, str) else tuple(family)
    for name in names:
        if not isinstance(name, str) or name not in FAMILIES:
            raise ValueError(f"family must be one of {', '.join(FAMILIES)}: {name!r}.")
    if len(names) != n_features:
        raise ValueError(
            "family must be one name or one for each column of indices, got "
            f"{len(names)} names for {n_features} columns."
        )
    return names


def index_set(indices: Any) -> np.ndarray:
    """Multi-indices as a read-only array (m, d) of distinct rows."""
    if isinstance(indices, (list, tuple, range)):
        indices = np.array([np.atleast_1d(i) for i in indices])
    found = np.array(indices if isinstance(indices, np.ndarray) else to_host(indices))
    if found.ndim == 1:
        found = found[:, None]
    if found.ndim != 2 or 0 in found.shape:
        raise ValueError(
            "indices must have shape (m, d) with at least one row and one column, got "
            f"{found.shape}: geomsci.sampling.total_degree(d, p) makes such a set."
        )
    if found.dtype.kind not in "iu":
        raise TypeError(
            f"indices must be integers, got {found.dtype}: convert them with astype."
        )
    if found.min() < 0:
        raise ValueError(
            f"indices must be >= 0, got {found.min()} in row "
            f"{int(np.argmin(found.min(axis=1)))}."
        )
    if len(np.unique(found, axis=0)) != len(found):
        raise ValueError("indices must be distinct rows, got a row twice: remove one.")
    found = np.ascontiguousarray(found, dtype=np.int64)
    found.flags.writeable = False
    return found


def jacobi_exponents(
    name: str, value: Any, families: Sequence[str]
) -> tuple[float, ...]:
    """One exponent > -1 for each coordinate; only Jacobi coordinates have one."""
    d = len(families)
    if isinstance(value, (list, tuple, np.ndarray)):
        exponents = tuple(float(v) for v in value)
        if len(exponents) != d:
            raise ValueError(
                f"{name} must be one number or one for each of the {d} coordinates, "
                f"got {len(exponents)}."
            )
    else:
        number = float(value)
        exponents = tuple(number if f == "jacobi" else 0.0 for f in families)
        if number != 0.0 and "jacobi" not in families:
            raise ValueError(
                f"{name} belongs to the family jacobi, got {name}={number:g} for "
                f"{', '.join(dict.fromkeys(families))}: leave it out."
            )
    for family, exponent in zip(families, exponents):
        if not -1.0 < exponent < math.inf:
            raise ValueError(f"{name} must be finite and > -1, got {exponent:g}.")
        if family != "jacobi" and exponent != 0.0:
            raise ValueError(
                f"{name} must be 0 for a {family} coordinate, got {exponent:g}."
            )
    return exponents


def point_rows(X: Any, n_features: int, name: str = "X") -> tuple[Any, Array]:
    """Namespace and finite real points of shape (n, n_features)."""
    xp, X = common_arrays(**{name: X})
    if xp.isdtype(X.dtype, "complex floating"):
        raise TypeError(f"{name} must be real, got {X.dtype}.")
    if X.ndim != 2 or X.shape[1] != n_features:
        advice = (
            f": reshape it to ({X.shape[0]}, 1)"
            if X.ndim == 1 and n_features == 1
            else ""
        )
        raise ValueError(
            f"{name} must have shape (n, {n_features}), one row for each point, got "
            f"{tuple(X.shape)}{advice}."
        )
    require_finite(xp, **{name: X})
    return xp, X


def points_inside(X: Any, families: Sequence[str], name: str = "X") -> Array:
    """Points of the families' domains; those a few roundings outside are moved in.

    Raises
    ------
    ValueError
        Naming the first point outside, in the first such column, and its domain.
    """
    xp, X = point_rows(X, len(families), name)
    columns = [
        inside_interval(
            name, X[:, j], j, *DOMAINS[family], f"the domain of the family {family}"
        )
        for j, family in enumerate(families)
    ]
    return xp.stack(columns, axis=1)


def inside_interval(
    name: str, x: Array, column: int, low: float, high: float, place: str
) -> Array:
    """Values of one column inside a closed interval, up to a few roundings.

    Raises
    ------
    ValueError
        Naming the first value outside, its row and column, and the interval.
    """
    if math.prod(x.shape) == 0 or (low == -math.inf and high == math.inf):
        return x
    xp = array_namespace(x)
    inside = clipped(x, low, high)
    size = max(abs(end) for end in (low, high) if math.isfinite(end))
    slack = _ROUNDINGS * eps(xp, x.dtype) * (size or 1.0)
    gaps = xp.reshape(xp.abs(x - inside), (-1,))
    if bool(xp.any(gaps > slack)):
        row = int(xp.argmax(xp.astype(gaps > slack, xp.int8)))
        left = "(-inf" if low == -math.inf else f"[{low:g}"
        right = "inf)" if high == math.inf else f"{high:g}]"
        value = float(xp.reshape(x, (-1,))[row])
        raise ValueError(
            f"{name} must lie in {place}, {left}, {right}, got {value:.6g} in row "
            f"{row}, column {column}: leave such points out, or transform physical "
            "inputs first with geomsci.sampling.MarginalTransform."
        )
    return inside


def clipped(x: Array, low: float, high: float) -> Array:
    """Values moved into a closed interval, whose ends may be infinite."""
    xp = array_namespace(x)
    low_end = None if low == -math.inf else low
    high_end = None if high == math.inf else high
    if low_end is None and high_end is None:
        return x
    return xp.clip(x, low_end, high_end)
