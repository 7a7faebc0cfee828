"""Cosmic-web classification against PyCosmoMMF and a plain NumPy pipeline.

Every measurement is a process of its own (`entropic_run`), which tells seconds without
imports and peak memory. The sides take turns on the same field of single precision:
one scale of 2.5 cells, everything from smoothing to a class a voxel. PyCosmoMMF
compiles its kernel at every call, which its time includes, as its users' does; a side
whose first run is long runs once.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import statistics
from collections.abc import Callable, Mapping
from typing import Any

from geomsci.validation.bench.contest import OK, SKIPPED, Result
from geomsci.validation.bench.embedding import LONG, Failed, run
from geomsci.validation.bench.entropic_run import N_PLACES, SCALE
from geomsci.validation.cases.entropic_fields import GALAXIES, find
from geomsci.validation.environment import version_of
from geomsci.validation.wording import duration
from geomsci.validation.wording import size as bytes_in_words

MODULE = "entropic_run"
LIMIT = 900.0
SIZES = (128, 256)
LARGE = 512
ALONE = "no other program"
GIB = 2.0**30
PEER = "pycosmommf"

SECONDS_ALLOWED = {128: 0.5}
BYTES_ALLOWED = {256: 1.1 * GIB, LARGE: 3.0 * GIB}
CATALOGUE_SECONDS = 10.0
RATIO = {("pycosmommf", 256): 10.0}


@dataclasses.dataclass(frozen=True)
class Peer:
    """Another program, or none at all, and how it is told in a row."""

    method: str
    remark: str

    @property
    def label(self) -> str:
        """Name, version and how it was driven."""
        if self.method == "numpy":
            return f"numpy {version_of('numpy')}, {self.remark}"
        return f"{PEER} {version_of(PEER) or ''}".strip() + f", {self.remark}"

    @property
    def reason(self) -> str:
        """Why it cannot run here, ``""`` if it can."""
        if self.method == "numpy" or importlib.util.find_spec(PEER) is not None:
            return ""
        return f"{PEER} is not installed: install it to compare with it"


PEERS = (
    Peer("pycosmommf", "NEXUS+"),
    Peer("nexus", "NEXUS"),
    Peer("numpy", "fftn and eigvalsh"),
)
OURS = Peer("geomsci", "")


@dataclasses.dataclass
class Side:
    """What the turns of one method gave."""

    seconds: list[float] = dataclasses.field(default_factory=list)
    peak: int = 0
    reason: str = ""

    def turn(self, request: Mapping[str, Any]) -> None:
        """One more run, unless it failed before or lasts long."""
        if self.reason or (self.seconds and self.seconds[0] > LONG):
            return
        try:
            found = run(request, LIMIT, MODULE)
        except Failed as error:
            self.reason = str(error)
            return
        self.seconds.append(float(found["seconds"]))
        self.peak = max(self.peak, int(found["peak"]))


def allowed(
    name: str, size: str, value: float, limit: float, told: str, turns: int
) -> Result:
    """A row of what may be used over what was used."""
    return Result(
        "entropic",
        name,
        size,
        ALONE,
        OK,
        ratio=limit / value,
        goal=1.0,
        turns=turns,
        note=told,
    )


def _own_rows(n: int, ours: Side) -> list[Result]:
    """Seconds and bytes of ours alone, where the project states a limit."""
    size = f"{n}³"
    found: list[Result] = []
    if not ours.seconds:
        return found
    middle = statistics.median(ours.seconds)
    told = f"took {duration(middle)}, {bytes_in_words(ours.peak)}"
    if n in SECONDS_ALLOWED:
        limit = SECONDS_ALLOWED[n]
        row = allowed("time allowed for one scale", size, middle, limit, told,
                      len(ours.seconds))  # fmt: skip
        found.append(dataclasses.replace(row, ours_median=middle, theirs_median=limit))
    if n in BYTES_ALLOWED:
        found.append(
            allowed("memory allowed for one scale", size, float(ours.peak),
                    BYTES_ALLOWED[n], told, len(ours.seconds))
        )  # fmt: skip
    return found


def grid(n: int, repeats: int) -> list[Result]:
    """All programs on one field."""
    sides = {peer: Side(reason=peer.reason) for peer in PEERS}
    ours = Side()
    for _ in range(repeats):
        for peer, side in [(OURS, ours), *sides.items()]:
            side.turn({"what": "grid", "method": peer.method, "n": n})
    found, size = _own_rows(n, ours), f"{n}³, R = {SCALE:g} cells"
    for peer, side in sides.items():
        row = Result("entropic", "smooth, Hessian, eigenvalues, classes", size,
                     peer.label, SKIPPED, goal=RATIO.get((peer.method, n)))  # fmt: skip
        if not side.seconds or not ours.seconds:
            reason = side.reason or ours.reason
            found.append(dataclasses.replace(row, reason=reason))
            continue
        mine, other = statistics.median(ours.seconds), statistics.median(side.seconds)
        found.append(
            dataclasses.replace(
                row,
                status=OK,
                ours_median=mine,
                theirs_median=other,
                ours_min=min(ours.seconds),
                theirs_min=min(side.seconds),
                ratio=other / mine,
                turns=len(side.seconds),
                note=f"peak memory: ours {bytes_in_words(ours.peak)}, theirs "
                f"{bytes_in_words(side.peak)}",
            )
        )
    return found


def large(repeats: int) -> list[Result]:
    """The largest grid, which nobody else is asked for."""
    ours = Side()
    ours.turn({"what": "grid", "method": "geomsci", "n": LARGE})
    if ours.reason:
        return [Result("entropic", "memory allowed for one scale", f"{LARGE}³", ALONE,
                       SKIPPED, ours.reason)]  # fmt: skip
    return _own_rows(LARGE, ours)


def classes(n: int) -> list[Result]:
    """Voxels on which our classes are theirs."""
    peer = PEERS[1]
    row = Result("entropic", "classes, voxel by voxel", f"{n}³", peer.label, SKIPPED)
    try:
        request = {"what": "classes", "n": n, "peer": not peer.reason}
        found = run(request, LIMIT, MODULE)
    except Failed as error:
        return [dataclasses.replace(row, reason=str(error))]
    plain = dataclasses.replace(
        row,
        peer=PEERS[2].label,
        status=OK,
        difference=1 - min(found["numpy"], found["numpy, N = 4"]),
        note=f"same class: {100 * found['numpy']:.4f} % (N infinite), "
        f"{100 * found['numpy, N = 4']:.4f} % (N = 4)",
    )
    if peer.reason:
        return [plain, dataclasses.replace(row, reason=peer.reason)]
    names = ("clusters", "filaments", "walls")
    told = ", ".join(f"{name} {100 * found[name]:.4f} %" for name in names)
    theirs = dataclasses.replace(
        row,
        status=OK,
        difference=1 - min(found[name] for name in names),
        note=f"consistent with the plain Hessian, N = 4: {told}",
    )
    return [plain, theirs]


def catalogue(repeats: int) -> list[Result]:
    """The gridless route at many places."""
    path = find(None, GALAXIES)
    ours = Side()
    request = {
        "what": "catalogue",
        "path": str(path) if path else "",
        "places": N_PLACES,
    }
    for _ in range(repeats):
        ours.turn(request)
    name = "time allowed for a catalogue"
    if not ours.seconds:
        return [Result("entropic", name, "", ALONE, SKIPPED, ours.reason)]
    middle = statistics.median(ours.seconds)
    source = "2MRS" if path else "mock galaxies"
    size = f"{N_PLACES:,} places, {source}, R = 5 Mpc/h"
    row = allowed(name, size, middle, CATALOGUE_SECONDS,
                  f"took {duration(middle)}, {bytes_in_words(ours.peak)}",
                  len(ours.seconds))  # fmt: skip
    return [
        dataclasses.replace(row, ours_median=middle, theirs_median=CATALOGUE_SECONDS)
    ]


def jobs(repeats: int, full: bool) -> list[tuple[str, Callable[[], list[Result]]]]:
    """Named jobs; with ``full`` also the largest grid."""
    repeats = min(repeats, 3)
    found: list[tuple[str, Callable[[], list[Result]]]] = [
        (f"cosmic web, {n}³", functools.partial(grid, n, repeats)) for n in SIZES
    ]
    found += [
        ("classes", functools.partial(classes, 64)),
        ("catalogue", functools.partial(catalogue, repeats)),
    ]
    return found + ([("512³", functools.partial(large, repeats))] if full else [])
