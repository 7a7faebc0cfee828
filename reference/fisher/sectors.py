r"""Free fermions of the Ising model on the square torus, sector by sector.

With ``z = tanh J`` the partition function of the torus is a sum of four Pfaffians,

    Z = 2^n prod_b cosh J_b  1/2 (-Pf_PP + Pf_PA + Pf_AP + Pf_AA),

P and A for periodic and antiperiodic boundaries along an axis, every Pf -> +1 at
z = 0. Four fermions a site in the order R, L, U, D have the matrix

    A(k) = A0 + z_h (e^{i k1} E_RL - e^{-i k1} E_LR)
              + z_v (e^{i k2} E_UD - e^{-i k2} E_DU)

at the momenta ``k = 2 pi (m + t/2) / L``, t = 0 (P) or 1 (A). With
``p0 = 1 - z_h - z_v - z_h z_v``

    det A(k) = p0^2 + 4 z_h (1 - z_v^2) sin^2(k1/2) + 4 z_v (1 - z_h^2) sin^2(k2/2),

a form without cancellation for positive z (negative ones shift their momentum by pi).

Every bond owns two fermions: chi1 (R or U of its first site), chi2 (L or D of its
second). In the order (chi1, chi2) of h, then of v, their propagator is
``Khat(k) = P A(k)^{-1} P^H`` with ``P = diag(1, e^{i k1}, 1, e^{i k2})``; the twist of
the sector cancels in every closed loop and is dropped from ``K(r)``.

At a momentum with ``-k = k`` the block is a real antisymmetric matrix ``a`` and enters
by its Pfaffian, which vanishes for k = 0 of PP at the critical point. What it
contributes, ``F(a) = pf(a) <...>_{G' + a^{-1}/n}`` with G' the propagator without that
mode, is a polynomial in the entries of ``a``, and linear along any B of rank two, so

    F(a) = 1/2 F(a + B) + 1/2 F(a - B)

holds exactly: the sector becomes two pseudo-sectors, neither of them singular. There
is no limit and no perturbed coupling. With B of size ``n^{-1/2}`` the weights stay of
order one while their propagators change by ``n^{-1/2}``.

The weights ``w_s`` of the pseudo-sectors are signed and add up to one. Their
cancellation ``kappa = sum |w_s|`` is about 2, except on frustrated tori.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from geomsci.backends import linalg
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.errors import LinAlgError

TWISTS = ((0, 0), (0, 1), (1, 0), (1, 1))

R, L, U, D = range(4)


class Sector(NamedTuple):
    """One term of the partition function: a Gaussian measure with a signed weight.

    ``weight``: signed; the weights of all sectors add up to one. ``twist``: 0 periodic,
    1 antiperiodic, per axis. ``propagator``: Khat(k), shape (2d, 2d, L1, L2), complex;
    fermion ``2 alpha`` is chi1 and ``2 alpha + 1`` chi2 of bond type alpha. ``mode``:
    flat index of the self-conjugate momentum left out of ``propagator``, None if none.
    ``shift``: (2d, 2d), what this sector has there.
    """

    weight: float
    twist: tuple[int, int]
    propagator: Array
    mode: int | None = None
    shift: Array = None


class Fermions(NamedTuple):
    """The Ising model of a planar torus as a mixture of free fermions.

    Bond operators are ``O = u + u' chi2 chi1`` per bond type, with ``u`` = ``tanh J``
    or ``coth J`` and ``u' = du/dJ = 1 - u^2``. The fermions are scaled such that J
    enters their matrix through ``u eps`` in the block of the bond alone:
    ``dKhat/dJ = -u' Khat eps Khat``. ``cancellation`` is the sum of the moduli of the
    weights. Sectors that share a propagator share the array.
    """

    sectors: list[Sector]
    log_partition: float
    cancellation: float
    offset: tuple[float, ...]
    factor: tuple[float, ...]


def log_cosh(J: float) -> float:
    """``log cosh J`` without overflow."""
    return abs(J) + math.log1p(math.exp(-2 * abs(J))) - math.log(2)


def momenta(length: int, twist: int, like: Array) -> Array:
    """``2 pi (m + t/2) / L`` for m = 0 .. L - 1."""
    xp = array_namespace(like)
    m = xp.arange(length, dtype=xp.float64, device=device(like))
    return (m + twist / 2) * (2 * math.pi / length)


def self_conjugate(length: int, twist: int) -> list[tuple[int, float]]:
    """Indices m with ``k = -k`` on an axis, each with ``cos k`` (1 or -1)."""
    if twist:
        return [((length - 1) // 2, -1.0)] if length % 2 else []
    return [(0, 1.0)] + ([] if length % 2 else [(length // 2, -1.0)])


def unit(xp, size: int, entries: dict[tuple[int, int], float], like: Array) -> Array:
    """Complex matrix with a few given entries."""
    rows = [[entries.get((i, j), 0.0) for j in range(size)] for i in range(size)]
    return xp.asarray(rows, dtype=xp.complex128, device=device(like))


def square_matrix(z: tuple[float, float], k1: Array, k2: Array) -> Array:
    """``A(k)`` of the square lattice, shape (L1, L2, 4, 4)."""
    xp = array_namespace(k1)
    ones = {(R, L): 1, (R, U): -1, (R, D): -1, (L, U): 1, (L, D): -1, (U, D): 1}
    A = unit(xp, 4, {**ones, **{(j, i): -v for (i, j), v in ones.items()}}, k1)
    phases = [xp.exp(1j * k)[..., None, None] for k in (k1, k2)]
    for zb, phase, (i, j) in zip(z, phases, ((R, L), (U, D))):
        A = A + zb * phase * unit(xp, 4, {(i, j): 1}, k1)
        A = A - zb * xp.conj(phase) * unit(xp, 4, {(j, i): 1}, k1)
    return A


def log_determinant(z: tuple[float, float], k1: Array, k2: Array) -> Array:
    """``log det A(k)``; zero where the determinant is (only at one momentum)."""
    xp = array_namespace(k1)
    h, v = abs(z[0]), abs(z[1])
    s1, s2 = (
        xp.sin(k / 2) ** 2 if zb >= 0 else xp.cos(k / 2) ** 2
        for zb, k in zip(z, (k1, k2))
    )
    p0 = 1 - h - v - h * v
    det = p0**2 + 4 * h * (1 - v**2) * s1 + 4 * v * (1 - h**2) * s2
    return xp.log(xp.where(det > 0, det, xp.ones_like(det)))


def _with_phases(A: Array, k1: Array, k2: Array) -> Array:
    """``P A^{-1} P^H`` with ``P = diag(1, e^{i k1}, 1, e^{i k2})``, (4, 4, L1, L2)."""
    xp = array_namespace(A)
    eye = xp.eye(4, dtype=A.dtype, device=device(A))
    inverse = linalg.solve(A, xp.broadcast_to(eye, A.shape))
    phases = xp.ones(A.shape[:-1], dtype=A.dtype, device=device(A))
    fermions = xp.arange(4, dtype=xp.int64, device=device(A))
    for fermion, k in ((L, k1), (D, k2)):
        phases = xp.where(fermions == fermion, xp.exp(1j * k)[..., None], phases)
    Khat = phases[..., :, None] * inverse * xp.conj(phases)[..., None, :]
    return xp.permute_dims(Khat, (2, 3, 0, 1))


def square_propagator(
    z: tuple[float, float], shape: tuple[int, int], twist: tuple[int, int], like: Array
) -> Array:
    """``Khat(k)`` of a sector without singular momentum, shape (4, 4, L1, L2)."""
    k1 = momenta(shape[0], twist[0], like)[:, None]
    k2 = momenta(shape[1], twist[1], like)[None, :]
    return _with_phases(square_matrix(z, k1, k2), k1, k2)


class _Mode(NamedTuple):
    """A self-conjugate momentum: flat index, cosines, and -pf (+1 at z = 0)."""

    cell: int
    cosines: tuple[float, float]
    pfaffian: float


def _self_conjugate_modes(
    z: tuple[float, float], shape: tuple[int, int], twist: tuple[int, int]
) -> list[_Mode]:
    modes = []
    for m1, c1 in self_conjugate(shape[0], twist[0]):
        for m2, c2 in self_conjugate(shape[1], twist[1]):
            h, v = z[0] * c1, z[1] * c2
            modes.append(_Mode(m1 * shape[1] + m2, (c1, c2), 1 - h - v - h * v))
    return modes


class Term(NamedTuple):
    """A sector before its weight is normalised: sign and log of the modulus."""

    sign: float
    log_modulus: float
    sector: Sector


def _sector_terms(
    z: tuple[float, float], shape: tuple[int, int], twist: tuple[int, int], like: Array
) -> list[Term]:
    """The sector, or the two pseudo-sectors that stand for it."""
    xp = array_namespace(like)
    k1 = momenta(shape[0], twist[0], like)[:, None]
    k2 = momenta(shape[1], twist[1], like)[None, :]
    A = square_matrix(z, k1, k2)
    modes = _self_conjugate_modes(z, shape, twist)
    cells = xp.arange(shape[0] * shape[1], dtype=xp.int64, device=device(like))
    paired = xp.ones(shape[0] * shape[1], dtype=xp.float64, device=device(like))
    for mode in modes:
        paired = xp.where(cells == mode.cell, 0 * paired, paired)
    log_pairs = xp.reshape(log_determinant(z, k1, k2), (-1,)) * paired
    log_modulus = float(xp.sum(log_pairs)) / 2
    smallest = min(modes, key=lambda mode: abs(mode.pfaffian), default=None)
    size = (shape[0] * shape[1]) ** -0.5
    split = smallest if smallest and abs(smallest.pfaffian) < size / 2 else None
    sign = -1.0 if twist == (0, 0) else 1.0
    for mode in modes:
        if mode is not split:
            sign = math.copysign(sign, sign * mode.pfaffian)
            log_modulus += math.log(abs(mode.pfaffian))
    B = unit(xp, 4, {(R, L): size, (L, R): -size}, like)
    if split is None:
        chosen = xp.zeros((*shape, 1, 1), dtype=xp.complex128, device=device(like))
    else:
        here = xp.astype(cells == split.cell, xp.complex128)
        chosen = xp.reshape(here, (*shape, 1, 1))
    Khat = _with_phases(A + chosen * B, k1, k2)
    Khat = Khat * xp.permute_dims(1 - chosen, (2, 3, 0, 1))
    if split is None:
        return [Term(sign, log_modulus, Sector(1.0, twist, Khat))]
    terms = []
    for step in (size, -size):
        pfaffian = split.pfaffian - step * (1 + z[1] * split.cosines[1])
        shift = _inverse_at(z, split.cosines, step, like)
        terms.append(
            Term(
                math.copysign(sign, sign * pfaffian),
                log_modulus + math.log(abs(pfaffian) / 2),
                Sector(1.0, twist, Khat, split.cell, shift),
            )
        )
    return terms


def _inverse_at(
    z: tuple[float, float], cosines: tuple[float, float], step: float, like: Array
) -> Array:
    """``P (a + step B)^{-1} P^H`` at a self-conjugate momentum, P = diag(1, +-1, ...).

    With the dual ``d_ij = 1/2 eps_ijkl a_kl`` of an antisymmetric 4 x 4 matrix,
    ``a^{-1} = -d / pf(a)``.
    """
    xp = array_namespace(like)
    c1, c2 = cosines
    a = 1 + z[0] * c1 + step
    b = 1 + z[1] * c2
    pf = a * b - 2
    dual = {(R, L): b, (R, U): 1, (R, D): 1, (L, U): -1, (L, D): 1, (U, D): a}
    sign = (1.0, c1, 1.0, c2)
    entries = {}
    for (i, j), v in dual.items():
        entries[i, j] = -v / pf * sign[i] * sign[j]
        entries[j, i] = -entries[i, j]
    return unit(xp, 4, entries, like)


def normalised(
    terms: list[Term], log_scale: float, offset: tuple, factor: tuple
) -> Fermions:
    """Weights that add up to one, and ``log Z = log_scale + log(sum / 2)``."""
    top = max(term.log_modulus for term in terms)
    signed = [term.sign * math.exp(term.log_modulus - top) for term in terms]
    total = math.fsum(signed)
    if not total > 0:
        raise LinAlgError(
            "The partition function must be positive, but its sectors cancel to "
            f"{total:.3g} of the largest: the couplings are too frustrated for the "
            "pfaffian method, use method 'transfer_matrix'."
        )
    weights = [value / total for value in signed]
    sectors = [t.sector._replace(weight=w) for t, w in zip(terms, weights)]
    return Fermions(
        sectors,
        log_scale + top + math.log(total / 2),
        math.fsum(abs(w) for w in weights),
        offset,
        factor,
    )


def square_fermions(shape: tuple[int, int], coupling: Array) -> Fermions:
    """Sectors of the Ising model on the square torus.

    Parameters
    ----------
    shape : (L1, L2)
    coupling : array, shape (2,)
        ``J_h`` (axis 0) and ``J_v`` (axis 1), any signs, zero allowed.

    Notes
    -----
    O(n) time and memory. Near its small momenta ``A(k)^{-1}`` loses about ``eps / k``,
    which the division by n makes ``eps`` in ``K(r)``.
    """
    J = [float(coupling[i]) for i in range(2)]
    z = (math.tanh(J[0]), math.tanh(J[1]))
    q = (math.cosh(J[0]) ** -2, math.cosh(J[1]) ** -2)
    terms = [t for twist in TWISTS for t in _sector_terms(z, shape, twist, coupling)]
    n = shape[0] * shape[1]
    log_scale = n * (math.log(2) + log_cosh(J[0]) + log_cosh(J[1]))
    return normalised(terms, log_scale, z, q)
