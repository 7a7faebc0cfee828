"""The four floors: imports go only downwards, and importing is light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("backends", "reference", "geomsci", "validation")
HEAVY = {"numba", "cupy", "torch", "sklearn", "scipy", "matplotlib", "mne"}


def _modules():
    for floor in FLOORS:
        for path in sorted((ROOT / floor).rglob("*.py")):
            inside = path.relative_to(ROOT / floor)
            if floor != "geomsci" or inside.parts[0] not in FLOORS:
                yield pytest.param(floor, path, id=str(path.relative_to(ROOT)))


def _imported(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _floor_of(name):
    parts = name.split(".")
    if parts[0] != "geomsci":
        return None
    return parts[1] if len(parts) > 1 and parts[1] in FLOORS else "geomsci"


@pytest.mark.parametrize(("floor", "path"), list(_modules()))
def test_imports_go_only_downwards(floor, path):
    for name in _imported(path):
        target = _floor_of(name)
        if target is not None and not (floor == "geomsci" and path.name == "cli.py"):
            assert FLOORS.index(target) <= FLOORS.index(floor), f"{name} from {floor}"
        if floor == "reference":
            assert name.split(".")[0] not in HEAVY | {"numpy"}, f"{name} in reference"


def test_import_is_light():
    code = "import sys, geomsci; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(out.stdout.split())


@pytest.mark.parametrize("floor", ["backends", "reference", "validation"])
def test_linked_packages_refuse_their_bare_name(floor):
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {floor}"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert f"import this package as geomsci.{floor}" in out.stderr


def test_unknown_attribute_is_named():
    import geomsci

    with pytest.raises(AttributeError, match="no_such_module"):
        geomsci.no_such_module  # noqa: B018
