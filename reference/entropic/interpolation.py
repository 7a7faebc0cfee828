"""Multilinear interpolation between the cell centres of a periodic grid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from geomsci.backends.arrays import Array, array_namespace, device, to_host


def interpolated(field: Array, points: Array, lengths: Sequence[float]) -> Array:
    """Values (m, c) at points (m, d) of a periodic field (n_1, ..., n_d, c).

    Cell i is centred at ``(i + 1/2) L / n``. O(2^d m c).
    """
    shape = tuple(field.shape[: len(lengths)])
    found = SlabInterpolation(points, shape, lengths, field.shape[-1], field.dtype)
    found.add(slice(0, shape[0]), field)
    return found.values()


class SlabInterpolation:
    """`interpolated` for a field that is seen once, slab by slab of its first axis.

    Each point takes a share of two neighbouring planes. The shares are kept apart and
    added at the end, so that slabs may come in any order, or at once from threads.

    Parameters
    ----------
    points : array, shape (m, d)
    shape : sequence of d int
        Cells of the grid.
    lengths : sequence of d float
    n_values : int
        Numbers c a cell.
    dtype : dtype
        Of the field.
    """

    def __init__(
        self,
        points: Array,
        shape: Sequence[int],
        lengths: Sequence[float],
        n_values: int,
        dtype: Any,
    ) -> None:
        xp, place = array_namespace(points), device(points)
        low, share = [], []
        for axis, (n, length) in enumerate(zip(shape, lengths)):
            x = points[:, axis] * (n / length) - 0.5
            floor = xp.floor(x)
            low.append(xp.astype(floor, xp.int64) % n)
            share.append(xp.astype(x - floor, dtype))
        # Points of neighbouring planes stand together: a slab reads slices of them.
        self._order = xp.argsort(low[0])
        self._low = [xp.take(cells, self._order) for cells in low]
        self._share = [xp.take(part, self._order) for part in share]
        edges = xp.arange(shape[0] + 1, dtype=xp.int64, device=place)
        self._starts = to_host(xp.searchsorted(self._low[0], edges)).tolist()
        self._shape = tuple(shape)
        m = points.shape[0]
        self._sides = [
            xp.zeros((m, n_values), dtype=dtype, device=place) for _ in range(2)
        ]

    def _pieces(self, planes: slice) -> list[tuple[int, slice]]:
        """Points whose lower (0) or upper (1) plane is among ``planes``."""
        first, last = planes.start, planes.stop
        ranges = [(0, first, last), (1, max(first - 1, 0), last - 1)]
        if first == 0:
            ranges.append((1, self._shape[0] - 1, self._shape[0]))
        pieces = [(up, slice(self._starts[a], self._starts[b])) for up, a, b in ranges]
        return [(up, piece) for up, piece in pieces if piece.start < piece.stop]

    def needs(self, planes: slice) -> bool:
        """Whether any point reads one of the planes."""
        return bool(self._pieces(planes))

    def add(self, planes: slice, field: Array) -> None:
        """Read the planes, shape (planes, n_2, ..., n_d, c), of the field."""
        xp = array_namespace(field)
        flat = xp.reshape(field, (-1, field.shape[-1]))
        for up, piece in self._pieces(planes):
            plane = (self._low[0][piece] + up) % self._shape[0] - planes.start
            share = self._share[0][piece]
            share = share if up else 1.0 - share
            low = [cells[piece] for cells in self._low[1:]]
            shares = [part[piece] for part in self._share[1:]]
            total = xp.zeros_like(self._sides[up][piece, :])
            for corner in range(2 ** len(low)):
                index, weight = plane, share
                for axis, n in enumerate(self._shape[1:]):
                    bit = (corner >> axis) & 1
                    index = index * n + (low[axis] + bit) % n
                    weight = weight * (shares[axis] if bit else 1.0 - shares[axis])
                total = total + weight[:, None] * xp.take(flat, index, axis=0)
            self._sides[up][piece, :] = total

    def values(self) -> Array:
        """Values (m, c) in the order of the points."""
        lower, upper = self._sides
        xp = array_namespace(lower)
        return xp.take(lower + upper, xp.argsort(self._order), axis=0)
