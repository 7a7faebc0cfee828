"""Least squares from determinantal and volume-rescaled designs."""

from geomsci.sampling.basis import PolynomialBasis
from geomsci.sampling.christoffel import ChristoffelSampler
from geomsci.sampling.conditioned import ConditionedSampler
from geomsci.sampling.design import Design
from geomsci.sampling.features import FeatureBasis
from geomsci.sampling.fekete import FeketeDesign
from geomsci.sampling.index_sets import (
    hyperbolic_cross,
    is_downward_closed,
    tensor_product,
    total_degree,
)
from geomsci.sampling.marginals import MarginalTransform
from geomsci.sampling.optimal_design import OptimalDesign
from geomsci.sampling.projection import ProjectionDPP
from geomsci.sampling.reduce import greedy_reduce
from geomsci.sampling.regression import WeightedLeastSquares
from geomsci.sampling.regressor import OptimalDesignRegressor
from geomsci.sampling.repeated import RepeatedDPP
from geomsci.sampling.stability import gram, instability, required_sample_size
from geomsci.sampling.subset import SubsetVolumeSampler
from geomsci.sampling.volume import VolumeRescaledSampler

__all__ = [
    "ChristoffelSampler",
    "ConditionedSampler",
    "Design",
    "FeatureBasis",
    "FeketeDesign",
    "MarginalTransform",
    "OptimalDesign",
    "OptimalDesignRegressor",
    "PolynomialBasis",
    "ProjectionDPP",
    "RepeatedDPP",
    "SubsetVolumeSampler",
    "VolumeRescaledSampler",
    "WeightedLeastSquares",
    "gram",
    "greedy_reduce",
    "hyperbolic_cross",
    "instability",
    "is_downward_closed",
    "required_sample_size",
    "tensor_product",
    "total_degree",
]
