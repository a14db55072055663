"""Grades in colour, and in words where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

STYLES = {"native": "green", "emulated": "cyan", "lossy": "yellow", "unsupported": "dim"}
SYMBOLS = {"native": "●", "emulated": "◐", "lossy": "○", "unsupported": "-"}


def grade_text(grade: str, more: str = "") -> Text:
    """Give a grade with its symbol and colour."""
    from rich.text import Text

    text = Text(f"{SYMBOLS[grade]} {grade}", style=STYLES[grade])
    return text.append(f" {more}", style="default") if more else text
