"""Geometry of symmetric positive definite matrices, on any array library."""

from geomsci.spd.fgmdm import FgMDM
from geomsci.spd.functions import (
    distance,
    exp_map,
    from_tangent_vectors,
    geodesic,
    log_map,
    mean,
    nearest_spd,
    pairwise_distances,
    tangent_vectors,
    transport,
)
from geomsci.spd.mdm import MDM
from geomsci.spd.tangent_space import TangentSpace

__all__ = [
    "MDM",
    "FgMDM",
    "TangentSpace",
    "distance",
    "exp_map",
    "from_tangent_vectors",
    "geodesic",
    "log_map",
    "mean",
    "nearest_spd",
    "pairwise_distances",
    "tangent_vectors",
    "transport",
]
