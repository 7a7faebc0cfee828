"""The suite of `geomsci.entropic`: curvature of fields and catalogues, and its laws.

The oracles are closed forms, definitions written in NumPy, sums over modes, quadrature
and mock surveys whose whole field is known. The statements carry the numbers of the
design: (i) finite scales, (ii) the scale flow, (iii) global identities, (iv) the bound,
(v) Gaussian fields, (vi) the two routes, (vii) two smoothings, (viii) surveys.
"""

from __future__ import annotations

import pathlib

from geomsci.validation.cases import (
    entropic_closed_forms,
    entropic_densities,
    entropic_ensembles,
    entropic_halvings,
    entropic_routes,
    entropic_statements,
    entropic_statistics,
    entropic_surveys,
    entropic_transport,
)
from geomsci.validation.suites import Case, Experiment


def cases(quick: bool) -> list[Case]:
    """All cases of the suite; all are small."""
    found = entropic_densities.cases() + entropic_transport.cases()
    found += entropic_statistics.cases()
    return found + entropic_closed_forms.cases()


def experiments(quick: bool, data: pathlib.Path | None) -> list[Experiment]:
    """All statements, and the snapshot and the survey where their files are."""
    found = entropic_statements.experiments(quick, data)
    found += entropic_halvings.experiments(quick)
    found += entropic_routes.experiments(quick, data)
    found += entropic_closed_forms.experiments(quick)
    found += entropic_ensembles.experiments(quick)
    return found + entropic_surveys.experiments(quick, data)
