"""What a suite is: cases to compare over backends, and experiments on recordings.

A suite is named in `SUITES` by the module that holds it, which is imported when the
suite runs. The module offers ``cases(quick)`` and, where real data exist,
``experiments(quick, data)``.
"""

from __future__ import annotations

import dataclasses
import importlib
import pathlib
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from geomsci.validation.rows import Row
from geomsci.validation.scores import Score

Inputs = Mapping[str, np.ndarray]
"""Named float64 NumPy arrays: the data of a case before they are placed."""

SUITES: dict[str, str] = {
    "eeg": "geomsci.validation.cases.eeg",
    "embedding": "geomsci.validation.cases.embedding",
    "entropic": "geomsci.validation.cases.entropic",
    "fisher": "geomsci.validation.cases.fisher",
    "sampling": "geomsci.validation.cases.sampling",
    "spd": "geomsci.validation.cases.spd",
}


CASE_SEED = 20261121
"""Seed of the random inputs of all cases."""


class UnknownName(ValueError):
    """A suite or backend that does not exist; the message lists the known ones."""


class CaseUnavailable(Exception):
    """A case that cannot run here; the message is the reason in the report."""


@dataclasses.dataclass(frozen=True)
class Conditioning:
    """How far rounding may carry a case, with the argument that says so."""

    kappa: float
    reason: str


@dataclasses.dataclass(frozen=True)
class Deviation:
    """How far a result is from an exact law (relative), and the law's conditioning."""

    value: float
    kappa: float


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """One computation with its data, its reference and its laws.

    Attributes
    ----------
    suite, name, size : str
        Identify the case in the report.
    function : str
        Row of the capability table that the case exercises, ``""`` if none.
    inputs : callable
        ``inputs()`` gives the named float64 arrays, the same at every call.
    compute : callable
        ``compute(dtype=..., **arrays)`` on the arrays of any library; returns one
        array of that library.
    conditioning : callable
        ``conditioning(inputs, expected)`` gives the condition number on these data.
    n : int
        Length of the sums in the method.
    expected : callable or None
        ``expected(inputs)`` gives an independent result as float64; None means the
        float64 NumPy reference of ``compute`` itself.
    against : str
        What ``expected`` is, in words.
    laws : callable or None
        ``laws(result, inputs, evaluate, kappa)`` gives name -> `Deviation`;
        ``evaluate(**inputs)`` runs the case again on the same backend, ``kappa`` is
        the condition number of the case.
    tol : mapping
        Stopping tolerance per dtype for an iterative method.
    dtypes : sequence of str
        Precisions in which the case has meaning.
    dtype_reason : str
        Why the others are left out.
    backends : sequence of str
        Backends on which the case has meaning, all if empty.
    backends_reason : str
        Why the others are left out.
    """

    suite: str
    name: str
    size: str
    function: str
    inputs: Callable[[], Inputs]
    compute: Callable[..., Any]
    conditioning: Callable[[Inputs, np.ndarray], Conditioning]
    n: int
    expected: Callable[[Inputs], np.ndarray] | None = None
    against: str = "float64 reference"
    laws: Callable[..., Mapping[str, Deviation]] | None = None
    tol: Mapping[str, float] = dataclasses.field(default_factory=dict)
    dtypes: Sequence[str] = ("float64", "float32")
    dtype_reason: str = ""
    backends: Sequence[str] = ()
    backends_reason: str = ""


@dataclasses.dataclass(frozen=True)
class Experiment:
    """Work on real data that yields scores, and rows where a budget applies."""

    name: str
    run: Callable[[], tuple[list[Score], list[Row]]]


def suite_module(name: str) -> ModuleType:
    """The module of a suite.

    Raises
    ------
    UnknownName
        If there is no such suite; the sentence lists the known ones.
    """
    if name not in SUITES:
        raise UnknownName(
            f"suite must be one of {', '.join(sorted(SUITES))}, got {name!r}."
        )
    return importlib.import_module(SUITES[name])


def suite_cases(name: str, quick: bool) -> list[Case]:
    """The cases of a suite; fewer and smaller ones if ``quick``."""
    return list(suite_module(name).cases(quick))


def suite_experiments(
    name: str, quick: bool, data: pathlib.Path | None
) -> list[Experiment]:
    """The experiments of a suite on packaged recordings and on those in ``data``."""
    module = suite_module(name)
    if not hasattr(module, "experiments"):
        return []
    return list(module.experiments(quick, data))
