"""Heat-geodesic embeddings of graphs and point clouds."""

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
from geomsci.embedding.mds import MDSInfo, mds_stress, metric_mds
from geomsci.embedding.rates import inverse_rate_function, rate_function

__all__ = [
    "MDSInfo",
    "alpha_decay_graph",
    "diffusion_time",
    "graph_laplacian",
    "heat_geodesic_distance",
    "heat_kernel",
    "inverse_rate_function",
    "join_components",
    "mds_stress",
    "metric_mds",
    "prune_shortcuts",
    "rate_function",
    "sparse_alpha_decay_graph",
]
