"""Functions with known answers, on which designs and surrogates are judged."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geomsci.backends.arrays import Array
from geomsci.reference.sampling.chaos import SobolIndices
from geomsci.sampling.checks import point_rows

# Name, smallest and largest value, in the order of the columns.
_BOREHOLE = (
    ("rw", 0.05, 0.15),
    ("r", 100.0, 50_000.0),
    ("Tu", 63_070.0, 115_600.0),
    ("Hu", 990.0, 1110.0),
    ("Tl", 63.1, 116.0),
    ("Hl", 700.0, 820.0),
    ("L", 1120.0, 1680.0),
    ("Kw", 9855.0, 12_045.0),
)


def borehole(X: Any) -> Array:
    r"""Compute the flow of water through a borehole between two aquifers.

    .. math:: f = \frac{2 \pi T_u (H_u - H_l)}
                       {\ln(r / r_w) \left(1 + T_u / T_l\right)
                        + 2 L T_u / (r_w^2 K_w)}

    Parameters
    ----------
    X : array, shape (n, 8), finite
        Radius of the borehole rw and of its influence r (m), transmissivity Tu (m2 a
        year) and head Hu (m) of the upper aquifer, Tl and Hl of the lower one, length L
        (m) and conductivity Kw (m a year) of the borehole; `borehole_inputs` has their
        ranges.

    Returns
    -------
    y : array, shape (n,)
        Cubic metres a year.

    Raises
    ------
    ValueError
        A wrong shape or NaN.

    References
    ----------
    Harper and Gupta, report BMI/ONWI-516 (1983); Morris, Mitchell and Ylvisaker,
    Technometrics 35 (1993) 243.

    Examples
    --------
    >>> from geomsci.sampling.test_functions import borehole
    >>> y = borehole([[0.1, 25000.0, 9e4, 1050.0, 90.0, 760.0, 1400.0, 11000.0]])
    >>> y.round(3).tolist()
    [71.197]
    """
    xp, X = point_rows(X, len(_BOREHOLE))
    rw, r, Tu, Hu, Tl, Hl, L, Kw = (X[:, j] for j in range(len(_BOREHOLE)))
    resistance = xp.log(r / rw) * (1 + Tu / Tl) + 2 * L * Tu / (rw**2 * Kw)
    return 2 * math.pi * Tu * (Hu - Hl) / resistance


def borehole_inputs() -> dict[str, Any]:
    """Name the inputs of `borehole` with their marginals, all uniform.

    Returns
    -------
    inputs : dict of str to frozen distribution of `scipy.stats`
        In the order of the columns.

    Examples
    --------
    >>> from geomsci.sampling import MarginalTransform
    >>> from geomsci.sampling.test_functions import borehole_inputs
    >>> inputs = MarginalTransform(borehole_inputs().values())
    >>> inputs.n_features_in, set(inputs.families)
    (8, {'legendre'})
    """
    from scipy import stats

    return {name: stats.uniform(low, high - low) for name, low, high in _BOREHOLE}


def ishigami(X: Any, a: float = 7.0, b: float = 0.1) -> Array:
    r"""Compute the Ishigami function, which is far from additive.

    .. math:: f = \sin x_1 + a \sin^2 x_2 + b x_3^4 \sin x_1

    Parameters
    ----------
    X : array, shape (n, 3), finite
        In :math:`[-\pi, \pi]`, see `ishigami_inputs`.
    a, b : float

    Returns
    -------
    y : array, shape (n,)

    Raises
    ------
    ValueError
        A wrong shape or NaN.

    References
    ----------
    Ishigami and Homma, Proc. ISUMA (1990) 398.

    Examples
    --------
    >>> import math
    >>> from geomsci.sampling.test_functions import ishigami
    >>> ishigami([[math.pi / 2, math.pi / 2, 1.0]]).round(12).tolist()
    [8.1]
    """
    xp, X = point_rows(X, 3)
    x1, x2, x3 = (X[:, j] for j in range(3))
    return xp.sin(x1) * (1 + b * x3**4) + a * xp.sin(x2) ** 2


def ishigami_inputs() -> dict[str, Any]:
    """Name the inputs of `ishigami` with their marginals, uniform on [-pi, pi].

    Returns
    -------
    inputs : dict of str to frozen distribution of `scipy.stats`
        In the order of the columns.

    Examples
    --------
    >>> from geomsci.sampling.test_functions import ishigami_inputs
    >>> list(ishigami_inputs())
    ['x1', 'x2', 'x3']
    """
    from scipy import stats

    return {name: stats.uniform(-math.pi, 2 * math.pi) for name in ("x1", "x2", "x3")}


def ishigami_moments(a: float = 7.0, b: float = 0.1) -> tuple[float, float]:
    """Compute mean and variance of `ishigami` in closed form.

    Parameters
    ----------
    a, b : float

    Returns
    -------
    mean, variance : float

    Examples
    --------
    >>> from geomsci.sampling.test_functions import ishigami_moments
    >>> mean, variance = ishigami_moments()
    >>> mean, round(variance, 6)
    (3.5, 13.844588)
    """
    return a / 2, sum(_parts(a, b))


def ishigami_sobol_indices(a: float = 7.0, b: float = 0.1) -> SobolIndices:
    """Compute the Sobol' indices of `ishigami` in closed form.

    Parameters
    ----------
    a, b : float

    Returns
    -------
    SobolIndices
        ``first`` and ``total``, shape (3,).

    Examples
    --------
    >>> from geomsci.sampling.test_functions import ishigami_sobol_indices
    >>> indices = ishigami_sobol_indices()
    >>> indices.first.round(4).tolist(), indices.total.round(4).tolist()
    ([0.3139, 0.4424, 0.0], [0.5576, 0.4424, 0.2437])
    """
    V1, V2, V13 = _parts(a, b)
    V = V1 + V2 + V13
    first = np.array([V1, V2, 0.0]) / V
    return SobolIndices(first, np.array([V1 + V13, V2, V13]) / V)


def _parts(a: float, b: float) -> tuple[float, float, float]:
    """Variances of x1 alone, x2 alone, and x1 with x3."""
    V1 = (1 + b * math.pi**4 / 5) ** 2 / 2
    return V1, a**2 / 8, 8 * b**2 * math.pi**8 / 225
