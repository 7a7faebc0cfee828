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


TIMES = (20.0, 40.0, 80.0)
"""Times tried first, in mean steps of the walk; the second is the usual choice."""

FULL_SIZE = 1000
"""Vertices from which these times hold; a smaller graph mixes sooner."""

LONGEST = 320.0
"""Time beyond which the entropy is not followed."""

AGREEMENT = 0.997
"""Correlation of the distances at 20 and 80 steps above which there is no noise."""

ENTROPY = 0.92
"""Entropy that a noisy graph reaches at the longest time worth taking."""

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
    kernel: Callable[[float], Array], n: int, *, rate: float
) -> SelectedTime:
    """Choose t by the agreement of distances, and by the entropy where they disagree.

    With A the correlation of distances at 20 and at 80 steps: 40 steps if ``A >=
    0.997``. Otherwise ``sqrt(40 t')``, where ``e(t') = 0.92`` and ``20 <= t' <= 320``:
    noise asks for more time on a long surface, whose entropy grows slowly, and for less
    on a small or a tangled one. An entropy that has passed 0.92 at 20 steps already
    does not ask for less time than one that passes it there: it says that the walk has
    seen most of the graph, not that the distances have lost their noise, since they
    still change up to 80 steps. All times double while the first kernel underflows,
    and fall in proportion to n below 1000 vertices.

    Parameters
    ----------
    kernel : callable
        Heat kernel at a time of the Laplacian.
    n : int
        Vertices.
    rate : float
        Steps of the walk in a unit of that time.

    Notes
    -----
    One kernel and one product of matrices for each doubling of time; with noise one
    kernel more.
    """
    unit = min(1.0, n / FULL_SIZE) / rate
    H = kernel(TIMES[0] * unit)
    xp = array_namespace(H)
    while bool(xp.any(H == 0.0)):
        H, unit = squared(H), 2 * unit
    kernels = [H]
    for _ in TIMES[1:]:
        kernels.append(squared(kernels[-1]))
    times = [step * unit for step in TIMES]
    entropies = [row_entropy(H) for H in kernels]
    agreement = _agreement(kernels[0], times[0] * rate, kernels[-1], times[-1] * rate)
    time, H = times[1], kernels[1]
    if agreement < AGREEMENT:
        last = kernels.pop()
        del kernels
        while entropies[-1] < ENTROPY and times[-1] < LONGEST * unit:
            last = squared(last)
            times.append(2 * times[-1])
            entropies.append(row_entropy(last))
        time = math.sqrt(times[1] * _crossing(times, entropies))
        H = kernel(time)
    path = DiffusionTimePath(
        xp.asarray(times, dtype=H.dtype, device=H.device),
        xp.asarray(entropies, dtype=H.dtype, device=H.device),
        agreement,
        ENTROPY,
        time,
    )
    return SelectedTime(path, H)


def _crossing(times: list[float], entropies: list[float]) -> float:
    """Time at which the entropy passes the level, linear in ``log t`` between times.

    The first time if it has passed there, the last if it never does.
    """
    if entropies[-1] < ENTROPY:
        return times[-1]
    i = next(k for k, e in enumerate(entropies) if e >= ENTROPY)
    if i == 0:
        return times[0]
    below, above = entropies[i - 1], entropies[i]
    return times[i - 1] * 2 ** ((ENTROPY - below) / (above - below))


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
