"""Entropic curvature of catalogues of points, without a grid."""

from __future__ import annotations

import math
from typing import Any

from geomsci.backends.dispatch import public, run
from geomsci.entropic.catalogue_checks import (
    catalogue_arrays,
    positive_length,
    scale_and_box,
)
from geomsci.reference.entropic.catalogue import LocalMoments
from geomsci.reference.entropic.finite_dimension import effective_dimension


@public("entropic.local_moments")
def local_moments(
    points: Any, positions: Any, R: float, *, weights: Any = None, box_size: Any = None
) -> LocalMoments:
    r"""Weight, mean and covariance of the Gaussian local measures of a catalogue.

    The local measure at x gives the point y_j the weight
    :math:`w_j e^{-|y_j - x|^2 / 2 R^2}`. A point counts if its squared distance exceeds
    that of the nearest neighbour by at most :math:`(8 R)^2` (with weights: if
    :math:`|y_j - x|^2 - 2 R^2 \log w_j` exceeds its smallest value by that), and sums
    are relative to the nearest neighbour, so that they are finite in every void. In a
    periodic box every image inside the cut counts. A point of the catalogue that lies
    at x counts too.

    Parameters
    ----------
    points : array, shape (m, d), d = 1, 2 or 3
        Where the moments are taken. Outside a periodic box they are wrapped into it.
    positions : array, shape (n, d), n >= 1
        The catalogue.
    R : float, > 0
        Standard deviation of the Gaussian along each axis, in the unit of the
        positions; at most half the box.
    weights : array, shape (n,), optional
        Positive; default 1.
    box_size : float or sequence of d floats, optional
        Sides of the periodic box; None is open space.

    Returns
    -------
    moments : LocalMoments
        ``log_weight`` (m,), the logarithm of the sum of the weights; ``mean`` (m, d),
        not wrapped into the box; ``covariance`` (m, d, d).

    Raises
    ------
    TypeError, ValueError
        Arrays of wrong shapes or libraries, NaN, an empty catalogue, weights that are
        not positive, a scale that is not positive or above half the box.

    See Also
    --------
    catalogue_curvature, catalogue_log_density

    Notes
    -----
    Float64 inside, the dtype of the input outside. The cut costs 3e-12 in
    :math:`R^2 K`. The kernel reads the positions from a list of cells: O(k) a point
    with k positions near it, O(n + m) memory; the reference takes all pairs, tile by
    tile.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic.catalogue import local_moments
    >>> found = local_moments(np.array([[0.0]]), np.array([[-1.0], [1.0]]), 1.0)
    >>> found.mean
    array([[0.]])
    >>> found.covariance
    array([[[1.]]])
    """
    _, found = catalogue_arrays(points=points, positions=positions, weights=weights)
    R, box = scale_and_box(R, box_size, found["points"].shape[1])
    return run(
        "entropic.local_moments",
        found["points"], found["positions"], R, found["weights"], box,
    )  # fmt: skip


@public("entropic.catalogue_log_density")
def catalogue_log_density(
    points: Any, positions: Any, R: float, *, weights: Any = None, box_size: Any = None
) -> Any:
    r"""Logarithm of the density of a catalogue smoothed with a Gaussian.

    :math:`\log \rho_R(x) = \log \sum_j w_j (2 \pi R^2)^{-d/2} e^{-|y_j - x|^2/2R^2}`,
    the logarithm of the weight in a unit of volume, finite in every void.

    Parameters
    ----------
    points, positions, R, weights, box_size
        As in `local_moments`.

    Returns
    -------
    log_density : array, shape (m,)

    Raises
    ------
    TypeError, ValueError
        As in `local_moments`.

    Notes
    -----
    Cost and cut are those of `local_moments`.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic.catalogue import catalogue_log_density
    >>> u = catalogue_log_density(np.array([[100.0]]), np.array([[0.0]]), 1.0)
    >>> print(u.round(6))
    [-5000.918939]
    """
    _, found = catalogue_arrays(points=points, positions=positions, weights=weights)
    R, box = scale_and_box(R, box_size, found["points"].shape[1])
    return run(
        "entropic.catalogue_log_density",
        found["points"], found["positions"], R, found["weights"], box,
    )  # fmt: skip


@public("entropic.catalogue_curvature")
def catalogue_curvature(
    points: Any,
    positions: Any,
    R: float,
    *,
    weights: Any = None,
    box_size: Any = None,
    dimension: float = math.inf,
    convention: str = "bakry-emery",
) -> Any:
    r"""Entropic curvature tensor of a catalogue at given points, without a grid.

    With the mean m and the covariance C of the local measure at x (`local_moments`),

    .. math:: K = -\nabla^2 \log \rho_R = (I - C / R^2) / R^2, \qquad
              K^{(N)} = K - g g^T / n, \quad g = \nabla \log \rho_R = (m - x) / R^2 .

    Parameters
    ----------
    points, positions, R, weights, box_size
        As in `local_moments`.
    dimension : float
        N of the condition CD(K, N): above d (``"bakry-emery"``) or above 0
        (``"rigid"``), or negative; infinity is the log-Hessian.
    convention : {"bakry-emery", "rigid"}
        n = N - d, the infimum over all geodesics, or n = N, over rigid ones.

    Returns
    -------
    K : array, shape (m, d, d)
        In the inverse square of the unit of the positions. No eigenvalue is above
        1 / R^2; it is reached where one point carries the whole local measure.

    Raises
    ------
    TypeError, ValueError
        As in `local_moments`; an unknown convention or an N out of range.

    Notes
    -----
    Exact for every set of points up to the cut of `local_moments`, whose cost this
    has. Poisson noise of the trace in three dimensions: ``0.290 / sqrt(n R^3) / R^2``
    for n points in a unit of volume.

    References
    ----------
    Efron, J. Amer. Stat. Assoc. 106 (2011): the identities of Tweedie. Erbar, Kuwada,
    Sturm, Invent. math. 201 (2015): the condition CD(K, N).

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic.catalogue import catalogue_curvature
    >>> catalogue_curvature(np.array([[9.0, 4.0]]), np.array([[0.0, 0.0]]), 2.0)
    array([[[0.25, 0.  ],
            [0.  , 0.25]]])
    """
    _, found = catalogue_arrays(points=points, positions=positions, weights=weights)
    R, box = scale_and_box(R, box_size, found["points"].shape[1])
    effective_dimension(dimension, found["points"].shape[1], convention)
    return run(
        "entropic.catalogue_curvature",
        found["points"], found["positions"], R, found["weights"], box,
        dimension=dimension, convention=convention,
    )  # fmt: skip


@public("entropic.catalogue_probe_curvature")
def catalogue_probe_curvature(
    points: Any,
    positions: Any,
    R: float,
    step: float,
    *,
    weights: Any = None,
    box_size: Any = None,
    dimension: float = math.inf,
) -> Any:
    r"""Finite-scale curvature of a catalogue between rigid point probes.

    Two probes at :math:`x \mp (h/2) e` move into each other by a translation; with the
    reference measure :math:`\rho_R dx` and u = log rho_R their curvature is

    .. math:: K(e) = -\frac{4}{h^2} \left[ u(x + \tfrac h2 e) - 2 u(x)
                     + u(x - \tfrac h2 e) \right] .

    Parameters
    ----------
    points, positions, R, weights, box_size
        As in `local_moments`.
    step : float, > 0
        Distance h of the two probes.
    dimension : float
        N of the entropic condition CD(K, N), above 0 or negative.

    Returns
    -------
    K : array, shape (m, d, d)
        K_ii along the axes, K_ij = [K((e_i+e_j)/sqrt 2) - K((e_i-e_j)/sqrt 2)]/2.

    Raises
    ------
    TypeError, ValueError
        As in `local_moments`; a step that is not positive.

    Notes
    -----
    ``1 + 2 d^2`` times the cost of `local_moments`. Differs from `catalogue_curvature`
    by ``h^2 / 48`` times its second derivative along e. A difference of logarithms
    loses ``eps |u| / h^2``: keep the step above R / 1000.

    References
    ----------
    Erbar, Kuwada, Sturm, Invent. math. 201 (2015).

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic.catalogue import catalogue_probe_curvature
    >>> catalogue_probe_curvature(np.array([[3.0]]), np.array([[0.0]]), 2.0, 1.0)
    array([[[0.25]]])
    """
    _, found = catalogue_arrays(points=points, positions=positions, weights=weights)
    R, box = scale_and_box(R, box_size, found["points"].shape[1])
    step = positive_length("step", step)
    effective_dimension(dimension, found["points"].shape[1], "rigid")
    return run(
        "entropic.catalogue_probe_curvature",
        found["points"], found["positions"], R, step, found["weights"], box,
        dimension=dimension,
    )  # fmt: skip
