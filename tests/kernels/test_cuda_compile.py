"""The CUDA C++ kernels compile for real GPUs, without one."""

from __future__ import annotations

import ctypes
import importlib.resources
import importlib.util
import pathlib
import shutil
import subprocess

import pytest

from geomsci.backends import cuda

FILES = sorted(
    item.name
    for item in importlib.resources.files("geomsci.backends.kernels").iterdir()
    if item.name.endswith(".cu")
)
ENTRIES = {
    "deposit.cu": (
        "deposit_starts",
        *(
            f"deposit_{stage}_{real}"
            for stage in ("keys", "sorted", "sums")
            for real in ("float", "double")
        ),
    ),
    "embedding_distance.cu": ("rate_distances",),
    "embedding_neighbors.cu": ("nearest_float", "nearest_double"),
    "embedding_stress.cu": (
        *(f"stress_forces_{k}" for k in range(1, 9)),
        "stress_total",
        "sgd_round",
    ),
    "embedding_uniformisation.cu": ("uniformisation_term",),
    "fourth_moment.cu": ("fourth_moment_float", "fourth_moment_double"),
    "kspace.cu": tuple(
        f"{name}_{real}"
        for name in ("smoothed_parts", "plane_derivatives_2", "plane_derivatives_3")
        for real in ("float", "double")
    ),
    "third_squares.cu": (
        "third_row_sums",
        *(
            f"third_{stage}_{d}"
            for stage in ("products", "traces", "modes", "contract")
            for d in (2, 3)
        ),
    ),
}


@pytest.fixture(scope="module")
def nvrtc():
    """NVIDIA's run-time compiler; it is a plain library and needs no driver."""
    spec = importlib.util.find_spec("nvidia")
    roots = list(spec.submodule_search_locations or []) if spec else []
    found = [p for root in roots for p in pathlib.Path(root).rglob("libnvrtc.so*")]
    if not found:
        pytest.skip("nvidia-cuda-nvrtc is not installed")
    return ctypes.CDLL(str(found[0]))


def _text(nvrtc, program, what):
    size = ctypes.c_size_t()
    assert getattr(nvrtc, f"nvrtcGet{what}Size")(program, ctypes.byref(size)) == 0
    text = ctypes.create_string_buffer(size.value)
    assert getattr(nvrtc, f"nvrtcGet{what}")(program, text) == 0
    return text.value.decode()


def _ptx(nvrtc, source, architecture):
    """PTX text and the compiler's messages."""
    program = ctypes.c_void_p()
    created = nvrtc.nvrtcCreateProgram(
        ctypes.byref(program), source.encode(), b"kernel.cu", 0, None, None
    )
    assert created == 0
    options = [f"--gpu-architecture={architecture}", *cuda.OPTIONS]
    values = (ctypes.c_char_p * len(options))(*(o.encode() for o in options))
    code = nvrtc.nvrtcCompileProgram(program, len(options), values)
    log = _text(nvrtc, program, "ProgramLog")
    ptx = _text(nvrtc, program, "PTX") if code == 0 else ""
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return ptx, log


def test_every_kernel_file_names_its_entries():
    assert set(FILES) == set(ENTRIES)


@pytest.mark.parametrize("architecture", ["compute_80", "compute_90"])
@pytest.mark.parametrize("file", FILES)
def test_nvrtc_compiles_without_a_message(nvrtc, file, architecture):
    ptx, log = _ptx(nvrtc, cuda.source(file), architecture)
    assert log.strip() == ""
    assert f".target {architecture.replace('compute', 'sm')}" in ptx
    for name in ENTRIES[file]:
        assert f".entry {name}(" in ptx


@pytest.mark.parametrize("file", FILES)
def test_kernels_use_no_atomics(nvrtc, file):
    ptx, _ = _ptx(nvrtc, cuda.source(file), "compute_90")
    assert "atom." not in ptx
    assert "red." not in ptx.replace("shared.", "")


def test_nvrtc_reports_a_wrong_source(nvrtc):
    ptx, log = _ptx(nvrtc, 'extern "C" __global__ void f() { g(); }', "compute_80")
    assert ptx == ""
    assert "g" in log


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
@pytest.mark.parametrize("file", FILES)
def test_nvcc_compiles_without_a_warning(tmp_path, file, architecture):
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        pytest.skip("nvcc is not on the PATH")
    path = tmp_path / file
    path.write_text(cuda.source(file), encoding="utf-8")
    command = [nvcc, *cuda.OPTIONS, f"-arch={architecture}", "-Werror", "all-warnings"]
    binary = tmp_path / "kernel.cubin"
    done = subprocess.run(
        [*command, "-cubin", str(path), "-o", str(binary)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert binary.stat().st_size > 0
