"""``.. benchmark-tables:: FILE``: the tables of a ``bench.json`` of `geomsci bench`.

The file is a copy of what the harness wrote; nothing in it is typed by hand.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from capability_tables import TableDirective, list_table

from geomsci.validation.bench.contest import Result
from geomsci.validation.bench.job import FORMAT, table
from geomsci.validation.wording import number

TITLES = {
    "eeg": "EEG",
    "spd": "SPD matrices",
    "fisher": "Fisher curvature and lattice Monte Carlo",
    "sampling": "Designs for least squares",
    "embedding": "Embeddings",
    "entropic": "Entropic curvature of density fields",
    "kernels": "Kernels against the reference",
    "overhead": "Cost of a call and of the import",
}
WIDTHS = [26, 14, 11, 11, 9, 12, 10, 22]


def _plain(text: str) -> str:
    """Text in which no character means markup."""
    return re.sub(r"([\\*`|_])", r"\\\1", text)


def _machine(about: dict[str, Any]) -> str:
    versions = ", ".join(f"{k} {v}" for k, v in about["versions"].items() if v)
    threads = ", ".join(f"{k}={v}" for k, v in about["threads"].items() if v)
    return (
        f"Measured {about['date'][:10]} with geomsci {about['geomsci']} and Python "
        f"{about['python']} on {about['cpu']}, {about['cores']} cores, GPU "
        f"{about['gpu']}; {', '.join(about['linear_algebra'])}; "
        f"{threads or 'no thread variable set'}; load at the start "
        f"{number(about['load_at_start'])}. {versions}."
    )


class BenchmarkTables(TableDirective):
    """One table a suite, under the machine and the date."""

    required_arguments = 1

    def text(self) -> str:
        """The tables, or one sentence if nothing was measured yet."""
        path = Path(self.env.srcdir) / self.arguments[0]
        self.env.note_dependency(str(path))
        if not path.exists():
            return (
                "No measurement is stored with this version. ``make bench`` writes "
                f"``bench-report/bench.json``; its copy as ``docs/{path.name}`` fills "
                "this page."
            )
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored.get("format") != FORMAT:
            raise self.error(f"{path.name} must be written by geomsci bench.")
        results = [Result(**result) for result in stored["results"]]
        parts = [_plain(_machine(stored["environment"])), ""]
        for suite in dict.fromkeys(result.suite for result in results):
            found = table([r for r in results if r.suite == suite])
            cells = [[_plain(cell) for cell in row] for row in found.cells]
            parts += [f".. rubric:: {TITLES.get(suite, suite)}", ""]
            parts += [list_table(list(found.header), cells, WIDTHS), ""]
        return "\n".join(parts)


def setup(app):
    """Register the directive."""
    app.add_directive("benchmark-tables", BenchmarkTables)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
