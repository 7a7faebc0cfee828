"""Reports: written and read back, as JSON, Markdown and one page."""

import dataclasses
import html.parser
import json
import xml.etree.ElementTree

import pytest

from geomsci.validation import job
from geomsci.validation.compare import compare
from geomsci.validation.report import ReportError, read_report, write_report
from geomsci.validation.report_html import html_page
from geomsci.validation.report_markdown import markdown, terminal, verdict
from geomsci.validation.scores import Score

SCORE = Score(
    suite="fake",
    dataset="set <i>",
    subject="S&1",
    protocol="first half trains",
    metric="AUC",
    method="ours",
    value=0.75,
    low=0.7,
    high=0.8,
    n_test=100,
    chance=0.5,
    seconds=1.0,
    baseline="base",
    gain=0.05,
    gain_low=0.01,
    gain_high=0.09,
)


@pytest.fixture
def report(fake_suite):
    options = job.Options(
        suites=("wrong",), backends=("reference", "strict", "cupy"), quick=True
    )
    return dataclasses.replace(job.validate(options), scores=(SCORE,))


def test_report_survives_json(report, tmp_path):
    path = tmp_path / "report.json"
    write_report(report, path)
    assert read_report(path) == report


def test_report_says_where_and_when(report):
    e = report.environment
    assert {"date", "cpu", "cores", "threads", "versions", "seeds"} <= set(e)
    assert e["versions"]["numpy"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "does not exist"),
        ("{", "cannot be parsed"),
        ("[1]", "no report"),
        ('{"format": "something else"}', "no report"),
        ('{"format": "geomsci validation report", "format_version": 99}', "format 99"),
        ('{"format": "geomsci validation report", "format_version": 1}', "damaged"),
    ],
)
def test_bad_file_is_one_clear_sentence(tmp_path, text, says):
    path = tmp_path / "old.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ReportError, match=says):
        read_report(path)


def test_folder_is_no_report(tmp_path):
    with pytest.raises(ReportError, match="is not a file"):
        read_report(tmp_path)


class _Links(html.parser.HTMLParser):
    """Gathers every address that a browser would fetch."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.found += [values[k] for k in ("src", "srcset", "href") if k in values]


@pytest.fixture
def page(report, tmp_path):
    write_report(report, tmp_path / "report.json")
    comparison = compare(report, read_report(tmp_path / "report.json"))
    job.write_files(report, comparison, tmp_path)
    return (tmp_path / "index.html").read_text(encoding="utf-8")


def test_page_is_well_formed(page):
    root = xml.etree.ElementTree.fromstring(page.partition("\n")[2])
    assert root.tag == "html"


def test_page_fetches_nothing(page):
    links = _Links()
    links.feed(page)
    assert any(link.startswith("data:image/png") for link in links.found)
    assert all(link.startswith(("data:", "#")) for link in links.found)
    assert "@import" not in page
    assert "url(" not in page
    assert "<script" not in page


def test_page_shows_names_as_text(page):
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "broken on purpose &lt;b&gt;&amp;" in page
    assert "set &lt;i&gt;" in page


def test_page_folds_skipped_rows_and_marks_bad_ones(page):
    assert "<details><summary>6 cells by reason" in page
    assert 'class="alarm"' in page
    assert 'class="bad"' in page


def test_page_adapts_to_dark_screens(page):
    assert "@media (prefers-color-scheme: dark)" in page
    assert '<source media="(prefers-color-scheme: dark)"' in page


def test_figures_stand_beside_the_page(page, tmp_path):
    report_md = (tmp_path / "report.md").read_text(encoding="utf-8")
    for path in (tmp_path / "figures").glob("*.png"):
        assert path.stat().st_size > 0
    assert "](figures/" in report_md


def test_markdown_cells_cannot_leave_their_table(report):
    bad = dataclasses.replace(report.rows[0], case="a | b\nc <b>")
    text = markdown(dataclasses.replace(report, rows=(bad,)))
    (line,) = [x for x in text.splitlines() if "a \\| b c &lt;b>" in x][:1]
    assert line.startswith("| ")


def test_terminal_names_the_bad_rows_and_the_gain(report):
    text = terminal(report)
    assert "double badly" in text
    assert "+0.050" in text
    assert text.endswith(verdict(report))


def test_verdict_of_a_run_without_rows():
    from geomsci.validation.report import Report

    assert "Nothing was measured" in verdict(Report({}, {}, ()))


def test_report_without_matplotlib_is_complete(report, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    remarks = job.write_files(report, None, tmp_path)
    assert "matplotlib is not installed" in remarks[0]
    assert json.loads((tmp_path / "report.json").read_text())["rows"]
    assert (tmp_path / "index.html").is_file()


def test_data_folder_is_told_by_its_name_only(tmp_path):
    folder = tmp_path / "recordings"
    folder.mkdir()
    assert job.Options(data=folder).described()["data"] == "recordings"


def test_page_without_scores_or_comparison(report):
    text = html_page(dataclasses.replace(report, scores=()), None, [])
    assert "Real recordings" not in text
