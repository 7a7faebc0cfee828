"""The backends that a case runs on: where its arrays live and which code is chosen.

============== ==================== ============================
name           arrays               choice of implementation
============== ==================== ============================
reference      NumPy                ``use_backend("reference")``
auto           NumPy                ``use_backend("auto")``
numba          NumPy                ``use_backend("numba")``
torch          torch on the CPU     ``use_backend("auto")``
strict         array_api_strict     ``use_backend("auto")``
strict-device1 the same, device1    ``use_backend("auto")``
cupy-offload   NumPy                ``use_backend("cupy")``
cupy           CuPy                 ``use_backend("auto")``
============== ==================== ============================
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from geomsci.backends import BackendUnavailable, arrays, machine
from geomsci.validation.suites import UnknownName

Array = arrays.Array


@dataclasses.dataclass(frozen=True)
class Variant:
    """One column of the report."""

    name: str
    choice: str
    library: str
    place: Callable[[np.ndarray], Array]
    synchronize: Callable[[], None] = lambda: None

    def check(self) -> None:
        """Raise `BackendUnavailable` with the cause if the machine lacks it."""
        if self.library == "cupy":
            machine.require_cupy()
            return
        if self.choice == "numba":
            machine.require_numba()
        found = machine.status(self.library)
        if not found.usable:
            raise BackendUnavailable(
                f"The {self.name} backend cannot run here because {self.library} is "
                f"{found.reason}: install it, or choose another backend."
            )


def _on_torch(x: np.ndarray) -> Array:
    return importlib.import_module("torch").asarray(x.copy())


def _on_strict(x: np.ndarray) -> Array:
    return importlib.import_module("array_api_strict").asarray(x)


def _on_strict_device1(x: np.ndarray) -> Array:
    xp = importlib.import_module("array_api_strict")
    return xp.asarray(x, device=xp.Device("device1"))


def _on_cupy(x: np.ndarray) -> Array:
    return machine.require_cupy().asarray(x)


def _wait_for_cupy() -> None:
    machine.require_cupy().cuda.Device().synchronize()


def _on_numpy(x: np.ndarray) -> Array:
    return x


VARIANTS: dict[str, Variant] = {
    v.name: v
    for v in (
        Variant("reference", "reference", "numpy", _on_numpy),
        Variant("auto", "auto", "numpy", _on_numpy),
        Variant("numba", "numba", "numpy", _on_numpy),
        Variant("torch", "auto", "torch", _on_torch),
        Variant("strict", "auto", "array_api_strict", _on_strict),
        Variant("strict-device1", "auto", "array_api_strict", _on_strict_device1),
        Variant("cupy-offload", "cupy", "cupy", _on_numpy, _wait_for_cupy),
        Variant("cupy", "auto", "cupy", _on_cupy, _wait_for_cupy),
    )
}


def variant(name: str) -> Variant:
    """The backend called ``name``.

    Raises
    ------
    UnknownName
        If there is none; the sentence lists the known ones.
    """
    if name not in VARIANTS:
        raise UnknownName(
            f"backend must be one of {', '.join(VARIANTS)}, got {name!r}."
        )
    return VARIANTS[name]


def home(x: Any) -> np.ndarray:
    """Result of any library as a NumPy array."""
    return arrays.to_host(x)
