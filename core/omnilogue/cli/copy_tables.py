"""Tables as CSV and Markdown, safe to be opened by what reads such files."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Sequence

from .terminal import one_line

_FORMULA = re.compile(r"\s*[=+\-@|%]")
"""What a spreadsheet takes for a formula or a command."""

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~])")


def csv_line(cells: Sequence[str]) -> str:
    """Give a line of CSV; text that a spreadsheet would run stands behind an apostrophe."""
    written = io.StringIO()
    csv.writer(written, lineterminator="").writerow([_harmless(one_line(cell)) for cell in cells])
    return written.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def markdown_line(cells: Sequence[str]) -> str:
    """Give a row of a Markdown table in which nothing that was written by others is markup."""
    return f"| {' | '.join(markdown_text(cell) for cell in cells)} |"


def markdown_text(text: str) -> str:
    """Give text on one line that Markdown and HTML show as it is."""
    return _MARKDOWN.sub(r"\\\1", html.escape(one_line(text), quote=False))


def markdown_head(cells: Sequence[str]) -> list[str]:
    """Give the head of a Markdown table."""
    return [markdown_line(cells), "|" + " --- |" * len(cells)]
