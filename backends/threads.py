"""Spreads a batch over threads that run compiled code or NumPy's loops.

Both release the interpreter's lock, so plain Python threads share them.
Numba's own parallel loops are not used: after one has run, a forked child process
that runs another is ended by the OpenMP layer without an exception, and on the
fallback layer two threads that run one at once abort the process. A thread pool has
neither limit.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import contextvars
import functools
import itertools
import os
import threading
from collections.abc import Callable, Iterator

from geomsci.backends import blas_threads

CHUNKS_PER_THREAD = 8
"""More than one, so that a thread that is held up leaves its share to the others."""


@functools.cache
def n_threads() -> int:
    """Number of threads for batches.

    ``NUMBA_NUM_THREADS``, else ``OMP_NUM_THREADS``, else the processors we may use.
    Joblib sets the variables in its workers, so nested parallelism is not multiplied.
    """
    for variable in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        wanted = os.environ.get(variable, "")
        if wanted.isdecimal() and int(wanted) > 0:
            return int(wanted)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


_limit: contextvars.ContextVar[int | None] = contextvars.ContextVar(
    "geomsci_threads", default=None
)


@contextlib.contextmanager
def at_most(n_jobs: int | None) -> Iterator[None]:
    """Context in which batches and BLAS use no more threads than asked for.

    None: no limit. Below 0, as in joblib: -1 all, -2 all but one.
    """
    if n_jobs is None:
        yield
        return
    if n_jobs == 0:
        raise ValueError("n_jobs must not be 0: -1 asks for all processors.")
    wanted = n_jobs if n_jobs > 0 else max(1, n_threads() + 1 + n_jobs)
    token = _limit.set(wanted)
    try:
        with blas_threads.limited(wanted):
            yield
    finally:
        _limit.reset(token)


def _allowed() -> int:
    """Threads that the running call may use."""
    wanted = _limit.get()
    return n_threads() if wanted is None else min(wanted, n_threads())


class _Pool:
    """The threads of this process, started at first use, never inherited by a fork."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._lock = threading.Lock()
        self._executor: concurrent.futures.ThreadPoolExecutor | None = None

    def executor(self) -> concurrent.futures.ThreadPoolExecutor:
        with self._lock:
            if self._executor is None:
                self._executor = concurrent.futures.ThreadPoolExecutor(
                    n_threads() - 1, thread_name_prefix="geomsci"
                )
            return self._executor


_pool = _Pool()
_here = threading.local()  # .busy: this thread already works on a piece
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.forget)


def over_batch(
    work: Callable[[int, int], None], n_items: int, *, at_least: int
) -> None:
    """Call ``work(first, last)`` on pieces that cover ``range(n_items)``.

    Parameters
    ----------
    work : callable
        Must release the interpreter's lock to gain anything; its pieces run at the
        same time and must not share what they write.
    n_items : int, >= 0
    at_least : int, >= 1
        Items that are worth a piece of their own.

    Notes
    -----
    The calling thread works too. Pieces see the caller's context variables. A call
    from inside a piece stays in its thread. An exception in any piece is raised here.
    """
    pieces = min(_allowed() * CHUNKS_PER_THREAD, n_items // at_least)
    helpers = min(_allowed(), pieces) - 1
    if helpers < 1 or getattr(_here, "busy", False):
        work(0, n_items)
        return
    bounds = [n_items * k // pieces for k in range(pieces + 1)]
    queue = collections.deque(itertools.pairwise(bounds))

    def drain() -> None:
        _here.busy = True
        try:
            while True:
                try:
                    first, last = queue.popleft()
                except IndexError:
                    return
                work(first, last)
        finally:
            _here.busy = False

    executor = _pool.executor()
    others = [
        executor.submit(contextvars.copy_context().run, drain) for _ in range(helpers)
    ]
    try:
        drain()
    finally:
        queue.clear()
        # One that has not begun finds nothing left to do.
        begun = [other for other in others if not other.cancel()]
        concurrent.futures.wait(begun)
    for other in begun:
        other.result()
