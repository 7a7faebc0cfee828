"""The capability table: what every public function runs on.

One row per public function or method. The table drives three things: dispatch
(`geomsci.backends.dispatch`), the test marks of ``tests/conftest.py`` and the
support table of the documentation. It is data: names and strings, no imports of the
methods it lists.

``reference`` is the target that works on every array library. ``kernels`` maps
(implementation, array kind) to a faster target and to the predicate that says for
which arguments it may be used. ``uses`` names the rows whose kernels the function
calls inside, so that ``use_backend("numba")`` knows a composed function can run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A registered kernel.

    ``target`` is the callable, ``accepts`` the predicate that says for which arguments
    it is right, ``measured`` the size and the win that the benchmark shows, ``pays``
    the predicate that says where ``"auto"`` prefers it (None: wherever it is right).
    """

    target: str
    accepts: str
    measured: str
    pays: str | None = None


@dataclasses.dataclass(frozen=True)
class Capability:
    """One row of the table."""

    reference: str | None = None
    kernels: Mapping[tuple[str, str], Kernel] = dataclasses.field(default_factory=dict)
    uses: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ("numpy", "array_api_strict", "torch", "cupy")
    dtypes: tuple[str, ...] = ("float32", "float64", "complex64", "complex128")


def implementations(name: str) -> set[tuple[str, str]]:
    """All (implementation, array kind) pairs that ``name`` can reach."""
    row = CAPABILITIES[name]
    found = set(row.kernels)
    for inner in row.uses:
        found |= implementations(inner)
    return found


_DOUBLE = ("float64",)
_REAL = ("float32", "float64")
_KERNELS = "geomsci.backends.kernels"
_EMBEDDING = "geomsci.reference.embedding"
_ENTROPIC = "geomsci.reference.entropic"
_FISHER = "geomsci.reference.fisher"
_SAMPLING = "geomsci.reference.sampling"
_SPD = "geomsci.reference.spd.metrics"

_ACM = (
    "eeg.augmented_covariance",
    "spd.mean",
    "spd.tangent_vectors",
    "spd.pairwise_distances",
)

_EXACT = (
    "fisher.enumerated_cumulants",
    "fisher.pfaffian_cumulants",
    "fisher.streamed_curvature",
    "fisher.transfer_matrix_cumulants",
)

_WEB = (
    "entropic.assign_mass",
    "entropic.gaussian_moments",
    "entropic.plane_derivatives",
    "entropic.quotient_eigenvalues",
    "entropic.quotient_signature",
    "entropic.smoothed_parts",
    "entropic.symmetric_eigenvalues",
)

_HEAT_GEODESIC = (
    "embedding.alpha_decay_graph",
    "embedding.graph_laplacian",
    "embedding.heat_geodesic_distance",
    "embedding.heat_kernel",
    "embedding.join_components",
    "embedding.metric_mds",
    "embedding.prune_shortcuts",
)

CAPABILITIES: dict[str, Capability] = {
    "spd.whitened_log": Capability(
        reference="geomsci.reference.spd.affine:whitened_log",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.spd:whitened_log_numba",
                accepts=f"{_KERNELS}.spd:accepts_whitened_log",
                measured="8000 x 4 x 4 on two threads: 1.9 times the reference",
                pays=f"{_KERNELS}.spd:pays_whitened_log",
            ),
            ("numba", "cupy"): Kernel(
                f"{_KERNELS}.spd:whitened_log_numba_cuda",
                accepts=f"{_KERNELS}.spd:accepts_whitened_log_cuda",
                measured="not measured on a GPU yet",
            ),
        },
    ),
    "spd.distance": Capability(reference=f"{_SPD}:distance"),
    "spd.pairwise_distances": Capability(reference=f"{_SPD}:pairwise_distances"),
    "spd.mean": Capability(reference=f"{_SPD}:mean", uses=("spd.whitened_log",)),
    "spd.exp_map": Capability(reference=f"{_SPD}:exp_map"),
    "spd.log_map": Capability(reference=f"{_SPD}:log_map", uses=("spd.whitened_log",)),
    "spd.geodesic": Capability(reference=f"{_SPD}:geodesic"),
    "spd.transport": Capability(reference=f"{_SPD}:transport"),
    "spd.tangent_vectors": Capability(
        reference=f"{_SPD}:tangent_vectors", uses=("spd.whitened_log",)
    ),
    "spd.from_tangent_vectors": Capability(reference=f"{_SPD}:from_tangent_vectors"),
    "spd.nearest_spd": Capability(
        reference="geomsci.reference.spd.nearest:nearest_spd"
    ),
    "spd.discriminant_projector": Capability(
        reference="geomsci.reference.spd.discriminant:discriminant_projector",
        dtypes=_REAL,
    ),
    "spd.TangentSpace.fit": Capability(uses=("spd.mean",)),
    "spd.TangentSpace.transform": Capability(uses=("spd.tangent_vectors",)),
    "spd.TangentSpace.fit_transform": Capability(
        uses=("spd.mean", "spd.tangent_vectors")
    ),
    "spd.TangentSpace.inverse_transform": Capability(
        uses=("spd.from_tangent_vectors",)
    ),
    "spd.MDM.fit": Capability(uses=("spd.mean",)),
    "spd.MDM.transform": Capability(uses=("spd.pairwise_distances",)),
    "spd.MDM.predict": Capability(uses=("spd.pairwise_distances",)),
    "spd.MDM.predict_proba": Capability(uses=("spd.pairwise_distances",)),
    "spd.FgMDM.fit": Capability(uses=("spd.mean", "spd.tangent_vectors"), dtypes=_REAL),
    "eeg.fourth_moment": Capability(
        reference="geomsci.reference.eeg.covariance:fourth_moment",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.shrinkage:fourth_moment_numba",
                accepts=f"{_KERNELS}.shrinkage:accepts_fourth_moment",
                measured="2000 x 8 x 125, order 4: 2.4 times the reference",
                pays=f"{_KERNELS}.shrinkage:pays_fourth_moment",
            ),
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.shrinkage:fourth_moment_cuda",
                accepts=f"{_KERNELS}.shrinkage:accepts_fourth_moment_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        dtypes=_REAL,
    ),
    "eeg.delay_embedding": Capability(
        reference="geomsci.reference.eeg.embedding:delay_embedding",
        dtypes=_REAL,
    ),
    "eeg.augmented_covariance": Capability(
        reference="geomsci.reference.eeg.covariance:augmented_covariance",
        uses=("eeg.fourth_moment",),
        dtypes=_REAL,
    ),
    "eeg.DelayEmbedding.fit": Capability(dtypes=_REAL),
    "eeg.DelayEmbedding.transform": Capability(
        uses=("eeg.delay_embedding",), dtypes=_REAL
    ),
    "eeg.AugmentedCovariances.fit": Capability(
        uses=("eeg.augmented_covariance",), dtypes=_REAL
    ),
    "eeg.AugmentedCovariances.transform": Capability(
        uses=("eeg.augmented_covariance",), dtypes=_REAL
    ),
    "eeg.ACMClassifier.fit": Capability(
        uses=_ACM, libraries=("numpy", "cupy"), dtypes=_REAL
    ),
    "eeg.ACMClassifier.decision_function": Capability(
        uses=_ACM, libraries=("numpy", "cupy"), dtypes=_REAL
    ),
    "eeg.ACMClassifier.predict": Capability(
        uses=_ACM, libraries=("numpy", "cupy"), dtypes=_REAL
    ),
    "eeg.ACMClassifier.predict_proba": Capability(
        uses=_ACM, libraries=("numpy", "cupy"), dtypes=_REAL
    ),
    "fisher.FisherCurvature.fit": Capability(
        uses=("fisher.triple_products",), dtypes=_DOUBLE
    ),
    "fisher.FisherCurvature.partial_fit": Capability(
        uses=("fisher.triple_products",), dtypes=_DOUBLE
    ),
    "fisher.LatticeSampler.sample": Capability(
        uses=("fisher.sweeps",), libraries=("numpy", "cupy"), dtypes=_DOUBLE
    ),
    "fisher.LatticeSampler.sample_with_clusters": Capability(
        uses=("fisher.sweeps",), libraries=("numpy", "cupy"), dtypes=_DOUBLE
    ),
    "fisher.effective_exponents": Capability(
        reference=f"{_FISHER}.scaling:effective_exponents", dtypes=_DOUBLE
    ),
    "fisher.enumerated_cumulants": Capability(
        reference=f"{_FISHER}.enumeration:cumulants", dtypes=_DOUBLE
    ),
    "fisher.enumerated_log_partition": Capability(
        reference=f"{_FISHER}.enumeration:log_partition", dtypes=_DOUBLE
    ),
    "fisher.exponential_family_curvature": Capability(
        reference=f"{_FISHER}.hessian:exponential_family_curvature", dtypes=_DOUBLE
    ),
    "fisher.fermions": Capability(
        reference=f"{_FISHER}.pfaffian:fermions", dtypes=_DOUBLE
    ),
    "fisher.fit_logarithmic_law": Capability(
        reference=f"{_FISHER}.scaling:fit_logarithmic_law", dtypes=_DOUBLE
    ),
    "fisher.fit_power_law": Capability(
        reference=f"{_FISHER}.scaling:fit_power_law", dtypes=_DOUBLE
    ),
    "fisher.hessian_scalar_curvature": Capability(
        reference=f"{_FISHER}.hessian:hessian_scalar_curvature", dtypes=_DOUBLE
    ),
    "fisher.ising_torus_cumulants": Capability(
        uses=("fisher.pfaffian_cumulants",), dtypes=_DOUBLE
    ),
    "fisher.ising_torus_curvature": Capability(uses=_EXACT, dtypes=_DOUBLE),
    "fisher.lattice_curvature": Capability(uses=_EXACT, dtypes=_DOUBLE),
    "fisher.log_partition": Capability(
        uses=(
            "fisher.enumerated_log_partition",
            "fisher.fermions",
            "fisher.transfer_matrix_log_partition",
        ),
        dtypes=_DOUBLE,
    ),
    "fisher.pfaffian_cumulants": Capability(
        reference=f"{_FISHER}.pfaffian:cumulants", dtypes=_DOUBLE
    ),
    "fisher.potts_torus_curvature": Capability(
        uses=("fisher.enumerated_cumulants", "fisher.transfer_matrix_cumulants"),
        dtypes=_DOUBLE,
    ),
    "fisher.streamed_curvature": Capability(
        reference=f"{_FISHER}.streaming:curvature",
        uses=("fisher.third_squares",),
        dtypes=_DOUBLE,
    ),
    "fisher.sweeps": Capability(
        reference=f"{_FISHER}.chains:sweeps",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.lattice:sweeps_numba",
                accepts=f"{_KERNELS}.lattice:accepts_sweeps",
                measured="10 updates of 32 x 32: 177 times the reference",
            ),
            ("numba", "cupy"): Kernel(
                f"{_KERNELS}.lattice:sweeps_cuda",
                accepts=f"{_KERNELS}.lattice:accepts_sweeps_cuda",
                measured="not measured on a GPU yet",
            ),
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.lattice:sweeps_cuda",
                accepts=f"{_KERNELS}.lattice:accepts_sweeps_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        libraries=("numpy", "cupy"),
        dtypes=_DOUBLE,
    ),
    "fisher.third_squares": Capability(
        reference="geomsci.reference.fisher.streaming:third_squares",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.third_squares:third_squares_numba",
                accepts=f"{_KERNELS}.third_squares:accepts_third_squares",
                measured="square torus, L = 64, two threads: 6 times the reference",
                pays=f"{_KERNELS}.third_squares:pays_third_squares",
            ),
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.third_squares_cuda:third_squares_cuda",
                accepts=f"{_KERNELS}.third_squares_cuda:accepts_third_squares_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        dtypes=("float64",),
    ),
    "fisher.transfer_matrix_cumulants": Capability(
        reference=f"{_FISHER}.transfer_matrix:cumulants", dtypes=_DOUBLE
    ),
    "fisher.transfer_matrix_log_partition": Capability(
        reference=f"{_FISHER}.transfer_matrix:log_partition", dtypes=_DOUBLE
    ),
    "fisher.triple_products": Capability(
        reference=f"{_FISHER}.bispectrum:triple_products",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.triple_products:triple_products_numba",
                accepts=f"{_KERNELS}.triple_products:accepts_triple_products",
                measured="1729 triads x 455 samples, one thread: 4.2 times the "
                "reference",
                pays=f"{_KERNELS}.triple_products:pays_triple_products",
            ),
        },
        dtypes=_DOUBLE,
    ),
    "fisher.zero_momentum_amplitude": Capability(
        reference=f"{_FISHER}.zero_momentum:zero_momentum_amplitude", dtypes=_DOUBLE
    ),
    "sampling.ChristoffelSampler.sample": Capability(
        uses=("sampling.finite_points", "sampling.polynomial_points"), dtypes=_REAL
    ),
    "sampling.ConditionedSampler.sample": Capability(
        uses=(
            "sampling.finite_dpp_draws",
            "sampling.finite_points",
            "sampling.polynomial_dpp_draws",
            "sampling.polynomial_points",
        ),
        dtypes=_REAL,
    ),
    "sampling.FeatureBasis": Capability(
        reference=f"{_SAMPLING}.features:orthonormal_rows", dtypes=_REAL
    ),
    "sampling.FeatureBasis.christoffel": Capability(
        reference=f"{_SAMPLING}.features:christoffel", dtypes=_REAL
    ),
    "sampling.FeatureBasis.evaluate": Capability(
        reference=f"{_SAMPLING}.features:evaluate", dtypes=_REAL
    ),
    "sampling.FeketeDesign.sample": Capability(
        uses=(
            "sampling.exchanged_rows",
            "sampling.fekete_rows",
            "sampling.further_rows",
        ),
        dtypes=_DOUBLE,
    ),
    "sampling.OptimalDesign.sample": Capability(
        uses=(
            "sampling.FeketeDesign.sample",
            "sampling.RepeatedDPP.sample",
            "sampling.survivors",
        ),
        dtypes=_DOUBLE,
    ),
    "sampling.OptimalDesignRegressor.ask": Capability(
        uses=("sampling.OptimalDesign.sample", "sampling.ProjectionDPP.sample"),
        libraries=("numpy", "cupy"),
        dtypes=_DOUBLE,
    ),
    "sampling.OptimalDesignRegressor.fit": Capability(
        uses=("sampling.OptimalDesign.sample", "sampling.weighted_fit"), dtypes=_REAL
    ),
    "sampling.OptimalDesignRegressor.tell": Capability(
        uses=("sampling.weighted_fit",), libraries=("numpy", "cupy"), dtypes=_DOUBLE
    ),
    "sampling.PolynomialBasis.christoffel": Capability(
        reference=f"{_SAMPLING}.multivariate:christoffel", dtypes=_REAL
    ),
    "sampling.PolynomialBasis.evaluate": Capability(
        reference=f"{_SAMPLING}.multivariate:multivariate", dtypes=_REAL
    ),
    "sampling.PolynomialBasis.log_christoffel": Capability(
        reference=f"{_SAMPLING}.multivariate:log_christoffel", dtypes=_REAL
    ),
    "sampling.PolynomialBasis.scaled_evaluate": Capability(
        reference=f"{_SAMPLING}.multivariate:scaled_multivariate", dtypes=_REAL
    ),
    "sampling.ProjectionDPP.sample": Capability(
        uses=("sampling.finite_dpp_draws", "sampling.polynomial_dpp_draws"),
        dtypes=_REAL,
    ),
    "sampling.RepeatedDPP.sample": Capability(
        uses=("sampling.finite_dpp_draws", "sampling.polynomial_dpp_draws"),
        dtypes=_REAL,
    ),
    "sampling.SubsetVolumeSampler.inclusion_probabilities": Capability(dtypes=_REAL),
    "sampling.SubsetVolumeSampler.sample": Capability(
        uses=("sampling.finite_dpp_draws",), dtypes=_REAL
    ),
    "sampling.VolumeRescaledSampler.sample": Capability(
        uses=(
            "sampling.finite_dpp_draws",
            "sampling.finite_points",
            "sampling.polynomial_dpp_draws",
            "sampling.polynomial_points",
        ),
        dtypes=_REAL,
    ),
    "sampling.WeightedLeastSquares.fit": Capability(
        uses=("sampling.weighted_fit",), dtypes=_REAL
    ),
    "sampling.WeightedLeastSquares.predict": Capability(dtypes=_REAL),
    "sampling.WeightedLeastSquares.predict_interval": Capability(
        uses=("sampling.jackknife_plus",), dtypes=_REAL
    ),
    "sampling.WeightedLeastSquares.score": Capability(dtypes=_REAL),
    "sampling.WeightedLeastSquares.sobol_indices": Capability(dtypes=_REAL),
    "sampling.exchanged_rows": Capability(
        reference=f"{_SAMPLING}.fekete:exchanged_rows", dtypes=_DOUBLE
    ),
    "sampling.fekete_rows": Capability(
        reference=f"{_SAMPLING}.fekete:fekete_rows", dtypes=_DOUBLE
    ),
    "sampling.finite_dpp_draws": Capability(
        reference=f"{_SAMPLING}.blocked:finite_dpp_draws",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.dpp:finite_dpp_draws_numba",
                accepts=f"{_KERNELS}.dpp:accepts_finite",
                measured="5 draws, N = 1e5, m = 100: 10 times the blocked form",
                pays=f"{_KERNELS}.dpp:pays_finite",
            ),
            ("numba", "cupy"): Kernel(
                f"{_KERNELS}.dpp:finite_dpp_draws_cuda",
                accepts=f"{_KERNELS}.dpp:accepts_cuda",
                measured="not measured on a GPU yet",
            ),
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.dpp:finite_dpp_draws_cuda",
                accepts=f"{_KERNELS}.dpp:accepts_cuda",
                measured="not measured on a GPU yet",
                pays=f"{_KERNELS}.dpp:pays_cuda",
            ),
        },
        dtypes=_DOUBLE,
    ),
    "sampling.finite_points": Capability(
        reference=f"{_SAMPLING}.blocked:finite_points",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.dpp:finite_points_numba",
                accepts=f"{_KERNELS}.dpp:accepts_finite",
                measured="20 x 1000 points of N = 1e5: 7 times the reference",
            ),
        },
        dtypes=_DOUBLE,
    ),
    "sampling.further_rows": Capability(
        reference=f"{_SAMPLING}.fekete:further_rows", dtypes=_DOUBLE
    ),
    "sampling.gram": Capability(reference=f"{_SAMPLING}.stability:gram", dtypes=_REAL),
    "sampling.greedy_reduce": Capability(uses=("sampling.survivors",), dtypes=_DOUBLE),
    "sampling.instability": Capability(
        reference=f"{_SAMPLING}.stability:instability", dtypes=_REAL
    ),
    "sampling.jackknife_plus": Capability(
        reference=f"{_SAMPLING}.least_squares:jackknife_plus", dtypes=_REAL
    ),
    "sampling.optimal_weights": Capability(
        reference=f"{_SAMPLING}.blocked:optimal_weights",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.dpp:optimal_weights_numba",
                accepts=f"{_KERNELS}.dpp:accepts_polynomial",
                measured="1000 points, d = 2, m = 100: 87 times interpreted",
            ),
        },
        libraries=("numpy",),
        dtypes=_DOUBLE,
    ),
    "sampling.polynomial_dpp_draws": Capability(
        reference=f"{_SAMPLING}.blocked:polynomial_dpp_draws",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.dpp:polynomial_dpp_draws_numba",
                accepts=f"{_KERNELS}.dpp:accepts_polynomial",
                measured="Legendre, d = 2, m = 100: 124 times interpreted",
                pays=f"{_KERNELS}.dpp:pays_polynomial",
            ),
            ("numba", "cupy"): Kernel(
                f"{_KERNELS}.dpp:polynomial_dpp_draws_cuda",
                accepts=f"{_KERNELS}.dpp:accepts_cuda",
                measured="not measured on a GPU yet",
            ),
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.dpp:polynomial_dpp_draws_cuda",
                accepts=f"{_KERNELS}.dpp:accepts_cuda",
                measured="not measured on a GPU yet",
                pays=f"{_KERNELS}.dpp:pays_cuda",
            ),
        },
        libraries=("numpy", "cupy"),
        dtypes=_DOUBLE,
    ),
    "sampling.polynomial_points": Capability(
        reference=f"{_SAMPLING}.blocked:polynomial_points",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.dpp:polynomial_points_numba",
                accepts=f"{_KERNELS}.dpp:accepts_polynomial",
                measured="1000 points, d = 2, m = 100: 202 times interpreted",
            ),
        },
        libraries=("numpy",),
        dtypes=_DOUBLE,
    ),
    "sampling.polynomial_proposals": Capability(
        reference=f"{_SAMPLING}.blocked:polynomial_proposals",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.dpp:polynomial_proposals_numba",
                accepts=f"{_KERNELS}.dpp:accepts_polynomial",
                measured="100 proposals, d = 2, m = 100: 38 times interpreted",
            ),
        },
        libraries=("numpy",),
        dtypes=_DOUBLE,
    ),
    "sampling.required_sample_size": Capability(
        reference=f"{_SAMPLING}.stability:required_sample_size"
    ),
    "sampling.survivors": Capability(
        reference=f"{_SAMPLING}.reduction:survivors", dtypes=_DOUBLE
    ),
    "sampling.weighted_fit": Capability(
        reference=f"{_SAMPLING}.least_squares:weighted_fit", dtypes=_REAL
    ),
    "embedding.HeatGeodesicEmbedding.dissimilarity": Capability(dtypes=_REAL),
    "embedding.HeatGeodesicEmbedding.fit": Capability(
        uses=_HEAT_GEODESIC, dtypes=_REAL
    ),
    "embedding.HeatGeodesicEmbedding.fit_transform": Capability(
        uses=_HEAT_GEODESIC, dtypes=_REAL
    ),
    "embedding.HeatGeodesicEmbedding.transform": Capability(dtypes=_REAL),
    "embedding.alpha_decay_graph": Capability(
        reference=f"{_EMBEDDING}.graphs:alpha_decay_graph",
        uses=("embedding.nearest",),
        dtypes=_REAL,
    ),
    "embedding.classical_mds": Capability(
        reference=f"{_EMBEDDING}.mds:classical", dtypes=_REAL
    ),
    "embedding.diffusion_extension": Capability(
        reference=f"{_EMBEDDING}.diffusion_maps:diffusion_extension", dtypes=_REAL
    ),
    "embedding.diffusion_spectrum": Capability(
        reference=f"{_EMBEDDING}.diffusion_maps:diffusion_spectrum", dtypes=_REAL
    ),
    "embedding.diffusion_time": Capability(
        reference=f"{_EMBEDDING}.diffusion_time:diffusion_time", dtypes=_DOUBLE
    ),
    "embedding.graph_laplacian": Capability(
        reference=f"{_EMBEDDING}.graphs:graph_laplacian", dtypes=_REAL
    ),
    "embedding.heat_affinities": Capability(
        reference=f"{_EMBEDDING}.student_neighbors:heat_affinities", dtypes=_DOUBLE
    ),
    "embedding.heat_geodesic_distance": Capability(
        reference=f"{_EMBEDDING}.dissimilarities:heat_geodesic_distance",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.rate_inversion:heat_geodesic_distance_numba",
                accepts=f"{_KERNELS}.rate_inversion:accepts",
                measured="3000 points, m = 2, one thread: 39 times the reference",
            ),
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.heat_cuda:rate_distances_cuda",
                accepts=f"{_KERNELS}.heat_cuda:accepts_rate_distances_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        dtypes=_DOUBLE,
    ),
    "embedding.heat_kernel": Capability(
        reference=f"{_EMBEDDING}.heat_kernels:heat_kernel",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.heat:heat_kernel_numba",
                accepts=f"{_KERNELS}.heat:accepts",
                measured="3000 vertices, t = 40, one thread: 5.9 times the reference",
                pays=f"{_KERNELS}.heat:pays",
            ),
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.heat_cuda:heat_kernel_cuda",
                accepts=f"{_KERNELS}.heat_cuda:accepts_heat_kernel_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        dtypes=_DOUBLE,
    ),
    "embedding.inverse_rate_function": Capability(
        reference=f"{_EMBEDDING}.rates:inverse_rate_function", dtypes=_REAL
    ),
    "embedding.join_components": Capability(
        reference=f"{_EMBEDDING}.components:join_components", dtypes=_REAL
    ),
    "embedding.mds_stress": Capability(
        reference=f"{_EMBEDDING}.mds:stress",
        kernels={
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.mds_cuda:stress_cuda",
                accepts=f"{_KERNELS}.mds_cuda:accepts_stress_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        dtypes=_REAL,
    ),
    "embedding.metric_mds": Capability(
        uses=(
            "embedding.classical_mds",
            "embedding.mds_stress",
            "embedding.sgd_mds",
            "embedding.smacof",
        ),
        dtypes=_REAL,
    ),
    "embedding.nearest": Capability(
        reference="geomsci.backends.neighbors:nearest_by_search",
        kernels={
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.neighbors_cuda:nearest_cuda",
                accepts=f"{_KERNELS}.neighbors_cuda:accepts_nearest_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        dtypes=_REAL,
    ),
    "embedding.potential_distance": Capability(
        reference=f"{_EMBEDDING}.potential:potential_distance", dtypes=_DOUBLE
    ),
    "embedding.prune_shortcuts": Capability(
        reference=f"{_EMBEDDING}.shortcuts:prune_shortcuts", dtypes=_REAL
    ),
    "embedding.rate_function": Capability(
        reference=f"{_EMBEDDING}.rates:rate_function", dtypes=_REAL
    ),
    "embedding.sgd_mds": Capability(
        reference=f"{_EMBEDDING}.mds:sgd",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.mds:sgd_numba",
                accepts=f"{_KERNELS}.mds:accepts_sgd",
                measured="15 epochs of 1000 points, one thread: 12 times the reference",
            ),
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.mds_cuda:sgd_cuda",
                accepts=f"{_KERNELS}.mds_cuda:accepts_sgd_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        dtypes=_REAL,
    ),
    "embedding.smacof": Capability(
        reference=f"{_EMBEDDING}.mds:smacof",
        kernels={
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.mds_cuda:smacof_cuda",
                accepts=f"{_KERNELS}.mds_cuda:accepts_smacof_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        dtypes=_REAL,
    ),
    "embedding.sparse_alpha_decay_graph": Capability(
        reference=f"{_EMBEDDING}.graphs:sparse_alpha_decay_graph",
        libraries=("numpy",),
        dtypes=_REAL,
    ),
    "embedding.student_divergence": Capability(
        reference=f"{_EMBEDDING}.student_neighbors:student_divergence", dtypes=_REAL
    ),
    "embedding.student_embedding": Capability(
        reference=f"{_EMBEDDING}.student_neighbors:student_embedding",
        uses=("embedding.student_divergence", "embedding.student_gradient"),
        dtypes=_REAL,
    ),
    "embedding.student_gradient": Capability(
        reference=f"{_EMBEDDING}.student_neighbors:student_gradient",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.student:student_gradient_numba",
                accepts=f"{_KERNELS}.student:accepts_plane",
                measured="3000 points in the plane, one thread: 5 times the reference",
            ),
        },
        dtypes=_REAL,
    ),
    "embedding.von_neumann_time": Capability(
        reference=f"{_EMBEDDING}.potential:von_neumann_time", dtypes=_DOUBLE
    ),
    "embedding.DiffusionMap.fit": Capability(
        uses=("embedding.diffusion_spectrum",), dtypes=_REAL
    ),
    "embedding.DiffusionMap.fit_transform": Capability(
        uses=("embedding.diffusion_spectrum",), dtypes=_REAL
    ),
    "embedding.DiffusionMap.transform": Capability(
        uses=("embedding.diffusion_extension",), dtypes=_REAL
    ),
    "entropic.EntropicCurvature.fit": Capability(uses=_WEB, dtypes=_REAL),
    "entropic.EntropicCurvature.predict": Capability(uses=_WEB, dtypes=_REAL),
    "entropic.EntropicCurvature.transform": Capability(uses=_WEB, dtypes=_REAL),
    "entropic.assign_mass": Capability(
        reference=f"{_ENTROPIC}.mass_assignment:assign",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.deposit:assign_numba",
                accepts=f"{_KERNELS}.deposit:accepts_assign",
                measured="500,000 points, 128^3 cells, one thread: 3 to 5 times the "
                "reference",
            ),
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.deposit_cuda:assign_cuda",
                accepts=f"{_KERNELS}.deposit_cuda:accepts_assign_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        dtypes=_REAL,
    ),
    "entropic.bures_wasserstein": Capability(
        reference=f"{_ENTROPIC}.bures:bures_wasserstein", dtypes=_REAL
    ),
    "entropic.catalogue_curvature": Capability(
        reference=f"{_ENTROPIC}.catalogue:catalogue_curvature",
        uses=("entropic.gaussian_moments",),
        dtypes=_REAL,
    ),
    "entropic.catalogue_log_density": Capability(
        reference=f"{_ENTROPIC}.catalogue:log_density",
        uses=("entropic.gaussian_moments",),
        dtypes=_REAL,
    ),
    "entropic.catalogue_probe_curvature": Capability(
        reference=f"{_ENTROPIC}.catalogue:catalogue_probe_curvature",
        uses=("entropic.gaussian_moments",),
        dtypes=_REAL,
    ),
    "entropic.coarse_ricci_curvature": Capability(
        reference=f"{_ENTROPIC}.coarse:coarse_ricci", dtypes=_REAL
    ),
    "entropic.compensate_window": Capability(
        reference=f"{_ENTROPIC}.smoothing:compensate", dtypes=_REAL
    ),
    "entropic.curvature_correlation": Capability(
        reference=f"{_ENTROPIC}.random_fields:correlation", dtypes=_REAL
    ),
    "entropic.curvature_covariance": Capability(
        reference=f"{_ENTROPIC}.random_fields:isotropic_covariance", dtypes=_REAL
    ),
    "entropic.curvature_power_spectrum": Capability(
        reference=f"{_ENTROPIC}.random_fields:trace_power", dtypes=_REAL
    ),
    "entropic.displaced_lattice": Capability(
        reference=f"{_ENTROPIC}.lagrangian:displaced_lattice", dtypes=_REAL
    ),
    "entropic.displacement_interpolation": Capability(
        reference=f"{_ENTROPIC}.bures:displacement_interpolation", dtypes=_REAL
    ),
    "entropic.doroshkevich_density": Capability(
        reference=f"{_ENTROPIC}.doroshkevich:joint_density", dtypes=_REAL
    ),
    "entropic.doroshkevich_fractions": Capability(
        reference=f"{_ENTROPIC}.doroshkevich:fractions_of", dtypes=_REAL
    ),
    "entropic.doroshkevich_marginals": Capability(
        reference=f"{_ENTROPIC}.doroshkevich:marginal_densities_of", dtypes=_REAL
    ),
    "entropic.eigenvalue_signature": Capability(
        reference=f"{_ENTROPIC}.signature:eigenvalue_signature",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.web:eigenvalue_signature_numba",
                accepts=f"{_KERNELS}.web:accepts_rows",
                measured="2^20 matrices, one thread: 3 times the reference",
            ),
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.web:eigenvalue_signature_numba",
                accepts=f"{_KERNELS}.web:accepts_rows_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        dtypes=_REAL,
    ),
    "entropic.eisenstein_hu": Capability(
        reference=f"{_ENTROPIC}.power_spectra:eisenstein_hu", dtypes=_REAL
    ),
    "entropic.entropic_curvature": Capability(
        reference=f"{_ENTROPIC}.pair_curvature:entropic_curvature", dtypes=_REAL
    ),
    "entropic.entropic_curvature_dimension": Capability(
        reference=f"{_ENTROPIC}.pair_curvature:entropic_curvature_dimension",
        dtypes=_REAL,
    ),
    "entropic.gaussian_entropic_curvature": Capability(
        reference=f"{_ENTROPIC}.bures:gaussian_entropic_curvature", dtypes=_REAL
    ),
    "entropic.gaussian_field": Capability(
        reference=f"{_ENTROPIC}.gaussian_fields:gaussian_field", dtypes=_REAL
    ),
    "entropic.gaussian_moments": Capability(
        reference=f"{_ENTROPIC}.catalogue:gaussian_moments",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.catalogue:gaussian_moments_numba",
                accepts=f"{_KERNELS}.catalogue:accepts",
                measured="200 places in 44,572 galaxies, one thread: 200 times the "
                "reference",
            ),
            ("numba", "cupy"): Kernel(
                f"{_KERNELS}.catalogue:gaussian_moments_cuda",
                accepts=f"{_KERNELS}.catalogue:accepts_cuda",
                measured="not measured on a GPU yet",
            ),
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.catalogue:gaussian_moments_cuda",
                accepts=f"{_KERNELS}.catalogue:accepts_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        dtypes=_DOUBLE,
    ),
    "entropic.grid_curvature_covariance": Capability(
        reference=f"{_ENTROPIC}.random_fields:mode_covariance", dtypes=_REAL
    ),
    "entropic.grid_spectral_moments": Capability(
        reference=f"{_ENTROPIC}.random_fields:mode_moments", dtypes=_REAL
    ),
    "entropic.interlaced_mass": Capability(
        reference=f"{_ENTROPIC}.mass_assignment:interlaced", dtypes=_REAL
    ),
    "entropic.local_bures_curvature": Capability(
        reference=f"{_ENTROPIC}.bures:local_bures_curvature", dtypes=_REAL
    ),
    "entropic.local_moments": Capability(
        reference=f"{_ENTROPIC}.catalogue:local_moments",
        uses=("entropic.gaussian_moments",),
        dtypes=_REAL,
    ),
    "entropic.local_quantile_curvature": Capability(
        reference=f"{_ENTROPIC}.quantile_transport:local_quantile_curvature",
        dtypes=_REAL,
    ),
    "entropic.log_density_hessian": Capability(
        reference=f"{_ENTROPIC}.log_hessian:log_hessian",
        uses=("entropic.plane_derivatives", "entropic.smoothed_parts"),
        dtypes=_REAL,
    ),
    "entropic.lognormal_field": Capability(
        reference=f"{_ENTROPIC}.gaussian_fields:lognormal_field", dtypes=_REAL
    ),
    "entropic.lpt_displacement": Capability(
        reference=f"{_ENTROPIC}.lagrangian:lpt_displacement", dtypes=_REAL
    ),
    "entropic.markov_chain_entropic_curvature": Capability(
        reference=f"{_ENTROPIC}.markov_chains:markov_chain_curvature", dtypes=_REAL
    ),
    "entropic.peak_density": Capability(
        reference=f"{_ENTROPIC}.peaks:peak_densities", dtypes=_REAL
    ),
    "entropic.plane_derivatives": Capability(
        reference=f"{_ENTROPIC}.log_hessian:plane_derivatives",
        kernels={
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.kspace:plane_derivatives_cuda",
                accepts=f"{_KERNELS}.kspace:accepts_derivatives_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        dtypes=_REAL,
    ),
    "entropic.product_chain_curvature": Capability(
        reference=f"{_ENTROPIC}.markov_chains:product_curvature", dtypes=_REAL
    ),
    "entropic.quantile_entropic_curvature": Capability(
        reference=f"{_ENTROPIC}.quantile_transport:quantile_entropic_curvature",
        dtypes=_REAL,
    ),
    "entropic.quotient_eigenvalues": Capability(
        reference=f"{_ENTROPIC}.web:quotient_eigenvalues",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.web_blocks:quotient_eigenvalues_numba",
                accepts=f"{_KERNELS}.web:accepts_fields",
                measured="2^20 voxels, one thread: 9.3 times (float32 6.4)",
            ),
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.web:quotient_eigenvalues_numba",
                accepts=f"{_KERNELS}.web:accepts_fields_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        dtypes=_REAL,
    ),
    "entropic.quotient_signature": Capability(
        reference=f"{_ENTROPIC}.web:quotient_signature",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.web:quotient_signature_numba",
                accepts=f"{_KERNELS}.web:accepts_fields",
                measured="2^20 voxels, one thread: 3.5 times the reference",
            ),
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.web:quotient_signature_numba",
                accepts=f"{_KERNELS}.web:accepts_fields_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        dtypes=_REAL,
    ),
    "entropic.scale_flow_rhs": Capability(
        reference=f"{_ENTROPIC}.scale_flow:scale_flow_rhs",
        uses=("entropic.plane_derivatives", "entropic.smoothed_parts"),
        dtypes=_REAL,
    ),
    "entropic.shot_noise": Capability(
        reference=f"{_ENTROPIC}.random_fields:shot_noise", dtypes=_REAL
    ),
    "entropic.smooth_density": Capability(
        reference=f"{_ENTROPIC}.smoothing:smooth", dtypes=_REAL
    ),
    "entropic.smoothed_parts": Capability(
        reference=f"{_ENTROPIC}.log_hessian:smoothed_parts",
        kernels={
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.kspace:smoothed_parts_cuda",
                accepts=f"{_KERNELS}.kspace:accepts_parts_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        dtypes=_REAL,
    ),
    "entropic.spectral_moments": Capability(
        reference=f"{_ENTROPIC}.random_fields:moments", dtypes=_REAL
    ),
    "entropic.survey_curvature": Capability(
        reference=f"{_ENTROPIC}.survey:survey_curvature",
        uses=("entropic.gaussian_moments",),
        dtypes=_REAL,
    ),
    "entropic.survey_log_density": Capability(
        reference=f"{_ENTROPIC}.survey:survey_log_density",
        uses=("entropic.gaussian_moments",),
        dtypes=_REAL,
    ),
    "entropic.symmetric_eigenvalues": Capability(
        reference=f"{_ENTROPIC}.symmetric_eigenvalues:symmetric_eigenvalues",
        kernels={
            ("numba", "numpy"): Kernel(
                f"{_KERNELS}.web:symmetric_eigenvalues_numba",
                accepts=f"{_KERNELS}.web:accepts_rows",
                measured="2^20 matrices, one thread: 2.2 times (float32 1.3)",
            ),
            ("cuda", "cupy"): Kernel(
                f"{_KERNELS}.web:symmetric_eigenvalues_numba",
                accepts=f"{_KERNELS}.web:accepts_rows_cuda",
                measured="not measured on a GPU yet",
            ),
        },
        dtypes=_REAL,
    ),
}
