"""Stacks of small matrices run with one BLAS thread, and the setting is restored."""

import multiprocessing
import sys

import numpy as np
import pytest
import threadpoolctl

from geomsci.backends import blas_threads
from geomsci.backends.blas_threads import one_thread


def _threads():
    pools = threadpoolctl.threadpool_info()
    return [pool["num_threads"] for pool in pools if pool["user_api"] == "blas"]


@pytest.mark.parametrize(
    ("shape", "limited"),
    [
        ((3, 48, 48), True),
        ((3, 8, 8), False),
        ((48, 48), False),
        ((2, 600, 600), False),
    ],
)
def test_only_stacks_of_middling_matrices_are_limited(shape, limited):
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = _threads()
        with one_thread(np.zeros(shape)):
            assert (_threads() == [1] * len(before)) == limited
        assert _threads() == before


def test_overlapping_blocks_restore_what_the_first_one_found():
    stack = np.zeros((3, 48, 48))
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = _threads()
        first, second = one_thread(stack), one_thread(stack)
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert _threads() == [1] * len(before)
        second.__exit__(None, None, None)
        assert _threads() == before


def _enter_and_leave(connection):
    with one_thread(np.zeros((3, 48, 48))):
        connection.send(True)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_while_the_lock_is_held_goes_on():
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_enter_and_leave, args=(there,))
    with blas_threads._ONE_THREAD._lock:
        child.start()
    assert here.poll(60)
    child.join(60)
    assert child.exitcode == 0


def test_other_libraries_are_left_alone(xp):
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = _threads()
        with one_thread(xp.asarray(np.zeros((2, 48, 48)))):
            assert (_threads() == before) == (xp.library != "numpy")
