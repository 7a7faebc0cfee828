"""Heat kernels of sparse graphs on the host: closed forms, the reference, threads."""

import math

import mpmath
import numpy as np
import pytest
import scipy.sparse

from geomsci.backends import threads, use_backend
from geomsci.backends.kernels import heat
from geomsci.embedding import heat_kernel
from geomsci.reference.embedding import heat_kernels as reference
from geomsci.reference.embedding import walk_polynomials


def _laplacian(A):
    A = scipy.sparse.csr_array(A)
    return scipy.sparse.diags_array(A.sum(axis=1)).tocsr() - A


def _cycle(n):
    hop = scipy.sparse.eye_array(n, k=1) + scipy.sparse.eye_array(n, k=n - 1)
    return _laplacian(hop + hop.T)


def _random_graph(n, seed=0, parts=1):
    """Weights of about six neighbours a vertex, within each part."""
    rng = np.random.default_rng(seed)
    x = rng.random(n)
    label = rng.integers(0, parts, n)
    near = np.abs(x[:, None] - x) < 3 * parts / n
    A = near * rng.uniform(0.1, 1.0, (n, n)) * (label[:, None] == label)
    return _laplacian(np.triu(A, 1) + np.triu(A, 1).T)


def _numba(L, t, rtol=1e-12):
    with use_backend("numba") as record:
        H = heat_kernel(L, t, rtol=rtol)
    assert record.calls[-1].implementation == "numba"
    return H


def _worst(H, expected):
    assert np.array_equal(H == 0, expected == 0)
    return np.max(np.abs(H[expected > 0] / expected[expected > 0] - 1))


@pytest.mark.parametrize("form", [scipy.sparse.csr_array.toarray, lambda L: L])
@pytest.mark.parametrize(("n", "t"), [(65, 0.5), (130, 3.0), (150, 200.0), (90, 900.0)])
def test_every_entry_of_a_cycle_is_right_to_twelve_digits(n, t, form):
    with mpmath.workdps(60):
        row = [
            mpmath.exp(-2 * mpmath.mpf(t))
            * mpmath.fsum(
                mpmath.besseli(abs(d + n * w), 2 * mpmath.mpf(t)) for w in range(-5, 6)
            )
            for d in range(n)
        ]
    hops = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    expected = np.array([float(x) for x in row])[hops]
    H = _numba(form(_cycle(n)), t)
    # The sum of exp(-2t) times terms up to exp(2t) carries the rounding of 2 t.
    assert _worst(H, expected) < max(1e-12, 32 * np.finfo(float).eps * 2 * t)


@pytest.mark.parametrize("n", [1, 2, 3, 63, 64, 65, 128, 200])
def test_polynomials_are_those_of_dense_matrices(n):
    L = _random_graph(n, seed=n) + scipy.sparse.eye_array(n) * 0.5
    q = float(L.diagonal().max())
    walk = heat.BandedWalk(L.tocsr(), q)
    weights = [0.3, 0.2, 0.1, 0.05, 0.01, 0.02, 0.03]
    P = np.eye(n) - L.toarray() / q
    expected = sum(w * np.linalg.matrix_power(P, k) for k, w in enumerate(weights))
    H = walk.polynomial(weights)
    assert pytest.approx(expected, rel=1e-13, abs=1e-300) == H
    assert np.array_equal(H, H.T)


@pytest.mark.parametrize("parts", [1, 4])
@pytest.mark.parametrize("t", [0.05, 4.0, 150.0])
def test_kernel_and_reference_agree_in_every_entry(t, parts):
    L = _random_graph(200, parts=parts)
    expected = reference.dense_uniformization(L.toarray(), t, 1e-12)
    H = _numba(L, t)
    sure = expected > 1e-289
    assert np.max(np.abs(H[sure] / expected[sure] - 1)) < 4e-12
    assert np.max(H[~sure], initial=0.0) <= 1e-288


def test_interpreted_blocks_are_those_of_the_compiled_code():
    L = _random_graph(70, seed=3)
    walk = heat.BandedWalk(L, float(L.diagonal().max()))
    weights, H = np.array([0.2, 0.3, 0.4]), np.zeros((70, 70))
    walk_polynomials.polynomial_blocks(
        walk.indptr, walk.indices, walk.data, weights, walk.lowest, walk.highest,
        walk.order, np.empty((2, 70, 64)), np.empty(3, dtype=int), H, 0, 2,
    )  # fmt: skip
    assert walk.polynomial(weights.tolist()) == pytest.approx(H, rel=1e-14)


def test_number_of_threads_changes_no_bit(monkeypatch):
    L, found = _random_graph(300), []
    for n in (1, 2, 5):
        monkeypatch.setattr(threads, "n_threads", lambda n=n: n)
        found.append(_numba(L, 10.0))
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


@pytest.mark.parametrize("t", [1.0, 30.0])
def test_bound_of_the_smallest_entry_holds_for_every_vertex(t):
    L = _random_graph(60)
    q = float(L.diagonal().max())
    P = reference.sparse_walk(L, q)
    H = heat_kernel(L.toarray(), t)
    for root in (0, 17, 59):
        assert reference.smallest_entry(P, q, t, root) <= max(H.min(), 1e-290)


def test_plan_takes_the_cheapest_number_of_squarings():
    free = reference.squaring_plan(90.0, 1e-12, cost=lambda degree: 0.0)
    dear = reference.squaring_plan(90.0, 1e-12, cost=lambda degree: 1e3 * degree)
    assert free[0] == 0
    assert dear == reference.squaring_plan(90.0, 1e-12)
    # Fewer jumps matter if no entry is small.
    assert reference.squaring_plan(90.0, 1e-12, smallest=1e-20)[0] < dear[0]
    # All weights must be normal numbers.
    s, _ = reference.squaring_plan(1e4, 1e-12, cost=lambda degree: 0.0)
    assert math.exp(-1e4 / 2**s) > 0


def test_edgeless_graphs_and_input_that_stays():
    assert np.array_equal(_numba(scipy.sparse.csr_array((3, 3)), 2.0), np.eye(3))
    L = _random_graph(130)
    before = L.copy()
    _numba(L, 2.0)
    assert (L != before).nnz == 0


def test_graphs_that_pay_take_the_kernel_by_themselves():
    for L, choice in ((_random_graph(200), "numba"), (_random_graph(20), "reference")):
        for form in (L, L.toarray()):
            with use_backend("auto") as record:
                heat_kernel(form, 1.0)
            assert record.calls[-1].implementation == choice
