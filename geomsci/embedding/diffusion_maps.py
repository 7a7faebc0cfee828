"""`DiffusionMap`: points placed by the eigenvectors of a random walk."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import (
    BaseEstimator,
    ClassNamePrefixFeaturesOutMixin,
    TransformerMixin,
)
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from geomsci.backends import public, run
from geomsci.backends.arrays import (
    Array,
    common_arrays,
    device,
    eps,
    library,
    require_finite,
)
from geomsci.backends.dispatch import CHOICES
from geomsci.backends.neighbors import component_labels
from geomsci.backends.random import generator
from geomsci.embedding.graphs import (
    alpha_decay_graph,
    join_components,
    sparse_alpha_decay_graph,
)
from geomsci.reference.embedding import diffusion_maps as reference
from geomsci.reference.embedding.diffusion_maps import Link, Spectrum

SPARSE_ABOVE = 1000
"""Points above which NumPy takes a sparse graph and a Krylov eigensolver."""


class DiffusionMap(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    r"""Embed points by the leading eigenvectors of the random walk between them.

    With the kernel K of `alpha_decay_graph`, a one on its diagonal, and q its row sums,

    .. math:: P_{ij} \propto \frac{K_{ij}}{(q_i q_j)^a}, \quad
              P \psi_k = \lambda_k \psi_k, \quad
              y_i = (\lambda_1^t \psi_1(i), \lambda_2^t \psi_2(i), \dots),

    rows of P summing to one. Distances of all n - 1 coordinates are diffusion
    distances, :math:`\sum_m (P^t_{im} - P^t_{jm})^2 / \pi_m` under the root, with the
    stationary law :math:`\pi`.

    Parameters
    ----------
    n_components : int, at most n - 1
        Coordinates, without the constant one.
    n_neighbors : int, at most n
        Of the bandwidths of the kernel; n itself is understood to count the point too.
    decay : float, positive
        40 is practically the k nearest neighbours, 2 a Gaussian kernel.
    anisotropy : float, 0 to 1
        a: 1 takes the density of the points out (Laplace-Beltrami), 0 leaves it in.
    t : int, >= 0
        Steps of the walk; 0 are the eigenvectors themselves.
    metric : {"euclidean", "precomputed_affinity"}
        ``"precomputed_affinity"``: X is K itself, shape (n, n), symmetric and not
        negative; in ``transform`` the rows of new points, shape (m, n).
    random_state : int, Generator, RandomState or None
        Start of the sparse eigensolver; None is a fixed start. Eigenvectors depend on
        it by rounding only.
    backend : {None, "auto", "reference", "numpy", "numba", "cupy"}
        None: the choice of `geomsci.use_backend` in force.

    Attributes
    ----------
    embedding_ : array, shape (n, n_components)
    eigenvalues_ : array, shape (n_components,)
        Descending, without the first one, which is 1.
    eigenvectors_ : array, shape (n, n_components)
        psi, with :math:`\sum_i \pi_i \psi_k(i)^2 = 1`, the largest entry of each
        positive.
    density_ : array, shape (n,)
        q, the sums of the rows of K.
    n_features_in_ : int

    Notes
    -----
    ``transform`` is the Nystroem extension, ``lambda^(t-1) sum_j p(x, x_j) psi(x_j)``;
    the kernel of a new point is that of the training points there, so the training rows
    give ``embedding_`` up to rounding (of ``1 / lambda`` times that for t = 0).

    NumPy above 1000 points: a sparse graph and Lanczos steps, in proportion to the
    edges; otherwise ``eigh``, O(n^3). Components are joined by their nearest points
    with a warning; of a precomputed kernel they stay apart, with a warning.

    References
    ----------
    Coifman and Lafon, Appl. Comput. Harmon. Anal. 21 (2006) 5, and (extension) 31.

    Examples
    --------
    The first coordinate orders points on a curve.

    >>> import numpy as np
    >>> from geomsci.embedding.diffusion_maps import DiffusionMap
    >>> angle = np.linspace(0, 5, 60)
    >>> X = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    >>> y = DiffusionMap(1, n_neighbors=4).fit_transform(X)[:, 0]
    >>> bool(np.all(np.diff(y) > 0) or np.all(np.diff(y) < 0))
    True
    """

    links_: tuple[Link, ...]
    _parameter_constraints = {
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "decay": [Interval(Real, 0, None, closed="neither")],
        "anisotropy": [Interval(Real, 0, 1, closed="both")],
        "t": [Interval(Integral, 0, None, closed="left")],
        "metric": [StrOptions({"euclidean", "precomputed_affinity"})],
        "random_state": ["random_state", np.random.Generator],
        "backend": [None, StrOptions({*CHOICES, "numpy"})],
    }

    def __init__(
        self,
        n_components: int = 2,
        *,
        n_neighbors: int = 10,
        decay: float = 40.0,
        anisotropy: float = 1.0,
        t: int = 1,
        metric: str = "euclidean",
        random_state: Any = None,
        backend: str | None = None,
    ) -> None:
        self.n_components = n_components
        self.n_neighbors = n_neighbors
        self.decay = decay
        self.anisotropy = anisotropy
        self.t = t
        self.metric = metric
        self.random_state = random_state
        self.backend = backend

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = self.metric != "euclidean"
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.array_api_support = True
        return tags

    @public("embedding.DiffusionMap.fit")
    def fit(self, X: Any, y: Any = None) -> DiffusionMap:
        """Compute the map of the training points.

        Parameters
        ----------
        X : array, shape (n, d) or, a kernel, (n, n)
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            NaN, wrong shapes, n_neighbors above n, n_components of n or more.
        TypeError
            A sparse X.

        Warns
        -----
        UserWarning
            If the graph has more than one component; if n_neighbors is n.
        """
        self._fit(X)
        return self

    @public("embedding.DiffusionMap.fit_transform")
    def fit_transform(self, X: Any, y: Any = None) -> Array:
        """Fit, and return ``embedding_``.

        Parameters
        ----------
        X : array, shape (n, d) or, a kernel, (n, n)
        y : ignored

        Returns
        -------
        Y : array, shape (n, n_components)
        """
        self._fit(X)
        return self.embedding_

    @public("embedding.DiffusionMap.transform")
    def transform(self, X: Any) -> Array:
        """Compute the coordinates of new points by the Nystroem extension.

        Parameters
        ----------
        X : array, shape (m, d) or, rows of a kernel, (m, n)
            Of the library and device of ``fit``.

        Returns
        -------
        Y : array, shape (m, n_components)
        """
        check_is_fitted(self)
        xp, X = self._checked(X, reset=False)
        fitted = {f"{library(a)} on {device(a)}" for a in (X, self.embedding_)}
        if len(fitted) > 1:
            raise TypeError(
                f"X must be an array of {library(self.embedding_)} on "
                f"{device(self.embedding_)} as in fit of DiffusionMap, got "
                f"{library(X)} on {device(X)}: convert it, or fit again."
            )
        spectrum = Spectrum(self.eigenvalues_, self.eigenvectors_, self.density_)
        X = xp.astype(X, self.embedding_.dtype, copy=False)
        anisotropy, t = float(self.anisotropy), int(self.t)
        if self.metric != "euclidean":
            if bool(xp.any(X < 0.0)) or not bool(xp.all(xp.sum(X, axis=1) > 0.0)):
                raise ValueError(
                    "X must hold affinities >= 0, one above 0 in every row, got a "
                    "negative one or a row of zeros."
                )
            return reference.extended_coordinates(
                X, spectrum, anisotropy=anisotropy, t=t
            )
        return run(
            "embedding.diffusion_extension",
            X,
            self.X_fit_,
            self.bandwidths_,
            spectrum,
            self.links_,
            n_neighbors=self._n_neighbors,
            decay=float(self.decay),
            anisotropy=anisotropy,
            t=t,
        )

    @property
    def _n_features_out(self) -> int:
        return self.embedding_.shape[1]

    def _checked(self, X: Any, *, reset: bool) -> tuple[Any, Array]:
        """Namespace and finite real matrix; remembers or compares its columns."""
        if library(X) in (None, "numpy") or hasattr(X, "tocsr"):
            X = validate_data(
                self,
                X,
                reset=reset,
                dtype=(np.float64, np.float32),
                ensure_min_samples=2 if reset else 1,
            )
        xp, X = common_arrays(X=X)
        if X.ndim != 2 or X.shape[0] < (2 if reset else 1) or X.shape[1] < 1:
            raise ValueError(
                f"X must have shape (n, d) with at least {2 if reset else 1} rows, got "
                f"{tuple(X.shape)}."
            )
        if not xp.isdtype(X.dtype, "real floating"):
            raise TypeError(f"X must be real, got {X.dtype}: take its parts.")
        require_finite(xp, X=X)
        if reset:
            self.n_features_in_ = X.shape[1]
        elif X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X must have shape (n, {self.n_features_in_}) as in fit of "
                f"DiffusionMap, got {tuple(X.shape)}."
            )
        return xp, X

    def _fit(self, X: Any) -> None:
        self._validate_params()
        xp, X = self._checked(X, reset=True)
        n = X.shape[0]
        if self.n_components > n - 1:
            raise ValueError(
                f"n_components must be at most n - 1 = {n - 1}, got "
                f"{self.n_components}: with n_samples = {n} there are no more."
            )
        if self.metric == "euclidean":
            self._n_neighbors = self._neighbours(X)
            K = self._kernel(X)
        else:
            self.X_fit_, self.bandwidths_ = None, None
            self.links_ = ()
            K = _affinity(xp, X)
        seed = 0 if self.random_state is None else self.random_state
        spectrum = run(
            "embedding.diffusion_spectrum",
            K,
            n_components=int(self.n_components),
            anisotropy=float(self.anisotropy),
            start=generator(seed).standard_normal(n) if hasattr(K, "tocsr") else None,
        )
        self.eigenvalues_, self.eigenvectors_, self.density_ = spectrum
        self.embedding_ = reference.diffusion_coordinates(spectrum, int(self.t))

    def _neighbours(self, X: Array) -> int:
        """Neighbours of each point, fewer than the points there are."""
        n, wanted = X.shape[0], int(self.n_neighbors)
        if wanted > n:
            raise ValueError(
                f"n_neighbors must be below the number of points, got {wanted} with "
                f"n_samples = {n} and n_features = {X.shape[1]}: lower it or give more "
                "points."
            )
        if wanted == n:
            warnings.warn(
                f"n_neighbors={wanted} counts the point itself among {n} points: "
                f"{wanted - 1} others are taken.",
                UserWarning,
                stacklevel=5,
            )
            return wanted - 1
        return wanted

    def _kernel(self, X: Array) -> Any:
        """Kernel of the training points, its components joined."""
        few = 4 * (self.n_components + 1) < X.shape[0]
        sparse = library(X) == "numpy" and X.shape[0] > SPARSE_ABOVE and few
        graph = sparse_alpha_decay_graph if sparse else alpha_decay_graph
        W, self.bandwidths_ = graph(X, self._n_neighbors, float(self.decay))
        joined = join_components(W, X)
        self.X_fit_ = X
        self.links_ = tuple(
            Link(b.row, b.column, float(joined.W[b.row, b.column]))
            for b in joined.bridges
        )
        return reference.with_links(reference.with_self_loops(W), X, self.links_)


def _affinity(xp: Any, K: Array) -> Array:
    """Checked kernel of the training points."""
    if K.shape[0] != K.shape[1]:
        raise ValueError(
            "X must have shape (n, n) with metric='precomputed_affinity', got "
            f"{tuple(K.shape)}: pass the kernel, or metric='euclidean' with points."
        )
    lowest = float(xp.min(K))
    if lowest < 0:
        raise ValueError(
            f"X must not be negative with metric='precomputed_affinity', got "
            f"{lowest:.3g}: pass affinities, not correlations."
        )
    gap = float(xp.max(xp.abs(K - xp.matrix_transpose(K))))
    if gap > 64 * eps(xp, K.dtype) * float(xp.max(K)):
        raise ValueError(
            f"X must be symmetric with metric='precomputed_affinity', got entries that "
            f"differ by {gap:.3g}: pass (X + X.T) / 2."
        )
    if not bool(xp.all(xp.sum(K, axis=1) > 0.0)):
        raise ValueError(
            "X must have an affinity above 0 in every row, got a row of zeros: remove "
            "that point, or put ones on the diagonal."
        )
    parts = int(xp.unique_values(component_labels(K)).shape[0])
    if parts > 1:
        warnings.warn(
            f"The kernel has {parts} connected components: the first {parts - 1} "
            "coordinates only tell them apart; embed them one by one.",
            UserWarning,
            stacklevel=5,
        )
    return K
