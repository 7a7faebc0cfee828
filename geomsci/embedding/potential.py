"""Potential distances of diffusions, and their time by the von Neumann entropy."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

from geomsci.backends import public, run
from geomsci.backends.arrays import Array, common_arrays, require_finite
from geomsci.embedding.heat_kernels import double


@public("embedding.potential_distance")
def potential_distance(
    H: Any, *, null_vector: Any = None, gamma: float = 1.0, floor: float = 0.0
) -> Array:
    r"""Compute the distances of the potentials of a diffusion.

    With :math:`p_{ij} = H_{ij} u_j / \sum_k H_{ik} u_k`,

    .. math:: D_{ij} = \| U_i - U_j \|_2, \quad U_{ij} = -\log p_{ij}

    for ``gamma = 1``, and :math:`U_{ij} = \frac{2}{1 - \gamma}
    p_{ij}^{(1 - \gamma) / 2}` below: 0 is the square root, -1 the probability itself.

    Parameters
    ----------
    H : array, shape (n, n), entries >= 0, no row of zeros
        Heat kernel, or any other diffusion: it need not be symmetric.
    null_vector : array, shape (n,), positive, optional
        u, with ``L u = 0``: p is then the law of the random walk of L. Default ones,
        which normalises the rows of H.
    gamma : float, -1 to 1
    floor : float, >= 0
        Added to every p; the published method has 1e-7. Not needed for kernels that
        are right in their smallest entries: `heat_kernel` by uniformisation.

    Returns
    -------
    D : array, shape (n, n)
        Symmetric with a zero diagonal; float64.

    Raises
    ------
    TypeError, ValueError
        Wrong shapes, options out of range, NaN, negative entries, or zeros where a
        logarithm is taken without a floor.

    Notes
    -----
    O(n^3) by one product of matrices; near pairs, for which its rounding would count,
    are computed again from differences, so every distance is right to about 1e-11.

    References
    ----------
    Moon et al., Nature Biotechnology 37 (2019) 1482.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.embedding import heat_kernel
    >>> from geomsci.embedding.potential import potential_distance
    >>> path = np.diag([1.0, 2.0, 1.0]) - np.eye(3, k=1) - np.eye(3, k=-1)
    >>> potential_distance(heat_kernel(path, 0.5)).round(3)
    array([[0.   , 1.766, 3.259],
           [1.766, 0.   , 1.766],
           [3.259, 1.766, 0.   ]])
    """
    gamma, floor = number_between(gamma, "gamma", -1.0, 1.0), _at_least_0(floor)
    H, u = kernel_and_null_vector(H, null_vector, positive=gamma == 1 and floor == 0)
    return run("embedding.potential_distance", H, u, gamma=gamma, floor=floor)


@public("embedding.von_neumann_time")
def von_neumann_time(eigenvalues: Any, *, t_max: int = 100) -> int:
    r"""Compute the diffusion time at the knee of the von Neumann entropy.

    .. math:: S(t) = -\sum_k \eta_k \log \eta_k, \quad
              \eta_k = |\lambda_k|^t / \sum_l |\lambda_l|^t

    falls with t, fast while noise dies out and slowly after it; the time is the point
    of :math:`t = 1, \dots, t_{max}` farthest below the chord of the curve.

    Parameters
    ----------
    eigenvalues : array, shape (n,)
        Of the diffusion operator, those of P or, for a heat kernel, of
        :math:`e^{-L}`. At least one is not zero.
    t_max : int, >= 1

    Returns
    -------
    t : int
        1 if the entropy has no knee.

    Raises
    ------
    TypeError, ValueError
        Wrong shape, NaN, complex or only zero eigenvalues, t_max below 1.

    Notes
    -----
    O(n t_max).

    References
    ----------
    Moon et al., Nature Biotechnology 37 (2019) 1482, methods.

    Examples
    --------
    >>> import numpy as np
    >>> from geomsci.embedding.potential import von_neumann_time
    >>> von_neumann_time(np.linspace(0, 1, 50) ** 4)
    23
    """
    if isinstance(t_max, bool) or not isinstance(t_max, Integral):
        raise TypeError(f"t_max must be an integer of at least 1, got {t_max!r}.")
    if t_max < 1:
        raise ValueError(f"t_max must be at least 1, got {t_max}.")
    xp, values = common_arrays(eigenvalues=eigenvalues)
    if values.ndim != 1 or values.shape[0] == 0:
        raise ValueError(
            f"eigenvalues must have shape (n,), n >= 1, got {tuple(values.shape)}."
        )
    values = double(values, "eigenvalues")
    require_finite(xp, eigenvalues=values)
    if not bool(xp.any(values != 0.0)):
        raise ValueError("eigenvalues must not all be 0, got only zeros.")
    return run("embedding.von_neumann_time", values, t_max=int(t_max))


def number_between(value: Any, name: str, low: float, high: float) -> float:
    """A number of a closed interval as a Python float."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    if not low <= float(value) <= high:
        raise ValueError(f"{name} must be from {low:g} to {high:g}, got {value}.")
    return float(value)


def _at_least_0(floor: Any) -> float:
    if isinstance(floor, bool) or not isinstance(floor, Real):
        raise TypeError(f"floor must be a number, got {floor!r}.")
    if not 0 <= float(floor) < math.inf:
        raise ValueError(f"floor must be finite and at least 0, got {floor}.")
    return float(floor)


def kernel_and_null_vector(
    H: Any, null_vector: Any, *, positive: bool
) -> tuple[Array, Array | None]:
    """Checked diffusion and null vector in float64.

    ``positive`` asks for entries above 0, otherwise for a positive entry in each row.
    """
    given = {"H": H, "null_vector": null_vector}
    xp, *found = common_arrays(**{k: v for k, v in given.items() if v is not None})
    H = found[0]
    if H.ndim != 2 or H.shape[0] != H.shape[1] or H.shape[0] == 0:
        raise ValueError(
            f"H must be a square matrix with at least one row, got shape "
            f"{tuple(H.shape)}."
        )
    H = double(H, "H")
    require_finite(xp, H=H)
    lowest = float(xp.min(H))
    if lowest < 0:
        raise ValueError(
            f"H must not be negative, got {lowest:.3g}: use uniformization, whose "
            "terms are all positive."
        )
    if positive and lowest == 0:
        zeros = int(xp.sum(xp.astype(H == 0, xp.int64)))
        raise ValueError(
            f"H must be positive everywhere, got {zeros} entries of 0: join the "
            "components of the graph, take a larger t, or give a floor."
        )
    if not bool(xp.all(xp.max(H, axis=1) > 0)):
        raise ValueError("H must have no row of zeros, got one: remove its vertex.")
    if null_vector is None:
        return H, None
    u = double(found[1], "null_vector")
    if tuple(u.shape) != (H.shape[0],):
        raise ValueError(
            f"null_vector must have shape ({H.shape[0]},) to match H, got "
            f"{tuple(u.shape)}."
        )
    require_finite(xp, null_vector=u)
    if not bool(xp.all(u > 0)):
        raise ValueError(
            f"null_vector must be positive, got {float(xp.min(u)):.3g}: its sign is "
            "free, and its entries have the same one on a connected graph."
        )
    return H, u
