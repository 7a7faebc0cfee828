"""Energy of the bonds averaged over the colours of Fortuin-Kasteleyn clusters.

Given the clusters every one takes each of the q colours with equal chance, so

    E[delta_ij | clusters] = 1/q + (1 - 1/q) [i ~ j],

and for the Ising model, where phi = 2 delta - 1, ``E[phi_ij | clusters] = [i ~ j]``.
Two bonds between different clusters are uncorrelated unless they join the same pair,
so with ``n_AB`` bonds between the clusters A and B

    Var(E | clusters) = v sum_{A<B} n_AB^2,      v = 1 (Ising), (1/q)(1 - 1/q) (Potts).

The mean and the variance of the energy follow without the noise of the colours, and
their differences from the plain ones, whose means are zero, are control variates.
"""

from __future__ import annotations

from typing import NamedTuple

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import tile_bytes, tiles
from geomsci.reference.fisher.bispectrum import Torus, bond_values
from geomsci.reference.fisher.lattices import bond_sites


class ClusterSums(NamedTuple):
    """Sums over the configurations of each of m blocks.

    ``first`` (m, d): conditional mean of phi a bond type, less the reference.
    ``square`` (m,): squared conditional mean of the energy, likewise.
    ``variance`` (m,): conditional variance of the energy.
    """

    first: Array
    square: Array
    variance: Array


def cluster_sums(labels: Array, reference: Array, torus: Torus, q: int) -> ClusterSums:
    """Sums of one block, without the leading axis of blocks.

    Parameters
    ----------
    labels : array of int, shape (n_samples, n_sites), from 0 to n_sites - 1
    reference : array, shape (d,)
    torus : Torus
        Of the model ``"ising"`` or ``"potts"``.
    q : int
        Colours; 2 for Ising.

    Notes
    -----
    O(m log m) time a sample of m bonds: a sort counts the bonds between clusters.
    """
    xp = array_namespace(labels)
    starts, ends = bond_sites(torus.lattice, torus.shape, like=labels)
    d, n = starts.shape
    sites = labels.shape[1]
    ising = torus.model == "ising"
    shift, slope = (0.0, 1.0) if ising else (1 / q, 1 - 1 / q)
    spread = 1.0 if ising else (1 / q) * (1 - 1 / q)
    parts = []
    for tile in tiles(labels.shape[0], 64 * d * n, target=8 * tile_bytes(labels)):
        own = xp.astype(labels[tile, :], xp.int64)
        a = xp.take(own, xp.reshape(starts, (-1,)), axis=1)
        b = xp.take(own, xp.reshape(ends, (-1,)), axis=1)
        joined = xp.astype(xp.reshape(a == b, (-1, d, n)), xp.float64)
        mean = shift + slope * xp.mean(joined, axis=2) - reference
        energy = n * xp.sum(mean, axis=1)
        rows = xp.arange(own.shape[0], dtype=xp.int64, device=device(labels))
        pair = xp.minimum(a, b) * sites + xp.maximum(a, b)
        pair = xp.reshape(pair + rows[:, None] * (sites * sites), (-1,))
        (apart,) = xp.nonzero(xp.reshape(a != b, (-1,)))
        counts = xp.astype(xp.unique_counts(xp.take(pair, apart)).counts, xp.float64)
        parts.append(
            (
                xp.sum(mean, axis=0),
                xp.sum(energy * energy),
                spread * xp.sum(counts * counts),
            )
        )
    return ClusterSums(*(sum(p[1:], p[0]) for p in zip(*parts)))


def torn_clusters(configurations: Array, labels: Array, torus: Torus) -> bool:
    """Whether some bond joins two sites of one cluster with different colours."""
    xp = array_namespace(configurations)
    starts, ends = bond_sites(torus.lattice, torus.shape, like=labels)
    n, d = starts.shape[1], starts.shape[0]
    torn = xp.zeros((), dtype=xp.bool, device=device(configurations))
    for tile in tiles(labels.shape[0], 32 * d * n, target=8 * tile_bytes(labels)):
        phi = xp.permute_dims(bond_values(configurations[tile, ...], torus), (2, 1, 0))
        a = xp.take(labels[tile, :], xp.reshape(starts, (-1,)), axis=1)
        b = xp.take(labels[tile, :], xp.reshape(ends, (-1,)), axis=1)
        joined = xp.reshape(a == b, phi.shape)
        torn = torn | xp.any(joined & (phi < 0.5))
    return bool(torn)
