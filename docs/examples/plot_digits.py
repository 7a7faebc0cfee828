"""
Digits, and digits that come later
==================================

1797 handwritten digits of 8 x 8 pixels, as scikit-learn brings them. How far is a one
from a seven, if one may walk through digits only? Half of the digits are placed; the
other half comes later and is placed among them.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import (
    adjusted_mutual_info_score,
    adjusted_rand_score,
    homogeneity_score,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

from geomsci import plotting
from geomsci.embedding import HeatGeodesicEmbedding

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

X, y = load_digits(return_X_y=True)
rng = np.random.default_rng(0)
order = rng.permutation(len(X))
first, later = order[: len(X) // 2], order[len(X) // 2 :]
print(f"{len(first)} digits, {len(later)} later")

# %%
# The first half
# --------------
#
# Distances are in grey levels: the way from one digit to another over digits between.

model = HeatGeodesicEmbedding(random_state=0).fit(X[first])
print(
    f"{model.n_connected_components_} connected component(s), "
    f"diffusion time {model.diffusion_time_:.1f}, stress {model.stress_:.3f}"
)

figure, ax = plt.subplots(figsize=(9, 7))
plotting.embedding(model, labels=y[first], label="digit", point_size=14, ax=ax)
shown: list[np.ndarray] = []
apart = 0.08 * np.ptp(model.embedding_, axis=0).max()
for position, image in zip(model.embedding_, X[first]):
    if all(np.linalg.norm(position - other) > apart for other in shown):
        shown.append(position)
        thumbnail = OffsetImage(image.reshape(8, 8), cmap="gray_r", zoom=2.2)
        frame = {"edgecolor": "#999999", "linewidth": 0.6}
        ax.add_artist(AnnotationBbox(thumbnail, position, pad=0.1, bboxprops=frame))
ax.set_title("half of the digits")
plt.show()

# %%
# The second half
# ---------------
#
# ``transform`` places every new digit by the eight nearest of the old ones. Do they
# land in the right place? The label of most of the ten nearest old digits, in the plane
# and in all 64 pixels, against the true one:

placed = model.transform(X[later])
for name, old, new in (
    ("the plane", model.embedding_, placed),
    ("all pixels", X[first], X[later]),
):
    vote = KNeighborsClassifier(10).fit(old, y[first])
    print(f"10 neighbours in {name:<11} {vote.score(new, y[later]):.3f}")

figure, axes = plt.subplots(1, 2, figsize=(11, 4.6))
plotting.embedding(model, labels=y[first], legend=None, ax=axes[0])
axes[0].set_title("placed first")
plotting.embedding(placed, labels=y[later], label="digit", ax=axes[1])
axes[1].set_title("placed later")
plt.show()

# %%
# Distances or clusters
# ---------------------
#
# t-SNE keeps neighbours and gives up long distances, so its clusters stand apart. The
# heat kernel can be used in both ways: by its geodesics, or in the place of the
# affinities of t-SNE (``sne_affinities``). Digits against the clusters that k-means
# finds in the plane, and the correlation of distances in the plane with the geodesics
# of the heat kernel:

models = {
    "heat-geodesic": model,
    "sne_affinities": HeatGeodesicEmbedding.sne_affinities(random_state=0),
    "t-SNE": TSNE(random_state=0),
    "principal components": PCA(2),
}
pictures = {}
print(f"{'':<22}{'homogeneity':>12}{'ARI':>7}{'AMI':>7}{'geodesics':>11}")
for name, other in models.items():
    Y = model.embedding_ if other is model else other.fit_transform(X[first])
    pictures[name] = Y
    flat = StandardScaler().fit_transform(Y)
    found = KMeans(10, n_init=10, random_state=0).fit_predict(flat)
    scores = [
        score(y[first], found)
        for score in (
            homogeneity_score,
            adjusted_rand_score,
            adjusted_mutual_info_score,
        )
    ]
    gaps = np.linalg.norm(Y[:, None] - Y, axis=2)
    r = np.corrcoef(gaps.ravel(), model.dissimilarity_.ravel())[0, 1]
    print(f"{name:<22}{scores[0]:12.3f}{scores[1]:7.3f}{scores[2]:7.3f}{r:11.3f}")

figure, axes = plt.subplots(2, 2, figsize=(10.5, 9))
for ax, (name, Y) in zip(axes.flat, pictures.items()):
    plotting.embedding(Y, labels=y[first], legend="on_data", ax=ax)
    ax.set_title(name)
plt.show()
