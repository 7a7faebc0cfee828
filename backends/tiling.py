"""Cuts long batches into pieces whose temporaries stay in the cache.

A temporary of several megabytes is written to fresh pages and read back from
memory; one of a few hundred kilobytes stays in the second-level cache. So every
O(n m) temporary of the reference code is made tile by tile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

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


def map_tiles(
    function: Callable[..., Array], *stacks: Array, bytes_per_item: int
) -> Array:
    """``function`` applied to tiles of the stacks' first axis, results joined.

    The result does not depend on the tile size: the items are independent.
    """
    xp = array_namespace(*stacks)
    n_items = stacks[0].shape[0]
    with one_thread(stacks[0]):
        parts = [
            function(*(x[tile, ...] for x in stacks))
            for tile in tiles(n_items, bytes_per_item, target=tile_bytes(stacks[0]))
        ]
    return parts[0] if len(parts) == 1 else xp.concat(parts, axis=0)
