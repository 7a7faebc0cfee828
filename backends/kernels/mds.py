"""Driver of the stochastic gradients of the stress: pairs of blocks over threads.

``sgd``: every pair of points moved towards its distance, epoch by epoch. The
mathematics is `geomsci.reference.embedding.sgd_mds`, compiled for the host: the pairs
of blocks of one round share no point, so threads take them without a race.

Bytes and operations of a pair: one distance is copied into the order of the seats,
along rows, and read once; the coordinates of two blocks stay in the first-level cache;
about 10 operations, a root and a division.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from geomsci.backends import compile, threads
from geomsci.backends.dispatch import resolve

SOURCE = "geomsci.reference.embedding.sgd_mds"

WORTH_A_THREAD = 20_000
"""Pairs of points that are worth a piece of their own: about 0.1 milliseconds."""


def _kernels(scalar: str) -> tuple[Any, Any]:
    """Machine code of ``take_seats`` and ``play_round``."""
    matrix = f"{scalar}[2]"
    seating = (
        f"const {matrix}", "const int64[1]", "int64", matrix, "int64", "int64",
    )  # fmt: skip
    playing = (
        matrix, matrix, matrix, "int64", "int64", "float64", "int64", "int64",
    )  # fmt: skip
    return (
        compile.host(f"{SOURCE}:take_seats", (), seating),
        compile.host(f"{SOURCE}:play_round", resolve(f"{SOURCE}:HELPERS"), playing),
    )


def accepts_sgd(D: Any, *rest: Any) -> bool:
    """NumPy arrays."""
    return isinstance(D, np.ndarray)


def sgd_numba(
    D: np.ndarray,
    Y: np.ndarray,
    weights: np.ndarray | None,
    order: Any,
    etas: tuple[float, ...],
) -> np.ndarray:
    """`geomsci.reference.embedding.mds.sgd` on the host."""
    take_seats, play_round = _kernels(D.dtype.name)
    n, n_seats = D.shape[0], order.seats.shape[1]
    D, size = np.ascontiguousarray(D), order.size
    distances = np.empty((n_seats, n_seats), dtype=D.dtype)
    unit = weights is None
    W = D if unit else np.ascontiguousarray(weights)
    strengths = np.ones((1, 1), dtype=D.dtype) if unit else np.empty_like(distances)
    points = np.zeros((n_seats, Y.shape[1]), dtype=D.dtype)
    points[:n] = Y
    n_pairs = (order.rounds.shape[1] + 1) // 2
    a_row, a_pair = WORTH_A_THREAD // n_seats + 1, WORTH_A_THREAD // size**2 + 1
    for seats, rounds, eta in zip(order.seats, order.rounds, etas):
        work = functools.partial(take_seats, D, seats, n, distances)
        threads.over_batch(work, n_seats, at_least=a_row)
        if not unit:
            work = functools.partial(take_seats, W, seats, n, strengths)
            threads.over_batch(work, n_seats, at_least=a_row)
        seated = points[seats]
        for r in rounds.tolist():
            work = functools.partial(
                play_round, distances, strengths, seated, size, r, eta
            )
            threads.over_batch(work, n_pairs, at_least=a_pair)
        points[seats] = seated
    return points[:n].copy()
