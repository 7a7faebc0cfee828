"""What a report must say about the machine for its numbers to mean something."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import pathlib
import platform
from typing import Any

import geomsci
from geomsci.backends import current_backend, machine

DISTRIBUTIONS = (
    "numpy",
    "scipy",
    "scikit-learn",
    "numba",
    "array-api-compat",
    "array-api-extra",
    "array-api-strict",
    "torch",
    "cupy-cuda13x",
    "numba-cuda",
    "pyriemann",
    "moabb",
    "mcising",
    "peapods",
    "dppy",
    "pythia-uq",
    "mne",
    "mpmath",
    "heatgeo",
    "phate",
    "umap-learn",
    "openTSNE",
    "pacmap",
    "pycosmommf",
)

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "GEOMSCI_BACKEND",
)


def version_of(distribution: str) -> str | None:
    """Installed version, or None."""
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu_model() -> str:
    """Name of the processor as the system tells it."""
    info = pathlib.Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("model name", "Model", "Hardware")):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _memory_bytes() -> int | None:
    """Physical memory, where the system tells it."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return None


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _linear_algebra() -> list[str]:
    """Libraries that do the matrix work, with their number of threads."""
    from threadpoolctl import threadpool_info

    found = {
        f"{pool['internal_api']} {pool.get('version') or ''}".strip()
        + f" ({pool['num_threads']} threads)"
        for pool in threadpool_info()
    }
    return sorted(found)


def _gpu() -> str:
    """Name of the first GPU, or why there is none."""
    found = machine.cupy_status()
    if not found.usable:
        return f"none: {found.reason}"
    cupy = machine.require_cupy()
    name = cupy.cuda.runtime.getDeviceProperties(0)["name"]
    return name.decode() if isinstance(name, bytes) else str(name)


def environment(seeds: dict[str, int]) -> dict[str, Any]:
    """Versions, machine, thread settings, seeds and date."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "geomsci": geomsci.__version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": _cpu_model(),
        "cores": usable_cores(),
        "memory_bytes": _memory_bytes(),
        "load_at_start": load,
        "gpu": _gpu(),
        "linear_algebra": _linear_algebra(),
        "threads": {name: os.environ.get(name) for name in THREAD_VARIABLES},
        "choice": current_backend(),
        "versions": {name: version_of(name) for name in DISTRIBUTIONS},
        "seeds": seeds,
    }
