"""Greedy deletion against deletion by trying every point."""

import numpy as np
import pytest

from geomsci.backends import LinAlgError
from geomsci.reference.sampling.reduction import (
    CRITERIA,
    SHORTLIST,
    eigenvalue_drop,
    survivors,
)
from geomsci.sampling import FeatureBasis, PolynomialBasis, total_degree
from geomsci.sampling.design import Design
from geomsci.sampling.reduce import greedy_reduce


def harm(A, criterion):
    """What a deletion should keep small, from the eigenvalues of S."""
    eigenvalues = np.linalg.eigvalsh(A.T @ A)
    if criterion == "lambda_min":
        return -eigenvalues[0]
    return np.sum(1 / eigenvalues) if eigenvalues[0] > 1e-12 else np.inf


def tried_one_by_one(A, n, criterion):
    kept = list(range(len(A)))
    while len(kept) > n:
        rest = [[k for k in kept if k != gone] for gone in kept]
        kept = rest[int(np.argmin([harm(A[r], criterion) for r in rest]))]
    return kept


def rows(n, m, seed=0):
    """Rows of unequal lengths."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, m)) * rng.uniform(0.1, 2, (n, 1))


def pool(basis, n, seed=1):
    """Points of mu with the optimal weights."""
    points = np.random.default_rng(seed).uniform(-1, 1, (n, basis.n_features_in))
    return Design(points, None, basis.size / basis.christoffel(points), n)


@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("n", [5, 6, 12, 24, 25])
def test_recursion_deletes_what_trying_deletes(criterion, n):
    A = rows(25, 5)
    got = survivors(A, n, criterion=criterion)
    np.testing.assert_array_equal(got, tried_one_by_one(A, n, criterion))


@pytest.mark.capability("sampling.survivors")
@pytest.mark.parametrize("criterion", CRITERIA)
def test_all_libraries_delete_the_same(xp, criterion):
    A = rows(70, 4)
    got = survivors(xp.asarray(A), 9, criterion=criterion)
    xp.assert_close(got, survivors(A, 9, criterion=criterion))


@pytest.mark.parametrize("criterion", CRITERIA)
def test_many_deletions_lose_no_digits(criterion):
    # 400 deletions pass eight factorisations; the last choice is still the best one.
    A = rows(SHORTLIST + 400, 6, seed=2)
    kept = survivors(A, SHORTLIST, criterion=criterion)
    fewer = survivors(A, SHORTLIST - 1, criterion=criterion)
    assert set(fewer) < set(kept)
    best = tried_one_by_one(A[kept], SHORTLIST - 1, criterion)
    np.testing.assert_array_equal(fewer, kept[best])


@pytest.mark.parametrize("criterion", CRITERIA)
def test_points_that_carry_the_rank_stay(criterion):
    A = np.concatenate((rows(20, 3), np.zeros((20, 1))), axis=1)
    A = np.concatenate((A, [[0, 0, 0, 1e-4]]))
    kept = survivors(A, 4, criterion=criterion)
    assert kept[-1] == 20
    assert np.linalg.matrix_rank(A[kept]) == 4


@pytest.mark.parametrize("criterion", CRITERIA)
def test_copies_and_zero_rows_go_first(criterion):
    A = np.concatenate((rows(6, 3), np.zeros((3, 3))))
    np.testing.assert_array_equal(survivors(A, 6, criterion=criterion), range(6))
    twice = np.concatenate((np.eye(3), np.eye(3)))
    kept = survivors(twice, 3, criterion=criterion)
    assert np.linalg.matrix_rank(twice[kept]) == 3


def test_rank_deficient_pools_are_refused():
    A = np.ones((10, 2))
    for criterion in CRITERIA:
        with pytest.raises(LinAlgError, match="determine all 2"):
            survivors(A, 5, criterion=criterion)


@pytest.mark.capability("sampling.survivors")
def test_secular_equation_gives_the_smallest_eigenvalue(xp):
    rng = np.random.default_rng(3)
    B, eigenvalues = rng.standard_normal((20, 6)), np.sort(rng.uniform(20, 99, 6))
    B[0, 0], B[1, :], eigenvalues[1] = 0.0, 0.0, eigenvalues[0]
    expected = [np.linalg.eigvalsh(np.diag(eigenvalues) - np.outer(b, b))[0] for b in B]
    drop = xp.to_numpy(eigenvalue_drop(xp.asarray(B), xp.asarray(eigenvalues)))
    np.testing.assert_allclose(eigenvalues[0] - drop, expected, rtol=1e-13)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_survivors_keep_their_points_and_weights(criterion):
    basis = PolynomialBasis("legendre", indices=total_degree(2, 3))
    design = pool(basis, 60)
    less = greedy_reduce(design, basis, 20, criterion)
    where = [int(np.argmin(abs(design.points - x).sum(axis=1))) for x in less.points]
    assert where == sorted(set(where))
    np.testing.assert_array_equal(less.points, design.points[where])
    np.testing.assert_array_equal(less.weights, design.weights[where])
    A = np.sqrt(design.weights)[:, None] * basis.evaluate(design.points)
    np.testing.assert_array_equal(where, survivors(A, 20, criterion=criterion))


def test_designs_with_a_leading_axis_are_reduced_one_by_one():
    basis = PolynomialBasis("legendre", indices=total_degree(1, 3))
    one, two = pool(basis, 12, seed=1), pool(basis, 12, seed=2)
    both = Design(
        np.stack((one.points, two.points)),
        None,
        np.stack((one.weights, two.weights)),
        np.array([12, 12]),
    )
    less = greedy_reduce(both, basis, 5)
    for r, alone in enumerate((one, two)):
        expected = greedy_reduce(alone, basis, 5)
        np.testing.assert_array_equal(less.points[r], expected.points)
        np.testing.assert_array_equal(less.weights[r], expected.weights)


@pytest.mark.capability("sampling.greedy_reduce")
def test_designs_on_candidates_keep_their_indices(xp):
    F = np.random.default_rng(5).standard_normal((40, 4))
    basis = FeatureBasis(F)
    chosen = np.arange(0, 40, 2)
    weights = 4 / basis.christoffel(F)[chosen]
    less = greedy_reduce(Design(F[chosen], chosen, weights, 40), basis, 8)
    np.testing.assert_array_equal(F[less.indices], less.points)
    there = FeatureBasis(xp.asarray(F))
    design = Design(*map(xp.asarray, (F[chosen], chosen, weights)), 40)
    xp.assert_close(greedy_reduce(design, there, 8).indices, less.indices)


def test_far_points_of_a_hermite_basis_do_not_overflow():
    basis = PolynomialBasis("hermite", indices=range(400))
    x = np.linspace(-38, 38, 801)[:, None]
    weights = np.exp(np.log(400) - basis.log_christoffel(x))
    less = greedy_reduce(Design(x, None, weights, 801), basis, 700)
    assert np.all(np.isfinite(less.weights))
    assert less.n_points == 700


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ({"n": 9}, ValueError, "between 10"),
        ({"n": 31}, ValueError, "and 30"),
        ({"n": 12.5}, TypeError, "integer"),
        ({"criterion": "d-optimal"}, ValueError, "a-optimal, lambda_min"),
        ({"design": np.ones((30, 2))}, TypeError, "Design"),
        ({"basis": "legendre"}, TypeError, "basis"),
        ({"basis": FeatureBasis(np.eye(3))}, ValueError, "indices"),
    ],
)
def test_bad_requests_are_refused(change, error, match):
    basis = PolynomialBasis("legendre", indices=total_degree(2, 3))
    right = {"design": pool(basis, 30), "basis": basis, "n": 12}
    with pytest.raises(error, match=match):
        greedy_reduce(**{**right, **change})
