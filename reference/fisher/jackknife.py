"""Delete-one jackknife over replicas for the bias, over blocks for the error.

A statistic ``F`` of pooled samples has the bias ``b / N + O(1/N^2)``. With ``F_(-r)``
the statistic without replica ``r`` of ``R``,

    bias = (R - 1) (mean_r F_(-r) - F),    estimate = F - bias.

For a quadratic form of averages, ``F = <t, t>`` with ``t = mean_r t_r``, the estimate
is exactly the average of products of different replicas, ``sum_{r != s} <t_r, t_s> /
(R (R - 1))``: independent replicas have independent noise, so it has no noise bias at
any autocorrelation time. The error comes from a finer cut into ``B`` blocks,

    error^2 = (B - 1) / B sum_j (F_(-j) - mean F_(-j))^2,

which needs blocks long against the autocorrelation time, and has B - 1 degrees of
freedom. A control is a statistic whose limit is zero: what of ``F_(-j)`` is linear in
the controls is noise, and is taken out (one degree of freedom each).
"""

from __future__ import annotations

from typing import NamedTuple

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace, device

BLOCKS_FOR_CONTROLS = 20
"""With fewer blocks the slopes on the controls are too uncertain to help."""


class Estimate(NamedTuple):
    """A statistic without its bias, the bias, the standard error and its freedom."""

    value: Array
    bias: Array
    standard_error: Array
    degrees_of_freedom: int


def left_out(n_replicas: int, n_blocks: int, *, like: Array) -> Array:
    """Which blocks are pooled: all, without each replica, without each block.

    Returns
    -------
    members : array, shape (1 + R + R b, R b), float64, zeros and ones
        For ``R`` replicas of ``b`` blocks each; the last ``R b`` rows are missing if
        ``b`` is 1, where they would repeat the others.
    """
    xp = array_namespace(like)
    m = n_replicas * n_blocks
    block = xp.arange(m, dtype=xp.int64, device=device(like))
    replica = xp.arange(n_replicas, dtype=xp.int64, device=device(like))
    rows = [
        xp.ones((1, m), dtype=xp.bool, device=device(like)),
        replica[:, None] != block[None, :] // n_blocks,
    ]
    if n_blocks > 1:
        rows.append(block[:, None] != block[None, :])
    return xp.astype(xp.concat(rows, axis=0), xp.float64)


def pooled(sums: Array, members: Array) -> Array:
    """Sums of ``s`` sets of blocks: ``sums`` (m, ...), ``members`` (s, m)."""
    xp = array_namespace(sums)
    flat = xp.reshape(sums, (sums.shape[0], -1))
    members = xp.astype(members, sums.dtype)
    return xp.reshape(members @ flat, (members.shape[0], *sums.shape[1:]))


def without_bias(values: Array, n_replicas: int) -> tuple[Array, Array]:
    """The statistic less its bias, and the bias, of ``values`` (s, ...)."""
    xp = array_namespace(values)
    full, replicas = values[0, ...], values[1 : 1 + n_replicas, ...]
    bias = (n_replicas - 1) * (xp.mean(replicas, axis=0) - full)
    return full - bias, bias


def jackknife(
    values: Array, n_replicas: int, controls: Array | None = None
) -> Estimate:
    """Jackknife of ``p`` statistics whose ``values`` (s, p) follow `left_out`.

    Parameters
    ----------
    values : array, shape (s, p)
    n_replicas : int
    controls : array, shape (s, c), optional
        Statistics with the limit zero. Left aside with fewer than 20 blocks.

    Returns
    -------
    estimate : Estimate
        Arrays of shape (p,).
    """
    xp = array_namespace(values)
    value, bias = without_bias(values, n_replicas)
    spread = _deviations(values, n_replicas)
    m, lost = spread.shape[0], 1
    if controls is not None and m >= BLOCKS_FOR_CONTROLS:
        zero, zero_bias = without_bias(controls, n_replicas)
        noise = _deviations(controls, n_replicas)
        slopes = linalg.lstsq(noise, spread)  # (c, p)
        spread = spread - noise @ slopes
        value, bias = value - zero @ slopes, bias - zero_bias @ slopes
        lost = 1 + controls.shape[1]
    scale = (m - 1) ** 2 / (m * (m - lost))
    error = xp.sqrt(scale * xp.sum(spread * spread, axis=0))
    return Estimate(value, bias, error, m - lost)


def _deviations(values: Array, n_replicas: int) -> Array:
    """Leave-one-block-out values less their mean, shape (m, ...)."""
    xp = array_namespace(values)
    blocks = values[1 + n_replicas :, ...]
    if blocks.shape[0] == 0:
        blocks = values[1:, ...]
    return blocks - xp.mean(blocks, axis=0, keepdims=True)
