"""`Recording`: epochs with their labels, sessions and trials."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np


@dataclasses.dataclass(frozen=True)
class Recording:
    """Epochs of one or more recording sessions.

    Attributes
    ----------
    X : NumPy array, shape (n_epochs, n_channels, n_times), float64
    y : NumPy array, shape (n_epochs,)
        Class labels, numbers or strings.
    session : NumPy array, shape (n_epochs,)
        Which session an epoch is from; all zero if the source does not say.
    trial : NumPy array, shape (n_epochs,), integer
        Epochs cut from one trial share a number and must stay on one side of any
        split. Every epoch is its own trial if the source does not say.
    sfreq : float
        Samples per second; NaN if the source does not say.
    channel_names : tuple of str, or None
    class_frequencies : mapping from label to Hz, or None
        Stimulation frequencies of steady-state responses.
    description : str
        What was recorded, and where it comes from.
    """

    X: np.ndarray
    y: np.ndarray
    session: np.ndarray
    trial: np.ndarray
    sfreq: float
    channel_names: tuple[str, ...] | None = None
    class_frequencies: Mapping[int, float] | None = None
    description: str = ""

    def __post_init__(self) -> None:
        if self.X.ndim != 3 or self.X.dtype.kind != "f":
            raise ValueError(
                "X must be a floating array (n_epochs, n_channels, n_times), got "
                f"{self.X.dtype} of shape {self.X.shape}."
            )
        n_epochs, n_channels, _ = self.X.shape
        for name in ("y", "session", "trial"):
            shape = getattr(self, name).shape
            if shape != (n_epochs,):
                raise ValueError(
                    f"{name} must have one entry for each of the {n_epochs} epochs, "
                    f"got shape {shape}."
                )
        if self.channel_names is not None and len(self.channel_names) != n_channels:
            raise ValueError(
                f"channel_names must name the {n_channels} channels, got "
                f"{len(self.channel_names)} names."
            )

    def __repr__(self) -> str:
        n_epochs, n_channels, n_times = self.X.shape
        return (
            f"Recording({n_epochs} epochs, {n_channels} channels, {n_times} samples at "
            f"{self.sfreq:g} Hz, {np.unique(self.y).size} classes, "
            f"{np.unique(self.session).size} sessions)"
        )

    def select(self, mask: np.ndarray) -> Recording:
        """The epochs where ``mask`` (boolean or indices) holds.

        Examples
        --------
        >>> from geomsci.datasets import load_ssvep
        >>> recording = load_ssvep()
        >>> recording.select(recording.session == 4).X.shape
        (100, 8, 125)
        """
        kept = {k: getattr(self, k)[mask] for k in ("X", "y", "session", "trial")}
        return dataclasses.replace(self, **kept)
