"""Weighted least squares by QR, with everything that leverages give away for free.

``c = argmin (1/n) sum_i w_i |y_i - phi_i . c|^2`` from ``A = sqrt(w) Phi = Q R``:
``c = R^-1 Q^T sqrt(w) y``, never by the normal equations, whose condition number is the
square. With ``h_i = |Q_i|^2`` and ``t_i = dc/dy_i = sqrt(w_i) R^-1 Q_i``, leaving out
point i is exact algebra on the one fit (Sherman and Morrison):

* residual there ``e_i / (1 - h_i)``,
* coefficients ``c_(-i) = c - t_i e_i / (1 - h_i)``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from geomsci.backends import LinAlgError, linalg
from geomsci.backends.arrays import Array, array_namespace, eps
from geomsci.backends.tiling import map_tiles

ESSENTIAL = 64
"""A point whose 1 - h is below this many eps per function cannot be left out."""


class FitResult(NamedTuple):
    """Weighted least squares fit of k outputs.

    Attributes
    ----------
    coef : array, shape (m, k)
    gram : array, shape (m, m)
        ``G = (1/n) sum w phi phi^T``, n the number of points with positive weight.
    lambda_min, condition_number : float
        Smallest eigenvalue of G, and largest over smallest.
    leverage : array, shape (n,)
        ``h_i`` in [0, 1]; their sum is m.
    essential : boolean array, shape (n,)
        Points without which the coefficients are not determined (``h_i = 1``).
    influence : array, shape (n, m)
        ``t_i = dc/dy_i``: ``c = influence^T y``.
    residuals : array, shape (n, k)
        ``y_i - phi_i . c``.
    loo_residuals : array, shape (n, k)
        ``y_i - phi_i . c_(-i)``; infinite at essential points.
    """

    coef: Array
    gram: Array
    lambda_min: float
    condition_number: float
    leverage: Array
    essential: Array
    influence: Array
    residuals: Array
    loo_residuals: Array


def weighted_fit(Phi: Array, y: Array, w: Array) -> FitResult:
    """Fit ``y`` by the columns of ``Phi`` with the weights ``w``.

    Parameters
    ----------
    Phi : array, shape (n, m)
    y : array, shape (n, k)
    w : array, shape (n,), non-negative
        A weight of zero takes the point out.

    Returns
    -------
    FitResult

    Raises
    ------
    LinAlgError
        If the weighted points do not determine the coefficients.

    Notes
    -----
    O(n m^2) time, O(n m) memory. Backward stable: the error of ``coef`` is that of a
    relative change of ``A`` by eps.
    """
    xp = array_namespace(Phi, y, w)
    m = Phi.shape[1]
    n = int(xp.count_nonzero(w))
    root = xp.sqrt(w)[:, None]
    A = root * Phi
    Q, R = linalg.qr(A)
    singular = linalg.svdvals(R)
    largest, smallest = float(singular[0]), float(singular[-1])
    if n < m or not smallest > max(n, m) * eps(xp, A.dtype) * largest:
        raise LinAlgError(
            f"the points must determine all {m} coefficients, got {n} weighted points "
            f"with singular values from {largest:.3g} down to {smallest:.3g}: add "
            "points, or take a smaller basis."
        )
    coef = linalg.solve_triangular(R, xp.matrix_transpose(Q) @ (root * y), lower=False)
    inverse = linalg.solve_triangular(R, xp.matrix_transpose(Q), lower=False)
    leverage = xp.sum(Q * Q, axis=1)
    essential = 1 - leverage <= ESSENTIAL * m * eps(xp, A.dtype)
    residuals = y - Phi @ coef
    left = xp.where(essential, xp.ones_like(leverage), 1 - leverage)
    loo = residuals / left[:, None]
    infinite = xp.full_like(loo, float("inf"))
    return FitResult(
        coef,
        xp.matrix_transpose(R) @ R / n,
        smallest**2 / n,
        (largest / smallest) ** 2,
        leverage,
        essential,
        root * xp.matrix_transpose(inverse),
        residuals,
        xp.where(essential[:, None], infinite, loo),
    )


def loo_error(fit: FitResult, w: Array) -> Array:
    """Weighted mean of the squared leave-one-out residuals, shape (k,).

    It estimates ``||f - fhat||^2`` in the measure that the weights refer to.
    """
    xp = array_namespace(w)
    squares = fit.loo_residuals * fit.loo_residuals
    # 0 * inf: an essential point has a positive weight, all others are finite.
    return xp.sum(w[:, None] * squares, axis=0) / xp.sum(w)


def coefficient_covariance(fit: FitResult) -> Array:
    """Sandwich covariance of the coefficients of each output, shape (k, m, m).

    ``sum_i t_i t_i^T e_i^2 / (1 - h_i)`` (HC2, MacKinnon and White, J. Econometrics 29
    (1985) 305): consistent for noise of any size at each point and for the part of f
    outside the span, and exactly unbiased for independent noise of variance
    ``s^2 / w_i``. NaN if there are essential points, which leave no residual.
    """
    xp = array_namespace(fit.coef)
    undefined = xp.any(fit.essential)
    left = xp.where(undefined, xp.ones_like(fit.leverage), 1 - fit.leverage)
    scale = xp.abs(fit.residuals) / xp.sqrt(left)[:, None]
    outputs = []
    for j in range(fit.coef.shape[1]):
        T = scale[:, j : j + 1] * fit.influence
        outputs.append(xp.matrix_transpose(T) @ T)
    C = xp.stack(outputs)
    return xp.where(undefined, xp.full_like(C, float("nan")), C)


class PredictionInterval(NamedTuple):
    """Lower and upper ends, of the shape of the prediction."""

    lower: Array
    upper: Array


def jackknife_plus(
    Phi: Array,
    coef: Array,
    influence: Array,
    loo_residuals: Array,
    w: Array,
    coverage: float,
) -> PredictionInterval:
    """Interval of one output at new points from the leave-one-out fits.

    With ``p_i = phi . c_(-i)`` and ``r_i`` the leave-one-out residuals, the upper end
    is the quantile of ``p_i + |r_i|`` and the lower end that of ``p_i - |r_i|``, where
    point i has the mass ``w_i`` and a further point, at infinity, the mean weight.
    Equal weights give the jackknife+ of Barber et al., Ann. Statist. 49 (2021) 486,
    equation (1.5), which covers with at least ``2 coverage - 1`` and in practice with
    ``coverage``; the weights carry it from the measure of the design to mu (Tibshirani
    et al., NeurIPS 2019).

    Parameters
    ----------
    Phi : array, shape (n_new, m)
    coef : array, shape (m,)
    influence : array, shape (n, m)
    loo_residuals, w : array, shape (n,)
    coverage : float in (0, 1)
        ``(1 - coverage) (n + 1) >= 1``, n the number of positive weights.

    Returns
    -------
    PredictionInterval
        Arrays of shape (n_new,); infinite where essential points hold the quantile.

    Notes
    -----
    O(n_new n (m + log n)), temporaries tile by tile.
    """
    xp = array_namespace(Phi, coef)
    finite = xp.isfinite(loo_residuals)
    shift = xp.where(finite, loo_residuals, xp.zeros_like(loo_residuals))
    step = influence * shift[:, None]
    radius = xp.abs(loo_residuals)
    n = int(xp.count_nonzero(w))
    # The product of coverage and mass is rounded; a tie must not cost a point more.
    slack = 1 - 4 * n * eps(xp, w.dtype)
    level = coverage * (n + 1) / n * slack * xp.sum(w)

    def ends(rows: Array) -> Array:
        centre = (rows @ coef)[:, None] - rows @ xp.matrix_transpose(step)
        upper = _quantile(xp, centre + radius, w, level)
        lower = -_quantile(xp, radius - centre, w, level)
        return xp.stack((lower, upper), axis=1)

    both = map_tiles(ends, Phi, bytes_per_item=64 * w.shape[0])
    return PredictionInterval(both[:, 0], both[:, 1])


def _quantile(xp: Any, values: Array, w: Array, level: Array) -> Array:
    """Per row the smallest value up to which the weights sum to ``level``."""
    order = xp.argsort(values, axis=1)
    mass = xp.reshape(xp.take(w, xp.reshape(order, (-1,))), values.shape)
    below = xp.cumulative_sum(mass, axis=1) < level
    rank = xp.sum(xp.astype(below, xp.int64), axis=1)
    last = xp.full_like(rank, values.shape[1] - 1)
    chosen = xp.take_along_axis(order, xp.minimum(rank, last)[:, None], axis=1)
    return xp.take_along_axis(values, chosen, axis=1)[:, 0]


def r_squared(y: Array, prediction: Array, w: Array) -> float:
    """Coefficient of determination ``1 - sum w (y - p)^2 / sum w (y - mean)^2``.

    The mean over the columns of ``y`` (n, k); a constant column counts 1 if it is met
    exactly and 0 if not, as in scikit-learn.
    """
    xp = array_namespace(y, prediction, w)
    centre = xp.sum(w[:, None] * y, axis=0) / xp.sum(w)
    missed = xp.sum(w[:, None] * (y - prediction) ** 2, axis=0)
    total = xp.sum(w[:, None] * (y - centre) ** 2, axis=0)
    constant = total == 0
    ratio = missed / xp.where(constant, xp.ones_like(total), total)
    scores = xp.where(constant, xp.astype(missed == 0, ratio.dtype), 1 - ratio)
    return float(xp.mean(scores))
