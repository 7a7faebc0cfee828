"""Driver of the GPU kernel of nearest neighbours: `geomsci.backends.neighbors.nearest`.

Brute force over tiles with running lists, distances from differences. The kernel, its
mapping and what it reads are in ``embedding_neighbors.cu``. Few queries would leave
most of the GPU idle, so the points are cut into parts; the lists of the parts are
joined by one stable sort.
"""

from __future__ import annotations

import math
from typing import Any

from geomsci.backends import arrays
from geomsci.backends.kernels.launching import Runner, on_device
from geomsci.backends.neighbors import Neighbors

FILE = "embedding_neighbors.cu"
NAMES = {"float64": "nearest_double", "float32": "nearest_float"}

MOST_NEIGHBORS = 32
"""Length of a list: one entry a lane of a warp."""

THREADS_PER_BLOCK = 256
QUERIES = 32
"""Queries of a block; with the number of threads, as in the file."""

ENOUGH_BLOCKS = 1024
"""Blocks that fill a large GPU several times."""

FEWEST_POINTS = 1024
"""Points that are worth a part of their own."""


def accepts_nearest_cuda(X: Any, k: int, queries: Any = None) -> bool:
    """CuPy float64 or float32 of one type, at most 32 neighbours."""
    given = (X,) if queries is None else (X, queries)
    return (
        all(arrays.library(x) == "cupy" and x.ndim == 2 for x in given)
        and all(x.dtype == X.dtype and x.size > 0 for x in given)
        and X.dtype.name in NAMES
        and 1 <= k <= MOST_NEIGHBORS
    )


def nearest_cuda(X: Any, k: int, queries: Any = None) -> Neighbors:
    """The k nearest rows of CuPy arrays; the arguments of the reference."""
    with X.device:
        return nearest(X, k, queries, on_device(FILE))


def n_parts(n: int, m: int) -> int:
    """Parts of n points for m queries."""
    wanted = ENOUGH_BLOCKS // -(-m // QUERIES)
    return max(1, min(wanted, n // FEWEST_POINTS))


def nearest(
    X: Any, k: int, queries: Any, runner: Runner, *, parts: int | None = None
) -> Neighbors:
    """Distances ascending and indices, both of shape (m, k)."""
    xp, launch = runner
    X = xp.ascontiguousarray(X)
    Y = X if queries is None else xp.ascontiguousarray(queries)
    (n, d), m = X.shape, Y.shape[0]
    parts = n_parts(n, m) if parts is None else parts
    distances = xp.empty((m, parts * k), dtype=X.dtype)
    indices = xp.empty((m, parts * k), dtype=xp.int64)
    sizes = (n, m, d, int(k), int(queries is not None), -(-n // parts))
    arguments = (X, Y, *sizes, math.inf, distances, indices)
    grid = (-(-m // QUERIES), parts)
    launch(NAMES[X.dtype.name], grid, THREADS_PER_BLOCK, arguments)
    if parts == 1:
        return Neighbors(distances, indices)
    # Parts stand in the order of their indices, so a stable sort keeps ties in order.
    order = xp.argsort(distances, axis=1, kind="stable")[:, :k]
    return Neighbors(
        xp.take_along_axis(distances, order, axis=1),
        xp.take_along_axis(indices, order, axis=1),
    )
