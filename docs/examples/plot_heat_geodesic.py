r"""
Unrolling a sheet, straightening a tree
=======================================

How far apart are two points, if one may walk only where there are points? On a rolled
sheet and on a tree the answer is known, so an embedding can be checked: its distances
should be the true ones, in the same units, and noise should not change them much.

``HeatGeodesicEmbedding`` lets heat spread on the graph of neighbours and reads the
distance of two points from how little of it has arrived,

.. math:: d_{ij} = r\, t\, I_m^{-1}(E_{ij}), \qquad
          E_{ij} = \frac1t \log \frac{\sqrt{H_{ii} H_{jj}}}{H_{ij}},
          \qquad H = e^{-t L}.

Isomap, which embeds shortest paths, stands beside it.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from scipy.spatial.distance import cdist
from sklearn.manifold import Isomap

from geomsci import plotting
from geomsci.datasets import make_swiss_roll, make_tree
from geomsci.embedding import HeatGeodesicEmbedding, metric_mds

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

# %%
# The roll
# --------
#
# A sheet, 89 long and 5 wide, is rolled up and turned, with a little noise. ``sheet``
# is what it was before: distances on it are the true geodesics.

X, sheet = make_swiss_roll(1500, noise=0.1, rng=0)
truth = cdist(sheet, sheet)

heat = HeatGeodesicEmbedding(random_state=0).fit(X)
isomap = Isomap(n_neighbors=10).fit(X)

figure = plt.figure(figsize=(6.4, 4.6))
ax = figure.add_subplot(projection="3d")
_, _, widest = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
plotting.embedding(X @ widest.T, values=sheet[:, 0], label="arc length", ax=ax)
ax.view_init(elev=40, azim=-60)
ax.set_zticks([-2, 2])
ax.set_title("the roll in space")
plt.show()

# %%
# The sheet as it was, and two embeddings of the roll, turned and mirrored but not
# stretched to lie as it does. All three are drawn to one scale.


def aligned(Y, to):
    """Turned and mirrored, not stretched, to lie as the other points do."""
    Y, to = Y - Y.mean(axis=0), to - to.mean(axis=0)
    U, _, Vt = np.linalg.svd(Y.T @ to)
    return Y @ U @ Vt


figure, rows = plt.subplots(3, 1, figsize=(9, 5.4), sharex=True)
pictures = {
    "the sheet": sheet - sheet.mean(axis=0),
    "heat-geodesic": aligned(heat.embedding_, sheet),
    "Isomap": aligned(isomap.embedding_, sheet),
}
for ax, (name, Y) in zip(rows, pictures.items()):
    plotting.embedding(Y, values=sheet[:, 0], label="arc length", ax=ax)
    ax.set_title(name)
    if ax is not rows[-1]:
        ax.set_xlabel("")
plt.show()

# %%
# Shepard diagrams put every pair of points in its place: the true distance to the
# right, the distance in the embedding upwards. Nothing is rescaled; the line is
# equality. With so little noise shortest paths are hard to beat: heat finds the
# longest distances a few percent too short, which bends the strip.

# sphinx_gallery_thumbnail_number = 3
figure, axes = plt.subplots(1, 2, figsize=(9, 4.6))
for ax, (name, Y) in zip(
    axes, {"heat-geodesic": heat.embedding_, "Isomap": isomap.embedding_}.items()
):
    plotting.shepard_diagram(truth, Y, ax=ax)
    ax.set_xlabel("true geodesic distance")
    ax.set_title(name)
plt.show()

# %%
# More noise
# ----------
#
# Noise makes every step longer, so distances grow by a factor; and from some level on
# points of one turn become neighbours of the next. Such an edge shortens the shortest
# path of many pairs. Heat takes all paths at once, edges that look like shortcuts are
# left out of its graph, and points that fill the gaps between the turns are drawn back
# to the sheet. Correlation with the true geodesics over all pairs, for three draws at
# each level:

print(f"{'noise':<8}{'heat-geodesic':<28}Isomap")
for noise in (0.1, 0.5, 0.7, 1.0):
    found = []
    for seed in range(3):
        noisy, flat = make_swiss_roll(1200, noise=noise, rng=seed)
        true = cdist(flat, flat).ravel()
        for model in (
            HeatGeodesicEmbedding(random_state=0),
            Isomap(n_neighbors=10),
        ):
            Y = model.fit_transform(noisy)
            found.append(np.corrcoef(true, cdist(Y, Y).ravel())[0, 1])
    own, other = (" ".join(f"{r:.4f}" for r in found[k::2]) for k in (0, 1))
    print(f"{noise:<8}{own:<28}{other}")

# %%
# How long the heat should spread
# -------------------------------
#
# Edges that leave the sheet make distances of different times disagree, since more
# time averages over more paths. ``t="auto"`` compares 20 and 80 steps: if they agree
# it takes 40, otherwise more, by the entropy of the kernel. Left: noise 1.0 and all
# edges. Right: the same points with the default, which finds the shortcuts; 40 steps
# do again.

figure, axes = plt.subplots(1, 2, figsize=(10, 3.8), sharey=True)
for ax, (shortcuts, denoise) in zip(axes, (("keep", None), ("prune", "auto"))):
    model = HeatGeodesicEmbedding(shortcuts=shortcuts, denoise=denoise, random_state=0)
    model.fit(noisy)
    plotting.diffusion_time_curve(model, ax=ax)
    r = np.corrcoef(true, cdist(model.embedding_, model.embedding_).ravel())[0, 1]
    ax.set_title(f"shortcuts={shortcuts!r}: correlation {r:.3f}")
    agreement = model.diffusion_time_path_.agreement
    print(f"shortcuts={shortcuts!r:<7} agreement of 20 and 80 steps {agreement:.4f}")
plt.show()

# %%
# New points
# ----------
#
# Points that were not there are placed by their nearest representatives. Of 2000
# points of a roll, 1500 are fitted and 500 come later.

X, sheet = make_swiss_roll(2000, noise=0.1, rng=1)
model = HeatGeodesicEmbedding(random_state=0).fit(X[:1500])
placed = model.transform(X[1500:])
gaps = cdist(placed, model.embedding_)
true = cdist(sheet[1500:], sheet[:1500])
r = np.corrcoef(gaps.ravel(), true.ravel())[0, 1]
error = np.linalg.norm(gaps - true) / np.linalg.norm(true)
print(f"new against old points: correlation {r:.4f}, error {error:.1%}")

# %%
# A tree
# ------
#
# Five random walks in ten dimensions, four of which start somewhere on an earlier one,
# with noise of half a step in every direction. The geodesics are shortest paths on the
# tree without noise; a plane cannot hold them exactly, as the first picture shows: it
# is the best that metric scaling can do with the truth.

tree = make_tree(1500, n_features=10, noise=1.0, rng=0)
geodesics = tree.geodesics()
best = metric_mds(geodesics, rng=0)
heat = HeatGeodesicEmbedding(random_state=0).fit(tree.X)
isomap = Isomap(n_neighbors=10).fit(tree.X)

figure, grid = plt.subplots(2, 3, figsize=(12, 7.6))
pictures = {
    "true geodesics, scaled": best,
    "heat-geodesic": aligned(heat.embedding_, best),
    "Isomap": aligned(isomap.embedding_, best),
}
for column, (name, Y) in zip(grid.T, pictures.items()):
    last = name == "Isomap"
    plotting.embedding(
        Y,
        labels=tree.branch + 1,
        label="branch",
        legend="beside" if last else None,
        ax=column[0],
    )
    column[0].set_title(name)
    plotting.shepard_diagram(geodesics, Y, ax=column[1])
    column[1].set_xlabel("true geodesic distance")
plt.show()

# %%
# With more noise branches that are close melt together, and no method here undoes that:
# correlation with the true geodesics of three trees at each level.

warnings.filterwarnings("ignore", message="The graph has")
print(f"{'noise':<8}{'heat-geodesic':<22}Isomap")
for noise in (1.0, 2.0, 4.0):
    found = []
    for seed in range(3):
        tree = make_tree(800, n_features=10, noise=noise, rng=seed)
        true = tree.geodesics().ravel()
        for model in (
            HeatGeodesicEmbedding(random_state=0),
            Isomap(n_neighbors=10),
        ):
            Y = model.fit_transform(tree.X)
            found.append(np.corrcoef(true, cdist(Y, Y).ravel())[0, 1])
    own, other = (" ".join(f"{r:.3f}" for r in found[k::2]) for k in (0, 1))
    print(f"{noise:<8}{own:<22}{other}")

# %%
# :func:`geomsci.datasets.make_swiss_roll` and :func:`geomsci.datasets.make_tree` draw
# as many points as wanted; for large trees, ``tree.geodesics(rows)`` gives some rows of
# the distances, and ``shepard_diagram(..., rows=rows)`` draws them.
