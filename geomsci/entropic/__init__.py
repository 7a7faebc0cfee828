"""Entropic curvature of density fields and catalogues of points."""

from geomsci.datasets.gadget import GadgetSnapshot, read_gadget1
from geomsci.datasets.two_mass_redshift_survey import GalaxySurvey, read_2mrs
from geomsci.entropic.catalogue import (
    catalogue_curvature,
    catalogue_log_density,
    catalogue_probe_curvature,
    local_moments,
)
from geomsci.entropic.curvature import (
    log_density_hessian,
)
from geomsci.entropic.density_field import (
    assign_mass,
    compensate_window,
    smooth_density,
)
from geomsci.entropic.estimator import (
    EntropicCurvature,
)
from geomsci.entropic.local_transport import (
    local_bures_curvature,
    local_quantile_curvature,
)
from geomsci.entropic.markov_chains import (
    markov_chain_entropic_curvature,
    product_chain_curvature,
)
from geomsci.entropic.pair_curvature import (
    entropic_curvature,
    entropic_curvature_dimension,
)
from geomsci.entropic.scale_flow import (
    scale_flow_rhs,
)
from geomsci.entropic.simulation import (
    displaced_lattice,
    eisenstein_hu,
    gaussian_field,
    lognormal_field,
    lpt_displacement,
)
from geomsci.entropic.statistics import (
    curvature_correlation,
    curvature_covariance,
    curvature_power_spectrum,
    doroshkevich_density,
    doroshkevich_fractions,
    doroshkevich_marginals,
    grid_curvature_covariance,
    grid_spectral_moments,
    peak_density,
    shot_noise,
    spectral_moments,
)
from geomsci.entropic.survey import (
    survey_curvature,
    survey_log_density,
)
from geomsci.entropic.transport import (
    bures_wasserstein,
    coarse_ricci_curvature,
    displacement_interpolation,
    gaussian_entropic_curvature,
    quantile_entropic_curvature,
)

__all__ = [
    "EntropicCurvature",
    "GadgetSnapshot",
    "GalaxySurvey",
    "assign_mass",
    "bures_wasserstein",
    "catalogue_curvature",
    "catalogue_log_density",
    "catalogue_probe_curvature",
    "coarse_ricci_curvature",
    "compensate_window",
    "curvature_correlation",
    "curvature_covariance",
    "curvature_power_spectrum",
    "displaced_lattice",
    "displacement_interpolation",
    "doroshkevich_density",
    "doroshkevich_fractions",
    "doroshkevich_marginals",
    "eisenstein_hu",
    "entropic_curvature",
    "entropic_curvature_dimension",
    "gaussian_entropic_curvature",
    "gaussian_field",
    "grid_curvature_covariance",
    "grid_spectral_moments",
    "local_bures_curvature",
    "local_moments",
    "local_quantile_curvature",
    "log_density_hessian",
    "lognormal_field",
    "lpt_displacement",
    "markov_chain_entropic_curvature",
    "peak_density",
    "product_chain_curvature",
    "quantile_entropic_curvature",
    "read_2mrs",
    "read_gadget1",
    "scale_flow_rhs",
    "shot_noise",
    "smooth_density",
    "spectral_moments",
    "survey_curvature",
    "survey_log_density",
]
