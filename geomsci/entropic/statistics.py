"""What a Gaussian random field predicts for its curvature."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, common_arrays, from_host, require_finite
from geomsci.entropic.statistics_checks import (
    Spectrum,
    axes_of,
    broadcast_values,
    checked_spectrum,
    grid_of,
    host_values,
    integrated,
    number_of,
    require_real,
)
from geomsci.reference.entropic.random_fields import ShotNoise


@public("entropic.spectral_moments")
def spectral_moments(pk: Spectrum, R: Array) -> Array:
    r"""Roots of the spectral moments of a smoothed Gaussian field.

    :math:`\sigma_n^2 = (2 \pi^2)^{-1} \int k^{2 + 2 n} P(k) e^{-k^2 R^2} dk`;
    sigma_2 is the standard deviation of tr K.

    Parameters
    ----------
    pk : callable
        Power spectrum of the field in three dimensions: takes a NumPy vector of k > 0,
        in the inverse of the unit of R, and returns P(k) in its cube, finite and not
        negative. It is asked far outside any table: extend one, for example by
        ``np.interp(k, table_k, table_p, left=0, right=0)``.
    R : float or array, > 0
        Standard deviation of the smoothing in each coordinate.

    Returns
    -------
    sigma : array, shape (..., 3)
        sigma_0, sigma_1, sigma_2 in the powers 0, -1 and -2 of the unit of R.

    Raises
    ------
    ValueError
        If R is not positive, pk is negative or not finite somewhere, or an integral
        diverges towards small k.
    TypeError
        If pk cannot be called.

    Warns
    -----
    ConvergenceWarning
        If the last halving of the step still changed an integral by more than 1e-8.

    Notes
    -----
    Relative accuracy 1e-11 for analytic spectra, about 300 evaluations for each R;
    a table joined by straight lines takes up to 10^6. Computed in float64.

    References
    ----------
    J. M. Bardeen et al., Astrophys. J. 304 (1986) 15, eq. (4.6c).

    Examples
    --------
    >>> from geomsci.entropic.statistics import spectral_moments
    >>> [round(float(s), 6) for s in spectral_moments(lambda k: 1 / k, 2.0)]
    [0.079577, 0.039789, 0.028135]
    """
    like, radii = host_values("R", R, above=0.0)
    found = integrated("entropic.spectral_moments", pk, radii.reshape(-1))
    return from_host(found.reshape(*radii.shape, 3), like)


@public("entropic.grid_spectral_moments")
def grid_spectral_moments(
    pk: Spectrum, R: float, n_grid: Any, box_size: Any
) -> np.ndarray:
    """Spectral moments as sums over the modes of a periodic grid.

    The exact ensemble values for a Gaussian field drawn mode by mode on the grid,
    without its mean: what realisations must scatter about.

    Parameters
    ----------
    pk : callable
        As in `spectral_moments`, in as many dimensions as the grid.
    R : float, >= 0
    n_grid : int or sequence of 1 to 3 int
        Cells along each axis; one number means three equal axes.
    box_size : float or sequence of float, > 0
        Lengths of the axes, in the unit of R.

    Returns
    -------
    sigma : ndarray, shape (3,)
        sigma_0, sigma_1, sigma_2.

    Raises
    ------
    ValueError
        If a size or R is out of range, or pk is negative or not finite at a mode.

    Notes
    -----
    O(n) time for n cells, memory of one plane. Source: Parseval's identity.
    """
    shape, lengths = grid_of(n_grid, box_size)
    R = number_of("R", R, at_least=0.0)
    found = run(
        "entropic.grid_spectral_moments",
        checked_spectrum(pk),
        R,
        shape,
        lengths,
        np.zeros(()),
    )
    return np.asarray(found)


@public("entropic.grid_curvature_covariance")
def grid_curvature_covariance(
    pk: Spectrum, R: float, n_grid: Any, box_size: Any
) -> np.ndarray:
    """Covariance of the packed curvature as a sum over the modes of a grid.

    Parameters
    ----------
    pk, R, n_grid, box_size
        As in `grid_spectral_moments`.

    Returns
    -------
    C : ndarray, shape (m, m), m = d (d + 1) / 2
        Of (xx, xy, xz, yy, yz, zz), (xx, xy, yy) or (xx), in the power -4 of the unit
        of R. Mixed derivatives have no Nyquist modes, as in the spectral Hessian.

    Raises
    ------
    ValueError
        If a size or R is out of range, or pk is negative or not finite at a mode.

    Notes
    -----
    O(n) time for n cells. Source: Parseval's identity.
    """
    shape, lengths = grid_of(n_grid, box_size)
    R = number_of("R", R, at_least=0.0)
    name = "entropic.grid_curvature_covariance"
    return np.asarray(run(name, checked_spectrum(pk), R, shape, lengths, np.zeros(())))


@public("entropic.curvature_covariance")
def curvature_covariance(pk: Spectrum, R: Array) -> Array:
    r"""Covariance of the packed curvature of a Gaussian field at one point.

    :math:`\langle K_{ij} K_{kl} \rangle = \sigma_2^2 (\delta_{ij} \delta_{kl} +
    \delta_{ik} \delta_{jl} + \delta_{il} \delta_{jk}) / 15`.

    Parameters
    ----------
    pk, R
        As in `spectral_moments`, which states errors and accuracy.

    Returns
    -------
    C : array, shape (..., 6, 6)
        Of (xx, xy, xz, yy, yz, zz), in the power -4 of the unit of R.
    """
    like, radii = host_values("R", R, above=0.0)
    sigma = integrated("entropic.spectral_moments", pk, radii.reshape(-1))[:, 2]
    found = run("entropic.curvature_covariance", sigma)
    return from_host(np.asarray(found).reshape(*radii.shape, 6, 6), like)


@public("entropic.curvature_correlation")
def curvature_correlation(pk: Spectrum, R: Array, r: Array) -> Array:
    r"""Correlation function of tr K of a Gaussian field.

    :math:`\xi(r) = (2 \pi^2)^{-1} \int k^6 P(k) e^{-k^2 R^2} \sin(k r) / (k r) dk`.

    Parameters
    ----------
    pk, R
        As in `spectral_moments`.
    r : float or array, >= 0
        Distances, broadcast against R, in the same unit.

    Returns
    -------
    xi : array, broadcast shape of R and r
        In the power -4 of the unit of R; sigma_2^2 at r = 0.

    Raises
    ------
    ValueError
        If R is not positive, r negative, their shapes do not broadcast, or pk is bad.

    Warns
    -----
    ConvergenceWarning
        If the last halving of the step still changed it by more than 1e-8 sigma_2^2.

    Notes
    -----
    Accuracy 1e-11 of sigma_2^2. The number of nodes grows as r / R.

    References
    ----------
    Fourier transform of `curvature_power_spectrum`.
    """
    like, radii, distances = broadcast_values(("R", R, 0.0, None), ("r", r, None, 0.0))
    flat = (radii.reshape(-1), distances.reshape(-1))
    found = integrated("entropic.curvature_correlation", pk, *flat)
    return from_host(found.reshape(radii.shape), like)


@public("entropic.curvature_power_spectrum")
def curvature_power_spectrum(pk: Spectrum, R: Array, k: Array) -> Array:
    r"""Power spectrum :math:`k^4 P(k) e^{-k^2 R^2}` of tr K of a Gaussian field.

    Parameters
    ----------
    pk
        As in `spectral_moments`.
    R : float or array, >= 0
    k : float or array, > 0
        Wavenumbers in the inverse of the unit of R, broadcast against R.

    Returns
    -------
    power : array, broadcast shape of R and k
        In the inverse of the unit of R.

    Raises
    ------
    ValueError
        If R is negative, k not positive, their shapes do not broadcast, or pk is bad.

    Notes
    -----
    O(size of the result). Source: K = -Hess u, mode by mode.
    """
    like, radii, waves = broadcast_values(("R", R, None, 0.0), ("k", k, 0.0, None))
    found = run(
        "entropic.curvature_power_spectrum",
        checked_spectrum(pk), radii.reshape(-1), waves.reshape(-1),
    )  # fmt: skip
    return from_host(np.asarray(found).reshape(waves.shape), like)


@public("entropic.doroshkevich_fractions")
def doroshkevich_fractions(threshold: Array = 0.0, *, n_axes: int = 3) -> Array:
    """Fractions of a Gaussian field by the number of eigenvalues above a threshold.

    Parameters
    ----------
    threshold : float or array, default 0
        In units of the standard deviation of tr K.
    n_axes : {1, 2, 3}
        Dimensions of the field.

    Returns
    -------
    fractions : array, shape (..., n_axes + 1)
        With 0, ..., n_axes eigenvalues above: void, sheet, filament, node.

    Raises
    ------
    ValueError
        If the threshold is not finite or n_axes not 1, 2 or 3.

    Notes
    -----
    Error below 1e-13; rare classes of three axes to a relative 1e-11. About 10 ms for
    each threshold: the trace by erfc, both gaps by Gauss-Legendre quadrature.

    References
    ----------
    A. G. Doroshkevich, Astrophysics 6 (1970) 320.

    Examples
    --------
    >>> from geomsci.entropic.statistics import doroshkevich_fractions
    >>> [round(float(f), 10) for f in doroshkevich_fractions(0.0)]
    [0.0796759371, 0.4203240629, 0.4203240629, 0.0796759371]
    """
    like, values = host_values("threshold", threshold)
    d = axes_of(n_axes)
    found = run("entropic.doroshkevich_fractions", values.reshape(-1).tolist(), d)
    return from_host(np.asarray(found).reshape(*values.shape, d + 1), like)


@public("entropic.doroshkevich_marginals")
def doroshkevich_marginals(values: Array, *, n_axes: int = 3) -> Array:
    """Density of each ordered eigenvalue of the curvature of a Gaussian field.

    Parameters
    ----------
    values : float or array
        In units of the standard deviation of tr K.
    n_axes : {1, 2, 3}

    Returns
    -------
    density : array, shape (..., n_axes)
        Of the smallest to the largest eigenvalue; each integrates to 1.

    Raises
    ------
    ValueError
        If a value is not finite or n_axes not 1, 2 or 3.

    Notes
    -----
    As `doroshkevich_fractions`, of which these are the slopes.

    References
    ----------
    A. G. Doroshkevich, Astrophysics 6 (1970) 320.
    """
    like, host = host_values("values", values)
    d = axes_of(n_axes)
    found = run("entropic.doroshkevich_marginals", host.reshape(-1).tolist(), d)
    return from_host(np.asarray(found).reshape(*host.shape, d), like)


@public("entropic.doroshkevich_density")
def doroshkevich_density(eigenvalues: Array) -> Array:
    """Joint density of the ordered eigenvalues of a Gaussian field's curvature.

    Parameters
    ----------
    eigenvalues : array, shape (..., 3)
        Ascending, in units of the standard deviation of tr K.

    Returns
    -------
    density : array, shape (...)
        Zero where they do not ascend.

    Raises
    ------
    ValueError
        If the last axis is not 3 or a value is not finite.

    Notes
    -----
    O(size).

    References
    ----------
    A. G. Doroshkevich, Astrophysics 6 (1970) 320.
    """
    xp, x = common_arrays(eigenvalues=eigenvalues)
    require_real(xp, "eigenvalues", x)
    if x.ndim < 1 or x.shape[-1] != 3:
        raise ValueError(
            f"eigenvalues must have shape (..., 3), got {tuple(x.shape)}: three along "
            "the last axis."
        )
    require_finite(xp, eigenvalues=x)
    return run("entropic.doroshkevich_density", x)


@public("entropic.peak_density")
def peak_density(pk: Spectrum, R: Array, nu: Array | None = None) -> Array:
    r"""Number density of the maxima of a smoothed Gaussian field.

    :math:`(29 - 6 \sqrt6) / (5^{3/2} \, 2 (2 \pi)^2 R_*^3)` with
    :math:`R_* = \sqrt3 \sigma_1 / \sigma_2`, or its part per unit of the height.

    Parameters
    ----------
    pk, R
        As in `spectral_moments`, which states errors and accuracy.
    nu : float or array, optional
        Heights in units of sigma_0, broadcast against R: the differential density.

    Returns
    -------
    density : array, shape of R, or broadcast shape of R and nu
        In the power -3 of the unit of R (per unit of nu).

    Raises
    ------
    ValueError
        As `spectral_moments`; also if nu is not finite, if pk vanishes, or if with nu
        all power is at one wavenumber.

    Notes
    -----
    The differential form is a quadrature to 1e-12; about 1 ms for each value.

    References
    ----------
    J. M. Bardeen et al., Astrophys. J. 304 (1986) 15, eqs. (4.11b), (A1.9), (A1.15),
    (A1.19).

    Examples
    --------
    >>> from geomsci.entropic.statistics import peak_density
    >>> round(float(peak_density(lambda k: 1 / k, 1.0)), 8)
    0.00881957
    """
    if nu is None:
        like, radii = host_values("R", R, above=0.0)
        heights = None
    else:
        like, radii, values = broadcast_values(
            ("R", R, 0.0, None), ("nu", nu, None, None)
        )
        heights = values.reshape(-1).tolist()
    sigma = integrated("entropic.spectral_moments", pk, radii.reshape(-1))
    if not np.all(sigma > 0.0):
        raise ValueError(
            "pk must be positive somewhere below k = 12 / R, got no power: a field "
            "without power has no maxima."
        )
    if heights is not None and not np.all(sigma[:, 1] ** 2 < sigma[:, 0] * sigma[:, 2]):
        raise ValueError(
            "pk must have power at more than one wavenumber for a density of heights, "
            "got sigma_1^2 = sigma_0 sigma_2."
        )
    rows = [tuple(row) for row in sigma.tolist()]
    found = run("entropic.peak_density", rows, heights)
    return from_host(np.asarray(found).reshape(radii.shape), like)


@public("entropic.shot_noise")
def shot_noise(n_density: Array, R: Array, *, n_axes: int = 3) -> ShotNoise:
    r"""Poisson noise of the curvature of a catalogue of points.

    In three dimensions :math:`\mathrm{std}(\mathrm{tr} K) =
    (15 / (32 \pi^{3/2} n R^3))^{1/2} R^{-2}`, and the Fisher information that noise
    feigns is :math:`3 / (16 \pi^{3/2} n R^5)`.

    Parameters
    ----------
    n_density : float or array, > 0
        Points per unit volume; with weights ``(sum w)^2 / sum w^2`` per volume.
    R : float or array, > 0
        Smoothing, in the same unit of length.
    n_axes : {1, 2, 3}

    Returns
    -------
    noise : ShotNoise
        ``trace_std`` and ``fisher_information``, both in the power -2 of the unit of R.

    Raises
    ------
    ValueError
        If a value is not positive or n_axes not 1, 2 or 3.

    Notes
    -----
    First order in the noise: right where n R^3 is large (8.4 for noise of 0.1 / R^2).
    Source: `spectral_moments` of the constant spectrum P = 1 / n.
    """
    xp, n, radius = common_arrays(n_density=n_density, R=R)
    for name, x in (("n_density", n), ("R", radius)):
        require_real(xp, name, x)
        require_finite(xp, **{name: x})
        if bool(xp.any(x <= 0)):
            raise ValueError(f"{name} must be > 0, got {float(xp.min(x)):g}.")
    return run("entropic.shot_noise", n, radius, axes_of(n_axes))
