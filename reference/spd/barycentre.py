"""What the iterative means of all metrics share: weighted sums and stopping."""

from __future__ import annotations

import math
from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace

PATIENCE = 4
"""Iterations within which the gradient must halve, else rounding has been met."""


class MeanInfo(NamedTuple):
    """How the computation of a mean ended.

    ``n_iter`` counts iterations (0 for a closed form), ``gradient_norm`` is the
    largest ``||J||_F`` over the batch at the returned mean, ``converged`` says
    whether it is at most ``tol sqrt(n)``.
    """

    n_iter: int
    gradient_norm: float
    converged: bool


class Progress:
    """Follows ``||J||_F`` through an iteration and says when to stop."""

    def __init__(self, tol: float, n: int) -> None:
        self._goal = tol * math.sqrt(n)
        self.n_iter = 0
        self.best_norm = math.inf
        self._halved_at = 0
        self._halved_norm = math.inf

    def improved(self, norm: float) -> bool:
        """Note one iteration; True if it is the best so far."""
        self.n_iter += 1
        better = norm < self.best_norm
        if better:
            self.best_norm = norm
        if norm < 0.5 * self._halved_norm:
            self._halved_at, self._halved_norm = self.n_iter, norm
        return better

    def finished(self) -> bool:
        """Converged, or the norm no longer halves."""
        return self._converged() or self.n_iter - self._halved_at >= PATIENCE

    def _converged(self) -> bool:
        return self.best_norm <= self._goal

    def info(self) -> MeanInfo:
        """Summary of the iteration."""
        return MeanInfo(self.n_iter, self.best_norm, self._converged())


def weighted_sum(weights: Array, X: Array) -> Array:
    """``sum_i w_i X_i`` over the third axis from the end."""
    xp = array_namespace(X)
    flat = xp.reshape(X, (*X.shape[:-2], X.shape[-2] * X.shape[-1]))
    total = xp.astype(weights, X.dtype)[None, :] @ flat
    return xp.reshape(total, (*X.shape[:-3], *X.shape[-2:]))


def beside_batch(M: Array, C: Array) -> Array:
    """``M`` (..., n, n) shaped to broadcast against ``C`` (..., n_matrices, n, n)."""
    return M if C.ndim == 3 else M[..., None, :, :]
