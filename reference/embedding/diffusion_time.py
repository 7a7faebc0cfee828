"""Diffusion times from the agreement of distances and the entropy of heat kernels.

Without noise the distances hardly depend on t, and a short time keeps their scale.
Where points lie between the sheets of a surface, edges cross the gaps: then distances
at different times disagree, since more time averages over more paths, and the time is
chosen by the entropy. ``e(t)``, the mean over rows of the entropy of the row-normalised
``H_t`` in units of ``log n``, grows from 0 to its limit at the stationary law, and the
noisier the graph the faster.

The knee of the plain entropy on a coarse grid of times, as published, selects nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace
from geomsci.reference.embedding.dissimilarities import heat_geodesic_distance
from geomsci.reference.embedding.heat_kernels import dense_uniformization, squared

RULES = ("entropy", "knee")

KNEE_TIMES = tuple(0.05 + (200 - 0.05) * i / 9 for i in range(10))
"""Published grid: ten times, so the knee has ten values at most."""


LADDER = (20.0, 40.0, 80.0, 160.0, 320.0)
"""Times among which the automatic rule chooses, in mean steps of the walk."""

AGREEMENT = 0.997
"""Correlation of the distances at 20 and 80 steps above which there is no noise."""

ENTROPY = 0.92
"""Entropy at which the time of a noisy graph is taken."""

_COMPARED = 500
"""Vertices whose distances are compared, evenly spread over the rows."""


class DiffusionTimePath(NamedTuple):
    """What the automatic rule saw and chose.

    ``times`` and ``entropies`` are the times tried and ``e(t)`` there; ``agreement`` is
    the correlation of distances at the first and the third of the times; ``theta`` the
    entropy asked for where they disagree; ``time`` the choice.
    """

    times: Array
    entropies: Array
    agreement: float
    theta: float
    time: float


class SelectedTime(NamedTuple):
    """The path of the choice, and the heat kernel at the time chosen."""

    path: DiffusionTimePath
    H: Array


def select_diffusion_time(
    kernel: Callable[[float], Array], *, rate: float
) -> SelectedTime:
    """Choose t on a ladder of times, each the double of the one before.

    With ``A`` the correlation of distances at the first and the third time: if ``A >=
    0.997``, the second one, 40 steps; otherwise the time nearest in ``log t`` to the
    crossing ``e(t) = 0.92``. A ladder whose first kernel underflows starts higher.

    Parameters
    ----------
    kernel : callable
        Heat kernel at a time of the Laplacian.
    rate : float
        Steps of the walk in a unit of that time.

    Notes
    -----
    One kernel and one product of matrices for each further time.
    """
    times = [LADDER[0] / rate]
    kernels = [kernel(times[0])]
    xp = array_namespace(kernels[0])
    while bool(xp.any(kernels[0] == 0.0)):
        kernels, times = [squared(kernels[0])], [2 * times[0]]
    for _ in range(2):
        kernels.append(squared(kernels[-1]))
        times.append(2 * times[-1])
    entropies = [row_entropy(H) for H in kernels]
    agreement = _agreement(kernels[0], times[0] * rate, kernels[2], times[2] * rate)
    if agreement >= AGREEMENT:
        chosen = 1
    else:
        while entropies[-1] < ENTROPY and times[-1] * rate < LADDER[-1]:
            kernels[:-1] = [None] * (len(kernels) - 1)  # no crossing so far
            kernels.append(squared(kernels[-1]))
            times.append(2 * times[-1])
            entropies.append(row_entropy(kernels[-1]))
        chosen = _nearest_crossing(entropies)
    like = kernels[chosen]
    path = DiffusionTimePath(
        xp.asarray(times, dtype=like.dtype, device=like.device),
        xp.asarray(entropies, dtype=like.dtype, device=like.device),
        agreement,
        ENTROPY,
        times[chosen],
    )
    return SelectedTime(path, like)


def _nearest_crossing(entropies: list[float]) -> int:
    """Index nearest to where the entropy, linear between doublings, passes the level.

    The last one if it never does.
    """
    for i, above in enumerate(entropies):
        if above >= ENTROPY:
            if i == 0:
                return 0
            below = entropies[i - 1]
            return i if 2 * (ENTROPY - below) >= above - below else i - 1
    return len(entropies) - 1


def _agreement(first: Array, t: float, second: Array, u: float) -> float:
    """Mean correlation of rows of distances of two times, over some vertices.

    A part of a positive kernel has the distances of the whole: they are entry by entry.
    """
    xp = array_namespace(first)
    n = first.shape[0]
    step = -(-n // _COMPARED)
    rows = xp.arange(0, n, step, dtype=xp.int64, device=first.device)
    centred = []
    for H, time in ((first, t), (second, u)):
        part = xp.take(xp.take(H, rows, axis=0), rows, axis=1)
        D = heat_geodesic_distance(
            part,
            time,
            sigma=1.0,
            volume="geometric",
            distance="rate",
            intrinsic_dim=2.0,
            step=1.0,
        )
        centred.append(D - xp.mean(D, axis=1, keepdims=True))
    products, a, b = (
        xp.sum(x * y, axis=1)
        for x, y in (
            (centred[0], centred[1]),
            (centred[0], centred[0]),
            (centred[1], centred[1]),
        )
    )
    norm = xp.sqrt(a * b)
    varied = norm > 0.0
    one = xp.ones_like(norm)
    return float(xp.mean(xp.where(varied, products / xp.where(varied, norm, one), one)))


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
