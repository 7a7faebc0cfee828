"""Arrays, machines and kernels: the floor that knows no method."""

if __name__ != "geomsci.backends":
    raise ImportError("import this package as geomsci.backends")

from geomsci.backends.arrays import array_namespace
from geomsci.backends.dispatch import current_backend, public, run, use_backend
from geomsci.backends.errors import BackendUnavailable, LinAlgError
from geomsci.backends.report import show_backends

__all__ = [
    "BackendUnavailable",
    "LinAlgError",
    "array_namespace",
    "current_backend",
    "public",
    "run",
    "show_backends",
    "use_backend",
]
