"""The figures of a report: errors against budgets, times, scores with intervals.

Every figure is drawn twice, in dark ink for light pages and in light ink for dark
ones; the page shows the one that fits.
"""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from geomsci.validation import tables
from geomsci.validation.report import Report
from geomsci.validation.rows import EPS, Row
from geomsci.validation.scores import Score
from geomsci.validation.variants import VARIANTS

# Okabe and Ito's colours, which people who see fewer colours can tell apart.
INKS = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#CC79A7",
    "#D55E00",
    "#56B4E9",
    "#8C6BB1",
    "#7F7F7F",
)
MARKERS = "osD^vP<X"
THEMES = {
    "light": {"ink": "#1f2430", "faint": "#d5d9e2", "band": "#f1f3f7"},
    "dark": {"ink": "#e6e9ef", "faint": "#3a4150", "band": "#20252f"},
}
BAD = "#d7263d"
EXACT_EPS = 1e-2
"""Where an error of exactly zero is drawn on a logarithmic axis."""


class FiguresUnavailable(RuntimeError):
    """matplotlib is missing; the report is complete without figures."""


@dataclasses.dataclass(frozen=True)
class Figure:
    """One drawing in its two colourings."""

    title: str
    caption: str
    light: pathlib.Path
    dark: pathlib.Path


def _pyplot() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise FiguresUnavailable(
            "The figures are left out because matplotlib is not installed: install "
            "geomsci[plot]."
        ) from error
    matplotlib.use("Agg")
    from matplotlib import pyplot

    return pyplot


@contextlib.contextmanager
def _style(pyplot: Any, theme: str) -> Iterator[None]:
    ink, faint = THEMES[theme]["ink"], THEMES[theme]["faint"]
    with pyplot.rc_context(
        {
            "font.family": "sans-serif",
            "font.size": 9,
            "axes.edgecolor": faint,
            "axes.labelcolor": ink,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.spines.left": False,
            "axes.titlesize": 10,
            "axes.titleweight": "bold",
            "axes.titlecolor": ink,
            "text.color": ink,
            "xtick.color": ink,
            "ytick.color": ink,
            "xtick.labelcolor": ink,
            "ytick.labelcolor": ink,
            "ytick.left": False,
            "grid.color": faint,
            "grid.linewidth": 0.6,
            "legend.frameon": False,
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "savefig.transparent": True,
        }
    ):
        yield


def _backend_ink(name: str) -> tuple[str, str]:
    """Colour and marker of a backend, the same in every figure."""
    i = list(VARIANTS).index(name) if name in VARIANTS else len(INKS) - 1
    return INKS[i % len(INKS)], MARKERS[i % len(MARKERS)]


def _backends(rows: Sequence[Row]) -> list[str]:
    """The backends of the rows, in the order of the legend."""
    ran = {r.backend for r in rows}
    return [name for name in VARIANTS if name in ran]


def _labels(rows: Sequence[Row]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((r.case, r.size) for r in rows))


def _bands(axes: Any, count: int, theme: str) -> None:
    """Every other line of a dot plot on a faint ground, so that the eye keeps it."""
    for i in range(0, count, 2):
        axes.axhspan(i - 0.5, i + 0.5, color=THEMES[theme]["band"], zorder=0, lw=0)
    axes.set_ylim(count - 0.5, -0.5)
    axes.grid(axis="x", zorder=1)
    axes.set_axisbelow(True)


def _case_axes(
    pyplot: Any, labels: Sequence[tuple[str, str]], panels: Sequence[str], theme: str
) -> tuple[Any, list[Any]]:
    height = 1.5 + 0.27 * len(labels)
    figure, grid = pyplot.subplots(
        1, len(panels), figsize=(10.5, height), sharey=True, squeeze=False
    )
    for axes, panel in zip(grid[0], panels):
        _bands(axes, len(labels), theme)
        axes.set_title(panel, loc="left")
        axes.set_xscale("log")
    grid[0][0].set_yticks(
        range(len(labels)), [f"{case}  ·  {size}" for case, size in labels]
    )
    return figure, list(grid[0])


def _legend(figure: Any, axes: Sequence[Any]) -> None:
    entries: dict[str, Any] = {}
    for ax in axes:
        for handle, label in zip(*ax.get_legend_handles_labels()):
            entries.setdefault(label, handle)
    figure.legend(
        entries.values(),
        entries.keys(),
        loc="outside lower center",
        ncols=min(8, max(1, len(entries))),
    )


def _offsets(names: Sequence[str]) -> dict[str, float]:
    """Small shifts that keep markers of one line from hiding each other."""
    n = len(names)
    return {name: 0.5 * (i - (n - 1) / 2) / max(n, 1) for i, name in enumerate(names)}


def _draw_errors(rows: Sequence[Row]) -> Callable[[Any, str], Any]:
    labels = _labels(rows)
    line = {label: i for i, label in enumerate(labels)}
    backends = _backends(rows)
    shift = _offsets(backends)
    dtypes = [d for d in EPS if any(r.dtype == d for r in rows)]

    def draw(pyplot: Any, theme: str) -> Any:
        figure, panels = _case_axes(pyplot, labels, dtypes, theme)
        for axes, dtype in zip(panels, dtypes):
            mine = [r for r in rows if r.dtype == dtype]
            budgets = {
                (r.case, r.size): r.budget / EPS[dtype] for r in mine if r.budget
            }
            axes.vlines(
                list(budgets.values()),
                [line[k] - 0.42 for k in budgets],
                [line[k] + 0.42 for k in budgets],
                color=BAD,
                lw=1.6,
                label="budget",
                zorder=3,
            )
            for name in backends:
                ink, marker = _backend_ink(name)
                points = [r for r in mine if r.backend == name]
                axes.scatter(
                    [max(r.error_eps or 0.0, EXACT_EPS) for r in points],
                    [line[(r.case, r.size)] + shift[name] for r in points],
                    s=20,
                    color=ink,
                    marker=marker,
                    label=name,
                    zorder=4,
                )
            axes.set_xlabel(f"forward error in eps of {dtype} (exact zero at the left)")
            axes.set_xlim(left=EXACT_EPS / 3)
        _legend(figure, panels)
        return figure

    return draw


def _draw_times(rows: Sequence[Row]) -> Callable[[Any, str], Any]:
    labels = _labels(rows)
    line = {label: i for i, label in enumerate(labels)}
    backends = _backends(rows)

    def draw(pyplot: Any, theme: str) -> Any:
        figure, panels = _case_axes(pyplot, labels, ["float64"], theme)
        axes = panels[0]
        for i in range(len(labels)):
            mine = [r.seconds_min for r in rows if line[(r.case, r.size)] == i]
            axes.hlines(i, min(mine), max(mine), color=THEMES[theme]["faint"], zorder=2)  # type: ignore[type-var]
        for name in backends:
            ink, marker = _backend_ink(name)
            points = [r for r in rows if r.backend == name]
            axes.scatter(
                [r.seconds_min for r in points],
                [line[(r.case, r.size)] for r in points],
                s=24,
                color=ink,
                marker=marker,
                label=name,
                zorder=4,
            )
        axes.set_xlabel("seconds a call, smallest of the repeats")
        _legend(figure, panels)
        return figure

    return draw


def _draw_scores(scores: Sequence[Score]) -> Callable[[Any, str], Any]:
    subjects = list(dict.fromkeys(s.subject for s in scores))
    methods = list(dict.fromkeys(s.method for s in scores))
    shift = _offsets(methods)

    def draw(pyplot: Any, theme: str) -> Any:
        height = 1.5 + len(subjects) * (0.35 + 0.18 * len(methods))
        figure, (left, right) = pyplot.subplots(
            1, 2, figsize=(10.5, height), sharey=True, width_ratios=(3, 2)
        )
        for axes in (left, right):
            _bands(axes, len(subjects), theme)
        for i, method in enumerate(methods):
            mine = [s for s in scores if s.method == method]
            style = {"color": INKS[i % len(INKS)], "fmt": MARKERS[i], "ms": 5}
            style |= {"lw": 1.4, "label": method, "zorder": 4}
            y = [subjects.index(s.subject) + 1.5 * shift[method] for s in mine]
            _interval(left, [(s.value, s.low, s.high) for s in mine], y, style)
            compared = [
                (s.gain, s.gain_low, s.gain_high, at)
                for s, at in zip(mine, y)
                if s.gain is not None
            ]
            _interval(right, [c[:3] for c in compared], [c[3] for c in compared], style)
        left.axvline(scores[0].chance, color=THEMES[theme]["ink"], lw=1, ls=":")
        right.axvline(0, color=THEMES[theme]["ink"], lw=1)
        left.set_yticks(range(len(subjects)), subjects)
        left.set_xlabel(f"{scores[0].metric} on the test sessions (dotted: chance)")
        base = next((s.baseline for s in scores if s.baseline), "the baseline")
        right.set_xlabel(f"gain over {base}, same trials")
        _legend(figure, [left])
        return figure

    return draw


def _interval(
    axes: Any, triples: Sequence[tuple], y: Sequence[float], style: dict
) -> None:
    """Points with their lower and upper ends."""
    if not triples:
        return
    x = [t[0] for t in triples]
    # A bootstrap percentile can pass the point itself; a bar cannot be negative.
    below = [max(0.0, t[0] - t[1]) for t in triples]
    above = [max(0.0, t[2] - t[0]) for t in triples]
    axes.errorbar(x, y, xerr=[below, above], capsize=2, **style)


def _save(
    draw: Callable[[Any, str], Any], folder: pathlib.Path, name: str
) -> tuple[pathlib.Path, pathlib.Path]:
    pyplot = _pyplot()
    paths = []
    for theme in THEMES:
        with _style(pyplot, theme):
            figure = draw(pyplot, theme)
            figure.set_layout_engine("constrained")
            path = folder / (f"{name}.png" if theme == "light" else f"{name}-dark.png")
            figure.savefig(path, dpi=144)
            pyplot.close(figure)
            paths.append(path)
    return paths[0], paths[1]


def _file_name(text: str) -> str:
    return "".join(c if c.isalnum() else "-" for c in text.lower()).strip("-")[:60]


def draw_figures(report: Report, folder: pathlib.Path) -> list[Figure]:
    """Draw all figures of the report into ``folder``.

    Raises
    ------
    FiguresUnavailable
        If matplotlib is not installed.
    """
    _pyplot()
    jobs: list[tuple[str, str, str, Callable[[Any, str], Any]]] = []
    for title, scores in tables.datasets(report.scores).items():
        caption = (
            "Scores with 95 % bootstrap intervals, and the gain on the same trials."
        )
        jobs.append((f"scores {title}", title, caption, _draw_scores(scores)))
    for suite in dict.fromkeys(r.suite for r in report.rows):
        mine = [r for r in report.rows if r.suite == suite and r.kappa is not None]
        if not mine:
            continue
        jobs.append(
            (
                f"errors {suite}",
                f"{suite}: forward error against budget",
                "Every marker must stay left of the red line of its case.",
                _draw_errors(mine),
            )
        )
        timed = [r for r in mine if r.dtype == "float64" and r.seconds_min]
        if timed:
            jobs.append(
                (
                    f"times {suite}",
                    f"{suite}: seconds a call",
                    "Smallest time of the repeats, float64.",
                    _draw_times(timed),
                )
            )
    return [
        Figure(title, caption, *_save(draw, folder, _file_name(name)))
        for name, title, caption, draw in jobs
    ]
