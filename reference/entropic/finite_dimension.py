r"""Curvature-dimension tensor K^(N) from the log-Hessian and the log-gradient.

.. math:: K^{(N)} = -\nabla^2 u - \frac{\nabla u \otimes \nabla u}{n}
                  = -n \rho^{-1/n} \nabla^2 \rho^{1/n}, \qquad u = \log \rho.

Over all geodesics (Bakry and Emery) n = N - d: n = 1 is the plain Hessian of the
density, -Hess rho / rho, and n = inf the log-Hessian. Over rigid probes alone, which
do not dilate, n = N.

References
----------
Bakry, Emery, Seminaire de probabilites XIX (1985). Erbar, Kuwada, Sturm, Invent. math.
201 (2015), for the entropic condition CD(K, N).
"""

from __future__ import annotations

import math

from geomsci.backends.arrays import Array, array_namespace
from geomsci.reference.entropic.log_hessian import packed_pairs

CONVENTIONS = ("bakry-emery", "rigid")


def effective_dimension(dimension: float, d: int, convention: str) -> float:
    """The n of K^(N): N - d for ``"bakry-emery"``, N for ``"rigid"``.

    Raises
    ------
    ValueError
        If the convention is unknown, or n is not positive (negative N is allowed).
    """
    if convention not in CONVENTIONS:
        raise ValueError(
            f"convention must be one of {', '.join(CONVENTIONS)}, got {convention!r}."
        )
    lowest = d if convention == "bakry-emery" else 0
    if math.isnan(dimension) or 0 <= dimension <= lowest:
        raise ValueError(
            f"dimension must be above {lowest} (or negative) for the convention "
            f"{convention!r} in {d} dimensions, got {dimension}: take a larger one, or "
            "infinity."
        )
    return dimension - lowest


def finite_dimension(curvature: Array, gradient: Array, n: float) -> Array:
    """K^(N) of packed K = -Hess u (..., m) and grad u (..., d); n = inf returns K."""
    if math.isinf(n):
        return curvature
    xp = array_namespace(curvature)
    d = gradient.shape[-1]
    outer = [gradient[..., i] * gradient[..., j] for i, j in packed_pairs(d)]
    return curvature - xp.stack(outer, axis=-1) / n
