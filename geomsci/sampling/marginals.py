"""From the marginals of a model's inputs to the variables of a polynomial basis."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from geomsci.backends.arrays import (
    Array,
    common_arrays,
    from_host,
    library,
    require_finite,
)
from geomsci.reference.sampling import marginals as maps
from geomsci.reference.sampling.marginals import StandardVariable, standard_variable
from geomsci.reference.sampling.polynomials import DOMAINS
from geomsci.sampling.basis import PolynomialBasis
from geomsci.sampling.checks import clipped, inside_interval


class MarginalTransform:
    r"""Map independent inputs to the standard variables of polynomial families.

    A simulator takes physical inputs x; a `PolynomialBasis` lives on standard
    variables z. Each marginal of x becomes the variable whose orthonormal polynomials
    are known:

    ==================== ============================ =========================
    frozen distribution  family                       map
    ==================== ============================ =========================
    uniform              legendre                     affine
    norm                 hermite                      affine
    lognorm              hermite                      affine in the logarithm
    expon                laguerre                     affine
    beta(a, b)           jacobi (alpha = b - 1,       affine
                         beta = a - 1)
    arcsine              chebyshev                    affine
    any other continuous legendre                     z = 2 F(x) - 1
    ==================== ============================ =========================

    The last line is the isoprobabilistic transformation to a uniform variable, F being
    the distribution function: always valid, at the price that a smooth function of x is
    less smooth in z where F is steep or flat.

    Parameters
    ----------
    marginals : sequence of d frozen distributions of `scipy.stats`
        Continuous, with numbers as parameters. Also the distribution objects of
        SciPy's newer interface (``scipy.stats.Normal``, ``scipy.stats.Uniform``, and
        by the last line any other).

    Attributes
    ----------
    marginals : tuple of d distributions
    families : tuple of d str
    alpha, beta : tuples of d float
        Exponents for `PolynomialBasis`; zero where the family is not ``"jacobi"``.
    n_features_in : int
        Number d of inputs.

    Raises
    ------
    TypeError
        Something that is not a frozen continuous distribution.
    ValueError
        No marginal, or parameters that are arrays or out of range.

    Notes
    -----
    Inputs must be independent. The affine maps run on every array library; the
    isoprobabilistic map needs SciPy and so NumPy arrays.

    References
    ----------
    Xiu and Karniadakis, SIAM J. Sci. Comput. 24 (2002) 619, table 4.1.

    Examples
    --------
    >>> from scipy import stats
    >>> from geomsci.sampling import MarginalTransform, total_degree
    >>> inputs = MarginalTransform([stats.uniform(100, 50), stats.norm(3, 0.5)])
    >>> inputs.families
    ('legendre', 'hermite')
    >>> inputs.from_standard([[-1.0, 2.0]]).tolist()
    [[100.0, 4.0]]
    >>> inputs.basis(total_degree(2, 3))
    PolynomialBasis(('legendre', 'hermite'), size=10, n_features_in=2)
    """

    def __init__(self, marginals: Sequence[Any]) -> None:
        self._marginals = tuple(marginals)
        if not self._marginals:
            raise ValueError("marginals must hold one distribution an input, got none.")
        self._variables = tuple(
            _variable(j, marginal) for j, marginal in enumerate(self._marginals)
        )

    @property
    def marginals(self) -> tuple[Any, ...]:
        """Distribution of every input."""
        return self._marginals

    @property
    def families(self) -> tuple[str, ...]:
        """Polynomial family of every input."""
        return tuple(v.family if v else "legendre" for v in self._variables)

    @property
    def alpha(self) -> tuple[float, ...]:
        """First Jacobi exponent of every input."""
        return tuple(v.alpha if v else 0.0 for v in self._variables)

    @property
    def beta(self) -> tuple[float, ...]:
        """Second Jacobi exponent of every input."""
        return tuple(v.beta if v else 0.0 for v in self._variables)

    @property
    def n_features_in(self) -> int:
        """Number d of inputs."""
        return len(self._marginals)

    def basis(self, indices: Any) -> PolynomialBasis:
        """Build the polynomial basis of the standard variables.

        Parameters
        ----------
        indices : array of int, shape (m, d)

        Returns
        -------
        PolynomialBasis
        """
        return PolynomialBasis(self.families, indices, self.alpha, self.beta)

    def to_standard(self, X: Any) -> Array:
        """Map physical inputs to standard variables.

        Parameters
        ----------
        X : array, shape (..., d)
            In the supports of the marginals.

        Returns
        -------
        Z : array, shape (..., d)

        Raises
        ------
        ValueError
            A wrong shape, NaN, or a point outside a support, which is named.
        NotImplementedError
            An isoprobabilistic map of an array that is not NumPy's.
        """
        return self._mapped("X", X, _inward)

    def from_standard(self, Z: Any) -> Array:
        """Map standard variables to physical inputs; inverts `to_standard`.

        Parameters
        ----------
        Z : array, shape (..., d)
            In the domains of the families, such as the points of a design.

        Returns
        -------
        X : array, shape (..., d)

        Raises
        ------
        ValueError
            A wrong shape, NaN, or a point outside a domain, which is named.
        NotImplementedError
            An isoprobabilistic map of an array that is not NumPy's.
        """
        return self._mapped("Z", Z, _outward)

    def _mapped(
        self,
        name: str,
        values: Any,
        one: Callable[[str, Array, int, Any, StandardVariable | None], Array],
    ) -> Array:
        """Every column through its own map."""
        xp, values = common_arrays(**{name: values})
        d = self.n_features_in
        if values.ndim < 1 or values.shape[-1] != d:
            raise ValueError(
                f"{name} must have shape (..., {d}), one column for each marginal, got "
                f"{tuple(values.shape)}."
            )
        require_finite(xp, **{name: values})
        columns = [
            one(name, values[..., j], j, marginal, variable)
            for j, (marginal, variable) in enumerate(
                zip(self._marginals, self._variables)
            )
        ]
        return xp.stack(columns, axis=-1)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MarginalTransform):
            return NotImplemented
        return [_key(m) for m in self._marginals] == [_key(m) for m in other._marginals]

    def __hash__(self) -> int:
        return hash(self.families)

    def __repr__(self) -> str:
        return f"MarginalTransform(families={self.families})"


def _variable(j: int, marginal: Any) -> StandardVariable | None:
    """Standard variable of one marginal; None for the isoprobabilistic map."""
    if hasattr(marginal, "icdf") and hasattr(marginal, "iccdf"):
        return _variable_of_new(marginal)
    dist = getattr(marginal, "dist", None)
    if dist is None or not hasattr(marginal, "ppf") or not hasattr(dist, "pdf"):
        raise TypeError(
            "marginals must be frozen continuous distributions of scipy.stats, got "
            f"{type(marginal).__name__} at index {j}: write for example "
            "scipy.stats.norm(0, 1)."
        )
    shapes, loc, scale = dist._parse_args(*marginal.args, **marginal.kwds)
    parameters = [*shapes, loc, scale]
    if any(np.ndim(value) != 0 for value in parameters):
        raise ValueError(
            f"marginals must have numbers as parameters, got arrays at index {j}: give "
            "one distribution for each input."
        )
    numbers = [float(value) for value in parameters]
    if not all(map(math.isfinite, numbers)) or not numbers[-1] > 0:
        raise ValueError(
            f"marginals must have finite parameters and a positive scale, got "
            f"{dist.name}{tuple(numbers)} at index {j}."
        )
    low, high = marginal.support()
    if not low < high:
        raise ValueError(
            f"marginals must have shape parameters in range, got {dist.name}"
            f"{tuple(numbers)} at index {j}."
        )
    return standard_variable(dist.name, numbers[:-2], *numbers[-2:])


def _variable_of_new(marginal: Any) -> StandardVariable | None:
    """The same for an object of SciPy's newer interface."""
    name = type(marginal).__name__
    if "Normal" in name and hasattr(marginal, "mu"):
        return standard_variable("norm", (), float(marginal.mu), float(marginal.sigma))
    if name == "Uniform":
        low, high = (float(end) for end in marginal.support())
        return standard_variable("uniform", (), low, high - low)
    return None


def _inward(
    name: str, x: Array, j: int, marginal: Any, variable: StandardVariable | None
) -> Array:
    """Standard variable of column j."""
    low, high = (float(end) for end in marginal.support())
    x = inside_interval(name, x, j, low, high, "the support of its marginal")
    if variable is not None:
        z = maps.to_standard(x, variable)
        return clipped(z, *DOMAINS[variable.family])
    values = _on_host(x, j)
    # Each tail from its own end, so that no digit is lost in 1 - F.
    below, above = _probabilities(marginal, values)
    return from_host(np.where(below < above, 2.0 * below - 1.0, 1.0 - 2.0 * above), x)


def _outward(
    name: str, z: Array, j: int, marginal: Any, variable: StandardVariable | None
) -> Array:
    """Physical values of column j."""
    family = variable.family if variable else "legendre"
    z = inside_interval(name, z, j, *DOMAINS[family], f"the domain of {family}")
    if variable is not None:
        low, high = (float(end) for end in marginal.support())
        return clipped(maps.from_standard(z, variable), low, high)
    values = _on_host(z, j)
    tail = 0.5 * (1.0 - np.abs(values))
    lower, upper = _quantiles(marginal, tail)
    return from_host(np.where(values < 0, lower, upper), z)


def _on_host(x: Array, j: int) -> np.ndarray:
    """The column itself if NumPy's; SciPy reads no other library."""
    if library(x) != "numpy":
        raise NotImplementedError(
            f"The isoprobabilistic map of marginal {j} runs on NumPy arrays only, got "
            f"{library(x)}: convert the points to NumPy first."
        )
    return x.astype(np.float64, copy=False)


def _probabilities(marginal: Any, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities below and above ``x``."""
    if hasattr(marginal, "icdf"):
        return marginal.cdf(x), marginal.ccdf(x)
    return marginal.cdf(x), marginal.sf(x)


def _quantiles(marginal: Any, tail: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values with the probability ``tail`` below and above them."""
    if hasattr(marginal, "icdf"):
        return marginal.icdf(tail), marginal.iccdf(tail)
    return marginal.ppf(tail), marginal.isf(tail)


def _key(marginal: Any) -> Any:
    """What makes two frozen distributions equal."""
    if not hasattr(marginal, "dist"):
        return repr(marginal)
    parsed = marginal.dist._parse_args(*marginal.args, **marginal.kwds)
    return marginal.dist.name, parsed
