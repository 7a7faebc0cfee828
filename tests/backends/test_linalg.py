"""One linear algebra: identities on every library, and one error contract."""

import mpmath
import numpy as np
import pytest

from geomsci.backends import LinAlgError, linalg


@pytest.fixture
def stack():
    return np.random.default_rng(0).standard_normal((3, 5, 5))


@pytest.fixture
def positive(stack):
    return stack @ np.swapaxes(stack, -1, -2) + np.eye(5)


def test_factors_give_the_matrix_back(xp, stack, positive):
    A, S = xp.asarray(stack), xp.asarray(positive)
    kappa = np.linalg.cond(positive).max()
    L = linalg.cholesky(S)
    xp.assert_close(L @ linalg.matrix_transpose(L), positive, n=5)
    w, U = linalg.eigh(S)
    xp.assert_close((U * w[:, None, :]) @ linalg.matrix_transpose(U), positive, n=5)
    xp.assert_close(linalg.eigvalsh(S), np.linalg.eigvalsh(positive), kappa=kappa, n=5)
    P, s, Vh = linalg.svd(A)
    xp.assert_close((P * s[:, None, :]) @ Vh, stack, n=5)
    xp.assert_close(linalg.svdvals(A), np.linalg.svd(stack)[1], n=5)
    Q, R = linalg.qr(A)
    xp.assert_close(Q @ R, stack, n=5)


def test_solutions_solve(xp, positive):
    A, B = xp.asarray(positive), xp.asarray(np.ones((3, 5, 2)))
    kappa = np.linalg.cond(positive).max()
    xp.assert_close(A @ linalg.solve(A, B), np.ones((3, 5, 2)), kappa=kappa, n=5)
    L = linalg.cholesky(A)
    X = linalg.solve_triangular(L, B, lower=True)
    xp.assert_close(L @ X, np.ones((3, 5, 2)), kappa=kappa, n=5)
    one = linalg.solve_triangular(L[0, ...], B[0, ...], lower=True)
    xp.assert_close(one, xp.to_numpy(X[0, ...]).astype(float), kappa=kappa, n=5)


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("n", [3, 47, 48, 60])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
def test_triangles_of_every_size(n, lower, dtype):
    rng = np.random.default_rng(n)
    full = (rng.standard_normal((4, n, n)) / n + 2 * np.eye(n)).astype(dtype)
    A = np.tril(full) if lower else np.triu(full)
    B = rng.standard_normal((n, 2)).astype(dtype)
    X = linalg.solve_triangular(A, B, lower=lower)
    assert X.dtype == dtype
    residual = np.linalg.norm(A @ X - B) / np.linalg.norm(B)
    assert residual <= 64 * np.finfo(dtype).eps * np.log2(n)


@pytest.mark.parametrize("shape", [(6, 3), (3, 6)])
def test_lstsq_has_the_smallest_norm(xp, shape):
    rng = np.random.default_rng(1)
    A, B = rng.standard_normal((2, *shape)), rng.standard_normal((2, shape[0], 2))
    X = linalg.lstsq(xp.asarray(A), xp.asarray(B))
    xp.assert_close(X, np.linalg.pinv(A) @ B, kappa=np.linalg.cond(A).max(), n=6)


def test_lstsq_ignores_directions_without_rank(xp):
    A = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    X = linalg.lstsq(xp.asarray(A), xp.asarray(np.ones((3, 1))))
    xp.assert_close(X, np.full((2, 1), 0.5))


@pytest.mark.parametrize("size", [1e-9, 0.3, 20.0])
def test_expm_has_the_digits_of_fifty_digit_arithmetic(xp, stack, size):
    A = size * stack[:1] / np.linalg.norm(stack[0], 1)
    with mpmath.workdps(50):
        exact = mpmath.expm(mpmath.matrix(A[0].tolist()))
        exact = np.array(exact.tolist(), dtype=float)[None]
    kappa = max(1.0, size) * np.exp(size) / np.linalg.norm(exact)
    xp.assert_close(linalg.expm(xp.asarray(A)), exact, kappa=kappa, n=5)


def test_expm_of_zero_is_the_identity(xp):
    xp.assert_close(
        linalg.expm(xp.asarray(np.zeros((2, 3, 3)))), np.eye(3)[None] * [[[1]], [[1]]]
    )


FAILURES = {
    "indefinite cholesky": lambda x: linalg.cholesky(x(np.diag([1.0, -1.0]))),
    "nan cholesky": lambda x: linalg.cholesky(x(np.full((2, 2), np.nan))),
    "nan eigh": lambda x: linalg.eigh(x(np.full((2, 2), np.nan))),
    "nan eigvalsh": lambda x: linalg.eigvalsh(x(np.full((2, 2), np.nan))),
    "nan svd": lambda x: linalg.svd(x(np.full((2, 2), np.nan))),
    "nan svdvals": lambda x: linalg.svdvals(x(np.full((2, 2), np.nan))),
    "singular solve": lambda x: linalg.solve(x(np.zeros((2, 2))), x(np.ones((2, 1)))),
    "singular triangle": lambda x: linalg.solve_triangular(
        x(np.diag([1.0, 0.0])), x(np.ones((2, 1))), lower=True
    ),
    "nan lstsq": lambda x: linalg.lstsq(x(np.full((2, 2), np.nan)), x(np.ones((2, 1)))),
    "one bad of many": lambda x: linalg.cholesky(
        x(np.stack([np.eye(2), -np.eye(2), np.eye(2)]))
    ),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_every_failure_is_a_linalgerror(xp, failure):
    with pytest.raises(LinAlgError, match="failed"):
        FAILURES[failure](xp.asarray)


def test_hermitian_matrices_are_understood(xp):
    rng = np.random.default_rng(2)
    Z = rng.standard_normal((4, 4)) + 1j * rng.standard_normal((4, 4))
    S = Z @ Z.conj().T + np.eye(4)
    L = linalg.cholesky(xp.asarray(S))
    xp.assert_close(L @ linalg.matrix_transpose(L), S, n=4)
    w, U = linalg.eigh(xp.asarray(S))
    rebuilt = (U * xp.xp.astype(w, U.dtype)) @ linalg.matrix_transpose(U)
    xp.assert_close(rebuilt, S, n=4)


def test_stacks_are_cut_to_fit_cupy_s_workspace(monkeypatch, positive):
    monkeypatch.setattr(linalg, "_CUPY_EIGH_ENTRIES", 30)
    monkeypatch.setattr(linalg, "_is_cupy", lambda x: True)
    w, U = linalg.eigh(positive[None])
    np.testing.assert_array_equal(w, np.linalg.eigh(positive)[0][None])
    np.testing.assert_array_equal(U, np.linalg.eigh(positive)[1][None])
    np.testing.assert_array_equal(
        linalg.eigvalsh(positive), np.linalg.eigvalsh(positive)
    )


def _clustered(n, tail):
    """Symmetric matrix with the eigenvalues 9, 5, 4 and a tail of both signs."""
    rng = np.random.default_rng(3)
    U, _ = np.linalg.qr(rng.standard_normal((n, n)))
    values = np.concatenate([[9.0, 5.0, 4.0], rng.uniform(-8, tail, n - 3)])
    A = (U * values) @ U.T
    return U[:, :3], (A + A.T) / 2


@pytest.mark.parametrize("n", [40, 600])
def test_leading_eigenvectors_span_the_subspace_they_should(n):
    U, A = _clustered(n, 3.9)
    values, vectors = linalg.leading_eigh(A, 3)
    assert values == pytest.approx([9.0, 5.0, 4.0], rel=1e-13)
    # Rounding of A and of the iterations over the gap 0.1.
    assert np.linalg.norm(vectors - U @ (U.T @ vectors)) < 1e-11
    again = linalg.leading_eigh(A, 3)
    assert np.array_equal(again.eigenvectors, vectors)


def test_leading_eigenvectors_of_zero_are_orthonormal():
    values, vectors = linalg.leading_eigh(np.zeros((600, 600)), 2)
    assert np.array_equal(values, np.zeros(2))
    assert vectors.T @ vectors == pytest.approx(np.eye(2))


def test_leading_eigenvectors_work_on_any_library(xp):
    _, A = _clustered(30, 3.0)
    values, vectors = linalg.leading_eigh(xp.asarray(A), 2)
    xp.assert_close(values, np.array([9.0, 5.0]), n=30)
    xp.assert_close(xp.asarray(A) @ vectors, xp.to_numpy(vectors * values), n=30)


def test_gram_is_exactly_symmetric(xp):
    A = np.random.default_rng(4).random((37, 37))
    G = linalg.gram(xp.asarray(A))
    xp.assert_close(G, A @ A.T, n=37)
    assert np.array_equal(xp.to_numpy(G), xp.to_numpy(G).T)
