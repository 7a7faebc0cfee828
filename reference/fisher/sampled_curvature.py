"""Curvature of a torus from sampled configurations, without the bias of their noise.

    |T|^2 = 1/n sum_{k1,k2} |L^{-1}(k3) L^{-1}(k1) L^{-1}(k2) That(k1, k2)|^2,
    tau_a = 1/n sum_k tr C(k)^{-1} That_a(k, -k),    |tau|^2 = n tau^T C(0)^{-1} tau,

with ``C(k) = L L^H`` (`geomsci.reference.fisher.bispectrum`). The noise of ``T`` adds
about ``d^3 n^2 / N`` to ``|T|^2``; that of ``tau``, of the means and of the inverse
metric adds terms of order 1/N too. The jackknife over replicas removes all of them
together: for the two squares it is the average of products of different replicas.

``tau`` is ``1/n d log det g / dJ_a``: the linear response of ``log det g`` to a uniform
coupling, which an infinitesimal reweighting of the samples gives and which O(n)
numbers hold. Most of the error of the curvature is in ``|tau|^2``, and there it is the
noise of the energy's variance: so the averages over clusters serve as controls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from geomsci.backends import LinAlgError, fft, linalg
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import map_tiles, tile_bytes
from geomsci.reference.fisher.bispectrum import (
    Moments,
    Torus,
    Triads,
    bispectrum,
    spectral_cumulants,
    triads,
)
from geomsci.reference.fisher.cluster_averages import ClusterSums
from geomsci.reference.fisher.cumulants import inverse_blocks, sum_over
from geomsci.reference.fisher.jackknife import (
    Estimate,
    jackknife,
    left_out,
    pooled,
    without_bias,
)

THIRD_BYTES = 128
"""Tiles' worth of third moments of all blocks that are held at once (64 MB)."""


class SampledCurvature(NamedTuple):
    """What the samples of a torus say about its curvature.

    ``invariants``: R, |T|^2, |tau|^2, each with its bias and error, shape (3,).
    ``bond_energy`` (d,), ``metric`` (d, d, *shape) and ``heat_capacity`` are without
    bias. ``condition_number``: of the metric of all samples.
    """

    invariants: Estimate
    bond_energy: Array
    metric: Array
    heat_capacity: Array
    condition_number: Array


def third_moments(
    blocks: list[Array], reference: Array, torus: Torus
) -> Iterator[tuple[Triads, Array]]:
    """Triads, and their sums ``phi phi phi / n`` a block, (m, p, d, d, d).

    The configurations are transformed again for every batch of triads, so memory stays
    at 64 MB on the host whatever the torus.
    """
    xp = array_namespace(reference)
    d = reference.shape[0]
    most = THIRD_BYTES * tile_bytes(reference) // (16 * d**3 * len(blocks))
    for batch in triads(torus.shape, like=reference, most=max(1, most)):
        yield batch, xp.stack([bispectrum(b, reference, torus, batch) for b in blocks])


def sampled_curvature(
    moments: Moments,
    thirds: Iterable[tuple[Triads, Array]],
    n_replicas: int,
    shape: tuple[int, ...],
    reference: Array,
    clusters: ClusterSums | None = None,
) -> SampledCurvature:
    """Curvature from the sums over ``n_replicas`` times b blocks, replica by replica.

    Parameters
    ----------
    moments : Moments
        With a leading axis of blocks.
    thirds : iterable of (Triads, array)
        As `third_moments` makes them; together all triads of the torus.
    n_replicas : int
    shape : tuple of int
    reference : array, shape (d,)
        What was subtracted from phi.
    clusters : ClusterSums, optional
        With a leading axis of blocks.

    Raises
    ------
    LinAlgError
        If the metric, of all samples or without one replica or block, is singular or
        conditioned above 1e12.
    """
    xp = array_namespace(moments.first)
    members = left_out(
        n_replicas, moments.first.shape[0] // n_replicas, like=moments.first
    )
    sets = Moments(*(pooled(x, members) for x in moments))
    C, D = spectral_cumulants(sets)
    _, condition = inverse_blocks(C[0, ...])
    W = whitening(C)
    tau2 = trace_norm(W, D)
    T2 = squares_with_zero(W, D)
    for batch, sums in thirds:
        T2 = T2 + squares(W, pooled(sums, members), batch) / sets.count**2
    n, d = C.shape[1], C.shape[2]
    mean = sets.first / sets.count[:, None]
    variance = n * xp.sum(xp.real(C[:, 0, :, :]), axis=(1, 2))
    controls = None
    if clusters is not None:
        own = ClusterSums(*(pooled(x, members) for x in clusters))
        plain_mean, plain_variance = mean, variance
        mean = own.first / sets.count[:, None]
        energy = n * xp.sum(mean, axis=1)
        variance = (own.square + own.variance) / sets.count - energy * energy
        controls = xp.stack(
            [
                xp.sum(plain_mean - mean, axis=1) * n,
                plain_variance - variance,
            ],
            axis=1,
        )
    return SampledCurvature(
        jackknife(xp.stack([(T2 - tau2) / 4, T2, tau2], axis=1), n_replicas, controls),
        mean[0, :] + reference,
        _metric(without_bias(C, n_replicas)[0], shape),
        without_bias(variance, n_replicas)[0] / (n * d),
        condition,
    )


def _metric(C: Array, shape: tuple[int, ...]) -> Array:
    """``g_ab(r)`` of ``C = conj(ghat)``, shape (d, d, *shape)."""
    xp = array_namespace(C)
    d = C.shape[-1]
    ghat = xp.reshape(xp.permute_dims(xp.conj(C), (1, 2, 0)), (d, d, *shape))
    return xp.real(fft.ifftn(ghat, axes=tuple(range(2, 2 + len(shape)))))


def whitening(C: Array) -> Array:
    """``L^{-1}`` of the blocks ``C = L L^H``, same shape."""
    xp = array_namespace(C)
    try:
        L = linalg.cholesky(C)
    except LinAlgError as error:
        raise LinAlgError(
            "The metric of the samples must stay positive definite when one replica or "
            "block is left out, got a singular one: sample more configurations."
        ) from error
    eye = xp.eye(C.shape[-1], dtype=C.dtype, device=device(C))
    return linalg.solve(L, xp.broadcast_to(eye, C.shape))


def trace_norm(W: Array, D: Array) -> Array:
    """``|tau|^2`` of every set, shape (s,): ``n tau^T C(0)^{-1} tau``.

    ``tau_a = 1/n sum_k tr C(k)^{-1} That_a(k, -k)`` is the derivative of ``log det g``
    with respect to one uniform coupling a bond type, divided by n: what an
    infinitesimal reweighting of ``log det g`` to a neighbouring coupling gives.
    """
    xp = array_namespace(W)
    n = W.shape[1]
    G = xp.conj(xp.matrix_transpose(W)) @ W  # C^{-1}
    traces = sum_over(sum_over(xp.matrix_transpose(G)[:, :, None, :, :] * D, 4), 3)
    tau = xp.sum(xp.real(traces), axis=1) / n  # (s, d)
    white = xp.real(W[:, 0, :, :]) @ tau[:, :, None]
    return n * xp.sum(white * white, axis=(1, 2))


def squares(W: Array, That: Array, triads: Triads) -> Array:
    """``1/n sum`` of the weighted whitened squares of some triads, shape (s,).

    Parameters
    ----------
    W : array, shape (s, n, d, d)
    That : array, shape (s, p, d, d, d)
    triads : Triads
    """
    xp = array_namespace(W)
    s, n, d, _ = W.shape
    # In one row a momentum: taking rows of a transposed view would copy all of it.
    factors = xp.reshape(xp.permute_dims(W, (1, 2, 3, 0)), (n, -1))
    columns = xp.permute_dims(That, (1, 2, 3, 4, 0))  # (p, d, d, d, s)
    weight = xp.astype(triads.weight, xp.float64)

    def part(k1: Array, k2: Array, k3: Array, w: Array, X: Array) -> Array:
        W1, W2, W3 = (
            xp.reshape(xp.take(factors, k, axis=0), (-1, d, d, s)) for k in (k1, k2, k3)
        )
        X = sum_over(W3[:, :, :, None, None, :] * X[:, None, :, :, :, :], 2)
        X = sum_over(W1[:, None, :, :, None, :] * X[:, :, None, :, :, :], 3)
        X = sum_over(W2[:, None, None, :, :, :] * X[:, :, :, None, :, :], 4)
        modulus = xp.sum(xp.real(X) ** 2 + xp.imag(X) ** 2, axis=(1, 2, 3))
        return w[:, None] * modulus

    each = map_tiles(
        part,
        triads.k1,
        triads.k2,
        triads.k3,
        weight,
        columns,
        bytes_per_item=16 * s * d**4,
    )
    return xp.sum(each, axis=0) / n


def squares_with_zero(W: Array, D: Array) -> Array:
    """The part of ``|T|^2`` of all pairs that hold a zero momentum, shape (s,)."""
    xp = array_namespace(W)
    n = W.shape[1]
    momenta = xp.arange(n, dtype=xp.int64, device=device(W))
    weight = 3 - 2 * xp.astype(momenta == 0, xp.float64)
    # C(-k) is the conjugate of C(k), so W(-k) of That_abc(0, k, -k) is conj W(k).
    X = sum_over(W[:, :, None, :, :, None] * D[:, :, :, None, :, :], 4)
    X = sum_over(xp.conj(W)[:, :, None, None, :, :] * X[:, :, :, :, None, :], 5)
    W0 = W[:, 0, :, :][:, None, :, :, None, None]
    X = sum_over(W0 * X[:, :, None, :, :, :], 3)
    modulus = xp.sum(xp.real(X) ** 2 + xp.imag(X) ** 2, axis=(2, 3, 4))
    return xp.sum(modulus * weight, axis=1) / n
