"""Greedy deletion of points from a weighted design.

Of ``S = sum_i a_i a_i^T`` over the points still in, ``a_i = sqrt(w_i) phi(x_i)``, the
point goes whose removal harms least:

* ``"a-optimal"``: smallest growth of ``trace(S^-1)``, which by Sherman and Morrison is
  ``(s_i . s_i) / (1 - h_i)`` with ``s_i = S^-1 a_i`` and ``h_i = a_i . s_i``;
* ``"lambda_min"``: largest smallest eigenvalue of ``S - a_i a_i^T``.

Nothing here sees the values of f, so the design can be thinned before it is evaluated.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from geomsci.backends import LinAlgError, linalg
from geomsci.backends.arrays import Array, array_namespace, eps

REFACTOR = 50
"""Deletions after which the recursion starts again from a factorisation."""

RANK = 1e-12
"""A point with ``1 - h_i`` below this is never deleted: the rank would fall."""

DELICATE = 1e-3
"""``1 - h_k`` below which a deletion is followed by a factorisation at once."""

SHORTLIST = 64
"""Points whose smallest eigenvalue is computed in one go."""


def survivors(A: Array, n: int, *, criterion: str) -> Array:
    """Rows of ``A`` (n0, m) that are left when n0 - n were deleted one by one.

    Parameters
    ----------
    A : array, shape (n0, m)
        Rows ``sqrt(w_i) phi(x_i)``.
    n : int, m <= n <= n0
    criterion : {"a-optimal", "lambda_min"}

    Returns
    -------
    rows : integer array, shape (n,), ascending

    Raises
    ------
    LinAlgError
        If the rows do not span m dimensions.

    Notes
    -----
    Of equals the first row goes. O(n0 m) a deletion for ``"a-optimal"``, O(n0 m + m^3)
    for ``"lambda_min"``; a factorisation, O(n0 m^2), every 50 deletions.
    """
    xp = array_namespace(A)
    kept = list(range(A.shape[0]))
    _require_rank(A)
    while len(kept) > n:
        rows = xp.take(A, _indices(xp, kept, A), axis=0)
        gone = set(CRITERIA[criterion](rows, min(REFACTOR, len(kept) - n)))
        kept = [k for i, k in enumerate(kept) if i not in gone]
    return _indices(xp, kept, A)


def _indices(xp: Any, values: list[int], like: Array) -> Array:
    return xp.asarray(values, dtype=xp.int64, device=like.device)


def _require_rank(A: Array) -> None:
    xp = array_namespace(A)
    n0, m = A.shape
    singular = linalg.svdvals(A)
    floor = max(n0, m) * eps(xp, A.dtype) * float(singular[0])
    if n0 < m or not float(singular[-1]) > floor:
        raise LinAlgError(
            f"the design must determine all {m} coefficients before it is reduced, got "
            f"{n0} points of lower rank: draw more points."
        )


def _delete_a_optimal(A: Array, count: int) -> list[int]:
    """At most ``count`` rows to delete, by downdates of all ``s_i`` in O(n m) each.

    After deleting k: ``s_i += s_k (a_i . s_k) / (1 - h_k)`` and
    ``h_i += (a_i . s_k)^2 / (1 - h_k)``.
    """
    xp = array_namespace(A)
    Q, R = linalg.qr(A)
    S = xp.matrix_transpose(
        linalg.solve_triangular(R, xp.matrix_transpose(Q), lower=False)
    )
    h = xp.sum(Q * Q, axis=1)
    place = xp.arange(A.shape[0], device=A.device)
    alive = place >= 0
    infinite = xp.full_like(h, math.inf)
    gone: list[int] = []
    for _ in range(count):
        deletable = alive & (1 - h >= RANK)
        left = xp.where(deletable, 1 - h, xp.ones_like(h))
        growth = xp.where(deletable, xp.sum(S * S, axis=1) / left, infinite)
        k = int(xp.argmin(growth))
        gone.append(k)
        alive = alive & (place != k)
        s, room = S[k, :], 1 - h[k]
        if float(room) < DELICATE:
            break
        inner = A @ s
        S = S + (inner / room)[:, None] * s
        h = h + inner * inner / room
    return gone


def _delete_lambda_min(A: Array, count: int) -> list[int]:
    """At most ``count`` rows to delete, each leaving the largest smallest eigenvalue.

    ``mu_i <= lambda_1 - (v_1 . a_i)^2`` bounds what row i can leave, so rows are tried
    in the order of the bound until it falls below the best value found.
    """
    xp = array_namespace(A)
    S = xp.matrix_transpose(A) @ A
    gone: list[int] = []
    place = xp.arange(A.shape[0], device=A.device)
    alive = place >= 0
    for _ in range(count):
        eigenvalues, V = linalg.eigh(S)
        loss = xp.where(alive, (A @ V[:, 0]) ** 2, xp.full_like(A[:, 0], math.inf))
        k = _smallest_drop(A, eigenvalues, V, loss)
        gone.append(k)
        alive = alive & (place != k)
        S = S - A[k, :, None] * A[k, None, :]
    return gone


def _smallest_drop(A: Array, eigenvalues: Array, V: Array, loss: Array) -> int:
    """Row whose deletion lowers the smallest eigenvalue least; the first of equals."""
    xp = array_namespace(A)
    order = xp.argsort(loss, stable=True)
    best, found = math.inf, -1
    start = 0
    while start < A.shape[0]:
        part = order[start : min(start + SHORTLIST, A.shape[0])]
        if not float(loss[int(part[0])]) < best:
            break
        rows = xp.take(A, part, axis=0)
        lower = xp.take(loss, part)
        drop = eigenvalue_drop(rows @ V, eigenvalues)
        drop = xp.where(xp.isfinite(lower), drop, lower)
        i = int(xp.argmin(drop))
        if float(drop[i]) < best:
            best, found = float(drop[i]), int(part[i])
        start += SHORTLIST
    return found


def eigenvalue_drop(B: Array, eigenvalues: Array) -> Array:
    """How far the smallest eigenvalue of ``diag(lambda) - b b^T`` lies below lambda_1.

    The drop is the root ``t >= b_1^2`` of ``psi(t) = sum_j b_j^2 / (lambda_j -
    lambda_1 + t) = 1``. ``1 / psi`` is concave in t, so Newton's method on it, started
    at ``b_1^2``, rises to the root without passing it.

    Parameters
    ----------
    B : array, shape (n, m)
        One vector ``b`` a row.
    eigenvalues : array, shape (m,), ascending

    Returns
    -------
    drop : array, shape (n,)
    """
    xp = array_namespace(B, eigenvalues)
    squares = B * B
    gaps = eigenvalues - eigenvalues[0]
    precision = eps(xp, B.dtype)
    smallest = precision**2 * eigenvalues[-1]
    t = xp.maximum(squares[:, 0], xp.zeros_like(squares[:, 0]) + smallest)
    for _ in range(60):
        terms = squares / (gaps + t[:, None])
        psi = xp.sum(terms, axis=1)
        slope = xp.sum(terms / (gaps + t[:, None]), axis=1)
        step = psi * (psi - 1) / xp.where(slope > 0, slope, xp.ones_like(slope))
        step = xp.where(psi > 1, step, xp.zeros_like(step))
        t = t + step
        if _settled(xp, step, t, precision):
            break
    return t


def _settled(xp: Any, step: Array, t: Array, precision: float) -> bool:
    """Every root is known to a few units of the last place."""
    return bool(xp.all(step <= 4 * precision * t))


CRITERIA: dict[str, Callable[[Array, int], list[int]]] = {
    "a-optimal": _delete_a_optimal,
    "lambda_min": _delete_lambda_min,
}
