"""Heat-geodesic embeddings of graphs and point clouds."""

from geomsci.embedding.anndata import embed_anndata
from geomsci.embedding.diffusion_maps import DiffusionMap
from geomsci.embedding.diffusion_time import diffusion_time
from geomsci.embedding.dissimilarities import heat_geodesic_distance
from geomsci.embedding.graphs import (
    alpha_decay_graph,
    graph_laplacian,
    join_components,
    prune_shortcuts,
    sparse_alpha_decay_graph,
)
from geomsci.embedding.heat_geodesic import HeatGeodesicEmbedding
from geomsci.embedding.heat_kernels import heat_kernel
from geomsci.embedding.mds import MDSInfo, mds_stress, metric_mds
from geomsci.embedding.potential import potential_distance, von_neumann_time
from geomsci.embedding.rates import inverse_rate_function, rate_function
from geomsci.embedding.student_neighbors import heat_affinities, student_embedding
from geomsci.reference.embedding.student_neighbors import StudentInfo

__all__ = [
    "DiffusionMap",
    "HeatGeodesicEmbedding",
    "MDSInfo",
    "StudentInfo",
    "alpha_decay_graph",
    "diffusion_time",
    "embed_anndata",
    "graph_laplacian",
    "heat_affinities",
    "heat_geodesic_distance",
    "heat_kernel",
    "inverse_rate_function",
    "join_components",
    "mds_stress",
    "metric_mds",
    "potential_distance",
    "prune_shortcuts",
    "rate_function",
    "sparse_alpha_decay_graph",
    "student_embedding",
    "von_neumann_time",
]
