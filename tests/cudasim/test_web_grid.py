"""The GPU form of the cosmic web, thread by thread in the simulator."""

from __future__ import annotations

import numpy as np
import pytest

from geomsci.backends.kernels import web


def _inputs(n, d, dtype):
    rng = np.random.default_rng(8)
    fields = [rng.uniform(0.1, 2.0, n)]
    fields += [rng.standard_normal(n) for _ in range(d + d * (d + 1) // 2)]
    return [f.astype(dtype) for f in fields]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [1, 33, 129])
@pytest.mark.parametrize("d", [2, 3])
def test_eigenvalues_and_classes_are_those_of_the_host(d, n, dtype):
    fields = _inputs(n, d, dtype)
    values, count = np.full((n, d), np.nan, dtype), np.full(n, -1, dtype=np.int8)
    alone = count.copy()
    options = (0.5, 0.1)
    web.launch("quotient_eigenvalues", d, (*fields, *options), (values, count))
    web.launch("quotient_signature", d, (*fields, *options), (alone,))
    wanted = web.quotient_eigenvalues_numba(
        fields[0], fields[1 : d + 1], fields[d + 1 :], weight=0.5, threshold=0.1
    )
    # Sums may be fused on one machine and not on the other.
    scale = 32 * np.finfo(dtype).eps * np.abs(wanted[0]).max()
    np.testing.assert_allclose(values, wanted[0], rtol=0, atol=scale)
    np.testing.assert_array_equal(count, wanted[1])
    np.testing.assert_array_equal(alone, count)


@pytest.mark.parametrize("m", [3, 6])
def test_packed_matrices_are_those_of_the_host(m):
    K = np.random.default_rng(9).standard_normal((40, m))
    d = web.ROWS[m]
    values, count = np.full((40, d), np.nan), np.full(40, -1, dtype=np.int8)
    web.launch("eigenvalues_of_rows", d, (K,), (values,))
    web.launch("signatures_of_rows", d, (K, 0.2), (count,))
    np.testing.assert_allclose(values, web.symmetric_eigenvalues_numba(K), atol=1e-14)
    np.testing.assert_array_equal(count, web.eigenvalue_signature_numba(K, 0.2))
