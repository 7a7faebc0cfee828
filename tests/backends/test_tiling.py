"""Tiles cover everything once, and results do not depend on them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from geomsci.backends import tiling


@given(st.integers(0, 300), st.integers(0, 5000), st.integers(1, 9000))
def test_tiles_cover_every_item_once(n_items, size, target):
    parts = list(tiling.tiles(n_items, size, target=target))
    covered = [i for part in parts for i in range(n_items)[part]]
    assert covered == list(range(n_items))
    assert all((p.stop - p.start) * size <= max(size, target) for p in parts)


def test_map_does_not_depend_on_the_tiles(xp, monkeypatch):
    x = xp.asarray(np.random.default_rng(0).standard_normal((20, 3)))
    monkeypatch.setattr(tiling, "CACHE_BYTES", 1)
    small = tiling.map_tiles(lambda part: part * part, x, bytes_per_item=24)
    monkeypatch.setattr(tiling, "CACHE_BYTES", 10**9)
    large = tiling.map_tiles(lambda part: part * part, x, bytes_per_item=24)
    np.testing.assert_array_equal(xp.to_numpy(small), xp.to_numpy(large))
