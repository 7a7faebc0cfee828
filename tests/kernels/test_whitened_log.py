"""The host kernel and the scalar source of the whitened logarithm."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

import geomsci
from geomsci.backends import LinAlgError, threads
from geomsci.backends.kernels import spd
from geomsci.reference.spd import jacobi

EPS = float(np.finfo(np.float64).eps)


def _stack(N, n, condition=100.0, seed=0):
    """SPD matrices with eigenvalues in [1, condition] and a well-conditioned X."""
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((N, n, n)))[0]
    w = condition ** np.linspace(0, 1, n)[None, :] * np.ones((N, 1))
    C = (Q * w[:, None, :]) @ np.swapaxes(Q, 1, 2)
    X = np.linalg.qr(rng.standard_normal((n, n)))[0] + 0.2 * np.eye(n)
    return X, (C + np.swapaxes(C, 1, 2)) / 2


def _eigh_formula(X, C):
    """``log(X C X^T)`` through the eigenvalues of the product."""
    W = X @ C @ X.T
    w, U = np.linalg.eigh((W + np.swapaxes(W, -1, -2)) / 2)
    return (U * np.log(w)[..., None, :]) @ np.swapaxes(U, -1, -2)


def _exact(X, C):
    """``log(X C X^T)`` with 40 digits."""
    with mpmath.workdps(40):
        Xm = mpmath.matrix(X.tolist())
        w, U = mpmath.eigsy(Xm * mpmath.matrix(C.tolist()) * Xm.T)
        logs = mpmath.diag([mpmath.log(v) for v in w])
        return np.array((U * logs * U.T).tolist(), dtype=float)


def _interpreted(X, C):
    """The scalar source, run by Python: status and result for one matrix."""
    n = len(C)
    out = np.empty((n, n))
    workspaces = [np.full(shape, np.nan) for shape in spd.workspace_shapes(n, n)]
    return jacobi.whitened_log_of_one(X.T, C, out, *workspaces), out


def _tolerance(n, condition):
    return 64 * EPS * condition * max(1, np.log2(n))


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 9, 22, 31, 32])
def test_equals_eigenvalue_formula(n):
    X, C = _stack(6, n)
    expected = _eigh_formula(X, C)
    difference = np.linalg.norm(spd.whitened_log_numba(X, C) - expected)
    bound = _tolerance(n, 100 * np.linalg.cond(X) ** 2)
    assert difference <= bound * np.linalg.norm(expected)


@pytest.mark.parametrize("n", [2, 5, 9])
def test_error_at_condition_1e6_is_below_that_of_the_formula(n):
    X, C = _stack(4, n, condition=1e6, seed=n)
    exact = np.stack([_exact(X, c) for c in C])
    ours = np.linalg.norm(spd.whitened_log_numba(X, C) - exact)
    formula = np.linalg.norm(_eigh_formula(X, C) - exact)
    assert ours <= _tolerance(n, 1e6) * np.linalg.norm(exact)
    assert ours <= max(formula, 64 * EPS * np.linalg.norm(exact))


def test_graded_matrix_keeps_every_digit():
    """Row and column scaling by powers of ten costs Jacobi nothing, unlike eigh."""
    rng = np.random.default_rng(3)
    A = rng.standard_normal((1, 4, 16))
    D = 10.0 ** -np.arange(0, 16, 4)
    C = D[:, None] * (A @ np.swapaxes(A, 1, 2)) * D
    exact = _exact(np.eye(4), C[0])
    ours = spd.whitened_log_numba(np.eye(4), C)[0]
    assert np.linalg.norm(ours - exact) <= _tolerance(4, 100) * np.linalg.norm(exact)


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_interpreted_source_equals_machine_code(n):
    X, C = _stack(2, n)
    compiled = spd.whitened_log_numba(X, C)
    for c, expected in zip(C, compiled):
        status, out = _interpreted(X, c)
        assert status == jacobi.OK
        bound = _tolerance(n, 10 * np.linalg.cond(X)) * np.linalg.norm(expected)
        assert np.linalg.norm(out - expected) <= bound


def test_result_is_symmetric_to_the_last_bit():
    L = spd.whitened_log_numba(*_stack(20, 13))
    np.testing.assert_array_equal(L, np.swapaxes(L, 1, 2))


def test_logarithm_of_identity_is_zero():
    C = np.broadcast_to(np.eye(9), (5, 9, 9))
    np.testing.assert_array_equal(spd.whitened_log_numba(np.eye(9), C), 0 * C)


@pytest.mark.parametrize("exponent", [-600, 600])
def test_scaling_adds_a_multiple_of_the_identity(exponent):
    X, C = _stack(3, 6)
    shifted = spd.whitened_log_numba(X, C * 2.0**exponent)
    expected = spd.whitened_log_numba(X, C) + exponent * np.log(2) * np.eye(6)
    bound = 64 * EPS * np.linalg.norm(expected)
    assert np.linalg.norm(shifted - expected) <= bound


def test_inversion_changes_the_sign():
    X, C = _stack(3, 6)
    inverse = spd.whitened_log_numba(np.linalg.inv(X).T, np.linalg.inv(C))
    log = spd.whitened_log_numba(X, C)
    bound = _tolerance(6, 100 * np.linalg.cond(X) ** 2) * np.linalg.norm(log)
    assert np.linalg.norm(inverse + log) <= bound


@pytest.mark.parametrize("N", [1, 31, 32, 33, 257])
def test_bits_do_not_depend_on_the_batch(N):
    X, C = _stack(257, 5, seed=1)
    np.testing.assert_array_equal(
        spd.whitened_log_numba(X, C[:N]), spd.whitened_log_numba(X, C)[:N]
    )


def test_batch_shape_is_kept():
    X, C = _stack(12, 4)
    flat = spd.whitened_log_numba(X, C)
    folded = spd.whitened_log_numba(X, C.reshape(2, 3, 2, 4, 4))
    np.testing.assert_array_equal(folded, flat.reshape(2, 3, 2, 4, 4))
    np.testing.assert_array_equal(spd.whitened_log_numba(X, C[0]), flat[0])


@pytest.mark.parametrize("layout", ["read-only", "strided", "transposed", "unaligned"])
def test_any_layout_gives_the_same_bits_and_stays_untouched(layout):
    X, C = _stack(64, 6)
    expected = spd.whitened_log_numba(X, C)
    if layout == "read-only":
        given = C.copy()
        given.flags.writeable = False
    elif layout == "strided":
        given = np.repeat(C, 2, axis=0)[::2]
    elif layout == "transposed":
        given = np.asfortranarray(C)
    else:
        raw = np.empty(C.nbytes + 1, dtype=np.uint8)
        given = raw[1:].view(np.float64).reshape(C.shape)
        given[...] = C
    before = given.copy()
    np.testing.assert_array_equal(spd.whitened_log_numba(X, given), expected)
    np.testing.assert_array_equal(given, before)


@pytest.mark.parametrize("spoil", ["indefinite", "singular", "nan", "inf"])
@pytest.mark.parametrize("bad", [0, 17, 299])
def test_first_bad_matrix_is_named(spoil, bad):
    X, C = _stack(300, 4)
    values = {"indefinite": -np.eye(4), "singular": np.ones((4, 4))}
    C[bad] = values.get(spoil, float(spoil) if spoil in ("nan", "inf") else 0.0)
    C[-1] = -np.eye(4)
    with pytest.raises(LinAlgError, match=rf"^C\[{bad}\] must be positive definite"):
        spd.whitened_log_numba(X, C)


def test_bad_matrix_is_named_by_its_place_in_the_batch():
    X, C = _stack(6, 4)
    C[4] = np.diag([1.0, 1.0, 1.0, -0.25])
    with pytest.raises(LinAlgError, match=r"^C\[1, 1\] .* smallest eigenvalue -0\.25"):
        spd.whitened_log_numba(X, C.reshape(2, 3, 4, 4))


def test_singular_whitening_is_refused():
    X, C = _stack(3, 4)
    with pytest.raises(LinAlgError):
        spd.whitened_log_numba(0 * X, C)


@pytest.mark.parametrize("n", [2, 6, 32])
def test_repeated_eigenvalues_have_their_closed_form(n):
    """``log(a 1 + b e e^T)`` with eigenvalues a (n-1 times) and a + n b."""
    a, b, average = 0.5, 3.0, np.full((n, n), 1 / n)
    expected = np.log(a) * (np.eye(n) - average) + np.log(a + n * b) * average
    C = a * np.eye(n) + n * b * average
    out = spd.whitened_log_numba(np.eye(n), np.stack([C, np.diag(np.diag(C))]))
    bound = _tolerance(n, (a + n * b) / a) * np.linalg.norm(expected)
    assert np.linalg.norm(out[0] - expected) <= bound
    assert np.linalg.norm(out[1] - np.log(a + b) * np.eye(n)) <= bound


def test_jacobi_repairs_what_the_first_step_leaves(monkeypatch):
    X, C = _stack(1, 6, condition=1e4)
    _, expected = _interpreted(X, C[0])
    monkeypatch.setattr(jacobi, "MAX_QL_STEPS", 0)
    status, out = _interpreted(X, C[0])
    assert status == jacobi.OK
    bound = _tolerance(6, 100 * np.linalg.cond(X)) * np.linalg.norm(expected)
    assert np.linalg.norm(out - expected) <= bound


def test_missing_convergence_is_a_status(monkeypatch):
    X, C = _stack(1, 6)
    monkeypatch.setattr(jacobi, "MAX_SWEEPS", 0)
    assert _interpreted(X, C[0])[0] == jacobi.NO_CONVERGENCE


def test_missing_convergence_names_the_matrix(monkeypatch):
    def kernel(Xt, C, out, status, *rest):
        status[5] = jacobi.NO_CONVERGENCE

    monkeypatch.setattr(spd.compile, "host", lambda *arguments: kernel)
    with pytest.raises(LinAlgError, match=r"^C\[5\] .* did not converge"):
        spd.whitened_log_numba(*_stack(8, 4))


def _accepts(X, C):
    return spd.accepts_whitened_log(X, C)


def test_predicate_takes_what_the_kernel_is_written_for():
    X, C = _stack(300, 8)
    assert _accepts(X, C)
    assert _accepts(X, C[:1])
    assert not _accepts(X, C[:0])
    assert not _accepts(X.astype(np.float32), C.astype(np.float32))
    assert not _accepts(X + 0j, C + 0j)
    assert not _accepts(np.stack([X] * 300), C)
    assert not _accepts(*_stack(10, spd.LARGEST_N + 1))
    assert not _accepts(X.tolist(), C.tolist())


@pytest.mark.parametrize(("n_threads", "pays"), [(1, False), (2, True)])
def test_it_pays_for_long_stacks_on_two_threads(monkeypatch, n_threads, pays):
    monkeypatch.setattr(threads, "n_threads", lambda: n_threads)
    X, C = _stack(300, 22)
    assert spd.pays_whitened_log(X, C) == pays
    assert not spd.pays_whitened_log(X, C[:30])
    assert not spd.pays_whitened_log(*_stack(300, spd.LARGEST_N_THAT_PAYS + 1))


def test_results_do_not_depend_on_the_choice(monkeypatch):
    monkeypatch.setattr(threads, "n_threads", lambda: 2)
    _, C = _stack(300, 22)
    means = {}
    for choice in ("auto", "numba", "reference"):
        with geomsci.use_backend(choice) as record:
            means[choice] = geomsci.spd.mean(C)
        inner = {c.implementation for c in record.calls if "whitened" in c.function}
        assert inner == {"reference" if choice == "reference" else "numba"}
    np.testing.assert_array_equal(means["auto"], means["numba"])
    gap = np.linalg.norm(means["auto"] - means["reference"])
    assert gap <= 1e-11 * np.linalg.norm(means["reference"])
