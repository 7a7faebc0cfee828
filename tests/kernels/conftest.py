"""Builds the C++ side of the kernel tests once a session."""

from __future__ import annotations

import ctypes
import pathlib
import shutil
import subprocess
import sys
from collections.abc import Callable

import pytest

from geomsci.backends import cuda

HERE = pathlib.Path(__file__).parent
FLAGS = ("-std=c++20", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared")
# Without it the two libraries of a session would share the state of the shim.
OWN_STATE = ("-fno-gnu-unique", "-Wl,-Bsymbolic")


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., ctypes.CDLL]:
    """Compiles one C++ file of this folder, with a kernel text if one is given."""
    if sys.platform != "linux":
        pytest.skip("the host shim needs Linux (ELF sections and ucontext)")
    compiler = shutil.which("g++")
    if compiler is None:
        pytest.skip("g++ is not installed, so CUDA kernels cannot run on the host")

    def compiled(file: str, kernel_text: str | None = None) -> ctypes.CDLL:
        folder = tmp_path_factory.mktemp("cuda_host")
        defines = []
        if kernel_text is not None:
            kernel = folder / "kernel.cu"
            kernel.write_text(kernel_text, encoding="utf-8")
            defines = [f'-DKERNEL_FILE="{kernel}"']
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
