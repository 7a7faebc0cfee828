"""Figures of the numbers of the cosmic web: fractions, densities of eigenvalues."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from geomsci.plotting_canvas import FAINT, INK, MARKERS, SERIES, axes, host
from geomsci.plotting_web import CLASS_NAMES, class_colours, in_unit

_PDF_RANGE, _PDF_NODES, _PDF_BINS = 2.2, 89, 88


def web_fractions(
    scales: Any,
    fractions: Any,
    *,
    mass: Any = None,
    gaussian: Any = None,
    unit: str | None = None,
    ax: Any = None,
) -> Any:
    """Draw the fractions of voids, sheets, filaments and nodes against the scale.

    Parameters
    ----------
    scales : array, shape (S,), > 0
    fractions : array, shape (S, d + 1)
        ``volume_fractions_``, by the number of collapsed axes: full lines.
    mass : array, shape (S, d + 1), optional
        ``mass_fractions_``: dashed lines.
    gaussian : array, shape (d + 1,) or (S, d + 1), optional
        Of a Gaussian field, from `geomsci.entropic.doroshkevich_fractions`: dotted.
    unit : str, optional
        Of the scales.
    ax : matplotlib Axes, optional
        None draws on the current axes.

    Returns
    -------
    ax : matplotlib Axes

    Raises
    ------
    ValueError
        Shapes that do not fit, scales that are not positive.
    ImportError
        If matplotlib is not installed and ``ax`` is None.

    Examples
    --------
    >>> from geomsci import plotting
    >>> volume = [[0.1, 0.5, 0.3, 0.1], [0.1, 0.4, 0.4, 0.1]]
    >>> ax = plotting.web_fractions([2.0, 4.0], volume)  # doctest: +SKIP
    """
    from matplotlib.lines import Line2D

    R = np.asarray(host(scales), np.float64)
    if R.ndim != 1 or R.size == 0 or not (R > 0).all():
        raise ValueError(
            f"scales must hold at least one number, all positive, got {scales!r}."
        )
    order = np.argsort(R, kind="stable")
    volume = _fractions("fractions", fractions, R.size)
    classes = volume.shape[1]
    styles: list[Any] = [("volume", "-", volume)]
    if mass is not None:
        styles.append(("mass", "--", _fractions("mass", mass, R.size, classes)))
    if gaussian is not None:
        expected = np.asarray(host(gaussian), np.float64)
        if expected.ndim == 1:
            expected = np.broadcast_to(expected, (R.size, expected.size))
        expected = _fractions("gaussian", expected, R.size, classes)
        styles.append(("Gaussian field", ":", expected))
    ax = axes(ax)
    handles = []
    for c, name in enumerate(CLASS_NAMES[classes - 1]):
        look: Any = {"color": _line_colours(classes)[c], "linewidth": 1.8}
        mark: Any = {"marker": MARKERS[c], "markersize": 5}
        for what, line, values in styles:
            dots = mark if what == "volume" else {}
            ax.plot(R[order], values[order, c], line, **look, **dots)
        handles.append(Line2D([], [], **look, **mark, label=name))
    if len(styles) > 1:
        handles += [
            Line2D([], [], color=FAINT, linestyle=line, label=what)
            for what, line, _ in styles
        ]
    ax.set_xscale("log")
    ax.minorticks_off()
    ax.set_xticks(np.unique(R), [f"{r:g}" for r in np.unique(R)])
    ax.set_xlabel(f"smoothing R{in_unit(unit)}")
    ax.set_ylabel("fraction")
    ax.set_ylim(bottom=0)
    ax.legend(
        handles=handles, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5)
    )
    return ax


def eigenvalue_pdf(
    eigenvalues: Any,
    *,
    sigma: float | None = None,
    gaussian: bool = True,
    ax: Any = None,
) -> Any:
    """Draw the density of each ordered eigenvalue beside that of a Gaussian field.

    Parameters
    ----------
    eigenvalues : array, shape (..., d), d = 1, 2 or 3
        Ascending along the last axis: one scale of ``eigenvalues_``.
    sigma : float, > 0, optional
        Unit of the axis; default the standard deviation of the trace, ``sigma_trace_``.
    gaussian : bool
        Whether the marginals of Doroshkevich are drawn (dashed).
    ax : matplotlib Axes, optional
        None draws on the current axes.

    Returns
    -------
    ax : matplotlib Axes
        From -2.2 to 2.2 sigma; what lies outside counts in the normalisation.

    Raises
    ------
    ValueError
        A wrong last axis, no spread of the trace.
    ImportError
        If matplotlib is not installed and ``ax`` is None.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import plotting
    >>> values = np.sort(np.random.default_rng(0).standard_normal((500, 3)))
    >>> ax = plotting.eigenvalue_pdf(values)  # doctest: +SKIP
    """
    from matplotlib.lines import Line2D

    values = np.asarray(host(eigenvalues), np.float64)
    if values.ndim < 2 or values.shape[-1] not in CLASS_NAMES:
        raise ValueError(
            "eigenvalues must have shape (..., d) with d = 1, 2 or 3, got "
            f"{values.shape}."
        )
    d = values.shape[-1]
    values = values.reshape(-1, d)
    sigma = float(np.std(values.sum(axis=1))) if sigma is None else float(sigma)
    if not 0 < sigma < np.inf:
        raise ValueError(
            f"sigma must be positive and finite, got {sigma}: the trace must vary."
        )
    ax = axes(ax)
    edges = np.linspace(-_PDF_RANGE, _PDF_RANGE, _PDF_BINS + 1)
    handles = []
    for i in range(d):
        counts, _ = np.histogram(values[:, i] / sigma, edges)
        density = counts / (len(values) * (edges[1] - edges[0]))
        look: Any = {"color": SERIES[i], "linewidth": 1.6}
        ax.stairs(density, edges, **look)
        name = {0: "smallest", d - 1: "largest"}.get(i, "middle")
        handles.append(Line2D([], [], **look, label=name if d > 1 else "eigenvalue"))
    if gaussian:
        nodes, curves = _doroshkevich(d)
        for i in range(d):
            ax.plot(nodes, curves[:, i], color=INK, linestyle="--", linewidth=1.0)
        handles.append(
            Line2D([], [], color=INK, linestyle="--", linewidth=1.0, label="Gaussian")
        )
    ax.set_xlim(-_PDF_RANGE, _PDF_RANGE)
    ax.set_ylim(0, 1.3 * ax.dataLim.ymax)  # room for the legend
    ax.set_xlabel(r"eigenvalue / $\sigma(\mathrm{tr}\,K)$")
    ax.set_ylabel("density")
    ax.legend(handles=handles, frameon=False, loc="upper left")
    return ax


@functools.lru_cache(maxsize=3)
def _doroshkevich(d: int) -> tuple[np.ndarray, np.ndarray]:
    """Marginals on the nodes of the axis: a second of work, the same every time."""
    from geomsci.entropic import doroshkevich_marginals

    nodes = np.linspace(-_PDF_RANGE, _PDF_RANGE, _PDF_NODES)
    return nodes, doroshkevich_marginals(nodes, n_axes=d)


def _fractions(name: str, values: Any, scales: int, classes: int = 0) -> np.ndarray:
    """One row a scale, one column a class."""
    found = np.asarray(host(values), np.float64)
    wanted = (classes,) if classes else tuple(d + 1 for d in CLASS_NAMES)
    if found.ndim != 2 or found.shape[0] != scales or found.shape[1] not in wanted:
        columns = " or ".join(map(str, wanted))
        raise ValueError(
            f"{name} must have shape ({scales}, {columns}), one row for each scale, "
            f"got {found.shape}."
        )
    return found


def _line_colours(classes: int) -> tuple[str, ...]:
    """Of the classes, the first one darker than on a map: lines are thin."""
    return ("#b59a2b", *class_colours(classes - 1)[1:])
