"""The `xp` fixture: every test that takes it runs on every library and device."""

from __future__ import annotations

import array_api_strict
import numpy as np
import pytest

from geomsci.backends import dispatch, machine
from geomsci.backends.capabilities import CAPABILITIES
from geomsci.testing import ArrayCase, array_cases


@pytest.fixture(params=array_cases(available_only=False), ids=lambda case: case.name)
def xp(request: pytest.FixtureRequest) -> ArrayCase:
    """One library, device and precision; the capability mark leaves out the rest."""
    case: ArrayCase = request.param
    status = machine.status(case.library)
    if not status.usable:
        pytest.skip(f"{case.library}: {status.reason}")
    for mark in request.node.iter_markers("capability"):
        row = CAPABILITIES[mark.args[0]]
        if case.library not in row.libraries:
            pytest.skip(f"{mark.args[0]} does not run on {case.library}")
        if case.single and "float32" not in row.dtypes:
            pytest.skip(f"{mark.args[0]} does not take float32")
    return case


@pytest.fixture
def spd_batch() -> np.ndarray:
    """Twelve well-conditioned 4 x 4 SPD matrices, condition number below 100."""
    rng = np.random.default_rng(7)
    A = rng.standard_normal((12, 4, 12))
    return A @ np.swapaxes(A, -1, -2) / 12 + 0.1 * np.eye(4)


class _StrictMover(dispatch.Mover):
    """Moves arrays to the strict library's second device instead of a GPU."""

    def __init__(self, record):
        self._record = record

    def to_device(self, x):
        return array_api_strict.asarray(
            np.array(x), device=array_api_strict.Device("device1")
        )


@pytest.fixture
def offload(monkeypatch: pytest.MonkeyPatch) -> None:
    """``use_backend("cupy")`` works, on a device that refuses conversion to NumPy."""
    monkeypatch.setattr(dispatch, "Mover", _StrictMover)
    monkeypatch.setattr(dispatch, "_checked", lambda choice, source: choice)
