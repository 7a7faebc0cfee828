"""`VolumeRescaledSampler`: a DPP and independent points, unbiased for every n >= m."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci.backends import public, run
from geomsci.backends.arrays import (
    Array,
    array_namespace,
    common_arrays,
    device,
    from_host,
    require_finite,
    to_host,
)
from geomsci.backends.dispatch import placed
from geomsci.reference.sampling.candidates import Candidates, candidates
from geomsci.reference.sampling.volume import in_order, orders, rejected
from geomsci.sampling.checks import whole_number
from geomsci.sampling.christoffel import christoffel_draws
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
from geomsci.sampling.projection import projection_draws
from geomsci.sampling.streams import generator_of

REFERENCES = ("optimal", "mu")

PROPOSALS_AT_A_TIME = 2**18
"""Of all draws together, when points of a given density are drawn."""

MEAN_TOLERANCE = 1e-6
"""How far the mean of a given density over the candidates may be from one."""


class VolumeRescaledSampler:
    r"""Draw volume-rescaled designs of n >= m points.

    .. math:: p(x_1, \dots, x_n) \propto \det G(x) \quad\text{in } \nu^n, \qquad
              G = \frac1n \sum_i w_i \phi(x_i) \phi(x_i)^T, \qquad
              w = \frac{d\mu}{d\nu}:

    m points of the projection DPP in mu and n - m independent points of the reference
    measure nu, in random order. The weighted fit has the coefficients of the best
    approximation as its mean, for every n >= m and every function.

    ================= =========================== ==================================
    reference         weights                     known as
    ================= =========================== ==================================
    ``"optimal"``     ``m / k_m``                 generalized volume sampling
    ``"mu"``          1                           volume-rescaled sampling
    callable h        ``1 / h``                   of the measure ``h dmu``
    ================= =========================== ==================================

    Parameters
    ----------
    basis : PolynomialBasis or FeatureBasis
    reference : {"optimal", "mu"} or callable
        A callable is the density ``h(X) = dnu/dmu``, (n, d) to (n,): its mean under mu
        is 1, and it is positive wherever a function of the basis is not zero. It must
        treat every row by itself.
    reference_bound : float, >= 1, optional
        The largest value of a density for a polynomial basis, which is drawn by
        rejection from mu; ``reference_bound`` times n - m proposals are expected.

    Raises
    ------
    TypeError, ValueError
        Another kind of basis or reference, or a bound where none has a meaning.

    Notes
    -----
    The law is exact. With nu optimal ``n nu`` is the intensity of the points, so G has
    the mean I; with any other nu it does not.

    A draw is a function of ``rng`` and of its number and of nothing else: not of
    ``size``, of the number of threads or of the backend.

    References
    ----------
    A. Nouy and B. Michel, arXiv 2312.14057.
    M. Derezinski, M. K. Warmuth and D. Hsu, J. Mach. Learn. Res. 23 (2022).

    Examples
    --------
    >>> from geomsci.sampling import PolynomialBasis, total_degree
    >>> from geomsci.sampling import VolumeRescaledSampler
    >>> basis = PolynomialBasis("legendre", total_degree(2, 3))
    >>> design = VolumeRescaledSampler(basis).sample(25, rng=0)
    >>> design.points.shape, design.weights.shape
    ((25, 2), (25,))
    """

    def __init__(
        self,
        basis: Any,
        reference: str | Callable[[Any], Any] = "optimal",
        reference_bound: float | None = None,
    ) -> None:
        self.basis = require_basis(basis)
        self._measure = sampled_measure(basis)
        if not callable(reference) and reference not in REFERENCES:
            raise ValueError(
                "reference must be optimal, mu or a callable density, got "
                f"{reference!r}."
            )
        self.reference = reference
        self.reference_bound = _bound(
            reference_bound, needed=callable(reference) and not self._is_finite
        )

    def __repr__(self) -> str:
        bound = (
            ""
            if self.reference_bound is None
            else f", reference_bound={self.reference_bound:g}"
        )
        return (
            f"VolumeRescaledSampler({self.basis!r}, reference={self.reference!r}"
            f"{bound})"
        )

    @public("sampling.VolumeRescaledSampler.sample")
    def sample(
        self, n: int | None = None, *, size: int | None = None, rng: Any = None
    ) -> Design:
        """Draw designs of n points.

        Parameters
        ----------
        n : int, >= m, optional
            None means m: then the design is a projection DPP.
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
            ``n`` is not an integer of at least m, or the given density is not a
            density or passes its bound.
        LinAlgError
            If the functions of the basis are not orthonormal.
        """
        m = self.basis.size
        n = m if n is None else whole_number("n", n, at_least=1)
        if n < m:
            raise ValueError(
                f"n must be at least {m}, the number of functions, got {n}: a volume "
                "needs that many points."
            )
        R = number_of_draws(size)
        # Of every draw: two streams, and two pieces a point for the order.
        pieces = stream_keys(rng, R * (2 + (n + 1) // 2)).reshape(R, -1)
        keys = np.ascontiguousarray(pieces[:, :4])
        points, indices, weights, n_proposals = projection_draws(
            self._measure, keys, n_points=m
        )
        if n > m:
            keys = np.ascontiguousarray(pieces[:, 4:8])
            drawn = self._independent(keys, n - m)
            order = from_host(orders(pieces[:, 8:], n), weights)
            points = in_order(points, drawn[0], order)
            if indices is not None:
                indices = in_order(indices, drawn[1], order)
            weights = in_order(weights, drawn[2], order)
            n_proposals = n_proposals + from_host(drawn[3], n_proposals)
        if self.reference != "optimal":
            weights = self._weights(points, indices, weights)
        return Design(
            first_of(points, size),
            None if indices is None else first_of(indices, size),
            first_of(weights, size),
            as_count(n_proposals, size),
        )

    @property
    def _is_finite(self) -> bool:
        """Whether the basis lives on candidates."""
        return self._measure.candidates is not None

    def _independent(
        self, keys: np.ndarray, count: int
    ) -> tuple[Array, Any, Array, np.ndarray]:
        """Points, indices, weights and numbers of proposals of points of nu.

        The weights are those of the optimal measure, for the reference that it is.
        """
        counts = np.full(keys.shape[0], count, dtype=np.int64)
        if self.reference in REFERENCES:
            share = 1.0 if self.reference == "optimal" else 0.0
            drawn = christoffel_draws(self._measure, keys, n_points=count, share=share)
            return *drawn, counts
        if self._is_finite:
            found = Candidates(*(placed(x) for x in self._tilted[0]))
            indices = run(
                "sampling.finite_points",
                keys_beside(keys, found.rows),
                found,
                n_points=count,
                share=1.0,
            )
            weights = 1.0 / taken(found.leverage, indices)
            return points_of(self._measure, indices), indices, weights, counts
        return self._by_rejection(keys, count)

    def _by_rejection(
        self, keys: np.ndarray, count: int
    ) -> tuple[Array, None, Array, np.ndarray]:
        """Points of ``h dmu`` for a polynomial basis, some draws at a time."""
        bound = self.reference_bound
        assert bound is not None
        step = max(1, int(PROPOSALS_AT_A_TIME / (count * bound)))
        blocks = []
        for first in range(0, keys.shape[0], step):
            streams = [generator_of(key) for key in keys[first : first + step]]

            def propose(
                draws: list[int], size: int, streams: list = streams
            ) -> tuple[Array, Array]:
                pieces = np.stack([stream_keys(streams[r], 1)[0] for r in draws])
                points, _, _ = christoffel_draws(
                    self._measure, pieces, n_points=size, share=0.0
                )
                numbers = np.stack([streams[r].random(size) for r in draws])
                return points, from_host(numbers, points)

            blocks.append(
                rejected(
                    propose,
                    self._density,
                    n_draws=len(streams),
                    n_points=count,
                    bound=bound,
                )
            )
        xp = array_namespace(blocks[0][0])
        points = xp.concat([block[0] for block in blocks], axis=0)
        ones = xp.ones(points.shape[:2], dtype=xp.float64, device=device(points))
        return points, None, ones, np.concatenate([block[1] for block in blocks])

    def _weights(self, points: Array, indices: Any, like: Array) -> Array:
        """``dmu/dnu`` of another reference than the optimal one."""
        xp = array_namespace(like)
        if self.reference == "mu":
            return xp.ones_like(like)
        if indices is not None:
            return 1.0 / taken(placed(self._tilted[1]), indices)
        h = self._density(xp.reshape(points, (-1, points.shape[-1])))
        if bool(xp.any(h <= 0)):
            raise ValueError(
                "reference must be positive wherever a function of the basis is not "
                "zero, got 0 at a point of the design: its weight would be infinite."
            )
        return xp.reshape(1.0 / h, tuple(like.shape))

    def _density(self, points: Array) -> Array:
        """Checked values of the given density, shape (n,)."""
        assert callable(self.reference)
        xp, _, h = common_arrays(points=points, reference=self.reference(points))
        if tuple(h.shape) != (points.shape[0],):
            raise ValueError(
                f"reference must return shape ({points.shape[0]},) for points of shape "
                f"{tuple(points.shape)}, got {tuple(h.shape)}."
            )
        require_finite(xp, reference=h)
        if bool(xp.any(h < 0)):
            raise ValueError(
                f"reference must be a density, got the value {float(xp.min(h)):g}."
            )
        bound = self.reference_bound
        if bound is not None and bool(xp.any(h > bound)):
            row = int(xp.argmax(h))
            raise ValueError(
                f"reference_bound must be at least all values of reference, got "
                f"{bound:g} and the value {float(h[row]):g} at the point "
                f"{to_host(points[row, :]).tolist()}: raise it, the designs drawn with "
                "it are not exact."
            )
        return xp.astype(h, xp.float64, copy=False)

    @functools.cached_property
    def _tilted(self) -> tuple[Candidates, Array]:
        """The measure ``h mu`` on candidates, and h."""
        basis = self.basis
        h = self._density(basis.candidates)
        xp = array_namespace(h)
        mu = xp.astype(basis.measure, xp.float64)
        mean = float(xp.sum(h * mu))
        if abs(mean - 1.0) > MEAN_TOLERANCE:
            raise ValueError(
                "reference must be a density whose mean under the measure of the "
                f"candidates is 1, got {mean:.8g}: divide it by that."
            )
        needed = xp.any(basis.rows != 0, axis=1) & (mu > 0)
        if bool(xp.any(needed & (h == 0))):
            raise ValueError(
                "reference must be positive wherever a function of the basis is not "
                f"zero, got 0 at candidate {int(xp.argmax(needed & (h == 0)))}."
            )
        # One function sqrt(h), whose optimal measure is h mu.
        found = candidates(xp.sqrt(h)[:, None], mu)
        return found, h


def _bound(bound: Any, *, needed: bool) -> float | None:
    """The checked bound of a density, which only some references need."""
    if not needed:
        if bound is not None:
            raise ValueError(
                "reference_bound belongs to a callable reference of a polynomial "
                f"basis, got {bound!r}: leave it out."
            )
        return None
    if bound is None:
        raise ValueError(
            "reference_bound must be the largest value of reference, got None: points "
            "of a density are drawn by rejection."
        )
    if not 1.0 <= float(bound) < math.inf:
        raise ValueError(
            f"reference_bound must be finite and >= 1, as the largest value of every "
            f"density is, got {bound!r}."
        )
    return float(bound)
