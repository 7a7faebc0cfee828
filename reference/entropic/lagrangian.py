"""Lagrangian perturbation theory: where linear theory moves the matter.

Particles start on a lattice q and stand at ``x = q + psi(q)``,

    psi = - D grad phi_1 + D_2 grad phi_2,
    lap phi_1 = delta,
    lap phi_2 = sum_{i<j} [phi_1,ii phi_1,jj - (phi_1,ij)^2],
    D_2 = -(3/7) Omega_m^{-1/143} D^2

(Bouchet et al. 1995; Scoccimarro 1998, appendix D). ``delta`` is the linear density
contrast at the wanted time, so D = 1 here. The first term is the approximation of
Zel'dovich (1970), exact for plane waves until matter crosses.
"""

from __future__ import annotations

from collections.abc import Sequence

from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.reference.entropic.smoothing import (
    FieldTransform,
    inverse,
    transform,
    wavenumbers,
)


def lpt_displacement(
    delta: Array, lengths: Sequence[float], order: int, omega_m: float
) -> Array:
    """Displacement of the lattice points, shape (*grid, d).

    Parameters
    ----------
    delta : array, shape (n_1, ..., n_d)
        Its box mean is not read.
    lengths : sequence of d float
        Sides of the box.
    order : {1, 2}
    omega_m : float, > 0
        Matter density at the time of ``delta``; enters the second order only.

    Notes
    -----
    d + 1 real transforms at order 1, d + 1 + d (d + 1) / 2 more at order 2. Products
    are taken on the grid: wave vectors above half the Nyquist frequency alias.
    """
    phi = _potential(transform(delta, lengths))
    displacement = -_gradient(phi)
    if order == 1 or delta.ndim == 1:
        return displacement
    phi = _potential(transform(_second_order_source(phi), lengths))
    kernel = -3 / 7 * omega_m ** (-1 / 143)
    return displacement + kernel * _gradient(phi)


def _potential(F: FieldTransform) -> FieldTransform:
    """Solution of ``lap phi = delta``: division by ``-k^2``, zero at k = 0."""
    xp = array_namespace(F.coefficients)
    squares = [wavenumbers(F, axis) ** 2 for axis in range(len(F.shape))]
    total = sum(squares[1:], squares[0])
    at_zero = total == 0
    safe = xp.where(at_zero, xp.ones_like(total), total)
    factor = xp.where(at_zero, xp.zeros_like(total), -1 / safe)
    return F._replace(coefficients=F.coefficients * factor)


def _gradient(phi: FieldTransform) -> Array:
    """First derivatives, stacked along a new last axis."""
    xp = array_namespace(phi.coefficients)
    parts = []
    for axis in range(len(phi.shape)):
        k = wavenumbers(phi, axis, odd=True)
        parts.append(inverse(phi._replace(coefficients=1j * (k * phi.coefficients))))
    return xp.stack(parts, axis=-1)


def _second_order_source(phi: FieldTransform) -> Array:
    """Sum of the principal 2 x 2 minors of the Hessian of phi; d + 2 fields held."""

    def second(k: Array, other: Array) -> Array:
        return inverse(phi._replace(coefficients=-(k * other) * phi.coefficients))

    axes = range(len(phi.shape))
    even = [wavenumbers(phi, axis) for axis in axes]
    odd = [wavenumbers(phi, axis, odd=True) for axis in axes]
    diagonal = [second(k, k) for k in even]
    minors = (
        diagonal[i] * diagonal[j] - second(odd[i], odd[j]) ** 2
        for i in axes
        for j in range(i + 1, len(phi.shape))
    )
    total = next(minors)
    for minor in minors:
        total = total + minor
    return total


def displaced_lattice(displacement: Array, lengths: Sequence[float]) -> Array:
    """Positions in the box of the lattice points moved by ``displacement``.

    Parameters
    ----------
    displacement : array, shape (n_1, ..., n_d, d)
    lengths : sequence of d float
        Sides of the box.

    Returns
    -------
    positions : array, shape (n_1 ... n_d, d), in [0, L) along each axis
        In C order of the cells; cell i starts from its centre ``(i + 1/2) L / n``.
    """
    xp = array_namespace(displacement)
    shape = displacement.shape[:-1]
    columns = []
    for axis, (n, length) in enumerate(zip(shape, lengths)):
        j = xp.arange(n, dtype=displacement.dtype, device=device(displacement))
        start = (length / n) * (j + 0.5)
        start = xp.reshape(
            start, tuple(-1 if a == axis else 1 for a in range(len(shape)))
        )
        moved = start + displacement[..., axis]
        moved = moved - length * xp.floor(moved / length)
        # Rounding puts -1e-20 on L itself, and may leave a point just below 0.
        inside = (moved >= 0) & (moved < length)
        moved = xp.where(inside, moved, xp.zeros_like(moved))
        columns.append(xp.reshape(moved, (-1,)))
    return xp.stack(columns, axis=-1)
