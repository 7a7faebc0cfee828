"""Stages of `EntropicCurvature` on a catalogue of points: one scale at a time."""

from __future__ import annotations

import math
from typing import NamedTuple

from geomsci.backends import run
from geomsci.backends.arrays import Array, array_namespace
from geomsci.reference.entropic.catalogue import curvature_tensor, log_norm, moments
from geomsci.reference.entropic.log_hessian import packed_pairs
from geomsci.reference.entropic.survey import total_log_weight


class Catalogue(NamedTuple):
    """Positions with weights, the randoms of a survey, and the periodic box."""

    positions: Array
    weights: Array | None
    randoms: Array | None
    box: list[float] | None


class PointWeb(NamedTuple):
    """Packed curvature, its eigenvalues, log density and log gradient at points."""

    curvature: Array
    eigenvalues: Array
    log_density: Array
    gradient: Array


def point_web(points: Array, catalogue: Catalogue, R: float, *, n: float) -> PointWeb:
    """Curvature K^(N) of a catalogue at points; relative to the randoms if there are.

    O(k) a point for k positions near it.
    """
    xp = array_namespace(points)
    d = points.shape[1]
    log_weight, offset, C = moments(
        points, catalogue.positions, R, catalogue.weights, catalogue.box
    )
    if catalogue.randoms is None:
        K = curvature_tensor(offset, C, R, math.inf)
        log_density = log_weight + log_norm(R, d)
    else:
        randoms = catalogue.randoms
        log_random, random_offset, random_C = moments(
            points, randoms, R, None, catalogue.box
        )
        K = (random_C - C) / R**4
        offset = offset - random_offset
        scale = total_log_weight(randoms, None)
        scale -= total_log_weight(catalogue.positions, catalogue.weights)
        log_density = log_weight - log_random + scale
    gradient = offset / (R * R)
    if not math.isinf(n):
        K = K - gradient[:, :, None] * gradient[:, None, :] / n
    packed = xp.stack([K[:, i, j] for i, j in packed_pairs(d)], axis=-1)
    values = run("entropic.symmetric_eigenvalues", packed)
    return PointWeb(packed, values, log_density, gradient)


class PointScalars(NamedTuple):
    """Fractions and scalars that a catalogue estimates from its own positions."""

    volume_fractions: list[float]
    mass_fractions: list[float]
    entropy: float
    fisher_information: float


def point_scalars(
    web: PointWeb, signature: Array, weights: Array | None, mean_density: float | None
) -> PointScalars:
    """Averages over the positions, which sample the mass.

    Mass fractions and the Fisher information are means with the weights; a position
    stands for the volume ``w / rho_R``. The entropy needs the mean density, which open
    space does not have: NaN there.
    """
    xp = array_namespace(web.log_density)
    d = web.gradient.shape[1]
    u = web.log_density
    w = xp.ones_like(u) if weights is None else xp.astype(weights, u.dtype)
    w = w / xp.sum(w)
    # Shares of the volume, relative to the emptiest position: none overflows.
    v = w * xp.exp(xp.min(u) - u)
    v = v / xp.sum(v)
    volume, mass = [], []
    for c in range(d + 1):
        inside = xp.astype(signature == c, u.dtype)
        volume.append(float(xp.sum(v * inside)))
        mass.append(float(xp.sum(w * inside)))
    entropy = math.nan
    if mean_density is not None:
        entropy = float(xp.sum(w * u)) - math.log(mean_density)
    fisher = float(xp.sum(w * xp.sum(web.gradient**2, axis=1)))
    return PointScalars(volume, mass, entropy, fisher)


def trace_of(packed: Array, d: int) -> Array:
    """Trace of packed tensors."""
    diagonal = [p for p, (i, j) in enumerate(packed_pairs(d)) if i == j]
    total = packed[..., diagonal[0]]
    for p in diagonal[1:]:
        total = total + packed[..., p]
    return total


def spread(x: Array) -> float:
    """Standard deviation."""
    xp = array_namespace(x)
    return float(xp.sqrt(xp.mean((x - xp.mean(x)) ** 2)))


def effective_number(weights: Array) -> float:
    """``(sum w)^2 / sum w^2``: points that carry the noise of weighted ones."""
    xp = array_namespace(weights)
    w = xp.astype(weights, xp.float64)
    return float(xp.sum(w)) ** 2 / float(xp.sum(w * w))
