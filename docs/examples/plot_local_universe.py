r"""
The local Universe
==================

A survey is not a box: it has an edge, and further away it sees only the brightest
galaxies. Its density falls with distance for that reason alone, and a fall of the
density is curvature. Here the cosmic web around us is drawn from a survey limited by
flux, first as if nothing was wrong, then relative to random points with the selection
of the survey,

.. math:: K = K_{data} - K_{randoms} .

The example reads the table of the 2MASS Redshift Survey (44,572 galaxies with their
groups), if the environment variable ``GEOMSCI_2MRS`` or the first argument of the
script names it. The table does not come with the package. Without it, as in this
documentation, **the galaxies are a mock**: points of a lognormal density, seen to the
same limit of flux. That has one advantage: the truth is known.
"""

import os
import sys

import matplotlib.pyplot as plt
import numpy as np
from scipy.special import exp1

from geomsci import entropic, plotting

plt.rcParams.update(
    {
        "font.size": 11,
        "axes.titlelocation": "left",
        "axes.titlesize": 12,
        "figure.constrained_layout.use": True,
    }
)

table = os.environ.get("GEOMSCI_2MRS", "".join(sys.argv[1:2]))
reach, R = 120.0, 8.0  # Mpc/h: what is drawn, and the smoothing
rng = np.random.default_rng(0)

# %%
# What a survey sees
# ------------------
#
# Galaxies have luminosities by a Schechter function with the slope -1 and
# :math:`M_* - 5 \log_{10} h = -23.5` in the K band, and the survey ends at 11.75
# magnitudes. At the distance r in Mpc/h it sees those brighter than
# :math:`x = L / L_* = 10^{0.4 (M_* - 11.75 + 25 + 5 \log_{10} r)}`; their number falls
# like :math:`E_1(x)`. The Milky Way hides what is within five degrees of its plane.


def selection(r):
    """Mean number of visible galaxies in a cube of 1 Mpc/h at the distance r."""
    faintest = 10 ** (0.4 * (-23.5 - 11.75 + 25.0) + 2.0 * np.log10(r))
    return 0.0089 * exp1(faintest)


def visible(points):
    """Not behind the Milky Way, and within 250 Mpc/h."""
    r = np.linalg.norm(points, axis=1)
    seen = np.abs(points[:, 2]) > np.sin(np.deg2rad(5.0)) * r
    return seen & (r > 1.0) & (r < 250.0)


def mock(side=512.0, cells=128):
    """Points of a lognormal density around the observer, seen to the limit of flux."""

    def power(k):
        P = entropic.eisenstein_hu(
            k, h=0.6711, omega_m=0.3175, omega_b=0.049, n_s=0.9624, sigma8=0.9
        )
        return P * np.exp(-((2.0 * k) ** 2))

    density = entropic.lognormal_field(power, cells, side, rng=1)
    cell = side / cells
    corner = np.stack(np.indices(density.shape), axis=-1).reshape(-1, 3) * cell
    middle = np.linalg.norm(corner + cell / 2 - side / 2, axis=1)
    counts = rng.poisson(density.ravel() * selection(middle) * cell**3)
    points = np.repeat(corner, counts, axis=0)
    points = points + cell * rng.random(points.shape) - side / 2
    return points[visible(points)], density


if table:
    survey = entropic.read_2mrs(table, frame="cmb")
    galaxies = survey.positions[visible(survey.positions)]
    print(survey)
else:
    galaxies, truth = mock()
    print("No table was named: the galaxies are a mock.")
print(f"{len(galaxies)} galaxies are used.")

# %%
# Random points are thrown with the selection, ten for each galaxy, in the same part of
# the sky. They must follow the survey: if the histogram of their distances does not
# lie within that of the galaxies, no curvature is worth its name.


def throw(n):
    """Points that the survey would see if there was no structure."""
    r = np.linspace(1.0, 250.0, 5000)
    share = np.cumsum(r**2 * selection(r))
    found = np.empty((0, 3))
    while len(found) < n:
        radius = np.interp(rng.random(2 * n) * share[-1], share, r)
        direction = rng.standard_normal((2 * n, 3))
        direction /= np.linalg.norm(direction, axis=1, keepdims=True)
        points = radius[:, None] * direction
        found = np.concatenate((found, points[visible(points)]))
    return found[:n]


randoms = throw(10 * len(galaxies))

figure, ax = plt.subplots(figsize=(7, 3.6))
edges = np.arange(0.0, 255.0, 5.0)
for points, name in ((galaxies, "galaxies"), (randoms, "randoms")):
    counts, _ = np.histogram(np.linalg.norm(points, axis=1), edges)
    ax.stairs(counts / len(points), edges, label=name, linewidth=1.8)
ax.set_xlabel("distance [Mpc/h]")
ax.set_ylabel("share in 5 Mpc/h")
ax.legend(frameon=False)
ax.spines[["top", "right"]].set_visible(False)
plt.show()

# %%
# The supergalactic plane
# -----------------------
#
# Most large structures around us lie near one plane, which stands upright on the Milky
# Way. The catalogue needs no grid: curvature is computed at whatever points are asked
# for, here a square in that plane. Left: the density relative to the randoms. Middle:
# classes of the galaxies as they are. Right: classes relative to the randoms.


def direction(longitude, latitude):
    """Unit vector of Galactic angles in degrees."""
    lon, lat = np.deg2rad((longitude, latitude))
    return np.asarray(
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    )


pole, first = direction(47.37, 6.32), direction(137.37, 0.0)
frame = np.stack((first, np.cross(pole, first), pole))  # rows: SGX, SGY, SGZ
n = 61
ticks = (np.arange(n) + 0.5) * 2 * reach / n - reach
plane = np.stack([*np.meshgrid(ticks, ticks, indexing="ij"), np.zeros((n, n))], axis=-1)
points = plane.reshape(-1, 3) @ frame
far = np.linalg.norm(points, axis=1) > reach

raw = entropic.catalogue_curvature(points, galaxies, R)
relative = entropic.survey_curvature(points, galaxies, randoms, R)
u = entropic.survey_log_density(points, galaxies, randoms, R)


def classes(K):
    """Number of positive eigenvalues on the square."""
    return (np.linalg.eigvalsh(K) > 0).sum(axis=-1).astype(np.int8).reshape(n, n)


maps = {
    "log density / randoms": np.where(far, np.nan, u).reshape(n, n),
    "classes, unweighted": classes(raw),
    "classes, with randoms": classes(relative),
}
# sphinx_gallery_thumbnail_number = 2
figure, axes = plt.subplots(1, 3, figsize=(12, 4.2), sharey=True)
for ax, (name, values) in zip(axes, maps.items()):
    plotting.web_slice(
        values,
        box_size=2 * reach,
        origin=-reach,
        n_axes=3,
        limit=1.5,
        legend=ax is not axes[1],
        ax=ax,
    )
    ax.add_patch(plt.Circle((0, 0), reach, fill=False, color="black", linewidth=0.8))
    ax.set_title(name)
    ax.set_xlabel("SGX [Mpc/h]")
    ax.set_ylabel("SGY [Mpc/h]" if ax is axes[0] else "")
plt.show()

# %%
# The fall of the selection is positive curvature across the line of sight, largest near
# us, so that **unweighted data turn voids near us into sheets, filaments and false
# nodes.** What it amounts to, by distance, is told by the randoms alone:

inside = np.linalg.norm(points, axis=1)
of_randoms = raw - relative
print(f"{'':10}{'R^2 tr K':>12}{'voids':>9}{'':>10}{'nodes':>9}")
head = ("Mpc/h", "of randoms", "raw", "relative", "raw", "relative")
print("{:>10}{:>12}{:>9}{:>10}{:>9}{:>10}".format(*head))
for low, high in ((0, 30), (30, 60), (60, 90), (90, 120)):
    ring = (inside >= low) & (inside < high)
    bias = R**2 * np.trace(of_randoms[ring], axis1=1, axis2=2).mean()
    f = [
        np.mean(classes(K).ravel()[ring] == c) for c in (0, 3) for K in (raw, relative)
    ]
    row = f"{f[0]:9.1%}{f[1]:10.1%}{f[2]:9.1%}{f[3]:10.1%}"
    print(f"{low:>4} - {high:<4}{bias:11.3f}{row}")

# %%
# Against the truth
# -----------------
#
# The mock knows the density that its galaxies come from. Its curvature at the same
# points tells how much is cured, with the standard deviation of its trace in the whole
# box as the unit. The bias near us goes; what is left in the mean is the noise of few
# independent places; and the scatter, the shot noise of galaxies that become rare,
# grows outwards and stays.

if not table:
    box = entropic.EntropicCurvature(R, box_size=512.0).fit(truth)
    true = box.transform(points + 256.0)[0].sum(axis=-1)
    sigma = float(box.sigma_trace_[0])
    print(f"{'Mpc/h':>10}{'bias, raw':>12}{'relative':>10}{'scatter':>10}   [sigma]")
    for low, high in ((0, 30), (30, 60), (60, 90), (90, 120)):
        ring = (inside >= low) & (inside < high)
        away = [
            (np.trace(K[ring], axis1=1, axis2=2) - true[ring]) / sigma
            for K in (raw, relative)
        ]
        means = [error.mean() for error in away]
        scatter = away[1].std()
        print(f"{low:>4} - {high:<4}{means[0]:11.2f}{means[1]:10.2f}{scatter:10.2f}")

# %%
# What else to mind: galaxies are not matter (they are more clustered, and a galaxy
# counts the same in a cluster and in a void); distances are redshifts, which stretch
# clusters along the line of sight (``velocity="czGroupHelio"`` puts a group at one
# point); the selection is a model; and behind the Milky Way the map shows what the
# Gaussian carries over from both sides.
