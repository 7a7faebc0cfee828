"""Tiles cover everything once, and results do not depend on them."""

import numpy as np
import pytest
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


@pytest.mark.parametrize("n_threads", [1, 2, 3])
def test_map_does_not_depend_on_the_threads(monkeypatch, n_threads):
    monkeypatch.setattr(tiling.threads, "n_threads", lambda: n_threads)
    x = np.random.default_rng(0).standard_normal((64, 8, 8))
    square = tiling.map_tiles(np.linalg.inv, x, bytes_per_item=2**17)
    np.testing.assert_array_equal(square, np.linalg.inv(x))


def test_an_error_in_a_tile_reaches_the_caller(monkeypatch):
    monkeypatch.setattr(tiling.threads, "n_threads", lambda: 2)
    x = np.stack([np.eye(2)] * 40)
    x[37] = 0
    with pytest.raises(np.linalg.LinAlgError):
        tiling.map_tiles(np.linalg.inv, x, bytes_per_item=2**18)
