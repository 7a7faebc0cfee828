"""Rigid probes at finite distance and width, stencils and finite dimension."""

import itertools
import math

import mpmath
import numpy as np
import pytest

from geomsci.reference.entropic import log_hessian as lh
from geomsci.reference.entropic.finite_dimension import (
    effective_dimension,
    finite_dimension,
)
from geomsci.reference.entropic.identities import global_scalars
from geomsci.reference.entropic.rigid_probe import probe_tensor, probe_tensor_finite
from geomsci.reference.entropic.smoothing import smooth, transform
from geomsci.reference.entropic.stencils import stencil_hessian

LENGTHS = (5.0, 4.0, 6.0)
SHAPE = (12, 10, 14)


def _waves(seed=0, size=0.5):
    """Log density of eight waves: wavevectors, amplitudes and phases."""
    rng = np.random.default_rng(seed)
    k = 2 * np.pi * rng.integers(-3, 4, (8, 3)) / np.array(LENGTHS)
    return k, size * rng.standard_normal(8), rng.uniform(0, 2 * np.pi, 8)


def _log_density(x, waves):
    k, a, phase = waves
    return np.cos(x @ k.T + phase) @ a


def _grid(shape=SHAPE, lengths=LENGTHS):
    axes = [np.arange(n) * L / n for n, L in zip(shape, lengths)]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def _entropy(centre, s, waves):
    """-int G_s(y - centre) u(y) dy, the part of Ent(. | e^u dx) that moves."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    weights = weights / weights.sum()
    y = centre + s * np.array(list(itertools.product(nodes, repeat=3)))
    mass = np.array([math.prod(w) for w in itertools.product(weights, repeat=3)])
    return -(mass @ _log_density(y, waves))


def _probe_entropies(x, e, h, s, waves):
    e = np.array(e) / np.linalg.norm(e)
    return [_entropy(x + t * h * e, s, waves) for t in (-0.5, 0.0, 0.5)]


@pytest.mark.parametrize(("h", "s"), [(0.7, 0.25), (1.5, 0.4)])
def test_multiplier_is_the_second_difference_of_entropies(h, s):
    waves = _waves()
    K = lh.full_tensor(probe_tensor(_log_density(_grid(), waves), LENGTHS, step=h,
                                    width=s), 3)  # fmt: skip

    def curvature(x, e):
        begin, half, end = _probe_entropies(x, e, h, s, waves)
        return 8 / h**2 * (0.5 * (begin + end) - half)

    for cell in [(0, 0, 0), (3, 7, 11)]:
        x, unit = _grid()[cell], np.eye(3)
        for i, j in lh.packed_pairs(3):
            plus, minus = unit[i] + unit[j], unit[i] - unit[j]
            expected = (
                curvature(x, unit[i])
                if i == j
                else 0.5 * (curvature(x, plus) - curvature(x, minus))
            )
            # 24 nodes integrate the waves to rounding; h^2 divides it.
            assert abs(K[cell][i, j] - expected) <= 1e-11 * np.abs(K).max()


@pytest.mark.parametrize("n", [3.0, 40.0, -6.0])
def test_finite_dimension_solves_the_equation_of_the_entropies(n):
    """U_half = (U_0 + U_1) / 2 / cos(h sqrt(K / n) / 2), solved by mpmath."""
    h, s, waves = 0.9, 0.3, _waves(1)
    u = _log_density(_grid(), waves)
    K = probe_tensor_finite(u, LENGTHS, n, step=h, width=s)
    for cell in [(1, 2, 3), (8, 0, 5), (4, 9, 13)]:
        entropies = _probe_entropies(_grid()[cell], (0, 1, 0), h, s, waves)
        begin, half, end = (mpmath.exp(-mpmath.mpf(E) / n) for E in entropies)
        angle = mpmath.acos((begin + end) / (2 * half))  # imaginary for K / n < 0
        expected = 4 * n / h**2 * mpmath.re(angle**2)
        assert abs(K[cell][3] - float(expected)) <= 1e-10 * np.abs(K).max()


def test_large_dimension_is_the_infinite_one():
    u = _log_density(_grid(), _waves(2))
    K = probe_tensor(u, LENGTHS, step=0.8)
    far = probe_tensor_finite(u, LENGTHS, 1e7, step=0.8)
    np.testing.assert_allclose(far, K, atol=1e-5 * np.abs(K).max())


def test_small_steps_have_the_finite_dimension_tensor():
    """Both conventions have one limit form: n = N for rigid probes."""
    waves, n = _waves(2), effective_dimension(5.0, 3, "rigid")
    u = _log_density(_grid(), waves)
    k, a, phase = waves
    gradient = -(np.sin(_grid() @ k.T + phase) * a) @ k
    limit = finite_dimension(probe_tensor(u, LENGTHS), gradient, n)
    errors = [
        np.abs(probe_tensor_finite(u, LENGTHS, n, step=h) - limit).max()
        for h in (0.1, 0.05)
    ]
    assert 3.9 <= errors[0] / errors[1] <= 4.1


def test_error_falls_with_the_square_of_the_step():
    """Statement (i): the limit h = 0 at second order, 48 (K_h - K) / h^2 -> K_ee,ee."""
    rho = np.exp(np.random.default_rng(4).standard_normal((24, 24, 24)))
    u = np.log(smooth(rho, [4.0], (24.0,) * 3)[0])
    K = probe_tensor(u, (24.0,) * 3)
    gaps = [probe_tensor(u, (24.0,) * 3, step=h) - K for h in (2.0, 1.0, 0.5)]
    norms = [np.linalg.norm(gap) for gap in gaps]
    assert 3.9 <= norms[0] / norms[1] <= 4.1
    assert 3.9 <= norms[1] / norms[2] <= 4.1
    second = -probe_tensor(K[..., 0], (24.0,) * 3)[..., 0]
    leading = 48 * gaps[2][..., 0] / 0.5**2
    assert np.linalg.norm(leading - second) <= 0.01 * np.linalg.norm(second)


@pytest.mark.parametrize("shape", [(9,), (8, 7), SHAPE])
def test_zero_step_is_minus_the_hessian(shape):
    waves = _waves(3)
    x = np.zeros((*shape, 3))
    x[..., : len(shape)] = _grid(shape, LENGTHS)
    k, a, phase = waves
    small = np.abs(k * np.array(LENGTHS)).max(axis=1) <= 2 * np.pi * 3
    angle = x @ k.T + phase
    expected = np.stack(
        [(np.cos(angle) * a * k[:, i] * k[:, j])[..., small].sum(-1)
         for i, j in lh.packed_pairs(len(shape))], axis=-1)  # fmt: skip
    K = probe_tensor(np.cos(angle) @ a, LENGTHS[: len(shape)])
    np.testing.assert_allclose(K, expected, atol=1e-12 * np.abs(expected).max())


def test_width_smooths_the_components():
    u = _log_density(_grid(), _waves(5))
    wide = probe_tensor(u, LENGTHS, width=0.3)
    components = np.moveaxis(probe_tensor(u, LENGTHS), -1, 0)
    smoothed = np.stack([smooth(K, [0.3], LENGTHS)[0] for K in components], axis=-1)
    np.testing.assert_allclose(wide, smoothed, atol=1e-12 * np.abs(wide).max())


@pytest.mark.parametrize("name", ["probe", "finite", "stencil", "dimension"])
def test_libraries_agree(xp, name):
    u = _log_density(_grid(), _waves(6, 0.2))
    functions = {
        "probe": lambda v: probe_tensor(v, LENGTHS, step=0.5, width=0.2),
        "finite": lambda v: probe_tensor_finite(v, LENGTHS, 4.0, step=1.5, width=0.2),
        "stencil": lambda v: stencil_hessian(1 + v**2, LENGTHS, 8),
        "dimension": lambda v: finite_dimension(v[..., :6], v[..., 6:9], 2.0),
    }
    expected = functions[name](u)
    xp.assert_close(functions[name](xp.asarray(u)), expected, kappa=20, n=u.size)


@pytest.mark.parametrize("order", [2, 4, 6, 8])
def test_stencils_have_their_order(order):
    errors = []
    for n in (24, 48):
        x = _grid((n, n), (1.0, 1.0)) @ np.array([[1.0, 1.0], [2.0, -1.0]]).T
        angle = 2 * np.pi * x
        rho = np.exp(np.cos(angle[..., 0]) + 0.5 * np.sin(angle[..., 1]))
        a, b = np.cos(angle[..., 0]), 0.5 * np.sin(angle[..., 1])
        exact = 4 * np.pi**2 * np.stack([a + 4 * b, a - 2 * b, a + b], axis=-1)
        errors.append(np.abs(stencil_hessian(rho, (1.0, 1.0), order) - exact).max())
    assert abs(math.log2(errors[0] / errors[1]) - order) <= 0.45


PROFILES = {
    "isothermal": (lambda r: r**-2, lambda r: -2 / r**2, lambda r: 2 / r**2),
    "nfw": (
        lambda r: 1 / (r * (1 + r) ** 2),
        lambda r: -(1 / r**2 + 2 / (1 + r) ** 2),
        lambda r: 1 / r**2 + 2 / (r * (1 + r)),
    ),
    "plummer": (
        lambda r: (1 + r**2) ** -2.5,
        lambda r: 5 * (1 - r**2) / (1 + r**2) ** 2,
        lambda r: 5 / (1 + r**2),
    ),
}


@pytest.mark.parametrize("name", PROFILES)
def test_radial_profiles_have_their_closed_form(name):
    """The stencil at the middle of a small cube around a point off the axes."""
    rho, radial, tangential = PROFILES[name]
    centre, H, n = np.array([0.9, 0.5, -0.7]), 0.01, 11
    offsets = (_grid((n,) * 3, (n,) * 3) - n // 2) * H
    density = rho(np.linalg.norm(centre + offsets, axis=-1))
    K = stencil_hessian(density, (n * H,) * 3, 8)[n // 2, n // 2, n // 2]
    r = np.linalg.norm(centre)
    along = np.outer(centre, centre) / r**2
    expected = radial(r) * along + tangential(r) * (np.eye(3) - along)
    # h^8 of the truncation is below the rounding of log rho over H^2.
    np.testing.assert_allclose(lh.full_tensor(K, 3), expected, atol=1e-10)


def test_one_dimension_more_is_the_plain_hessian_of_the_density():
    """N = 4 in three dimensions (Bakry, Emery): K^(N) = -Hess rho / rho."""
    rho = np.exp(np.random.default_rng(7).standard_normal((10, 9, 8)))
    S = lh.prepare(transform(rho, rho.shape), 2.0)
    D, part = lh.derivatives(S, slice(0, None)), lh.slab(S, slice(0, None))
    n = effective_dimension(4.0, 3, "bakry-emery")
    K = finite_dimension(part.curvature, part.gradient, n)
    expected = np.stack([-second / D.density for second in D.second], axis=-1)
    np.testing.assert_allclose(K, expected, atol=1e-13 * np.abs(K).max())


@pytest.mark.parametrize(
    ("dimension", "convention"),
    [(7.0, "bakry-emery"), (4.0, "rigid"), (-2.0, "rigid"), (np.inf, "rigid")],
)
def test_weighted_trace_of_finite_dimension_is_a_share_of_fisher(dimension, convention):
    """<rho tr K^(N)> = (1 - 1/n) I, the same sums on the grid."""
    rho = np.exp(np.random.default_rng(8).standard_normal((12, 9, 8)))
    S = lh.prepare(transform(rho, rho.shape), 2.0)
    part = lh.slab(S, slice(0, None))
    n = effective_dimension(dimension, 3, convention)
    K = finite_dimension(part.curvature, part.gradient, n)
    trace = K[..., 0] + K[..., 3] + K[..., 5]
    weighted = (part.density * trace).mean() / part.density.mean()
    I = global_scalars(S).fisher_information  # noqa: E741
    assert abs(weighted - (1 - 1 / n) * I) <= 1e-13 * I


@pytest.mark.parametrize(
    ("dimension", "convention"),
    [(3.0, "bakry-emery"), (0.0, "rigid"), (np.nan, "rigid"), (2.0, "bakry-emery")],
)
def test_impossible_dimensions_are_refused(dimension, convention):
    with pytest.raises(ValueError, match="dimension must be above"):
        effective_dimension(dimension, 3, convention)


def test_unknown_conventions_are_refused():
    with pytest.raises(ValueError, match="bakry-emery, rigid"):
        effective_dimension(5.0, 3, "sturm")
