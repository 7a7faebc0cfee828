"""``.. changelog:: FILE``: the Markdown changelog of the repository as a page.

The file uses headings, lists and code in backticks, and nothing else of Markdown.
"""

from __future__ import annotations

import re
from pathlib import Path

from capability_tables import TableDirective


class Changelog(TableDirective):
    """The versions as rubrics; the title is the page's own."""

    required_arguments = 1

    def text(self) -> str:
        """The file with headings and code in the words of reStructuredText."""
        path = Path(self.env.srcdir, self.arguments[0]).resolve()
        self.env.note_dependency(str(path))
        text = path.read_text(encoding="utf-8")
        text = re.sub(r"^# .*\n", "", text)
        text = re.sub(r"^## (.*)$", r".. rubric:: \1", text, flags=re.MULTILINE)
        return re.sub(r"`([^`]+)`", r"``\1``", text)


def setup(app):
    """Register the directive."""
    app.add_directive("changelog", Changelog)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
