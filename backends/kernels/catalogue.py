"""Driver of the catalogue sums: points over threads, positions in a list of cells.

``log sum w e``, ``sum w e (y - x) / sum w e`` and the covariance, with ``e =
exp(-|y - x|^2 / (2 R^2))``. The mathematics is `geomsci.reference.entropic.cell_list`,
compiled for the host and for the GPU, one thread a point.

A neighbour is read once (32 bytes, contiguous along a row of cells, in the second-level
cache up to some 30,000 points) for about 60 operations, 17 of them the exponential. The
points are visited in the order of their cells, so that one finds the rows of the one
before it in the cache.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from geomsci.backends import arrays, compile, threads
from geomsci.backends.dispatch import resolve

SOURCE = "geomsci.reference.entropic.cell_list"

THREADS_PER_BLOCK = 64

_SIGNATURE = (
    "const float64[2]", "float64", "const float64[2]", "const int64[1]",
    "const int64[1]", "const float64[2]", "const int64[1]", "float64[1]",
    "float64[2]", "int64", "int64",
)  # fmt: skip

AT_LEAST = 32
"""Points that are worth a piece of their own."""


def _source(name: str) -> Any:
    return resolve(f"{SOURCE}:{name}")


def accepts(points: Any, positions: Any, *rest: Any) -> bool:
    """NumPy arrays."""
    return isinstance(positions, np.ndarray)


def accepts_cuda(points: Any, positions: Any, *rest: Any) -> bool:
    """CuPy arrays."""
    return arrays.library(positions) == "cupy"


def tables(
    points: Any, positions: Any, lag: Any, R: float, box: list[float] | None
) -> tuple[Any, ...]:
    """Points with three axes, cells, and the order of the points by cells."""
    xp = arrays.array_namespace(positions)
    cells = _source("build")(positions, lag, R, box)
    columns = _source("padded_columns")(points)
    padded = xp.stack(columns, axis=1)
    counts, frame = (arrays.to_host(x).tolist() for x in (cells.counts, cells.frame))
    order = xp.argsort(_source("cell_numbers")(columns, counts, frame), stable=True)
    return padded, cells, xp.astype(order, xp.int64, copy=False)


def gaussian_moments_numba(
    points: np.ndarray,
    positions: np.ndarray,
    lag: np.ndarray,
    R: float,
    box: list[float] | None,
) -> tuple[np.ndarray, ...]:
    """`geomsci.reference.entropic.catalogue.gaussian_moments` on the host."""
    kernel = compile.host(f"{SOURCE}:all_moments", _source("HELPERS"), _SIGNATURE)
    padded, cells, order = tables(points, positions, lag, R, box)
    out = np.empty((points.shape[0], _source("RESULT")))

    def work(begin: int, end: int) -> None:
        spare = np.empty(_source("WORK"))
        kernel(padded, R, *cells, order, spare, out, begin, end)

    threads.over_batch(work, points.shape[0], at_least=AT_LEAST)
    return moments_of(out, points.shape[1])


def moments_of(out: Any, d: int) -> tuple[Any, ...]:
    """Log sums (m,), offsets (m, d) and covariances (m, d, d) of the rows of sums."""
    full = out[:, [4, 5, 6, 5, 7, 8, 6, 8, 9]].reshape(-1, 3, 3)
    return out[:, 0], out[:, 4 - d : 4], full[:, 3 - d :, 3 - d :]


# GPU


# Names that the kernel below finds in its globals: `geomsci.backends.compile` puts the
# real ones into the globals of the copy that it compiles.
cuda: Any = None
point_moments: Any = None


def _point_thread(points, R, coordinates, starts, counts, frame, order, work, out):
    """One thread: every ``W``-th point, with row ``thread`` of the W workspaces."""
    thread = cuda.grid(1)
    if thread < work.shape[0]:
        for k in range(thread, points.shape[0], work.shape[0]):
            i = order[k]
            point_moments(
                points[i], R, coordinates, starts, counts, frame, work[thread], out[i]
            )


def point_grid() -> Any:
    """The CUDA kernel; compiled for the types at its first launch."""
    helpers = tuple(h for h in _source("HELPERS") if h != "point_moments")
    return compile.grid(
        f"{__name__}:_point_thread",
        (("point_moments", f"{SOURCE}:point_moments", helpers),),
    )


def launch(
    points: Any, R: float, cells: Any, order: Any, work: Any, out: Any, stream: Any = 0
) -> None:
    """Launch the kernel on device arrays of any library.

    Parameters
    ----------
    points : device array, shape (m, 3)
    R : float
    cells : CellList of device arrays
    order : device array of integers, shape (m,)
    work : device array, shape (W, 16)
        Workspaces of W threads; written.
    out : device array, shape (m, 10)
        Written.
    stream : Numba stream, optional
    """
    blocks = math.ceil(work.shape[0] / THREADS_PER_BLOCK)
    point_grid()[blocks, THREADS_PER_BLOCK, stream](points, R, *cells, order, work, out)


def gaussian_moments_cuda(
    points: Any, positions: Any, lag: Any, R: float, box: list[float] | None
) -> Any:
    """`geomsci.reference.entropic.catalogue.gaussian_moments` on CuPy arrays."""
    import cupy
    from numba import cuda as numba_cuda

    with positions.device:
        padded, cells, order = tables(points, positions, lag, R, box)
        work = cupy.empty((points.shape[0], _source("WORK")))
        out = cupy.empty((points.shape[0], _source("RESULT")))
        stream = numba_cuda.external_stream(cupy.cuda.get_current_stream().ptr)
        launch(padded, R, cells, order, work, out, stream)
        return moments_of(out, points.shape[1])
