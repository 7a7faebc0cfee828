"""Entropic curvature of Markov chains: exact cases, bounds, the geodesic equation."""

import functools
import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar

from geomsci.entropic.markov_chains import (
    markov_chain_entropic_curvature,
    product_chain_curvature,
)
from geomsci.reference.entropic import markov_chains as reference


def two_states(p, q):
    return np.array([[-p, p], [q, -q]], dtype=float)


def sum_of_chains(*chains):
    """Generator of independent chains: each coordinate moves by its own."""

    def add(A, B):
        return np.kron(A, np.eye(len(B))) + np.kron(np.eye(len(A)), B)

    return functools.reduce(add, chains)


def random_chain(n, seed):
    rng = np.random.default_rng(seed)
    W = np.exp(rng.standard_normal((n, n)))
    W, pi = W + W.T, rng.dirichlet(np.full(n, 3.0))
    Q = W / pi[:, None]
    return Q - np.diag(Q.sum(axis=1)), pi


def test_log_mean_is_its_integral():
    log_a = np.array([0.0, 1.0, -3.0, 100.0, 0.3])
    log_b = np.array([0.0, 1 + 1e-9, 5.0, -100.0, -0.15])
    s = (np.polynomial.legendre.leggauss(200)[0] + 1) / 2
    w = np.polynomial.legendre.leggauss(200)[1] / 2
    d = (log_a - log_b)[:, None]
    integral = np.sum(w * np.exp(log_b[:, None] + s * d), axis=1)
    got = reference.log_mean(log_a, log_b)
    assert got == pytest.approx(integral, rel=1e-12)


@pytest.mark.parametrize(("p", "q"), [(1.0, 1.0), (2.0, 0.5), (1.0, 1e-3)])
def test_two_states_have_the_published_curvature(p, q):
    def term(s):
        a, b = q * math.exp(s), p * math.exp(-s)
        mean = a if a == b else (a - b) / math.atanh((a - b) / (a + b)) / 2
        return mean * math.cosh(s)

    found = minimize_scalar(term, bounds=(-6, 6), options={"xatol": 1e-9})
    result = markov_chain_entropic_curvature(two_states(p, q))
    assert result.exact
    smallest = (p + q) / 2 + min(found.fun, term(0.0))
    assert result.curvature == pytest.approx(smallest, rel=1e-12)


def test_the_symmetric_two_point_chain_has_curvature_two(xp):
    result = markov_chain_entropic_curvature(xp.asarray(two_states(1.0, 1.0)))
    xp.assert_close(result.curvature, np.array(2.0))


@pytest.mark.parametrize(("p", "q"), [(1.0, 1.0), (2.0, 0.5)])
def test_the_general_form_holds_at_the_minimum_of_two_states(p, q):
    Q = two_states(p, q)
    result = markov_chain_entropic_curvature(Q)
    log_rho = np.log(result.density)
    at = reference.curvature_at(Q, result.stationary, log_rho)
    assert at == pytest.approx(float(result.curvature), rel=1e-12)
    nearby = reference.curvature_at(
        Q, result.stationary, log_rho + np.array([[0.1, 0.0], [-0.1, 0.0]])
    )
    assert np.all(nearby >= at)


@pytest.mark.parametrize("n", [2, 3])
def test_the_hypercube_has_curvature_two_over_its_dimension(n):
    Q = sum_of_chains(*[two_states(1.0, 1.0)] * n) / n
    result = markov_chain_entropic_curvature(Q)
    assert not result.exact
    assert result.n_agreeing > 1  # not only the start that is the minimum
    assert result.curvature == pytest.approx(2 / n, rel=1e-6)
    assert product_chain_curvature([2.0] * n) == 2 / n


def test_products_have_the_smallest_curvature_of_their_factors():
    chains = [two_states(2.0, 0.5), two_states(1.0, 0.1)]
    single = [markov_chain_entropic_curvature(Q).curvature for Q in chains]
    expected = product_chain_curvature(np.array(single), [1.0, 1.0])
    result = markov_chain_entropic_curvature(sum_of_chains(*chains))
    assert result.converged
    assert result.curvature == pytest.approx(float(expected), rel=1e-6)


def flow(Q, pi, rho, psi):
    """Right-hand side of the geodesic equation (Erbar and Maas, proposition 3.4)."""
    at, to = np.broadcast_arrays(np.log(rho)[:, None], np.log(rho)[None, :])
    first, _ = reference.log_mean_slopes(at, to)
    mean = reference.log_mean(at, to)
    gap = psi[None, :] - psi[:, None]
    off = Q - np.diag(np.diag(Q))
    return -np.sum(mean * gap * off, axis=1), -np.sum(first * gap**2 * off, axis=1) / 2


def test_the_hessian_is_the_second_derivative_along_geodesics():
    n = 4
    Q, pi = random_chain(n, 2)
    rng = np.random.default_rng(6)
    rho, psi = rng.uniform(0.5, 2, n), 0.3 * rng.standard_normal(n)
    rho /= pi @ rho

    def rate(_, y):
        return np.concatenate(flow(Q, pi, y[:n], y[n:]))

    def entropy(time):
        y = solve_ivp(
            rate, (0, time), [*rho, *psi], rtol=1e-12, atol=1e-14, method="DOP853"
        ).y[:n, -1]
        return pi @ (y * np.log(y))

    h = 2e-3
    values = [entropy(k * h) for k in (-2, -1, 1, 2)]
    middle = pi @ (rho * np.log(rho))
    stencil = np.array([-1, 16, 16, -1]) / (12 * h * h)
    second = stencil @ values - 30 * middle / (12 * h * h)
    _, B = reference.entropy_hessian(Q, pi, np.log(rho))
    # Rounding of the entropies counts eps/h^2 times, the stencil errs by h^4.
    assert psi @ B @ psi == pytest.approx(second, rel=1e-6)


def test_the_complete_graph_is_above_its_published_bound():
    n = 4
    Q = np.full((n, n), 1 / n) - np.eye(n)
    kappa = markov_chain_entropic_curvature(Q).curvature
    assert 0.5 + 1 / (2 * n) <= kappa <= 1.0  # 1 is the spectral gap


def test_the_curvature_is_at_most_the_spectral_gap():
    for seed in range(3):
        Q, _ = random_chain(5, seed)
        gap = np.sort(-np.linalg.eigvals(Q).real)[1]
        result = markov_chain_entropic_curvature(Q)
        assert 0 < result.curvature <= gap * (1 + 1e-12)


def test_no_random_density_is_below_the_result():
    Q, pi = random_chain(4, 11)
    result = markov_chain_entropic_curvature(Q)
    log_rho = 3 * np.random.default_rng(0).standard_normal((4000, 4))
    values = reference.curvature_at(Q, pi, log_rho)
    assert result.curvature <= values.min() + 1e-9


def test_results_repeat_bitwise_and_scale_with_the_rates():
    Q, _ = random_chain(4, 3)
    first = markov_chain_entropic_curvature(Q)
    again = markov_chain_entropic_curvature(Q)
    assert np.array_equal(first.density, again.density)
    twice = markov_chain_entropic_curvature(2 * Q)
    assert twice.curvature == pytest.approx(2 * float(first.curvature), rel=1e-9)


def test_every_library_agrees(xp):
    Q, _ = random_chain(3, 4)
    expected = markov_chain_entropic_curvature(Q).curvature
    got = markov_chain_entropic_curvature(xp.asarray(Q)).curvature
    xp.assert_close(got, expected, kappa=10)


_RING = np.roll(np.eye(3), 1, axis=1) - np.eye(3)
_CUT = np.kron(np.eye(2), two_states(1.0, 1.0))


@pytest.mark.parametrize(
    ("Q", "sentence"),
    [
        (np.ones((2, 3)), "square matrix"),
        (np.eye(1), "at least two states"),
        (-two_states(1.0, 1.0), "rates >= 0"),
        (np.full((3, 3), 1 / 3), "pass P - I"),
        (_CUT, "irreducible"),
        (_RING, "reversible"),
        (np.full((2, 2), np.nan), "Q must be finite"),
    ],
)
def test_bad_chains_are_refused(Q, sentence):
    with pytest.raises(ValueError, match=sentence):
        markov_chain_entropic_curvature(Q)


def test_bad_products_are_refused():
    with pytest.raises(ValueError, match="positive speeds"):
        product_chain_curvature([1.0, 2.0], [1.0, 0.0])
    with pytest.raises(ValueError, match="at least one chain"):
        product_chain_curvature(np.zeros((2, 2)))


def test_a_search_that_does_not_settle_warns():
    Q, _ = random_chain(4, 3)
    with pytest.warns(UserWarning, match="raise max_iter"):
        assert not markov_chain_entropic_curvature(Q, max_iter=2).converged
