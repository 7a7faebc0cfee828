"""The row of the report: one case on one backend, in one precision, at one size.

A row holds what was measured and what was allowed. The forward error of a result
``y_b`` against the reference ``y_r`` on the same inputs is

    E = ||y_b - y_r|| / ||y_r||  <=  64 eps(dtype) kappa max(1, log2 n),

where ``kappa`` is the condition number that the case states and ``n`` the size that
sums run over. An iterative method stopped at the tolerance ``tol`` may differ by
``10 tol`` on top, because two runs need not stop at the same iterate.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

OK = "ok"
OVER_BUDGET = "over budget"
FAILED = "failed"
SKIPPED = "skipped"
STATUSES = (OK, OVER_BUDGET, FAILED, SKIPPED)

EPS = {"float64": 2.0**-52, "float32": 2.0**-23}
"""Spacing of the floating numbers at 1."""

BUDGET_FACTOR = 64.0


@dataclasses.dataclass(frozen=True)
class Invariant:
    """Deviation from an exact law, in eps of the row's dtype, and what is allowed."""

    eps: float
    budget: float

    @property
    def within(self) -> bool:
        """False for NaN too: a law that gives no number does not hold."""
        return self.eps <= self.budget


def _json_number(x: float | None) -> float | str | None:
    """JSON has no infinity and no NaN: they are written as the strings of Python."""
    return x if x is None or math.isfinite(x) else str(x)


@dataclasses.dataclass(frozen=True)
class Row:
    """One measured, failed or skipped cell of case x backend x dtype x size.

    ``unit`` is that of the error and of the budget: ``"eps"`` for a relative forward
    error, else the name of a score whose difference has a budget of its own.
    """

    suite: str
    case: str
    backend: str
    dtype: str
    size: str
    status: str
    reason: str = ""
    against: str = ""
    error: float | None = None
    budget: float | None = None
    kappa: float | None = None
    kappa_reason: str = ""
    invariants: Mapping[str, Invariant] = dataclasses.field(default_factory=dict)
    seconds_min: float | None = None
    seconds_median: float | None = None
    peak_bytes: int | None = None
    calls: Mapping[str, int] = dataclasses.field(default_factory=dict)
    transfers: Mapping[str, int] = dataclasses.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    unit: str = "eps"

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What identifies the row in two reports."""
        return (self.suite, self.case, self.backend, self.dtype, self.size)

    @property
    def bad(self) -> bool:
        """True if the row makes the whole run fail."""
        return self.status in (OVER_BUDGET, FAILED)

    @property
    def error_eps(self) -> float | None:
        """Forward error in units of eps, None for a difference of scores."""
        if self.error is None or self.unit != "eps":
            return None
        return self.error / EPS[self.dtype]

    @property
    def budget_eps(self) -> float | None:
        """Budget in units of eps, None for a difference of scores."""
        if self.budget is None or self.unit != "eps":
            return None
        return self.budget / EPS[self.dtype]

    @property
    def share(self) -> float | None:
        """Part of its budget that the forward error uses up."""
        if self.error is None or not self.budget:
            return None
        return self.error / self.budget

    def as_json(self) -> dict[str, Any]:
        """The row as JSON values; the derived number is written beside the others."""
        values = {**dataclasses.asdict(self), "error_eps": self.error_eps}
        for field in ("error", "error_eps"):
            values[field] = _json_number(values[field])
        for law in values["invariants"].values():
            law["eps"] = _json_number(law["eps"])
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Row:
        """The row that `as_json` wrote.

        Raises
        ------
        ValueError, TypeError, KeyError
            If the values are not a row's.
        """
        fields = {k: v for k, v in values.items() if k != "error_eps"}
        if fields["error"] is not None:
            fields["error"] = float(fields["error"])
        fields["invariants"] = {
            name: Invariant(float(law["eps"]), float(law["budget"]))
            for name, law in fields["invariants"].items()
        }
        fields["notes"] = tuple(fields["notes"])
        if fields["status"] not in STATUSES:
            raise ValueError(f"status must be one of {STATUSES}.")
        return cls(**fields)


def error_budget(dtype: str, kappa: float, n: int, tol: float = 0.0) -> float:
    """Largest forward error that a row may have.

    Parameters
    ----------
    dtype : {"float64", "float32"}
    kappa : float, >= 1
        Condition number that the case states.
    n : int, >= 1
        Length of the sums inside the method.
    tol : float, optional
        Stopping tolerance of an iterative method.

    Examples
    --------
    >>> error_budget("float64", 10.0, 4) == 64 * 2.0**-52 * 10 * 2
    True
    """
    return BUDGET_FACTOR * EPS[dtype] * kappa * max(1.0, math.log2(n)) + 10 * tol


def forward_error(result: np.ndarray, expected: np.ndarray) -> float:
    """Relative distance in the Euclidean norm, of the whole stack at once.

    A result with NaN or infinity has the error infinity, and so has a result of
    another shape. Where the expected values are all zero the distance is absolute.
    """
    if result.shape != expected.shape or not np.all(np.isfinite(result)):
        return math.inf
    difference = result.astype(np.result_type(result, expected)) - expected
    scale = float(np.linalg.norm(expected))
    distance = float(np.linalg.norm(difference))
    return distance / scale if scale > 0 else distance


def judged(
    error: float, budget: float, invariants: Mapping[str, Invariant]
) -> tuple[str, str]:
    """Status of a measured row, and the sentence that explains a bad one."""
    reasons = []
    if not error <= budget:
        reasons.append(f"forward error {error:.2e} exceeds the budget {budget:.2e}")
    reasons += [
        f"{name} is off by {law.eps:.3g} eps, {law.budget:.3g} allowed"
        for name, law in invariants.items()
        if not law.within
    ]
    return (OVER_BUDGET if reasons else OK), "; ".join(reasons)
