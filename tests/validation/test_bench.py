"""The benchmark harness: turns, ratios, and rows that say why they are empty."""

import json

import numpy as np
import pytest

from geomsci.backends.capabilities import CAPABILITIES
from geomsci.validation.bench import eeg, job, kernels, overhead, spd
from geomsci.validation.bench.contest import Contest, Result, difference, hold, in_turns
from geomsci.validation.suites import CaseUnavailable
from geomsci.validation.wording import moment


def _contest(ours, theirs, **fields):
    return Contest("s", "n", "1", lambda: ours, lambda: theirs, "peer", **fields)


def test_sides_take_turns():
    order = []
    mine, other = in_turns(lambda: order.append("a"), lambda: order.append("b"), 3)
    assert order == ["a", "b"] * 3
    assert len(mine) == len(other) == 3


def test_long_contest_stops_after_three_turns():
    mine, _ = in_turns(lambda: None, lambda: None, 50, limit=-1.0)
    assert len(mine) == 3


def test_first_run_is_not_counted():
    count = {"ours": 0}

    def ours():
        count["ours"] += 1
        return np.ones(2)

    result = hold(_contest(ours, lambda: np.ones(2)), repeats=4)
    assert (count["ours"], result.turns) == (5, 4)


def test_ratio_is_the_other_median_over_ours():
    result = hold(_contest(lambda: np.ones(2), lambda: np.ones(2)), repeats=3)
    assert result.ratio == result.theirs_median / result.ours_median


def test_results_that_differ_are_told():
    result = hold(_contest(lambda: np.ones(4), lambda: 2 * np.ones(4)), repeats=1)
    assert result.difference == 0.5


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(None, np.ones(2)), (np.ones(2), np.ones(3)), (np.arange(2), np.arange(2))],
)
def test_results_that_cannot_be_compared_have_no_difference(ours, theirs):
    assert difference(ours, theirs) is None


def test_missing_peer_is_a_row_that_says_so():
    def missing():
        raise CaseUnavailable("pyriemann is not installed: install it.")

    contest = Contest("s", "n", "1", lambda: lambda: None, missing, "pyRiemann")
    result = hold(contest, repeats=1)
    assert (result.status, result.ratio) == ("skipped", None)
    assert "not installed" in result.reason


def test_missing_pyriemann_is_a_row_that_says_so(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for contest in (spd.contests()[6], eeg.contests()[-1]):
        assert "pyriemann is not installed" in hold(contest, 1).reason


def test_peers_are_measured_on_request_only():
    bench = job.measure(["eeg", "spd"], 1, against_peers=False)
    assert {r.reason for r in bench.results} == {job.PEER_REASON}


def test_every_host_kernel_has_rows():
    registered = {n for n, r in CAPABILITIES.items() if ("numba", "numpy") in r.kernels}
    assert {c.name for c in kernels.contests()} == registered
    assert registered <= set(kernels.INPUTS)


def test_dispatch_row_leaves_the_table_as_it_was():
    before = dict(CAPABILITIES)
    result = overhead.dispatch(1)
    assert before == CAPABILITIES
    assert "µs a call" in result.note


def test_goal_is_judged_by_the_ratio():
    rows = [
        Result("s", "n", "1", "p", "ok", ratio=quotient, goal=4.0)
        for quotient in (4.0, 3.9)
    ]
    goals = [cells[5] for cells in job.table(rows).cells]
    assert goals == ["4x, met", "4x, missed"]


def test_files_hold_date_machine_and_versions(tmp_path):
    bench = job.measure(["eeg"], 1, against_peers=False)
    job.write_files(bench, tmp_path)
    values = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    text = (tmp_path / "bench.md").read_text(encoding="utf-8")
    assert values["environment"]["versions"]["numpy"] in text
    assert moment(values["environment"]["date"]) in text
    assert len(values["results"]) == len(eeg.contests())
