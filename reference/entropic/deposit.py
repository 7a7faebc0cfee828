r"""Mass assignment point by point: the scalar source of the compiled kernel.

The same sum as `geomsci.reference.entropic.mass_assignment`, over the points in their
order: each adds its weight times the product of B-splines of order p to p^d cells.
Plain Python in the subset that Numba compiles.
"""

from __future__ import annotations

import math
from typing import Any

HELPERS = ("spline",)


def spline(x: float, order: int, n: int, cells: Any, weights: Any) -> None:
    """Cells and B-spline weights of one point along one axis.

    Parameters
    ----------
    x : float
        Position in units of the cell: cell i covers [i, i + 1).
    order : int, 1 to 4
    n : int
        Cells of the axis, at least ``order``.
    cells : array of int64, shape (4,), written
    weights : array of float64, shape (4,), written
    """
    # Even orders count from cell centres, odd ones from cell walls.
    y = x - 0.5 if order % 2 == 0 else x
    floor = math.floor(y)
    f = y - floor
    g = 1.0 - f
    if order == 1:
        weights[0] = 1.0
    elif order == 2:
        weights[0] = g
        weights[1] = f
    elif order == 3:
        weights[0] = 0.5 * g * g
        weights[1] = 0.5 + f * g
        weights[2] = 0.5 * f * f
    else:
        sixth = 1.0 / 6.0
        weights[0] = sixth * g * g * g
        weights[1] = sixth * (4.0 - 6.0 * f * f + 3.0 * f * f * f)
        weights[2] = sixth * (4.0 - 6.0 * g * g + 3.0 * g * g * g)
        weights[3] = sixth * f * f * f
    first = int(floor) - (order - 1) // 2
    for step in range(order):
        cells[step] = (first + step) % n


def deposit(
    positions: Any,
    masses: Any,
    per_length: Any,
    shape: Any,
    order: int,
    mass: Any,
    cells: Any,
    weights: Any,
) -> None:
    """Add the masses of points to the cells of a periodic grid.

    Parameters
    ----------
    positions : array of float32 or float64, shape (n, d)
    masses : array of float64, shape (n,) or (1,)
        One number stands for all points.
    per_length : array of float64, shape (3,)
        Cells for a unit of length on every axis.
    shape : array of int64, shape (3,)
        Cells of every axis, 1 on the axes past d.
    order : int, 1 to 4
    mass : array of float64, shape (prod(shape),), added to
    cells, weights : arrays of int64 and float64, shape (3, 4)
        Workspace.
    """
    d = positions.shape[1]
    for axis in range(3):
        cells[axis, 0] = 0
        weights[axis, 0] = 1.0
    order_1 = order if d > 1 else 1
    order_2 = order if d > 2 else 1
    one_mass = masses.shape[0] == 1
    for point in range(positions.shape[0]):
        for axis in range(d):
            x = positions[point, axis] * per_length[axis]
            spline(x, order, shape[axis], cells[axis], weights[axis])
        own = masses[0] if one_mass else masses[point]
        for a in range(order):
            row = cells[0, a] * shape[1]
            share_0 = own * weights[0, a]
            for b in range(order_1):
                line = (row + cells[1, b]) * shape[2]
                share_1 = share_0 * weights[1, b]
                for c in range(order_2):
                    mass[line + cells[2, c]] += share_1 * weights[2, c]
