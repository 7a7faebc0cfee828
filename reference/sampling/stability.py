"""Stability of weighted least squares: the Gram matrix and how many points it needs.

``G = (1/n) sum_i w_i phi(x_i) phi(x_i)^T`` decides the error: ``||f - fhat||^2 <=
||g||^2 + ||g||_n^2 / lambda_min(G)``, with g the part of f outside the span. Two events
are called stability, and they differ much for small n:

* ``"lambda_min"``: ``lambda_min(G) >= 1 - delta``, all that least squares needs;
* ``"spectral"``: ``||G - I||_2 <= delta``, which also bounds the largest eigenvalue.
"""

from __future__ import annotations

import math

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace

CRITERIA = ("lambda_min", "spectral")
KINDS = ("two-sided", "one-sided")


def gram(Phi: Array, w: Array) -> Array:
    """Compute ``G = (1/n) sum_i w_i phi_i phi_i^T`` of designs ``(..., n, m)``.

    The sum is taken as ``A^T A`` with ``A = sqrt(w) Phi``, so G is symmetric and
    positive semidefinite in floating point too. O(n m^2).
    """
    xp = array_namespace(Phi, w)
    A = xp.sqrt(w)[..., None] * Phi
    return xp.matrix_transpose(A) @ A / A.shape[-2]


def lambda_min(G: Array) -> Array:
    """Smallest eigenvalue of Gram matrices ``(..., m, m)``."""
    return linalg.eigvalsh(G)[..., 0]


def spectral_distance(G: Array) -> Array:
    """``||G - I||_2`` of Gram matrices ``(..., m, m)``."""
    xp = array_namespace(G)
    eigenvalues = linalg.eigvalsh(G)
    return xp.maximum(1 - eigenvalues[..., 0], eigenvalues[..., -1] - 1)


def instability(G: Array, *, criterion: str) -> Array:
    """Smallest delta for which the stability event of ``criterion`` holds.

    ``1 - lambda_min(G)`` or ``||G - I||_2``: the event is ``instability <= delta``,
    and of several designs the one with the smallest value is the most stable.
    """
    return 1 - lambda_min(G) if criterion == "lambda_min" else spectral_distance(G)


def chernoff_rate(delta: float, kind: str) -> float:
    """Rate d in ``P(unstable) <= c m exp(-n d / m)`` for independent optimal points.

    ``d = (1 + delta) log(1 + delta) - delta`` for ``||G - I|| > delta`` (c = 2), and
    ``d = delta + (1 - delta) log(1 - delta)`` for ``lambda_min < 1 - delta`` (c = 1).
    """
    if kind == "two-sided":
        return (1 + delta) * math.log1p(delta) - delta
    return delta + (1 - delta) * math.log1p(-delta)


def required_sample_size(m: int, delta: float, eta: float, *, kind: str) -> int:
    """Smallest n with ``c m exp(-n d / m) <= eta``, see `chernoff_rate`.

    ``n = m log(c m / eta) / d``: matrix Chernoff bound, for which every term
    ``w phi phi^T`` has the norm m exactly.
    """
    sides = 2 if kind == "two-sided" else 1
    return math.ceil(m * math.log(sides * m / eta) / chernoff_rate(delta, kind))
