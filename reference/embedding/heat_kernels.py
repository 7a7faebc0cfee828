"""Heat kernels ``H_t = exp(-t L)`` of graphs.

Distances are read off the logarithm of ``H_t``, so every entry must be right, the
smallest ones too: methods with a small *absolute* error (Chebyshev, eigenvectors, Pade)
lose all digits of the entries between distant vertices. Uniformisation adds and
multiplies non-negative numbers only and loses none.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace

METHODS = ("uniformization", "chebyshev", "euler", "eigh")

EULER_STEPS = 30
"""Implicit steps of the Euler method, as published."""

_SMALLEST_ENTRY = 1e-290  # entries above it have the full accuracy
_JUMPS_PER_BIN = 12.0  # costs as much as 3 to 24; fewer squarings round less
_LARGEST_JUMPS = 500.0  # exp(-z) and all Poisson weights are normal numbers up to here
_CHECKED_EVERY = 4  # terms between two looks at the stopping rule


def identity_like(L: Array) -> Array:
    """Identity of the size, dtype and device of ``L``."""
    xp = array_namespace(L)
    return xp.eye(L.shape[0], dtype=L.dtype, device=L.device)


def jump_rate(L: Array) -> float:
    """Rate ``q = max_i L_ii`` of the uniformised walk."""
    xp = array_namespace(L)
    return float(xp.max(xp.linalg.diagonal(L)))


def uniformised_walk(L: Array, q: float) -> Array:
    """``P = I - L / q >= 0``, every entry to a few units in the last place.

    The diagonal is ``(q - L_ii) / q``: the difference of two given numbers is rounded
    once, whereas ``1 - L_ii / q`` would double the error where ``L_ii`` is near q.
    """
    xp = array_namespace(L)
    shifted = q * identity_like(L) - L
    return xp.maximum(shifted, xp.zeros_like(shifted)) / q


def sparse_walk(L: Any, q: float) -> Any:
    """`uniformised_walk` of a CSR matrix, every diagonal entry stored."""
    xp = array_namespace(L.data)
    diagonal = L.diagonal()
    P = -L
    P.data = xp.maximum(P.data, xp.zeros_like(P.data))
    P.setdiag(q - diagonal)
    return P.tocsr() / q


def _small(xp: Any, term: Array, before: Array, H: Array, tol: float) -> bool:
    """Two terms in a row are below ``tol`` times every entry of the sum.

    One term is not enough: on a bipartite graph every second term of an entry is 0.
    An entry reached for the first time equals its term, so the sum cannot stop before
    the hop diameter; entries of other components are 0 on both sides.
    """
    return bool(xp.all(term + before <= tol * H))


def poisson_sum(P: Any, B: Array, z: float, tol: float) -> Array:
    """``e^{-z} sum_k z^k / k! P^k B`` for ``P >= 0`` and ``B >= 0``.

    ``P`` is any matrix with the operator ``@``, dense or sparse. The powers are kept
    apart from their weights, so that nothing underflows before the product does.
    """
    xp = array_namespace(B)
    weight = math.exp(-z)
    power, H = B, weight * B
    before, k = H, 0
    while True:
        k += 1
        weight *= z / k
        power = P @ power
        term = weight * power
        H = H + term
        if k > z and k % _CHECKED_EVERY == 0 and _small(xp, term, before, H, tol):
            return H
        before = term


def _chernoff_quantile(mean: float, log_tail: float) -> int:
    """Smallest k past the mean with ``mean - k + k log(k / mean) >= log_tail``.

    Then a Poisson or binomial variable of that mean reaches k with a probability of at
    most ``exp(-log_tail)`` (Chernoff).
    """
    low, high = math.ceil(mean), math.ceil(mean) + 1
    while mean - high + high * math.log(high / mean) < log_tail:
        low, high = high, 2 * high
    while high - low > 1:
        k = (low + high) // 2
        if mean - k + k * math.log(k / mean) < log_tail:
            low = k
        else:
            high = k
    return high


def squaring_plan(
    z: float,
    rtol: float,
    *,
    smallest: float = _SMALLEST_ENTRY,
    cost: Callable[[int], float] | None = None,
) -> tuple[int, int]:
    """Number s of squarings and degree K of the polynomial at ``z / 2^s`` jumps.

    The power of the truncated sum, ``(sum_{k <= K} w_k P^k)^{2^s}``, misses from the
    coefficient of ``P^j`` the share of ways to put j jumps into ``2^s`` bins with more
    than K in one: at most ``2^s Prob(Bin(j, 2^-s) > K)``. And as the entries of ``P^j``
    are at most 1, more than J jumps matter for no entry of H above ``smallest`` if
    ``Prob(Poisson(z) > J) <= smallest rtol / 4``. So K is large enough for every such
    entry if the share is below ``rtol / 4`` at ``j = J``, whatever the hop diameter.

    ``cost(K)`` is that of a polynomial in units of a squaring: s is the cheapest. By
    default the polynomial is dense, about 12 jumps a bin.
    """
    log_rtol = -math.log(rtol / 4)
    J = _chernoff_quantile(z, log_rtol - math.log(smallest))

    def degree(s: int) -> int:
        return _chernoff_quantile(J / 2.0**s, log_rtol + s * math.log(2))

    most = max(0, math.ceil(math.log2(J / _JUMPS_PER_BIN)))
    if cost is None:
        return most, degree(most)
    # The weights of more jumps would underflow.
    least = max(0, math.ceil(math.log2(z / _LARGEST_JUMPS)))
    s = min(range(least, max(least, most) + 1), key=lambda s: s + cost(degree(s)))
    return s, degree(s)


def poisson_weights(z: float, degree: int) -> list[float]:
    """``e^{-z} z^k / k!`` for k up to the degree."""
    weights = [math.exp(-z)]
    for k in range(1, degree + 1):
        weights.append(weights[-1] * z / k)
    return weights


def nonnegative_polynomial(P: Array, weights: list[float]) -> Array:
    """``sum_k w_k P^k`` by blocks of about ``sqrt(K)`` powers (Paterson, Stockmeyer).

    ``2 sqrt(K)`` products instead of K, and still sums of non-negative terms only.
    """
    block = max(1, math.isqrt(len(weights)))
    powers = [identity_like(P), P]
    while len(powers) <= block:
        powers.append(powers[-1] @ P)
    H = None
    for start in range((len(weights) - 1) // block * block, -1, -block):
        part = weights[start] * powers[0]
        for w, power in zip(
            weights[start + 1 : start + block], powers[1:], strict=False
        ):
            part = part + w * power
        H = part if H is None else H @ powers[block] + part
    return H


def dense_uniformization(L: Array, t: float, rtol: float) -> Array:
    """``exp(-t L)`` at ``t / 2^s``, squared s times: ``H_2t = H_t H_t``.

    Entries that are 0 at the short time, being too many hops away, are filled by the
    squarings; see `squaring_plan`. A squaring doubles the relative error, so rounding
    counts ``2^s``, which is of the order of the condition number ``t q``.
    """
    xp = array_namespace(L)
    q = jump_rate(L)
    if q == 0:
        return identity_like(L)
    s, degree = squaring_plan(t * q, rtol)
    weights = poisson_weights(t * q / 2.0**s, degree)
    H = nonnegative_polynomial(uniformised_walk(L, q), weights)
    H = (H + xp.matrix_transpose(H)) / 2
    for _ in range(s):
        H = squared(H)
    return H


def squared(H: Array) -> Array:
    """``H_2t = H_t H_t`` of a symmetric kernel, exactly symmetric.

    Non-negative terms only: the relative error of an entry at most doubles.
    """
    return linalg.gram(H)


def smallest_entry(P: Any, q: float, t: float, root: int) -> float:
    """Lower bound of all entries of ``exp(-t L)``, at least 1e-290.

    ``H_ij = sum_v (H_{t/2})_iv (H_{t/2})_vj`` is at least its term of any one vertex v,
    hence at least the square of the smallest entry of one column of ``H_{t/2}``. Near
    the truth in the logarithm for a vertex in the middle. The default bound serves
    where an entry is 0.
    """
    xp = array_namespace(P.data)
    start = xp.zeros((P.shape[0], 1), dtype=P.data.dtype)
    start[root, 0] = 1.0
    # A sum cut short of non-negative terms is below the true one.
    column = applied_uniformization(P, q, t / 2, start, 1e-2)
    return max(_SMALLEST_ENTRY, 0.99 * float(xp.min(column)) ** 2)


def applied_uniformization(P: Any, q: float, t: float, B: Array, rtol: float) -> Array:
    """``exp(-t L) B`` for a dense or sparse walk ``P = I - L / q``.

    Each column of mixed sign is the difference of two non-negative ones. Long times are
    cut into steps of at most 500 jumps.
    """
    xp = array_namespace(B)
    if q == 0:
        return xp.asarray(B, copy=True)
    if bool(xp.any(B < 0)):
        zero = xp.zeros_like(B)
        signed = xp.concat([xp.maximum(B, zero), xp.maximum(-B, zero)], axis=1)
        H = applied_uniformization(P, q, t, signed, rtol)
        return H[:, : B.shape[1]] - H[:, B.shape[1] :]
    steps = max(1, math.ceil(t * q / _LARGEST_JUMPS))
    for _ in range(steps):
        B = poisson_sum(P, B, t * q / steps, rtol / (4 * steps))
    return B


def spectral_bound(L: Any, x: Array, q: float, n_iter: int = 20) -> float:
    """Upper bound of the largest eigenvalue of L, never below it.

    For the non-negative matrix ``M = 2 q I - L`` and any ``x > 0``, ``max_i (M x)_i /
    x_i`` is at least its spectral radius (Collatz and Wielandt), which bounds ``q +
    rho(q I - L) >= lambda_max``. Power steps sharpen it; at the first, with ``x = 1``,
    it is the largest absolute row sum.
    """
    xp = array_namespace(x)
    if q == 0:
        return 0.0
    best = math.inf
    for _ in range(n_iter):
        y = 2 * q * x - L @ x
        best = min(best, float(xp.max(y / x)))
        x = y / xp.max(y)
    # The rounding of the products must not push the bound below the eigenvalue.
    return best * (1 + 1e-12)


def scaled_bessel(z: float, rtol: float) -> list[float]:
    """``e^{-z} I_k(z)`` for k = 0 to K, where ``sum_{k > K} 2 e^{-z} I_k(z) <= rtol``.

    Miller's backward recurrence ``I_{k-1} = I_{k+1} + (2 k / z) I_k``, scaled by
    ``I_0 + 2 sum_k I_k = e^z``: all terms are positive, so nothing cancels.
    """
    start = math.ceil(z + 12 * math.sqrt(z) + 60)
    values = [0.0] * (start + 2)
    values[start] = 1e-300
    for k in range(start, 0, -1):
        values[k - 1] = values[k + 1] + 2 * k / z * values[k]
        if values[k - 1] > 1e250:
            values[k - 1 :] = [v * 1e-250 for v in values[k - 1 :]]
    total = values[0] + 2 * math.fsum(values[1:])
    values = [v / total for v in values]
    tail, K = 0.0, len(values) - 1
    while K > 0 and tail + 2 * values[K] <= rtol:
        tail += 2 * values[K]
        K -= 1
    return values[: K + 1]


def chebyshev(L: Any, t: float, B: Array, bound: float, rtol: float) -> Array:
    """``exp(-t L) B`` by Chebyshev polynomials on ``[0, bound]``.

    With ``phi = bound / 2`` and ``z = t phi``: ``sum_k c_k T_k(L / phi - I) B``, where
    ``c_k = 2 (-1)^k e^{-z} I_k(z)`` and ``c_0`` is halved. The order makes the true
    uniform error ``sum_{k > K} |c_k|`` at most ``rtol``: an absolute error.
    """
    if bound == 0:
        return 1.0 * B
    phi = bound / 2
    bessel = scaled_bessel(t * phi, rtol)

    def shifted(V: Array) -> Array:
        return (L @ V) / phi - V

    before, T = B, shifted(B)
    H = bessel[0] * B
    for k in range(1, len(bessel)):
        H = H + (2 * bessel[k] * (-1) ** k) * T
        before, T = T, 2 * shifted(T) - before
    return H


def euler(L: Array, t: float, B: Array) -> Array:
    """``(I + (t / K) L)^{-K} B`` with K = 30: the implicit Euler method."""
    identity = identity_like(L)
    step = linalg.solve(identity + (t / EULER_STEPS) * L, identity)
    for _ in range(EULER_STEPS):
        B = step @ B
    return B


def spectral(L: Array, t: float, B: Array) -> Array:
    """``U exp(-t Lambda) U^T B`` from the eigenvectors of L."""
    xp = array_namespace(L)
    eigenvalues, U = linalg.eigh(L)
    decay = xp.exp(-t * eigenvalues)[:, None]
    return U @ (decay * (xp.matrix_transpose(U) @ B))


def heat_kernel(
    L: Array, rhs: Array | None, t: float, *, method: str, rtol: float
) -> Array:
    """``exp(-t L)``, symmetric, or ``exp(-t L) rhs``; L dense or CSR."""
    if hasattr(L, "tocsr"):
        if rhs is not None:
            return _sparse_product(L, rhs, t, method, rtol)
        L = L.toarray()
    xp = array_namespace(L)
    if method == "uniformization":
        if rhs is None:
            return dense_uniformization(L, t, rtol)
        q = jump_rate(L)
        P = uniformised_walk(L, q) if q > 0 else L
        return applied_uniformization(P, q, t, rhs, rtol)
    B = identity_like(L) if rhs is None else rhs
    if method == "chebyshev":
        ones = xp.ones((L.shape[0],), dtype=L.dtype, device=L.device)
        H = chebyshev(L, t, B, spectral_bound(L, ones, jump_rate(L)), rtol)
    else:
        H = euler(L, t, B) if method == "euler" else spectral(L, t, B)
    return (H + xp.matrix_transpose(H)) / 2 if rhs is None else H


def _sparse_product(L: Any, rhs: Array, t: float, method: str, rtol: float) -> Array:
    """``exp(-t L) rhs`` for a sparse L: L and P stay sparse."""
    xp = array_namespace(rhs)
    q = float(L.diagonal().max())
    if method == "uniformization":
        P = sparse_walk(L, q) if q > 0 else L
        return applied_uniformization(P, q, t, rhs, rtol)
    ones = xp.ones((L.shape[0],), dtype=rhs.dtype)
    return chebyshev(L, t, rhs, spectral_bound(L, ones, q), rtol)
