"""Optimal transport of Gaussian and of one-dimensional measures, and its curvature."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, common_arrays
from geomsci.entropic.transport_checks import (
    broadcastable,
    covariances,
    densities,
    dimension,
    gaussian_pair,
    grid_values,
    length,
    positive_distances,
    real_arrays,
    returned,
    rising_grid,
    times,
)
from geomsci.reference.entropic.bures import GaussianMeasure


@public("entropic.bures_wasserstein")
def bures_wasserstein(C0: Any, C1: Any) -> Array:
    r"""Compute the 2-Wasserstein distance of centred Gaussian measures.

    :math:`W_2^2 = \mathrm{tr} C_0 + \mathrm{tr} C_1 - 2\, \mathrm{tr} (C_0^{1/2} C_1
    C_0^{1/2})^{1/2}`; with means, :math:`|a_1 - a_0|^2` is added to the square.

    Parameters
    ----------
    C0, C1 : array, shape (..., d, d)
        Symmetric positive definite covariances; leading axes broadcast.

    Returns
    -------
    W2 : array, shape (...)
        In the unit of length (the root of the unit of the covariances).

    Raises
    ------
    TypeError, ValueError, LinAlgError
        As `geomsci.spd.distance`, whose metric ``"bures-wasserstein"`` this is.

    Notes
    -----
    O(d^3) a pair. Close pairs are computed without cancellation.

    References
    ----------
    Bhatia, Jain and Lim, Expo. Math. 37 (2019) 165, equation (2).

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic import bures_wasserstein
    >>> print(f"{bures_wasserstein(np.eye(2), np.diag([4.0, 1.0])):.6f}")
    1.000000
    """
    _, dtype, C0, C1 = covariances(C0=C0, C1=C1)
    xp, C0, C1 = common_arrays(C0=C0, C1=C1)
    return returned(xp, run("entropic.bures_wasserstein", C0, C1), dtype)


@public("entropic.displacement_interpolation")
def displacement_interpolation(
    a0: Any, C0: Any, a1: Any, C1: Any, t: Any
) -> GaussianMeasure:
    """Compute the measure at time t of the transport between two Gaussian measures.

    ``a_t = a0 + t (a1 - a0)``, ``C_t = (I + t D) C0 (I + t D)`` with the symmetric
    ``D = C0^{-1/2} (C0^{1/2} C1 C0^{1/2})^{1/2} C0^{-1/2} - I``.

    Parameters
    ----------
    a0, a1 : array, shape (..., d)
        Means.
    C0, C1 : array, shape (..., d, d)
        Symmetric positive definite covariances.
    t : float or array, shape (...), in [0, 1]

    Returns
    -------
    law : GaussianMeasure
        ``mean`` (..., d) and ``covariance`` (..., d, d).

    Raises
    ------
    TypeError, ValueError
        Wrong shapes, NaN, t out of range.
    LinAlgError
        A covariance that is not positive definite.

    Notes
    -----
    O(d^3) a pair; computed in float64, returned in the dtype of the input.

    References
    ----------
    McCann, Adv. Math. 128 (1997) 153, example 1.7.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic import displacement_interpolation
    >>> a, C = np.zeros(1), np.eye(1)
    >>> law = displacement_interpolation(a, C, a + 2, 9 * C, 0.5)
    >>> print(law.mean, law.covariance.round(6))
    [1.] [[4.]]
    """
    xp, dtype, a0, C0, a1, C1, t = gaussian_pair(a0=a0, C0=C0, a1=a1, C1=C1, t=t)
    times(xp, t, interior=False)
    law = run("entropic.displacement_interpolation", a0, C0, a1, C1, t)
    mean, covariance = (returned(xp, x, dtype) for x in law)
    return GaussianMeasure(mean, covariance)


@public("entropic.gaussian_entropic_curvature")
def gaussian_entropic_curvature(
    a0: Any,
    C0: Any,
    a1: Any,
    C1: Any,
    b: Any,
    S: Any,
    t: Any = 0.5,
    N: float = np.inf,
) -> Array:
    """Compute the entropic curvature of a Gaussian pair in a Gaussian measure.

    `entropic_curvature` (N infinite) or `entropic_curvature_dimension` of
    ``N(a0, C0)`` and ``N(a1, C1)`` with the entropy relative to ``N(b, S)``, in closed
    form at any distance and any t.

    Parameters
    ----------
    a0, a1, b : array, shape (..., d)
        Means.
    C0, C1, S : array, shape (..., d, d)
        Symmetric positive definite covariances.
    t : float or array, shape (...), strictly between 0 and 1
    N : float, not zero

    Returns
    -------
    K : array, shape (...)
        In the inverse square of the unit of length.

    Raises
    ------
    TypeError, ValueError
        Wrong shapes, NaN, equal measures, t or N out of range.
    LinAlgError
        A covariance that is not positive definite.

    Notes
    -----
    ``K_inf W2^2 = da' S^-1 da + tr(S^-1 D C0 D) + 2 sum_i [log(1 + t delta_i) - t
    log(1 + delta_i)] / (t (1-t))`` with the eigenvalues delta of D: every term is
    computed without cancellation, so close pairs keep all digits. A pure translation
    with ``S = s^2 I`` has K = 1/s^2. O(d^3) a pair, in float64.

    References
    ----------
    Otto and Villani, J. Funct. Anal. 173 (2000) 361, section 3, for the second
    derivative of the entropy; the finite form is our own derivation.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic import gaussian_entropic_curvature
    >>> a, C = np.zeros(2), np.eye(2)
    >>> K = gaussian_entropic_curvature(a, C, a + 3, C, a, 4 * C)
    >>> print(f"{K:.6f}")
    0.250000
    """
    N = dimension(N)
    named = {"a0": a0, "C0": C0, "a1": a1, "C1": C1, "b": b, "S": S, "t": t}
    xp, dtype, *found = gaussian_pair(**named)
    times(xp, found[-1], interior=True)
    K = run("entropic.gaussian_entropic_curvature", *found, N=N)
    return returned(xp, K, dtype)


@public("entropic.quantile_entropic_curvature")
def quantile_entropic_curvature(
    x: Any, p0: Any, p1: Any, log_m: Any, t: Any = 0.5, N: float = np.inf
) -> Array:
    """Compute the entropic curvature of a pair of densities on a line.

    The transport is the monotone map ``T = Q1 o F0``; the entropies of both densities
    and of their interpolation are relative to ``m = exp(log_m)``.

    Parameters
    ----------
    x : array, shape (n,), n >= 5
        Rising points, evenly spaced or not.
    p0, p1 : array, shape (..., n), >= 0
        Densities at the points, scaled to mass 1; they should fall to zero or jump at
        the ends of the grid.
    log_m : array, shape (n,) or (..., n)
        Logarithm of the reference density; a constant added to it changes nothing.
    t : float or array, shape (...), strictly between 0 and 1
    N : float, not zero

    Returns
    -------
    K : array, shape (...)
        In the inverse square of the unit of x.

    Raises
    ------
    TypeError, ValueError
        A grid that is short or not rising, negative densities or densities without
        mass, NaN, equal densities, t or N out of range.

    Notes
    -----
    O(n log n) a pair in float64. Fourth order in the spacing where the densities and
    log m are smooth: resolve each with 5 points a standard deviation for about 1e-6.
    A distance below 1e-4 of the width of log m loses digits to cancellation in log m.

    References
    ----------
    Villani, Topics in Optimal Transportation (2003), theorem 2.18; McCann, Adv. Math.
    128 (1997) 153.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic import quantile_entropic_curvature
    >>> x = np.linspace(-9, 9, 181)
    >>> p0, p1 = np.exp(-((x + 1) ** 2)), np.exp(-((x - 1) ** 2))
    >>> print(f"{quantile_entropic_curvature(x, p0, p1, -(x**2) / 8):.6f}")
    0.250000
    """
    N = dimension(N)
    xp, dtype, x, p0, p1, log_m, t = real_arrays(x=x, p0=p0, p1=p1, log_m=log_m, t=t)
    times(xp, t, interior=True)
    rising_grid(xp, x)
    densities(xp, "p0", p0, x.shape[0])
    densities(xp, "p1", p1, x.shape[0])
    grid_values("log_m", log_m, x.shape[0])
    stacks = {"p0": p0, "p1": p1, "log_m": log_m}
    batches = {name: tuple(f.shape[:-1]) for name, f in stacks.items()}
    broadcastable(batches | {"t": tuple(t.shape)})
    K = run("entropic.quantile_entropic_curvature", x, p0, p1, log_m, t, N=N)
    return returned(xp, K, dtype)


@public("entropic.coarse_ricci_curvature")
def coarse_ricci_curvature(W2: Any, h: Any, *, R: float | None = None) -> Array:
    """Compute the coarse Ricci curvature of local measures around two points.

    ``kappa = 1 - W2/h``: how much closer the local measures are than their points
    (Ollivier, with the 2-Wasserstein distance).

    Parameters
    ----------
    W2 : array, shape (...), >= 0
        Distance of the two local measures.
    h : array, shape (...), > 0
        Distance of the two points, in the same unit.
    R : float, optional
        Width of local measures ``G_R rho``: then kappa/R^2 is returned, which lies
        below the curvature of ``rho * G_R`` along h for small h, with equality along
        the principal axes of a Gaussian rho.

    Returns
    -------
    kappa : array, shape (...)
        Without a unit, or in the inverse square of the unit of R.

    Raises
    ------
    TypeError, ValueError
        NaN, negative distances, h or R that is not positive.

    Notes
    -----
    O(size). Uniform balls in the place of ``G_R`` have another normalisation
    (arXiv:2303.04228): the two must not be mixed.

    References
    ----------
    Ollivier, J. Funct. Anal. 256 (2009) 810, definition 3.

    Examples
    --------
    >>> from geomsci.entropic import coarse_ricci_curvature
    >>> print(coarse_ricci_curvature(0.75, 1.0))
    0.25
    """
    xp, dtype, W2, h = real_arrays(W2=W2, h=h)
    broadcastable({"W2": tuple(W2.shape), "h": tuple(h.shape)})
    positive_distances(xp, "W2", W2, zero=True)
    positive_distances(xp, "h", h)
    kappa = run("entropic.coarse_ricci_curvature", W2, h)
    scale = 1.0 if R is None else length("R", R) ** 2
    return returned(xp, kappa / scale, dtype)
