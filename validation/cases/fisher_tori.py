"""Curvature of tori: every exact route against another, or against all states."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci import fisher
from geomsci.reference.fisher.cumulants import Cumulants, invariants
from geomsci.validation.cases import fisher_oracles
from geomsci.validation.cases.fisher_recipes import (
    CRITICAL,
    NOT_STRICT,
    ONE_STRICT,
    STATES,
    Law,
    Laws,
    Shape,
    couplings,
    double_case,
    moments_of,
    of_invariants,
    relative,
    scalars,
    sides,
    vector,
)
from geomsci.validation.suites import Case, Deviation, Inputs

Curvature = Callable[[Any], fisher.FisherCurvatureResult]


def _curvature_case(
    name: str, shape: Shape, J: tuple[float, ...], call: Callable, **fields: Any
) -> Case:
    """``R, |T|^2, |tau|^2`` of ``call(coupling)``."""
    model = fields.pop("model", "ising")
    lattice, q = fields.pop("lattice", "square"), fields.pop("q", None)

    def compute(*, dtype: str, coupling: Any) -> Any:
        return scalars(call(coupling), coupling)

    fields.setdefault("conditioning", of_invariants(shape, lattice, model, q))
    bonds = len(J) * math.prod(shape)
    return double_case(
        name=name,
        size=sides(shape),
        inputs=couplings(*J),
        compute=compute,
        n=bonds,
        **fields,
    )


def _by_states(
    shape: Shape, lattice: str = "square", model: str = "ising", q: int = 2
) -> dict[str, Any]:
    """Expected scalars from the sum over all states."""

    def expected(inputs: Inputs) -> np.ndarray:
        found = moments_of(shape, lattice, model, q)(inputs)
        return fisher_oracles.contractions(found.metric, found.third)

    return {"expected": expected, "against": STATES}


def _by_pfaffian(shape: Shape, factor: float = 1.0) -> dict[str, Any]:
    """Expected scalars from the dense Pfaffian route on NumPy."""

    def expected(inputs: Inputs) -> np.ndarray:
        J = factor * inputs["coupling"]
        return np.asarray(scalars(fisher.ising_torus_curvature(shape, J), J))

    return {"expected": expected, "against": "Pfaffian route"}


def _by_dense_tensor(shape: Shape) -> dict[str, Any]:
    """Expected scalars from g and T held whole, on NumPy."""

    def expected(inputs: Inputs) -> np.ndarray:
        g, T = fisher.ising_torus_cumulants(shape, inputs["coupling"])
        found = invariants(Cumulants(None, g, T, None))
        third, trace = float(found.third_norm), float(found.trace_norm)
        return np.asarray([(third - trace) / 4, third, trace])

    return {"expected": expected, "against": "dense third cumulant"}


def _moved(name: str, move: Callable[[np.ndarray], np.ndarray]) -> Law:
    """The scalars stay when the couplings are moved by a symmetry of the torus."""

    def laws(
        result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
    ) -> Laws:
        again = evaluate(coupling=move(inputs["coupling"]))
        return {name: Deviation(relative(again, result), 2 * kappa)}

    return laws


AXES = _moved("axes exchanged", lambda J: np.roll(J, 1))
LINES = _moved("lines exchanged", lambda J: np.roll(J, J.size // 3))
SIGNS = _moved("J to −J, even sides", lambda J: -J)


def _by(method: str, shape: Shape) -> Curvature:
    return lambda J: fisher.ising_torus_curvature(shape, J, method=method)


def _potts(shape: Shape, q: int, method: str = "transfer_matrix") -> Curvature:
    return lambda J: fisher.potts_torus_curvature(shape, q, J, method=method)


def _lattice(lattice: str, shape: Shape) -> Curvature:
    return lambda J: fisher.lattice_curvature(lattice, shape, J)


def _ising_cases(quick: bool) -> list[Case]:
    """The square Ising torus: dense, streamed, by transfer matrix, by enumeration."""
    critical = (CRITICAL, CRITICAL)
    name = "ising_torus_curvature"
    octant = {**_by_dense_tensor((9, 9)), **ONE_STRICT}
    rows: list[tuple[str, Shape, tuple[float, ...], str, dict[str, Any]]] = [
        ("frustrated", (3, 5), (-0.5, -0.4), "pfaffian", _by_states((3, 5))),
        ("streamed, critical", (9, 9), critical, "pfaffian", octant),
        (
            "transfer matrix",
            (4, 4),
            (0.3, 0.5),
            "transfer_matrix",
            {**_by_pfaffian((4, 4)), "laws": AXES},
        ),
        ("enumeration", (3, 3), (0.4, 0.3), "enumeration", _by_pfaffian((3, 3))),
    ]
    if not quick:
        streamed = {**_by_dense_tensor((8, 10)), "laws": SIGNS}
        rows += [
            ("dense", (3, 4), (0.3, 0.5), "pfaffian", _by_states((3, 4))),
            ("dense, critical", (3, 3), critical, "pfaffian", _by_states((3, 3))),
            ("streamed", (8, 10), (0.35, 0.5), "pfaffian", streamed),
        ]
    return [
        _curvature_case(
            f"{name}, {label}",
            shape,
            J,
            _by(method, shape),
            function=f"fisher.{name}",
            **fields,
        )
        for label, shape, J, method, fields in rows
    ]


def _large_cases() -> list[Case]:
    """Sizes at which the kernel pays and the transfer matrix is work."""
    critical = (CRITICAL, CRITICAL)
    function = "fisher.ising_torus_curvature"
    return [
        _curvature_case(
            "ising_torus_curvature, streamed, critical",
            (24, 24),
            critical,
            _by("pfaffian", (24, 24)),
            function=function,
            **_by_dense_tensor((24, 24)),
            **NOT_STRICT,
        ),
        _curvature_case(
            "ising_torus_curvature, transfer matrix",
            (7, 7),
            critical,
            _by("transfer_matrix", (7, 7)),
            function=function,
            **_by_pfaffian((7, 7)),
            **NOT_STRICT,
        ),
    ]


def _potts_cases(quick: bool) -> list[Case]:
    """Potts tori, and the Ising model in the words of Potts."""
    function = "fisher.potts_torus_curvature"
    three, four = math.log1p(3**0.5), math.log1p(2.0)
    half = _by_pfaffian((4, 4), factor=0.5)
    half["against"] = "Ising torus at J / 2, Pfaffian route"
    found = [
        _curvature_case(
            "potts_torus_curvature, q = 2",
            (4, 4),
            (0.7, 1.0),
            _potts((4, 4), 2),
            function=function,
            model="potts",
            q=2,
            laws=AXES,
            **half,
        )
    ]
    methods = {"transfer matrix": "transfer_matrix", "enumeration": "enumeration"}
    for label, method in methods.items():
        found.append(
            _curvature_case(
                f"potts_torus_curvature, q = 3, {label}",
                (3, 3),
                (three, 0.8),
                _potts((3, 3), 3, method),
                function=function,
                model="potts",
                q=3,
                **_by_states((3, 3), model="potts", q=3),
            )
        )
    if not quick:
        found.append(
            _curvature_case(
                "potts_torus_curvature, q = 4, transfer matrix",
                (3, 3),
                (four, four),
                _potts((3, 3), 4),
                function=function,
                model="potts",
                q=4,
                **_by_states((3, 3), model="potts", q=4),
            )
        )
    return found


def _lattice_cases(quick: bool) -> list[Case]:
    """Other lattices: sums over states, or the symmetries of the lattice alone."""
    rows: list[tuple[str, Shape, tuple[float, ...], dict[str, Any]]] = [
        (
            "triangular",
            (3, 3),
            (0.2, 0.3, 0.1),
            {**_by_states((3, 3), "triangular"), **ONE_STRICT},
        ),
        ("cubic", (3, 3, 3), (0.15, 0.2, 0.25), ONE_STRICT),
    ]
    if not quick:
        wide, hexagons = (3, 4), (3, 3)
        lines = (0.3, 0.3, 0.4, 0.4, 0.2, 0.2)
        rows += [
            ("triangular", wide, (0.2, -0.1, 0.3), _by_states(wide, "triangular")),
            ("honeycomb", hexagons, (0.5, 0.6, 0.7), _by_states(hexagons, "honeycomb")),
            ("kagome", (3, 3), lines, NOT_STRICT),
        ]
    return [
        _curvature_case(
            f"lattice_curvature, {lattice}",
            shape,
            J,
            _lattice(lattice, shape),
            function="fisher.lattice_curvature",
            lattice=lattice,
            laws=LINES if len(set(shape)) == 1 else None,
            **fields,
        )
        for lattice, shape, J, fields in rows
    ]


def _ricci_case(shape: Shape, *J: float) -> Case:
    """The four terms of ``g^{ab} R_ab``, and the algebra of a Hessian metric."""
    moments = moments_of(shape)

    def compute(*, dtype: str, coupling: Any) -> Any:
        result = fisher.ising_torus_curvature(shape, coupling)
        return vector(result.ricci_decomposition(), coupling)

    def laws(
        result: np.ndarray, inputs: Inputs, evaluate: Callable, kappa: float
    ) -> Laws:
        first, second, third, fourth = result
        scale = float(np.max(np.abs(result)))
        return {
            "R₃ = −R₁/2": Deviation(abs(third + first / 2) / scale, 1.0),
            "R₄ = −R₂/2": Deviation(abs(fourth + second / 2) / scale, 1.0),
        }

    return double_case(
        name="ricci_decomposition",
        size=sides(shape),
        function="fisher.ising_torus_curvature",
        inputs=couplings(*J),
        compute=compute,
        conditioning=of_invariants(shape),
        n=2 * math.prod(shape),
        expected=lambda i: fisher_oracles.ricci_terms(
            moments(i).metric, moments(i).third
        ),
        against="Christoffel symbols, sum over all states",
        laws=laws,
    )


def cases(quick: bool) -> list[Case]:
    """All curvatures of tori; without the slow ones if ``quick``."""
    found = _ising_cases(quick) + _potts_cases(quick) + _lattice_cases(quick)
    if not quick:
        found.append(_ricci_case((3, 4), 0.3, 0.5))
        found += _large_cases()
    return found
