"""Curvature tensor of the logarithm of a smoothed density on a grid."""

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
    window_name,
)


@public("entropic.log_density_hessian")
def log_density_hessian(
    field: Any, R: Any, box_size: Any = None, *, window: str | None = None
) -> Array:
    r"""Curvature tensor -Hess log of a density smoothed with a Gaussian.

    .. math:: K_{ij} = -\partial_i \partial_j \log \rho_R
                     = -\rho_{ij} / \rho + \rho_i \rho_j / \rho^2, \qquad
              \rho = \rho_R = G_R * \rho_0

    Parameters
    ----------
    field : array, 1 to 3 axes of at least 4 cells, finite, >= 0
        Density on a periodic grid, in any unit: K does not depend on its scale.
    R : float or sequence of S float, from 1.5 cells to half the box
        Standard deviation of the Gaussian an axis, in the unit of ``box_size``.
    box_size : float or sequence of d float, optional
        Side of the box; default: one unit a cell.
    window : {"pcs", "tsc", "cic", "ngp"}, optional
        Assignment window to divide out in the same pass; as `compensate_window` first.

    Returns
    -------
    K : array, shape (..., d (d + 1) / 2), or (S, ...) for a sequence ``R``
        Packed xx, xy, xz, yy, yz, zz (xx, xy, yy in the plane, xx on a line), in
        1 / unit^2 and in the precision of ``field``. Positive eigenvalues are collapsed
        axes: none in a void, all in a node.

    Raises
    ------
    TypeError, ValueError
        No finite grid; a scale below 1.5 cells or above half the box; a smoothed
        density that is not positive everywhere (how many cells, and what to do).
    MemoryError
        If the tensor does not fit the host.

    Warns
    -----
    UserWarning
        For scales between 1.5 and 2 cells, for negative cells in ``field``, and for
        voids whose smoothed density comes near the rounding of the transforms.

    Notes
    -----
    The derivatives are spectral and of the density, so K is exact at the grid points
    for the smoothed trigonometric polynomial (the logarithm is not band-limited: its
    spectral derivatives err by 0.03 % at 2 cells). A non-negative ``field`` has
    eigenvalues of at most 1 / R^2, up to what the grid cuts off the Gaussian: at lone
    points in empty space 3e-4 of it at 2 cells, rounding at 2.5. For n cells
    O(S n log n) time: one forward transform for all scales, and ten inverse ones each.
    Memory: the transform, three arrays of its size, and K.

    References
    ----------
    Takeuchi, arXiv:2604.00593, for the theory, of which this is a realisation at finite
    scale. Efron, J. Am. Stat. Assoc. 106, 1602 (2011), for the bound by Tweedie's
    formula.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.entropic.curvature import log_density_hessian
    >>> x = np.arange(32) - 16.0
    >>> K = log_density_hessian(np.exp(-(x**2) / 18), 2.0)  # 1 / (3^2 + 2^2)
    >>> K[16].round(4).tolist()
    [0.0769]
    """
    xp, field = real_field("field", field)
    lengths = box_lengths(box_size, field.shape)
    radii = smoothing_scales(R, lengths, field.shape, curvature=True)
    if window is not None:
        window_name(window)
    nonnegative_density(xp, "field", field)
    fields = 5 + len(radii) * field.ndim * (field.ndim + 1) // 2
    require_memory(
        float(
            fields * math.prod(field.shape) * (4 if field.dtype == xp.float32 else 8)
        ),
        f"The curvature of {math.prod(field.shape)} cells at {len(radii)} scales",
        "take fewer scales at once, float32, a coarser grid, or EntropicCurvature, "
        "which streams slabs and keeps no tensor",
        field,
    )
    results = run("entropic.log_density_hessian", field, radii, lengths, window)
    for radius, result in zip(radii, results):
        positive_smoothed(
            result.n_nonpositive,
            math.prod(field.shape),
            result.lowest,
            radius,
            rounding_of(xp, field),
        )
    if is_scalar(R):
        return results[0].curvature
    return xp.stack([result.curvature for result in results])
