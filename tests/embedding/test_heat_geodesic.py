"""`HeatGeodesicEmbedding`: true geodesics, invariances, new points, other routes."""

import pickle

import numpy as np
import pytest
from scipy.sparse import coo_array, csr_array
from scipy.spatial.distance import cdist, pdist
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

import geomsci
from geomsci.datasets import make_swiss_roll
from geomsci.embedding import (
    HeatGeodesicEmbedding,
    alpha_decay_graph,
    heat_geodesic_distance,
)

N = 150
X, SHEET = make_swiss_roll(N, rng=0, noise=0.05, n_features=4)
NEW = X[:20] + 0.3 * np.random.default_rng(1).standard_normal((20, 4))
DOUBLE = float(np.finfo(float).eps)

# Distances follow perturbations of X by the decay (40) over ten hops; the placement
# contracts them.
KAPPA = 40 * 10


def model(**options):
    return HeatGeodesicEmbedding(**({"random_state": 0} | options))


@pytest.fixture(scope="module")
def fitted():
    return model().fit(X)


def assert_same_distances(Y, expected, kappa=KAPPA):
    expected = pdist(expected)
    off = np.abs(pdist(Y) - expected).max()
    assert off <= kappa * DOUBLE * expected.max()


def relative_error(Y, Z, sheet, other):
    true = cdist(sheet, other)
    return np.linalg.norm(cdist(Y, Z) - true) / np.linalg.norm(true)


@pytest.mark.filterwarnings("ignore:n_neighbors=10 counts", "ignore:The graph has")
@parametrize_with_checks([HeatGeodesicEmbedding()])
def test_scikit_learn_contract(estimator, check):
    check(estimator)


# Geodesics


@pytest.mark.parametrize("mds", ["sgd", "smacof", "classical"])
def test_distances_are_geodesics_in_the_units_of_the_data(mds):
    points, sheet = make_swiss_roll(600, rng=5)
    found = model(mds=mds).fit(points)
    D, true = found.dissimilarity_, cdist(sheet, sheet)
    # Clean data: the design promises 6 % without a fitted scale.
    assert np.linalg.norm(D - true) <= 0.06 * np.linalg.norm(true)
    Y = found.embedding_
    if mds != "classical":  # which does not fit distances, but inner products
        assert relative_error(Y, Y, sheet, sheet) <= 0.06
    assert np.corrcoef(pdist(Y), pdist(sheet))[0, 1] >= 0.998


def test_stress_is_that_of_the_coordinates(fitted):
    i, j = np.triu_indices(N, 1)
    d = fitted.dissimilarity_[i, j]
    away = np.linalg.norm(fitted.embedding_[i] - fitted.embedding_[j], axis=1)
    expected = np.sqrt(((away - d) ** 2).sum() / (d**2).sum())
    assert fitted.stress_ == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("k", [1, 3])
def test_more_dimensions_fit_better(k):
    better, worse = (model(n_components=c).fit(X) for c in (k + 1, k))
    assert worse.embedding_.shape == (N, k)
    assert better.stress_ < worse.stress_


def test_one_dimension_keeps_the_order_of_a_curve():
    s = np.sort(np.random.default_rng(3).uniform(0, 20, 200))
    curve = np.stack([5 * np.cos(s / 5), 5 * np.sin(s / 5)], axis=1)
    y = model(n_components=1, n_neighbors=6).fit_transform(curve)[:, 0]
    assert np.corrcoef(y, s)[0, 1] ** 2 >= 0.998


def test_learned_values_are_those_of_the_representatives(fitted):
    D, H = fitted.dissimilarity_, fitted.heat_kernel_
    assert np.array_equal(fitted.representatives_, X)
    assert np.array_equal(D, D.T)
    assert not np.diag(D).any()
    # H is positive, and its row of the null vector is kept: H u = u.
    W, eps = alpha_decay_graph(X, 10)
    np.testing.assert_allclose(fitted.bandwidths_, eps, rtol=1e-14)
    assert (H > 0).all()
    assert fitted.n_connected_components_ == 1
    assert fitted.intrinsic_dim_ == 2.0


# Noise


@pytest.mark.parametrize("seed", [9, 11])
def test_noise_between_the_sheets_is_shifted_away(seed):
    # Two draws of twelve whose shortcuts are too many to be told from other edges.
    points, sheet = make_swiss_roll(700, noise=1.0, n_features=10, rng=seed)
    shifted, plain = (model(denoise=d).fit(points) for d in ("auto", None))
    scores = [
        np.corrcoef(pdist(m.embedding_), pdist(sheet))[0, 1] for m in (shifted, plain)
    ]
    assert scores[0] > 0.95
    assert scores[1] < 0.9
    assert np.array_equal(shifted.transform(points), shifted.embedding_)
    # Representatives are where the points were drawn to.
    assert not np.allclose(shifted.representatives_, plain.representatives_)


def test_clean_points_stay_where_they_are():
    points, _ = make_swiss_roll(600, rng=3)
    found = model().fit(points)
    assert found.diffusion_time_ == 24.0  # 40 from 1000 points on
    assert found.diffusion_time_path_.agreement >= 0.999
    assert np.array_equal(found.representatives_, points)


# Invariances


@pytest.mark.parametrize("mds", ["sgd", "smacof", "classical"])
@pytest.mark.parametrize("law", ["rotation", "translation", "scale", "constant"])
def test_motions_and_scales(law, mds):
    Q, _ = np.linalg.qr(np.random.default_rng(2).standard_normal((4, 4)))
    moved, c = {
        "rotation": (X @ Q, 1.0),
        "translation": (X + 100.0, 1.0),
        "scale": (3.7 * X, 3.7),
        "constant": (np.hstack([X, np.full((N, 3), 5.0)]), 1.0),
    }[law]
    Y, Z = (model(mds=mds).fit_transform(points) for points in (X, moved))
    assert_same_distances(Z / c, Y)


@pytest.mark.parametrize("power", [-990, -40, 3, 990])
def test_powers_of_two_scale_the_coordinates_exactly(power, fitted):
    other = model().fit(2.0**power * X)
    assert np.array_equal(other.embedding_, 2.0**power * fitted.embedding_)
    assert other.stress_ == fitted.stress_


@pytest.mark.parametrize("mds", ["smacof", "classical"])
def test_permuted_rows_permute_the_coordinates(mds):
    order = np.random.default_rng(4).permutation(N)
    Y, Z = (model(mds=mds).fit_transform(points) for points in (X, X[order]))
    assert_same_distances(Z, Y[order])


# New points


def _with_copies():
    return np.concatenate([X, X[30:60], X[:5]])


@pytest.mark.parametrize(
    ("points", "options"),
    [
        (X, {}),
        (_with_copies(), {}),
        (_with_copies(), {"n_representatives": 50}),
        (make_swiss_roll(300, rng=6)[0], {"n_representatives": 50}),
        (make_swiss_roll(300, rng=6)[0], {"n_representatives": 50, "refine": True}),
        (make_swiss_roll(200, rng=7, n_features=20, noise=0.1)[0], {"n_pca": 3}),
        (make_swiss_roll(200, rng=7, n_features=20, noise=0.1)[0], {"n_pca": "auto"}),
        (X.astype(np.float32), {}),
    ],
)
def test_training_rows_get_their_coordinates(points, options):
    found = model(**options).fit(points)
    assert np.array_equal(found.transform(points), found.embedding_)
    # One by one the projection rounds differently; representatives stay apart by far
    # more, so weights follow.
    alone = np.concatenate([found.transform(points[i : i + 1]) for i in range(10)])
    scale = np.abs(found.embedding_).max()
    eps = float(np.finfo(points.dtype).eps)
    np.testing.assert_allclose(alone, found.embedding_[:10], atol=KAPPA * eps * scale)


@pytest.mark.parametrize("options", [{}, {"n_pca": 3}, {"metric": "precomputed"}])
def test_new_points_land_within_the_error_of_the_training_points(options):
    points, sheet = make_swiss_roll(400, rng=8, noise=0.05, n_features=4)
    train, new = points[:300], points[300:]
    if "metric" in options:
        train, new = cdist(train, train), cdist(new, train)
    found = model(**options).fit(train)
    Y = found.embedding_
    own = relative_error(Y, Y, sheet[:300], sheet[:300])
    held_out = relative_error(found.transform(new), Y, sheet[300:], sheet[:300])
    assert held_out <= 1.2 * own
    true, far = (
        cdist(sheet[part], sheet[:300]) for part in (slice(300), slice(300, None))
    )
    own = np.linalg.norm(found.dissimilarity_ - true) / np.linalg.norm(true)
    held_out = np.linalg.norm(found.dissimilarity(new) - far) / np.linalg.norm(far)
    assert held_out <= 1.2 * own


def test_dissimilarity_of_training_rows_is_that_of_the_fit(fitted):
    assert fitted.dissimilarity() is fitted.dissimilarity_
    # A square, its root and two scales.
    np.testing.assert_allclose(
        fitted.dissimilarity(X), fitted.dissimilarity_, rtol=4 * DOUBLE
    )


# Other routes to the same


def test_distances_of_the_points_give_what_the_points_give(fitted):
    found = model(metric="precomputed").fit(cdist(X, X))
    assert_same_distances(found.embedding_, fitted.embedding_)
    np.testing.assert_allclose(
        found.transform(cdist(NEW, X)), fitted.transform(NEW), rtol=1e-12
    )
    assert np.array_equal(found.representatives_, np.arange(N))


def test_the_graph_of_the_points_gives_distances_in_steps():
    W, _ = alpha_decay_graph(X, 10)
    plain = model(laplacian="normalized", shortcuts="keep").fit(X)
    given = model(laplacian="normalized", metric="precomputed_affinity")
    D = given.fit(W).dissimilarity_
    t = given.diffusion_time_
    expected = heat_geodesic_distance(plain.heat_kernel_, plain.diffusion_time_)
    # Squares, as near the diagonal they are what is left of a difference.
    np.testing.assert_allclose(D**2, expected**2, atol=KAPPA * DOUBLE * D.max() ** 2)
    assert t == plain.diffusion_time_
    # The lengths of the edges change the law, but not the order of the distances.
    order = np.argsort(D[0])
    assert (np.diff(plain.dissimilarity_[0, order]) > 0).all()
    scale = np.abs(given.embedding_).max()
    for sparse in (csr_array(W), coo_array(W)):
        other = model(laplacian="normalized", metric="precomputed_affinity").fit(sparse)
        np.testing.assert_allclose(
            other.embedding_, given.embedding_, atol=KAPPA * DOUBLE * scale
        )
    # New points are the means of those that they name.
    one = np.eye(N)[[4, 7]] * 2.0
    assert np.array_equal(given.transform(one), given.embedding_[[4, 7]])
    both = csr_array(one[:1] + one[1:])
    mean = given.embedding_[[4, 7]].mean(axis=0, keepdims=True)
    np.testing.assert_allclose(given.transform(both), mean, rtol=1e-14)


def test_self_loops_of_affinities_are_left_out():
    W, _ = alpha_decay_graph(X, 10)
    affinity = model(metric="precomputed_affinity")
    Y = clone(affinity).fit_transform(W)
    for looped in (W + np.eye(N), csr_array(W + np.eye(N))):
        np.testing.assert_allclose(
            clone(affinity).fit_transform(looped), Y, atol=KAPPA * DOUBLE * Y.max()
        )


@pytest.mark.parametrize("distance", ["varadhan", "potential"])
@pytest.mark.parametrize("weights", ["heat_kernel", "inverse_distance"])
def test_other_distances_and_weights_keep_the_sheet(distance, weights):
    found = model(distance=distance, mds_weights=weights, t=5.0).fit(X)
    assert np.corrcoef(pdist(found.embedding_), pdist(SHEET))[0, 1] > 0.9


# Libraries, backends, threads, seeds


@pytest.mark.capability("embedding.HeatGeodesicEmbedding.fit")
def test_every_library_gives_the_coordinates_of_numpy(xp):
    points, new = X[:100], NEW[:10]
    expected = model().fit(points)
    found = model().fit(xp.asarray(points))
    # Float32 points are rounded once, the rest runs in float64.
    xp.assert_close(found.embedding_, expected.embedding_, kappa=KAPPA)
    xp.assert_close(
        found.transform(xp.asarray(new)), expected.transform(new), kappa=KAPPA
    )
    own = xp.to_numpy(found.transform(xp.asarray(points)))
    assert np.array_equal(own, xp.to_numpy(found.embedding_))
    D = found.dissimilarity(xp.asarray(new))
    xp.assert_is_native(D)
    np.testing.assert_allclose(
        xp.to_numpy(D) ** 2,
        expected.dissimilarity(new) ** 2,
        atol=KAPPA * xp.eps * expected.dissimilarity_.max() ** 2,
    )


@pytest.mark.parametrize("options", [{}, {"n_representatives": 50}])
def test_backends_agree(options):
    found = []
    for name in ("reference", "numba"):
        with geomsci.use_backend(name):
            found.append(model(**options).fit_transform(X))
    scale = np.abs(found[0]).max()
    np.testing.assert_allclose(*found, atol=KAPPA * DOUBLE * scale)


@pytest.mark.parametrize("n_jobs", [None, 1, 2, -1])
@pytest.mark.parametrize("options", [{}, {"n_representatives": 50}])
def test_two_fits_are_equal_and_threads_change_the_rounding(n_jobs, options):
    Y, again = (model(n_jobs=n_jobs, **options).fit_transform(X) for _ in range(2))
    assert np.array_equal(Y, again)
    # BLAS adds in another order on another number of threads.
    one = model(n_jobs=1, **options).fit_transform(X)
    np.testing.assert_allclose(Y, one, atol=KAPPA * DOUBLE * np.abs(one).max())


def test_the_seed_orders_the_pairs():
    Y, same, other = (model(random_state=s).fit_transform(X) for s in (1, 1, 2))
    assert np.array_equal(Y, same)
    assert not np.array_equal(Y, other)


# The estimator among others


def test_pickle_and_clone_keep_everything(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.transform(NEW), fitted.transform(NEW))
    assert clone(fitted).get_params() == fitted.get_params()
    assert not hasattr(clone(fitted), "embedding_")


def test_columns_have_names():
    frame = model().set_output(transform="pandas").fit_transform(X)
    names = ["heatgeodesicembedding0", "heatgeodesicembedding1"]
    assert list(frame.columns) == names


def test_verbose_tells_the_stages(capsys):
    model(verbose=1).fit(X)
    told = [line.split("] ")[1] for line in capsys.readouterr().out.splitlines()]
    stages = [line.split(":")[0] for line in told]
    assert stages == [
        "representatives",
        "graph",
        "heat kernel",
        "distances",
        "placement",
    ]
    assert told[0].endswith(f"{N} of {N} points")
    model().fit(X)
    assert capsys.readouterr().out == ""


# Devices


def test_what_was_learned_follows_the_device(offload):
    new = make_swiss_roll(20, n_features=12, noise=0.5, rng=8)[0]
    first, second = (
        make_swiss_roll(600, n_features=12, noise=0.5, rng=seed)[0] for seed in (1, 2)
    )
    expected = model(mds="classical").fit(second)
    found = model(mds="classical", backend="cupy").fit(first)
    found.fit(second)
    assert type(found.embedding_) is np.ndarray
    for method in ("transform", "dissimilarity"):
        values = getattr(found, method)(new)
        assert type(values) is np.ndarray
        np.testing.assert_allclose(
            pdist(values), pdist(getattr(expected, method)(new)), rtol=1e-6
        )
