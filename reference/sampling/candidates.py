r"""Finite sets as the exact samplers read them.

The candidates x_1 .. x_N have the masses ``mu_i`` and, in the optimal measure of
weighted least squares, ``mu_i |phi(x_i)|^2 / m``. Points are drawn by inverting the
running sums of these masses, so a candidate of mass zero is never drawn.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device, from_host
from geomsci.backends.random import philox_uniform


def whole_key(pieces: Array) -> int:
    """The 128-bit key of its four 32-bit pieces."""
    return sum(int(pieces[i]) << (32 * i) for i in range(4))


class Candidates(NamedTuple):
    """A finite set as the samplers read it; see `candidates`.

    Attributes
    ----------
    rows : array of float64, shape (N, m)
    leverage : array of float64, shape (N,)
        ``|phi(x_i)|^2``.
    cumulative, cumulative_mu : arrays of float64, shape (N,)
        Running sums of the optimal measure and of mu.
    guide, guide_mu : arrays of int64, shape (G + 1,)
        See `geomsci.reference.sampling.proposals.finite_proposal`.
    """

    rows: Array
    leverage: Array
    cumulative: Array
    guide: Array
    cumulative_mu: Array
    guide_mu: Array


def candidates(rows: Array, measure: Array) -> Candidates:
    """Running sums of both measures and their guides, in O(N m).

    Parameters
    ----------
    rows : array, shape (N, m)
        The orthonormal functions at the candidates.
    measure : array, shape (N,)
    """
    xp = array_namespace(rows)
    rows = xp.astype(rows, xp.float64, copy=False)
    measure = xp.astype(measure, xp.float64, copy=False)
    leverage = xp.vecdot(rows, rows)
    sums = xp.cumulative_sum(leverage * measure)
    sums_mu = xp.cumulative_sum(measure)
    return Candidates(
        rows, leverage, sums, guide_of(xp, sums), sums_mu, guide_of(xp, sums_mu)
    )


def guide_of(xp: Any, cumulative: Array) -> Array:
    """First indices above every share g / G of the total, G a power of two."""
    n = cumulative.shape[0]
    G = 2 ** max(0, (n - 1).bit_length())
    where = device(cumulative)
    shares = xp.arange(G, dtype=xp.float64, device=where) / float(G)
    above = xp.searchsorted(cumulative, shares * cumulative[n - 1], side="right")
    last = xp.searchsorted(cumulative, cumulative[n - 1 :], side="left")
    return xp.concat([xp.astype(above, xp.int64), xp.astype(last, xp.int64)])


def finite_proposals(
    first: int, count: int, key: int, cumulative: Array, guide: Array
) -> tuple[Array, Array]:
    """Indices and numbers of `geomsci.reference.sampling.proposals.finite_proposal`."""
    xp = array_namespace(cumulative)
    uniform = from_host(philox_uniform(key, 2 * first, 2 * count), cumulative)
    uniform = xp.reshape(uniform, (count, 2))
    levels = uniform[:, 0] * cumulative[cumulative.shape[0] - 1]
    indices = xp.searchsorted(cumulative, levels, side="right")
    last = guide[guide.shape[0] - 1]
    return xp.minimum(xp.astype(indices, xp.int64), last), uniform[:, 1]
