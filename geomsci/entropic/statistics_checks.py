"""The door of random-field statistics: spectra, scales, axes and their integrals."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci.backends import run
from geomsci.backends.arrays import (
    Array,
    common_arrays,
    complex_or_float,
    require_finite,
    to_host,
)
from geomsci.reference.entropic.random_fields import DivergentIntegralError, Integral

Spectrum = Callable[[np.ndarray], Any]

WORTH_A_WARNING = 1e-8
"""Two sums that agree to this are the same integral for every purpose here."""


def require_real(xp: Any, name: str, x: Array) -> None:
    """Refuse complex numbers."""
    if xp.isdtype(x.dtype, "complex floating"):
        raise TypeError(f"{name} must be real, got {x.dtype}.")


def host_values(
    name: str, value: Any, *, above: float | None = None, at_least: float | None = None
) -> tuple[Array, np.ndarray]:
    """The array and its finite values in float64 on the host, where pk is evaluated."""
    xp, x = common_arrays(**{name: value})
    require_real(xp, name, x)
    require_finite(xp, **{name: x})
    host = np.asarray(to_host(x), dtype=np.float64)
    if host.size and above is not None and host.min() <= above:
        raise ValueError(f"{name} must be > {above:g}, got {host.min():g}.")
    if host.size and at_least is not None and host.min() < at_least:
        raise ValueError(f"{name} must be >= {at_least:g}, got {host.min():g}.")
    return x, host


def broadcast_values(
    *specs: tuple[str, Any, float | None, float | None],
) -> tuple[Array, np.ndarray, np.ndarray]:
    """Two arguments of one library, in float64 on the host, of one shape."""
    (first, a, *_), (second, b, *_) = specs
    _, x, y = common_arrays(**{first: a, second: b})
    hosts = [
        host_values(name, value, above=above, at_least=least)[1]
        for (name, _, above, least), value in zip(specs, (x, y))
    ]
    try:
        p, q = np.broadcast_arrays(*hosts)
    except ValueError:
        raise ValueError(
            f"{first} and {second} must broadcast, got the shapes {hosts[0].shape} and "
            f"{hosts[1].shape}: add axes of length 1."
        ) from None
    return x, p, q


def checked_spectrum(pk: Any) -> Spectrum:
    """``pk`` whose values are looked at."""
    if not callable(pk):
        raise TypeError(
            f"pk must be a function of k, got {type(pk).__name__}: interpolate a "
            "table, for example with np.interp."
        )

    def spectrum(k: np.ndarray) -> np.ndarray:
        values = np.asarray(pk(k))
        if values.shape != k.shape:
            raise ValueError(
                f"pk must return one value for each k, got the shape {values.shape} "
                f"for {k.shape}."
            )
        bad = ~(np.isfinite(values) & (values >= 0))
        if bad.any():
            i = int(np.argmax(bad))
            raise ValueError(
                "pk must be finite and not negative for every k > 0, got "
                f"{complex_or_float(values[i]):g} at k = {k[i]:.6g}: extend a table, "
                "for example by zero."
            )
        return values.astype(np.float64)

    return spectrum


def integrated(name: str, pk: Any, *arguments: np.ndarray) -> np.ndarray:
    """Value of an integral; one warning if it has not settled."""
    try:
        found: Integral = run(name, checked_spectrum(pk), *arguments)
    except DivergentIntegralError:
        raise ValueError(
            "pk must fall slowly enough towards small k for its moments to converge "
            "(P k^3 to 0 with k), got an integral that has not converged at "
            "k R = 1e-60."
        ) from None
    if not found.accuracy <= WORTH_A_WARNING:
        from sklearn.exceptions import ConvergenceWarning

        warnings.warn(
            "the integrals over pk changed by a relative "
            f"{found.accuracy:.1g} when the step was last halved: give a pk without "
            "jumps, such as a cubic spline of log P over log k.",
            ConvergenceWarning,
            stacklevel=4,
        )
    return np.asarray(found.value)


def axes_of(n_axes: Any) -> int:
    """Number of dimensions, 1 to 3."""
    if isinstance(n_axes, bool) or n_axes not in (1, 2, 3):
        raise ValueError(f"n_axes must be 1, 2 or 3, got {n_axes!r}.")
    return int(n_axes)


def number_of(name: str, value: Any, *, at_least: float) -> float:
    """Finite Python number from a lowest value on."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {value!r}.") from None
    if not at_least <= number < math.inf:
        raise ValueError(f"{name} must be finite and >= {at_least:g}, got {number:g}.")
    return number


def grid_of(n_grid: Any, box_size: Any) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Cells and lengths of each axis."""
    try:
        cells = tuple(n_grid) if np.ndim(n_grid) else (n_grid,) * 3
        shape = tuple(operator.index(n) for n in cells)
    except TypeError:
        raise TypeError(
            f"n_grid must be an integer or one for each axis, got {n_grid!r}."
        ) from None
    if not 1 <= len(shape) <= 3 or min(shape) < 1:
        raise ValueError(
            f"n_grid must have 1 to 3 axes of at least one cell, got {shape}."
        )
    sizes = np.asarray(box_size, dtype=np.float64)
    if sizes.shape not in ((), (len(shape),)) or not np.all(
        np.isfinite(sizes) & (sizes > 0)
    ):
        raise ValueError(
            "box_size must be a positive length, or one for each of the "
            f"{len(shape)} axes, got {box_size!r}."
        )
    return shape, tuple(float(s) for s in np.broadcast_to(sizes, (len(shape),)))
