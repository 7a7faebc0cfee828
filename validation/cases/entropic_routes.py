"""(vi) The catalogue's tensor and the grid's: apart by the images of the deposit alone.

A grid cannot tell a mode from its images. What these add to the tensor is predicted
here without the catalogue: from the mean of the same deposit over eight grids, each an
eighth of a cell further along the diagonal, in which the images (n_1, n_2, n_3) cancel
unless the sum of their numbers is a multiple of eight.
"""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from geomsci import entropic
from geomsci.validation.cases import entropic_fields as fields
from geomsci.validation.cases.entropic_fields import SPACING, Watch, measured, quiet
from geomsci.validation.cases.entropic_statements import box
from geomsci.validation.rows import Row
from geomsci.validation.scores import Score
from geomsci.validation.suites import CASE_SEED, Experiment

Found = tuple[list[Score], list[Row]]
N_SHIFTS = 8
MARGIN = 1.02
"""Images that stay in the mean, as (1, -1, 0), are a hundredth of the leading ones."""

STATED = 4e-4


class Apart(NamedTuple):
    """Relative rms of a grid's tensor from the catalogue's, and what images make."""

    measured: float
    predicted: float


def without_images(positions: np.ndarray, n: int, L: float) -> np.ndarray:
    """PCS mass on a grid, its modes averaged over shifts along the diagonal."""
    H = L / n
    k = 2 * np.pi * np.fft.fftfreq(n, H)
    half = 2 * np.pi * np.fft.rfftfreq(n, H)
    total = np.zeros((n, n, n // 2 + 1), dtype=complex)
    for shift in np.arange(N_SHIFTS) * (H / N_SHIFTS):
        mass = entropic.assign_mass((positions + shift) % L, n, L, "pcs")
        x, z = np.exp(1j * k * shift), np.exp(1j * half * shift)
        turn = x[:, None, None] * x[:, None] * z
        total += np.fft.rfftn(np.asarray(mass)) * turn
    return np.fft.irfftn(total / N_SHIFTS, s=(n, n, n), axes=(0, 1, 2))


def _tensor(mass: Any, R: float, L: float, cells: np.ndarray) -> np.ndarray:
    with quiet():
        K = np.asarray(entropic.log_density_hessian(mass, R, L, window="pcs"))
    return K.reshape(-1, 6)[cells]


class Places:
    """Cells of a grid with the catalogue's tensor there, and grids of its particles."""

    def __init__(self, positions: np.ndarray, L: float, n: int, number: int) -> None:
        self.positions, self.L, self.n = positions, L, n
        rng = np.random.default_rng(CASE_SEED)
        self.cells = rng.choice(n**3, min(number, n**3), replace=False)

    @functools.cached_property
    def clean(self) -> np.ndarray:
        return without_images(self.positions, self.n, self.L)

    def apart(self, R: float, *, interlaced: bool = False) -> Apart:
        """Error of the compensated grid, measured and predicted."""
        mass = entropic.assign_mass(
            self.positions, self.n, self.L, "pcs", interlaced=interlaced
        )
        grid = _tensor(mass, R, self.L, self.cells)
        clean = _tensor(self.clean, R, self.L, self.cells)
        places = fields.cell_centres(self.n, self.L, self.cells)
        exact = fields.packed(
            np.asarray(
                entropic.catalogue_curvature(places, self.positions, R, box_size=self.L)
            )
        )
        return Apart(fields.relative_rms(grid, exact), fields.relative_rms(grid, clean))


def routes(quick: bool, data: pathlib.Path | None) -> Found:
    """(vi) The two routes to the same tensor."""
    n, number = box(quick), 1000 if quick else 5000
    places, found = Places(fields.lpt_particles(n), SPACING * n, n, number), []
    size = f"{n}³, {number} cells"
    plain: dict[float, float] = {}
    for R, interlaced in ((2.0, False), (2.5, False), (2.0, True), (2.5, True)):
        watch = Watch()
        apart = places.apart(R * SPACING, interlaced=interlaced)
        note = f"the images of the deposit make {apart.predicted:.3e}"
        if R == 2.0 and not interlaced:
            note += (
                f"; stated {STATED:g}, which holds in some boxes only: images are no "
                "error of either route, and interlacing takes them away"
            )
        name = ", interlaced" if interlaced else ""
        found.append(
            measured(f"(vi) grid{name} against catalogue, 2LPT, R = {R:g} cells", size,
                     apart.measured, MARGIN * apart.predicted, unit="relative rms",
                     against="catalogue_curvature, 1.02 of the images",
                     seconds=watch.seconds, notes=(note,))
        )  # fmt: skip
        if interlaced:
            found.append(
                measured(f"(vi) interlaced over plain error, 2LPT, R = {R:g} cells",
                         size, apart.measured / plain[R], 0.1, unit="ratio",
                         against="catalogue_curvature", seconds=watch.seconds)
            )  # fmt: skip
        else:
            plain[R] = apart.measured
        if (R, interlaced) != (2.0, False):
            found.append(
                measured(f"(vi) grid{name}, 2LPT, R = {R:g} cells, as stated", size,
                         apart.measured, STATED if R == 2.0 else 1e-4,
                         unit="relative rms", against="catalogue_curvature",
                         seconds=watch.seconds)
            )  # fmt: skip
    return [], [*found, *_snapshot(number, data)]


def _snapshot(number: int, data: pathlib.Path | None) -> list[Row]:
    """The same on a clustered snapshot, with the stated budgets."""
    path = fields.find(data, fields.SNAPSHOT)
    if path is None:
        return []
    s, found = entropic.read_gadget1(path), []
    for m in (32, 64):
        places = Places(s.positions, s.box_size, m, number)
        for R, budget in ((2.0, 1e-3), (2.5, 3e-4), (4.0, 3e-5)):
            watch = Watch()
            apart = places.apart(R * s.box_size / m)
            found.append(
                measured(f"(vi) grid against catalogue, snapshot, R = {R:g} cells",
                         f"{m}³, {number} cells", apart.measured, budget,
                         unit="relative rms", against="catalogue_curvature",
                         seconds=watch.seconds,
                         notes=(f"the images of the deposit make "
                                f"{apart.predicted:.2e}",))
            )  # fmt: skip
    return found


def experiments(quick: bool, data: pathlib.Path | None) -> list[Experiment]:
    """One experiment."""
    jobs: dict[str, Callable[[], Found]] = {
        "(vi) routes": functools.partial(routes, quick, data)
    }
    return [Experiment(name, job) for name, job in jobs.items()]
