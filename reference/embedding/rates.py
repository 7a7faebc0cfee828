"""Large-deviation rates of graph walks: what ``-log H_t / t`` tends to.

A walk of rate 1 whose steps are uniform in the m-dimensional unit ball has the cumulant
function ``Lambda_m(th) = Gamma(m/2 + 1) (2/th)^{m/2} I_{m/2}(th) - 1`` and the rate
``I_m(v) = sup_th (th v - Lambda_m(th))``. As a power series,

    ``Lambda_m(th) = sum_{k >= 1} c_k``, ``c_k = (th^2 / 4)^k / (k! (a)_k)``,

with ``a = m/2 + 1``; the walk with steps +1 and -1, ``Lambda_0 = cosh th - 1``, is the
same series with ``a = 1/2``. All terms are positive, and so are those of

    ``v = Lambda' = sum 2 k c_k / th``, ``I = th v - Lambda = sum (2 k - 1) c_k``,

so neither cancels for any th, where the difference ``th v - Lambda`` would.
"""

from __future__ import annotations

import bisect
import functools
import math
from collections.abc import Callable
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace
from geomsci.backends.tiling import map_tiles

LARGEST = 1e100
"""Largest speed and largest rate: the series stay far from overflow."""

_NODES = 256
_SMALLEST_TILT = 1e-3  # below it the leading term is a start good to 1e-6
_NEWTON_STEPS = 4  # error of log th: 3e-4, 5e-8, 1e-15, and one to spare


class RateLaw(NamedTuple):
    """One rate law: its parameter a and a table that starts Newton's method."""

    a: float
    log_tilts: list[float]
    log_speeds: list[float]  # log Lambda'(th), increasing
    log_rates: list[float]  # log I, increasing


def _n_terms(a: float, tilt: float) -> int:
    """Number of terms after which the series is exact to the last place.

    Only terms past the largest are looked at; the sums weigh them by at most ``4 k^2``.
    """
    x, k, c, total = tilt**2 / 4, 0, 1.0, 0.0
    while True:
        k += 1
        c *= x / (k * (a + k - 1))
        total += c
        # A ratio below 1/2 bounds the rest by the last term.
        if k * (a + k - 1) > 2 * x and 4 * k * k * c < 1e-17 * total:
            return k


def _host_sums(a: float, tilt: float) -> tuple[float, float]:
    """``Lambda'`` and I of one number."""
    x, c, first, rate = tilt**2 / 4, 1.0, 0.0, 0.0
    for k in range(1, _n_terms(a, tilt) + 1):
        c *= x / (k * (a + k - 1))
        first += 2 * k * c
        rate += (2 * k - 1) * c
    return first / tilt, rate


@functools.lru_cache(maxsize=64)
def rate_law(m: float) -> RateLaw:
    """The law of steps in an m-dimensional ball; m = 0 is the walk of +1 and -1."""
    a = 0.5 if m == 0 else m / 2 + 1
    top = 1.0
    while min(_host_sums(a, top)) < LARGEST:
        top *= 1.25
    low = math.log(_SMALLEST_TILT * math.sqrt(a))
    step = (math.log(top) - low) / (_NODES - 1)
    log_tilts = [low + i * step for i in range(_NODES)]
    sums = [_host_sums(a, math.exp(x)) for x in log_tilts]
    return RateLaw(
        a, log_tilts, [math.log(v) for v, _ in sums], [math.log(e) for _, e in sums]
    )


def _sums(tilt: Array, a: float, n_terms: int) -> tuple[Array, Array, Array]:
    """``th Lambda'``, I and ``th^2 Lambda''`` of arrays, by the series."""
    x = tilt * tilt / 4
    c = x / a
    first, rate, second = 2 * c, c, 2 * c
    for k in range(2, n_terms + 1):
        c = c * x / (k * (a + k - 1))
        first = first + 2 * k * c
        rate = rate + (2 * k - 1) * c
        second = second + 2 * k * (2 * k - 1) * c
    return first, rate, second


def _start(law: RateLaw, log_values: list[float], target: Array, small: Array) -> Array:
    """First guess of ``log th``: linear in the table, the leading term below it."""
    xp = array_namespace(target)
    dtype, place = target.dtype, target.device
    nodes = xp.asarray(log_values, dtype=dtype, device=place)
    tilts = xp.asarray(law.log_tilts, dtype=dtype, device=place)
    y = xp.log(target)
    i = xp.searchsorted(nodes, y)
    i = xp.clip(i, 1, len(log_values) - 1)
    left, right = xp.take(nodes, i - 1), xp.take(nodes, i)
    low, high = xp.take(tilts, i - 1), xp.take(tilts, i)
    inside = low + (high - low) * (y - left) / (right - left)
    return xp.where(y < log_values[0], xp.log(small), inside)


def _terms_up_to(law: RateLaw, log_values: list[float], largest: float) -> int:
    """Length of the series for all targets up to ``largest``."""
    i = bisect.bisect_left(log_values, math.log(max(largest, 1e-300)))
    # One node further, because Newton's method may pass through larger tilts.
    return _n_terms(law.a, math.exp(law.log_tilts[min(i + 1, _NODES - 1)]))


def _tilts_of_rates(e: Array, law: RateLaw, n_terms: int) -> Array:
    """Tilt th with ``I = e``, by Newton's method for ``log I`` in ``log th``."""
    xp = array_namespace(e)
    log_tilt = _start(law, law.log_rates, e, xp.sqrt(4 * law.a * e))
    for _ in range(_NEWTON_STEPS):
        _, rate, second = _sums(xp.exp(log_tilt), law.a, n_terms)
        log_tilt = log_tilt - xp.log(rate / e) * rate / second
    return xp.exp(log_tilt)


def _tilts_of_speeds(v: Array, law: RateLaw, n_terms: int) -> Array:
    """Tilt th with ``Lambda' = v``, by Newton's method for ``log v`` in ``log th``."""
    xp = array_namespace(v)
    log_tilt = _start(law, law.log_speeds, v, 2 * law.a * v)
    for _ in range(_NEWTON_STEPS):
        tilt = xp.exp(log_tilt)
        first, _, second = _sums(tilt, law.a, n_terms)
        # d log Lambda' / d log th = th^2 Lambda'' / (th Lambda').
        log_tilt = log_tilt - xp.log(first / (tilt * v)) * first / second
    return xp.exp(log_tilt)


def _map_positive(x: Array, function: Callable[[Array], Array]) -> Array:
    """``function`` of the positive entries in float64; 0 stays 0."""
    xp = array_namespace(x)
    flat = xp.reshape(xp.astype(x, xp.float64), (-1,))

    def work(part: Array) -> Array:
        positive = part > 0
        values = function(xp.where(positive, part, xp.ones_like(part)))
        return xp.where(positive, values, xp.zeros_like(part))

    result = map_tiles(work, flat, bytes_per_item=96)
    return xp.astype(xp.reshape(result, x.shape), x.dtype)


def rate_function(v: Array, *, m: float) -> Array:
    """``I_m(v)`` of speeds ``0 <= v <= 1e100``, to a few units in the last place."""
    if math.prod(v.shape) == 0:
        return v
    xp = array_namespace(v)
    law = rate_law(m)
    n_terms = _terms_up_to(law, law.log_speeds, float(xp.max(v)))

    def rate(part: Array) -> Array:
        return _sums(_tilts_of_speeds(part, law, n_terms), law.a, n_terms)[1]

    return _map_positive(v, rate)


def inverse_rate_function(e: Array, *, m: float) -> Array:
    """``I_m^{-1}(e)`` of rates ``0 <= e <= 1e100``, to a few units in the last place.

    The number of terms is that of the largest entry for all, so that equal entries have
    equal results wherever they stand.
    """
    if math.prod(e.shape) == 0:
        return e
    xp = array_namespace(e)
    law = rate_law(m)
    n_terms = _terms_up_to(law, law.log_rates, float(xp.max(e)))

    def speed(part: Array) -> Array:
        tilt = _tilts_of_rates(part, law, n_terms)
        return _sums(tilt, law.a, n_terms)[0] / tilt

    return _map_positive(e, speed)


def ball_sums(tilt: float, *, m: float) -> tuple[float, float]:
    """Speed ``Lambda_m'`` and rate at one tilt above 0."""
    return _host_sums(rate_law(m).a, tilt)


def tilts_and_speeds(e: Array, *, m: float) -> tuple[Array, Array]:
    """Tilt and speed of rates ``0 < e <= 1e100``."""
    xp = array_namespace(e)
    law = rate_law(m)
    n_terms = _terms_up_to(law, law.log_rates, float(xp.max(e)))
    tilt = _tilts_of_rates(e, law, n_terms)
    return tilt, _sums(tilt, law.a, n_terms)[0] / tilt
