r"""Central differences of order 2 to 8 of log rho on a periodic grid.

.. math:: u' \approx \frac1H \sum_{m=1}^{q} a_m (u_{+m} - u_{-m}), \qquad
          u'' \approx \frac1{H^2} \sum_{m=1}^{q} b_m (u_{+m} - 2 u_0 + u_{-m}),

with q = order / 2; mixed derivatives are products of two first differences. They suit
one fused pass over the grid. The reference is the quotient form of
`geomsci.reference.entropic.log_hessian`: at R = 2.5 cells these err by about 4 %,
0.5 %, 0.1 % and 0.05 % for the orders 2, 4, 6, 8.
"""

from __future__ import annotations

from collections.abc import Sequence

from geomsci.backends.arrays import Array, array_namespace
from geomsci.reference.entropic.log_hessian import packed_pairs

FIRST = {
    2: (1 / 2,),
    4: (2 / 3, -1 / 12),
    6: (3 / 4, -3 / 20, 1 / 60),
    8: (4 / 5, -1 / 5, 4 / 105, -1 / 280),
}
SECOND = {
    2: (1.0,),
    4: (4 / 3, -1 / 12),
    6: (3 / 2, -3 / 20, 1 / 90),
    8: (8 / 5, -1 / 5, 8 / 315, -1 / 560),
}


def first_difference(u: Array, axis: int, spacing: float, order: int) -> Array:
    """Derivative along an axis of a periodic field."""
    xp = array_namespace(u)
    result = xp.zeros_like(u)
    for m, a in enumerate(FIRST[order], start=1):
        step = xp.roll(u, -m, axis=axis) - xp.roll(u, m, axis=axis)
        result = result + (a / spacing) * step
    return result


def second_difference(u: Array, axis: int, spacing: float, order: int) -> Array:
    """Second derivative along an axis of a periodic field."""
    xp = array_namespace(u)
    result = xp.zeros_like(u)
    for m, b in enumerate(SECOND[order], start=1):
        both = xp.roll(u, -m, axis=axis) + xp.roll(u, m, axis=axis)
        result = result + (b / spacing**2) * (both - 2.0 * u)
    return result


def stencil_hessian(density: Array, lengths: Sequence[float], order: int) -> Array:
    """Packed -Hess log density by central differences.

    Parameters
    ----------
    density : array, shape (n_1, ..., n_d), > 0
        Smoothed already.
    lengths : sequence of d float
    order : {2, 4, 6, 8}

    Returns
    -------
    K : array, shape (n_1, ..., n_d, d (d + 1) / 2)
    """
    xp = array_namespace(density)
    u = xp.log(density)
    d = u.ndim
    H = [length / n for length, n in zip(lengths, u.shape)]
    slopes = [first_difference(u, i, H[i], order) for i in range(d - 1)]
    components = [
        second_difference(u, i, H[i], order)
        if i == j
        else first_difference(slopes[i], j, H[j], order)
        for i, j in packed_pairs(d)
    ]
    return -xp.stack(components, axis=-1)
