"""Two programs on the same input, in turns.

A machine's speed drifts with its temperature and its other work. So the sides take
turns, one run each, after a first run of both that is not counted (compilation,
caches); medians are compared. A contest also says how far the two results are apart:
a faster wrong answer would win nothing.
"""

from __future__ import annotations

import dataclasses
import statistics
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from geomsci.backends import BackendUnavailable, use_backend
from geomsci.validation.measure import seconds
from geomsci.validation.suites import CaseUnavailable
from geomsci.validation.variants import home

OK, SKIPPED = "ok", "skipped"
TIME_LIMIT = 30.0
"""Seconds after which a contest stops early, three turns at the least."""

LEAST_TURNS = 3

Job = Callable[[], Any]


@dataclasses.dataclass(frozen=True)
class Contest:
    """What to measure.

    Attributes
    ----------
    suite, name, size : str
        Identify the row.
    ours, theirs : callable
        Prepare the input and return the job that is timed; `CaseUnavailable` and
        `BackendUnavailable` make a skipped row.
    peer : str
        Who the other side is.
    goal : float or None
        Ratio that the project wants, None where it states none.
    """

    suite: str
    name: str
    size: str
    ours: Callable[[], Job]
    theirs: Callable[[], Job]
    peer: str
    goal: float | None = None


@dataclasses.dataclass(frozen=True)
class Result:
    """What was measured; ``ratio`` is the other side's median over ours."""

    suite: str
    name: str
    size: str
    peer: str
    status: str
    reason: str = ""
    ours_median: float | None = None
    theirs_median: float | None = None
    ours_min: float | None = None
    theirs_min: float | None = None
    ratio: float | None = None
    goal: float | None = None
    turns: int = 0
    difference: float | None = None
    calls: Mapping[str, int] = dataclasses.field(default_factory=dict)
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """The result as plain values."""
        return dataclasses.asdict(self)


def difference(ours: Any, theirs: Any) -> float | None:
    """Relative distance of two numerical results, None where that has no meaning."""
    if ours is None or theirs is None:
        return None
    a, b = home(ours), home(theirs)
    if a.shape != b.shape or a.dtype.kind not in "fc" or b.dtype.kind not in "fc":
        return None
    scale = float(np.linalg.norm(b))
    return float(np.linalg.norm(a - b)) / scale if scale else float(np.linalg.norm(a))


def in_turns(
    ours: Job, theirs: Job, repeats: int, limit: float = TIME_LIMIT
) -> tuple[list[float], list[float]]:
    """Seconds of ours, theirs, ours, theirs, ...; stops early after ``limit``."""
    mine: list[float] = []
    other: list[float] = []
    for turn in range(repeats):
        if turn >= LEAST_TURNS and sum(mine) + sum(other) > limit:
            break
        mine.append(seconds(ours))
        other.append(seconds(theirs))
    return mine, other


def hold(contest: Contest, repeats: int) -> Result:
    """Measure one contest; a side that cannot run gives a row that says why."""
    row = Result(
        contest.suite,
        contest.name,
        contest.size,
        contest.peer,
        SKIPPED,
        goal=contest.goal,
    )
    try:
        ours, theirs = contest.ours(), contest.theirs()
        with use_backend("auto") as record:
            first = ours()
        second = theirs()
    except (CaseUnavailable, BackendUnavailable, NotImplementedError) as error:
        return dataclasses.replace(row, reason=str(error))
    mine, other = in_turns(ours, theirs, repeats)
    calls: dict[str, int] = {}
    for call in record.calls:
        key = f"{call.function} ({call.implementation})"
        calls[key] = calls.get(key, 0) + 1
    ours_median, theirs_median = statistics.median(mine), statistics.median(other)
    return dataclasses.replace(
        row,
        status=OK,
        ours_median=ours_median,
        theirs_median=theirs_median,
        ours_min=min(mine),
        theirs_min=min(other),
        ratio=theirs_median / ours_median,
        turns=len(mine),
        difference=difference(first, second),
        calls=calls,
    )
