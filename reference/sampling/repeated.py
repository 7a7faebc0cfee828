r"""What repeated projection DPPs gain over independent points of the same measure.

With r independent draws, n = r m points, optimal weights and the remainder g of f, g
orthogonal to the space, the squared error of least squares tends to

    E ||f - fhat||^2 / ||g||^2 - 1  ~  (1 - kappa) / r          (r -> infinity),
    kappa = (1 / ||g||^2) int int g(x) g(y) K(x, y)^3 / (K(x, x) K(y, y)) dmu dmu,

where independent points of the optimal measure have 1 / r. It is the variance of the
linear statistic ``(1/m) sum_i w(x_i) g(x_i) phi(x_i)`` of one draw, with ``rho_2(x, y)
= K(x, x) K(y, y) - K(x, y)^2``: the first term of rho_2 gives the square of the
integral of ``g phi``, which is zero.
"""

from __future__ import annotations

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import each_tile


def repulsion(rows: Array, measure: Array, g: Array) -> Array:
    """The constant kappa of a remainder on a finite set or a quadrature rule.

    Parameters
    ----------
    rows : array, shape (N, m)
        ``phi(x_i)``, orthonormal in the measure.
    measure : array, shape (N,)
        mu, or the weights of a quadrature rule.
    g : array, shape (N,)
        Not zero everywhere, orthogonal to the functions in the measure.

    Returns
    -------
    kappa : array, shape ()
        In [0, 1).

    Notes
    -----
    O(N^2 m) time, tile by tile: no N x N array is formed.
    """
    xp = array_namespace(rows, measure, g)
    k = xp.vecdot(rows, rows)
    safe = xp.where(k > 0, k, xp.ones_like(k))
    a = xp.where(k > 0, measure * g / safe, xp.zeros_like(g))
    parts = xp.zeros(rows.shape[0], dtype=rows.dtype, device=device(rows))

    def work(tile: slice) -> None:
        K = rows[tile, :] @ xp.matrix_transpose(rows)
        parts[tile] = a[tile] * ((K * K * K) @ a)

    each_tile(work, rows.shape[0], 32 * rows.shape[0], like=rows)
    return xp.sum(parts) / xp.sum(measure * g * g)
