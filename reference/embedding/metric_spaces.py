"""Where the points of a graph live: among coordinates, or in a matrix of distances.

Both give the same distances to the graphs, the shortcut tests and the bridges, in
units of a power of two near the largest entry, so that no square over- or underflows
and nothing is rounded. ``unit`` turns a distance back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from geomsci.backends import neighbors
from geomsci.backends.arrays import Array, array_namespace
from geomsci.backends.neighbors import NearestPair


class MetricSpace(Protocol):
    """n points with distances ``d_ij``, symmetric and 0 for ``i = j``."""

    unit: float

    def nearest_distances(self, k: int) -> Array:
        """Distances of every point from its k nearest others, ascending, (n, k)."""

    def kth_beyond(self, rows: list[int], limit: float, k: int) -> Array:
        """Distance of some points from the k-th nearest farther than a limit.

        The farthest of them where there are fewer than k, 0 where there is none.
        """

    def distances(self) -> Array:
        """All distances, shape (n, n)."""

    def pair_distances(self, rows: Array, columns: Array) -> Array:
        """Distances of a list of pairs."""

    def nearest_pair(self, inside: Array) -> NearestPair:
        """The nearest two points, one inside a group and one outside."""

    def distances_within(self, radii: Array) -> Any:
        """Distances ``d_ij <= radii_i`` of different points, CSR, for NumPy."""


class PointCloud:
    """Rows of coordinates with the Euclidean distance, for `MetricSpace`."""

    def __init__(self, X: Array) -> None:
        self.unit = neighbors.power_of_two_unit(X)
        self._X = X / self.unit

    def nearest_distances(self, k: int) -> Array:
        return neighbors.nearest(self._X, k).distances

    def kth_beyond(self, rows: list[int], limit: float, k: int) -> Array:
        return neighbors.kth_beyond(self._X, rows, limit, k)

    def distances(self) -> Array:
        return neighbors.pairwise_distances(self._X)

    def pair_distances(self, rows: Array, columns: Array) -> Array:
        return neighbors.pair_distances(self._X, rows, columns)

    def nearest_pair(self, inside: Array) -> NearestPair:
        return neighbors.nearest_pair(self._X, inside)

    def distances_within(self, radii: Array) -> Any:
        return neighbors.distances_within(self._X, radii)


class DistanceMatrix:
    """Precomputed distances, shape (n, n), for `MetricSpace`."""

    def __init__(self, D: Array) -> None:
        self.unit = neighbors.power_of_two_unit(D)
        self._D = D / self.unit

    def nearest_distances(self, k: int) -> Array:
        # The point itself, at distance 0, is the smallest of its row.
        return neighbors.smallest_entries(self._D, k + 1)[:, 1:]

    def kth_beyond(self, rows: list[int], limit: float, k: int) -> Array:
        return neighbors.kth_entry_beyond(self._D, rows, limit, k)

    def distances(self) -> Array:
        return self._D

    def pair_distances(self, rows: Array, columns: Array) -> Array:
        xp = array_namespace(self._D)
        flat = xp.reshape(self._D, (-1,))
        return xp.take(flat, rows * self._D.shape[0] + columns)

    def nearest_pair(self, inside: Array) -> NearestPair:
        return neighbors.smallest_between(self._D, inside)

    def distances_within(self, radii: Array) -> Any:
        return neighbors.entries_within(self._D, radii)


METRICS: dict[str, Callable[[Array], MetricSpace]] = {
    "euclidean": PointCloud,
    "precomputed": DistanceMatrix,
}


def metric_space(X: Array, metric: str) -> MetricSpace:
    """The points of X: its rows, or those whose distances it holds."""
    return METRICS[metric](X)
