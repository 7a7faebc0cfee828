"""The walk of `HeatGeodesicEmbedding`: from points to a graph and its heat kernel.

Each stage takes what the one before it made and plain options, and knows nothing of the
estimator.
"""

from __future__ import annotations

import time
import warnings
from typing import Any, NamedTuple

from geomsci.backends import neighbors
from geomsci.backends.arrays import Array, array_namespace, device, library
from geomsci.embedding.diffusion_time import diffusion_time
from geomsci.embedding.graphs import (
    alpha_decay_graph,
    graph_laplacian,
    join_components,
    prune_shortcuts,
    sparse_alpha_decay_graph,
)
from geomsci.embedding.heat_geodesic_points import Nodes, representatives
from geomsci.embedding.heat_kernels import heat_kernel
from geomsci.reference.embedding.diffusion_time import (
    AGREEMENT,
    DiffusionTimePath,
    select_diffusion_time,
)
from geomsci.reference.embedding.graphs import null_vector
from geomsci.reference.embedding.heat_kernels import squared
from geomsci.reference.embedding.step_laws import Steps, steps_of_graph


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


class NodeGraph(NamedTuple):
    """A connected graph: weights, bandwidths, mean bandwidth, parts before joining.

    ``steps`` are those of its walk before the parts were joined; None where the edges
    have no lengths.
    """

    W: Any
    bandwidths: Array
    step: float
    n_components: int
    steps: Steps | None = None


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
    # A bridge may be as long as the cloud, and is no step among neighbours.
    steps = steps_of_graph(W, nodes, metric=metric)
    joined = join_components(W, nodes, metric=metric)
    xp = array_namespace(eps)
    parts = len(joined.bridges) + 1
    return NodeGraph(joined.W, eps, float(xp.mean(eps)), parts, steps)


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
