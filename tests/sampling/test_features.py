"""Orthonormal bases of feature rows: spans, ranks, weights, memory."""

import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import geomsci
from geomsci.sampling import FeatureBasis, PolynomialBasis

EPS = np.finfo(float).eps


def leverage(F, w=None):
    """Diagonal of the projection on the span of sqrt(w) F, by the SVD."""
    A = F if w is None else F * np.sqrt(w)[:, None]
    U, s, _ = np.linalg.svd(A, full_matrices=False)
    U = U[:, s > 1e-10 * s[0]]
    return np.sum(U**2, axis=1)


def problem(n=60, p=5):
    rng = np.random.default_rng(11)
    return rng.standard_normal((n, p)), rng.uniform(0.2, 2.0, n)


@pytest.mark.capability("sampling.FeatureBasis")
def test_rows_are_orthonormal_in_the_measure(xp):
    F, w = problem()
    basis = FeatureBasis(xp.asarray(F), xp.asarray(w))
    rows, mu = xp.to_numpy(basis.rows), xp.to_numpy(basis.measure)
    xp.assert_close(basis.measure, w / w.sum())
    error = np.linalg.norm(rows.T @ (mu[:, None] * rows) - np.eye(5), 2)
    assert error <= 64 * xp.eps
    assert basis.orthonormality_error() <= 64 * xp.eps


@pytest.mark.capability("sampling.FeatureBasis.christoffel")
def test_kernel_times_measure_is_the_leverage(xp):
    F, w = problem()
    basis = FeatureBasis(xp.asarray(F), xp.asarray(w))
    k = basis.christoffel(basis.candidates)
    xp.assert_close(k * basis.measure, leverage(F, w), kappa=np.linalg.cond(F))
    xp.assert_close(
        basis.log_christoffel(basis.candidates),
        np.log(leverage(F, w) / (w / w.sum())),
        kappa=np.linalg.cond(F),
    )


@pytest.mark.capability("sampling.FeatureBasis.evaluate")
def test_functions_at_new_rows_are_the_same_combinations(xp):
    F, w = problem()
    basis = FeatureBasis(xp.asarray(F), xp.asarray(w))
    X = np.random.default_rng(0).standard_normal((7, 5))
    mixing = np.linalg.lstsq(F, xp.to_numpy(basis.rows), rcond=None)[0]
    kappa = np.linalg.cond(F) ** 2
    xp.assert_close(basis.evaluate(xp.asarray(X)), X @ mixing, kappa=kappa)
    np.testing.assert_array_equal(np.tril(np.round(mixing, 4), -1), 0)


@pytest.mark.capability("sampling.FeatureBasis")
def test_dependent_columns_are_left_out_and_named(xp):
    F, w = problem()
    F = np.column_stack([F[:, :2], F[:, 0] - 2 * F[:, 1], np.zeros(60), F[:, 2:]])
    with pytest.warns(UserWarning, match="rank 5, not 7.* left out: 2, 3"):
        basis = FeatureBasis(xp.asarray(F), xp.asarray(w))
    assert basis.columns.tolist() == [0, 1, 4, 5, 6]
    clean = FeatureBasis(xp.asarray(F[:, [0, 1, 4, 5, 6]]), xp.asarray(w))
    xp.assert_close(basis.rows, xp.to_numpy(clean.rows).astype(float), kappa=20)
    assert basis.evaluate(xp.asarray(F[:3])).shape == (3, 5)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
@pytest.mark.filterwarnings("ignore:features have rank")
def test_rank_and_leverage_of_small_integer_matrices(seed, n, p):
    rng = np.random.default_rng(seed)
    F = rng.integers(-1, 2, (n, p)).astype(float)
    F[0, 0] = 1.0
    basis = FeatureBasis(F)
    assert basis.size == np.linalg.matrix_rank(F)
    kernel = np.sum(basis.rows**2, axis=1) / n
    np.testing.assert_allclose(kernel, leverage(F), atol=1e4 * EPS)
    assert np.linalg.matrix_rank(F[:, basis.columns]) == basis.size


@pytest.mark.parametrize("degree", [15, 25, 45])
def test_monomials_become_orthonormal_at_any_condition(degree):
    x = np.random.default_rng(0).uniform(-1, 1, 3000)
    basis = FeatureBasis(x[:, None] ** np.arange(degree + 1))
    assert basis.size == degree + 1
    assert basis.orthonormality_error() < 1e-13


def test_monomials_and_legendre_polynomials_span_the_same():
    x = np.random.default_rng(0).uniform(-1, 1, 500)
    F = x[:, None] ** np.arange(16)
    monomials = FeatureBasis(F)
    legendre = FeatureBasis(PolynomialBasis("legendre", range(16)).evaluate(x[:, None]))
    scaled = F / np.linalg.norm(F, axis=0)
    np.testing.assert_allclose(
        np.sum(monomials.rows**2, axis=1),
        np.sum(legendre.rows**2, axis=1),
        rtol=64 * EPS * np.linalg.cond(scaled),
    )


def test_many_tiles_of_rows_give_the_leverage():
    F, _ = problem(20000, 20)
    basis = FeatureBasis(F)
    assert basis.orthonormality_error() < 64 * EPS
    np.testing.assert_allclose(
        np.sum(basis.rows**2, axis=1) / 20000, leverage(F), rtol=64 * EPS * 20
    )


def test_memory_is_that_of_the_rows():
    F, w = problem(40000, 8)
    tracemalloc.start()
    FeatureBasis(F, w)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The rows, a few tiles, and vectors of length N; an N x N array is 12.8 GB.
    assert peak < 4 * F.nbytes + 4e6


def test_fewer_candidates_than_columns_interpolate():
    F, w = problem(4, 7)
    with pytest.warns(UserWarning, match=r"4 candidates for 7 columns.*: 4, 5, 6"):
        basis = FeatureBasis(F, w[:4])
    assert basis.size == 4
    kernel = basis.christoffel(F) * basis.measure
    np.testing.assert_allclose(kernel, 1.0, rtol=64 * EPS * 100)


def test_candidates_of_weight_zero_take_no_part():
    F, w = problem()
    F[7], w[7] = 1e9, 0.0
    with_it, without = (
        FeatureBasis(F, w),
        FeatureBasis(np.delete(F, 7, 0), np.delete(w, 7)),
    )
    others = np.delete(np.arange(60), 7)
    np.testing.assert_allclose(with_it.rows[others], without.rows, atol=1e3 * EPS)
    assert with_it.measure[7] == 0.0


def test_rows_of_zeros_have_no_kernel():
    F, w = problem()
    F[3] = 0.0
    basis = FeatureBasis(F, w)
    assert basis.christoffel(F)[3] == 0.0
    assert basis.log_christoffel(F)[3] == -np.inf
    np.testing.assert_array_equal(basis.rows[3], 0.0)


def test_whole_weights_count_repetitions():
    F, _ = problem()
    w = np.random.default_rng(2).integers(1, 4, 60)
    repeated = FeatureBasis(np.repeat(F, w, axis=0))
    first = np.cumsum(w) - w
    np.testing.assert_allclose(
        FeatureBasis(F, w).rows, repeated.rows[first], atol=1e3 * EPS
    )


@pytest.mark.parametrize("factor", [1e-300, 3.0, 1e300])
def test_scale_of_weights_and_columns_does_not_matter(factor):
    F, w = problem()
    moved = F.copy()
    moved[:, 2] *= factor
    np.testing.assert_allclose(
        FeatureBasis(moved, w * factor).rows, FeatureBasis(F, w).rows, atol=1e3 * EPS
    )


def test_row_of_tiny_weight_keeps_its_digits():
    F, w = problem()
    w[5] = 1e-40
    light = FeatureBasis(F, w)
    rest = FeatureBasis(np.delete(F, 5, 0), np.delete(w, 5))
    np.testing.assert_allclose(light.rows[5], rest.evaluate(F[5:6])[0], rtol=1e4 * EPS)


def test_kernel_depends_on_the_span_only():
    F, w = problem()
    U = np.random.default_rng(4).standard_normal((5, 5))
    np.testing.assert_allclose(
        FeatureBasis(F @ U, w).christoffel(F @ U),
        FeatureBasis(F, w).christoffel(F),
        rtol=64 * EPS * np.linalg.cond(U) * np.linalg.cond(F),
    )


def test_rank_tol_says_what_is_dependent():
    F, _ = problem()
    F[:, 4] = F[:, 0] + 1e-6 * F[:, 4]
    assert FeatureBasis(F).size == 5
    with pytest.warns(UserWarning, match="left out: 4"):
        assert FeatureBasis(F, rank_tol=1e-5).size == 4


def test_candidates_evaluate_to_their_rows():
    F, w = problem()
    basis = FeatureBasis(F, w)
    np.testing.assert_allclose(basis.evaluate(F), basis.rows, rtol=64 * EPS, atol=EPS)
    assert basis.evaluate(F[:0]).shape == (0, 5)
    assert basis.evaluate(F.astype(np.float32)).dtype == np.float64


def test_basis_is_a_value():
    F, w = problem()
    basis = FeatureBasis(F, w)
    twin = pickle.loads(pickle.dumps(basis))
    assert twin == basis
    assert hash(twin) == hash(basis)
    assert basis != FeatureBasis(F)
    assert basis != FeatureBasis(F + 1, w)
    with pytest.raises(ValueError):
        twin.rows[0, 0] = 1.0
    assert F.flags.writeable
    assert repr(basis) == "FeatureBasis(n_candidates=60, size=5, n_features_in=5)"


def test_offloaded_basis_comes_home(offload):
    F, w = problem()
    with geomsci.use_backend("cupy"):
        basis = FeatureBasis(F, w)
        Phi = basis.evaluate(F)
    assert isinstance(basis.rows, np.ndarray)
    assert isinstance(Phi, np.ndarray)
    np.testing.assert_allclose(Phi, FeatureBasis(F, w).rows, atol=1e3 * EPS)
