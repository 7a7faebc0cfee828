"""Gram matrices, stability events and the constants of the Chernoff bounds."""

import math

import numpy as np
import pytest

from geomsci.reference.sampling import stability as reference
from geomsci.sampling.stability import gram, instability, required_sample_size


def test_gram_of_a_batch_is_the_mean_of_the_terms(xp):
    rng = np.random.default_rng(1)
    Phi, w = rng.standard_normal((3, 8, 4)), rng.uniform(0, 2, (3, 8))
    expected = np.einsum("rn,rni,rnj->rij", w, Phi, Phi) / 8
    xp.assert_close(gram(xp.asarray(Phi), xp.asarray(w)), expected, kappa=10, n=8)


def test_optimal_weights_make_the_trace_m(xp):
    rng = np.random.default_rng(2)
    Phi = rng.standard_normal((50, 7))
    w = 7 / np.sum(Phi**2, axis=1)
    G = xp.to_numpy(gram(xp.asarray(Phi), xp.asarray(w)))
    assert np.trace(G) == pytest.approx(7, rel=64 * xp.eps)


def test_without_weights_all_points_weigh_one(xp):
    Phi = np.arange(6.0).reshape(3, 2)
    xp.assert_close(gram(xp.asarray(Phi)), Phi.T @ Phi / 3, kappa=10)


def test_both_criteria_are_norms_of_the_distance_to_the_identity(xp):
    rng = np.random.default_rng(3)
    A = rng.standard_normal((4, 5, 9))
    G = A @ np.swapaxes(A, 1, 2) / 9
    spectral = [np.linalg.norm(g - np.eye(5), 2) for g in G]
    smallest = [1 - np.linalg.eigvalsh(g)[0] for g in G]
    got = instability(xp.asarray(G), criterion="spectral")
    xp.assert_close(got, np.array(spectral), kappa=100, n=5)
    xp.assert_close(instability(xp.asarray(G)), np.array(smallest), kappa=100, n=5)
    xp.assert_close(reference.lambda_min(xp.asarray(G)), 1 - np.array(smallest), n=5)


@pytest.mark.parametrize(
    ("m", "delta", "two_sided", "one_sided"),
    [
        (10, 0.5, 70.3, 45.0),
        (10, 0.9, 23.8, 10.3),
        (100, 0.5, 91.5, 60.0),
        (100, 0.9, 31.0, 13.8),
    ],
)
def test_sample_sizes_of_the_published_constants(m, delta, two_sided, one_sided):
    for kind, ratio in (("two-sided", two_sided), ("one-sided", one_sided)):
        n = required_sample_size(m, delta, 0.01, kind)
        assert n / m == pytest.approx(ratio, abs=0.05 + 1 / m)


@pytest.mark.parametrize("kind", ["two-sided", "one-sided"])
@pytest.mark.parametrize("delta", [0.1, 0.5, 0.99])
def test_the_size_is_the_smallest_that_meets_the_bound(kind, delta):
    m, eta = 7, 1e-3
    n = required_sample_size(m, delta, eta, kind)
    d = reference.chernoff_rate(delta, kind)
    sides = 2 if kind == "two-sided" else 1

    def bound(n):
        return sides * m * math.exp(-n * d / m)

    assert bound(n) <= eta * (1 + 1e-12) < bound(n - 1)


@pytest.mark.parametrize(("t", "kind"), [(1.0, "two-sided"), (-1.0, "one-sided")])
def test_rates_are_legendre_transforms(t, kind):
    # d = sup_s s x - (exp(s) - 1) at the eigenvalue x = 1 + delta or 1 - delta, less x
    # log-mean of one: the rate of a Poisson variable of mean 1.
    delta = 0.3
    x, s = 1 + t * delta, t * np.linspace(0, 2, 200_001)
    rate = np.max(s * x - np.expm1(s))
    assert reference.chernoff_rate(delta, kind) == pytest.approx(rate, rel=1e-8)


def test_a_mixture_needs_more_points():
    plain = required_sample_size(10, 0.5, 0.01)
    assert required_sample_size(10, 0.5, 0.01, mixture=0.5) == 2 * plain
    assert required_sample_size(10, 0.5, 0.01, mixture=1) == plain


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((0, 0.5, 0.1), ValueError),
        ((2.5, 0.5, 0.1), TypeError),
        ((True, 0.5, 0.1), TypeError),
        ((2, 1.0, 0.1), ValueError),
        ((2, 0.5, 0.0), ValueError),
        ((2, "half", 0.1), TypeError),
        ((2, 0.5, 0.1, "both"), ValueError),
        ((2, float("nan"), 0.1), ValueError),
    ],
)
def test_bad_numbers_are_refused(arguments, error):
    with pytest.raises(error, match="must"):
        required_sample_size(*arguments)
    with pytest.raises(ValueError, match="mixture must"):
        required_sample_size(2, 0.5, 0.1, mixture=0.0)


def test_bad_weights_and_matrices_are_refused():
    Phi = np.ones((3, 2))
    for w in ([1, -1, 1], [1, np.inf, 1], [1, np.nan, 1], [1, 1]):
        with pytest.raises(ValueError, match="sample_weight"):
            gram(Phi, w)
    with pytest.raises(ValueError, match="criterion must be one of"):
        instability(np.eye(2), criterion="trace")
    with pytest.raises(ValueError, match="G must"):
        instability(Phi)
