"""Driver of the compiled mass assignment; the source is `reference.entropic.deposit`.

A point reads its position and adds to p^d cells of a float64 grid: with the cubic
window in three dimensions 64 additions at random lines of memory, about 200 flops. One
thread, in the order of the points, so that the sums do not depend on threads.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from geomsci.backends import compile
from geomsci.backends.dispatch import resolve

ENTROPIC = "geomsci.reference.entropic"


def _named(target: str) -> Any:
    """A value of the methods' modules, which this floor knows by name only."""
    return resolve(target)


def accepts_assign(positions: Any, *args: Any, **options: Any) -> bool:
    """NumPy arrays."""
    return isinstance(positions, np.ndarray)


def assign_numba(
    positions: np.ndarray,
    shape: Sequence[int],
    lengths: Sequence[float],
    window: str,
    weights: np.ndarray | None = None,
) -> np.ndarray:
    """`geomsci.reference.entropic.mass_assignment.assign` on the host."""
    source, d = f"{ENTROPIC}.deposit", len(shape)
    kernel = compile.host(
        f"{source}:deposit",
        tuple(_named(f"{source}:HELPERS")),
        (
            f"const {positions.dtype.name}[2]", "const float64[1]", "float64[1]",
            "int64[1]", "int64", "float64[1]", "int64[2]", "float64[2]",
        ),
    )  # fmt: skip
    per_length, cells = np.ones(3), np.ones(3, dtype=np.int64)
    per_length[:d] = [n / length for n, length in zip(shape, lengths)]
    cells[:d] = shape
    mass = np.zeros(math.prod(shape))
    kernel(
        np.ascontiguousarray(positions),
        np.ones(1) if weights is None else np.ascontiguousarray(weights, np.float64),
        per_length,
        cells,
        _named(f"{ENTROPIC}.smoothing:WINDOW_ORDERS")[window],
        mass,
        np.zeros((3, 4), dtype=np.int64),
        np.zeros((3, 4)),
    )
    return mass.reshape(tuple(shape)).astype(positions.dtype, copy=False)
