"""Which array library, dtype and device a call works in.

The rules, applied once per public call:

* the library follows the input; lists and scalars take the library of the arrays
  beside them, and lists alone mean NumPy;
* two libraries in one call are a ``TypeError``, two devices a ``ValueError``;
* integers and booleans become float64; float32 stays float32 unless float64 is
  beside it; half and extended precision are refused;
* nothing moves between host and device, except by `to_host` and `from_host`, which
  only explicit offload and code that must show numbers to a person call.
"""

from __future__ import annotations

import functools
import importlib
import types
from typing import Any

import array_api_compat
import numpy as np

Array = Any
"""An array of any library that follows the Python array API standard."""


@functools.cache
def _library_of_type(cls: Any) -> str | None:
    """Name of the array library that ``cls`` belongs to, or None."""
    if issubclass(cls, np.generic):
        return None  # a NumPy scalar follows the arrays beside it, like a float
    if issubclass(cls, np.ndarray):
        return "numpy"
    for ancestor in cls.__mro__:
        root = ancestor.__module__.partition(".")[0]
        if root in ("torch", "cupy", "jax", "jaxlib", "dask", "sparse"):
            return {"jaxlib": "jax"}.get(root, root)
    if hasattr(cls, "__array_namespace__"):
        return cls.__module__.partition(".")[0]
    return None


def library(x: Any) -> str | None:
    """Name of the array library of ``x`` (``"numpy"``, ``"torch"``), None if none."""
    cls: Any = type(x)
    return _library_of_type(cls)


def is_array(x: Any) -> bool:
    """True for an array of any library, False for lists, scalars and None."""
    return library(x) is not None


def kind(x: Any) -> str:
    """Row of the dispatch table for ``x``: ``"numpy"``, ``"cupy"`` or ``"other"``."""
    name = library(x)
    if name is None or name == "numpy":
        return "numpy"
    return name if name == "cupy" else "other"


@functools.cache
def _numpy_namespace() -> types.ModuleType:
    """NumPy's array API namespace, imported at first use: it loads half of NumPy."""
    return importlib.import_module("array_api_compat.numpy")


def array_namespace(*arrays: Any) -> types.ModuleType:
    """Array API namespace that the arrays share.

    Parameters
    ----------
    *arrays : arrays, lists, scalars or None
        Only arrays count; without any, the namespace is NumPy's.

    Returns
    -------
    xp : module
        The namespace, through ``array_api_compat``.

    Raises
    ------
    TypeError
        If arrays of two libraries are mixed; the sentence names both.
    """
    first = None
    for x in arrays:
        name = library(x)
        if name is None:
            continue
        if first is None:
            first, found = x, name
        elif name != found:
            raise TypeError(
                f"All arrays of one call must come from one library, got {found} and "
                f"{name}: convert one of them first."
            )
    if first is None or found == "numpy":
        return _numpy_namespace()
    return array_api_compat.array_namespace(first)


def device(x: Array) -> Any:
    """Device that the array lives on, in its library's own terms."""
    return array_api_compat.device(x)


def _common_device(named: dict[str, Any]) -> Any:
    """The one device of the arrays; ValueError if there are two."""
    place, owner = None, ""
    for name, x in named.items():
        if not is_array(x):
            continue
        here = device(x)
        if not owner:
            place, owner = here, name
        elif here != place:
            raise ValueError(
                f"All arrays of one call must live on one device, got {owner} on "
                f"{place} and {name} on {here}: move one of them first."
            )
    return place


def _from_values(name: str, values: Any) -> np.ndarray:
    """NumPy array of a list or scalar, with one sentence if that is impossible."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"{name} must be a regular array of numbers, got nested lists of unequal "
            "lengths: make them equally long."
        ) from error
    if array.dtype.kind not in "biufc":
        raise TypeError(
            f"{name} must hold numbers, got {type(values).__name__} of dtype "
            f"{array.dtype}: convert it to a float array."
        )
    return array


def _check_dtype(xp: Any, name: str, x: Array) -> None:
    """Refuse dtypes that no algorithm of the library is written for."""
    if xp.isdtype(x.dtype, ("bool", "integral")) or x.dtype in (
        xp.float32,
        xp.float64,
        xp.complex64,
        xp.complex128,
    ):
        return
    raise TypeError(
        f"{name} must be float32, float64, complex64, complex128 or integer, got "
        f"{x.dtype}: convert it with astype."
    )


def common_arrays(**named: Any) -> tuple[Any, ...]:
    """Namespace and floating arrays of one public call, by the rules of this module.

    Parameters
    ----------
    **named : arrays, lists or scalars
        The array arguments under the names that the user knows them by.

    Returns
    -------
    xp : module
        Shared array namespace.
    *arrays : arrays
        The arguments in order, of one floating dtype, on one device. Arrays that
        already fit are returned as they are, not copied.

    Raises
    ------
    TypeError
        Mixed libraries, or a dtype that is not a number of 32 or 64 bits.
    ValueError
        Two devices, or nested lists of unequal lengths.
    """
    xp = array_namespace(*named.values())
    place = _common_device(named)
    arrays: list[Array] = []
    for name, x in named.items():
        if not is_array(x):
            values = _from_values(name, x)
            if place is None:
                x = values
            else:
                # A value among arrays follows them, so a list never raises precision.
                kinds = "complex" if values.dtype.kind == "c" else "float"
                like = next(a for a in named.values() if is_array(a))
                x = xp.asarray(
                    values.tolist(), dtype=_precision(xp, like, kinds), device=place
                )
        _check_dtype(xp, name, x)
        arrays.append(x)
    if len(arrays) == 1 and xp.isdtype(
        arrays[0].dtype, ("real floating", "complex floating")
    ):
        return xp, arrays[0]
    dtype = result_dtype(xp, *arrays)
    return xp, *(x if x.dtype == dtype else xp.astype(x, dtype) for x in arrays)


def _precision(xp: Any, like: Array, kinds: str) -> Any:
    """Dtype of ``kinds`` (``"float"`` or ``"complex"``) as precise as ``like``."""
    single = like.dtype in (xp.float32, xp.complex64)
    if kinds == "complex":
        return xp.complex64 if single else xp.complex128
    return xp.float32 if single else xp.float64


def result_dtype(xp: Any, *arrays: Array) -> Any:
    """Floating dtype of a call: float64 for integers, else the widest floating one."""
    floating = [
        x.dtype
        if xp.isdtype(x.dtype, ("real floating", "complex floating"))
        else xp.float64
        for x in arrays
    ]
    return xp.result_type(*floating) if len(floating) > 1 else floating[0]


def real_dtype(xp: Any, dtype: Any) -> Any:
    """Dtype of the modulus of numbers of ``dtype``."""
    return {xp.complex64: xp.float32, xp.complex128: xp.float64}.get(dtype, dtype)


def eps(xp: Any, dtype: Any) -> float:
    """Spacing of the floating numbers of ``dtype`` at 1, as a Python float."""
    return float(xp.finfo(real_dtype(xp, dtype)).eps)


def require_finite(xp: Any, **named: Array) -> None:
    """Raise one sentence naming the first entry that is NaN or infinite."""
    for name, x in named.items():
        # A sum is finite unless an entry is not, or it overflows: one pass, no mask.
        with np.errstate(over="ignore", invalid="ignore"):
            total = xp.sum(x)
        if bool(xp.isfinite(total)):
            continue
        finite = xp.reshape(xp.isfinite(x), (-1,))
        if bool(xp.all(finite)):
            continue
        bad = int(xp.argmin(xp.astype(finite, xp.int8)))
        where = tuple(int(i) for i in np.unravel_index(bad, x.shape))
        raise ValueError(
            f"{name} must be finite, got {complex_or_float(x[where])} at index "
            f"{where}: remove or repair such samples."
        )


def complex_or_float(x: Array) -> complex | float:
    """Python number of a 0-d array, for messages."""
    return complex(x) if "complex" in str(x.dtype) else float(x)


def to_host(x: Array) -> np.ndarray:
    """Copy of any library's array in NumPy."""
    name = library(x)
    if name == "cupy":
        return x.get()
    if name == "torch":
        return x.detach().cpu().numpy()
    if name == "array_api_strict":
        return np.asarray(x.to_device(array_namespace(x).Device("CPU_DEVICE")))
    return np.asarray(x)


def from_host(values: np.ndarray, like: Array) -> Array:
    """NumPy values as an array of the library and on the device of ``like``.

    The dtype is kept, except that float64 becomes float32 where ``like`` is float32.
    """
    xp = array_namespace(like)
    if values.dtype == np.float64 and like.dtype in (xp.float32, xp.complex64):
        values = values.astype(np.float32)
    if library(like) == "numpy":
        return values
    if not values.flags.writeable:
        values = values.copy()  # torch warns of memory that it must not write to
    return xp.asarray(values, device=device(like))
