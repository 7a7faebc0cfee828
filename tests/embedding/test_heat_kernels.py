"""Heat kernels: every entry against exact ones, laws, other methods, bad input."""

import math

import mpmath
import numpy as np
import pytest
import scipy.linalg
import scipy.sparse
import scipy.stats

from geomsci.embedding import heat_kernel
from geomsci.reference.embedding.heat_kernels import squaring_plan
from geomsci.validation.cases import embedding_oracles as oracles

heat = pytest.mark.capability("embedding.heat_kernel")

_SIZES = {"path": 40, "cycle": 50, "star": 30, "complete": 12, "karate": 34}


def _laplacian(graph, n):
    kind = "normalized" if graph == "karate" else "combinatorial"
    return oracles.laplacian(oracles.adjacency(graph, n), kind)


def path(n):
    return _laplacian("path", n)


def cycle(n):
    return _laplacian("cycle", n)


def karate():
    return _laplacian("karate", 34)


def exact(name, t):
    """Laplacian and its heat kernel, by closed forms or in integers."""
    n = _SIZES[name]
    kind = "normalized" if name == "karate" else "combinatorial"
    return _laplacian(name, n), oracles.exact_kernel(name, n, kind, t)


def worst(got, expected):
    """Largest relative error of an entry."""
    return np.max(np.abs(got / expected - 1))


_CASES = [
    ("path", 1.0),
    ("path", 37.0),
    ("path", 0.01),
    ("path", 500.0),
    ("cycle", 2.0),
    ("cycle", 60.0),
    ("star", 0.001),
    ("star", 30.0),
    ("complete", 1e-4),
    ("complete", 2.0),
    ("karate", 0.05),
    ("karate", 5.0),
]


@heat
@pytest.mark.parametrize(("name", "t"), _CASES)
def test_every_entry_is_right_to_twelve_digits(xp, name, t):
    L, expected = exact(name, t)
    H = xp.to_numpy(heat_kernel(xp.asarray(L), t))
    assert worst(H, expected) < 1e-12


@heat
@pytest.mark.parametrize("name", ["path", "karate"])
def test_products_with_the_kernel_are_right_in_every_entry(xp, name):
    L, expected = exact(name, 1.0 if name == "path" else 5.0)
    t = 1.0 if name == "path" else 5.0
    B = np.eye(L.shape[0])[:, :3]
    H = heat_kernel(xp.asarray(L), t, rhs=xp.asarray(B))
    assert worst(xp.to_numpy(H), expected[:, :3]) < 1e-12
    h = heat_kernel(xp.asarray(L), t, rhs=xp.asarray(B[:, 0]))
    assert worst(xp.to_numpy(h), expected[:, 0]) < 1e-12


def test_expm_and_eigh_lose_the_small_entries_of_a_path():
    L, expected = exact("path", 1.0)
    for H in (scipy.linalg.expm(-L), heat_kernel(L, 1.0, method="eigh")):
        # Right to n ||L|| eps absolutely, and wrong by more than a tenth of the entry.
        assert np.max(np.abs(H - expected)) < 40 * 4 * np.finfo(float).eps
        assert worst(H, expected) > 0.1
    assert worst(heat_kernel(L, 1.0), expected) < 1e-12


@heat
@pytest.mark.parametrize("method", ["chebyshev", "eigh"])
@pytest.mark.parametrize("name", ["path", "star", "karate"])
def test_the_other_methods_are_right_absolutely(xp, method, name):
    t = {"path": 37.0, "star": 3.0, "karate": 5.0}[name]
    L, expected = exact(name, t)
    H = xp.to_numpy(heat_kernel(xp.asarray(L), t, method=method))
    # exp(-t L) moves by t times the rounding of L, whose norm is below 2 max L_ii.
    rounding = 64 * np.finfo(float).eps * t * 2 * np.max(np.diag(L))
    assert np.max(np.abs(H - expected)) < 1e-12 + rounding


@pytest.mark.parametrize("rtol", [1e-3, 1e-6, 1e-9])
def test_the_order_of_chebyshev_follows_the_true_bound(rtol):
    L, expected = exact("path", 37.0)
    H = heat_kernel(L, 37.0, method="chebyshev", rtol=rtol)
    error = np.linalg.norm(H - expected, 2)
    assert 1e-3 * rtol < error <= rtol


@heat
def test_euler_is_a_rational_function_of_the_eigenvalues(xp):
    L, t = cycle(20), 2.0
    H = heat_kernel(xp.asarray(L), t, method="euler")
    symbol = (1 + t / 30 * np.fft.fft(L[:, 0]).real) ** -30.0
    first_column = np.fft.ifft(symbol).real
    # The condition number of I + t L / 30 is 1 + 4 t / 30, and 30 steps add up.
    xp.assert_close(H[:, 0], first_column, kappa=30, n=20)


@heat
@pytest.mark.parametrize("t", [0.3, 11.0, 200.0])
def test_kernels_form_a_semigroup(xp, t):
    L = xp.asarray(karate())
    whole = xp.to_numpy(heat_kernel(L, t))
    half = xp.to_numpy(heat_kernel(L, 0.5 * t))
    third = xp.to_numpy(heat_kernel(L, t / 3)) @ xp.to_numpy(heat_kernel(L, 2 * t / 3))
    assert worst(half @ half, whole) < 4e-12
    assert worst(third, whole) < 4e-12


@heat
@pytest.mark.parametrize("t", [0.01, 37.0, 1000.0])
def test_kernels_of_combinatorial_laplacians_are_doubly_stochastic(xp, t):
    H = heat_kernel(xp.asarray(path(25)), t)
    # The total is exp(-t q) times a sum of exp(t q): rounding of t q is the error.
    H = xp.to_numpy(H)
    assert H.sum(axis=1) == pytest.approx(1, rel=64 * xp.eps * (1 + 2 * t))
    assert np.array_equal(H, H.T)
    assert np.min(H) >= 0


def test_normalised_laplacians_keep_the_root_of_the_degrees():
    L = karate()
    values, vectors = np.linalg.eigh(L)
    root = np.abs(vectors[:, 0])
    assert values[0] == pytest.approx(0, abs=1e-14)
    H = heat_kernel(L, 9.0)
    assert H @ root == pytest.approx(root, rel=1e-12)


def test_entries_between_components_are_zero_and_the_rest_is_untouched():
    two = scipy.linalg.block_diag(path(6), cycle(5), 0.0)
    H = heat_kernel(two, 3.0)
    assert worst(H[:6, :6], heat_kernel(path(6), 3.0)) < 1e-13
    assert np.all(H[:6, 6:] == 0)
    assert np.all(H[11, :11] == 0)
    assert H[11, 11] == pytest.approx(1, rel=1e-13)


def test_entries_that_underflow_at_the_short_time_come_out_right():
    # 299 hops: at the short time the entry is 0, at t = 200 it is far above 1e-290.
    n, t = 300, 200.0
    H = heat_kernel(path(n), t)
    with mpmath.workdps(60):
        # Reflection at both ends: images of the walk on the integers.
        corner = (
            2
            * mpmath.exp(-2 * t)
            * mpmath.fsum(
                mpmath.besseli(n - 1 + k + 2 * n * w, 2 * t)
                for k in (0, 1)
                for w in (0, 1)
            )
        )
        corner /= 2
    assert H[0, n - 1] == pytest.approx(float(corner), rel=1e-12)


@pytest.mark.parametrize("method", ["uniformization", "chebyshev"])
def test_sparse_laplacians_give_the_dense_products(method):
    L = scipy.sparse.csr_array(path(40))
    B = np.random.default_rng(0).standard_normal((40, 4))
    got = heat_kernel(L, 3.0, rhs=B, method=method)
    assert got == pytest.approx(heat_kernel(path(40), 3.0) @ B, abs=1e-11)
    assert worst(heat_kernel(L, 1.0), exact("path", 1.0)[1]) < 1e-12
    one = heat_kernel(L, 1.0, rhs=np.eye(40)[0], method=method)
    assert np.max(np.abs(one - exact("path", 1.0)[1][0])) < 1e-12


@pytest.mark.parametrize("z", [0.01, 3.0, 90.0])
@pytest.mark.parametrize("rtol", [1e-6, 1e-12])
def test_squared_polynomials_keep_every_poisson_weight_that_counts(z, rtol):
    s, degree = squaring_plan(z, rtol)
    weights = np.array(
        [scipy.stats.poisson.pmf(k, z / 2**s) for k in range(degree + 1)]
    )
    for _ in range(s):
        weights = np.convolve(weights, weights)[:700]
    exact_weights = scipy.stats.poisson.pmf(np.arange(weights.size), z)
    counts = exact_weights > 1e-290
    # Rounding of the products and of pmf adds 2^s and log(1e-290) units.
    rounding = (2**s + 700) * np.finfo(float).eps
    share = weights[counts] / exact_weights[counts]
    assert np.max(np.abs(share - 1)) < rtol / 2 + rounding


def test_long_times_are_cut_into_steps():
    # t q = 4000: exp(-4000) is 0, so one Poisson sum would be empty.
    H = heat_kernel(cycle(50), 2000.0, rhs=np.eye(50)[:, :2])
    symbol = np.exp(-2000.0 * (2 - 2 * np.cos(2 * np.pi * np.arange(50) / 50)))
    expected = np.fft.ifft(symbol).real
    assert H[:, 0] == pytest.approx(expected, rel=4000 * 64 * np.finfo(float).eps)


def test_a_sparse_walk_of_many_vertices_conserves_mass():
    n = 20_000
    ones = np.ones(n - 1)
    A = scipy.sparse.diags_array([ones, ones], offsets=[1, -1]).tocsr()
    L = scipy.sparse.diags_array(A.sum(axis=1)) - A
    h = heat_kernel(L, 4.0, rhs=np.eye(1, n, n // 2)[0])
    assert math.fsum(h) == pytest.approx(1, rel=1e-12)
    d = np.arange(1, 9)
    walk = [float(mpmath.exp(-8) * mpmath.besseli(int(k), 8)) for k in d]
    assert h[n // 2 + d] == pytest.approx(walk, rel=1e-12)


def test_single_precision_and_edgeless_graphs_are_accepted():
    H = heat_kernel(karate().astype(np.float32), 5.0)
    assert H.dtype == np.float64
    for method in ("uniformization", "chebyshev", "euler", "eigh"):
        assert heat_kernel([[0.0]], 1.0, method=method) == pytest.approx(1)
    B = np.array([[1.0, -2.0]]).T
    assert np.array_equal(heat_kernel(np.zeros((2, 2)), 1.0, rhs=B), B)


_TRIANGLE = cycle(3)


@pytest.mark.parametrize(
    ("L", "t", "message"),
    [
        (_TRIANGLE, 0.0, "t must be finite and above 0"),
        (_TRIANGLE, -1.0, "t must be finite and above 0"),
        (_TRIANGLE, math.nan, "t must be finite and above 0"),
        (_TRIANGLE, math.inf, "t must be finite and above 0"),
        (_TRIANGLE[:2], 1.0, "square matrix"),
        (np.zeros((0, 0)), 1.0, "at least one row"),
        (_TRIANGLE * [1.0, 2.0, 1.0], 1.0, "symmetric"),
        (_TRIANGLE + np.diag([0, math.nan, 0]), 1.0, "finite"),
        (np.abs(_TRIANGLE), 1.0, "no positive entry off"),
        (_TRIANGLE - 3 * np.eye(3), 1.0, "no negative entry on its diagonal"),
    ],
)
def test_what_is_no_laplacian_or_time_is_refused(L, t, message):
    with pytest.raises(ValueError, match=message):
        heat_kernel(L, t)
    if L.ndim == 2 and L.size and L.shape[0] == L.shape[1]:
        with pytest.raises(ValueError, match=message):
            heat_kernel(scipy.sparse.csr_array(L), t, rhs=np.ones(L.shape[0]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "pade"}, "method must be one of uniformization, chebyshev"),
        ({"rtol": 0.0}, "rtol must be"),
        ({"rhs": np.ones((4, 2))}, r"rhs must have shape \(3, k\)"),
        ({"rhs": np.array([1.0, math.inf, 0.0])}, "rhs must be finite"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        heat_kernel(_TRIANGLE, 1.0, **options)


def test_wrong_types_are_refused():
    with pytest.raises(TypeError, match="t must be a number"):
        heat_kernel(_TRIANGLE, "1")
    with pytest.raises(TypeError, match="L must be real"):
        heat_kernel(_TRIANGLE * (1 + 0j), 1.0)
    sparse = scipy.sparse.csr_array(_TRIANGLE)
    with pytest.raises(ValueError, match="for a sparse L with rhs"):
        heat_kernel(sparse, 1.0, rhs=np.ones(3), method="eigh")
