"""The packaged recording is what its description says."""

import subprocess
import sys
from importlib import resources

import numpy as np
import pytest
from sklearn.svm import SVC

from geomsci.datasets import load_ssvep
from geomsci.eeg import AugmentedCovariances
from geomsci.spd import TangentSpace


def test_sessions_trials_and_classes():
    r = load_ssvep()
    assert r.X.shape == (500, 8, 125)
    assert r.X.dtype == np.float64
    assert r.sfreq == 125.0
    np.testing.assert_array_equal(np.bincount(r.session), [100] * 5)
    np.testing.assert_array_equal(np.bincount(r.trial), [4] * 125)
    np.testing.assert_array_equal(np.bincount(r.y), [100, 100, 120, 100, 80])
    for trial in range(125):
        own = r.trial == trial
        assert np.unique(r.y[own]).size == np.unique(r.session[own]).size == 1


def test_own_flicker_frequency_is_stronger():
    """Power at the frequency and its octave, own class against the others.

    The share of a segment's power is about exponential, so without a response the
    ratio of the means is 1 with a standard error below 0.1.
    """
    r = load_ssvep()
    t = np.arange(125) / r.sfreq
    for label, f in r.class_frequencies.items():
        waves = np.exp(-2j * np.pi * np.outer(t, [f, 2 * f]))
        power = np.sum(np.abs(r.X @ waves) ** 2, axis=-1) / np.sum(r.X**2, axis=-1)
        share = power.mean(axis=1)
        assert share[r.y == label].mean() > 1.25 * share[r.y != label].mean()


def test_files_ship_with_their_attribution():
    folder = resources.files("geomsci.datasets")
    files = [f for f in folder.iterdir() if f.name.endswith((".npz", ".md"))]
    assert sum(len(f.read_bytes()) for f in files) < 1.5e6
    text = (folder / "ssvep_mamem2.md").read_text(encoding="utf-8")
    for word in ("ODC-By", "PhysioNet", "Oikonomou", "Goldberger", "Changes made"):
        assert word in text


def test_augmented_covariances_beat_spatial_ones_on_the_last_session():
    r = load_ssvep()
    train, test = r.session < 4, r.session == 4
    accuracy = {}
    for order, lag in ((1, 1), (4, 10)):
        C = AugmentedCovariances(order, lag).fit_transform(r.X)
        space = TangentSpace(tol=1e-6).fit(C[train])
        model = SVC(kernel="linear").fit(space.transform(C[train]), r.y[train])
        accuracy[order] = model.score(space.transform(C[test]), r.y[test])
    # 100 test epochs: one standard error is 0.05.
    assert accuracy[4] > accuracy[1] + 0.05


@pytest.mark.parametrize("library", ["mne", "moabb", "sklearn", "pandas", "scipy"])
def test_import_stays_light(library):
    code = f"import sys, geomsci.datasets; sys.exit({library!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
