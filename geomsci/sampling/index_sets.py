"""Sets of multi-indices that span polynomial spaces."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geomsci.reference.sampling import index_sets
from geomsci.sampling.checks import index_set, whole_number


def total_degree(d: int, p: float, weights: Any = None) -> np.ndarray:
    r"""List the multi-indices with :math:`\sum_j w_j i_j \le p`.

    Parameters
    ----------
    d : int, >= 1
        Number of coordinates.
    p : float, >= 0
        Largest weighted degree.
    weights : sequence of d float, > 0, optional
        Default ones. A weight of 2 halves the largest degree of its coordinate.

    Returns
    -------
    indices : ndarray of int64, shape (m, d)
        Sorted by degree; m = binomial(d + p, d) when the weights are one.

    Raises
    ------
    TypeError, ValueError
        A dimension, degree or weight out of range.

    Examples
    --------
    >>> from geomsci.sampling import total_degree
    >>> total_degree(2, 2).tolist()
    [[0, 0], [1, 0], [0, 1], [2, 0], [1, 1], [0, 2]]
    """
    return _array(index_sets.total_degree(_degree(p), _weights(weights, d)))


def hyperbolic_cross(d: int, p: float, weights: Any = None) -> np.ndarray:
    r"""List the multi-indices with :math:`\prod_j (1 + i_j)^{w_j} \le p + 1`.

    Parameters
    ----------
    d : int, >= 1
        Number of coordinates.
    p : float, >= 0
        Largest degree of one coordinate of weight one.
    weights : sequence of d float, > 0, optional
        Default ones.

    Returns
    -------
    indices : ndarray of int64, shape (m, d)
        Sorted by degree; m grows like p log(p)^(d - 1).

    Raises
    ------
    TypeError, ValueError
        A dimension, degree or weight out of range.

    Notes
    -----
    Some packages call hyperbolic the sets with a quasi-norm,
    :math:`\sum_j i_j^q \le p^q`; those are different sets.

    Examples
    --------
    >>> from geomsci.sampling import hyperbolic_cross
    >>> hyperbolic_cross(2, 3).tolist()
    [[0, 0], [1, 0], [0, 1], [2, 0], [1, 1], [0, 2], [3, 0], [0, 3]]
    """
    return _array(index_sets.hyperbolic_cross(_degree(p), _weights(weights, d)))


def tensor_product(degrees: Any) -> np.ndarray:
    """List the multi-indices of which each coordinate has its own largest degree.

    Parameters
    ----------
    degrees : sequence of d int, >= 0
        Largest degrees, one for each coordinate.

    Returns
    -------
    indices : ndarray of int64, shape (prod(degrees + 1), d)

    Raises
    ------
    TypeError, ValueError
        No degree, one that is not an integer, or a negative one.

    Examples
    --------
    >>> from geomsci.sampling import tensor_product
    >>> tensor_product([1, 1]).tolist()
    [[0, 0], [1, 0], [0, 1], [1, 1]]
    """
    found = [whole_number("degrees", p, at_least=0) for p in degrees]
    if not found:
        raise ValueError("degrees must hold one integer a coordinate, got none.")
    return _array(index_sets.tensor_product(found))


def is_downward_closed(indices: Any) -> bool:
    """Say whether everything below each multi-index is in the set too.

    Parameters
    ----------
    indices : array of int, shape (m, d)

    Returns
    -------
    closed : bool

    Raises
    ------
    TypeError, ValueError
        Not distinct rows of integers >= 0.

    Examples
    --------
    >>> from geomsci.sampling import is_downward_closed
    >>> is_downward_closed([[0, 0], [1, 0]]), is_downward_closed([[0, 0], [1, 1]])
    (True, False)
    """
    return index_sets.missing_neighbour(index_set(indices).tolist()) is None


def _array(indices: list[tuple[int, ...]]) -> np.ndarray:
    return np.array(indices, dtype=np.int64)


def _degree(p: Any) -> float:
    number = float(p)
    if not 0.0 <= number < math.inf:
        raise ValueError(f"p must be finite and >= 0, got {p!r}.")
    return number


def _weights(weights: Any, d: Any) -> list[float]:
    """One positive weight for each of ``d`` coordinates."""
    d = whole_number("d", d, at_least=1)
    found = [1.0] * d if weights is None else [float(w) for w in weights]
    if len(found) != d or not all(0.0 < w < math.inf for w in found):
        raise ValueError(
            f"weights must be {d} finite numbers > 0, one a coordinate, got "
            f"{weights!r}."
        )
    return found
