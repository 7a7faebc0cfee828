"""Archives on disk: what is read and what is refused."""

import numpy as np
import pytest

from geomsci.datasets import load_archive

RNG = np.random.default_rng(0)
X = RNG.standard_normal((6, 2, 10)).astype(np.float32)
Y = np.array(["a", "b"] * 3)


def test_everything_is_read(tmp_path):
    path = tmp_path / "r.npz"
    session, trial = np.arange(6) // 3, np.arange(6) // 2
    np.savez_compressed(
        path, X=X, y=Y, session=session, trial=trial, sfreq=250.0, other=1
    )
    r = load_archive(path)
    np.testing.assert_array_equal(r.X, X)
    assert r.X.dtype == np.float64
    np.testing.assert_array_equal(r.y, Y)
    np.testing.assert_array_equal(r.session, session)
    np.testing.assert_array_equal(r.trial, trial)
    assert r.sfreq == 250.0


def test_defaults_of_a_minimal_archive(tmp_path):
    path = tmp_path / "r.npz"
    np.savez(path, X=X, y=Y)
    r = load_archive(str(path))
    np.testing.assert_array_equal(r.session, np.zeros(6))
    np.testing.assert_array_equal(r.trial, np.arange(6))
    assert np.isnan(r.sfreq)
    assert r.channel_names is None


def test_scaled_integers(tmp_path):
    path = tmp_path / "r.npz"
    whole = np.round(1000 * X).astype(np.int16)
    np.savez(path, X=whole, y=Y, scale=0.001)
    np.testing.assert_allclose(load_archive(path).X, X, atol=0.000501)


def test_selection_keeps_arrays_together(tmp_path):
    path = tmp_path / "r.npz"
    np.savez(path, X=X, y=Y, session=np.arange(6))
    part = load_archive(path).select(np.array([4, 1]))
    np.testing.assert_array_equal(part.X, X[[4, 1]])
    np.testing.assert_array_equal(part.session, [4, 1])


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"X": X}, "must hold the arrays X and y, got X"),
        ({"y": Y, "data": X}, "got y, data"),
        ({"X": X, "y": Y[:-1]}, "y must have one entry for each of the 6 epochs"),
        ({"X": X[0], "y": Y[:2]}, "n_epochs, n_channels, n_times"),
        ({"X": X, "y": Y, "session": np.zeros(5)}, "session must have one entry"),
        ({"X": X, "y": Y, "channel_names": ["Cz"]}, "name the 2 channels"),
        ({"X": X.astype(str), "y": Y}, "real numbers"),
        ({"X": X.astype(object), "y": Y}, "plain arrays"),
    ],
)
def test_wrong_archives(tmp_path, arrays, message):
    path = tmp_path / "r.npz"
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match=message):
        load_archive(path)


@pytest.mark.parametrize("content", [b"", b"subject,session\n1,2\n", b"PK\x03\x04cut"])
def test_other_files(tmp_path, content):
    path = tmp_path / "r.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"must be a \.npz archive"):
        load_archive(path)


def test_single_array_file(tmp_path):
    path = tmp_path / "r.npy"
    np.save(path, X)
    with pytest.raises(ValueError, match=r"must be a \.npz archive"):
        load_archive(path)


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="absent"):
        load_archive(tmp_path / "absent.npz")
