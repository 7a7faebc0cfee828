"""Figures of results; matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["plot_scores"]

COLOURS = "YlGnBu"
"""Sequential map that readers with any colour vision, and grey print, can order."""

_NEEDED = ("param_order", "param_lag", "mean_test_score", "selected")
_INK, _PAPER = "#1a1a1a", "#ffffff"
_ABSENT = "#eeeeee"
_FRAME = "#d55e00"  # stands out from every shade of the map
_INSET = 0.04  # of a cell, so that the frames of neighbours do not cover each other


def plot_scores(
    cv_results: Mapping[str, Any], *, ax: Any = None, digits: int = 2
) -> Any:
    """Draw the mean inner scores over order and lag as a heat map.

    Order 1 has no lag, so its score fills the whole row. Settings that the rule kept
    are framed; settings that could not be computed are left grey, with a dash.

    Parameters
    ----------
    cv_results : mapping
        ``cv_results_`` of a fitted `geomsci.eeg.ACMClassifier`.
    ax : matplotlib Axes, optional
        Where to draw; None draws on the current axes.
    digits : int
        Decimal places of the scores.

    Returns
    -------
    ax : matplotlib Axes
        Ticks are at the integers 0, 1, ... and named by the lags and orders.

    Raises
    ------
    ValueError
        If ``cv_results`` lacks a column, or holds no score.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from geomsci.plotting import plot_scores
    >>> results = {
    ...     "param_order": [1, 2, 2],
    ...     "param_lag": [1, 1, 4],
    ...     "mean_test_score": [0.4, 0.5, 0.6],
    ...     "selected": [False, False, True],
    ... }
    >>> ax = plot_scores(results)  # doctest: +SKIP
    """
    missing = [name for name in _NEEDED if name not in cv_results]
    if missing:
        raise ValueError(
            f"cv_results must be the cv_results_ of a fitted ACMClassifier, got a "
            f"mapping without {', '.join(missing)}."
        )
    order, lag, score, selected = (np.asarray(cv_results[name]) for name in _NEEDED)
    score = score.astype(np.float64)
    if not np.isfinite(score).any():
        raise ValueError(
            "cv_results must hold at least one finite score, got none: see its column "
            "'reason'."
        )
    plt = _pyplot()
    ax = plt.gca() if ax is None else ax
    orders = np.unique(order)
    lags = np.unique(lag[order > 1]) if (order > 1).any() else np.unique(lag)
    shades = plt.Normalize(np.nanmin(score), np.nanmax(score))
    colours = plt.get_cmap(COLOURS)
    frames = []
    for p, tau, value, kept in zip(order, lag, score, selected):
        row = int(np.searchsorted(orders, p))
        first = 0 if p == 1 else int(np.searchsorted(lags, tau))
        width = lags.size if p == 1 else 1
        colour = colours(shades(value)) if np.isfinite(value) else _ABSENT
        cell = (first - 0.5, row - 0.5), width, 1
        ax.add_patch(
            plt.Rectangle(*cell, facecolor=colour, edgecolor=_PAPER, linewidth=1.5)
        )
        if kept:
            frames.append(cell)
        ax.text(
            first + (width - 1) / 2,
            row,
            f"{value:.{digits}f}" if np.isfinite(value) else "–",
            ha="center",
            va="center",
            color=_text_colour(colour),
            fontweight="bold" if kept else "normal",
        )
    for (x, y), width, height in frames:
        inside = (x + _INSET, y + _INSET), width - 2 * _INSET, height - 2 * _INSET
        ax.add_patch(plt.Rectangle(*inside, fill=False, edgecolor=_FRAME, linewidth=3))
    _dress(ax, orders, lags)
    return ax


def _dress(ax: Any, orders: np.ndarray, lags: np.ndarray) -> None:
    """Ticks in the middle of the cells, and nothing else around them."""
    ax.set_xlim(-0.5, lags.size - 0.5)
    ax.set_ylim(-0.5, orders.size - 0.5)
    ax.set_xticks(range(lags.size), [str(tau) for tau in lags])
    ax.set_yticks(range(orders.size), [str(p) for p in orders])
    ax.set_xlabel("lag (samples)")
    ax.set_ylabel("order")
    ax.tick_params(length=0)
    for side in ax.spines.values():
        side.set_visible(False)


def _text_colour(colour: Any) -> str:
    """Ink or paper, whichever has the higher contrast to the cell (WCAG 2.1)."""
    if isinstance(colour, str):
        return _INK
    red, green, blue = (channel**2.2 for channel in colour[:3])
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return _INK if luminance > 0.19 else _PAPER


def _pyplot() -> Any:
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "geomsci.plotting needs matplotlib, which is not installed: install "
            "geomsci[plot]."
        ) from error
    return plt
