"""The door of catalogues: what `geomsci.entropic` asks of points and weights."""

from __future__ import annotations

import math
from typing import Any

from geomsci.backends.arrays import Array, common_arrays, require_finite
from geomsci.entropic.field_checks import box_lengths


def catalogue_arrays(**named: Any) -> tuple[Any, dict[str, Any]]:
    """Namespace, and the arrays in one dtype by name; None stays None.

    Names that end in "weights" are weights of the array named before them.

    Raises
    ------
    TypeError, ValueError
        Complex numbers, wrong shapes, no positions, weights that are not positive.
    """
    given = {name: x for name, x in named.items() if x is not None}
    xp, *arrays = common_arrays(**given)
    found: dict[str, Any] = dict.fromkeys(named)
    found.update(zip(given, arrays, strict=True))
    d = _n_columns("points", found["points"])
    for name, x in found.items():
        if x is None:
            continue
        if not xp.isdtype(x.dtype, "real floating"):
            raise TypeError(f"{name} must be real, got {x.dtype}: pass its real part.")
        if not name.endswith("weights"):
            _check_places(name, x, d)
        require_finite(xp, **{name: x})
    _check_weights(xp, "weights", found.get("weights"), "positions", found["positions"])
    _check_weights(
        xp,
        "random_weights",
        found.get("random_weights"),
        "randoms",
        found.get("randoms"),
    )
    return xp, found


def _n_columns(name: str, x: Any) -> int:
    if x.ndim != 2 or not 1 <= x.shape[1] <= 3:
        raise ValueError(
            f"{name} must have shape (n, d) with d = 1, 2 or 3, got "
            f"{tuple(x.shape)}: one row a point."
        )
    return x.shape[1]


def _check_places(name: str, x: Array, d: int) -> None:
    """Refuse places of another number of axes, and an empty catalogue."""
    columns = _n_columns(name, x)
    if columns != d:
        raise ValueError(
            f"{name} must have as many columns as points, {d}, got {columns}."
        )
    if name != "points" and x.shape[0] == 0:
        raise ValueError(
            f"{name} must hold at least one point, got none: the density of an empty "
            "catalogue has no logarithm."
        )


def _check_weights(
    xp: Any, name: str, weights: Array | None, owner: str, places: Array | None
) -> None:
    """Refuse weights of another length or not positive."""
    if weights is None:
        return
    assert places is not None
    if weights.shape != (places.shape[0],):
        raise ValueError(
            f"{name} must have shape ({places.shape[0]},) to match {owner}, got "
            f"{tuple(weights.shape)}."
        )
    lowest = float(xp.min(weights))
    if not lowest > 0:
        raise ValueError(
            f"{name} must be positive, got a smallest value of {lowest}: leave out "
            "the points that do not count."
        )


def positive_length(name: str, value: Any) -> float:
    """``value`` as a positive finite Python number."""
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{name} must be a number, got {type(value).__name__}."
        ) from error
    if not 0 < number < math.inf:
        raise ValueError(f"{name} must be positive and finite, got {number}.")
    return number


def scale_and_box(R: Any, box_size: Any, d: int) -> tuple[float, list[float] | None]:
    """Smoothing scale and the sides of the box; None is open space.

    Raises
    ------
    TypeError, ValueError
        A scale that is not positive or above half the box, sides that are not.
    """
    R = positive_length("R", R)
    if box_size is None:
        return R, None
    box = list(box_lengths(box_size, (1,) * d))
    if R > 0.5 * min(box):
        raise ValueError(
            f"R must be at most half the box, {0.5 * min(box):.6g}, got {R:.6g}: give "
            "both in one unit."
        )
    return R, box
