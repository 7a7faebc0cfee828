"""Effective curvature of a pair of measures from its entropies and its distance."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomsci.backends import public, run
from geomsci.backends.arrays import Array
from geomsci.entropic.transport_checks import (
    broadcastable,
    dimension,
    positive_distances,
    real_arrays,
    returned,
    times,
)


def _checked(**named: Any) -> tuple[Any, ...]:
    xp, dtype, *found = real_arrays(**named)
    broadcastable({name: tuple(x.shape) for name, x in zip(named, found)})
    *_, W2, t = found
    positive_distances(xp, "W2", W2)
    times(xp, t, interior=True)
    return xp, dtype, *found


@public("entropic.entropic_curvature")
def entropic_curvature(E0: Any, E1: Any, Et: Any, W2: Any, t: Any = 0.5) -> Array:
    r"""Compute the curvature K_inf of a pair of measures from three entropies.

    :math:`K_\infty = \frac{2}{t (1-t) W_2^2} [(1-t) E_0 + t E_1 - E_t]`: the K for
    which CD(K, inf) holds with equality along the transport.

    Parameters
    ----------
    E0, E1, Et : array, shape (...)
        Entropies relative to one reference measure, at both ends and at t.
    W2 : array, shape (...), > 0
        2-Wasserstein distance (not its square), in the unit of length.
    t : float or array, shape (...), strictly between 0 and 1

    Returns
    -------
    K : array, shape (...)
        In the inverse square of the unit of W2.

    Raises
    ------
    TypeError
        Arrays of two libraries, complex numbers.
    ValueError
        NaN, shapes that do not broadcast, W2 that is not positive, t out of range.

    Notes
    -----
    Computed in float64, returned in the dtype of the input; O(size). The entropies
    cancel to the order of W2^2, so their errors count 8/W2^2 times.

    References
    ----------
    Sturm, Acta Math. 196 (2006) 65; Lott and Villani, Ann. Math. 169 (2009) 903.

    Examples
    --------
    >>> from geomsci.entropic import entropic_curvature
    >>> print(f"{entropic_curvature(0.5, 0.5, 0.375, 1.0):.6f}")
    1.000000
    """
    xp, dtype, *found = _checked(E0=E0, E1=E1, Et=Et, W2=W2, t=t)
    return returned(xp, run("entropic.entropic_curvature", *found), dtype)


@public("entropic.entropic_curvature_dimension")
def entropic_curvature_dimension(
    E0: Any, E1: Any, Eh: Any, W2: Any, N: float = np.inf, t: Any = 0.5
) -> Array:
    r"""Compute the curvature K_N of a pair of measures from three entropies.

    With :math:`U = e^{-E/N}`: the K for which the entropic curvature-dimension
    condition holds with equality, :math:`U_t = \sigma^{(1-t)}_{K/N}(W_2) U_0 +
    \sigma^{(t)}_{K/N}(W_2) U_1`.

    Parameters
    ----------
    E0, E1, Eh : array, shape (...)
        Entropies relative to one reference measure, at both ends and at t (by default
        half-way).
    W2 : array, shape (...), > 0
        2-Wasserstein distance, in the unit of length.
    N : float, not zero
        Dimension; infinity gives `entropic_curvature`, a negative N the condition of
        negative dimension.
    t : float or array, shape (...), strictly between 0 and 1

    Returns
    -------
    K : array, shape (...)
        In the inverse square of the unit of W2; below ``N (pi / W2)^2`` for N > 0.

    Raises
    ------
    TypeError, ValueError
        As `entropic_curvature`; N zero; entropies that differ by more than 600 N.

    Notes
    -----
    At t = 1/2 in closed form: ``eps = 1 - (U_0 + U_1)/(2 U_h)`` without cancellation,
    ``K = (16 N/W2^2) asin(sqrt(eps/2))^2``, and ``-asinh(sqrt(-eps/2))^2`` for eps < 0.
    Elsewhere the root in ``K W2^2/N`` of a rising convex function, by Newton steps in a
    bracket, to rounding. O(size).

    References
    ----------
    Erbar, Kuwada and Sturm, Invent. Math. 201 (2015) 993, definition 2.7.

    Examples
    --------
    >>> from geomsci.entropic import entropic_curvature_dimension
    >>> print(f"{entropic_curvature_dimension(0.5, 0.5, 0.375, 1.0, N=3):.6f}")
    0.986188
    """
    N = dimension(N)
    xp, dtype, *found = _checked(E0=E0, E1=E1, Eh=Eh, W2=W2, t=t)
    return returned(
        xp, run("entropic.entropic_curvature_dimension", *found, N=N), dtype
    )
