"""Keeps BLAS from splitting small matrices of a stack over threads.

OpenBLAS starts all its threads for a matrix of 48 rows, and they wait for each other
at every step of an eigen-decomposition: on a busy 2-core machine a stack of 48 x 48
matrices took 7 times longer with two threads than with one (``geomsci bench`` measures
it again). One large matrix keeps all threads.
"""

from __future__ import annotations

import contextlib
import functools
from typing import Any

from geomsci.backends.arrays import Array, library

SMALLEST = 32
"""Rows and columns up to which OpenBLAS does not start threads by itself."""

LARGEST = 512
"""Rows or columns from which splitting one matrix pays."""


@functools.cache
def _controller() -> Any:
    import threadpoolctl

    return threadpoolctl.ThreadpoolController()


def one_thread(x: Array) -> contextlib.AbstractContextManager[Any]:
    """Context in which NumPy works on the stack ``x`` with one BLAS thread."""
    if library(x) != "numpy" or x.ndim < 3:
        return contextlib.nullcontext()
    if max(x.shape[-2:]) < SMALLEST or min(x.shape[-2:]) >= LARGEST:
        return contextlib.nullcontext()
    return _controller().limit(limits=1, user_api="blas")
