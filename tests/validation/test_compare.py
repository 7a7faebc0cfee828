"""Comparison of two reports: what changed, the bad news first."""

import dataclasses

import pytest

from geomsci.validation.compare import compare
from geomsci.validation.report import Report
from geomsci.validation.rows import FAILED, OK, OVER_BUDGET, SKIPPED, Row

ROW = Row(
    "s", "c", "auto", "float64", "2", OK, error=1e-15, budget=1e-12, seconds_min=1.0
)


def _report(*rows, **environment):
    return Report({"date": "then", "cpu": "same", **environment}, {}, rows)


@pytest.mark.parametrize(
    ("new", "kind"),
    [
        ({"error": 3e-15}, "less accurate"),
        ({"error": 3e-16}, "more accurate"),
        ({"seconds_min": 2.0}, "slower"),
        ({"seconds_min": 0.5}, "faster"),
        ({"status": OVER_BUDGET, "error": 1.0}, "new failure"),
        ({"status": FAILED, "error": None, "seconds_min": None}, "new failure"),
        ({"status": SKIPPED, "error": None, "seconds_min": None}, "now skipped"),
        ({"backend": "torch"}, "new"),
    ],
)
def test_every_change_has_its_kind(new, kind):
    found = compare(_report(dataclasses.replace(ROW, **new)), _report(ROW))
    assert found.changes[0].kind == kind or found.changes[-1].kind == kind
    assert found.unchanged == 0


def test_noise_is_no_change():
    new = dataclasses.replace(ROW, error=1.5e-15, seconds_min=1.2)
    found = compare(_report(new), _report(ROW))
    assert (found.changes, found.unchanged) == ((), 1)


def test_row_that_is_gone_is_told():
    found = compare(_report(), _report(ROW))
    assert [c.kind for c in found.changes] == ["vanished"]


def test_new_bad_row_is_a_new_failure():
    bad = dataclasses.replace(ROW, status=OVER_BUDGET)
    found = compare(_report(bad), _report())
    assert found.new_failures == list(found.changes)


def test_repaired_row_is_told():
    bad = dataclasses.replace(ROW, status=OVER_BUDGET, error=1.0)
    found = compare(_report(ROW), _report(bad))
    assert [c.kind for c in found.changes] == ["repaired"]


def test_ratios_are_new_over_old():
    new = dataclasses.replace(ROW, error=4e-15, seconds_min=3.0)
    (change,) = compare(_report(new), _report(ROW)).changes
    assert change.error_ratio == pytest.approx(4.0)
    assert change.time_ratio == pytest.approx(3.0)


def test_bad_news_comes_first():
    slow = dataclasses.replace(ROW, seconds_min=2.0)
    bad = dataclasses.replace(ROW, case="d", status=OVER_BUDGET)
    old = dataclasses.replace(ROW, case="d")
    found = compare(_report(slow, bad), _report(ROW, old))
    assert [c.kind for c in found.changes] == ["new failure", "slower"]


def test_another_machine_is_said():
    found = compare(_report(ROW, cpu="new"), _report(ROW, cpu="old"))
    assert "cpu was old and is new" in found.warnings[0]


def test_report_equals_itself(fake_suite):
    from geomsci.validation import job

    report = job.validate(job.Options(suites=("fake",), backends=("auto",)))
    found = compare(report, report)
    assert (found.changes, found.warnings) == ((), ())


def test_summary_counts_every_kind():
    slow = dataclasses.replace(ROW, seconds_min=2.0)
    other = dataclasses.replace(ROW, case="d")
    found = compare(_report(slow, other), _report(ROW, other))
    assert found.summary() == (
        "Compared with the report of then: 1 slower, 1 unchanged."
    )
    assert found.major == []
