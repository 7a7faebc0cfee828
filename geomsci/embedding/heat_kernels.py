"""Heat kernels of graph Laplacians, dense or sparse."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from geomsci.backends import public, run
from geomsci.backends.arrays import (
    Array,
    array_namespace,
    common_arrays,
    eps,
    require_finite,
)
from geomsci.embedding.memory import FEWER, require_matrices
from geomsci.reference.embedding.heat_kernels import METHODS

MATRICES = {"uniformization": 10, "chebyshev": 5, "euler": 5, "eigh": 7}
"""Peak of the methods in n x n matrices, with that of L apart."""

SPARSE_MATRICES = 2
"""The least that the kernel of a sparse L takes."""


@public("embedding.heat_kernel")
def heat_kernel(
    L: Any,
    t: float,
    *,
    method: str = "uniformization",
    rtol: float = 1e-12,
    rhs: Any = None,
) -> Array:
    """Compute the heat kernel ``H_t = exp(-t L)`` of a graph.

    ``"uniformization"`` is right in every entry, the smallest ones too: with ``q =
    max_i L_ii`` and ``P = I - L / q >= 0``, ``H_t = e^{-tq} sum_k (tq)^k / k! P^k``
    adds non-negative terms only. The other methods have an absolute error and lose the
    entries between distant vertices.

    ================== ========================================================
    method             error
    ================== ========================================================
    ``uniformization`` relative in each entry: ``rtol`` plus about ``t q eps``
    ``chebyshev``      absolute: at most ``rtol`` in the spectral norm
    ``euler``          30 implicit steps, as published; ``t^2 lambda^2 / 60``
    ``eigh``           absolute: about ``n eps``
    ================== ========================================================

    Parameters
    ----------
    L : array or scipy.sparse matrix, shape (n, n)
        Laplacian: symmetric, diagonal not negative, other entries not positive.
    t : float, > 0
    method : {"uniformization", "chebyshev", "euler", "eigh"}
    rtol : float in (0, 1)
        Tolerance of the first two methods.
    rhs : array, shape (n, k) or (n,), optional
        If given, ``H_t rhs`` is computed without ``H_t`` (the first two methods).

    Returns
    -------
    H : array, shape (n, n) or the shape of ``rhs``
        In float64, because float32 ends at 1e-38.

    Raises
    ------
    TypeError
        Complex input, a ``t`` that is not a number.
    MemoryError
        Less memory than 5 to 10 more matrices of n x n, without ``rhs``.
    ValueError
        Wrong shapes, entries that are not finite, a matrix that is not symmetric or has
        positive entries off its diagonal, ``t <= 0``, a sparse ``L`` with ``rhs`` and
        one of the last two methods.

    Notes
    -----
    Uniformisation squares a polynomial of P: about 17 products of n x n matrices at ``t
    q = 100``, whatever the hop diameter, one more for each doubling of t, and ten
    matrices of memory. On NumPy a graph with less than a tenth of all edges, given
    sparse or dense, has a polynomial of sparse products by compiled code and four
    squarings at half the price, and two matrices of memory.
    With ``rhs``: ``t q + 8 sqrt(t q) + 20`` products with L, and at least the hop
    diameter. Entries below 1e-290 may have lost digits, those below 1e-308 are 0: take
    a larger t. L is positive semidefinite, as all Laplacians are; this is not checked.
    ``scipy.linalg.expm`` is not a check of small entries.

    References
    ----------
    Jensen, Skand. Aktuarietidskr. 36 (1953) 87 (uniformisation). Marcotte, Barbe,
    Gribonval, Vayer and Sebban, ICASSP 2022, equation (6) (Chebyshev).

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.embedding import heat_kernel
    >>> H = heat_kernel(np.array([[1.0, -1.0], [-1.0, 1.0]]), 1e-3)
    >>> round(float(H[0, 1]), 12)  # (1 - exp(-2 t)) / 2
    0.000999000666
    """
    t = positive_number(t, "t")
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}.")
    if not isinstance(rtol, Real) or not 0 < float(rtol) < 1:
        raise ValueError(f"rtol must be a number in (0, 1), got {rtol!r}.")
    if _is_sparse(L):
        if rhs is not None and method not in ("uniformization", "chebyshev"):
            raise ValueError(
                "method must be uniformization or chebyshev for a sparse L with rhs, "
                f"got {method!r}: give L.toarray()."
            )
        L = _sparse_laplacian(L)
        if rhs is not None:
            _, rhs = common_arrays(rhs=rhs)
    elif rhs is None:
        _, L = common_arrays(L=L)
        L = laplacian_matrix(L)
    else:
        _, L, rhs = common_arrays(L=L, rhs=rhs)
        L = laplacian_matrix(L)
    vector = rhs is not None and rhs.ndim == 1
    if rhs is None:
        _require_dense(L, method)
    else:
        rhs = _right_hand_side(rhs, L.shape[0])
    H = run("embedding.heat_kernel", L, rhs, t, method=method, rtol=float(rtol))
    return H[:, 0] if vector else H


def _require_dense(L: Any, method: str) -> None:
    """Whether the memory for the whole kernel is there."""
    require_matrices(
        L.shape[0],
        SPARSE_MATRICES if _is_sparse(L) else MATRICES[method],
        "The heat kernel",
        like=L.data if _is_sparse(L) else L,
        instead=f"give rhs for some columns, or {FEWER}",
    )


def positive_number(value: Any, name: str) -> float:
    """A finite number above 0 as a Python float."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number above 0, got {value!r}.")
    if not 0 < float(value) < math.inf:
        raise ValueError(f"{name} must be finite and above 0, got {value}.")
    return float(value)


def double(x: Array, name: str) -> Array:
    """Real array in float64."""
    xp = array_namespace(x)
    if xp.isdtype(x.dtype, "complex floating"):
        raise TypeError(f"{name} must be real, got {x.dtype}: take its real part.")
    return x if x.dtype == xp.float64 else xp.astype(x, xp.float64)


def laplacian_matrix(L: Array) -> Array:
    """Check a dense graph Laplacian; the same in float64."""
    xp = array_namespace(L)
    if L.ndim != 2 or L.shape[0] != L.shape[1] or L.shape[0] == 0:
        raise ValueError(
            f"L must be a square matrix with at least one row, got shape "
            f"{tuple(L.shape)}."
        )
    require_finite(xp, L=L)
    slack = 64 * eps(xp, L.dtype)  # of the dtype that the entries were rounded to
    L = double(L, "L")
    asymmetry = float(xp.max(xp.abs(L - xp.matrix_transpose(L))))
    off = L - xp.eye(L.shape[0], dtype=L.dtype, device=L.device) * L
    _require_laplacian(
        asymmetry,
        largest=float(xp.max(xp.abs(L))),
        smallest_diagonal=float(xp.min(xp.linalg.diagonal(L))),
        off_diagonal=float(xp.max(off)),
        slack=slack,
    )
    return L


def _require_laplacian(
    asymmetry: float,
    *,
    largest: float,
    smallest_diagonal: float,
    off_diagonal: float,
    slack: float,
) -> None:
    """Raise one sentence unless the extremes are those of a Laplacian."""
    if asymmetry > slack * largest:
        raise ValueError(
            f"L must be symmetric, got entries that differ by {asymmetry:.3g} from "
            "those of its transpose: use the combinatorial or normalised Laplacian."
        )
    if smallest_diagonal < 0:
        raise ValueError(
            f"L must have no negative entry on its diagonal, got "
            f"{smallest_diagonal:.3g}: give a Laplacian, not a matrix of affinities."
        )
    if off_diagonal > slack * largest:
        raise ValueError(
            f"L must have no positive entry off its diagonal, got {off_diagonal:.3g}: "
            "give a Laplacian, not a matrix of affinities."
        )


def _right_hand_side(rhs: Array, n: int) -> Array:
    """``rhs`` as a finite float64 matrix of n rows."""
    xp = array_namespace(rhs)
    if rhs.ndim not in (1, 2) or rhs.shape[0] != n:
        raise ValueError(
            f"rhs must have shape ({n}, k) or ({n},) to match L, got "
            f"{tuple(rhs.shape)}."
        )
    require_finite(xp, rhs=rhs)
    rhs = double(rhs, "rhs")
    return rhs[:, None] if rhs.ndim == 1 else rhs


def _is_sparse(L: Any) -> bool:
    """True for a matrix of scipy.sparse, without importing scipy."""
    return type(L).__module__.startswith("scipy.sparse")


def _sparse_laplacian(L: Any) -> Any:
    """Check a sparse graph Laplacian; the same as CSR in float64."""
    if L.ndim != 2 or L.shape[0] != L.shape[1] or L.shape[0] == 0:
        raise ValueError(
            f"L must be a square matrix with at least one row, got shape {L.shape}."
        )
    L = L.tocsr().astype("float64")
    xp, values = common_arrays(L=L.data)
    require_finite(xp, L=values)
    diagonal = L.diagonal()
    off = L.copy()
    off.setdiag(0.0)
    _require_laplacian(
        abs(L - L.T).max(),
        largest=abs(L).max(),
        smallest_diagonal=diagonal.min(),
        off_diagonal=off.max(),
        slack=64 * eps(xp, values.dtype),
    )
    return L
