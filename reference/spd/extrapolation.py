"""Integration of smooth ordinary differential equations by extrapolation."""

from __future__ import annotations

from collections.abc import Callable

from geomsci.backends.arrays import Array

SEGMENTS = 4
COLUMNS = (2, 4, 6, 8, 10, 12, 14)


def integrate(velocity: Callable[[float, Array], Array], X: Array) -> Array:
    """``X(1)`` of ``X' = velocity(t, X)`` from ``X(0) = X``.

    Gragg's modified midpoint rule has an error in even powers of the step alone, so
    Neville's scheme on step numbers 2, 4, ..., 14 gains two orders a column (Bulirsch
    and Stoer, Numer. Math. 8 (1966) 1; Hairer, Norsett and Wanner, section II.9): order
    14 on each of the four equal segments, 63 evaluations a segment, no step control.
    """
    length = 1.0 / SEGMENTS
    for segment in range(SEGMENTS):
        X = _extrapolated(velocity, segment * length, length, X)
    return X


def _extrapolated(
    velocity: Callable[[float, Array], Array], t: float, length: float, X: Array
) -> Array:
    row: list[Array] = []
    for k, steps in enumerate(COLUMNS):
        new = [_modified_midpoint(velocity, t, length, X, steps)]
        for j in range(1, k + 1):
            ratio = (steps / COLUMNS[k - j]) ** 2
            new.append(new[j - 1] + (new[j - 1] - row[j - 1]) / (ratio - 1))
        row = new
    return row[-1]


def _modified_midpoint(
    velocity: Callable[[float, Array], Array],
    t: float,
    length: float,
    X: Array,
    steps: int,
) -> Array:
    h = length / steps
    before, now = X, X + h * velocity(t, X)
    for m in range(1, steps):
        before, now = now, before + 2 * h * velocity(t + m * h, now)
    return 0.5 * (before + now + h * velocity(t + length, now))
