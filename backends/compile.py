"""Compiles plain scalar Python for the host and for the GPU, from one source.

A sequential algorithm is written once, as undecorated functions of one file in
``reference/``. Numba refuses to call an undecorated function from a compiled one, so
the functions are copied: same code object, but a globals dictionary in which the
helpers that are named here are compiled already. The code object still carries its
file and line, so Numba's cache works.

Numba's cache watches the time stamp of the target's own file. Helpers that the file
imports from another one are watched through a checksum in the target's name. A loop
over the batch is part of the source and not of the driver that calls it.

Numba is imported when something is compiled, not when this module is.
"""

from __future__ import annotations

import functools
import importlib
import pathlib
import re
import sys
import types
import zlib
from collections.abc import Callable, Iterable
from typing import Any

FASTMATH = frozenset({"reassoc", "contract", "nsz"})
"""Sums may be reordered and fused; NaN and infinity keep their meaning."""


def _copies(
    target: str, helpers: Iterable[str], decorate: Callable[..., Any]
) -> types.FunctionType:
    """Copy of the target whose globals hold the decorated copies of the helpers."""
    module_name, _, name = target.partition(":")
    module = importlib.import_module(module_name)
    scope = dict(vars(module))
    stamp = 0
    for helper in helpers:
        function = getattr(module, helper)
        if function.__module__ != module_name:
            stamp = zlib.crc32(_source_bytes(function.__module__), stamp)
        scope[helper] = decorate(_copy(function, scope))
    twin = _copy(getattr(module, name), scope)
    if stamp:
        # The qualified name is part of the key under which Numba caches.
        twin.__qualname__ += f"_{stamp:08x}"
    return twin


@functools.cache
def _source_bytes(module_name: str) -> bytes:
    """Text of a module that lends helpers, to notice that it has changed."""
    return pathlib.Path(str(sys.modules[module_name].__file__)).read_bytes()


def _copy(function: types.FunctionType, scope: dict[str, Any]) -> types.FunctionType:
    twin = types.FunctionType(
        function.__code__, scope, function.__name__, function.__defaults__
    )
    twin.__qualname__ = function.__qualname__
    twin.__doc__ = function.__doc__
    return twin


_ARGUMENT = re.compile(r"(const )?(\w+)(?:\[(\d)\])?")


def _numba_type(argument: str) -> Any:
    """Numba type of one argument of a signature (see `host`)."""
    from numba import types

    match = _ARGUMENT.fullmatch(argument)
    if match is None:
        raise ValueError(
            'A kernel argument must read like "int64", "float64[2]" or '
            f'"const float64[2]", got {argument!r}.'
        )
    constant, number, ndim = match.groups()
    scalar = getattr(types, number)
    if ndim is None:
        return scalar
    return types.Array(scalar, int(ndim), "C", readonly=constant is not None)


@functools.cache
def host(
    target: str,
    helpers: tuple[str, ...] = (),
    signature: tuple[str, ...] | None = None,
    *,
    inline: bool = False,
) -> Callable[..., Any]:
    """Machine code of a scalar function for the host.

    Parameters
    ----------
    target : str
        ``"package.module:function"``.
    helpers : tuple of str
        Names of the functions in the target's module, its own or imported, that it
        calls, directly or through each other.
    signature : tuple of str, optional
        Types of the arguments of a function without result: ``"int64"``,
        ``"float64[2]"`` for a matrix in C order, ``"const float64[2]"`` for one that
        may be read-only. With it the function is compiled at once, for these types
        only; without it, at the first call.
    inline : bool
        Whether the helpers are put into the bodies of their callers, which a loop needs
        if several of its steps shall share a register.

    Returns
    -------
    function : callable
        Runs without the interpreter's lock, so that threads share the work.
    """
    import numba

    options: dict[str, Any] = {
        "error_model": "numpy",
        "fastmath": set(FASTMATH),
        "nogil": True,
    }
    # No cache for inlined helpers: its key does not tell them from plain ones.
    how: dict[str, Any] = {"forceinline": True} if inline else {"cache": True}
    copy = _copies(target, helpers, numba.njit(**options, **how))
    if signature is None:
        return numba.njit(**options, cache=True)(copy)
    arguments = [_numba_type(argument) for argument in signature]
    return numba.njit(numba.void(*arguments), **options, cache=True)(copy)


@functools.cache
def device(target: str, helpers: tuple[str, ...] = ()) -> Callable[..., Any]:
    """Device function for a CUDA kernel; the arguments are those of `host`."""
    from numba import cuda

    decorate = cuda.jit(device=True)
    return decorate(_copies(target, helpers, decorate))


@functools.cache
def grid(target: str, bodies: tuple[tuple[str, str, tuple[str, ...]], ...]) -> Any:
    """CUDA kernel whose body calls compiled device functions.

    Parameters
    ----------
    target : str
        ``"package.module:function"``: the function of a thread. It uses the globals
        ``cuda`` and the names of ``bodies``.
    bodies : tuple of (name, target, helpers)
        Device functions, each with the arguments of `device`.

    Returns
    -------
    kernel : Numba CUDA dispatcher
        Launched as ``kernel[blocks, threads](...)``.
    """
    from numba import cuda

    module_name, _, name = target.partition(":")
    function = getattr(importlib.import_module(module_name), name)
    scope = dict(vars(sys.modules[module_name]), cuda=cuda)
    scope |= {label: device(*body) for label, *body in bodies}
    return cuda.jit(_copy(function, scope))
