r"""Projection DPPs by blocks of proposals, in matrix products.

The chain rule of `geomsci.reference.sampling.chain_rule` with many proposals at a time:
for the rows W of the functions that vanish at all points accepted so far,

    Z = W phi(proposals),     G = Z^T Z over those with |z|^2 > v K(x, x).

A proposal below its level ``v K(x, x)`` is rejected whatever the others do, because
acceptances only lower its ``|z|^2``. The rest are decided one after the other by a
Cholesky factor of G that grows by a column for every acceptance. One block reflection
then turns W such that all rows but the first a vanish at the a accepted points.

The proposals and their numbers are those of the scalar code, so both forms accept the
same points of the same key, up to decisions that differ by less than the rounding of
``|z|^2``. The order of decisions is kept, hence the law.

The block reflector of an orthonormal Q (r, a) with ``Q_1 = U S V^T`` its first a rows:

    E = -U V^T,   F = Q - [E; 0],   H = I - F V (I + S)^-1 V^T F^T,   H Q = [E; 0];

``F^T F = 2 V (I + S) V^T`` has its eigenvalues in [2, 4], so H is orthogonal to
rounding.

References
----------
R. Schreiber and B. N. Parlett, "Block reflectors: theory and computation", SIAM J.
Numer. Anal. 25 (1988) 189.
E. N. Epperly, J. A. Tropp and R. J. Webber, arXiv 2410.03969 (blocks of proposals with
rejection).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from geomsci.backends import linalg, run
from geomsci.backends.arrays import Array, array_namespace, device, from_host, to_host
from geomsci.backends.errors import LinAlgError
from geomsci.reference.sampling import proposals
from geomsci.reference.sampling.candidates import (
    Candidates,
    finite_proposals,
    whole_key,
)
from geomsci.reference.sampling.candidates import candidates as candidates
from geomsci.reference.sampling.envelopes import Tables

SURVIVORS = 128
"""Proposals of a block that are to be decided one after the other."""

BLOCK_BYTES = 64 * 1024 * 1024
"""Largest size of the functions of a block."""


def largest_number_of_proposals(m: int) -> int:
    """Proposals after which a draw is given up.

    The last point needs m of them in the mean, so a sound basis gets there with a
    probability of at most ``m exp(-10000)``.
    """
    return 10_000 * (m + 1)


class Proposals(NamedTuple):
    """A block of B proposals.

    Attributes
    ----------
    phi : array, shape (B, m)
        Their functions, each row up to a factor.
    numbers : array, shape (B,)
        Uniform numbers for the acceptance.
    kept : tuple of arrays, B rows each
        What is wanted of the accepted ones.
    """

    phi: Array
    numbers: Array
    kept: tuple[Array, ...]


def block_draw(
    propose: Callable[[int, int], Proposals], m: int, n_points: int, like: Array
) -> tuple[tuple[Array, ...], int]:
    """One projection DPP.

    Parameters
    ----------
    propose : callable
        ``propose(first, count)`` gives the proposals ``first .. first + count - 1``.
    m : int
        Number of functions.
    n_points : int, 0 < n_points <= m
        Stop after so many points.
    like : array

    Returns
    -------
    kept : tuple of arrays, n_points rows each
        In the order of acceptance.
    n_proposals : int

    Raises
    ------
    LinAlgError
        If the functions are not orthonormal, so that no more points are found.
    """
    xp = array_namespace(like)
    W = xp.eye(m, dtype=xp.float64, device=device(like))
    found: list[tuple[Array, ...]] = []
    n_found, t, used = 0, 0, 0
    while n_found < n_points:
        count = _block_size(m, n_found, n_points)
        if t > largest_number_of_proposals(m):
            raise not_orthonormal(m, n_found, t)
        phi, numbers, kept = propose(t, count)
        Z = phi @ xp.matrix_transpose(W)
        levels = numbers * xp.vecdot(phi, phi)
        (alive,) = xp.nonzero(xp.vecdot(Z, Z) > levels)
        Z = xp.take(Z, alive, axis=0)
        (chosen,) = xp.nonzero(_decisions(Z, xp.take(levels, alive)))
        a = min(int(chosen.shape[0]), n_points - n_found)
        chosen = chosen[:a]
        if a:
            rows = xp.take(alive, chosen)
            found.append(tuple(xp.take(x, rows, axis=0) for x in kept))
            W = _turned(W, xp.matrix_transpose(xp.take(Z, chosen, axis=0)))
            n_found += a
            used = t + int(rows[a - 1]) + 1
        t += count
    return tuple(xp.concat(list(parts), axis=0) for parts in zip(*found)), used


def not_orthonormal(m: int, n_found: int, n_proposals: int) -> LinAlgError:
    """The error of a draw that was given up."""
    return LinAlgError(
        f"The draw found {n_found} of {m} points in {n_proposals} proposals, so the "
        "functions of the basis are not orthonormal in its measure: see "
        "orthonormality_error of the basis."
    )


def _block_size(m: int, n_found: int, n_points: int) -> int:
    """Proposals among which about `SURVIVORS` pass their level.

    Not more than half of what is left, since proposals of one block that lie close
    together exclude each other.
    """
    left = m - n_found
    wanted = min(SURVIVORS, left // 2 + 1, n_points - n_found)
    return min(math.ceil(wanted * m / left), max(64, BLOCK_BYTES // (8 * m)))


def _decisions(Z: Array, levels: Array) -> Array:
    """Which rows of Z are accepted one after the other, each against those before.

    Row i is accepted if the part of z_i outside the span of the accepted rows before
    it has a square above its level. Nothing is read back from the device.
    """
    xp = array_namespace(Z)
    n = Z.shape[0]
    G = Z @ xp.matrix_transpose(Z)
    L = xp.zeros((n, n), dtype=Z.dtype, device=device(Z))
    residual = xp.vecdot(Z, Z)
    accepted = xp.zeros(n, dtype=xp.bool, device=device(Z))
    for i in range(n):
        here = residual[i]
        accept = here > levels[i]
        accepted[i] = accept
        pivot = xp.where(accept, here, xp.ones_like(here))
        column = G[:, i] - L[:, :i] @ L[i, :i] if i else G[:, 0]
        column = xp.where(accept, column / xp.sqrt(pivot), xp.zeros_like(column))
        L[:, i] = column
        residual = residual - column * column
    return accepted


def _turned(W: Array, Z: Array) -> Array:
    """Rows of W without those that do not vanish at the points of ``Z = W phi``.

    Parameters
    ----------
    W : array, shape (r, m)
    Z : array, shape (r, a)

    Returns
    -------
    W : array, shape (r - a, m)
    """
    xp = array_namespace(W)
    r, a = Z.shape
    if a == r:
        return W[:0, :]
    Q = linalg.qr(Z).Q
    U, S, Vh = linalg.svd(Q[:a, :])
    F = xp.concat([Q[:a, :] + U @ Vh, Q[a:, :]], axis=0)
    core = (xp.matrix_transpose(Vh) / (1.0 + S)[None, :]) @ Vh
    return W[a:, :] - F[a:, :] @ (core @ (xp.matrix_transpose(F) @ W))


def finite_dpp_draws(
    keys: Array, found: Candidates, *, n_points: int
) -> tuple[Array, Array]:
    """Projection DPPs on a finite set.

    Parameters
    ----------
    keys : array of int64, shape (R, 4)
        The 32-bit pieces of the keys of the draws' random streams.
    found : Candidates
    n_points : int
        Stop every draw after so many points.

    Returns
    -------
    indices : array of int64, shape (R, n_points)
        In the order of acceptance, which is exchangeable.
    n_proposals : array of int64, shape (R,)

    Raises
    ------
    LinAlgError
        If the rows are not orthonormal in the measure.
    """
    xp = array_namespace(found.rows)
    m = found.rows.shape[1]
    results, counts = [], []
    for r in range(keys.shape[0]):
        key = whole_key(keys[r, :])

        def propose(first: int, count: int, key: int = key) -> Proposals:
            indices, numbers = finite_proposals(
                first, count, key, found.cumulative, found.guide
            )
            return Proposals(xp.take(found.rows, indices, axis=0), numbers, (indices,))

        (indices,), used = block_draw(propose, m, n_points, found.rows)
        results.append(indices)
        counts.append(used)
    n_proposals = xp.asarray(counts, dtype=xp.int64, device=device(found.rows))
    return xp.stack(results), n_proposals


def finite_points(
    keys: Array, found: Candidates, *, n_points: int, share: float
) -> Array:
    """Independent points of ``share nu + (1 - share) mu`` on a finite set.

    Returns
    -------
    indices : array of int64, shape (R, n_points)
    """
    xp = array_namespace(found.rows)
    results = []
    for r in range(keys.shape[0]):
        key = whole_key(keys[r, :])
        optimal, numbers = finite_proposals(
            0, n_points, key, found.cumulative, found.guide
        )
        plain, _ = finite_proposals(
            0, n_points, key, found.cumulative_mu, found.guide_mu
        )
        results.append(xp.where(numbers < share, optimal, plain))
    return xp.stack(results)


def polynomial_dpp_draws(
    keys: Array, tables: Tables, *, n_points: int
) -> tuple[Array, Array, Array]:
    """Projection DPPs of a space of polynomials.

    Parameters
    ----------
    keys : array of int64, shape (R, 4)
        Its library and device are those of the work.
    tables : Tables
        On the host: the proposals are made there.
    n_points : int
        Stop every draw after so many points.

    Returns
    -------
    points : array, shape (R, n_points, d)
        In the order of acceptance, which is exchangeable.
    weights : array, shape (R, n_points)
        ``m / K(x, x)``.
    n_proposals : array of int64, shape (R,)
    """
    xp = array_namespace(keys)
    m = tables.indices.shape[0]
    results, counts = [], []
    for r in range(keys.shape[0]):
        key = to_host(keys[r, :])

        def propose(first: int, count: int, key: Array = key) -> Proposals:
            parts = run(
                "sampling.polynomial_proposals", key, tables, first=first, count=count
            )
            points, numbers, phi, scales = (from_host(x, keys) for x in parts)
            weights = m * xp.exp(-2.0 * scales) / xp.vecdot(phi, phi)
            return Proposals(phi, numbers, (points, weights))

        kept, used = block_draw(propose, m, n_points, keys)
        results.append(kept)
        counts.append(used)
    points, weights = (xp.stack(list(parts)) for parts in zip(*results))
    n_proposals = xp.asarray(counts, dtype=xp.int64, device=device(keys))
    return points, weights, n_proposals


# Interpreted forms of the scalar code that proposes: what the kernels are compared with


def _empty(like: Array, *shape: int) -> Array:
    xp = array_namespace(like)
    return xp.zeros(shape, dtype=xp.float64, device=device(like))


def _words(like: Array) -> Array:
    xp = array_namespace(like)
    return xp.zeros((8, 16), dtype=xp.int64, device=device(like))


def polynomial_proposals(
    key: Array, tables: Tables, *, first: int, count: int
) -> tuple[Array, Array, Array, Array]:
    """Points (B, d), numbers (B,), functions (B, m), log scales (B,) of proposals."""
    m, d = tables.indices.shape
    values = _empty(key, d, tables.recurrences.shape[1])
    parts = (
        _empty(key, count, d), _empty(key, count), _empty(key, count, m),
        _empty(key, count),
    )  # fmt: skip
    proposals.polynomial_proposals(key, first, *tables, *parts, values, _words(key))
    return parts


def polynomial_points(
    keys: Array, tables: Tables, *, n_points: int, share: float
) -> tuple[Array, Array]:
    """Independent points of ``share nu + (1 - share) mu`` and their weights.

    Returns
    -------
    points : array, shape (R, n_points, d)
    weights : array, shape (R, n_points)
        ``1 / ((1 - share) + share K(x, x) / m)``.
    """
    R, (m, d) = keys.shape[0], tables.indices.shape
    points, weights = _empty(keys, R, n_points, d), _empty(keys, R, n_points)
    values = _empty(keys, d, tables.recurrences.shape[1])
    proposals.polynomial_points(
        keys, share, *tables, points, weights, 0, R, _empty(keys, m), values,
        _words(keys),
    )  # fmt: skip
    return points, weights


def optimal_weights(points: Array, tables: Tables) -> Array:
    """Weights ``m / K(x, x)`` (n,) at points (n, d)."""
    weights = _empty(points, points.shape[0])
    values = _empty(points, points.shape[1], tables.recurrences.shape[1])
    phi = _empty(points, tables.indices.shape[0])
    proposals.optimal_weights(points, *tables, weights, phi, values)
    return weights
