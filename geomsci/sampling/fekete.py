"""`FeketeDesign`: points that span a large volume, chosen greedily."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, array_namespace, device, to_host
from geomsci.backends.dispatch import placed
from geomsci.backends.random import generator
from geomsci.sampling.basis import PolynomialBasis
from geomsci.sampling.checks import whole_number
from geomsci.sampling.design import (
    Design,
    as_count,
    first_of,
    number_of_draws,
    require_basis,
)
from geomsci.sampling.features import FeatureBasis


class FeketeDesign:
    r"""Choose n >= m of many candidates so that they span a large volume.

    Of the rows :math:`a_i = \sqrt{w_i}\, \phi(x_i)`, which all have the length
    :math:`\sqrt m`, the next point is the one furthest from the span of those taken (QR
    with column pivoting). The m points are then exchanged one by one while the
    determinant of their rows grows, and further points are those that make the
    determinant of :math:`S = \sum_i a_i a_i^T` grow most.

    Parameters
    ----------
    basis : PolynomialBasis or FeatureBasis
    n_candidates : int, >= 1
        Points drawn for a polynomial basis, half of them from its measure and half from
        the optimal one; at least 2 n are taken. A feature basis brings its own
        candidates.
    exchange : bool
        False: the pivots of the QR alone, without exchanges.

    Notes
    -----
    The best designs known here at n = m, and up to 1.2 m in several dimensions. They
    are without the guarantees of a random design: the points do not have the density
    that their weights refer to. Squared error over the best possible one, mean over 60
    designs (``geomsci validate --suite sampling`` repeats it with fewer):

    =========================== ===== ======= =======
    function                    n = m 1.2 m   1.5 m
    =========================== ===== ======= =======
    Ishigami, m = 56            2.32  1.77    1.47
    2-D, total degree 8, m = 45 2.11  1.82    1.55
    borehole, m = 45            2.74  2.08    1.68
    Runge, 1-D, m = 11          2.03  1.80    1.54
    bump, Hermite, 1-D, m = 11  2.12  1.51    1.39
    =========================== ===== ======= =======

    In one dimension a reduced pool is better from 1.2 m on (1.29 and 1.23).

    O(N m^2) time and O(N m) memory for N candidates, O(N m) a point beyond m. With a
    feature basis the design does not depend on ``rng``.

    References
    ----------
    Bos, De Marchi, Sommariva and Vianello, SIAM J. Numer. Anal. 48 (2010) 1984. Guo,
    Narayan, Yan and Zhou, SIAM J. Sci. Comput. 40 (2018) A366 (weighted rows).

    Examples
    --------
    >>> from geomsci.sampling import PolynomialBasis
    >>> from geomsci.sampling.fekete import FeketeDesign
    >>> basis = PolynomialBasis("legendre", indices=[0, 1, 2])
    >>> design = FeketeDesign(basis).sample(rng=0)
    >>> sorted(design.points[:, 0].round(1).tolist())
    [-0.9, -0.2, 0.7]
    """

    def __init__(
        self, basis: Any, n_candidates: int = 20_000, exchange: bool = True
    ) -> None:
        self.basis = require_basis(basis)
        self.n_candidates = whole_number("n_candidates", n_candidates, at_least=1)
        self.exchange = exchange

    def __repr__(self) -> str:
        return (
            f"FeketeDesign({self.basis!r}, n_candidates={self.n_candidates}, "
            f"exchange={self.exchange})"
        )

    @public("sampling.FeketeDesign.sample")
    def sample(
        self, n: int | None = None, *, size: int | None = None, rng: Any = None
    ) -> Design:
        """Choose the points, in the order in which they are taken.

        Parameters
        ----------
        n : int, >= m, optional
            None: m. A design of fewer points is the beginning of one of more.
        size : int, optional
            R designs with a leading axis R, each from its own candidates.
        rng : int, Generator or None
            As `numpy.random.default_rng` takes it; draws the candidates.

        Returns
        -------
        Design
            The weights are the optimal ones, m / k_m. ``n_proposals`` is the number of
            candidates.

        Raises
        ------
        ValueError
            If n is less than m, or more than the candidates of positive weight.
        LinAlgError
            If the candidates span less than m dimensions.
        """
        m = self.basis.size
        n = m if n is None else whole_number("n", n, at_least=m)
        basis, rng = self.basis, generator(rng)
        count = number_of_draws(size)
        if isinstance(basis, FeatureBasis):
            parts = [self._among_candidates(basis, n)] * count
            n_candidates = int(basis.measure.shape[0])
        else:
            n_candidates = max(self.n_candidates, 2 * n)
            parts = [
                self._among_points(basis, n, candidate_points(basis, n_candidates, rng))
                for _ in range(count)
            ]
        xp = array_namespace(parts[0][0])
        points, weights, indices = (
            None if part[0] is None else first_of(xp.stack(part), size)
            for part in zip(*parts)
        )
        place = device(parts[0][0])
        proposals = xp.full(count, n_candidates, dtype=xp.int64, device=place)
        return Design(points, indices, weights, as_count(proposals, size))

    def _among_points(
        self, basis: PolynomialBasis, n: int, candidates: np.ndarray
    ) -> tuple[Array, Array, None]:
        """Points and weights of one design."""
        points = placed(candidates)
        xp = array_namespace(points)
        values, log_scale = basis.scaled_evaluate(points)
        lengths, A = _directions(values)
        chosen = self._chosen(A, n)
        log_k = 2 * (xp.log(xp.take(lengths, chosen)) + xp.take(log_scale, chosen))
        weights = xp.exp(math.log(basis.size) - log_k)
        return xp.take(points, chosen, axis=0), weights, None

    def _among_candidates(
        self, basis: FeatureBasis, n: int
    ) -> tuple[Array, Array, Array]:
        """Points, weights and indices of one design."""
        rows = placed(basis.rows)
        xp = array_namespace(rows)
        lengths, A = _directions(xp.astype(rows, xp.float64, copy=False))
        possible = (placed(basis.measure) > 0) & (lengths > 0)
        available = int(xp.count_nonzero(possible))
        if n > available:
            raise ValueError(
                f"n must be at most {available}, the candidates that are not zero and "
                f"have a positive weight, got {n}."
            )
        chosen = self._chosen(A * xp.astype(possible, A.dtype)[:, None], n)
        points = xp.take(placed(basis.candidates), chosen, axis=0)
        return points, basis.size / xp.take(lengths, chosen) ** 2, chosen

    def _chosen(self, A: Array, n: int) -> Array:
        """Rows of the design among the weighted rows of all candidates."""
        rows = run("sampling.fekete_rows", A)
        if self.exchange:
            rows = run("sampling.exchanged_rows", A, rows)
        return run("sampling.further_rows", A, rows, n) if n > A.shape[1] else rows


def _directions(rows: Array) -> tuple[Array, Array]:
    """Lengths of the rows, and the rows made as long as ``sqrt(m)``.

    This is ``sqrt(m / k_m) phi`` without the Christoffel function, which overflows
    where phi is large. Rows of zeros stay zero: they are never chosen.
    """
    xp = array_namespace(rows)
    lengths = xp.linalg.vector_norm(rows, axis=1)
    nonzero = xp.where(lengths > 0, lengths, xp.ones_like(lengths))
    return lengths, rows / nonzero[:, None] * math.sqrt(rows.shape[1])


def candidate_points(
    basis: PolynomialBasis, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Points of mu and of the optimal measure, half of each, shape (n, d).

    Points of mu alone miss the edges of an unbounded domain, where the best designs
    have points; points of the optimal measure alone are few in the middle.
    """
    # The other samplers load compiled code, which importing this must not.
    from geomsci.sampling.christoffel import ChristoffelSampler

    half = n // 2
    optimal = ChristoffelSampler(basis).sample(n - half, rng=rng).points
    return np.concatenate([points_of_measure(basis, half, rng), to_host(optimal)])


def points_of_measure(
    basis: PolynomialBasis, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Independent points of the measure of a polynomial basis, shape (n, d)."""
    X = np.empty((n, basis.n_features_in))
    for j, family in enumerate(basis.families):
        if family == "legendre":
            X[:, j] = rng.uniform(-1.0, 1.0, n)
        elif family == "fourier":
            X[:, j] = rng.random(n)
        elif family == "chebyshev":
            X[:, j] = np.cos(math.pi * rng.random(n))
        elif family == "hermite":
            X[:, j] = rng.standard_normal(n)
        elif family == "laguerre":
            X[:, j] = rng.standard_exponential(n)
        else:
            # (1 + x) / 2 has the density of Beta(beta + 1, alpha + 1).
            X[:, j] = 2.0 * rng.beta(basis.beta[j] + 1, basis.alpha[j] + 1, n) - 1.0
    return X
