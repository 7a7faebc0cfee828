"""How the curvature grows with the number of sites."""

from __future__ import annotations

from typing import Any

from geomsci.backends import public, run
from geomsci.backends.arrays import Array
from geomsci.fisher.checks import sizes_and_curvatures
from geomsci.reference.fisher.scaling import LogarithmicLaw, PowerLaw


@public("fisher.effective_exponents")
def effective_exponents(n_sites: Any, curvatures: Any) -> Array:
    r"""Compute the exponent of ``|R|`` in n between consecutive sizes.

    .. math:: d_i = \ln (|R_{i+1}| / |R_i|) \big/ \ln (n_{i+1} / n_i)

    Parameters
    ----------
    n_sites : array, shape (k,), k >= 2
        Positive, no two neighbours equal. The number of sites ``n = L^d``, not L.
    curvatures : array, shape (k,)
        Of any sign, none zero.

    Returns
    -------
    exponents : array, shape (k - 1,)

    Raises
    ------
    TypeError
        Not real numbers, float32, or arrays of two libraries.
    ValueError
        Wrong shapes, sizes that are not positive, a zero curvature, NaN.

    Notes
    -----
    They drift with n where the law is not a pure power: look at the sequence. Their
    mean is not an exponent.

    Examples
    --------
    >>> from geomsci import fisher
    >>> d = fisher.effective_exponents([9, 16, 25], [-105.64, -265.31, -446.24])
    >>> print(f"{d[0]:.3f} {d[1]:.3f}")
    1.600 1.165
    """
    n_sites, curvatures = sizes_and_curvatures(n_sites, curvatures, at_least=2)
    return run("fisher.effective_exponents", n_sites, curvatures)


@public("fisher.fit_power_law")
def fit_power_law(n_sites: Any, curvatures: Any) -> PowerLaw:
    r"""Fit ``|R| = A n^b`` by least squares in logarithms.

    Parameters
    ----------
    n_sites : array, shape (k,), k >= 3
        Positive, no two neighbours equal. The number of sites ``n = L^d``, not L.
    curvatures : array, shape (k,)
        Of any sign, none zero.

    Returns
    -------
    law : PowerLaw
        ``exponent`` b, ``amplitude`` A, ``residual``: the root mean square of
        ``|R|_fit / |R| - 1``. 0-d arrays.

    Raises
    ------
    TypeError, ValueError
        As `effective_exponents`, and fewer than three sizes.

    Notes
    -----
    For exact curvatures the residual is how far the law is from the truth, not noise,
    and no standard error of b follows from it: b depends on which sizes are fitted.
    Compare with `fit_logarithmic_law`, which has as many parameters, over several
    ranges of n. All sizes have the same weight.

    Examples
    --------
    >>> from geomsci import fisher
    >>> law = fisher.fit_power_law([1, 4, 16], [3.0, 12.0, 48.0])
    >>> print(f"{law.exponent:.4f} {law.amplitude:.4f}")
    1.0000 3.0000
    """
    n_sites, curvatures = sizes_and_curvatures(n_sites, curvatures, at_least=3)
    return run("fisher.fit_power_law", n_sites, curvatures)


@public("fisher.fit_logarithmic_law")
def fit_logarithmic_law(n_sites: Any, curvatures: Any) -> LogarithmicLaw:
    r"""Fit ``|R| / n = a ln n + b`` by least squares.

    Parameters
    ----------
    n_sites : array, shape (k,), k >= 3
        Positive, no two neighbours equal. The number of sites ``n = L^d``, not L.
    curvatures : array, shape (k,)
        Of any sign, none zero.

    Returns
    -------
    law : LogarithmicLaw
        ``slope`` a, ``intercept`` b, ``residual``: the root mean square of
        ``|R|_fit / |R| - 1``, as in `fit_power_law`. 0-d arrays.

    Raises
    ------
    TypeError, ValueError
        As `effective_exponents`, and fewer than three sizes.

    Notes
    -----
    The law of a system whose heat capacity grows like a logarithm, if the curvature
    follows the heat capacity. All sizes have the same weight.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import fisher
    >>> n = np.array([9.0, 16.0, 25.0])
    >>> law = fisher.fit_logarithmic_law(n, -n * (2 * np.log(n) + 5))
    >>> print(f"{law.slope:.4f} {law.intercept:.4f}")
    2.0000 5.0000
    """
    n_sites, curvatures = sizes_and_curvatures(n_sites, curvatures, at_least=3)
    return run("fisher.fit_logarithmic_law", n_sites, curvatures)
