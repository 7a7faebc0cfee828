"""Random fields on periodic grids with given power spectra.

White noise w on the grid (variance 1 in each cell) becomes a Gaussian field by

    delta = F^{-1} [ F w  sqrt(P(k) / v) ],      v the volume of a cell,

so that every mode ``delta_k = (V / N) sum_x delta(x) e^{-ikx}`` has the variance
``<|delta_k|^2> = V P(k)`` exactly, where V is the volume of the box and N the number of
cells. Hermitian symmetry is that of the transform of a real array: the modes that are
their own mirror images, on Nyquist planes, come out real and of full variance, with no
special treatment. The mode k = 0 is zero, so the box mean is zero in every draw.

A lognormal field is the exponential of such a field g, and 1 + xi = exp(xi_g) relates
their correlations (Coles, Jones 1991): a density with the spectrum P is made from the
g of the correlation log(1 + kappa + xi), where xi is that of P and kappa the variance
of the mean of the box. kappa is the one number for which g, too, has no mode k = 0.

The noise is drawn in real space on the host: one seed is one field on every library.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.entropic.smoothing import (
    FieldTransform,
    inverse,
    transform,
    wavenumbers,
)

SPECTRUM_OF = ("logarithm", "density")
"""What the spectrum of a lognormal field belongs to."""

NEWTON_STEPS = 50


class LognormalField(NamedTuple):
    """A lognormal density, and what was clipped of the variance of its logarithm.

    ``clipped`` is the sum of the negative powers over that of the positive ones.
    """

    field: Array
    clipped: float


def gaussian_field(
    noise: Array, pk: Callable[[Array], Array], lengths: Sequence[float]
) -> Array:
    """Field with the spectrum ``pk`` from white ``noise``.

    Parameters
    ----------
    noise : array, shape (n_1, ..., n_d)
        Independent standard normal numbers.
    pk : callable
        Power at an array of wavenumbers, all positive, in their dtype.
    lengths : sequence of d float
        Sides of the box.

    Returns
    -------
    delta : array, shape and dtype of ``noise``
    """
    return _from_noise(noise, pk, lengths)[0]


def lognormal_field(
    noise: Array,
    pk: Callable[[Array], Array],
    lengths: Sequence[float],
    spectrum_of: str = "logarithm",
) -> LognormalField:
    """Positive field whose logarithm g is Gaussian.

    ``rho = exp(g - sigma^2 / 2)`` with sigma^2 the variance of g in one cell, so the
    mean over draws is exactly 1.

    Parameters
    ----------
    noise, pk, lengths
        As in `gaussian_field`.
    spectrum_of : {"logarithm", "density"}
        Whether ``pk`` is the spectrum of g or of rho.

    Raises
    ------
    ValueError
        If no logarithm has the correlation of the density.
    """
    xp = array_namespace(noise)
    F = transform(noise, lengths)
    power, clipped = _power(F, pk), 0.0
    if spectrum_of == "density":
        power, clipped = logarithmic_power(power, F)
    g, variance = _coloured(F, power)
    return LognormalField(xp.exp(g - variance / 2), clipped)


def logarithmic_power(power: Array, F: FieldTransform) -> tuple[Array, float]:
    """Spectrum of the logarithm of a lognormal density from that of the density.

    Parameters
    ----------
    power : array
        Spectrum of the density at the modes of ``F``, zero at k = 0.
    F : FieldTransform
        Of any field on the grid.

    Returns
    -------
    power : array of the same shape and dtype
        Not negative.
    clipped : float
        See `LognormalField`.

    Raises
    ------
    ValueError
        If the correlation is -1 or less somewhere.

    Notes
    -----
    Made in float64, as the logarithm's power at large k is a small difference. Two
    transforms, O(N log N). Newton's steps for kappa rise to it from 0: the mean of
    log(1 + kappa + xi) is a concave function of it, and negative at 0.
    """
    xp = array_namespace(power)
    cell = math.prod(length / n for length, n in zip(F.lengths, F.shape))
    P = F._replace(coefficients=xp.astype(power, xp.complex128) / cell)
    ratio = 1.0 + inverse(P)
    lowest = float(xp.min(ratio))
    if not lowest > 0.0:
        raise ValueError(
            "pk must be the spectrum of a density, with a correlation above -1, got "
            f"{lowest - 1.0:.3g}: lower its power, or give that of the logarithm."
        )
    for _ in range(NEWTON_STEPS):
        step = -float(xp.mean(xp.log(ratio))) / float(xp.mean(1.0 / ratio))
        ratio = ratio + step
        if step < 1e-16:
            break
    found = xp.real(transform(xp.log(ratio), F.lengths).coefficients) * cell
    found = xp.where(mode_lengths(P) == 0.0, xp.zeros_like(found), found)
    count = xp.astype(_multiplicity(P), xp.float64)
    zero = xp.zeros_like(found)
    kept = xp.where(found > 0.0, found, zero)
    lost = float(xp.sum((kept - found) * count))
    whole = float(xp.sum(kept * count))
    return xp.astype(kept, power.dtype), lost / whole if whole > 0.0 else 0.0


def _from_noise(
    noise: Array, pk: Callable[[Array], Array], lengths: Sequence[float]
) -> tuple[Array, Array]:
    """The Gaussian field and its variance in one cell."""
    F = transform(noise, lengths)
    return _coloured(F, _power(F, pk))


def _power(F: FieldTransform, pk: Callable[[Array], Array]) -> Array:
    """P(k) at the modes; zero at k = 0."""
    k = mode_lengths(F)
    xp = array_namespace(k)
    # A spectrum need not be finite at 0, so it is not asked there.
    at_zero = k == 0
    fundamental = 2 * math.pi / max(F.lengths)
    power = pk(xp.where(at_zero, xp.full_like(k, fundamental), k))
    return xp.where(at_zero, xp.zeros_like(k), power)


def _coloured(F: FieldTransform, power: Array) -> tuple[Array, Array]:
    """The field of white modes with a power, and the sum of P(k) / V, its variance."""
    xp = array_namespace(power)
    cell = math.prod(length / n for length, n in zip(F.lengths, F.shape))
    modes = F.coefficients * xp.sqrt(power / cell)
    variance = xp.sum(power * _multiplicity(F)) / math.prod(F.lengths)
    return inverse(F._replace(coefficients=modes)), variance


def mode_lengths(F: FieldTransform) -> Array:
    """Length of the wave vector of every coefficient."""
    xp = array_namespace(F.coefficients)
    squares = [wavenumbers(F, axis) ** 2 for axis in range(len(F.shape))]
    return xp.sqrt(sum(squares[1:], squares[0]))


def _multiplicity(F: FieldTransform) -> Array:
    """How many modes of the whole spectrum a coefficient of the half one stands for."""
    k = wavenumbers(F, len(F.shape) - 1)
    xp = array_namespace(k)
    j = xp.arange(k.shape[-1], dtype=xp.int64, device=device(k))
    # One of each mirror pair is there, but 0 and Nyquist are their own mirrors.
    alone = (j == 0) | (2 * j == F.shape[-1])
    one = xp.ones(j.shape, dtype=k.dtype, device=device(k))
    return xp.where(alone, one, 2 * one)
