"""The door of matrices of distances: what `geomsci.embedding` asks of them."""

from __future__ import annotations

from typing import Any

from geomsci.backends.arrays import Array, device, eps
from geomsci.backends.tiling import map_tiles


def distances(xp: Any, name: str, D: Array) -> Array:
    """Checked square matrix of distances, its rounding evened out; else ValueError.

    Finite entries are presumed. Symmetry and the diagonal may miss by the root of the
    precision times the largest distance: what the expanded square leaves.
    """
    D = symmetric(xp, name, D)
    corner = float(xp.max(xp.abs(xp.linalg.diagonal(D))))
    if corner > _slack(xp, D):
        raise ValueError(
            f"{name} must be zero on the diagonal, got {corner:.3g}: pass distances, "
            "not similarities."
        )
    if corner > 0:
        D = D * (1.0 - xp.eye(D.shape[0], dtype=D.dtype, device=device(D)))
    return D


def symmetric(xp: Any, name: str, M: Array) -> Array:
    """Non-negative symmetric matrix, its rounding evened out; else ValueError."""
    lowest = float(xp.min(M))
    if lowest < 0:
        raise ValueError(
            f"{name} must not be negative, got {lowest:.3g}: take absolute values, or "
            "distances instead of similarities."
        )

    def gaps(rows: Array, columns: Array) -> Array:
        return xp.max(xp.abs(rows - columns), axis=1)

    bytes_per_item = 2 * M.shape[0] * 8
    mirrored = xp.matrix_transpose(M)
    gap = float(xp.max(map_tiles(gaps, M, mirrored, bytes_per_item=bytes_per_item)))
    if gap > _slack(xp, M):
        raise ValueError(
            f"{name} must be symmetric, got a difference of {gap:.3g} between "
            f"{name}[i, j] and {name}[j, i]: take the mean of both."
        )
    return M if gap == 0 else 0.5 * (M + mirrored)


def _slack(xp: Any, M: Array) -> float:
    """What rounding may add to a distance: more than the expanded square leaves."""
    return eps(xp, M.dtype) ** 0.5 * float(xp.max(M))
