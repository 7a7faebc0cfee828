"""Random words of the chains, and the drivers of their kernels."""

from __future__ import annotations

import types

import numpy as np
import pytest

from geomsci.backends import compile, threads
from geomsci.backends.kernels import lattice
from geomsci.backends.random import philox
from geomsci.reference import philox as source
from geomsci.reference.fisher import chains, clusters
from geomsci.reference.fisher.lattices import LATTICES

KEY = 0xFEDCBA9876543210_0F1E2D3C4B5A6978
BLOCKS = [0, 1, 2**32 - 2, 2**40 + 3, 2**62 - 5]


def _pieces(key):
    return np.array([key >> (32 * i) & 0xFFFFFFFF for i in range(4)])


def _compiled(name):
    helpers = (
        "philox_product",
        "philox_round",
        "philox_next",
        "philox_rounds",
        "philox_word",
    )
    return compile.host(f"{source.__name__}:{name}", helpers)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("key", [0, KEY, 2**128 - 1])
def test_words_are_those_of_numpy(key, block, compiled):
    one = _compiled("philox_block") if compiled else source.philox_block
    many = _compiled("philox_blocks") if compiled else source.philox_blocks
    words, rows = np.empty(4, np.int64), np.empty((8, 3), np.int64)
    pieces = source.philox_key(_pieces(key))
    one(pieces, block, words)
    many(pieces, block, 3, rows)
    numpys = np.random.Philox(key=key, counter=block).random_raw(12)
    np.testing.assert_array_equal(philox(key, 4 * block, 12), numpys)
    np.testing.assert_array_equal(words.view(np.uint64), numpys[:4])
    np.testing.assert_array_equal(rows[:4].T.reshape(-1).view(np.uint64), numpys)


@pytest.mark.parametrize("n", [32, 64, 96, 256, 288])
def test_draws_are_the_bytes_of_the_words(n):
    draws, words = np.empty(n, np.uint8), np.empty((8, 2), np.int64)
    key = source.philox_key(_pieces(KEY))
    clusters.random_bytes(key, 7, words, draws)
    expected = philox(KEY, 28, n // 8).astype("<u8").view(np.uint8)
    np.testing.assert_array_equal(draws, expected)
    words = np.empty((8, 8), np.int64)
    one_by_one = [clusters.byte_of(key, 7, t, words) for t in range(n)]
    np.testing.assert_array_equal(one_by_one, expected)


def test_refinements_are_upper_bits_of_words():
    key, spare = source.philox_key(_pieces(KEY)), np.empty(4, np.int64)
    found = [clusters.refinement(key, 7, t, spare) for t in range(9)]
    np.testing.assert_array_equal(found, philox(KEY, 28, 9) >> np.uint64(8))


def _problem(name, shape, components=0, R=5):
    cell = LATTICES[name]
    strengths = tuple(0.5 + 0.1 * k for k in range(len(cell.bonds)))
    tables = chains.lattice_tables(cell, shape, strengths, np.zeros(1))
    rng = np.random.default_rng(0)
    n = int(np.prod(shape)) * cell.n_basis
    keys = rng.integers(0, 2**32, (R, 4))
    if components == 0:
        return keys, rng.integers(0, 3, (R, n), dtype=np.int8), tables
    vectors = rng.standard_normal((R, n, components))
    return keys, vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), tables


@pytest.mark.parametrize("name", sorted(LATTICES))
def test_segments_cover_every_bond_once(name):
    cell = LATTICES[name]
    shape = (3, 4, 5)[: cell.dimension]
    _, _, tables = _problem(name, shape)
    n, basis = int(np.prod(shape)), cell.n_basis
    starts, ends = chains.bond_sites(cell, shape, like=np.zeros(1))
    wanted = {
        (kind, *sorted((s % basis * n + s // basis, e % basis * n + e // basis)))
        for kind in range(len(cell.bonds))
        for s, e in zip(starts[kind].tolist(), ends[kind].tolist())
    }
    found = [
        (kind, *sorted((start + k, end + k)))
        for kind, _, start, end, m in tables.segments.tolist()
        for k in range(m)
    ]
    assert len(found) == len(wanted)
    assert set(found) == wanted
    near = {
        (tables.kinds[i // n, e], *sorted((i, int(j))))
        for i, row in enumerate(tables.neighbours)
        for e, j in enumerate(row)
    }
    assert near == wanted


def _options(algorithm, **options):
    return {
        "q": 3, "algorithm": algorithm, "first": 1, "n_updates": 6, "n_thin": 2,
        "n_kept": 3, "n_labels": 3 if algorithm == "swendsen-wang" else 0,
    } | options  # fmt: skip


@pytest.mark.parametrize("algorithm", sorted(chains.ALGORITHMS))
@pytest.mark.parametrize("name", ["kagome", "cubic"])
def test_kernel_gives_the_bits_of_the_interpreted_code(name, algorithm):
    keys, state, tables = _problem(name, (3, 3, 3)[: LATTICES[name].dimension], R=2)
    options = _options(algorithm, n_updates=2, n_thin=1, n_kept=2, n_labels=0)
    expected = chains.sweeps(keys, state, tables, **options)
    found = lattice.sweeps_numba(keys, state, tables, **options)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("algorithm", sorted(chains.ALGORITHMS))
@pytest.mark.parametrize("components", [0, 2, 3])
def test_kernel_leaves_its_input_alone(components, algorithm):
    keys, state, tables = _problem("square", (4, 5), components)
    before = state.copy()
    state.flags.writeable = keys.flags.writeable = False
    moved, kept, _ = lattice.sweeps_numba(keys, state, tables, **_options(algorithm))
    np.testing.assert_array_equal(state, before)
    np.testing.assert_array_equal(kept[:, -1], moved)
    assert (moved != before).any()


def test_replicas_on_many_threads_are_those_of_one(monkeypatch):
    keys, state, tables = _problem("square", (16, 16), R=12)
    options = _options("swendsen-wang", n_updates=300, n_thin=100)
    many = []
    for n in (1, 2, 5):
        monkeypatch.setattr(threads, "n_threads", lambda n=n: n)
        many.append(lattice.sweeps_numba(keys, state, tables, **options))
    for other in many[1:]:
        for a, b in zip(many[0], other):
            np.testing.assert_array_equal(a, b)


def test_workers_of_a_grid_fit_the_tile():
    shapes = chains.workspace_shapes(2, 10**6, 10**6, 0)
    bytes_each = sum(np.dtype(d).itemsize * int(np.prod(s)) for d, s in shapes)
    workers = lattice.n_workers(shapes, 10**6)
    assert 1 <= workers <= max(1, lattice.DEVICE_BYTES // bytes_each)
    assert lattice.n_workers(chains.workspace_shapes(2, 9, 9, 0), 7) == 7


def _has_nvvm():
    try:
        from numba.cuda.cudadrv import nvvm

        nvvm.NVVM()
    except (ImportError, OSError, RuntimeError):
        return False
    return True


@pytest.mark.parametrize("name", ["colours", "vectors"])
def test_gpu_form_compiles_to_ptx(name, monkeypatch):
    dispatcher = pytest.importorskip("numba.cuda.dispatcher")
    if not _has_nvvm():
        pytest.skip("NVIDIA's NVVM library (CUDA toolkit) is not installed")
    from numba import cuda as numba_cuda
    from numba import float64, int8, int64, uint8, uint32

    gpu = types.SimpleNamespace(compute_capability=(8, 0))
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: gpu)
    scalar, axes = (int8, 2) if name == "colours" else (float64, 3)
    table, rows = int64[:, ::1], uint32[:, ::1]
    tables = (table, rows, table, table, float64[::1], float64[::1])
    bytes_, floats = uint8[:, ::1], float64[:, ::1]
    work = (int64[:, :, ::1], bytes_, bytes_, rows, rows, table, floats, floats)
    state = (_c_array(scalar, axes), _c_array(scalar, axes + 1), uint32[:, :, ::1])
    signature = (int64, table, *state, int64, *tables, int64, int64, int64, *work)
    kernel = lattice.chain_grid(f"geomsci.reference.fisher.{name}").py_func
    ptx, _ = numba_cuda.compile_ptx(kernel, signature, cc=(8, 0))
    assert ".target sm_80" in ptx
    compile.grid.cache_clear()
    compile.device.cache_clear()


def _c_array(scalar, axes):
    from numba import types as numba_types

    return numba_types.Array(scalar, axes, "C")
