r"""
Does the curvature exponent hold?
=================================

Give every bond of a periodic Ising lattice its own coupling. The states of the lattice
are then a family of probability laws with as many parameters as bonds, and the Fisher
information makes a Riemannian manifold of it. At the critical coupling its scalar
curvature R grows faster than the number of sites n. How fast?

Zhuravlev (arXiv:2603.07651) computed R exactly up to L = 9, sampled it up to L = 24,
and proposed a power law, :math:`|R| \propto n^{10/9}` in two dimensions. Another
argument, not a proof either, says that the fluctuations of the energy carry the growth,

.. math:: \frac{|R|}{n} = \frac{\bar c^2}{2} \lambda_0 + B + o(1),

where :math:`\lambda_0`, the heat capacity, grows like :math:`\ln n`. The two laws are
hard to tell apart: between n = 100 and n = 10,000 the factor :math:`n^{1/9}` grows by
two thirds. So we need large lattices and many digits. The Pfaffian route gives both, on
manifolds of up to 131,072 dimensions.
"""

import matplotlib.pyplot as plt
import numpy as np

from geomsci import fisher
from geomsci.plotting import plot_coupling_scan, plot_curvature_growth

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

# Okabe and Ito's colours, told apart by readers with any colour vision.
BLUE, RED, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#8c8c8c"

# %%
# The exact table
# ---------------
#
# The last column is the effective exponent, the exponent of :math:`|R|` in n from one
# size to the next. All fits and exponents here are in n, not in L. The first seven
# values are the published ones, digit by digit.

sizes = np.array([*range(3, 17), 20, 24, 28, 32, 40, 48, 56, 64, 96])
results = [fisher.ising_torus_curvature((L, L)) for L in sizes.tolist()]
n = sizes.astype(float) ** 2
R = np.array([result.scalar_curvature for result in results])
heat = np.array([result.heat_capacity for result in results])

# The next three take minutes:
# geomsci fisher --size 128 192 256 --json table.json
sizes = np.append(sizes, [128, 192, 256])
n = np.append(n, [128.0**2, 192.0**2, 256.0**2])
R = np.append(R, [-618878.425990, -1510194.646181, -2835916.660051])
heat = np.append(heat, [6.530041179, 7.047439868, 7.414300558])
exponents = fisher.effective_exponents(n, R)

print("  L                  R    |R|/n  lambda_0  exponent")
for L, value, capacity, d in zip(sizes, R, heat, [np.nan, *exponents]):
    print(f"{L:>3} {value:>18.6f} {-value / L**2:>8.4f} {capacity:>9.4f} {d:>9.4f}")

# %%
# Read the last column downwards. It falls to 1.1110 between L = 7 and 8, next to
# 10/9 = 1.1111, rises again to 1.1218 between L = 20 and 24, and falls from there on.
# From L = 64 on it is below 10/9, and still falling at L = 256.
#
# Sizes below ten lie around the first minimum. A power law fitted there finds 10/9 with
# a small residual; fitted to other sizes it finds other exponents. That is why this
# library never averages effective exponents.

print("fit to L =   power law: exponent  residual   n ln n law: slope  residual")
for low, high in ((6, 9), (8, 16), (16, 32), (24, 64), (48, 256)):
    window = (sizes >= low) & (sizes <= high)
    power = fisher.fit_power_law(n[window], R[window])
    logarithmic = fisher.fit_logarithmic_law(n[window], R[window])
    print(
        f"{low:>2} to {high:<3} {power.exponent:>20.4f} {power.residual:>10.1e}"
        f" {logarithmic.slope:>19.3f} {logarithmic.residual:>9.1e}"
    )

# %%
# Both laws have two parameters, both describe any window to a few parts in a thousand,
# and the parameters of both drift from window to window: a small residual decides
# nothing.
#
# What each law says about the next size
# --------------------------------------
#
# The law of the heat capacity has a slope without anything to fit: :math:`\bar c`
# describes how the metric of the infinite critical lattice answers to an insertion of
# energy at zero momentum.

c = float(fisher.zero_momentum_amplitude((127, 127)))
limit = c**2 / 2
print(f"cbar = {c:.6f}, slope of |R|/n in lambda_0 for large n: {limit:.4f}")

# sphinx_gallery_thumbnail_number = 1
figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.4))
middle = np.sqrt(sizes[1:] * sizes[:-1])
computed = {"color": BLUE, "marker": "o", "markersize": 6, "markeredgecolor": "white"}

left.axvspan(3, 9, color="0.93", zorder=0)
left.text(6, 1.0935, "exact before", ha="center", color="0.4", fontsize=10)
left.axhline(10 / 9, color=RED, linestyle="--", linewidth=1.8)
left.text(30, 10 / 9 - 0.0005, "10/9", color=RED, va="top", fontweight="bold")
left.plot(middle, exponents, linewidth=1, **computed)
left.set_ylim(1.092, 1.137)
left.set_title("Effective exponent of |R| in n")

slopes = np.diff(-R / n) / np.diff(heat)
needed = -R[:-1] / n[:-1] * np.expm1(np.diff(np.log(n)) / 9) / np.diff(heat)
right.axhline(limit, color=GREEN, linewidth=1.8)
right.text(9, limit - 0.1, r"$\bar c^2 / 2$, for large n", color=GREEN, va="top")
right.plot(middle, needed, "--", color=RED, linewidth=1.8)
right.text(28, 4.2, "what 10/9 asks for", color=RED, fontweight="bold")
right.plot(middle, slopes, linewidth=1, **computed)
right.text(16.5, 4.6, "computed", color=BLUE, ha="right", fontweight="bold")
right.set_ylim(2.7, 7.2)
right.set_title(r"Slope of |R|/n against $\lambda_0$")

for ax in (left, right):
    ax.set_xscale("log", base=2)
    ax.set_xlim(4, 256)
    ax.set_xticks(2 ** np.arange(2, 9), [str(2**i) for i in range(2, 9)])
    ax.set_xlabel("L, between two sizes")
plt.show()

# %%
# On the left the exponents; the grey band is the published exact table, whose first two
# pairs (1.60 and 1.16) lie above the frame. On the right the same numbers, seen by the
# other law: every step in :math:`|R|/n` divided by the step in :math:`\lambda_0`. The
# dashed curve is the step that the power law asks for from the computed value on; it
# grows without bound, where the law of the heat capacity levels off at the green line.
# The computed slope has crossed the dashed curve and bends towards the green line,
# which it has not reached: at L = 256 it has come to 94 % of it. From one doubling of L
# to the next about two thirds of the missing part are left, a little less each time.

missing = dict(zip(sizes[1:].tolist(), limit - slopes))
print(", ".join(f"L = {L}: {missing[L]:.3f} missing" for L in (16, 32, 64, 128)))

# %%
# The same in plain numbers: both laws drawn through the largest size, where a law for
# large n has the best right to hold.

figure, ax = plt.subplots(figsize=(7, 4.4))
plot_curvature_growth(n, R, exponent=10 / 9, heat_capacities=heat, amplitude=c, ax=ax)
ax.set_title("|R| / n and two laws through L = 256")
plt.show()

# %%
# The power law comes closer to the small sizes here, with one fitted number like the
# other law. Against it speaks the trend: to return to 10/9 the exponents would have to
# turn round beyond L = 256. For the other law speaks that its slope is computed, not
# fitted; against it that its corrections are still large at these sizes. A table proves
# neither. :doc:`/fisher` has the mathematics.
#
# Away from the critical point
# ----------------------------
#
# The heat capacity has its peak near the critical coupling, and it sharpens with L. The
# curvature has none: at fixed size :math:`|R|` grows on and on into the ordered phase,
# because the metric becomes singular there. A maximum of :math:`|R|` does not mark the
# transition. At weak coupling R is positive.

couplings = np.linspace(0.2, 0.6, 21)
critical = fisher.critical_coupling("ising", "square")
figure, (left, right) = plt.subplots(1, 2, figsize=(10.5, 4.2))
for L, colour, marker in ((8, BLUE, "o"), (16, "#e69f00", "s"), (24, GREEN, "^")):
    scan = [fisher.ising_torus_curvature((L, L), J) for J in couplings.tolist()]
    plot_coupling_scan(
        couplings,
        [result.scalar_curvature for result in scan],
        n_sites=L**2,
        critical=critical,
        label=f"L = {L}",
        ax=left,
    )
    right.plot(couplings, [result.heat_capacity for result in scan], marker=marker,
               color=colour, markersize=4.5, linewidth=1.6)  # fmt: skip
right.axvline(critical, color=GREY, linestyle=":", linewidth=1.5, zorder=0)
right.set_xlabel("coupling J")
left.set_title("R / n")
left.set_ylabel("")
right.set_title(r"Heat capacity $\lambda_0$")
plt.show()
