"""``.. embedding-curves:: FILE``: time, memory and truth of embeddings by their size.

Drawn from the rows that `geomsci bench --suite embedding` wrote, as a picture inside
the page, so that no file has to be kept beside the table.
"""

from __future__ import annotations

import io
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

ROW = re.compile(r"embedding of a (?P<shape>.+)")
SIDE = re.compile(
    r"(?:ours|theirs) (?P<pearson>-?[\d.]+|nan) / (?:-?[\d.]+|nan), "
    r"(?P<memory>[\d.]+) (?P<unit>B|kB|MB|GB|TB)"
)
BYTES = {"B": 1.0, "kB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12}
OURS = "geomsci"
COLOURS = (
    "#0072b2", "#d55e00", "#009e73", "#cc79a7",
    "#e69f00", "#56b4e9", "#4d4d4d", "#999933", "#882255",
)  # fmt: skip
MARKERS = "osD^vPXh*"

Curves = dict[str, dict[str, dict[int, tuple[float, float, float]]]]


def curves(results: list[dict[str, Any]]) -> Curves:
    """Shape to method to size to (seconds, bytes, Pearson)."""
    found: Curves = defaultdict(lambda: defaultdict(dict))
    for row in results:
        shape = ROW.fullmatch(row["name"])
        if row["suite"] != "embedding" or not shape:
            continue
        n = int(row["size"].removeprefix("n = "))
        sides = [_side(side) for side in SIDE.finditer(row["note"])]
        methods = found[shape["shape"]]
        if sides and row["ours_median"] is not None:
            methods[OURS][n] = (row["ours_median"], *sides[0])
        if len(sides) == 2 and row["theirs_median"] is not None:
            methods[_method(row["peer"])][n] = (row["theirs_median"], *sides[1])
    return {s: dict(m) for s, m in found.items() if len(m.get(OURS, ())) > 1}


def _side(side: re.Match[str]) -> tuple[float, float]:
    return float(side["memory"]) * BYTES[side["unit"]], float(side["pearson"])


def _method(peer: str) -> str:
    """``scikit-learn 1.9.1, Isomap`` as ``Isomap``, others without their version."""
    program, _, remark = peer.partition(", ")
    if remark and "=" not in remark:
        return remark
    return program.split(" ")[0]


def picture(shape: str, methods: dict[str, dict[int, Any]]) -> str:
    """Three panels over the number of points, as SVG without a header."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    options = {
        "font.size": 11,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "svg.hashsalt": shape,
    }
    with plt.rc_context(options):
        figure, panels = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
        for k, (name, points) in enumerate(methods.items()):
            sizes = sorted(points)
            style = {
                "color": COLOURS[k % len(COLOURS)],
                "marker": MARKERS[k % len(MARKERS)],
                "linewidth": 2.4 if name == OURS else 1.3,
                "markersize": 6,
                "zorder": 3 if name == OURS else 2,
                "label": name,
            }
            for ax, part in zip(panels, range(3)):
                ax.plot(sizes, [points[n][part] for n in sizes], **style)
        titles = ("seconds", "peak memory, bytes", "Pearson with true geodesics")
        for ax, title in zip(panels, titles):
            ax.set_title(title)
            ax.set_xscale("log")
            ax.set_xlabel("points")
        panels[0].set_yscale("log")
        panels[1].set_yscale("log")
        figure.legend(
            *panels[0].get_legend_handles_labels(),
            loc="outside lower center",
            ncols=5,
            frameon=False,
        )
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
        plt.close(figure)
    return drawn.getvalue()[drawn.getvalue().index("<svg") :]


class EmbeddingCurves(SphinxDirective):
    """One figure a shape measured at several sizes, or a sentence if there is none."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Figures with captions."""
        path = Path(self.env.srcdir) / self.arguments[0]
        self.env.note_dependency(str(path))
        results = []
        if path.exists():
            results = json.loads(path.read_text(encoding="utf-8"))["results"]
        found = curves(results)
        if not found:
            text = (
                "No measurement at several sizes is stored with this version: geomsci "
                "bench --suite embedding --against-peers --full makes it."
            )
            return [nodes.paragraph(text, text)]
        drawn: list[nodes.Node] = []
        for shape, methods in found.items():
            caption = (
                f"{shape[0].upper()}{shape[1:]}: every method with its own defaults, "
                "in a process of its own; peak memory is that of the process with "
                "its imports. Pearson over all pairs of at most 1000 points of the "
                "picture."
            )
            svg = picture(shape, methods)
            html = f'<div style="background:#fff;border-radius:4px">{svg}</div>'
            drawn.append(nodes.raw("", html, format="html"))
            drawn.append(nodes.paragraph(caption, caption))
        return drawn


def setup(app):
    """Register the directive."""
    app.add_directive("embedding-curves", EmbeddingCurves)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
