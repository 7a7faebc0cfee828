"""The report as Markdown and as the lines that the terminal shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from geomsci.validation import tables
from geomsci.validation.compare import Comparison
from geomsci.validation.report import Report
from geomsci.validation.rows import SKIPPED
from geomsci.validation.tables import Table
from geomsci.validation.wording import counted, duration, moment

TERMINAL_CHANGES = 30
"""Changes of status and accuracy that the terminal shows; the files hold all."""


def _cell(text: str) -> str:
    """Text that cannot end its cell, start a tag or break the line."""
    escaped = text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")
    return " ".join(escaped.split())


def markdown_table(table: Table) -> list[str]:
    """Lines of a pipe table; numbers right, bad rows in bold."""
    aligned = [
        "---:" if i in table.numeric else "---" for i in range(len(table.header))
    ]
    lines = ["| " + " | ".join(_cell(h) for h in table.header) + " |"]
    lines.append("| " + " | ".join(aligned) + " |")
    for i, row in enumerate(table.cells):
        strong = table.mark(i) == "bad"
        cells = [
            f"**{_cell(c)}**" if strong and j == 0 and c else _cell(c)
            for j, c in enumerate(row)
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def verdict(report: Report) -> str:
    """One sentence on the whole run."""
    counts = report.counts
    measured = sum(counts.values()) - counts[SKIPPED]
    bad = len(report.bad_rows)
    if measured == 0:
        return f"Nothing was measured; {counted(counts[SKIPPED], 'row')} skipped."
    outcome = (
        f"{counted(bad, 'row')} of {measured} over budget or failed"
        if bad
        else f"all {counted(measured, 'row')} within budget"
    )
    outcome = outcome[0].upper() + outcome[1:]
    return f"{outcome}; {counts[SKIPPED]} skipped; {duration(report.seconds)}."


def comparison_lines(comparison: Comparison) -> list[str]:
    """The comparison with an older report."""
    lines = [comparison.summary(), ""]
    lines += [f"* {warning}" for warning in comparison.warnings]
    lines += [""] if comparison.warnings else []
    if comparison.changes:
        lines += markdown_table(tables.change_table(comparison.changes))
    if comparison.score_changes:
        lines += markdown_table(tables.score_change_table(comparison))
    return lines


def markdown(
    report: Report,
    comparison: Comparison | None = None,
    figures: Mapping[str, str] | None = None,
) -> str:
    """The whole report.

    Parameters
    ----------
    figures : mapping of str to str, optional
        Title to file name, relative to the Markdown file.
    """
    environment = report.environment
    lines = [
        "# Validation of geomsci",
        "",
        verdict(report),
        "",
        f"geomsci {environment.get('geomsci')}, {moment(environment.get('date'))}, "
        f"{environment.get('cpu')}, {environment.get('cores')} cores, "
        f"GPU {environment.get('gpu')}.",
        "",
    ]
    if report.bad_rows:
        lines += ["## Over budget", ""]
        lines += markdown_table(tables.bad_table(report.bad_rows))
    if comparison is not None:
        lines += ["## Changes", "", *comparison_lines(comparison)]
    if report.scores:
        lines += ["## Real recordings", ""]
    for title, scores in tables.datasets(report.scores).items():
        lines += [f"### {title}", ""]
        lines += markdown_table(tables.score_table(scores))
        if len({s.subject for s in scores}) > 1:
            lines += markdown_table(tables.mean_table(scores))
    for title, name in (figures or {}).items():
        lines += [f"![{title}]({name})", ""]
    measured = [row for row in report.rows if row.status != SKIPPED]
    lines += ["## Rows", "", *markdown_table(tables.row_table(measured))]
    lines += ["## Condition numbers", ""]
    lines += markdown_table(tables.kappa_table(report.rows))
    lines += ["## Skipped", "", *markdown_table(tables.skipped_table(report.rows))]
    lines += ["## Environment", ""]
    lines += markdown_table(tables.environment_table(report))
    return "\n".join(lines)


def terminal(report: Report, comparison: Comparison | None = None) -> str:
    """What a person reads at the end of a run."""
    lines: list[str] = []
    for title, scores in tables.datasets(report.scores).items():
        lines += [title, *aligned(tables.score_table(scores), skip=("remarks",)), ""]
    if report.bad_rows:
        lines += ["Over budget", *aligned(tables.bad_table(report.bad_rows)), ""]
    if comparison is not None:
        lines += [comparison.summary()]
        lines += [f"  note: {warning}" for warning in comparison.warnings]
        lines += aligned(tables.change_table(comparison.major), most=TERMINAL_CHANGES)
        lines += [*aligned(tables.score_change_table(comparison)), ""]
    return "\n".join([*lines, verdict(report)])


def aligned(
    table: Table, skip: Iterable[str] = (), most: int | None = None
) -> list[str]:
    """The table in columns of equal width; nothing at all for an empty one.

    Lines after the first ``most`` are only counted.
    """
    if not table.cells:
        return []
    kept = [i for i, name in enumerate(table.header) if name not in set(skip)]
    grid = [table.header, *table.cells[:most]]
    widths = {i: max(len(row[i]) for row in grid) for i in kept}
    lines = []
    for row in grid:
        cells = [
            row[i].rjust(widths[i]) if i in table.numeric else row[i].ljust(widths[i])
            for i in kept
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    left_out = len(table.cells) - len(grid) + 1
    return [*lines, f"  and {left_out} more in the report"] if left_out else lines
