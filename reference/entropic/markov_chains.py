"""Entropic Ricci curvature of reversible Markov chains (Maas; Erbar and Maas).

A chain with the rates Q(x, y), reversible with respect to pi, is the gradient flow of
the entropy ``sum pi rho log rho`` for a transport metric whose mean is the logarithmic
mean ``theta(a, b) = (a - b) / (log a - log b)``. Its curvature is the largest kappa
with ``B(rho, psi) >= kappa A(rho, psi)`` for all densities rho and functions psi:

* ``A = 1/2 sum theta(rho_x, rho_y) (psi_y - psi_x)^2 Q_xy pi_x`` (metric),
* ``B = 1/4 sum [theta_1 (L rho)_x + theta_2 (L rho)_y] (psi_y - psi_x)^2 Q_xy pi_x -
  1/2 sum theta (psi_y - psi_x) ((L psi)_y - (L psi)_x) Q_xy pi_x`` (Hessian of the
  entropy), ``(L f)_x = sum_y Q_xy (f_y - f_x)``.

Sources: Maas, J. Funct. Anal. 261 (2011) 2250, proposition 2.12; Erbar and Maas, Arch.
Ration. Mech. Anal. 206 (2012) 997, proposition 4.3 and theorems 4.5 and 6.2.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.linalg import matrix_transpose
from geomsci.reference.entropic.entropies import exp_remainder

LARGEST_LOG = 9.0
"""Densities are searched between exp(-9) and exp(9) times their geometric mean."""

_ZOOMS = 14
_ZOOM_POINTS = 65
_FIRST_STEP = 0.5


class MarkovChainCurvature(NamedTuple):
    """Curvature of a chain.

    ``density`` is the density (relative to pi) where the Hessian of the entropy was
    found smallest. ``exact`` is False where the curvature is the smallest of several
    local minima: then it is an upper bound. ``converged`` says that all starts settled,
    ``n_agreeing`` counts those that reached the smallest value to 1e-6 of its size.
    """

    curvature: Array
    density: Array
    stationary: Array
    exact: bool
    converged: bool
    n_agreeing: int


def stationary_law(Q: Array) -> Array:
    """``pi`` with ``pi Q = 0`` and the sum 1, for an irreducible generator."""
    xp = array_namespace(Q)
    n = Q.shape[0]
    last = xp.arange(n, device=device(Q)) == n - 1
    system = xp.where(last[:, None], xp.ones_like(Q), matrix_transpose(Q))
    pi = linalg.solve(system, xp.astype(last, Q.dtype)[:, None])[:, 0]
    return pi / xp.sum(pi)


def log_mean(log_a: Array, log_b: Array) -> Array:
    """Logarithmic mean ``(a - b)/(log a - log b)`` of ``e^log_a`` and ``e^log_b``.

    ``sqrt(a b) sinh(d/2) / (d/2)`` with ``d = log a - log b``, by its series near 0.
    """
    xp = array_namespace(log_a, log_b)
    half = 0.5 * xp.abs(log_a - log_b)
    close = half < 0.25
    small = xp.where(close, half * half, xp.zeros_like(half))
    series = xp.ones_like(half)
    for k in range(7, 0, -1):
        series = 1.0 + series * small / (2 * k * (2 * k + 1))
    far = xp.where(close, xp.ones_like(half), half)
    # The larger exponential is taken out, so that no sinh overflows.
    sinhc = -xp.expm1(-2.0 * far) / (2.0 * far)
    middle = xp.exp(0.5 * (log_a + log_b))
    return xp.where(close, middle * series, xp.exp(xp.maximum(log_a, log_b)) * sinhc)


def log_mean_slopes(log_a: Array, log_b: Array) -> tuple[Array, Array]:
    """Both partial derivatives of the logarithmic mean, by the exponential remainder.

    ``theta_1 = (d + expm1(-d)) / d^2``, ``theta_2 = (expm1(d) - d) / d^2``.
    """
    d = log_a - log_b
    return exp_remainder(-d), exp_remainder(d)


def _graph_laplacian(weights: Array) -> Array:
    """Matrix of ``1/2 sum w_xy (psi_y - psi_x)^2`` for symmetric weights."""
    xp = array_namespace(weights)
    identity = xp.eye(weights.shape[-1], dtype=weights.dtype, device=device(weights))
    return identity * xp.sum(weights, axis=-1)[..., None] - weights


def entropy_hessian(Q: Array, pi: Array, log_rho: Array) -> tuple[Array, Array]:
    """Matrices of the forms A (metric) and B (Hessian of the entropy) at a density.

    Parameters
    ----------
    Q : array, shape (n, n)
        Generator; its rows sum to zero.
    pi : array, shape (n,)
        Stationary law, in detailed balance with Q.
    log_rho : array, shape (..., n)
        Logarithm of the density relative to pi; its scale is free.

    Returns
    -------
    A, B : array, shape (..., n, n)
        Symmetric, zero on constants.
    """
    xp = array_namespace(Q)
    identity = xp.eye(Q.shape[0], dtype=Q.dtype, device=device(Q))
    flow = pi[:, None] * Q * (1.0 - identity)
    flow = 0.5 * (flow + matrix_transpose(flow))
    at, to = xp.broadcast_arrays(log_rho[..., :, None], log_rho[..., None, :])
    metric = _graph_laplacian(log_mean(at, to) * flow)
    drift = (xp.exp(log_rho)[..., None, :] @ matrix_transpose(Q))[..., 0, :]
    first, second = log_mean_slopes(at, to)
    change = (first * drift[..., :, None] + second * drift[..., None, :]) * flow
    moved = metric @ Q
    moved = 0.5 * (moved + matrix_transpose(moved))
    return metric, 0.5 * _graph_laplacian(change) - moved


def _without_constants(like: Array) -> Array:
    """Orthonormal columns (n, n - 1) orthogonal to the constants (Helmert)."""
    xp = array_namespace(like)
    n = like.shape[-1]
    k = xp.arange(1, n, dtype=like.dtype, device=device(like))[None, :]
    row = xp.arange(n, dtype=like.dtype, device=device(like))[:, None]
    entries = xp.where(row < k, xp.ones_like(row - k), xp.zeros_like(row - k))
    entries = xp.where(row == k, -k, entries)
    return entries / xp.sqrt(k * (k + 1.0))


def curvature_at(Q: Array, pi: Array, log_rho: Array) -> Array:
    """Smallest ratio ``B/A`` at given densities, shape (...)."""
    V = _without_constants(Q)
    A, B = entropy_hessian(Q, pi, log_rho)
    factor = linalg.cholesky(matrix_transpose(V) @ A @ V)
    half = linalg.solve(factor, matrix_transpose(V) @ B @ V)
    whole = linalg.solve(factor, matrix_transpose(half))
    return linalg.eigvalsh(0.5 * (whole + matrix_transpose(whole)))[..., 0]


def two_point_curvature(p: Array, q: Array) -> tuple[Array, Array]:
    """Exact curvature of two states with the rates p (0 to 1) and q, and the log-ratio.

    ``kappa = (p + q)/2 + min_b theta(q (1 + b), p (1 - b)) / (1 - b^2)`` over b in
    (-1, 1), by repeated refinement of a grid in ``s = artanh b``: with ``1 +- b = e^{+-
    s}/cosh s`` the term is ``theta(q e^s, p e^-s) cosh s``.
    """
    xp = array_namespace(p, q)
    half = 0.5 * xp.log(p / q)
    reach = 2.0 * (1.0 + xp.abs(half))
    steps = xp.linspace(-1.0, 1.0, _ZOOM_POINTS, dtype=p.dtype, device=device(p))
    centre = xp.zeros_like(p)
    for _ in range(_ZOOMS):
        s = centre + reach * steps
        term = log_mean(xp.log(q) + s, xp.log(p) - s) * xp.cosh(s)
        centre = s[int(xp.argmin(term)), ...]
        reach = reach * (4.0 / (_ZOOM_POINTS - 1))
    return 0.5 * (p + q) + xp.min(term), centre


def two_point_chain(Q: Array) -> MarkovChainCurvature:
    """Exact curvature of a chain with two states."""
    xp = array_namespace(Q)
    p, q = Q[0, 1], Q[1, 0]
    pi = stationary_law(Q)
    kappa, s = two_point_curvature(p, q)
    # The formula's law is (1 - b, 1 + b) / 2; pi is (q, p) / (p + q).
    rho = xp.stack([xp.exp(-s) / q, xp.exp(s) / p])
    return MarkovChainCurvature(kappa, rho / xp.sum(pi * rho), pi, True, True, 1)


def general_chain(
    Q: Array, starts: Array, directions: Array, *, tol: float
) -> MarkovChainCurvature:
    """Smallest local minimum of `curvature_at` over the densities, from many starts.

    Parameters
    ----------
    Q : array, shape (n, n)
    starts : array, shape (n_starts, n)
        Logarithms of densities.
    directions : array, shape (max_iter, n, n)
        Normal numbers; orthonormalised, they are the directions that are tried.
    tol : float
        A start is settled when its steps are shorter than this.

    Notes
    -----
    Direct search: in each iteration every start tries its step in n directions and
    their opposites, takes the best if it is better and lengthens the step, or halves
    it. No derivative is taken since the smallest ratio has kinks where two cross. The
    problem is not convex: the value is an upper bound of the curvature.
    """
    xp = array_namespace(Q)
    pi = stationary_law(Q)
    best = starts
    value = curvature_at(Q, pi, best)
    step = xp.full_like(value, _FIRST_STEP)
    settled = False
    for i in range(directions.shape[0]):
        frame, _ = linalg.qr(directions[i, ...])
        tried = xp.concat([frame, -frame], axis=0)
        trial = best[:, None, :] + step[:, None, None] * tried[None, :, :]
        trial = trial - xp.mean(trial, axis=-1, keepdims=True)
        trial = xp.clip(trial, -LARGEST_LOG, LARGEST_LOG)
        values = curvature_at(Q, pi, trial)
        which = xp.argmin(values, axis=-1, keepdims=True)
        lowest = xp.take_along_axis(values, which, axis=-1)[:, 0]
        chosen = xp.take_along_axis(trial, which[..., None], axis=1)[:, 0, :]
        better = lowest < value
        best = xp.where(better[:, None], chosen, best)
        value = xp.where(better, lowest, value)
        step = xp.clip(xp.where(better, 1.5 * step, 0.5 * step), max=2.0)
        settled = float(xp.max(step)) < tol
        if settled:
            break
    kappa = xp.min(value)
    winner = best[int(xp.argmin(value)), ...]
    rho = xp.exp(winner - xp.max(winner))
    close = value - kappa <= 1e-6 * xp.abs(kappa)
    agreeing = int(xp.sum(xp.astype(close, xp.int64)))
    rho = rho / xp.sum(pi * rho)
    return MarkovChainCurvature(kappa, rho, pi, False, settled, agreeing)


def markov_chain_curvature(
    Q: Array, starts: Array, directions: Array, *, tol: float
) -> MarkovChainCurvature:
    """Curvature of a reversible chain: exact for two states, else an upper bound."""
    if Q.shape[0] == 2:
        return two_point_chain(Q)
    return general_chain(Q, starts, directions, tol=tol)


def product_curvature(curvatures: Array, weights: Array) -> Array:
    """``min_i w_i kappa_i``: the product of chains, the i-th run at the speed w_i.

    Exact: theorem 6.2 of Erbar and Maas bounds from below, and densities and functions
    of one coordinate attain it.
    """
    xp = array_namespace(curvatures)
    return xp.min(weights * curvatures)


def reversible_gap(Q: Array) -> Array:
    """Largest ``|pi_x Q_xy - pi_y Q_yx|`` relative to the largest ``pi_x Q_xy``."""
    xp = array_namespace(Q)
    flow = stationary_law(Q)[:, None] * Q
    return xp.max(xp.abs(flow - matrix_transpose(flow))) / xp.max(xp.abs(flow))


def is_irreducible(Q: Array) -> bool:
    """Every state reaches every other: squared reachability, O(n^3 log n)."""
    xp = array_namespace(Q)
    one = xp.eye(Q.shape[0], dtype=Q.dtype, device=device(Q))
    reached = xp.where((Q > 0) | (one > 0), xp.ones_like(Q), xp.zeros_like(Q))
    for _ in range(max(1, math.ceil(math.log2(Q.shape[0])))):
        reached = xp.where(reached @ reached > 0, xp.ones_like(Q), xp.zeros_like(Q))
    return bool(xp.all(reached > 0))
