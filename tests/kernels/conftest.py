"""The C++ side of the kernel tests, built once a session, and stand-ins for CuPy."""

from __future__ import annotations

import contextlib
import ctypes
import math
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest

from geomsci.backends import cuda, machine
from geomsci.backends.kernels.launching import Runner

HERE = pathlib.Path(__file__).parent
FLAGS = ("-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared")
# Without it the two libraries of a session would share the state of the shim.
OWN_STATE = ("-fno-gnu-unique", "-Wl,-Bsymbolic")


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ctypes.CDLL]:
    """Compiles one C++ file of this folder, with a kernel text if one is given.

    ``entries`` names the kernels that ``slots_launch.cpp`` makes callable.
    """
    if sys.platform != "linux":
        pytest.skip("the host shim needs Linux (ELF sections and ucontext)")
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("g++ is not installed, so CUDA kernels cannot run on the host")

    def compiled(
        file: str, kernel_text: str | None = None, entries: tuple[str, ...] = ()
    ) -> ctypes.CDLL:
        folder = tmp_path_factory.mktemp("cuda_host")
        defines = []
        if kernel_text is not None:
            kernel = folder / "kernel.cu"
            kernel.write_text(kernel_text, encoding="utf-8")
            listed = " ".join(f"ENTRY({name})" for name in entries)
            defines = [f'-DKERNEL_FILE="{kernel}"', f"-DKERNEL_ENTRIES={listed}"]
        library = folder / "kernel.so"
        command = [compiler, *FLAGS, *OWN_STATE, *defines, str(HERE / file)]
        done = subprocess.run(
            [*command, "-o", str(library)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return ctypes.CDLL(str(library))

    return compiled


@pytest.fixture(scope="session")
def host_fourth_moment(build: Callable[..., ctypes.CDLL]) -> ctypes.CDLL:
    """The real kernel file, run by the host shim."""
    return build("host_launch.cpp", cuda.source("fourth_moment.cu"))


@pytest.fixture(scope="session")
def host_third_squares(build: Callable[..., ctypes.CDLL]) -> ctypes.CDLL:
    """The kernels of the streaming sum over third cumulants, run by the host shim."""
    return build("third_squares_launch.cpp", cuda.source("third_squares.cu"))


def _slot(x: object) -> int:
    """The 8 bytes of an argument, as an integer."""
    if isinstance(x, np.ndarray):
        assert x.flags.c_contiguous
        return x.ctypes.data
    assert type(x) in (int, float)
    return int(np.asarray(x).view(np.uint64))


@pytest.fixture(scope="session")
def host_runner(build: Callable[..., ctypes.CDLL]) -> Callable[..., Runner]:
    """Runs the kernels of a file on the host: NumPy in the place of CuPy."""
    libraries: dict[tuple[str, str | None], ctypes.CDLL] = {}

    def runner(
        file: str,
        entries: tuple[str, ...],
        *,
        backwards: bool = False,
        text: str | None = None,
    ) -> Runner:
        if (file, text) not in libraries:
            source = cuda.source(file) if text is None else text
            libraries[file, text] = build("slots_launch.cpp", source, entries)
        library = libraries[file, text]

        def launch(
            name: str, blocks: tuple[int, int], threads: int, arguments: tuple
        ) -> None:
            assert getattr(library, f"arity_{name}")() == len(arguments)
            slots = (ctypes.c_uint64 * len(arguments))(*map(_slot, arguments))
            kernel = getattr(library, f"launch_{name}")
            assert kernel(*blocks, threads, int(backwards), slots) == 0

        return Runner(np, launch)

    return runner


class _Place(str, contextlib.nullcontext):
    """NumPy's device as a context, as CuPy's is."""


class _DeviceArray(np.ndarray):
    device = _Place("cpu")


@pytest.fixture
def device_array() -> Callable[[np.ndarray], np.ndarray]:
    """Makes an array of NumPy look like one of CuPy to the doors of the kernels."""
    return lambda x: np.ascontiguousarray(x).view(_DeviceArray)


@pytest.fixture
def launched(
    host_runner: Callable[..., Runner], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[str]]:
    """Puts the host in the place of the GPU; the kernels that were launched.

    Called with a function from the name of a file to the names of its kernels.
    """

    def pretend(entries: Callable[[str], tuple[str, ...]]) -> list[str]:
        names: list[str] = []

        def kernel(file: str, name: str) -> Callable[..., None]:
            runner = host_runner(file, entries(file))

            def call(blocks: tuple, threads: tuple, arguments: tuple) -> None:
                kinds = np.ndarray | np.int64 | np.float64
                assert all(isinstance(x, kinds) for x in arguments)
                plain = [
                    x if isinstance(x, np.ndarray) else x.item() for x in arguments
                ]
                names.append(name)
                runner.launch(name, blocks, *threads, tuple(plain))

            return call

        monkeypatch.setattr(machine, "require_cupy", lambda: np)
        monkeypatch.setattr(cuda, "kernel", kernel)
        return names

    return pretend


@pytest.fixture
def cupy_array() -> Callable[..., object]:
    """What a predicate sees of an array of CuPy: its library, dtype and shape."""

    def made(*shape: int, dtype: object = np.float64) -> object:
        array = type("ndarray", (), {"__module__": "cupy"})()
        array.dtype, array.shape = np.dtype(dtype), shape
        array.size, array.ndim = math.prod(shape), len(shape)
        return array

    return made
