"""Drivers of the kernels on stacks of SPD matrices.

``whitened_log``: ``log(X C X^T)`` for a stack of real SPD matrices. The mathematics
is `geomsci.reference.spd.jacobi`, compiled for the host (a stack is spread over
threads) and for the GPU (one thread a matrix).

Bytes and flops per matrix: ``C`` is read and the result written once, 16 n^2 bytes;
about 20 n^3 flops. On the host the workspace of one matrix stays
in the first-level cache up to n = 32. On the GPU the workspaces lie in global memory
with the problem as the fastest axis, so that the threads of a warp read one line.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from geomsci.backends import arrays, compile, machine, threads
from geomsci.backends.dispatch import resolve
from geomsci.backends.errors import LinAlgError
from geomsci.backends.tiling import DEVICE_BYTES

SOURCE = "geomsci.reference.spd.jacobi"
HELPERS = (
    "cholesky_factor",
    "whitened_factor",
    "gram_matrix",
    "reduce_to_tridiagonal",
    "product_of_reflections",
    "rotate_rows",
    "end_of_block",
    "ql_step",
    "ql_iteration",
    "combine_rows",
    "squared_lengths",
    "partner",
    "measure_pairs",
    "rotation_angles",
    "rotate_pairs",
    "orthogonal_enough",
    "orthogonalise_rows",
    "logarithm_from_rows",
)
SIGNATURE = (
    "const float64[2]",
    "const float64[3]",
    "float64[3]",
    "int64[1]",
    "int64",
    "int64",
    "float64[3]",
    "float64[2]",
    "float64[2]",
)
LARGEST_N = 32
LARGEST_N_THAT_PAYS = 24
"""Rows up to which the win is clear; the benchmark has n = 4, 8 and 22."""

WORTH_A_KERNEL = 2_000_000
"""Cubes ``N n^3`` from which the gain repays loading Numba within some means."""

VECTOR = 8
"""Doubles in a cache line and in the widest vector register.

Rows of the workspace are padded to it and start at its multiples, so that no
row straddles two lines.
"""

THREADS_PER_BLOCK = 64


def _fits(X: Any, C: Any) -> bool:
    """Shapes and type that both kernels are written for."""
    n = X.shape[-1]
    return (
        X.ndim == 2
        and C.ndim >= 2
        and X.shape == (n, n)
        and C.shape[-2:] == (n, n)
        and 1 <= n <= LARGEST_N
        and X.dtype == np.float64
        and C.dtype == np.float64
        and C.size > 0
    )


def accepts_whitened_log(X: Any, C: Any) -> bool:
    """NumPy float64 with 1 <= n <= 32, one X for the whole stack."""
    return isinstance(C, np.ndarray) and isinstance(X, np.ndarray) and _fits(X, C)


def pays_whitened_log(X: Any, C: Any) -> bool:
    """Long stacks with n <= 24, where there are two threads to share them."""
    n = C.shape[-1]
    return (
        n <= LARGEST_N_THAT_PAYS
        and C.size * n >= WORTH_A_KERNEL
        and threads.n_threads() > 1
    )


def accepts_whitened_log_cuda(X: Any, C: Any) -> bool:
    """CuPy float64 with 1 <= n <= 32, one X for the whole stack."""
    return arrays.library(X) == "cupy" and arrays.library(C) == "cupy" and _fits(X, C)


def _raise_for(status: np.ndarray, C: Any) -> None:
    """`LinAlgError` naming the first matrix of the stack that failed."""
    bad = int(np.argmax(status != resolve(f"{SOURCE}:OK")))
    where = tuple(int(i) for i in np.unravel_index(bad, C.shape[:-2]))
    name = "C" if not where else f"C[{', '.join(map(str, where))}]"
    if status[bad] == resolve(f"{SOURCE}:NO_CONVERGENCE"):
        raise LinAlgError(
            f"{name} must have a logarithm that the Jacobi iteration finds, but it "
            "did not converge: use the reference backend."
        )
    matrix = arrays.to_host(C[where])
    if not np.isfinite(matrix).all():
        found = "one with NaN or infinity"
    else:
        found = f"the smallest eigenvalue {np.linalg.eigvalsh(matrix)[0]:.3g}"
    raise LinAlgError(
        f"{name} must be positive definite, got {found}: use more samples or a "
        "shrinkage estimator (for example OAS)."
    )


def _aligned(*shape: int) -> np.ndarray:
    """Uninitialised float64 array whose first entry starts a cache line."""
    raw = np.empty(math.prod(shape) + VECTOR)
    start = -(raw.ctypes.data // raw.itemsize) % VECTOR
    return raw[start : start + math.prod(shape)].reshape(shape)


def workspace_shapes(n: int, width: int) -> tuple[tuple[int, ...], ...]:
    """Shapes of the workspaces for one matrix at a time."""
    return (3, n, width), (3, n), (5, max(1, n // 2))


def whitened_log_numba(X: np.ndarray, C: np.ndarray) -> np.ndarray:
    """``log(X C X^T)`` on the host; the arguments passed `accepts_whitened_log`.

    Raises
    ------
    LinAlgError
        If a matrix is not positive definite; the sentence names the first.
    """
    kernel = compile.host(
        f"{SOURCE}:whitened_log_of_many", (*HELPERS, "whitened_log_of_one"), SIGNATURE
    )
    n = C.shape[-1]
    stack = np.require(C.reshape(-1, n, n), np.float64, ["C", "A"])
    Xt = np.array(X.T, dtype=np.float64, order="C")
    out = np.empty(stack.shape)
    status = np.zeros(stack.shape[0], dtype=np.int64)
    width = -(-n // VECTOR) * VECTOR

    def work(first: int, last: int) -> None:
        workspaces = (_aligned(*shape) for shape in workspace_shapes(n, width))
        kernel(Xt, stack, out, status, first, last, *workspaces)

    threads.over_batch(work, stack.shape[0], at_least=_matrices_worth_a_piece(n))
    if status.any():
        _raise_for(status, C)
    return out.reshape(C.shape)


def _matrices_worth_a_piece(n: int) -> int:
    """Number of matrices that take about 0.1 ms, the cost of waking a thread."""
    return max(1, 20_000 // (n * n * (n + 4)))


# GPU


# Names that the kernel below finds in its globals: `geomsci.backends.compile` puts the
# real ones into the globals of the copy that it compiles.
cuda: Any = None
whitened_log_of_one: Any = None


def _whitened_log_thread(Xt, C, out, status, factors, vectors, pairs):
    """One thread: every ``W``-th matrix, with the workspace of this thread.

    ``C`` and ``out`` have the shape (n, n, N); the workspaces end in an axis over the
    ``W`` threads that work.
    """
    thread = cuda.grid(1)
    if thread < factors.shape[3]:
        for b in range(thread, C.shape[2], factors.shape[3]):
            status[b] = whitened_log_of_one(
                Xt,
                C[:, :, b],
                out[:, :, b],
                factors[:, :, :, thread],
                vectors[:, :, thread],
                pairs[:, :, thread],
            )


def whitened_log_grid() -> Any:
    """The CUDA kernel; compiled for the argument types at its first launch."""
    return compile.grid(
        f"{__name__}:_whitened_log_thread",
        (("whitened_log_of_one", f"{SOURCE}:whitened_log_of_one", HELPERS),),
    )


@functools.cache
def n_workers(n: int, n_matrices: int) -> int:
    """Threads of the grid: one a matrix, as long as the workspaces fit a tile."""
    bytes_each = 8 * sum(math.prod(shape) for shape in workspace_shapes(n, n))
    return max(1, min(n_matrices, DEVICE_BYTES // bytes_each))


def launch_whitened_log(
    Xt: Any, C: Any, out: Any, status: Any, workspaces: tuple, stream: Any = 0
) -> None:
    """Launch the kernel on device arrays of any library.

    Parameters
    ----------
    Xt : device array, shape (n, n)
    C, out : device arrays, shape (n, n, N)
    status : device array of int64, shape (N,)
    workspaces : tuple of device arrays
        Of `workspace_shapes`, with an axis over W workers behind.
    stream : Numba stream, optional
    """
    blocks = math.ceil(workspaces[0].shape[3] / THREADS_PER_BLOCK)
    kernel = whitened_log_grid()
    kernel[blocks, THREADS_PER_BLOCK, stream](Xt, C, out, status, *workspaces)


def whitened_log_numba_cuda(X: Any, C: Any) -> Any:
    """``log(X C X^T)`` for CuPy arrays, one GPU thread a matrix.

    Raises
    ------
    LinAlgError
        If a matrix is not positive definite; the sentence names the first.
    """
    cupy = machine.require_cupy()
    from numba import cuda as numba_cuda

    n = C.shape[-1]
    with C.device:
        # The problem becomes the fastest axis: threads of a warp share cache lines.
        stack = cupy.ascontiguousarray(C.reshape(-1, n, n).transpose(1, 2, 0))
        out = cupy.empty_like(stack)
        status = cupy.zeros(stack.shape[2], dtype=cupy.int64)
        workers = n_workers(n, stack.shape[2])
        workspaces = tuple(
            cupy.empty((*shape, workers)) for shape in workspace_shapes(n, n)
        )
        stream = numba_cuda.external_stream(cupy.cuda.get_current_stream().ptr)
        launch_whitened_log(
            cupy.ascontiguousarray(X.T), stack, out, status, workspaces, stream
        )
        codes = status.get()
        if codes.any():
            _raise_for(codes, C)
        return cupy.ascontiguousarray(out.transpose(2, 0, 1)).reshape(C.shape)
