"""The door of `geomsci.fisher`: lattices, shapes, couplings, models and methods."""

from __future__ import annotations

import operator
from collections.abc import Collection
from typing import Any

import numpy as np

from geomsci.backends.arrays import (
    Array,
    common_arrays,
    device,
    eps,
    is_array,
    require_finite,
)
from geomsci.backends.dispatch import placed
from geomsci.reference.fisher.lattices import LATTICES, Lattice

EXACT_MODELS = ("ising", "potts")


def known(name: str, value: Any, allowed: Collection[str]) -> str:
    """``value`` if it is one of the ``allowed`` words, else ValueError listing them."""
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}.")
    return value


def lattice_named(lattice: Any) -> Lattice:
    """The lattice called ``lattice``."""
    return LATTICES[known("lattice", lattice, LATTICES)]


def model_states(model: Any, q: Any) -> tuple[str, int]:
    """The model and the number of states of a site: 2 for Ising, ``q`` for Potts."""
    known("model", model, EXACT_MODELS)
    if model == "ising":
        if q not in (None, 2):
            raise ValueError(
                f"q must be None or 2 for the Ising model, got {q!r}: use "
                "model='potts' for more states."
            )
        return model, 2
    if q is None:
        raise ValueError(
            "q must be an integer of at least 2 for the Potts model, got None: say how "
            "many states a site has."
        )
    return model, integer("q", q, at_least=2)


def integer(name: str, value: Any, *, at_least: int) -> int:
    """``value`` as a Python integer; TypeError if it is not one."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(
            f"{name} must be an integer of at least {at_least}, got {value!r}."
        ) from None
    if number < at_least:
        raise ValueError(
            f"{name} must be an integer of at least {at_least}, got {number}."
        )
    return number


def torus_shape(shape: Any, lattice: Lattice) -> tuple[int, ...]:
    """Cells per axis, one integer of at least 3 for every axis of the lattice.

    Raises
    ------
    TypeError
        Not a sequence of integers.
    ValueError
        The wrong number of axes, or a side below 3.
    """
    expected = f"shape must hold {lattice.dimension} integers of at least 3"
    try:
        sides = [integer("side", side, at_least=-(2**62)) for side in shape]
    except TypeError:
        raise TypeError(
            f"{expected}, the cells per axis of the {lattice.name} lattice, got "
            f"{shape!r}."
        ) from None
    if len(sides) != lattice.dimension:
        raise ValueError(
            f"{expected}, the cells per axis of the {lattice.name} lattice, got "
            f"{len(sides)}: {shape!r}."
        )
    if min(sides) < 3:
        raise ValueError(
            f"{expected}, got {tuple(sides)}: at side 2 two bonds join the same two "
            "sites, their phi are equal and the metric is singular; take longer sides."
        )
    return tuple(sides)


def bond_couplings(coupling: Any, lattice: Lattice) -> tuple[Array, tuple[float, ...]]:
    """Couplings per bond type, as an array (d,) where the call computes and as floats.

    One number serves all bond types. An array says library and device; plain numbers
    mean NumPy, or the GPU inside an offloaded call.

    Raises
    ------
    TypeError
        Not real numbers, or float32.
    ValueError
        The wrong number of couplings, NaN or infinity.
    """
    d = len(lattice.bonds)
    xp, J = double_arrays(coupling=coupling)
    if tuple(J.shape) not in ((), (d,)):
        raise ValueError(
            f"coupling must be one number or one per bond type of the {lattice.name} "
            f"lattice, shape ({d},), got shape {tuple(J.shape)}."
        )
    if not is_array(coupling):
        J = placed(np.broadcast_to(J, (d,)).copy())
    elif J.ndim == 0:
        J = J + xp.zeros((d,), dtype=J.dtype, device=device(J))
    return J, tuple(float(J[i]) for i in range(d))


def double_arrays(**named: Any) -> tuple[Any, ...]:
    """Namespace and finite real float64 arrays of one call."""
    xp, *arrays = common_arrays(**named)
    for name, x in zip(named, arrays):
        if not xp.isdtype(x.dtype, "real floating"):
            raise TypeError(f"{name} must be real, got {x.dtype}: take the real part.")
        if x.dtype != xp.float64:
            raise TypeError(
                f"{name} must be float64, got {x.dtype}: the curvature is a difference "
                "of large numbers that single precision cannot carry; use astype."
            )
    require_finite(xp, **dict(zip(named, arrays)))
    return xp, *arrays


def sizes_and_curvatures(
    n_sites: Any, curvatures: Any, *, at_least: int
) -> tuple[Array, Array]:
    """Two vectors of one length: positive sizes and curvatures that are not zero."""
    xp, n_sites, curvatures = double_arrays(n_sites=n_sites, curvatures=curvatures)
    if n_sites.ndim != 1 or tuple(n_sites.shape) != tuple(curvatures.shape):
        raise ValueError(
            "n_sites and curvatures must be two vectors of one length, got shapes "
            f"{tuple(n_sites.shape)} and {tuple(curvatures.shape)}."
        )
    if n_sites.shape[0] < at_least:
        raise ValueError(
            f"n_sites must hold at least {at_least} sizes, got {n_sites.shape[0]}."
        )
    if bool(xp.any(n_sites <= 0)) or bool(xp.any(n_sites[1:] == n_sites[:-1])):
        raise ValueError(
            "n_sites must be positive with no two neighbours equal: pass the number of "
            "sites of every torus, each size once."
        )
    if bool(xp.any(curvatures == 0)):
        raise ValueError(
            "curvatures must not be zero, because their logarithms are taken: leave "
            "out sizes without curvature."
        )
    return n_sites, curvatures


def metric_and_third(metric: Any, third_cumulant: Any) -> tuple[Array, Array]:
    """Symmetric arrays (m, m) and (m, m, m)."""
    xp, g, T = double_arrays(metric=metric, third_cumulant=third_cumulant)
    m = g.shape[0] if g.ndim == 2 else -1
    if m < 1 or tuple(g.shape) != (m, m) or tuple(T.shape) != (m, m, m):
        raise ValueError(
            "metric and third_cumulant must have shapes (m, m) and (m, m, m), got "
            f"{tuple(g.shape)} and {tuple(T.shape)}."
        )
    for name, x, order in (
        ("metric", g, (1, 0)),
        ("third_cumulant", T, (1, 0, 2)),
        ("third_cumulant", T, (0, 2, 1)),
    ):
        gap = xp.max(xp.abs(x - xp.permute_dims(x, order)))
        if bool(gap > eps(xp, x.dtype) ** 0.5 * xp.max(xp.abs(x))):
            raise ValueError(
                f"{name} must be symmetric in its indices, got entries that differ by "
                f"{float(gap):.3g} when two are exchanged."
            )
    return g, T


def statistics_and_weights(
    sufficient_statistics: Any, weights: Any
) -> tuple[Array, Array | None]:
    """Rows of statistics and probabilities with sum one, or None."""
    named = {"sufficient_statistics": sufficient_statistics}
    if weights is not None:
        named["weights"] = weights
    xp, phi, *rest = double_arrays(**named)
    if phi.ndim != 2 or 0 in phi.shape:
        raise ValueError(
            "sufficient_statistics must have shape (n_states, m), one row per state, "
            f"got shape {tuple(phi.shape)}."
        )
    if not rest:
        return phi, None
    (p,) = rest
    if tuple(p.shape) != (phi.shape[0],):
        raise ValueError(
            f"weights must have shape ({phi.shape[0]},), one per state, got "
            f"{tuple(p.shape)}."
        )
    total = xp.sum(p)
    if bool(xp.any(p < 0)) or not bool(total > 0):
        raise ValueError(
            "weights must be non-negative with a positive sum, got weights from "
            f"{float(xp.min(p)):.3g} with the sum {float(total):.3g}."
        )
    return phi, p / total
