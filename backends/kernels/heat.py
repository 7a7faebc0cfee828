"""Driver of the heat kernel of a sparse graph: columns over threads, then squarings.

``H_t = (e^{-z} sum_k z^k / k! P^k)^{2^s}`` with ``z = t q / 2^s`` and the walk
``P = I - L / q``. The mathematics is `geomsci.reference.embedding.walk_polynomials`,
compiled for the host, and the number s of squarings and the degree come from
`geomsci.reference.embedding.heat_kernels.squaring_plan`, to which this file tells what
a degree costs here.

Operations: ``2 nnz(P)`` a column and term over the rows that the term reaches, then
``n^3`` a squaring (a symmetric product). Bytes: rows of 512 bytes in the second-level
cache, if neighbours have near numbers: the vertices are renumbered (Cuthill, McKee).
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from geomsci.backends import compile, linalg, threads
from geomsci.backends.dispatch import resolve

SOURCE = "geomsci.reference.embedding.walk_polynomials"
METHODS = "geomsci.reference.embedding.heat_kernels"

LARGEST_SHARE = 0.1
"""Share of entries that are not 0 up to which products with a sparse P pay."""

SMALLEST = 128
"""Vertices from which the renumbering and the plan are worth their time."""

PRODUCT_PRICE = 3.0
"""Time of a multiplication in a sparse product, in those of a symmetric product."""

_SIGNATURE = (
    "const int64[1]", "const int64[1]", "const float64[1]", "const float64[1]",
    "const int64[1]", "const int64[1]", "const int64[1]", "float64[3]", "int64[1]",
    "float64[2]", "int64", "int64",
)  # fmt: skip


def _source(name: str) -> Any:
    return resolve(f"{SOURCE}:{name}")


def _is_sparse(L: Any) -> bool:
    return hasattr(L, "tocsr")


def accepts(L: Any, rhs: Any, t: float, *, method: str, rtol: float) -> bool:
    """The whole kernel by uniformisation, of a sparse L or one in a NumPy array."""
    host = _is_sparse(L) or isinstance(L, np.ndarray)
    return host and rhs is None and method == "uniformization"


def pays(L: Any, rhs: Any, t: float, *, method: str, rtol: float) -> bool:
    """A large graph of few edges."""
    n = L.shape[0]
    if n < SMALLEST:
        return False
    entries = L.nnz if _is_sparse(L) else np.count_nonzero(L)
    return bool(entries <= LARGEST_SHARE * n * n)


class BandedWalk:
    """The walk P with its vertices renumbered, and how far each product reaches."""

    def __init__(self, L: Any, q: float) -> None:
        from scipy.sparse import csr_array

        L = csr_array(L)
        if abs(L - L.T).max() > 0:
            L = (L + L.T) / 2
        self.P = resolve(f"{METHODS}:sparse_walk")(L, q)
        order = banded_order(self.P)
        banded = self.P[order, :][:, order].tocsr()
        banded.sort_indices()
        self.order = order.astype(np.int64)
        self.indptr = banded.indptr.astype(np.int64)
        self.indices = banded.indices.astype(np.int64)
        self.data = np.ascontiguousarray(banded.data)
        # Every row holds its diagonal entry, so none is empty.
        first = self.indices[self.indptr[:-1]]
        last = self.indices[self.indptr[1:] - 1]
        self.lowest = np.minimum.accumulate(first[::-1])[::-1].copy()
        self.highest = np.maximum.accumulate(last)

    def cost(self, degree: int) -> float:
        """Multiplications of all products up to a degree, in symmetric products."""
        n = self.order.shape[0]
        columns = _source("COLUMNS")
        start = np.arange(0, n, columns)
        needed = [start]
        for _ in range(degree):
            needed.append(self.lowest[needed[-1]])
        first, last = start, np.minimum(start + columns, n) - 1
        total = 0
        for j in range(degree - 1, -1, -1):
            first, last = self.lowest[first], self.highest[last]
            begin = np.maximum(first, needed[j])
            total += int((self.indptr[last + 1] - self.indptr[begin]).sum())
        return PRODUCT_PRICE * columns * total / (n**3 / 2)

    def polynomial(self, weights: list[float]) -> np.ndarray:
        """``sum_k weights[k] P^k``, exactly symmetric."""
        columns = _source("COLUMNS")
        target = f"{SOURCE}:polynomial_blocks"
        kernel = compile.host(target, _source("HELPERS"), _SIGNATURE)
        n = self.order.shape[0]
        H = np.zeros((n, n))
        w = np.array(weights)

        def work(begin: int, end: int) -> None:
            slabs = np.empty((2, n, columns))
            needed = np.empty(len(weights), dtype=np.int64)
            kernel(
                self.indptr, self.indices, self.data, w, self.lowest, self.highest,
                self.order, slabs, needed, H, begin, end,
            )  # fmt: skip

        threads.over_batch(work, -(-n // columns), at_least=1)
        return H


def banded_order(P: Any) -> np.ndarray:
    """Numbering of the vertices in which neighbours have near numbers.

    The order of a breadth-first search from an end of a connected graph, so that the
    vertex in the middle of the numbers is in the middle of the graph.
    """
    from scipy.sparse.csgraph import breadth_first_order, reverse_cuthill_mckee

    end = 0
    for _ in range(3):
        order = breadth_first_order(P, end, return_predecessors=False)
        end = int(order[-1])
    if order.shape[0] < P.shape[0]:
        return reverse_cuthill_mckee(P, symmetric_mode=True)
    return order


def heat_kernel_numba(
    L: Any, rhs: None, t: float, *, method: str, rtol: float
) -> np.ndarray:
    """`geomsci.reference.embedding.heat_kernels.heat_kernel` of a sparse graph."""
    q = float(L.diagonal().max())
    if q == 0:
        return np.eye(L.shape[0])
    walk = BandedWalk(L, q)
    smallest = resolve(f"{METHODS}:smallest_entry")(
        walk.P, q, t, int(walk.order[walk.order.shape[0] // 2])
    )
    s, degree = resolve(f"{METHODS}:squaring_plan")(
        t * q, rtol, smallest=smallest, cost=functools.cache(walk.cost)
    )
    H = walk.polynomial(resolve(f"{METHODS}:poisson_weights")(t * q / 2.0**s, degree))
    for _ in range(s):
        H = linalg.gram(H)
    return H
