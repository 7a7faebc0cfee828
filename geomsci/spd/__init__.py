"""Geometry of symmetric positive definite matrices, on any array library."""

from geomsci.spd.distances import distance, pairwise_distances
from geomsci.spd.fgmdm import FgMDM
from geomsci.spd.geodesics import exp_map, geodesic, log_map, transport
from geomsci.spd.mdm import MDM
from geomsci.spd.means import mean
from geomsci.spd.nearest import nearest_spd
from geomsci.spd.tangent_space import TangentSpace
from geomsci.spd.tangents import from_tangent_vectors, tangent_vectors

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
