"""The GPU form of the lattice chains, thread by thread in the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from geomsci.backends.kernels import lattice
from geomsci.reference.fisher import chains
from geomsci.reference.fisher.lattices import LATTICES

EPS = float(np.finfo(np.float64).eps)
STEPS = (1, 2, 1)


def _problem(R, components=0, name="square", shape=(3, 3)):
    cell = LATTICES[name]
    strengths = tuple(0.7 - 0.1 * k for k in range(len(cell.bonds)))
    tables = chains.lattice_tables(cell, shape, strengths, np.zeros(1))
    rng = np.random.default_rng(1)
    keys, n = rng.integers(0, 2**32, (R, 4)), tables.neighbours.shape[0]
    if components == 0:
        return keys, rng.integers(0, 3, (R, n), dtype=np.int8), tables
    vectors = rng.standard_normal((R, n, components))
    return keys, vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), tables


def _launch(keys, state, tables, algorithm, workers):
    kept = np.full((state.shape[0], 2, *state.shape[1:]), 99, dtype=state.dtype)
    labelled = 2 if algorithm == "swendsen-wang" and state.ndim == 2 else 0
    labels = np.full((state.shape[0], labelled, state.shape[1]), 99, dtype=np.uint32)
    workspace = tuple(
        np.zeros((workers, *shape), dtype=dtype)
        for dtype, shape in chains.shapes_for(tables, state)
    )
    state = state.copy()
    lattice.launch_sweeps(
        chains.ALGORITHMS[algorithm], keys, state, kept, labels, 3, tables, STEPS,
        workspace,
    )  # fmt: skip
    return state, kept, labels


def _host(keys, state, tables, algorithm):
    return lattice.sweeps_numba(
        keys, state, tables, q=3, algorithm=algorithm, first=1, n_updates=2, n_thin=1,
        n_kept=2, n_labels=2 if algorithm == "swendsen-wang" else 0,
    )  # fmt: skip


@pytest.mark.parametrize("algorithm", sorted(chains.ALGORITHMS))
@pytest.mark.parametrize("name", ["square", "honeycomb"])
def test_colours_have_the_bits_of_the_host(name, algorithm):
    problem = _problem(3, name=name)
    for found, wanted in zip(
        _launch(*problem, algorithm, workers=3), _host(*problem, algorithm)
    ):
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("algorithm", sorted(chains.ALGORITHMS))
@pytest.mark.parametrize("components", [2, 3])
def test_vectors_are_those_of_the_host_to_rounding(components, algorithm):
    problem = _problem(2, components)
    found = _launch(*problem, algorithm, workers=2)
    wanted = _host(*problem, algorithm)
    # Each update reflects a unit vector up to n times, a few eps each.
    atol = 8 * EPS * STEPS[1] * problem[1].shape[1]
    for a, b in zip(found[:2], wanted[:2]):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


@pytest.mark.parametrize(("R", "workers"), [(1, 1), (33, 33), (5, 2), (7, 1)])
def test_every_chain_runs_once_for_any_number_of_workers(R, workers):
    problem = _problem(R)
    found = _launch(*problem, "wolff", workers=workers)
    wanted = _host(*problem, "wolff")
    np.testing.assert_array_equal(found[0], wanted[0])
    np.testing.assert_array_equal(found[1], wanted[1])
