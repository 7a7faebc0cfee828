"""geomsci: geometry for scientific computing, on any array library."""

import importlib
from typing import Any

from geomsci.backends import BackendUnavailable, show_backends, use_backend

__version__ = "0.1.0"

_SUBMODULES = (
    "backends",
    "cli",
    "datasets",
    "eeg",
    "embedding",
    "entropic",
    "fisher",
    "plotting",
    "reference",
    "sampling",
    "spd",
    "testing",
    "validation",
)

__all__ = ["BackendUnavailable", "show_backends", "use_backend", *_SUBMODULES]


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return importlib.import_module(f"geomsci.{name}")
    raise AttributeError(f"module 'geomsci' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
