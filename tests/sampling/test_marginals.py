"""Marginal distributions and the standard variables of the families."""

import pickle

import numpy as np
import pytest
from scipy import stats

from geomsci.sampling import MarginalTransform, tensor_product

EPS = np.finfo(float).eps
AFFINE = [
    stats.uniform(3, 4),
    stats.norm(-1, 2.5),
    stats.lognorm(0.5, scale=7),
    stats.expon(2, 0.5),
    stats.beta(2.5, 1.25, loc=-1, scale=3),
    stats.arcsine(1, 2),
]
OTHER = [stats.gamma(2.5), stats.gumbel_r(1, 2), stats.truncnorm(-1, 2), stats.t(4)]
U = np.array([0.01, 0.1, 0.3, 0.5, 0.8, 0.99])


def standard(transform):
    """Distribution of the standard variable that the family is orthonormal in."""
    (family,), (a,), (b,) = transform.families, transform.alpha, transform.beta
    return {
        "legendre": stats.uniform(-1, 2),
        "hermite": stats.norm(),
        "laguerre": stats.expon(),
        "chebyshev": stats.arcsine(-1, 2),
        "jacobi": stats.beta(b + 1, a + 1, -1, 2),
    }[family]


@pytest.mark.parametrize("marginal", AFFINE + OTHER, ids=lambda m: m.dist.name)
def test_standard_variable_has_the_law_of_its_family(marginal):
    transform = MarginalTransform([marginal])
    x = marginal.ppf(U)
    z = transform.to_standard(x[:, None])[:, 0]
    # Probabilities of 0.01 and more have a condition below 1e4 in z.
    expected = marginal.cdf(x)
    np.testing.assert_allclose(standard(transform).cdf(z), expected, rtol=1e4 * EPS)


@pytest.mark.parametrize("marginal", AFFINE + OTHER, ids=lambda m: m.dist.name)
def test_maps_invert_each_other(marginal):
    transform = MarginalTransform([marginal])
    z = standard(transform).ppf(np.linspace(0.02, 0.98, 25))[:, None]
    x = transform.from_standard(z)
    np.testing.assert_allclose(transform.to_standard(x), z, rtol=1e-10, atol=1e-12)


def test_both_tails_keep_their_digits():
    transform = MarginalTransform([stats.gumbel_r()])
    z = np.array([[-1 + 2e-15], [1 - 2e-15]])
    x = transform.from_standard(z)
    low, high = stats.gumbel_r.ppf(1e-15), stats.gumbel_r.isf(1e-15)
    np.testing.assert_allclose(x[:, 0], [low, high], rtol=0.01)


@pytest.mark.capability("sampling.PolynomialBasis.evaluate")
def test_affine_maps_run_on_every_library(xp):
    transform = MarginalTransform(AFFINE)
    X = np.stack([m.ppf(np.linspace(0.1, 0.9, 5)) for m in AFFINE], axis=1)
    native = xp.asarray(X)
    X = xp.to_numpy(native).astype(float)
    Z = transform.to_standard(native)
    xp.assert_close(Z, transform.to_standard(X), kappa=10)
    xp.assert_close(transform.from_standard(Z), X, kappa=100)


def test_isoprobabilistic_map_wants_numpy(xp):
    transform = MarginalTransform([stats.gamma(2.0)])
    X = xp.asarray(np.array([[0.5], [2.0]]))
    if xp.library == "numpy":
        xp.assert_close(
            transform.to_standard(X), 2 * stats.gamma(2.0).cdf([[0.5], [2.0]]) - 1
        )
    else:
        with pytest.raises(NotImplementedError, match="convert the points to NumPy"):
            transform.to_standard(X)


def test_basis_of_inputs_is_orthonormal_in_their_measure():
    marginals = [stats.beta(2.5, 1.25, loc=-1, scale=3), stats.expon(2, 0.5)]
    transform = MarginalTransform(marginals)
    basis = transform.basis(tensor_product([1, 1]))
    # Degree one has mean zero and variance one: it is the standardised input.
    X = np.array(
        [[m.mean() for m in marginals], [m.mean() + m.std() for m in marginals]]
    )
    Phi = basis.evaluate(transform.to_standard(X))
    np.testing.assert_allclose(Phi[0, 1:], 0, atol=64 * EPS)
    np.testing.assert_allclose(np.abs(Phi[1, 1:]), 1, rtol=64 * EPS)


def test_designs_of_several_draws_keep_their_shape():
    transform = MarginalTransform([stats.uniform(0, 2), stats.norm(5)])
    Z = np.zeros((3, 4, 2))
    X = transform.from_standard(Z)
    np.testing.assert_array_equal(X, np.broadcast_to([1.0, 5.0], (3, 4, 2)))


def test_rounding_never_leaves_the_support():
    marginal = stats.uniform(0.1, 0.2)
    transform = MarginalTransform([marginal])
    X = transform.from_standard([[-1.0], [1.0]])
    low, high = marginal.support()
    assert X.min() >= low
    assert X.max() <= high
    assert np.max(np.abs(transform.to_standard([[low], [high]]))) <= 1.0


def test_newer_distributions_are_known():
    transform = MarginalTransform(
        [stats.Normal(mu=2, sigma=3), stats.Uniform(a=1, b=5)]
    )
    assert transform.families == ("hermite", "legendre")
    assert transform.from_standard([[1.0, -0.5]]).tolist() == [[5.0, 2.0]]


def test_transform_is_a_value():
    transform = MarginalTransform(AFFINE)
    twin = pickle.loads(pickle.dumps(transform))
    assert twin == transform
    assert hash(twin) == hash(transform)
    assert transform != MarginalTransform(AFFINE[:-1])
    assert MarginalTransform([stats.norm(0, 1)]) == MarginalTransform([stats.norm()])


@pytest.mark.parametrize(
    ("marginals", "error", "words"),
    [
        ([], ValueError, "marginals must hold one distribution"),
        ([stats.poisson(3)], TypeError, "frozen continuous distributions"),
        ([stats.norm], TypeError, "frozen continuous distributions"),
        ([(0, 1)], TypeError, "got tuple at index 0"),
        ([stats.norm(0, [1, 2])], ValueError, "numbers as parameters"),
        ([stats.norm(), stats.norm(0, -1)], ValueError, "at index 1"),
        ([stats.beta(-1, 2)], ValueError, "shape parameters in range"),
    ],
)
def test_bad_marginals_are_refused(marginals, error, words):
    with pytest.raises(error, match=words):
        MarginalTransform(marginals)


@pytest.mark.parametrize(
    ("X", "words"),
    [
        ([[0.5, 2.5]], "column 1"),
        ([[0.5, 0.0], [-0.1, 0.0]], "got -0.1 in row 1, column 0"),
        ([[0.5]], "shape"),
        ([[np.nan, 0.0]], "finite"),
    ],
)
def test_inputs_outside_the_support_are_named(X, words):
    transform = MarginalTransform([stats.uniform(), stats.uniform(-1, 2)])
    with pytest.raises(ValueError, match=words):
        transform.to_standard(X)


def test_standard_points_outside_the_domain_are_named():
    transform = MarginalTransform([stats.gamma(2.0)])
    with pytest.raises(
        ValueError, match=r"Z must lie in .*\[-1, 1\], got 1.5 in row 0"
    ):
        transform.from_standard([[1.5]])
