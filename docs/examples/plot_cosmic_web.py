r"""
Voids, sheets, filaments and nodes
==================================

Gravity gathers matter along one, two or three axes: into sheets, filaments and nodes,
and it leaves voids. ``geomsci.entropic`` counts these axes by the curvature

.. math:: K_{ij} = -\partial_i \partial_j \log \rho_R

of the density smoothed with a Gaussian of standard deviation R. K is the bound of the
curvature-dimension condition of optimal transport for the measure :math:`\rho_R\,dx`: a
finite-scale realisation of the theory of arXiv:2604.00593. The number of its positive
eigenvalues is the number of collapsed axes.

Here a box of particles is looked at on three scales, and beside it stands what a
Gaussian random field would show.
"""

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import skew

from geomsci import entropic, plotting

plt.rcParams.update(
    {
        "font.size": 11,
        "axes.titlelocation": "left",
        "axes.titlesize": 12,
        "figure.constrained_layout.use": True,
    }
)

# %%
# A box of particles
# ------------------
#
# A Gaussian field with the power spectrum of Eisenstein and Hu, and 96\ :sup:`3`
# particles moved by second-order Lagrangian perturbation theory: good enough for the
# shapes of the web on scales of some Mpc/h, though halos do not form in it.

cosmology = {"h": 0.6711, "omega_m": 0.3175, "omega_b": 0.049, "n_s": 0.9624}
side, cells = 288.0, 96  # Mpc/h


def power(k):
    """Linear power spectrum today."""
    return entropic.eisenstein_hu(k, sigma8=0.834, **cosmology)


delta = entropic.gaussian_field(power, cells, side, rng=0)
psi = entropic.lpt_displacement(delta, side, order=2, omega_m=0.3175)
particles = entropic.displaced_lattice(psi, side)
print(f"{len(particles)} particles, rms displacement {np.std(psi):.2f} Mpc/h an axis")

# %%
# Three scales
# ------------
#
# The estimator puts the particles on a grid, takes one Fourier transform, and computes
# curvature, eigenvalues and classes for each scale. All lengths are in Mpc/h.

scales = (6.0, 12.0, 24.0)
web = entropic.EntropicCurvature(scales, box_size=side, n_grid=cells).fit(particles)

print(f"{'R':>4}{'':9}{'void':>8}{'sheet':>8}{'filament':>10}{'node':>8}")
for R, volume, mass in zip(scales, web.volume_fractions_, web.mass_fractions_):
    for name, f in (("volume", volume), ("mass", mass)):
        print(f"{R:4.0f} {name:8}{f[0]:8.3f}{f[1]:8.3f}{f[2]:10.3f}{f[3]:8.3f}")

# %%
# A plane of the box, first the logarithm of the density, then the classes. What is a
# node at 24 Mpc/h is a group of filaments at 6.

density = entropic.assign_mass(particles, cells, side)
density = entropic.compensate_window(density / density.mean(), side)
density = entropic.smooth_density(density, scales, side)


def panels(maps, **look):
    """The middle plane of one map a scale."""
    axes = plt.subplots(1, 3, figsize=(11.5, 3.8), sharey=True)[1]
    for s, (R, values, ax) in enumerate(zip(scales, maps, axes)):
        look |= {"box_size": side, "unit": "Mpc/h", "legend": s == 2}
        plotting.web_slice(values, ax=ax, **look)
        ax.set_title(f"R = {R:.0f} Mpc/h")
        if s:
            ax.set_ylabel("")
    plt.show()


u = np.log(density)
panels([m / m.std() for m in u], limit=3.0, label=r"$\log \rho_R$, in deviations")

# %%
panels(web.signature_)

# %%
# The largest eigenvalue is positive wherever at least one axis has collapsed. As
# :math:`K = (I - C / R^2) / R^2` with C the covariance of the mass around a place,
# weighted with the Gaussian, no eigenvalue passes :math:`1/R^2`, whatever the
# particles do: the map has an absolute scale.

# sphinx_gallery_thumbnail_number = 3
R = np.asarray(scales)[:, None, None, None]
panels(R**2 * web.eigenvalues_[..., -1], limit=0.7, label=r"$R^2 \lambda_3$")
for R, values in zip(scales, web.eigenvalues_):
    print(f"R = {R:2.0f}: the largest R^2 lambda is {R**2 * values.max():.3f}")

# %%
# Fractions against scale
# -----------------------
#
# A Gaussian field divides its volume into 8, 42, 42 and 8 per cent (Doroshkevich),
# whatever its spectrum. Nonlinear matter fills more of its volume with filaments and
# nodes, and much more of its mass: most is where two axes have collapsed.

ladder = np.geomspace(6.0, 36.0, 7)
many = entropic.EntropicCurvature(ladder, box_size=side, n_grid=cells).fit(particles)
expected = entropic.doroshkevich_fractions(0.0)

figure, ax = plt.subplots(figsize=(8, 4.4))
plotting.web_fractions(
    np.round(ladder, 1),
    many.volume_fractions_,
    mass=many.mass_fractions_,
    gaussian=expected,
    unit="Mpc/h",
    ax=ax,
)
ax.spines[["top", "right"]].set_visible(False)
plt.show()
print("Gaussian field:", *(f"{f:.10f}" for f in expected))

# %%
# Eigenvalues beside Doroshkevich
# -------------------------------
#
# The densities of the three eigenvalues, in units of the deviation of their sum. The
# logarithm hides much of the nonlinearity: they are near those of a Gaussian field even
# at 6 Mpc/h, where the smallest one reaches further down. At 24 Mpc/h this box holds
# few independent places, and the difference is its own.

figure, axes = plt.subplots(1, 3, figsize=(11.5, 3.9), sharey=True)
for s, (R, ax) in enumerate(zip(scales, axes)):
    plotting.eigenvalue_pdf(web.eigenvalues_[s], sigma=web.sigma_trace_[s], ax=ax)
    trace = web.eigenvalues_[s].sum(axis=-1).ravel()
    ax.set_title(f"R = {R:.0f} Mpc/h: skewness {skew(trace):.2f}")
    ax.spines[["top", "right"]].set_visible(False)
    if s:
        ax.get_legend().remove()
        ax.set_ylabel("")
plt.show()

# %%
# The deviation itself is predicted too: for a Gaussian field it is the spectral moment
# :math:`\sigma_2(R)`, here of the linear spectrum summed over the modes of this box.
# The last column is the noise of as many particles thrown at random, which these,
# coming from a lattice, do not have. There is less curvature than linear theory says:
# smoothing acts before the logarithm, and in this approximation matter flows on through
# places that collapse.

print(f"{'R':>4}{'sigma(tr K)':>14}{'linear':>12}{'if Poisson':>14}")
for R, sigma, noise in zip(scales, web.sigma_trace_, web.shot_noise_):
    linear = entropic.grid_spectral_moments(power, R, cells, side)[2]
    print(f"{R:4.0f}{sigma:14.4e}{linear:12.4e}{noise:14.4e}")

# %%
# Which curvature, which threshold
# --------------------------------
#
# The theory knows a dimension N beside the bound K. Infinity is the Hessian of the
# logarithm; N = 4 in three dimensions is the Hessian of the density itself (divided by
# the density), as in older classifications. A threshold makes all classes but the voids
# rarer; given in units of sigma(tr K), it means the same at every scale.

print(f"R = 6{'':22}{'void':>8}{'sheet':>8}{'filament':>10}{'node':>8}")
for name, options in {
    "log density (N infinite)": {},
    "density (N = 4)": {"dimension": 4},
    "N = 10": {"dimension": 10},
    "threshold 0.2 sigma": {"threshold": ("sigma", 0.2)},
}.items():
    model = entropic.EntropicCurvature(6.0, box_size=side, n_grid=cells, **options)
    f = model.fit(particles).volume_fractions_[0]
    print(f"{name:27}{f[0]:8.3f}{f[1]:8.3f}{f[2]:10.3f}{f[3]:8.3f}")
f = entropic.doroshkevich_fractions(0.2)
print(f"{'Gaussian field, 0.2 sigma':27}{f[0]:8.3f}{f[1]:8.3f}{f[2]:10.3f}{f[3]:8.3f}")

# %%
# An identity that must hold
# --------------------------
#
# The mean of tr K over the mass is the Fisher information of the density, at every
# scale and to rounding: one number that tells how far matter is from uniform, and how
# fast its entropy falls with smoothing, :math:`d\,\mathrm{Ent} / d R^2 = -I / 2`.

for R, rho, values, fisher in zip(
    scales, density, web.eigenvalues_, web.fisher_information_
):
    off = np.mean(rho * values.sum(axis=-1)) / fisher - 1
    print(f"R = {R:2.0f}: I = {fisher:.4e}, <rho tr K> / I - 1 = {off:.0e}")
