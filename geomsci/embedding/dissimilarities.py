"""Distances between the vertices of a graph from its heat kernel."""

from __future__ import annotations

import math
from numbers import Real
from typing import Any

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, common_arrays, eps, require_finite
from geomsci.embedding.heat_kernels import double, positive_number
from geomsci.embedding.memory import require_matrices
from geomsci.embedding.rates import dimension
from geomsci.reference.embedding.dissimilarities import DISTANCES, VOLUMES

MATRICES = 5
"""Peak of the distances in n x n matrices, with that of H apart."""


@public("embedding.heat_geodesic_distance")
def heat_geodesic_distance(
    H: Any,
    t: float,
    *,
    sigma: float = 1.0,
    volume: str = "geometric",
    distance: str = "rate",
    intrinsic_dim: float = 2,
    step: float = 1.0,
) -> Array:
    """Compute geodesic distances from a heat kernel.

    * ``"rate"``: ``d = step t I_m^{-1}(E)``, ``E_ij = max(0, log sqrt(H_ii H_jj) - log
      H_ij) / t``, with the rate function of `rate_function`: distances in the units of
      ``step``, for every ratio of distance to time.
    * ``"varadhan"``: ``d^2 = -4 t log H_ij + 4 sigma t log vol_ij``, clipped below at
      0: the published form, in its own scale and for ``d`` well below ``t`` hops only.

    Parameters
    ----------
    H : array, shape (n, n), symmetric, entries > 0
        Heat kernel at the time t, right in its smallest entries: `heat_kernel` by
        uniformisation.
    t : float, > 0
        Time of a walk of rate 1. For the combinatorial Laplacian give ``"rate"`` the
        time times the mean degree.
    sigma : float, >= 0
        Weight of the volume term of ``"varadhan"``; ``"rate"`` has 1.
    volume : {"geometric", "arithmetic"}
        Mean of ``H_ii`` and ``H_jj`` in the volume term of ``"varadhan"``; ``"rate"``
        has the geometric one.
    distance : {"rate", "varadhan"}
    intrinsic_dim : float, >= 0
        Dimension m of the data, for ``"rate"``; 0 is the walk of single hops.
    step : float, > 0
        Length of the longest step of the walk, for ``"rate"``: the mean bandwidth of
        the graph.

    Returns
    -------
    D : array, shape (n, n)
        Symmetric with a zero diagonal; float64.

    Raises
    ------
    TypeError, ValueError
        Wrong shapes, options out of range, an H that is not symmetric or not positive.
    MemoryError
        Less memory than 5 more matrices of n x n.

    Notes
    -----
    O(n^2). An entry of H is 0 between components, and where it underflows because t is
    far below the number of hops; that is an error here, never an infinite distance. To
    repeat the published floor, give ``H + 1e-16``. With ``sigma=0`` the formula would
    put ``sqrt(-4 t log H_ii)`` on the diagonal; it is 0 here.

    References
    ----------
    Huguet et al., NeurIPS 2023, arXiv:2305.19043 (``"varadhan"``). Varadhan, Comm. Pure
    Appl. Math. 20 (1967) 431. Keller, Lenz, Muench, Schmidt and Telcs, Bull. London
    Math. Soc. 48 (2016) 935 (why small times on graphs follow another law).

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.embedding import heat_geodesic_distance, heat_kernel
    >>> path = np.diag([1.0, 2.0, 1.0]) - np.eye(3, k=1) - np.eye(3, k=-1)
    >>> H = heat_kernel(path, 0.5)
    >>> heat_geodesic_distance(H, 0.5, distance="varadhan").round(3)
    array([[0.   , 1.256, 2.147],
           [1.256, 0.   , 1.256],
           [2.147, 1.256, 0.   ]])
    """
    t = positive_number(t, "t")
    step = positive_number(step, "step")
    intrinsic_dim = dimension(intrinsic_dim, "intrinsic_dim")
    if not isinstance(sigma, Real) or not 0 <= float(sigma) < math.inf:
        raise ValueError(f"sigma must be a finite number of at least 0, got {sigma!r}.")
    for name, value, known in (
        ("volume", volume, VOLUMES),
        ("distance", distance, DISTANCES),
    ):
        if value not in known:
            raise ValueError(
                f"{name} must be one of {', '.join(known)}, got {value!r}."
            )
    xp, H = common_arrays(H=H)
    H = _positive_kernel(xp, H)
    require_matrices(H.shape[0], MATRICES, "The distance matrix", like=H)
    return run(
        "embedding.heat_geodesic_distance",
        H,
        t,
        sigma=float(sigma),
        volume=volume,
        distance=distance,
        intrinsic_dim=intrinsic_dim,
        step=step,
    )


def _positive_kernel(xp: Any, H: Array) -> Array:
    """Check a heat kernel; the same in float64."""
    if H.ndim != 2 or H.shape[0] != H.shape[1] or H.shape[0] == 0:
        raise ValueError(
            f"H must be a square matrix with at least one row, got shape "
            f"{tuple(H.shape)}."
        )
    require_finite(xp, H=H)
    slack = 1e3 * eps(xp, H.dtype)
    H = double(H, "H")
    bad = int(xp.sum(xp.astype(H <= 0, xp.int64)))
    if bad:
        raise ValueError(
            f"H must be positive everywhere, got {bad} entries of 0 or less: join the "
            "components of the graph, take a larger t, and use uniformization."
        )
    asymmetry = float(xp.max(xp.abs(H - xp.matrix_transpose(H))))
    if asymmetry > slack * float(xp.max(H)):
        raise ValueError(
            f"H must be symmetric, got entries that differ by {asymmetry:.3g} from "
            "those of its transpose: take the kernel of a symmetric Laplacian."
        )
    return H
