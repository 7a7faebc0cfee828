"""Fisher curvature of lattice models, exact and by Monte Carlo."""

from geomsci.fisher.critical import critical_coupling
from geomsci.fisher.cumulants import (
    TorusCumulants,
    ising_torus_cumulants,
    log_partition,
)
from geomsci.fisher.estimator import FisherCurvature
from geomsci.fisher.families import (
    exponential_family_curvature,
    hessian_scalar_curvature,
)
from geomsci.fisher.result import FisherCurvatureResult, RicciDecomposition
from geomsci.fisher.sampler import LatticeSampler
from geomsci.fisher.scaling import (
    LogarithmicLaw,
    PowerLaw,
    effective_exponents,
    fit_logarithmic_law,
    fit_power_law,
)
from geomsci.fisher.torus import (
    ising_torus_curvature,
    lattice_curvature,
    potts_torus_curvature,
)
from geomsci.fisher.zero_momentum import zero_momentum_amplitude

__all__ = [
    "FisherCurvature",
    "FisherCurvatureResult",
    "LatticeSampler",
    "LogarithmicLaw",
    "PowerLaw",
    "RicciDecomposition",
    "TorusCumulants",
    "critical_coupling",
    "effective_exponents",
    "exponential_family_curvature",
    "fit_logarithmic_law",
    "fit_power_law",
    "hessian_scalar_curvature",
    "ising_torus_cumulants",
    "ising_torus_curvature",
    "lattice_curvature",
    "log_partition",
    "potts_torus_curvature",
    "zero_momentum_amplitude",
]
