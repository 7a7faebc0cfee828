"""How a curvature grows with the number of sites: exponents and fits, in n.

Two laws compete for the critical |R|: ``A n^b``, and ``n (a ln n + c)``, which a
logarithm of the heat capacity would give. Both are straight lines after a change of
variables, fitted by plain least squares.
"""

from __future__ import annotations

from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device


class PowerLaw(NamedTuple):
    """``|R| = amplitude n^exponent``.

    Attributes
    ----------
    exponent, amplitude : array, 0-d
    residual : array, 0-d
        Root mean square of ``|R|_fit / |R| - 1``.
    """

    exponent: Array
    amplitude: Array
    residual: Array


class LogarithmicLaw(NamedTuple):
    """``|R| / n = slope ln n + intercept``.

    Attributes
    ----------
    slope, intercept : array, 0-d
    residual : array, 0-d
        Root mean square of ``|R|_fit / |R| - 1``.
    """

    slope: Array
    intercept: Array
    residual: Array


def effective_exponents(n_sites: Array, curvatures: Array) -> Array:
    """``ln(|R_{i+1}| / |R_i|) / ln(n_{i+1} / n_i)``, shape (k - 1,)."""
    xp = array_namespace(n_sites, curvatures)
    R = xp.abs(curvatures)
    return xp.log(R[1:] / R[:-1]) / xp.log(n_sites[1:] / n_sites[:-1])


def fit_power_law(n_sites: Array, curvatures: Array) -> PowerLaw:
    """Least squares line of ``ln |R|`` against ``ln n``."""
    xp = array_namespace(n_sites, curvatures)
    R = xp.abs(curvatures)
    x, y = xp.log(n_sites), xp.log(R)
    slope, intercept = _line(x, y)
    relative = xp.expm1(slope * x + intercept - y)
    return PowerLaw(*_zero_d(x, slope, xp.exp(intercept), _root_mean_square(relative)))


def fit_logarithmic_law(n_sites: Array, curvatures: Array) -> LogarithmicLaw:
    """Least squares line of ``|R| / n`` against ``ln n``."""
    xp = array_namespace(n_sites, curvatures)
    x, y = xp.log(n_sites), xp.abs(curvatures) / n_sites
    slope, intercept = _line(x, y)
    relative = (slope * x + intercept - y) / y
    return LogarithmicLaw(*_zero_d(x, slope, intercept, _root_mean_square(relative)))


def _line(x: Array, y: Array) -> tuple[Array, Array]:
    """Slope and intercept of the least squares line through (x, y)."""
    xp = array_namespace(x, y)
    dx = x - xp.mean(x)
    slope = xp.sum(dx * (y - xp.mean(y))) / xp.sum(dx * dx)
    return slope, xp.mean(y) - slope * xp.mean(x)


def _root_mean_square(x: Array) -> Array:
    xp = array_namespace(x)
    return xp.sqrt(xp.mean(x * x))


def _zero_d(like: Array, *values: Array) -> tuple[Array, ...]:
    """The values as 0-d arrays, which NumPy's arithmetic turns into scalars."""
    xp = array_namespace(like)
    return tuple(xp.asarray(x, dtype=like.dtype, device=device(like)) for x in values)
