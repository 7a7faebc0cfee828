"""Principal axes of points, and how many of them rise above white noise.

Noise of equal variance in all directions leaves the trailing eigenvalues of the
covariance equal, up to their scatter. Axes are dropped only where those that remain
pass as a sample of such noise: data without a white part keep all of them.
"""

from __future__ import annotations

from typing import NamedTuple

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace
from geomsci.backends.neighbors import power_of_two_unit

FEWEST = 7
"""Trailing eigenvalues below which equality says nothing."""

SIGMAS = 1.0
"""Standard deviations of the sphericity statistic that still pass as noise: few, since
an axis kept costs little and an axis lost costs what lay along it."""


class Axes(NamedTuple):
    """Mean of the points, shape (d,), and leading principal axes, shape (d, k)."""

    mean: Array
    axes: Array


def signal_rank(eigenvalues: list[float], n: int) -> int:
    """Number of leading eigenvalues of a covariance that are not white noise.

    The smallest r for which the trailing ``p = d - r`` eigenvalues pass the test of
    sphericity: with ``U`` their variance over their squared mean and ``m = n - 1 - r``,
    ``(m U - p - 1) / 2`` is standard normal for Gaussian noise (Ledoit and Wolf, Ann.
    Statist. 30 (2002) 1081, theorem 3, after John). d if none passes, or if all do.

    Parameters
    ----------
    eigenvalues : list of float, descending, not negative
    n : int
        Number of points.
    """
    d = len(eigenvalues)
    for r in range(d - FEWEST + 1):
        tail = eigenvalues[r:]
        p, m = len(tail), n - 1 - r
        mean = sum(tail) / p
        if mean <= 0.0:
            return r  # the points lie in r dimensions
        U = sum((x / mean - 1) ** 2 for x in tail) / p
        if (m * U - p - 1) / 2 <= SIGMAS:
            return r or d
    return d


def principal_axes(X: Array, n_axes: int | str) -> Axes | None:
    """The leading axes of points: so many, or by `signal_rank`; None for all of them.

    O(n d^2), or O(n^2 d) for more features than points. Signs are fixed.
    """
    n, d = X.shape
    automatic = n_axes == "auto"
    if n < 2 or (d < FEWEST + 1 if automatic else d <= n_axes):
        return None
    xp = array_namespace(X)
    mean = xp.mean(X, axis=0)
    # Squares stay within the range of numbers.
    Z = (X - mean) / power_of_two_unit(X)
    if n > d:
        lam, V = linalg.eigh(xp.matrix_transpose(Z) @ Z / n)
        lam, V = xp.flip(lam), xp.flip(V, axis=1)
    else:
        _, s, Vt = linalg.svd(Z)
        lam, V = s * s / n, xp.matrix_transpose(Vt)
    if automatic:
        if n <= d:
            return None
        found = signal_rank([max(0.0, float(x)) for x in lam], n)
        if found >= d:
            return None
        n_axes = found
    V = V[:, :n_axes]
    top = xp.argmax(xp.abs(V), axis=0)
    signs = xp.sign(xp.take_along_axis(V, top[None, :], axis=0))
    return Axes(mean, V * signs)
