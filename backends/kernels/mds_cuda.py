"""Drivers of the GPU kernels of metric multidimensional scaling.

``smacof_cuda`` and ``stress_cuda``: forces and stress in one pass over the distances.
``sgd_cuda``: a kernel a round of the tournament, a block of threads a pair of blocks of
points. The kernels, their mapping and what they read are in ``embedding_stress.cu``;
the mathematics is `geomsci.reference.embedding.mds` and ``sgd_mds``.
"""

from __future__ import annotations

from typing import Any

from geomsci.backends import arrays
from geomsci.backends.dispatch import resolve
from geomsci.backends.kernels.launching import Runner, on_device

FILE = "embedding_stress.cu"
SOURCE = "geomsci.reference.embedding.mds"

THREADS_PER_BLOCK = 256

MOST_COMPONENTS = 8
"""Coordinates of a point that the kernels have room for, as in the file."""

MOST_SEATS = 128
"""Seats of a block, as in the file."""

WARP = 32


def _fits(D: Any, Y: Any, weights: Any) -> bool:
    """CuPy arrays of float64, at least one point, at most 8 coordinates."""
    given = (D, Y) if weights is None else (D, Y, weights)
    return (
        all(arrays.library(x) == "cupy" and x.dtype.name == "float64" for x in given)
        and D.shape[0] > 0
        and 1 <= Y.shape[1] <= MOST_COMPONENTS
    )


def _rows_of_block(k: int) -> int:
    """Rows of D that one block of threads sums, as in the file."""
    return 4 if k <= 4 else 2


def forces_and_stress(D: Any, Yt: Any, weights: Any, runner: Runner) -> tuple[Any, Any]:
    """``B(Y) Y`` and the stress of Y, coordinates along the first axis of both."""
    xp, launch = runner
    k, n = Yt.shape
    forces, rows, total = xp.empty((k, n)), xp.empty(n), xp.empty(1)
    weighted = weights is not None
    arguments = (D, weights if weighted else D, int(weighted), Yt, n, forces, rows)
    grid = (-(-n // _rows_of_block(k)), 1)
    launch(f"stress_forces_{k}", grid, THREADS_PER_BLOCK, arguments)
    launch("stress_total", (1, 1), THREADS_PER_BLOCK, (rows, n, total))
    return forces, total[0, ...]


def accepts_stress_cuda(D: Any, Y: Any, weights: Any) -> bool:
    """CuPy float64, at most 8 coordinates."""
    return _fits(D, Y, weights)


def stress_cuda(D: Any, Y: Any, weights: Any) -> Any:
    """``sum_{i<j} w_ij (|y_i - y_j| - d_ij)^2`` of CuPy arrays, 0-d."""
    with D.device:
        return stress(D, Y, weights, on_device(FILE))


def stress(D: Any, Y: Any, weights: Any, runner: Runner) -> Any:
    """The stress of points, a 0-d array."""
    D, Yt, weights = _contiguous(D, Y, weights, runner.xp)
    return forces_and_stress(D, Yt, weights, runner)[1]


def _contiguous(D: Any, Y: Any, weights: Any, xp: Any) -> tuple[Any, Any, Any]:
    W = None if weights is None else xp.ascontiguousarray(weights)
    return xp.ascontiguousarray(D), xp.ascontiguousarray(Y.T), W


def accepts_smacof_cuda(
    D: Any, Y: Any, weights: Any, *, max_iter: int, tol: float
) -> bool:
    """CuPy float64, at most 8 coordinates."""
    return _fits(D, Y, weights)


def smacof_cuda(D: Any, Y: Any, weights: Any, *, max_iter: int, tol: float) -> Any:
    """Points and `MDSInfo` of CuPy arrays; the arguments of the reference."""
    with D.device:
        return smacof(D, Y, weights, max_iter, tol, on_device(FILE))


def smacof(
    D: Any, Y: Any, weights: Any, max_iter: int, tol: float, runner: Runner
) -> Any:
    """Majorisation of the stress, as the reference stops it."""
    xp, n = runner.xp, D.shape[0]
    D, Yt, W = _contiguous(D, Y, weights, xp)
    inverse = None if W is None else _inverse_of_v(W)
    scale = float(xp.sum(D * D if W is None else W * D * D)) / 2
    pulled, value = forces_and_stress(D, Yt, W, runner)
    path, converged = [float(value)], False
    while len(path) <= max_iter and not converged:
        Yt = pulled / n if inverse is None else pulled @ inverse
        Yt = xp.ascontiguousarray(Yt)
        pulled, value = forces_and_stress(D, Yt, W, runner)
        path.append(float(value))
        converged = path[-2] - path[-1] <= tol * scale
    info = resolve(f"{SOURCE}:MDSInfo")
    return Yt.T.copy(), info(path[-1], len(path) - 1, converged, tuple(path))


def _inverse_of_v(W: Any) -> Any:
    return resolve(f"{SOURCE}:_inverse_of_v")(arrays.array_namespace(W), W)


def accepts_sgd_cuda(D: Any, Y: Any, weights: Any, order: Any, etas: Any) -> bool:
    """CuPy float64, at most 8 coordinates, blocks of at most 128 points."""
    return _fits(D, Y, weights) and order.size <= MOST_SEATS


def sgd_cuda(D: Any, Y: Any, weights: Any, order: Any, etas: tuple[float, ...]) -> Any:
    """Points of CuPy arrays after all epochs; the arguments of the reference."""
    with D.device:
        return sgd(D, Y, weights, order, etas, on_device(FILE))


def sgd(
    D: Any, Y: Any, weights: Any, order: Any, etas: tuple[float, ...], runner: Runner
) -> Any:
    """Every pair of points moved towards its distance, epoch by epoch."""
    xp, launch = runner
    n, k = Y.shape
    W = D if weights is None else weights
    given = (xp.ascontiguousarray(D), xp.ascontiguousarray(W), int(W is not D), n)
    n_seats, n_blocks = order.seats.shape[1], order.rounds.shape[1]
    threads = max(WARP, order.size)
    points = xp.zeros((n_seats, k))
    points[:n] = Y
    for seats, rounds, eta in zip(order.seats, order.rounds, etas):
        seats = xp.asarray(seats, dtype=xp.int64)
        seated = points[seats]
        for r in rounds.tolist():
            where = (seats, order.size, n_blocks, r, float(eta), k, seated)
            grid = ((n_blocks + 1) // 2, 1)
            launch("sgd_round", grid, threads, (*given, *where))
        points[seats] = seated
    return points[:n].copy()
