"""Exact curvature of a lattice model on a torus: one function for each method.

Each takes a checked `Torus`, so a public function is a look-up in a dict.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from tqdm import tqdm

from geomsci.backends import LinAlgError, run
from geomsci.backends.arrays import Array, array_namespace, device
from geomsci.fisher.checks import (
    bond_couplings,
    lattice_named,
    model_states,
    torus_shape,
)
from geomsci.fisher.critical import critical_coupling
from geomsci.fisher.result import FisherCurvatureResult
from geomsci.reference.fisher.cumulants import (
    LARGEST_CONDITION,
    Invariants,
    heat_capacity,
    invariants,
)
from geomsci.reference.fisher.enumeration import is_countable
from geomsci.reference.fisher.lattices import Lattice

LARGEST_DENSE = 64
"""Cells up to which the whole third cumulant is formed in the Pfaffian route."""

LARGEST_CANCELLATION = 1e6
"""Of the sectors' weights; beyond it g and T have lost more than six digits."""

LARGEST_LAYER = 20_000
"""States of a layer up to which ``method=None`` takes the transfer matrix."""

LAYERED = ("square", "cubic")
"""Lattices that the transfer matrix knows."""


class Torus(NamedTuple):
    """A checked problem: what every method is given."""

    lattice: Lattice
    shape: tuple[int, ...]
    coupling: Array
    values: tuple[float, ...]
    model: str
    q: int

    @property
    def planar_ising(self) -> bool:
        """Free fermions solve it."""
        return self.model == "ising" and self.lattice.dimension == 2

    @property
    def n_sites(self) -> int:
        return math.prod(self.shape) * self.lattice.n_basis

    @property
    def layer_sites(self) -> int:
        """Sites of the smallest layer, whose states the transfer matrix joins."""
        return self.n_sites // max(self.shape)


def checked_torus(
    lattice: Any, shape: Any, coupling: Any, model: Any = "ising", q: Any = None
) -> Torus:
    """Check everything that a user passes."""
    lattice = lattice_named(lattice)
    model, q = model_states(model, q)
    shape = torus_shape(shape, lattice)
    if coupling is None:
        coupling = critical_coupling(model, lattice.name, q)
    J, values = bond_couplings(coupling, lattice)
    return Torus(lattice, shape, J, values, model, q)


# One function per method: Torus -> FisherCurvatureResult


def _result(
    torus: Torus,
    parts: Any,
    scalars: Invariants,
    method: str,
    cancellation: float = 1.0,
) -> FisherCurvatureResult:
    """``parts`` has bond_energy, metric and log_partition."""
    third, trace = float(scalars.third_norm), float(scalars.trace_norm)
    d = len(torus.lattice.bonds)
    return FisherCurvatureResult(
        scalar_curvature=(third - trace) / 4,
        third_norm=third,
        trace_norm=trace,
        bond_energy=tuple(float(parts.bond_energy[i]) for i in range(d)),
        log_partition=float(parts.log_partition),
        heat_capacity=float(heat_capacity(parts.metric)),
        condition_number=float(scalars.condition_number),
        shape=torus.shape,
        coupling=torus.values,
        lattice=torus.lattice.name,
        model=torus.model,
        method=method,
        sign_cancellation=cancellation,
    )


def _by_pfaffian(torus: Torus) -> FisherCurvatureResult:
    _require_planar_ising(torus)
    arguments = torus.lattice, torus.shape, torus.coupling
    if math.prod(torus.shape) <= LARGEST_DENSE:
        parts, cancellation = run("fisher.pfaffian_cumulants", *arguments)
        scalars = invariants(parts)
    else:
        parts = run("fisher.streamed_curvature", *arguments, progress=_shown)
        scalars, cancellation = parts.invariants, parts.cancellation
    cancellation = float(cancellation)
    judge_cancellation(cancellation, stacklevel=4)
    return _result(torus, parts, scalars, "pfaffian", cancellation)


def _shown(pieces: list[slice]) -> Iterable[slice]:
    """The pieces of a long sum under a progress bar, if someone is watching."""
    return tqdm(pieces, desc="momenta", delay=2, leave=False, disable=None)


def _by_enumeration(torus: Torus) -> FisherCurvatureResult:
    parts = _states_sum("fisher.enumerated_cumulants", torus)
    return _result(torus, parts, invariants(parts), "enumeration")


def _by_transfer_matrix(torus: Torus) -> FisherCurvatureResult:
    parts = _states_sum("fisher.transfer_matrix_cumulants", torus)
    return _result(torus, parts, invariants(parts), "transfer_matrix")


def _states_sum(row: str, torus: Torus) -> Any:
    return run(
        row, torus.lattice, torus.shape, torus.coupling, model=torus.model, q=torus.q
    )


METHODS: dict[str, Callable[[Torus], FisherCurvatureResult]] = {
    "pfaffian": _by_pfaffian,
    "transfer_matrix": _by_transfer_matrix,
    "enumeration": _by_enumeration,
}

STATE_METHODS = ("transfer_matrix", "enumeration")


def automatic(torus: Torus) -> str:
    """The fastest exact method for the torus.

    Raises
    ------
    ValueError
        No exact method can do it.
    """
    if torus.planar_ising:
        return "pfaffian"
    small = torus.layer_sites * math.log2(torus.q) <= math.log2(LARGEST_LAYER) + 1e-9
    if small and torus.lattice.name in LAYERED:
        return "transfer_matrix"
    if is_countable(torus.lattice, torus.shape, q=torus.q):
        return "enumeration"
    raise ValueError(
        f"No exact method is fast for the {torus.model} model on the "
        f"{torus.lattice.name} torus {torus.shape}, which has "
        f"{torus.q}^{torus.n_sites} states and {torus.q}^{torus.layer_sites} in its "
        "smallest layer: use Monte Carlo (LatticeSampler and FisherCurvature), or "
        "wait for method='transfer_matrix' where it fits."
    )


def _require_planar_ising(torus: Torus) -> None:
    if not torus.planar_ising:
        raise ValueError(
            "method='pfaffian' takes the Ising model on a planar lattice, got "
            f"{torus.model} on the {torus.lattice.name} lattice: use "
            "method='transfer_matrix' or 'enumeration'."
        )


def judge_cancellation(cancellation: float, *, stacklevel: int) -> None:
    """Warn of lost digits, refuse when none are left.

    ``stacklevel`` frames lie between here and the user's line.
    """
    told = (
        f"The sectors of this frustrated torus cancel by {cancellation:.1e}, so the "
        f"metric has a relative error of about {1e-15 * cancellation:.0e}: use "
        "method='transfer_matrix' where it fits."
    )
    if cancellation > LARGEST_CONDITION:
        raise LinAlgError(told)
    if cancellation > LARGEST_CANCELLATION:
        warnings.warn(told, UserWarning, stacklevel=stacklevel + 1)


# One function per method: Torus -> log Z


def _log_by_pfaffian(torus: Torus) -> Array:
    _require_planar_ising(torus)
    fermions = run("fisher.fermions", torus.lattice, torus.shape, torus.coupling)
    judge_cancellation(float(fermions.cancellation), stacklevel=4)
    xp = array_namespace(torus.coupling)
    value, where = float(fermions.log_partition), device(torus.coupling)
    return xp.asarray(value, dtype=xp.float64, device=where)


def _log_by_enumeration(torus: Torus) -> Array:
    return _states_sum("fisher.enumerated_log_partition", torus)


def _log_by_transfer_matrix(torus: Torus) -> Array:
    return _states_sum("fisher.transfer_matrix_log_partition", torus)


LOG_METHODS: dict[str, Callable[[Torus], Array]] = {
    "pfaffian": _log_by_pfaffian,
    "transfer_matrix": _log_by_transfer_matrix,
    "enumeration": _log_by_enumeration,
}
