"""The suite of `geomsci.sampling`: bases, fits, draws, their laws and their accuracy.

The oracles are classical polynomials, quadrature, extended precision, enumeration and
closed forms. Draws are replayed on every backend; their laws are judged by many draws.
"""

from __future__ import annotations

import pathlib

from geomsci.validation.cases import (
    sampling_accuracy,
    sampling_bases,
    sampling_coreset,
    sampling_draws,
    sampling_fits,
    sampling_laws,
    sampling_stability,
)
from geomsci.validation.suites import Case, Experiment


def cases(quick: bool) -> list[Case]:
    """All cases of the suite; the small ones if ``quick``."""
    found = sampling_bases.cases(quick) + sampling_fits.cases(quick)
    return found + sampling_draws.cases(quick)


def experiments(quick: bool, data: pathlib.Path | None) -> list[Experiment]:
    """Laws, stability, accuracy, and the table of houses if ``data`` has it."""
    found = sampling_laws.experiments(quick) + sampling_stability.experiments(quick)
    found += sampling_accuracy.experiments(quick)
    return found + sampling_coreset.experiments(quick, data)
