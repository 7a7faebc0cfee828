r"""Finite sets of multi-indices: total degree, hyperbolic cross, tensor product.

With weights :math:`w_j > 0` (one by default) and whole numbers :math:`i_j \ge 0`

=================  ======================================================
total degree       :math:`\sum_j w_j i_j \le p`
hyperbolic cross   :math:`\prod_j (1 + i_j)^{w_j} \le p + 1`
tensor product     :math:`i_j \le p_j`
=================  ======================================================

All three are downward closed: with an index, everything below it is in the set. The
order is by the total degree and, within it, from the first coordinate down, so
total-degree sets of growing p are prefixes of each other when the weights are one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

Index = tuple[int, ...]

# Sums of weights are compared up to rounding, so 0.1 + 0.2 <= 0.3.
_SLACK = 1e-12


def total_degree(p: float, weights: Sequence[float]) -> list[Index]:
    """Multi-indices with ``sum_j w_j i_j <= p``.

    Parameters
    ----------
    p : float, >= 0
    weights : sequence of d float, > 0

    Returns
    -------
    indices : list of tuples, sorted
        ``binomial(d + p, d)`` of them when the weights are one.
    """
    return _below(p * (1.0 + _SLACK), weights, float)


def hyperbolic_cross(p: float, weights: Sequence[float]) -> list[Index]:
    """Multi-indices with ``prod_j (1 + i_j)^w_j <= p + 1``.

    Parameters
    ----------
    p : float, >= 0
    weights : sequence of d float, > 0

    Returns
    -------
    indices : list of tuples, sorted
    """
    return _below(math.log1p(p) + _SLACK, weights, math.log1p)


def tensor_product(degrees: Sequence[int]) -> list[Index]:
    """Multi-indices with ``i_j <= degrees[j]``.

    Parameters
    ----------
    degrees : sequence of d int, >= 0

    Returns
    -------
    indices : list of tuples, sorted
        ``prod_j (degrees[j] + 1)`` of them.
    """
    found: list[Index] = [()]
    for degree in degrees:
        found = [(*index, i) for index in found for i in range(degree + 1)]
    return _ordered(found)


def missing_neighbour(indices: Iterable[Sequence[int]]) -> tuple[Index, Index] | None:
    """First index with a neighbour below it outside the set, and that neighbour.

    Parameters
    ----------
    indices : iterable of multi-indices

    Returns
    -------
    (index, neighbour) or None
        None if the set is downward closed.

    Notes
    -----
    O(m d): a set that holds all direct neighbours below each of its members holds
    everything below them.
    """
    members = [tuple(index) for index in indices]
    known = set(members)
    for index in members:
        for j, i in enumerate(index):
            below = (*index[:j], i - 1, *index[j + 1 :])
            if i > 0 and below not in known:
                return index, below
    return None


def _below(bound: float, weights: Sequence[float], cost) -> list[Index]:
    """Multi-indices whose weighted costs, which grow with the index, stay in bound."""
    found: list[tuple[Index, float]] = [((), 0.0)]
    for w in weights:
        longer = []
        for index, spent in found:
            i, total = 0, spent
            while total <= bound:
                longer.append(((*index, i), total))
                i += 1
                total = spent + w * cost(i)
        found = longer
    return _ordered([index for index, _ in found])


def _ordered(indices: list[Index]) -> list[Index]:
    return sorted(indices, key=lambda index: (sum(index), tuple(-i for i in index)))
