"""One scalar source becomes host code and PTX; loading is lazy."""

from __future__ import annotations

import importlib
import subprocess
import sys
import types

import numpy as np
import pytest

from geomsci.backends import BackendUnavailable, compile, cuda, machine
from geomsci.backends.kernels import spd

SOURCE = "geomsci.reference.spd.jacobi"


def test_drivers_import_neither_numba_nor_cupy():
    modules = "spd, shrinkage, third_squares, third_squares_cuda, lattice"
    code = (
        f"import sys; from geomsci.backends.kernels import {modules}; "
        "from geomsci.backends import compile, cuda; "
        "sys.exit(any(m in sys.modules for m in ('numba', 'cupy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_source_stays_plain_python():
    from geomsci.reference.spd import jacobi

    compile.host(f"{SOURCE}:squared_lengths")
    assert type(jacobi.squared_lengths) is type(lambda: 0)


def test_helper_is_compiled_with_its_caller():
    cosines = compile.host(f"{SOURCE}:rotate_pairs", ("partner", "rotate_rows"))
    K, squares = np.eye(2), np.ones(2)
    pairs = np.array([[1.0], [1.0], [0.0], [0.0], [1.0]])
    cosines(K, squares, 1, pairs)
    np.testing.assert_array_equal(K, [[0, -1], [1, 0]])


def test_missing_helper_is_an_error_and_not_a_slow_path(tmp_path, monkeypatch):
    numba = pytest.importorskip("numba")
    text = "def inner(x):\n    return x + 1\n\n\ndef outer(x):\n    return inner(x)\n"
    (tmp_path / "scalar_source.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(numba.TypingError, match="inner"):
        compile.host("scalar_source:outer")(1)
    assert compile.host("scalar_source:outer", ("inner",))(1) == 2


def test_change_of_an_imported_helper_is_noticed(tmp_path, monkeypatch):
    pytest.importorskip("numba")
    outer = "from lent_source import inner\n\n\ndef outer(x):\n    return inner(x)\n"
    (tmp_path / "borrowing_source.py").write_text(outer, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    for step in (1, 2):
        text = f"def inner(x):\n    return x + {step}\n"
        (tmp_path / "lent_source.py").write_text(text, encoding="utf-8")
        for name in ("lent_source", "borrowing_source"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        for cached in (compile.host, compile._source_bytes):
            cached.cache_clear()
        monkeypatch.setattr(sys, "dont_write_bytecode", True)
        assert compile.host("borrowing_source:outer", ("inner",))(1) == 1 + step


def test_second_request_returns_the_same_code():
    assert compile.host(f"{SOURCE}:partner") is compile.host(f"{SOURCE}:partner")


@pytest.fixture
def pretended_gpu(request, monkeypatch):
    """Numba asks the driver which GPU to compile device functions for: answer it."""
    dispatcher = pytest.importorskip("numba.cuda.dispatcher")
    if not _has_nvvm():
        pytest.skip("NVIDIA's NVVM library (CUDA toolkit) is not installed")
    gpu = types.SimpleNamespace(compute_capability=request.param)
    monkeypatch.setattr(dispatcher, "get_current_device", lambda: gpu)
    for cached in (compile.device, compile.grid):
        cached.cache_clear()
    yield request.param
    for cached in (compile.device, compile.grid):
        cached.cache_clear()


@pytest.mark.parametrize("pretended_gpu", [(8, 0), (9, 0)], indirect=True)
def test_gpu_form_compiles_to_ptx(pretended_gpu):
    from numba import cuda as numba_cuda
    from numba import float64, int64

    matrix, stack = float64[:, ::1], float64[:, :, ::1]
    workspaces = (float64[:, :, :, ::1], stack, stack)
    signature = (matrix, stack, stack, int64[::1], *workspaces)
    kernel = spd.whitened_log_grid().py_func
    ptx, _ = numba_cuda.compile_ptx(kernel, signature, cc=pretended_gpu)
    assert ".target sm_{}{}".format(*pretended_gpu) in ptx
    assert "sqrt.rn.f64" in ptx


def _has_nvvm():
    try:
        from numba.cuda.cudadrv import nvvm

        nvvm.NVVM()
    except (ImportError, OSError, RuntimeError):
        return False
    return True


def test_kernel_file_is_found_in_the_package():
    assert "__global__" in cuda.source("fourth_moment.cu")


@pytest.mark.skipif(machine.cupy_status().usable, reason="a GPU is here")
def test_loading_without_a_gpu_says_why():
    with pytest.raises(BackendUnavailable, match="cupy backend cannot run here"):
        cuda.kernel("fourth_moment.cu", "fourth_moment_double")
