"""Reads recordings from ``.npz`` archives."""

from __future__ import annotations

import os
import zipfile

import numpy as np

from geomsci.datasets.recording import Recording

REQUIRED = ("X", "y")


def load_archive(path: str | os.PathLike[str]) -> Recording:
    """Read a recording from a compressed NumPy archive.

    Parameters
    ----------
    path : path
        ``.npz`` file with the arrays ``X`` (n_epochs, n_channels, n_times) and ``y``
        (n_epochs,), and optionally ``session``, ``trial``, ``sfreq``,
        ``channel_names`` and ``description``. Other arrays are left alone. An integer
        ``X`` beside a number ``scale`` stands for ``scale * X``.

    Returns
    -------
    recording : Recording
        With ``X`` in float64.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not such an archive, an array is missing, or shapes do not match.

    Notes
    -----
    Pickled objects are never loaded.
    """
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise ValueError(_not_an_archive(path))
        with archive:
            arrays = _arrays(path, archive)
    except (zipfile.BadZipFile, EOFError) as error:
        raise ValueError(_not_an_archive(path)) from error
    except ValueError as error:
        if "pickle" not in str(error).lower():
            raise
        raise ValueError(_not_an_archive(path)) from error
    n_epochs = arrays["X"].shape[0] if arrays["X"].ndim else 0
    names = arrays.get("channel_names")
    return Recording(
        X=_signals(path, arrays),
        y=arrays["y"],
        session=arrays.get("session", np.zeros(n_epochs, dtype=np.int64)),
        trial=arrays.get("trial", np.arange(n_epochs)),
        sfreq=float(arrays.get("sfreq", np.nan)),
        channel_names=None if names is None else tuple(str(c) for c in names),
        description=str(arrays.get("description", "")),
    )


def _arrays(
    path: str | os.PathLike[str], archive: np.lib.npyio.NpzFile
) -> dict[str, np.ndarray]:
    """The arrays of the archive; one sentence if it lacks one."""
    missing = [name for name in REQUIRED if name not in archive.files]
    if missing:
        raise ValueError(
            f"{os.fspath(path)} must hold the arrays X and y, got "
            f"{', '.join(archive.files) or 'none'}: save them with "
            "numpy.savez_compressed(path, X=..., y=...)."
        )
    return {name: archive[name] for name in archive.files}


def _signals(path: str | os.PathLike[str], arrays: dict[str, np.ndarray]) -> np.ndarray:
    X = arrays["X"]
    if X.dtype.kind not in "iuf":
        raise ValueError(
            f"X in {os.fspath(path)} must hold real numbers, got dtype {X.dtype}."
        )
    signals = X.astype(np.float64)
    return signals * float(arrays["scale"]) if "scale" in arrays else signals


def _not_an_archive(path: str | os.PathLike[str]) -> str:
    return (
        f"{os.fspath(path)} must be a .npz archive of plain arrays, got something "
        "else: write it with numpy.savez_compressed, without objects."
    )
