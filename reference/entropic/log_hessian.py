r"""Curvature tensor K = -Hess log rho_R of a smoothed field, slab by slab.

The quotient form

.. math:: K_{ij} = -\rho_{ij} / \rho + \rho_i \rho_j / \rho^2

takes spectral derivatives of the smoothed density, not of its logarithm: the logarithm
of a band-limited field is not band-limited, while these derivatives are exact at the
grid points. The components are packed xx, xy, xz, yy, yz, zz (xx, xy, yy in the plane).

The inverse transform along the first axis is made for three half-complex arrays: the
smoothed coefficients, and those times i k_0 and -k_0^2. Everything else happens on
slabs of planes of the first axis: ten two-dimensional inverse transforms and the
quotients. The working set is three fields and a slab, whatever is kept of the result.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from geomsci.backends import fft, run
from geomsci.backends.arrays import Array, array_namespace, device, library
from geomsci.backends.tiling import DEVICE_BYTES, each_tile, tiles
from geomsci.reference.entropic.smoothing import (
    FieldTransform,
    axis_filter,
    transform,
    wavenumbers,
)

SLAB_BYTES = 4 * 1024 * 1024
"""Temporaries of a slab on the host: a few planes at 128^3, one from 256^3 on."""


class SmoothedTransform(NamedTuple):
    """What the slabs of one scale are made from.

    ``parts`` are the smoothed field and its first two derivatives along axis 0: real
    values on axis 0, coefficients on the others (in one dimension values alone).
    ``modes`` carries the shape, the sides and the type; its coefficients are those of
    ``parts`` from two dimensions on, so that the transform's own memory can go.
    """

    parts: tuple[Array, Array, Array]
    modes: FieldTransform


class Derivatives(NamedTuple):
    """Smoothed density on some planes with its first and second derivatives.

    ``first`` has d arrays, ``second`` the d (d + 1) / 2 packed components.
    """

    planes: slice
    density: Array
    first: tuple[Array, ...]
    second: tuple[Array, ...]


class CurvatureSlab(NamedTuple):
    """Planes of the smoothed density with the derivatives of its logarithm.

    ``density`` has the shape (planes, ...), ``gradient`` of log rho_R (..., d) and
    ``curvature`` = -Hess log rho_R (..., d (d + 1) / 2), packed.
    """

    planes: slice
    density: Array
    gradient: Array
    curvature: Array


class Curvature(NamedTuple):
    """Packed K at one scale, and how many cells had no positive smoothed density.

    In those cells K means nothing. ``lowest`` is the smallest smoothed density.
    """

    curvature: Array
    n_nonpositive: int
    lowest: float


def packed_pairs(d: int) -> list[tuple[int, int]]:
    """Axes (i, j), i <= j, of the packed components of a symmetric d x d tensor."""
    return [(i, j) for i in range(d) for j in range(i, d)]


def full_tensor(packed: Array, d: int) -> Array:
    """Packed components (..., d (d + 1) / 2) as symmetric matrices (..., d, d)."""
    xp = array_namespace(packed)
    number = {pair: p for p, pair in enumerate(packed_pairs(d))}
    order = [number[min(i, j), max(i, j)] for i in range(d) for j in range(d)]
    index = xp.asarray(order, dtype=xp.int64, device=device(packed))
    return xp.reshape(xp.take(packed, index, axis=-1), (*packed.shape[:-1], d, d))


def prepare(
    F: FieldTransform,
    R: float,
    window: str | None = None,
    *,
    overwrite: bool = False,
) -> SmoothedTransform:
    """Smooth at scale ``R`` and invert the first axis: three half-complex arrays.

    Parameters
    ----------
    F : FieldTransform
        Of the density.
    R : float
    window : {"ngp", "cic", "tsc", "pcs"}, optional
        Assignment window to divide out in the same pass.
    overwrite : bool
        True if ``F`` may be lost, as its memory may serve one of the three arrays;
        False leaves it for the next scale.

    Notes
    -----
    Row ``entropic.smoothed_parts`` of the table: `smoothed_parts` or a kernel.
    """
    if len(F.shape) == 1:
        filtered, n = F.coefficients * axis_filter(F, 0, R, window), F.shape[0]
        factors = (1.0, _imaginary(F, 0), -(wavenumbers(F, 0) ** 2))
        line = (fft.irfft(filtered * factor, n=n) for factor in factors)
        a, b, c = line
        return SmoothedTransform((a, b, c), F)
    options = (F.shape, F.lengths, R, window)
    # Kernels fill arrays of their own: only NumPy's run in place is worth the word.
    named = {"overwrite": True} if overwrite and library(F[0]) == "numpy" else {}
    a, b, c = run("entropic.smoothed_parts", F.coefficients, *options, **named)
    return SmoothedTransform((a, b, c), F._replace(coefficients=a))


def smoothed_parts(
    coefficients: Array,
    shape: tuple[int, ...],
    lengths: tuple[float, ...],
    R: float,
    window: str | None = None,
    *,
    overwrite: bool = False,
) -> tuple[Array, Array, Array]:
    """The parts of a `SmoothedTransform` in two or three dimensions.

    Parameters
    ----------
    coefficients, shape, lengths
        Of a `FieldTransform`.
    R : float
    window : {"ngp", "cic", "tsc", "pcs"}, optional
        Assignment window to divide out in the same pass.

    overwrite : bool
        Whether the first part takes the memory of ``coefficients``.

    Notes
    -----
    Worked column by column, in pieces that stay in the cache.
    """
    xp = array_namespace(coefficients)
    F = FieldTransform(coefficients, shape, lengths)
    across, *others = (
        axis_filter(F, axis, R, window) for axis in (1, 0, *range(2, len(shape)))
    )
    # The filter of a column; its factor along axis 1 is one number.
    column = math.prod(others[1:], start=others[0])
    ik = _imaginary(F, 0)
    minus_k2 = -(wavenumbers(F, 0) ** 2)
    smoothed = coefficients if overwrite else xp.empty_like(coefficients)
    parts = (smoothed, xp.empty_like(coefficients), xp.empty_like(coefficients))

    def columns(tile: slice) -> None:
        G = coefficients[:, tile, ...] * (column * across[:, tile, ...])
        for part, factor in zip(parts, (None, ik, minus_k2)):
            part[:, tile, ...] = fft.ifft(G if factor is None else G * factor, axis=0)

    n_columns = coefficients.shape[1]
    bytes_per_item = 4 * _item_bytes(F) * math.prod(coefficients.shape) // n_columns
    each_tile(columns, n_columns, bytes_per_item, like=coefficients)
    return parts


def derivatives(S: SmoothedTransform, planes: slice) -> Derivatives:
    """Density and its first and second derivatives on some planes of the first axis.

    Odd and mixed derivatives drop the Nyquist modes, second ones along an axis keep
    them. Row ``entropic.plane_derivatives`` of the table: `plane_derivatives` or a
    kernel.
    """
    A, B, C = (part[planes, ...] for part in S.parts)
    F = S.modes
    if len(F.shape) == 1:
        return Derivatives(planes, A, (B,), (C,))
    return Derivatives(
        planes, *run("entropic.plane_derivatives", A, B, C, F.shape, F.lengths)
    )


def plane_derivatives(
    A: Array, B: Array, C: Array, shape: tuple[int, ...], lengths: tuple[float, ...]
) -> tuple[Array, tuple[Array, ...], tuple[Array, ...]]:
    """Density, first and packed second derivatives in two or three dimensions.

    Parameters
    ----------
    A, B, C : arrays
        Some planes of the parts of a `SmoothedTransform`.
    shape, lengths
        Of its ``modes``: of all planes.
    """
    d, F = len(shape), FieldTransform(A, shape, lengths)

    def real(*axes: int) -> Array:
        return _plane_derivative(A, B, C, F, axes)

    first = tuple(real(j) for j in range(d))
    return real(), first, tuple(real(i, j) for i, j in packed_pairs(d))


def _plane_derivative(
    A: Array, B: Array, C: Array, F: FieldTransform, axes: tuple[int, ...]
) -> Array:
    """One derivative, along no, one or two ascending axes, on the planes of A, B, C."""
    part = (A, B, C)[sum(axis == 0 for axis in axes)]
    others = [axis for axis in axes if axis > 0]
    if len(others) == 2 and others[0] == others[1]:
        part = part * -(wavenumbers(F, others[0]) ** 2)
    elif others:
        part = part * math.prod(_imaginary(F, axis) for axis in others)
    inner = F.shape[1:]
    if not inner:
        return part
    return fft.irfftn(part, s=inner, axes=tuple(range(1, len(F.shape))), workers=1)


def curvature_component(S: SmoothedTransform, planes: slice, i: int, j: int) -> Array:
    """-d_i d_j log rho_R, i <= j, on some planes: three or four transforms.

    Where all components are wanted, `slab` has them for less.
    """
    A, B, C = (part[planes, ...] for part in S.parts)

    def real(*axes: int) -> Array:
        return _plane_derivative(A, B, C, S.modes, axes)

    scale = 1.0 / real()
    slope = real(i) * scale
    other = slope if i == j else real(j) * scale
    return slope * other - real(i, j) * scale


def slab(S: SmoothedTransform, planes: slice) -> CurvatureSlab:
    """Density, gradient of its logarithm and curvature on some planes.

    Cells without positive density are divided by one instead: count them with
    ``slab.density <= 0`` before anything is read from them.
    """
    D = derivatives(S, planes)
    xp = array_namespace(D.density)
    density = xp.where(D.density > 0, D.density, xp.ones_like(D.density))
    inverse_density = 1.0 / density
    gradient = [rho_i * inverse_density for rho_i in D.first]
    curvature = [
        gradient[i] * gradient[j] - rho_ij * inverse_density
        for (i, j), rho_ij in zip(packed_pairs(len(D.first)), D.second)
    ]
    return CurvatureSlab(
        planes, D.density, xp.stack(gradient, axis=-1), xp.stack(curvature, axis=-1)
    )


def slabs(
    S: SmoothedTransform, *, target: int | None = None
) -> Iterator[CurvatureSlab]:
    """`slab` over all planes in order.

    Parameters
    ----------
    S : SmoothedTransform
    target : int, optional
        Bytes of the temporaries of one slab; default `SLAB_BYTES` on the host.
    """
    for planes in plane_tiles(S, target=target):
        yield slab(S, planes)


def plane_tiles(S: SmoothedTransform, *, target: int | None = None) -> list[slice]:
    """Slices of the first axis, each about ``target`` bytes of temporaries."""
    n = S.modes.shape[0]
    return list(tiles(n, plane_bytes(S), target=target or _target(S.parts[0])))


def plane_bytes(S: SmoothedTransform) -> int:
    """Bytes that the temporaries of one plane take: about 24 real planes."""
    return 24 * math.prod(S.modes.shape[1:]) * _item_bytes(S.modes) // 2


def log_hessian(
    field: Array,
    radii: Sequence[float],
    lengths: Sequence[float],
    window: str | None = None,
) -> list[Curvature]:
    """Packed K = -Hess log rho_R at several scales that share one forward transform.

    Parameters
    ----------
    field : array, shape (n_1, ..., n_d), d = 1, 2 or 3
    radii : sequence of S float
    lengths : sequence of d float
    window : {"ngp", "cic", "tsc", "pcs"}, optional
        Assignment window to divide out.

    Returns
    -------
    results : list of S `Curvature`

    Notes
    -----
    O(n log n) time for n cells. Memory: the transform, three arrays of its size, and
    the d (d + 1) / 2 components of each scale.
    """
    F = transform(field, lengths)
    return [_whole(prepare(F, R, window), field) for R in radii]


def _whole(S: SmoothedTransform, field: Array) -> Curvature:
    """All slabs of one scale in one array."""
    xp = array_namespace(field)
    d = len(S.modes.shape)
    K = xp.empty(
        (*field.shape, d * (d + 1) // 2), dtype=field.dtype, device=device(field)
    )
    counts: list[int] = []
    lowest: list[float] = []

    def work(planes: slice) -> None:
        part = slab(S, planes)
        K[planes, ...] = part.curvature
        counts.append(n_nonpositive(part.density))
        lowest.append(float(xp.min(part.density)))

    each_tile(
        work, field.shape[0], plane_bytes(S), like=field, target=_target(S.parts[0])
    )
    return Curvature(K, sum(counts), min(lowest))


def n_nonpositive(density: Array) -> int:
    """Number of cells without positive density (a NaN counts as one)."""
    xp = array_namespace(density)
    return int(xp.sum(xp.astype(~(density > 0), xp.int64)))


def _imaginary(F: FieldTransform, axis: int) -> Array:
    """i k along an axis, the Nyquist mode zeroed."""
    xp = array_namespace(F.coefficients)
    return xp.astype(wavenumbers(F, axis, odd=True), F.coefficients.dtype) * 1j


def _item_bytes(F: FieldTransform) -> int:
    """Bytes of one coefficient."""
    xp = array_namespace(F.coefficients)
    return 8 if F.coefficients.dtype == xp.complex64 else 16


def _target(x: Array) -> int:
    """Bytes of temporaries of a slab where ``x`` lives."""
    on_host = library(x) == "numpy" or "cpu" in str(device(x)).lower()
    return SLAB_BYTES if on_host else DEVICE_BYTES
