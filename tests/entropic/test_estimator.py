"""`EntropicCurvature`: closed forms, shapes, dtypes, classes and the contract."""

import copy
import pickle

import numpy as np
import pytest
from scipy.special import iv
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from geomsci import use_backend
from geomsci.entropic import EntropicCurvature, log_density_hessian, smooth_density
from geomsci.reference.entropic.log_hessian import packed_pairs
from geomsci.testing import estimator_contract as contract

WHITE = np.exp(np.random.default_rng(3).standard_normal((12, 10, 14)))
SHAPES = [(32,), (16, 12), (12, 10, 14)]


def _trace(K, d):
    return sum(K[..., p] for p, (i, j) in enumerate(packed_pairs(d)) if i == j)


@pytest.mark.parametrize("d", [1, 2, 3])
def test_plane_wave_follows_its_bessel_series(d):
    n, L, A, R = 32, 2 * np.pi, 1.3, 0.4
    x = (np.arange(n) + 0.5) * L / n
    rho = np.exp(A * np.cos(x)).reshape(-1, *(1,) * (d - 1)) * np.ones(
        (n,) + (8,) * (d - 1)
    )
    orders = np.arange(1, 25)
    size = 2 * iv(orders, A) * np.exp(-0.5 * (orders * R) ** 2)
    density = iv(0, A) + np.cos(np.outer(x, orders)) @ size
    slope = -np.sin(np.outer(x, orders)) @ (size * orders)
    second = -np.cos(np.outer(x, orders)) @ (size * orders**2)
    expected = (slope / density) ** 2 - second / density
    box = (L,) + (8 * L / n,) * (d - 1)
    web = EntropicCurvature(R, box_size=box).fit(rho)
    found = web.curvature_[0].reshape(n, -1, d * (d + 1) // 2)
    assert np.abs(found[:, 0, 0] - expected).max() <= 1e-12 * np.abs(expected).max()
    assert np.abs(found[..., 1:]).max(initial=0) <= 1e-12 * np.abs(expected).max()


def test_gaussian_reference_has_the_inverse_covariance():
    S, R, n = np.diag([9.0, 4.0]), 2.0, 64
    x = np.stack(np.meshgrid(*[np.arange(n) - n / 2] * 2, indexing="ij"), -1)
    rho = 1e-12 + np.exp(-0.5 * np.einsum("...i,ij,...j", x, np.linalg.inv(S), x))
    web = EntropicCurvature(R).fit(rho)
    middle = web.eigenvalues_[0, n // 2, n // 2]
    np.testing.assert_allclose(middle, [1 / 13, 1 / 8], atol=1e-9)
    assert web.signature_[0, n // 2, n // 2] == 2


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_shapes_and_dtypes(shape, dtype):
    field = (10 * WHITE.ravel()[: np.prod(shape)].reshape(shape) + 1).astype(dtype)
    d, kept = len(shape), "float32" if dtype == "float32" else "float64"
    web = EntropicCurvature([2.0, 3.0]).fit(field)
    assert web.eigenvalues_.shape == web.transform().shape == (2, *shape, d)
    assert web.curvature_.shape == (2, *shape, d * (d + 1) // 2)
    assert web.signature_.shape == web.predict().shape == (2, *shape)
    assert web.eigenvalues_.dtype == web.curvature_.dtype == kept
    assert web.signature_.dtype == np.int8
    assert web.volume_fractions_.shape == web.mass_fractions_.shape == (2, d + 1)
    for name in ("entropy", "fisher_information", "sigma_trace", "shot_noise"):
        assert getattr(web, f"{name}_").shape == (2,)
    assert web.n_features_in_ == d
    assert np.all(np.diff(web.eigenvalues_, axis=-1) >= 0)
    points = np.ones((5, d), dtype=np.float64)
    assert web.transform(points).shape == (2, 5, d)
    assert web.transform(points).dtype == kept
    assert web.predict(points).shape == (2, 5)


@pytest.mark.capability("entropic.EntropicCurvature.fit")
@pytest.mark.parametrize("shape", SHAPES)
def test_every_library_gives_the_same_answer(xp, shape):
    field = WHITE.ravel()[: np.prod(shape)].reshape(shape)
    expected = EntropicCurvature([2.0, 3.0], dimension=7).fit(field)
    web = EntropicCurvature([2.0, 3.0], dimension=7).fit(xp.asarray(field))
    kappa = 50 * field.max() / smooth_density(field, 2.0).min()
    xp.assert_close(web.transform(), expected.transform(), kappa=kappa)
    xp.assert_close(web.curvature_, expected.curvature_, kappa=kappa)
    same = xp.to_numpy(web.predict()) == expected.predict()
    assert np.mean(same) >= (0.99 if xp.single else 1.0)
    points = np.random.default_rng(0).uniform(0, min(shape), (9, len(shape)))
    found = xp.to_numpy(web.transform(xp.asarray(points)))
    scale = np.abs(expected.curvature_).max()
    atol = 64 * kappa * np.finfo(found.dtype).eps * scale
    np.testing.assert_allclose(found, expected.transform(points), atol=atol)


@pytest.mark.parametrize("backend", ["reference", "numpy", "numba"])
def test_backends_agree(backend):
    web = EntropicCurvature(2.0, backend=backend).fit(WHITE)
    other = EntropicCurvature(2.0).fit(WHITE)
    atol = 64 * np.finfo(float).eps * np.abs(other.curvature_).max()
    np.testing.assert_allclose(web.transform(), other.transform(), atol=atol)
    np.testing.assert_array_equal(web.predict(), other.predict())


def test_the_numba_backend_runs_the_blocked_kernel():
    with use_backend("numba") as record:
        EntropicCurvature(2.0).fit(WHITE)
    ran = {c.implementation for c in record.calls if "quotient" in c.function}
    assert ran == {"numba"}


@pytest.mark.parametrize("shape", SHAPES)
def test_fractions_are_counts(shape):
    field = WHITE.ravel()[: np.prod(shape)].reshape(shape)
    web = EntropicCurvature([2.0, 2.5], threshold=0.01).fit(field)
    for s, R in enumerate([2.0, 2.5]):
        rho = smooth_density(field, R)
        above = np.sum(web.eigenvalues_[s] > 0.01, axis=-1)
        np.testing.assert_array_equal(web.signature_[s], above)
        for c in range(len(shape) + 1):
            inside = above == c
            assert web.volume_fractions_[s, c] == np.mean(inside)
            mass = rho[inside].sum() / rho.sum()
            assert web.mass_fractions_[s, c] == pytest.approx(mass, rel=1e-12)


@pytest.mark.parametrize("dimension", [np.inf, 4.0])
def test_sigma_threshold_is_the_number_it_stands_for(dimension):
    options = {"dimension": dimension}
    first = EntropicCurvature([2.0, 3.0], threshold=("sigma", 0.2), **options).fit(
        WHITE
    )
    trace = _trace(first.curvature_, 3)
    sigma = np.std(trace.reshape(2, -1), axis=1)
    np.testing.assert_allclose(first.sigma_trace_, sigma, rtol=1e-12)
    for s, R in enumerate([2.0, 3.0]):
        level = 0.2 * float(first.sigma_trace_[s])
        alone = EntropicCurvature(R, threshold=level, **options).fit(WHITE)
        np.testing.assert_array_equal(first.signature_[s], alone.signature_[0])
        found = first.volume_fractions_[s]
        np.testing.assert_array_equal(found, alone.volume_fractions_[0])


@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e25])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_entropy_and_fisher_information_do_not_see_the_unit_of_mass(scale, dtype):
    field = (WHITE * scale).astype(dtype)
    web = EntropicCurvature(2.0).fit(field)
    rho = smooth_density(WHITE, 2.0)
    rho = rho / rho.mean()
    rtol = 1e3 * np.finfo(dtype).eps
    entropy = np.mean(rho * np.log(rho))
    np.testing.assert_allclose(web.entropy_, entropy, rtol=rtol)
    trace = _trace(log_density_hessian(WHITE, 2.0), 3)
    # <rho tr K> = I holds to rounding at every scale.
    np.testing.assert_allclose(web.fisher_information_, np.mean(rho * trace), rtol=rtol)


def test_uniform_density_has_no_entropy_no_information_and_no_curvature():
    web = EntropicCurvature(2.0).fit(np.full((8, 8, 8), 3.7))
    assert abs(float(web.entropy_[0])) < 1e-14
    assert float(web.fisher_information_[0]) < 1e-28
    assert np.abs(web.eigenvalues_).max() < 1e-14


def test_parameters_and_clones():
    web = EntropicCurvature(
        (2.0,), dimension=4, threshold=("sigma", 0.1), backend="numba"
    )
    assert clone(web).get_params() == web.get_params()
    contract.check_init_only_stores(web, WHITE, None)
    with pytest.raises(NotFittedError):
        clone(web).transform()
    with pytest.raises(NotFittedError):
        clone(web).predict()


@pytest.mark.parametrize(
    "check", [contract.check_clone_and_parameters, contract.check_fit_returns_self]
)
def test_estimator_contract(check):
    check(EntropicCurvature(2.0), WHITE, np.zeros(12))


def test_fitted_names_end_in_an_underscore():
    web = EntropicCurvature(2.0)
    known = set(vars(web))
    added = set(vars(web.fit(WHITE))) - known
    assert all(name.endswith("_") or name.startswith("_") for name in added)


@pytest.mark.parametrize("positions", [False, True])
def test_pickles_and_copies_answer_the_same(positions):
    X = np.random.default_rng(1).uniform(0, 9, (40, 3)) if positions else WHITE
    web = EntropicCurvature(2.0).fit(X)
    points = np.full((2, 3), 4.3)
    for twin in (pickle.loads(pickle.dumps(web)), copy.deepcopy(web)):
        np.testing.assert_array_equal(twin.transform(), web.transform())
        np.testing.assert_array_equal(twin.predict(points), web.predict(points))
        np.testing.assert_array_equal(twin.curvature_, web.curvature_)


def test_input_is_kept_and_fits_repeat_bit_by_bit():
    held = WHITE.copy()
    held.flags.writeable = False
    web = EntropicCurvature([2.0, 3.0]).fit(held)
    first = web.transform().copy()
    np.testing.assert_array_equal(web.fit(held).transform(), first)
    np.testing.assert_array_equal(held, WHITE)


def test_set_params_after_fit_changes_no_answer():
    web = EntropicCurvature(2.0).fit(WHITE)
    points = np.random.default_rng(5).uniform(0, 10, (20, 3))
    before, maps = web.predict(points), web.curvature_
    web.set_params(threshold=1.0, probe_width=3.0, smoothing=4.0, dimension=4)
    np.testing.assert_array_equal(web.predict(points), before)
    np.testing.assert_array_equal(web.curvature_, maps)


def test_fit_transform_is_both():
    web = EntropicCurvature(2.0)
    np.testing.assert_array_equal(web.fit_transform(WHITE), web.transform())
    np.testing.assert_array_equal(web.transform(), clone(web).fit(WHITE).transform())


def test_a_grid_after_a_catalogue_forgets_it():
    points = np.random.default_rng(1).uniform(0, 9, (40, 3))
    web = EntropicCurvature(2.0).fit(points).fit(WHITE)
    fresh = EntropicCurvature(2.0).fit(WHITE)
    np.testing.assert_array_equal(web.curvature_, fresh.curvature_)
    assert web.fit(points).transform().shape == (1, 40, 3)
