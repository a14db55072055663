"""Grades: which are the work of the state, and tables of them with symbols and colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from ..provider import Features

STYLES = {"native": "green", "emulated": "cyan", "lossy": "yellow", "unsupported": "dim"}
SYMBOLS = {"native": "●", "emulated": "◐", "lossy": "○", "unsupported": "-"}


def is_done_by_state(features: Features, operation: str) -> bool:
    """Whether the state does an operation in the vendor's place: the row is the one it makes of nothing."""
    from ..provider import unsupported
    from ..remote.completing import with_state

    return features[operation] == with_state(features.replace(**{operation: unsupported()}))[operation]


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
