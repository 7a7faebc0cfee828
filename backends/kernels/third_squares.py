"""Host kernel of the streaming sum over third cumulants of a planar Ising torus.

For one momentum k1 it computes ``sum_k2 h(k1, k2, k3)`` as
`geomsci.reference.fisher.streaming.third_squares` does, for two bond types a cell:

    products   Khat(q - k1) eps_b Khat(q), ten entries                  (compiled)
    F          their two-dimensional transforms                        (scipy.fft)
    traces     sum over sectors of u u u tr(F eps K eps), three a b     (compiled)
    That       six transforms                                           (scipy.fft)
    contract   corrections, metric inverses, sum over k2                (compiled)

One thread takes one k1 after another; the workspace of a thread is 32 n complex
numbers, in the second-level cache up to about L = 64. Eighty-six transforms of n
points a k1 are about half of the time, the rest is bound by memory: about 4 kB read
and 1.5 kB written a point. ``Khat`` is kept twice side by side along its last axis,
so that a shifted row is a plain slice.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import scipy.fft

from geomsci.backends import compile, threads

ENTRIES = 10
PAIRS = ((0, 0), (0, 1), (1, 1))

WORTH_A_KERNEL = 100_000
"""Momenta times cells from which the gain repays loading Numba: about L = 24."""


def _products(Khat, i1, j1, b, out):
    """Entries i <= j of ``Khat(q - k1) eps_b Khat(q)``; Khat is (4, 4, L1, 2 L2)."""
    L1, L2 = out.shape[1], out.shape[2]
    first = (L2 - j1) % L2
    for x in range(L1):
        xs = (x - i1) % L1
        p = 0
        for i in range(4):
            left0 = Khat[i, 2 * b, xs, first : first + L2]
            left1 = Khat[i, 2 * b + 1, xs, first : first + L2]
            for j in range(i, 4):
                right0 = Khat[2 * b, j, x, :L2]
                right1 = Khat[2 * b + 1, j, x, :L2]
                row = out[p, x, :]
                for y in range(L2):
                    row[y] = left0[y] * right1[y] - left1[y] * right0[y]
                p += 1


def _traces(F, K, turn1, turn2, scale, total):
    """Add ``scale tr(F eps K eps)`` for the pairs (0, 0), (0, 1), (1, 1).

    The transposed entries of the diagonal blocks are mirror images,
    ``F_ji(x) = -turn1 turn2 F_ij(-x)``.
    """
    L1, L2 = total.shape[1], total.shape[2]
    for x in range(L1):
        mx = (L1 - x) % L1
        turn = -turn1[x]
        mirror1 = F[1, mx, :]
        mirror8 = F[8, mx, :]
        F00, F01, F02, F03 = F[0, x, :], F[1, x, :], F[2, x, :], F[3, x, :]
        F11, F12, F13 = F[4, x, :], F[5, x, :], F[6, x, :]
        F22, F23, F33 = F[7, x, :], F[8, x, :], F[9, x, :]
        K00, K01, K10, K11 = K[0, 0, x, :], K[0, 1, x, :], K[1, 0, x, :], K[1, 1, x, :]
        K20, K21, K30, K31 = K[2, 0, x, :], K[2, 1, x, :], K[3, 0, x, :], K[3, 1, x, :]
        K22, K23, K32, K33 = K[2, 2, x, :], K[2, 3, x, :], K[3, 2, x, :], K[3, 3, x, :]
        first, second, third = total[0, x, :], total[1, x, :], total[2, x, :]
        for y in range(L2):
            value = F01[y] * K01[y] - F00[y] * K11[y] - F11[y] * K00[y]
            first[y] += scale[0] * value
            value = F03[y] * K21[y] + F12[y] * K30[y]
            value -= F02[y] * K31[y] + F13[y] * K20[y]
            second[y] += scale[1] * value
            value = F23[y] * K23[y] - F22[y] * K33[y] - F33[y] * K22[y]
            third[y] += scale[2] * value
        for y in range(L2):
            my = L2 - y if y > 0 else 0
            wave = turn * turn2[y]
            first[y] += scale[0] * (wave * mirror1[my] * K10[y])
            third[y] += scale[2] * (wave * mirror8[my] * K32[y])


def _mode_traces(X, K, wave1, wave2, scale, total):
    """Add ``scale wave tr(X eps K eps)``, X a constant 4 x 4 matrix."""
    L1, L2 = total.shape[1], total.shape[2]
    for x in range(L1):
        for y in range(L2):
            wave = wave1[x] * wave2[y]
            total[0, x, y] += (scale[0] * wave) * (
                X[0, 1] * K[0, 1, x, y]
                + X[1, 0] * K[1, 0, x, y]
                - X[0, 0] * K[1, 1, x, y]
                - X[1, 1] * K[0, 0, x, y]
            )
            total[1, x, y] += (scale[1] * wave) * (
                X[0, 3] * K[2, 1, x, y]
                + X[1, 2] * K[3, 0, x, y]
                - X[0, 2] * K[3, 1, x, y]
                - X[1, 3] * K[2, 0, x, y]
            )
            total[2, x, y] += (scale[2] * wave) * (
                X[2, 3] * K[2, 3, x, y]
                + X[3, 2] * K[3, 2, x, y]
                - X[2, 2] * K[3, 3, x, y]
                - X[3, 3] * K[2, 2, x, y]
            )


def _contract(
    half, i1, j1, inverses, line, point, contact, triple, even_only, T, X, out
):
    """``sum_k2 h``; ``half`` (2, 3, L1, L2) is the connected part, T and X (2, 2, 2).

    A pair (k2, k3) and its exchange have the same h: only one of them is computed.
    """
    L1, L2 = half.shape[2], half.shape[3]
    first = i1 * L2 + j1
    result = 0.0
    for i2 in range(L1):
        i3 = (2 * L1 - i1 - i2) % L1
        for j2 in range(L2):
            j3 = (2 * L2 - j1 - j2) % L2
            k2 = i2 * L2 + j2
            k3 = i3 * L2 + j3
            if k3 < k2:
                continue
            weight = 1.0 if k2 == k3 else 2.0
            if even_only and (i2 + j2) % 2 == 1:
                weight *= 3.0
            for b in range(2):
                T[0, b, 0] = half[b, 0, i2, j2]
                T[0, b, 1] = half[b, 1, i2, j2]
                T[1, b, 0] = half[b, 1, i3, j3]
                T[1, b, 1] = half[b, 2, i2, j2]
            for a in range(2):
                for c in range(2):
                    T[a, a, c] += contact[a, c, k2]
                    T[a, c, a] += contact[a, c, first]
                    T[c, a, a] += contact[a, c, k3]
                T[a, a, a] += triple[a]
            if first == 0 or k2 == 0 or k3 == 0:
                for a in range(2):
                    for b in range(2):
                        for c in range(2):
                            if k2 == 0:
                                T[a, b, c] += line[a, b, c, first]
                            if k3 == 0:
                                T[a, b, c] += line[b, c, a, k2]
                            if first == 0:
                                T[a, b, c] += line[a, c, b, k2]
                                if k2 == 0:
                                    T[a, b, c] += point[a, b, c]
            # X = conj(ginv)(k1) conj(ginv)(k2) conj(ginv)(k3) T, one axis after another
            for a in range(2):
                for b in range(2):
                    row0 = inverses[first, b, 0].conjugate()
                    row1 = inverses[first, b, 1].conjugate()
                    for c in range(2):
                        X[a, b, c] = row0 * T[a, 0, c] + row1 * T[a, 1, c]
            g00 = inverses[k2, 0, 0].conjugate()
            g01 = inverses[k2, 0, 1].conjugate()
            g10 = inverses[k2, 1, 0].conjugate()
            g11 = inverses[k2, 1, 1].conjugate()
            for a in range(2):
                for b in range(2):
                    v0 = X[a, b, 0]
                    v1 = X[a, b, 1]
                    X[a, b, 0] = g00 * v0 + g01 * v1
                    X[a, b, 1] = g10 * v0 + g11 * v1
            g00 = inverses[k3, 0, 0].conjugate()
            g01 = inverses[k3, 0, 1].conjugate()
            g10 = inverses[k3, 1, 0].conjugate()
            g11 = inverses[k3, 1, 1].conjugate()
            square = 0.0
            for b in range(2):
                for c in range(2):
                    v0 = g00 * X[0, b, c] + g01 * X[1, b, c]
                    v1 = g10 * X[0, b, c] + g11 * X[1, b, c]
                    t0 = T[0, b, c]
                    t1 = T[1, b, c]
                    square += t0.real * v0.real + t0.imag * v0.imag
                    square += t1.real * v1.real + t1.imag * v1.imag
            result += weight * square
    out[0] = result


_COMPLEX = {size: f"complex128[{size}]" for size in (1, 2, 3, 4)}
_CONSTANT = {size: f"const complex128[{size}]" for size in (1, 2, 3, 4)}
_SIGNATURES = {
    "_products": (_CONSTANT[4], "int64", "int64", "int64", _COMPLEX[3]),
    "_traces": (
        *(_CONSTANT[3], _CONSTANT[4], _CONSTANT[1], _CONSTANT[1]),
        *("const float64[1]", _COMPLEX[3]),
    ),
    "_mode_traces": (
        *(_CONSTANT[2], _CONSTANT[4], _CONSTANT[1], _CONSTANT[1]),
        *("const float64[1]", _COMPLEX[3]),
    ),
    "_contract": (
        *(_CONSTANT[4], "int64", "int64", _CONSTANT[3], _CONSTANT[4]),
        *("const float64[3]", _CONSTANT[3], "const float64[1]", "int64"),
        *(_COMPLEX[3], _COMPLEX[3], "float64[1]"),
    ),
}


@functools.cache
def _compiled(name: str) -> Any:
    return compile.host(f"{__name__}:{name}", (), _SIGNATURES[name])


def accepts_third_squares(plan: Any, k1: Any) -> bool:
    """NumPy, two bond types a cell (the square lattice)."""
    return isinstance(plan.Khat, np.ndarray) and len(plan.factor) == 2


def pays_third_squares(plan: Any, k1: Any) -> bool:
    """Enough momenta and cells to repay loading Numba."""
    return k1.size * plan.Khat.shape[-1] >= WORTH_A_KERNEL


def _through_bond(left: np.ndarray, right: np.ndarray, b: int) -> np.ndarray:
    """``left eps_b right`` for stacks of matrices (..., 4, 4)."""
    return (
        left[..., :, 2 * b, None] * right[..., None, 2 * b + 1, :]
        - left[..., :, 2 * b + 1, None] * right[..., None, 2 * b, :]
    )


class _ModeTerm:
    """Constant matrices that one pseudo-sector adds to F for every k1.

    ``matrices[b]`` is (2, m, 4, 4): the first with the wave ``e^{-i (k1 + q0) x}``, the
    second with ``e^{-i q0 x}``.
    """

    def __init__(self, plan: Any, s: int, i1: np.ndarray, j1: np.ndarray) -> None:
        L1, L2 = plan.shape
        self.group = plan.groups[s]
        self.mode = divmod(plan.modes[s], L2)
        self.K = np.ascontiguousarray(plan.K[s].reshape(4, 4, L1, L2))
        Khat = np.moveaxis(plan.Khat[self.group], -1, 0)
        D, (q1, q2) = plan.shifts[s], self.mode
        plus = Khat[(i1 + q1) % L1 * L2 + (j1 + q2) % L2]
        minus = Khat[(q1 - i1) % L1 * L2 + (q2 - j1) % L2]
        zero = ((i1 == 0) & (j1 == 0))[:, None, None]
        self.matrices = [
            np.stack(
                [
                    _through_bond(D, plus, b),
                    _through_bond(minus, D, b) + zero * _through_bond(D, D, b),
                ]
            )
            for b in range(2)
        ]


class _Workspace:
    """Arrays of one thread."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self.products = np.empty((ENTRIES, *shape), dtype=np.complex128)
        self.total = np.empty((2, len(PAIRS), *shape), dtype=np.complex128)
        self.T = np.empty((2, 2, 2), dtype=np.complex128)
        self.X = np.empty((2, 2, 2), dtype=np.complex128)


def third_squares_numba(plan: Any, k1: np.ndarray) -> np.ndarray:
    """``sum_k2 h(k1, k2, k3)`` for every k1; the arguments passed the predicate.

    Parameters
    ----------
    plan : Bispectrum
        Of `geomsci.reference.fisher.third_transform`.
    k1 : ndarray of int, shape (m,)

    Returns
    -------
    squares : ndarray, shape (m,)
    """
    L1, L2 = plan.shape
    n = L1 * L2
    products, traces, mode_traces, contract = (
        _compiled(name)
        for name in ("_products", "_traces", "_mode_traces", "_contract")
    )
    i1, j1 = np.divmod(k1, L2)
    grids = plan.Khat.reshape(-1, 4, 4, L1, L2)
    doubled = [np.ascontiguousarray(np.concatenate([K, K], axis=-1)) for K in grids]
    weighted = np.zeros(grids.shape, dtype=np.complex128)
    for s, group in enumerate(plan.groups):
        weighted[group] += plan.K[s].reshape(4, 4, L1, L2)
    modes = [
        _ModeTerm(plan, s, i1, j1)
        for s, mode in enumerate(plan.modes)
        if mode is not None
    ]
    u = plan.factor
    scales = [np.array([u[a] * u[b] * u[c] / n for a, c in PAIRS]) for b in range(2)]
    roots = [np.exp(-2j * np.pi * np.arange(L) / L) for L in (L1, L2)]
    x = [np.arange(L) for L in (L1, L2)]
    even_only = int(L1 % 2 == 0 and L2 % 2 == 0)
    constants = [
        np.ascontiguousarray(part)
        for part in (plan.inverses, plan.line, plan.point, plan.contact, plan.triple)
    ]
    squares = np.empty(k1.shape[0])

    def wave(turns: tuple[int, int]) -> list[np.ndarray]:
        """``e^{-i k x}`` of a grid momentum, one factor an axis."""
        return [
            root[t * c % root.size] for root, t, c in zip(roots, turns, x, strict=True)
        ]

    def one(item: int, space: _Workspace) -> None:
        i, j = int(i1[item]), int(j1[item])
        space.total[...] = 0
        for group, twist in enumerate(plan.twists):
            turns = wave((i - twist[0], j - twist[1]))
            for b in range(2):
                products(doubled[group], i, j, b, space.products)
                F = scipy.fft.fftn(space.products, axes=(1, 2), overwrite_x=True)
                traces(F, weighted[group], *turns, scales[b], space.total[b])
        for term in modes:
            q1, q2 = term.mode
            for part, turns in enumerate((wave((i + q1, j + q2)), wave((q1, q2)))):
                for b in range(2):
                    X = term.matrices[b][part, item]
                    mode_traces(X, term.K, *turns, scales[b], space.total[b])
        half = scipy.fft.fftn(space.total, axes=(2, 3), overwrite_x=True)
        out = squares[item : item + 1]
        contract(half, i, j, *constants, even_only, space.T, space.X, out)

    def work(first: int, last: int) -> None:
        space = _Workspace(plan.shape)
        for item in range(first, last):
            one(item, space)

    threads.over_batch(work, k1.shape[0], at_least=1)
    return squares
