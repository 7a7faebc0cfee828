"""Intrinsic dimension of points from the distances of their neighbours."""

from __future__ import annotations

from geomsci.backends.arrays import Array, array_namespace


def intrinsic_dimension(distances: Array) -> float:
    """Maximum likelihood of the dimension in which neighbours are spread evenly.

    Within the ball of the k-th neighbour, at ``T_k``, the logarithms ``log(T_k / T_j)``
    are exponential with rate m, so ``1 / m`` is their mean, here over all points:
    Levina and Bickel, NIPS 17 (2005), averaged as MacKay and Ghahramani propose, and
    with ``k - 2`` in place of ``k - 1``, which makes it unbiased for a single point.

    Parameters
    ----------
    distances : array, shape (n, k), k >= 3, ascending, positive
        From every point to its k nearest others.
    """
    xp = array_namespace(distances)
    n, k = distances.shape
    logs = xp.log(distances[:, k - 1 : k]) - xp.log(distances[:, : k - 1])
    total = float(xp.sum(logs))
    return n * (k - 2) / total if total > 0 else 1.0
