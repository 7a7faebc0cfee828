"""Cumulants of the Ising torus, and partition functions."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from geomsci.backends import machine, public, run
from geomsci.backends.arrays import Array
from geomsci.fisher.checks import known
from geomsci.fisher.methods import (
    LOG_METHODS,
    METHODS,
    Torus,
    automatic,
    checked_torus,
    judge_cancellation,
)


class TorusCumulants(NamedTuple):
    """Second and third cumulants of the bonds of a torus.

    Attributes
    ----------
    metric : array, shape ``(d, d, *shape)``
        ``g_ab(r)``: bond a in the cell 0, bond b in the cell r.
    third_cumulant : array, shape (d, d, d, n, n)
        ``T_abc(x1, x2)``: a in the cell 0, b in x1, c in x2, cells in C order.
    """

    metric: Array
    third_cumulant: Array


@public("fisher.ising_torus_cumulants")
def ising_torus_cumulants(shape: Any, coupling: Any = None) -> TorusCumulants:
    """Metric and third cumulants of the Ising model on the square torus.

    Parameters
    ----------
    shape : (int, int)
        Sides, each at least 3; n is their product.
    coupling : float or array, shape (2,), optional
        One for both axes or one per axis. Default: critical.

    Returns
    -------
    cumulants : TorusCumulants
        ``metric`` g of shape ``(2, 2, *shape)`` and ``third_cumulant`` T of shape
        (2, 2, 2, n, n), arrays of the library of ``coupling``, NumPy for a number.

    Raises
    ------
    TypeError, ValueError
        As `ising_torus_curvature`.
    LinAlgError
        If the sectors cancel by more than 1e12.
    MemoryError
        If T does not fit into the memory of this machine.

    Warns
    -----
    UserWarning
        If the sectors of a frustrated torus cancel by more than 1e6.

    Notes
    -----
    O(n^2) time and memory, by the Pfaffian route. `ising_torus_curvature` needs O(n)
    memory, because it never holds T.

    Examples
    --------
    >>> from geomsci import fisher
    >>> g, T = fisher.ising_torus_cumulants((3, 4))
    >>> g.shape, T.shape
    ((2, 2, 3, 4), (2, 2, 2, 12, 12))
    """
    torus = checked_torus("square", shape, coupling)
    n = math.prod(torus.shape)
    _require_memory(_DENSE_BYTES * n**2, torus)
    parts, cancellation = run(
        "fisher.pfaffian_cumulants", torus.lattice, torus.shape, torus.coupling
    )
    judge_cancellation(float(cancellation), stacklevel=3)
    return TorusCumulants(parts.metric, parts.third)


_DENSE_BYTES = 720
"""Peak of the dense route per pair of cells: T takes 64, its temporaries the rest."""


def _require_memory(needed: int, torus: Torus) -> None:
    """Refuse what the host cannot hold; other devices say so themselves."""
    available = machine.available_memory()
    if needed > available:
        raise MemoryError(
            f"The third cumulant of the torus {torus.shape} needs about "
            f"{needed / 2**30:.1f} GiB, this machine has {available / 2**30:.1f} GiB: "
            "use ising_torus_curvature, which never holds it."
        )


@public("fisher.log_partition")
def log_partition(
    shape: Any,
    coupling: Any = None,
    *,
    lattice: str = "square",
    model: str = "ising",
    q: int | None = None,
    method: str | None = None,
) -> Array:
    """Logarithm of the partition function of a periodic lattice.

    ``log sum_s exp(sum_b J_b phi_b(s))`` over all ``q^sites`` states, with
    ``phi = s_i s_j`` (Ising) or ``delta(s_i, s_j)`` (Potts).

    Parameters
    ----------
    shape : tuple of int
        Cells per axis, each at least 3.
    coupling : float or array, shape (d,), optional
        One for all bonds or one per bond type. Default: `critical_coupling`.
    lattice : {"square", "triangular", "honeycomb", "kagome", "cubic"}
    model : {"ising", "potts"}
    q : int, optional
        States of a Potts site.
    method : {"pfaffian", "transfer_matrix", "enumeration"}, optional
        Default: as in `lattice_curvature`.

    Returns
    -------
    log_partition : array, 0-d
        Of the library of ``coupling``, NumPy for a number.

    Raises
    ------
    TypeError, ValueError, LinAlgError, MemoryError
        As `lattice_curvature`.

    Warns
    -----
    UserWarning
        If the sectors of a frustrated torus cancel by more than 1e6.

    Notes
    -----
    O(n) by the Pfaffian route: a 500 x 500 torus takes seconds. The transfer matrix
    needs one pass over the layers for each of its states.

    Examples
    --------
    >>> from geomsci import fisher
    >>> print(f"{fisher.log_partition((64, 64)) / 64**2:.5f}")  # Onsager: 0.92970
    0.92985
    """
    if method is not None:
        known("method", method, METHODS)
    torus = checked_torus(lattice, shape, coupling, model, q)
    return LOG_METHODS[method or automatic(torus)](torus)
