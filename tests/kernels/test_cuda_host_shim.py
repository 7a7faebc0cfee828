"""The host shim finds the mistakes that it exists to find."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

FORWARDS, BACKWARDS = 0, 1
OK, DEADLOCK = 0, 1


@pytest.fixture(scope="module")
def probes(build):
    return build("probe_launch.cpp")


def _pointer(x):
    return x.ctypes.data_as(ctypes.c_void_p)


@pytest.mark.parametrize("order", [FORWARDS, BACKWARDS])
def test_barrier_makes_neighbours_visible(probes, order):
    out = np.zeros(64)
    assert probes.launch_neighbour(64, order, 1, _pointer(out)) == OK
    np.testing.assert_array_equal(out, (np.arange(64) + 1) % 64)


@pytest.mark.parametrize("order", [FORWARDS, BACKWARDS])
def test_missing_barrier_gives_nan(probes, order):
    out = np.zeros(64)
    assert probes.launch_neighbour(64, order, 0, _pointer(out)) == OK
    assert np.isnan(out).any()


def test_shared_memory_is_forgotten_between_blocks(probes):
    out = np.zeros(3)
    assert probes.launch_forgotten_initialisation(3, 64, _pointer(out)) == OK
    assert np.isnan(out).all()


@pytest.mark.parametrize("threads", [2, 31, 32, 33, 64])
def test_thread_that_returned_does_not_hold_the_barrier(probes, threads):
    out = np.zeros(threads)
    assert probes.launch_early_return(threads, _pointer(out)) == OK
    assert out.sum() == threads // 2


def test_barrier_that_cannot_open_is_reported(probes):
    out = np.zeros(32)
    assert probes.launch_two_barriers(32, _pointer(out)) == DEADLOCK
