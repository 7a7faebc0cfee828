"""Spectra, random fields and particles to try the curvature on."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci.backends import public, run
from geomsci.backends.arrays import (
    Array,
    array_namespace,
    common_arrays,
    is_array,
    library,
    require_finite,
)
from geomsci.backends.dispatch import placed
from geomsci.backends.random import standard_normal
from geomsci.entropic.field_checks import LEAST_CELLS, box_lengths, real_field
from geomsci.reference.entropic.gaussian_fields import SPECTRUM_OF
from geomsci.reference.entropic.power_spectra import Cosmology

MOST_CLIPPED = 1e-3
"""Share of the variance of a logarithm that is left out in silence."""


@public("entropic.eisenstein_hu")
def eisenstein_hu(
    k: Array,
    *,
    h: float,
    omega_m: float,
    omega_b: float,
    n_s: float,
    sigma8: float,
    t_cmb: float = 2.7255,
    wiggles: bool = False,
) -> Array:
    """Linear matter power spectrum of Eisenstein and Hu.

    ``P(k) = A k^n_s T(k)^2`` with A such that the rms of the density contrast in balls
    of 8 Mpc/h is ``sigma8``.

    Parameters
    ----------
    k : array, any shape, not negative
        Wavenumbers in h/Mpc.
    h : float, > 0
        Hubble constant in units of 100 km/s/Mpc.
    omega_m, omega_b : float, 0 < omega_b < omega_m
        Densities of all matter and of baryons in units of the critical density.
    n_s : float, > -1
        Slope of the primordial spectrum.
    sigma8 : float, > 0
        Top-hat rms at 8 Mpc/h, of the spectrum that is returned.
    t_cmb : float, > 0
        Temperature of the background radiation in kelvin.
    wiggles : bool
        With the acoustic oscillations; False gives their smooth mean.

    Returns
    -------
    power : array, shape and dtype of ``k``
        In (Mpc/h)^3; 0 at k = 0.

    Raises
    ------
    ValueError
        If k is negative, NaN or infinite, or a parameter is out of range.

    Notes
    -----
    O(size of k) and one integral on 8192 nodes. Computed in float64. The fit is good to
    a few per cent: for h 0.6711, omega_m 0.3175, omega_b 0.049, n_s 0.9624 the rms
    curvature sigma_2(R) of the smooth form is within 0.75, 0.12 and 0.18 per cent of
    that of a Boltzmann code (CAMB) at R = 4, 8 and 16 Mpc/h.

    References
    ----------
    D. J. Eisenstein, W. Hu, Astrophys. J. 496 (1998) 605: equations 2 to 24 with
    wiggles, 26 and 28 to 31 without.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic.simulation import eisenstein_hu
    >>> P = eisenstein_hu(np.asarray([0.01, 0.1, 1.0]), h=0.6711, omega_m=0.3175,
    ...                   omega_b=0.049, n_s=0.9624, sigma8=0.834)
    >>> [float(f"{p:.5g}") for p in P]
    [22093.0, 6072.3, 69.258]
    """
    xp, k = common_arrays(k=k)
    if xp.isdtype(k.dtype, "complex floating"):
        raise TypeError(f"k must be real, got {k.dtype}.")
    require_finite(xp, k=k)
    if bool(xp.any(k < 0)):
        raise ValueError(
            f"k must not be negative, got {float(xp.min(k))}: pass the length of the "
            "wave vectors."
        )
    cosmology = Cosmology(
        _positive("h", h),
        _positive("omega_m", omega_m),
        _positive("omega_b", omega_b),
        _real("n_s", n_s),
        _positive("sigma8", sigma8),
        _positive("t_cmb", t_cmb),
    )
    if cosmology.omega_b >= cosmology.omega_m:
        raise ValueError(
            "omega_b must be below omega_m, which counts baryons too, got "
            f"{cosmology.omega_b} and {cosmology.omega_m}."
        )
    if cosmology.n_s <= -1:
        raise ValueError(
            f"n_s must be above -1 for sigma8 to be finite, got {cosmology.n_s}."
        )
    return run("entropic.eisenstein_hu", k, cosmology, bool(wiggles))


@public("entropic.gaussian_field")
def gaussian_field(
    pk: Callable[[Array], Array],
    n_grid: int,
    box_size: float | tuple[float, ...] | None = None,
    *,
    rng: Any = None,
    dimension: int = 3,
    like: Array | None = None,
) -> Array:
    """Draw a Gaussian random field with a given power spectrum on a periodic grid.

    Every mode ``delta_k = (V / n) sum_x delta(x) e^{-ikx}`` has ``<|delta_k|^2> = V
    P(k)`` exactly, also on the Nyquist planes, where modes that are their own mirror
    images are real. The mode k = 0 is zero: each draw has the mean zero.

    Parameters
    ----------
    pk : callable
        Takes an array of wavenumbers k > 0 in the library and dtype of the field,
        returns P(k) >= 0 of the same shape, in units of volume (length^dimension). Its
        unit of length is that of ``box_size``; k is ``2 pi`` over a wavelength.
    n_grid : int, >= 4
        Cells along each axis.
    box_size : float, or one per axis, or None
        Length of the box; None is one unit per cell.
    rng : None, int, Generator or RandomState
        As `numpy.random.default_rng` takes it. The noise is drawn on the host in
        float64, so that one seed is one field on every library and device.
    dimension : {1, 2, 3}
    like : array, optional
        The field takes its library, device and (float32 or float64) dtype; default
        NumPy in float64.

    Returns
    -------
    delta : array, shape (n_grid,) * dimension

    Raises
    ------
    TypeError
        If pk is not callable or does not return such an array.
    ValueError
        If a size is out of range, or pk returns a negative, NaN or infinite value.

    Notes
    -----
    O(N log N) time for N cells and O(N) memory; ``pk`` is called once, at about N / 2
    wavenumbers.

    Examples
    --------
    >>> from geomsci.entropic.simulation import gaussian_field
    >>> delta = gaussian_field(lambda k: 100 / (1 + (20 * k) ** 4), 16, 100.0, rng=0)
    >>> delta.shape, bool(abs(delta.mean()) < 1e-15)
    ((16, 16, 16), True)
    """
    noise, lengths = _noise(n_grid, box_size, rng, dimension, like)
    return run("entropic.gaussian_field", noise, _checked(pk), lengths)


@public("entropic.lognormal_field")
def lognormal_field(
    pk: Callable[[Array], Array],
    n_grid: int,
    box_size: float | tuple[float, ...] | None = None,
    *,
    rng: Any = None,
    dimension: int = 3,
    like: Array | None = None,
    spectrum_of: str = "logarithm",
) -> Array:
    """Draw a positive density whose logarithm is a Gaussian random field.

    ``rho = exp(g - sigma^2 / 2)``, where g is a Gaussian field, sigma^2 its variance in
    one cell: rho has the mean 1 over draws (not in each draw) and ``<rho(x) rho(x + r)>
    = exp(xi_g(r))``.

    Parameters
    ----------
    pk : callable
        Spectrum, as `gaussian_field` takes it, of what ``spectrum_of`` says.
    n_grid : int, >= 4
        Cells along each axis.
    box_size : float, or one per axis, or None
        Length of the box, in the unit of length of ``pk``; None is one unit per cell.
    rng : None, int, Generator or RandomState
    dimension : {1, 2, 3}
    like : array, optional
        The field takes its library, device and dtype; default NumPy in float64.
    spectrum_of : {"logarithm", "density"}
        "logarithm": g is the field of `gaussian_field` with the same arguments.
        "density": rho has the spectrum at every k > 0 of the grid, as g has the
        correlation ``log(1 + kappa + xi)``; kappa, the variance of the mean of rho over
        the box, leaves g without a mode k = 0.

    Returns
    -------
    rho : array, shape (n_grid,) * dimension, positive

    Raises
    ------
    TypeError
        If pk is not callable or does not return such an array.
    ValueError
        If a size is out of range, pk returns a negative, NaN or infinite value, or no
        lognormal density has the correlation of pk, -1 or less.

    Warns
    -----
    UserWarning
        If modes of the logarithm needed negative power, which is set to zero, of more
        than 1e-3 of its variance: steep spectra of strong fields have no lognormal
        density.

    Notes
    -----
    As `gaussian_field`, and two transforms more for "density". Both meanings are in
    use: mock catalogues with a wanted correlation of galaxies take that of the density,
    others put the spectrum into the logarithm. For fields drawn so, the predictions for
    the log-density Hessian of Gaussian fields hold at every amplitude if the logarithm
    is smoothed.

    References
    ----------
    P. Coles, B. Jones, Mon. Not. R. Astron. Soc. 248 (1991) 1. A. Agrawal et al., JCAP
    10 (2017) 003: mocks of the spectrum of the density.

    Examples
    --------
    >>> from geomsci.entropic.simulation import lognormal_field
    >>> rho = lognormal_field(lambda k: 100 / (1 + (20 * k) ** 4), 16, 100.0, rng=0)
    >>> bool(rho.min() > 0)
    True
    """
    if spectrum_of not in SPECTRUM_OF:
        raise ValueError(
            f"spectrum_of must be {' or '.join(SPECTRUM_OF)}, got {spectrum_of!r}."
        )
    noise, lengths = _noise(n_grid, box_size, rng, dimension, like)
    options = (_checked(pk), lengths, spectrum_of)
    rho, clipped = run("entropic.lognormal_field", noise, *options)
    if clipped > MOST_CLIPPED:
        warnings.warn(
            f"The logarithm of a density of this spectrum needs modes of negative "
            f"power, {100 * clipped:.2g} per cent of its variance, which are left "
            "out: take larger cells or a smoother density, or spectrum_of='logarithm'.",
            UserWarning,
            stacklevel=3,
        )
    return rho


@public("entropic.lpt_displacement")
def lpt_displacement(
    delta: Array,
    box_size: float | tuple[float, ...] | None = None,
    order: int = 1,
    *,
    omega_m: float = 1.0,
) -> Array:
    """Displacement of matter by Lagrangian perturbation theory.

    ``psi = - grad phi_1 + D_2 grad phi_2`` with ``lap phi_1 = delta``, ``lap phi_2 =
    sum_{i<j} [phi_1,ii phi_1,jj - (phi_1,ij)^2]`` and ``D_2 = -(3/7)
    omega_m^{-1/143}`` (the growth factor D is 1: ``delta`` is taken at the wanted
    time). Order 1, the approximation of Zel'dovich, is the first term alone.

    Parameters
    ----------
    delta : array, shape (n_1, ..., n_d), d = 1, 2 or 3, each n >= 4
        Linear density contrast on a periodic grid; its mean is not read. A field of one
        or two axes stands for matter that is uniform along the others.
    box_size : float, or one per axis, or None
        Length of the box; None is one unit per cell.
    order : {1, 2}
    omega_m : float, > 0
        Matter density at the time of ``delta``, in units of the critical density then.
        It enters at order 2 only, by under one per cent for omega_m > 0.25.

    Returns
    -------
    psi : array, shape (n_1, ..., n_d, d), dtype of ``delta``
        In the unit of ``box_size``. The particle of a cell stands at its lattice point
        plus psi: see `displaced_lattice`.

    Raises
    ------
    ValueError
        If delta holds NaN or infinities or is too small, or an argument is out of
        range.

    Notes
    -----
    O(N log N): 4 real transforms at order 1 in three dimensions, 14 at order 2.
    Derivatives are spectral, of odd order zero at the Nyquist frequency. The product
    at order 2 is taken on the grid, so modes of ``delta`` above half the Nyquist
    frequency alias there; plane waves have no second order.

    References
    ----------
    F. R. Bouchet, S. Colombi, E. Hivon, R. Juszkiewicz, Astron. Astrophys. 296 (1995)
    575. R. Scoccimarro, Mon. Not. R. Astron. Soc. 299 (1998) 1097: appendix D.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic.simulation import lpt_displacement
    >>> q = (np.arange(8) + 0.5) / 8
    >>> psi = lpt_displacement(0.1 * np.cos(2 * np.pi * q), 1.0)
    >>> bool(np.allclose(psi[:, 0], -0.1 * np.sin(2 * np.pi * q) / (2 * np.pi)))
    True
    """
    _, delta = real_field("delta", delta)
    if order not in (1, 2):
        raise ValueError(f"order must be 1 or 2, got {order!r}.")
    return run(
        "entropic.lpt_displacement",
        delta,
        box_lengths(box_size, delta.shape),
        int(order),
        _positive("omega_m", omega_m),
    )


@public("entropic.displaced_lattice")
def displaced_lattice(
    displacement: Array, box_size: float | tuple[float, ...] | None = None
) -> Array:
    """Particles of a lattice, one per cell, moved by a displacement field.

    Cell i starts from its centre ``(i + 1/2) L / n`` and ends in the periodic box.

    Parameters
    ----------
    displacement : array, shape (n_1, ..., n_d, d), d = 1, 2 or 3, each n >= 4
        Such as `lpt_displacement` returns, in the unit of ``box_size``.
    box_size : float, or one per axis, or None
        Length of the box; None is one unit per cell.

    Returns
    -------
    positions : array, shape (n_1 ... n_d, d), each coordinate in [0, L)
        In C order of the cells.

    Raises
    ------
    ValueError
        If the shape is not that of a displacement field, or an entry is not finite.

    Notes
    -----
    O(N). In float32 positions are good to 6e-8 of the box.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic.simulation import displaced_lattice
    >>> displaced_lattice(np.full((4, 1), -0.75))[:, 0].tolist()
    [3.75, 0.75, 1.75, 2.75]
    """
    xp, displacement = common_arrays(displacement=displacement)
    if xp.isdtype(displacement.dtype, "complex floating"):
        raise TypeError(f"displacement must be real, got {displacement.dtype}.")
    shape = displacement.shape[:-1]
    if displacement.ndim < 2 or displacement.shape[-1] != len(shape):
        raise ValueError(
            "displacement must have one component per axis of its grid, shape "
            f"(n_1, ..., n_d, d), got {displacement.shape}."
        )
    if len(shape) > 3 or min(shape) < LEAST_CELLS:
        raise ValueError(
            "displacement must have a grid of 1 to 3 axes with at least "
            f"{LEAST_CELLS} cells each, got shape {shape}."
        )
    require_finite(xp, displacement=displacement)
    return run("entropic.displaced_lattice", displacement, box_lengths(box_size, shape))


def _noise(
    n_grid: Any, box_size: Any, rng: Any, dimension: Any, like: Any
) -> tuple[Array, tuple[float, ...]]:
    """White noise where the field shall be, and the sides of the box."""
    n, d = _whole("n_grid", n_grid), _whole("dimension", dimension)
    if d not in (1, 2, 3):
        raise ValueError(f"dimension must be 1, 2 or 3, got {d}.")
    if n < LEAST_CELLS:
        raise ValueError(f"n_grid must be at least {LEAST_CELLS}, got {n}.")
    shape = (n,) * d
    lengths = box_lengths(box_size, shape)
    if like is None:
        like = placed(np.zeros(1))
    elif not is_array(like):
        raise TypeError(
            "like must be an array, whose library the field takes, got "
            f"{type(like).__name__}."
        )
    xp, model = common_arrays(like=like)
    if xp.isdtype(model.dtype, "complex floating"):
        raise TypeError(f"like must be real, got {model.dtype}.")
    return standard_normal(rng, shape, like=model), lengths


def _checked(pk: Any) -> Callable[[Array], Array]:
    """``pk``, whose values are checked and come in the dtype of k."""
    if not callable(pk):
        raise TypeError(
            f"pk must be a function of the wavenumber, got {type(pk).__name__}."
        )

    def power(k: Array) -> Array:
        xp, values = array_namespace(k), pk(k)
        if library(values) != library(k):
            raise TypeError(
                f"pk must return an array of {library(k)}, as it is given, got "
                f"{type(values).__name__}."
            )
        if values.shape != k.shape:
            raise ValueError(
                f"pk must return one value for each k, shape {k.shape}, got "
                f"{values.shape}."
            )
        if not xp.isdtype(values.dtype, ("real floating", "integral")):
            raise TypeError(f"pk must return real numbers, got {values.dtype}.")
        values = xp.astype(values, k.dtype, copy=False)
        good = xp.isfinite(values) & (values >= 0)
        if not bool(xp.all(good)):
            worst = float(xp.max(xp.where(good, xp.zeros_like(k), k)))
            raise ValueError(
                "pk must be finite and not negative at every k > 0 of the grid, got "
                f"something else at k = {worst:.6g}."
            )
        return values

    return power


def _whole(name: str, value: Any) -> int:
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {value!r}.") from None


def _real(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a number, got {value!r}.") from None
    if not math.isfinite(number):
        raise ValueError(f"{name} must be finite, got {number}.")
    return number


def _positive(name: str, value: Any) -> float:
    number = _real(name, value)
    if number <= 0:
        raise ValueError(f"{name} must be positive, got {number}.")
    return number
