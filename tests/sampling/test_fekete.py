"""Fekete designs: SciPy's pivoted QR, known points, bad input."""

import numpy as np
import pytest
import scipy.linalg
from scipy import stats

from geomsci.backends import LinAlgError
from geomsci.reference.sampling.fekete import exchanged_rows, fekete_rows, further_rows
from geomsci.sampling import FeatureBasis, PolynomialBasis, total_degree
from geomsci.sampling.fekete import FeketeDesign, points_of_measure


def volume(A):
    return np.linalg.det(A.T @ A)


def pivots(A):
    """The first pivots of LAPACK's geqp3."""
    order = scipy.linalg.qr(A.T, mode="economic", pivoting=True)[2]
    return order[: A.shape[1]]


@pytest.mark.capability("sampling.fekete_rows")
def test_rows_are_the_pivots_of_lapack(xp):
    A = np.random.default_rng(0).standard_normal((300, 25))
    xp.assert_close(fekete_rows(xp.asarray(A)), pivots(A))


def test_pivots_stay_right_when_residuals_lose_their_digits():
    # Rows of lengths over twelve decades: squares of residuals span twenty-four.
    rng = np.random.default_rng(1)
    A = np.zeros((60, 12))
    for j in range(12):
        A[5 * j : 5 * j + 5, j:] = 10.0**-j * rng.standard_normal((5, 12 - j))
    np.testing.assert_array_equal(fekete_rows(A), pivots(A))


@pytest.mark.capability("sampling.further_rows")
def test_further_rows_make_the_determinant_grow_most(xp):
    A = np.random.default_rng(6).standard_normal((40, 5))
    rows = list(pivots(A))
    while len(rows) < 13:
        grown = [0 if k in rows else volume(A[rows + [k]]) for k in range(40)]
        rows.append(int(np.argmax(grown)))
    got = further_rows(xp.asarray(A), xp.asarray(pivots(A)), 13)
    xp.assert_close(got, np.array(rows))


def test_all_rows_are_taken_in_the_end():
    A = np.random.default_rng(7).standard_normal((12, 4))
    rows = further_rows(A, fekete_rows(A), 12)
    assert sorted(rows.tolist()) == list(range(12))


def test_a_smaller_design_begins_a_larger_one():
    basis = PolynomialBasis("legendre", indices=total_degree(2, 2))
    small = FeketeDesign(basis).sample(8, rng=1).points
    large = FeketeDesign(basis).sample(11, rng=1).points
    np.testing.assert_array_equal(large[:8], small)
    np.testing.assert_array_equal(FeketeDesign(basis).sample(rng=1).points, large[:6])


@pytest.mark.capability("sampling.exchanged_rows")
def test_no_exchange_raises_the_volume_by_more_than_a_hundredth(xp):
    A = np.random.default_rng(8).standard_normal((200, 6))
    rows = xp.to_numpy(exchanged_rows(xp.asarray(A), xp.asarray(np.arange(6))))
    largest = np.sqrt(volume(A[rows]))
    for j in range(6):
        for k in range(200):
            other = rows.copy()
            other[j] = k
            assert np.sqrt(max(volume(A[other]), 0)) <= 1.01 * largest * (1 + 1e-9)
    assert largest > np.sqrt(volume(A[:6]))


@pytest.mark.parametrize("m", [2, 3, 4, 5])
def test_unweighted_points_are_those_of_fekete(m):
    # On an interval the determinant is largest at the Gauss-Lobatto points: the ends
    # and the zeros of P'_(m-1).
    known = np.polynomial.legendre.Legendre.basis(m - 1).deriv().roots()
    x = np.linspace(-1, 1, 2001)[:, None]
    A = PolynomialBasis("legendre", indices=range(m)).evaluate(x)
    rows = exchanged_rows(A, fekete_rows(A))
    points = np.concatenate(([-1], known, [1]))
    best = A[np.round((points + 1) * 1000).astype(int)]
    assert np.sqrt(volume(A[rows])) >= 0.98 * np.sqrt(volume(best))
    # The determinant is flat at its maximum: a hundredth of it is five of position.
    np.testing.assert_allclose(np.sort(x[rows, 0]), points, atol=0.05)


def test_the_design_is_a_function_of_the_seed():
    basis = PolynomialBasis("hermite", indices=total_degree(2, 3))
    sampler = FeketeDesign(basis, n_candidates=500, exchange=False)
    first, again = sampler.sample(rng=3), sampler.sample(rng=3)
    np.testing.assert_array_equal(first.points, again.points)
    assert not np.array_equal(first.points, sampler.sample(rng=4).points)
    assert first.n_proposals == 500
    np.testing.assert_allclose(first.weights, 10 / basis.christoffel(first.points))


def test_size_adds_an_axis_and_each_design_has_its_own_candidates():
    basis = PolynomialBasis("legendre", indices=total_degree(2, 2))
    sampler = FeketeDesign(basis, n_candidates=100)
    design = sampler.sample(6, size=3, rng=0)
    assert design.points.shape == (3, 6, 2)
    assert design.weights.shape == (3, 6)
    assert design.n_proposals.tolist() == [100] * 3
    np.testing.assert_array_equal(design.points[0], sampler.sample(rng=0).points)
    assert not np.array_equal(design.points[0], design.points[1])


@pytest.mark.capability("sampling.FeketeDesign.sample")
def test_candidates_are_chosen_by_their_weighted_rows(xp):
    F = np.random.default_rng(2).standard_normal((80, 6))
    mu = np.random.default_rng(3).uniform(0, 1, 80)
    mu[:5] = 0
    host = FeatureBasis(F, sample_weight=mu)
    k = host.christoffel(F)
    A = host.rows * np.sqrt(6 / k)[:, None]
    A[:5] = 0
    A[5] *= 1 + 1e-12  # all are equally long: the first one counts as the longest
    there = FeatureBasis(xp.asarray(F), xp.asarray(mu))
    design = FeketeDesign(there, exchange=False).sample()
    xp.assert_close(design.indices, pivots(A))
    xp.assert_close(design.points, F[pivots(A)])
    xp.assert_close(design.weights, 6 / k[pivots(A)], kappa=100, n=80)
    assert design.n_proposals == 80


@pytest.mark.parametrize(
    ("family", "law"),
    [
        ("legendre", stats.uniform(-1, 2)),
        ("fourier", stats.uniform()),
        ("chebyshev", stats.arcsine(-1, 2)),
        ("hermite", stats.norm()),
        ("laguerre", stats.expon()),
        ("jacobi", stats.beta(1.5, 3.0, -1, 2)),
    ],
)
def test_candidates_have_the_measure_of_the_basis(family, law):
    exponents = {"alpha": 2.0, "beta": 0.5} if family == "jacobi" else {}
    basis = PolynomialBasis(family, indices=[0, 1], **exponents)
    x = points_of_measure(basis, 20_000, np.random.default_rng(5))
    assert stats.kstest(x[:, 0], law.cdf).pvalue > 1e-3
    # In these points the basis is orthonormal up to their noise.
    assert np.mean(basis.evaluate(x)[:, 1]) == pytest.approx(0, abs=5 / 20_000**0.5)


def test_bad_requests_are_refused():
    basis = PolynomialBasis("legendre", indices=[0, 1])
    with pytest.raises(ValueError, match="n must be an integer of at least 2"):
        FeketeDesign(basis).sample(1)
    with pytest.raises(ValueError, match="at most 3, the candidates"):
        FeketeDesign(FeatureBasis(np.eye(4)[:, :2] + 1, [1, 1, 0, 1])).sample(4)
    with pytest.raises(TypeError, match="basis must be"):
        FeketeDesign(np.eye(3))
    with pytest.raises(ValueError, match="n_candidates"):
        FeketeDesign(basis, n_candidates=0)
    with pytest.raises(LinAlgError, match="span 2 dimensions, got 1"):
        fekete_rows(np.ones((10, 2)))
