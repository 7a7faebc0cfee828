r"""Marginal distributions as monotone functions of standard variables.

============= ============================ ==================================
distribution  standard variable            x =
============= ============================ ==================================
uniform       legendre                     loc + scale (1 + z) / 2
norm          hermite                      loc + scale z
lognorm       hermite                      loc + scale exp(s z)
expon         laguerre                     loc + scale z
beta(a, b)    jacobi, alpha = b - 1,       loc + scale (1 + z) / 2
              beta = a - 1
arcsine       chebyshev                    loc + scale (1 + z) / 2
any other     legendre                     quantile of (1 + z) / 2
============= ============================ ==================================

The first six map polynomials to polynomials (of log x for ``lognorm``). The last is the
isoprobabilistic map to a uniform variable.

References
----------
Xiu and Karniadakis, SIAM J. Sci. Comput. 24 (2002) 619, table 4.1.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from geomsci.backends.arrays import Array, array_namespace


@dataclasses.dataclass(frozen=True)
class StandardVariable:
    """The standard variable of one marginal and the map between them.

    Attributes
    ----------
    family : str
    centre, width : float
        ``x = centre + width * z``, or ``centre + width * exp(log_width * z)``.
    log_width : float or None
        None for a map that is affine.
    alpha, beta : float
        Exponents of the Jacobi weight.
    """

    family: str
    centre: float = 0.0
    width: float = 1.0
    log_width: float | None = None
    alpha: float = 0.0
    beta: float = 0.0


def standard_variable(
    name: str, shapes: Sequence[float], loc: float, scale: float
) -> StandardVariable | None:
    """The standard variable of a named distribution, None if it has none of its own.

    Parameters
    ----------
    name : str
        As SciPy calls the distribution.
    shapes : sequence of float
        Its shape parameters, in SciPy's order.
    loc, scale : float

    Returns
    -------
    StandardVariable or None
    """
    middle, half = loc + 0.5 * scale, 0.5 * scale
    if name == "uniform":
        return StandardVariable("legendre", middle, half)
    if name == "arcsine":
        return StandardVariable("chebyshev", middle, half)
    if name == "beta":
        a, b = shapes
        return StandardVariable("jacobi", middle, half, alpha=b - 1.0, beta=a - 1.0)
    if name == "norm":
        return StandardVariable("hermite", loc, scale)
    if name == "lognorm":
        return StandardVariable("hermite", loc, scale, log_width=shapes[0])
    if name == "expon":
        return StandardVariable("laguerre", loc, scale)
    return None


def to_standard(x: Array, variable: StandardVariable) -> Array:
    """The standard variable at values of the marginal.

    Parameters
    ----------
    x : array
        Values in the support.
    variable : StandardVariable

    Returns
    -------
    z : array, shape of x
    """
    xp = array_namespace(x)
    z = (x - variable.centre) / variable.width
    return z if variable.log_width is None else xp.log(z) / variable.log_width


def from_standard(z: Array, variable: StandardVariable) -> Array:
    """The marginal at values of its standard variable; inverts `to_standard`.

    Parameters
    ----------
    z : array
    variable : StandardVariable

    Returns
    -------
    x : array, shape of z
    """
    xp = array_namespace(z)
    if variable.log_width is not None:
        z = xp.exp(variable.log_width * z)
    return variable.centre + variable.width * z
