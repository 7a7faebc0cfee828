"""Heat kernels of small graphs to the last digit, and rate functions.

Closed forms with 60 digits where there are any: sums of Bessel functions on cycles and
paths (by reflection), two exponentials on stars and complete graphs. Else the series of
``exp(-t L)`` shifted to non-negative terms, in integers of 500 bits after the point,
which takes the entries of ``L`` as the exact numbers that they are.
"""

from __future__ import annotations

import functools
import math
from fractions import Fraction
from typing import Any

import numpy as np

from geomsci.validation.cases.spd_oracles import optional

DIGITS = 60
BITS = 500

KARATE: dict[int, tuple[int, ...]] = {
    1: (2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 18, 20, 22, 32),
    2: (3, 4, 8, 14, 18, 20, 22, 31),
    3: (4, 8, 9, 10, 14, 28, 29, 33),
    4: (8, 13, 14),
    5: (7, 11),
    6: (7, 11, 17),
    7: (17,),
    9: (31, 33, 34),
    10: (34,),
    14: (34,),
    15: (33, 34),
    16: (33, 34),
    19: (33, 34),
    20: (34,),
    21: (33, 34),
    23: (33, 34),
    24: (26, 28, 30, 33, 34),
    25: (26, 28, 32),
    26: (32,),
    27: (30, 34),
    28: (34,),
    29: (32, 34),
    30: (33, 34),
    31: (33, 34),
    32: (33, 34),
    33: (34,),
}
"""Zachary's karate club, vertices from 1, each edge once at its smaller end."""


def adjacency(graph: str, n: int) -> np.ndarray:
    """Adjacency matrix of ``path``, ``cycle``, ``star``, ``complete`` or ``karate``."""
    W = np.zeros((n, n))
    if graph == "karate":
        for i, others in KARATE.items():
            W[i - 1, np.asarray(others) - 1] = 1.0
    elif graph == "star":
        W[0, 1:] = 1.0
    elif graph == "complete":
        W = np.triu(np.ones((n, n)), 1)
    else:
        W += np.eye(n, k=1)
        if graph == "cycle":
            W[0, n - 1] = 1.0
    return W + W.T


def laplacian(W: np.ndarray, kind: str) -> np.ndarray:
    """``D - W``, or ``I - D^-1/2 W D^-1/2``."""
    degrees = W.sum(axis=1)
    if kind == "combinatorial":
        return np.diag(degrees) - W
    root = np.sqrt(degrees)
    return np.eye(len(W)) - W / np.outer(root, root)


def hop_diameter(W: np.ndarray) -> int:
    """Number of edges between the two vertices that are farthest apart."""
    reached, hops = np.eye(len(W)) + W > 0, 1
    while not reached.all():
        reached, hops = reached @ (np.eye(len(W)) + W) > 0, hops + 1
    return hops


def closed_form(graph: str, n: int, t: float) -> np.ndarray:
    """Heat kernel of the combinatorial Laplacian, all but ``karate``."""
    mpmath = optional("mpmath", "mpmath")
    with mpmath.workdps(DIGITS):
        s = mpmath.mpf(t)
        if graph in ("path", "cycle"):
            return _from_bessel(mpmath, graph, n, s)
        if graph == "complete":
            return _two_values(n, (1 + (n - 1) * mpmath.exp(-n * s)) / n,
                               -mpmath.expm1(-n * s) / n)  # fmt: skip
        # Star: eigenvalues 0, 1 (n - 2 times) and n.
        slow, fast = mpmath.exp(-s), mpmath.exp(-n * s)
        leaf = mpmath.mpf(1) / n - slow / (n - 1) + fast / (n * (n - 1))
        H = _two_values(n, slow + leaf, leaf)
        H[0, :] = H[:, 0] = float((1 - fast) / n)
        H[0, 0] = float((1 + (n - 1) * fast) / n)
        return H


def _two_values(n: int, diagonal: Any, other: Any) -> np.ndarray:
    H = np.full((n, n), float(other))
    np.fill_diagonal(H, float(diagonal))
    return H


def _from_bessel(mpmath: Any, graph: str, n: int, s: Any) -> np.ndarray:
    """``exp(-2 s) sum I_k(2 s)`` over the images of the starting vertex."""
    period = n if graph == "cycle" else 2 * n
    line = [mpmath.exp(-2 * s) * mpmath.besseli(k, 2 * s) for k in range(3 * period)]
    # The longer the time, the farther images are seen.
    while line[-1] > line[period] * mpmath.mpf(10) ** -DIGITS:
        line.append(mpmath.exp(-2 * s) * mpmath.besseli(len(line), 2 * s))
    last = len(line) // period * period

    def around(k: int) -> Any:
        images = range(-last - period, last + 1, period)
        return sum(line[abs(k + m)] for m in images if abs(k + m) < len(line))

    ring = [around(k) for k in range(period)]
    H = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            value = ring[abs(i - j)]
            if graph == "path":
                value = value + ring[i + j + 1]
            H[i, j] = float(value)
    return H


def _fixed(x: float) -> int:
    """x times 2^BITS as an integer; the bits of a double beyond that are lost."""
    return int(Fraction(float(x)) * 2**BITS)


def series(L: np.ndarray, t: float) -> np.ndarray:
    """``exp(-t L)``, the dense sum of non-negative integers."""
    mpmath = optional("mpmath", "mpmath")
    n = len(L)
    q = Fraction(float(np.max(np.diag(L))))
    shifted = [
        [int(((q if i == j else 0) - Fraction(float(L[i, j]))) * 2**BITS)
         for j in range(n)] for i in range(n)
    ]  # fmt: skip
    P = np.asarray(shifted, dtype=object)
    T = _fixed(t)
    term: Any = np.asarray([[2**BITS * (i == j) for j in range(n)] for i in range(n)],
                      dtype=object)  # fmt: skip
    total, k = term, 0
    while np.any(term) and k < 10_000:
        k += 1
        term = ((term @ P >> BITS) * T >> BITS) // k
        total = total + term
    with mpmath.workdps(DIGITS):
        scale = mpmath.exp(-mpmath.mpf(t) * mpmath.mpf(q.numerator) / q.denominator)
        scale = mpmath.ldexp(scale, -BITS)
        return np.asarray([[float(scale * mpmath.mpf(int(x))) for x in row]
                           for row in total])  # fmt: skip


@functools.lru_cache(maxsize=16)
def exact_kernel(graph: str, n: int, kind: str, t: float) -> np.ndarray:
    """Heat kernel of a named graph, each entry rounded once."""
    if kind == "combinatorial" and graph != "karate":
        return closed_form(graph, n, t)
    return series(laplacian(adjacency(graph, n), kind), t)


def largest_relative_error(found: np.ndarray, exact: np.ndarray) -> float:
    """Of all entries; infinite if one is not finite."""
    ratio = np.abs(found - exact) / exact
    return float(np.max(ratio)) if np.all(np.isfinite(ratio)) else math.inf


def precise_rate(m: float, v: float) -> float:
    """``sup_th (th v - Lambda_m(th))`` with 60 digits, see `rate_function`."""
    mpmath = optional("mpmath", "mpmath")
    with mpmath.workdps(DIGITS):
        x = mpmath.mpf(v)
        if m == 0:
            return float(x * mpmath.asinh(x) - mpmath.sqrt(1 + x * x) + 1)
        half = mpmath.mpf(m) / 2

        def moment(th: Any, order: Any) -> Any:
            scale = mpmath.gamma(half + 1) * (2 / th) ** half
            return scale * mpmath.besseli(order, th)

        def excess(th: Any) -> Any:
            return mpmath.log(moment(th, half + 1)) - mpmath.log(x)

        low, high = mpmath.mpf(10) ** -30, mpmath.mpf(10) ** 4
        for _ in range(400):  # bisection in the logarithm: nothing to go wrong
            middle = mpmath.sqrt(low * high)
            low, high = (middle, high) if excess(middle) < 0 else (low, middle)
        return float(low * x - moment(low, half) + 1)


def pearson_by_row(D: np.ndarray, G: np.ndarray) -> float:
    """Mean over rows of the correlation of two matrices of distances."""
    a = D - D.mean(axis=1, keepdims=True)
    b = G - G.mean(axis=1, keepdims=True)
    norms = np.sqrt(np.sum(a * a, axis=1) * np.sum(b * b, axis=1))
    return float(np.mean(np.sum(a * b, axis=1) / norms))


def pairs(D: np.ndarray) -> np.ndarray:
    """Distances of all pairs, each once."""
    return D[np.triu_indices(len(D), 1)]
