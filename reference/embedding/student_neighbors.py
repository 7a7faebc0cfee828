"""Stochastic neighbour embedding with Student tails, for affinities given densely.

    q_ij = w_ij / Z,   w_ij = 1 / (1 + |y_i - y_j|^2),   Z = sum_{i != j} w_ij,
    C(Y) = sum_{i != j} p_ij log(p_ij / q_ij),
    dC / dy_i = 4 sum_j (p_ij - q_ij) w_ij (y_i - y_j).

The affinities p are symmetric, have a zero diagonal and the sum one. C is minimised by
gradient descent with momentum and a gain for every coordinate, p being exaggerated at
first so that clusters form while points can still pass one another.

References
----------
L. van der Maaten and G. Hinton, J. Mach. Learn. Res. 9 (2008) 2579, equations (4),
(5) and section 3.4. R. A. Jacobs, Neural Networks 1 (1988) 295: the gains. A. C.
Belkina et al., Nature Communications 10 (2019) 5415: the learning rate. D. Kobak and
P. Berens, Nature Communications 10 (2019) 5416: the small start.
"""

from __future__ import annotations

from typing import NamedTuple

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.dispatch import run
from geomsci.backends.tiling import map_tiles
from geomsci.reference.embedding.potential import transition_rows

EXAGGERATION = 12.0
N_EXAGGERATED = 250
"""Iterations with exaggerated affinities, at most a quarter of all."""

START = 1e-4
"""Standard deviation of the first coordinate at the start."""

CHECKED_EVERY = 50
"""Iterations between two looks at the gradient."""

SMALLEST_GAIN = 0.01


class StudentInfo(NamedTuple):
    """How a descent ended.

    ``divergence`` is C(Y) of the returned points, ``n_iter`` the number of iterations,
    ``converged`` is True if the gradient fell below its bound before ``max_iter``.
    """

    divergence: float
    n_iter: int
    converged: bool


def heat_affinities(H: Array, u: Array | None) -> Array:
    """``(h_{i|j} + h_{j|i}) / 2n``, ``h_{j|i} = H_ij u_j / sum_{k != i} H_ik u_k``."""
    xp = array_namespace(H)
    n = xp.arange(H.shape[0], dtype=xp.int64, device=device(H))
    same = n[:, None] == n[None, :]
    h = transition_rows(xp.where(same, xp.zeros_like(H), H), u)
    return (h + xp.matrix_transpose(h)) / (2.0 * H.shape[0])


def spectral_start(P: Array, *, n_components: int) -> Array:
    """Leading eigenvectors of the walk of P without the constant one, small.

    They minimise the attraction ``sum p_ij |y_i - y_j|^2`` at a fixed spread, and
    attraction is what early exaggeration follows. The entry of largest modulus of
    every vector is positive. Points without affinities get 0.
    """
    xp = array_namespace(P)
    degrees = xp.sum(P, axis=1)
    linked = degrees > 0
    one = xp.ones_like(degrees)
    s = xp.where(linked, 1.0 / xp.sqrt(xp.where(linked, degrees, one)), 0.0 * one)
    _, vectors = linalg.eigh(P * (s[:, None] * s[None, :]))
    n = P.shape[0]
    Y = xp.flip(vectors[:, n - 1 - n_components : n - 1], axis=1) * s[:, None]
    largest = xp.argmax(xp.abs(Y), axis=0, keepdims=True)
    Y = Y * xp.sign(xp.take_along_axis(Y, largest, axis=0))
    spread = xp.sqrt(xp.mean((Y - xp.mean(Y, axis=0)) ** 2, axis=0))
    return START * Y / xp.where(spread > 0, spread, xp.ones_like(spread))[None, :]


def _weights(part: Array, own: Array, Y: Array) -> Array:
    """``w_ij`` of some points, those numbered ``own``, with all; ``w_ii = 0``.

    From differences, and without the point itself: its 1 would swallow a sum over
    points that are far away.
    """
    xp = array_namespace(Y)
    square = 1.0 + (part[:, 0:1] - Y[:, 0][None, :]) ** 2
    for c in range(1, Y.shape[1]):
        square = square + (part[:, c : c + 1] - Y[:, c][None, :]) ** 2
    w = 1.0 / square
    return xp.where(own[:, None] == _numbers(Y)[None, :], xp.zeros_like(w), w)


def _numbers(Y: Array) -> Array:
    xp = array_namespace(Y)
    return xp.arange(Y.shape[0], dtype=xp.int64, device=device(Y))


def student_gradient(P: Array, Y: Array) -> Array:
    """``dC / dY``; P may have any sum. O(n^2), in tiles."""
    xp, k = array_namespace(P), Y.shape[1]
    columns = xp.concat(
        [Y, xp.ones((Y.shape[0], 1), dtype=Y.dtype, device=device(Y))], axis=1
    )

    def rows(p: Array, y: Array, own: Array) -> Array:
        w = _weights(y, own, Y)
        return xp.concat([(p * w) @ columns, (w * w) @ columns, w @ columns], axis=1)

    found = map_tiles(rows, P, Y, _numbers(Y), bytes_per_item=5 * P.shape[0] * 8)
    Z = xp.sum(found[:, -1])
    pull = found[:, k : k + 1] * Y - found[:, :k]
    push = found[:, 2 * k + 1 : 2 * k + 2] * Y - found[:, k + 1 : 2 * k + 1]
    return 4.0 * (pull - push / Z)


def student_divergence(P: Array, Y: Array) -> Array:
    """``sum p log(p / q)``, a 0-d array; the sum of P is one. O(n^2), in tiles."""
    xp = array_namespace(P)

    def rows(p: Array, y: Array, own: Array) -> Array:
        w = _weights(y, own, Y)
        some = p > 0
        one = xp.ones_like(p)
        logs = xp.log(xp.where(some, p, one)) - xp.log(xp.where(some, w, one))
        return xp.stack([xp.sum(p * logs, axis=1), xp.sum(w, axis=1)], axis=1)

    found = map_tiles(rows, P, Y, _numbers(Y), bytes_per_item=6 * P.shape[0] * 8)
    return xp.sum(found[:, 0]) + xp.log(xp.sum(found[:, 1]))


class _State(NamedTuple):
    """Points, their last step, and the gain of every coordinate."""

    Y: Array
    step: Array
    gains: Array


def _at_rest(Y: Array) -> _State:
    xp = array_namespace(Y)
    return _State(Y, xp.zeros_like(Y), xp.ones_like(Y))


def _size(Y: Array) -> float:
    xp = array_namespace(Y)
    return float(xp.max(xp.abs(Y - xp.mean(Y, axis=0, keepdims=True))))


def _descend(
    P: Array, state: _State, n_steps: int, rate: float, momentum: float
) -> _State:
    """Some steps of gradient descent with momentum and gains."""
    xp = array_namespace(P)
    Y, step, gains = state
    for _ in range(n_steps):
        grad = run("embedding.student_gradient", P, Y)
        uphill = grad * step > 0.0
        gains = xp.where(uphill, 0.8 * gains, gains + 0.2)
        gains = xp.maximum(gains, xp.full_like(gains, SMALLEST_GAIN))
        step = momentum * step - rate * gains * grad
        Y = Y + step
    return _State(Y, step, gains)


def student_embedding(
    P: Array, Y: Array, *, max_iter: int, min_grad_norm: float
) -> tuple[Array, StudentInfo]:
    """Descend from Y until the norm of the gradient is ``min_grad_norm``.

    Gains grow without bound along a valley and then throw the points out of it. So
    every `CHECKED_EVERY` iterations the divergence is compared with the last one; if it
    rose, the descent goes back there, at rest and at half the rate.
    """
    xp, n = array_namespace(P), P.shape[0]
    # The curvature of the pull is 4 sum_j p_ij, about 4 / n.
    rate, n_iter = n / 4.0, min(N_EXAGGERATED, max_iter // 4)
    early = rate / EXAGGERATION
    state = _descend(EXAGGERATION * P, _at_rest(Y), n_iter, early, 0.5)
    if _size(state.Y) < min(START, _size(Y)):
        # No cluster held against the exaggeration: it drew all points together.
        state = _at_rest(Y)
    state, converged = _at_rest(state.Y), False
    best, value = state, float(run("embedding.student_divergence", P, state.Y))
    while n_iter < max_iter and not converged:
        n_steps = min(CHECKED_EVERY, max_iter - n_iter)
        state = _descend(P, state, n_steps, rate, 0.8)
        n_iter += n_steps
        reached = float(run("embedding.student_divergence", P, state.Y))
        if reached <= value:  # False for NaN
            best, value = state, reached
        else:
            state, rate = _at_rest(best.Y), 0.5 * rate
        grad = run("embedding.student_gradient", P, best.Y)
        converged = float(xp.sum(grad * grad)) <= min_grad_norm**2
    Y = best.Y - xp.mean(best.Y, axis=0, keepdims=True)
    return Y, StudentInfo(value, n_iter, converged)
