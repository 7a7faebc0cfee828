"""Scalar curvature of any exponential family."""

from __future__ import annotations

from typing import Any

from geomsci.backends import public, run
from geomsci.backends.arrays import Array
from geomsci.fisher.checks import metric_and_third, statistics_and_weights


@public("fisher.hessian_scalar_curvature")
def hessian_scalar_curvature(metric: Any, third_cumulant: Any) -> Array:
    r"""Compute the scalar curvature of a Hessian metric.

    .. math:: R = \tfrac14 (T_{abc} T^{abc} - \tau_a \tau^a), \qquad
              \tau_a = g^{bc} T_{abc},

    for :math:`g_{ab} = \partial_a \partial_b \psi` and
    :math:`T_{abc} = \partial_a \partial_b \partial_c \psi`. No fourth derivative is
    needed. The sphere is positive: R of a surface is twice its Gauss curvature.

    Parameters
    ----------
    metric : array, shape (m, m)
        Symmetric positive definite. Of an exponential family: covariances of the
        sufficient statistics.
    third_cumulant : array, shape (m, m, m)
        Symmetric. Of an exponential family: third central moments.

    Returns
    -------
    R : array, 0-d

    Raises
    ------
    TypeError
        Not real numbers, float32, or arrays of two libraries.
    ValueError
        Wrong shapes, NaN, arrays that are not symmetric.
    LinAlgError
        A metric that is not positive definite, or conditioned above 1e12 after its
        diagonal is scaled to one.

    Notes
    -----
    O(m^4) time, O(m^3) memory. Invariant under affine changes of the parameters.

    References
    ----------
    Amari, Information Geometry and Its Applications (2016), chapter 5; M. Zhuravlev,
    Fisher Curvature Scaling at Critical Points, arXiv:2603.07651.

    Examples
    --------
    The univariate normal distribution in its natural parameters, at mean 0 and
    variance 1, is a hyperbolic plane:

    >>> from geomsci import fisher
    >>> g = [[1.0, 0.0], [0.0, 2.0]]
    >>> T = [[[0.0, 2.0], [2.0, 0.0]], [[2.0, 0.0], [0.0, 8.0]]]
    >>> print(f"{fisher.hessian_scalar_curvature(g, T):.4f}")
    -1.0000
    """
    metric, third_cumulant = metric_and_third(metric, third_cumulant)
    return run("fisher.hessian_scalar_curvature", metric, third_cumulant)


@public("fisher.exponential_family_curvature")
def exponential_family_curvature(
    sufficient_statistics: Any, weights: Any = None
) -> Array:
    r"""Compute the scalar curvature of an exponential family from its states.

    The family is :math:`p_\theta(s) \propto p(s) \exp(\theta \cdot \phi(s))`; the
    curvature is that at :math:`\theta = 0`, where the distribution is p.

    Parameters
    ----------
    sufficient_statistics : array, shape (n_states, m)
        ``phi``: one row per state, or per sample.
    weights : array, shape (n_states,), optional
        Probabilities p, up to a common factor: then the result is exact for a family
        on these states. Default: equal, as for samples.

    Returns
    -------
    R : array, 0-d

    Raises
    ------
    TypeError
        Not real numbers, float32, or arrays of two libraries.
    ValueError
        Wrong shapes, NaN, negative weights, weights with sum zero.
    LinAlgError
        Statistics that are constant or linearly dependent.

    Notes
    -----
    O(n_states m^3) time. With samples this is a plug-in estimate: noise in T makes
    ``|T|^2`` too large by about ``m^3 / n_states`` in whitened units; `FisherCurvature`
    removes it for lattice models.

    References
    ----------
    Amari, Information Geometry and Its Applications (2016), chapter 2.

    Examples
    --------
    A categorical distribution with three states is a piece of a sphere of radius 2,
    at any probabilities:

    >>> from geomsci import fisher
    >>> phi = [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    >>> print(f"{fisher.exponential_family_curvature(phi, [0.2, 0.3, 0.5]):.4f}")
    0.5000
    """
    arrays = statistics_and_weights(sufficient_statistics, weights)
    return run("fisher.exponential_family_curvature", *arrays)
