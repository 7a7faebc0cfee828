"""Random fields on periodic grids with given power spectra.

White noise w on the grid (variance 1 in each cell) becomes a Gaussian field by

    delta = F^{-1} [ F w  sqrt(P(k) / v) ],      v the volume of a cell,

so that every mode ``delta_k = (V / N) sum_x delta(x) e^{-ikx}`` has the variance
``<|delta_k|^2> = V P(k)`` exactly, where V is the volume of the box and N the number of
cells. Hermitian symmetry is that of the transform of a real array: the modes that are
their own mirror images, on Nyquist planes, come out real and of full variance, with no
special treatment. The mode k = 0 is zero, so the box mean is zero in every draw.

The noise is drawn in real space on the host: one seed is one field on every library.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.entropic.smoothing import (
    FieldTransform,
    inverse,
    transform,
    wavenumbers,
)


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
    noise: Array, pk: Callable[[Array], Array], lengths: Sequence[float]
) -> Array:
    """Positive field whose logarithm g is Gaussian with the spectrum ``pk``.

    ``rho = exp(g - sigma^2 / 2)`` with sigma^2 the variance of g in one cell, so the
    mean over draws is exactly 1. Parameters as in `gaussian_field`.
    """
    xp = array_namespace(noise)
    g, variance = _from_noise(noise, pk, lengths)
    return xp.exp(g - variance / 2)


def _from_noise(
    noise: Array, pk: Callable[[Array], Array], lengths: Sequence[float]
) -> tuple[Array, Array]:
    """The Gaussian field and its variance in one cell, the sum of P(k) / V."""
    xp = array_namespace(noise)
    F = transform(noise, lengths)
    k = mode_lengths(F)
    # A spectrum need not be finite at 0, so it is not asked there.
    at_zero = k == 0
    fundamental = 2 * math.pi / max(lengths)
    power = pk(xp.where(at_zero, xp.full_like(k, fundamental), k))
    power = xp.where(at_zero, xp.zeros_like(k), power)
    cell = math.prod(length / n for length, n in zip(lengths, F.shape))
    modes = F.coefficients * xp.sqrt(power / cell)
    variance = xp.sum(power * _multiplicity(F)) / math.prod(lengths)
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
