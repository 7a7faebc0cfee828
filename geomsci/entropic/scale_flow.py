"""Rate of the curvature with the smoothing scale."""

from __future__ import annotations

import math
from typing import Any

from geomsci.backends import public, run
from geomsci.backends.arrays import Array
from geomsci.entropic.density_field import is_scalar
from geomsci.entropic.field_checks import (
    box_lengths,
    nonnegative_density,
    positive_smoothed,
    real_field,
    require_memory,
    rounding_of,
    smoothing_scales,
)


@public("entropic.scale_flow_rhs")
def scale_flow_rhs(field: Any, R: float, box_size: Any = None) -> Array:
    r"""Right-hand side of the flow of the curvature with the smoothing scale.

    .. math:: \frac{\partial K_{ij}}{\partial s} = \nabla^2 K_{ij}
              + 2 \nabla \log \rho_R \cdot \nabla K_{ij} - 2 (K^2)_{ij},
              \qquad s = R^2 / 2

    Parameters
    ----------
    field : array, 1 to 3 axes of at least 4 cells, finite, >= 0
        Density on a periodic grid.
    R : float, from 1.5 cells to half the box
        In the unit of ``box_size``.
    box_size : float or sequence of d float, optional
        Side of the box; default: one unit a cell.

    Returns
    -------
    rate : array, shape (..., d (d + 1) / 2)
        Packed as in `log_density_hessian`, in 1 / unit^4.

    Raises
    ------
    TypeError, ValueError, MemoryError
        As `log_density_hessian`.

    Warns
    -----
    UserWarning
        As `log_density_hessian`.

    Notes
    -----
    The curvature is exact at the grid points, its derivatives are spectral. As K is not
    band-limited, the rate carries its aliasing: a few 1e-4 at R = 2.5 cells on a
    clustered field, 1e-9 at 4 cells. O(n log n) time, about 40 transforms in three
    dimensions.

    References
    ----------
    Heat equation of the density, put into the curvature; Takeuchi, arXiv:2604.00593,
    states that such a flow exists and is not the Ricci flow.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic.scale_flow import scale_flow_rhs
    >>> x = 2 * np.pi * np.arange(32) / 32
    >>> small = 1e-4 * np.exp(-0.32)  # amplitude of the wave at R = 0.8
    >>> rate = scale_flow_rhs(1 + 1e-4 * np.cos(x), 0.8, 2 * np.pi)
    >>> (rate[0] / -small).round(3).tolist()  # small waves decay: dK / ds = -k^2 K
    [1.0]
    """
    xp, field = real_field("field", field)
    if not is_scalar(R):
        raise ValueError("R must be one smoothing scale, got a sequence.")
    lengths = box_lengths(box_size, field.shape)
    (radius,) = smoothing_scales(R, lengths, field.shape, curvature=True)
    nonnegative_density(xp, "field", field)
    components = field.ndim * (field.ndim + 1) // 2
    require_memory(
        float(
            (12 + 3 * components)
            * math.prod(field.shape)
            * (4 if field.dtype == xp.float32 else 8)
        ),
        f"The scale flow of {math.prod(field.shape)} cells",
        "take a coarser grid or float32",
        field,
    )
    result = run("entropic.scale_flow_rhs", field, radius, lengths)
    positive_smoothed(
        result.n_nonpositive,
        math.prod(field.shape),
        result.lowest,
        radius,
        rounding_of(xp, field),
    )
    return result.curvature
