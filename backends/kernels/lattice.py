"""Drivers of the lattice chains: replicas over threads, or one GPU thread a replica.

``sweeps``: many Monte Carlo updates of independent chains. The mathematics is
`geomsci.reference.fisher.colours` and `geomsci.reference.fisher.vectors`, compiled for
the host and for the GPU.

Bytes and operations of a Swendsen-Wang update of colours: per site about 30 bytes of
workspace are written and read, all of them in the second-level cache up to 128^2 sites;
(d + 1) / 32 Philox blocks, and a union for about one in three bonds. On the GPU the
workspaces of a thread are contiguous, since its reads run along them.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from geomsci.backends import arrays, compile, machine, threads
from geomsci.backends.dispatch import resolve
from geomsci.backends.tiling import DEVICE_BYTES

FISHER = "geomsci.reference.fisher"

THREADS_PER_BLOCK = 32
"""One warp: chains of one block end at different times, and replicas are few."""

TABLES = (
    "const int64[2]",
    "const uint32[2]",
    "const int64[2]",
    "const int64[2]",
    "const float64[1]",
    "const float64[1]",
)
WORK = (
    "int64[2]",
    "uint8[1]",
    "uint8[1]",
    "uint32[1]",
    "uint32[1]",
    "int64[1]",
    "float64[1]",
    "float64[1]",
)


def _named(target: str) -> Any:
    """A value of the methods' modules, which this floor knows by name only."""
    return resolve(target)


def _source(state: Any) -> str:
    return f"{FISHER}.{'vectors' if state.ndim == 3 else 'colours'}"


def _kernel(state: Any) -> Any:
    """Machine code of ``run_chains`` for colours or for vectors."""
    source = _source(state)
    scalar = "float64" if state.ndim == 3 else "int8"
    signature = (
        "int64", "const int64[2]",
        f"{scalar}[{state.ndim}]", f"{scalar}[{state.ndim + 1}]", "uint32[3]", "int64",
        *TABLES, *["int64"] * 5, *WORK,
    )  # fmt: skip
    helpers = (*_named(f"{source}:HELPERS"), "run_chain")
    return compile.host(f"{source}:run_chains", helpers, signature)


def _allocated(library: Any, state: Any, n_kept: int, n_labels: int) -> tuple[Any, ...]:
    """Copy of the state, room for kept states and for labels."""
    R, n = state.shape[:2]
    kept = library.empty((R, n_kept, *state.shape[1:]), dtype=state.dtype)
    labels = library.empty((R, n_labels, n), dtype=np.uint32)
    return state.copy(), kept, labels


def accepts_sweeps(keys: Any, state: Any, tables: Any, **options: Any) -> bool:
    """NumPy arrays."""
    return isinstance(state, np.ndarray)


def accepts_sweeps_cuda(keys: Any, state: Any, tables: Any, **options: Any) -> bool:
    """CuPy arrays."""
    return arrays.library(state) == "cupy"


def sweeps_numba(
    keys: np.ndarray,
    state: np.ndarray,
    tables: Any,
    *,
    q: int,
    algorithm: str,
    first: int,
    n_updates: int,
    n_thin: int,
    n_kept: int,
    n_labels: int,
) -> tuple[np.ndarray, ...]:
    """`geomsci.reference.fisher.chains.sweeps` on the host."""
    kernel = _kernel(state)
    code = _named(f"{FISHER}.chains:ALGORITHMS")[algorithm]
    shapes = _named(f"{FISHER}.chains:shapes_for")(tables, state)
    state, kept, labels = _allocated(np, state, n_kept, n_labels)

    def work(first_chain: int, last_chain: int) -> None:
        workspace = (np.zeros(shape, dtype=dtype) for dtype, shape in shapes)
        kernel(
            code, keys, state, kept, labels, q, *tables,
            first, n_updates, n_thin, first_chain, last_chain, *workspace,
        )  # fmt: skip

    worth = math.ceil(20_000 / (n_updates * state.shape[1] + 1))
    threads.over_batch(work, state.shape[0], at_least=worth)
    return state, kept, labels


# GPU


# Names that the kernel below finds in its globals: `geomsci.backends.compile` puts the
# real ones into the globals of the copy that it compiles.
cuda: Any = None
run_chain: Any = None


def _chain_thread(
    algorithm, keys, state, kept, labels, q,
    segments, neighbours, kinds, gates, strengths, logs,
    first, n_updates, n_thin,
    words, draws, codes, parent, pairs, spare, projections, direction,
):  # fmt: skip
    """One thread: every ``W``-th chain, with row ``thread`` of the W workspaces."""
    thread = cuda.grid(1)
    if thread < words.shape[0]:
        tables = (segments, neighbours, kinds, gates, strengths, logs)
        work = (
            words[thread], draws[thread], codes[thread], parent[thread],
            pairs[thread], spare[thread], projections[thread], direction[thread],
        )  # fmt: skip
        for r in range(thread, state.shape[0], words.shape[0]):
            run_chain(
                algorithm, keys[r], state[r], kept[r], labels[r], q, tables, work,
                first, n_updates, n_thin,
            )  # fmt: skip


def chain_grid(source: str) -> Any:
    """The CUDA kernel of a source; compiled for the types at its first launch."""
    helpers = tuple(_named(f"{source}:HELPERS"))
    return compile.grid(
        f"{__name__}:_chain_thread", (("run_chain", f"{source}:run_chain", helpers),)
    )


@functools.cache
def n_workers(shapes: tuple[tuple[str, tuple[int, ...]], ...], n_chains: int) -> int:
    """Threads of the grid: one a chain, as long as the workspaces fit a tile."""
    bytes_each = sum(
        np.dtype(dtype).itemsize * math.prod(shape) for dtype, shape in shapes
    )
    return max(1, min(n_chains, DEVICE_BYTES // bytes_each))


def launch_sweeps(
    algorithm: int,
    keys: Any,
    state: Any,
    kept: Any,
    labels: Any,
    q: int,
    tables: Any,
    steps: tuple[int, int, int],
    workspace: tuple,
    stream: Any = 0,
) -> None:
    """Launch the kernel on device arrays of any library.

    Parameters
    ----------
    algorithm : int
    keys, state, kept, labels : device arrays
        As in `geomsci.reference.fisher.chains.sweeps`; the last three are written.
    q : int
    tables : tuple of device arrays
    steps : tuple of int
        Number of the first update, of updates, and of those between kept states.
    workspace : tuple of device arrays, zero
        Of `geomsci.reference.fisher.chains.workspace_shapes`, with a leading axis over
        W workers.
    stream : Numba stream, optional
    """
    blocks = math.ceil(workspace[0].shape[0] / THREADS_PER_BLOCK)
    kernel = chain_grid(_source(state))
    kernel[blocks, THREADS_PER_BLOCK, stream](
        algorithm, keys, state, kept, labels, q, *tables, *steps, *workspace
    )


def sweeps_cuda(
    keys: Any,
    state: Any,
    tables: Any,
    *,
    q: int,
    algorithm: str,
    first: int,
    n_updates: int,
    n_thin: int,
    n_kept: int,
    n_labels: int,
) -> tuple[Any, ...]:
    """`geomsci.reference.fisher.chains.sweeps` on CuPy arrays, one thread a chain."""
    cupy = machine.require_cupy()
    from numba import cuda as numba_cuda

    code = _named(f"{FISHER}.chains:ALGORITHMS")[algorithm]
    shapes = _named(f"{FISHER}.chains:shapes_for")(tables, state)
    with state.device:
        state, kept, labels = _allocated(cupy, state, n_kept, n_labels)
        workers = n_workers(shapes, state.shape[0])
        workspace = tuple(
            cupy.zeros((workers, *shape), dtype=dtype) for dtype, shape in shapes
        )
        stream = numba_cuda.external_stream(cupy.cuda.get_current_stream().ptr)
        launch_sweeps(
            code, keys, state, kept, labels, q, tables,
            (first, n_updates, n_thin), workspace, stream,
        )  # fmt: skip
    return state, kept, labels
