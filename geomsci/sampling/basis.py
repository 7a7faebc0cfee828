"""Orthonormal polynomial bases of product measures."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, from_host
from geomsci.reference.sampling.index_sets import missing_neighbour
from geomsci.sampling.checks import (
    family_names,
    index_set,
    jacobi_exponents,
    points_inside,
)
from geomsci.sampling.quadrature import gauss_gram


class PolynomialBasis:
    r"""Orthonormal polynomials of independent coordinates.

    .. math:: \phi_i(x) = \prod_{j=1}^d p^{(j)}_{i_j}(x_j), \qquad
              \int \phi_i \phi_k \, d\mu = \delta_{ik},

    where :math:`\mu` is the product of the families' probability measures.

    ============= ======================================== ====================
    family        probability measure                      degree 1
    ============= ======================================== ====================
    "legendre"    uniform on [-1, 1]                       sqrt(3) x
    "hermite"     standard normal                          x
    "chebyshev"   arcsine on [-1, 1]                       sqrt(2) x
    "fourier"     uniform on [0, 1]                        sqrt(2) cos(2 pi x)
    "jacobi"      (1 - x)^alpha (1 + x)^beta on [-1, 1]    positive slope
    "laguerre"    standard exponential                     1 - x
    ============= ======================================== ====================

    Parameters
    ----------
    family : str or sequence of d str
        One family for all coordinates, or one for each.
    indices : array of int, shape (m, d) or (m,)
        Degrees of every function in every coordinate, distinct rows;
        `total_degree`, `hyperbolic_cross` and `tensor_product` make them. For the
        family ``"fourier"`` the index counts 1, cos 2 pi x, sin 2 pi x, cos 4 pi x, ...
    alpha, beta : float or sequence of d float, > -1, default 0
        Exponents of the Jacobi weight.

    Attributes
    ----------
    families : tuple of d str
    indices : ndarray of int64, shape (m, d), read-only
    alpha, beta : tuples of d float
        Zero where the family is not ``"jacobi"``.
    size : int
        Number m of functions.
    n_features_in : int
        Number d of coordinates.

    Raises
    ------
    TypeError, ValueError
        An unknown family, indices that are not distinct rows of integers >= 0, or an
        exponent out of range.

    Warns
    -----
    UserWarning
        If the set is not downward closed: it is a valid basis, but the space then
        changes when a coordinate is shifted. The first gap is named.

    Notes
    -----
    Points may lie outside a domain by a few roundings and are moved onto its end. Far
    outside the bulk of a normal or exponential measure the kernel passes the largest
    number (Hermite from m of about 355 on): `log_christoffel` and `scaled_evaluate`
    stay finite there.

    References
    ----------
    Gautschi, Orthogonal Polynomials: Computation and Approximation (2004), section 1.3.

    Examples
    --------
    >>> from geomsci.sampling import PolynomialBasis, total_degree
    >>> basis = PolynomialBasis("legendre", indices=total_degree(2, 1))
    >>> basis.evaluate([[1.0, 0.5]]).round(4).tolist()
    [[1.0, 1.7321, 0.866]]
    >>> basis.christoffel([[1.0, 0.5]]).round(4).tolist()
    [4.75]
    """

    def __init__(
        self,
        family: str | Sequence[str],
        indices: Any,
        alpha: float | Sequence[float] = 0.0,
        beta: float | Sequence[float] = 0.0,
    ) -> None:
        self._indices = index_set(indices)
        self._families = family_names(family, self._indices.shape[1])
        self._alpha = jacobi_exponents("alpha", alpha, self._families)
        self._beta = jacobi_exponents("beta", beta, self._families)
        gap = missing_neighbour(self._indices.tolist())
        if gap is not None:
            warnings.warn(
                f"indices are not downward closed: {gap[0]} is in the set and {gap[1]} "
                "is not; add it unless the gap is meant.",
                stacklevel=2,
            )

    @property
    def families(self) -> tuple[str, ...]:
        """Family of every coordinate."""
        return self._families

    @property
    def indices(self) -> np.ndarray:
        """Degrees of every function in every coordinate, shape (m, d)."""
        return self._indices

    @property
    def alpha(self) -> tuple[float, ...]:
        """First Jacobi exponent of every coordinate."""
        return self._alpha

    @property
    def beta(self) -> tuple[float, ...]:
        """Second Jacobi exponent of every coordinate."""
        return self._beta

    @property
    def size(self) -> int:
        """Number m of functions."""
        return int(self._indices.shape[0])

    @property
    def n_features_in(self) -> int:
        """Number d of coordinates."""
        return int(self._indices.shape[1])

    @public("sampling.PolynomialBasis.evaluate")
    def evaluate(self, X: Any) -> Array:
        """Evaluate all functions at the points.

        Parameters
        ----------
        X : array, shape (n, d)
            Points of the domain.

        Returns
        -------
        Phi : array, shape (n, m)

        Raises
        ------
        ValueError
            A wrong shape, NaN, or a point outside the domain, which is named.
        """
        X = points_inside(X, self._families)
        return run("sampling.PolynomialBasis.evaluate", X, **self._definition(X))

    @public("sampling.PolynomialBasis.scaled_evaluate")
    def scaled_evaluate(self, X: Any) -> tuple[Array, Array]:
        """Evaluate with one factor taken out of every row, so nothing overflows.

        Parameters
        ----------
        X : array, shape (n, d)
            Points of the domain.

        Returns
        -------
        values : array, shape (n, m)
        log_scale : array, shape (n,)
            ``evaluate(X)`` is ``values * exp(log_scale)``, row by row.

        Raises
        ------
        ValueError
            As `evaluate`.
        """
        X = points_inside(X, self._families)
        return run("sampling.PolynomialBasis.scaled_evaluate", X, **self._definition(X))

    @public("sampling.PolynomialBasis.christoffel")
    def christoffel(self, X: Any) -> Array:
        r"""Compute :math:`k_m(x) = \sum_i \phi_i(x)^2` at the points.

        Parameters
        ----------
        X : array, shape (n, d)
            Points of the domain.

        Returns
        -------
        k : array, shape (n,)
            Its mean under the measure is m. Infinite where it passes the largest
            number, never NaN; see `log_christoffel`.

        Raises
        ------
        ValueError
            As `evaluate`.
        """
        X = points_inside(X, self._families)
        return run("sampling.PolynomialBasis.christoffel", X, **self._definition(X))

    @public("sampling.PolynomialBasis.log_christoffel")
    def log_christoffel(self, X: Any) -> Array:
        r"""Compute :math:`\log k_m(x)`, finite wherever a function is not zero.

        Parameters
        ----------
        X : array, shape (n, d)
            Points of the domain.

        Returns
        -------
        log_k : array, shape (n,)
            The optimal weight is ``exp(log(m) - log_k)``.

        Raises
        ------
        ValueError
            As `evaluate`.
        """
        X = points_inside(X, self._families)
        return run("sampling.PolynomialBasis.log_christoffel", X, **self._definition(X))

    def orthonormality_error(self) -> float:
        r"""Compute the spectral norm of :math:`\int \phi \phi^T d\mu - I`.

        Returns
        -------
        error : float
            From Gauss quadrature of every coordinate, exact for the products. The rules
            come from NumPy and SciPy, not from the recurrences of the basis.

        Notes
        -----
        O(m^3) for the norm.
        """
        gram = np.ones((self.size, self.size))
        for j, family in enumerate(self._families):
            column = self._indices[:, j]
            one = gauss_gram(family, int(column.max()), self._alpha[j], self._beta[j])
            gram *= one[np.ix_(column, column)]
        return float(np.linalg.norm(gram - np.eye(self.size), ord=2))

    def _definition(self, X: Array) -> dict[str, Any]:
        """Keywords of the functions of `geomsci.reference.sampling.multivariate`."""
        return {
            "families": self._families,
            # A copy, because torch warns when it shares read-only memory.
            "indices": from_host(self._indices.copy(), X),
            "alpha": self._alpha,
            "beta": self._beta,
        }

    def _key(self) -> tuple[Any, ...]:
        degrees = (self._indices.shape, self._indices.tobytes())
        return self._families, *degrees, self._alpha, self._beta

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PolynomialBasis):
            return NotImplemented
        return self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._indices.flags.writeable = False

    def __repr__(self) -> str:
        names = self._families
        family = repr(names[0]) if len(set(names)) == 1 else repr(names)
        exponents = (
            f", alpha={self._alpha}, beta={self._beta}" if "jacobi" in names else ""
        )
        return (
            f"PolynomialBasis({family}, size={self.size}, "
            f"n_features_in={self.n_features_in}{exponents})"
        )
