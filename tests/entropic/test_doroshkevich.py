"""Law of the eigenvalues of a Gaussian field against closed forms and draws."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import integrate

from geomsci.entropic import statistics
from geomsci.reference.entropic.legendre_rule import legendre_rule
from geomsci.reference.entropic.random_fields import isotropic_covariance

EPS = float(np.finfo(np.float64).eps)


def _eigenvalues(n, d, seed):
    """Of draws of Gaussian matrices with unit variance of the trace."""
    C = isotropic_covariance(np.ones(()), d)
    rng = np.random.default_rng(seed)
    rows = rng.multivariate_normal(np.zeros(len(C)), C, size=n, method="cholesky")
    A = np.empty((n, d, d))
    pairs = [(i, j) for i in range(d) for j in range(i, d)]
    for k, (i, j) in enumerate(pairs):
        A[:, i, j] = A[:, j, i] = rows[:, k]
    return np.linalg.eigvalsh(A)


@pytest.mark.parametrize("n", [1, 2, 5, 56, 160])
def test_legendre_rule_is_that_of_numpy(n):
    nodes, weights = legendre_rule(n)
    expected = np.polynomial.legendre.leggauss(n)
    np.testing.assert_allclose(nodes, expected[0], rtol=0, atol=8 * EPS)
    np.testing.assert_allclose(weights, expected[1], rtol=1e-10)


def test_fractions_at_zero_are_8_and_42_per_cent():
    # K and -K have one law, so the four classes come in two pairs that add up to 1/2.
    outer = 0.0796759370612
    found = statistics.doroshkevich_fractions()
    expected = [outer, 0.5 - outer, 0.5 - outer, outer]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize("threshold", [-0.7, 0.0, 0.4, 1.5])
def test_fractions_agree_with_adaptive_quadrature(threshold):
    def share(shift):
        def f(x, y):
            gaps = math.exp(-2.5 * (x * x + x * y + y * y)) * x * y * (x + y)
            return gaps * math.erfc((3 * threshold + shift(x, y)) / math.sqrt(2)) / 2

        total = integrate.dblquad(f, 0, 5, 0, 5, epsabs=1e-13, epsrel=1e-12)[0]
        return total * 1125 * math.sqrt(2 * math.pi) / (8 * math.sqrt(5) * math.pi)

    above = [share(lambda x, y: 2 * x + y), share(lambda x, y: -x - 2 * y)]
    found = statistics.doroshkevich_fractions(threshold)
    assert float(found[3]) == pytest.approx(above[0], abs=1e-11)
    assert 1 - float(found[0]) == pytest.approx(above[1], abs=1e-11)
    assert float(np.sum(found)) == pytest.approx(1.0, abs=1e-13)


@pytest.mark.parametrize("n_axes", [1, 2, 3])
@pytest.mark.parametrize("threshold", [-0.3, 0.0, 0.25])
def test_fractions_are_those_of_drawn_matrices(n_axes, threshold):
    n = 100_000
    above = np.sum(_eigenvalues(n, n_axes, seed=n_axes) > threshold, axis=-1)
    seen = np.bincount(above, minlength=n_axes + 1) / n
    p = statistics.doroshkevich_fractions(threshold, n_axes=n_axes)
    assert np.all(np.abs(seen - p) <= 4.5 * np.sqrt(p * (1 - p) / n))


def test_fractions_of_the_plane_are_in_closed_form():
    both = (1 - 1 / math.sqrt(3)) / 2
    found = statistics.doroshkevich_fractions(n_axes=2)
    np.testing.assert_allclose(found, [both, 1 - 2 * both, both], rtol=8 * EPS)


def test_closed_form_and_quadrature_of_the_plane_meet():
    below, above = (
        float(statistics.doroshkevich_fractions(t, n_axes=2)[2])
        for t in (2.0 - 1e-12, 2.0 + 1e-12)
    )
    assert below == pytest.approx(above, rel=1e-10)


def test_fractions_mirror_and_follow_the_input(xp):
    t = np.array([[0.3, 1.0], [2.0, 0.0]])
    found = statistics.doroshkevich_fractions(xp.asarray(t))
    mirrored = statistics.doroshkevich_fractions(-t)
    assert found.shape == (2, 2, 4)
    xp.assert_close(found, mirrored[..., ::-1], kappa=8.0)


@pytest.mark.parametrize("n_axes", [1, 2, 3])
def test_marginal_densities_integrate_to_the_fractions(n_axes):
    nodes, weights = np.polynomial.legendre.leggauss(64)
    p = statistics.doroshkevich_marginals(0.2 + 4.0 * (nodes + 1), n_axes=n_axes)
    above = 4.0 * weights @ p  # P(eigenvalue > 0.2), beyond 8.2 is below 1e-15
    fractions = statistics.doroshkevich_fractions(0.2, n_axes=n_axes)
    expected = np.cumsum(fractions[::-1])[:-1]
    np.testing.assert_allclose(above, expected, atol=1e-12)


def test_joint_density_integrates_to_one_and_gives_the_fractions(xp):
    nodes, weights = np.polynomial.legendre.leggauss(24)
    gap, wg = 2.2 * (nodes + 1), 2.2 * weights
    trace, wt = 7.0 * nodes, 7.0 * weights
    T, x, y = np.meshgrid(trace, gap, gap, indexing="ij")
    low = (T - 2 * x - y) / 3
    p = statistics.doroshkevich_density(
        xp.asarray(np.stack([low, low + x, low + x + y], -1))
    )
    xp.assert_is_native(p)
    W = wt[:, None, None] * wg[:, None] * wg / 3
    total = np.sum(W * xp.to_numpy(p))
    assert total == pytest.approx(1.0, abs=max(1e-6, 64 * xp.eps))


def test_joint_density_is_zero_out_of_order():
    assert float(statistics.doroshkevich_density([0.1, 0.0, 0.2])) == 0.0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: statistics.doroshkevich_fractions(np.inf), "threshold must be finite"),
        (lambda: statistics.doroshkevich_fractions(0.0, n_axes=5), "n_axes must be"),
        (lambda: statistics.doroshkevich_marginals([np.nan]), "values must be finite"),
        (lambda: statistics.doroshkevich_density([1.0, 2.0]), r"shape \(\.\.\., 3\)"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
