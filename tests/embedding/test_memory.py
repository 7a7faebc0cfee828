"""Dense stages refuse what the host cannot hold, and name what works instead."""

import tracemalloc

import numpy as np
import pytest

from geomsci import embedding
from geomsci.backends import machine
from geomsci.embedding.memory import require_memory

N = 300
X = np.random.default_rng(61).standard_normal((N, 3))
D = np.abs(X[:, :1] - X[:, 0])
L = N * np.eye(N) - 1.0
STAGES = {
    "graph": lambda: embedding.alpha_decay_graph(X, 5),
    "distances-graph": lambda: embedding.alpha_decay_graph(D, 5, metric="precomputed"),
    "uniformization": lambda: embedding.heat_kernel(L, 1.0),
    "eigh": lambda: embedding.heat_kernel(L, 1.0, method="eigh"),
    "distance": lambda: embedding.heat_geodesic_distance(np.exp(-D), 1.0),
    "sgd": lambda: embedding.metric_mds(D),
    "smacof": lambda: embedding.metric_mds(D, method="smacof", max_iter=2, tol=1.0),
    "classical": lambda: embedding.metric_mds(D, method="classical"),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_dense_stage_says_what_it_needs_and_what_works(monkeypatch, stage):
    monkeypatch.setattr(machine, "available_memory", lambda: 2**20)
    with pytest.raises(
        MemoryError,
        match=r"of 300 points needs about \d.* MiB, this machine has 1.0 MiB: .*"
        r"n_representatives=2000",
    ) as caught:
        STAGES[stage]()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("stage", STAGES)
def test_memory_asked_for_is_that_of_the_peak(monkeypatch, stage):
    # Vectors and tiles come on top, less than half a matrix at this size.
    asked = []
    monkeypatch.setattr(machine, "available_memory", lambda: 2**60)
    monkeypatch.setattr(
        embedding.memory, "require_memory", lambda needed, *_: asked.append(needed)
    )
    STAGES[stage]()  # what is imported and compiled at the first call stays out
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        STAGES[stage]()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - before <= asked[0] + 0.5 * 8 * N**2


def test_sparse_graph_and_columns_of_the_kernel_need_no_matrix(monkeypatch):
    monkeypatch.setattr(machine, "available_memory", lambda: 2**20)
    W, eps = embedding.sparse_alpha_decay_graph(X, 5)
    sparse = embedding.graph_laplacian(W, bandwidths=eps)
    assert embedding.heat_kernel(sparse, 1.0, rhs=np.eye(N)[:, :2]).shape == (N, 2)


def test_large_sizes_are_told_in_gibibytes(monkeypatch):
    monkeypatch.setattr(machine, "available_memory", lambda: 2**33)
    with pytest.raises(
        MemoryError, match=r"This needs about 8192\.0 GiB, .* has 8\.0 GiB: wait\."
    ):
        require_memory(2.0**43, "This", "wait")
