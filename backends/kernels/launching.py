"""What runs the CUDA C++ kernels of a file: a GPU, or the host in the tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from geomsci.backends import cuda, machine


class Runner(NamedTuple):
    """Array namespace and launcher of one place.

    ``xp``: ``cupy`` or ``numpy``. ``launch`` takes the name of a kernel, the numbers of
    blocks along two axes, the threads of a block, and the arguments: contiguous arrays,
    integers (handed over as ``long long``) and floats (as ``double``).
    """

    xp: Any
    launch: Callable[[str, tuple[int, int], int, tuple[Any, ...]], None]


def on_device(file: str) -> Runner:
    """The runner of a kernel file on the current GPU.

    Raises
    ------
    BackendUnavailable
        If CuPy or a device is missing.
    """
    cupy = machine.require_cupy()

    def argument(x: Any) -> Any:
        if isinstance(x, int):
            return cupy.int64(x)
        return cupy.float64(x) if isinstance(x, float) else x

    def launch(
        name: str, blocks: tuple[int, int], threads: int, arguments: tuple[Any, ...]
    ) -> None:
        values = tuple(argument(x) for x in arguments)
        cuda.kernel(file, name)(blocks, (threads,), values)

    return Runner(cupy, launch)
