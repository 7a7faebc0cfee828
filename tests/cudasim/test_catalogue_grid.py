"""The GPU form of the catalogue sums, thread by thread in the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from geomsci.backends.kernels import catalogue

EPS = float(np.finfo(np.float64).eps)


@pytest.mark.parametrize("box", [None, [3.0, 4.0]])
@pytest.mark.parametrize(("m", "workers"), [(1, 1), (5, 2), (65, 65)])
def test_moments_are_those_of_the_host(box, m, workers):
    rng = np.random.default_rng(0)
    points, positions = rng.uniform(0, 3, (m, 2)), rng.uniform(0, 3, (30, 2))
    lag, R = rng.uniform(0, 1, 30), 0.2
    padded, cells, order = catalogue.tables(points, positions, lag, R, box)
    work, out = np.full((workers, 16), np.nan), np.full((m, 10), np.nan)
    catalogue.launch(padded, R, cells, order, work, out)
    found = catalogue.moments_of(out, 2)
    wanted = catalogue.gaussian_moments_numba(points, positions, lag, R, box)
    for a, b in zip(found, wanted, strict=True):
        # The host fuses and reorders sums about a point a few R away.
        np.testing.assert_allclose(a, b, rtol=64 * EPS, atol=64 * EPS)
