"""The doors of the CUDA C++ kernels: what they hand over, with the host as the GPU."""

from __future__ import annotations

import re

import numpy as np
import pytest

from geomsci.backends import cuda, machine, neighbors
from geomsci.backends.kernels import heat_cuda, mds_cuda, neighbors_cuda
from geomsci.backends.kernels.launching import on_device
from geomsci.reference.embedding import dissimilarities, heat_kernels, mds

EPS = float(np.finfo(np.float64).eps)


def _entries(file):
    """Kernels of a file; those that a macro makes are named by its calls."""
    text = cuda.source(file)
    plain = re.findall(r"__global__ void (\w+)\($", text, re.MULTILINE)
    forces = [
        f"stress_forces_{k}" for k in re.findall(r"^STRESS_FORCES\((\d)", text, 8)
    ]
    nearest = re.findall(r"^NEAREST\((\w+),", text, re.MULTILINE)
    return tuple(name for name in [*plain, *forces, *nearest] if name != "NAME")


@pytest.fixture
def device(launched):
    """CuPy's ways on the host; the list of the kernels that were launched."""
    return launched(_entries)


def test_numbers_cross_with_64_bits(monkeypatch):
    seen = []
    monkeypatch.setattr(machine, "require_cupy", lambda: np)
    monkeypatch.setattr(cuda, "kernel", lambda *key: lambda *given: seen.append(given))
    x = np.zeros(3)
    on_device("any.cu").launch("any", (2, 3), 64, (x, 5, 0.5))
    ((blocks, threads, (array, integer, number)),) = seen
    assert (blocks, threads) == ((2, 3), (64,))
    assert array is x
    assert (type(integer), type(number)) == (np.int64, np.float64)


def _path(n):
    A = np.eye(n, k=1) + np.eye(n, k=-1)
    return np.diag(A.sum(axis=1)) - A


def test_heat_kernel_and_distances(device, device_array):
    L, B = _path(100), np.eye(100)[:, :1]
    options = {"method": "uniformization", "rtol": 1e-12}
    found = heat_cuda.heat_kernel_cuda(device_array(L), device_array(B), 2.0, **options)
    expected = heat_kernels.heat_kernel(L, B, 2.0, **options)
    np.testing.assert_allclose(found, expected, rtol=2e-12 + 1e3 * EPS)
    H = heat_kernels.heat_kernel(_path(20), None, 1.0, **options)
    law = {"sigma": 1.0, "volume": "geometric", "distance": "rate"}
    law |= {"intrinsic_dim": 2.0, "step": 0.5}
    found = heat_cuda.rate_distances_cuda(device_array(H), 1.0, **law)
    expected = dissimilarities.heat_geodesic_distance(H, 1.0, **law)
    np.testing.assert_allclose(found, expected, rtol=1e3 * EPS)
    assert set(device) == {"uniformisation_term", "rate_distances"}


def test_scaling(device, device_array):
    rng = np.random.default_rng(0)
    Y = rng.standard_normal((20, 2))
    D = neighbors.pairwise_distances(rng.standard_normal((20, 2)))
    W = np.ones_like(D)
    order, etas = mds.schedule(3, 20, 2), (1.0, 0.1)
    given = [device_array(x) for x in (D, Y, W)]
    stress = mds_cuda.stress_cuda(*given)
    np.testing.assert_allclose(stress, mds.stress(D, Y, W), rtol=1e3 * EPS)
    _, info = mds_cuda.smacof_cuda(*given, max_iter=5, tol=0.0)
    _, wanted = mds.smacof(D, Y, W, max_iter=5, tol=0.0)
    np.testing.assert_allclose(info.stress_path, wanted.stress_path, rtol=1e5 * EPS)
    moved = mds_cuda.sgd_cuda(*given, order, etas)
    kappa = D.max() / D[D > 0].min()
    expected = mds.sgd(D, Y, W, order, etas)
    np.testing.assert_allclose(moved, expected, rtol=0, atol=256 * EPS * kappa)
    assert set(device) == {"stress_forces_2", "stress_total", "sgd_round"}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_nearest(device, device_array, dtype):
    X = np.random.default_rng(1).standard_normal((40, 3)).astype(dtype)
    found = neighbors_cuda.nearest_cuda(device_array(X), 4)
    expected = neighbors.nearest(X, 4)
    np.testing.assert_array_equal(found.indices, expected.indices)
    rtol = 16 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(found.distances, expected.distances, rtol=rtol)
    assert device == [neighbors_cuda.NAMES[np.dtype(dtype).name]]
