"""What the library itself costs: one dispatched call, and the import."""

from __future__ import annotations

import statistics
import subprocess
import sys
from typing import Any

import numpy as np

from geomsci.backends import public, run
from geomsci.backends.capabilities import CAPABILITIES, Capability
from geomsci.validation.bench.contest import OK, SKIPPED, Result
from geomsci.validation.measure import seconds

DISPATCH_GOAL = 10e-6
IMPORT_GOAL = 1.5
CALLS = 2000
ROW = "bench.nothing"

OURS_IMPORT = "import geomsci"
BARE_IMPORT = "import numpy, array_api_compat, array_api_extra"


def nothing(x: Any) -> Any:
    """What the dispatched call ends in."""
    return x


def dispatch(repeats: int) -> Result:
    """Seconds that `public` and `run` add to a call, the plain call beside it."""
    CAPABILITIES[ROW] = Capability(reference=f"{__name__}:nothing")
    try:
        call = public(ROW)(lambda x: run(ROW, x))
        x = np.zeros(3)

        def loop(function: Any) -> float:
            def job() -> None:
                for _ in range(CALLS):
                    function(x)

            return seconds(job) / CALLS

        loop(call)
        ours, plain = [], []
        for _ in range(repeats):
            ours.append(loop(call))
            plain.append(loop(nothing))
    finally:
        del CAPABILITIES[ROW]
    cost = statistics.median(ours) - statistics.median(plain)
    met = "met" if cost <= DISPATCH_GOAL else "missed"
    return Result(
        "overhead",
        "one dispatched call",
        f"{CALLS} calls",
        "the plain call",
        OK,
        ours_median=statistics.median(ours),
        theirs_median=statistics.median(plain),
        ours_min=min(ours),
        theirs_min=min(plain),
        turns=repeats,
        note=f"dispatch adds {cost * 1e6:.2f} µs a call; goal 10 µs: {met}",
    )


def _import_seconds(statement: str) -> float:
    """Seconds that a fresh interpreter spends in the statement."""
    code = (
        "import time; start = time.perf_counter(); "
        f"{statement}; print(time.perf_counter() - start)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])


def import_time(repeats: int) -> Result:
    """Import of geomsci against that of the libraries it needs at import."""
    row = Result("overhead", "import geomsci", "fresh process", BARE_IMPORT, SKIPPED)
    ours, bare = [], []
    try:
        for turn in range(repeats + 1):
            mine, other = _import_seconds(OURS_IMPORT), _import_seconds(BARE_IMPORT)
            if turn:  # the first turn only warms the file cache
                ours.append(mine)
                bare.append(other)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = f"a fresh interpreter could not import: {error}"
        return Result(row.suite, row.name, row.size, row.peer, SKIPPED, reason)
    quotient = statistics.median(ours) / statistics.median(bare)
    met = "met" if quotient <= IMPORT_GOAL else "missed"
    return Result(
        row.suite,
        row.name,
        row.size,
        row.peer,
        OK,
        ours_median=statistics.median(ours),
        theirs_median=statistics.median(bare),
        ours_min=min(ours),
        theirs_min=min(bare),
        ratio=1 / quotient,
        turns=len(ours),
        note=f"{quotient:.2f} times as long; goal {IMPORT_GOAL}: {met}",
    )


def results(repeats: int) -> list[Result]:
    """The rows of this suite; they need no peer."""
    return [dispatch(repeats), import_time(repeats)]
