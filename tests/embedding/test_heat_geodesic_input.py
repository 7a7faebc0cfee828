"""What `HeatGeodesicEmbedding` says to input that it cannot take, or has to mend."""

import re
import warnings

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist, pdist
from sklearn.exceptions import NotFittedError

from geomsci.backends import machine
from geomsci.datasets import make_swiss_roll
from geomsci.embedding import (
    HeatGeodesicEmbedding,
    alpha_decay_graph,
    inverse_rate_function,
)
from geomsci.reference.embedding.step_laws import StepLaw, law_speeds

N = 40
X = np.random.default_rng(0).standard_normal((N, 3))
D = cdist(X, X)
W, _ = alpha_decay_graph(X, 10)
POINTS, DISTANCES, AFFINITIES = "euclidean", "precomputed", "precomputed_affinity"


def model(**options):
    return HeatGeodesicEmbedding(**({"random_state": 0} | options))


def _with(M, i, j, value):
    M = M.copy()
    M[i, j] = value
    return M


def _chain(n=400):
    """Points on a line, of which neighbours are about one apart."""
    rng = np.random.default_rng(5)
    s = np.arange(n) + 0.1 * rng.standard_normal(n)
    return np.stack([s, 0.1 * rng.standard_normal(n)], axis=1)


# Refused


@pytest.mark.parametrize(
    ("values", "options", "message"),
    [
        (_with(X, 3, 1, np.nan), {}, "contains NaN"),
        (_with(X, 3, 1, np.inf), {}, "contains infinity"),
        (X[:1], {}, r"at least 11 different points, got n_samples = 1 "),
        (X[:0], {}, r"0 sample\(s\)"),
        (X[0], {}, "Expected 2D array"),
        (X[:, :0], {}, r"0 feature\(s\)"),
        (X, {"n_neighbors": N + 1}, "n_neighbors=41 .* at least 42 different points"),
        (X, {"n_components": N}, "n_components=40 need at least 41 different points"),
        (np.ones((N, 3)), {}, r"got n_samples = 40 \(1 different rows\)"),
        (np.repeat(X[:6], 9, axis=0), {}, r"n_samples = 54 \(6 different rows\)"),
        (X, {"n_representatives": 10}, "n_representatives must be above n_neighbors"),
        (X, {"intrinsic_dim": "auto", "n_neighbors": 2}, "n_neighbors of at least 3"),
        (X, {"n_jobs": 0}, "n_jobs must not be 0: -1 asks"),
        (X, {"n_components": 0}, "'n_components' parameter"),
        (X, {"t": 0.0}, "'t' parameter"),
        (X, {"t": np.nan}, "'t' parameter"),
        (X, {"metric": "cosine"}, "'metric' parameter"),
        (X + 1j, {}, "Complex data not supported"),
    ],
)
def test_bad_points_are_refused(values, options, message):
    with pytest.raises(ValueError, match=message):
        model(**options).fit(values)


@pytest.mark.parametrize(
    ("values", "metric", "message"),
    [
        (
            X,
            DISTANCES,
            r"shape \(n, n\) with metric='precomputed', got \(40, 3\): pass",
        ),
        (_with(D, 2, 3, 9.0), DISTANCES, "must be symmetric, got .*: take the mean"),
        (-D, DISTANCES, "must not be negative .*: pass distances or affinities"),
        (D + np.eye(N), DISTANCES, "must be zero on the diagonal, got 1: pass"),
        (np.zeros((N, N)), DISTANCES, "different points, got n_samples"),
        (_with(D, 2, 3, np.nan), DISTANCES, "contains NaN"),
        (X, AFFINITIES, r"shape \(n, n\) with metric='precomputed_affinity'"),
        (_with(W, 2, 3, 9.0), AFFINITIES, "X must be symmetric, got .*: take the mean"),
        (-W, AFFINITIES, "must not be negative"),
        (np.zeros((N, N)), AFFINITIES, "must be connected, got 40 components: give"),
        (np.kron(np.eye(2), W), AFFINITIES, "must be connected, got 2 components"),
    ],
)
def test_bad_matrices_are_refused_in_one_sentence(values, metric, message):
    with pytest.raises(ValueError, match=message) as caught:
        model(metric=metric).fit(values)
    if "NaN" not in message:
        assert re.fullmatch(
            r"X [^\n]*\.|The graph [^\n]*\.|n_neighbors[^\n]*\.", str(caught.value)
        )
    if metric == AFFINITIES and values.shape[0] == values.shape[1]:
        with pytest.raises(ValueError, match=message):
            model(metric=metric).fit(csr_array(values))


@pytest.mark.parametrize("metric", [POINTS, DISTANCES])
def test_sparse_points_and_distances_are_refused(metric):
    with pytest.raises(TypeError, match="dense data is required"):
        model(metric=metric).fit(csr_array(X if metric == POINTS else D))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"intrinsic_dim": "auto"}, "intrinsic_dim must be a number with metric="),
        ({"n_neighbors": N + 1}, "n_neighbors=41 .* at least 42"),
    ],
)
def test_options_that_distances_cannot_have(options, message):
    with pytest.raises(ValueError, match=message):
        model(metric=DISTANCES, **options).fit(D)


def test_bad_input_of_other_libraries_is_refused(xp):
    with pytest.raises(ValueError, match=r"finite|NaN"):
        model().fit(xp.asarray(_with(X, 3, 1, np.nan)))
    with pytest.raises(ValueError, match=r"shape \(n, d\)|Expected 2D"):
        model().fit(xp.asarray(X[:, 0]))
    with pytest.raises(ValueError, match="symmetric"):
        model(metric=AFFINITIES).fit(xp.asarray(_with(W, 2, 3, 9.0)))
    found = model().fit(xp.asarray(X))
    with pytest.raises(ValueError, match="has 2 features, .* expecting 3"):
        found.transform(xp.asarray(X[:, :2]))


def test_complex_affinities_are_refused(xp):
    with pytest.raises((TypeError, ValueError), match=r"real|Complex"):
        model(metric=AFFINITIES).fit(xp.asarray(W + 0j))


def test_transform_asks_for_a_fit_and_for_named_training_points():
    for call in (HeatGeodesicEmbedding().transform, model().dissimilarity):
        with pytest.raises(NotFittedError):
            call(X)
    found = model(metric=AFFINITIES).fit(W)
    with pytest.raises(ValueError, match=r"positive affinity .* row of zeros: leave"):
        found.transform(np.zeros((2, N)))
    with pytest.raises(ValueError, match="dissimilarity needs points or distances"):
        found.dissimilarity(W)


def test_kernels_without_distant_entries_are_refused():
    with pytest.raises(ValueError, match="lost the entries of distant points, got 0"):
        model(heat_kernel_method="chebyshev", t=1.0, n_neighbors=3).fit(_chain())


def test_all_points_of_a_large_set_name_the_option_that_works(monkeypatch):
    monkeypatch.setattr(machine, "available_memory", lambda: 2**20)
    points, _ = make_swiss_roll(3100, rng=0)
    with pytest.raises(MemoryError, match=r"needs about .*n_representatives=2000"):
        model(n_representatives=None).fit(points)


# Mended with a warning


def test_disconnected_points_are_joined_by_their_nearest_pair():
    apart = np.concatenate([X, X[:30] + 100.0])
    with pytest.warns(
        UserWarning,
        match=r"2 connected components \(40 points with row 0, 30 points with row 40\)",
    ):
        found = model().fit(apart)
    assert found.n_connected_components_ == 2
    assert np.isfinite(found.embedding_).all()
    # The parts stay apart, on either side of the bridge.
    between = cdist(found.embedding_[:40], found.embedding_[40:])
    assert between.min() > 0
    i, j = np.unravel_index(cdist(apart[:40], apart[40:]).argmin(), (40, 30))
    D = found.dissimilarity_[:40, 40:]
    assert D[i, j] == D.min()


@pytest.mark.parametrize("metric", [POINTS, DISTANCES])
def test_as_many_neighbours_as_points_are_one_fewer(metric):
    values = X if metric == POINTS else D
    with pytest.warns(UserWarning, match="counts the point itself .*: 39 others"):
        found = model(n_neighbors=N, metric=metric).fit(values)
    expected = model(n_neighbors=N - 1, metric=metric).fit(values)
    assert np.array_equal(found.embedding_, expected.embedding_)


@pytest.mark.parametrize("t", [1e-3, 1.0])
def test_times_too_short_for_the_diameter_are_raised(t):
    with pytest.warns(UserWarning, match=r"too small for the diameter .*: raised to"):
        found = model(t=t, n_neighbors=3).fit(_chain())
    doublings = np.log2(found.diffusion_time_ / t)
    assert doublings == pytest.approx(round(doublings), abs=1e-12)
    assert (found.heat_kernel_ > 0).all()
    assert np.corrcoef(found.embedding_[:, 0], np.arange(400))[0, 1] ** 2 > 0.999
    # Half of it is still too short.
    with pytest.warns(UserWarning, match="raised"):
        half = model(t=found.diffusion_time_ / 2, n_neighbors=3).fit(_chain())
    assert half.diffusion_time_ == pytest.approx(found.diffusion_time_, rel=1e-12)


# Taken as it is


def quietly(estimator, values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return estimator.fit(values)


@pytest.mark.parametrize("off", [0.0, 1e-13])
def test_copies_are_one_point(off):
    shift = off * np.random.default_rng(3).standard_normal((15, 3))
    found = quietly(model(), np.concatenate([X, X[:15] + shift]))
    assert np.array_equal(found.embedding_[:N], model().fit(X).embedding_)
    assert np.array_equal(found.embedding_[N:], found.embedding_[:15])
    assert found.representatives_.shape == (N, 3)


def test_copies_in_distances_are_near_each_other():
    both = np.concatenate([X, X[:3]])
    Y = quietly(model(metric=DISTANCES, mds="smacof"), cdist(both, both)).embedding_
    assert np.isfinite(Y).all()
    apart = np.linalg.norm(Y[N:] - Y[:3], axis=1)
    assert (apart < 0.02 * pdist(Y).max()).all()


@pytest.mark.parametrize("n_pca", ["auto", None, 2])
def test_constant_features_change_nothing(n_pca):
    found = quietly(model(n_pca=n_pca), np.hstack([X, np.full((N, 9), 3.0)]))
    expected = model(n_pca=2 if n_pca == 2 else None).fit(X).embedding_
    d, e = pdist(found.embedding_), pdist(expected)
    # Projections turn by rounding, which the decay and ten hops enlarge.
    np.testing.assert_allclose(d, e, atol=400 * np.finfo(float).eps * e.max())


def test_whole_numbers_single_precision_and_lists_are_points():
    whole = np.round(1e3 * X).astype(np.int64)
    expected = model().fit(whole.astype(float)).embedding_
    assert np.array_equal(quietly(model(), whole).embedding_, expected)
    assert np.array_equal(quietly(model(), whole.tolist()).embedding_, expected)
    single = quietly(model(), whole.astype(np.float32))
    assert single.embedding_.dtype == np.float32
    assert single.transform(whole[:3].astype(np.float32)).dtype == np.float32
    assert np.array_equal(single.embedding_, expected.astype(np.float32))


def test_the_smallest_sets_are_placed():
    t = 0.5
    two = quietly(model(n_components=1, n_neighbors=1, t=t), X[:2]).embedding_
    # One edge: H = (1 +- exp(-2 t)) / 2, and steps of its length s that always turn
    # back: R^2 = 3 s^2 / 2 and the rate 4 / 3 have the moments s^2 and s^4.
    law = StepLaw(4 / 3, 1.5**0.5, 1.0)
    v = inverse_rate_function(2, -np.log(np.tanh(t)) / t)
    w = float(law_speeds(np.array([[float(v)]]), law, m=2.0)[0, 0])
    expected = D[0, 1] * t * law.rate * law.radius * w
    assert abs(two[1, 0] - two[0, 0]) == pytest.approx(expected, rel=1e-12)
    three = quietly(model(n_neighbors=2), X[:3]).embedding_
    assert three.shape == (3, 2)
    assert np.isfinite(three).all()


def test_fit_leaves_its_input_and_parameters_alone():
    for values, metric in ((X, POINTS), (D, DISTANCES), (W + np.eye(N), AFFINITIES)):
        kept, estimator = values.copy(), model(metric=metric)
        params = estimator.get_params()
        estimator.fit(values)
        assert np.array_equal(values, kept)
        assert estimator.get_params() == params
    sparse = csr_array(W + np.eye(N))
    model(metric=AFFINITIES).fit(sparse)
    assert np.array_equal(sparse.toarray(), W + np.eye(N))
