r"""The trace of the third cumulant of a planar Ising torus in O(n log n).

The trace is the derivative of a log determinant along uniform couplings,

    tau_alpha = 1/n d/dJ_alpha sum_k log det ghat(k)
              = 1/n sum_k tr(ghat(k)^{-1} dghat(k)/dJ_alpha),

one coupling for all bonds of a type. Everything is differentiated by the product rule,
sector by sector: ``dKhat/dJ_al = -u'_al Khat eps_al Khat`` (a constant matrix adds
to Khat at the mode of a pseudo-sector, which obeys it too), ``du = u'``,
``du' = -2 u u'``, ``dw_s = n w_s (m_{s,al} - mu_al)``, and the contact value
``d(1 - mu_a^2) = -2 mu_a dmu_a``.
"""

from __future__ import annotations

import math

from geomsci.backends import fft
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.fisher.cumulants import metric_blocks
from geomsci.reference.fisher.pfaffian import (
    Mixture,
    block,
    bond_trace,
    opposite_cells,
)
from geomsci.reference.fisher.sectors import Fermions, Sector


def full_propagator(sector: Sector) -> Array:
    """``Khat(k)`` with the mode of a pseudo-sector put in, (2d, 2d, L1, L2)."""
    Khat = sector.propagator
    if sector.mode is None:
        return Khat
    xp = array_namespace(Khat)
    n = Khat.shape[2] * Khat.shape[3]
    here = xp.arange(n, dtype=xp.int64, device=device(Khat)) == sector.mode
    here = xp.reshape(xp.astype(here, Khat.dtype), Khat.shape[2:])
    return Khat + sector.shift[:, :, None, None] * here


def through_bond(left: Array, right: Array, b: int) -> Array:
    """``left eps_b right`` for matrices with leading axes, eps in the block of b."""
    return (
        left[:, None, 2 * b, ...] * right[None, 2 * b + 1, ...]
        - left[:, None, 2 * b + 1, ...] * right[None, 2 * b, ...]
    )


def propagator_derivative(sector: Sector, b: int, factor: float) -> Array:
    """``dK(r)/dJ_b``, shape (2d, 2d, n)."""
    Khat = full_propagator(sector)
    xp = array_namespace(Khat)
    change = -factor * through_bond(Khat, Khat, b)
    size = Khat.shape[0]
    return xp.reshape(fft.ifftn(change, axes=(2, 3)), (size, size, -1))


def metric_derivative(
    model: Fermions, parts: Mixture, shape: tuple[int, int], al: int
) -> Array:
    """``dg(r)/dJ_al`` along the uniform coupling of type al, shape (d, d, n)."""
    K0 = parts.sectors[0].K
    xp = array_namespace(K0)
    d, n = len(parts.mean), K0.shape[-1]
    u, du = model.offset, model.factor
    ddu = -2 * u[al] * du[al]
    opposite = opposite_cells(shape, K0)
    mu = parts.mean

    dmeans, dweights, dCs = [], [], []
    for sector, part in zip(model.sectors, parts.sectors):
        dK = propagator_derivative(sector, al, du[al])
        dm = []
        for a in range(d):
            K_aa = float(xp.real(part.K[2 * a + 1, 2 * a, 0]))
            change = du[a] * float(xp.real(dK[2 * a + 1, 2 * a, 0]))
            dm.append(change + (du[al] + ddu * K_aa if a == al else 0.0))
        dmeans.append(dm)
        dweights.append(n * part.weight * (part.mean[al] - mu[al]))
        # C is bilinear in K and linear in the factors of its two bonds.
        turned = xp.take(part.K, opposite, axis=2)
        dturned = xp.take(dK, opposite, axis=2)
        logarithmic = ddu / du[al]
        rows = []
        for a in range(d):
            for b in range(d):
                trace = bond_trace(block(dK, b, a), block(turned, a, b))
                trace = trace + bond_trace(block(part.K, b, a), block(dturned, a, b))
                change = xp.real(trace) * (-du[a] * du[b] / 2)
                times = (a == al) + (b == al)
                rows.append(change + times * logarithmic * part.C[a, b, ...])
        dCs.append(xp.reshape(xp.stack(rows), (d, d, n)))

    dmu = [
        math.fsum(
            dw * part.mean[a] + part.weight * dm[a]
            for dw, part, dm in zip(dweights, parts.sectors, dmeans)
        )
        for a in range(d)
    ]
    total = xp.zeros((d, d, n), dtype=xp.float64, device=device(K0))
    for part, dw, dm, dC in zip(parts.sectors, dweights, dmeans, dCs):
        shift = _vector(xp, [m - mean for m, mean in zip(part.mean, mu)], K0)
        dshift = _vector(xp, [x - y for x, y in zip(dm, dmu)], K0)
        mixed = shift[:, None] * dshift[None, :]
        mixed = (mixed + mixed.T)[:, :, None]
        outer = (shift[:, None] * shift[None, :])[:, :, None]
        total = total + dw * (part.C + outer) + part.weight * (dC + mixed)
    origin = xp.astype(xp.arange(n, device=device(K0)) == 0, xp.float64)
    same = xp.eye(d, dtype=xp.float64, device=device(K0))[:, :, None] * origin
    contact = _vector(xp, [-2 * m * dm for m, dm in zip(mu, dmu)], K0)
    return total * (1 - same) + contact[:, None, None] * same


def _vector(xp, values: list[float], like: Array) -> Array:
    return xp.asarray(values, dtype=xp.float64, device=device(like))


def trace_vector(
    model: Fermions, parts: Mixture, shape: tuple[int, int], inverses: Array
) -> Array:
    """``tau_alpha`` per bond type, shape (d,).

    Parameters
    ----------
    model, parts
        The torus; ``parts`` is its mixture in position space.
    shape : (L1, L2)
    inverses : array, shape (n, d, d)
        ``ghat(k)^{-1}``.
    """
    xp = array_namespace(inverses)
    d, n = inverses.shape[-1], inverses.shape[0]
    tau = []
    for al in range(d):
        change = metric_derivative(model, parts, shape, al)
        dghat = metric_blocks(xp.reshape(change, (d, d, *shape)))
        tau.append(xp.sum(xp.real(inverses * xp.permute_dims(dghat, (0, 2, 1)))) / n)
    return xp.stack(tau)
