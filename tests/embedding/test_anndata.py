"""Cells of AnnData objects are embedded like any points, and can be saved."""

import importlib.util
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.datasets import make_blobs

anndata = pytest.importorskip("anndata")

from geomsci.embedding import HeatGeodesicEmbedding  # noqa: E402
from geomsci.embedding.anndata import embed_anndata  # noqa: E402


@pytest.fixture
def cells():
    """Two overlapping groups, so that the graph is in one piece."""
    X, y = make_blobs([40, 40], n_features=6, centers=np.eye(2, 6), random_state=0)
    gaps = np.linalg.norm(X[:, None] - X, axis=-1)
    W = np.exp(-(gaps**2)) * (gaps > 0)
    adata = anndata.AnnData(
        sparse.csr_matrix(np.abs(X)),
        obs={"group": y.astype(str)},
        obsm={"X_pca": X.astype(np.float32)},
        obsp={"connectivities": sparse.csr_matrix(W)},
    )
    adata.obs_names = [f"cell{i}" for i in range(80)]
    return adata


def test_coordinates_are_those_of_the_estimator(cells):
    assert embed_anndata(cells, n_neighbors=7, t=30.0) is None
    model = HeatGeodesicEmbedding(n_neighbors=7, t=30.0, random_state=0)
    Y = model.fit_transform(cells.obsm["X_pca"].astype(np.float64))
    np.testing.assert_array_equal(cells.obsm["X_heatgeo"], Y)
    record = cells.uns["heatgeo"]
    assert record["params"]["use_rep"] == "X_pca"
    assert record["params"]["n_neighbors"] == 7
    assert record["diffusion_time"] == model.diffusion_time_
    assert record["stress"] == model.stress_
    assert record["n_representatives"] == 80


def test_graph_is_taken_as_affinities(cells):
    embed_anndata(cells, obsp="connectivities", key_added="X_graph", t=20.0)
    model = HeatGeodesicEmbedding(metric="precomputed_affinity", t=20.0, random_state=0)
    Y = model.fit_transform(cells.obsp["connectivities"].toarray())
    np.testing.assert_allclose(
        cells.obsm["X_graph"], Y, rtol=0, atol=1e-8 * np.abs(Y).max()
    )
    assert cells.uns["graph"]["params"]["obsp"] == "connectivities"
    assert cells.uns["graph"]["params"]["metric"] == "precomputed_affinity"
    assert "use_rep" not in cells.uns["graph"]["params"]


def test_a_copy_leaves_the_original_alone(cells):
    result = embed_anndata(cells, copy=True)
    assert result.obsm["X_heatgeo"].shape == (80, 2)
    assert "X_heatgeo" not in cells.obsm
    assert "heatgeo" not in cells.uns


def test_what_was_written_survives_a_file(cells, tmp_path):
    embed_anndata(cells, n_components=3, random_state=np.random.RandomState(3))
    cells.write_h5ad(tmp_path / "cells.h5ad")
    back = anndata.read_h5ad(tmp_path / "cells.h5ad")
    np.testing.assert_array_equal(back.obsm["X_heatgeo"], cells.obsm["X_heatgeo"])
    assert set(back.uns["heatgeo"]) == set(cells.uns["heatgeo"])
    for name, value in cells.uns["heatgeo"]["params"].items():
        assert back.uns["heatgeo"]["params"][name] == value, name
    path = back.uns["heatgeo"]["diffusion_time_path"]
    assert path["time"] == back.uns["heatgeo"]["diffusion_time"]
    assert path["times"].shape == path["entropies"].shape


def test_estimators_are_cloned_and_presets_kept(cells):
    given = HeatGeodesicEmbedding.phate(random_state=1)
    before = given.get_params()
    embed_anndata(cells, estimator=given, n_neighbors=8)
    assert given.get_params() == before
    assert not hasattr(given, "embedding_")
    assert cells.uns["heatgeo"]["params"]["distance"] == "potential"
    assert cells.uns["heatgeo"]["params"]["n_neighbors"] == 8


class FirstTwo(BaseEstimator):
    def fit(self, X, y=None):
        self.embedding_ = X[:, :2]
        return self


def test_any_estimator_with_an_embedding_will_do(cells):
    embed_anndata(cells, estimator=FirstTwo(), key_added="first")
    np.testing.assert_array_equal(cells.obsm["first"], cells.obsm["X_pca"][:, :2])
    assert cells.uns["first"] == {"params": {"use_rep": "X_pca"}}
    with pytest.raises(ValueError, match="None with FirstTwo, which takes no graph"):
        embed_anndata(cells, estimator=FirstTwo(), obsp="connectivities")


def test_rows_of_X_can_be_embedded(cells):
    with pytest.raises(ValueError, match="must name dense points, got a sparse matrix"):
        embed_anndata(cells, use_rep="X")
    cells.X = cells.X.toarray()
    embed_anndata(cells, use_rep="X", estimator=FirstTwo())
    np.testing.assert_array_equal(cells.obsm["X_heatgeo"], cells.X[:, :2])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"use_rep": "X_umap"}, "which has X_pca, got 'X_umap': scanpy.pp.pca"),
        ({"obsp": "distances"}, "which has connectivities, got 'distances'"),
        ({"neighbours": 3}, "Invalid parameter 'neighbours'"),
    ],
)
def test_what_is_not_there_is_refused(cells, options, says):
    with pytest.raises(ValueError, match=says):
        embed_anndata(cells, **options)


def test_other_objects_are_refused():
    with pytest.raises(TypeError, match="got SimpleNamespace without obsp, uns"):
        embed_anndata(SimpleNamespace(obsm={}))


def _packaged_blood_cells():
    """scanpy's packaged cells; scanpy itself, which is slow, is not imported."""
    if importlib.util.find_spec("scanpy") is None:
        pytest.skip("scanpy, which packages the cells, is not installed")
    root = importlib.util.find_spec("scanpy").submodule_search_locations[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the file is of an old layout
        return anndata.read_h5ad(f"{root}/datasets/10x_pbmc68k_reduced.h5ad")


@pytest.mark.parametrize("obsp", [None, "connectivities"])
def test_blood_cells_of_one_kind_lie_together(obsp):
    adata = _packaged_blood_cells()
    embed_anndata(adata, obsp=obsp)
    Y, kinds = adata.obsm["X_heatgeo"], np.asarray(adata.obs["bulk_labels"])
    gaps = np.linalg.norm(Y[:, None] - Y, axis=-1)
    np.fill_diagonal(gaps, np.inf)
    same = kinds[np.argsort(gaps, axis=1)[:, :10]] == kinds[:, None]
    by_chance = sum(np.mean(kinds == kind) ** 2 for kind in np.unique(kinds))
    assert same.mean() > 2.5 * by_chance
