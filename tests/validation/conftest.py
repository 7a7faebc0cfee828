"""A suite whose rows are known: one is right, one is wrong, one breaks."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from geomsci.validation import suites
from geomsci.validation.suites import Case, Conditioning

VALUES = np.arange(1.0, 7.0).reshape(2, 3)


def double(*, dtype: str, x: Any) -> Any:
    return 2 * x


def double_badly(*, dtype: str, x: Any) -> Any:
    return 2.001 * x


def break_down(*, dtype: str, x: Any) -> Any:
    raise ValueError("broken on purpose <b>&")


@pytest.fixture
def make_case() -> Callable[..., Case]:
    """Cases of the suite "fake" that double their input."""

    def make(name: str = "double", **fields: Any) -> Case:
        defaults: dict[str, Any] = {
            "suite": "fake",
            "name": name,
            "size": "2×3",
            "function": "",
            "inputs": lambda: {"x": VALUES},
            "compute": double,
            "conditioning": lambda inputs, expected: Conditioning(1.0, "exact"),
            "n": 2,
            "expected": lambda inputs: 2 * inputs["x"],
            "against": "twice the input",
        }
        return Case(**{**defaults, **fields})

    return make


@pytest.fixture
def fake_suite(
    monkeypatch: pytest.MonkeyPatch, make_case: Callable[..., Case]
) -> types.ModuleType:
    """Registers the suites "fake" (all right) and "wrong" (one row over budget)."""
    fake = types.ModuleType("geomsci_test_fake_suite")
    fake.cases = lambda quick: [make_case()]  # type: ignore[attr-defined]
    wrong = types.ModuleType("geomsci_test_wrong_suite")
    wrong.cases = lambda quick: [  # type: ignore[attr-defined]
        make_case(),
        make_case("double badly", compute=double_badly),
        make_case("<script>alert(1)</script>", compute=break_down),
    ]
    for name, module in (("fake", fake), ("wrong", wrong)):
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(suites.SUITES, name, module.__name__)
    return fake
