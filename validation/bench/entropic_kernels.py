"""What the compiled kernels of `geomsci.entropic` are measured on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci.reference.entropic import log_hessian as lh
from geomsci.reference.entropic.smoothing import transform
from geomsci.validation.bench.entropic_run import SCALE, density, galaxies
from geomsci.validation.suites import CASE_SEED

Arguments = tuple[Any, ...]


def _particles(number: int, n: int) -> Arguments:
    """Positions in a box of unit cells, the grid and the cubic window."""
    rng = np.random.default_rng(CASE_SEED)
    return rng.uniform(0, n, (number, 3)), (n,) * 3, (float(n),) * 3, "pcs"


def _places(number: int) -> Arguments:
    """Galaxies seen from galaxies, without weights, in open space."""
    positions = galaxies()
    rng = np.random.default_rng(CASE_SEED)
    points = positions[rng.integers(0, len(positions), number)]
    return points, positions, np.zeros(len(positions)), 5.0, None


def _derivatives(n: int) -> Arguments:
    """A smoothed density of single precision, its slopes and second derivatives."""
    field = density(n)
    S = lh.prepare(transform(field, (float(n),) * 3), SCALE)
    D = lh.derivatives(S, slice(0, None))
    return D.density, tuple(D.first), tuple(D.second)


def _matrices(number: int) -> Arguments:
    """Packed matrices of three rows."""
    return (np.random.default_rng(CASE_SEED).standard_normal((number, 6)),)


INPUTS: dict[str, list[tuple[str, Callable[[], Arguments]]]] = {
    "entropic.assign_mass": [
        ("500,000 on 128³, cubic", lambda: _particles(500_000, 128)),
    ],
    "entropic.eigenvalue_signature": [
        ("1,000,000 matrices", lambda: _matrices(1_000_000)),
    ],
    "entropic.gaussian_moments": [
        ("200 places, 44,572 galaxies", lambda: _places(200)),
    ],
    "entropic.quotient_eigenvalues": [
        ("64³, single precision", lambda: _derivatives(64)),
        ("128³, single precision", lambda: _derivatives(128)),
    ],
    "entropic.quotient_signature": [
        ("64³, single precision", lambda: _derivatives(64)),
        ("128³, single precision", lambda: _derivatives(128)),
    ],
    "entropic.symmetric_eigenvalues": [
        ("1,000,000 matrices", lambda: _matrices(1_000_000)),
    ],
}
"""Row of the capability table to sizes and arguments."""
