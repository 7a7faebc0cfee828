"""`ChristoffelSampler`: independent points of the optimal measure."""

from __future__ import annotations

import math
from typing import Any

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.sampling.checks import whole_number
from geomsci.sampling.design import (
    Design,
    as_count,
    first_of,
    keys_beside,
    number_of_draws,
    require_basis,
    stream_keys,
)
from geomsci.sampling.measures import points_of, sampled_measure, taken


class ChristoffelSampler:
    r"""Draw independent points of the optimal measure of weighted least squares.

    .. math:: d\nu = \frac{k_m}{m} d\mu, \qquad w = \frac{m}{k_m}, \qquad
              k_m(x) = \sum_j \phi_j(x)^2,

    or of the mixture :math:`a \nu + (1 - a) \mu` with
    :math:`w = 1 / (1 - a + a k_m / m) \le 1 / (1 - a)`.

    Parameters
    ----------
    basis : PolynomialBasis or FeatureBasis
    mixture : float in (0, 1], optional
        The share a; None means 1.

    Raises
    ------
    TypeError, ValueError
        Another kind of basis, or a share outside (0, 1].

    Notes
    -----
    The law is exact. A multi-index is chosen uniformly and every coordinate drawn from
    its squared polynomial by rejection under a bound that holds everywhere, about two
    attempts each; on candidates the running sums of the leverages are inverted. With
    the optimal weight the trace of the weighted Gram matrix is m for every sample.

    A draw is a function of ``rng`` and of its number and of nothing else: not of
    ``size``, of the number of threads or of the backend.

    References
    ----------
    A. Cohen and G. Migliorati, SMAI J. Comput. Math. 3 (2017) 181.
    A. Nouy and B. Michel, arXiv 2312.14057.

    Examples
    --------
    >>> from geomsci.sampling import ChristoffelSampler, PolynomialBasis, total_degree
    >>> basis = PolynomialBasis("legendre", total_degree(2, 3))
    >>> design = ChristoffelSampler(basis).sample(40, rng=0)
    >>> design.points.shape, design.weights.shape
    ((40, 2), (40,))
    >>> k = basis.christoffel(design.points)
    >>> round(float((design.weights * k).mean()), 12)
    10.0
    """

    def __init__(self, basis: Any, mixture: float | None = None) -> None:
        self.basis = require_basis(basis)
        self.mixture = mixture
        self._share = _share(mixture)
        self._measure = sampled_measure(basis)

    def __repr__(self) -> str:
        return f"ChristoffelSampler({self.basis!r}, mixture={self.mixture!r})"

    @public("sampling.ChristoffelSampler.sample")
    def sample(
        self, n: int | None = None, *, size: int | None = None, rng: Any = None
    ) -> Design:
        """Draw designs of independent points.

        Parameters
        ----------
        n : int, >= 1
            Points of a design.
        size : int, >= 1, optional
            Designs to draw; None: one, without an axis of its own.
        rng : None, int or generator
            Whatever `numpy.random.default_rng` takes.

        Returns
        -------
        design : Design

        Raises
        ------
        TypeError, ValueError
            ``n`` missing or not an integer of at least 1.
        """
        if n is None:
            raise ValueError(
                "n must be the number of points of a design, got None: independent "
                "points have no natural number; required_sample_size gives one."
            )
        n = whole_number("n", n, at_least=1)
        R = number_of_draws(size)
        keys = stream_keys(rng, R)
        points, indices, weights = christoffel_draws(
            self._measure, keys, n_points=n, share=self._share
        )
        xp = array_namespace(weights)
        counts = xp.full((R,), n, dtype=xp.int64, device=device(weights))
        return Design(
            first_of(points, size),
            None if indices is None else first_of(indices, size),
            first_of(weights, size),
            as_count(counts, size),
        )


def christoffel_draws(
    measure: Any, keys: Any, *, n_points: int, share: float = 1.0
) -> tuple[Array, Array | None, Array]:
    """Independent points of ``share nu + (1 - share) mu``: the streams of ``keys``.

    Parameters
    ----------
    measure : Tables or Candidates
        From `geomsci.sampling.measures.sampled_measure`.
    keys : ndarray of int64, shape (R, 4)
        From `geomsci.sampling.design.stream_keys`.
    n_points : int, >= 1
    share : float in [0, 1]

    Returns
    -------
    points : array, shape (R, n_points, d)
    indices : array of int64, shape (R, n_points), or None
    weights : array, shape (R, n_points)
    """
    if measure.candidates is None:
        points, weights = run(
            "sampling.polynomial_points",
            keys_beside(keys, None),
            measure.tables,
            n_points=n_points,
            share=share,
        )
        return points, None, weights
    found = measure.on_candidates()
    indices = run(
        "sampling.finite_points",
        keys_beside(keys, found.rows),
        found,
        n_points=n_points,
        share=share,
    )
    m = found.rows.shape[1]
    k = taken(found.leverage, indices)
    return points_of(measure, indices), indices, 1.0 / (1.0 - share + share * k / m)


def _share(mixture: Any) -> float:
    """The share a of the optimal measure."""
    if mixture is None:
        return 1.0
    share = float(mixture)
    if not 0.0 < share <= 1.0 or math.isnan(share):
        raise ValueError(
            f"mixture must lie in (0, 1], got {mixture!r}: it is the share of the "
            "optimal measure, the rest comes from mu."
        )
    return share
