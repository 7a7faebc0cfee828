"""The host kernel of Student neighbour embedding against arrays and against itself."""

from __future__ import annotations

import numpy as np
import pytest

from geomsci import use_backend
from geomsci.backends import threads
from geomsci.backends.kernels import student
from geomsci.embedding.student_neighbors import student_embedding
from geomsci.reference.embedding.student_forces import plane_forces
from geomsci.reference.embedding.student_neighbors import student_gradient

EPS = float(np.finfo(np.float64).eps)


def _problem(n, spread=3.0):
    rng = np.random.default_rng(n)
    P = rng.uniform(size=(n, n)) * (1 - np.eye(n))
    P = P + P.T
    return P / P.sum(), spread * rng.standard_normal((n, 2))


@pytest.mark.parametrize("n", [2, 3, 31, 32, 33, 257])
@pytest.mark.parametrize("spread", [1e-4, 3.0, 100.0])
def test_kernel_gives_the_gradient_of_the_reference(n, spread):
    P, Y = _problem(n, spread)
    # Reference forces are differences of sums of the size of |y|.
    atol = 64 * EPS * np.abs(Y).max() * max(1, np.log2(n))
    found = student.student_gradient_numba(P, Y)
    np.testing.assert_allclose(found, student_gradient(P, Y), atol=atol)


def test_compiled_rows_are_those_of_the_interpreter():
    P, Y = _problem(9)
    sums = np.zeros((9, 5))
    plane_forces(P, Y[:, 0].copy(), Y[:, 1].copy(), sums, 0, 9)
    gradient = 4 * (sums[:, :2] - sums[:, 2:4] / sums[:, 4].sum())
    found = student.student_gradient_numba(P, Y)
    np.testing.assert_allclose(found, gradient, rtol=1e-12, atol=64 * EPS)


def test_threads_change_no_bit(monkeypatch):
    P, Y = _problem(300)
    once = student.student_gradient_numba(P, Y)
    monkeypatch.setattr(student, "WORTH_A_THREAD", 300)
    monkeypatch.setattr(threads, "n_threads", lambda: 4)
    np.testing.assert_array_equal(student.student_gradient_numba(P, Y), once)


def test_two_points_pull_as_the_closed_form():
    # p = q = 1/2 for any two points: no force at all.
    P = np.array([[0.0, 0.5], [0.5, 0.0]])
    Y = np.array([[0.0, 1.0], [3.0, 5.0]])
    np.testing.assert_allclose(student.student_gradient_numba(P, Y), 0, atol=8 * EPS)


def test_the_descent_takes_the_kernel_where_it_fits():
    P, start = _problem(40)
    P.flags.writeable = False
    with use_backend("numba") as record:
        student_embedding(P, init=start, max_iter=5)
        student_embedding(P, 3, max_iter=5)
        student_embedding(P.astype(np.float32), max_iter=5)
    ran = [c.implementation for c in record.calls if c.function.endswith("_gradient")]
    assert ran.index("reference") == ran.count("numba") > 0
