"""The host kernel of the bispectrum against its definition."""

import numpy as np
import pytest

from geomsci.backends import use_backend
from geomsci.backends.kernels import triple_products
from geomsci.fisher.estimator import FisherCurvature


@pytest.mark.parametrize("d", [1, 2, 3])
@pytest.mark.parametrize("n_samples", [1, 31, 32, 33, 257])
def test_equals_definition(n_samples, d):
    rng = np.random.default_rng(n_samples)
    f = rng.standard_normal((7, d, n_samples)) + 1j * rng.standard_normal(
        (7, d, n_samples)
    )
    f.flags.writeable = False
    k1, k2, k3 = rng.integers(0, 7, (3, 33))
    got = triple_products.triple_products_numba(f, k1, k2, k3)
    expected = np.einsum("pas,pbs,pcs->pabc", f[k3], f[k1], f[k2])
    scale = np.einsum("pas,pbs,pcs->pabc", *(abs(f[k]) for k in (k3, k1, k2)))
    eps = np.finfo(float).eps
    assert np.all(abs(got - expected) <= (n_samples + 8) * 2 * eps * scale)


def test_pieces_for_threads_cover_all_triads():
    rng = np.random.default_rng(0)
    f = rng.standard_normal((50, 2, 500)) + 0j
    k1, k2, k3 = rng.integers(0, 50, (3, 1001))
    whole = triple_products.triple_products_numba(f, k1, k2, k3)
    for i in (0, 499, 1000):
        one = slice(i, i + 1)
        alone = triple_products.triple_products_numba(f, k1[one], k2[one], k3[one])
        np.testing.assert_array_equal(whole[one], alone)


def test_refuses_what_it_is_not_written_for():
    f, k = np.zeros((4, 2, 3), dtype=complex), np.zeros(5, dtype=np.int64)
    assert triple_products.accepts_triple_products(f, k, k, k)
    assert not triple_products.accepts_triple_products(f.real, k, k, k)
    assert not triple_products.accepts_triple_products(f, k.astype(np.int32), k, k)
    assert not triple_products.accepts_triple_products(f, k, k[:3], k)


def test_fit_with_the_kernel_is_the_fit_without():
    x = np.random.default_rng(1).choice([-1, 1], (2, 64, 6, 6)).astype(np.int8)
    slow = FisherCurvature(n_blocks=2, backend="reference").fit(x)
    with use_backend("numba") as record:
        fast = FisherCurvature(n_blocks=2).fit(x)
    assert ("fisher.triple_products", "numba") in record.calls
    assert fast.scalar_curvature_ == pytest.approx(slow.scalar_curvature_, rel=1e-10)
    assert fast.standard_error_ == pytest.approx(slow.standard_error_, rel=1e-10)
