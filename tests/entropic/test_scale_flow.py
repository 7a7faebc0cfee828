"""The scale flow and the global identities."""

import numpy as np
import pytest

from geomsci.entropic.scale_flow import scale_flow_rhs
from geomsci.reference.entropic import identities, scale_flow
from geomsci.reference.entropic import log_hessian as lh
from geomsci.reference.entropic.smoothing import smooth, transform

WHITE = np.exp(np.random.default_rng(21).standard_normal((32, 32, 32)))
LENGTHS = (32.0, 32.0, 32.0)
MULTIPLICITY = np.array([1, 2, 2, 1, 2, 1])


def _relative(a, b):
    """Frobenius norm of packed tensors' difference over that of the second."""
    return np.sqrt((MULTIPLICITY * (a - b) ** 2).sum() / (MULTIPLICITY * b**2).sum())


@pytest.mark.parametrize(("R", "budget"), [(2.5, 5e-4), (4.0, 1e-9)])
def test_flow_equation_holds(R, budget):
    """Statement (ii): the residual is the aliasing of K, falling steeply with R."""
    rate = scale_flow.scale_rate(WHITE, R, LENGTHS)
    assert _relative(scale_flow_rhs(WHITE, R), rate) <= budget


def test_analytic_rate_is_the_derivative_of_the_curvature():
    s, step = 0.5 * 3.0**2, 1e-3
    ends = [np.sqrt(2 * (s - step)), np.sqrt(2 * (s + step))]
    before, after = (r.curvature for r in lh.log_hessian(WHITE, ends, LENGTHS))
    rate = scale_flow.scale_rate(WHITE, 3.0, LENGTHS)
    assert _relative((after - before) / (2 * step), rate) <= 1e-5


def test_gaussian_follows_its_riccati_equation():
    """K = 1 / (s_0^2 + 2 s): the rate is -2 K^2."""
    x = np.arange(64) - 32.0
    rho = 1e-12 + np.exp(-(x**2) / (2 * 4.0**2))
    rate = scale_flow.scale_rate(rho, 3.0, (64.0,))
    np.testing.assert_allclose(rate[29:36, 0], -2 / 25.0**2, rtol=1e-7)


@pytest.mark.capability("entropic.scale_flow_rhs")
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_flow_runs_on_every_library(xp, axes):
    rng = np.random.default_rng(axes)
    field = np.exp(0.5 * rng.standard_normal((10, 9, 8)[:axes]))
    R = 2.0 if axes == 3 else 3.0
    expected = scale_flow.scale_flow_rhs(field, R, field.shape).curvature
    # Four derivatives of a smooth field: float32 loses (pi R)^4 of them.
    rate = scale_flow_rhs(xp.asarray(field), R)
    xp.assert_close(rate, expected, kappa=(np.pi * R) ** 4, n=field.size)


def test_squares_of_packed_tensors():
    A = np.random.default_rng(3).standard_normal((7, 3, 3))
    A = A + A.swapaxes(1, 2)
    i, j = np.triu_indices(3)
    packed = scale_flow.squared(A[:, i, j], 3)
    np.testing.assert_allclose(packed, (A @ A)[:, i, j], atol=1e-13)


@pytest.mark.parametrize("R", [1.5, 2.0, 4.0])
@pytest.mark.parametrize("shape", [(32,), (32, 31), (16, 15, 18)])
def test_weighted_trace_is_the_fisher_information(R, shape):
    """Statement (iii): exact to round-off at every scale."""
    field = np.exp(np.random.default_rng(1).standard_normal(shape))
    found = identities.global_scalars(lh.prepare(transform(field, shape), R))
    rounding = 64 * np.finfo(float).eps * np.log2(field.size)
    gap = found.weighted_trace - found.fisher_information
    assert abs(gap) <= rounding * found.fisher_information


def _aliasing(R):
    """Relative errors of the identities that hold for integrals only."""
    F = transform(WHITE, LENGTHS)
    found = identities.global_scalars(lh.prepare(F, R))
    rates = identities.scale_rates(F, R)
    return np.abs([
        found.trace / found.trace_std,
        1 + 2 * rates.entropy / found.fisher_information,
        1 + rates.fisher_information / found.weighted_square,
    ])  # fmt: skip


def test_other_identities_hold_to_rounding_at_four_cells():
    """Statement (iii)."""
    assert _aliasing(4.0).max() <= 1e-12


def test_aliasing_of_the_identities_falls_with_the_scale():
    """A white lognormal field: the errors of the three identities at 1.5, 2, 2.5."""
    sequence = np.array([_aliasing(R) for R in (1.5, 2.0, 2.5)])
    assert np.all(sequence[1] <= 1e-2 * sequence[0])
    assert np.all(sequence[0] <= 1e-4)
    assert np.all(sequence[2] <= 1e-10)


def test_scalars_are_the_plain_means():
    field = 7.0 * WHITE[:12, :10, :9]
    lengths = (3.0, 2.0, 2.5)
    found = identities.global_scalars(lh.prepare(transform(field, lengths), 0.6))
    rho = smooth(field, [0.6], lengths)[0]
    K = lh.full_tensor(lh.log_hessian(field, [0.6], lengths)[0].curvature, 3)
    trace = np.trace(K, axis1=-2, axis2=-1)
    unit = rho / rho.mean()
    np.testing.assert_allclose(found.mean_density, field.mean(), rtol=1e-13)
    np.testing.assert_allclose(found.entropy, (unit * np.log(unit)).mean(), rtol=1e-10)
    np.testing.assert_allclose(found.trace_std, trace.std(), rtol=1e-12)
    squares = (K**2).sum((-1, -2))
    np.testing.assert_allclose(found.weighted_square, (unit * squares).mean())
    np.testing.assert_allclose(found.lowest_density, rho.min(), rtol=1e-12)
    assert found.n_nonpositive == 0


def test_rates_are_derivatives_of_the_scalars():
    F, R, step = transform(WHITE, LENGTHS), 3.0, 1e-3
    rates = identities.scale_rates(F, R)
    ends = [np.sqrt(R**2 + sign * step) for sign in (-1, 1)]
    low, high = (identities.global_scalars(lh.prepare(F, r)) for r in ends)
    difference = (high.entropy - low.entropy) / (2 * step)
    np.testing.assert_allclose(rates.entropy, difference, rtol=1e-6)
    difference = (high.fisher_information - low.fisher_information) / (2 * step)
    np.testing.assert_allclose(rates.fisher_information, difference, rtol=1e-6)
