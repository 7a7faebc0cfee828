"""`HeatGeodesicEmbedding`: points placed by the geodesic distances of a heat kernel."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any

from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from geomsci.backends import public, threads
from geomsci.backends.arrays import Array, array_namespace
from geomsci.backends.dispatch import CHOICES
from geomsci.backends.random import generator
from geomsci.embedding import heat_geodesic_placement as placement
from geomsci.embedding import heat_geodesic_steps as steps
from geomsci.embedding.graphs import LAPLACIANS
from geomsci.embedding.heat_geodesic_input import PointsOrMatrices
from geomsci.embedding.heat_geodesic_points import (
    Nodes,
    averaged,
    distinct,
    extended,
    nearest_nodes,
    projected,
)
from geomsci.embedding.heat_kernels import METHODS
from geomsci.embedding.published_settings import PublishedSettings
from geomsci.reference.embedding.extension import (
    extended_dissimilarity,
    extension_weights,
)
from geomsci.reference.embedding.mean_shift import (
    SMALLEST_SAMPLE,
    attractor,
    mean_shift,
)
from geomsci.reference.embedding.principal_axes import principal_axes


class HeatGeodesicEmbedding(
    PublishedSettings,
    ClassNamePrefixFeaturesOutMixin,
    PointsOrMatrices,
):
    r"""Embed points so that distances are geodesic distances, in the units of the data.

    A walk on the nearest-neighbour graph of the points spreads heat; how little of it
    has arrived at j from i by time t tells how far apart they are. With ``H = exp(-t
    L)``, ``E_ij = (log sqrt(H_ii H_jj) - log H_ij) / t``, and the large-deviation rate
    :math:`I_m` of a walk with steps uniform in an m-ball of radius r,

    .. math:: d_{ij} = r\, t\, I_m^{-1}(E_{ij}),

    r the mean bandwidth of the graph. The edges correct the law for the lengths of the
    steps and for the probability p that one undoes the last: :math:`(M - 1)(M - p) / (M
    + p)` replaces :math:`M - 1`, M the moment generating function of a step. Metric
    scaling of d gives the coordinates. Above
    3000 points d is computed between representatives, and the others are placed by
    their nearest ones: time grows in proportion to the number of points.

    Parameters
    ----------
    n_components : int
        Dimension of the embedding.
    n_neighbors : int
        Neighbours of each point in the graph, fewer than the different points; their
        number itself is understood to count the point too.
    decay : float, positive
        Of the kernel ``exp(-(distance / bandwidth)^decay)``; 40 is nearly a step.
    anisotropy : float, 0 to 1
        1 divides the density of the points out of the graph.
    laplacian : {"variable_bandwidth", "normalized", "combinatorial"}
        See `graph_laplacian`. The first one makes heat spread equally fast
        everywhere, which distances in the units of the data need.
    t : "auto", "knee" or float
        Diffusion time, in mean steps of the walk. ``"auto"``: see
        ``diffusion_time_path_``; ``"knee"``: the published rule.
    distance : {"rate", "varadhan", "potential"}
        ``"rate"``: the formula above. ``"varadhan"``: ``-4 t log`` of the kernel, with
        ``sigma`` and ``volume``. ``"potential"``: Euclidean distance between the
        logarithms of the rows of the kernel.
    intrinsic_dim : float or "auto"
        Dimension m of the walk's steps; a few percent of scale between 1 and 3.
        ``"auto"`` estimates it from the distances of the neighbours.
    sigma : float, >= 0
        Weight of the volume term of ``"varadhan"``.
    volume : {"geometric", "arithmetic"}
        Mean of ``H_ii`` and ``H_jj`` in the volume term of ``"varadhan"``.
    n_representatives : "auto", int or None
        Points between which the kernel is computed, more than ``n_neighbors``:
        ``"auto"`` takes all up to 3000 points and 2000 of them above, None all of
        them. Of affinities it is always all.
    mds : {"sgd", "smacof", "classical", "kl"}
        See `metric_mds`. ``"kl"`` places the points by the affinities of the heat
        kernel instead of distances, as t-SNE does.
    mds_weights : {"heat_kernel", "inverse_distance"} or None
        Weights of the pairs: the kernel, ``d^-2``, or all equal.
    shortcuts : {"prune", "keep"}
        Whether edges that look like shortcuts leave the graph, see `prune_shortcuts`.
    metric : {"euclidean", "precomputed", "precomputed_affinity"}
        What X holds: points, their distances (n, n), or the weights of a graph (n, n),
        dense or sparse, with distances in steps of the walk; their diagonal is left
        out.
    denoise : {"auto", None}
        ``"auto"``: if distances at different times disagree, points are drawn to the
        means of their neighbours, and the result is kept if distances then agree. Needs
        points and ``t="auto"``. None: never.
    refine : bool
        Whether points beside the representatives are moved on by the sparse stress of
        their neighbours: sharper small distances on data without noise, worse large
        ones with noise.
    n_pca : "auto", int or None
        Project points on so many principal components first. ``"auto"`` drops those
        that cannot be told from white noise, if there are any; None keeps all.
    random_state : None, int or numpy.random.RandomState
        Of the choice of representatives and the order of pairs in ``"sgd"``.
    n_jobs : None or int
        Threads of the search of neighbours on hosts, as in scikit-learn.
    verbose : int
        1 prints one line a stage.
    heat_kernel_method : {"uniformization", "chebyshev", "euler", "eigh"}
        See `heat_kernel`. All but the first lose the entries of distant pairs.
    floor : float, >= 0
        Added to the kernel before the logarithm; published code has 1e-16.
    backend : {None, "auto", "reference", "numpy", "numba", "cupy"}
        None: the choice of `geomsci.use_backend` in force.

    Attributes
    ----------
    embedding_ : array, shape (n, n_components)
    representatives_ : array, shape (r, k)
        Points between which distances were computed, on the principal axes if there
        are some: the different rows of X, or means of them. With a precomputed metric
        the numbers of their rows, shape (r,).
    dissimilarity_ : array, shape (r, r)
        Their distances.
    heat_kernel_ : array, shape (r, r)
        Their heat kernel.
    bandwidths_ : array, shape (r,)
        Distance of each from its last neighbour.
    diffusion_time_ : float
        The time that was used.
    diffusion_time_path_ : DiffusionTimePath or None
        Times tried by ``t="auto"`` and the entropies found.
    intrinsic_dim_ : float
    stress_ : float
        :math:`\sqrt{\sum (|y_i - y_j| - d_{ij})^2 / \sum d_{ij}^2}` over pairs of
        representatives, 0 for a perfect picture; with ``mds="kl"`` the divergence.
    n_connected_components_ : int
        Parts of the graph before bridges joined them.
    n_features_in_ : int

    Warns
    -----
    UserWarning
        If the graph falls into parts, which are joined by their nearest pairs; if the
        time given is so small that the kernel underflows, and is raised.

    See Also
    --------
    DiffusionMap, heat_geodesic_distance, metric_mds

    Notes
    -----
    Up to 3000 points O(n^3) time and about ten n x n matrices; above, O(n r d) for r
    representatives. Identical rows are merged, and get the same coordinates. The
    result is a function of the data and the seed, to the bit on one number of threads
    of BLAS, and to rounding on another.

    References
    ----------
    Huguet, Tong, De Brouwer, Zhang, Wolf, Adelstein and Krishnaswamy, A heat diffusion
    perspective on geodesic preserving dimensionality reduction, NeurIPS 2023,
    arXiv:2305.19043.

    Examples
    --------
    >>> from geomsci.datasets import make_swiss_roll
    >>> from geomsci.embedding import HeatGeodesicEmbedding
    >>> X, sheet = make_swiss_roll(500, rng=0)
    >>> Y = HeatGeodesicEmbedding(random_state=0).fit_transform(X)
    >>> Y.shape
    (500, 2)
    """

    _parameter_constraints = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "decay": [Interval(Real, 0, None, closed="neither")],
        "anisotropy": [Interval(Real, 0, 1, closed="both")],
        "laplacian": [StrOptions(set(LAPLACIANS))],
        "t": [
            StrOptions({"auto", "knee"}),
            Interval(Real, 0, None, closed="neither"),
        ],
        "distance": [StrOptions(set(placement.DISTANCES))],
        "intrinsic_dim": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "sigma": [Interval(Real, 0, None, closed="left")],
        "volume": [StrOptions({"geometric", "arithmetic"})],
        "n_representatives": [
            None,
            StrOptions({"auto"}),
            Interval(Integral, 3, None, closed="left"),
        ],
        "mds": [StrOptions({"sgd", "smacof", "classical", "kl"})],
        "mds_weights": [None, StrOptions({"heat_kernel", "inverse_distance"})],
        "shortcuts": [StrOptions({"prune", "keep"})],
        "denoise": [None, StrOptions({"auto"})],
        "metric": [StrOptions({"euclidean", "precomputed", "precomputed_affinity"})],
        "refine": ["boolean"],
        "n_pca": [
            None,
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "random_state": ["random_state"],
        "n_jobs": [None, Integral],
        "verbose": ["verbose"],
        "heat_kernel_method": [StrOptions(set(METHODS))],
        "floor": [Interval(Real, 0, None, closed="left")],
        "backend": [None, StrOptions({*CHOICES, "numpy"})],
    }

    def __init__(
        self,
        n_components: int = 2,
        *,
        n_neighbors: int = 10,
        decay: float = 40.0,
        anisotropy: float = 0.0,
        laplacian: str = "variable_bandwidth",
        t: str | float = "auto",
        distance: str = "rate",
        intrinsic_dim: str | float = 2,
        sigma: float = 1.0,
        volume: str = "geometric",
        n_representatives: str | int | None = "auto",
        mds: str = "sgd",
        mds_weights: str | None = None,
        shortcuts: str = "prune",
        metric: str = "euclidean",
        denoise: str | None = "auto",
        refine: bool = False,
        n_pca: str | int | None = "auto",
        random_state: Any = None,
        n_jobs: int | None = None,
        verbose: int = 0,
        heat_kernel_method: str = "uniformization",
        floor: float = 0.0,
        backend: str | None = None,
    ) -> None:
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.decay = decay
        self.anisotropy = anisotropy
        self.laplacian = laplacian
        self.t = t
        self.distance = distance
        self.intrinsic_dim = intrinsic_dim
        self.sigma = sigma
        self.volume = volume
        self.n_representatives = n_representatives
        self.mds = mds
        self.mds_weights = mds_weights
        self.shortcuts = shortcuts
        self.metric = metric
        self.denoise = denoise
        self.refine = refine
        self.n_pca = n_pca
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose
        self.heat_kernel_method = heat_kernel_method
        self.floor = floor
        self.backend = backend

    # Fit

    @public("embedding.HeatGeodesicEmbedding.fit")
    def fit(self, X: Any, y: Any = None) -> HeatGeodesicEmbedding:
        """Compute the distances of the points, and place them.

        Parameters
        ----------
        X : array, shape (n, d), or (n, n) with a precomputed metric
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Wrong shapes, NaN, fewer different points than ``n_neighbors + 1``, a
            precomputed matrix that is not symmetric or has negative entries, a graph of
            affinities that falls into parts.
        TypeError
            Sparse or complex points.
        MemoryError
            If all points are asked for as representatives and n x n matrices do not
            fit.
        """
        self._validate_params()
        X = self._input(X, reset=True)
        with threads.at_most(self.n_jobs):
            self._fit(X)
        return self

    @public("embedding.HeatGeodesicEmbedding.fit_transform")
    def fit_transform(self, X: Any, y: Any = None) -> Array:
        """Fit, and return ``embedding_``.

        Parameters
        ----------
        X : array, shape (n, d), or (n, n) with a precomputed metric
        y : ignored

        Returns
        -------
        Y : array, shape (n, n_components)
        """
        return self.fit(X).embedding_

    def _fit(self, X: Any) -> None:
        rng = generator(check_random_state(self.random_state))
        report = steps.Progress(self.verbose)
        self._pca = None
        if self.metric == "euclidean" and self.n_pca is not None:
            self._pca = principal_axes(X, self.n_pca)
        self._attractor = None
        points = self._features(X)
        first, inverse = distinct(points, self.metric, self.n_neighbors)
        n_neighbors = self._neighbours(first.shape[0], X)

        def walk(points: Any, moved: bool = False) -> steps.Walk:
            return steps.walk(
                points,
                first,
                metric=self.metric,
                n_representatives=self.n_representatives,
                n_neighbors=n_neighbors,
                decay=self.decay,
                anisotropy=self.anisotropy,
                shortcuts=self.shortcuts,
                laplacian=self.laplacian,
                t=self.t,
                method=self.heat_kernel_method,
                floor=self.floor,
                rng=rng,
                report=report,
                moved=moved,
            )

        found = walk(points)
        may_shift = (
            self.denoise == "auto"
            and self.metric == "euclidean"
            and first.shape[0] >= SMALLEST_SAMPLE
        )
        if may_shift and steps.is_noisy(found.heat):
            to = attractor(points, rng)
            report("shift", f"means of {to.n_neighbors} neighbours")
            moved = mean_shift(points, to)
            with warnings.catch_warnings(record=True) as raised:
                warnings.simplefilter("always")
                again = walk(moved, moved=True)
            if not steps.is_noisy(again.heat):
                self._attractor, points, found = to, moved, again
                for warning in raised:
                    warnings.warn(warning.message, stacklevel=3)
        nodes, graph, heat = found
        self.intrinsic_dim_ = placement.intrinsic_dim(
            self.intrinsic_dim, nodes.values, self.metric, n_neighbors
        )
        D = placement.dissimilarity(
            heat,
            distance=self.distance,
            intrinsic_dim=self.intrinsic_dim_,
            sigma=self.sigma,
            volume=self.volume,
            step=graph.step,
            steps=graph.steps,
            n_neighbors=n_neighbors,
        )
        report("distances", f"up to {placement.largest(D):.4g}")
        Y, stress = placement.place(
            D,
            heat,
            n_components=self.n_components,
            method=self.mds,
            weights=self.mds_weights,
            rng=rng,
        )
        report("placement", f"stress {stress:.4g}")
        euclidean = self.metric == "euclidean"
        self.representatives_ = nodes.values if euclidean else nodes.rows
        self.dissimilarity_, self.heat_kernel_ = D, heat.H
        self.bandwidths_, self.stress_ = graph.bandwidths, stress
        self.diffusion_time_, self.diffusion_time_path_ = heat.t, heat.path
        self.n_connected_components_ = graph.n_components
        self._nodes = nodes
        self._n_features_out = self.n_components
        self._anchors, self._anchor_embedding = nodes.values, Y
        all_rows = nodes.rows is not None and nodes.rows.shape[0] == first.shape[0]
        if all_rows:
            placed = Y
        else:
            placed = self._placed(points)
            report("extension", f"{X.shape[0]} points")
            if self.refine and euclidean:
                placed = array_namespace(placed).take(placed, first, axis=0)
                rows = array_namespace(points).take(points, first, axis=0)
                placed = placement.refined(placed, rows, nodes, D, Y, n_neighbors)
                self._anchors, self._anchor_embedding = rows, placed
                report("refinement", f"{rows.shape[0]} points")
        if self._attractor is not None and (all_rows or self.refine):
            # Rows that were drawn to one place have one mean of their coordinates.
            placed = self._placed(points)
        xp = array_namespace(placed)
        if placed.shape[0] != X.shape[0]:
            placed = xp.take(placed, inverse, axis=0)
        self.embedding_ = xp.astype(placed, self._output_dtype(X), copy=False)

    def _output_dtype(self, X: Any) -> Any:
        """The precision of the input."""
        return X.dtype if not hasattr(X, "tocsr") else X.data.dtype

    def _placed(self, points: Any) -> Array:
        """Coordinates of points by the heat extension, in float64."""
        if self.metric == "precomputed_affinity":
            return averaged(points, self._anchor_embedding)
        if self.metric == "precomputed":
            d, numbers = nearest_nodes(points, self._nodes, self.metric)
        else:
            anchors = Nodes(self._anchors, None)
            d, numbers = nearest_nodes(points, anchors, self.metric)
        return extended(d, numbers, self._anchor_embedding)

    # New points

    @public("embedding.HeatGeodesicEmbedding.transform")
    def transform(self, X: Any) -> Array:
        """Place points among the representatives, by inverse squared distances.

        Parameters
        ----------
        X : array, shape (m, d), or (m, n) with a precomputed metric
            Distances from the n training points, or affinities to them.

        Returns
        -------
        Y : array, shape (m, n_components)
            Of training points their rows of ``embedding_``; of affinities the mean of
            the points that they name.

        Notes
        -----
        O(m r d) for r representatives, or O(m log r) in few dimensions. No row depends
        on the others.
        """
        check_is_fitted(self)
        X = self._input(X, reset=False)
        with threads.at_most(self.n_jobs):
            placed = self._placed(self._features(X))
        dtype = self._output_dtype(X)
        return array_namespace(placed).astype(placed, dtype, copy=False)

    @public("embedding.HeatGeodesicEmbedding.dissimilarity")
    def dissimilarity(self, X: Any = None) -> Array:
        """Compute distances from points to the representatives.

        Parameters
        ----------
        X : array, shape (m, d), or (m, n) with ``metric="precomputed"``, optional
            Default: the representatives themselves, which gives ``dissimilarity_``.

        Returns
        -------
        D : array, shape (m, r)
            In the units of the data. The squared distance of a point between
            representatives is that of their barycentre.

        Raises
        ------
        ValueError
            With affinities, which place points but give no distances.
        """
        check_is_fitted(self)
        if X is None:
            return self.dissimilarity_
        if self.metric == "precomputed_affinity":
            raise ValueError(
                "dissimilarity needs points or distances, got affinities: use "
                "dissimilarity_, the distances of the training points."
            )
        X = self._input(X, reset=False)
        d, numbers = nearest_nodes(self._features(X), self._nodes, self.metric)
        return extended_dissimilarity(
            self.dissimilarity_, numbers, extension_weights(d)
        )

    def _features(self, X: Any) -> Any:
        """What the graph and the search of neighbours see, in float64."""
        if self.metric == "precomputed_affinity":
            return X
        points = projected(X, self._pca)
        if self._attractor is not None:
            points = mean_shift(points, self._attractor)
        return points
