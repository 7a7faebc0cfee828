"""
Which box is the subject looking at?
====================================

Five boxes flicker at five frequencies. Looking at one of them makes the visual cortex
follow its rhythm: a *steady-state visual evoked potential*. From one second of eight
electrodes we want to know the box.

Spatial covariances, the work horse of Riemannian EEG classifiers, throw time away: they
cannot tell a rhythm of 10 Hz from one of 12 Hz with the same scalp pattern. *Augmented*
covariances put delayed copies of the channels beside the channels, so their blocks are
autocovariances, and a rhythm becomes visible. Two numbers are to be chosen, the number
of copies (the order) and the delay between them (the lag), and they must be chosen
without a look at the recordings on which the result is reported.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from geomsci.backends import fft
from geomsci.datasets import load_ssvep
from geomsci.eeg import ACMClassifier, AugmentedCovariances
from geomsci.plotting import plot_scores
from geomsci.spd import TangentSpace

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
COLOURS = ["#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7"]
MARKERS = ["o", "s", "^", "D", "v"]

recording = load_ssvep()
train, test = recording.session < 4, recording.session == 4
names = {k: f"{hz:g} Hz" for k, hz in recording.class_frequencies.items()}
print(recording)
print(f"{train.sum()} epochs of sessions 0 to 3 train, {test.sum()} of session 4 test")

# %%
# The rhythms are there
# ---------------------
#
# Four consecutive epochs make one trial, so a trial of four seconds resolves a quarter
# of a hertz. Each panel shows how much more power the trials of one class have than all
# trials together. The response is at the frequency of the box and at twice that
# frequency, strongest for the two fast boxes and weakest for the slowest one.

n_epochs, n_channels, n_times = recording.X.shape
trials = recording.X.reshape(-1, 4, n_channels, n_times).transpose(0, 2, 1, 3)
trials = trials.reshape(-1, n_channels, 4 * n_times)
label = recording.y[::4]

window = np.hanning(trials.shape[-1])
power = np.abs(fft.rfft(trials * window, n=4096)) ** 2
hertz = np.fft.rfftfreq(4096, 1 / recording.sfreq)
power = power.mean(axis=1)  # over the channels
band = (hertz >= 5) & (hertz <= 28)

figure, axes = plt.subplots(5, 1, figsize=(8, 7), sharex=True, sharey=True)
for ax, (k, hz) in zip(axes, recording.class_frequencies.items()):
    excess = 10 * np.log10(power[label == k].mean(axis=0) / power.mean(axis=0))
    for harmonic in (hz, 2 * hz):
        ax.axvline(harmonic, color="0.75", linewidth=6, zorder=0)
    ax.axhline(0, color="0.4", linewidth=0.8)
    ax.fill_between(hertz[band], 0, excess[band], color=COLOURS[k], alpha=0.25)
    ax.plot(hertz[band], excess[band], color=COLOURS[k], linewidth=1.8)
    ax.text(0.995, 0.95, names[k], transform=ax.transAxes, ha="right", va="top",
            color=COLOURS[k], fontweight="bold")  # fmt: skip
    ax.set_yticks([-5, 0, 5])
    ax.set_ylim(-4.5, 6)
axes[0].set_title("Power beside all trials (grey: the frequency and twice it)")
axes[2].set_ylabel("decibel")
axes[-1].set_xlabel("frequency (Hz)")
axes[-1].set_xlim(5, 28)
plt.show()

# %%
# Order and lag, chosen on the training sessions
# ----------------------------------------------
#
# :class:`~geomsci.eeg.ACMClassifier` scores every setting by cross-validation *inside*
# the epochs that it is given. With the session as group, each inner fold leaves one
# training session out. Session 4 takes no part.

model = ACMClassifier(orders=(1, 2, 3, 4, 6), lags=(1, 2, 4, 6, 8, 10), n_jobs=2)
model.fit(recording.X[train], recording.y[train], groups=recording.session[train])
best = model.best_params_
print("best inner score:", best)
print("settings within one standard error of it:", model.settings_)

# %%
# The default rule, ``"average"``, keeps every setting that the inner folds cannot tell
# from the best one (framed below) and averages their decision values. Short delays help
# little: neighbouring samples say nearly the same. What counts is the time that the
# copies span, ``(order - 1) * lag`` samples: the framed settings span a sixth to a
# quarter of a second.

plain = make_pipeline(AugmentedCovariances(), TangentSpace(), SVC(kernel="linear"))
chosen = make_pipeline(
    AugmentedCovariances(**best), TangentSpace(), SVC(kernel="linear")
)
contestants = {
    "covariances (order 1)": plain.fit(recording.X[train], recording.y[train]),
    "best inner setting": chosen.fit(recording.X[train], recording.y[train]),
    "average of the framed": model,
}
hits = {
    name: contestant.predict(recording.X[test]) == recording.y[test]
    for name, contestant in contestants.items()
}

# %%
# One session of 25 trials is a small sample. The intervals below draw its trials again
# and again, all epochs of a trial together; the second column does the same for the
# difference to plain covariances, epoch by epoch on the same trials.

rng = np.random.default_rng(0)
draws = rng.integers(25, size=(4000, 25))


def interval(values):
    """95 % bootstrap interval over trials of four epochs."""
    per_trial = values.reshape(25, 4).mean(axis=1)
    return np.quantile(per_trial[draws].mean(axis=1), [0.025, 0.975])


base = hits["covariances (order 1)"].astype(float)
for name, hit in hits.items():
    low, high = interval(hit.astype(float))
    less, more = interval(hit - base)
    print(
        f"{name:<24}{hit.mean():.2f} [{low:.2f}, {high:.2f}]   "
        f"{hit.mean() - base.mean():+.2f} [{less:+.2f}, {more:+.2f}]"
    )

# sphinx_gallery_thumbnail_number = 3
figure, (left, right) = plt.subplots(
    1, 2, figsize=(10.5, 4.2), width_ratios=[1.5, 1], gridspec_kw={"wspace": 0.08}
)
plot_scores(model.cv_results_, ax=left)
left.set_title("Inner accuracy, sessions 0 to 3")
for row, hit in enumerate(hits.values()):
    low, high = interval(hit.astype(float))
    colour = "0.45" if row == 0 else COLOURS[0]
    right.plot([low, high], [row, row], color=colour, linewidth=3, alpha=0.45)
    right.plot(hit.mean(), row, "o", color=colour, markersize=10)
    right.text(hit.mean(), row + 0.16, f"{hit.mean():.2f}", ha="center", va="bottom",
               color=colour, fontweight="bold")  # fmt: skip
right.axvline(0.2, color="0.6", linestyle=":")
right.text(0.205, -0.45, "chance", color="0.45", va="bottom")
right.set_yticks(range(3), hits)
right.set_ylim(-0.5, 2.6)
right.set_xlim(0.15, 0.8)
right.set_xlabel("accuracy")
right.set_title("Test accuracy, session 4")
right.spines["left"].set_visible(False)
right.tick_params(axis="y", length=0)
plt.show()

# %%
# What the classifier sees
# ------------------------
#
# The matrices of an order live on a manifold of dimension n (n + 1) / 2; their tangent
# vectors at the training mean are flat coordinates. A linear discriminant analysis of
# the training vectors gives the plane in which the classes are furthest apart.
# Ellipses are the training sessions (one standard deviation around the class mean),
# marks are the epochs of session 4, which the plane has never seen. Without delays the
# five clouds fall on top of each other. With delays 12 and 10 Hz stand apart, and the
# three slower boxes, whose responses are weaker, at least lie side by side.


def ellipse(ax, points, colour):
    """One standard deviation of the points, filled."""
    w, U = np.linalg.eigh(np.cov(points.T))
    angle = np.linspace(0, 2 * np.pi, 100)
    rim = (U * np.sqrt(w)) @ np.stack([np.cos(angle), np.sin(angle)])
    x, y = points.mean(axis=0)[:, None] + rim
    ax.fill(x, y, color=colour, alpha=0.25, linewidth=0)
    ax.plot(x, y, color=colour, linewidth=1.5)


figure, axes = plt.subplots(1, 2, figsize=(10.5, 5))
for ax, setting in zip(axes, ({"order": 1}, best)):
    plane = make_pipeline(
        AugmentedCovariances(**setting),
        TangentSpace(),
        LinearDiscriminantAnalysis(solver="eigen", shrinkage="auto", n_components=2),
    )
    seen = plane.fit_transform(recording.X[train], recording.y[train])
    unseen = plane.transform(recording.X[test])
    for k in names:
        ellipse(ax, seen[recording.y[train] == k], COLOURS[k])
        ax.scatter(*unseen[recording.y[test] == k].T, s=34, color=COLOURS[k],
                   marker=MARKERS[k], edgecolor="white", linewidth=0.7,
                   label=names[k], zorder=3)  # fmt: skip
    text = ", ".join(f"{key} {value}" for key, value in setting.items())
    ax.set_title(text.capitalize())
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_xlabel("first discriminant")
    ax.set_xticks([])
    ax.set_yticks([])
axes[0].set_ylabel("second discriminant")
figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center",
              ncols=5, frameon=False, handletextpad=0.2)  # fmt: skip
plt.show()
