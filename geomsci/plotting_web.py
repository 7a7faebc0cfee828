"""Figures of the cosmic web in space: planes of maps, slabs of points."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from geomsci.plotting_canvas import axes, host

# From sand to night blue: ordered in grey print and for any colour vision.
CLASS_COLOURS = ("#e5d598", "#8ecabb", "#2f7fb2", "#17245a")
CLASS_NAMES = {
    1: ("void", "node"),
    2: ("void", "filament", "node"),
    3: ("void", "sheet", "filament", "node"),
}
DIVERGING = "RdBu_r"
AXIS_NAMES = "xyz"

# Colours reach to this share of the values; the few beyond take the last colour.
_SHOWN = 0.99


def web_slice(
    field: Any,
    *,
    axis: int = 2,
    index: int | None = None,
    box_size: Any = None,
    origin: Any = 0.0,
    n_axes: int | None = None,
    limit: float | None = None,
    label: str | None = None,
    legend: bool = True,
    unit: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw a plane of a map on a grid: classes if it holds integers, else numbers.

    Parameters
    ----------
    field : array, two or three axes
        One scale of ``signature_`` (classes 0 to the number of axes, with a legend), or
        of anything real, such as one component of ``eigenvalues_`` (a diverging scale
        about 0).
    axis : int, 0 to 2
        Across the plane, for three axes.
    index : int, optional
        Of the plane; default the middle.
    box_size : float or sequence of float, optional
        Side of the box; default one unit a cell. Cell i is centred at (i + 1/2) times
        the side of a cell.
    origin : float or sequence of float
        Of the coordinates at the corner of the box, one for each axis or for all.
    n_axes : int, optional
        Axes of the space in which classes are counted; default those of ``field``. 3
        for the classes of a plane in space.
    limit : float, > 0, optional
        Value of the last colour; default the 99th percentile of the absolute values.
    label : str, optional
        Title of the legend or of the colour bar.
    legend : bool
        Whether the classes are named, or the colour bar is drawn.
    unit : str, optional
        Of length, at the axes.
    ax : matplotlib Axes, optional
        None draws on the current axes.

    Returns
    -------
    ax : matplotlib Axes

    Raises
    ------
    ValueError
        A wrong number of axes, a plane that is not there, classes out of range.
    ImportError
        If matplotlib is not installed and ``ax`` is None.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import plotting
    >>> classes = np.arange(64).reshape(4, 4, 4) % 4
    >>> ax = plotting.web_slice(classes, box_size=100.0)  # doctest: +SKIP
    """
    values = host(field)
    if values.ndim not in (2, 3):
        raise ValueError(
            f"field must have two or three axes, got shape {values.shape}: pass one "
            "scale and one component, such as eigenvalues_[0, ..., -1]."
        )
    d = values.ndim
    sides = _sides(box_size, values.shape)
    corner = np.broadcast_to(np.asarray(host(origin), np.float64), (d,))
    n_axes = d if n_axes is None else n_axes
    if n_axes not in CLASS_NAMES:
        raise ValueError(f"n_axes must be 1, 2 or 3, got {n_axes!r}.")
    shown = [0, 1]
    if d == 3:
        shown = _axes_beside(axis)
        n = values.shape[axis]
        index = n // 2 if index is None else index
        if not -n <= index < n:
            raise ValueError(
                f"index must be a plane from 0 to {n - 1} of axis {axis}, got {index}."
            )
        values = np.take(values, index, axis=axis)
    ax = axes(ax)
    extent = [corner[i] + end for i in shown for end in (0.0, sides[i])]
    style: Any = {"origin": "lower", "extent": extent, "interpolation": "nearest"}
    draw = functools.partial(ax.imshow, values.T, **style)
    _coloured(ax, draw, values, n_axes, limit, label, legend)
    _name_axes(ax, shown, unit)
    return ax


def catalogue_slice(
    positions: Any,
    values: Any,
    *,
    axis: int = 2,
    at: float | None = None,
    thickness: float | None = None,
    limit: float | None = None,
    label: str | None = None,
    legend: bool = True,
    unit: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw the points of a slab, coloured by their class or by numbers.

    Parameters
    ----------
    positions : array, shape (n, 2) or (n, 3)
    values : array, shape (n,)
        Integers are classes, 0 to the number of axes; others numbers about 0.
    axis : int, 0 to 2
        Across the slab, for three axes.
    at : float, optional
        Middle of the slab; default the middle of the points.
    thickness : float, > 0, optional
        Default a tenth of the extent of the points.
    limit, label, legend, unit, ax
        As in `web_slice`.

    Returns
    -------
    ax : matplotlib Axes

    Raises
    ------
    ValueError, ImportError
        As `web_slice`; a slab without points.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import plotting
    >>> x = np.random.default_rng(0).random((200, 3))
    >>> ax = plotting.catalogue_slice(x, x[:, 0] - 0.5)  # doctest: +SKIP
    """
    places = np.asarray(host(positions), np.float64)
    numbers = host(values)
    if places.ndim != 2 or places.shape[1] not in (2, 3) or not len(places):
        raise ValueError(
            f"positions must have shape (n, 2) or (n, 3), got {places.shape}."
        )
    if numbers.shape != (len(places),):
        raise ValueError(
            f"values must have shape ({len(places)},), one for each position, got "
            f"{numbers.shape}."
        )
    d = places.shape[1]
    shown = [0, 1]
    if d == 3:
        shown = _axes_beside(axis)
        kept = _slab(places[:, axis], at, thickness, axis)
        places, numbers = places[kept], numbers[kept]
    ax = axes(ax)
    x, y = places[:, shown[0]], places[:, shown[1]]
    dots = {
        "s": float(np.clip(6000 / len(places), 2.0, 16.0)),
        "linewidths": 0,
        "rasterized": len(places) >= 5000,
    }
    draw = functools.partial(ax.scatter, x, y, c=numbers, **dots)
    _coloured(ax, draw, numbers, d, limit, label, legend)
    ax.set_aspect("equal", adjustable="datalim")
    _name_axes(ax, shown, unit)
    return ax


def _coloured(
    ax: Any,
    draw: Callable[..., Any],
    values: np.ndarray,
    n_axes: int,
    limit: float | None,
    label: str | None,
    legend: bool,
) -> None:
    """Draw values in the colours of classes if they are integers, else about 0."""
    if values.dtype.kind in "iu":
        _require_classes(values, n_axes)
        draw(**_class_map(n_axes))
        if legend:
            _class_legend(ax, n_axes, label)
    else:
        shades = draw(**_diverging(values, limit))
        if legend:
            _colour_bar(ax, shades, label)


def class_colours(d: int) -> tuple[str, ...]:
    """A filament has the same colour in the plane and in space."""
    names = CLASS_NAMES[3]
    return tuple(CLASS_COLOURS[names.index(name)] for name in CLASS_NAMES[d])


def _class_map(d: int) -> dict[str, Any]:
    from matplotlib.colors import ListedColormap

    return {"cmap": ListedColormap(class_colours(d)), "vmin": -0.5, "vmax": d + 0.5}


def class_handles(d: int) -> list[Any]:
    """Patches of the classes, for a legend."""
    from matplotlib.patches import Patch

    return [
        Patch(facecolor=colour, label=name)
        for colour, name in zip(class_colours(d), CLASS_NAMES[d])
    ]


def _class_legend(ax: Any, d: int, label: str | None) -> None:
    ax.legend(
        handles=class_handles(d),
        title=label,
        frameon=False,
        loc="center left",
        bbox_to_anchor=(1.0, 0.5),
        handlelength=1.0,
        handleheight=1.0,
    )


def _diverging(values: np.ndarray, limit: float | None) -> dict[str, Any]:
    """Colours from -limit to limit; white is 0."""
    if limit is None:
        known = np.abs(values[np.isfinite(values)])
        limit = float(np.quantile(known, _SHOWN)) if known.size else 0.0
        limit = limit or 1.0
    elif not 0 < limit < np.inf:
        raise ValueError(f"limit must be positive and finite, got {limit}.")
    return {"cmap": DIVERGING, "vmin": -limit, "vmax": limit}


def _colour_bar(ax: Any, shown: Any, label: str | None) -> None:
    bar = ax.figure.colorbar(shown, ax=ax, label=label or "", shrink=0.8)
    bar.formatter.set_powerlimits((-2, 3))
    bar.outline.set_visible(False)


def _require_classes(values: np.ndarray, d: int) -> None:
    if values.size and not 0 <= values.min() <= values.max() <= d:
        raise ValueError(
            f"classes must lie from 0 to {d}, the number of axes, got "
            f"{values.min()} to {values.max()}: pass numbers as floats."
        )


def _axes_beside(axis: int) -> list[int]:
    """The two axes of space that are drawn."""
    if axis not in range(3):
        raise ValueError(f"axis must be 0 to 2, got {axis!r}.")
    return [i for i in range(3) if i != axis]


def _sides(box_size: Any, shape: Sequence[int]) -> np.ndarray:
    """Side of the box on every axis."""
    sides = np.asarray(shape if box_size is None else host(box_size), np.float64)
    if sides.size not in (1, len(shape)) or not (sides > 0).all():
        raise ValueError(
            f"box_size must be one positive number or {len(shape)}, got {box_size!r}."
        )
    return np.broadcast_to(sides.reshape(-1), (len(shape),))


def _slab(
    x: np.ndarray, at: float | None, thickness: float | None, axis: int
) -> np.ndarray:
    """Which points are in the slab."""
    low, high = float(x.min()), float(x.max())
    at = (low + high) / 2 if at is None else float(at)
    thickness = (high - low) / 10 if thickness is None else float(thickness)
    kept = np.abs(x - at) <= thickness / 2
    if not kept.any():
        raise ValueError(
            f"The slab of thickness {thickness:.6g} at {AXIS_NAMES[axis]} = {at:.6g} "
            f"must hold points, got none: they lie from {low:.6g} to {high:.6g}."
        )
    return kept


def _name_axes(ax: Any, shown: Sequence[int], unit: str | None) -> None:
    ax.set_xlabel(f"{AXIS_NAMES[shown[0]]}{in_unit(unit)}")
    ax.set_ylabel(f"{AXIS_NAMES[shown[1]]}{in_unit(unit)}")


def in_unit(unit: str | None) -> str:
    """The unit of an axis, as its label has it."""
    return f" [{unit}]" if unit else ""
