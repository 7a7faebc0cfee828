"""K = -Hess log rho_R: closed forms, the plain form, Nyquist rules, the bound."""

import itertools
import tracemalloc

import numpy as np
import pytest
from scipy.special import iv

from geomsci.entropic.curvature import log_density_hessian
from geomsci.reference.entropic import log_hessian as lh
from geomsci.reference.entropic.smoothing import filtered, inverse, transform

WHITE = np.exp(np.random.default_rng(11).standard_normal((16, 12, 10)))


def _cells(shape):
    return np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), -1)


def _bessel_curvature(x, modes, amplitudes, phases, R, terms=24):
    """Packed K of prod_a exp(A_a cos(k_a x + phi_a)) smoothed: Bessel series."""
    d = x.shape[-1]
    rho, first, second = 0.0, np.zeros((d, *x.shape[:-1])), {}
    pairs = lh.packed_pairs(d)
    for orders in itertools.product(range(-terms, terms + 1), repeat=len(modes)):
        k = np.array(orders) @ modes
        size = np.prod(iv(orders, amplitudes)) * np.exp(-0.5 * (k @ k) * R**2)
        if abs(size) < 1e-30:
            continue
        angle = x @ k + np.array(orders) @ phases
        rho = rho + size * np.cos(angle)
        first -= np.multiply.outer(k, size * np.sin(angle))
        for i, j in pairs:
            term = -k[i] * k[j] * size * np.cos(angle)
            second[i, j] = second.get((i, j), 0.0) + term
    parts = [first[i] * first[j] / rho**2 - second[i, j] / rho for i, j in pairs]
    return np.stack(parts, axis=-1)


CASES = {
    "plane wave on a line": ((32,), [[1]], [1.3]),
    "plane wave": ((32, 8, 8), [[2, 0, 0]], [1.0]),
    "oblique modes in the plane": ((32, 30), [[1, 2], [1, -1]], [0.6, 0.5]),
    "oblique modes": ((24, 24, 25), [[1, 1, 0], [0, 1, -1]], [0.3, 0.25]),
}


@pytest.mark.parametrize("name", CASES)
def test_products_of_plane_waves_follow_their_bessel_series(name):
    shape, numbers, amplitudes = CASES[name]
    lengths = np.array((3.0, 2.5, 3.5)[: len(shape)])
    modes = 2 * np.pi * np.array(numbers) / lengths
    phases = np.array([0.3, 1.1])[: len(modes)]
    x = (_cells(shape) + 0.5) * lengths / np.array(shape)
    R = 2.0 * float(np.max(lengths / np.array(shape)))
    rho = np.exp(np.cos(x @ modes.T + phases) @ np.array(amplitudes))
    expected = _bessel_curvature(x, modes, np.array(amplitudes), phases, R)
    K = log_density_hessian(rho, R, tuple(lengths))
    assert np.abs(K - expected).max() <= 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize("d", [1, 2, 3])
def test_gaussian_has_the_inverse_of_its_smoothed_covariance(d):
    S = np.array([[6.0, 1.5, -1.0], [1.5, 5.0, 0.8], [-1.0, 0.8, 7.0]])[:d, :d]
    R, n = 2.0, 48
    x = _cells((n,) * d) - n / 2.0
    # The floor keeps rounding from making the far cells negative.
    rho = 1e-12 + np.exp(-0.5 * np.einsum("...i,ij,...j", x, np.linalg.inv(S), x))
    K = lh.full_tensor(log_density_hessian(rho, R), d)
    middle = (slice(n // 2 - 3, n // 2 + 4),) * d
    expected = np.linalg.inv(S + R**2 * np.eye(d))
    # Six or more standard deviations to the nearest image, exp(-18) at its least.
    np.testing.assert_allclose(K[middle], np.broadcast_to(expected, K[middle].shape),
                               atol=1e-9)  # fmt: skip


def _trefethen(n, L):
    """Spectral differentiation matrices of order one and two for n points."""
    j = np.arange(1, n)
    h = 2 * np.pi / n
    if n % 2 == 0:
        one = np.r_[0, 0.5 * (-1.0) ** j / np.tan(j * h / 2)]
        two = np.r_[
            -(np.pi**2) / (3 * h**2) - 1 / 6,
            -0.5 * (-1.0) ** j / np.sin(j * h / 2) ** 2,
        ]
    else:
        one = np.r_[0, 0.5 * (-1.0) ** j / np.sin(j * h / 2)]
        two = np.r_[
            -(np.pi**2) / (3 * h**2) + 1 / 12,
            -0.5 * (-1.0) ** j / np.tan(j * h / 2) / np.sin(j * h / 2),
        ]
    turn = (np.arange(n)[:, None] - np.arange(n)) % n
    return one[turn] * 2 * np.pi / L, two[turn] * (2 * np.pi / L) ** 2


@pytest.mark.parametrize("shape", [(8,), (9,), (6, 8), (8, 7), (6, 8, 4), (5, 6, 7)])
def test_nyquist_modes_follow_the_differentiation_matrices(shape):
    lengths = (3.0, 2.0, 4.0)[: len(shape)]
    rho = 3.0 + np.random.default_rng(2).uniform(0, 1, shape)
    S = lh.prepare(transform(rho, lengths), 0.0)
    D = lh.derivatives(S, slice(0, None))
    matrices = [_trefethen(n, L) for n, L in zip(shape, lengths)]

    def along(field, axis, order):
        moved = np.tensordot(matrices[axis][order - 1], field, axes=(1, axis))
        return np.moveaxis(moved, 0, axis)

    for (i, j), second in zip(lh.packed_pairs(len(shape)), D.second):
        expected = along(rho, i, 2) if i == j else along(along(rho, i, 1), j, 1)
        np.testing.assert_allclose(second, expected, atol=1e-11 * np.abs(second).max())
    for i, first in enumerate(D.first):
        np.testing.assert_allclose(first, along(rho, i, 1), atol=1e-12 * 50)


def _plain(field, lengths, R):
    """The quotient form by ten transforms of the whole field with numpy."""
    shape, d = field.shape, field.ndim
    k = [2 * np.pi * n * np.fft.fftfreq(n) / L for n, L in zip(shape, lengths)]
    k = np.meshgrid(*k, indexing="ij")
    odd = [
        np.where(np.abs(ki) >= np.pi * n / L * (1 - 1e-9), 0, ki)
        for ki, n, L in zip(k, shape, lengths)
    ]
    F = np.fft.fftn(field) * np.exp(-0.5 * sum(ki**2 for ki in k) * R**2)
    back = lambda G: np.fft.ifftn(G).real  # noqa: E731
    rho = back(F)
    grad = [back(1j * ki * F) / rho for ki in odd]
    K = [
        grad[i] * grad[j] + back((k[i] ** 2 if i == j else odd[i] * odd[j]) * F) / rho
        for i, j in lh.packed_pairs(d)
    ]
    return rho, np.stack(grad, -1), np.stack(K, -1)


@pytest.mark.capability("entropic.log_density_hessian")
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_slabs_equal_the_plain_form(xp, axes):
    field = WHITE[(slice(None),) * axes + (0,) * (3 - axes)]
    lengths = (4.0, 3.0, 2.5)[:axes]
    rho, _, K = _plain(field, lengths, 0.55)
    kappa = field.max() / rho.min()
    result = log_density_hessian(xp.asarray(field), 0.55, lengths)
    xp.assert_close(result, K, kappa=kappa, n=field.size)


@pytest.mark.parametrize("planes", [1, 3, 16])
def test_slabs_do_not_depend_on_their_thickness(planes):
    lengths = (4.0, 3.0, 2.5)
    rho, grad, K = _plain(WHITE, lengths, 0.55)
    S = lh.prepare(transform(WHITE, lengths), 0.55)
    parts = list(lh.slabs(S, target=planes * lh.plane_bytes(S)))
    assert len(parts) == -(-16 // planes)
    joined = [np.concatenate([getattr(p, name) for p in parts])
              for name in ("density", "gradient", "curvature")]  # fmt: skip
    for got, expected in zip(joined, (rho, grad, K)):
        assert np.abs(got - expected).max() <= 1e-13 * np.abs(expected).max()


def test_scales_together_equal_scales_alone():
    together = log_density_hessian(WHITE, [2.0, 3.0])
    assert together.shape == (2, 16, 12, 10, 6)
    for K, R in zip(together, (2.0, 3.0)):
        np.testing.assert_array_equal(K, log_density_hessian(WHITE, R))


@pytest.mark.filterwarnings("ignore:R = 1.5 is")
@pytest.mark.parametrize("R", [1.5, 2.0, 4.0])
@pytest.mark.parametrize("power", [1, 3])
def test_eigenvalues_stay_below_the_bound(R, power):
    """Statement (iv): a non-negative field has eigenvalues of at most 1 / R^2."""
    field = np.exp(power * np.random.default_rng(5).standard_normal((24, 24, 24)))
    eigenvalues = np.linalg.eigvalsh(lh.full_tensor(log_density_hessian(field, R), 3))
    assert eigenvalues.max() * R**2 <= 1 + 64 * np.finfo(float).eps


def test_lone_points_pass_the_bound_by_the_cut_of_the_gaussian_only():
    """At the Nyquist mode the Gaussian has 3e-9 at 2 cells, 5e-14 at 2.5."""
    field = np.zeros((24, 24, 24))
    field[2, 3, 4] = field[14, 9, 20] = field[8, 20, 11] = 1.0
    highest = [
        np.linalg.eigvalsh(lh.full_tensor(log_density_hessian(field, R), 3)).max()
        * R**2
        for R in (2.0, 2.5)
    ]
    assert 1.0 < highest[0] <= 1.001
    assert highest[1] <= 1 + 1e-9


@pytest.mark.capability("entropic.log_density_hessian")
@pytest.mark.filterwarnings("ignore:The density smoothed")
def test_one_point_carries_the_bound_exactly(xp):
    field = np.zeros((24, 24))
    field[9, 4] = 1.0
    K = xp.to_numpy(log_density_hessian(xp.asarray(field), 3.0))
    expected = np.array([1, 0, 1]) / 9.0
    tail = 50 * np.exp(-0.5 * 21**2 / 9)  # the nearest image
    cut = 20 * np.exp(-0.5 * (3 * np.pi) ** 2)
    assert np.abs(K[9, 4] - expected).max() <= 100 * xp.eps + tail + cut


def test_curvature_does_not_depend_on_the_unit_of_the_density():
    K = log_density_hessian(WHITE, 2.0)
    np.testing.assert_allclose(log_density_hessian(1e6 * WHITE, 2.0), K, atol=1e-13)


def test_curvature_scales_with_the_inverse_square_of_length():
    K = log_density_hessian(WHITE, 2.0)
    larger = log_density_hessian(WHITE, 6.0, tuple(3.0 * n for n in WHITE.shape))
    np.testing.assert_allclose(larger, K / 9, atol=1e-14)


def test_inverse_undoes_the_transform():
    F = transform(WHITE, WHITE.shape)
    np.testing.assert_allclose(inverse(filtered(F, 0.0)), WHITE, rtol=1e-13)


def test_streaming_keeps_four_transforms_and_a_slab():
    """The kept transform and three arrays, in float32; ten derivatives stay slabs."""
    field = np.exp(np.random.default_rng(6).standard_normal((64, 64, 64)).astype("f4"))
    tracemalloc.start()
    S = lh.prepare(transform(field, field.shape), 2.0)
    for part in lh.slabs(S, target=4 * lh.plane_bytes(S)):
        assert part.curvature.dtype == np.float32
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    half_complex = 64 * 64 * 33 * 8
    assert peak <= 4 * half_complex + lh.SLAB_BYTES


@pytest.mark.parametrize("shape", [(9,), (8, 7), (12, 9, 10)])
def test_memory_of_the_transform_may_be_used_again(shape):
    rho = np.exp(np.random.default_rng(21).standard_normal(shape))
    F = transform(rho, shape)
    kept = F.coefficients.copy()
    plain = lh.prepare(F, 2.0, "cic")
    np.testing.assert_array_equal(F.coefficients, kept)
    again = lh.prepare(F, 2.0, "cic", overwrite=True)
    for found, expected in zip(again.parts, plain.parts):
        np.testing.assert_array_equal(found, expected)
    assert len(shape) == 1 or np.shares_memory(again.parts[0], F.coefficients)


@pytest.mark.parametrize("shape", [(9,), (8, 7), (12, 9, 10)])
def test_one_component_is_that_of_the_slab(shape):
    rho = np.exp(np.random.default_rng(22).standard_normal(shape))
    S, planes = lh.prepare(transform(rho, shape), 2.0), slice(2, 7)
    K = lh.slab(S, planes).curvature
    for p, (i, j) in enumerate(lh.packed_pairs(len(shape))):
        found = lh.curvature_component(S, planes, i, j)
        np.testing.assert_array_equal(found, K[..., p])
