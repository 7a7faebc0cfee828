"""Which settings of a grid to keep, from their cross-validated scores.

A setting is an (order, lag) pair. Its mean score over K folds has the standard error
sd / sqrt(K); settings whose mean lies within one standard error of the best are not
distinguishable from it. The rules work on Python numbers: a grid is small.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

RULES = ("best", "one_se", "average")

Setting = tuple[int, int]


def standard_error(scores: Sequence[float]) -> float:
    """Standard error of the mean, sd / sqrt(K) with divisor K - 1; 0 for one fold."""
    K = len(scores)
    if K < 2:
        return 0.0
    mean = math.fsum(scores) / K
    variance = math.fsum((s - mean) ** 2 for s in scores) / (K - 1)
    return math.sqrt(variance / K)


def select(
    rule: str,
    settings: Sequence[Setting],
    means: Sequence[float],
    errors: Sequence[float],
) -> list[int]:
    """Indices of the settings that the rule keeps, the leading one first.

    Parameters
    ----------
    rule : {"best", "one_se", "average"}
        ``best``: the highest mean. ``one_se``: of the settings within one standard
        error of the best, the smallest order, then the highest mean. ``average``:
        all settings within one standard error of the best, the best first.
    settings : sequence of (order, lag)
    means, errors : sequences of float
        Mean score of every setting and its standard error.

    Returns
    -------
    kept : list of int

    Notes
    -----
    Equal means are resolved towards the smaller order, then the smaller lag. The
    standard error is that of the best setting (Breiman et al. 1984, section 3.4.3).
    """
    everything = range(len(settings))
    best = min(everything, key=lambda i: (-means[i], settings[i]))
    if rule == "best":
        return [best]
    floor = means[best] - errors[best]
    near = [i for i in everything if means[i] >= floor]
    if rule == "one_se":
        return [min(near, key=lambda i: (settings[i][0], -means[i], settings[i][1]))]
    return sorted(near, key=lambda i: (-means[i], settings[i]))
