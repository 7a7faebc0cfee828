"""Spectra of the bonds of sampled configurations, up to the third order.

For the bond fields ``phi_a(x)`` of one configuration, ``phi_a(k) = sum_x e^{-ikx}
phi_a(x)``. Averages over configurations of products of these transforms give the
cumulants of `geomsci.reference.fisher.cumulants`, averaged over translations:

    C_ab(k)      = <phi_a(k) phi_b(-k)>_c / n             = conj(ghat_ab(k))
    That_abc(k1, k2) = <phi_a(k3) phi_b(k1) phi_c(k2)>_c / n,   k1 + k2 + k3 = 0.

A transform at ``k != 0`` has the mean zero, so a cumulant with no zero momentum is a
plain average. ``That`` is symmetric in its three pairs (type, momentum) and
``That(-k1, -k2)`` is its conjugate: one triad ``(k1, k2, k3)`` out of up to twelve is
computed, those with a zero momentum from the O(n) array `Moments.third`.

The contact rules (Ising ``T_aac = -2 mu_a g_ac``, Potts ``T_aac = (1 - 2 mu_a) g_ac``)
hold for these averages exactly, sample by sample, because ``phi^2`` is a linear
function of ``phi``: to impose them would change nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from geomsci.backends import fft, run
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import map_tiles, tile_bytes, tiles
from geomsci.reference.fisher.cumulants import opposite_momenta
from geomsci.reference.fisher.lattices import (
    Lattice,
    bond_sites,
    cell_coordinates,
    flat_index,
)


class Torus(NamedTuple):
    """What turns configurations into bond fields."""

    lattice: Lattice
    shape: tuple[int, ...]
    model: str


class Moments(NamedTuple):
    """Sums over the configurations of each of ``m`` blocks; phi less a fixed value.

    ``count`` (m,). ``first`` (m, d): ``phi_a(0) / n``. ``second`` (m, n, d, d):
    ``phi_a(k) phi_b(-k) / n``. ``third`` (m, n, d, d, d): ``phi_a(0) phi_b(k)
    phi_c(-k) / n``. They add up: pooled blocks have the sum of their moments.
    """

    count: Array
    first: Array
    second: Array
    third: Array


class Triads(NamedTuple):
    """Momenta with ``k1 + k2 + k3 = 0``, all nonzero, one of each class of symmetry.

    ``k1``, ``k2``, ``k3`` (p,): cells in C order. ``weight`` (p,): the number of
    ordered pairs ``(k1, k2)`` in the class, at most twelve.
    """

    k1: Array
    k2: Array
    k3: Array
    weight: Array


def bond_values(configurations: Array, torus: Torus) -> Array:
    """Values of phi on every bond, shape (n, d, n_samples), float64.

    Parameters
    ----------
    configurations : array, shape (n_samples, n_sites) or (n_samples, n_sites, 2 or 3)
        Sites as in `bond_sites`; a last axis holds the components of unit vectors.
    torus : Torus
    """
    xp = array_namespace(configurations)
    starts, ends = bond_sites(torus.lattice, torus.shape, like=configurations)
    d, n = starts.shape
    spins = xp.permute_dims(
        configurations, (1, 0, *range(2, configurations.ndim))
    )  # sites first, so that the momenta of the transform come first too

    def ends_of(sites: Array) -> Array:
        return xp.take(spins, xp.reshape(xp.permute_dims(sites, (1, 0)), (-1,)), axis=0)

    first, second = ends_of(starts), ends_of(ends)
    if torus.model == "potts":
        phi = xp.astype(first == second, xp.float64)
    elif torus.model == "ising":
        phi = xp.astype(first * second, xp.float64)
    else:
        phi = xp.sum(first * second, axis=-1)
    return xp.reshape(phi, (n, d, -1))


def energies(configurations: Array, torus: Torus) -> Array:
    """Mean of phi over the cells, by configuration and bond type, (n_samples, d)."""
    xp = array_namespace(configurations)
    each = 16 * len(torus.lattice.bonds) * math.prod(torus.shape)
    parts = []
    for tile in tiles(
        configurations.shape[0], each, target=4 * tile_bytes(configurations)
    ):
        phi = bond_values(configurations[tile, ...], torus)
        parts.append(xp.permute_dims(xp.mean(phi, axis=0), (1, 0)))
    return xp.concat(parts, axis=0)


def spectrum(phi: Array, shape: tuple[int, ...]) -> Array:
    """Transform of bond fields (n, d, n_samples) over the cells."""
    xp = array_namespace(phi)
    grid = xp.reshape(xp.astype(phi, xp.complex128), (*shape, *phi.shape[1:]))
    return xp.reshape(fft.fftn(grid, axes=tuple(range(len(shape)))), phi.shape)


def sample_tiles(n_samples: int, n: int, d: int, *, like: Array) -> Iterator[slice]:
    """Tiles of samples whose transforms take a few megabytes."""
    yield from tiles(n_samples, 16 * n * d, target=4 * tile_bytes(like))


def moments(configurations: Array, reference: Array, torus: Torus) -> Moments:
    """Moments of one block, without the leading axis of blocks.

    Parameters
    ----------
    configurations : array, shape (n_samples, n_sites, ...)
    reference : array, shape (d,)
        Subtracted from phi: near the means, so that sums lose no digits.
    torus : Torus

    Returns
    -------
    moments : Moments
        O(d^3 n) numbers, O(d^3 n + d n log n) time a sample.
    """
    xp = array_namespace(configurations)
    d, n = reference.shape[0], math.prod(torus.shape)
    samples = configurations.shape[0]
    parts = []
    for tile in sample_tiles(samples, n, d, like=configurations):
        phi = bond_values(configurations[tile, ...], torus) - reference[:, None]
        f = spectrum(phi, torus.shape)  # (n, d, s)
        uniform = xp.real(f[0, :, :])
        products = f[:, :, None, :] * xp.conj(f)[:, None, :, :]
        flat = xp.reshape(products, (n * d * d, -1))
        weights = xp.astype(xp.permute_dims(uniform, (1, 0)), xp.complex128)
        third = xp.reshape(flat @ weights, (n, d, d, d))
        parts.append(
            (
                xp.sum(uniform, axis=1) / n,
                xp.reshape(xp.sum(flat, axis=1), (n, d, d)) / n,
                xp.permute_dims(third, (0, 3, 1, 2)) / n,
            )
        )
    count = xp.asarray(float(samples), dtype=xp.float64, device=device(reference))
    first, second, third = (sum(p[1:], p[0]) for p in zip(*parts))
    return Moments(count, first, second, third)


def triads(shape: tuple[int, ...], *, like: Array, most: int) -> Iterator[Triads]:
    """All triads of a torus, at most ``most`` at a time; never a list of all n^2.

    With the (3 n - 2) ordered pairs that hold a zero momentum, the weights add up to
    n^2.
    """
    xp = array_namespace(like)
    coordinates = cell_coordinates(shape, like=like)
    n = coordinates[0].shape[0]
    opposite = flat_index([-x for x in coordinates], shape)
    momenta = xp.arange(n, dtype=xp.int64, device=device(like))
    multiplicity = xp.asarray([6, 3, 1], dtype=xp.int64, device=device(like))
    for tile in tiles(n, 64 * n, target=64 * 1024 * 1024):
        first = momenta[tile]
        third = xp.reshape(opposite_momenta(shape, first), (-1,))
        pairs = (first.shape[0], n)
        k1 = xp.reshape(xp.broadcast_to(first[:, None], pairs), (-1,))
        k2 = xp.reshape(xp.broadcast_to(momenta[None, :], pairs), (-1,))
        (ordered,) = xp.nonzero((k1 > 0) & (k1 <= k2) & (k2 <= third))
        k1, k2, k3 = (xp.take(k, ordered) for k in (k1, k2, third))
        mirror = xp.sort(xp.stack([xp.take(opposite, k) for k in (k1, k2, k3)]), axis=0)
        m1, m2 = mirror[0, :], mirror[1, :]
        equal = xp.astype(k1 == k2, xp.int64) + xp.astype(k2 == k3, xp.int64)
        # 6 orders of three momenta, 3 if two are equal, 1 if all are.
        orders = xp.take(multiplicity, equal)
        weight = xp.where((m1 == k1) & (m2 == k2), orders, 2 * orders)
        (kept,) = xp.nonzero((k1 < m1) | ((k1 == m1) & (k2 <= m2)))
        found = [xp.take(x, kept) for x in (k1, k2, k3, weight)]
        for part in tiles(kept.shape[0], 1, target=most):
            yield Triads(*(x[part] for x in found))


def bispectrum(
    configurations: Array, reference: Array, torus: Torus, triads: Triads
) -> Array:
    """Sum over samples of ``phi_a(k3) phi_b(k1) phi_c(k2) / n``, shape (p, d, d, d).

    Parameters
    ----------
    configurations : array, shape (n_samples, n_sites, ...)
    reference : array, shape (d,)
    torus : Torus
    triads : Triads

    Notes
    -----
    O(p d^3 + d n log n) time a sample; temporaries of a few tiles.
    """
    d, n = reference.shape[0], math.prod(torus.shape)
    total = None
    for tile in sample_tiles(configurations.shape[0], n, d, like=configurations):
        phi = bond_values(configurations[tile, ...], torus) - reference[:, None]
        f = spectrum(phi, torus.shape)
        part = run("fisher.triple_products", f, triads.k1, triads.k2, triads.k3)
        total = part if total is None else total + part
    assert total is not None
    return total / n


def triple_products(f: Array, k1: Array, k2: Array, k3: Array) -> Array:
    """``sum_s f_a(k3; s) f_b(k1; s) f_c(k2; s)``, shape (p, d, d, d).

    Parameters
    ----------
    f : array, shape (n, d, n_samples), complex128
    k1, k2, k3 : arrays of int64, shape (p,), below n
    """
    xp = array_namespace(f)
    _, d, samples = f.shape

    def products(k3: Array, k1: Array, k2: Array) -> Array:
        a, b, c = (xp.take(f, k, axis=0) for k in (k3, k1, k2))
        ab = xp.reshape(a[:, :, None, :] * b[:, None, :, :], (-1, d * d, samples))
        return xp.reshape(ab @ xp.matrix_transpose(c), (-1, d, d, d))

    each = 16 * samples * (d * d + 3 * d)
    return map_tiles(products, k3, k1, k2, bytes_per_item=each)


def spectral_cumulants(m: Moments) -> tuple[Array, Array]:
    """``C`` (m, n, d, d) and ``That_abc(0, k, -k)`` (m, n, d, d, d) of every block."""
    xp = array_namespace(m.first)
    n = m.second.shape[1]
    mean = m.first / m.count[:, None]
    raw2 = m.second / m.count[:, None, None, None]
    raw3 = m.third / m.count[:, None, None, None, None]
    zero = xp.arange(n, dtype=xp.int64, device=device(m.first)) == 0
    at_zero = xp.astype(zero, xp.float64)[None, :, None, None]
    u = n * xp.astype(mean, xp.complex128)[:, None, :]
    C = raw2 - at_zero * u[:, :, :, None] * u[:, :, None, :] / n
    # The mean of phi_a(0) enters at every k, those of phi(k) and phi(-k) at k = 0.
    a, b, c = u[:, :, :, None, None], u[:, :, None, :, None], u[:, :, None, None, :]
    D = raw3 - a * raw2[:, :, None, :, :]
    rest = b * raw2[:, :, :, None, :] + c * raw2[:, :, :, :, None]
    rest = rest - (2 / n) * a * b * c
    return C, D - at_zero[..., None] * rest
