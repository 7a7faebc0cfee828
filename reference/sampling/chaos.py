"""Polynomial chaos: moments and Sobol' indices from orthonormal coefficients.

With ``fhat = sum_alpha c_alpha phi_alpha`` in a tensor basis that is orthonormal for a
product measure, and ``phi_0 = 1`` in every coordinate, everything is a sum of squares
(Sudret, Reliab. Eng. Syst. Saf. 93 (2008) 964, equations 27, 28, 35 and 39):

* mean ``c_0``, variance ``V = sum_{alpha != 0} c_alpha^2``;
* first order ``S_j = sum {c_alpha^2 : alpha_j > 0, alpha_i = 0 for i != j} / V``;
* total order ``T_j = sum {c_alpha^2 : alpha_j > 0} / V``.
"""

from __future__ import annotations

from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace


class SobolIndices(NamedTuple):
    """Shares of the variance that belong to each input.

    Attributes
    ----------
    first : array, shape (d,) or (k, d)
        What the input explains alone.
    total : array, shape (d,) or (k, d)
        What the input explains alone and with others; ``first <= total``, and the sum
        over the inputs is at most 1 for ``first`` and at least 1 for ``total``.
    """

    first: Array
    total: Array


def mean(coef: Array, indices: Array) -> Array:
    """Mean of the expansion: the coefficient of the constant, 0 if there is none.

    Parameters
    ----------
    coef : array, shape (..., m)
    indices : integer array, shape (m, d)
    """
    xp = array_namespace(coef, indices)
    return xp.sum(coef * _constant(indices, coef), axis=-1)


def variance(coef: Array, indices: Array) -> Array:
    """Variance of the expansion: the squares of all other coefficients.

    Parameters
    ----------
    coef : array, shape (..., m)
    indices : integer array, shape (m, d)
    """
    xp = array_namespace(coef, indices)
    return xp.sum(coef * coef * (1 - _constant(indices, coef)), axis=-1)


def sobol_indices(coef: Array, indices: Array) -> SobolIndices:
    """Sobol' indices of first and total order.

    Parameters
    ----------
    coef : array, shape (..., m)
    indices : integer array, shape (m, d)

    Returns
    -------
    SobolIndices
        Arrays of shape (..., d); NaN for an expansion whose variance is zero.
    """
    xp = array_namespace(coef, indices)
    active = xp.astype(indices > 0, coef.dtype)
    alone = active * xp.astype(xp.sum(active, axis=1) == 1, coef.dtype)[:, None]
    V = variance(coef, indices)
    nothing = V == 0
    shares = coef * coef / xp.where(nothing, xp.ones_like(V), V)[..., None]
    undefined = xp.where(nothing, float("nan") * xp.ones_like(V), xp.zeros_like(V))
    first = xp.matmul(shares[..., None, :], alone)[..., 0, :] + undefined[..., None]
    total = xp.matmul(shares[..., None, :], active)[..., 0, :] + undefined[..., None]
    return SobolIndices(first, total)


def _constant(indices: Array, coef: Array) -> Array:
    """1 at the constant function, else 0, in the dtype of ``coef``."""
    xp = array_namespace(coef, indices)
    return xp.astype(xp.all(indices == 0, axis=1), coef.dtype)
