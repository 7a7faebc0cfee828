"""Directives that print the capability table of `geomsci.backends` as it is.

``.. support-table::`` one row a public function, ``.. kernel-table::`` one row a
kernel. Both read the table that dispatch and the tests read, so the documentation
cannot say something else.
"""

from __future__ import annotations

import importlib
import inspect

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from geomsci.backends.capabilities import CAPABILITIES, Capability
from geomsci.backends.report import support_rows


def _is_public(row_name: str) -> bool:
    """True if ``spd.mean`` is reached as ``geomsci.spd.mean``."""
    family, *attributes = row_name.split(".")
    found = importlib.import_module(f"geomsci.{family}")
    for attribute in attributes:
        found = getattr(found, attribute, None)
    return found is not None


def _reference(row_name: str) -> str:
    """Link to the public function, or the name of an inner one."""
    if _is_public(row_name):
        return f":py:obj:`{row_name} <geomsci.{row_name}>`"
    return f"*{row_name}*"


_ALL = Capability()


def _libraries(names: str) -> str:
    return "all" if names == ", ".join(_ALL.libraries) else names


def _dtypes(names: str) -> str:
    if names == ", ".join(_ALL.dtypes):
        return "real, complex"
    return "real" if names == "float32, float64" else names


def list_table(header: list[str], rows: list[list[str]], widths: list[int]) -> str:
    """Text of a ``list-table`` directive."""
    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        "   :widths: " + " ".join(map(str, widths)),
        "",
    ]
    for cells in [header, *rows]:
        for k, cell in enumerate(cells):
            lines.append(("   * - " if k == 0 else "     - ") + cell)
    return "\n".join([*lines, ""])


def _first_line(target: str) -> str:
    """First line of the documentation of ``"package.module:predicate"``."""
    module, _, name = target.partition(":")
    predicate = getattr(importlib.import_module(module), name)
    return (inspect.getdoc(predicate) or "").partition("\n")[0]


class TableDirective(SphinxDirective):
    """Base of directives that write reStructuredText of their own."""

    def text(self) -> str:
        """The text to parse; subclasses fill it."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Parse the text where the directive stands."""
        return self.parse_text_to_nodes(self.text())


class SupportTable(TableDirective):
    """One row a function: libraries, precisions, kernels."""

    def text(self) -> str:
        """The rows of `support_rows`, with links."""
        rows = [
            [
                _reference(row["function"]),
                _libraries(row["libraries"]),
                _dtypes(row["dtypes"]),
                "" if row["kernels"] == "none" else row["kernels"],
                "" if row["calls kernels of"] == "none" else row["calls kernels of"],
            ]
            for row in support_rows()
        ]
        header = ["function", "libraries", "dtypes", "own kernels", "calls inside"]
        return list_table(header, rows, [30, 12, 13, 19, 26])


class KernelTable(TableDirective):
    """One row a kernel: what it takes, and the win that admitted it."""

    def text(self) -> str:
        """The kernels of the capability table, or a sentence if there are none."""
        rows = []
        for name, row in sorted(CAPABILITIES.items()):
            for (implementation, kind), kernel in sorted(row.kernels.items()):
                rows.append(
                    [
                        _reference(name),
                        f"{implementation}, {kind} arrays",
                        _first_line(kernel.accepts),
                        _first_line(kernel.pays) if kernel.pays else "no condition",
                        kernel.measured,
                    ]
                )
        if not rows:
            return "No kernel is registered in this version."
        header = ["function", "kernel", "takes", "pays", "measured"]
        return list_table(header, rows, [18, 13, 25, 22, 22])


def setup(app):
    """Register the directives."""
    app.add_directive("support-table", SupportTable)
    app.add_directive("kernel-table", KernelTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
