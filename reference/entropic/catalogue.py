r"""Entropic curvature of a catalogue of points, without a grid.

The density of the catalogue smoothed with a Gaussian of standard deviation R per axis,

.. math:: \rho_R(x) = \sum_j w_j G_R(x - y_j),

has at every x the local measure with weights proportional to
:math:`w_j e^{-|y_j - x|^2 / 2 R^2}`. With its mean m and covariance C (the second-order
identity of Tweedie, exact for every non-negative measure)

.. math:: \nabla \log \rho_R = (m - x) / R^2, \qquad
          K = -\nabla^2 \log \rho_R = (I - C / R^2) / R^2 .

So no eigenvalue of K is above 1 / R^2, with equality where one point carries the whole
local measure. Everything is computed in float64 whatever the dtype of the input.

References
----------
Efron, J. Amer. Stat. Assoc. 106 (2011), for the identities; a finite-scale realisation
of the theory of arXiv:2604.00593.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.dispatch import run
from geomsci.backends.tiling import each_tile
from geomsci.reference.entropic.cell_list import CUT, FARTHEST
from geomsci.reference.entropic.finite_dimension import effective_dimension


class LocalMoments(NamedTuple):
    """Moments of the local measures: ``log_weight``, ``mean`` and ``covariance``."""

    log_weight: Array
    mean: Array
    covariance: Array


def gaussian_moments(
    points: Array, positions: Array, lag: Array, R: float, box: list[float] | None
) -> tuple[Array, Array, Array]:
    """Sums over all pairs of a point and a position, tile by tile.

    A position (or image) counts if its score ``|y - x|^2 + lag`` exceeds the smallest
    one by at most ``(8 R)^2``.

    Parameters
    ----------
    points : array, shape (m, d), float64
    positions : array, shape (n, d), float64
        Both inside ``[0, L)`` if there is a box.
    lag : array, shape (n,), float64, >= 0
        ``-2 R^2 log(w / max w)``.
    R : float, > 0
    box : list of d floats, or None

    Returns
    -------
    log_sum : array, shape (m,)
        ``log sum_j (w_j / max w) exp(-|y_j - x|^2 / (2 R^2))``.
    offset : array, shape (m, d)
        Mean less x.
    covariance : array, shape (m, d, d)
    """
    xp, place = array_namespace(points), device(points)
    (m, d), n = points.shape, positions.shape[0]
    log_sum = xp.zeros(m, dtype=xp.float64, device=place)
    offset = xp.zeros((m, d), dtype=xp.float64, device=place)
    covariance = xp.zeros((m, d, d), dtype=xp.float64, device=place)

    def work(tile: slice) -> None:
        found = _tile_moments(points[tile, ...], positions, lag, R, box)
        log_sum[tile], offset[tile, ...], covariance[tile, ...] = found

    each_tile(work, m, 8 * n * (3 * d + 4), like=positions)
    return log_sum, offset, covariance


def _tile_moments(
    x: Array, positions: Array, lag: Array, R: float, box: list[float] | None
) -> tuple[Array, Array, Array]:
    """`gaussian_moments` of a few points, with every pair in memory."""
    xp = array_namespace(x)
    d = x.shape[1]
    D = positions[None, :, :] - x[:, None, :]
    if box is not None:
        lengths = xp.asarray(box, dtype=xp.float64, device=device(x))
        D = D - lengths * xp.round(D / lengths)
    nearest = xp.argmin(xp.sum(D * D, axis=2) + lag, axis=1)
    # Far away scores are equal to round-off: differences to one point decide.
    for _ in range(2):
        f, v, ahead = _about(D, positions, lag, nearest, box)
        ahead = xp.sum(v * (v + 2.0 * f[:, None, :]), axis=2) + ahead
        nearest = xp.argmin(ahead, axis=1)
    f, v, ahead = _about(D, positions, lag, nearest, box)
    lowest = xp.sum(f * f, axis=1) + xp.take(lag, nearest)
    reach = math.sqrt(float(xp.max(lowest)) + (CUT * R) ** 2)
    W: Array = 0.0
    S1: Array = 0.0
    S2: Array = 0.0
    for shift in _image_shifts(box, reach, d):
        moved = v + xp.asarray(shift, dtype=xp.float64, device=device(x))
        t = xp.sum(moved * (moved + 2.0 * f[:, None, :]), axis=2) + ahead
        t = t / (2.0 * R * R)
        w = xp.where(t <= FARTHEST, xp.exp(-t), xp.zeros_like(t))
        wv = w[..., None] * moved
        W = W + xp.sum(w, axis=1)
        S1 = S1 + xp.sum(wv, axis=1)
        S2 = S2 + xp.matmul(xp.matrix_transpose(wv), moved)
    mu = S1 / W[:, None]
    C = S2 / W[:, None, None] - mu[:, :, None] * mu[:, None, :]
    return xp.log(W) - lowest / (2.0 * R * R), f + mu, C


def _about(
    D: Array, positions: Array, lag: Array, nearest: Array, box: list[float] | None
) -> tuple[Array, Array, Array]:
    """Offset of a point a row, and places and lags of all relative to it."""
    xp = array_namespace(D)
    b, n, d = D.shape
    rows = xp.arange(b, dtype=nearest.dtype, device=device(D)) * n + nearest
    f = xp.take(xp.reshape(D, (-1, d)), rows, axis=0)
    if box is None:
        # Not from D, which a distant x rounds.
        v = positions[None, :, :] - xp.take(positions, nearest, axis=0)[:, None, :]
    else:
        v = D - f[:, None, :]
    return f, v, lag[None, :] - xp.take(lag, nearest)[:, None]


def _image_shifts(box: list[float] | None, reach: float, d: int) -> list[list[float]]:
    """Shifts of all images that may lie within ``reach``, from the nearest images."""
    shifts: list[list[float]] = [[]]
    for i in range(d):
        if box is None:
            steps = [0.0]
        else:
            most = math.floor(reach / box[i] + 0.5 + 1e-9)
            steps = [k * box[i] for k in range(-most, most + 1)]
        shifts = [[*shift, step] for shift in shifts for step in steps]
    return shifts


def wrapped(x: Array, box: list[float] | None) -> Array:
    """x in float64, moved into ``[0, L)`` along each axis of a periodic box."""
    xp = array_namespace(x)
    x = xp.astype(x, xp.float64, copy=False)
    if box is None:
        return x
    lengths = xp.asarray(box, dtype=xp.float64, device=device(x))
    x = x - lengths * xp.floor(x / lengths)
    # A place just below 0 rounds to L, one of many periods above to just below 0.
    return xp.where((x >= lengths) | (x < 0), xp.zeros_like(x), x)


def moments(
    points: Array,
    positions: Array,
    R: float,
    weights: Array | None,
    box: list[float] | None,
) -> tuple[Array, Array, Array]:
    """Log weight (m,), mean less x (m, d) and covariance (m, d, d), in float64."""
    xp = array_namespace(points)
    inside, found = wrapped(points, box), wrapped(positions, box)
    if weights is None:
        lag = xp.zeros(found.shape[0], dtype=xp.float64, device=device(found))
        largest = 0.0
    else:
        logs = xp.log(xp.astype(weights, xp.float64))
        largest = float(xp.max(logs))
        lag = (largest - logs) * (2.0 * R * R)
    log_sum, offset, C = run("entropic.gaussian_moments", inside, found, lag, R, box)
    return log_sum + largest, offset, C


def local_moments(
    points: Array,
    positions: Array,
    R: float,
    weights: Array | None = None,
    box: list[float] | None = None,
) -> LocalMoments:
    """Log weight, mean (not wrapped) and covariance, in the dtype of the points."""
    xp, dtype = array_namespace(points), points.dtype
    log_weight, offset, C = moments(points, positions, R, weights, box)
    mean = xp.astype(points, xp.float64, copy=False) + offset
    return LocalMoments(
        *(xp.astype(a, dtype, copy=False) for a in (log_weight, mean, C))
    )


def log_norm(R: float, d: int) -> float:
    """Logarithm of the Gaussian G_R at 0."""
    return -0.5 * d * math.log(2.0 * math.pi * R * R)


def log_density(
    points: Array,
    positions: Array,
    R: float,
    weights: Array | None = None,
    box: list[float] | None = None,
) -> Array:
    """``log rho_R``, the weight in a unit of volume, finite in every void."""
    xp = array_namespace(points)
    log_weight = moments(points, positions, R, weights, box)[0]
    return xp.astype(
        log_weight + log_norm(R, points.shape[1]), points.dtype, copy=False
    )


def curvature_tensor(offset: Array, covariance: Array, R: float, n: float) -> Array:
    r"""K^(N) of moments: :math:`(I - C/R^2)/R^2 - g g^T/n`, :math:`g = (m - x)/R^2`."""
    xp = array_namespace(offset)
    d = offset.shape[1]
    one = xp.eye(d, dtype=xp.float64, device=device(offset))
    K = (one - covariance / (R * R)) / (R * R)
    if math.isinf(n):
        return K
    g = offset / (R * R)
    return K - g[:, :, None] * g[:, None, :] / n


def catalogue_curvature(
    points: Array,
    positions: Array,
    R: float,
    weights: Array | None = None,
    box: list[float] | None = None,
    *,
    dimension: float = math.inf,
    convention: str = "bakry-emery",
) -> Array:
    """K^(N) at the points, shape (m, d, d), in their dtype."""
    xp = array_namespace(points)
    n = effective_dimension(dimension, points.shape[1], convention)
    _, offset, C = moments(points, positions, R, weights, box)
    K = curvature_tensor(offset, C, R, n)
    return xp.astype(K, points.dtype, copy=False)


def catalogue_probe_curvature(
    points: Array,
    positions: Array,
    R: float,
    step: float,
    weights: Array | None = None,
    box: list[float] | None = None,
    *,
    dimension: float = math.inf,
) -> Array:
    r"""Curvature of pairs of point probes at ``x -/+ (h / 2) e``, polarised.

    With u = log rho_R, :math:`K(e) = -4 [u(x + h e/2) - 2 u(x) + u(x - h e/2)] / h^2`;
    for finite N ``(16 N / h^2) asin^2 sqrt(eps / 2)`` with ``eps = 1 - (U_0 + U_1) /
    (2 U_half)``, ``U = exp(u / N)`` (asinh and a minus sign where eps < 0). The tensor
    has K_ii along the axes, K_ij = [K((e_i + e_j)/sqrt 2) - K((e_i - e_j)/sqrt 2)]/2.
    """
    xp, place = array_namespace(points), device(points)
    d = points.shape[1]
    x = xp.astype(points, xp.float64, copy=False)

    def u(shift: list[float]) -> Array:
        moved = x + xp.asarray(shift, dtype=xp.float64, device=place)
        return moments(moved, positions, R, weights, box)[0]

    middle = u([0.0] * d)

    def along(direction: dict[int, float]) -> Array:
        e = [0.5 * step * direction.get(i, 0.0) for i in range(d)]
        return _pair_curvature(
            u(e) - middle, u([-c for c in e]) - middle, step, dimension
        )

    root = math.sqrt(0.5)
    entries = {(i, i): along({i: 1.0}) for i in range(d)}
    for i in range(d):
        for j in range(i + 1, d):
            plus, minus = along({i: root, j: root}), along({i: root, j: -root})
            entries[i, j] = entries[j, i] = 0.5 * (plus - minus)
    rows = [xp.stack([entries[i, j] for j in range(d)], axis=-1) for i in range(d)]
    return xp.astype(xp.stack(rows, axis=-2), points.dtype, copy=False)


def _pair_curvature(ahead: Array, behind: Array, step: float, N: float) -> Array:
    """Curvature of a pair from ``u`` at its ends less ``u`` in the middle."""
    xp = array_namespace(ahead)
    if math.isinf(N):
        return (ahead + behind) * (-4.0 / (step * step))
    gap = -0.5 * (xp.expm1(ahead / N) + xp.expm1(behind / N))
    root = xp.sqrt(0.5 * xp.abs(gap))
    # A positive gap is at most 1, so that the arc sine exists.
    bounded = xp.where(root > 1.0, xp.ones_like(root), root)
    K = xp.where(gap >= 0, xp.asin(bounded) ** 2, -(xp.asinh(root) ** 2))
    return K * (16.0 * N / (step * step))
