"""Fields, boxes of particles and catalogues that the entropic rows share."""

from __future__ import annotations

import functools
import itertools
import pathlib
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from geomsci import entropic
from geomsci.reference.entropic.log_hessian import packed_pairs
from geomsci.validation import rows
from geomsci.validation.rows import Row
from geomsci.validation.suites import CASE_SEED

COSMOLOGY: dict[str, Any] = {
    "h": 0.6711,
    "omega_m": 0.3175,
    "omega_b": 0.049,
    "n_s": 0.9624,
    "sigma8": 0.834,
}
SPACING = 2.0
"""Mpc/h between neighbours of the lattice of a box."""

SNAPSHOT = "simu_32_id.gad"
GALAXIES = "2MRS_group_member_catalog.dat"
EPS = 2.0**-52

FACTOR = np.asarray([1.0, 2.0, 2.0, 1.0, 2.0, 1.0])
"""How often an entry of packed matrices stands in the matrix."""


def spectrum(k: Any) -> Any:
    """Power spectrum of matter at redshift zero, Mpc/h."""
    return entropic.eisenstein_hu(k, **COSMOLOGY)


@functools.lru_cache(maxsize=2)
def lpt_particles(n: int) -> np.ndarray:
    """A lattice of n^3 particles moved by 2LPT, `SPACING` apart."""
    L = SPACING * n
    delta = entropic.gaussian_field(spectrum, n, L, rng=CASE_SEED)
    psi = entropic.lpt_displacement(delta, L, 2, omega_m=COSMOLOGY["omega_m"])
    return np.asarray(entropic.displaced_lattice(psi, L))


@functools.lru_cache(maxsize=3)
def lpt_density(n: int, compensated: bool) -> np.ndarray:
    """The particles of `lpt_particles` on a grid of n^3 cells."""
    L = SPACING * n
    mass = entropic.assign_mass(lpt_particles(n), n, L, "pcs")
    return np.asarray(
        entropic.compensate_window(mass, L, "pcs") if compensated else mass
    )


@functools.lru_cache(maxsize=2)
def white(n: int) -> np.ndarray:
    """A white lognormal field of unit log variance."""
    g = np.random.default_rng(CASE_SEED).standard_normal((n, n, n))
    return np.exp(g)


def interpolated(field: np.ndarray) -> np.ndarray:
    """A field of three even sides on twice the cells, without its Nyquist modes."""
    n = field.shape[0]
    F = np.fft.fftshift(np.fft.fftn(field))[1:, 1:, 1:]
    whole = np.pad(F, ((n // 2 + 1, n // 2),) * 3)
    return 8 * np.fft.ifftn(np.fft.ifftshift(whole)).real


def relative_rms(found: np.ndarray, expected: np.ndarray) -> float:
    """Frobenius norm of the difference of packed tensors over that of the tensor."""
    gap = np.sum(FACTOR * (found - expected) ** 2)
    return float(np.sqrt(gap / np.sum(FACTOR * expected**2)))


def packed(K: np.ndarray) -> np.ndarray:
    """xx, xy, xz, yy, yz, zz of full matrices."""
    pairs = packed_pairs(K.shape[-1])
    return np.stack([K[..., i, j] for i, j in pairs], axis=-1)


def trace(K: np.ndarray) -> np.ndarray:
    """Trace of packed matrices of three rows."""
    return K[..., 0] + K[..., 3] + K[..., 5]


def cell_centres(n: int, L: float, cells: np.ndarray) -> np.ndarray:
    """Places of cells given by their numbers in C order."""
    places = np.stack(np.unravel_index(cells, (n, n, n)), axis=-1)
    return (places + 0.5) * (L / n)


def find(data: pathlib.Path | None, name: str) -> pathlib.Path | None:
    """A file of that name below the data folder or below the shared one."""
    folders = [data] if data is not None else []
    folders.append(pathlib.Path("..") / "shared" / "data" / "cosmology")
    for folder in folders:
        found = sorted(folder.rglob(name)) if folder.is_dir() else []
        if found:
            return found[0]
    return None


class Watch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._start


def measured(
    case: str,
    size: str,
    value: float,
    budget: float,
    *,
    unit: str,
    against: str,
    seconds: float,
    notes: tuple[str, ...] = (),
    dtype: str = "float64",
) -> Row:
    """One row of a statement: a measured value and what is allowed."""
    status, reason = rows.judged(value, budget, {})
    return Row(
        "entropic",
        case,
        "auto",
        dtype,
        size,
        status,
        reason,
        against=against,
        error=value,
        budget=budget,
        seconds_min=seconds,
        seconds_median=seconds,
        notes=notes,
        unit=unit,
    )


def halvings(errors: list[float]) -> float:
    """Largest distance from 4 of the ratios of errors at halved steps."""
    return max(abs(a / b - 4.0) for a, b in itertools.pairwise(errors))


def deviation(values: np.ndarray, expected: Any) -> tuple[float, np.ndarray]:
    """Largest distance of means over rows from what is expected, in standard errors."""
    mean = values.mean(axis=0)
    error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
    z = (mean - expected) / error
    return float(np.max(np.abs(z))), z


def seeds(first: int, number: int) -> Iterator[int]:
    """Seeds of an ensemble."""
    return iter(range(CASE_SEED + first, CASE_SEED + first + number))


@contextmanager
def quiet() -> Iterator[None]:
    """Without warnings of scales near the cells, which rows measure on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield
