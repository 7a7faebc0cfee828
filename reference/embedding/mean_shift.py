"""Points drawn to the surface that they lie about, by means of neighbours.

Noise of the size of the gaps between the sheets of a surface puts points into the gaps,
and paths through them shorten every distance. The mean of the nearest points of a
sample lies nearer to the sheet, where most of them are; from there the next mean is
taken, of the same sample.

References
----------
K. Fukunaga and L. D. Hostetler, IEEE Trans. Inform. Theory 21 (1975) 32.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from geomsci.backends.arrays import Array, array_namespace, from_host
from geomsci.backends.neighbors import nearest
from geomsci.backends.random import generator
from geomsci.backends.tiling import map_tiles

N_STEPS = 2
"""Means that are taken one after the other."""

FEWEST, MOST = 10, 50
"""Neighbours that a mean is taken of: a fiftieth of the sample, within these."""

SMALLEST_SAMPLE = 500
"""Points of which ten are a small part: fewer are not worth a mean."""

LARGEST_SAMPLE = 10_000
"""Points that are looked at for neighbours."""


class Attractor(NamedTuple):
    """The sample that draws points, shape (s, d), and the neighbours of a mean."""

    sample: Array
    n_neighbors: int


def attractor(X: Array, rng: Any) -> Attractor:
    """All rows of X, or a random sample of a large X."""
    n = X.shape[0]
    if n > LARGEST_SAMPLE:
        xp = array_namespace(X)
        rows = generator(rng).permutation(n)[:LARGEST_SAMPLE]
        X = xp.take(X, from_host(rows, X), axis=0)
    wanted = max(FEWEST, min(MOST, X.shape[0] // 50))
    return Attractor(X, min(wanted, X.shape[0]))


def mean_shift(X: Array, to: Attractor) -> Array:
    """Rows of X moved to the means of their nearest points of the sample, twice.

    No row depends on another: new points move as training points do. O(n s d), or
    O(n log s) in few dimensions.
    """
    xp = array_namespace(X)
    k = to.n_neighbors

    def means(chosen: Array) -> Array:
        total = xp.take(to.sample, chosen[:, 0], axis=0)
        for j in range(1, k):
            total = total + xp.take(to.sample, chosen[:, j], axis=0)
        return total / k

    for _ in range(N_STEPS):
        found = nearest(to.sample, k, queries=X).indices
        X = map_tiles(means, found, bytes_per_item=3 * 8 * X.shape[1])
    return X
