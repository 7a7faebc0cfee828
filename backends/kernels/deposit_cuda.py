"""Driver of the GPU mass assignment: ``deposit.cu``, for CuPy.

Points are sorted by cell and every cell sums those that reach it, in their order: no
atomics, the same result at every run. The formulas, mappings and counts of bytes are in
the ``.cu`` file; the mathematics is `geomsci.reference.entropic.mass_assignment`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from geomsci.backends import arrays
from geomsci.backends.dispatch import resolve
from geomsci.backends.kernels.launching import Runner, on_device

FILE = "deposit.cu"
REALS = {"float32": "float", "float64": "double"}
ORDERS = "geomsci.reference.entropic.smoothing:WINDOW_ORDERS"

THREADS_PER_BLOCK = 256


def accepts_assign_cuda(
    positions: Any, shape: Sequence[int], *args: Any, **options: Any
) -> bool:
    """CuPy, real, fewer than 2^31 points and cells, at least one point."""
    return (
        arrays.library(positions) == "cupy"
        and positions.dtype.name in REALS
        and 0 < positions.shape[0] < 2**31
        and math.prod(shape) < 2**31
    )


def assign_cuda(
    positions: Any,
    shape: Sequence[int],
    lengths: Sequence[float],
    window: str,
    weights: Any | None = None,
) -> Any:
    """`geomsci.reference.entropic.mass_assignment.assign` of CuPy arrays."""
    with positions.device:
        runner = on_device(FILE)
        return assign(positions, shape, lengths, window, weights, runner)


def assign(
    positions: Any,
    shape: Sequence[int],
    lengths: Sequence[float],
    window: str,
    weights: Any | None,
    runner: Runner,
) -> Any:
    """Mass of every cell, of the type of ``positions``, of any runner."""
    xp = runner.xp
    positions = xp.ascontiguousarray(positions)
    n, d = positions.shape
    real = REALS[positions.dtype.name]
    orders: Any = resolve(ORDERS)
    order = orders[window]
    sides = (*(1,) * (3 - d), *(int(m) for m in shape))
    scales = (1.0,) * (3 - d)
    scales += tuple(float(m / length) for m, length in zip(shape, lengths))

    def launch(name: str, count: int, *arguments: Any) -> None:
        blocks = (-(-count // THREADS_PER_BLOCK), 1)
        runner.launch(name, blocks, THREADS_PER_BLOCK, arguments)

    keys = xp.empty(n, dtype=xp.int32)
    launch(f"deposit_keys_{real}", n, positions, n, d, order, *sides, *scales, keys)
    places = xp.argsort(keys, kind="stable").astype(xp.int64, copy=False)
    keys = xp.take(keys, places)
    n_cells = math.prod(sides)
    starts = xp.empty(n_cells + 1, dtype=xp.int32)
    launch("deposit_starts", n_cells + 1, keys, n, n_cells, starts)

    weighted = int(weights is not None)
    masses = xp.ones(1) if weights is None else xp.ascontiguousarray(weights)
    masses = masses.astype(xp.float64, copy=False)
    fractions, sorted_masses = xp.empty((d, n)), xp.empty(masses.shape)
    given = (positions, masses, places, n, d, order, weighted, *scales)
    launch(f"deposit_sorted_{real}", n, *given, fractions, sorted_masses)

    mass = xp.empty(tuple(shape), dtype=positions.dtype)
    tables = (fractions, sorted_masses, starts, n, d, order, weighted)
    launch(f"deposit_sums_{real}", n_cells, *tables, *sides, mass)
    return mass
