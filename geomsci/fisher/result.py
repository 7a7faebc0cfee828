"""What a curvature computation returns."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple


class RicciDecomposition(NamedTuple):
    """The four terms of the scalar curvature, ``R = R_1 + R_2 + R_3 + R_4``.

    ``R_3 = -R_1 / 2`` and ``R_4 = -R_2 / 2`` hold for every Hessian metric: they are
    algebra, not physics.
    """

    R_1: float
    R_2: float
    R_3: float
    R_4: float


@dataclasses.dataclass(frozen=True)
class FisherCurvatureResult:
    """Curvature of the manifold of all bond couplings of a periodic lattice.

    Attributes
    ----------
    scalar_curvature : float
        ``R = (|T|^2 - |tau|^2) / 4``; a sphere has R > 0.
    third_norm : float
        ``|T|^2``, the squared length of the third cumulant.
    trace_norm : float
        ``|tau|^2``, the squared length of its trace ``tau_a = g^{bc} T_abc``.
    bond_energy : tuple of float
        Mean of ``phi`` per bond type (square, cubic: per axis).
    log_partition : float
        Logarithm of the sum over all states.
    heat_capacity : float
        Variance of the sum of all ``phi``, divided by the number of bonds.
    condition_number : float
        Of the metric g.
    shape : tuple of int
        Cells per axis.
    coupling : tuple of float
        Coupling per bond type.
    lattice, model, method : str
        What was computed, and how.
    sign_cancellation : float
        ``sum |w| / |sum w|`` over the terms of the Pfaffian route (1 for the other
        methods): g and T carry about 1e-15 times this as relative error.
    """

    scalar_curvature: float
    third_norm: float
    trace_norm: float
    bond_energy: tuple[float, ...]
    log_partition: float
    heat_capacity: float
    condition_number: float
    shape: tuple[int, ...]
    coupling: tuple[float, ...]
    lattice: str = "square"
    model: str = "ising"
    method: str = "pfaffian"
    sign_cancellation: float = 1.0

    def ricci_decomposition(self) -> RicciDecomposition:
        """Split R as ``-|tau|^2/2 + |T|^2/2 + |tau|^2/4 - |T|^2/4``."""
        return RicciDecomposition(
            -self.trace_norm / 2,
            self.third_norm / 2,
            self.trace_norm / 4,
            -self.third_norm / 4,
        )
