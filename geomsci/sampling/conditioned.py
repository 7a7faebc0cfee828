"""`ConditionedSampler`: designs drawn again until least squares is stable."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from geomsci.backends import public
from geomsci.backends.arrays import Array, array_namespace, to_host
from geomsci.backends.dispatch import placed
from geomsci.reference.sampling.conditioning import trials, weighted_rows
from geomsci.sampling.checks import whole_number
from geomsci.sampling.design import Design, number_of_draws, stream_keys
from geomsci.sampling.features import FeatureBasis
from geomsci.sampling.measures import taken
from geomsci.sampling.stability import (
    gram,
    instability,
    require_criterion,
    require_open_unit,
)
from geomsci.sampling.streams import generator_of

MOST_DESIGNS = 64
"""Designs that are drawn at a time while none is stable."""


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class ConditionedDesign(Design):
    """A stable design, and what it took to find it.

    Attributes
    ----------
    n_trials : int or ndarray of int64, shape (R,)
        Trials until one was stable, that one included.
    instability : float or ndarray, shape (R,)
        ``1 - lambda_min(G)`` or ``||G - I||_2`` of the design, at most delta.
    """

    n_trials: Any
    instability: Any

    @property
    def acceptance_rate_(self) -> float:
        """Designs over trials."""
        return float(np.size(self.n_trials) / np.sum(self.n_trials))


class ConditionedSampler:
    r"""Draw designs of another sampler on the condition that they are stable.

    A trial draws ``n_candidates`` designs and keeps the most stable; the first trial
    with an instability of at most delta is returned. Then, for every function,

    .. math:: E\, \|f - \hat f\|^2 \le
              \Bigl(1 + \frac{1}{(1 - \delta)\, P(S_\delta)}\Bigr)
              \min_{v \in V_m} \|f - v\|^2

    for one candidate and a sampler whose points have the optimal measure.

    Parameters
    ----------
    sampler : sampler with ``basis`` and ``sample``
    delta : float in (0, 1)
    criterion : {"lambda_min", "spectral"}
        ``lambda_min(G) >= 1 - delta``, all that least squares needs, or the stronger
        ``||G - I||_2 <= delta``, which small designs in several dimensions nearly
        never satisfy.
    max_trials : int, >= 1
        Trials a design, after which an exception is raised.
    n_candidates : int, >= 1
        Designs a trial ("boosting").

    Raises
    ------
    TypeError, ValueError
        Something that is not a sampler, or a number out of its range.

    Notes
    -----
    Conditioning biases: coefficients that were unbiased are not any more, by little if
    the acceptance rate, which the design reports, is near one. A design is a function
    of ``rng`` and of its number and of nothing else.

    References
    ----------
    C. Haberstich, A. Nouy and G. Perrin, Math. Comp. 91 (2022) 1477.

    Examples
    --------
    >>> from geomsci.sampling import ConditionedSampler, PolynomialBasis, RepeatedDPP
    >>> basis = PolynomialBasis("legendre", range(10))
    >>> sampler = ConditionedSampler(RepeatedDPP(basis), delta=0.9)
    >>> design = sampler.sample(20, size=100, rng=0)
    >>> bool((design.instability <= 0.9).all()), design.acceptance_rate_ > 0.9
    (True, True)
    """

    def __init__(
        self,
        sampler: Any,
        delta: float,
        criterion: str = "lambda_min",
        max_trials: int = 1000,
        n_candidates: int = 1,
    ) -> None:
        if not hasattr(sampler, "basis") or not callable(
            getattr(sampler, "sample", None)
        ):
            raise TypeError(
                "sampler must have a basis and a method sample, such as RepeatedDPP, "
                f"got {type(sampler).__name__}."
            )
        require_open_unit(delta=delta)
        require_criterion(criterion)
        self.sampler = sampler
        self.delta = float(delta)
        self.criterion = criterion
        self.max_trials = whole_number("max_trials", max_trials, at_least=1)
        self.n_candidates = whole_number("n_candidates", n_candidates, at_least=1)

    @property
    def basis(self) -> Any:
        """The basis of the sampler."""
        return self.sampler.basis

    def __repr__(self) -> str:
        return (
            f"ConditionedSampler({self.sampler!r}, delta={self.delta:g}, "
            f"criterion={self.criterion!r}, max_trials={self.max_trials}, "
            f"n_candidates={self.n_candidates})"
        )

    @public("sampling.ConditionedSampler.sample")
    def sample(
        self, n: int | None = None, *, size: int | None = None, rng: Any = None
    ) -> ConditionedDesign:
        """Draw stable designs.

        Parameters
        ----------
        n : int, optional
            Points of a design; what None means is up to the sampler.
        size : int, >= 1, optional
            Designs to draw; None: one, without an axis of its own.
        rng : None, int or generator
            Whatever `numpy.random.default_rng` takes.

        Returns
        -------
        design : ConditionedDesign
            ``n_proposals`` counts those of all trials.

        Raises
        ------
        TypeError, ValueError
            What the sampler raises.
        RuntimeError
            If no trial of ``max_trials`` was stable; it says how near the best came.
        """
        keys = stream_keys(rng, number_of_draws(size))
        found = [self._one(n, key) for key in keys]
        if size is None:
            return found[0]
        xp = array_namespace(found[0].weights)
        first = found[0]
        return ConditionedDesign(
            xp.stack([one.points for one in found]),
            None
            if first.indices is None
            else xp.stack([one.indices for one in found if one.indices is not None]),
            xp.stack([one.weights for one in found]),
            np.array([one.n_proposals for one in found]),
            np.array([one.n_trials for one in found]),
            np.array([one.instability for one in found]),
        )

    def _one(self, n: int | None, key: np.ndarray) -> ConditionedDesign:
        """One stable design."""
        rng, M = generator_of(key), self.n_candidates
        n_trials, n_proposals, count, nearest = 0, 0, 1, math.inf
        while n_trials < self.max_trials:
            count = min(count, self.max_trials - n_trials)
            drawn = self.sampler.sample(n, size=count * M, rng=rng)
            G = gram(_rows(drawn, self.basis))
            values = instability(G, criterion=self.criterion)
            values = to_host(values).reshape(count, M)
            result = trials(values, self.delta)
            tried = count if result.first is None else result.first + 1
            proposals = to_host(drawn.n_proposals).reshape(-1)
            n_proposals += int(proposals[: tried * M].sum())
            n_trials += tried
            if result.first is not None:
                r = int(result.first * M + result.best[result.first])
                return ConditionedDesign(
                    drawn.points[r, ...],
                    None if drawn.indices is None else drawn.indices[r, ...],
                    drawn.weights[r, ...],
                    n_proposals,
                    n_trials,
                    float(result.values[result.first]),
                )
            nearest = min(nearest, float(result.values.min()))
            count = min(2 * count, max(1, MOST_DESIGNS // M))
        raise RuntimeError(self._failure(drawn.n_points, nearest))

    def _failure(self, n: int, nearest: float) -> str:
        wanted = (
            f"lambda_min(G) >= {1 - self.delta:.4g}"
            if self.criterion == "lambda_min"
            else f"||G - I|| <= {self.delta:.4g}"
        )
        reached = (
            f"lambda_min(G) = {1 - nearest:.4g}"
            if self.criterion == "lambda_min"
            else f"||G - I|| = {nearest:.4g}"
        )
        return (
            f"A design of {n} points with {wanted} must turn up in {self.max_trials} "
            f"trials, and the best had {reached}: draw more points, or raise delta or "
            "max_trials."
        )


def _rows(design: Design, basis: Any) -> Array:
    """``sqrt(w_i) phi(x_i)`` of all designs, shape (R, n, m)."""
    if isinstance(basis, FeatureBasis):
        rows = taken(placed(basis.rows), design.indices)
        xp = array_namespace(rows)
        return xp.astype(rows, xp.float64) * xp.sqrt(design.weights)[..., None]
    points = design.points
    xp = array_namespace(points)
    R, n, d = points.shape
    values, log_scale = basis.scaled_evaluate(xp.reshape(points, (R * n, d)))
    return weighted_rows(
        xp.reshape(values, (R, n, -1)),
        xp.reshape(log_scale, (R, n)),
        design.weights,
    )
