r"""
A coreset of California housing
===============================

Twenty thousand districts, and in each it costs money to find out what a house is worth.
A regression with m coefficients will be fitted. Which few districts should be asked, so
that the fit is nearly as good as one to all answers?

Without a look at a single answer, the features decide: a design is drawn among the rows
of the table, and its weights make the few rows stand for all. The error that counts is
the loss on the whole table,

.. math:: \frac{L(\hat c)}{L(c^*)} = 1 + \frac{|\hat c - c^*|^2}{L(c^*)}, \qquad
          L(c) = \sum_i \mu_i (y_i - \phi(x_i) \cdot c)^2,

with :math:`c^*` from all rows and a basis that is orthonormal over the table.

The table is California housing if this machine has it: from scikit-learn's cache
(``sklearn.datasets.fetch_california_housing()`` downloads it once), or from a CSV file
named by the environment variable ``GEOMSCI_HOUSING``. Nothing is downloaded here.
Without it the smaller diabetes table of scikit-learn takes its place. The first lines
of the output say which table the page shows.
"""

import csv
import os
import warnings

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm
from sklearn.datasets import fetch_california_housing, load_diabetes

from geomsci.sampling import (
    ChristoffelSampler,
    FeatureBasis,
    OptimalDesign,
    RepeatedDPP,
    VolumeRescaledSampler,
    WeightedLeastSquares,
)

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


def from_csv(path):
    """Numeric columns of the rows without holes; the target is median_house_value."""
    with open(path, newline="", encoding="utf-8") as file:
        names, *rows = csv.reader(file)
    target = names.index("median_house_value")
    table = np.array([row[: target + 1] for row in rows if "" not in row], dtype=float)
    return table[:, :target], table[:, target], names[:target]


def load():
    """Features, target, names of the features, and what the table is."""
    path = os.environ.get("GEOMSCI_HOUSING")
    if path:
        return *from_csv(path), "California housing, raw columns"
    try:
        table = fetch_california_housing(download_if_missing=False)
    except OSError:
        table = load_diabetes()
        return table.data, table.target, table.feature_names, "diabetes"
    return table.data, table.target, table.feature_names, "California housing"


X, y, names, title = load()
print(f"table: {title}, {X.shape[0]} rows, {X.shape[1]} features")

# %%
# Features
# --------
#
# All products of up to two features: a full quadratic model. A column that depends on
# those before it is left out, with a warning that names it.

Z = (X - X.mean(axis=0)) / X.std(axis=0)
i, j = np.triu_indices(Z.shape[1])
features = np.hstack([np.ones((len(Z), 1)), Z, Z[:, i] * Z[:, j]])

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    basis = FeatureBasis(features)
print(*(warning.message for warning in caught), sep="\n")

m, N = basis.size, len(y)
n = 2 * m
leverage = basis.christoffel(features) / m  # one on average
print(f"m = {m} coefficients, n = {n} of {N} rows")
print(f"largest leverage: {leverage.max():.0f} times the average")
print(f"share of the ten largest: {np.sort(leverage)[-10:].sum() / N:.1%}")

# %%
# A row of large leverage is one that the others cannot replace. Rows drawn with equal
# probabilities miss them, and pay for it.
#
# One coreset
# -----------
#
# ``OptimalDesign`` draws ten determinantal designs and deletes the rows that are missed
# least until n are left. The target is looked up only now, for these rows.

design = OptimalDesign(basis).sample(n, rng=0)
rows = design.indices
model = WeightedLeastSquares(basis)
model.fit(features[rows], y[rows], sample_weight=design.weights)

c = basis.rows.T @ (basis.measure * y)
loss = basis.measure @ (y - basis.rows @ c) ** 2
ratio = 1 + np.sum((model.coef_ - c) ** 2) / loss
print(f"loss on all {N} rows over the best: {ratio:.2f} from {n} rows")
print(f"R^2 on all rows: {model.score(features, y):.3f}, from all rows "
      f"{1 - loss / y.var():.3f}")  # fmt: skip

# %%
# The table in the plane of its two main directions, and the rows that were chosen.

U, s, _ = np.linalg.svd(Z, full_matrices=False)
plane = U[:, :2] * s[:2]
order = np.argsort(leverage)

# sphinx_gallery_thumbnail_number = 2
figure, ax = plt.subplots(figsize=(8, 4.8))
shades = LogNorm(*np.quantile(leverage, [0.02, 0.995]))
shown = ax.scatter(*plane[order].T, c=leverage[order], cmap="YlGnBu", s=12, norm=shades)
ax.scatter(
    *plane[rows].T, s=46, facecolor="none", edgecolor="#d55e00", linewidth=1.3,
    label=f"coreset, {n} rows",
)  # fmt: skip
marks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if shades.vmin < t < shades.vmax]
bar = figure.colorbar(shown, ax=ax, ticks=marks, extend="both", format="{x:g}")
bar.ax.minorticks_off()
bar.set_label("leverage over its average")
ax.set_xlabel("first principal component")
ax.set_ylabel("second")
ax.set_title(f"{title}: {n} of {N} rows")
ax.legend(frameon=False)
plt.show()

# %%
# Against other choices
# ---------------------
#
# Fifty coresets of each kind, all of n = 2m rows: equal probabilities without
# weights, independent rows by leverage, volume sampling (a determinantal design and
# independent rows), two determinantal designs, and the pool that is reduced.

rng = np.random.default_rng(0)
R = 50
designs = {
    "uniform": (rng.integers(0, N, (R, n)), np.ones((R, n))),
    "leverage": ChristoffelSampler(basis),
    "volume-rescaled": VolumeRescaledSampler(basis),
    "two DPPs": RepeatedDPP(basis),
    "pool, reduced": OptimalDesign(basis),
}
ratios = {}
for name, sampler in designs.items():
    if name == "uniform":
        indices, weights = sampler
    else:
        drawn = sampler.sample(n, size=R, rng=1)
        indices, weights = drawn.indices, drawn.weights
    root = np.sqrt(weights)
    fits = [
        np.linalg.lstsq(q[:, None] * basis.rows[k], q * y[k], rcond=None)[0]
        for k, q in zip(indices, root)
    ]
    ratios[name] = 1 + np.sum((np.array(fits) - c) ** 2, axis=1) / loss

print(f"{'loss over the best':<18}{'median':>8}{'mean':>8}{'worst':>8}")
for name, values in ratios.items():
    print(f"{name:<18}{np.median(values):8.2f}{values.mean():8.2f}{values.max():8.2f}")

figure, ax = plt.subplots(figsize=(8, 4.2))
colours = ("#8c8c8c", "#e69f00", "#cc79a7", "#009e73", "#0072b2")
for place, (values, colour) in enumerate(zip(ratios.values(), colours)):
    height = place + np.linspace(-0.28, 0.28, R)[rng.permutation(R)]
    ax.scatter(values, height, color=colour, s=12, alpha=0.55, linewidth=0)
    ax.plot([np.median(values)] * 2, [place - 0.36, place + 0.36], color="0.1", lw=2)
ax.axvline(1, color="0.3", linestyle="--", linewidth=1.2)
ax.set_xscale("log")
largest = max(values.max() for values in ratios.values())
ticks = [tick for tick in (1, 2, 3, 5, 10, 30, 100, 300, 1000) if tick < largest]
ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
ax.minorticks_off()
ax.set_yticks(range(len(ratios)), list(ratios))
ax.tick_params(axis="y", length=0)
ax.invert_yaxis()
ax.set_xlabel("loss on all rows over the best possible")
ax.set_title(f"Coresets of {n} rows, one point each, and their medians")
plt.show()

# %%
# On the raw columns of California housing (20,433 districts, m = 45, n = 90) the
# medians of this comparison are 69 for equal probabilities, 2.2 by leverage, 1.9 for
# volume sampling, 1.8 for two determinantal designs, and 1.5 for the reduced pool. On a
# table whose leverages differ less, such as diabetes, equal probabilities lose less,
# and the order is the same.
#
# No design has seen the target, so one coreset serves for any column that is to be
# fitted later. All losses are those on this table; nothing is said about rows outside
# of it. :doc:`/sampling` has the laws behind the names.
