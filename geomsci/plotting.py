"""Figures of results; matplotlib is imported when one is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from geomsci.plotting_canvas import (
    EMPHASIS,
    FAINT,
    INK,
    MARKERS,
    PAPER,
    SERIES,
    axes,
    pyplot,
)
from geomsci.plotting_diagnostics import diffusion_time_curve, shepard_diagram
from geomsci.plotting_embedding import embedding
from geomsci.plotting_web import catalogue_slice, web_slice
from geomsci.plotting_web_statistics import eigenvalue_pdf, web_fractions

__all__ = [
    "catalogue_slice",
    "diffusion_time_curve",
    "eigenvalue_pdf",
    "embedding",
    "plot_coupling_scan",
    "plot_curvature_growth",
    "plot_effective_exponents",
    "plot_scores",
    "shepard_diagram",
    "web_fractions",
    "web_slice",
]

COLOURS = "YlGnBu"
"""Sequential map that readers with any colour vision, and grey print, can order."""

_NEEDED = ("param_order", "param_lag", "mean_test_score", "selected")
_ABSENT = "#eeeeee"
_INSET = 0.04  # of a cell, so that the frames of neighbours do not cover each other

_POINTS = {
    "color": "#0072b2",
    "marker": "o",
    "linestyle": "none",
    "markersize": 6.5,
    "markeredgecolor": PAPER,
    "zorder": 3,
    "label": "computed",
}
_POWER_LINE = {"color": "#d55e00", "linestyle": "--", "linewidth": 1.8}
_HEAT_LINE = {
    "color": "#009e73",
    "linewidth": 1.8,
    "label": r"$\bar{c}^2 \lambda_0 / 2 + B$",
}


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
    plt = pyplot()
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
            plt.Rectangle(*cell, facecolor=colour, edgecolor=PAPER, linewidth=1.5)
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
        ax.add_patch(
            plt.Rectangle(*inside, fill=False, edgecolor=EMPHASIS, linewidth=3)
        )
    _dress(ax, orders, lags)
    return ax


def plot_curvature_growth(
    n_sites: Any,
    curvatures: Any,
    *,
    exponent: float | None = None,
    heat_capacities: Any = None,
    amplitude: float | None = None,
    standard_errors: Any = None,
    ax: Any = None,
) -> Any:
    r"""Draw ``|R| / n`` against n, with the laws that are asked for.

    Both laws are drawn through the largest size, because they speak of large sizes:
    ``|R| = A n^exponent``, and ``|R| / n = (amplitude^2 / 2) lambda_0 + B``, which
    grows like ``ln n`` where the heat capacity lambda_0 does.

    Parameters
    ----------
    n_sites, curvatures : array, shape (k,)
        Numbers of sites, in any order, and curvatures of any sign.
    exponent : float, optional
        Of the power law in n; None leaves the law out.
    heat_capacities : array, shape (k,), optional
        ``heat_capacity`` of the results.
    amplitude : float, optional
        `geomsci.fisher.zero_momentum_amplitude`; None leaves the law out.
    standard_errors : array, shape (k,), optional
        Of the curvatures, drawn as bars.
    ax : matplotlib Axes, optional
        Where to draw; None draws on the current axes.

    Returns
    -------
    ax : matplotlib Axes

    Raises
    ------
    ValueError
        Vectors of different lengths, sizes that are not positive, an amplitude without
        heat capacities.
    ImportError
        If matplotlib is not installed and ``ax`` is None.

    Examples
    --------
    >>> from geomsci.plotting import plot_curvature_growth
    >>> R = [-105.64, -265.31, -446.24]
    >>> ax = plot_curvature_growth([9, 16, 25], R)  # doctest: +SKIP
    """
    n, R, heat, error = _sorted_sizes(
        n_sites, curvatures, heat_capacities, standard_errors
    )
    slope = _heat_slope(amplitude, heat)
    ax = axes(ax)
    per_site = np.abs(R) / n
    if exponent is not None:
        power = per_site[-1] * (n / n[-1]) ** (exponent - 1)
        ax.plot(n, power, **_POWER_LINE, label=f"$A\\,n^{{{_ratio(exponent)}}} / n$")
    if slope is not None:
        ax.plot(n, per_site[-1] + slope * (heat - heat[-1]), **_HEAT_LINE)
    bars = None if error is None else error / n
    ax.errorbar(n, per_site, bars, capsize=3, **_POINTS)
    _size_axis(ax, n)
    ax.set_ylabel("|R| / n")
    ax.legend(frameon=False, loc="upper left")
    return ax


def plot_effective_exponents(
    n_sites: Any,
    curvatures: Any,
    *,
    exponent: float | None = None,
    heat_capacities: Any = None,
    amplitude: float | None = None,
    standard_errors: Any = None,
    ax: Any = None,
) -> Any:
    """Draw the exponent of ``|R|`` in n between neighbouring sizes.

    A pair of sizes stands at its geometric mean. The laws are those of
    `plot_curvature_growth`, here as the exponent that each gives for the step from the
    computed value of a size to the next size.

    Parameters
    ----------
    n_sites, curvatures : array, shape (k,), k >= 2
        Numbers of sites, in any order, each once, and curvatures that are not zero.
    exponent, heat_capacities, amplitude, standard_errors
        As `plot_curvature_growth`.
    ax : matplotlib Axes, optional
        Where to draw; None draws on the current axes.

    Returns
    -------
    ax : matplotlib Axes

    Raises
    ------
    ValueError, ImportError
        As `plot_curvature_growth`, and fewer than two sizes.

    Examples
    --------
    >>> from geomsci.plotting import plot_effective_exponents
    >>> R = [-105.64, -265.31, -446.24]
    >>> ax = plot_effective_exponents([9, 16, 25], R)  # doctest: +SKIP
    """
    from geomsci.fisher import effective_exponents

    n, R, heat, error = _sorted_sizes(
        n_sites, curvatures, heat_capacities, standard_errors
    )
    slope = _heat_slope(amplitude, heat)
    computed = effective_exponents(n, R)
    ax = axes(ax)
    middle, per_site = np.sqrt(n[1:] * n[:-1]), np.abs(R) / n
    if exponent is not None:
        ax.axhline(exponent, **_POWER_LINE, label=_ratio(exponent))
    if slope is not None:
        growth = np.log1p(slope * np.diff(heat) / per_site[:-1])
        ax.plot(middle, 1 + growth / np.diff(np.log(n)), **_HEAT_LINE, marker=".")
    bars = None
    if error is not None:
        bars = np.hypot(error[1:] / R[1:], error[:-1] / R[:-1]) / np.diff(np.log(n))
    ax.errorbar(middle, computed, bars, capsize=3, **_POINTS)
    _size_axis(ax, middle)
    ax.set_xlabel("n (sites), between two sizes")
    ax.set_ylabel("effective exponent of |R| in n")
    ax.legend(frameon=False, loc="upper right")
    return ax


def plot_coupling_scan(
    couplings: Any,
    curvatures: Any,
    *,
    n_sites: int,
    critical: float | None = None,
    standard_errors: Any = None,
    label: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw ``R / n`` of one size against the coupling; call again for another size.

    Parameters
    ----------
    couplings, curvatures : array, shape (k,)
    n_sites : int
        Sites of the lattice.
    critical : float, optional
        Where to draw the critical coupling.
    standard_errors : array, shape (k,), optional
        Of the curvatures, drawn as bars.
    label : str, optional
        Name in the legend; default: the number of sites.
    ax : matplotlib Axes, optional
        Where to draw; None draws on the current axes.

    Returns
    -------
    ax : matplotlib Axes

    Raises
    ------
    ValueError
        Vectors of different lengths.
    ImportError
        If matplotlib is not installed and ``ax`` is None.

    Examples
    --------
    >>> from geomsci.plotting import plot_coupling_scan
    >>> ax = plot_coupling_scan(
    ...     [0.3, 0.4, 0.5], [-13, -503, -2826], n_sites=64
    ... )  # doctest: +SKIP
    """
    J, R, error = _vectors(
        couplings=couplings, curvatures=curvatures, standard_errors=standard_errors
    )
    ax = axes(ax)
    rank = len(ax.get_legend_handles_labels()[1])
    order = np.argsort(J, kind="stable")
    bars = None if error is None else error[order] / n_sites
    ax.errorbar(
        J[order],
        R[order] / n_sites,
        yerr=bars,
        color=SERIES[rank % len(SERIES)],
        marker=MARKERS[rank % len(MARKERS)],
        markersize=4.5,
        linewidth=1.6,
        capsize=2.5,
        label=f"{n_sites} sites" if label is None else label,
    )
    if critical is not None and rank == 0:
        ax.axvline(critical, color=FAINT, linestyle=":", linewidth=1.5, zorder=0)
    ax.set_xlabel("coupling J")
    ax.set_ylabel("R / n")
    ax.legend(frameon=False)
    return ax


def _heat_slope(amplitude: float | None, heat: np.ndarray | None) -> float | None:
    """``d(|R| / n) / d lambda_0`` in the law of the heat capacity."""
    if amplitude is not None and heat is None:
        raise ValueError(
            "heat_capacities must be given with an amplitude, got None: pass the "
            "heat_capacity of every result."
        )
    return None if amplitude is None else float(amplitude) ** 2 / 2


def _size_axis(ax: Any, n: np.ndarray) -> None:
    """Logarithmic, with the sizes as ticks where they do not run into each other."""
    ax.set_xscale("log")
    ax.set_xlabel("n (sites)")
    ax.minorticks_off()
    room = np.log(n[-1] / n[0]) / 9
    ticks = [n[-1]]
    for size in n[-2::-1]:
        if np.log(ticks[-1] / size) >= room > 0:
            ticks.append(size)
    ax.set_xticks(ticks, [f"{tick:.0f}" for tick in ticks])


def _ratio(exponent: float) -> str:
    """``10/9`` for 1.1111..., three decimals for what is no small fraction."""
    near = Fraction(exponent).limit_denominator(30)
    return str(near) if abs(near - exponent) < 1e-9 else f"{exponent:.3f}"


def _vectors(**named: Any) -> list[Any]:
    """float64 vectors of one length, None where None was given."""
    vectors = [None if x is None else np.asarray(x, np.float64) for x in named.values()]
    shapes = {x.shape for x in vectors if x is not None}
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        found = [
            f"{name} {x.shape}" for name, x in zip(named, vectors) if x is not None
        ]
        raise ValueError(
            f"The values must be vectors of one length, got {', '.join(found)}."
        )
    return vectors


def _sorted_sizes(n: Any, R: Any, heat: Any, error: Any) -> list[Any]:
    """The vectors in the order of the sizes."""
    vectors = _vectors(
        n_sites=n, curvatures=R, heat_capacities=heat, standard_errors=error
    )
    sizes = vectors[0]
    if sizes.size == 0 or not (sizes > 0).all():
        raise ValueError(
            "n_sites must hold at least one size, all positive: pass the number of "
            "sites of every lattice."
        )
    order = np.argsort(sizes, kind="stable")
    return [None if x is None else x[order] for x in vectors]


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
        return INK
    red, green, blue = (channel**2.2 for channel in colour[:3])
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return INK if luminance > 0.19 else PAPER
