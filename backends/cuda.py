"""Loads the CUDA C++ kernels that are shipped as real ``.cu`` files."""

from __future__ import annotations

import functools
import importlib.resources
from typing import Any

from geomsci.backends import machine

OPTIONS = ("-std=c++17",)
"""Options of the compiler: no fast mathematics, so that NaN keeps its meaning."""


def source(file: str) -> str:
    """Text of a kernel file of the package, for example ``"fourth_moment.cu"``."""
    folder = importlib.resources.files("geomsci.backends.kernels")
    return (folder / file).read_text(encoding="utf-8")


@functools.cache
def _module(file: str) -> Any:
    """The compiled file; CuPy keeps one binary a device and a cache on disk."""
    cupy = machine.require_cupy()
    return cupy.RawModule(code=source(file), options=OPTIONS, backend="nvrtc")


@functools.cache
def kernel(file: str, name: str) -> Any:
    """A kernel by its ``extern "C"`` name, ready to launch.

    Parameters
    ----------
    file : str
        Name of a file beside the drivers in ``backends/kernels``.
    name : str

    Returns
    -------
    kernel : cupy.RawKernel
        Launched as ``kernel(blocks, threads, arguments)``.

    Raises
    ------
    BackendUnavailable
        If CuPy or a device is missing.
    """
    return _module(file).get_function(name)
