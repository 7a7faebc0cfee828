"""Fourier coefficients of periodic density fields: wavenumbers, windows, smoothing.

A field on a grid of ``n_i`` cells an axis and sides ``L_i`` is a trigonometric
polynomial through its values. Its real transform is made once and serves every scale:
smoothing with a Gaussian of standard deviation ``R`` an axis multiplies by
``exp(-k^2 R^2 / 2)``, which is a product of factors of one axis each.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from geomsci.backends import fft
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.threads import n_threads

WINDOW_ORDERS = {"ngp": 1, "cic": 2, "tsc": 3, "pcs": 4}
"""Order p of the B-spline of each assignment window, whose transform is sinc^p."""


class FieldTransform(NamedTuple):
    """Real transform of a periodic field: the last axis of it is halved.

    ``coefficients`` has the shape (n_0, ..., n_{d-1} // 2 + 1), ``shape`` is that of
    the field, ``lengths`` are the sides of the box.
    """

    coefficients: Array
    shape: tuple[int, ...]
    lengths: tuple[float, ...]


def transform(field: Array, lengths: Sequence[float]) -> FieldTransform:
    """Coefficients of a field: one forward transform, O(n log n)."""
    coefficients = fft.rfftn(field, workers=n_threads())
    return FieldTransform(coefficients, tuple(field.shape), tuple(lengths))


def inverse(F: FieldTransform) -> Array:
    """Field of the coefficients: inverse of `transform`."""
    return fft.irfftn(
        F.coefficients,
        s=F.shape,
        axes=tuple(range(len(F.shape))),
        workers=n_threads(),
    )


def mode_numbers(xp: Any, F: FieldTransform, axis: int) -> Array:
    """Signed integers m of the modes exp(2 pi i m x / L) along an axis, float64."""
    n, place = F.shape[axis], device(F.coefficients)
    count = n // 2 + 1 if axis == len(F.shape) - 1 else n
    m = xp.arange(count, dtype=xp.float64, device=place)
    return xp.where(m > (n // 2), m - float(n), m)


def wavenumbers(F: FieldTransform, axis: int, *, odd: bool = False) -> Array:
    """Wavenumbers 2 pi m / L along an axis, shaped to multiply the coefficients.

    Parameters
    ----------
    F : FieldTransform
    axis : int
    odd : bool
        True for derivatives of odd order: the Nyquist mode, whose derivative vanishes
        at every grid point, gets the wavenumber zero. Derivatives of even order along
        one axis keep it.

    Returns
    -------
    k : array, real, shape (1, ..., n_axis, ..., 1)
    """
    xp = array_namespace(F.coefficients)
    m = mode_numbers(xp, F, axis)
    n = F.shape[axis]
    if odd and n % 2 == 0:
        m = xp.where(m == n // 2, xp.zeros_like(m), m)
    return _along(xp, F, axis, m * (2.0 * math.pi / F.lengths[axis]))


def _along(xp: Any, F: FieldTransform, axis: int, values: Array) -> Array:
    """Values of one axis in the precision of the field, shaped to multiply it."""
    single = F.coefficients.dtype == xp.complex64
    values = xp.astype(values, xp.float32 if single else xp.float64)
    shape = [1] * len(F.shape)
    shape[axis] = values.shape[0]
    return xp.reshape(values, tuple(shape))


def window_factor(F: FieldTransform, axis: int, window: str) -> Array:
    """Transform of an assignment window along an axis: sinc(k H / 2)^p, H = L / n."""
    xp = array_namespace(F.coefficients)
    half = mode_numbers(xp, F, axis) * (math.pi / F.shape[axis])
    zero = half == 0
    safe = xp.where(zero, xp.ones_like(half), half)
    sinc = xp.where(zero, xp.ones_like(half), xp.sin(safe) / safe)
    return _along(xp, F, axis, sinc ** float(WINDOW_ORDERS[window]))


def axis_filter(
    F: FieldTransform, axis: int, R: float, window: str | None = None
) -> Array:
    """exp(-k^2 R^2 / 2) along an axis, over the window's transform if one is named."""
    xp = array_namespace(F.coefficients)
    k = mode_numbers(xp, F, axis) * (2.0 * math.pi / F.lengths[axis])
    factor = _along(xp, F, axis, xp.exp(-0.5 * (k * R) ** 2))
    return factor if window is None else factor / window_factor(F, axis, window)


def filtered(F: FieldTransform, R: float, window: str | None = None) -> FieldTransform:
    """Coefficients smoothed with a Gaussian of standard deviation ``R`` an axis."""
    coefficients = F.coefficients
    for axis in range(len(F.shape)):
        coefficients = coefficients * axis_filter(F, axis, R, window)
    return F._replace(coefficients=coefficients)


def smooth(
    field: Array, radii: Sequence[float], lengths: Sequence[float]
) -> list[Array]:
    """The field at several scales; all share one forward transform.

    Parameters
    ----------
    field : array, shape (n_1, ..., n_d)
    radii : sequence of S float, >= 0
    lengths : sequence of d float, > 0

    Returns
    -------
    smoothed : list of S arrays of the shape of ``field``
    """
    F = transform(field, lengths)
    return [inverse(filtered(F, R)) for R in radii]


def compensate(field: Array, window: str, lengths: Sequence[float]) -> Array:
    """The field with the transform of its assignment window divided out.

    The window does not vanish on the grid's modes: sinc(pi / 2)^p at the Nyquist mode
    is 0.16 for the fourth order, so noise there grows 6 times an axis.
    """
    F = transform(field, lengths)
    coefficients = F.coefficients
    for axis in range(len(F.shape)):
        coefficients = coefficients / window_factor(F, axis, window)
    return inverse(F._replace(coefficients=coefficients))
