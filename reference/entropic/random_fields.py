r"""Second-order statistics of the curvature of a Gaussian random field.

For u = log rho_R of a field with the power spectrum P, smoothed by a Gaussian of
standard deviation R in each coordinate, K = -Hess u has

.. math::
    \sigma_n^2 &= \frac{1}{2 \pi^2} \int k^{2 + 2 n} P(k) e^{-k^2 R^2} dk, \\
    P_{\mathrm{tr} K}(k) &= k^4 P(k) e^{-k^2 R^2}, \\
    \xi_{\mathrm{tr} K}(r) &= \frac{1}{2 \pi^2} \int k^6 P(k) e^{-k^2 R^2}
                              \frac{\sin k r}{k r} dk,

with :math:`\mathrm{Var}\,\mathrm{tr} K = \sigma_2^2`. These are first order in the
density contrast, and exact at every amplitude where log rho is Gaussian and it is log
rho that is smoothed.

Integrals are trapezoidal sums over log k without ends: for analytic integrands they
converge geometrically in the number of nodes, for a table joined by straight lines as
its square. The step is halved until two sums agree.

Units: k in the inverse of the unit of R, P in its cube, K in its inverse square.

References
----------
J. M. Bardeen, J. R. Bond, N. Kaiser and A. S. Szalay, Astrophys. J. 304 (1986) 15,
eq. (4.6c) for the moments.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import tiles

Spectrum = Callable[[Array], Array]
"""P(k) of a vector of k > 0."""

FIRST_STEP = 1.0 / 16.0
LARGEST_Q = 12.0
"""k R from which the Gaussian, below 1e-62, is left out."""

BLOCK = math.log(1e4)
SMALLEST_LOG_Q = math.log(1e-60)
"""Where an integral that has not converged towards small k is given up."""

RTOL = 1e-11
MOST_HALVINGS = 12


class Integral(NamedTuple):
    """Values of an integral and the last change when the step was halved.

    ``accuracy`` is relative to the largest value (of every R on its own).
    """

    value: Array
    accuracy: float


class ShotNoise(NamedTuple):
    """Poisson noise of tr K and the Fisher information that it feigns."""

    trace_std: Array
    fisher_information: Array


class DivergentIntegralError(ValueError):
    """The integral does not converge towards small k."""


def log_integral(f: Callable[[Array], Array], scale: Callable, like: Array) -> Integral:
    r"""Integral of f over log q from 0 to `LARGEST_Q`, for many parameters at once.

    Parameters
    ----------
    f : callable
        Of a vector q (n,); returns (n, m), the integrand already with its factor q.
    scale : callable
        Of the sums (m,); returns sizes (m,) that errors are compared with.
    like : array
        Dtype and place of the nodes.

    Returns
    -------
    result : Integral
        Of shape (m,).

    Raises
    ------
    DivergentIntegralError
    """
    xp = array_namespace(like)
    top = math.log(LARGEST_Q)

    def total(offset: float, step: float, low: float, high: float) -> Array:
        """Sum of f over low < high - offset - j step, times the step."""
        n = max(0, math.ceil((high - offset - low) / step))
        parts = []
        for part in tiles(n, 8 * math.prod(like.shape) * 8 or 64):
            j = xp.arange(part.start, part.stop, dtype=like.dtype, device=device(like))
            parts.append(xp.sum(f(xp.exp(high - offset - step * j)), axis=0))
        result = parts[0]
        for more in parts[1:]:
            result = result + more
        return result * step

    low = top - 2.0 * BLOCK
    value = total(0.0, FIRST_STEP, low, top)
    while True:
        # Whole steps only, so that the nodes of all blocks make one grid.
        first = math.ceil((top - low) / FIRST_STEP) * FIRST_STEP
        added = total(first, FIRST_STEP, low - BLOCK, top)
        low -= BLOCK
        value = value + added
        if bool(xp.all(xp.abs(added) <= 1e-3 * RTOL * scale(value))):
            break
        if low < SMALLEST_LOG_Q:
            raise DivergentIntegralError
    step = FIRST_STEP
    for _ in range(MOST_HALVINGS):
        finer = 0.5 * (value + total(0.5 * step, step, low, top))
        size = scale(finer)
        safe = xp.where(size > 0, size, xp.ones_like(size))
        accuracy = float(xp.max(xp.abs(finer - value) / safe))
        value, step = finer, 0.5 * step
        if not accuracy > RTOL:
            break
    return Integral(value, accuracy)


def moments(pk: Spectrum, R: Array) -> Integral:
    """Roots sigma_0, sigma_1, sigma_2 of the moments.

    Parameters
    ----------
    pk : callable
    R : array, shape (m,), > 0

    Returns
    -------
    result : Integral
        Shape (m, 3).
    """
    xp = array_namespace(R)
    values, accuracies = [], []
    for order in range(3):
        power = 3 + 2 * order

        def integrand(q: Array, power: int = power) -> Array:
            return _powers(xp, q, power)[:, None] * _spectrum(pk, q, R)

        found = log_integral(integrand, xp.abs, R)
        values.append(xp.sqrt(found.value / (2.0 * math.pi**2 * R**power)))
        accuracies.append(found.accuracy)
    return Integral(xp.stack(values, axis=-1), max(accuracies))


def correlation(pk: Spectrum, R: Array, r: Array) -> Integral:
    r"""Correlation of tr K at the distance r.

    Parameters
    ----------
    pk : callable
    R, r : arrays, shape (m,), R > 0, r >= 0

    Returns
    -------
    result : Integral
        Shape (m,); the accuracy is in units of sigma_2^2.
    """
    xp = array_namespace(R)

    def integrand(q: Array) -> Array:
        z = q[:, None] * (r / R)[None, :]
        safe = xp.where(z > 0.0, z, xp.ones_like(z))
        wave = xp.where(z > 0.0, xp.sin(safe) / safe, xp.ones_like(z))
        smooth = _powers(xp, q, 7)[:, None] * _spectrum(pk, q, R)
        return xp.concat([smooth * wave, smooth], axis=1)

    m = R.shape[0]

    def size(sums: Array) -> Array:
        return xp.concat([xp.abs(sums[m:]), xp.abs(sums[m:])])

    found = log_integral(integrand, size, R)
    return Integral(found.value[:m] / (2.0 * math.pi**2 * R**7), found.accuracy)


def _powers(xp, q: Array, power: int) -> Array:
    """q^power exp(-q^2)."""
    return xp.exp(power * xp.log(q) - q * q)


def _spectrum(pk: Spectrum, q: Array, R: Array) -> Array:
    """P(q / R), shape (n, m), from one call with a vector."""
    xp = array_namespace(q)
    k = q[:, None] / R[None, :]
    return xp.reshape(pk(xp.reshape(k, (-1,))), k.shape)


def trace_power(pk: Spectrum, R: Array, k: Array) -> Array:
    """Power spectrum k^4 P(k) exp(-k^2 R^2) of tr K, for vectors of one length."""
    xp = array_namespace(k)
    return k**4 * pk(k) * xp.exp(-((k * R) ** 2))


def isotropic_covariance(sigma: Array, n_axes: int = 3) -> Array:
    r"""Covariance of the packed entries of K at one point.

    :math:`\sigma^2 (\delta_{ij} \delta_{kl} + \delta_{ik} \delta_{jl} +
    \delta_{il} \delta_{jk}) / (d (d + 2))`.

    Parameters
    ----------
    sigma : array, shape (...)
        Standard deviation of tr K.
    n_axes : {1, 2, 3}

    Returns
    -------
    C : array, shape (..., m, m), m = d (d + 1) / 2
    """
    xp = array_namespace(sigma)
    pairs = _pairs(n_axes)
    table = [
        [
            (i == j) * (k == n) + (i == k) * (j == n) + (i == n) * (j == k)
            for k, n in pairs
        ]
        for i, j in pairs
    ]
    C = xp.asarray(table, dtype=sigma.dtype, device=device(sigma))
    return (sigma**2)[..., None, None] * C / float(n_axes * (n_axes + 2))


def _pairs(d: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(d) for j in range(i, d)]


def shot_noise(n_density: Array, R: Array, n_axes: int = 3) -> ShotNoise:
    r"""Poisson noise of the curvature of a catalogue with n points per unit volume.

    The moments of P(k) = 1 / n: in three dimensions
    :math:`\mathrm{std}(\mathrm{tr} K) R^2 = (15 / (32 \pi^{3/2} n R^3))^{1/2}` and
    :math:`I R^2 = 3 / (16 \pi^{3/2} n R^3)`.
    """
    xp = array_namespace(n_density, R)
    d = float(n_axes)
    share = 1.0 / ((4.0 * math.pi) ** (0.5 * d) * n_density * R**n_axes)
    trace = xp.sqrt(0.25 * d * (d + 2.0) * share) / R**2
    return ShotNoise(trace, 0.5 * d * share / R**2)


# Sums over the modes of a grid


def mode_moments(
    pk: Spectrum,
    R: float,
    shape: tuple[int, ...],
    lengths: tuple[float, ...],
    like: Array,
) -> Array:
    """sigma_0, sigma_1, sigma_2 as sums over the modes of a periodic grid.

    Parameters
    ----------
    pk : callable
    R : float, >= 0
    shape, lengths : tuples of d numbers
    like : array
        Dtype and place of the result.

    Returns
    -------
    sigma : array, shape (3,)

    Notes
    -----
    Exact ensemble values for a field drawn mode by mode on this grid, without its mean;
    O(n) time, one plane of modes at a time.
    """
    xp = array_namespace(like)
    sums = xp.zeros((3,), dtype=like.dtype, device=device(like))
    for axes in _planes(shape, lengths, like):
        squares, power = _plane_power(xp, pk, R, axes)
        sums = sums + xp.stack(
            [xp.sum(power), xp.sum(power * squares), xp.sum(power * squares**2)]
        )
    return xp.sqrt(sums / math.prod(lengths))


def mode_covariance(
    pk: Spectrum,
    R: float,
    shape: tuple[int, ...],
    lengths: tuple[float, ...],
    like: Array,
) -> Array:
    """Covariance of the packed entries of K as a sum over the modes of a grid.

    As `mode_moments`; mixed derivatives have the Nyquist modes zeroed.

    Returns
    -------
    C : array, shape (m, m), m = d (d + 1) / 2
    """
    xp = array_namespace(like)
    pairs = _pairs(len(shape))
    C = xp.zeros((len(pairs),) * 2, dtype=like.dtype, device=device(like))
    for axes in _planes(shape, lengths, like):
        _, power = _plane_power(xp, pk, R, axes)
        factors = []
        for i, j in pairs:
            k = axes[i].k ** 2 if i == j else axes[i].odd * axes[j].odd
            factors.append(xp.reshape(xp.broadcast_to(k, power.shape), (-1,)))
        F = xp.stack(factors)
        C = C + (F * xp.reshape(power, (1, -1))) @ F.T
    return C / math.prod(lengths)


class _Axis(NamedTuple):
    """Wavenumbers along an axis, and with the Nyquist mode zeroed."""

    k: Array
    odd: Array


def _planes(shape: tuple[int, ...], lengths: tuple[float, ...], like: Array):
    """Axes of wavenumbers that broadcast, for one value along the first at a time."""
    xp, d = array_namespace(like), len(shape)
    place = {"dtype": like.dtype, "device": device(like)}
    whole = []
    for axis, (n, length) in enumerate(zip(shape, lengths)):
        unit = 2.0 * math.pi / length
        signed = [unit * (j if j <= (n - 1) // 2 else j - n) for j in range(n)]
        odd = [0.0 if 2 * j == n else k for j, k in enumerate(signed)]
        across = tuple(n if a == axis else 1 for a in range(d))
        k, o = (xp.reshape(xp.asarray(v, **place), across) for v in (signed, odd))
        whole.append(_Axis(k, o))
    first = whole[0]
    for i in range(shape[0]):
        yield [_Axis(first.k[i : i + 1, ...], first.odd[i : i + 1, ...]), *whole[1:]]


def _plane_power(xp, pk: Spectrum, R: float, axes: list[_Axis]) -> tuple[Array, Array]:
    """k^2 and P(k) exp(-k^2 R^2) of a plane; zero for k = 0."""
    squares = axes[0].k ** 2
    for axis in axes[1:]:
        squares = squares + axis.k**2
    mean = squares == 0.0
    safe = xp.where(mean, xp.ones_like(squares), squares)
    power = xp.reshape(pk(xp.reshape(xp.sqrt(safe), (-1,))), safe.shape)
    power = xp.where(mean, xp.zeros_like(power), power * xp.exp(-squares * R * R))
    return squares, power
