"""Runs tests/cudasim in a process of its own, with Numba's CUDA simulator on."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

FOLDER = pathlib.Path(__file__).parents[1] / "cudasim"


def _pytest(**variables):
    environment = {k: v for k, v in os.environ.items() if k != "NUMBA_ENABLE_CUDASIM"}
    command = [sys.executable, "-m", "pytest", str(FOLDER), "-m", "", "-q"]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider"],
        cwd=FOLDER.parents[1], env=environment | variables,
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_simulated_kernels_pass():
    done = _pytest(NUMBA_ENABLE_CUDASIM="1")
    assert done.returncode == 0, done.stdout + done.stderr
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed is not None
    assert int(passed.group(1)) > 0


def test_simulated_kernels_are_not_collected_without_the_simulator():
    assert _pytest().returncode == 5  # pytest's code for "no tests collected"
