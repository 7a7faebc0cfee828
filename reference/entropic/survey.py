r"""Entropic curvature of a survey relative to its selection.

A survey sees the density times a selection function, whose own curvature must not be
read as structure: near the edge of a survey empty galaxies look like a collapsed axis.
The selection is sampled by a random catalogue, and the reference measure is the
smoothed density relative to it, u = log(rho_data / rho_rand):

.. math:: K = K_{data} - K_{rand} = (C_{rand} - C_{data}) / R^4, \qquad
          \nabla u = (m_{data} - m_{rand}) / R^2 .

The bound 1 / R^2 does not hold for K. The noise of the randoms adds to that of the
data: take at least ten times as many.
"""

from __future__ import annotations

import math

from geomsci.backends.arrays import Array, array_namespace
from geomsci.reference.entropic.catalogue import moments
from geomsci.reference.entropic.finite_dimension import effective_dimension


def total_log_weight(positions: Array, weights: Array | None) -> float:
    """Logarithm of the sum of the weights (of the number of points without any)."""
    if weights is None:
        return math.log(positions.shape[0])
    xp = array_namespace(weights)
    return math.log(float(xp.sum(xp.astype(weights, xp.float64))))


def survey_curvature(
    points: Array,
    positions: Array,
    randoms: Array,
    R: float,
    weights: Array | None = None,
    random_weights: Array | None = None,
    box: list[float] | None = None,
    *,
    dimension: float = math.inf,
    convention: str = "bakry-emery",
) -> Array:
    """``K_data - K_rand - grad u grad u^T / n`` at the points, shape (m, d, d)."""
    xp = array_namespace(points)
    n = effective_dimension(dimension, points.shape[1], convention)
    _, offset, C = moments(points, positions, R, weights, box)
    _, random_offset, random_C = moments(points, randoms, R, random_weights, box)
    K = (random_C - C) / R**4
    if not math.isinf(n):
        g = (offset - random_offset) / (R * R)
        K = K - g[:, :, None] * g[:, None, :] / n
    return xp.astype(K, points.dtype, copy=False)


def survey_log_density(
    points: Array,
    positions: Array,
    randoms: Array,
    R: float,
    weights: Array | None = None,
    random_weights: Array | None = None,
    box: list[float] | None = None,
) -> Array:
    """``log(rho_data / rho_rand)`` with both catalogues scaled to the same weight."""
    xp = array_namespace(points)
    data = moments(points, positions, R, weights, box)[0]
    random = moments(points, randoms, R, random_weights, box)[0]
    scale = total_log_weight(randoms, random_weights)
    scale -= total_log_weight(positions, weights)
    return xp.astype(data - random + scale, points.dtype, copy=False)
