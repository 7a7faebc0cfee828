"""Heat-geodesic dissimilarities: geodesic distances read off a heat kernel."""

from __future__ import annotations

from geomsci.backends.arrays import Array, array_namespace
from geomsci.reference.embedding.rates import inverse_rate_function

DISTANCES = ("rate", "varadhan")
VOLUMES = ("geometric", "arithmetic")


def decay_rates(H: Array, t: float) -> Array:
    """``E_ij = max(0, log sqrt(H_ii H_jj) - log H_ij) / t``; 0 on the diagonal.

    The geometric mean is the one that cancels a similarity ``L -> D^-1 L D`` of the
    generator, so E does not depend on degrees or bandwidths that symmetrise L.
    """
    xp = array_namespace(H)
    half = xp.log(xp.linalg.diagonal(H)) / 2
    excess = half[:, None] + half[None, :] - xp.log(H)
    return xp.maximum(excess, xp.zeros_like(excess)) / t


def varadhan(H: Array, t: float, *, sigma: float, volume: str) -> Array:
    """``d^2 = -4 t log H_ij + 4 sigma t log vol_ij``, clipped below at 0.

    ``vol_ij`` is the geometric or the arithmetic mean of ``H_ii`` and ``H_jj``: the
    inverse of a volume, as ``H_t(x, x)`` is about ``1 / V(x, sqrt t)``.
    """
    xp = array_namespace(H)
    diagonal = xp.linalg.diagonal(H)
    if volume == "geometric":
        half = xp.log(diagonal) / 2
        log_mean = half[:, None] + half[None, :]
    else:
        log_mean = xp.log((diagonal[:, None] + diagonal[None, :]) / 2)
    squares = 4 * t * (sigma * log_mean - xp.log(H))
    return xp.sqrt(xp.maximum(squares, xp.zeros_like(squares)))


def heat_geodesic_distance(
    H: Array,
    t: float,
    *,
    sigma: float,
    volume: str,
    distance: str,
    intrinsic_dim: float,
    step: float,
) -> Array:
    """Symmetric matrix of distances with zero diagonal from a positive heat kernel.

    ``"rate"`` is ``d = step t I_m^{-1}(E)``, see `decay_rates`. O(n^2).
    """
    xp = array_namespace(H)
    H = (H + xp.matrix_transpose(H)) / 2
    if distance == "varadhan":
        D = varadhan(H, t, sigma=sigma, volume=volume)
    else:
        D = inverse_rate_function(decay_rates(H, t), m=intrinsic_dim) * (step * t)
    index = xp.arange(H.shape[0], device=H.device)
    return xp.where(index[:, None] == index[None, :], xp.zeros_like(D), D)
