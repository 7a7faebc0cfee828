"""How many points stable least squares needs, and how stable a design is."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, common_arrays, require_finite
from geomsci.reference.sampling.stability import CRITERIA, KINDS


@public("sampling.gram")
def gram(Phi: Any, sample_weight: Any = None) -> Array:
    """Compute the weighted Gram matrix of a design.

    ``G = (1/n) sum_i w_i phi_i phi_i^T``. With the optimal weight ``m / k_m`` its trace
    is m for every design.

    Parameters
    ----------
    Phi : array, shape (..., n, m), finite
        Basis functions at the points, ``basis.evaluate(points)``.
    sample_weight : array, shape (..., n), optional
        Non-negative weights, ``design.weights``; default ones.

    Returns
    -------
    G : array, shape (..., m, m)

    Raises
    ------
    ValueError
        Wrong shapes, or a weight that is negative or not finite.

    Notes
    -----
    O(n m^2). The weights are not made to sum to n.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.sampling.stability import gram
    >>> gram(np.array([[1.0, 0.0], [1.0, 2.0]]), [1.0, 0.5])
    array([[0.75, 0.5 ],
           [0.5 , 1.  ]])
    """
    if sample_weight is None:
        xp, Phi = common_arrays(Phi=Phi)
        w = xp.ones(Phi.shape[:-1], dtype=Phi.dtype, device=Phi.device)
    else:
        xp, Phi, w = common_arrays(Phi=Phi, sample_weight=sample_weight)
    if Phi.ndim < 2 or tuple(w.shape) != tuple(Phi.shape[:-1]):
        raise ValueError(
            "Phi must have shape (..., n, m) and sample_weight (..., n), got "
            f"{tuple(Phi.shape)} and {tuple(w.shape)}."
        )
    require_finite(xp, Phi=Phi)
    require_weights(xp, w)
    return run("sampling.gram", Phi, w)


@public("sampling.instability")
def instability(G: Any, *, criterion: str = "lambda_min") -> Array:
    """Compute the smallest delta for which a Gram matrix is stable.

    ``1 - lambda_min(G)``, or ``||G - I||_2`` for the stronger spectral criterion.

    Parameters
    ----------
    G : array, shape (..., m, m), symmetric
    criterion : {"lambda_min", "spectral"}

    Returns
    -------
    delta : array, shape (...)
        The design is stable, and its least squares fit at most ``1 / (1 - delta)``
        times worse than its share of the remainder, if this is at most the delta asked.

    Raises
    ------
    ValueError
        Unknown criterion, or a matrix that is not square or not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.sampling.stability import instability
    >>> float(instability(np.diag([0.5, 2.0])))
    0.5
    >>> float(instability(np.diag([0.5, 2.0]), criterion="spectral"))
    1.0
    """
    require_criterion(criterion)
    xp, G = common_arrays(G=G)
    if G.ndim < 2 or G.shape[-1] != G.shape[-2] or G.shape[-1] == 0:
        raise ValueError(f"G must have shape (..., m, m), got {tuple(G.shape)}.")
    require_finite(xp, G=G)
    return run("sampling.instability", G, criterion=criterion)


@public("sampling.required_sample_size")
def required_sample_size(
    m: int,
    delta: float,
    eta: float,
    kind: str = "two-sided",
    *,
    mixture: float | None = None,
) -> int:
    """Compute how many independent optimal points make least squares stable.

    Smallest n for which matrix Chernoff bounds the probability of instability by eta:

    * ``"two-sided"``: ``P(||G - I||_2 > delta) <= 2 m exp(-n d / m)``,
      ``d = (1 + delta) log(1 + delta) - delta``, so ``n = m log(2 m / eta) / d``;
    * ``"one-sided"``: ``P(lambda_min(G) < 1 - delta) <= m exp(-n d / m)``,
      ``d = delta + (1 - delta) log(1 - delta)``, so ``n = m log(m / eta) / d``.

    Least squares needs only the one-sided event.

    ========= ================= =================
    delta     d, two-sided      d, one-sided
    ========= ================= =================
    0.5       0.1082            0.1534
    0.9       0.3195            0.6697
    ========= ================= =================

    Parameters
    ----------
    m : int, >= 1
        Number of basis functions.
    delta : float in (0, 1)
    eta : float in (0, 1)
        Largest probability of instability.
    kind : {"two-sided", "one-sided"}
    mixture : float in (0, 1], optional
        Share a of the optimal measure in ``a nu + (1 - a) mu``; n grows by 1 / a.

    Returns
    -------
    n : int

    Raises
    ------
    TypeError, ValueError
        For a number out of its range.

    Notes
    -----
    The two rates are often mixed up in the literature. They hold for independent points
    of the optimal measure. In measurements (two-sided, delta 0.9, eta 0.05) independent
    points need 2 to 2.6 times less than this, repeated determinantal draws 4 to 8 times
    less.

    References
    ----------
    Tropp, Found. Comput. Math. 12 (2012) 389, theorem 1.1. Cohen and Migliorati, SMAI
    J. Comput. Math. 3 (2017) 181. Haberstich, Nouy and Perrin, Math. Comp. 91 (2022)
    1477.

    Examples
    --------
    >>> from geomsci.sampling.stability import required_sample_size
    >>> required_sample_size(10, delta=0.9, eta=0.01)
    238
    >>> required_sample_size(10, delta=0.9, eta=0.01, kind="one-sided")
    104
    """
    if isinstance(m, bool) or not isinstance(m, Integral):
        raise TypeError(f"m must be an integer of at least 1, got {m!r}.")
    if m < 1:
        raise ValueError(f"m must be an integer of at least 1, got {m}.")
    require_open_unit(delta=delta, eta=eta)
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}.")
    n = run("sampling.required_sample_size", int(m), delta, eta, kind=kind)
    if mixture is None or mixture == 1:
        return n
    require_open_unit(mixture=mixture)
    return math.ceil(n / mixture)


def require_criterion(criterion: Any) -> None:
    """Raise unless the criterion of stability is known."""
    if criterion not in CRITERIA:
        raise ValueError(
            f"criterion must be one of {', '.join(CRITERIA)}, got {criterion!r}."
        )


def require_open_unit(**named: Any) -> None:
    """Raise unless the numbers lie strictly between 0 and 1."""
    for name, value in named.items():
        if not isinstance(value, Real):
            raise TypeError(f"{name} must be a number in (0, 1), got {value!r}.")
        if not 0 < float(value) < 1:
            raise ValueError(f"{name} must lie in (0, 1), got {value}.")


def require_weights(xp: Any, w: Array) -> None:
    """Raise one sentence unless the weights are finite and not negative."""
    require_finite(xp, sample_weight=w)
    if bool(xp.any(w < 0)):
        raise ValueError(
            "sample_weight must not be negative, got weights from "
            f"{float(xp.min(w)):.3g}: a weight is dmu/dnu, and zero leaves a point out."
        )
