"""The amplitude of the logarithm in the curvature of the critical Ising torus."""

from __future__ import annotations

from typing import Any

import numpy as np

from geomsci.backends import public, run
from geomsci.backends.arrays import Array
from geomsci.backends.dispatch import placed
from geomsci.fisher.checks import lattice_named, torus_shape


@public("fisher.zero_momentum_amplitude")
def zero_momentum_amplitude(shape: Any) -> Array:
    r"""Response of the metric to zero-momentum energy at the Ising critical point.

    .. math:: \bar c = \frac{1}{2 n} \sum_k \mathrm{tr}\Bigl(\hat g(k)^{-1}
              \frac{d \hat g(k)}{ds}\Bigr) \Big/ \frac{d\mu}{ds},

    where s is the amplitude of a zero-momentum energy insertion in the propagator of
    the doubly antiperiodic sector of the isotropic square torus.

    Parameters
    ----------
    shape : (int, int)
        Odd sides of at least 3, so that no displacement lies on the seam.

    Returns
    -------
    amplitude : array, 0-d
        Negative. The value of the infinite lattice is approached faster than L^-3.

    Raises
    ------
    TypeError, ValueError
        Sides that are not odd integers of at least 3.

    Notes
    -----
    O(n log n). In the law ``|R| / n = (cbar^2 / 2) lambda_0 + B + o(1)``, an argument
    and not a proof, with lambda_0 the ``heat_capacity`` of the result.

    Examples
    --------
    >>> from geomsci import fisher
    >>> bool(fisher.zero_momentum_amplitude((15, 15)) < 0)
    True
    """
    sides = torus_shape(shape, lattice_named("square"))
    if any(side % 2 == 0 for side in sides):
        raise ValueError(
            f"shape must hold odd sides, got {sides}: on an even side a displacement "
            "lies on the antiperiodic seam."
        )
    like = placed(np.zeros(1))
    return run("fisher.zero_momentum_amplitude", sides, like=like)
