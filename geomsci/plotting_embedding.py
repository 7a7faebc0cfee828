"""Figures of embeddings: the points, with their groups or numbers as colours."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomsci.plotting_canvas import INK, PAPER, SERIES, coordinates, host, pyplot

# Okabe and Ito's colours where they suffice; Tol's muted scheme and black beyond.
FEW = (*SERIES, "#4d4d4d")
MANY = (
    "#332288", "#ddcc77", "#117733", "#cc6677", "#88ccee",
    "#882255", "#44aa99", "#aa4499", "#999933", "#000000",
)  # fmt: skip
SHAPES = "o^sDvP"
MISSING = "#d0d0d0"
RAMP = "viridis"

RASTER_FROM = 5000
"""Points from which a vector file holds a picture of them instead of each one."""


def embedding(
    Y: Any,
    *,
    labels: Any = None,
    values: Any = None,
    label: str | None = None,
    legend: str | None = "beside",
    point_size: float | None = None,
    ax: Any = None,
) -> Any:
    """Draw the points of an embedding, coloured by categories or by numbers.

    Both axes have one scale, so that distances can be read off. Points are drawn in
    random order, so that no group hides another, and shrink with their number; from
    5000 on they are one picture inside a vector file.

    Parameters
    ----------
    Y : array, shape (n, 2) or (n, 3), or fitted estimator with ``embedding_``
        Three components are drawn in space.
    labels : array, shape (n,), optional
        Categories: strings, integers, or a pandas Categorical, whose order is kept.
        At most 60; None and NaN are drawn in grey.
    values : array, shape (n,), optional
        Numbers, shown on a continuous scale with a colour bar; NaN in grey. At most
        one of ``labels`` and ``values``.
    label : str, optional
        Title of the legend or the colour bar.
    legend : {"beside", "on_data", None}
        Where the categories are named: beside the axes, at the middle of each group,
        or nowhere.
    point_size : float, > 0, optional
        Area of a point in square points; default: from n and the size of the axes.
    ax : matplotlib Axes, optional
        Where to draw, with ``projection="3d"`` for three components; None draws on the
        current axes (a new figure for three components).

    Returns
    -------
    ax : matplotlib Axes

    Raises
    ------
    ValueError
        Wrong shapes, more than 60 categories, both labels and values.
    ImportError
        If matplotlib is not installed and ``ax`` is None.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import plotting
    >>> Y = np.random.default_rng(0).standard_normal((100, 2))
    >>> ax = plotting.embedding(Y, values=Y[:, 0], label="first")  # doctest: +SKIP
    """
    Y = coordinates(Y)
    n, k = Y.shape
    if k not in (2, 3):
        raise ValueError(
            f"Y must have two or three components to be drawn, got {k}: pass two of "
            "its columns."
        )
    if labels is not None and values is not None:
        raise ValueError(
            "labels and values must not both be given: one colour a point."
        )
    if legend not in ("beside", "on_data", None):
        raise ValueError(f"legend must be beside, on_data or None, got {legend!r}.")
    groups = None if labels is None else _categories(labels, n)
    numbers = None if values is None else _numbers(values, n)
    ax = _canvas(ax, k, fresh_layout=legend == "beside")
    dots = {
        "s": _point_size(ax, n) if point_size is None else point_size,
        "linewidths": 0,
        "rasterized": n >= RASTER_FROM,
        "alpha": 0.9 if n < RASTER_FROM else 0.7,
    }
    if k == 3:
        dots["depthshade"] = False
    if groups is not None:
        _draw_groups(ax, Y, *groups, dots, legend, label)
    elif numbers is not None:
        _draw_numbers(ax, Y, numbers, dots, label)
    else:
        ax.scatter(*Y.T, color=FEW[0], **dots)
    _equal_scales(ax, k)
    return ax


def _numbers(values: Any, n: int) -> np.ndarray:
    numbers = np.asarray(host(values), np.float64)
    if numbers.shape != (n,):
        raise ValueError(
            f"values must have shape ({n},), one for each point, got {numbers.shape}."
        )
    return numbers


def _categories(labels: Any, n: int) -> tuple[list[str], np.ndarray]:
    """Names in order, and the number of each point's name; -1 where it has none."""
    known = getattr(labels, "cat", labels)
    if hasattr(known, "categories") and hasattr(known, "codes"):
        codes = np.asarray(known.codes, np.int64)
        used = np.unique(codes[codes >= 0])
        names = [str(known.categories[code]) for code in used]
        ranks = np.searchsorted(used, codes)
        codes = np.where(codes < 0, -1, ranks)
    else:
        entries = host(labels)
        present = np.array([x is not None and x == x for x in entries.ravel()], bool)
        kept = entries.ravel()[present]
        unique, ranks = np.unique(
            kept.astype(str) if kept.dtype == object else kept, return_inverse=True
        )
        names = [f"{x:g}" if unique.dtype.kind == "f" else str(x) for x in unique]
        codes = np.full(entries.size, -1)
        codes[present] = ranks
    if codes.shape != (n,):
        raise ValueError(
            f"labels must have shape ({n},), one for each point, got {codes.shape}."
        )
    most = len(MANY) * len(SHAPES)
    if len(names) > most:
        raise ValueError(
            f"labels must have at most {most} different entries, got {len(names)}: "
            "pass numbers as values."
        )
    return names, codes


def _canvas(ax: Any, k: int, fresh_layout: bool) -> Any:
    """Axes of the right kind; a legend beside new ones must stay on the paper."""
    if ax is None:
        plt = pyplot()
        ax = plt.figure().add_subplot(projection="3d") if k == 3 else plt.gca()
        if fresh_layout and ax.figure.get_layout_engine() is None:
            ax.figure.set_layout_engine("constrained")
    elif (ax.name == "3d") != (k == 3):
        raise ValueError(
            f"ax must {'' if k == 3 else 'not '}be three-dimensional for {k} "
            f"components, got the projection {ax.name}."
        )
    return ax


def _point_size(ax: Any, n: int) -> float:
    """Less than n shrinks, so that many points fill the axes and few are seen."""
    width, height = ax.get_window_extent().size * 72 / ax.figure.dpi
    share = width * height / 80_000  # of axes of 4.6 by 3.3 inches
    return float(np.clip(60 * share * (100 / n) ** 0.6, 0.08, 45))


def _draw_groups(
    ax: Any,
    Y: np.ndarray,
    names: list[str],
    codes: np.ndarray,
    dots: dict[str, Any],
    legend: str | None,
    label: str | None,
) -> None:
    from matplotlib.lines import Line2D

    colours = np.array(FEW if len(names) <= len(FEW) else MANY)
    lost = codes < 0
    if lost.any():
        ax.scatter(*Y[lost].T, color=MISSING, **dots)
    order = np.random.default_rng(0).permutation(np.flatnonzero(~lost))
    shapes = codes[order] // len(colours)
    for shape in np.unique(shapes):
        own = order[shapes == shape]
        own_colours = colours[codes[own] % len(colours)]
        ax.scatter(*Y[own].T, c=own_colours, marker=SHAPES[shape], **dots)
    if legend == "beside":
        marks = [
            Line2D(
                [],
                [],
                linestyle="none",
                marker=SHAPES[i // len(colours)],
                color=colours[i % len(colours)],
                markersize=6,
                markeredgewidth=0,
                label=name,
            )
            for i, name in enumerate(names)
        ]
        ax.legend(
            handles=marks,
            title=label,
            frameon=False,
            loc="center left",
            bbox_to_anchor=(1.0, 0.5),
            ncols=1 + (len(names) - 1) // 20,
            handletextpad=0.2,
        )
    elif legend == "on_data":
        _name_groups(ax, Y, names, codes)
        ax.set_title(label or "")


def _name_groups(ax: Any, Y: np.ndarray, names: list[str], codes: np.ndarray) -> None:
    """Each name at the point of its group that is nearest to the group's median."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3, foreground=PAPER)]
    for i, name in enumerate(names):
        group = Y[codes == i]
        away = np.sum((group - np.median(group, axis=0)) ** 2, axis=1)
        place = group[np.argmin(away)]
        style = {"ha": "center", "va": "center", "fontweight": "bold", "color": INK}
        ax.text(*place, name, path_effects=halo, zorder=5, **style)


def _draw_numbers(
    ax: Any, Y: np.ndarray, numbers: np.ndarray, dots: dict[str, Any], label: str | None
) -> None:
    known = np.isfinite(numbers)
    if not known.all():
        ax.scatter(*Y[~known].T, color=MISSING, **dots)
    order = np.random.default_rng(0).permutation(np.flatnonzero(known))
    shown = ax.scatter(*Y[order].T, c=numbers[order], cmap=RAMP, **dots)
    shrink = {"shrink": 0.7, "pad": 0.1} if Y.shape[1] == 3 else {}
    bar = ax.figure.colorbar(shown, ax=ax, label=label or "", **shrink)
    bar.solids.set_alpha(1)
    bar.outline.set_visible(False)


def _equal_scales(ax: Any, k: int) -> None:
    if k == 3:
        ax.set_aspect("equal")
        ax.set_zlabel("component 3")
    else:
        ax.set_aspect("equal", adjustable="datalim")
    ax.set_xlabel("component 1")
    ax.set_ylabel("component 2")
