"""(viii) Surveys: mock spheres with and without randoms, and the 2MRS table."""

from __future__ import annotations

import functools
import math
import pathlib

import numpy as np

from geomsci import entropic
from geomsci.validation.cases import entropic_fields as fields
from geomsci.validation.cases.entropic_fields import Watch, measured
from geomsci.validation.rows import Row
from geomsci.validation.scores import Score
from geomsci.validation.suites import CASE_SEED, CaseUnavailable, Experiment

Found = tuple[list[Score], list[Row]]
RADIUS, EDGE, DEPTH, SCALE = 100.0, 92.0, 70.0, 8.0
N_MOCKS, N_MOCKS_QUICK = 20, 4
N_GRID, BOX = 64, 256.0
DENSITY = 0.08
"""Galaxies in (Mpc/h)^3 at the observer; a quarter of it at the edge."""

N_RANDOMS = 10
"""For each galaxy."""

BIAS = 0.05
"""Largest mean bias, in standard deviations of the true trace in the shell."""

GALAXIES = 44_572


def _selection(r: np.ndarray) -> np.ndarray:
    return np.where(r < RADIUS, np.exp(-r / DEPTH), 0.0)


def _drawn(mean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Poisson points: their number a cell, uniform in it, thinned by the selection."""
    H = BOX / N_GRID
    counts = rng.poisson(mean.reshape(-1))
    cells = np.repeat(np.arange(mean.size), counts)
    corner = fields.cell_centres(N_GRID, BOX, cells) - 0.5 * H
    x = corner + H * rng.uniform(size=corner.shape) - 0.5 * BOX
    r = np.linalg.norm(x, axis=1)
    return x[rng.uniform(size=len(x)) < _selection(r)]


def _density(rng: np.random.Generator, spectrum_of: str) -> np.ndarray:
    """A lognormal density of mean one in its box."""
    rho = np.asarray(
        entropic.lognormal_field(
            fields.spectrum, N_GRID, BOX, rng=rng, spectrum_of=spectrum_of
        )
    )
    return rho / rho.mean()


def mock(seed: int, number: int, spectrum_of: str = "density") -> tuple[float, float]:
    """Mean bias of tr K with randoms and without, in sigma of the true trace."""
    rng = np.random.default_rng(seed)
    rho = _density(rng, spectrum_of)
    volume = (BOX / N_GRID) ** 3
    data = _drawn(DENSITY * volume * rho, rng)
    randoms = _drawn(np.full(rho.shape, N_RANDOMS * DENSITY * volume), rng)
    places = fields.cell_centres(N_GRID, BOX, np.arange(rho.size)) - 0.5 * BOX
    r = np.linalg.norm(places, axis=1)
    shell = rng.permutation(np.flatnonzero((r > EDGE) & (r < RADIUS)))[:number]
    K = np.asarray(entropic.log_density_hessian(rho, SCALE, BOX))
    true = fields.trace(K).reshape(-1)[shell]
    x = places[shell]
    raw, relative = (
        np.trace(np.asarray(found), axis1=1, axis2=2)
        for found in (
            entropic.catalogue_curvature(x, data, SCALE),
            entropic.survey_curvature(x, data, randoms, SCALE),
        )
    )
    sigma = float(true.std())
    return float((relative - true).mean()) / sigma, float((raw - true).mean()) / sigma


def spheres(quick: bool) -> Found:
    """(viii) The bias at the edge: mocks of the spectrum in either of its meanings.

    The statement does not say which. Lognormal mocks of a wanted correlation give the
    density the spectrum (Coles, Jones 1991); others give it to the logarithm, which
    makes the density more strongly clustered.
    """
    return [], [*_spheres(quick, "density"), *_spheres(quick, "logarithm")]


def _spheres(quick: bool, spectrum_of: str) -> list[Row]:
    """The bias averaged over mocks."""
    watch = Watch()
    number = N_MOCKS_QUICK if quick else N_MOCKS
    some = 500 if quick else 1000
    found = np.asarray(
        [mock(seed, some, spectrum_of) for seed in fields.seeds(2000, number)]
    )
    mean, error = found.mean(axis=0), found.std(axis=0, ddof=1) / math.sqrt(number)
    size = f"{number} spheres of {RADIUS:g} Mpc/h, P of the {spectrum_of}"
    notes = tuple(
        f"{name} {m:+.3f} ± {e:.3f} sigma"
        for name, m, e in zip(("with randoms", "without"), mean, error)
    )
    found_rows = [
        measured("(viii) bias at the edge with randoms", size, abs(float(mean[0])),
                 BIAS, unit="sigma of tr K", against="the whole field",
                 seconds=watch.seconds, notes=notes)
    ]  # fmt: skip
    if spectrum_of == "density":
        found_rows.append(
            measured("(viii) bias at the edge without randoms", size,
                     1.0 / abs(float(mean[1])), 1.0, unit="1 over sigma of tr K",
                     against="the whole field", seconds=watch.seconds,
                     notes=notes[1:])
        )  # fmt: skip
    return found_rows


def local_universe(path: pathlib.Path, quick: bool) -> Found:
    """The 2MRS table: rows read, and the sums over its galaxies by hand."""
    watch, R = Watch(), 5.0
    survey = entropic.read_2mrs(path)
    rows = len(survey.kept)
    rng = np.random.default_rng(CASE_SEED)
    some = rng.integers(0, len(survey), 20 if quick else 300)
    points = survey.positions[some]
    K = np.asarray(entropic.catalogue_curvature(points, survey.positions, R))
    exact = np.empty_like(K)
    for i, x in enumerate(points):  # a plain sum: every galaxy has its own weight
        D = survey.positions - x
        w = np.exp(-np.sum(D**2, axis=1) / (2 * R * R))
        m = w @ D / w.sum()
        C = (D * w[:, None]).T @ D / w.sum() - np.outer(m, m)
        exact[i] = (np.eye(3) - C / R**2) / R**2
    error = float(np.linalg.norm(K - exact) / np.linalg.norm(exact))
    classes = np.sum(np.linalg.eigvalsh(K) > 0, axis=-1)
    told = np.bincount(classes, minlength=4) / len(classes)
    return [], [
        measured("2MRS, rows of the table", path.name, abs(float(rows - GALAXIES)),
                 0.0, unit="galaxies", against="44,572", seconds=watch.seconds,
                 notes=(f"{survey.n_masked} masked for cz <= 0",)),
        measured("2MRS, curvature at galaxies", f"{len(points)} of {len(survey)}",
                 error, 1e-11, unit="relative", against="sums over all galaxies",
                 seconds=watch.seconds,
                 notes=(f"{100 * told[3]:.0f} % of them read as nodes: the survey is "
                        "flux-limited and has no weights here",)),
    ]  # fmt: skip


def _missing() -> Found:
    raise CaseUnavailable(
        f"{fields.GALAXIES} is not in the data folder: give it with --data."
    )


def experiments(quick: bool, data: pathlib.Path | None) -> list[Experiment]:
    """Mock spheres, and the galaxies where their table is."""
    path = fields.find(data, fields.GALAXIES)
    table = _missing if path is None else functools.partial(local_universe, path, quick)
    return [
        Experiment("(viii) mock spheres", functools.partial(spheres, quick)),
        Experiment("2MRS", table),
    ]
