"""Tables of grades: symbols and colours, and words where there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

STYLES = {"native": "green", "emulated": "cyan", "lossy": "yellow", "unsupported": "dim"}
SYMBOLS = {"native": "●", "emulated": "◐", "lossy": "○", "unsupported": "-"}


def new_table(*columns: str) -> Table:
    """Give a table without frames whose first column is never broken."""
    from rich import box
    from rich.table import Column, Table

    first, *others = columns
    return Table(Column(first, no_wrap=True), *others, box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))


def grade_text(grade: str, words: str) -> Text:
    """Give words behind the symbol of a grade, in its colour."""
    from rich.text import Text

    return Text(f"{SYMBOLS[grade]} {words}".rstrip(), style=STYLES[grade])
