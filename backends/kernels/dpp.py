"""Drivers of the exact samplers: draws over threads, or one GPU thread a draw.

``finite_dpp_draws`` and ``polynomial_dpp_draws``: projection DPPs by the chain rule
with rejection. ``finite_points``, ``polynomial_points`` and ``polynomial_proposals``:
independent points of the optimal measure. The mathematics is
`geomsci.reference.sampling.chain_rule` and `geomsci.reference.sampling.proposals`,
compiled for the host and for the GPU.

Bytes and operations of a draw of m points: 2 m^3 for the proposals and 2 m^3 for the
reflections, one multiplication and addition for every number read; the workspace W of
8 m^2 bytes stays in the second-level cache up to m = 250. Above `LARGEST_M` the blocked
reference, in matrix products, is faster. On the GPU the workspaces of a thread are
contiguous, since its reads run along the rows of W.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci.backends import arrays, compile, machine, threads
from geomsci.backends.dispatch import resolve
from geomsci.backends.tiling import DEVICE_BYTES

SAMPLING = "geomsci.reference.sampling"

THREADS_PER_BLOCK = 32
"""One warp: draws of one block end at different times."""

LARGEST_M = 400
"""Functions up to which the scalar code is faster than matrix products."""

LARGEST_M_CUDA = 128
"""The same for one GPU thread a draw."""

KEYS = ("const int64[2]",)
TABLES = (
    "const int64[1]", "const int64[2]", "const float64[3]", "const float64[3]",
)  # fmt: skip
FINITE = ("const float64[2]", "const float64[1]", "const int64[1]")
WORK = ("float64[2]", "float64[1]", "float64[1]")


def _named(target: str) -> Any:
    """A value of the methods' modules, which this floor knows by name only."""
    return resolve(target)


def _compiled(
    module: str, name: str, extra: tuple[str, ...], signature: tuple[str, ...]
) -> Callable[..., Any]:
    helpers = (*_named(f"{SAMPLING}.{module}:HELPERS"), *extra)
    return compile.host(f"{SAMPLING}.{module}:{name}", helpers, signature)


def _finite_kernel() -> Callable[..., Any]:
    signature = (
        *KEYS, *FINITE, "int64", "int64[2]", "int64[1]", "int64", "int64", *WORK,
        "int64[2]",
    )  # fmt: skip
    return _compiled("chain_rule", "finite_draws", ("finite_draw",), signature)


def _polynomial_kernel() -> Callable[..., Any]:
    signature = (
        *KEYS, *TABLES, "int64", "float64[3]", "float64[2]", "int64[1]",
        "int64", "int64", *WORK, "float64[1]", "float64[2]", "float64[1]", "int64[2]",
    )  # fmt: skip
    return _compiled("chain_rule", "polynomial_draws", ("polynomial_draw",), signature)


def _is_host(keys: Any, *parts: Any) -> bool:
    return all(isinstance(x, np.ndarray) for x in (keys, *parts))


def accepts_finite(keys: Any, found: Any, **options: Any) -> bool:
    """NumPy arrays in C order."""
    return _is_host(keys, *found) and found.rows.flags.c_contiguous


def pays_finite(keys: Any, found: Any, **options: Any) -> bool:
    """Few functions, or enough draws to give every thread some."""
    return found.rows.shape[1] <= LARGEST_M


def accepts_polynomial(keys: Any, tables: Any, **options: Any) -> bool:
    """NumPy arrays."""
    return _is_host(keys, *tables)


def pays_polynomial(keys: Any, tables: Any, **options: Any) -> bool:
    """Few functions."""
    return tables.indices.shape[0] <= LARGEST_M


def accepts_cuda(keys: Any, found: Any, **options: Any) -> bool:
    """Keys as a CuPy array, and few enough functions for one thread."""
    m = (found.rows if hasattr(found, "rows") else found.indices.T).shape[1]
    return arrays.library(keys) == "cupy" and m <= LARGEST_M_CUDA


def pays_cuda(keys: Any, found: Any, **options: Any) -> bool:
    """Enough draws to fill a warp; fewer are faster in matrix products."""
    return keys.shape[0] >= THREADS_PER_BLOCK


VECTOR = 8
"""Rows are as long as a multiple of it: a loop over them has no scalar rest."""


def _limit(m: int) -> int:
    return _named(f"{SAMPLING}.blocked:largest_number_of_proposals")(m)


def _require_complete(n_proposals: Any, m: int) -> None:
    if bool((n_proposals < 0).any()):
        raise _named(f"{SAMPLING}.blocked:not_orthonormal")(m, 0, _limit(m))


def workspace_shapes(
    m: int, d: int = 0, n_values: int = 0, width: int | None = None
) -> tuple[tuple[str, tuple[int, ...]], ...]:
    """(dtype, shape) of what one draw at a time works in; d = 0: a finite set.

    With ``width`` the rows of a space of polynomials are longer than m, by zeros.
    """
    columns = width or m
    shapes: list[tuple[str, tuple[int, ...]]] = [
        ("float64", (m, columns)), ("float64", (m,)), ("float64", (columns,))
    ]  # fmt: skip
    if d:
        shapes += [("float64", (columns,)), ("float64", (d, n_values))]
        shapes += [("float64", (d,))]
    return (*shapes, ("int64", (8, 16)))


def _host_workspace(shapes: tuple) -> tuple[np.ndarray, ...]:
    return tuple(np.zeros(shape, dtype=dtype) for dtype, shape in shapes)


def _at_least(m: int) -> int:
    """Draws that are worth a thread of their own: about 50 microseconds of work."""
    return max(1, math.ceil(2e5 / (4.0 * m**3 + 100.0 * m)))


def finite_dpp_draws_numba(
    keys: np.ndarray, found: Any, *, n_points: int
) -> tuple[np.ndarray, np.ndarray]:
    """`geomsci.reference.sampling.blocked.finite_dpp_draws` on the host."""
    kernel = _finite_kernel()
    R, m = keys.shape[0], found.rows.shape[1]
    indices = np.empty((R, n_points), dtype=np.int64)
    n_proposals = np.empty(R, dtype=np.int64)

    def work(first: int, last: int) -> None:
        kernel(
            keys, found.rows, found.cumulative, found.guide, _limit(m), indices,
            n_proposals, first, last, *_host_workspace(workspace_shapes(m)),
        )  # fmt: skip

    threads.over_batch(work, R, at_least=_at_least(m))
    _require_complete(n_proposals, m)
    return indices, n_proposals


def polynomial_dpp_draws_numba(
    keys: np.ndarray, tables: Any, *, n_points: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`geomsci.reference.sampling.blocked.polynomial_dpp_draws` on the host."""
    kernel = _polynomial_kernel()
    R, (m, d) = keys.shape[0], tables.indices.shape
    points, weights = np.empty((R, n_points, d)), np.empty((R, n_points))
    n_proposals = np.empty(R, dtype=np.int64)

    def work(first: int, last: int) -> None:
        width = -(-m // VECTOR) * VECTOR
        shapes = workspace_shapes(m, d, tables.recurrences.shape[1], width)
        kernel(
            keys, *tables, _limit(m), points, weights, n_proposals, first, last,
            *_host_workspace(shapes),
        )  # fmt: skip

    threads.over_batch(work, R, at_least=_at_least(m))
    _require_complete(n_proposals, m)
    return points, weights, n_proposals


def finite_points_numba(
    keys: np.ndarray, found: Any, *, n_points: int, share: float
) -> np.ndarray:
    """`geomsci.reference.sampling.blocked.finite_points` on the host."""
    signature = (
        *KEYS, "float64", "const float64[1]", "const int64[1]", "const float64[1]",
        "const int64[1]", "int64[2]", "int64", "int64", "int64[2]",
    )  # fmt: skip
    kernel = _compiled("proposals", "finite_points", (), signature)
    R = keys.shape[0]
    indices = np.empty((R, n_points), dtype=np.int64)

    def work(first: int, last: int) -> None:
        kernel(
            keys, share, *found[2:], indices, first, last,
            np.empty((8, 16), dtype=np.int64),
        )  # fmt: skip

    threads.over_batch(work, R, at_least=max(1, 500 // (n_points + 1)))
    return indices


def polynomial_points_numba(
    keys: np.ndarray, tables: Any, *, n_points: int, share: float
) -> tuple[np.ndarray, np.ndarray]:
    """`geomsci.reference.sampling.blocked.polynomial_points` on the host."""
    signature = (
        *KEYS, "float64", *TABLES, "float64[3]", "float64[2]", "int64", "int64",
        "float64[1]", "float64[2]", "int64[2]",
    )  # fmt: skip
    kernel = _compiled("proposals", "polynomial_points", (), signature)
    R, (m, d) = keys.shape[0], tables.indices.shape
    points, weights = np.empty((R, n_points, d)), np.empty((R, n_points))

    def work(first: int, last: int) -> None:
        kernel(
            keys, share, *tables, points, weights, first, last, np.empty(m),
            np.empty((d, tables.recurrences.shape[1])),
            np.empty((8, 16), dtype=np.int64),
        )  # fmt: skip

    threads.over_batch(work, R, at_least=max(1, 100 // (n_points + 1)))
    return points, weights


def polynomial_proposals_numba(
    key: np.ndarray, tables: Any, *, first: int, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """`geomsci.reference.sampling.blocked.polynomial_proposals` on the host."""
    signature = (
        "const int64[1]", "int64", *TABLES, "float64[2]", "float64[1]", "float64[2]",
        "float64[1]", "float64[2]", "int64[2]",
    )  # fmt: skip
    kernel = _compiled("proposals", "polynomial_proposals", (), signature)
    m, d = tables.indices.shape
    parts = (
        np.empty((count, d)), np.empty(count), np.empty((count, m)), np.empty(count),
    )  # fmt: skip
    values = np.empty((d, tables.recurrences.shape[1]))
    kernel(key, first, *tables, *parts, values, np.empty((8, 16), dtype=np.int64))
    return parts


def optimal_weights_numba(points: np.ndarray, tables: Any) -> np.ndarray:
    """`geomsci.reference.sampling.blocked.optimal_weights` on the host."""
    signature = (
        "const float64[2]", *TABLES, "float64[1]", "float64[1]", "float64[2]",
    )  # fmt: skip
    kernel = _compiled("proposals", "optimal_weights", (), signature)
    m, d = tables.indices.shape
    weights = np.empty(points.shape[0])
    values = np.empty((d, tables.recurrences.shape[1]))
    kernel(points, *tables, weights, np.empty(m), values)
    return weights


# GPU


# Names that the kernels below find in their globals: `geomsci.backends.compile` puts
# the real ones into the globals of the copies that it compiles.
cuda: Any = None
finite_draw: Any = None
polynomial_draw: Any = None


def _finite_thread(
    keys, rows, cumulative, guide, limit, indices, n_proposals, W, z, y, words
):
    """One thread: every w-th draw, with row ``thread`` of the w workspaces."""
    thread = cuda.grid(1)
    if thread < W.shape[0]:
        work = (W[thread], z[thread], y[thread], words[thread])
        for r in range(thread, keys.shape[0], W.shape[0]):
            n_proposals[r] = finite_draw(
                keys[r], rows, cumulative, guide, limit, indices[r], work
            )


def _polynomial_thread(
    keys, families, index_set, recurrences, envelopes, limit,
    points, weights, n_proposals, W, z, y, phi, values, point, words,
):  # fmt: skip
    """One thread: every w-th draw, with row ``thread`` of the w workspaces."""
    thread = cuda.grid(1)
    if thread < W.shape[0]:
        tables = (families, index_set, recurrences, envelopes)
        work = (
            W[thread], z[thread], y[thread], phi[thread], values[thread],
            point[thread], words[thread],
        )  # fmt: skip
        for r in range(thread, keys.shape[0], W.shape[0]):
            n_proposals[r] = polynomial_draw(
                keys[r], tables, limit, points[r], weights[r], work
            )


def draw_grid(name: str) -> Any:
    """CUDA kernel of ``"finite"`` or ``"polynomial"``; types at its first launch."""
    source = f"{SAMPLING}.chain_rule"
    helpers = tuple(_named(f"{source}:HELPERS"))
    body = f"{name}_draw"
    return compile.grid(
        f"{__name__}:_{name}_thread", ((body, f"{source}:{body}", helpers),)
    )


def n_workers(shapes: tuple[tuple[str, tuple[int, ...]], ...], n_draws: int) -> int:
    """Threads of the grid: one a draw, as long as the workspaces fit a tile."""
    bytes_each = sum(
        np.dtype(dtype).itemsize * math.prod(shape) for dtype, shape in shapes
    )
    return max(1, min(n_draws, DEVICE_BYTES // bytes_each))


def launch(
    name: str,
    keys: Any,
    inputs: tuple,
    limit: int,
    outputs: tuple,
    workspace: tuple,
    stream: Any = 0,
) -> None:
    """Launch ``draw_grid(name)`` on device arrays of any library.

    Parameters
    ----------
    name : {"finite", "polynomial"}
    keys : device array of int64, shape (R, 4)
    inputs : tuple of device arrays
        Rows, running sums and guide, or the four tables of a polynomial basis.
    limit : int
    outputs : tuple of device arrays
        Written: indices, or points and weights; then numbers of proposals.
    workspace : tuple of device arrays
        Of `workspace_shapes`, with a leading axis over the workers.
    stream : Numba stream, optional
    """
    blocks = math.ceil(workspace[0].shape[0] / THREADS_PER_BLOCK)
    draw_grid(name)[blocks, THREADS_PER_BLOCK, stream](
        keys, *inputs, limit, *outputs, *workspace
    )


def _on_device(
    name: str, keys: Any, inputs: tuple, outputs: tuple, shapes: tuple, m: int
) -> None:
    cupy = machine.require_cupy()
    from numba import cuda as numba_cuda

    workers = n_workers(shapes, keys.shape[0])
    workspace = tuple(
        cupy.empty((workers, *shape), dtype=dtype) for dtype, shape in shapes
    )
    stream = numba_cuda.external_stream(cupy.cuda.get_current_stream().ptr)
    launch(name, keys, inputs, _limit(m), outputs, workspace, stream)
    _require_complete(outputs[-1], m)


def finite_dpp_draws_cuda(keys: Any, found: Any, *, n_points: int) -> tuple[Any, Any]:
    """`geomsci.reference.sampling.blocked.finite_dpp_draws`, one thread a draw."""
    cupy = machine.require_cupy()
    m = found.rows.shape[1]
    with keys.device:
        outputs = (
            cupy.empty((keys.shape[0], n_points), dtype=np.int64),
            cupy.empty(keys.shape[0], dtype=np.int64),
        )
        inputs = tuple(
            cupy.ascontiguousarray(x)
            for x in (found.rows, found.cumulative, found.guide)
        )
        _on_device("finite", keys, inputs, outputs, workspace_shapes(m), m)
    return outputs


def polynomial_dpp_draws_cuda(
    keys: Any, tables: Any, *, n_points: int
) -> tuple[Any, Any, Any]:
    """`geomsci.reference.sampling.blocked.polynomial_dpp_draws`, one thread a draw."""
    cupy = machine.require_cupy()
    R, (m, d) = keys.shape[0], tables.indices.shape
    with keys.device:
        outputs = (
            cupy.empty((R, n_points, d)),
            cupy.empty((R, n_points)),
            cupy.empty(R, dtype=np.int64),
        )
        inputs = tuple(cupy.asarray(x) for x in tables)
        shapes = workspace_shapes(m, d, tables.recurrences.shape[1])
        _on_device("polynomial", keys, inputs, outputs, shapes, m)
    return outputs
