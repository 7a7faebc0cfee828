"""Driver of the fused distance kernel: logarithm, inverse rate function, mirror.

The mathematics is `geomsci.reference.embedding.rate_table`, compiled for the host;
rows of tiles over threads. An entry of the upper triangle is read twice and written
twice (32 bytes), for one logarithm, one root and about 25 operations; the table has
2 kB an octave and stays in the first-level cache.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from geomsci.backends import compile, threads
from geomsci.backends.dispatch import resolve

SOURCE = "geomsci.reference.embedding.rate_table"
RATES = "geomsci.reference.embedding.rates"

SHORTEST_TIME = 1e-6
"""Of a table: an entry of 1e-308 then has a rate below 2^30."""

_SIGNATURE = (
    "const float64[2]", "const float64[1]", "const float64[2]", "float64", "float64",
    "float64[2]", "int64", "int64",
)  # fmt: skip


def _source(name: str) -> Any:
    return resolve(f"{SOURCE}:{name}")


def accepts(H: Any, t: float, *, distance: str, **options: Any) -> bool:
    """Rate distances of a NumPy array, at a time that the table is made for."""
    return isinstance(H, np.ndarray) and distance == "rate" and t >= SHORTEST_TIME


@functools.lru_cache(maxsize=16)
def table(m: float, highest_octave: int) -> np.ndarray:
    """Coefficients of ``I_m^{-1}(e) / sqrt(e)`` in the bins up to an octave."""
    degree = _source("DEGREE")
    low, high = np.array(_source("bin_bounds")(highest_octave)).T[:, :, None]
    nodes = np.cos(np.pi * (np.arange(degree + 1) + 0.5) / (degree + 1))
    e = low + (high - low) * (nodes + 1) / 2
    g = resolve(f"{RATES}:inverse_rate_function")(e, m=m) / np.sqrt(e)
    # The system has a small residual where its solution is read, at the nodes.
    powers = np.vander(nodes, increasing=True)
    found = np.ascontiguousarray(np.linalg.solve(powers, g.T).T)
    found.flags.writeable = False
    return found


def heat_geodesic_distance_numba(
    H: np.ndarray,
    t: float,
    *,
    sigma: float,
    volume: str,
    distance: str,
    intrinsic_dim: float,
    step: float,
) -> np.ndarray:
    """`geomsci.reference.embedding.dissimilarities.heat_geodesic_distance`."""
    H = np.ascontiguousarray(H)
    half = np.log(np.diagonal(H)) / 2
    # No entry above 0 is below exp(-746).
    largest = (2 * float(half.max()) + 746.0) / t
    octave = max(_source("LOWEST_OCTAVE") + 1, math.frexp(largest)[1])
    target = f"{SOURCE}:distance_tiles"
    kernel = compile.host(target, _source("HELPERS"), _SIGNATURE)
    D = np.empty_like(H)
    work = functools.partial(
        kernel, H, half, table(intrinsic_dim, octave), t, step * t, D
    )
    n_tiles = -(-H.shape[0] // _source("TILE"))
    threads.over_batch(work, (n_tiles + 1) // 2, at_least=1)
    return D
