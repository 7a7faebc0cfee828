"""What stands for the points in `HeatGeodesicEmbedding`, before and after the walk.

Before: distinct rows, and the representatives between which the heat kernel is
computed. After: places of points from those of their nearest representatives.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from geomsci.backends import neighbors
from geomsci.backends.arrays import Array, array_namespace, device, from_host
from geomsci.reference.embedding.duplicates import copy_limit, near_rows, unique_rows
from geomsci.reference.embedding.extension import N_NEAREST, extend, extension_weights
from geomsci.reference.embedding.principal_axes import Axes
from geomsci.reference.embedding.representatives import choose

ALL_UP_TO = 3000
"""Number of points up to which ``"auto"`` takes all of them as representatives."""

REPRESENTATIVES = 2000
"""Number of representatives above."""

THINNEST_CELL = 0.25
"""Part of the median cell that a representative of moved points must stand for."""


def projected(X: Array, pca: Axes | None) -> Array:
    """Points in float64, on their principal axes if there are some."""
    xp = array_namespace(X)
    X = xp.astype(X, xp.float64, copy=False)
    return X if pca is None else (X - pca.mean) @ pca.axes


def distinct(points: Any, metric: str, n_neighbors: int) -> tuple[Array, Array]:
    """First row of each group of copies among the points, and the group of each row.

    Rows that differ by rounding only count as copies up to 3000 points; above, means
    stand for the rows.
    """
    if metric == "euclidean":
        first, inverse = unique_rows(points)
        n = first.shape[0]
        if n_neighbors < n <= ALL_UP_TO:
            xp = array_namespace(points)
            rows = xp.take(points, first, axis=0)
            near = near_rows(rows, copy_limit(rows, n_neighbors))
            first = xp.take(first, near.first)
            inverse = xp.take(near.inverse, inverse)
        return first, inverse
    n = points.shape[0]
    if metric == "precomputed" and n_neighbors < n <= ALL_UP_TO:
        limit = copy_limit(points, n_neighbors, metric=metric)
        return near_rows(points, limit, metric=metric)
    like = points.data if hasattr(points, "tocsr") else points
    xp = array_namespace(like)
    rows = xp.arange(n, dtype=xp.int64, device=device(like))
    return rows, rows


class Nodes(NamedTuple):
    """Representatives: points, or their part of a matrix, and row numbers if rows."""

    values: Any
    rows: Array | None


def representatives(
    points: Any,
    first: Array,
    wanted: str | int | None,
    metric: str,
    rng: Any,
    *,
    moved: bool = False,
) -> Nodes:
    """What stands for the points in the graph: all different rows, or a choice.

    Chosen points are means of rows, see `choose`, of points that were moved only those
    of well-filled cells; of distances rows are drawn.
    """
    n = first.shape[0]
    if wanted == "auto":
        wanted = n if n <= ALL_UP_TO else REPRESENTATIVES
    if metric == "precomputed_affinity":
        return Nodes(points, first)
    xp = array_namespace(first)
    if metric == "precomputed":
        rows = first
        if wanted is not None and not isinstance(wanted, str) and wanted < n:
            drawn = np.sort(rng.choice(n, size=wanted, replace=False))
            rows = xp.take(first, from_host(drawn.astype(np.int64), first))
        if rows.shape[0] == points.shape[0]:
            return Nodes(points, rows)
        return Nodes(xp.take(xp.take(points, rows, axis=0), rows, axis=1), rows)
    different = points if n == points.shape[0] else xp.take(points, first, axis=0)
    if wanted is None or isinstance(wanted, str) or wanted >= n:
        return Nodes(different, first)
    thinnest = THINNEST_CELL if moved else 0.0
    return Nodes(choose(different, wanted, rng, thinnest=thinnest), None)


def extended(distances: Array, indices: Array, Y: Array) -> Array:
    """Coordinates of points from those of their nearest representatives."""
    return extend(Y, indices, extension_weights(distances))


def averaged(affinities: Any, Y: Array) -> Array:
    """Mean of the coordinates of training points, weighed by affinities to them."""
    if hasattr(affinities, "tocsr"):
        totals = affinities.sum(axis=1)
        xp = array_namespace(Y)
        totals = xp.reshape(xp.asarray(totals), (-1,))
    else:
        xp = array_namespace(affinities)
        totals = xp.sum(affinities, axis=1)
    if not bool(xp.all(totals > 0.0)):
        raise ValueError(
            "Every new point must have a positive affinity to some training point, got "
            "a row of zeros: leave such rows out."
        )
    return (affinities @ Y) / totals[:, None]


def nearest_nodes(points: Array, nodes: Nodes, metric: str) -> tuple[Array, Array]:
    """Distances and numbers of the nearest representatives of points.

    With a precomputed metric ``points`` are distances from all training rows.
    """
    count = min(N_NEAREST, nodes.values.shape[0])
    if metric == "euclidean":
        # Exact, and squares stay within the range of numbers.
        unit = neighbors.power_of_two_unit(nodes.values)
        d, chosen = neighbors.nearest(nodes.values / unit, count, queries=points / unit)
        return unit * d, chosen
    xp = array_namespace(points)
    d = points
    if nodes.rows is not None and nodes.rows.shape[0] < points.shape[1]:
        d = xp.take(points, nodes.rows, axis=1)
    order = xp.argsort(d, axis=1, stable=True)[:, :count]
    return xp.take_along_axis(d, order, axis=1), order
