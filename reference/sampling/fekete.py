"""Approximate Fekete points: rows that span a large volume, chosen greedily.

Of the rows ``a_i = sqrt(w_i) phi(x_i)``, all of the norm ``sqrt(m)`` for the optimal
weight, each step takes the row with the longest component orthogonal to those already
taken. This is QR with column pivoting of ``A^T`` (Businger and Golub 1965; Bos, De
Marchi, Sommariva and Vianello, SIAM J. Numer. Anal. 48 (2010) 1984, algorithm AFP).

Exchanges then raise the volume of the m rows ``B``: with ``C = A B^-1``, putting row i
in the place j multiplies ``|det B|`` by ``|C_ij|`` (Goreinov, Oseledets, Savostyanov,
Tyrtyshnikov and Zamarashkin 2010, algorithm maxvol).

Beyond m rows the volume goes on as ``det S``, ``S = sum a_i a_i^T`` over the rows
taken: the next one has the largest ``h_i = a_i^T S^-1 a_i``, which multiplies it by
``1 + h_i``.
"""

from __future__ import annotations

import math

from geomsci.backends import LinAlgError, linalg
from geomsci.backends.arrays import Array, array_namespace, device, eps

TIE = 1e-10
"""Relative difference of squared residuals that counts as none."""

GAIN = 0.01
"""An exchange must raise the volume by more than this."""

EXCHANGES = 50
"""Exchanges after which the recursion starts again from a factorisation."""


def fekete_rows(A: Array) -> Array:
    """Indices of m rows of ``A`` (N, m), in the order of the pivots.

    Parameters
    ----------
    A : array, shape (N, m), N >= m

    Returns
    -------
    rows : integer array, shape (m,)

    Raises
    ------
    LinAlgError
        If the rows span less than m dimensions.

    Notes
    -----
    O(N m^2) time; beside ``A`` only O(N) memory. Of residuals that differ by less than
    1e-10 the first row is taken: with the optimal weight all are equal at the first
    step, and rounding must not decide it. Squared residuals are updated by subtraction
    and made anew when they have lost half of the digits.
    """
    xp = array_namespace(A)
    N, m = A.shape
    squares = xp.sum(A * A, axis=1)
    residual, trusted = squares, float(xp.max(squares))
    floor = (N * eps(xp, A.dtype)) ** 2 * trusted
    V = xp.zeros((0, m), dtype=A.dtype, device=device(A))
    chosen: list[int] = []
    for _ in range(m):
        longest = residual >= (1 - TIE) * xp.max(residual)
        k = int(xp.argmax(xp.astype(longest, xp.int8)))
        q, length = _component(A[k, :], V)
        if length * length <= floor:
            raise LinAlgError(
                f"the candidates must span {m} dimensions, got {len(chosen)}: take a "
                "smaller basis or other candidates."
            )
        chosen.append(k)
        if len(chosen) == m:
            break
        q = q / length
        V = xp.concat((V, q[None, :]))
        residual = residual - (A @ q) ** 2
        residual = xp.where(residual > 0, residual, xp.zeros_like(residual))
        largest = float(xp.max(residual))
        if largest < math.sqrt(eps(xp, A.dtype)) * trusted:
            residual = xp.sum((A - (A @ xp.matrix_transpose(V)) @ V) ** 2, axis=1)
            trusted = float(xp.max(residual))
    return xp.asarray(chosen, dtype=xp.int64, device=device(A))


def exchanged_rows(A: Array, rows: Array) -> Array:
    """``rows`` after all exchanges of one of them that gain more than a hundredth.

    Parameters
    ----------
    A : array, shape (N, m)
    rows : integer array, shape (m,)
        Independent rows, from `fekete_rows`.

    Returns
    -------
    rows : integer array, shape (m,)
        No single exchange multiplies ``|det|`` by more than 1.01.

    Notes
    -----
    After exchange (i, j): ``C -= C[:, j] (C[i, :] - e_j) / C[i, j]``. O(N m^2) once and
    O(N m) an exchange, about m / 4 of which are needed; O(N m) memory. It ends, since
    the volume grows and is bounded.
    """
    xp = array_namespace(A)
    m = A.shape[1]
    chosen = [int(k) for k in rows]
    identity = xp.eye(m, dtype=A.dtype, device=device(A))
    done = False
    while not done:
        # Made anew from time to time: the recursion gathers roundings.
        B = xp.take(A, xp.asarray(chosen, dtype=xp.int64, device=device(A)), axis=0)
        C = xp.matrix_transpose(
            linalg.solve(xp.matrix_transpose(B), xp.matrix_transpose(A))
        )
        for _ in range(EXCHANGES):
            i, j = divmod(int(xp.argmax(xp.reshape(xp.abs(C), (-1,)))), m)
            done = abs(float(C[i, j])) <= 1 + GAIN
            if done:
                break
            chosen[j] = i
            change = (C[i, :] - identity[j, :]) / C[i, j]
            C = C - C[:, j, None] * change
    return xp.asarray(chosen, dtype=xp.int64, device=device(A))


def further_rows(A: Array, rows: Array, n: int) -> Array:
    """``rows`` and after them the rows that make ``det S`` grow most, n in all.

    Parameters
    ----------
    A : array, shape (N, m)
    rows : integer array, shape (m,)
        From `fekete_rows`.
    n : int, m <= n <= N

    Returns
    -------
    rows : integer array, shape (n,)
        No row twice.

    Notes
    -----
    After taking k: ``h_i -= (a_i^T S^-1 a_k)^2 / (1 + h_k)``. O(N m^2) once and O(N m)
    a row, O(N m) memory.
    """
    xp = array_namespace(A)
    N, m = A.shape
    _, R = linalg.qr(xp.take(A, rows, axis=0))
    # Coordinates in which S is the identity at first.
    Z = xp.matrix_transpose(
        linalg.solve_triangular(
            xp.matrix_transpose(R), xp.matrix_transpose(A), lower=True
        )
    )
    inverse = xp.eye(m, dtype=A.dtype, device=device(A))
    h = xp.sum(Z * Z, axis=1)
    place = xp.arange(N, device=device(A))
    free = xp.all(place[:, None] != rows[None, :], axis=1)
    chosen: list[int] = []
    for _ in range(n - m):
        gain = xp.where(free, h, xp.full_like(h, -1.0))
        k = int(xp.argmax(gain))
        chosen.append(k)
        free = free & (place != k)
        s = inverse @ Z[k, :]
        inner = Z @ s
        growth = 1 + inner[k]
        h = h - inner * inner / growth
        inverse = inverse - s[:, None] * (s / growth)[None, :]
    new = xp.asarray(chosen, dtype=xp.int64, device=device(A))
    return xp.concat((xp.astype(rows, xp.int64, copy=False), new))


def _component(a: Array, V: Array) -> tuple[Array, float]:
    """Part of ``a`` orthogonal to the rows of ``V``, and its length.

    Projected twice, which is enough (Giraud, Langou and Rozloznik 2005).
    """
    xp = array_namespace(a, V)
    for _ in range(2):
        a = a - (V @ a) @ V
    return a, float(xp.linalg.vector_norm(a))
