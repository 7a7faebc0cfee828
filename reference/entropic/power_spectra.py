"""Linear power spectrum of cold dark matter and baryons in closed form.

Eisenstein and Hu (1998) fit the transfer function T(k) of matter. With k in h/Mpc

    P(k) = A k^n_s T(k)^2,      A set by sigma_8,
    sigma_8^2 = (1/2 pi^2) int k^2 P(k) W(8 k)^2 dk,   W(x) = 3 (sin x - x cos x) / x^3.

The smooth form keeps the suppression of power below the sound horizon and leaves out
the acoustic oscillations; the full form has both. Everything is computed in float64,
because phases ``k s`` reach thousands; the result has the precision of ``k``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device

# The integral for sigma_8 runs over these k, h/Mpc. Its integrand falls as k^4 below
# and k^-4 above, so that the ends weigh under 1e-12.
_SMALLEST_K, _LARGEST_K, _STEPS = 1e-6, 1e3, 8192
_RADIUS = 8.0  # Mpc/h


class Cosmology(NamedTuple):
    """Parameters of the spectrum; densities in units of the critical one."""

    h: float
    omega_m: float
    omega_b: float
    n_s: float
    sigma8: float
    t_cmb: float


def eisenstein_hu(k: Array, cosmology: Cosmology, wiggles: bool) -> Array:
    """Power spectrum at ``k`` in h/Mpc, in (Mpc/h)^3, of the shape and dtype of ``k``.

    Parameters
    ----------
    k : array, any shape, not negative
    cosmology : Cosmology
    wiggles : bool
        Acoustic oscillations are in.

    Returns
    -------
    power : array, shape of ``k``; 0 at k = 0
    """
    xp = array_namespace(k)
    nodes = xp.linspace(
        math.log(_SMALLEST_K),
        math.log(_LARGEST_K),
        _STEPS,
        dtype=xp.float64,
        device=device(k),
    )
    grid = xp.exp(nodes)
    step = math.log(_LARGEST_K / _SMALLEST_K) / (_STEPS - 1)
    shape = _shape(grid, cosmology, wiggles)
    window = top_hat(_RADIUS * grid)
    # The trapezium rule in log k; the ends vanish to the accuracy of the rule.
    integral = float(xp.sum(grid**3 * shape * window * window)) * step
    amplitude = cosmology.sigma8**2 * 2 * math.pi**2 / integral
    power = amplitude * _shape(xp.astype(k, xp.float64), cosmology, wiggles)
    return xp.astype(power, k.dtype, copy=False)


def top_hat(x: Array) -> Array:
    """Transform of a ball of unit mass, ``3 (sin x - x cos x) / x^3``."""
    xp = array_namespace(x)
    small = x < 1e-2
    y = xp.where(small, xp.ones_like(x), x)
    full = 3 * (xp.sin(y) - y * xp.cos(y)) / y**3
    return xp.where(small, 1 - x * x / 10, full)


def _shape(k: Array, cosmology: Cosmology, wiggles: bool) -> Array:
    transfer = (full_transfer if wiggles else smooth_transfer)(k, cosmology)
    return k**cosmology.n_s * transfer * transfer


def smooth_transfer(k: Array, cosmology: Cosmology) -> Array:
    """T(k) without oscillations: equations 26 and 28 to 31."""
    xp = array_namespace(k)
    h, omega_m, omega_b = cosmology.h, cosmology.omega_m, cosmology.omega_b
    matter, baryons = omega_m * h * h, omega_b * h * h
    fraction = omega_b / omega_m
    sound = 44.5 * math.log(9.83 / matter) / math.sqrt(1 + 10 * baryons**0.75)
    alpha = (
        1
        - 0.328 * math.log(431 * matter) * fraction
        + 0.38 * math.log(22.3 * matter) * fraction**2
    )
    gamma = omega_m * h * (alpha + (1 - alpha) / (1 + (0.43 * h * sound * k) ** 4))
    q = k * (cosmology.t_cmb / 2.7) ** 2 / gamma
    L = xp.log(2 * math.e + 1.8 * q)
    return L / (L + (14.2 + 731 / (1 + 62.5 * q)) * q * q)


class _Scales(NamedTuple):
    """Epochs and lengths of section 2.1 and 2.2; lengths in Mpc without h."""

    equality: float  # 1 + redshift of equality, as the paper counts it
    k_equality: float
    drag: float  # redshift at which baryons are released
    ratio: float  # momentum density of baryons over that of photons at the drag
    sound: float
    k_silk: float


def _scales(cosmology: Cosmology) -> _Scales:
    """Equations 2 to 7."""
    theta = cosmology.t_cmb / 2.7
    matter = cosmology.omega_m * cosmology.h**2
    baryons = cosmology.omega_b * cosmology.h**2
    equality = 2.50e4 * matter / theta**4
    k_equality = 7.46e-2 * matter / theta**2
    b1 = 0.313 * matter**-0.419 * (1 + 0.607 * matter**0.674)
    b2 = 0.238 * matter**0.223
    drag = 1291 * matter**0.251 / (1 + 0.659 * matter**0.828) * (1 + b1 * baryons**b2)
    ratio = 31.5 * baryons / theta**4 * 1e3 / drag
    ratio_equality = 31.5 * baryons / theta**4 * 1e3 / equality
    sound = (
        2
        / (3 * k_equality)
        * math.sqrt(6 / ratio_equality)
        * math.log(
            (math.sqrt(1 + ratio) + math.sqrt(ratio + ratio_equality))
            / (1 + math.sqrt(ratio_equality))
        )
    )
    silk = 1.6 * baryons**0.52 * matter**0.73 * (1 + (10.4 * matter) ** -0.95)
    return _Scales(equality, k_equality, drag, ratio, sound, silk)


def _pressureless(q: Array, alpha: float, beta: float) -> Array:
    """Equations 19 and 20."""
    xp = array_namespace(q)
    L = xp.log(math.e + 1.8 * beta * q)
    return L / (L + (14.2 / alpha + 386 / (1 + 69.9 * q**1.08)) * q * q)


def full_transfer(k: Array, cosmology: Cosmology) -> Array:
    """T(k) with oscillations: equations 11, 12 and 14 to 24.

    Powers of ``1 / (k s)`` are written as powers of ``k s``, so k = 0 is no exception.
    """
    xp = array_namespace(k)
    matter = cosmology.omega_m * cosmology.h**2
    baryons = cosmology.omega_b / cosmology.omega_m
    dark = 1 - baryons
    scales = _scales(cosmology)
    q = k * cosmology.h / (13.41 * scales.k_equality)
    x = k * cosmology.h * scales.sound

    a1 = (46.9 * matter) ** 0.670 * (1 + (32.1 * matter) ** -0.532)
    a2 = (12.0 * matter) ** 0.424 * (1 + (45.0 * matter) ** -0.582)
    alpha_c = a1**-baryons * a2 ** -(baryons**3)
    b1 = 0.944 / (1 + (458 * matter) ** -0.708)
    b2 = (0.395 * matter) ** -0.0266
    beta_c = 1 / (1 + b1 * (dark**b2 - 1))
    f = 1 / (1 + (x / 5.4) ** 4)
    T_c = f * _pressureless(q, 1.0, beta_c) + (1 - f) * _pressureless(
        q, alpha_c, beta_c
    )

    y = scales.equality / (1 + scales.drag)
    root = math.sqrt(1 + y)
    G = y * (-6 * root + (2 + 3 * y) * math.log((root + 1) / (root - 1)))
    alpha_b = 2.07 * scales.k_equality * scales.sound * (1 + scales.ratio) ** -0.75 * G
    beta_b = 0.5 + baryons + (3 - 2 * baryons) * math.sqrt((17.2 * matter) ** 2 + 1)
    beta_node = 8.41 * matter**0.435
    cube = x**3
    damping = xp.exp(-((k * cosmology.h / scales.k_silk) ** 1.4))
    envelope = (
        _pressureless(q, 1.0, 1.0) / (1 + (x / 5.2) ** 2)
        + alpha_b * cube / (cube + beta_b**3) * damping
    )
    T_b = envelope * _sinc(x * x / (cube + beta_node**3) ** (1 / 3))
    return baryons * T_b + dark * T_c


def _sinc(x: Array) -> Array:
    """``sin x / x``."""
    xp = array_namespace(x)
    small = x < 1e-4
    y = xp.where(small, xp.ones_like(x), x)
    return xp.where(small, 1 - x * x / 6, xp.sin(y) / y)
