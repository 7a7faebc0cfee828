"""Monotone transport of densities on a line, and the entropic curvature of a pair.

``T = Q1 o F0`` with the quantile function Q1; ``x_t = (1-t) x + t T(x)`` carries p0 to
``p_t(x_t) = p0(x) / (1 - t + t T')``, ``T' = p0(x)/p1(T)``. Every entropy is then an
integral against p0 over the grid, and the Jensen gap is

``J = int p0 [log(1 - t + t T') - t log T' + log m(x_t) - (1-t) log m(x)
- t log m(T)]``.

The cumulated mass is a cubic in each cell with the density as its slope, by the
trapezoidal rule with end corrections (fourth order), limited so that it never falls;
log m is a quintic in each cell. Sources: Villani, Topics in Optimal Transportation
(2003), section 2.2; McCann, Adv. Math. 128 (1997) 153. The discretisation is our own.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace, device, eps
from geomsci.backends.tiling import map_tiles
from geomsci.reference.entropic.entropies import stretch_gap
from geomsci.reference.entropic.pair_curvature import EntropyGap, pair_curvature

SMALLEST_GRID = 5
_STENCIL = 5
_NEGLIGIBLE = 1e-150  # relative density whose ratios may be all rounding
_EMPTY = 1e-290  # masses below it are all rounding
_MAX_ITER = 100


class Grid(NamedTuple):
    """Points and the weights of their first and second differences."""

    x: Array  # (n,), rising
    near: Array  # (n, 5) numbers of the five points nearest to each
    first: Array  # (n, 5)
    second: Array  # (n, 5)


class Mass(NamedTuple):
    """A density of mass 1 with its mass to the left and to the right of each point."""

    density: Array  # (..., n)
    cells: Array  # (..., n - 1)
    left: Array  # (..., n)
    right: Array  # (..., n)


class Transport(NamedTuple):
    """The monotone map at the grid's points, for p0 of mass 1."""

    p0: Array
    displacement: Array  # T(x) - x
    ratio: Array  # T'(x), 1 where the density is negligible
    counted: Array  # where the density is not


def grid_of(x: Array) -> Grid:
    """Differences of fourth order on five points, spaced at will."""
    xp = array_namespace(x)
    n = x.shape[0]
    place = device(x)
    middle = xp.arange(n, dtype=xp.int64, device=place)
    start = xp.clip(middle - 2, 0, n - _STENCIL)
    offsets = xp.arange(_STENCIL, dtype=xp.int64, device=place)
    near = start[:, None] + offsets[None, :]
    points = _gather(x, near)
    width = points[:, -1:] - points[:, :1]
    z = (points - x[:, None]) / width
    taylor = xp.stack([z**k / math.factorial(k) for k in range(_STENCIL)], axis=-1)
    one = xp.eye(_STENCIL, dtype=x.dtype, device=place)
    weights = linalg.solve(taylor, xp.broadcast_to(one, taylor.shape))
    return Grid(x, near, weights[:, 1, :] / width, weights[:, 2, :] / width**2)


def _gather(f: Array, near: Array) -> Array:
    """``f[..., near]`` with the shape (..., n, 5)."""
    xp = array_namespace(f)
    flat = xp.take(f, xp.reshape(near, (-1,)), axis=-1)
    return xp.reshape(flat, (*f.shape[:-1], *near.shape))


def _differences(grid: Grid, f: Array, weights: Array) -> Array:
    xp = array_namespace(f)
    return xp.sum(_gather(f, grid.near) * weights, axis=-1)


def cell_integrals(grid: Grid, f: Array) -> Array:
    """Integrals of f over the cells, by the trapezoidal rule with end corrections."""
    xp = array_namespace(f)
    width = xp.diff(grid.x)
    slope = _differences(grid, f, grid.first)
    correction = (slope[..., :-1] - slope[..., 1:]) * width**2 / 12.0
    return 0.5 * width * (f[..., :-1] + f[..., 1:]) + correction


def mass_of(grid: Grid, p: Array) -> Mass:
    """Cumulated masses from both ends, so that either tail keeps its digits."""
    xp = array_namespace(p)
    p = p / xp.max(p, axis=-1, keepdims=True)
    width = xp.diff(grid.x)
    # A cubic with these slopes rises everywhere if each is at most 3 masses a width.
    least = width * xp.maximum(p[..., :-1], p[..., 1:]) / 3.0
    cells = xp.maximum(cell_integrals(grid, p), least)
    total = xp.sum(cells, axis=-1, keepdims=True)
    p, cells = p / total, cells / total
    left = xp.cumulative_sum(cells, axis=-1, include_initial=True)
    flipped = xp.flip(cells, axis=-1)
    right = xp.flip(xp.cumulative_sum(flipped, axis=-1, include_initial=True), axis=-1)
    return Mass(p, cells, left, right)


def _cells_of(mass: Mass, left: Array, right: Array) -> Array:
    """Number of the cell that has the masses ``left`` and ``right`` at its sides."""
    xp = array_namespace(left)
    lower = left < right
    low = xp.zeros(left.shape, dtype=xp.int64, device=device(left))
    high = xp.full_like(low, mass.cells.shape[-1])
    for _ in range(math.ceil(math.log2(mass.cells.shape[-1])) + 1):
        middle = (low + high) // 2
        reached = xp.where(
            lower,
            xp.take_along_axis(mass.left, middle, axis=-1) <= left,
            xp.take_along_axis(mass.right, middle, axis=-1) >= right,
        )
        narrow = high - low <= 1
        low = xp.where(reached & ~narrow, middle, low)
        high = xp.where(reached | narrow, high, middle)
    return low


def _inverse_cubic(begin: Array, end: Array, cell: Array, target: Array) -> Array:
    """Root s in [0, 1] of a rising cubic less the target, by Newton steps in a bracket.

    The cubic ``begin (s - 2s^2 + s^3) + end (s^3 - s^2) + cell (3s^2 - 2s^3)`` rises
    from 0 to ``cell``.
    """
    xp = array_namespace(target)
    low, high = xp.zeros_like(target), xp.ones_like(target)
    safe = xp.where(cell > 0, cell, xp.ones_like(cell))
    s = xp.clip(target / safe, 0.0, 1.0)
    tol = 4 * eps(xp, s.dtype) * cell + _EMPTY
    for _ in range(_MAX_ITER):
        value = (
            begin * s * (1.0 - s) ** 2
            - end * s * s * (1.0 - s)
            + cell * s * s * (3.0 - 2.0 * s)
            - target
        )
        rate = (
            begin * (1.0 - s) * (1.0 - 3.0 * s)
            - end * s * (2.0 - 3.0 * s)
            + 6.0 * cell * s * (1.0 - s)
        )
        low, high = xp.where(value < 0, s, low), xp.where(value < 0, high, s)
        newton = s - value / xp.where(rate > 0, rate, xp.ones_like(rate))
        inside = (rate > 0) & (newton > low) & (newton < high)
        unsettled = xp.abs(value) > tol
        s = xp.where(unsettled, xp.where(inside, newton, 0.5 * (low + high)), s)
        if not bool(xp.any(unsettled)):
            break
    return s


def quantile_transport(grid: Grid, p0: Array, p1: Array) -> Transport:
    """Monotone map of p0 to p1 at the points of the grid.

    Parameters
    ----------
    grid : Grid
    p0, p1 : array, shape (..., n)
        Non-negative densities with a positive sum; each is scaled to mass 1.

    Returns
    -------
    transport : Transport
    """
    xp = array_namespace(p0, p1)
    p0, p1 = xp.broadcast_arrays(p0, p1)
    source, goal = mass_of(grid, p0), mass_of(grid, p1)
    left, right = source.left, source.right
    j = _cells_of(goal, left, right)
    x = xp.broadcast_to(grid.x, p0.shape)
    begin_x = xp.take_along_axis(x, j, axis=-1)
    width = xp.take_along_axis(x, j + 1, axis=-1) - begin_x
    begin = xp.take_along_axis(goal.density, j, axis=-1)
    end = xp.take_along_axis(goal.density, j + 1, axis=-1)
    cell = xp.take_along_axis(goal.cells, j, axis=-1)
    missing = xp.where(
        left < right,
        left - xp.take_along_axis(goal.left, j, axis=-1),
        xp.take_along_axis(goal.right, j, axis=-1) - right,
    )
    s = _inverse_cubic(begin * width, end * width, cell, missing)
    at_goal = (
        begin * (1.0 - s) * (1.0 - 3.0 * s)
        - end * s * (2.0 - 3.0 * s)
        + 6.0 * (cell / width) * s * (1.0 - s)
    )
    counted = (source.density > _NEGLIGIBLE * _peak(source.density)) & (
        at_goal > _NEGLIGIBLE * _peak(goal.density)
    )
    one = xp.ones_like(at_goal)
    ratio = xp.where(counted, source.density, one) / xp.where(counted, at_goal, one)
    return Transport(source.density, begin_x + s * width - x, ratio, counted)


def _peak(p: Array) -> Array:
    return array_namespace(p).max(p, axis=-1, keepdims=True)


def interpolated(grid: Grid, f: Array, y: Array) -> Array:
    """Values of f at y by quintics with the differences of f at both ends of a cell.

    Parameters
    ----------
    grid : Grid
    f : array, shape (n,) or (..., n)
    y : array, shape (..., n)
        Inside the grid.
    """
    xp = array_namespace(y)
    n = grid.x.shape[0]
    flat = xp.reshape(y, (-1,))
    j = xp.reshape(xp.searchsorted(grid.x, flat, side="right") - 1, y.shape)
    j = xp.astype(xp.clip(j, 0, n - 2), xp.int64)
    x = xp.broadcast_to(grid.x, y.shape)
    begin = xp.take_along_axis(x, j, axis=-1)
    width = xp.take_along_axis(x, j + 1, axis=-1) - begin
    s = (y - begin) / width
    r = 1.0 - s

    def ends(values: Array) -> tuple[Array, Array]:
        values = xp.broadcast_to(values, y.shape)
        return (
            xp.take_along_axis(values, j, axis=-1),
            xp.take_along_axis(values, j + 1, axis=-1),
        )

    f0, f1 = ends(f)
    d0, d1 = ends(_differences(grid, f, grid.first))
    c0, c1 = ends(_differences(grid, f, grid.second))
    rise = s**3 * (10.0 - 15.0 * s + 6.0 * s * s)
    slopes = d0 * s * r**3 * (1.0 + 3.0 * s) - d1 * r * s**3 * (1.0 + 3.0 * r)
    bends = 0.5 * (c0 * s * s * r**3 + c1 * r * r * s**3)
    return f0 + (f1 - f0) * rise + width * slopes + width**2 * bends


def quantile_gap(
    grid: Grid, transport: Transport, log_m: Array, t: Array
) -> EntropyGap:
    """Jensen gap of the entropy relative to m along a monotone transport."""
    xp = array_namespace(log_m)
    p0, v, ratio, counted = transport
    t = t[..., None]
    x = xp.broadcast_to(grid.x, v.shape)
    log_m = xp.broadcast_to(log_m, v.shape)
    at_end = interpolated(grid, log_m, x + v)
    between = interpolated(grid, log_m, x + t * v)
    stretch = _stretch(*xp.broadcast_arrays(ratio, t))
    bent = between - (1.0 - t) * log_m - t * at_end
    slope = xp.log(ratio) - log_m + at_end

    def mean(values: Array) -> Array:
        counted_part = xp.where(counted, p0 * values, xp.zeros_like(values))
        return xp.sum(cell_integrals(grid, counted_part), axis=-1)

    return EntropyGap(mean(stretch + bent), mean(slope), mean(v * v))


def _stretch(ratio: Array, t: Array) -> Array:
    """``log(1 - t + t ratio) - t log(ratio)``, also where ``1 - ratio`` rounds to 1."""
    xp = array_namespace(ratio)
    close = xp.abs(ratio - 1.0) < 0.5
    near = stretch_gap(xp.where(close, ratio - 1.0, xp.zeros_like(ratio)), t)
    return xp.where(close, near, xp.log(1.0 - t + t * ratio) - t * xp.log(ratio))


def quantile_entropic_curvature(
    x: Array, p0: Array, p1: Array, log_m: Array, t: Array, *, N: float
) -> Array:
    """Curvature of a pair of densities on a line; see the module."""
    grid = grid_of(x)
    gap = quantile_gap(grid, quantile_transport(grid, p0, p1), log_m, t)
    return pair_curvature(gap, t, N)


def local_densities(x: Array, rho: Array, centres: Array, R: float) -> Array:
    """``G_R(x - centre) rho(x)`` up to a factor, shape (..., n); its largest is 1."""
    xp = array_namespace(rho)
    exponent = -0.5 * ((x - centres[..., None]) / R) ** 2
    empty = rho <= 0
    log_rho = xp.log(xp.where(empty, xp.ones_like(rho), rho))
    exponent = xp.where(empty, -math.inf, exponent + log_rho)
    return xp.exp(exponent - xp.max(exponent, axis=-1, keepdims=True))


def log_smoothed(x: Array, rho: Array, R: float) -> Array:
    """``log (G_R * rho)`` at the grid's points up to a constant; nothing underflows."""
    xp = array_namespace(rho)
    width = xp.diff(x)
    zero = xp.zeros_like(width[:1])
    weight = xp.concat([zero, width]) + xp.concat([width, zero])
    empty = rho <= 0
    log_rho = xp.log(xp.where(empty, xp.ones_like(rho), rho * weight))
    log_rho = xp.where(empty, -math.inf, log_rho)

    def smoothed(at: Array) -> Array:
        exponent = log_rho - 0.5 * ((at[:, None] - x[None, :]) / R) ** 2
        largest = xp.max(exponent, axis=-1, keepdims=True)
        total = xp.sum(xp.exp(exponent - largest), axis=-1)
        return xp.log(total) + largest[..., 0]

    return map_tiles(smoothed, x, bytes_per_item=8 * x.shape[0])


def local_quantile_curvature(
    x: Array,
    rho: Array,
    points: Array,
    t: Array,
    *,
    R: float,
    h: float,
    measure: str,
    N: float,
) -> Array:
    """Curvature between the local measures at ``points -/+ h/2``, relative to m.

    ``measure`` is ``"density"`` (m = rho) or ``"smoothed"`` (m = rho * G_R).
    """
    xp = array_namespace(rho)
    grid = grid_of(x)
    p0 = local_densities(x, rho, points - 0.5 * h, R)
    p1 = local_densities(x, rho, points + 0.5 * h, R)
    log_m = xp.log(rho) if measure == "density" else log_smoothed(x, rho, R)
    gap = quantile_gap(grid, quantile_transport(grid, p0, p1), log_m, t)
    return pair_curvature(gap, t, N)
