"""`EntropicCurvature`: voids, sheets, filaments and nodes of a density field."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted
from tqdm.auto import tqdm

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, array_namespace, common_arrays, device
from geomsci.backends.dispatch import CHOICES
from geomsci.entropic import catalogue_stages as points_stage
from geomsci.entropic import curvature_stages as curvature_stage
from geomsci.entropic import estimator_input as door
from geomsci.entropic import grid_stages as grid_stage
from geomsci.entropic.density_field import assign_mass
from geomsci.entropic.field_checks import rounding_of
from geomsci.reference.entropic.finite_dimension import (
    CONVENTIONS,
    effective_dimension,
)
from geomsci.reference.entropic.random_fields import shot_noise
from geomsci.reference.entropic.smoothing import WINDOW_ORDERS


class EntropicCurvature(  # type: ignore[call-arg]
    TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    r"""Entropic curvature of a density on a grid or of a catalogue, at several scales.

    The density is smoothed with a Gaussian of standard deviation R, and its curvature

    .. math:: K_{ij} = -\partial_i \partial_j \log \rho_R
                       - \partial_i \log \rho_R \, \partial_j \log \rho_R / n

    is the bound of the condition CD(K, N) on transport in the measure
    :math:`\rho_R dx`: a finite-scale realisation of the theory of arXiv:2604.00593.
    The number of its eigenvalues above a threshold counts the axes along which matter
    has collapsed: 0 void, 1 sheet, 2 filament, 3 node.

    Parameters
    ----------
    smoothing : float or sequence of S floats, positive
        Scales R, in the unit of ``box_size``.
    dimension : float
        N. Infinity is the log-Hessian; with ``"bakry-emery"`` N = d + 1 is the plain
        Hessian of the density over the density.
    convention : {"bakry-emery", "rigid"}
        n = N - d, over all geodesics, or n = N, over translations alone.
    probe_width : float, >= 0
        Standard deviation of the probes, which smooths the logarithm. Grids only.
    probe_step : float, >= 0
        Distance of the two probes; 0 is the limit. Grids only.
    box_size : float, sequence of d floats or None
        Sides of the periodic box. None: one unit per cell for grids, open space for
        positions.
    window : {"pcs", "tsc", "cic", "ngp"}
        Assignment of positions to an ``n_grid``.
    compensate : bool
        Whether the window is divided out of such a grid.
    interlaced : bool
        Whether such a grid is assigned twice, half a cell apart, which takes images of
        odd order away: at R = 2 cells the error of the grid falls by a factor of 30.
    threshold : float or ("sigma", float)
        Of the eigenvalues: in units of curvature, or of the standard deviation of the
        trace at each scale.
    n_grid : int, sequence of d int, or None
        Cells an axis to put positions on; None takes the positions without a grid.
    backend : {None, "auto", "reference", "numpy", "numba", "cupy"}
        None: the choice of `geomsci.use_backend` in force.

    Attributes
    ----------
    curvature_ : array, shape (S, ..., d (d + 1) / 2)
        Packed xx, xy, xz, yy, yz, zz (xx, xy, yy); ``...`` is the shape of the grid
        or (n_points,). Computed on access.
    eigenvalues_ : array, shape (S, ..., d)
        Ascending. Above 1 GiB in all computed on access.
    signature_ : int8 array, shape (S, ...)
        Number of eigenvalues above the threshold.
    volume_fractions_, mass_fractions_ : array, shape (S, d + 1)
        By the number of eigenvalues above the threshold. Positions sample the mass, and
        each stands for the volume ``w / rho_R``.
    entropy_ : array, shape (S,)
        ``<rho log rho>`` of the smoothed density of mean one; NaN in open space.
    fisher_information_ : array, shape (S,)
        ``<|grad rho|^2 / rho>``, in the inverse square of the unit.
    sigma_trace_ : array, shape (S,)
        Standard deviation of tr K over the grid or the positions.
    shot_noise_ : array, shape (S,)
        Standard deviation of tr K that Poisson noise of the positions makes at small
        contrast; NaN for a grid handed in and in open space.
    n_features_in_ : int
        Axes d of space.

    See Also
    --------
    log_density_hessian, catalogue_curvature, doroshkevich_fractions

    Notes
    -----
    Grids: one pass over slabs of planes for each scale, O(n log n) time; the working
    set is three fields beside what is kept, and a fourth for several scales while their
    eigenvalues are kept and one forward transform serves them all.
    Catalogues: O(k) a position for k within reach. No eigenvalue is above 1 / R^2
    unless a compensated or interlaced grid has too few particles per cell or randoms
    are given.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic import EntropicCurvature
    >>> x = np.arange(64) * (2 * np.pi / 64)
    >>> rho = np.exp(np.cos(x))[:, None] * np.ones(64)
    >>> web = EntropicCurvature(0.5, box_size=2 * np.pi, threshold=1e-9).fit(rho)
    >>> web.volume_fractions_.round(3)
    array([[0.453, 0.547, 0.   ]])
    """

    _parameter_constraints = {
        "smoothing": ["array-like", Interval(Real, 0, None, closed="neither")],
        "dimension": [Real],
        "convention": [StrOptions(set(CONVENTIONS))],
        "probe_width": [Interval(Real, 0, None, closed="left")],
        "probe_step": [Interval(Real, 0, None, closed="left")],
        "box_size": [None, "array-like", Interval(Real, 0, None, closed="neither")],
        "window": [StrOptions(set(WINDOW_ORDERS))],
        "compensate": ["boolean"],
        "interlaced": ["boolean"],
        "threshold": [Real, tuple, list],
        "n_grid": [None, "array-like", Interval(Integral, 4, None, closed="left")],
        "backend": [None, StrOptions({*CHOICES, "numpy"})],
    }

    signature_: Array
    # The ending counts: what has it goes to the device and comes home with a call.
    _grid_: door.Grid | None
    _catalogue_: points_stage.Catalogue | None
    _window_: str | None
    _probe_: curvature_stage.Probe
    _radii_: list[float]
    _n_: float
    _threshold_: float | tuple[str, float]
    _eigenvalues_: Array | None

    def __init__(
        self,
        smoothing: Any = (5.0, 10.0),
        *,
        dimension: float = math.inf,
        convention: str = "bakry-emery",
        probe_width: float = 0.0,
        probe_step: float = 0.0,
        box_size: Any = None,
        window: str = "pcs",
        compensate: bool = True,
        interlaced: bool = False,
        threshold: Any = 0.0,
        n_grid: Any = None,
        backend: str | None = None,
    ) -> None:
        self.smoothing = smoothing
        self.dimension = dimension
        self.convention = convention
        self.probe_width = probe_width
        self.probe_step = probe_step
        self.box_size = box_size
        self.window = window
        self.compensate = compensate
        self.interlaced = interlaced
        self.threshold = threshold
        self.n_grid = n_grid
        self.backend = backend

    @public("entropic.EntropicCurvature.fit")
    def fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, randoms: Any = None
    ) -> EntropicCurvature:
        """Compute curvature, classes and scalars at every scale.

        Parameters
        ----------
        X : array, shape (n, d) with d = 1, 2 or 3, or a grid of 1 to 3 axes
            Positions, or a density with at least four cells an axis.
        y : ignored
        sample_weight : array, shape (n,), positive, optional
            Weights of positions.
        randoms : array, shape (m, d), optional
            Positions that sample the selection of a survey; the curvature is then that
            of the density relative to it. Not with a grid.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Densities that are not positive, NaN, scales below 1.5 cells or above half
            the box, positions outside the box, weights or randoms with a grid.
        TypeError
            Complex or sparse input.
        MemoryError
            If the grid does not fit: the size needed, and what works instead.

        Warns
        -----
        UserWarning
            For scales of 1.5 to 2 cells, densities with negative cells, and voids as
            empty as the rounding of the transforms.
        """
        self._validate_params()
        radii = door.scales(self.smoothing)
        threshold = door.threshold_of(self.threshold)
        positions = door.is_positions(X)
        if not positions or self.n_grid is not None:
            self._fit_grid(X, sample_weight, randoms, radii, threshold, positions)
        else:
            self._fit_points(X, sample_weight, randoms, radii, threshold)
        return self

    def _fit_grid(
        self,
        X: Any,
        weights: Any,
        randoms: Any,
        radii: list[float],
        threshold: Any,
        positions: bool,
    ) -> None:
        if randoms is not None:
            raise ValueError(
                "randoms need positions without a grid, got a grid: leave n_grid at "
                "None, or divide the densities yourself."
            )
        window, number = None, None
        if positions:
            X, number = self._assigned(X, weights)
            window = self.window if self.compensate else None
        elif self.n_grid is not None:
            raise ValueError(
                "n_grid needs positions of shape (n, 1), (n, 2) or (n, 3), got shape "
                f"{tuple(getattr(X, 'shape', ()))}, which is a grid already: leave it "
                "at None, or pass the columns of the positions alone."
            )
        elif weights is not None:
            raise ValueError(
                "sample_weight needs positions, got a grid: weigh the density itself."
            )
        # The assigned mass is the caller's in sum only; what has to be positive is the
        # smoothed density, which every scale checks.
        grid = door.grid(X, self.box_size, assigned=positions)
        probe = door.probe(self.probe_width, self.probe_step, grid)
        door.grid_scales(radii, grid)
        d = len(grid.lengths)
        n = effective_dimension(self.dimension, d, self.convention)
        keep = door.keeps_eigenvalues(grid, len(radii), probed=any(probe))
        self._catalogue_, self._grid_, self._window_ = None, grid, window
        self._radii_, self._n_, self._probe_ = radii, n, probe
        self._threshold_ = threshold
        webs, self.signature_, self._eigenvalues_ = self._grid_webs(radii, keep)
        density = math.nan if number is None else number / math.prod(grid.lengths)
        self._learn(webs, density, d, grid.field)

    def _grid_webs(
        self, radii: list[float], keep: bool
    ) -> tuple[list[grid_stage.Web], Array, Array | None]:
        """Scalars of every scale, classes, and eigenvalues if they are kept."""
        assert self._grid_ is not None
        field, lengths = self._grid_
        signature, values = grid_stage.maps(field, len(radii), len(lengths), keep=keep)
        transforms = curvature_stage.Transforms(field, lengths, len(radii), shared=keep)
        rounding = rounding_of(array_namespace(field), field)
        webs = []
        for s, R in enumerate(tqdm(radii, desc="scales", disable=None, leave=False)):
            F, overwrite = transforms.take()
            web = grid_stage.web(
                F,
                R,
                grid_stage.Maps(signature, values, s),
                window=self._window_,
                n=self._n_,
                probe=self._probe_,
                threshold=self._threshold_,
                rounding=rounding,
                overwrite=overwrite,
            )
            webs.append(web)
            del F
        return webs, signature, values

    def _assigned(self, X: Any, weights: Any) -> tuple[Array, float]:
        """Positions on the grid, and the number of points that carry their noise."""
        if self.box_size is None:
            raise ValueError(
                "box_size must be given with n_grid, got None: a grid of positions is "
                "periodic; leave n_grid at None for open space."
            )
        _, X = common_arrays(X=X)
        mass = assign_mass(
            X,
            self.n_grid,
            self.box_size,
            self.window,
            weights,
            interlaced=self.interlaced,
        )
        box = door.box_lengths(self.box_size, (1,) * X.shape[1])
        door.warn_of_open_data(X, box)
        xp = array_namespace(mass)
        if weights is None:
            return mass / xp.mean(mass), float(X.shape[0])
        _, weights = common_arrays(weights=weights)
        return mass / xp.mean(mass), points_stage.effective_number(weights)

    def _fit_points(
        self, X: Any, weights: Any, randoms: Any, radii: list[float], threshold: Any
    ) -> None:
        if self.probe_width or self.probe_step:
            raise ValueError(
                "probe_width and probe_step need a grid, got positions without one: "
                "give n_grid, or use catalogue_probe_curvature."
            )
        places, weights, randoms, box = door.catalogue(
            X, weights, randoms, self.box_size, radii
        )
        d = places.shape[1]
        n = effective_dimension(self.dimension, d, self.convention)
        catalogue = points_stage.Catalogue(places, weights, randoms, box)
        self._grid_, self._catalogue_, self._window_ = None, catalogue, None
        self._radii_, self._n_, self._threshold_ = radii, n, threshold
        number = float(places.shape[0])
        total = number
        if weights is not None:
            number = points_stage.effective_number(weights)
            total = float(array_namespace(weights).sum(weights))
        volume = math.nan if box is None else math.prod(box)
        mean = None if box is None else total / volume
        if randoms is not None:
            mean = 1.0
        webs, classes, values = [], [], []
        for R in tqdm(radii, desc="scales", disable=None, leave=False):
            web = points_stage.point_web(places, catalogue, R, n=n)
            sigma = points_stage.spread(points_stage.trace_of(web.curvature, d))
            counts = self._classes(web.eigenvalues, sigma)
            scalars = points_stage.point_scalars(web, counts, weights, mean)
            webs.append(grid_stage.Web(*scalars, sigma))
            classes.append(counts)
            values.append(_as(web.eigenvalues, places))
        xp = array_namespace(places)
        self.signature_, self._eigenvalues_ = xp.stack(classes), xp.stack(values)
        self._learn(webs, number / volume, d, places)

    def _learn(
        self, webs: list[grid_stage.Web], density: float, d: int, like: Array
    ) -> None:
        """Store what the scales gave, as float64 arrays beside ``like``."""
        xp, place = array_namespace(like), device(like)

        def numbers(values: Any) -> Array:
            return xp.asarray(values, dtype=xp.float64, device=place)

        self.n_features_in_ = d
        self.volume_fractions_ = numbers([web.volume_fractions for web in webs])
        self.mass_fractions_ = numbers([web.mass_fractions for web in webs])
        self.entropy_ = numbers([web.entropy for web in webs])
        self.fisher_information_ = numbers([web.fisher_information for web in webs])
        self.sigma_trace_ = numbers([web.sigma_trace for web in webs])
        radii = numbers(self._radii_)
        if math.isnan(density):
            self.shot_noise_ = xp.full_like(radii, math.nan)
        else:
            self.shot_noise_ = shot_noise(numbers(density), radii, d).trace_std

    def _classes(self, values: Array, sigma: float) -> Array:
        """Number of eigenvalues above the threshold, int8."""
        xp = array_namespace(values)
        above = values > grid_stage.level(self._threshold_, sigma)
        return xp.sum(xp.astype(above, xp.int8), axis=-1, dtype=xp.int8)

    # What is computed on access

    @property
    @public("entropic.EntropicCurvature.transform")
    def curvature_(self) -> Array:
        """Packed curvature of the grid or the positions at all scales."""
        check_is_fitted(self, "signature_")
        return self._curvature(None)

    @property
    @public("entropic.EntropicCurvature.transform")
    def eigenvalues_(self) -> Array:
        """Eigenvalues at all scales, ascending."""
        check_is_fitted(self, "signature_")
        if self._eigenvalues_ is not None:
            return self._eigenvalues_
        # The same slabs again, so that they are those the classes came from.
        door.require_maps(self._grid_, len(self._radii_), self.n_features_in_)
        return self._grid_webs(self._radii_, True)[2]

    def _curvature(self, points: Array | None) -> Array:
        """Packed curvature at all scales, at points if they are given."""
        if self._catalogue_ is not None:
            positions = self._catalogue_.positions
            where = positions if points is None else points
            found = [
                points_stage.point_web(where, self._catalogue_, R, n=self._n_).curvature
                for R in self._radii_
            ]
            return _as(array_namespace(positions).stack(found), positions)
        assert self._grid_ is not None
        field, lengths = self._grid_
        scales, d = len(self._radii_), self.n_features_in_
        packed = d * (d + 1) // 2
        options = curvature_stage.Options(self._window_, self._n_, self._probe_)
        door.require_curvature(
            self._grid_, 0 if points is not None else scales, options
        )
        shape = field.shape if points is None else points.shape[:1]
        found = array_namespace(field).empty(
            (scales, *shape, packed), dtype=field.dtype, device=device(field)
        )
        # A transform a scale, in memory that is used again: none is kept beside it.
        transforms = curvature_stage.Transforms(field, lengths, scales, shared=False)
        for s, R in enumerate(self._radii_):
            F, overwrite = transforms.take()
            if points is None:
                curvature_stage.fill_map(F, R, options, found, s, overwrite=overwrite)
            else:
                found[s, ...] = curvature_stage.at_points(
                    F, R, options, points, overwrite=overwrite
                )
            del F
        return found

    @public("entropic.EntropicCurvature.transform")
    def transform(self, points: Any = None) -> Array:
        """Eigenvalues of the curvature, at the grid or positions of fit or at points.

        Parameters
        ----------
        points : array, shape (m, d), optional
            In the box of a grid, where the curvature is interpolated linearly between
            cell centres; anywhere for a catalogue, where it is exact (a periodic one
            wraps them).

        Returns
        -------
        eigenvalues : array, shape (S, ..., d) or (S, m, d)
            Ascending.
        """
        check_is_fitted(self, "signature_")
        if points is None:
            return self.eigenvalues_
        # Beside a small fitted array: the library, the device and float64.
        _, points, _ = common_arrays(points=points, fitted=self.sigma_trace_)
        lengths = None if self._grid_ is None else self._grid_.lengths
        door.points_of(points, self.n_features_in_, lengths)
        return run("entropic.symmetric_eigenvalues", self._curvature(points))

    def fit_transform(
        self, X: Any, y: Any = None, sample_weight: Any = None, randoms: Any = None
    ) -> Array:
        """`fit`, then the eigenvalues where it was fitted."""
        return self.fit(X, y, sample_weight, randoms).transform()

    @public("entropic.EntropicCurvature.predict")
    def predict(self, points: Any = None) -> Array:
        """Classes 0 to d: void, sheet, filament, node in three dimensions.

        Parameters
        ----------
        points : array, shape (m, d), optional
            As in `transform`.

        Returns
        -------
        signature : int8 array, shape (S, ...) or (S, m)
        """
        check_is_fitted(self, "signature_")
        if points is None:
            return self.signature_
        values = self.transform(points)
        sigmas = [float(self.sigma_trace_[s]) for s in range(len(self._radii_))]
        classes = [self._classes(values[s, ...], x) for s, x in enumerate(sigmas)]
        return array_namespace(values).stack(classes)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.positive_only = True
        tags.target_tags.required = False
        tags.array_api_support = True
        return tags


def _as(values: Array, like: Array) -> Array:
    """Values in the dtype of ``like``."""
    return array_namespace(like).astype(values, like.dtype, copy=False)
