"""The GPU form of the determinantal samplers, thread by thread in the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from geomsci.backends.kernels import dpp
from geomsci.reference.sampling import candidates, envelopes

EPS = float(np.finfo(np.float64).eps)
LIMIT = 400


def _keys(R):
    return np.random.default_rng(4).integers(0, 2**32, (R, 4))


def _workspace(shapes, workers):
    return tuple(np.full((workers, *s), 7, dtype=dtype) for dtype, s in shapes)


def _finite(N=9, m=3):
    Q = np.linalg.qr(np.random.default_rng(5).standard_normal((N, m)))[0]
    return candidates.candidates(Q * np.sqrt(N), np.full(N, 1 / N))


def _launch_finite(found, keys, workers):
    m = found.rows.shape[1]
    outputs = np.full((len(keys), m), -9), np.full(len(keys), -9)
    inputs = found.rows, found.cumulative, found.guide
    workspace = _workspace(dpp.workspace_shapes(m), workers)
    dpp.launch("finite", keys, inputs, LIMIT, outputs, workspace)
    return outputs


def _tables(family, degrees):
    indices = np.array([(i, j) for i in range(degrees) for j in range(degrees - i)])
    return envelopes.tables((family,) * 2, indices, (0.3, -0.8), (0.1, 0.7))


def _launch_polynomial(tables, keys, workers):
    m, d = tables.indices.shape
    outputs = (
        np.full((len(keys), m, d), np.nan), np.full((len(keys), m), np.nan),
        np.full(len(keys), -9),
    )  # fmt: skip
    shapes = dpp.workspace_shapes(m, d, tables.recurrences.shape[1])
    dpp.launch("polynomial", keys, tables, LIMIT, outputs, _workspace(shapes, workers))
    return outputs


@pytest.mark.parametrize(("R", "workers"), [(1, 1), (33, 33), (5, 2), (7, 1)])
def test_finite_draws_are_those_of_the_host(R, workers):
    found, keys = _finite(), _keys(R)
    for a, b in zip(
        _launch_finite(found, keys, workers),
        dpp.finite_dpp_draws_numba(keys, found, n_points=3),
    ):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("family", sorted(envelopes.CODES))
def test_polynomial_draws_are_those_of_the_host(family):
    tables, keys = _tables(family, 3), _keys(3)
    points, weights, counts = _launch_polynomial(tables, keys, 2)
    wanted = dpp.polynomial_dpp_draws_numba(keys, tables, n_points=6)
    np.testing.assert_array_equal(counts, wanted[2])
    # Elementary functions differ by a few roundings between machines.
    np.testing.assert_allclose(points, wanted[0], rtol=64 * EPS, atol=64 * EPS)
    np.testing.assert_allclose(weights, wanted[1], rtol=1024 * EPS)


def test_draw_without_end_is_given_up():
    found = _finite()
    flat = found._replace(rows=np.ones((9, 3)))  # spans one function, not three
    _, counts = _launch_finite(flat, _keys(2), 2)
    assert list(counts) == [-1, -1]
