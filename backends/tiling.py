"""Cuts long batches into pieces whose temporaries stay in the cache.

A temporary of several megabytes is written to fresh pages and read back from
memory; one of a few hundred kilobytes stays in the second-level cache. So every
O(n m) temporary of the reference code is made tile by tile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from geomsci.backends import threads
from geomsci.backends.arrays import Array, array_namespace, device, library
from geomsci.backends.blas_threads import one_thread

CACHE_BYTES = 512 * 1024
"""Size of the temporaries of one tile; 0.2 to 1 MB are equally good on x86-64."""

DEVICE_BYTES = 256 * 1024 * 1024
"""Size of a tile off the host, where a launch costs more than the memory."""


def tiles(
    n_items: int, bytes_per_item: int, *, target: int = CACHE_BYTES
) -> Iterator[slice]:
    """Slices that cover ``range(n_items)``, each about ``target`` bytes of work.

    Examples
    --------
    >>> list(tiles(5, 200 * 1024))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    step = max(1, target // max(1, bytes_per_item))
    for start in range(0, n_items, step):
        yield slice(start, min(start + step, n_items))


def tile_bytes(x: Array) -> int:
    """Bytes of temporaries that suit the place where ``x`` lives."""
    on_host = library(x) == "numpy" or "cpu" in str(device(x)).lower()
    return CACHE_BYTES if on_host else DEVICE_BYTES


def each_tile(
    work: Callable[[slice], None],
    n_items: int,
    bytes_per_item: int,
    *,
    like: Array,
    target: int | None = None,
) -> None:
    """Call ``work`` on every tile of ``range(n_items)``.

    NumPy releases the interpreter's lock in its loops, so tiles of NumPy arrays are
    shared by the threads of `geomsci.backends.threads`, each with one BLAS thread.
    Tiles must not share what they write. Results depend on neither tiles nor threads.

    Parameters
    ----------
    work : callable
        Takes a slice.
    n_items, bytes_per_item : int
    like : array
        An array of the work: where it lives says how large a tile is.
    target : int, optional
        Bytes of a tile; default `tile_bytes` of ``like``.
    """
    parts = list(tiles(n_items, bytes_per_item, target=target or tile_bytes(like)))

    def pieces(first: int, last: int) -> None:
        for part in parts[first:last]:
            work(part)

    if library(like) == "numpy":
        with one_thread(like):
            threads.over_batch(pieces, len(parts), at_least=1)
    else:
        pieces(0, len(parts))


def map_tiles(
    function: Callable[..., Array], *stacks: Array, bytes_per_item: int
) -> Array:
    """``function`` applied to tiles of the stacks' first axis, results joined.

    The items must be independent; the tiles run as in `each_tile`.
    """
    xp = array_namespace(*stacks)
    results: dict[int, Array] = {}

    def work(tile: slice) -> None:
        results[tile.start] = function(*(x[tile, ...] for x in stacks))

    each_tile(work, stacks[0].shape[0], bytes_per_item, like=stacks[0])
    parts = [results[start] for start in sorted(results)]
    return parts[0] if len(parts) == 1 else xp.concat(parts, axis=0)
