"""Blocked cosmic-web loop: the same bits as the plain one, whatever the pieces."""

import numpy as np
import pytest

from geomsci.backends.kernels import web, web_blocks


def _fields(n, dtype):
    rng = np.random.default_rng(n)
    fields = [rng.standard_normal((n, 1, 1)).astype(dtype) for _ in range(10)]
    return np.exp(fields[0]), tuple(fields[1:4]), tuple(fields[4:])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [0, 1, 31, 33, 255, 256, 257, 9000])
def test_blocks_and_voxels_agree(n, dtype):
    fields, options = _fields(n, dtype), {"weight": 0.5, "threshold": 0.3}
    values, count = web_blocks.quotient_eigenvalues_numba(*fields, **options)
    plain, same = web.quotient_eigenvalues_numba(*fields, **options)
    assert values.dtype == dtype
    scale = np.abs(plain).max(axis=-1, initial=0)[..., None]
    assert np.all(np.abs(values - plain) <= 16 * np.finfo(dtype).eps * scale)
    np.testing.assert_array_equal(count, same)


def test_pieces_change_no_bit(monkeypatch):
    fields = _fields(9000, "float32")
    whole, count = web_blocks.quotient_eigenvalues_numba(*fields)
    monkeypatch.setattr(web, "WORTH_A_THREAD", 100)
    monkeypatch.setattr(web_blocks.threads, "n_threads", lambda: 4)
    again, same = web_blocks.quotient_eigenvalues_numba(*fields)
    np.testing.assert_array_equal(again, whole)
    np.testing.assert_array_equal(same, count)
    reverse = [f[::-1] for f in (fields[0], *fields[1], *fields[2])]
    turned, _ = web_blocks.quotient_eigenvalues_numba(
        reverse[0], tuple(reverse[1:4]), tuple(reverse[4:])
    )
    np.testing.assert_array_equal(turned[::-1], whole)


def test_two_dimensions_take_the_plain_loop():
    rho, first, second = _fields(500, "float64")
    fields = rho, first[:2], second[:3]
    values, count = web_blocks.quotient_eigenvalues_numba(*fields)
    plain, same = web.quotient_eigenvalues_numba(*fields)
    np.testing.assert_array_equal(values, plain)
    np.testing.assert_array_equal(count, same)
