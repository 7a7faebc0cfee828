"""Distances of the representatives of `HeatGeodesicEmbedding`, and their placement."""

from __future__ import annotations

from typing import Any

from geomsci.backends import neighbors
from geomsci.backends.arrays import Array, array_namespace
from geomsci.backends.tiling import map_tiles
from geomsci.embedding.dissimilarities import heat_geodesic_distance
from geomsci.embedding.heat_geodesic_points import Nodes, nearest_nodes
from geomsci.embedding.heat_geodesic_steps import Heat
from geomsci.embedding.mds import mds_stress, metric_mds
from geomsci.embedding.potential import potential_distance
from geomsci.embedding.student_neighbors import heat_affinities, student_embedding
from geomsci.reference.embedding.extension import (
    extended_dissimilarity,
    extension_weights,
)
from geomsci.reference.embedding.intrinsic_dimension import intrinsic_dimension
from geomsci.reference.embedding.representatives import cover
from geomsci.reference.embedding.sparse_stress import mutual_edges, pivot_terms, refine
from geomsci.reference.embedding.step_laws import Steps, law_speeds, step_law

DISTANCES = ("rate", "varadhan", "potential")

N_PIVOTS = 32
"""Representatives whose distances hold every point in the refinement."""

WEIGHT_FLOOR = 1e-5
"""Added to the kernel where it weighs the pairs, as published."""


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
    steps: Steps | None = None,
    n_neighbors: int = 10,
) -> Array:
    """Distances of the representatives, by the steps of the walk if they are known."""
    if distance == "potential":
        return potential_distance(heat.H, null_vector=heat.null_vector)
    t = heat.t * (heat.rate if distance == "rate" else 1.0)
    law = None
    if distance == "rate" and steps is not None:
        xp = array_namespace(heat.null_vector)
        # The weights are the flows at equilibrium, whose law is the squared vector.
        rate = steps.weight / float(xp.sum(heat.null_vector**2)) / heat.rate
        law = step_law(
            steps, rate, intrinsic_dim, n_neighbors=n_neighbors, bandwidth=step
        )
        step = 1.0 / t
    D = heat_geodesic_distance(
        heat.H,
        t,
        sigma=sigma,
        volume=volume,
        distance=distance,
        intrinsic_dim=intrinsic_dim,
        step=step,
    )
    if law is None:
        return D
    return law_speeds(D, law, m=intrinsic_dim) * (law.rate * law.radius * t)


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
