"""Drivers of the GPU kernels of heat kernels and of the distances read off them.

``heat_kernel_cuda``: ``exp(-t L) B`` by uniformisation, the walk sparse and the block
dense, one kernel a term (``embedding_uniformisation.cu``). A walk that is mostly full,
and the kernel without a right-hand side, are products of dense matrices, which the
library of the arrays does best: they stay with the reference.

``rate_distances_cuda``: logarithms, inverse rate law and symmetry in one pass over the
kernel (``embedding_distance.cu``).

The formulas, mappings and counts of bytes are in the ``.cu`` files; the mathematics is
that of `geomsci.reference.embedding`.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

from geomsci.backends import arrays
from geomsci.backends.dispatch import resolve
from geomsci.backends.kernels.launching import Runner, on_device

HEAT = "geomsci.reference.embedding.heat_kernels"
RATES = "geomsci.reference.embedding.rates"

THREADS_PER_BLOCK = 256

FULL = 32
"""A walk with more than one entry in so many is multiplied as a dense matrix."""

CHECKED_EVERY = 4
"""Terms between two looks at the stopping rule, as in the reference."""

TILE = 32
"""Side of a tile of distances, as in the file."""

TERMS = 512
"""Longest series of a rate law, as in the file."""


class Walk(NamedTuple):
    """Rows of a sparse matrix: ``starts`` (n + 1,), ``columns`` and ``values``."""

    starts: Any
    columns: Any
    values: Any


def _is_double(*xs: Any) -> bool:
    """CuPy arrays of float64."""
    return all(arrays.library(x) == "cupy" and x.dtype.name == "float64" for x in xs)


# Heat kernels


def accepts_heat_kernel_cuda(
    L: Any, rhs: Any, t: float, *, method: str, rtol: float
) -> bool:
    """CuPy float64 with a right-hand side, uniformisation."""
    return (
        method == "uniformization"
        and rhs is not None
        and _is_double(L, rhs)
        and rhs.size > 0
        and L.shape[0] < 2**31
    )


def heat_kernel_cuda(L: Any, rhs: Any, t: float, *, method: str, rtol: float) -> Any:
    """``exp(-t L) rhs`` of CuPy arrays; the arguments of the reference."""
    with L.device:
        return heat_kernel(L, rhs, t, rtol, on_device("embedding_uniformisation.cu"))


def heat_kernel(L: Any, B: Any, t: float, rtol: float, runner: Runner) -> Any:
    """``exp(-t L) B`` by uniformisation of the sparse walk."""
    xp = runner.xp
    q = resolve(f"{HEAT}:jump_rate")(L)
    if q == 0:
        return B.copy()
    P = resolve(f"{HEAT}:uniformised_walk")(L, q)
    walk = sparse_rows(P, xp)
    if walk.values.shape[0] * FULL > P.shape[0] ** 2:
        return resolve(f"{HEAT}:applied_uniformization")(P, q, t, B, rtol)
    return applied(walk, q, t, B, rtol, runner)


def sparse_rows(P: Any, xp: Any) -> Walk:
    """The entries of a dense matrix that are not 0, row by row."""
    rows, columns = xp.nonzero(P)
    ends = xp.cumsum(xp.bincount(rows, minlength=P.shape[0]))
    starts = xp.zeros(P.shape[0] + 1, dtype=xp.int64)
    starts[1:] = ends
    values = xp.ascontiguousarray(P[rows, columns])
    return Walk(starts, columns.astype(xp.int32), values)


def applied(walk: Walk, q: float, t: float, B: Any, rtol: float, runner: Runner) -> Any:
    """``exp(-t L) B``: positive and negative parts apart, long times in steps."""
    xp, m = runner.xp, B.shape[1]
    signed = bool(xp.any(B < 0))
    if signed:
        B = xp.concatenate([xp.maximum(B, 0.0), xp.maximum(-B, 0.0)], axis=1)
    largest: Any = resolve(f"{HEAT}:_LARGEST_JUMPS")
    steps = max(1, math.ceil(t * q / largest))
    for _ in range(steps):
        B = poisson_sum(walk, B, t * q / steps, rtol / (4 * steps), runner)
    return B[:, :m] - B[:, m:] if signed else B


def poisson_sum(walk: Walk, B: Any, z: float, tol: float, runner: Runner) -> Any:
    """``e^{-z} sum_k z^k / k! P^k B`` with the stopping rule of the reference."""
    xp, launch = runner
    n, m = B.shape
    width = min(32, 1 << (m - 1).bit_length())
    grid = (-(-n * width // THREADS_PER_BLOCK), -(-m // width))
    weight = math.exp(-z)
    power, following = xp.ascontiguousarray(B).copy(), xp.empty((n, m))
    H = weight * power
    unfinished = xp.zeros(1, dtype=xp.int32)
    k = 0
    while True:
        k += 1
        last, weight = weight, weight * (z / k)
        looks = k > z and k % CHECKED_EVERY == 0
        term = (power, weight, last, tol, int(looks), following, H, unfinished)
        arguments = (*walk, n, m, width, *term)
        launch("uniformisation_term", grid, THREADS_PER_BLOCK, arguments)
        power, following = following, power
        if looks:
            if int(unfinished[0]) == 0:
                return H
            unfinished[...] = 0


# Distances


def accepts_rate_distances_cuda(
    H: Any, t: float, *, distance: str, intrinsic_dim: float, **rest: Any
) -> bool:
    """CuPy float64, the rate law, series of at most 512 terms."""
    return distance == "rate" and _is_double(H) and _longest(intrinsic_dim) < TERMS


@functools.lru_cache(maxsize=64)
def _longest(m: float) -> int:
    """Number of terms at the largest tilt of the law's table."""
    law = resolve(f"{RATES}:rate_law")(m)
    return resolve(f"{RATES}:_n_terms")(law.a, math.exp(law.log_tilts[-1]))


def rate_distances_cuda(
    H: Any, t: float, *, intrinsic_dim: float, step: float, **rest: Any
) -> Any:
    """``step t I^{-1}(E)`` of a CuPy heat kernel; the arguments of the reference."""
    with H.device:
        runner = on_device("embedding_distance.cu")
        return rate_distances(H, t, intrinsic_dim, step, runner)


def rate_distances(
    H: Any, t: float, intrinsic_dim: float, step: float, runner: Runner
) -> Any:
    """Symmetric matrix of distances with zero diagonal."""
    xp, n = runner.xp, H.shape[0]
    H = xp.ascontiguousarray(H)
    law = resolve(f"{RATES}:rate_law")(intrinsic_dim)
    half = xp.log(xp.diagonal(H)) / 2
    tables = (xp.asarray(law.log_rates), xp.asarray(law.log_tilts))
    D = xp.empty((n, n))
    tiles = -(-n // TILE)
    arguments = (H, half, *tables, n, float(law.a), float(t), float(step * t), D)
    runner.launch("rate_distances", (tiles, tiles), THREADS_PER_BLOCK, arguments)
    return D
