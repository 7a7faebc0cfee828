"""`ProjectionDPP`: m points that repel each other, the smallest random design."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomsci.backends import public, run
from geomsci.backends.arrays import Array
from geomsci.backends.dispatch import placed
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
from geomsci.sampling.spectra import (
    prefers_spectrum,
    spectral_points,
    why_not_spectral,
)

METHODS = ("auto", "chain", "tridiagonal")


class ProjectionDPP:
    r"""Draw the projection determinantal point process of a function space.

    .. math:: p(x_1, \dots, x_m) = \frac{1}{m!} \det(\phi_j(x_i))^2
              \quad\text{in } \mu^m .

    Every point has the optimal measure :math:`k_m \mu / m`, and the points repel each
    other: :math:`\rho_2(x, y) = k_m(x) k_m(y) - K(x, y)^2`. The law depends on the
    space only, not on the basis.

    Parameters
    ----------
    basis : PolynomialBasis or FeatureBasis
    method : {"auto", "chain", "tridiagonal"}
        ``"chain"``: point after point by rejection, for every basis.
        ``"tridiagonal"``: the spectrum of a random tridiagonal matrix (Fourier: the
        angles of a random unitary matrix); only for all degrees 0 .. m - 1 of one
        coordinate. ``"auto"``: the faster of both. The laws are the same, the points
        of one key are not.

    Raises
    ------
    TypeError, ValueError
        Another kind of basis, an unknown method, or one that the basis does not have.

    Notes
    -----
    O(m^3) a draw, whatever the number of candidates (``"tridiagonal"``: O(m^2)); before
    the first draw O(N m) once for N candidates. m (1 + 1/2 + ... + 1/m) proposals are
    expected. A weight below 1e-308 is rounded to zero: that needs Hermite polynomials
    of a degree of about 360, or Laguerre of 180.

    A draw is a function of ``rng`` and of its number and of nothing else: not of
    ``size``, of the number of threads or of the backend (up to decisions that differ
    by less than a rounding).

    References
    ----------
    A. Nouy and B. Michel, arXiv 2312.14057.
    J. B. Hough, M. Krishnapur, Y. Peres and B. Virag, Probab. Surv. 3 (2006) 206.
    R. Killip and I. Nenciu, Int. Math. Res. Not. 2004, 2665.

    Examples
    --------
    >>> from geomsci.sampling import PolynomialBasis, ProjectionDPP, total_degree
    >>> basis = PolynomialBasis("legendre", total_degree(2, 3))
    >>> design = ProjectionDPP(basis).sample(rng=0)
    >>> design.points.shape
    (10, 2)
    """

    def __init__(self, basis: Any, method: str = "auto") -> None:
        self.basis = require_basis(basis)
        if method not in METHODS:
            raise ValueError(
                f"method must be one of {', '.join(METHODS)}, got {method!r}."
            )
        reason = why_not_spectral(basis)
        if method == "tridiagonal" and reason is not None:
            raise ValueError(
                f"method='tridiagonal' {reason}, got {basis!r}: use method='chain'."
            )
        self.method = method
        self._measure = sampled_measure(basis)

    def __repr__(self) -> str:
        return f"ProjectionDPP({self.basis!r}, method={self.method!r})"

    @public("sampling.ProjectionDPP.sample")
    def sample(
        self, n: int | None = None, *, size: int | None = None, rng: Any = None
    ) -> Design:
        """Draw designs of m points.

        Parameters
        ----------
        n : int, optional
            None or m.
        size : int, >= 1, optional
            Independent designs to draw; None: one, without an axis of its own.
        rng : None, int or generator
            Whatever `numpy.random.default_rng` takes.

        Returns
        -------
        design : Design

        Raises
        ------
        ValueError
            ``n`` is not m.
        LinAlgError
            If the functions of the basis are not orthonormal.
        """
        m = self.basis.size
        if n is not None and n != m:
            raise ValueError(
                f"n must be {m}, the number of functions, or None, got {n!r}: "
                "RepeatedDPP and VolumeRescaledSampler draw larger designs."
            )
        keys = stream_keys(rng, number_of_draws(size))
        points, indices, weights, n_proposals = projection_draws(
            self._measure, keys, n_points=m, method=self.method
        )
        return Design(
            first_of(points, size),
            None if indices is None else first_of(indices, size),
            first_of(weights, size),
            as_count(n_proposals, size),
        )


def projection_draws(
    measure: Any, keys: Any, *, n_points: int, method: str = "auto"
) -> tuple[Array, Array | None, Array, Array]:
    """The first ``n_points`` points of projection DPPs: the streams of ``keys``.

    The order of the points is exchangeable, so these are uniformly random parts.

    Parameters
    ----------
    measure : SampledMeasure
        From `geomsci.sampling.measures.sampled_measure`.
    keys : ndarray of int64, shape (R, 4)
        From `geomsci.sampling.design.stream_keys`.
    n_points : int, from 1 to m
    method : {"auto", "chain", "tridiagonal"}

    Returns
    -------
    points : array, shape (R, n_points, d)
    indices : array of int64, shape (R, n_points), or None
    weights : array, shape (R, n_points)
    n_proposals : array of int64, shape (R,)
    """
    basis = measure.basis
    if method == "tridiagonal" or (method == "auto" and prefers_spectrum(basis)):
        points = np.stack([spectral_points(basis, key)[:n_points] for key in keys])
        flat = points.reshape(-1, 1)
        weights = run("sampling.optimal_weights", flat, measure.tables)
        counts = np.full(len(keys), basis.size, dtype=np.int64)
        weights = weights.reshape(points.shape)
        return placed(points[..., None]), None, placed(weights), placed(counts)
    if measure.candidates is None:
        points, weights, n_proposals = run(
            "sampling.polynomial_dpp_draws",
            keys_beside(keys, None),
            measure.tables,
            n_points=n_points,
        )
        return points, None, weights, n_proposals
    found = measure.on_candidates()
    indices, n_proposals = run(
        "sampling.finite_dpp_draws",
        keys_beside(keys, found.rows),
        found,
        n_points=n_points,
    )
    weights = found.rows.shape[1] / taken(found.leverage, indices)
    return points_of(measure, indices), indices, weights, n_proposals
