"""Driver of the GPU kernels of the streaming sum over third cumulants.

`geomsci.reference.fisher.streaming.third_squares` for a planar Ising torus with two or
three bond types a cell, in batches of momenta k1 that fill `WORKSPACE_BYTES`:

    products, transform, traces, modes   for every group of sectors and middle bond
    transform, contract, row_sums        once a batch

The kernels, their mapping and what they read and write are in ``third_squares.cu``; the
transforms are cuFFT's, in place. Everything but launches and transforms is ordinary
array code.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

from geomsci.backends import arrays, cuda, linalg, machine
from geomsci.backends.tiling import DEVICE_BYTES, tiles

FILE = "third_squares.cu"

LARGEST_SIDE = 46340
"""Products of two coordinates fit a 32-bit integer up to it."""

WORKSPACE_BYTES = 4 * DEVICE_BYTES
"""Memory for the arrays of a batch and the work areas of their transforms."""

THREADS_PER_BLOCK = 128

CHUNK = 8
"""Momenta that one thread of the pointwise kernels goes through, as in the file."""

MOST_PARTS = 1024
"""Blocks that share the sum over k2; it does not depend on the batch."""


class Runner(NamedTuple):
    """What runs the kernels: a GPU, or the host in the tests.

    ``xp``: ``cupy`` or ``numpy``. ``launch`` takes the name of a kernel, the numbers of
    blocks along two axes, the threads of a block, and the arguments, arrays and Python
    integers. ``transform``: Fourier transform over the last two of three axes, may
    overwrite its argument. ``threads``: multiple of 32, at most 256.
    """

    xp: Any
    launch: Callable[[str, tuple[int, int], int, tuple], None]
    transform: Callable[[Any], Any]
    threads: int = THREADS_PER_BLOCK


class Mode(NamedTuple):
    """A pseudo-sector with a mode: its flat momentum and matrix, and K times weight."""

    momentum: int
    shift: Any
    K: Any


class Operands(NamedTuple):
    """What the kernels read for every batch, each array contiguous.

    Per group of sectors ``Khat`` and ``K`` (2d, 2d, n), ``twists`` and ``modes``; K is
    the sum over the group. ``corrections``: Cholesky factors of the metric's inverse
    blocks, line, point, contact and triple terms.
    """

    shape: tuple[int, int]
    Khat: list[Any]
    K: list[Any]
    twists: tuple[tuple[int, int], ...]
    modes: list[list[Mode]]
    factor: Any
    corrections: tuple[Any, ...]


def accepts_third_squares_cuda(plan: Any, k1: Any) -> bool:
    """CuPy complex128, two or three bond types a cell, sides of at most 46340."""
    return (
        arrays.library(plan.Khat) == "cupy"
        and arrays.library(k1) == "cupy"
        and plan.Khat.dtype.name == "complex128"
        and len(plan.factor) in (2, 3)
        and max(plan.shape) <= LARGEST_SIDE
        and k1.size > 0
    )


def third_squares_cuda(plan: Any, k1: Any) -> Any:
    """``sum_k2 h(k1, k2, k3)`` of CuPy arrays, shape (len(k1),).

    Parameters
    ----------
    plan : Bispectrum
        Of `geomsci.reference.fisher.third_transform`.
    k1 : array of int, shape (m,)
        Flat indices of momenta.
    """
    cupy = machine.require_cupy()
    fft = importlib.import_module("cupyx.scipy.fft")
    plans: dict[tuple[int, ...], Any] = {}

    def launch(
        name: str, blocks: tuple[int, int], threads: int, arguments: tuple
    ) -> None:
        numbers = (cupy.int64(x) if isinstance(x, int) else x for x in arguments)
        cuda.kernel(FILE, name)(blocks, (threads,), tuple(numbers))

    def transform(x: Any) -> Any:
        if x.shape not in plans:
            plans[x.shape] = fft.get_fft_plan(x, axes=(1, 2))
        return fft.fftn(x, axes=(1, 2), overwrite_x=True, plan=plans[x.shape])

    with k1.device:
        return squares(plan, k1, Runner(cupy, launch, transform))


def squares(
    plan: Any, k1: Any, runner: Runner, *, workspace: int = WORKSPACE_BYTES
) -> Any:
    """The sum for every k1, in batches of about ``workspace`` bytes."""
    xp = runner.xp
    given = operands(plan, xp)
    momenta = xp.ascontiguousarray(k1, dtype=xp.int64)
    out = xp.empty(momenta.shape[0], dtype=xp.float64)
    bytes_each = bytes_per_momentum(len(plan.factor), plan.Khat.shape[-1])
    for batch in tiles(momenta.shape[0], bytes_each, target=workspace):
        Theta = connected_part(given, momenta[batch], runner)
        contract(given, Theta, momenta[batch], out[batch], runner)
    return out


def bytes_per_momentum(d: int, n: int) -> int:
    """Products and traces of one k1, and as much again to transform them."""
    return 2 * 16 * n * (d * (2 * d + 1) + d * d * (d + 1) // 2)


def operands(plan: Any, xp: Any) -> Operands:
    """Contiguous arrays of a `Bispectrum`, its sectors gathered by group."""
    groups = range(plan.Khat.shape[0])
    members = [[s for s, own in enumerate(plan.groups) if own == g] for g in groups]
    modes = [
        [
            Mode(
                plan.modes[s],
                xp.ascontiguousarray(plan.shifts[s, ...]),
                xp.ascontiguousarray(plan.K[s, ...]),
            )
            for s in own
            if plan.modes[s] is not None
        ]
        for own in members
    ]
    return Operands(
        plan.shape,
        [xp.ascontiguousarray(plan.Khat[g, ...]) for g in groups],
        [xp.ascontiguousarray(sum(plan.K[s, ...] for s in own)) for own in members],
        plan.twists,
        modes,
        xp.asarray(plan.factor, dtype=xp.float64),
        (
            xp.ascontiguousarray(linalg.cholesky(plan.inverses)),
            xp.ascontiguousarray(plan.line, dtype=xp.complex128),
            xp.ascontiguousarray(plan.point, dtype=xp.float64),
            xp.ascontiguousarray(plan.contact, dtype=xp.complex128),
            xp.ascontiguousarray(plan.triple, dtype=xp.float64),
        ),
    )


def connected_part(given: Operands, k1: Any, runner: Runner) -> Any:
    """Transform of Theta, shape (m d pairs, L1, L2), one row per (k1, b, a <= c)."""
    xp, launch, transform, threads = runner
    d, m = given.factor.shape[0], k1.shape[0]
    n = given.shape[0] * given.shape[1]
    grid = (-(-n // threads), -(-m // CHUNK))
    where = (k1, m, *given.shape)
    rows = m * d * (d * (d + 1) // 2)
    Theta = xp.empty((rows, *given.shape), dtype=xp.complex128)
    entries = xp.empty((m * d * (2 * d + 1), *given.shape), dtype=xp.complex128)
    for b in range(d):
        for group, (Khat, K) in enumerate(zip(given.Khat, given.K)):
            launch(f"third_products_{d}", grid, threads, (Khat, *where, b, entries))
            F = transform(entries)
            twist, overwrite = given.twists[group], int(group == 0)
            traced = (F, K, *where, *twist, b, given.factor, overwrite, Theta)
            launch(f"third_traces_{d}", grid, threads, traced)
            for q0, shift, K_s in given.modes[group]:
                pseudo = (Khat, shift, K_s, *where, q0, b, given.factor, Theta)
                launch(f"third_modes_{d}", grid, threads, pseudo)
    return transform(Theta)


def contract(given: Operands, Theta: Any, k1: Any, out: Any, runner: Runner) -> None:
    """Write the sum over k2 of every k1 to ``out``."""
    xp, launch, _, threads = runner
    d, m = given.factor.shape[0], k1.shape[0]
    parts = min(-(-given.shape[0] * given.shape[1] // threads), MOST_PARTS)
    partial = xp.empty((m, parts), dtype=xp.float64)
    terms = (Theta, *given.corrections, k1, *given.shape, partial)
    launch(f"third_contract_{d}", (m, parts), threads, terms)
    launch("third_row_sums", (m, 1), threads, (partial, parts, out))
