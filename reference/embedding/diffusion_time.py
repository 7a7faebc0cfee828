"""Diffusion times from the entropy of heat kernels.

``e(t)``, the mean over rows of the entropy of the row-normalised ``H_t`` in units of
``log n``, grows from 0 to its limit at the stationary law. Noise and shortcuts make it
grow faster or slower, so the time at which it passes a level is a selector of t; the
knee of the plain entropy on a coarse grid of times, as published, is not.
"""

from __future__ import annotations

import math

from geomsci.backends.arrays import Array, array_namespace
from geomsci.reference.embedding.heat_kernels import dense_uniformization

RULES = ("entropy", "knee")

KNEE_TIMES = tuple(0.05 + (200 - 0.05) * i / 9 for i in range(10))
"""Published grid: ten times, so the knee has ten values at most."""


def row_entropy(H: Array) -> float:
    """``mean_i (-sum_j p_ij log p_ij) / log n``, p the rows of H divided by their sums.

    Zeros count as ``0 log 0 = 0``. O(n^2).
    """
    xp = array_namespace(H)
    p = H / xp.sum(H, axis=1, keepdims=True)
    logs = xp.log(xp.where(p > 0, p, xp.ones_like(p)))
    return -float(xp.sum(p * logs)) / (H.shape[0] * math.log(H.shape[0]))


def published_entropy(H: Array) -> float:
    """``-sum_ij H_ij log(H_ij + 1e-10)`` of the whole matrix."""
    xp = array_namespace(H)
    return -float(xp.sum(H * xp.log(H + 1e-10)))


def knee(x: list[float], y: list[float]) -> int:
    """Index of the knee of a concave increasing curve.

    Both axes are scaled to [0, 1]; the knee is the first local maximum of ``y - x``
    (Satopaa, Albrecht, Irwin and Raghavan, ICDCS Workshops 2011), the last index if the
    curve is flat.
    """
    span = max(y) - min(y)
    if span == 0:
        return len(x) - 1
    gaps = [
        (b - min(y)) / span - (a - x[0]) / (x[-1] - x[0])
        for a, b in zip(x, y, strict=True)
    ]
    for i in range(1, len(gaps) - 1):
        if gaps[i] >= gaps[i - 1] and gaps[i] > gaps[i + 1]:
            return i
    return max(range(len(gaps)), key=gaps.__getitem__)


def _crossing_time(L: Array, theta: float, t_min: float, t_max: float) -> float:
    """First t in ``[t_min, t_max]`` with ``e(t) >= theta``, linear in ``log t``.

    ``H_2t = H_t H_t``: one product of matrices for each doubling of t.
    """
    t, H = t_min, dense_uniformization(L, t_min, 1e-12)
    below = row_entropy(H)
    if below >= theta:
        return t_min
    while t < t_max:
        H = H @ H
        above = row_entropy(H)
        if above >= theta:
            return min(t_max, t * 2 ** ((theta - below) / (above - below)))
        t, below = 2 * t, above
    return t_max


def diffusion_time(
    L: Array, *, rule: str, theta: float, t_min: float, t_max: float
) -> float:
    """Time chosen for a dense Laplacian by the rule ``"entropy"`` or ``"knee"``."""
    if rule == "entropy":
        return _crossing_time(L, theta, t_min, t_max)
    entropies = [
        published_entropy(dense_uniformization(L, t, 1e-12)) for t in KNEE_TIMES
    ]
    return KNEE_TIMES[knee(list(KNEE_TIMES), entropies)]
