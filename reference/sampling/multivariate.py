r"""Products of orthonormal polynomials over several coordinates.

.. math:: \phi_i(x) = \prod_{j=1}^d p_{i_j}(x_j), \qquad
          k_m(x) = \sum_i \phi_i(x)^2 .

Every function takes the points ``X`` of shape (n, d) and the keywords

* ``families`` : d names of `geomsci.reference.sampling.polynomials.FAMILIES`;
* ``indices`` : array of integers, shape (m, d), of the library and on the device of
  ``X``;
* ``alpha``, ``beta`` : d numbers each, exponents of the Jacobi weights.

The work is O(n (m d + sum of the largest degrees)), tiled over the points.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import each_tile, map_tiles
from geomsci.reference.sampling.polynomials import (
    LOG2,
    NO_EXPONENT,
    power_of_two,
    scaled_univariate,
    univariate,
)

# Largest exponent of the Jacobi weight whose polynomials stay moderate at the ends.
_MODERATE_JACOBI = 2.0


class _Factor(NamedTuple):
    """One coordinate whose degree is not zero for all functions."""

    family: str
    degree: int
    alpha: float
    beta: float
    coordinate: int


def multivariate(
    X: Array,
    *,
    families: Sequence[str],
    indices: Array,
    alpha: Sequence[float],
    beta: Sequence[float],
) -> Array:
    """Evaluate all functions at all points.

    Parameters
    ----------
    X, families, indices, alpha, beta
        See the head of this module.

    Returns
    -------
    Phi : array, shape (n, m)
        Entries past ``2**1000`` (``2**120`` in float32) are infinite, never NaN.
    """
    xp = array_namespace(X)
    factors = _factors(families, indices, alpha, beta)

    Phi = xp.empty((X.shape[0], indices.shape[0]), dtype=X.dtype, device=device(X))

    def work(tile: slice) -> None:
        part = X[tile, :]
        if _stays_moderate(part, factors):
            Phi[tile, :] = _plain_rows(part, factors, indices)
        else:
            mantissas, powers = _products(part, factors, indices)
            Phi[tile, :] = mantissas * power_of_two(powers)

    each_tile(work, X.shape[0], _bytes(factors, indices), like=X)
    return Phi


def scaled_multivariate(
    X: Array,
    *,
    families: Sequence[str],
    indices: Array,
    alpha: Sequence[float],
    beta: Sequence[float],
) -> tuple[Array, Array]:
    """Evaluate as `multivariate`, with one logarithm taken out of every row.

    Parameters
    ----------
    X, families, indices, alpha, beta
        See the head of this module.

    Returns
    -------
    values : array, shape (n, m)
        The largest entry of a row lies between 1 and ``2**d``, or the row is zero.
    log_scale : array, shape (n,)
        ``Phi = values * exp(log_scale)``, a whole multiple of log 2.
    """
    xp = array_namespace(X)
    factors = _factors(families, indices, alpha, beta)

    def tile(part: Array) -> Array:
        values, power = _scaled_rows(part, factors, indices)
        return xp.concat([values, power[:, None]], axis=1)

    both = _over_points(tile, X, factors, indices)
    m = indices.shape[0]
    return both[:, :m], LOG2 * both[:, m]


def christoffel(
    X: Array,
    *,
    families: Sequence[str],
    indices: Array,
    alpha: Sequence[float],
    beta: Sequence[float],
) -> Array:
    """Sum of the squares of all functions at every point, in O(n) memory.

    Parameters
    ----------
    X, families, indices, alpha, beta
        See the head of this module.

    Returns
    -------
    k : array, shape (n,)
        Infinite from ``2**1000`` (``2**120`` in float32) on, never NaN.
    """
    xp = array_namespace(X)
    factors = _factors(families, indices, alpha, beta)

    def tile(part: Array) -> Array:
        if _stays_moderate(part, factors):
            Phi = _plain_rows(part, factors, indices)
            return xp.sum(Phi * Phi, axis=1)
        values, power = _scaled_rows(part, factors, indices)
        k = xp.sum(values * values, axis=1)
        size = xp.where(k > 0, k, xp.ones_like(k))
        exponents = xp.floor(xp.log2(size))
        return k * power_of_two(-exponents) * power_of_two(2.0 * power + exponents)

    return _over_points(tile, X, factors, indices)


def log_christoffel(
    X: Array,
    *,
    families: Sequence[str],
    indices: Array,
    alpha: Sequence[float],
    beta: Sequence[float],
) -> Array:
    """Logarithm of `christoffel`, finite wherever the kernel is not zero.

    Parameters
    ----------
    X, families, indices, alpha, beta
        See the head of this module.

    Returns
    -------
    log_k : array, shape (n,)
    """
    xp = array_namespace(X)
    factors = _factors(families, indices, alpha, beta)

    def tile(part: Array) -> Array:
        if _stays_moderate(part, factors):
            Phi = _plain_rows(part, factors, indices)
            k, shift = xp.sum(Phi * Phi, axis=1), 0.0
        else:
            values, power = _scaled_rows(part, factors, indices)
            k, shift = xp.sum(values * values, axis=1), 2.0 * LOG2 * power
        log_k = xp.log(xp.where(k > 0, k, xp.ones_like(k))) + shift
        return xp.where(k > 0, log_k, xp.full_like(k, -math.inf))

    return _over_points(tile, X, factors, indices)


def _factors(
    families: Sequence[str],
    indices: Array,
    alpha: Sequence[float],
    beta: Sequence[float],
) -> list[_Factor]:
    xp = array_namespace(indices)
    degrees = xp.max(indices, axis=0)
    found = [
        _Factor(family, int(degrees[j]), alpha[j], beta[j], j)
        for j, family in enumerate(families)
    ]
    return [factor for factor in found if factor.degree > 0]


def _stays_moderate(X: Array, factors: list[_Factor]) -> bool:
    """True if no product comes near the largest number.

    Orthonormal Hermite polynomials are below 1.1 exp(x^2 / 4) and Laguerre polynomials
    below exp(x / 2) (Abramowitz and Stegun, 22.14.12 and 22.14.17).
    """
    xp = array_namespace(X)
    growth = 0.0
    for family, _, a, b, j in factors:
        if family == "jacobi" and max(a, b) > _MODERATE_JACOBI:
            return False
        if family not in ("hermite", "laguerre") or X.shape[0] == 0:
            continue
        largest = float(xp.max(xp.abs(X[:, j])))
        growth += largest * largest / 4.0 if family == "hermite" else largest / 2.0
    return growth < (30.0 if X.dtype == xp.float32 else 300.0)


def _plain_rows(X: Array, factors: list[_Factor], indices: Array) -> Array:
    """All functions where nothing overflows."""
    xp = array_namespace(X)
    Phi = None
    for family, degree, a, b, j in factors:
        table = univariate(family, degree, X[:, j], a, b)
        factor = xp.take(table, indices[:, j], axis=1)
        Phi = factor if Phi is None else Phi * factor
    if Phi is None:
        shape = (X.shape[0], indices.shape[0])
        return xp.ones(shape, dtype=X.dtype, device=device(X))
    return Phi


def _products(X: Array, factors: list[_Factor], indices: Array) -> tuple[Array, Array]:
    """All functions as mantissas, below ``2**d``, and powers of two."""
    xp = array_namespace(X)
    shape = (X.shape[0], indices.shape[0])
    values = xp.ones(shape, dtype=X.dtype, device=device(X))
    powers = xp.zeros(shape, dtype=X.dtype, device=device(X))
    for family, degree, a, b, j in factors:
        mantissas, exponents = scaled_univariate(family, degree, X[:, j], a, b)
        values = values * xp.take(mantissas, indices[:, j], axis=1)
        powers = powers + xp.take(exponents, indices[:, j], axis=1)
    return values, powers


def _scaled_rows(
    X: Array, factors: list[_Factor], indices: Array
) -> tuple[Array, Array]:
    """Rows of `scaled_multivariate` and the power of two taken out of each."""
    xp = array_namespace(X)
    values, powers = _products(X, factors, indices)
    top = xp.max(powers, axis=1)
    top = xp.where(top > NO_EXPONENT / 2, top, xp.zeros_like(top))
    return values * power_of_two(powers - top[:, None]), top


def _over_points(
    tile: Callable[[Array], Array],
    X: Array,
    factors: list[_Factor],
    indices: Array,
) -> Array:
    """``tile`` on pieces of the points, results joined."""
    if X.shape[0] == 0:
        return tile(X)
    return map_tiles(tile, X, bytes_per_item=_bytes(factors, indices))


def _bytes(factors: list[_Factor], indices: Array) -> int:
    """Bytes of temporaries that a point needs."""
    degrees = [factor.degree + 1 for factor in factors]
    return 8 * (3 * int(indices.shape[0]) + 4 * max(degrees, default=1))
