"""Entropic Ricci curvature of reversible Markov chains."""

from __future__ import annotations

import operator
import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from geomsci.backends import public, run
from geomsci.backends.arrays import Array
from geomsci.backends.random import generator, standard_normal
from geomsci.entropic.transport_checks import generator_matrix, real_arrays, returned
from geomsci.reference.entropic.markov_chains import MarkovChainCurvature

TOL = 1e-7
"""Length of the steps in log density at which a start is settled."""

LARGEST_CHAIN = 32


@public("entropic.markov_chain_entropic_curvature")
def markov_chain_entropic_curvature(
    Q: Any, *, n_starts: int = 8, max_iter: int = 500, random_state: Any = 0
) -> MarkovChainCurvature:
    r"""Compute the entropic Ricci curvature of a reversible Markov chain.

    The largest kappa for which the entropy relative to the stationary law is
    kappa-convex along the transport of Maas, whose mean is the logarithmic one: the
    minimum over all densities of the smallest ratio of the entropy's Hessian to the
    metric.

    Parameters
    ----------
    Q : array, shape (n, n), 2 <= n <= 32
        Generator: rates >= 0 off the diagonal, rows that sum to zero (``P - I`` for a
        transition matrix P). Irreducible and reversible.
    n_starts : int
        Densities from which the minimum is sought, for more than two states; the
        first is uniform.
    max_iter : int
        Iterations of the search.
    random_state : int or numpy.random.Generator
        Starts and search directions; the default makes the result repeatable.

    Returns
    -------
    result : MarkovChainCurvature
        ``curvature`` (in the unit of the rates), ``density`` (relative to the
        stationary law, where the minimum was found), ``stationary``, ``exact``,
        ``converged``, ``n_agreeing``.

    Raises
    ------
    TypeError, ValueError
        A matrix that is no generator, a chain that is reducible or not reversible, too
        many states.

    Warns
    -----
    ConvergenceWarning
        The search reached ``max_iter``.

    Notes
    -----
    Two states: exact, ``(p + q)/2 + min_b theta(q (1 + b), p (1 - b)) / (1 - b^2)``.
    **More states: a minimisation that is not convex; the result is the smallest local
    minimum found, an upper bound of the curvature** (``exact`` is False), over
    densities between exp(-9) and exp(9) times their geometric mean. Products of chains
    are better computed by `product_chain_curvature`. O(n_starts n^4) an iteration:
    about a tenth of a second for 4 states, seconds for 16, minutes for 32.

    References
    ----------
    Maas, J. Funct. Anal. 261 (2011) 2250, proposition 2.12; Erbar and Maas, Arch.
    Ration. Mech. Anal. 206 (2012) 997, theorem 4.5.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic import markov_chain_entropic_curvature
    >>> result = markov_chain_entropic_curvature(np.array([[-1.0, 1.0], [1.0, -1.0]]))
    >>> print(f"{result.curvature:.6f}", result.exact)
    2.000000 True
    """
    n_starts, max_iter = _count("n_starts", n_starts), _count("max_iter", max_iter)
    xp, dtype, Q = generator_matrix(Q)
    n = Q.shape[0]
    if n > LARGEST_CHAIN:
        raise ValueError(
            f"Q must have at most {LARGEST_CHAIN} states, got {n}: the search is over "
            "all densities; use product_chain_curvature for products of small chains."
        )
    rng = generator(random_state)
    starts = standard_normal(rng, (n_starts, n), like=Q)
    uniform = xp.zeros_like(starts[:1, :])
    starts = xp.concat([uniform, starts[1:, :]], axis=0)
    directions = standard_normal(rng, (max_iter if n > 2 else 1, n, n), like=Q)
    result = run(
        "entropic.markov_chain_entropic_curvature", Q, starts, directions, tol=TOL
    )
    if not result.converged:
        warnings.warn(
            f"The search for the smallest curvature did not settle in {max_iter} "
            "iterations: raise max_iter.",
            ConvergenceWarning,
            stacklevel=3,
        )
    return result._replace(
        curvature=returned(xp, result.curvature, dtype),
        density=returned(xp, result.density, dtype),
        stationary=returned(xp, result.stationary, dtype),
    )


@public("entropic.product_chain_curvature")
def product_chain_curvature(curvatures: Any, weights: Any = None) -> Array:
    """Compute the entropic Ricci curvature of a product of Markov chains.

    ``min_i w_i kappa_i`` for the chain on pairs, triples, ... of states whose i-th
    coordinate moves by the i-th chain at the speed w_i. Exact if the curvatures are.

    Parameters
    ----------
    curvatures : array, shape (n_chains,)
        Entropic curvatures of the chains.
    weights : array, shape (n_chains,), > 0, optional
        Speeds; default 1/n_chains each, where one coordinate moves at a time.

    Returns
    -------
    kappa : array, shape ()
        In the unit of the rates.

    Raises
    ------
    TypeError, ValueError
        NaN, other shapes, speeds that are not positive.

    Notes
    -----
    The walk on the hypercube of n dimensions has 2/n: n chains of two states with the
    rates 1. O(n_chains).

    References
    ----------
    Erbar and Maas, Arch. Ration. Mech. Anal. 206 (2012) 997, theorem 6.2 and
    corollary 6.3.

    Examples
    --------
    >>> from geomsci.entropic import product_chain_curvature
    >>> print(product_chain_curvature([2.0, 2.0, 2.0, 2.0]))
    0.5
    """
    named = {"curvatures": curvatures}
    if weights is not None:
        named["weights"] = weights
    xp, dtype, kappa, *given = real_arrays(**named)
    if kappa.ndim != 1 or kappa.shape[0] == 0:
        raise ValueError(
            "curvatures must have shape (n_chains,) with at least one chain, got "
            f"{tuple(kappa.shape)}."
        )
    w = given[0] if given else xp.full_like(kappa, 1 / kappa.shape[0])
    if w.shape != kappa.shape or not bool(xp.all(w > 0)):
        raise ValueError(
            f"weights must be {kappa.shape[0]} positive speeds, one for each chain, "
            f"got the shape {tuple(w.shape)} and the smallest {float(xp.min(w)):.3g}."
        )
    return returned(xp, run("entropic.product_chain_curvature", kappa, w), dtype)


def _count(name: str, value: Any) -> int:
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be a positive integer, got {value!r}.")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a positive integer, got {value!r}.") from None
    if number < 1:
        raise ValueError(f"{name} must be a positive integer, got {number}.")
    return number
