"""Integrated autocorrelation time of a series, and the effective sample size.

    rho(t) = <(x_s - m)(x_{s+t} - m)> / <(x_s - m)^2>,
    tau(W) = 1 + 2 sum_{t=1}^{W} rho(t),

so that the mean of N samples is as good as N / tau independent ones. The window is
Sokal's: the first W with ``W >= 5 tau(W) / 2``; a wider one only adds noise.
"""

from __future__ import annotations

from geomsci.backends import fft
from geomsci.backends.arrays import Array, array_namespace

WINDOW = 2.5
"""Width of the window in units of ``tau``: five times Sokal's ``tau_int = tau / 2``."""


def integrated_time(series: Array) -> float:
    """``tau`` of independent series of one process, shape (n_series, n), at least 1.

    The mean and the autocovariance are pooled over the series. A series without any
    variance has the time of its own length. O(n log n).
    """
    xp = array_namespace(series)
    n = series.shape[1]
    x = series - xp.mean(series)
    length = 1
    while length < 2 * n:
        length = 2 * length
    power = fft.rfft(x, n=length, axis=1)
    power = xp.real(power) ** 2 + xp.imag(power) ** 2
    pooled = xp.sum(power, axis=0)
    covariance = fft.irfft(xp.astype(pooled, xp.complex128), n=length, axis=0)[:n]
    if not float(covariance[0]) > 0:
        return float(n)
    lags = xp.astype(xp.arange(n, device=x.device), xp.float64)
    rho = covariance / covariance[0] * (n / (n - lags))
    times = 2 * xp.cumulative_sum(rho, axis=0) - 1
    (enough,) = xp.nonzero(lags >= WINDOW * times)
    last = int(enough[0]) if enough.shape[0] > 0 else n - 1
    return max(1.0, float(times[last]))
