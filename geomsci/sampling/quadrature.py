"""Gauss quadrature of the polynomial families, independent of their recurrences."""

from __future__ import annotations

import math

import numpy as np

from geomsci.reference.sampling.polynomials import scaled_univariate, univariate

# Above this degree the weights of the libraries' rules lose digits or underflow.
_LARGEST_TABLED = 100


def gauss_rule(
    family: str, n: int, alpha: float = 0.0, beta: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the n-point Gauss rule of a probability measure.

    Parameters
    ----------
    family : str
    n : int, >= 1
        For ``"fourier"`` the number of equally spaced nodes.
    alpha, beta : float, > -1
        Exponents of the Jacobi weight.

    Returns
    -------
    nodes, weights : ndarrays, shape (n,)
        The weights sum to one.
    """
    from scipy import special

    if family == "fourier":
        return np.arange(n) / n, np.full(n, 1.0 / n)
    if family == "legendre":
        nodes, weights = np.polynomial.legendre.leggauss(n)
    elif family == "chebyshev":
        nodes, weights = special.roots_chebyt(n)
    elif family == "jacobi":
        nodes, weights = special.roots_jacobi(n, alpha, beta)
    elif family == "hermite":
        nodes, weights = special.roots_hermitenorm(n)
    else:
        nodes, weights = special.roots_laguerre(n)
    return nodes, weights / np.sum(weights)


def gauss_gram(
    family: str, degree: int, alpha: float = 0.0, beta: float = 0.0
) -> np.ndarray:
    r"""Matrix :math:`\int p_i p_k d\mu` of the functions 0 .. degree of a family.

    Parameters
    ----------
    family : str
    degree : int, >= 0
    alpha, beta : float, > -1

    Returns
    -------
    gram : ndarray, shape (degree + 1, degree + 1)
        The identity up to rounding.

    Notes
    -----
    A rule of degree + 1 points is exact. Above degree 100 only the nodes come from
    SciPy, and the weights are :math:`1 / \sum_k p_k^2` at the nodes, which is what they
    are if and only if the functions are orthonormal.
    """
    # Equally spaced nodes must outnumber the highest wave of a product.
    n = degree + 2 if family == "fourier" else degree + 1
    if family == "fourier" or degree <= _LARGEST_TABLED:
        nodes, weights = gauss_rule(family, n, alpha, beta)
        rows = univariate(family, degree, nodes, alpha, beta)
        rows = rows * np.sqrt(weights)[:, None]
    else:
        nodes = _nodes(family, n, alpha, beta)
        mantissas, powers = scaled_univariate(family, degree, nodes, alpha, beta)
        rows = mantissas * np.exp2(powers - powers.max(axis=1, keepdims=True))
        rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.T @ rows


def _nodes(family: str, n: int, alpha: float, beta: float) -> np.ndarray:
    """Nodes of many points; SciPy's own overflow on infinite intervals."""
    from scipy.linalg import eigvalsh_tridiagonal

    if family not in ("hermite", "laguerre"):
        return gauss_rule(family, n, alpha, beta)[0]
    k = np.arange(1.0, n)
    if family == "hermite":
        nodes = eigvalsh_tridiagonal(np.zeros(n), np.sqrt(k))
    else:
        nodes = eigvalsh_tridiagonal(2.0 * np.arange(n) + 1.0, k)
    for _ in range(2):  # Newton's steps give small nodes their relative digits
        mantissas, powers = scaled_univariate(family, n, nodes)
        shift = np.minimum(powers[:, -2:] - powers[:, -2:-1], 60.0)
        last, top = (mantissas[:, -2:] * np.exp2(shift)).T
        if family == "hermite":
            nodes = nodes - top / (math.sqrt(n) * last)
        else:
            nodes = nodes - nodes * top / (n * (top - last))
    return nodes
