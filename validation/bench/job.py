"""The job of `geomsci bench`: hold the contests and write the two files."""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from geomsci.validation.bench import overhead
from geomsci.validation.bench.contest import OK, Contest, Result, hold
from geomsci.validation.environment import environment
from geomsci.validation.job import JobError, progress
from geomsci.validation.report_markdown import aligned, markdown_table
from geomsci.validation.suites import CASE_SEED
from geomsci.validation.tables import Table
from geomsci.validation.wording import duration, moment, number, ratio

FORMAT = "geomsci benchmark"
FORMAT_VERSION = 1
SUITES = (
    "eeg",
    "spd",
    "fisher",
    "sampling",
    "embedding",
    "entropic",
    "kernels",
    "overhead",
)
PEER_SUITES = ("eeg", "spd", "fisher", "sampling")
PEER_REASON = "other libraries are measured with --against-peers"


@dataclasses.dataclass(frozen=True)
class Bench:
    """Everything that one run measured."""

    environment: Mapping[str, Any]
    results: tuple[Result, ...]

    def as_json(self) -> dict[str, Any]:
        """The run as plain values."""
        return {
            "format": FORMAT,
            "format_version": FORMAT_VERSION,
            "environment": dict(self.environment),
            "results": [result.as_json() for result in self.results],
        }


def check(suites: Sequence[str], repeats: int) -> None:
    """Raise `JobError` for arguments that cannot be honoured."""
    for name in suites:
        if name not in SUITES:
            raise JobError(f"suite must be one of {', '.join(SUITES)}, got {name!r}.")
    if repeats < 1:
        raise JobError(f"--repeats must be at least 1, got {repeats}.")


def _contests(suite: str) -> list[Contest]:
    """The contests of a suite; its module is imported only when it is measured."""
    if suite == "eeg":
        from geomsci.validation.bench import eeg

        return eeg.contests()
    if suite == "spd":
        from geomsci.validation.bench import spd

        return spd.contests()
    if suite == "fisher":
        from geomsci.validation.bench import fisher

        return fisher.contests()
    if suite == "sampling":
        from geomsci.validation.bench import sampling

        return sampling.contests()
    from geomsci.validation.bench import kernels

    return kernels.contests()


def measure(
    suites: Sequence[str], repeats: int, against_peers: bool, full: bool = False
) -> Bench:
    """Hold the contests of the suites, all of them if none is named.

    ``full`` adds the rows that take minutes each.
    """
    about = environment({"cases": CASE_SEED})
    jobs: list[tuple[str, Callable[[], list[Result]]]] = []
    for suite in suites or SUITES:
        if suite == "overhead":
            jobs.append((suite, lambda: overhead.results(repeats)))
            continue
        if suite in PROCESSES:
            jobs += _processes(suite, repeats, against_peers, full)
            continue
        for contest in _contests(suite):
            jobs.append((contest.name, _job(contest, repeats, against_peers)))
        if suite in ALONE:
            jobs.append((f"{suite}, alone", functools.partial(ALONE[suite], repeats)))
    found: list[Result] = []
    with progress(len(jobs), "bench") as advance:
        for name, job in jobs:
            advance(name)
            found += job()
    return Bench(about, tuple(found))


def _job(
    contest: Contest, repeats: int, against_peers: bool
) -> Callable[[], list[Result]]:
    if contest.suite in PEER_SUITES and not against_peers:
        row = Result(
            contest.suite,
            contest.name,
            contest.size,
            contest.peer,
            "skipped",
            PEER_REASON,
            goal=contest.goal,
        )
        return lambda: [row]
    return lambda: [hold(contest, repeats)]


PROCESSES = ("embedding", "entropic")
"""Suites whose sides run in processes of their own."""


def _processes(
    suite: str, repeats: int, against_peers: bool, full: bool
) -> list[tuple[str, Callable[[], list[Result]]]]:
    """Jobs of a suite of `PROCESSES`."""
    if not against_peers:
        row = Result(suite, "all rows", "", "", "skipped", PEER_REASON)
        return [(suite, lambda: [row])]
    if suite == "entropic":
        from geomsci.validation.bench import entropic

        return entropic.jobs(repeats, full)
    from geomsci.validation.bench import embedding

    return embedding.jobs(repeats, full)


def _fisher_times(repeats: int) -> list[Result]:
    from geomsci.validation.bench import fisher

    return fisher.times(repeats)


def _sampling_times(repeats: int) -> list[Result]:
    from geomsci.validation.bench import sampling

    return sampling.times(repeats)


ALONE: dict[str, Callable[[int], list[Result]]] = {
    "fisher": _fisher_times,
    "sampling": _sampling_times,
}
"""Rows of a suite that need no peer."""


def _verdict(r: Result) -> str:
    if r.goal is None or r.ratio is None:
        return "" if r.goal is None else f"{ratio(r.goal)}"
    return f"{ratio(r.goal)}, {'met' if r.ratio >= r.goal else 'missed'}"


def table(results: Sequence[Result]) -> Table:
    """The measured rows; a ratio above one means that geomsci is faster."""
    header = ("what", "size", "geomsci", "other", "ratio", "goal", "apart", "against")
    cells = tuple(
        (
            r.name,
            r.size,
            duration(r.ours_median),
            duration(r.theirs_median),
            ratio(r.ratio),
            _verdict(r),
            number(r.difference),
            "; ".join(x for x in (r.peer, r.reason, r.note) if x),
        )
        for r in results
    )
    return Table(header, cells, numeric=(2, 3, 4, 6))


def markdown(bench: Bench) -> str:
    """The tables as they stand in the documentation, with machine, versions, date."""
    e = bench.environment
    versions = ", ".join(f"{k} {v}" for k, v in e["versions"].items() if v)
    threads = ", ".join(f"{k}={v}" for k, v in e["threads"].items() if v)
    lines = [
        "# Benchmark of geomsci",
        "",
        f"geomsci {e['geomsci']} on Python {e['python']}, {moment(e['date'])}.",
        "",
        f"{e['cpu']}, {e['cores']} cores, GPU {e['gpu']}; "
        f"{', '.join(e['linear_algebra'])}; {threads or 'no thread variable set'}; "
        f"load at the start {number(e['load_at_start'])}.",
        "",
        f"{versions}.",
        "",
        "Both sides run in turns on the same input, after a first run that is not "
        "counted; times are medians. A ratio above 1 means that geomsci is faster. "
        "Apart is the relative distance of the two results.",
        "",
    ]
    for suite in dict.fromkeys(r.suite for r in bench.results):
        mine = [r for r in bench.results if r.suite == suite]
        lines += [f"## {suite}", "", *markdown_table(table(mine))]
    return "\n".join(lines)


def write_files(bench: Bench, out: pathlib.Path) -> str:
    """Write both files; returns the table for the terminal."""
    text = json.dumps(bench.as_json(), indent=1, ensure_ascii=False)
    (out / "bench.json").write_text(text + "\n", encoding="utf-8")
    (out / "bench.md").write_text(markdown(bench), encoding="utf-8")
    measured = sum(r.status == OK for r in bench.results)
    lines = aligned(table(bench.results))
    return "\n".join([*lines, f"{measured} of {len(bench.results)} rows measured."])
