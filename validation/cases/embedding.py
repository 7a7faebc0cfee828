"""The suite of `geomsci.embedding`: heat kernels, distances, pictures and their truth.

The oracles are closed forms and integers of many digits for heat kernels, definitions
written in NumPy for the other functions, and rolls and trees whose geodesics are known
for the whole method.
"""

from __future__ import annotations

import pathlib

from geomsci.validation.cases import (
    embedding_diffusions,
    embedding_functions,
    embedding_geodesics,
    embedding_kernels,
)
from geomsci.validation.suites import Case, Experiment


def cases(quick: bool) -> list[Case]:
    """All cases of the suite; the small ones if ``quick``."""
    found = embedding_kernels.cases(quick) + embedding_functions.cases(quick)
    return found + embedding_diffusions.cases()


def experiments(quick: bool, data: pathlib.Path | None) -> list[Experiment]:
    """Entries of heat kernels by each method, and true geodesics; no recordings."""
    return embedding_kernels.experiments(quick) + embedding_geodesics.experiments(quick)
