"""Distances by the steps that the walk on a graph of points takes.

A walk on neighbours of random points differs from one with fresh uniform steps in a
ball of the mean bandwidth: steps along heavy edges of thin regions are longer, and a
step may undo the one before it. The graph tells both. With the lengths s of its edges,
weighted by the weights W, which are the flows of the walk at equilibrium,

    ``R^2 = (m + 4) / (m + 2) <s^4> / <s^2>``, ``rate = nu (m + 2) / m <s^2> / R^2``

are the radius and the rate of steps in an m-ball with the same second and fourth
moments; nu is the mean number of steps in a unit of time. An estimate m below 1 is
taken as 1 where it divides <s^2>, the share of which along a line is at most all.
``p = <W_ij / deg_j>`` is the probability of going straight back; where points lie in
order, as on a lattice, other steps make up for it, and p is at most
``<|b|^2> / <s^2>``, b the mean step. With M the
moment generating function of one step,

    ``Lambda(th) = rate F(M(R th))``, ``F(M) = (M - 1) (M - p) / (M + p)``.

F follows from the tree of paths around a random point, to first order in p: behind an
edge just taken there are, besides its beginning, as many new neighbours as ever, so
that a step is undone with rate p on top of the others, ``F = (M - 1) (1 - 2 p / M)``.
In the form above it has the factor ``(1 - p) / (1 + p)`` of a walk whose successive
steps have the correlation ``-p`` (Fuerth, Z. Phys. 2 (1920) 244) at small tilts; at
large ones the walk is driven and does not turn back.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device, to_host
from geomsci.backends.tiling import map_tiles
from geomsci.reference.embedding.graphs import row_sums
from geomsci.reference.embedding.metric_spaces import metric_space
from geomsci.reference.embedding.rates import ball_sums, rate_function, tilts_and_speeds

_NODES = 512
_SMALLEST_TILT = 1e-3
_SMALLEST_SPEED = 1e-3
_SECANTS = 100  # five are enough, the first number may need some more


class Steps(NamedTuple):
    """Means over the steps of a walk at equilibrium, and the sum of all weights.

    ``length`` is the root mean square; ``spread`` is ``<s^4> / <s^2>^2``; ``returns``
    the probability that the next step goes back.
    """

    length: float
    spread: float
    returns: float
    weight: float


class StepLaw(NamedTuple):
    """Steps in a ball: their rate, the radius, and the probability of a return."""

    rate: float
    radius: float
    returns: float


def steps_of_graph(W: Any, X: Array, *, metric: str) -> Steps | None:
    """What the steps along the edges are like; None for a graph without edges."""
    if hasattr(W, "tocsr"):
        edges = W.tocoo()
        weights, i, j = edges.data, edges.row, edges.col
        xp = array_namespace(weights)
    else:
        xp = array_namespace(W)
        i, j = xp.nonzero(W)
        weights = xp.take(xp.reshape(W, (-1,)), i * W.shape[0] + j)
    total = float(xp.sum(weights))
    if not total > 0.0:
        return None
    degrees = row_sums(W)
    space = metric_space(X, metric)
    squares = space.pair_distances(i, j) ** 2
    second = float(xp.sum(weights * squares)) / total
    if not second > 0.0:
        return None
    # Fourth powers of short edges between far parts would underflow.
    spread = float(xp.sum(weights * (squares / second) ** 2)) / total
    linked = xp.where(degrees > 0.0, degrees, xp.ones_like(degrees))
    back = float(xp.sum(weights * weights / xp.take(linked, j))) / total
    drift = _drift(W, X / space.unit, linked, metric)
    return Steps(
        math.sqrt(second) * space.unit,
        spread,
        max(0.0, min(back, drift / total / second)),
        total,
    )


def _drift(W: Any, X: Array, degrees: Array, metric: str) -> float:
    """Sum of ``deg_i |b_i|^2``, ``b_i`` the mean step from i."""
    xp = array_namespace(degrees)
    if metric == "euclidean":
        X = X - xp.mean(X, axis=0)
        return float(xp.sum((W @ X - degrees[:, None] * X) ** 2 / degrees[:, None]))
    # |b|^2 = mean of s^2 less half the mean of squares between pairs of ends.
    means = W @ (X**2)
    first = xp.linalg.diagonal(means)
    pairs = W.multiply(means).tocsr() if hasattr(W, "tocsr") else W * means
    second = row_sums(pairs)
    return float(xp.sum(first - second / (2 * degrees)))


def step_law(
    steps: Steps, rate: float, m: float, *, n_neighbors: int, bandwidth: float
) -> StepLaw:
    """Steps in an m-ball with the moments of ``steps``, at ``rate`` in a unit of time.

    Longer ones than k neighbours in m dimensions have are scattered off the surface,
    and do not lead farther along it. For m = 0, steps of one length to either side.
    """
    # In a ball of radius 1: <s^2>, and its part along a line; and R^2 / <s^2>.
    second, along, square = 1.0, 1.0, steps.spread
    if m > 0:
        second, along = m / (m + 2), 1 / (m + 2)
        square *= (m + 4) / (m + 2)
    last = math.exp(-1.0)  # weight of the k-th neighbour, at the distance eps
    even = ((n_neighbors - 1) * second + last) / (n_neighbors - 1 + last)
    length = min(steps.length, math.sqrt(even) * bandwidth)
    # No step has more along a line than its length, however small the estimate of m.
    rate = rate / (max(m, 1.0) * along * square)
    return StepLaw(rate, length * math.sqrt(square), steps.returns)


def law_speeds(v: Array, law: StepLaw, *, m: float) -> Array:
    """Speeds under a law where the plain ball law ``I_m`` has the speeds v.

    In radii per step. Both belong to the same rate E: ``I_m(v) = E``. Cubic Hermite
    interpolation between 512 nodes at equal distances in ``log v``.
    """
    xp = array_namespace(v)
    largest = xp.max(v)
    if not float(largest) > 0.0:
        return v
    start, width, cubics = _table(law, m, largest)
    last = cubics[0].shape[0] - 1

    def work(part: Array) -> Array:
        positive = part > 0.0
        at = xp.log(xp.where(positive, part, xp.ones_like(part)))
        # Below the first node the ratio is constant.
        place = xp.clip((xp.reshape(at, (-1,)) - start) / width, 0.0, last + 1.0)
        k = xp.clip(xp.astype(place, xp.int64), 0, last)
        s = place - xp.astype(k, place.dtype)
        z = xp.take(cubics[3], k)
        for coefficient in (cubics[2], cubics[1], cubics[0]):
            z = z * s + xp.take(coefficient, k)
        return xp.where(positive, part * xp.exp(xp.reshape(z, at.shape)), part)

    return map_tiles(work, v, bytes_per_item=64 * v.shape[-1])


def _table(law: StepLaw, m: float, largest: Array) -> tuple[float, float, list[Array]]:
    """First ``log v``, its step, and cubics of ``log(w / v)`` in a part of the step."""
    xp = array_namespace(largest)
    start = math.log(_SMALLEST_SPEED)
    width = max(math.log(float(largest)) - start, 1.0) / (_NODES - 1)
    nodes = [math.exp(start + k * width) for k in range(_NODES)]
    v = xp.asarray(nodes, dtype=xp.float64, device=device(largest))
    e = rate_function(v, m=m)
    tilt, _ = tilts_and_speeds(e, m=m)
    found = _tilts(law, m, to_host(e).tolist())
    th, w = (
        xp.asarray(part, dtype=v.dtype, device=device(largest)) for part in zip(*found)
    )
    y = xp.log(w / v)
    # dI/dv is the tilt under the ball law; under the other, its rate times the tilt.
    slope = (tilt * v / (law.rate * th * w) - 1.0) * width
    rise, left, right = y[1:] - y[:-1], slope[:-1], slope[1:]
    cubics = [y[:-1], left, 3 * rise - 2 * left - right, left + right - 2 * rise]
    return start, width, [xp.astype(c, largest.dtype, copy=False) for c in cubics]


def _tilts(law: StepLaw, m: float, rates: list[float]) -> list[tuple[float, float]]:
    """Tilt and speed of increasing rates E, by secants of ``log E`` in ``log tilt``."""
    found = []
    x = math.log(_SMALLEST_TILT)
    rate, _ = _rate_and_speed(law, m, math.exp(x))
    y, slope = math.log(rate), 2.0
    for e in rates:
        goal = math.log(e)
        for _ in range(_SECANTS):
            step = (goal - y) / slope
            # The law grows at most exponentially in the tilt: no step overshoots far.
            step = max(-1.0, min(0.25, step))
            x += step
            rate, speed = _rate_and_speed(law, m, math.exp(x))
            before, y = y, math.log(rate)
            if abs(step) > 1e-9:
                slope = (y - before) / step
            if abs(goal - y) <= 1e-13 * max(1.0, abs(goal)) or abs(step) < 1e-14:
                break
        found.append((math.exp(x), speed))
    return found


def _rate_and_speed(law: StepLaw, m: float, tilt: float) -> tuple[float, float]:
    """E, and the speed in radii per step, at a tilt; no sum here cancels."""
    speed, rate = ball_sums(tilt, m=m)
    p, x = law.returns, tilt * speed - rate  # x = M - 1
    down = 1.0 + x + p
    first, growth = (1.0 + x - p) / down, 2.0 * p * x / down**2  # F / x, x F' - F = ..
    slope = first + growth
    return law.rate * (slope * rate + growth * x), slope * speed
