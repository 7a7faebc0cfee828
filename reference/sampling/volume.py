r"""Volume-rescaled samples of any reference measure, from a DPP and independent points.

Let ``mu`` be the measure of an orthonormal basis of m functions, ``nu`` a measure with
the density ``h = dnu/dmu`` and ``w = 1 / h``. The volume-rescaled law of n >= m points
has the density

    n^m (n - m)! / n!  det G(x)          in nu^n,
    G(x) = (1/n) sum_i w(x_i) phi(x_i) phi(x_i)^T .

By the formula of Cauchy and Binet ``n^m det G(x)`` is the sum, over the m-subsets of
the points, of ``prod w(x_i) det(phi(x_i))^2``, and ``w nu = mu``: so the law is that of
m points of the projection DPP in mu and n - m independent points of nu, in random
order. The DPP does not depend on nu.

References
----------
A. Nouy and B. Michel, arXiv 2312.14057 (nu the optimal measure).
M. Derezinski, M. K. Warmuth and D. Hsu, J. Mach. Learn. Res. 23 (2022) (nu = mu).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from geomsci.backends.arrays import Array, array_namespace, device

LARGEST_CHUNK = 4096
"""Proposals of the reference measure that are made at a time."""

PATIENCE = 100.0
"""Proposals over their expected number, after which a density is not normalised."""


def orders(pieces: Array, n: int) -> Array:
    """Random permutations of n places, by sorting numbers of 63 bits.

    Parameters
    ----------
    pieces : array of int64, shape (R, >= 2 n)
        Uniform numbers below ``2**32``.
    n : int

    Returns
    -------
    order : array of int64, shape (R, n)
    """
    xp = array_namespace(pieces)
    numbers = pieces[:, :n] * 2**31 + pieces[:, n : 2 * n] // 2
    return xp.astype(xp.argsort(numbers, axis=1), xp.int64)


def in_order(first: Array, second: Array, order: Array) -> Array:
    """Two groups of points behind each other, then permuted draw by draw.

    Parameters
    ----------
    first : array, shape (R, a, ...)
    second : array, shape (R, b, ...)
    order : array of int64, shape (R, a + b)
    """
    xp = array_namespace(first, second)
    R, n = order.shape
    both = xp.concat([first, second], axis=1)
    rows = xp.arange(R, dtype=xp.int64, device=device(order)) * n
    flat = xp.reshape(order + rows[:, None], (-1,))
    rest = tuple(both.shape[2:])
    return xp.reshape(
        xp.take(xp.reshape(both, (R * n, *rest)), flat, axis=0), (R, n, *rest)
    )


def rejected(
    propose: Callable[[list[int], int], tuple[Array, Array]],
    density: Callable[[Array], Array],
    *,
    n_draws: int,
    n_points: int,
    bound: float,
) -> tuple[Array, list[int]]:
    """Independent points of the density h in mu, by rejection from mu.

    A point of mu is accepted with the probability ``h(x) / bound``.

    Parameters
    ----------
    propose : callable
        ``propose(draws, count)`` gives the next points of mu of some draws, shape
        (len(draws), count, d), and uniform numbers, shape (len(draws), count).
    density : callable
        ``h`` of points (k, d), at most ``bound``: it checks that itself.
    n_draws, n_points : int, >= 1
    bound : float, >= 1

    Returns
    -------
    points : array, shape (n_draws, n_points, d)
    n_proposals : list of int
        Up to the last point accepted.

    Raises
    ------
    ValueError
        If so few are accepted that h cannot have the mean one.

    Notes
    -----
    ``n_points * bound`` proposals a draw are expected.
    """
    expected = n_points * bound
    # Of nothing but the draw: a draw must not depend on how many there are.
    count = min(LARGEST_CHUNK, math.ceil(1.2 * expected) + 8)
    found: list[list[Array]] = [[] for _ in range(n_draws)]
    missing, n_proposals = [n_points] * n_draws, [0] * n_draws
    draws, made = list(range(n_draws)), 0
    while draws:
        if made > PATIENCE * expected + 1000.0:
            raise ValueError(
                "reference must be a density whose mean under mu is 1, got "
                f"{n_points - missing[draws[0]]} accepted of {made} proposals where 1 "
                f"of {bound:g} was expected: divide it by its mean."
            )
        points, numbers = propose(draws, count)
        xp = array_namespace(points)
        h = density(xp.reshape(points, (-1, points.shape[-1])))
        good = numbers * bound < xp.reshape(h, tuple(numbers.shape))
        for i, r in enumerate(draws):
            (rows,) = xp.nonzero(good[i, :])
            rows = rows[: min(missing[r], rows.shape[0])]
            found[r].append(xp.take(points[i, ...], rows, axis=0))
            missing[r] -= int(rows.shape[0])
            if missing[r] == 0:
                n_proposals[r] = made + int(rows[rows.shape[0] - 1]) + 1
        draws = [r for r in draws if missing[r]]
        made += count
    return xp.stack([xp.concat(parts, axis=0) for parts in found]), n_proposals
