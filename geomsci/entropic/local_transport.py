"""Curvature by true transport between data-weighted local measures ``G_R rho``."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomsci.backends import public, run
from geomsci.backends.arrays import Array
from geomsci.entropic.transport_checks import (
    broadcastable,
    densities,
    dimension,
    gaussian_pair,
    length,
    measure_name,
    real_arrays,
    returned,
    rising_grid,
    times,
)


@public("entropic.local_bures_curvature")
def local_bures_curvature(
    a0: Any,
    C0: Any,
    a1: Any,
    C1: Any,
    C: Any,
    R: float,
    t: Any = 0.5,
    *,
    measure: str = "density",
) -> Array:
    """Compute K_inf between two local measures from their means and covariances.

    The local measures ``G_R(. - x) rho`` at ``x -/+ h e/2`` are replaced by Gaussian
    ones with the same moments, and the reference measure by a quadratic log-density
    whose second derivative comes from the local measure half-way, at x.

    ============== ========================= =====================================
    measure        reference measure m       -Hess log m at x
    ============== ========================= =====================================
    ``"density"``  rho                       ``C^-1 - I/R^2`` (rho locally Gaussian)
    ``"smoothed"`` rho * G_R                 ``(I - C/R^2)/R^2`` (exact)
    ============== ========================= =====================================

    Parameters
    ----------
    a0, a1 : array, shape (..., d)
        Means of the two local measures (`local_moments` gives them).
    C0, C1 : array, shape (..., d, d)
        Their covariances, symmetric positive definite.
    C : array, shape (..., d, d)
        Covariance of the local measure half-way, symmetric positive definite.
    R : float, > 0
        Width of the local measures, in the unit of length.
    t : float or array, shape (...), strictly between 0 and 1
    measure : {"density", "smoothed"}

    Returns
    -------
    K : array, shape (...)
        In the inverse square of the unit of length.

    Raises
    ------
    TypeError, ValueError
        Wrong shapes, NaN, equal measures, a number out of its range.
    LinAlgError
        A covariance that is not positive definite.

    Notes
    -----
    For m = rho and ``h = R`` going to zero together the limit is ``-Hess log rho``
    along e, at second order; at fixed R it is not, except along eigenvectors of a
    quadratic log rho. O(d^3) a pair, in float64.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic import local_bures_curvature
    >>> C = np.eye(1) / (0.5 + 1 / 0.2**2)  # rho of precision 0.5, R = 0.2
    >>> shift = 0.1 * C[0] / 0.2**2
    >>> print(f"{local_bures_curvature(-shift, C, shift, C, C, R=0.2):.6f}")
    0.500000
    """
    R, measure = length("R", R), measure_name(measure)
    named = {"a0": a0, "C0": C0, "a1": a1, "C1": C1, "C": C, "t": t}
    xp, dtype, *found = gaussian_pair(**named)
    times(xp, found[-1], interior=True)
    K = run("entropic.local_bures_curvature", *found, R=R, measure=measure)
    return returned(xp, K, dtype)


@public("entropic.local_quantile_curvature")
def local_quantile_curvature(
    x: Any,
    rho: Any,
    points: Any,
    R: float,
    h: float,
    t: Any = 0.5,
    N: float = np.inf,
    *,
    measure: str = "density",
) -> Array:
    """Compute the entropic curvature between local measures of a density on a line.

    The local measures are ``G_R(x - c) rho(x)`` at ``c = points -/+ h/2``, their
    transport is the monotone map, and the entropies are relative to rho or to
    ``rho * G_R``.

    Parameters
    ----------
    x : array, shape (n,), n >= 5
        Rising points.
    rho : array, shape (n,), >= 0
        Density; positive everywhere for ``measure="density"``.
    points : array, shape (...)
        Places where the curvature is wanted, inside the grid.
    R, h : float, > 0
        Width of the local measures and distance of their centres, in the unit of x.
    t : float or array, strictly between 0 and 1
    N : float, not zero
    measure : {"density", "smoothed"}
        m = rho, or m = rho * G_R (nothing outside the grid).

    Returns
    -------
    K : array, shape (...)
        In the inverse square of the unit of x.

    Raises
    ------
    TypeError, ValueError
        A grid or a density as in `quantile_entropic_curvature`, an empty cell where m =
        rho, points outside the grid, a number out of its range.

    Notes
    -----
    O(n_points n log n), and O(n^2) for ``"smoothed"``. With m = rho and ``h = R`` going
    to zero together the limit is ``-(log rho)''``, at second order. The spacing should
    be below R/5, and the points 5 R away from the ends of the grid.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic import local_quantile_curvature
    >>> x = np.linspace(-5, 5, 401)
    >>> local_quantile_curvature(x, np.exp(-(x**2)), np.zeros(1), 0.2, 0.2).round(6)
    array([2.])
    """
    R, h = length("R", R), length("h", h)
    N, measure = dimension(N), measure_name(measure)
    xp, dtype, x, rho, points, t = real_arrays(x=x, rho=rho, points=points, t=t)
    rising_grid(xp, x)
    densities(xp, "rho", rho, x.shape[0])
    if rho.ndim != 1:
        raise ValueError(
            f"rho must have shape ({x.shape[0]},), got {tuple(rho.shape)}: pass one "
            "density a call."
        )
    if measure == "density" and not bool(xp.all(rho > 0)):
        raise ValueError(
            "rho must be positive where it is the reference measure, got zeros: use "
            'measure="smoothed".'
        )
    broadcastable({"points": tuple(points.shape), "t": tuple(t.shape)})
    if not bool(xp.all((points - h / 2 > x[0]) & (points + h / 2 < x[-1]))):
        raise ValueError(
            "points must lie in the grid by more than h/2, got points from "
            f"{float(xp.min(points)):.3g} to {float(xp.max(points)):.3g} with a grid "
            f"from {float(x[0]):.3g} to {float(x[-1]):.3g}."
        )
    times(xp, t, interior=True)
    K = run(
        "entropic.local_quantile_curvature",
        *(x, rho, points, t),
        R=R,
        h=h,
        measure=measure,
        N=N,
    )
    return returned(xp, K, dtype)
