"""Keeps BLAS from splitting small matrices of a stack over threads.

OpenBLAS starts all its threads for a matrix of some 48 rows, and they wait for each
other at every step of an eigen-decomposition: on a busy machine that takes several
times longer than one thread does. A stack has a better axis to split, see
`geomsci.backends.threads`. One large matrix keeps all threads.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from typing import Any

from geomsci.backends.arrays import Array, library

SMALLEST = 32
"""Rows and columns up to which OpenBLAS does not start threads by itself."""

LARGEST = 512
"""Rows or columns from which splitting one matrix pays."""


class _OneThread(contextlib.AbstractContextManager[None]):
    """Holds BLAS at one thread from the first entry to the last exit.

    The number of threads belongs to the process, so entries are counted over all Python
    threads: two overlapping blocks that each restored what they found would leave the
    process at one thread.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start afresh: a forked child has none of the blocks of its parent."""
        self._lock = threading.Lock()
        self._entries = 0
        self._limit: Any = None

    def __enter__(self) -> None:
        with self._lock:
            self._entries += 1
            if self._entries == 1:
                self._limit = _controller().limit(limits=1, user_api="blas")

    def __exit__(self, *exc: object) -> None:
        with self._lock:
            self._entries -= 1
            if self._entries == 0:
                self._limit.restore_original_limits()


@functools.cache
def _controller() -> Any:
    import threadpoolctl

    return threadpoolctl.ThreadpoolController()


_ONE_THREAD = _OneThread()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ONE_THREAD.forget)
_AS_IT_IS: contextlib.AbstractContextManager[None] = contextlib.nullcontext()


def limited(n_threads: int) -> contextlib.AbstractContextManager[Any]:
    """Context in which BLAS uses at most so many threads, in the whole process."""
    return _controller().limit(limits=n_threads, user_api="blas")


def one_thread(x: Array) -> contextlib.AbstractContextManager[None]:
    """Context in which NumPy works on the stack ``x`` with one BLAS thread."""
    if library(x) != "numpy" or x.ndim < 3:
        return _AS_IT_IS
    if max(x.shape[-2:]) < SMALLEST or min(x.shape[-2:]) >= LARGEST:
        return _AS_IT_IS
    return _ONE_THREAD
