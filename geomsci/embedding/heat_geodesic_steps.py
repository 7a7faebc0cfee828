"""The stages of `HeatGeodesicEmbedding`, in the order in which the data pass them.

Points -> representatives -> graph -> heat kernel -> distances -> placement. Each stage
takes what the one before it made and plain options, and knows nothing of the estimator.
"""

from __future__ import annotations

import time
import warnings
from typing import Any, NamedTuple

import numpy as np

from geomsci.backends import neighbors
from geomsci.backends.arrays import (
    Array,
    array_namespace,
    device,
    from_host,
    library,
)
from geomsci.backends.tiling import map_tiles
from geomsci.embedding.diffusion_time import diffusion_time
from geomsci.embedding.dissimilarities import heat_geodesic_distance
from geomsci.embedding.graphs import (
    alpha_decay_graph,
    graph_laplacian,
    join_components,
    prune_shortcuts,
    sparse_alpha_decay_graph,
)
from geomsci.embedding.heat_kernels import heat_kernel
from geomsci.embedding.mds import mds_stress, metric_mds
from geomsci.embedding.potential import potential_distance
from geomsci.embedding.student_neighbors import heat_affinities, student_embedding
from geomsci.reference.embedding.diffusion_time import (
    AGREEMENT,
    DiffusionTimePath,
    select_diffusion_time,
)
from geomsci.reference.embedding.duplicates import (
    copy_limit,
    near_rows,
    unique_rows,
)
from geomsci.reference.embedding.extension import (
    N_NEAREST,
    extend,
    extended_dissimilarity,
    extension_weights,
)
from geomsci.reference.embedding.graphs import null_vector
from geomsci.reference.embedding.heat_kernels import squared
from geomsci.reference.embedding.intrinsic_dimension import intrinsic_dimension
from geomsci.reference.embedding.principal_axes import Axes
from geomsci.reference.embedding.representatives import choose, cover
from geomsci.reference.embedding.sparse_stress import (
    mutual_edges,
    pivot_terms,
    refine,
)

DISTANCES = ("rate", "varadhan", "potential")

ALL_UP_TO = 3000
"""Number of points up to which ``"auto"`` takes all of them as representatives."""

REPRESENTATIVES = 2000
"""Number of representatives above."""

THINNEST_CELL = 0.25
"""Part of the median cell that a representative of moved points must stand for."""

AGREEMENT_WITHOUT_NOISE = 0.999
"""Agreement of distances that points drawn to a surface must reach to be used."""

N_PIVOTS = 32
"""Representatives whose distances hold every point in the refinement."""

WEIGHT_FLOOR = 1e-5
"""Added to the kernel where it weighs the pairs, as published."""


class Progress:
    """Prints one line a stage with its seconds, if asked."""

    def __init__(self, verbose: int) -> None:
        self._verbose = verbose
        self._last = time.perf_counter()

    def __call__(self, stage: str, what: str) -> None:
        now = time.perf_counter()
        if self._verbose:
            print(f"[{now - self._last:7.2f} s] {stage}: {what}")
        self._last = now


# Points


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


# Graph


class NodeGraph(NamedTuple):
    """A connected graph: weights, bandwidths, mean bandwidth, parts before joining."""

    W: Any
    bandwidths: Array
    step: float
    n_components: int


def neighbourhood_graph(
    nodes: Any,
    *,
    metric: str,
    n_neighbors: int,
    decay: float,
    anisotropy: float,
    shortcuts: str,
) -> NodeGraph:
    """Connected alpha-decay graph of the representatives, or the graph given."""
    if metric == "precomputed_affinity":
        return _given_graph(nodes)
    on_host = library(nodes) == "numpy"
    build = sparse_alpha_decay_graph if on_host else alpha_decay_graph
    W, eps = build(nodes, n_neighbors, decay, anisotropy, metric=metric)
    if shortcuts == "prune":
        W = prune_shortcuts(W, nodes, eps, metric=metric)
    joined = join_components(W, nodes, metric=metric)
    xp = array_namespace(eps)
    return NodeGraph(joined.W, eps, float(xp.mean(eps)), len(joined.bridges) + 1)


def _given_graph(W: Any) -> NodeGraph:
    """A graph of affinities, whose distances count steps of the walk."""
    labels = neighbors.component_labels(W)
    xp = array_namespace(labels)
    parts = int(xp.unique_values(labels).shape[0])
    if parts > 1:
        raise ValueError(
            f"The graph of affinities must be connected, got {parts} components: give "
            "points or distances, which tell where to join them, or embed the "
            "components one by one."
        )
    like = W.data if hasattr(W, "tocsr") else W
    ones = array_namespace(like).ones(
        (W.shape[0],), dtype=like.dtype, device=device(like)
    )
    return NodeGraph(W, ones, 1.0, 1)


# Heat


class Heat(NamedTuple):
    """A positive heat kernel H at time t, the rate of its walk, and its null vector."""

    H: Array
    t: float
    rate: float
    null_vector: Array
    path: DiffusionTimePath | None


def heat(
    graph: NodeGraph, *, laplacian: str, t: str | float, method: str, floor: float
) -> Heat:
    """The heat kernel of a connected graph at the time asked for, or chosen."""
    L = graph_laplacian(graph.W, laplacian, bandwidths=graph.bandwidths)
    rate = _mean_rate(graph.W) if laplacian == "combinatorial" else 1.0
    u = null_vector(graph.W, graph.bandwidths, kind=laplacian)
    path = None
    if t == "auto":
        path, H = select_diffusion_time(
            lambda s: heat_kernel(L, s), graph.bandwidths.shape[0], rate=rate
        )
        t = path.time
        if method != "uniformization":
            H = heat_kernel(L, t, method=method)
    else:
        if t == "knee":
            dense = L.toarray() if hasattr(L, "tocsr") else L
            t = diffusion_time(dense, rule="knee")
        H = heat_kernel(L, float(t), method=method)
    if method == "uniformization":
        H, t = _without_underflow(H, float(t))
    return Heat(_above_floor(H, floor, method), float(t), rate, u, path)


def _mean_rate(W: Any) -> float:
    """Mean degree: the mean rate of the walk of the combinatorial Laplacian."""
    if hasattr(W, "tocsr"):
        return float(W.sum()) / W.shape[0]
    return float(array_namespace(W).sum(W)) / W.shape[0]


def _without_underflow(H: Array, t: float) -> tuple[Array, float]:
    """H at ``t``, or at the first of ``2 t, 4 t, ...`` that has no zeros."""
    xp = array_namespace(H)
    asked = t
    while bool(xp.any(H == 0.0)):
        H, t = squared(H), 2 * t
    if t > asked:
        warnings.warn(
            f"t = {asked:.4g} is too small for the diameter of the graph, entries of "
            f"the heat kernel underflow: raised to {t:.4g}.",
            UserWarning,
            stacklevel=4,
        )
    return H, t


def _above_floor(H: Array, floor: float, method: str) -> Array:
    """H without negative entries, plus the floor; an error if it is not positive."""
    xp = array_namespace(H)
    if method == "uniformization":
        return H + floor if floor else H
    H = xp.maximum(H, xp.zeros_like(H)) + floor
    if bool(xp.any(H == 0.0)):
        raise ValueError(
            f"heat_kernel_method={method!r} lost the entries of distant points, got 0 "
            "or less there: use uniformization, or a floor above 0."
        )
    return H


class Walk(NamedTuple):
    """What the points became: representatives, their graph and its heat kernel."""

    nodes: Nodes
    graph: NodeGraph
    heat: Heat


def walk(
    points: Any,
    first: Array,
    *,
    metric: str,
    n_representatives: str | int | None,
    n_neighbors: int,
    decay: float,
    anisotropy: float,
    shortcuts: str,
    laplacian: str,
    t: str | float,
    method: str,
    floor: float,
    rng: Any,
    report: Progress,
    moved: bool = False,
) -> Walk:
    """The stages from points to a heat kernel, one after the other."""
    nodes = representatives(points, first, n_representatives, metric, rng, moved=moved)
    size = nodes.values.shape[0]
    report("representatives", f"{size} of {points.shape[0]} points")
    graph = neighbourhood_graph(
        nodes.values,
        metric=metric,
        n_neighbors=n_neighbors,
        decay=decay,
        anisotropy=anisotropy,
        shortcuts=shortcuts,
    )
    report("graph", f"{graph.n_components} connected components")
    found = heat(graph, laplacian=laplacian, t=t, method=method, floor=floor)
    report("heat kernel", f"diffusion time {found.t:.4g}")
    return Walk(nodes, graph, found)


def is_noisy(heat: Heat) -> bool:
    """Whether distances at different times disagree, so far as they were looked at."""
    return heat.path is not None and heat.path.agreement < AGREEMENT


def is_clean(heat: Heat) -> bool:
    """Whether they agree as those of a surface without noise do."""
    return heat.path is not None and heat.path.agreement >= AGREEMENT_WITHOUT_NOISE


# Distances and placement


def intrinsic_dim(
    wanted: str | float, nodes: Any, metric: str, n_neighbors: int
) -> float:
    """The number given, or the estimate from distances of neighbours."""
    if wanted != "auto":
        return float(wanted)
    if metric == "euclidean":
        if n_neighbors < 3:
            raise ValueError(
                "intrinsic_dim='auto' needs n_neighbors of at least 3, got "
                f"{n_neighbors}: raise it or give a number."
            )
        return intrinsic_dimension(neighbors.nearest(nodes, n_neighbors).distances)
    raise ValueError(
        f"intrinsic_dim must be a number with metric={metric!r}, got 'auto': it is "
        "estimated from points."
    )


def dissimilarity(
    heat: Heat,
    *,
    distance: str,
    intrinsic_dim: float,
    sigma: float,
    volume: str,
    step: float,
) -> Array:
    """Distances of the representatives."""
    if distance == "potential":
        return potential_distance(heat.H, null_vector=heat.null_vector)
    return heat_geodesic_distance(
        heat.H,
        heat.t * (heat.rate if distance == "rate" else 1.0),
        sigma=sigma,
        volume=volume,
        distance=distance,
        intrinsic_dim=intrinsic_dim,
        step=step,
    )


def largest(D: Array) -> float:
    """Largest entry."""
    return float(array_namespace(D).max(D))


def place(
    D: Array,
    heat: Heat,
    *,
    n_components: int,
    method: str,
    weights: str | None,
    rng: Any,
) -> tuple[Array, float]:
    """Coordinates, and the normalised stress or the divergence."""
    if method == "kl":
        P = heat_affinities(heat.H, null_vector=heat.null_vector)
        Y, info = student_embedding(P, n_components, rng=rng, return_info=True)
        return Y, float(info.divergence)
    # Squares of very small or large distances would leave the range of numbers.
    unit = neighbors.power_of_two_unit(D)
    D = D / unit
    w = _pair_weights(D, heat, weights)
    Y = metric_mds(
        D,
        n_components,
        method=method,
        weights=None if method == "classical" else w,
        rng=rng,
    )
    xp = array_namespace(D)
    total = float(xp.sum(D**2)) / 2
    stress = float(mds_stress(D, Y)) / total if total else 0.0
    return unit * Y, stress**0.5


def _pair_weights(D: Array, heat: Heat, weights: str | None) -> Array | None:
    """Weights of the pairs in the stress."""
    if weights is None:
        return None
    if weights == "heat_kernel":
        return heat.H + WEIGHT_FLOOR
    xp = array_namespace(D)
    positive = D > 0.0
    smallest = xp.min(xp.where(positive, D, xp.full_like(D, float("inf"))))
    return 1.0 / xp.where(positive, D, smallest) ** 2


def refined(
    Y: Array, points: Array, nodes: Nodes, D: Array, node_embedding: Array, k: int
) -> Array:
    """Coordinates of all points after sparse stress: k neighbours and some pivots.

    Pivots are representatives far from one another, which stay. O(n (k + 32)) an
    iteration.
    """
    xp = array_namespace(points)
    near = neighbors.nearest(points, k)
    edges = mutual_edges(near.indices, near.distances)
    pivots = cover(nodes.values, min(N_PIVOTS, nodes.values.shape[0]))
    d, numbers = nearest_nodes(points, nodes, "euclidean")

    def to_pivots(chosen: Array, weights: Array) -> Array:
        return xp.take(extended_dissimilarity(D, chosen, weights), pivots, axis=1)

    away = map_tiles(
        to_pivots, numbers, extension_weights(d), bytes_per_item=5 * 8 * D.shape[0]
    )
    columns = xp.broadcast_to(pivots[None, :], away.shape)
    return refine(Y, edges, node_embedding, pivot_terms(columns, away, edges))
