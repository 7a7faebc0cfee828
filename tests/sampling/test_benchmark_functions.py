"""The functions on which designs are judged are what they are said to be."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from geomsci.sampling import MarginalTransform
from geomsci.sampling.test_functions import (
    borehole,
    borehole_inputs,
    ishigami,
    ishigami_inputs,
    ishigami_moments,
    ishigami_sobol_indices,
)

EPS = np.finfo(float).eps


def test_borehole_is_a_flow_through_two_resistances():
    # The same by Ohm's law: the well and both aquifers in series.
    inputs = MarginalTransform(borehole_inputs().values())
    X = inputs.from_standard(np.random.default_rng(0).uniform(-1, 1, (200, 8)))
    rw, r, Tu, Hu, Tl, Hl, L, Kw = X.T
    aquifers = (np.log(r) - np.log(rw)) / (2 * np.pi) * (1 / Tu + 1 / Tl)
    well = L / (np.pi * rw**2 * Kw)
    np.testing.assert_allclose(
        borehole(X), (Hu - Hl) / (aquifers + well), rtol=50 * EPS
    )


@pytest.mark.parametrize(("a", "b"), [(7.0, 0.1), (5.0, 0.05)])
def test_ishigami_moments_by_quadrature(a, b):
    x, w = np.polynomial.legendre.leggauss(40)
    grid = np.array(list(itertools.product(math.pi * x, repeat=3)))
    weights = np.prod(list(itertools.product(w / 2, repeat=3)), axis=1)
    y = ishigami(grid, a, b)
    mean = weights @ y
    cube = (y - mean).reshape(40, 40, 40)
    variance = weights @ (y - mean) ** 2
    assert (mean, variance) == pytest.approx(ishigami_moments(a, b), rel=1e-12)
    w = w / 2
    first = [w @ np.einsum(rule, cube, w, w) ** 2 for rule in
             ("ijk,j,k->i", "ijk,i,k->j", "ijk,i,j->k")]  # fmt: skip
    rest = [np.einsum("ij,i,j", np.einsum(rule, cube, w) ** 2, w, w) for rule in
            ("ijk,i->jk", "ijk,j->ik", "ijk,k->ij")]  # fmt: skip
    expected = ishigami_sobol_indices(a, b)
    np.testing.assert_allclose(np.array(first) / variance, expected.first, atol=1e-12)
    total = 1 - np.array(rest) / variance
    np.testing.assert_allclose(total, expected.total, atol=1e-12)


def test_inputs_are_named_in_the_order_of_the_columns():
    assert list(borehole_inputs()) == ["rw", "r", "Tu", "Hu", "Tl", "Hl", "L", "Kw"]
    supports = [marginal.support() for marginal in ishigami_inputs().values()]
    assert np.allclose(supports, [(-math.pi, math.pi)] * 3)
    assert isinstance(ishigami_inputs()["x1"].dist, type(stats.uniform))


def test_float32_stays_float32():
    assert ishigami(np.ones((2, 3), dtype=np.float32)).dtype == np.float32
