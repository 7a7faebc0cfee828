r"""Volume sampling of subsets without replacement.

Of N rows of a matrix X of rank m, the subset S of n >= m rows has the probability

    P(S) = det(X_S^T X_S) / (binom(N - m, n - m) det(X^T X)) .

With the thin factor Q of X the formula of Cauchy and Binet says

    det(Q_S^T Q_S) = sum over T in S, |T| = m, of det(Q_T)^2 ,

and ``det(Q_T)^2`` are the probabilities of the projection DPP of the columns of Q. So S
is that DPP together with n - m of the other rows, chosen uniformly without replacement:
O(m^3 + n) a draw, where the classical deletion of rows one after the other costs
O(N m^2). It follows at once that, with the leverages ``l_i = |Q_i|^2``,

    P(i in S) = l_i + (1 - l_i) (n - m) / (N - m)
              = 1 - (1 - l_i) (N - n) / (N - m) .

References
----------
M. Derezinski and M. K. Warmuth, "Reverse iterative volume sampling for linear
regression", J. Mach. Learn. Res. 19 (2018), equations 1 and 3.
"""

from __future__ import annotations

from geomsci.backends.arrays import Array, array_namespace, device


def others(taken: Array, ranks: Array) -> Array:
    """The rows whose ranks among the rows not taken are ``ranks``.

    The t-th of the rows taken, in ascending order, has ``taken_t - t`` free rows before
    it; it stands before the free row of rank j if that is at most j.

    Parameters
    ----------
    taken : array of int64, shape (m,)
        Distinct.
    ranks : array of int64, shape (k,)

    Returns
    -------
    indices : array of int64, shape (k,)
    """
    xp = array_namespace(taken, ranks)
    places = xp.arange(taken.shape[0], dtype=xp.int64, device=device(taken))
    free_before = xp.sort(taken) - places
    passed = xp.searchsorted(free_before, ranks, side="right")
    return ranks + xp.astype(passed, xp.int64)


def inclusion_probabilities(leverage: Array, n: int, *, m: int, N: int) -> Array:
    """``P(i in S)`` of subsets of n of N rows of rank m, from the leverages."""
    left_out = (N - n) / (N - m) if n < N else 0.0
    return 1.0 - (1.0 - leverage) * left_out
