"""Embeddings against HeatGeo, PHATE, UMAP, Isomap and others, on known geodesics.

Every measurement is a process of its own (`embedding_run`), which tells seconds without
imports, peak memory, and how well distances of the picture follow true geodesics. The
methods take turns on the same points, each with its own defaults; neighbours are 10
where a method has no default for manifolds. A peer whose first run is long runs once.
A method that would need more than half of the memory, or that ran into the time limit
at a smaller size, is a row that says so.

HeatGeo 0.0.1 pins old versions of NumPy and scikit-learn: ``pip install --no-deps
heatgeo`` beside graphtools, PyGSP, s_gd2, kneed and tasklogger runs with new ones.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import geomsci
from geomsci.validation.bench.contest import OK, SKIPPED, Result
from geomsci.validation.cases.embedding_geodesics import (
    NOISY_ROLLS,
    ROLLS,
    TREES,
    Shape,
)
from geomsci.validation.environment import version_of
from geomsci.validation.wording import duration
from geomsci.validation.wording import size as bytes_in_words

LOW = Shape("roll", 10, 0.1)
NOISY = Shape("roll", 50, 0.5)
BRANCHES = Shape("tree", 10, 1.0)
THREE = Shape("roll", 3, 0.1)

SIZES = {LOW: (1000, 3000, 10_000), NOISY: (3000,), BRANCHES: (1500,)}
LARGE = {THREE: (1000, 10_000, 100_000, 1_000_000), NOISY: (100_000,)}
SEED = 201
TABLE = tuple(s for s in ROLLS if s.width == 5.0) + NOISY_ROLLS + TREES
TABLE_SEEDS = (106, 107, 108)
"""They served for no choice in the method."""

TABLE_SAMPLES = 1500
NEAR_TIE = 0.003
LIMIT = 300.0
"""Seconds of one run, without its start."""

LARGE_LIMIT = 1800.0
LONG = 20.0
"""A run that took longer is not repeated."""

SECONDS_GOALS = {(THREE, 1_000_000): 30.0, (NOISY, 100_000): 60.0}
MEMORY_GOALS = {(THREE, 1_000_000): 1.5e9}


@dataclasses.dataclass(frozen=True)
class Peer:
    """A method, the module that it needs, and its memory for n points."""

    method: str
    module: str
    distribution: str
    remark: str = ""
    squares: float = 0.0
    """Matrices of n x n doubles that it holds, as measured; 0 for linear memory."""

    @property
    def label(self) -> str:
        version = version_of(self.distribution) or ""
        return f"{self.distribution} {version}".strip() + self.remark


PEERS = (
    Peer("heatgeo", "heatgeo", "heatgeo", ", tau = 50", 9.0),
    Peer("phate", "phate", "phate"),
    Peer("umap", "umap", "umap-learn"),
    Peer("isomap", "sklearn", "scikit-learn", ", Isomap", 3.0),
    Peer("spectral", "sklearn", "scikit-learn", ", SpectralEmbedding"),
    Peer("diffusion", "geomsci", "geomsci", ", DiffusionMap", 4.0),
    Peer("opentsne", "openTSNE", "openTSNE"),
    Peer("pacmap", "pacmap", "pacmap"),
)
OURS = Peer("geomsci", "geomsci", "geomsci")
DATA = {"digits": "", "pbmc68k_reduced": "scanpy"}


class Failed(Exception):
    """A run without a result; the message says why."""


def run(
    request: Mapping[str, Any], limit: float, module: str = "embedding_run"
) -> dict[str, Any]:
    """Result of one request in a process of its own, which runs a module beside this.

    Raises
    ------
    Failed
        After ``limit`` seconds, or if the process ends without a result.
    """
    environment = dict(os.environ)
    root = str(pathlib.Path(geomsci.__file__).resolve().parents[1])
    paths = [root, environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(p for p in paths if p)
    command = [sys.executable, "-W", "ignore", "-m"]
    command += [f"geomsci.validation.bench.{module}", json.dumps(request)]
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=limit
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"stopped after {duration(limit)}") from error
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit {done.returncode}"]
        raise Failed(f"the run failed: {last[0]}")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def reason_to_skip(peer: Peer, n: int) -> str:
    """Why a peer is not run at this size, ``""`` if it is."""
    if importlib.util.find_spec(peer.module) is None:
        return f"{peer.distribution} is not installed: install it to compare with it"
    needed = peer.squares * 8.0 * n**2
    have = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")
    if needed > have / 2:
        return (
            f"it would hold {bytes_in_words(int(needed))} of matrices, and "
            f"{bytes_in_words(have)} are free"
        )
    return ""


def _quality(found: Mapping[str, Any]) -> str:
    return (
        f"{found['pearson']:.4f} / {found['spearman']:.4f}, "
        f"{bytes_in_words(found['peak'])}"
    )


def _accuracy(found: Mapping[str, Any]) -> str:
    return f"{found['homogeneity']:.3f}/{found['ari']:.3f}/{found['ami']:.3f}"


@dataclasses.dataclass
class Side:
    """What the turns of one method gave."""

    seconds: list[float] = dataclasses.field(default_factory=list)
    last: dict[str, Any] = dataclasses.field(default_factory=dict)
    reason: str = ""

    @property
    def over(self) -> bool:
        """True if it is not run again."""
        return bool(self.reason or (self.seconds and self.seconds[0] > LONG))

    def turn(self, request: Mapping[str, Any], limit: float) -> None:
        if self.over:
            return
        try:
            self.last = run(request, limit)
            self.seconds.append(float(self.last["seconds"]))
        except Failed as error:
            self.reason = str(error)


def turns(
    request: Mapping[str, Any], n: int, peers: tuple[Peer, ...], repeats: int,
    limit: float,
) -> dict[Peer, Side]:  # fmt: skip
    """All methods on one input, one run each, ``repeats`` times."""
    sides = {peer: Side(reason=reason_to_skip(peer, n)) for peer in (OURS, *peers)}
    for _ in range(repeats):
        for peer, side in sides.items():
            side.turn({**request, "method": peer.method}, limit)
    return sides


def _result(
    name: str, size: str, peer: Peer, ours: Side, theirs: Side, note: str
) -> Result:
    row = Result("embedding", name, size, peer.label, SKIPPED)
    mine = statistics.median(ours.seconds) if ours.seconds else None
    row = dataclasses.replace(
        row, ours_median=mine, ours_min=min(ours.seconds, default=None)
    )
    if not ours.seconds or not theirs.seconds:
        return dataclasses.replace(row, reason=theirs.reason or ours.reason, note=note)
    other = statistics.median(theirs.seconds)
    return dataclasses.replace(
        row,
        status=OK,
        theirs_median=other,
        theirs_min=min(theirs.seconds),
        ratio=other / mine if mine else None,
        turns=len(theirs.seconds),
        note=note,
    )


def _rows(
    name: str, size: str, sides: Mapping[Peer, Side], words: str, told: Any
) -> list[Result]:
    ours = sides[OURS]
    mine = told(ours.last) if ours.last else ours.reason
    found = []
    for peer, theirs in sides.items():
        if peer is OURS:
            continue
        note = f"{words}: ours {mine}"
        if theirs.last:
            note += f"; theirs {told(theirs.last)}"
        found.append(_result(name, size, peer, ours, theirs, note))
    return found


def geodesics(shape: Shape, n: int, repeats: int, limit: float) -> list[Result]:
    """All methods on one roll or tree."""
    request = {
        "what": "geodesics",
        "shape": dataclasses.asdict(shape),
        "n": n,
        "seed": SEED,
    }
    sides = turns(request, n, PEERS, repeats, limit)
    words = "Pearson / Spearman with geodesics, peak memory"
    found = _rows(f"embedding of a {shape.name}", f"n = {n}", sides, words, _quality)
    return found + _goals(shape, n, sides[OURS])


def _goals(shape: Shape, n: int, ours: Side) -> list[Result]:
    """Seconds and bytes that the project allows, over those that it took."""
    found = []
    key = (shape, n)
    for what, goals, unit in (
        ("seconds", SECONDS_GOALS, "time allowed"),
        ("peak", MEMORY_GOALS, "memory allowed"),
    ):
        if key not in goals or not ours.last:
            continue
        value = float(ours.last[what])
        told = duration(value) if what == "seconds" else bytes_in_words(int(value))
        row = Result(
            "embedding",
            f"{unit} for a {shape.name}",
            f"n = {n}",
            "no other program",
            OK,
            ratio=goals[key] / value,
            goal=1.0,
            turns=len(ours.seconds),
            note=f"took {told}; {_quality(ours.last)}",
        )
        if what == "seconds":
            row = dataclasses.replace(row, ours_median=value, theirs_median=goals[key])
        found.append(row)
    return found


def clusterings(data: str) -> list[Result]:
    """KMeans on the pictures of labelled points, whoever wins."""
    name, size = f"clusters of {data}", "2-D, KMeans, 5 seeds"
    needed = DATA[data]
    if needed and importlib.util.find_spec(needed) is None:
        reason = f"{needed} is not installed: install it for its packaged cells"
        return [
            Result("embedding", name, size, peer.label, SKIPPED, reason)
            for peer in PEERS
        ]
    request = {"what": "clustering", "data": data}
    sides = turns(request, 2000, PEERS, 1, LIMIT)
    words = "homogeneity / ARI / AMI"
    return _rows(name, size, sides, words, _accuracy)


def table_row(shape: Shape, seed: int) -> Result:
    """Distances against the best of four runs of HeatGeo; a near-tie is no loss."""
    request = {
        "what": "distances",
        "shape": dataclasses.asdict(shape),
        "n": TABLE_SAMPLES,
        "seed": seed,
    }
    peer = PEERS[0]
    sides = turns(request, TABLE_SAMPLES, (peer,), 1, LIMIT)
    ours, theirs = sides[OURS], sides[peer]
    name = f"rows of distances, {shape.name}"
    row = _result(name, f"n = {TABLE_SAMPLES}, seed {seed}", peer, ours, theirs, "")
    row = dataclasses.replace(
        row, peer=f"heatgeo {version_of('heatgeo') or ''}, best of four runs"
    )
    if row.status != OK:
        return row
    (mine,) = ours.last["pearson_by_row"].values()
    which, best = max(theirs.last["pearson_by_row"].items(), key=lambda item: item[1])
    told = (
        "ahead" if mine >= best else "near tie" if mine >= best - NEAR_TIE else "loss"
    )
    note = f"Pearson by row: ours {mine:.4f}, theirs {best:.4f} ({which}): {told}"
    return dataclasses.replace(row, note=note)


def jobs(repeats: int, full: bool) -> list[tuple[str, Callable[[], list[Result]]]]:
    """Named jobs: sizes up to 10,000, and with ``full`` a million and the table."""
    repeats = min(repeats, 3)
    sizes = [(s, n, repeats, LIMIT) for s, some in SIZES.items() for n in some]
    if full:
        sizes += [(s, n, 1, LARGE_LIMIT) for s, some in LARGE.items() for n in some]
    found: list[tuple[str, Callable[[], list[Result]]]] = [
        (f"{each[0].name}, n = {each[1]}", functools.partial(geodesics, *each))
        for each in sizes
    ]
    found += [(data, functools.partial(clusterings, data)) for data in DATA]
    for shape in TABLE if full else TABLE[::5]:
        for seed in TABLE_SEEDS if full else TABLE_SEEDS[:1]:
            job = functools.partial(_alone, shape, seed)
            found.append((f"distances, {shape.name}, seed {seed}", job))
    return found


def _alone(shape: Shape, seed: int) -> list[Result]:
    return [table_row(shape, seed)]
