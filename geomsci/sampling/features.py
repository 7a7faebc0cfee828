"""Orthonormal bases of user features on a finite set of candidates."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from geomsci.backends import public, run
from geomsci.backends.arrays import (
    Array,
    array_namespace,
    common_arrays,
    eps,
    library,
    require_finite,
    to_host,
)
from geomsci.backends.dispatch import placed
from geomsci.reference.sampling.features import OrthonormalRows, gram
from geomsci.sampling.checks import point_rows

# Columns are compared at 32 roundings at least, more where there are more of them.
_LEAST_ROUNDINGS = 32


class FeatureBasis:
    r"""Orthonormal basis of the span of feature columns on N candidates.

    With :math:`\mu_i` the weight of candidate i divided by the sum of the weights,

    .. math:: \sqrt{\mu} F = Q R, \qquad \phi(x) = F(x) R^{-1}, \qquad
              \sum_i \mu_i \phi(x_i) \phi(x_i)^T = I .

    Parameters
    ----------
    features : array, shape (N, p), finite
        One row of raw features for each candidate, of any array library.
    sample_weight : array, shape (N,), >= 0, optional
        Default ones. A candidate of weight zero takes no part and is never drawn.
    rank_tol : float, in [0, 1), optional
        A column is left out if its part outside the span of the columns before it is at
        most ``rank_tol`` times its length; default ``max(p, 32)`` times the precision.

    Attributes
    ----------
    rows : array, shape (N, m)
        The functions at the candidates, :math:`Q_i / \sqrt{\mu_i}`.
    measure : array, shape (N,)
        :math:`\mu`, which sums to one.
    columns : ndarray of int64, shape (m,)
        Columns of ``features`` that were kept.
    candidates : array, shape (N, p)
        The raw features.
    size : int
        Number m of functions, the rank of the features.
    n_features_in : int
        Number p of raw features.

    Raises
    ------
    TypeError, ValueError
        A wrong shape, NaN or infinity, a negative weight, weights that are all zero, or
        features that are all zero.
    LinAlgError
        If ``rank_tol`` is so small that dependent columns were kept.

    Warns
    -----
    UserWarning
        If columns were left out because they depend on columns before them, or because
        there are fewer candidates than columns; it says which.

    Notes
    -----
    O(N p^2) time; the memory is that of ``rows`` and a tile of rows. Nothing is ever
    regularised. The rows are orthonormal to rounding at any condition number; at new
    points `evaluate` is as accurate as the precision times the condition number of the
    kept columns, each scaled to length one. All errors of a design on candidates are
    errors in their weighted mean, not in a distribution behind them.

    References
    ----------
    Demmel, Grigori, Hoemmen and Langou, SIAM J. Sci. Comput. 34 (2012) A206.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.sampling import FeatureBasis
    >>> x = np.array([-1.0, 0.0, 1.0])
    >>> basis = FeatureBasis(np.stack([np.ones(3), x], axis=1))
    >>> basis.christoffel([[1.0, 1.0]]).round(4).tolist()
    [2.5]
    >>> float((basis.measure * basis.christoffel(basis.candidates)).sum().round(12))
    2.0
    """

    def __init__(
        self,
        features: Any,
        sample_weight: Any = None,
        rank_tol: float | None = None,
    ) -> None:
        features, weight = _checked(features, sample_weight)
        xp = array_namespace(features)
        p = int(features.shape[1])
        if rank_tol is None:
            rank_tol = max(p, _LEAST_ROUNDINGS) * eps(xp, features.dtype)
        if not 0.0 <= rank_tol < 1.0:
            raise ValueError(f"rank_tol must lie in [0, 1), got {rank_tol!r}.")
        self._rank_tol = float(rank_tol)
        self._candidates = _read_only(features)
        self._found = OrthonormalRows(
            *map(_read_only, _orthonormal_rows(features, weight, self._rank_tol))
        )
        self._columns = np.array(to_host(self._found.columns), dtype=np.int64)
        self._columns.flags.writeable = False
        if self.size < p:
            _warn_dropped(self._columns, p, int(features.shape[0]))

    @property
    def rows(self) -> Array:
        """Functions at the candidates, shape (N, m)."""
        return self._found.rows

    @property
    def measure(self) -> Array:
        """Weights of the candidates, which sum to one, shape (N,)."""
        return self._found.measure

    @property
    def columns(self) -> np.ndarray:
        """Kept columns of the raw features, shape (m,)."""
        return self._columns

    @property
    def candidates(self) -> Array:
        """Raw feature rows, shape (N, p)."""
        return self._candidates

    @property
    def rank_tol(self) -> float:
        """Largest relative residual of a column that counts as dependent."""
        return self._rank_tol

    @property
    def size(self) -> int:
        """Number m of functions."""
        return int(self._found.rows.shape[1])

    @property
    def n_features_in(self) -> int:
        """Number p of raw features."""
        return int(self._candidates.shape[1])

    @public("sampling.FeatureBasis.evaluate")
    def evaluate(self, X: Any) -> Array:
        """Evaluate all functions at raw feature rows.

        Parameters
        ----------
        X : array, shape (n, p), finite
            Of the library and on the device of the candidates.

        Returns
        -------
        Phi : array, shape (n, m)
            ``evaluate(candidates)`` is ``rows``.

        Raises
        ------
        TypeError, ValueError
            Another library or device than the candidates, a wrong shape, or NaN.
        """
        X, definition = self._at(X)
        return run("sampling.FeatureBasis.evaluate", X, **definition)

    @public("sampling.FeatureBasis.christoffel")
    def christoffel(self, X: Any) -> Array:
        r"""Compute :math:`k_m(x) = \sum_j \phi_j(x)^2` at raw feature rows.

        Parameters
        ----------
        X : array, shape (n, p), finite
            Of the library and on the device of the candidates.

        Returns
        -------
        k : array, shape (n,)
            Its mean over the candidates, in their weights, is m; zero at a row of
            zeros, which is drawn with probability zero.

        Raises
        ------
        TypeError, ValueError
            As `evaluate`.
        """
        X, definition = self._at(X)
        return run("sampling.FeatureBasis.christoffel", X, **definition)

    @public("sampling.FeatureBasis.christoffel")
    def log_christoffel(self, X: Any) -> Array:
        r"""Compute :math:`\log k_m(x)`, which is minus infinity at a row of zeros.

        Parameters
        ----------
        X : array, shape (n, p), finite
            Of the library and on the device of the candidates.

        Returns
        -------
        log_k : array, shape (n,)

        Raises
        ------
        TypeError, ValueError
            As `evaluate`.
        """
        k = self.christoffel(X)
        xp = array_namespace(k)
        log_k = xp.log(xp.where(k > 0, k, xp.ones_like(k)))
        return xp.where(k > 0, log_k, xp.full_like(k, -float("inf")))

    def orthonormality_error(self) -> float:
        r"""Compute the spectral norm of :math:`\sum_i \mu_i \phi_i \phi_i^T - I`.

        Returns
        -------
        error : float
            Of ``rows`` in ``measure``.
        """
        G = to_host(gram(self.rows, self.measure))
        return float(np.linalg.norm(G - np.eye(self.size), ord=2))

    def _at(self, X: Any) -> tuple[Array, dict[str, Any]]:
        """Checked points in the precision of the basis, and what evaluates there."""
        definition = {
            name: placed(getattr(self._found, name))
            for name in ("columns", "scale", "triangle", "correction")
        }
        names = ("scale", "triangle", "correction")
        # The candidates' library, device and precision meet those of X at the door.
        _, *found = common_arrays(candidates=definition["triangle"], X=X)
        _, X = point_rows(found[1], self.n_features_in)
        xp = array_namespace(X)
        for name in names:
            definition[name] = xp.astype(definition[name], X.dtype, copy=False)
        return X, definition

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FeatureBasis):
            return NotImplemented
        if self is other:
            return True
        pairs = (
            (self._candidates, other._candidates),
            (self.measure, other.measure),
        )
        return (
            np.array_equal(self._columns, other._columns)
            and self._rank_tol == other._rank_tol
            and all(_same(a, b) for a, b in pairs)
        )

    def __hash__(self) -> int:
        return hash((tuple(self._candidates.shape), self._columns.tobytes()))

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._columns.flags.writeable = False
        self._candidates = _read_only(self._candidates)
        self._found = OrthonormalRows(*map(_read_only, self._found))

    def __repr__(self) -> str:
        return (
            f"FeatureBasis(n_candidates={int(self._candidates.shape[0])}, "
            f"size={self.size}, n_features_in={self.n_features_in})"
        )


@public("sampling.FeatureBasis")
def _orthonormal_rows(
    features: Array, weight: Array | None, rank_tol: float
) -> OrthonormalRows:
    """The one call of the constructor that an explicit offload moves."""
    return run("sampling.FeatureBasis", features, weight, rank_tol=rank_tol)


def _checked(features: Any, sample_weight: Any) -> tuple[Array, Array | None]:
    """Finite features (N, p), and weights (N,) with a positive sum or None."""
    named = {"features": features}
    if sample_weight is not None:
        named["sample_weight"] = sample_weight
    xp, features, *rest = common_arrays(**named)
    if xp.isdtype(features.dtype, "complex floating"):
        raise TypeError(f"features must be real, got {features.dtype}.")
    if features.ndim != 2 or 0 in features.shape:
        raise ValueError(
            "features must have shape (N, p), one row for each candidate and at least "
            f"one of each, got {tuple(features.shape)}."
        )
    require_finite(xp, features=features)
    weight = rest[0] if rest else None
    if weight is None:
        if not bool(xp.any(features != 0)):
            raise ValueError("features must not be all zero: they span nothing.")
        return features, None
    if tuple(weight.shape) != (features.shape[0],):
        raise ValueError(
            f"sample_weight must have shape ({features.shape[0]},), one for each row "
            f"of features, got {tuple(weight.shape)}."
        )
    require_finite(xp, sample_weight=weight)
    if bool(xp.any(weight < 0)):
        first = int(xp.argmax(xp.astype(weight < 0, xp.int8)))
        raise ValueError(
            f"sample_weight must be >= 0, got {float(weight[first]):g} at index "
            f"{first}."
        )
    if not bool(xp.any(weight > 0)):
        raise ValueError("sample_weight must have a positive entry, got all zeros.")
    if not bool(xp.any((features != 0) & (weight > 0)[:, None])):
        raise ValueError(
            "features must not be all zero where sample_weight is positive: they span "
            "nothing."
        )
    return features, weight


def _warn_dropped(columns: np.ndarray, p: int, N: int) -> None:
    """Name the columns that were left out."""
    dropped = np.setdiff1d(np.arange(p), columns)
    shown = ", ".join(str(j) for j in dropped[:10])
    more = f" and {len(dropped) - 10} more" if len(dropped) > 10 else ""
    why = f" ({N} candidates for {p} columns)" if N < p else ""
    warnings.warn(
        f"features have rank {len(columns)}, not {p}{why}, so columns that depend on "
        f"those before them were left out: {shown}{more}.",
        stacklevel=3,
    )


def _read_only(x: Array) -> Array:
    """A view that cannot be written through, where the library has such views."""
    if library(x) != "numpy":
        return x
    view = x[...]
    view.flags.writeable = False
    return view


def _same(a: Array, b: Array) -> bool:
    if library(a) != library(b) or a.shape != b.shape or a.dtype != b.dtype:
        return False
    xp = array_namespace(a)
    return a is b or bool(xp.all(a == b))
