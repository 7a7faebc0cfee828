"""The capability table: what every public function runs on.

One row per public function or method. The table drives three things: dispatch
(`geomsci.backends.dispatch`), the test marks of ``tests/conftest.py`` and the
support table of the documentation. It is data: names and strings, no imports of the
methods it lists.

``reference`` is the target that works on every array library. ``kernels`` maps
(implementation, array kind) to a faster target and to the predicate that says for
which arguments it may be used. ``uses`` names the rows whose kernels the function
calls inside, so that ``use_backend("numba")`` knows a composed function can run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class Kernel:
    """A registered kernel: where it is and when it may be used."""

    target: str
    accepts: str
    measured: str  # the size at which the benchmark shows the win


@dataclasses.dataclass(frozen=True)
class Capability:
    """One row of the table."""

    reference: str | None = None
    kernels: Mapping[tuple[str, str], Kernel] = dataclasses.field(default_factory=dict)
    uses: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ("numpy", "array_api_strict", "torch", "cupy")
    dtypes: tuple[str, ...] = ("float32", "float64", "complex64", "complex128")


def implementations(name: str) -> set[tuple[str, str]]:
    """All (implementation, array kind) pairs that ``name`` can reach."""
    row = CAPABILITIES[name]
    found = set(row.kernels)
    for inner in row.uses:
        found |= implementations(inner)
    return found


CAPABILITIES: dict[str, Capability] = {}
