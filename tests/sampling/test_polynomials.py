"""Orthonormal polynomials: values, norms, kernels, and what overflows."""

import math
import pickle

import mpmath
import numpy as np
import pytest
from scipy import special

import geomsci
from geomsci.sampling import PolynomialBasis, tensor_product, total_degree

EPS = np.finfo(float).eps
JACOBI = {"alpha": 0.7, "beta": -0.4}
FAMILIES = ("legendre", "hermite", "chebyshev", "fourier", "jacobi", "laguerre")


def line(family, degree):
    """Basis of one coordinate with the degrees 0 .. degree."""
    exponents = JACOBI if family == "jacobi" else {}
    return PolynomialBasis(family, range(degree + 1), **exponents)


def points(family, n):
    rng = np.random.default_rng(3)
    if family == "hermite":
        return rng.standard_normal((n, 1))
    if family == "laguerre":
        return rng.exponential(size=(n, 1))
    return rng.uniform(0.0 if family == "fourier" else -1.0, 1.0, (n, 1))


def jacobi_norm(k, a, b):
    """Square root of the integral of P_k^2 under the probability measure."""
    whole = special.betaln(a + 1, b + 1) + (a + b + 1) * math.log(2)
    square = (
        (a + b + 1) * math.log(2)
        - math.log(2 * k + a + b + 1)
        + special.gammaln(k + a + 1)
        + special.gammaln(k + b + 1)
        - special.gammaln(k + a + b + 1)
        - special.gammaln(k + 1)
    )
    return np.exp(0.5 * (square - whole))


def from_scipy(family, k, x):
    if family == "legendre":
        return np.sqrt(2 * k + 1) * special.eval_legendre(k, x)
    if family == "hermite":
        return special.eval_hermitenorm(k, x) / np.sqrt(special.factorial(k))
    if family == "chebyshev":
        return special.eval_chebyt(k, x) * (np.sqrt(2) if k else 1.0)
    if family == "jacobi":
        a, b = JACOBI.values()
        return special.eval_jacobi(k, a, b, x) / jacobi_norm(k, a, b)
    if family == "laguerre":
        return special.eval_laguerre(k, x)
    wave = np.cos if k % 2 else np.sin
    return np.sqrt(2) * wave(2 * np.pi * ((k + 1) // 2) * x) if k else np.ones_like(x)


@pytest.mark.capability("sampling.PolynomialBasis.evaluate")
@pytest.mark.parametrize("family", FAMILIES)
def test_values_are_classical_polynomials_over_their_norms(xp, family):
    degree = 12
    X = xp.asarray(points(family, 9))
    x = xp.to_numpy(X)[:, 0].astype(float)
    expected = np.stack([from_scipy(family, k, x) for k in range(degree + 1)], axis=1)
    actual = line(family, degree).evaluate(X)
    xp.assert_close(actual, expected, kappa=degree**2)


@pytest.mark.capability("sampling.PolynomialBasis.christoffel")
@pytest.mark.parametrize("family", FAMILIES)
def test_christoffel_is_the_sum_of_squares(xp, family):
    basis = line(family, 10)
    X = xp.asarray(points(family, 6))
    values = basis.evaluate(xp.to_numpy(X).astype(float))
    k = np.sum(values**2, axis=1)
    xp.assert_close(basis.christoffel(X), k, kappa=100)
    xp.assert_close(basis.log_christoffel(X), np.log(k), kappa=100)


@pytest.mark.capability("sampling.PolynomialBasis.scaled_evaluate")
def test_scaled_values_times_their_scale_are_the_values(xp):
    basis = PolynomialBasis(("hermite", "jacobi", "laguerre"), total_degree(3, 4))
    rng = np.random.default_rng(0)
    X = xp.asarray(np.column_stack([rng.standard_normal((8, 2)) / 4, rng.random(8)]))
    values, log_scale = basis.scaled_evaluate(X)
    expected = basis.evaluate(xp.to_numpy(X).astype(float))
    xp.assert_close(values * xp.xp.exp(log_scale)[:, None], expected, kappa=100)
    assert np.max(np.abs(xp.to_numpy(values))) < 2.0**3


@pytest.mark.parametrize("degree", [5, 40, 150, 400])
@pytest.mark.parametrize("family", FAMILIES)
def test_families_are_orthonormal(family, degree):
    # Nodes next to an end are rounded by eps, where values change by degree^2.
    assert line(family, degree).orthonormality_error() <= 64 * EPS * degree**2


@pytest.mark.parametrize(("a", "b"), [(-0.5, -0.5), (0.0, 0.0), (2.5, -0.9), (30, 4)])
def test_jacobi_is_orthonormal_for_all_exponents(a, b):
    basis = PolynomialBasis("jacobi", range(31), alpha=a, beta=b)
    # The weight varies by the power max(a, b) of the distance to an end.
    assert basis.orthonormality_error() <= 64 * EPS * 31**2 * (1 + max(a, b))


@pytest.mark.parametrize(
    ("a", "family"), [(0.0, "legendre"), (-0.5, "chebyshev")], ids=str
)
def test_jacobi_contains_legendre_and_chebyshev(a, family):
    x = np.linspace(-1, 1, 11)[:, None]
    jacobi = PolynomialBasis("jacobi", range(21), alpha=a, beta=a)
    np.testing.assert_allclose(
        jacobi.evaluate(x), line(family, 20).evaluate(x), atol=64 * EPS * 20**2
    )


@pytest.mark.parametrize(
    ("family", "x", "expected"),
    [
        ("legendre", 1.0, lambda m: m**2),
        ("legendre", -1.0, lambda m: m**2),
        ("chebyshev", 1.0, lambda m: 2 * m - 1),
        ("laguerre", 0.0, lambda m: m),
        ("fourier", 0.37, lambda m: m),
    ],
)
def test_kernel_at_an_end_is_known(family, x, expected):
    for m in (1, 5, 51):  # odd, so that every cosine has its sine
        k = line(family, m - 1).christoffel([[x]])
        assert k[0] == pytest.approx(expected(m), rel=64 * EPS * m**2)


def test_values_at_high_degree_are_those_of_forty_digits():
    x = [-0.99, -0.3, 0.1, 0.777]
    actual = line("legendre", 300).evaluate(np.array(x)[:, None])[:, 300]
    with mpmath.workdps(40):
        exact = [float(mpmath.sqrt(601) * mpmath.legendre(300, v)) for v in x]
    # P_300 oscillates: its slope, below 300 / sqrt(1 - x^2), is the condition.
    np.testing.assert_allclose(actual, exact, atol=8 * EPS * 300 * 8)


def test_jacobi_at_high_degree_is_that_of_forty_digits():
    x, k, (a, b) = [-0.99, 0.3, 0.9], 200, JACOBI.values()
    actual = line("jacobi", k).evaluate(np.array(x)[:, None])[:, k]
    classical = [float(mpmath.jacobi(k, a, b, mpmath.mpf(v))) for v in x]
    exact = np.array(classical) / jacobi_norm(k, a, b)
    # Slopes stay below 8 k, and log-gamma of 200 has 3 digits before its point.
    np.testing.assert_allclose(actual, exact, atol=8 * EPS * k * 8 + 1e3 * EPS)


@pytest.mark.parametrize(("family", "x"), [("hermite", 60.0), ("laguerre", 2500.0)])
def test_kernel_past_the_largest_number_keeps_its_logarithm(family, x):
    m = 400
    basis = line(family, m - 1)
    assert basis.christoffel([[x]])[0] == math.inf
    with mpmath.workdps(60):
        total = mpmath.mpf(0)
        before, now = mpmath.mpf(0), mpmath.mpf(1)
        for k in range(m):
            total += now**2
            if family == "hermite":
                after = (x * now - mpmath.sqrt(k) * before) / mpmath.sqrt(k + 1)
            else:
                after = ((2 * k + 1 - x) * now - k * before) / (k + 1)
            before, now = now, after
        exact = float(mpmath.log(total))
    assert basis.log_christoffel([[x]])[0] == pytest.approx(exact, rel=64 * EPS)


def test_weights_are_finite_and_positive_over_the_whole_line():
    basis = line("hermite", 499)
    X = np.linspace(-150, 150, 301)[:, None]
    weights = np.exp(math.log(basis.size) - basis.log_christoffel(X))
    assert np.all(np.isfinite(weights))
    assert np.all(np.isfinite(basis.log_christoffel(X)))
    assert np.all(basis.christoffel(X) > 0)  # infinite, but never NaN
    assert not np.any(np.isnan(basis.evaluate(X)))


def test_overflow_in_many_coordinates_leaves_no_row_empty():
    basis = PolynomialBasis("hermite", total_degree(8, 2))
    values, log_scale = basis.scaled_evaluate(np.full((1, 8), 1e60))
    assert np.max(np.abs(values)) >= 1.0
    assert log_scale[0] == pytest.approx(2 * math.log(1e60), rel=0.01)


@pytest.mark.parametrize("family", FAMILIES)
def test_functions_of_two_coordinates_are_products(family):
    x, y = points(family, 5), points("legendre", 5)
    exponents = {"alpha": (0.7, 0), "beta": (-0.4, 0)} if family == "jacobi" else {}
    both = PolynomialBasis((family, "legendre"), tensor_product([3, 4]), **exponents)
    a, b = line(family, 3).evaluate(x), line("legendre", 4).evaluate(y)
    i, j = both.indices.T
    np.testing.assert_allclose(
        both.evaluate(np.hstack([x, y])), a[:, i] * b[:, j], rtol=8 * EPS
    )


def test_kernel_of_a_tensor_product_is_the_product_of_kernels():
    basis = PolynomialBasis(("legendre", "hermite"), tensor_product([4, 6]))
    X = np.hstack([points("legendre", 7), points("hermite", 7)])
    product = line("legendre", 4).christoffel(X[:, :1]) * line(
        "hermite", 6
    ).christoffel(X[:, 1:])
    np.testing.assert_allclose(basis.christoffel(X), product, rtol=64 * EPS)


def test_values_do_not_depend_on_the_other_points():
    basis = PolynomialBasis(("hermite", "legendre"), total_degree(2, 6))
    X = np.hstack([points("hermite", 4000), points("legendre", 4000)])
    together = basis.evaluate(X)
    alone = np.concatenate([basis.evaluate(X[i : i + 1]) for i in range(0, 4000, 500)])
    np.testing.assert_array_equal(together[::500], alone)


def test_points_a_rounding_outside_count_as_the_end():
    basis = line("legendre", 20)
    np.testing.assert_array_equal(
        basis.evaluate([[1 + 4 * EPS]]), basis.evaluate([[1.0]])
    )


def test_no_points_give_no_rows():
    basis = PolynomialBasis("hermite", total_degree(2, 3))
    assert basis.evaluate(np.empty((0, 2))).shape == (0, 10)
    assert basis.christoffel(np.empty((0, 2))).shape == (0,)


def test_basis_is_a_value():
    basis = PolynomialBasis("jacobi", total_degree(2, 3), alpha=0.5, beta=0.25)
    twin = pickle.loads(pickle.dumps(basis))
    assert twin == basis
    assert hash(twin) == hash(basis)
    assert basis != PolynomialBasis("jacobi", total_degree(2, 3), alpha=0.5)
    assert basis != PolynomialBasis("legendre", total_degree(2, 3))
    with pytest.raises(ValueError):
        twin.indices[0, 0] = 1
    assert repr(basis) == (
        "PolynomialBasis('jacobi', size=10, n_features_in=2, alpha=(0.5, 0.5), "
        "beta=(0.25, 0.25))"
    )


def test_offloaded_evaluation_comes_home(offload):
    basis = PolynomialBasis("legendre", total_degree(2, 3))
    X = np.random.default_rng(0).uniform(-1, 1, (6, 2))
    with geomsci.use_backend("cupy") as record:
        Phi = basis.evaluate(X)
    assert isinstance(Phi, np.ndarray)
    assert len(record.transfers) == 2
    np.testing.assert_allclose(Phi, basis.evaluate(X), rtol=8 * EPS)
