"""`OptimalDesignRegressor`: chooses where to evaluate f, and fits what comes back."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils._param_validation import HasMethods, Interval

from geomsci.backends import LinAlgError, public
from geomsci.backends.arrays import to_host
from geomsci.backends.random import generator
from geomsci.sampling.checks import whole_number
from geomsci.sampling.evaluations import Evaluations
from geomsci.sampling.optimal_design import OptimalDesign
from geomsci.sampling.regression import WeightedLeastSquares


class OptimalDesignRegressor(WeightedLeastSquares):
    """Fit an expensive function from few evaluations at points of its own choice.

    Three ways to use it: `ask` for points and `tell` their values, as they come; give
    ``func`` and call ``fit()``; or ``fit(X, y, sample_weight)`` with data at hand, as
    `WeightedLeastSquares`, whose attributes and methods it has.

    Parameters
    ----------
    basis : PolynomialBasis or FeatureBasis, optional
        Basis of m functions. None, the columns ``[1, X]``, has no measure to draw from:
        only ``fit(X, y)`` then.
    sampler : object with ``sample(n, rng=...)``, optional
        A sampler of this basis. None: `OptimalDesign`, Fekete points up to 1.2 m and
        a pool of ten projection DPPs reduced by the A-optimal rule for more.
    n_samples : int, >= 1, optional
        Points of the design. None: those of the first ``ask(n)`` if n >= m, else 2 m.
    func : callable, optional
        ``func(X)`` with X of shape (1, d) returns f there, a number or k numbers. It is
        called once a point, so that an exception loses no value.
    random_state : int, Generator, RandomState or None
        Draws the designs.
    backend : {None, "auto", "reference", "numpy", "numba", "cupy"}
        None: the choice of `geomsci.use_backend` in force.

    Attributes
    ----------
    evaluations_ : Evaluations
        Points, weights, values, and which are pending or failed.

    Notes
    -----
    The design is drawn whole at the first call of `ask` and handed out in pieces, so
    asking one by one gives the same points as asking at once. When it is used up,
    further calls draw further points of the same measure. The estimator can be pickled
    at any moment and goes on where it was, with the same future points.

    The fit is made anew whenever the values told determine the coefficients.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.sampling import PolynomialBasis, total_degree
    >>> from geomsci.sampling.regressor import OptimalDesignRegressor
    >>> basis = PolynomialBasis("legendre", indices=total_degree(2, 2))
    >>> model = OptimalDesignRegressor(basis, random_state=0)
    >>> X = model.ask(9)
    >>> model = model.tell(X, X[:, 0] + X[:, 0] * X[:, 1])
    >>> model.sobol_indices().first.round(6).tolist()
    [0.75, 0.0]
    """

    _parameter_constraints = {
        **WeightedLeastSquares._parameter_constraints,
        "sampler": [None, HasMethods(["sample"])],
        "n_samples": [None, Interval(Integral, 1, None, closed="left")],
        "func": [None, callable],
        "random_state": ["random_state", np.random.Generator],
    }

    def __init__(
        self,
        basis: Any = None,
        sampler: Any = None,
        n_samples: int | None = None,
        func: Callable[[np.ndarray], Any] | None = None,
        random_state: Any = None,
        backend: str | None = None,
    ) -> None:
        super().__init__(basis=basis, backend=backend)
        self.sampler = sampler
        self.n_samples = n_samples
        self.func = func
        self.random_state = random_state

    @public("sampling.OptimalDesignRegressor.fit")
    def fit(
        self, X: Any = None, y: Any = None, sample_weight: Any = None
    ) -> OptimalDesignRegressor:
        """Fit given data, or without data evaluate ``func`` at the design and fit.

        Parameters
        ----------
        X : array, shape (n, d), optional
        y : array, shape (n,) or (n, k)
        sample_weight : array, shape (n,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError, LinAlgError
            As `WeightedLeastSquares.fit`; without data, if ``func`` or ``basis`` is
            missing or too many evaluations failed.

        Notes
        -----
        Data given here do not enter the evaluations of `ask` and `tell`. A second
        ``fit()`` evaluates only what is missing: after an exception in ``func`` call it
        again; for another design take a `sklearn.base.clone`.
        """
        if X is None and y is None:
            return self._evaluate_design()
        super().fit(X, y, sample_weight)
        return self

    @public("sampling.OptimalDesignRegressor.ask")
    def ask(self, n: int | None = None) -> np.ndarray:
        """Return the next points to evaluate f at.

        Parameters
        ----------
        n : int, >= 1, optional
            None: all that are left of the design, or a whole design if none is.

        Returns
        -------
        X : ndarray, shape (n, d)
            Rows of features of the candidates for a `FeatureBasis`. Fewer than n if the
            design of a finite set holds points twice: each is handed out once.

        Raises
        ------
        ValueError
            Without a basis, or for a size that the sampler does not make.
        """
        self._validate_params()
        if n is not None:
            n = whole_number("n", n, at_least=1)
        ledger = self._ledger()
        if not len(ledger) or (n is None and ledger.asked.all()):
            self._draw(self.n_samples or self._default_size(n))
        missing = 0 if n is None else n - int((~ledger.asked).sum())
        if missing > 0:
            self._draw(missing)
        return ledger.hand_out(n)

    @public("sampling.OptimalDesignRegressor.tell")
    def tell(self, X: Any, y: Any) -> OptimalDesignRegressor:
        """Take the values of f at points that were asked for, and fit.

        Parameters
        ----------
        X : array, shape (n, d)
            Rows that `ask` returned, in any order and any portion.
        y : array, shape (n,) or (n, k)
            NaN, infinity or None for an evaluation that failed.

        Returns
        -------
        self

        Warns
        -----
        RuntimeWarning
            If evaluations failed. They can be told again; a value once told is replaced
            by a later one, but never by a failure.

        Raises
        ------
        ValueError
            Wrong shapes, or a point that was not asked for: then nothing is kept.
        """
        self._validate_params()
        ledger = getattr(self, "evaluations_", None)
        if ledger is None or not len(ledger):
            raise ValueError(
                "tell needs points of ask, got some before any: ask first."
            )
        points = np.array(to_host(X) if hasattr(X, "ndim") else X, dtype=np.float64)
        values = np.array(to_host(y) if hasattr(y, "ndim") else y, dtype=np.float64)
        if points.ndim != 2 or points.shape[1] != ledger.points.shape[1]:
            raise ValueError(
                f"X must have shape (n, {ledger.points.shape[1]}), got {points.shape}."
            )
        if values.ndim not in (1, 2) or len(values) != len(points):
            raise ValueError(
                f"y must have shape ({len(points)},) or ({len(points)}, k), got "
                f"{values.shape}."
            )
        self._warn(points, values, self._record(points, values))
        self._refit()
        return self

    @property
    def pending_(self) -> np.ndarray:
        """Points handed out whose values are not known, failed ones included."""
        return self.evaluations_.points[self.evaluations_.pending]

    def _ledger(self) -> Evaluations:
        """The evaluations; begun, with the stream of the draws, if there are none."""
        if self.basis is None:
            raise ValueError(
                "basis must be a PolynomialBasis or a FeatureBasis to choose points, "
                "got None: None takes the columns of data given to fit."
            )
        if not hasattr(self, "evaluations_"):
            self.evaluations_ = Evaluations(self.basis.n_features_in)
            self.rng_ = generator(self.random_state)
        return self.evaluations_

    def _default_size(self, n: int | None) -> int:
        m = self.basis.size
        return n if n is not None and n >= m else 2 * m

    def _draw(self, n: int) -> None:
        """Add n points of the measure of the design."""
        sampler, part = self.sampler, slice(None)
        drawn: int | None = n
        if sampler is None and len(self.evaluations_) and n < self.basis.size:
            # Any part of a projection DPP has the measure of the whole one.
            from geomsci.sampling.projection import ProjectionDPP

            sampler, drawn, part = ProjectionDPP(self.basis), None, slice(n)
        elif sampler is None:
            sampler = OptimalDesign(self.basis)
        own = getattr(sampler, "basis", self.basis)
        if own != self.basis:
            raise ValueError(
                f"sampler must draw for the basis of the regressor, {self.basis!r}, "
                f"got a sampler of {own!r}."
            )
        design = sampler.sample(drawn, rng=self.rng_)
        points, weights = to_host(design.points)[part], to_host(design.weights)[part]
        self.evaluations_.extend(points.astype(np.float64), weights)

    def _record(self, points: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Store values; returns which rows are failures."""
        ledger = self.evaluations_
        rows = ledger.rows_of(points)
        outputs = values.reshape(len(values), -1)
        shape = values.shape[1:]
        if ledger.values is not None and shape != ledger.shape:
            raise ValueError(
                f"y must have shape {('n', *ledger.shape)} as in the calls before, got "
                f"{values.shape}."
            )
        ledger.shape = shape
        return ledger.record(rows, outputs)

    def _warn(self, points: np.ndarray, values: np.ndarray, bad: np.ndarray) -> None:
        """Report the failures in one sentence."""
        if not bad.any():
            return
        first = int(np.argmax(bad))
        warnings.warn(
            f"{int(bad.sum())} of {len(bad)} evaluations failed, the first in row "
            f"{first} at {points[first].tolist()} with {values[first].tolist()}: the "
            "fit goes on without them, and they can be told again.",
            RuntimeWarning,
            stacklevel=4,
        )

    def _refit(self) -> None:
        """Fit the known values, if they determine the coefficients already."""
        ledger = self.evaluations_
        if int(ledger.known.sum()) < self.basis.size:
            return
        try:
            super().fit(*ledger.sample())
        except LinAlgError:
            # Repeated points of a finite set: more values will come.
            return

    def _evaluate_design(self) -> OptimalDesignRegressor:
        """Evaluate ``func`` at all points of the design without a value, and fit."""
        self._validate_params()
        if self.func is None or self.basis is None:
            raise ValueError(
                "fit without data needs basis and func, got "
                f"{'no basis' if self.basis is None else 'no func'}: give X and y, or "
                "both parameters."
            )
        ledger = self._ledger()
        if not len(ledger):
            self._draw(self.n_samples or 2 * self.basis.size)
        ledger.hand_out(None)
        points = ledger.points[ledger.pending]
        values = [self._one_value(x) for x in points]
        if values:
            table = np.stack(values)
            self._warn(
                points, table, ~np.isfinite(table.reshape(len(table), -1)).all(1)
            )
        known = int(ledger.known.sum())
        if known < self.basis.size:
            raise ValueError(
                f"fit needs {self.basis.size} values of func, one a basis function, "
                f"got {known} at {len(ledger)} points: repair func, call fit again."
            )
        super().fit(*ledger.sample())
        return self

    def _one_value(self, x: np.ndarray) -> np.ndarray:
        """Value of ``func`` at one point, stored before the next is begun."""
        assert self.func is not None
        value = np.asarray(self.func(x[None, :]), dtype=np.float64)
        value = value.reshape(() if value.size == 1 else -1)
        self._record(x[None, :], value[None, ...])
        return value
