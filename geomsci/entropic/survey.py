"""Entropic curvature of surveys relative to their selection."""

from __future__ import annotations

import math
from typing import Any

from geomsci.backends.dispatch import public, run
from geomsci.entropic.catalogue_checks import catalogue_arrays, scale_and_box
from geomsci.reference.entropic.finite_dimension import effective_dimension


def _survey_arrays(
    points: Any, positions: Any, randoms: Any, weights: Any, random_weights: Any
) -> dict[str, Any]:
    """The arrays of a survey; ValueError if there are no randoms."""
    if randoms is None:
        raise ValueError(
            "randoms must be an array of shape (n, d) that samples the selection of "
            "the survey, got None: without one use catalogue_curvature."
        )
    _, found = catalogue_arrays(
        points=points,
        positions=positions,
        randoms=randoms,
        weights=weights,
        random_weights=random_weights,
    )
    return found


@public("entropic.survey_curvature")
def survey_curvature(
    points: Any,
    positions: Any,
    randoms: Any,
    R: float,
    *,
    weights: Any = None,
    random_weights: Any = None,
    box_size: Any = None,
    dimension: float = math.inf,
    convention: str = "bakry-emery",
) -> Any:
    r"""Entropic curvature tensor of a survey relative to a random catalogue.

    .. math:: K = K_{data} - K_{rand} = (C_{rand} - C_{data}) / R^4, \qquad
              K^{(N)} = K - g g^T / n, \quad g = (m_{data} - m_{rand}) / R^2,

    with the moments of `local_moments`: the curvature of the density relative to the
    selection, which the randoms sample. Without them the edge of a survey reads as a
    structure.

    Parameters
    ----------
    points : array, shape (m, d), d = 1, 2 or 3
        Inside the survey.
    positions : array, shape (n, d), n >= 1
        The data.
    randoms : array, shape (n_rand, d)
        Drawn from the selection without structure; at least ten times the data.
    R : float, > 0
        Standard deviation of the Gaussian along each axis, in the unit of the
        positions.
    weights, random_weights : arrays, shapes (n,) and (n_rand,), optional
        Positive; for instance 1 / selection, in both catalogues.
    box_size : float or sequence of d floats, optional
        Sides of the periodic box; None is open space.
    dimension, convention
        As in `catalogue_curvature`.

    Returns
    -------
    K : array, shape (m, d, d)
        In the inverse square of the unit of the positions. The bound 1 / R^2 does not
        hold for it.

    Raises
    ------
    TypeError, ValueError
        As in `catalogue_curvature`; no randoms.

    Notes
    -----
    The cost of `local_moments` for the data and for the randoms. Their noise adds to
    that of the data. Far from all randoms the result is finite and means nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic.survey import survey_curvature
    >>> same = np.array([[0.0], [1.0], [3.0]])
    >>> survey_curvature(np.array([[2.0]]), same, same, 1.0)
    array([[[0.]]])
    """
    found = _survey_arrays(points, positions, randoms, weights, random_weights)
    R, box = scale_and_box(R, box_size, found["points"].shape[1])
    effective_dimension(dimension, found["points"].shape[1], convention)
    return run(
        "entropic.survey_curvature",
        found["points"], found["positions"], found["randoms"], R,
        found["weights"], found["random_weights"], box,
        dimension=dimension, convention=convention,
    )  # fmt: skip


@public("entropic.survey_log_density")
def survey_log_density(
    points: Any,
    positions: Any,
    randoms: Any,
    R: float,
    *,
    weights: Any = None,
    random_weights: Any = None,
    box_size: Any = None,
) -> Any:
    r"""Logarithm of the smoothed density of a survey over that of its randoms.

    :math:`\log [\rho_R / \sum w] - \log [\rho_R^{rand} / \sum w^{rand}]`: 0 where the
    survey has the density that its selection lets expect.

    Parameters
    ----------
    points, positions, randoms, R, weights, random_weights, box_size
        As in `survey_curvature`.

    Returns
    -------
    log_density : array, shape (m,)

    Raises
    ------
    TypeError, ValueError
        As in `survey_curvature`.

    Notes
    -----
    The cost is that of `survey_curvature`.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic.survey import survey_log_density
    >>> same = np.array([[0.0], [1.0], [3.0]])
    >>> survey_log_density(np.array([[2.0]]), same, same, 1.0)
    array([0.])
    """
    found = _survey_arrays(points, positions, randoms, weights, random_weights)
    R, box = scale_and_box(R, box_size, found["points"].shape[1])
    return run(
        "entropic.survey_log_density",
        found["points"], found["positions"], found["randoms"], R,
        found["weights"], found["random_weights"], box,
    )  # fmt: skip
