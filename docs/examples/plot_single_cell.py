"""
Blood cells in the plane
========================

Single-cell data come as an AnnData object: a table of cells with matrices attached.
``embed_anndata`` reads points from it, or the graph that scanpy has made, and writes
the coordinates back, as the functions of ``scanpy.tl`` do.

The cells are 700 from the blood of one donor (10x Genomics, PBMC 68k), reduced and
labelled, in the file that scanpy brings along. Nothing is downloaded.
"""

import importlib.util
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from anndata import read_h5ad
from sklearn.cluster import KMeans
from sklearn.metrics import (
    adjusted_mutual_info_score,
    adjusted_rand_score,
    homogeneity_score,
)

from geomsci import plotting
from geomsci.embedding import HeatGeodesicEmbedding, embed_anndata

plt.rcParams.update(
    {
        "font.size": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 12,
        "figure.constrained_layout.use": True,
    }
)


# scanpy.datasets.pbmc68k_reduced() reads the same file.
folder = Path(importlib.util.find_spec("scanpy").submodule_search_locations[0])
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the file is of an old layout
    adata = read_h5ad(folder / "datasets" / "10x_pbmc68k_reduced.h5ad")
labels = adata.obs["bulk_labels"]
n, n_pca = adata.obsm["X_pca"].shape
print(f"{n} cells, {n_pca} principal components")

# %%
# From the principal components
# -----------------------------

embed_anndata(adata)

ax = plotting.embedding(adata.obsm["X_heatgeo"], labels=labels, label="cells")
ax.figure.set_size_inches(8, 5)
ax.set_title("heat-geodesic embedding")
plt.show()

# %%
# What was done, and what came out, is kept beside the coordinates, and saved with them.

record = adata.uns["heatgeo"]
print(f"diffusion time {record['diffusion_time']:.1f}, stress {record['stress']:.3f}")
print({k: record["params"][k] for k in ("use_rep", "n_neighbors", "laplacian", "t")})

# %%
# Beside others
# -------------
#
# From the graph of ``scanpy.pp.neighbors``, which the file holds, without a look at the
# points; the first two principal components; and the UMAP that comes with the file.
# The numbers compare the labels with the clusters that k-means finds in the plane:
# homogeneity, adjusted Rand index and adjusted mutual information, each 1 for the
# labels themselves.

pictures = {"heat-geodesic": adata.obsm["X_heatgeo"]}
embed_anndata(adata, obsp="connectivities", key_added="X_heatgeo_graph")
pictures["heat-geodesic, graph of scanpy"] = adata.obsm["X_heatgeo_graph"]
pictures["principal components"] = adata.obsm["X_pca"][:, :2]
pictures["UMAP"] = adata.obsm["X_umap"]

names = np.asarray(labels).astype(str)
n_kinds = np.unique(names).size
print(f"{'k-means on':<32}{'homogeneity':>12}{'ARI':>7}{'AMI':>7}")
for name, Y in pictures.items():
    clusters = KMeans(n_kinds, n_init=10, random_state=0).fit_predict(Y)
    scores = [
        score(names, clusters)
        for score in (
            homogeneity_score,
            adjusted_rand_score,
            adjusted_mutual_info_score,
        )
    ]
    print(f"{name:<32}{scores[0]:12.3f}{scores[1]:7.3f}{scores[2]:7.3f}")

# sphinx_gallery_thumbnail_number = 2
figure, axes = plt.subplots(2, 2, figsize=(11, 9))
for ax, (name, Y) in zip(axes.flat, pictures.items()):
    plotting.embedding(Y, labels=labels, legend=None, ax=ax)
    ax.set_title(name)
plt.show()

# %%
# What the plane keeps
# --------------------
#
# Distances between cells before and after: to the right the geodesics of the heat
# kernel in all dimensions, upwards those in the plane. Groups that the plane
# cannot keep apart lie below the line. Up to 3000 points the estimator knows the
# geodesics of all pairs. The curve is that of noisy points: the entropy stays below
# its level up to 320 steps, and the mean of 40 and 320, in logarithms, is taken.

model = HeatGeodesicEmbedding(random_state=0).fit(
    np.asarray(adata.obsm["X_pca"], float)
)
figure, axes = plt.subplots(1, 2, figsize=(9.5, 4.4))
plotting.shepard_diagram(model.dissimilarity_, model, ax=axes[0])
axes[0].set_title("kernel against plane")
plotting.diffusion_time_curve(model, ax=axes[1])
axes[1].set_title("choice of the time")
plt.show()
