"""The report as one page that needs nothing but itself: `html_page`."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Sequence

from geomsci.validation import tables
from geomsci.validation.compare import MINOR, Comparison
from geomsci.validation.figures import Figure
from geomsci.validation.html_style import STYLE
from geomsci.validation.report import Report
from geomsci.validation.report_markdown import verdict
from geomsci.validation.rows import EPS, SKIPPED, Row
from geomsci.validation.tables import Table
from geomsci.validation.variants import VARIANTS
from geomsci.validation.wording import counted, duration, moment, number, signed

SHADES = (1e-3, 1e-2, 1e-1)
"""Shares of the budget at which the colour of a cell changes."""


def _text(x: object) -> str:
    """Text that the browser shows as it is."""
    return html.escape(str(x), quote=True)


def html_table(table: Table, *, wide: bool = False) -> str:
    """A table with a header that stays in view."""
    head = "".join(
        f'<th scope="col"{_numeric(table, i)}>{_text(name)}</th>'
        for i, name in enumerate(table.header)
    )
    body = []
    for i, row in enumerate(table.cells):
        mark = f' class="{table.mark(i)}"' if table.mark(i) else ""
        cells = "".join(
            f"<td{_numeric(table, j)}>{_text(cell)}</td>" for j, cell in enumerate(row)
        )
        body.append(f"<tr{mark}>{cells}</tr>")
    kind = ' class="wide"' if wide else ""
    return (
        f'<div class="scroll"><table{kind}><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _numeric(table: Table, column: int) -> str:
    return ' class="num"' if column in table.numeric else ""


def _shade(row: Row) -> str:
    """Class of a cell of the matrix, by the share of the budget that it uses."""
    if row.bad:
        return "bad"
    share = row.share or 0.0
    return f"c{sum(share > edge for edge in SHADES)}"


def _matrix_cell(row: Row | None, first: bool) -> str:
    edge = " first" if first else ""
    if row is None or row.status == SKIPPED:
        why = "not run" if row is None else row.reason
        return f'<td class="none{edge}" title="{_text(why)}">·</td>'
    hint = (
        f"{row.status}; error {number(row.error)}, budget {number(row.budget)}, "
        f"{duration(row.seconds_min)}; {row.reason}"
    )
    shown = number(row.error_eps) or row.status
    return (
        f'<td class="{_shade(row)}{edge}" title="{_text(hint.rstrip("; "))}">'
        f"{_text(shown)}</td>"
    )


def _matrix(rows: Sequence[Row]) -> str:
    """Cases down, backends across, grouped by precision; cells in eps."""
    measured = [r for r in rows if r.status != SKIPPED and r.unit == "eps"]
    ran = {(r.dtype, r.backend) for r in measured}
    columns = [(d, name) for d in EPS for name in VARIANTS if (d, name) in ran]
    widths = {d: sum(c[0] == d for c in columns) for d, _ in columns}
    firsts = {next(i for i, c in enumerate(columns) if c[0] == d) for d in widths}
    groups = "".join(
        f'<th class="group" scope="colgroup" colspan="{w}">{_text(d)}</th>'
        for d, w in widths.items()
    )
    names = "".join(
        f'<th scope="col"{" class=group" if i in firsts else ""}>{_text(b)}</th>'
        for i, (_, b) in enumerate(columns)
    ).replace("class=group", 'class="group"')
    found = {(r.case, r.size, r.dtype, r.backend): r for r in rows}
    body = []
    for case, size in dict.fromkeys((r.case, r.size) for r in measured):
        cells = "".join(
            _matrix_cell(found.get((case, size, *column)), i in firsts)
            for i, column in enumerate(columns)
        )
        body.append(
            f'<tr><th scope="row">{_text(case)}<small>{_text(size)}</small></th>'
            f"{cells}</tr>"
        )
    return (
        '<div class="scroll"><table class="matrix"><thead>'
        f'<tr><th scope="col">case</th>{groups}</tr>'
        f'<tr><th scope="col"></th>{names}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


LEGEND = (
    '<ul class="legend"><li><i class="c0"></i>under 0.1 % of the budget</li>'
    '<li><i class="c1"></i>under 1 %</li><li><i class="c2"></i>under 10 %</li>'
    '<li><i class="c3"></i>under 100 %</li>'
    '<li><i class="bad"></i>over budget or failed</li>'
    "<li>· skipped, hover for the reason</li></ul>"
)


def _figure(figure: Figure) -> str:
    """The drawing in both colourings, inside the page."""
    light, dark = (
        base64.b64encode(path.read_bytes()).decode("ascii")
        for path in (figure.light, figure.dark)
    )
    return (
        '<figure><picture><source media="(prefers-color-scheme: dark)" '
        f'srcset="data:image/png;base64,{dark}"/>'
        f'<img alt="{_text(figure.title)}" src="data:image/png;base64,{light}"/>'
        f"</picture><figcaption>{_text(figure.caption)}</figcaption></figure>"
    )


def _card(value: object, label: str, mark: str = "") -> str:
    kind = f"card {mark}".strip()
    return f'<div class="{kind}"><b>{_text(value)}</b><span>{_text(label)}</span></div>'


def _cards(report: Report) -> str:
    """The run in a handful of numbers."""
    counts = report.counts
    measured = [r for r in report.rows if r.status != SKIPPED]
    bad = len(report.bad_rows)
    shares = [r.share for r in measured if r.unit == "eps" and r.share is not None]
    ran = {r.backend for r in measured}
    backends = [name for name in VARIANTS if name in ran]
    cards = [
        _card(len(measured), "rows measured"),
        _card(bad, "over budget or failed", "bad" if bad else "good"),
        _card(counts[SKIPPED], "skipped, each with a reason"),
    ]
    if shares:
        most = f"{number(100 * max(shares))} %"
        cards.append(_card(most, "largest share of a budget used"))
    cards.append(_card(len(backends), ", ".join(backends) or "no backend"))
    for scores in tables.datasets(report.scores).values():
        best = max(
            (s.method for s in scores if s.gain is not None),
            key=lambda m: sum(s.gain or 0.0 for s in scores if s.method == m),
            default="",
        )
        gains = [s.gain for s in scores if s.method == best and s.gain is not None]
        if gains:
            subjects = counted(len(gains), "subject")
            short = best.partition(" (")[0]
            about = f"{scores[0].dataset}, {subjects}"
            label = f"mean gain in {scores[0].metric} by {short}, {about}"
            cards.append(_card(signed(sum(gains) / len(gains)), label))
    return f'<div class="cards">{"".join(cards)}</div>'


def _section(anchor: str, title: str, body: Iterable[str], kind: str = "") -> str:
    mark = f' class="{kind}"' if kind else ""
    return (
        f'<section id="{anchor}"{mark}><h2>{_text(title)}</h2>{"".join(body)}</section>'
    )


def _paragraph(text: str) -> str:
    return f"<p>{_text(text)}</p>"


def _details(summary: str, body: str) -> str:
    return f"<details><summary>{_text(summary)}</summary>{body}</details>"


def _comparison(comparison: Comparison) -> str:
    """Changes of status and accuracy in full, the crowds of the others folded."""
    body = [
        _paragraph(f"{comparison.summary()} A ratio is the new value over the old.")
    ]
    body += [_paragraph(warning) for warning in comparison.warnings]
    if comparison.major:
        body.append(html_table(tables.change_table(comparison.major)))
    if comparison.score_changes:
        body.append(html_table(tables.score_change_table(comparison)))
    for kind in MINOR:
        changes = comparison.of_kind(kind)
        if changes:
            table = html_table(tables.change_table(changes))
            body.append(_details(f"{counted(len(changes), 'row')} {kind}", table))
    kind = "alarm" if comparison.new_failures else ""
    return _section("changes", "What changed", body, kind)


def _recordings(report: Report, figures: Sequence[Figure]) -> str:
    body = [
        _paragraph(
            "Trained on the earlier sessions, scored once on the later ones. Intervals "
            "are paired bootstrap percentiles over the test trials: green where a gain "
            "leaves zero out, amber where a loss does."
        )
    ]
    for title, scores in tables.datasets(report.scores).items():
        body.append(f"<h3>{_text(title)}</h3>")
        body += [_figure(f) for f in figures if f.title == title]
        if len({s.subject for s in scores}) > 1:
            body.append(html_table(tables.mean_table(scores)))
        body.append(html_table(tables.score_table(scores)))
    return _section("recordings", "Real recordings", body)


def _suite(suite: str, rows: Sequence[Row], figures: Sequence[Figure]) -> str:
    measured = [r for r in rows if r.status != SKIPPED and r.unit == "eps"]
    bad = sum(r.bad for r in measured)
    outcome = counted(bad, "row") + " over budget" if bad else "all within budget"
    body = [
        _paragraph(
            f"{counted(len(measured), 'row')}, {outcome}. Each number is the forward "
            "error in units of eps of its precision; its colour is the part of the "
            "budget that it uses up."
        ),
        LEGEND,
        _matrix(rows),
    ]
    body += [_figure(f) for f in figures if f.title.startswith(f"{suite}: ")]
    values = [r for r in rows if r.status != SKIPPED and r.unit != "eps"]
    if values:
        body.append("<h3>Agreement with other programs and published values</h3>")
        body.append(html_table(tables.parity_table(values), wide=True))
    timings = tables.timing_table(rows)
    if timings.cells:
        body.append(_details("Times of the float64 rows", html_table(timings)))
    body.append(
        _details(
            "Condition numbers and why", html_table(tables.kappa_table(rows), wide=True)
        )
    )
    body.append(
        _details(
            "Every measured number", html_table(tables.row_table(measured), wide=True)
        )
    )
    return _section(f"suite-{_text(suite)}", f"Suite {suite}", body)


def html_page(
    report: Report, comparison: Comparison | None, figures: Sequence[Figure]
) -> str:
    """The whole page.

    The text of cases, reasons and warnings is escaped; figures are embedded; nothing
    is fetched when the page opens.
    """
    e = report.environment
    sections: list[str] = []
    links: list[tuple[str, str]] = []
    if report.bad_rows:
        table = html_table(tables.bad_table(report.bad_rows))
        sections.append(_section("over-budget", "Over budget", [table], "alarm"))
        links.append(("over-budget", "Over budget"))
    if comparison is not None:
        sections.append(_comparison(comparison))
        links.append(("changes", "What changed"))
    if report.scores:
        sections.append(_recordings(report, figures))
        links.append(("recordings", "Real recordings"))
    for suite in dict.fromkeys(r.suite for r in report.rows):
        mine = [r for r in report.rows if r.suite == suite]
        if any(r.status != SKIPPED for r in mine):
            sections.append(_suite(suite, mine, figures))
            links.append((f"suite-{suite}", f"Suite {suite}"))
    skipped = report.counts[SKIPPED]
    if skipped:
        table = html_table(tables.skipped_table(report.rows), wide=True)
        folded = _details(f"{counted(skipped, 'cell')} by reason", table)
        sections.append(_section("skipped", "Skipped", [folded]))
        links.append(("skipped", "Skipped"))
    machine = _details(
        "Versions, threads, seeds",
        html_table(tables.environment_table(report), wide=True),
    )
    sections.append(_section("machine", "Machine", [machine]))
    links.append(("machine", "Machine"))
    nav = "".join(f'<a href="#{_text(a)}">{_text(t)}</a>' for a, t in links)
    mark = "bad" if report.bad_rows else "good"
    date = moment(e.get("date"))
    title = f"geomsci validation, {date}"
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>{_text(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<header>
<h1>Validation of geomsci {_text(e.get("geomsci"))}</h1>
<p>{_text(date)} · {_text(e.get("cpu"))}, {_text(e.get("cores"))} cores ·
GPU {_text(e.get("gpu"))}</p>
<div class="verdict {mark}">{_text(verdict(report))}</div>
<nav>{nav}</nav>
</header>
{_cards(report)}
{chr(10).join(sections)}
</main>
</body>
</html>
"""
