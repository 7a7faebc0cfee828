"""Numbers in the words of the reports, the same on terminal, Markdown and HTML."""

from __future__ import annotations

import datetime
import math


def number(x: float | None) -> str:
    """Three significant digits: ``0.5``, ``12.3``, ``4.1e6``."""
    if x is None:
        return ""
    if not math.isfinite(x):
        return str(x)
    if x == 0:
        return "0"
    if 1e-3 <= abs(x) < 1e4:
        return f"{x:.3g}" if abs(x) < 1000 else f"{x:.0f}"
    mantissa, _, exponent = f"{x:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def duration(seconds: float | None) -> str:
    """Time with a unit: ``850 µs``, ``1.2 ms``, ``3.4 s``, ``2 min 5 s``."""
    if seconds is None:
        return ""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.3g} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 100:
        return f"{seconds:.3g} s"
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def size(count: int | None) -> str:
    """Bytes with a unit: ``812 B``, ``1.4 MB``."""
    if count is None:
        return ""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= 1000
        if value < 1000:
            return f"{value:.3g} {unit}"
    return f"{value / 1000:.3g} TB"


def ratio(x: float | None) -> str:
    """A quotient: ``1.83x``."""
    return "" if x is None else f"{number(x)}x"


def signed(x: float | None, digits: int = 3) -> str:
    """A difference with its sign: ``+0.012``, with a true minus sign."""
    if x is None:
        return ""
    return f"{x:+.{digits}f}".replace("-", "−")


def counted(n: int, singular: str, plural: str = "") -> str:
    """``1 row``, ``2 rows``."""
    return f"{n} {singular if n == 1 else plural or singular + 's'}"


def moment(iso: object) -> str:
    """A date as people write it: ``21 November 2026, 18:39 UTC``.

    Text that is no ISO date is returned as it is: it may come from a file.
    """
    try:
        date = datetime.datetime.fromisoformat(str(iso))
    except ValueError:
        return str(iso)
    zone = " UTC" if date.utcoffset() == datetime.timedelta(0) else ""
    return f"{date.day} {date:%B %Y, %H:%M}{zone}"
