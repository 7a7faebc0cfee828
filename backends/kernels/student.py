"""Driver of the forces of Student neighbour embedding in the plane.

Formula: `geomsci.reference.embedding.student_forces`. Every row of P is read once, 8
bytes a pair, and takes about 16 operations and one division; the coordinates stay in
the first-level cache. Rows are shared by the threads; no row depends on another.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from geomsci.backends import compile, threads

SOURCE = "geomsci.reference.embedding.student_forces:plane_forces"

WORTH_A_THREAD = 50_000
"""Pairs that are worth a piece of their own: about 0.1 milliseconds."""


def accepts_plane(P: Any, Y: Any) -> bool:
    """NumPy in double precision, two coordinates, every row of P in one piece."""
    return (
        isinstance(P, np.ndarray)
        and P.dtype == Y.dtype == np.float64
        and P.flags.c_contiguous
        and Y.shape[1] == 2
    )


def student_gradient_numba(P: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """`geomsci.reference.embedding.student_neighbors.student_gradient` on the host."""
    signature = (
        "const float64[2]", "const float64[1]", "const float64[1]", "float64[2]",
        "int64", "int64",
    )  # fmt: skip
    kernel = compile.host(SOURCE, (), signature)
    n = P.shape[0]
    sums = np.empty((n, 5))
    first, second = np.ascontiguousarray(Y.T)
    work = functools.partial(kernel, P, first, second, sums)
    threads.over_batch(work, n, at_least=WORTH_A_THREAD // n + 1)
    return 4.0 * (sums[:, :2] - sums[:, 2:4] / sums[:, 4].sum())
