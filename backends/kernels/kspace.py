"""Driver of the GPU products in Fourier space: ``kspace.cu``, for CuPy.

``smoothed_parts_cuda`` multiplies by Gaussian, window and the derivatives along the
first axis, ``plane_derivatives_cuda`` by those of the other axes: one pass each over
half-complex coefficients, then one batch of transforms. The formulas, mappings and
counts of bytes are in the ``.cu`` file; the mathematics is
`geomsci.reference.entropic.log_hessian`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from geomsci.backends import arrays, fft, tiling
from geomsci.backends.dispatch import resolve
from geomsci.backends.kernels.launching import Runner, on_device

FILE = "kspace.cu"
SMOOTHING = "geomsci.reference.entropic.smoothing"
REALS = {"complex64": "float", "complex128": "double"}

THREADS_PER_BLOCK = 256

MOST_PLANES = 65535
"""Blocks of a grid along its second axis."""


def _accepts(x: Any, d: int) -> bool:
    return (
        arrays.library(x) == "cupy"
        and d in (2, 3)
        and x.dtype.name in REALS
        and x.size > 0
        and x.shape[0] <= MOST_PLANES
        and x.size // x.shape[0] < 2**31 - THREADS_PER_BLOCK
    )


def accepts_parts_cuda(
    coefficients: Any, shape: Sequence[int], *options: Any, **named: Any
) -> bool:
    """CuPy, complex, two or three dimensions, at most 65535 cells along axis 0."""
    return _accepts(coefficients, len(shape))


def accepts_derivatives_cuda(
    A: Any, B: Any, C: Any, shape: Sequence[int], lengths: Sequence[float]
) -> bool:
    """CuPy, complex, two or three dimensions, at most 65535 planes, of one type."""
    return _accepts(A, len(shape)) and A.dtype == B.dtype == C.dtype


def smoothed_parts_cuda(
    coefficients: Any,
    shape: Sequence[int],
    lengths: Sequence[float],
    R: float,
    window: str | None = None,
) -> tuple[Any, Any, Any]:
    """`geomsci.reference.entropic.log_hessian.smoothed_parts` of CuPy arrays."""
    with coefficients.device:
        runner = on_device(FILE)
        return smoothed_parts(coefficients, shape, lengths, R, window, runner)


def plane_derivatives_cuda(
    A: Any, B: Any, C: Any, shape: Sequence[int], lengths: Sequence[float]
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """`geomsci.reference.entropic.log_hessian.plane_derivatives` of CuPy arrays."""
    with A.device:
        return plane_derivatives(A, B, C, shape, lengths, on_device(FILE))


def _unit(lengths: Sequence[float], axis: int) -> float:
    return 2.0 * math.pi / lengths[axis]


def _blocks(cells: int, planes: int) -> tuple[int, int]:
    return -(-cells // THREADS_PER_BLOCK), planes


def smoothed_parts(
    coefficients: Any,
    shape: Sequence[int],
    lengths: Sequence[float],
    R: float,
    window: str | None,
    runner: Runner,
    *,
    target: int | None = None,
) -> tuple[Any, Any, Any]:
    """Smoothed field and its first two derivatives along axis 0, of any runner.

    ``target`` is the size in bytes of the temporaries of a tile of columns.
    """
    xp = runner.xp
    F, d = xp.ascontiguousarray(coefficients), len(shape)
    modes = resolve(f"{SMOOTHING}:FieldTransform")(F, tuple(shape), tuple(lengths))
    axis_filter = resolve(f"{SMOOTHING}:axis_filter")
    filters = [axis_filter(modes, axis, R, window).reshape(-1) for axis in range(d)]
    if d == 2:
        filters.append(xp.ones(1, dtype=filters[0].dtype))
    F = F.reshape(tuple(len(f) for f in filters))
    parts = xp.empty((3, *F.shape), dtype=F.dtype)
    # Products, their copy with axis 0 last, and the transform.
    column = 9 * F.shape[0] * F.shape[2] * F.itemsize
    size = target or tiling.tile_bytes(coefficients)
    for tile in tiling.tiles(F.shape[1], column, target=size):
        products = part_products(F, filters, tile, _unit(lengths, 0), runner)
        parts[:, :, tile, :] = fft.ifft(products, axis=1)
    a, b, c = (part.reshape(coefficients.shape) for part in parts)
    return a, b, c


def part_products(
    F: Any, filters: Sequence[Any], tile: slice, unit: float, runner: Runner
) -> Any:
    """Coefficients of the parts on some columns: (3, n_0, columns, n_2)."""
    n_0, _, n_2 = F.shape
    columns = tile.stop - tile.start
    out = runner.xp.empty((3, n_0, columns, n_2), dtype=F.dtype)
    name = f"smoothed_parts_{REALS[F.dtype.name]}"
    arguments = (F, *filters, *F.shape, tile.start, columns, unit, out)
    grid = _blocks(columns * n_2, n_0)
    runner.launch(name, grid, THREADS_PER_BLOCK, arguments)
    return out


def plane_derivatives(
    A: Any,
    B: Any,
    C: Any,
    shape: Sequence[int],
    lengths: Sequence[float],
    runner: Runner,
) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
    """Density, first and second derivatives on the planes of A, B, C."""
    products = derivative_products(A, B, C, shape, lengths, runner)
    d, n, inner = len(shape), products.shape[0], tuple(shape[1:])
    batch = products.reshape(-1, *A.shape[1:])
    fields = fft.irfftn(batch, s=inner, axes=tuple(range(1, d)), workers=1)
    fields = fields.reshape(n, A.shape[0], *inner)
    return fields[0], tuple(fields[1 : d + 1]), tuple(fields[d + 1 :])


def derivative_products(
    A: Any,
    B: Any,
    C: Any,
    shape: Sequence[int],
    lengths: Sequence[float],
    runner: Runner,
) -> Any:
    """Coefficients of the density and its derivatives: (components, *A.shape)."""
    xp, d = runner.xp, len(shape)
    given = tuple(xp.ascontiguousarray(part) for part in (A, B, C))
    planes, cells = A.shape[0], math.prod(A.shape[1:])
    out = xp.empty((1 + d + d * (d + 1) // 2, *A.shape), dtype=A.dtype)
    sides = (int(shape[1]), int(shape[-1]))
    units = (_unit(lengths, 1), _unit(lengths, d - 1))
    name = f"plane_derivatives_{d}_{REALS[A.dtype.name]}"
    arguments = (*given, planes, cells, *sides, *units, out)
    runner.launch(name, _blocks(cells, planes), THREADS_PER_BLOCK, arguments)
    return out
