"""The batch is covered once, on threads, in forked processes, with errors."""

from __future__ import annotations

import multiprocessing
import sys
import threading

import numpy as np
import pytest

from geomsci.backends import current_backend, threads, use_backend
from geomsci.backends.kernels import spd


@pytest.fixture(autouse=True)
def two_threads(monkeypatch):
    """The machine may have one processor; the pool of two threads is what is tested."""
    monkeypatch.setattr(threads, "n_threads", lambda: 2)


@pytest.mark.parametrize("at_least", [1, 3, 1000])
@pytest.mark.parametrize("n_items", [0, 1, 2, 31, 257])
def test_every_item_is_worked_on_once(n_items, at_least):
    visits = np.zeros(n_items, dtype=int)

    def work(first, last):
        visits[first:last] += 1

    threads.over_batch(work, n_items, at_least=at_least)
    assert (visits == 1).all()


def test_two_threads_take_part():
    meeting = threading.Barrier(2, timeout=30)
    seen = set()

    def work(first, last):
        if threading.get_ident() not in seen:
            seen.add(threading.get_ident())
            meeting.wait()

    threads.over_batch(work, 64, at_least=1)
    assert len(seen) == 2


def test_error_in_any_piece_is_raised():
    def work(first, last):
        if last == 64:
            raise ArithmeticError("last piece")

    with pytest.raises(ArithmeticError, match="last piece"):
        threads.over_batch(work, 64, at_least=1)


def _logs(seed):
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((400, 5, 20))
    return spd.whitened_log_numba(np.eye(5), A @ np.swapaxes(A, 1, 2))


def test_concurrent_callers_get_their_own_results():
    expected = [_logs(seed) for seed in range(6)]
    found = [None] * 6

    def call(seed):
        found[seed] = _logs(seed)

    callers = [threading.Thread(target=call, args=(seed,)) for seed in range(6)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    np.testing.assert_array_equal(found, expected)


def _send_logs(connection):
    connection.send(_logs(0))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_child_can_run_a_kernel_after_its_parent():
    expected = _logs(0)
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_send_logs, args=(there,))
    child.start()
    there.close()
    try:
        assert here.poll(60)
        np.testing.assert_array_equal(here.recv(), expected)
    finally:
        child.join(60)
    assert child.exitcode == 0


def test_pieces_see_the_caller_s_context_and_do_not_nest():
    seen = []

    def work(first, last):
        def inner(begin, end):
            seen.append((current_backend(), end - begin))

        threads.over_batch(inner, 8, at_least=1)

    with use_backend("reference"):
        threads.over_batch(work, 16, at_least=1)
    assert seen == [("reference", 8)] * 16


def test_a_late_helper_is_not_waited_for():
    release = threading.Event()
    blocker = threads._pool.executor().submit(release.wait, 60)
    try:
        visits = []
        threads.over_batch(lambda a, b: visits.append((a, b)), 16, at_least=1)
        assert len(visits) == 16
    finally:
        release.set()
    blocker.result()
