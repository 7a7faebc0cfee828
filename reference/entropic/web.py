r"""Cosmic web of a density from its derivatives: one pass over the voxels.

.. math:: K_{ij} = w \, \frac{\partial_i \rho \, \partial_j \rho}{\rho^2}
                   - \frac{\partial_i \partial_j \rho}{\rho}

with w = 1 - 1/n: the log-Hessian with its sign changed (w = 1), or the curvature of
dimension N = n + d (Bakry-Emery) or N = n (rigid probes). Eigenvalues and their number
above a threshold follow voxel by voxel, so K is never stored.

The functions named ``quotient_..._3`` and ``_2`` are scalar code, which
`geomsci.backends.compile` turns into kernels; the others work on arrays.

References
----------
T. T. Takeuchi, arXiv:2604.00593 (local quadratic approximation); see the documentation
of `geomsci.entropic` for the normalisation.
"""

import math as math  # a global of the helpers, as all names of `__all__`

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.backends.tiling import each_tile
from geomsci.reference.entropic.signature import (
    UNSURE,
    changes_of_sign,
    count_above,
    principal_invariants,
    signature_2,
    signature_3,
    signature_of,
)
from geomsci.reference.entropic.symmetric_eigenvalues import (
    SMALLEST,
    SQRT3,
    cubic_invariants,
    deviator,
    eigenvalues_2,
    eigenvalues_3,
    eigenvalues_of,
    trisected,
)

HELPERS = {
    2: ("eigenvalues_2", "signature_2", "quotient_2"),
    3: (
        "deviator", "cubic_invariants", "trisected", "eigenvalues_3",
        "principal_invariants", "changes_of_sign", "signature_3", "quotient_3",
    ),
}  # fmt: skip
"""Functions that the loops below need compiled, for two and three axes."""

__all__ = [
    "HELPERS", "SMALLEST", "SQRT3", "UNSURE", "changes_of_sign", "cubic_invariants",
    "deviator", "eigenvalues_2", "eigenvalues_3", "principal_invariants",
    "quotient_curvature", "quotient_eigenvalues", "quotient_signature", "signature_2",
    "signature_3", "trisected",
]  # fmt: skip


def quotient_3(rho, x, y, z, xx, xy, xz, yy, yz, zz, weight):
    """The six packed entries of K in one voxel (scalars).

    Parameters
    ----------
    rho : float, > 0
    x, y, z : float
        First derivatives of rho.
    xx, xy, xz, yy, yz, zz : float
        Second derivatives.
    weight : float
        w of the module's formula.
    """
    scale = 1.0 / rho
    x, y, z = x * scale, y * scale, z * scale
    wx, wy, wz = weight * x, weight * y, weight * z
    return (
        wx * x - xx * scale, wx * y - xy * scale, wx * z - xz * scale,
        wy * y - yy * scale, wy * z - yz * scale, wz * z - zz * scale,
    )  # fmt: skip


def quotient_2(rho, x, y, xx, xy, yy, weight):
    """The three packed entries of K in one pixel (scalars)."""
    scale = 1.0 / rho
    x, y = x * scale, y * scale
    wx = weight * x
    return wx * x - xx * scale, wx * y - xy * scale, weight * y * y - yy * scale


# Loops of the kernels. The factor 1.0 raises float32 to double precision in compiled
# code: the loops wait for memory, and the classes are then those of double precision.


def quotient_eigenvalues_3(
    rho, x, y, z, xx, xy, xz, yy, yz, zz, weight, threshold, values, count, first, last
):
    """Voxels ``first .. last - 1``: eigenvalues (n, 3) and number above (n,)."""
    for i in range(first, last):
        a, b, c, d, e, f = quotient_3(
            1.0 * rho[i], 1.0 * x[i], 1.0 * y[i], 1.0 * z[i],
            1.0 * xx[i], 1.0 * xy[i], 1.0 * xz[i],
            1.0 * yy[i], 1.0 * yz[i], 1.0 * zz[i], weight,
        )  # fmt: skip
        low, middle, high = eigenvalues_3(a, b, c, d, e, f)
        values[i, 0], values[i, 1], values[i, 2] = low, middle, high
        count[i] = (
            int(low > threshold) + int(middle > threshold) + int(high > threshold)
        )


def quotient_signature_3(
    rho, x, y, z, xx, xy, xz, yy, yz, zz, weight, threshold, count, first, last
):
    """Voxels ``first .. last - 1``: number of eigenvalues above (n,)."""
    for i in range(first, last):
        a, b, c, d, e, f = quotient_3(
            1.0 * rho[i], 1.0 * x[i], 1.0 * y[i], 1.0 * z[i],
            1.0 * xx[i], 1.0 * xy[i], 1.0 * xz[i],
            1.0 * yy[i], 1.0 * yz[i], 1.0 * zz[i], weight,
        )  # fmt: skip
        count[i] = signature_3(a, b, c, d, e, f, threshold)


def quotient_eigenvalues_2(
    rho, x, y, xx, xy, yy, weight, threshold, values, count, first, last
):
    """Pixels ``first .. last - 1``: eigenvalues (n, 2) and number above (n,)."""
    for i in range(first, last):
        a, b, c = quotient_2(
            1.0 * rho[i], 1.0 * x[i], 1.0 * y[i],
            1.0 * xx[i], 1.0 * xy[i], 1.0 * yy[i], weight,
        )  # fmt: skip
        low, high = eigenvalues_2(a, b, c)
        values[i, 0], values[i, 1] = low, high
        count[i] = int(low > threshold) + int(high > threshold)


def quotient_signature_2(rho, x, y, xx, xy, yy, weight, threshold, count, first, last):
    """Pixels ``first .. last - 1``: number of eigenvalues above (n,)."""
    for i in range(first, last):
        a, b, c = quotient_2(
            1.0 * rho[i], 1.0 * x[i], 1.0 * y[i],
            1.0 * xx[i], 1.0 * xy[i], 1.0 * yy[i], weight,
        )  # fmt: skip
        count[i] = signature_2(a, b, c, threshold)


# Arrays


def quotient_curvature(
    rho: Array, first: tuple[Array, ...], second: tuple[Array, ...], weight: float = 1.0
) -> tuple[Array, ...]:
    """Packed entries of K as arrays of the shape of ``rho``.

    Parameters
    ----------
    rho : array, > 0
    first : tuple of d arrays
        First derivatives.
    second : tuple of d (d + 1) / 2 arrays
        Second derivatives, packed.
    weight : float, default 1
    """
    d = len(first)
    slopes = [g / rho for g in first]
    pairs = [(i, j) for i in range(d) for j in range(i, d)]
    return tuple(
        weight * slopes[i] * slopes[j] - s / rho for (i, j), s in zip(pairs, second)
    )


def quotient_eigenvalues(
    rho: Array,
    first: tuple[Array, ...],
    second: tuple[Array, ...],
    *,
    weight: float = 1.0,
    threshold: float = 0.0,
) -> tuple[Array, Array]:
    """Eigenvalues of K and their number above a threshold, voxel by voxel.

    Parameters
    ----------
    rho : array, shape ``space``, > 0
    first : tuple of d arrays of that shape
        First derivatives of rho.
    second : tuple of d (d + 1) / 2 arrays of that shape
        Second derivatives, packed: xx, xy, xz, yy, yz, zz.
    weight : float, default 1
        1 - 1/n; 1 is the log-Hessian.
    threshold : float, default 0
        In the unit of K.

    Returns
    -------
    eigenvalues : array, shape (*space, d), ascending
    count : array of int8, shape ``space``

    Notes
    -----
    O(n) time; temporaries of one tile.
    """
    xp, d = array_namespace(rho), len(first)
    flat = [xp.reshape(f, (-1,)) for f in (rho, *first, *second)]
    n = flat[0].shape[0]
    values = xp.empty((n, d), dtype=rho.dtype, device=device(rho))
    count = xp.empty((n,), dtype=xp.int8, device=device(rho))

    def work(part: slice) -> None:
        tile = [f[part] for f in flat]
        K = quotient_curvature(
            tile[0], tuple(tile[1 : d + 1]), tuple(tile[d + 1 :]), weight
        )
        found = eigenvalues_of(K)
        values[part, ...] = xp.stack(found, axis=-1)
        count[part] = count_above(found, threshold)

    each_tile(work, n, 400, like=rho)
    return xp.reshape(values, (*rho.shape, d)), xp.reshape(count, rho.shape)


def quotient_signature(
    rho: Array,
    first: tuple[Array, ...],
    second: tuple[Array, ...],
    *,
    weight: float = 1.0,
    threshold: float = 0.0,
) -> Array:
    """Number of eigenvalues of K above a threshold, voxel by voxel.

    The arguments are those of `quotient_eigenvalues`; no eigenvalue is computed
    except next to a tie.
    """
    xp, d = array_namespace(rho), len(first)
    flat = [xp.reshape(f, (-1,)) for f in (rho, *first, *second)]
    n = flat[0].shape[0]
    count = xp.empty((n,), dtype=xp.int8, device=device(rho))

    def work(part: slice) -> None:
        tile = [f[part] for f in flat]
        K = quotient_curvature(
            tile[0], tuple(tile[1 : d + 1]), tuple(tile[d + 1 :]), weight
        )
        count[part] = signature_of(K, threshold)

    each_tile(work, n, 400, like=rho)
    return xp.reshape(count, rho.shape)
