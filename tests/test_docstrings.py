"""The documentation tells the truth: examples run and public objects are described."""

import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import pytest

import geomsci

PACKAGES = (
    "backends",
    "datasets",
    "eeg",
    "embedding",
    "entropic",
    "fisher",
    "sampling",
    "spd",
    "testing",
)
ROOT = Path(__file__).resolve().parent.parent


def _modules():
    for package in PACKAGES:
        root = importlib.import_module(f"geomsci.{package}")
        yield root.__name__
        for found in pkgutil.iter_modules(root.__path__, f"{root.__name__}."):
            yield found.name
    yield "geomsci.plotting"


def _public():
    for package in PACKAGES:
        module = importlib.import_module(f"geomsci.{package}")
        for name in module.__all__:
            yield pytest.param(getattr(module, name), id=f"{package}.{name}")


@pytest.mark.parametrize("name", sorted(_modules()))
def test_examples_print_what_they_say(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0


@pytest.mark.parametrize(
    "page",
    ["backends", "eeg", "embedding", "entropic", "fisher", "index", "sampling", "spd"],
)
def test_guides_print_what_they_say(page):
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    path = str(ROOT / "docs" / f"{page}.rst")
    result = doctest.testfile(path, module_relative=False, optionflags=options)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("thing", list(_public()))
def test_public_objects_are_described(thing):
    text = inspect.getdoc(thing)
    assert text
    first = text.splitlines()[0]
    assert len(first) <= 80
    assert first.endswith((".", ":"))
    if inspect.isfunction(thing):
        for name in inspect.signature(thing).parameters:
            assert re.search(rf"\b{name}\b", text), f"{name} is not described"


def test_readme_examples_print_what_they_say():
    text = (ROOT / "README.md").read_text()
    code = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    shown = re.findall(r"```text\n(.*?)```", text, re.DOTALL)
    assert len(code) == len(shown) > 0
    lines: list[str] = []
    for block in code:
        exec(block, {"print": lambda *parts: lines.append(" ".join(map(str, parts)))})
    assert lines == "".join(shown).splitlines()


def test_version_is_one():
    pyproject = (ROOT / "pyproject.toml").read_text()
    assert f'version = "{geomsci.__version__}"' in pyproject
    assert f"version: {geomsci.__version__}" in (ROOT / "CITATION.cff").read_text()
