"""`SubsetVolumeSampler`: candidates without replacement, by the volume they span."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomsci.backends import public
from geomsci.backends.arrays import Array, array_namespace, from_host, to_host
from geomsci.backends.dispatch import placed
from geomsci.reference.sampling.subsets import inclusion_probabilities, others
from geomsci.sampling.checks import whole_number
from geomsci.sampling.design import (
    Design,
    as_count,
    first_of,
    number_of_draws,
    stream_keys,
)
from geomsci.sampling.features import FeatureBasis
from geomsci.sampling.measures import points_of, sampled_measure
from geomsci.sampling.projection import projection_draws
from geomsci.sampling.streams import generator_of


class SubsetVolumeSampler:
    r"""Draw subsets of n candidates by their volume, without replacement.

    .. math:: P(S) \propto \det(X_S^T X_S), \qquad |S| = n \ge m,

    with X the raw features, each row times the square root of its ``sample_weight``.
    The least squares fit on the subset alone has the fit on all N candidates as its
    mean; with general weights each row of the subset counts by its sample weight.

    This is another law than `VolumeRescaledSampler`, which draws with replacement and
    reweights: for n > m it prefers rows of high leverage less and less.

    Parameters
    ----------
    basis : FeatureBasis

    Raises
    ------
    TypeError
        For a basis that is not on candidates: points of a continuous measure are drawn
        by `VolumeRescaledSampler`.

    Notes
    -----
    The law is exact: a projection DPP of m candidates together with n - m others,
    chosen uniformly. O(m^3 + n) a draw, whatever the number of candidates; the
    classical deletion of rows one by one costs O(N m^2). A candidate of weight zero is
    never drawn.

    A draw is a function of ``rng`` and of its number and of nothing else.

    References
    ----------
    M. Derezinski and M. K. Warmuth, J. Mach. Learn. Res. 19 (2018).

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.sampling import FeatureBasis, SubsetVolumeSampler
    >>> x = np.linspace(-1.0, 1.0, 9)
    >>> basis = FeatureBasis(np.stack([np.ones(9), x], axis=1))
    >>> sampler = SubsetVolumeSampler(basis)
    >>> sampler.sample(4, rng=0).indices.shape
    (4,)
    >>> float(sampler.inclusion_probabilities(4).sum().round(12))
    4.0
    """

    def __init__(self, basis: Any) -> None:
        if not isinstance(basis, FeatureBasis):
            raise TypeError(
                "basis must be a FeatureBasis, which has candidates, got "
                f"{type(basis).__name__}: VolumeRescaledSampler draws points of a "
                "continuous measure."
            )
        self.basis = basis
        self._measure = sampled_measure(basis)
        # Where candidates have a weight; None if all have.
        possible = to_host(basis.measure) > 0
        self._possible = None if possible.all() else np.flatnonzero(possible)
        self._n_candidates = int(possible.sum())

    def __repr__(self) -> str:
        return f"SubsetVolumeSampler({self.basis!r})"

    @public("sampling.SubsetVolumeSampler.sample")
    def sample(
        self, n: int | None = None, *, size: int | None = None, rng: Any = None
    ) -> Design:
        """Draw subsets of n candidates.

        Parameters
        ----------
        n : int, from m to the number N of candidates of positive weight
        size : int, >= 1, optional
            Subsets to draw; None: one, without an axis of its own.
        rng : None, int or generator
            Whatever `numpy.random.default_rng` takes.

        Returns
        -------
        design : Design
            ``indices`` ascend; ``weights`` are the sample weights, with the mean 1 over
            the candidates.

        Raises
        ------
        TypeError, ValueError
            ``n`` missing, not an integer, or out of its range.
        """
        n = self._checked(n)
        m, R = self.basis.size, number_of_draws(size)
        keys = stream_keys(rng, 2 * R).reshape(R, 2, 4)
        _, found, _, n_proposals = projection_draws(
            self._measure, np.ascontiguousarray(keys[:, 0, :]), n_points=m
        )
        assert found is not None
        chosen = np.empty((R, n), dtype=np.int64)
        for r, taken in enumerate(to_host(found)):
            chosen[r] = self._with_others(taken, keys[r, 1, :], n)
        indices = from_host(chosen, found)
        xp = array_namespace(indices)
        mu = xp.astype(placed(self.basis.measure), xp.float64)
        weights = xp.take(mu, xp.reshape(indices, (-1,))) * float(self._n_candidates)
        return Design(
            first_of(points_of(self._measure, indices), size),
            first_of(indices, size),
            first_of(xp.reshape(weights, (R, n)), size),
            as_count(n_proposals, size),
        )

    @public("sampling.SubsetVolumeSampler.inclusion_probabilities")
    def inclusion_probabilities(self, n: int) -> Array:
        r"""Compute the probability of every candidate to be in the subset.

        :math:`P(i \in S) = 1 - (1 - l_i) (N - n) / (N - m)` with the leverage
        :math:`l_i = \mu_i k_m(x_i)`.

        Parameters
        ----------
        n : int, from m to N

        Returns
        -------
        p : array, shape (N,)
            Their sum is n.
        """
        n = self._checked(n)
        found = self._measure.on_candidates()
        xp = array_namespace(found.rows)
        mu = xp.astype(placed(self.basis.measure), xp.float64)
        p = inclusion_probabilities(
            found.leverage * mu, n, m=self.basis.size, N=self._n_candidates
        )
        return xp.where(mu > 0, p, xp.zeros_like(p))

    def _with_others(self, taken: np.ndarray, key: np.ndarray, n: int) -> np.ndarray:
        """One subset: the points of a DPP and uniformly chosen others, ascending."""
        m, N = self.basis.size, self._n_candidates
        if n == m:
            return np.sort(taken)
        ranks = generator_of(key).choice(
            N - m, size=n - m, replace=False, shuffle=False
        )
        places = (
            taken if self._possible is None else np.searchsorted(self._possible, taken)
        )
        both = np.concatenate([places, others(places, ranks)])
        both.sort()
        return both if self._possible is None else self._possible[both]

    def _checked(self, n: Any) -> int:
        m, N = self.basis.size, self._n_candidates
        if n is None:
            raise ValueError(
                f"n must be the number of candidates to draw, from {m} to {N}, got "
                "None."
            )
        n = whole_number("n", n, at_least=1)
        if not m <= n <= N:
            raise ValueError(
                f"n must lie between {m}, the number of functions, and {N}, the number "
                f"of candidates of positive weight, got {n}."
            )
        return n
