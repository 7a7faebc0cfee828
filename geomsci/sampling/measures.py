"""`SampledMeasure`: what the samplers need of a basis, made at first use and kept."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from geomsci.backends.arrays import Array, array_namespace
from geomsci.backends.dispatch import placed
from geomsci.reference.sampling.candidates import Candidates, candidates
from geomsci.reference.sampling.envelopes import Tables, tables
from geomsci.sampling.basis import PolynomialBasis


class SampledMeasure:
    """Tables of a basis, made at first use and kept.

    Parameters
    ----------
    basis : PolynomialBasis or FeatureBasis

    Attributes
    ----------
    tables : Tables
        Of a polynomial basis, NumPy arrays.
    candidates : array or None
        Raw features of a basis on candidates.
    """

    def __init__(self, basis: Any) -> None:
        self.basis = basis
        is_polynomial = isinstance(basis, PolynomialBasis)
        self.candidates = None if is_polynomial else basis.candidates

    def __getstate__(self) -> dict[str, Any]:
        """The basis alone: what is made of it is made again, not written twice."""
        return {name: vars(self)[name] for name in ("basis", "candidates")}

    @functools.cached_property
    def tables(self) -> Tables:
        """Recurrences and bounds of a polynomial basis."""
        basis = self.basis
        found = tables(basis.families, basis.indices, basis.alpha, basis.beta)
        return Tables(*(np.ascontiguousarray(x) for x in found))

    @functools.cached_property
    def _finite(self) -> Candidates:
        found = candidates(self.basis.rows, self.basis.measure)
        if isinstance(found.rows, np.ndarray):
            return Candidates(*(np.ascontiguousarray(x) for x in found))
        return found

    def on_candidates(self) -> Candidates:
        """Running sums and rows of a basis on candidates, where the call computes."""
        return Candidates(*(placed(x) for x in self._finite))


def sampled_measure(basis: Any) -> SampledMeasure:
    """`SampledMeasure` of a checked basis."""
    return SampledMeasure(basis)


def taken(x: Array, indices: Array) -> Array:
    """Rows of ``x`` at indices of any shape."""
    xp = array_namespace(x, indices)
    flat = xp.take(x, xp.reshape(indices, (-1,)), axis=0)
    return xp.reshape(flat, (*indices.shape, *x.shape[1:]))


def points_of(measure: SampledMeasure, indices: Array) -> Array:
    """Raw features of the candidates of a design."""
    candidates: Any = measure.candidates
    return taken(placed(candidates), indices)
