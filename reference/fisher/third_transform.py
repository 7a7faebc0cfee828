r"""Transform of the third cumulant of a planar Ising torus, one momentum at a time.

For a momentum k1 and a middle bond of type b each sector gives, in momentum space of
x1 and position space of x2,

    F_b(x2) = 1/n FFT_q[Khat(q - k1) eps_b Khat(q)](x2)
    Theta_abc(k1, x2) = u'_a u'_b u'_c tr(F_b[a, c] eps K(x2)[c, a] eps),

and ``That_abc(k1, k2)`` is the transform of the weighted sum over sectors, to which
the disconnected and the contact terms are added in momentum space.

What is saved, each time without approximation:

* ``F_ji(x2) = -e^{-i k1 x2} phi(x2) F_ij(-x2)``, phi the phase of the twist, from
  ``K(r)^T = -K(-r)``; likewise ``That_abc(k1, k2) = That_cba(k1, k3)`` with
  ``k3 = -(k1 + k2)``. So d(2d+1) products and the pairs a <= c are enough.
* Pseudo-sectors share the transforms: the matrix D that one of them has at its mode q0
  adds ``(e^{-i (k1+q0) x2} D eps_b Khat(q0 + k1) + e^{-i q0 x2} Khat(q0 - k1) eps_b D)
  / n`` to F, and ``e^{-i q0 x2} D eps_b D / n`` if k1 = 0.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from geomsci.backends import fft
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.fisher.lattices import cell_coordinates, flat_index
from geomsci.reference.fisher.pfaffian import (
    Mixture,
    block,
    bond_trace,
    opposite_cells,
    plane_wave,
    triangle_trace,
)
from geomsci.reference.fisher.sectors import Fermions
from geomsci.reference.fisher.trace_norm import through_bond


class Bispectrum(NamedTuple):
    """Everything that ``That(k1, k2)`` is made of, on the torus of ``shape``.

    With G groups of sectors that share a propagator and S pseudo-sectors:

    ``shape``: (L1, L2). ``Khat`` (G, 2d, 2d, n): propagators. ``twists``: G pairs.
    ``K`` (S, 2d, 2d, n): propagator of each pseudo-sector in position space, times its
    weight. ``groups``: group of each pseudo-sector. ``modes``: flat index or None.
    ``shifts`` (S, 2d, 2d): matrix at the mode, zero without one. ``factor``: u' per
    bond type. ``inverses`` (n, d, d). ``line`` (d, d, d, n): ``n sum_s w_s dm_c
    Chat_ab(k)``, disconnected part on the lines where one momentum is zero. ``point``
    (d, d, d): ``n^2 sum_s w_s dm dm dm``. ``contact`` (d, d, n): transform of
    ``Delta_a(c, r)``; ``triple`` (d,): ``-2 Delta_a(a, 0)``.
    """

    shape: tuple[int, int]
    Khat: Array
    twists: tuple[tuple[int, int], ...]
    K: Array
    groups: tuple[int, ...]
    modes: tuple[int | None, ...]
    shifts: Array
    factor: tuple[float, ...]
    inverses: Array
    line: Array
    point: Array
    contact: Array
    triple: Array


def contact_differences(parts: Mixture, shape: tuple[int, int]) -> Array:
    """``Delta_a(c, r) = T(a, a, c) - T_formal(a, a, c)``, c at r, shape (d, d, n)."""
    K0 = parts.sectors[0].K
    xp = array_namespace(K0)
    d, n = len(parts.mean), K0.shape[-1]
    opposite = opposite_cells(shape, K0)
    q, mu = parts.factor, parts.mean
    rows = []
    for a in range(d):
        for c in range(d):
            value = -2 * mu[a] * parts.metric[a, c, ...]
            for s in parts.sectors:
                K_minus = xp.take(s.K, opposite, axis=2)
                theta = triangle_trace(
                    block(s.K, a, a)[..., 0][..., None],
                    block(K_minus, a, c),
                    block(s.K, c, a),
                )
                da, dc = s.mean[a] - mu[a], s.mean[c] - mu[c]
                formal = q[a] * q[a] * q[c] * theta + 2 * da * s.C[a, c, ...]
                formal = formal + dc * s.C[a, a, ...][0] + da * da * dc
                value = value - s.weight * formal
            rows.append(value)
    return xp.reshape(xp.stack(rows), (d, d, n))


def bispectrum(
    model: Fermions, parts: Mixture, shape: tuple[int, int], inverses: Array
) -> Bispectrum:
    """Collect what the streaming sum needs; O(n log n)."""
    K0 = parts.sectors[0].K
    xp = array_namespace(K0)
    size, n = K0.shape[0], K0.shape[-1]
    d = size // 2
    propagators: list[Array] = []
    twists, groups = [], []
    for sector in model.sectors:
        known = [i for i, P in enumerate(propagators) if P is sector.propagator]
        if not known:
            propagators.append(sector.propagator)
            twists.append(sector.twist)
        groups.append(known[0] if known else len(propagators) - 1)
    none = xp.zeros((size, size), dtype=K0.dtype, device=device(K0))
    shifts = [none if s.shift is None else s.shift for s in model.sectors]

    line = xp.zeros((d, d, d, n), dtype=K0.dtype, device=device(K0))
    point = xp.zeros((d, d, d), dtype=xp.float64, device=device(K0))
    for s in parts.sectors:
        dm = [m - mean for m, mean in zip(s.mean, parts.mean)]
        dm = xp.asarray(dm, dtype=xp.float64, device=device(K0))
        Chat = transform(s.C, shape)
        line = line + n * s.weight * Chat[:, :, None, :] * dm[None, None, :, None]
        cube = dm[:, None, None] * dm[None, :, None] * dm[None, None, :]
        point = point + n * n * s.weight * cube
    delta = contact_differences(parts, shape)
    return Bispectrum(
        shape,
        xp.stack([xp.reshape(P, (size, size, n)) for P in propagators]),
        tuple(twists),
        xp.stack([s.weight * s.K for s in parts.sectors]),
        tuple(groups),
        tuple(s.mode for s in model.sectors),
        xp.stack(shifts),
        parts.factor,
        inverses,
        line,
        point,
        transform(delta, shape),
        xp.stack([-2 * delta[a, a, 0] for a in range(d)]),
    )


def transform(x: Array, shape: tuple[int, int]) -> Array:
    """Fourier transform over the cells, the last axis."""
    xp = array_namespace(x)
    grid = xp.reshape(xp.astype(x, xp.complex128), (*x.shape[:-1], *shape))
    return xp.reshape(fft.fftn(grid, axes=(-2, -1)), x.shape)


def propagator_products(Khat: Array, k1: Array, shape: tuple[int, int], b: int):
    """``Khat(q - k1) eps_b Khat(q)`` for a batch of k1, entries i <= j.

    Returns an array of shape (m, d(2d+1), L1, L2); the entries are in the order
    (0, 0), (0, 1), ..., (1, 1), (1, 2), ...
    """
    xp = array_namespace(Khat)
    size, n = Khat.shape[0], Khat.shape[-1]
    m = k1.shape[0]
    q = cell_coordinates(shape, like=k1)
    moved = flat_index([x[None, :] - xp.take(x, k1)[:, None] for x in q], shape)
    flat = xp.reshape(moved, (-1,))
    columns = [
        xp.reshape(xp.take(Khat[:, 2 * b + i, :], flat, axis=1), (size, m, n))
        for i in range(2)
    ]
    entries = [
        columns[0][i, ...] * Khat[2 * b + 1, j, :]
        - columns[1][i, ...] * Khat[2 * b, j, :]
        for i in range(size)
        for j in range(i, size)
    ]
    return xp.reshape(xp.stack(entries, axis=1), (m, len(entries), *shape))


def waves(shape: tuple[int, int], k1: Array) -> Array:
    """``e^{-i k1 x}`` for a batch of grid momenta, shape (m, n)."""
    xp = array_namespace(k1)
    x = cell_coordinates(shape, like=k1)
    turns = [
        xp.astype((xp.take(c, k1)[:, None] * c[None, :]) % length, xp.float64) / length
        for c, length in zip(x, shape)
    ]
    return xp.exp(-2j * math.pi * (turns[0] + turns[1]))


def twist_phase(shape: tuple[int, int], twist: tuple[int, int], like: Array) -> Array:
    """``e^{2 pi i (t1 x / L1 + t2 y / L2)}``, shape (n,)."""
    return plane_wave(shape, twist[0] * shape[1] + twist[1], like)


def mode_terms(plan: Bispectrum, s: int, k1: Array, b: int) -> Array:
    """What the mode of pseudo-sector s adds to F, shape (m, 2d, 2d, n)."""
    mode = plan.modes[s]
    assert mode is not None
    Khat = plan.Khat[plan.groups[s], ...]
    xp = array_namespace(Khat)
    shape, n = plan.shape, Khat.shape[-1]
    D = plan.shifts[s, ...]
    k = cell_coordinates(shape, like=k1)
    q0 = divmod(mode, shape[1])
    first = [xp.take(x, k1) for x in k]
    plus = flat_index([x + q for x, q in zip(first, q0)], shape)
    minus = flat_index([q - x for x, q in zip(first, q0)], shape)
    X1 = through_bond(D[:, :, None], xp.take(Khat, plus, axis=2), b)
    X2 = through_bond(xp.take(Khat, minus, axis=2), D[:, :, None], b)
    zero = xp.astype(k1 == 0, Khat.dtype)
    X2 = X2 + through_bond(D, D, b)[:, :, None] * zero
    wave0 = xp.conj(plane_wave(shape, mode, Khat))
    wave1 = waves(shape, k1) * wave0
    X1, X2 = (xp.permute_dims(X, (2, 0, 1))[..., None] for X in (X1, X2))
    return (X1 * wave1[:, None, None, :] + X2 * wave0) / n


def cumulant_traces(
    plan: Bispectrum, group: int, F: Array, k1: Array, b: int
) -> list[Array]:
    """``Theta_abc(k1, x2)`` of one group of sectors, a <= c, each of shape (m, n)."""
    xp = array_namespace(F)
    d = len(plan.factor)
    size, n = 2 * d, F.shape[-1]
    F = F / n
    entry = {}
    position = 0
    for i in range(size):
        for j in range(i, size):
            entry[i, j] = F[:, position, :]
            position += 1
    opposite = opposite_cells(plan.shape, F)
    turn = waves(plan.shape, k1) * twist_phase(plan.shape, plan.twists[group], F)
    for a in range(d):
        mirrored = xp.take(entry[2 * a, 2 * a + 1], opposite, axis=1)
        entry[2 * a + 1, 2 * a] = -turn * mirrored
    u = plan.factor
    traces: list[Array] = []
    members = [s for s, g in enumerate(plan.groups) if g == group]
    extra = {
        s: mode_terms(plan, s, k1, b) for s in members if plan.modes[s] is not None
    }
    for a in range(d):
        for c in range(a, d):
            blocks = xp.stack(
                [
                    xp.stack([entry[2 * a + i, 2 * c + j] for j in range(2)])
                    for i in range(2)
                ]
            )
            parts: list[Array] = []
            for s in members:
                F_s = blocks
                if s in extra:
                    E = xp.permute_dims(extra[s], (1, 2, 0, 3))
                    F_s = F_s + block(E, a, c)
                K_ca = block(plan.K[s, ...], c, a)[:, :, None, :]
                parts.append(bond_trace(F_s, K_ca))
            traces.append(u[a] * u[b] * u[c] * sum(parts[1:], start=parts[0]))
    return traces


def connected_part(plan: Bispectrum, k1: Array) -> Array:
    """Transform of Theta for a batch of k1, shape (m, d, pairs, n), a <= c."""
    xp = array_namespace(plan.Khat)
    d = len(plan.factor)
    n = plan.Khat.shape[-1]
    m = k1.shape[0]
    middle = []
    for b in range(d):
        total: list[Array] = []
        for group in range(plan.Khat.shape[0]):
            products = propagator_products(plan.Khat[group, ...], k1, plan.shape, b)
            F = xp.reshape(fft.fftn(products, axes=(2, 3)), (m, -1, n))
            traces = cumulant_traces(plan, group, F, k1, b)
            total = [x + y for x, y in zip(total, traces)] if total else traces
        middle.append(xp.stack(total, axis=1))
    return transform(xp.stack(middle, axis=1), plan.shape)


def third_transform(plan: Bispectrum, k1: Array, k3: Array) -> Array:
    """``That_abc(k1, k2)`` for a batch of k1 and all k2, shape (m, d, d, d, n)."""
    xp = array_namespace(plan.Khat)
    d, n = len(plan.factor), plan.Khat.shape[-1]
    m = k1.shape[0]
    half = connected_part(plan, k1)
    pairs: dict[tuple[int, int], int] = {}
    for a in range(d):
        for c in range(a, d):
            pairs[a, c] = len(pairs)
    rows = xp.arange(m, dtype=xp.int64, device=device(k1))[:, None] * n
    flipped = xp.reshape(rows + k3, (-1,))
    k2 = xp.arange(n, dtype=xp.int64, device=device(k1))[None, :]
    at_zero1 = xp.astype(k1 == 0, half.dtype)[:, None]
    at_zero2 = xp.astype(k2 == 0, half.dtype)
    at_zero3 = xp.astype(k3 == 0, half.dtype)
    flat3 = xp.reshape(k3, (-1,))
    entries = []
    for a in range(d):
        for b in range(d):
            for c in range(d):
                if a <= c:
                    T = half[:, b, pairs[a, c], :]
                else:
                    other = xp.reshape(half[:, b, pairs[c, a], :], (-1,))
                    T = xp.reshape(xp.take(other, flipped), (m, n))
                T = T + at_zero2 * xp.take(plan.line[a, b, c, :], k1)[:, None]
                T = T + at_zero3 * plan.line[b, c, a, :][None, :]
                T = T + at_zero1 * plan.line[a, c, b, :][None, :]
                T = T + at_zero1 * at_zero2 * plan.point[a, b, c]
                if a == b:
                    T = T + plan.contact[a, c, :][None, :]
                if a == c:
                    T = T + xp.take(plan.contact[a, b, :], k1)[:, None]
                if b == c:
                    T = T + xp.reshape(xp.take(plan.contact[b, a, :], flat3), (m, n))
                if a == b == c:
                    T = T + plan.triple[a]
                entries.append(T)
    return xp.reshape(xp.stack(entries, axis=1), (m, d, d, d, n))
