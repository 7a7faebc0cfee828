"""Objects of MNE and MOABB become recordings."""

from types import SimpleNamespace

import numpy as np
import pytest

from geomsci.datasets import from_mne, from_moabb

X = np.random.default_rng(0).standard_normal((4, 2, 10))


def like_mne(**changes):
    parts = {
        "get_data": lambda: X,
        "events": np.array([[0, 0, 7], [1, 0, 9], [2, 0, 7], [3, 0, 9]]),
        "event_id": {"left": 7, "right": 9},
        "ch_names": ["C3", "C4"],
        "info": {"sfreq": 128.0, "description": None},
        "metadata": None,
    }
    return SimpleNamespace(**(parts | changes))


def assert_left_right(recording):
    np.testing.assert_array_equal(recording.X, X)
    np.testing.assert_array_equal(recording.y, ["left", "right"] * 2)
    assert recording.sfreq == 128.0
    assert recording.channel_names == ("C3", "C4")


def test_real_mne_epochs():
    mne = pytest.importorskip("mne")
    like = like_mne()
    info = mne.create_info(like.ch_names, 128.0, "eeg")
    epochs = mne.EpochsArray(
        X, info, like.events, event_id=like.event_id, verbose="error"
    )
    assert_left_right(from_mne(epochs))


def test_sessions_come_from_the_metadata():
    metadata = {"session": ["a", "a", "b", "b"], "trial": [0, 0, 1, 2]}
    recording = from_mne(like_mne(metadata=metadata))
    assert_left_right(recording)
    np.testing.assert_array_equal(recording.session, ["a", "a", "b", "b"])
    np.testing.assert_array_equal(recording.trial, [0, 0, 1, 2])


def test_what_is_not_epochs_is_refused():
    with pytest.raises(TypeError, match="got list without get_data"):
        from_mne([1, 2])
    with pytest.raises(ValueError, match="none for \\[9\\]"):
        from_mne(like_mne(event_id={"left": 7}))
    with pytest.raises(ValueError, match="must hold real data"):
        from_mne(like_mne(get_data=lambda: X[:0]))


@pytest.mark.parametrize("as_frame", [True, False])
def test_moabb_arrays(as_frame):
    metadata = {"subject": [1] * 4, "session": ["0train", "0train", "1test", "1test"]}
    expected = metadata["session"]
    if as_frame:
        metadata = pytest.importorskip("pandas").DataFrame(metadata)
    recording = from_moabb(X, ["left", "right"] * 2, metadata, sfreq=128.0)
    np.testing.assert_array_equal(recording.session, expected)
    np.testing.assert_array_equal(recording.y, ["left", "right"] * 2)
    assert recording.sfreq == 128.0


def test_moabb_epochs_and_several_subjects():
    metadata = {"subject": [1, 1, 2, 2], "session": ["0", "1", "0", "1"]}
    recording = from_moabb(like_mne(), ["left", "right"] * 2, metadata)
    assert_left_right(recording)
    np.testing.assert_array_equal(recording.session, ["1/0", "1/1", "2/0", "2/1"])


def test_moabb_metadata_without_session():
    with pytest.raises(ValueError, match="column 'session', got run"):
        from_moabb(X, ["left"] * 4, {"run": [0] * 4})


@pytest.mark.parametrize("metadata", [None, 3, "session"])
def test_moabb_metadata_that_is_no_table(metadata):
    with pytest.raises(TypeError, match="metadata must be a pandas.DataFrame"):
        from_moabb(X, ["left"] * 4, metadata)


def test_arrays_are_not_shared_with_the_source():
    held = X.copy()
    recording = from_moabb(held, ["left"] * 4, {"session": [0] * 4})
    recording.X[0, 0, 0] = 99.0
    np.testing.assert_array_equal(held, X)
