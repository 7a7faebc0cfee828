"""What figures share: colours, marks, points on the host, matplotlib on demand."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomsci.backends.arrays import is_array, to_host

INK, PAPER = "#1a1a1a", "#ffffff"

# Okabe and Ito's colours, and marks for readers who see none.
SERIES = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9")
MARKERS = "os^Dv<"
FAINT = "#8c8c8c"
EMPHASIS = "#d55e00"  # stands out from every shade of a sequential map


def axes(ax: Any) -> Any:
    """``ax``, or the current axes."""
    return pyplot().gca() if ax is None else ax


def pyplot() -> Any:
    """``matplotlib.pyplot``, or one sentence where it is not installed."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "geomsci.plotting needs matplotlib, which is not installed: install "
            "geomsci[plot]."
        ) from error
    return plt


def host(x: Any) -> np.ndarray:
    """The numbers of any library's array, or of a list."""
    return to_host(x) if is_array(x) else np.asarray(x)


def coordinates(Y: Any) -> np.ndarray:
    """Finite points in float64 on the host."""
    Y = np.asarray(host(getattr(Y, "embedding_", Y)), np.float64)
    if Y.ndim != 2 or Y.shape[0] == 0:
        raise ValueError(
            f"Y must have shape (n, n_components) with n >= 1, got {Y.shape}."
        )
    if not np.isfinite(Y).all():
        raise ValueError("Y must be finite, got NaN or infinity: leave these rows out.")
    return Y
