"""`show_backends`: what is installed, usable, why not, and the kernels per function."""

from __future__ import annotations

from geomsci.backends import dispatch, machine
from geomsci.backends.capabilities import CAPABILITIES

LIBRARIES = ("numpy", "scipy", "numba", "cupy", "torch", "array_api_strict")


def support_rows() -> list[dict[str, str]]:
    """The support table, one dictionary a public function, in alphabetical order."""
    rows = []
    for name, row in sorted(CAPABILITIES.items()):
        kernels = ", ".join(
            f"{implementation} ({kind} arrays)"
            for implementation, kind in sorted(row.kernels)
        )
        rows.append(
            {
                "function": name,
                "libraries": ", ".join(row.libraries),
                "dtypes": ", ".join(row.dtypes),
                "kernels": kernels or "none",
                "calls kernels of": ", ".join(row.uses) or "none",
            }
        )
    return rows


def backends_text() -> str:
    """What `show_backends` prints."""
    lines = [f"choice in force: {dispatch.current_backend()}", "", "libraries"]
    for library in LIBRARIES:
        found = machine.status(library)
        state = f"usable, version {found.version}" if found.usable else found.reason
        lines.append(f"  {library:<18}{state}")
    lines += ["", "kernels (everything else runs its reference on any library)"]
    for name, row in sorted(CAPABILITIES.items()):
        for (implementation, kind), kernel in sorted(row.kernels.items()):
            lines.append(
                f"  {name:<28}{implementation} on {kind} arrays; {kernel.measured}"
            )
    return "\n".join(lines)


def show_backends() -> None:
    """Print what is installed, what is usable, why not, and which kernels exist."""
    print(backends_text())  # noqa: T201 (printing is what the function is for)
