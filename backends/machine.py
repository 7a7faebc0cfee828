"""What this machine has: which array libraries and compilers work, and why not."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import os
import types
from typing import NamedTuple

from geomsci.backends.errors import BackendUnavailable


class Status(NamedTuple):
    """Whether a library can be used here."""

    usable: bool
    version: str | None
    reason: str


def _installed_version(*distributions: str) -> str | None:
    import importlib.metadata  # slow: not at `import geomsci`

    for name in distributions:
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _importable(module: str, *distributions: str) -> Status:
    if importlib.util.find_spec(module) is None:
        return Status(False, None, "not installed")
    return Status(True, _installed_version(module, *distributions), "")


@functools.cache
def cupy_status() -> Status:
    """Whether CuPy is installed and sees a device."""
    if importlib.util.find_spec("cupy") is None:
        return Status(False, None, "CuPy is not installed")
    version = _installed_version("cupy-cuda13x", "cupy-cuda12x", "cupy")
    try:
        cupy = importlib.import_module("cupy")
    except ImportError as error:
        return Status(False, version, f"CuPy cannot be imported ({error})")
    try:
        count = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        # "no device" is a CUDA error too: its number tells it from a missing driver.
        if "NoDevice" in str(error):
            return Status(False, version, "the NVIDIA driver sees no GPU")
        return Status(False, version, "no working NVIDIA driver was found")
    if count == 0:
        return Status(False, version, "the NVIDIA driver sees no GPU")
    return Status(True, version, "")


def status(library: str) -> Status:
    """Status of one of numpy, scipy, numba, cupy, torch, array_api_strict."""
    if library == "cupy":
        return cupy_status()
    return _importable(library, library.replace("_", "-"))


def require_cupy() -> types.ModuleType:
    """The CuPy module, or `BackendUnavailable` with the cause in one sentence."""
    found = cupy_status()
    if not found.usable:
        raise BackendUnavailable(
            f"The cupy backend cannot run here because {found.reason}: install "
            "geomsci[cuda13] on a machine with an NVIDIA GPU, or choose another "
            "backend."
        )
    return importlib.import_module("cupy")


def require_numba() -> None:
    """Raise `BackendUnavailable` if Numba is missing."""
    if not status("numba").usable:
        raise BackendUnavailable(
            "The numba backend cannot run here because Numba is not installed: "
            "install numba, or choose another backend."
        )


def available_memory() -> int:
    """Bytes that this process can still take on the host, as far as can be known."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return 1024 * int(line.split()[1])
    except OSError:
        pass
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 2**63


def require_memory(needed: float, what: str, instead: str) -> None:
    """Refuse a stage that the host cannot hold.

    Parameters
    ----------
    needed : float
        Bytes at the peak of the stage.
    what : str
        The stage, as the subject of "needs about".
    instead : str
        What works with less, as an imperative.

    Raises
    ------
    MemoryError
        With the memory needed, the memory there is, and what works instead.
    """
    available = available_memory()
    if needed > available:
        raise MemoryError(
            f"{what} needs about {_size(needed)}, this machine has "
            f"{_size(available)}: {instead}."
        )


def _size(n_bytes: float) -> str:
    """Bytes in GiB, or MiB where those would read 0.0."""
    if n_bytes < 2**30:
        return f"{n_bytes / 2**20:.1f} MiB"
    return f"{n_bytes / 2**30:.1f} GiB"
