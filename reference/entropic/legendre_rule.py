"""Nodes and weights of Gauss-Legendre quadrature, by Newton's iteration."""

import functools
import math


@functools.cache
def legendre_rule(n: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Nodes, ascending, and weights of the n-point rule on [-1, 1].

    Parameters
    ----------
    n : int, >= 1

    Returns
    -------
    nodes, weights : tuples of n float
        Exact for polynomials of degree below 2 n, to a few roundings.

    Notes
    -----
    O(n^2) once; later calls are free.
    """
    nodes, weights = [0.0] * n, [0.0] * n
    for i in range((n + 1) // 2):
        x = math.cos(math.pi * (i + 0.75) / (n + 0.5))
        for _ in range(100):
            value, slope = _legendre(n, x)
            step = value / slope
            x -= step
            if abs(step) <= 2.0**-52:
                break
        _, slope = _legendre(n, x)
        weight = 2.0 / ((1.0 - x * x) * slope * slope)
        nodes[n - 1 - i], nodes[i] = x, -x
        weights[n - 1 - i] = weights[i] = weight
    if n % 2:
        nodes[n // 2] = 0.0
    return tuple(nodes), tuple(weights)


def _legendre(n: int, x: float) -> tuple[float, float]:
    """Legendre's polynomial of degree n and its derivative."""
    previous, value = 1.0, x
    for k in range(2, n + 1):
        previous, value = value, ((2 * k - 1) * x * value - (k - 1) * previous) / k
    return value, n * (x * value - previous) / (x * x - 1.0)


@functools.cache
def rule_on(
    n: int, low: float, high: float
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The n-point rule on [low, high]."""
    nodes, weights = legendre_rule(n)
    half, middle = 0.5 * (high - low), 0.5 * (high + low)
    return tuple(middle + half * x for x in nodes), tuple(half * w for w in weights)
