"""Drivers of the cosmic web: voxels over threads, or one GPU thread a voxel.

``quotient_eigenvalues`` and ``quotient_signature``: density and derivatives in, classes
and eigenvalues out. ``symmetric_eigenvalues`` and ``eigenvalue_signature``: the same of
packed matrices. The mathematics is `geomsci.reference.entropic.web`,
`geomsci.reference.entropic.signature` and
`geomsci.reference.entropic.symmetric_eigenvalues`, compiled for the host and the GPU.

Bytes and operations of a voxel in three dimensions and float32: 40 bytes read, 1 or 13
written; about 60 operations for the class alone, 150 and five elementary functions with
the eigenvalues. All of it in double precision, in registers.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from geomsci.backends import arrays, compile, machine, threads
from geomsci.backends.dispatch import resolve

ENTROPIC = "geomsci.reference.entropic"
SOURCES = {
    "quotient_eigenvalues": ("web", True),
    "quotient_signature": ("web", False),
    "eigenvalues_of_rows": ("symmetric_eigenvalues", True),
    "signatures_of_rows": ("signature", False),
}
"""Module of each loop, and whether it writes eigenvalues."""

WORTH_A_THREAD = 4096
"""Voxels that are worth a piece of their own: about 0.1 milliseconds."""

THREADS_PER_BLOCK = 128
ROWS = {3: 2, 6: 3}
"""Rows of a matrix for each number of packed entries."""


def _named(target: str) -> Any:
    """A value of the methods' modules, which this floor knows by name only."""
    return resolve(target)


def _helpers(name: str, d: int) -> tuple[str, ...]:
    """Functions of the source that its loops call."""
    module, _ = SOURCES[name]
    if module == "web":
        return tuple(_named(f"{ENTROPIC}.web:HELPERS")[d])
    if name == "eigenvalues_of_rows" and d == 2:
        return ("eigenvalues_2",)
    return tuple(_named(f"{ENTROPIC}.{module}:HELPERS_{d}"))


def _target(name: str, d: int) -> str:
    return f"{ENTROPIC}.{SOURCES[name][0]}:{name}_{d}"


@functools.cache
def _host(name: str, d: int, scalar: str) -> Any:
    """Machine code of a loop for fields of ``"float32"`` or ``"float64"``."""
    outputs: tuple[str, ...]
    if name.startswith("quotient"):
        inputs = (f"const {scalar}[1]",) * (1 + d + d * (d + 1) // 2)
        inputs = (*inputs, "float64", "float64")
        values = (f"{scalar}[2]",) if SOURCES[name][1] else ()
        outputs = (*values, "int8[1]")
    elif name == "eigenvalues_of_rows":
        inputs, outputs = (f"const {scalar}[2]",), (f"{scalar}[2]",)
    else:
        inputs, outputs = (f"const {scalar}[2]", "float64"), ("int8[1]",)
    signature = (*inputs, *outputs, "int64", "int64")
    return compile.host(_target(name, d), _helpers(name, d), signature)


def _real(x: Any) -> bool:
    return bool(x.dtype == np.float32 or x.dtype == np.float64)


def _accepts_fields(rho: Any, first: Any, second: Any) -> bool:
    d = len(first)
    return (
        d in (2, 3)
        and len(second) == d * (d + 1) // 2
        and _real(rho)
        and all(f.dtype == rho.dtype for f in (*first, *second))
    )


def accepts_fields(rho: Any, first: Any, second: Any, **options: Any) -> bool:
    """NumPy in two or three dimensions, one real dtype."""
    return isinstance(rho, np.ndarray) and _accepts_fields(rho, first, second)


def accepts_fields_cuda(rho: Any, first: Any, second: Any, **options: Any) -> bool:
    """CuPy in two or three dimensions, one real dtype."""
    return arrays.library(rho) == "cupy" and _accepts_fields(rho, first, second)


def accepts_rows(K: Any, *options: Any) -> bool:
    """NumPy, packed 2 x 2 or 3 x 3, real."""
    return isinstance(K, np.ndarray) and K.shape[-1] in ROWS and _real(K)


def accepts_rows_cuda(K: Any, *options: Any) -> bool:
    """CuPy, packed 2 x 2 or 3 x 3, real."""
    return arrays.library(K) == "cupy" and K.shape[-1] in ROWS and _real(K)


def _flat(library: Any, fields: tuple[Any, ...]) -> tuple[Any, ...]:
    """Fields as contiguous vectors, without a copy where they are contiguous."""
    return tuple(library.ascontiguousarray(f).reshape(-1) for f in fields)


def _over_threads(name: str, d: int, inputs: tuple, outputs: tuple) -> None:
    kernel = _host(name, d, inputs[0].dtype.name)
    work = functools.partial(kernel, *inputs, *outputs)
    threads.over_batch(work, inputs[0].shape[0], at_least=WORTH_A_THREAD)


def _on_device(name: str, d: int, inputs: tuple, outputs: tuple) -> None:
    cupy = machine.require_cupy()
    from numba import cuda as numba_cuda

    stream = numba_cuda.external_stream(cupy.cuda.get_current_stream().ptr)
    launch(name, d, inputs, outputs, stream)


def _quotient(
    name: str, rho: Any, first: Any, second: Any, weight: float, threshold: float
) -> tuple[Any, ...]:
    """Outputs of a loop over fields, on the host or on the device of ``rho``."""
    host = isinstance(rho, np.ndarray)
    library = np if host else machine.require_cupy()
    run = _over_threads if host else _on_device
    fields, d = _flat(library, (rho, *first, *second)), len(first)
    inputs = (*fields, float(weight), float(threshold))
    count = library.empty(fields[0].shape, dtype=np.int8)
    if not SOURCES[name][1]:
        run(name, d, inputs, (count,))
        return (count.reshape(rho.shape),)
    values = library.empty((fields[0].shape[0], d), dtype=rho.dtype)
    run(name, d, inputs, (values, count))
    return values.reshape(*rho.shape, d), count.reshape(rho.shape)


def quotient_eigenvalues_numba(
    rho: Any, first: Any, second: Any, *, weight: float = 1.0, threshold: float = 0.0
) -> tuple[Any, Any]:
    """`geomsci.reference.entropic.web.quotient_eigenvalues`, compiled."""
    found = _quotient("quotient_eigenvalues", rho, first, second, weight, threshold)
    return found[0], found[1]


def quotient_signature_numba(
    rho: Any, first: Any, second: Any, *, weight: float = 1.0, threshold: float = 0.0
) -> Any:
    """`geomsci.reference.entropic.web.quotient_signature`, compiled."""
    return _quotient("quotient_signature", rho, first, second, weight, threshold)[0]


def symmetric_eigenvalues_numba(K: Any) -> Any:
    """`geomsci.reference.entropic.symmetric_eigenvalues.symmetric_eigenvalues`."""
    host = isinstance(K, np.ndarray)
    library = np if host else machine.require_cupy()
    d = ROWS[K.shape[-1]]
    rows = library.ascontiguousarray(K).reshape(-1, K.shape[-1])
    out = library.empty((rows.shape[0], d), dtype=K.dtype)
    (_over_threads if host else _on_device)("eigenvalues_of_rows", d, (rows,), (out,))
    return out.reshape(*K.shape[:-1], d)


def eigenvalue_signature_numba(K: Any, threshold: float = 0.0) -> Any:
    """`geomsci.reference.entropic.signature.eigenvalue_signature`, compiled."""
    host = isinstance(K, np.ndarray)
    library = np if host else machine.require_cupy()
    d = ROWS[K.shape[-1]]
    rows = library.ascontiguousarray(K).reshape(-1, K.shape[-1])
    out = library.empty(rows.shape[0], dtype=np.int8)
    inputs = (rows, float(threshold))
    (_over_threads if host else _on_device)("signatures_of_rows", d, inputs, (out,))
    return out.reshape(K.shape[:-1])


# GPU


# Names that the kernels below find in their globals: `geomsci.backends.compile` puts
# the real ones into the globals of the copies that it compiles.
cuda: Any = None
loop: Any = None


def _quotient_eigenvalues_3_thread(
    rho, x, y, z, xx, xy, xz, yy, yz, zz, weight, threshold, values, count
):
    """One thread: one voxel."""
    i = cuda.grid(1)
    if i < rho.shape[0]:
        loop(
            rho, x, y, z, xx, xy, xz, yy, yz, zz, weight, threshold, values, count,
            i, i + 1,
        )  # fmt: skip


def _quotient_signature_3_thread(
    rho, x, y, z, xx, xy, xz, yy, yz, zz, weight, threshold, count
):
    """One thread: one voxel."""
    i = cuda.grid(1)
    if i < rho.shape[0]:
        loop(
            rho, x, y, z, xx, xy, xz, yy, yz, zz, weight, threshold, count, i, i + 1
        )  # fmt: skip


def _quotient_eigenvalues_2_thread(
    rho, x, y, xx, xy, yy, weight, threshold, values, count
):
    """One thread: one pixel."""
    i = cuda.grid(1)
    if i < rho.shape[0]:
        loop(rho, x, y, xx, xy, yy, weight, threshold, values, count, i, i + 1)


def _quotient_signature_2_thread(rho, x, y, xx, xy, yy, weight, threshold, count):
    """One thread: one pixel."""
    i = cuda.grid(1)
    if i < rho.shape[0]:
        loop(rho, x, y, xx, xy, yy, weight, threshold, count, i, i + 1)


def _eigenvalues_of_rows_thread(K, out):
    """One thread: one matrix, of either size."""
    i = cuda.grid(1)
    if i < K.shape[0]:
        loop(K, out, i, i + 1)


def _signatures_of_rows_thread(K, threshold, out):
    """One thread: one matrix, of either size."""
    i = cuda.grid(1)
    if i < K.shape[0]:
        loop(K, threshold, out, i, i + 1)


def web_grid(name: str, d: int) -> Any:
    """CUDA kernel of a loop of `SOURCES`; types at its first launch."""
    thread = f"_{name}_{d}_thread" if name.startswith("quotient") else f"_{name}_thread"
    body = ("loop", _target(name, d), _helpers(name, d))
    return compile.grid(f"{__name__}:{thread}", (body,))


def launch(name: str, d: int, inputs: tuple, outputs: tuple, stream: Any = 0) -> None:
    """Launch ``web_grid(name, d)`` on device arrays of any library.

    Parameters
    ----------
    name : str
        A loop of `SOURCES`.
    d : {2, 3}
    inputs : tuple
        Arguments of the loop before its outputs; the first is an array over voxels.
    outputs : tuple of device arrays
        Written.
    stream : Numba stream, optional
    """
    n = inputs[0].shape[0]
    if n:
        blocks = math.ceil(n / THREADS_PER_BLOCK)
        web_grid(name, d)[blocks, THREADS_PER_BLOCK, stream](*inputs, *outputs)
