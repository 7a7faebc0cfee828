"""The suite of `geomsci.fisher`: exact curvature by every route, and the paper.

The oracles are sums over all states, Kaufman's partition function, closed forms and
published values; Monte Carlo is judged by the exact values.
"""

from __future__ import annotations

import pathlib

from geomsci.validation.cases import (
    fisher_cumulants,
    fisher_families,
    fisher_paper,
    fisher_sampling,
    fisher_tori,
)
from geomsci.validation.suites import Case, Experiment


def cases(quick: bool) -> list[Case]:
    """All cases of the suite; the small ones if ``quick``."""
    found = fisher_cumulants.cases(quick) + fisher_tori.cases(quick)
    return found + fisher_families.cases() + fisher_sampling.cases()


def experiments(quick: bool, data: pathlib.Path | None) -> list[Experiment]:
    """Published values, exact ones beyond them, and Monte Carlo; no recordings."""
    return fisher_paper.experiments(quick) + fisher_sampling.experiments(quick)
