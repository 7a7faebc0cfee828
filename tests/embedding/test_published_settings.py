"""Published settings: the contract, and that each is the method that it names."""

import warnings

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.spatial.distance import cdist, pdist
from sklearn.metrics import silhouette_score
from sklearn.utils.estimator_checks import parametrize_with_checks

from geomsci.datasets import make_swiss_roll
from geomsci.embedding import (
    HeatGeodesicEmbedding,
    alpha_decay_graph,
    graph_laplacian,
    mds_stress,
)
from geomsci.reference.embedding.diffusion_time import KNEE_TIMES

PRESETS = ("huguet2023", "phate", "sne_affinities")
X, SHEET = make_swiss_roll(150, rng=2, noise=0.05)


def preset(name, **options):
    return getattr(HeatGeodesicEmbedding, name)(**({"random_state": 0} | options))


@pytest.fixture(scope="module")
def fitted():
    return {name: preset(name).fit(X) for name in PRESETS}


@pytest.mark.filterwarnings("ignore:n_neighbors=", "ignore:The graph has")
@parametrize_with_checks([preset(name, random_state=None) for name in PRESETS])
def test_scikit_learn_contract(estimator, check):
    check(estimator)


@pytest.mark.parametrize("name", PRESETS)
def test_parameters_override_the_settings(name):
    made = preset(name, n_components=3, n_neighbors=7, t=2.0)
    assert (made.n_components, made.n_neighbors, made.t) == (3, 7, 2.0)
    usual = preset(name)
    changed = {k for k, v in made.get_params().items() if v != usual.get_params()[k]}
    assert changed <= {"n_components", "n_neighbors", "t"}


@pytest.mark.parametrize("name", PRESETS)
def test_presets_transform_their_training_rows(fitted, name):
    assert np.array_equal(fitted[name].transform(X), fitted[name].embedding_)


def _normalized(k):
    return graph_laplacian(alpha_decay_graph(X, k)[0], "normalized")


def test_huguet2023_is_varadhan_with_a_floor(fitted):
    found = fitted["huguet2023"]
    t = found.diffusion_time_
    assert min(abs(t - x) for x in KNEE_TIMES) < 1e-12
    H = np.maximum(expm(-t * _normalized(5)), 0)
    # Both are exact to some 1e-15 absolutely: only entries far above it compare.
    near = H > 1e-9
    expected = np.sqrt(-4 * t * np.log(H[near] + 1e-16))
    np.testing.assert_allclose(
        found.dissimilarity_[near & ~np.eye(150, dtype=bool)],
        expected[~np.eye(150, dtype=bool)[near]],
        rtol=1e-5,
    )
    # Long distances end at the floor.
    assert found.dissimilarity_.max() <= np.sqrt(4 * t * np.log(1e16)) * (1 + 1e-12)


def test_phate_is_the_potential_distance_by_smacof(fitted):
    found = fitted["phate"]
    W = alpha_decay_graph(X, 5)[0]
    degree = W.sum(axis=1)
    P = expm(-found.diffusion_time_ * (np.eye(150) - W / degree[:, None]))
    expected = cdist(*2 * (-np.log(P + 1e-7),))
    D = found.dissimilarity_
    assert np.corrcoef(D.ravel(), expected.ravel())[0, 1] > 0.999
    # At a minimum of the stress the gradient vanishes: no scale improves it.
    Y = found.embedding_
    best, *others = (mds_stress(D, c * Y) for c in (1.0, 0.99, 1.01))
    assert best < min(others)


def test_sne_affinities_keep_clusters_apart():
    rng = np.random.default_rng(0)
    centres = 4.0 * rng.standard_normal((3, 6))
    label = np.repeat(np.arange(3), 40)
    points = centres[label] + rng.standard_normal((120, 6))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # components are joined
        Y = preset("sne_affinities").fit_transform(points)
    assert silhouette_score(Y, label) > silhouette_score(points, label)


def test_defaults_keep_distances_better_than_presets(fitted):
    ours = HeatGeodesicEmbedding(random_state=0).fit(X)
    scores = {
        name: np.corrcoef(pdist(m.embedding_), pdist(SHEET))[0, 1]
        for name, m in (fitted | {"ours": ours}).items()
    }
    assert max(scores, key=scores.get) == "ours"
    assert scores["ours"] > 0.995
