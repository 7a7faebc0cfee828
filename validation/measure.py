"""Seconds and peak bytes of one call."""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable
from typing import NamedTuple

from geomsci.backends import machine

TRACE_BELOW_SECONDS = 2.0
"""Calls that take longer are not run once more only to count their memory."""


class Timing(NamedTuple):
    """Smallest and median wall time of the repeats."""

    minimum: float
    median: float


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def timing(call: Callable[[], object], repeats: int, limit: float) -> Timing:
    """Wall time of up to ``repeats`` calls; stops early once ``limit`` is spent."""
    times: list[float] = []
    while not times or (len(times) < repeats and sum(times) < limit):
        times.append(seconds(call))
    return Timing(min(times), statistics.median(times))


def peak_host_bytes(call: Callable[[], object]) -> int:
    """Largest amount of memory that the call held, as Python's allocators see it.

    NumPy reports its buffers to ``tracemalloc``; what LAPACK or a compiled kernel
    allocates by itself is not counted.
    """
    tracing = tracemalloc.is_tracing()
    if not tracing:
        tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    try:
        call()
        return max(0, tracemalloc.get_traced_memory()[1] - before)
    finally:
        if not tracing:
            tracemalloc.stop()


def peak_device_bytes(call: Callable[[], object]) -> int:
    """Growth of CuPy's memory pool during the call, starting from an empty pool."""
    pool = machine.require_cupy().get_default_memory_pool()
    pool.free_all_blocks()
    before = pool.total_bytes()
    call()
    return int(pool.total_bytes() - before)


def peak_bytes(call: Callable[[], object], library: str, estimate: float) -> int | None:
    """Peak memory of the call, or None where nothing counts it.

    Parameters
    ----------
    library : str
        Array library of the call; torch's allocator tells nobody on the CPU.
    estimate : float
        Seconds that the call takes; long calls are not repeated for this.
    """
    if library == "torch" or estimate > TRACE_BELOW_SECONDS:
        return None
    return peak_device_bytes(call) if library == "cupy" else peak_host_bytes(call)
