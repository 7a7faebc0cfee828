"""`WeightedLeastSquares`: least squares in an orthonormal basis."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils._param_validation import HasMethods, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from geomsci.backends import public, run
from geomsci.backends.arrays import (
    Array,
    array_namespace,
    common_arrays,
    device,
    from_host,
    library,
    require_finite,
)
from geomsci.backends.dispatch import CHOICES
from geomsci.reference.sampling import chaos
from geomsci.reference.sampling.chaos import SobolIndices
from geomsci.reference.sampling.least_squares import (
    PredictionInterval,
    coefficient_covariance,
    loo_error,
    r_squared,
)
from geomsci.sampling.basis import PolynomialBasis
from geomsci.sampling.features import FeatureBasis
from geomsci.sampling.stability import require_open_unit, require_weights


class WeightedLeastSquares(RegressorMixin, BaseEstimator):
    r"""Fit a function in the span of a basis by weighted least squares.

    .. math:: c = \arg\min_c \frac1n \sum_i w_i (y_i - \phi(x_i) \cdot c)^2

    by QR of ``sqrt(w) Phi``, with the stability and the leave-one-out errors of the
    fit. A design is fitted with ``fit(X, y, sample_weight=design.weights)``.

    Parameters
    ----------
    basis : PolynomialBasis or FeatureBasis, optional
        Basis of m functions of d inputs. None: the columns ``[1, X]`` seen in ``fit``,
        made orthonormal, without those that depend on others.
    backend : {None, "auto", "reference", "numpy", "numba", "cupy"}
        None: the choice of `geomsci.use_backend` in force.

    Attributes
    ----------
    basis_ : PolynomialBasis or FeatureBasis
        The basis of the fit.
    coef_ : array, shape (m,) or (k, m)
        Coefficients; k outputs if ``y`` was two-dimensional.
    gram_ : array, shape (m, m)
        ``G = (1/n) sum_i w_i phi(x_i) phi(x_i)^T`` over the n points of positive
        weight; the identity on average for a design with its weights.
    lambda_min_ : float
        Smallest eigenvalue of ``gram_``. The squared error is at most ``||g||^2 +
        ||g||_n^2 / lambda_min_``, g the part of f outside the span.
    condition_number_ : float
        Of ``gram_``: largest over smallest eigenvalue.
    leverage_ : array, shape (n,)
        How much each point decides its own prediction, in [0, 1]; the sum is m.
    loo_residuals_ : array, shape (n,) or (n, k)
        Residual at each point of the fit to all others; infinite at points without
        which the coefficients are not determined (all points if n = m).
    loo_error_ : float or array, shape (k,)
        Mean of their squares with the weights: estimates ``||f - fhat||^2``, and too
        large for points that repel each other, since each one left out leaves a gap
        (Ishigami function, m = 56: 1.6 times for two projection DPPs, 3.6 times for 1.5
        m points of `OptimalDesign`).
    influence_ : array, shape (n, m)
        Derivative of the coefficients by the data: ``coef_ = influence_^T y``.
    coef_cov_ : array, shape (m, m) or (k, m, m)
        Covariance of the coefficients by ``sum_i t_i t_i^T e_i^2 / (1 - h_i)``, t the
        rows of ``influence_`` (HC2). NaN if there are infinite ``loo_residuals_``.
    sample_weight_ : array, shape (n,)
    n_features_in_ : int

    Notes
    -----
    Weights of zero leave a point out; negative and infinite weights are refused. O(n
    m^2) time, O(n m) memory. float32 stays float32.

    References
    ----------
    Cohen and Migliorati, SMAI J. Comput. Math. 3 (2017) 181. MacKinnon and White, J.
    Econometrics 29 (1985) 305 (HC2). Sudret, Reliab. Eng. Syst. Saf. 93 (2008) 964.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.sampling import PolynomialBasis, WeightedLeastSquares
    >>> X = np.linspace(-1, 1, 9)[:, None]
    >>> basis = PolynomialBasis("legendre", indices=[[0], [1], [2]])
    >>> model = WeightedLeastSquares(basis).fit(X, 1 + 3 * X[:, 0] ** 2)
    >>> round(model.mean_, 12), round(model.variance_, 12)
    (2.0, 0.8)
    """

    _parameter_constraints = {
        "basis": [None, HasMethods(["evaluate"])],
        "backend": [None, StrOptions({*CHOICES, "numpy"})],
    }

    def __init__(self, basis: Any = None, backend: str | None = None) -> None:
        self.basis = basis
        self.backend = backend

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "coef_")

    @public("sampling.WeightedLeastSquares.fit")
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> WeightedLeastSquares:
        """Compute the coefficients and what tells how far to trust them.

        Parameters
        ----------
        X : array, shape (n, d)
        y : array, shape (n,) or (n, k)
        sample_weight : array, shape (n,), non-negative, optional
            Weights dmu/dnu of the design; default ones.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            Fewer points of positive weight than functions, NaN, negative or infinite
            weights, points outside the domain of the basis.
        LinAlgError
            If the points do not determine the coefficients.
        """
        self._validate_params()
        xp, X, y = self._training_data(X, y)
        w = _weights(xp, sample_weight, X)
        (used,) = xp.nonzero(w)
        self._adds_one = self.basis is None
        self.basis_ = self.basis
        if self._adds_one:
            columns = _with_one(xp, xp.take(X, used, axis=0))
            self.basis_ = FeatureBasis(columns, sample_weight=xp.take(w, used))
        m = self.basis_.size
        if used.shape[0] < m:
            raise ValueError(
                f"fit needs at least {m} points of positive weight for {m} functions, "
                f"got n_samples = {used.shape[0]}: add points or take a smaller basis."
            )
        outputs = y[:, None] if y.ndim == 1 else y
        found = run("sampling.weighted_fit", self._evaluate(xp, X), outputs, w)
        error, covariance = loo_error(found, w), coefficient_covariance(found)
        one = y.ndim == 1
        self.coef_ = found.coef[:, 0] if one else xp.matrix_transpose(found.coef)
        self.gram_ = found.gram
        self.lambda_min_ = found.lambda_min
        self.condition_number_ = found.condition_number
        self.leverage_ = found.leverage
        self.influence_ = found.influence
        self.loo_residuals_ = found.loo_residuals[:, 0] if one else found.loo_residuals
        self.loo_error_ = float(error[0]) if one else error
        self.coef_cov_ = covariance[0, ...] if one else covariance
        self.sample_weight_ = w
        return self

    @public("sampling.WeightedLeastSquares.predict")
    def predict(self, X: Any) -> Array:
        """Evaluate the fit.

        Parameters
        ----------
        X : array, shape (n, d)

        Returns
        -------
        y : array, shape (n,) or (n, k)
        """
        xp, X = self._points(X)
        coef = xp.astype(self.coef_, X.dtype, copy=False)
        Phi = self._evaluate(xp, X)
        return Phi @ (coef if coef.ndim == 1 else xp.matrix_transpose(coef))

    @public("sampling.WeightedLeastSquares.predict_interval")
    def predict_interval(self, X: Any, coverage: float = 0.95) -> PredictionInterval:
        """Compute intervals that hold the value of f with the probability asked.

        From all fits that leave one point out (jackknife+), with the weights of the
        design: no assumption on the size or the law of the error, be it noise or what
        the basis cannot represent. The probability is over points x drawn from the
        measure mu of the basis, not at each x.

        Parameters
        ----------
        X : array, shape (n_new, d)
        coverage : float in (0, 1)

        Returns
        -------
        PredictionInterval
            ``lower`` and ``upper``, of the shape of ``predict(X)``; infinite where the
            points that the fit cannot do without decide.

        Raises
        ------
        ValueError
            With n < 1 / (1 - coverage) - 1 points, too few for a quantile that far
            out, and with n = m, where nothing is left to learn the error from.

        Notes
        -----
        O(n_new n (m + log n)). Assured for independent points: ``2 coverage - 1``;
        usual: ``coverage``. For points that repel each other the intervals are wider
        than they need be, as ``loo_error_`` is too large (coverage 0.9 asked: 0.96 with
        two projection DPPs).

        References
        ----------
        Barber, Candes, Ramdas and Tibshirani, Ann. Statist. 49 (2021) 486.
        """
        xp, X = self._points(X)
        require_open_unit(coverage=coverage)
        self._require_quantile(xp, float(coverage))
        Phi = self._evaluate(xp, X)
        dtype = X.dtype
        coef, loo, T, w = (
            xp.astype(a, dtype, copy=False)
            for a in (
                self.coef_,
                self.loo_residuals_,
                self.influence_,
                self.sample_weight_,
            )
        )
        pairs = [(coef, loo)]
        if coef.ndim == 2:
            pairs = [(coef[j, :], loo[:, j]) for j in range(coef.shape[0])]
        name = "sampling.jackknife_plus"
        ends = [run(name, Phi, c, T, r, w, float(coverage)) for c, r in pairs]
        if coef.ndim == 1:
            return ends[0]
        lower, upper = (xp.stack(side, axis=1) for side in zip(*ends))
        return PredictionInterval(lower, upper)

    @public("sampling.WeightedLeastSquares.score")
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Compute the coefficient of determination R^2 of the prediction.

        Parameters
        ----------
        X : array, shape (n, d)
        y : array, shape (n,) or (n, k)
        sample_weight : array, shape (n,), optional

        Returns
        -------
        score : float
            At most 1; the mean over the outputs.
        """
        prediction = self.predict(X)
        xp, prediction, y = common_arrays(prediction=prediction, y=y)
        if y.ndim == prediction.ndim + 1 and y.shape[1] == 1:
            y = y[:, 0]
        if tuple(y.shape) != tuple(prediction.shape):
            raise ValueError(
                f"y must have shape {tuple(prediction.shape)}, got {tuple(y.shape)}."
            )
        w = _weights(xp, sample_weight, prediction)
        if y.ndim == 1:
            y, prediction = y[:, None], prediction[:, None]
        return r_squared(y, prediction, w)

    @property
    def mean_(self) -> Any:
        """Mean of the fit under mu, a float or shape (k,); polynomial bases only."""
        coef, indices = self._chaos("mean_")
        value = chaos.mean(coef, indices)
        return float(value) if coef.ndim == 1 else value

    @property
    def variance_(self) -> Any:
        """Variance of the fit under mu, a float or (k,); polynomial bases only."""
        coef, indices = self._chaos("variance_")
        value = chaos.variance(coef, indices)
        return float(value) if coef.ndim == 1 else value

    @public("sampling.WeightedLeastSquares.sobol_indices")
    def sobol_indices(self) -> SobolIndices:
        """Compute the share of the variance that belongs to each input.

        Returns
        -------
        SobolIndices
            ``first`` and ``total``, shape (d,) or (k, d): what the input explains
            alone, and alone or with others. NaN for a constant fit.

        Raises
        ------
        TypeError
            If the basis is not a `PolynomialBasis`.

        References
        ----------
        Sudret, Reliab. Eng. Syst. Saf. 93 (2008) 964, equations 35 and 39.
        """
        try:
            coef, indices = self._chaos("sobol_indices")
        except AttributeError as error:
            raise TypeError(str(error)) from None
        return chaos.sobol_indices(coef, indices)

    def _chaos(self, what: str) -> tuple[Array, Array]:
        """Coefficients and degrees, if the basis has degrees."""
        check_is_fitted(self)
        if not isinstance(self.basis_, PolynomialBasis):
            raise AttributeError(
                f"{what} needs a PolynomialBasis, whose inputs are independent, got "
                f"a fit in a {type(self.basis_).__name__}."
            )
        return self.coef_, from_host(self.basis_.indices, self.coef_)

    def _training_data(self, X: Any, y: Any) -> tuple[Any, Array, Array]:
        """Namespace, points and values of one floating dtype; sets n_features_in_."""
        if y is not None:
            array_namespace(X, y)
        if library(X) in (None, "numpy"):
            X, y = validate_data(
                self,
                X,
                y,
                multi_output=True,
                y_numeric=True,
                dtype=(np.float64, np.float32),
            )
        xp, X, y = common_arrays(X=X, y=y)
        if X.ndim != 2 or y.ndim not in (1, 2) or X.shape[0] != y.shape[0]:
            raise ValueError(
                "X must have shape (n, d) and y (n,) or (n, k), got "
                f"{tuple(X.shape)} and {tuple(y.shape)}."
            )
        require_finite(xp, X=X, y=y)
        self.n_features_in_ = X.shape[1]
        if self.basis is not None and X.shape[1] != self.basis.n_features_in:
            raise ValueError(
                f"X must have {self.basis.n_features_in} columns, the inputs of "
                f"{self.basis!r}, got {X.shape[1]}."
            )
        return xp, X, y

    def _points(self, X: Any) -> tuple[Any, Array]:
        """Checked points, of the library of fit."""
        check_is_fitted(self)
        if library(X) in (None, "numpy"):
            dtype = (np.float64, np.float32)
            X = validate_data(self, X, reset=False, dtype=dtype)
        xp, X = common_arrays(X=X)
        if X.ndim != 2 or X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X must have shape (n, {self.n_features_in_}) as in fit of "
                f"{type(self).__name__}, got {tuple(X.shape)}."
            )
        given, fitted = (f"{library(a)} on {device(a)}" for a in (X, self.coef_))
        if given != fitted:
            raise TypeError(
                f"X must be an array of {fitted} as in fit of {type(self).__name__}, "
                f"got {given}: convert it, or fit again."
            )
        require_finite(xp, X=X)
        return xp, X

    def _evaluate(self, xp: Any, X: Array) -> Array:
        """Basis functions at the points, in the dtype of the points."""
        columns = _with_one(xp, X) if self._adds_one else X
        return xp.astype(self.basis_.evaluate(columns), X.dtype, copy=False)

    def _require_quantile(self, xp: Any, coverage: float) -> None:
        n = int(xp.count_nonzero(self.sample_weight_))
        if n == self.basis_.size:
            raise ValueError(
                f"predict_interval needs more points than functions, got {n} of each: "
                "the residuals of an interpolant say nothing."
            )
        if (1 - coverage) * (n + 1) < 1 - 1e-9:
            raise ValueError(
                f"predict_interval needs (1 - coverage) (n + 1) >= 1, got coverage "
                f"{coverage:g} with n = {n} points: ask for at most "
                f"{n / (n + 1):.3g}."
            )


def _with_one(xp: Any, X: Array) -> Array:
    """The columns ``[1, X]``."""
    one = xp.ones((X.shape[0], 1), dtype=X.dtype, device=device(X))
    return xp.concat((one, X), axis=1)


def _weights(xp: Any, sample_weight: Any, X: Array) -> Array:
    """One checked weight a row of ``X``, in its dtype."""
    n = X.shape[0]
    if sample_weight is None:
        return xp.ones((n,), dtype=X.dtype, device=device(X))
    _, w, _ = common_arrays(sample_weight=sample_weight, X=X)
    if tuple(w.shape) != (n,):
        raise ValueError(
            f"sample_weight must have shape ({n},), one weight a point, got "
            f"{tuple(w.shape)}."
        )
    require_weights(xp, w)
    if not bool(xp.any(w > 0)):
        raise ValueError("sample_weight must hold a positive weight, got only zeros.")
    return xp.astype(w, X.dtype, copy=False)
