r"""Orthonormal functions of N feature rows, with dependent columns left out.

For rows :math:`F_i` and a measure :math:`\mu_i` that sums to one, the kept columns have
the QR decomposition :math:`\sqrt{\mu} F = Q R` and

.. math:: \phi(x) = F(x) R^{-1} S, \qquad
          \sum_i \mu_i \phi(x_i) \phi(x_i)^T = I .

R comes from tiles of rows: each tile is reduced to a triangle by Householder
reflections, and the stacked triangles once more, so its error does not depend on the
condition number. The rank is read from R, whose columns have the lengths and angles of
those of :math:`\sqrt{\mu} F`. The triangular solve loses orthonormality in proportion
to the condition number; S, the Cholesky factor of the Gram matrix of what came out,
takes that back. Every row sees the same operations whatever its weight, so a zero row
stays zero, equal rows stay equal, and rows of tiny weight keep their digits.

References
----------
Demmel, Grigori, Hoemmen and Langou, SIAM J. Sci. Comput. 34 (2012) A206 (tiles);
Yamamoto, Nakatsukasa, Yanagisawa and Fukaya, ETNA 44 (2015) 306 (repeated Cholesky QR).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace, device, eps
from geomsci.backends.errors import LinAlgError
from geomsci.backends.tiling import each_tile, map_tiles, tile_bytes, tiles

# Passes of Cholesky QR; two reach rounding from any Gram matrix that has a factor.
_MAX_CORRECTIONS = 3


class OrthonormalRows(NamedTuple):
    """What `orthonormal_rows` finds.

    Attributes
    ----------
    rows : array, shape (N, m)
        The functions at the candidates.
    measure : array, shape (N,)
        Weights, which sum to one.
    columns : array of int, shape (m,)
        Kept columns, ascending.
    scale : array, shape (m,)
        Powers of two that the kept columns are divided by.
    triangle : array, shape (m, m)
        R of the kept and scaled columns, with a positive diagonal.
    correction : array, shape (m, m)
        S, upper triangular and close to the identity.
    residuals : array, shape (p,)
        Length of every column outside the span of the kept columns before it, relative
        to its own length; zero for a zero column.
    """

    rows: Array
    measure: Array
    columns: Array
    scale: Array
    triangle: Array
    correction: Array
    residuals: Array


def orthonormal_rows(
    features: Array, weight: Array | None = None, *, rank_tol: float
) -> OrthonormalRows:
    """Orthonormalise feature columns in the measure of the weights.

    Parameters
    ----------
    features : array, shape (N, p)
        Finite.
    weight : array, shape (N,), optional
        >= 0 and finite, with a positive sum; default ones.
    rank_tol : float, >= 0
        A column whose part outside the span of the kept columns before it is at most
        ``rank_tol`` times its length is left out.

    Returns
    -------
    OrthonormalRows

    Raises
    ------
    LinAlgError
        If the kept columns are dependent to working precision after all, which a
        ``rank_tol`` below the precision allows.

    Notes
    -----
    O(N p^2) time, O(N m) memory for the result and one tile of rows besides.
    """
    xp = array_namespace(features)
    N, p = features.shape
    place = {"dtype": features.dtype, "device": device(features)}
    if weight is None:
        measure = xp.full((N,), 1.0 / N, **place)
    else:
        measure = weight / xp.max(weight)
        measure = measure / xp.sum(measure)
    root = xp.sqrt(measure)
    scale = _scales(features, measure)
    R = _triangle(features, root, scale)
    columns, residuals = _independent(R, rank_tol)
    if columns.shape[0] == 0:
        raise LinAlgError(
            "features must have a column that is not zero where the weight is positive."
        )
    if columns.shape[0] < p:
        R = xp.take(R, columns, axis=1)
        scale = xp.take(scale, columns)
        R = linalg.qr(R).R
    signs = xp.where(xp.linalg.diagonal(R) < 0, -xp.ones_like(scale), 1.0)
    R = xp.triu(R * signs[:, None])
    return _corrected(features, measure, columns, scale, R, residuals)


def _scales(features: Array, measure: Array) -> Array:
    """The power of two below the largest entry of every column, 1 for zero columns."""
    xp = array_namespace(features)
    largest = xp.zeros_like(features[0, :])
    width = 8 * features.shape[1]
    for tile in tiles(features.shape[0], width, target=tile_bytes(features)):
        seen = xp.astype(measure[tile] > 0, features.dtype)
        part = xp.max(xp.abs(features[tile, :]) * seen[:, None], axis=0)
        largest = xp.maximum(largest, part)
    one = xp.ones_like(largest)
    exponent = xp.floor(xp.log2(xp.where(largest > 0, largest, one)))
    return xp.pow(2.0 * one, exponent)


def _triangle(features: Array, root: Array, scale: Array) -> Array:
    """R of ``sqrt(mu) F / scale``, from the triangles of tiles of rows."""
    xp = array_namespace(features)
    N, p = features.shape
    # A tile of at least 32 p rows makes the stacked triangles a 32nd of the rows.
    target = max(tile_bytes(features), 32 * 8 * p * p)
    found: dict[int, Array] = {}

    def work(tile: slice) -> None:
        found[tile.start] = linalg.qr(features[tile, :] / scale * root[tile, None]).R

    each_tile(work, N, 8 * p, like=features, target=target)
    triangles = [found[start] for start in sorted(found)]
    while len(triangles) > 1:
        stacked = xp.concat(triangles[:64], axis=0)
        triangles = [linalg.qr(stacked).R, *triangles[64:]]
    return triangles[0]


def _independent(R: Array, rank_tol: float) -> tuple[Array, Array]:
    """Columns of R that are not in the span of those kept before, and residuals.

    Gram-Schmidt, each column projected twice. It starts from the diagonal of R, which
    is the answer if no column is left out.
    """
    xp = array_namespace(R)
    p = R.shape[1]
    place = {"dtype": R.dtype, "device": device(R)}
    lengths = xp.sqrt(xp.sum(R * R, axis=0))
    one = xp.ones_like(lengths)
    if R.shape[0] == p:
        relative = xp.abs(xp.linalg.diagonal(R)) / xp.where(lengths > 0, lengths, one)
        if bool(xp.all(relative > rank_tol)):
            return xp.arange(p, device=device(R)), relative
    kept: list[int] = []
    residuals: list[float] = []
    Q = xp.zeros((R.shape[0], min(R.shape)), **place)
    for j in range(p):
        length = float(lengths[j])
        v = R[:, j] / (length or 1.0)
        for _ in range(2):
            v = v - Q @ (xp.matrix_transpose(Q) @ v)
        left = math.sqrt(float(xp.sum(v * v))) if length else 0.0
        residuals.append(left)
        if left > rank_tol and len(kept) < Q.shape[1]:
            v = v / left
            # A short remainder is mostly rounding: once more, after normalising.
            v = v - Q @ (xp.matrix_transpose(Q) @ v)
            Q[:, len(kept)] = v / xp.sqrt(xp.sum(v * v))
            kept.append(j)
    return xp.asarray(kept, dtype=xp.int64, device=device(R)), xp.asarray(
        residuals, **place
    )


def _corrected(
    features: Array,
    measure: Array,
    columns: Array,
    scale: Array,
    R: Array,
    residuals: Array,
) -> OrthonormalRows:
    """Solve with R, then repeat Cholesky QR until the rows are orthonormal."""
    xp = array_namespace(features)
    m = R.shape[0]
    identity = xp.eye(m, dtype=R.dtype, device=device(R))
    S = identity
    rows = evaluate(features, columns=columns, scale=scale, triangle=R, correction=S)
    good = 4.0 * math.sqrt(m) * eps(xp, R.dtype)
    for _ in range(_MAX_CORRECTIONS):
        G = gram(rows, measure)
        if float(xp.max(xp.abs(G - identity))) <= good:
            break
        try:
            L = linalg.cholesky(G)
        except LinAlgError as error:
            raise LinAlgError(
                "features have kept columns that depend on each other to working "
                "precision: raise rank_tol."
            ) from error
        step = xp.matrix_transpose(linalg.solve_triangular(L, identity, lower=True))
        S = xp.triu(S @ step)
        del rows  # not two tables of N rows at once
        rows = evaluate(
            features, columns=columns, scale=scale, triangle=R, correction=S
        )
    return OrthonormalRows(rows, measure, columns, scale, R, S, residuals)


def evaluate(
    features: Array,
    *,
    columns: Array,
    scale: Array,
    triangle: Array,
    correction: Array,
) -> Array:
    """Orthonormal functions at feature rows: ``F R^-1 S`` of the kept columns.

    Parameters
    ----------
    features : array, shape (n, p)
    columns, scale, triangle, correction
        As in `OrthonormalRows`.

    Returns
    -------
    Phi : array, shape (n, m)

    Notes
    -----
    O(n m^2). At rows that were not among the candidates the error is the precision
    times the condition number of the scaled kept columns.
    """
    xp = array_namespace(features)
    m = triangle.shape[0]
    lower = xp.matrix_transpose(triangle)

    Phi = xp.empty(
        (features.shape[0], m), dtype=features.dtype, device=device(features)
    )

    def work(tile: slice) -> None:
        part = features[tile, :]
        if m < features.shape[1]:
            part = xp.take(part, columns, axis=1)
        solved = linalg.solve_triangular(
            lower, xp.matrix_transpose(part / scale), lower=True
        )
        Phi[tile, :] = xp.matrix_transpose(solved) @ correction

    size = 16 * (m + features.shape[1])
    each_tile(work, features.shape[0], size, like=features)
    return Phi


def christoffel(features: Array, **definition: Any) -> Array:
    """Sum of the squares of the orthonormal functions at feature rows.

    Parameters
    ----------
    features : array, shape (n, p)
    **definition
        ``columns``, ``scale``, ``triangle``, ``correction`` as in `evaluate`.

    Returns
    -------
    k : array, shape (n,)
        O(n) memory beside a tile.
    """
    xp = array_namespace(features)

    def tile(part: Array) -> Array:
        Phi = evaluate(part, **definition)
        return xp.sum(Phi * Phi, axis=1)

    if features.shape[0] == 0:
        return tile(features)

    return map_tiles(tile, features, bytes_per_item=32 * features.shape[1])


def gram(rows: Array, measure: Array) -> Array:
    """``rows^T diag(measure) rows``, tile by tile.

    Parameters
    ----------
    rows : array, shape (N, m)
    measure : array, shape (N,)

    Returns
    -------
    G : array, shape (m, m)
    """
    xp = array_namespace(rows)
    m = rows.shape[1]
    parts: dict[int, Array] = {}

    def work(tile: slice) -> None:
        part = rows[tile, :] * xp.sqrt(measure[tile])[:, None]
        parts[tile.start] = xp.matrix_transpose(part) @ part

    target = max(tile_bytes(rows), 16 * 8 * m * m)
    each_tile(work, rows.shape[0], 8 * m, like=rows, target=target)
    total = xp.zeros((m, m), dtype=rows.dtype, device=device(rows))
    for start in sorted(parts):
        total = total + parts[start]
    return total
