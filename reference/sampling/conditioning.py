"""Designs drawn again until least squares is stable.

A trial draws M designs and keeps the one with the smallest instability, ``1 -
lambda_min(G)`` or ``||G - I||_2``; the first trial whose design has at most delta ends
the search. The law is that of the best of M designs given that it is stable: what is
unbiased before is not after.

References
----------
C. Haberstich, A. Nouy and G. Perrin, "Boosted optimal weighted least-squares", Math.
Comp. 91 (2022) 1477 (the best of M, then conditioning).
"""

from __future__ import annotations

from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace


class Trials(NamedTuple):
    """What became of some trials.

    Attributes
    ----------
    best : array of int64, shape (T,)
        The most stable candidate of every trial.
    values : array, shape (T,)
        Its instability.
    first : int or None
        The first trial that is stable.
    """

    best: Array
    values: Array
    first: int | None


def weighted_rows(values: Array, log_scale: Array, w: Array) -> Array:
    """``sqrt(w_i) phi(x_i)`` with ``phi = values exp(log_scale)``.

    One factor a row: phi may pass the largest number where w is below the smallest.

    Parameters
    ----------
    values : array, shape (..., n, m)
    log_scale, w : arrays, shape (..., n)
    """
    xp = array_namespace(values, w)
    positive = w > 0
    log_w = xp.log(xp.where(positive, w, xp.ones_like(w)))
    factors = xp.where(positive, xp.exp(log_scale + 0.5 * log_w), xp.zeros_like(w))
    return values * factors[..., None]


def trials(instability: Array, delta: float) -> Trials:
    """Most stable candidates, and the first that satisfies the event.

    Parameters
    ----------
    instability : array, shape (T, M)
    delta : float
    """
    xp = array_namespace(instability)
    best = xp.argmin(instability, axis=1)
    values = xp.min(instability, axis=1)
    stable = values <= delta
    first = int(xp.argmax(xp.astype(stable, xp.int8))) if bool(xp.any(stable)) else None
    return Trials(best, values, first)
