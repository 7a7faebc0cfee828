"""Recordings from the objects of MNE and MOABB, without importing either."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from geomsci.datasets.recording import Recording


def from_mne(epochs: Any) -> Recording:
    """Convert MNE Epochs to a recording.

    Parameters
    ----------
    epochs : mne.BaseEpochs
        Or anything with ``get_data()``, ``events``, ``event_id``, ``ch_names`` and
        ``info["sfreq"]``.

    Returns
    -------
    recording : Recording
        ``y`` holds the names of ``event_id``; ``session`` and ``trial`` come from the
        columns of ``epochs.metadata`` with these names, if there are any.

    Raises
    ------
    TypeError
        If the object is not like MNE's Epochs.
    ValueError
        If it holds no epochs, or events without a name.
    """
    needed = ("get_data", "events", "event_id", "ch_names", "info")
    missing = [name for name in needed if not hasattr(epochs, name)]
    if missing:
        raise TypeError(
            f"epochs must be like mne.Epochs, got {type(epochs).__name__} without "
            f"{', '.join(missing)}."
        )
    X = _real(epochs.get_data())
    names = {code: name for name, code in epochs.event_id.items()}
    codes = [int(code) for code in np.asarray(epochs.events)[:, 2]]
    unnamed = sorted(set(codes) - set(names))
    if unnamed:
        raise ValueError(
            f"event_id must name every event code, got none for {unnamed}: add them."
        )
    metadata = getattr(epochs, "metadata", None)
    return Recording(
        X=X,
        y=np.array([names[code] for code in codes]),
        session=_column(metadata, "session", np.zeros(X.shape[0], dtype=np.int64)),
        trial=_column(metadata, "trial", np.arange(X.shape[0])),
        sfreq=float(epochs.info["sfreq"]),
        channel_names=tuple(epochs.ch_names),
        description=str(epochs.info.get("description") or ""),
    )


def from_moabb(
    X: Any, y: Any, metadata: Any, *, sfreq: float | None = None
) -> Recording:
    """Convert what ``paradigm.get_data(...)`` of MOABB returns to a recording.

    Parameters
    ----------
    X : NumPy array, shape (n_epochs, n_channels, n_times), or MNE Epochs
        The latter is what MOABB returns with ``return_epochs=True``.
    y : array, shape (n_epochs,)
        Labels.
    metadata : pandas.DataFrame or mapping of columns
        With the column ``session``; ``subject`` and ``trial`` are used if
        they are there.
    sfreq : float, optional
        Samples per second, which MOABB's arrays do not carry; Epochs do.

    Returns
    -------
    recording : Recording
        Sessions of several subjects are named ``"subject/session"``.

    Raises
    ------
    TypeError
        If ``metadata`` is not a table.
    ValueError
        If ``session`` is missing, or the numbers of epochs differ.
    """
    if not hasattr(metadata, "__contains__") or isinstance(metadata, str):
        raise TypeError(
            "metadata must be a pandas.DataFrame or a mapping of columns, got "
            f"{type(metadata).__name__}: pass the third result of MOABB's get_data."
        )
    n_epochs = len(y)
    session = _column(metadata, "session", None)
    if session is None:
        raise ValueError(
            "metadata must have the column 'session', got "
            f"{', '.join(str(c) for c in metadata) or 'no column'}: add it, or use "
            "one session for all epochs."
        )
    subject = _column(metadata, "subject", None)
    if subject is not None and np.unique(subject).size > 1:
        session = np.array([f"{who}/{which}" for who, which in zip(subject, session)])
    is_mne = hasattr(X, "get_data")
    if sfreq is None:
        sfreq = float(X.info["sfreq"]) if is_mne else float("nan")
    return Recording(
        X=_real(X.get_data() if is_mne else X),
        y=np.asarray(y),
        session=session,
        trial=_column(metadata, "trial", np.arange(n_epochs)),
        sfreq=sfreq,
        channel_names=tuple(X.ch_names) if is_mne else None,
    )


def _real(values: Any) -> np.ndarray:
    """Float64 epochs, and one sentence if there are none."""
    X = np.asarray(values)
    if X.dtype.kind not in "iuf" or X.ndim != 3 or 0 in X.shape:
        raise ValueError(
            "The epochs must hold real data (n_epochs, n_channels, n_times), got "
            f"{X.dtype} of shape {X.shape}."
        )
    return X.astype(np.float64)


def _column(
    metadata: Mapping[str, Any] | Any, name: str, default: np.ndarray | None
) -> Any:
    """Column of a data frame or mapping, or the default if it has none."""
    if metadata is None or name not in metadata:
        return default
    return np.asarray(metadata[name])
