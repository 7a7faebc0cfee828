"""Figures of what an embedding keeps, and of the diffusion time behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from geomsci.backends.random import generator
from geomsci.plotting_canvas import (
    EMPHASIS,
    FAINT,
    INK,
    PAPER,
    SERIES,
    axes,
    coordinates,
    host,
    pyplot,
)

HEXAGONS_FROM = 5000
"""Pairs from which a Shepard diagram counts them instead of drawing each one."""


def shepard_diagram(
    D: Any,
    Y: Any,
    *,
    rows: Any = None,
    max_pairs: int = 1_000_000,
    rng: Any = 0,
    ax: Any = None,
) -> Any:
    r"""Draw distances in an embedding against the dissimilarities they stand for.

    The corner says Pearson's correlation r and the normalised stress
    :math:`\sqrt{\sum (d - \delta)^2 / \sum \delta^2}` over the pairs that are drawn. On
    the line both are equal: an embedding in the units of the data lies on it.

    Parameters
    ----------
    D : array, shape (n, n), or (m, n) with ``rows``
        Dissimilarities: finite, symmetric, non-negative.
    Y : array, shape (n, n_components), or fitted estimator with ``embedding_``
    rows : array of int, shape (m,), optional
        Points to which the rows of D belong, if D does not have all.
    max_pairs : int, >= 1
        More pairs than that are thinned to so many at random, with replacement.
    rng : None, int or numpy.random.Generator
        Draws these pairs.
    ax : matplotlib Axes, optional
        Where to draw; None draws on the current axes.

    Returns
    -------
    ax : matplotlib Axes

    Raises
    ------
    ValueError
        Shapes that do not match, dissimilarities that are infinite or NaN.
    ImportError
        If matplotlib is not installed and ``ax`` is None.

    Notes
    -----
    From 5000 pairs on their number is shown in hexagons, on a logarithmic scale.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci import plotting
    >>> sheet = np.random.default_rng(0).random((100, 2))
    >>> D = np.linalg.norm(sheet[:, None] - sheet, axis=-1)
    >>> ax = plotting.shepard_diagram(D, sheet)  # doctest: +SKIP
    """
    Y = coordinates(Y)
    given, distances = _pairs(host(D), Y, rows, max_pairs, generator(rng))
    r, stress = _agreement(given, distances)
    ax = axes(ax)
    top = 1.03 * max(given.max(), distances.max(), np.finfo(float).tiny)
    ax.set_xlim(0, top)
    ax.set_ylim(0, top)
    ax.set_aspect("equal")
    if given.size >= HEXAGONS_FROM:
        shades = _density_shades()
        window = (0, top, 0, top)
        style = {"gridsize": 70, "bins": "log", "mincnt": 1, "linewidths": 0}
        ax.hexbin(given, distances, cmap=shades, extent=window, **style)
    else:
        ax.scatter(given, distances, s=8, color=SERIES[0], alpha=0.5, linewidths=0)
    ax.plot([0, top], [0, top], color=EMPHASIS, linewidth=1.1, linestyle="--")
    ax.text(
        0.04,
        0.96,
        f"r = {_below_one(r)}\nstress {stress:.3f}",
        transform=ax.transAxes,
        va="top",
        color=INK,
        bbox={"facecolor": PAPER, "edgecolor": "none", "alpha": 0.8, "pad": 2},
    )
    ax.set_xlabel("dissimilarity")
    ax.set_ylabel("distance in the embedding")
    return ax


def diffusion_time_curve(
    path: Any, *, threshold: float | None = None, ax: Any = None
) -> Any:
    """Draw the entropy of the heat kernel against time, and the time that was chosen.

    Parameters
    ----------
    path : mapping or object with ``times``, ``entropies`` and ``time``
        Or a fitted `geomsci.embedding.HeatGeodesicEmbedding`, whose
        ``diffusion_time_path_`` is that. Times are positive, in any order.
    threshold : float, optional
        Entropy that was looked for; default: ``threshold`` or ``theta`` of the path, if
        it has one.
    ax : matplotlib Axes, optional
        Where to draw; None draws on the current axes.

    Returns
    -------
    ax : matplotlib Axes
        With a logarithmic axis of time.

    Raises
    ------
    ValueError
        If one of the three is missing, the lengths differ, or a time is not positive.
    ImportError
        If matplotlib is not installed and ``ax`` is None.

    Examples
    --------
    >>> from geomsci import plotting
    >>> path = {"times": [20, 40, 80], "entropies": [0.7, 0.8, 0.9], "time": 52.0}
    >>> ax = plotting.diffusion_time_curve(path, threshold=0.85)  # doctest: +SKIP
    """
    path = getattr(path, "diffusion_time_path_", path)
    times, entropies, time = (_entry(path, name) for name in _PATH)
    missing = [name for name in _PATH if _entry(path, name) is None]
    if missing:
        raise ValueError(
            f"path must have {', '.join(_PATH)}, got none of the name "
            f"{', '.join(missing)}: pass the diffusion_time_path_ of an estimator."
        )
    t, e = np.asarray(times, np.float64), np.asarray(entropies, np.float64)
    if t.ndim != 1 or t.shape != e.shape or t.size == 0:
        raise ValueError(
            f"times and entropies must be vectors of one length, got shapes {t.shape} "
            f"and {e.shape}."
        )
    if not (t > 0).all() or not float(time) > 0:
        raise ValueError("times and time must be positive: the axis is logarithmic.")
    order = np.argsort(t, kind="stable")
    t, e, chosen = t[order], e[order], float(time)
    if threshold is None:
        threshold = _entry(path, "threshold", _entry(path, "theta"))
    ax = axes(ax)
    ax.plot(t, e, color=SERIES[0], marker="o", markersize=5, linewidth=1.8, zorder=2)
    if threshold is not None:
        name = f"threshold {threshold:g}"
        ax.axhline(
            threshold, color=FAINT, linestyle=":", linewidth=1.5, zorder=0, label=name
        )
    ax.axvline(chosen, color=EMPHASIS, linestyle="--", linewidth=1.4, zorder=1)
    height = np.interp(np.log(chosen), np.log(t), e)
    ax.plot(
        [chosen], [height], "D", color=EMPHASIS, markersize=8, label=f"t = {chosen:.4g}"
    )
    # Entropy rises with time, so this corner is free.
    ax.legend(loc="lower right", framealpha=0.9, edgecolor="none")
    ax.set_xscale("log")
    marks = t if t.size <= 8 else t[:: -(-t.size // 8)]
    ax.set_xticks(marks, [f"{mark:.3g}" for mark in marks])
    ax.minorticks_off()
    ax.set_xlabel("diffusion time t")
    ax.set_ylabel("entropy / log n" if e.max() <= 1 else "entropy")
    return ax


_PATH = ("times", "entropies", "time")


def _entry(path: Any, name: str, default: Any = None) -> Any:
    if isinstance(path, Mapping):
        return path.get(name, default)
    return getattr(path, name, default)


def _pairs(
    D: np.ndarray, Y: np.ndarray, rows: Any, max_pairs: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Dissimilarities and distances of at most ``max_pairs`` pairs of points."""
    n = Y.shape[0]
    owners = np.arange(n) if rows is None else np.asarray(host(rows))
    if D.shape != (owners.size, n) or n < 2:
        raise ValueError(
            f"D must have shape ({owners.size}, {n}) to match Y"
            f"{'' if rows is None else ' and rows'}, with at least two points, got "
            f"{D.shape}."
        )
    if max_pairs < 1:
        raise ValueError(f"max_pairs must be at least 1, got {max_pairs}.")
    total = n * (n - 1) // 2 if rows is None else owners.size * (n - 1)
    if total > max_pairs:
        i = rng.integers(owners.size, size=max_pairs)
        j = (owners[i] + 1 + rng.integers(n - 1, size=max_pairs)) % n
    elif rows is None:
        i, j = np.triu_indices(n, 1)
    else:
        i, j = np.nonzero(owners[:, None] != np.arange(n))
    given = D[i, j].astype(np.float64)
    if not np.isfinite(given).all():
        raise ValueError(
            "D must be finite, got infinity or NaN: leave the points out that are "
            "not joined to the others."
        )
    return given, np.linalg.norm(Y[owners[i]] - Y[j], axis=1)


def _agreement(given: np.ndarray, distances: np.ndarray) -> tuple[float, float]:
    """Pearson's correlation, NaN where one is constant, and normalised stress."""
    total = np.sum(given**2)
    stress = np.sqrt(np.sum((distances - given) ** 2) / total) if total > 0 else np.nan
    a, b = given - given.mean(), distances - distances.mean()
    size = np.sqrt(np.sum(a * a) * np.sum(b * b))
    return (float(np.sum(a * b) / size) if size > 0 else np.nan), float(stress)


def _below_one(r: float) -> str:
    """Rounded down, so that no correlation below 1 is shown as 1."""
    return f"{np.floor(r * 1e4) / 1e4:.4f}" if r < 1 else f"{r:.4f}"


def _density_shades() -> Any:
    """The sequential map of the house without its shades that vanish on white."""
    from matplotlib.colors import LinearSegmentedColormap

    shades = pyplot().get_cmap("YlGnBu")(np.linspace(0.25, 1, 256))
    return LinearSegmentedColormap.from_list("density", shades)
