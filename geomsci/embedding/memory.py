"""The door of stages that hold dense n x n matrices: whether the memory is there."""

from __future__ import annotations

from geomsci.backends import machine
from geomsci.backends.arrays import Array, device, library

FEWER = "use HeatGeodesicEmbedding(n_representatives=2000)"
"""What every dense stage can be replaced by: its memory does not grow with n^2."""


def require_memory(needed: float, what: str, instead: str) -> None:
    """Refuse a stage that the host cannot hold.

    Parameters
    ----------
    needed : float
        Bytes at the peak of the stage.
    what : str
        The stage, as the subject of "needs about".
    instead : str
        What works with less, as an imperative.

    Raises
    ------
    MemoryError
        With the memory needed, the memory there is, and what works instead.
    """
    available = machine.available_memory()
    if needed > available:
        raise MemoryError(
            f"{what} needs about {_size(needed)}, this machine has "
            f"{_size(available)}: {instead}."
        )


def require_matrices(
    n: int, matrices: int, what: str, *, like: Array, instead: str = FEWER
) -> None:
    """`require_memory` for a number of float64 matrices of n x n.

    Memory off the host is not asked for: devices say themselves when it is spent.
    """
    if library(like) == "numpy" or "cpu" in str(device(like)).lower():
        named = f"{what} of {n} points"
        require_memory(8.0 * matrices * n**2, named, instead)


def _size(n_bytes: float) -> str:
    """Bytes in GiB, or MiB where those would read 0.0."""
    if n_bytes < 2**30:
        return f"{n_bytes / 2**20:.1f} MiB"
    return f"{n_bytes / 2**30:.1f} GiB"
