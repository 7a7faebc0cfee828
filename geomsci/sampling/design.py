"""`Design`: where to evaluate a function, and with which weights to fit it."""

from __future__ import annotations

import dataclasses
import operator
from typing import Any

import numpy as np

from geomsci.backends.arrays import Array, from_host
from geomsci.backends.dispatch import placed
from geomsci.backends.random import generator
from geomsci.sampling.basis import PolynomialBasis
from geomsci.sampling.checks import whole_number
from geomsci.sampling.features import FeatureBasis


@dataclasses.dataclass(frozen=True, eq=False)
class Design:
    """Points of a design with their weights.

    Attributes
    ----------
    points : array, shape (n, d) or (R, n, d)
        Where to evaluate. For a basis on candidates these are their raw features.
    indices : array of int64, shape (n,) or (R, n), or None
        Which candidates the points are; None for a polynomial basis.
    weights : array, shape (n,) or (R, n)
        For a weighted fit: dmu/dnu of the measure nu that the points come from.
    n_proposals : int or array of int64, shape (R,)
        Candidates that were proposed on the way.

    Notes
    -----
    The axis R is there if the sampler was asked for ``size=R`` designs.
    """

    points: Array
    indices: Array | None
    weights: Array
    n_proposals: Any

    @property
    def n_points(self) -> int:
        """Points of one design."""
        return int(self.weights.shape[-1])

    def __repr__(self) -> str:
        shape = tuple(int(k) for k in self.points.shape)
        size = f"size={shape[0]}, " if len(shape) == 3 else ""
        return f"Design({size}n_points={self.n_points}, n_features={shape[-1]})"


Basis = PolynomialBasis | FeatureBasis


def require_basis(basis: Any) -> Any:
    """``basis`` if it is one; TypeError otherwise."""
    if not isinstance(basis, (PolynomialBasis, FeatureBasis)):
        raise TypeError(
            "basis must be a PolynomialBasis or a FeatureBasis, got "
            f"{type(basis).__name__}: build one first."
        )
    return basis


def number_of_draws(size: Any) -> int:
    """Draws that ``size`` asks for; None is one without an axis of its own."""
    return 1 if size is None else whole_number("size", size, at_least=1)


def stream_keys(rng: Any, count: int) -> np.ndarray:
    """Keys of ``count`` random streams: the 32-bit pieces of each, shape (count, 4).

    The first keys do not depend on how many are asked for.
    """
    return generator(rng).integers(0, 2**32, size=(count, 4), dtype=np.int64)


def keys_beside(keys: np.ndarray, like: Any) -> Array:
    """Keys where the work is done: beside the rows of a finite set, else as placed."""
    return placed(keys) if like is None else from_host(keys, like)


def first_of(x: Any, size: Any) -> Any:
    """The only draw without its axis if ``size`` is None, else all draws."""
    return x if size is not None else x[0, ...]


def as_count(n_proposals: Array, size: Any) -> Any:
    """Number of proposals as a Python integer if there is only one draw."""
    return n_proposals if size is not None else operator.index(int(n_proposals[0]))
