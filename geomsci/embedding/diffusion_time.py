"""Automatic choice of the diffusion time."""

from __future__ import annotations

from numbers import Real
from typing import Any

from geomsci.backends import public, run
from geomsci.backends.arrays import common_arrays
from geomsci.embedding.heat_kernels import laplacian_matrix, positive_number
from geomsci.reference.embedding.diffusion_time import RULES


@public("embedding.diffusion_time")
def diffusion_time(
    L: Any,
    *,
    rule: str = "entropy",
    theta: float = 0.85,
    t_min: float = 20.0,
    t_max: float = 320.0,
) -> float:
    """Compute the diffusion time at which a heat kernel reaches a given entropy.

    With ``p_ij = H_t,ij / sum_j H_t,ij``, ``e(t) = mean_i (-sum_j p_ij log p_ij) / log
    n``. ``"entropy"`` takes the first t with ``e(t) = theta`` in ``[t_min, t_max]``,
    and the end of that range nearer to it if there is none. ``"knee"`` repeats the
    published rule: the knee of ``-sum_ij H_ij log(H_ij + 1e-10)`` on ten times from
    0.05 to 200.

    Parameters
    ----------
    L : array, shape (n, n)
        Laplacian with n >= 2, as for `heat_kernel`.
    rule : {"entropy", "knee"}
    theta : float in (0, 1)
        Entropy to reach: larger values smooth more.
    t_min, t_max : float, 0 < t_min <= t_max
        The last three are for ``"entropy"`` only.

    Returns
    -------
    t : float

    Raises
    ------
    TypeError, ValueError
        A matrix that is no Laplacian, options out of range.

    Notes
    -----
    e is known at ``t_min`` times powers of two, where squaring gives ``H_t``, and
    linear in ``log t`` between them. O(n^3) with at most ``log2(t_max / t_min)`` more
    products than one kernel. The knee is the same grid point on most data, so it
    selects nothing.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.embedding import diffusion_time
    >>> n = 200
    >>> hops = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    >>> cycle = np.eye(n) - 0.5 * np.isin(hops, [1, n - 1])
    >>> round(diffusion_time(cycle, theta=0.7), 1)
    97.5
    """
    if rule not in RULES:
        raise ValueError(f"rule must be one of {', '.join(RULES)}, got {rule!r}.")
    if isinstance(theta, bool) or not isinstance(theta, Real):
        raise TypeError(f"theta must be a number in (0, 1), got {theta!r}.")
    if not 0 < float(theta) < 1:
        raise ValueError(f"theta must lie in (0, 1), got {theta}.")
    t_min, t_max = positive_number(t_min, "t_min"), positive_number(t_max, "t_max")
    if t_min > t_max:
        raise ValueError(
            f"t_min must not be above t_max, got {t_min} and {t_max}: exchange them."
        )
    _, L = common_arrays(L=L)
    L = laplacian_matrix(L)
    if L.shape[0] < 2:
        raise ValueError(
            "L must have at least two rows to have an entropy, got one: give more "
            "points."
        )
    return run(
        "embedding.diffusion_time",
        L,
        rule=rule,
        theta=float(theta),
        t_min=t_min,
        t_max=t_max,
    )
