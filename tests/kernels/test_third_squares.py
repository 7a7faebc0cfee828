"""The host kernel of the streaming sum against the reference."""

import math

import numpy as np
import pytest

import geomsci
from geomsci.backends.kernels import third_squares as kernel
from geomsci.reference.fisher import streaming, third_transform
from geomsci.reference.fisher.cumulants import inverse_blocks, metric_blocks
from geomsci.reference.fisher.lattices import SQUARE, TRIANGULAR
from geomsci.reference.fisher.pfaffian import fermions, mixture

CRITICAL = math.asinh(1) / 2
EPS = np.finfo(float).eps

TORI = [
    ((3, 3), (CRITICAL, CRITICAL)),
    ((3, 4), (CRITICAL, CRITICAL)),
    ((4, 3), (0.3, 0.5)),
    ((6, 6), (-CRITICAL, -CRITICAL)),
    ((7, 7), (-CRITICAL, -CRITICAL)),
    ((4, 6), (0.4, -0.3)),
    ((10, 10), (CRITICAL, CRITICAL)),
]


def plan_of(lattice, shape, J):
    J = np.array(J)
    model = fermions(lattice, shape, J)
    parts = mixture(model, shape, J)
    d = len(J)
    blocks = metric_blocks(parts.metric.reshape(d, d, *shape))
    inverses, condition = inverse_blocks(blocks)
    return third_transform.bispectrum(model, parts, shape, inverses), float(condition)


@pytest.mark.parametrize(("shape", "J"), TORI, ids=str)
def test_equals_the_reference_for_every_first_momentum(shape, J):
    plan, condition = plan_of(SQUARE, shape, J)
    k1 = np.array(streaming.first_momenta(shape, False, False)[0])
    expected = streaming.third_squares(plan, k1)
    np.testing.assert_allclose(
        kernel.third_squares_numba(plan, k1), expected, rtol=64 * EPS * condition
    )


def test_takes_the_square_lattice_only():
    assert kernel.accepts_third_squares(plan_of(SQUARE, (3, 3), (0.3, 0.3))[0], None)
    plan, _ = plan_of(TRIANGULAR, (3, 3), (0.3, 0.3, 0.2))
    assert not kernel.accepts_third_squares(plan, None)


def test_result_does_not_depend_on_the_threads(monkeypatch):
    plan, _ = plan_of(SQUARE, (8, 8), (CRITICAL, CRITICAL))
    k1 = np.arange(64)
    results = []
    for n in (1, 2, 3):
        monkeypatch.setattr(kernel.threads, "n_threads", lambda n=n: n)
        results.append(kernel.third_squares_numba(plan, k1))
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])


def test_dispatch_runs_the_kernel_that_was_asked_for():
    J = np.array([CRITICAL, CRITICAL])
    with geomsci.use_backend("numba") as record:
        streaming.curvature(SQUARE, (4, 4), J)
    assert ("fisher.third_squares", "numba") in record.calls
    with geomsci.use_backend("auto") as record:
        streaming.curvature(SQUARE, (4, 4), J)
    assert ("fisher.third_squares", "reference") in record.calls
