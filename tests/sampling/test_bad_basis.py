"""What the bases refuse, and in which words."""

import array_api_strict
import numpy as np
import pytest

from geomsci.sampling import FeatureBasis, PolynomialBasis, total_degree

F = np.random.default_rng(0).standard_normal((6, 2))


@pytest.mark.parametrize(
    ("family", "indices", "options", "error", "words"),
    [
        ("lagrange", [0, 1], {}, ValueError, "family must be one of legendre, hermite"),
        (("legendre",), [[0, 0]], {}, ValueError, "1 names for 2 columns"),
        (
            "legendre",
            [[0, -1]],
            {},
            ValueError,
            "indices must be >= 0, got -1 in row 0",
        ),
        ("legendre", [[0.0], [1.0]], {}, TypeError, "indices must be integers"),
        ("legendre", [[0, 1], [0, 1]], {}, ValueError, "a row twice"),
        ("legendre", [], {}, ValueError, "at least one row"),
        ("legendre", [[[0]]], {}, ValueError, r"shape \(m, d\)"),
        (
            "legendre",
            [0, 1],
            {"alpha": 1.0},
            ValueError,
            "belongs to the family jacobi",
        ),
        (
            "jacobi",
            [0, 1],
            {"alpha": -1.0},
            ValueError,
            "alpha must be finite and > -1",
        ),
        (
            "jacobi",
            [0, 1],
            {"beta": np.nan},
            ValueError,
            "beta must be finite and > -1",
        ),
        ("jacobi", [0, 1], {"beta": (0, 1)}, ValueError, "one for each of the 1"),
    ],
)
def test_bad_definitions_are_refused(family, indices, options, error, words):
    with pytest.raises(error, match=words):
        PolynomialBasis(family, indices, **options)


def test_gap_below_an_index_is_named():
    with pytest.warns(UserWarning, match=r"\(2, 1\) is in the set and \(1, 1\) is not"):
        basis = PolynomialBasis("legendre", [[0, 0], [1, 0], [0, 1], [2, 0], [2, 1]])
    assert basis.orthonormality_error() < 1e-13


@pytest.mark.parametrize("method", ["evaluate", "christoffel", "log_christoffel"])
@pytest.mark.parametrize(
    ("family", "x", "words"),
    [
        ("legendre", 1.01, r"got 1.01 in row 1, column 0"),
        ("chebyshev", -2.0, r"family chebyshev, \[-1, 1\]"),
        ("jacobi", 1.5, r"\[-1, 1\]"),
        ("fourier", -0.01, r"\[0, 1\]"),
        ("laguerre", -1e-4, r"\[0, inf\)"),
    ],
)
def test_points_outside_the_domain_are_named(xp, family, x, words, method):
    X = xp.asarray(np.array([[0.5], [x]]))
    with pytest.raises(ValueError, match=words):
        getattr(PolynomialBasis(family, range(4)), method)(X)


@pytest.mark.parametrize(
    ("X", "error", "words"),
    [
        ([0.5, 0.5], ValueError, r"shape \(n, 2\)"),
        ([[0.5]], ValueError, r"shape \(n, 2\)"),
        ([[0.5, np.nan]], ValueError, "finite"),
        ([[0.5, np.inf]], ValueError, "finite"),
        ([[0.5, 1j]], TypeError, "X must be real"),
    ],
)
def test_bad_points_are_refused(X, error, words):
    with pytest.raises(error, match=words):
        PolynomialBasis("legendre", total_degree(2, 2)).evaluate(X)


def test_vector_of_points_says_how_to_reshape():
    with pytest.raises(ValueError, match=r"reshape it to \(3, 1\)"):
        PolynomialBasis("legendre", range(3)).evaluate([0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("features", "weight", "error", "words"),
    [
        (F[:, 0], None, ValueError, r"features must have shape \(N, p\)"),
        (F[:0], None, ValueError, r"features must have shape \(N, p\)"),
        (F * 1j, None, TypeError, "features must be real"),
        (np.where(F == F[2, 1], np.nan, F), None, ValueError, r"index \(2, 1\)"),
        (np.zeros((4, 2)), None, ValueError, "all zero"),
        (F, np.ones(5), ValueError, r"sample_weight must have shape \(6,\)"),
        (F, [1, 1, -2, 1, 1, 1], ValueError, "got -2 at index 2"),
        (F, [1, 1, np.inf, 1, 1, 1], ValueError, "sample_weight must be finite"),
        (F, [1, 1, np.nan, 1, 1, 1], ValueError, "sample_weight must be finite"),
        (F, np.zeros(6), ValueError, "positive entry"),
        (np.eye(6)[:, :1], [0, 1, 1, 1, 1, 1], ValueError, "all zero where"),
    ],
)
def test_bad_features_are_refused(features, weight, error, words):
    with pytest.raises(error, match=words):
        FeatureBasis(features, weight)


@pytest.mark.parametrize("rank_tol", [-1e-9, 1.0, np.nan])
def test_bad_tolerances_are_refused(rank_tol):
    with pytest.raises(ValueError, match="rank_tol must lie in"):
        FeatureBasis(F, rank_tol=rank_tol)


def test_feature_rows_of_the_wrong_kind_are_refused():
    basis = FeatureBasis(F)
    with pytest.raises(ValueError, match=r"shape \(n, 2\)"):
        basis.evaluate(F[:, :1])
    with pytest.raises(TypeError, match="numpy and array_api_strict"):
        basis.evaluate(array_api_strict.asarray(F))
