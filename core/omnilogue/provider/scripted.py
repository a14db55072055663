"""Calls of tools that a text spells out: how a model that understands nothing is made to call a tool.

Emulators and the provider `memory` answer so: `[tool clock {"zone": "UTC"}]` in a text calls the tool `clock`, and what
it says stands there instead.
"""

from __future__ import annotations

import json
from collections.abc import Container, Sequence
from typing import NamedTuple

_BEGIN = "[tool "


class ScriptedCall(NamedTuple):
    """One call: where it stands in the text, the tool's name, its arguments as JSON text, perhaps empty or broken."""

    start: int
    end: int
    name: str
    arguments: str


def scripted_calls(text: str, names: Container[str]) -> list[ScriptedCall]:
    """Find the calls of tools of these names that a text spells out, in their order; others are text."""
    found: list[ScriptedCall] = []
    start = text.find(_BEGIN)
    while start >= 0:
        name, end = _word(text, start + len(_BEGIN))
        arguments, end = _json_text(text, end)
        if name in names and text[end : end + 1] == "]":
            found.append(ScriptedCall(start, end + 1, name, arguments))
        start = text.find(_BEGIN, max(end, start + 1))
    return found


def with_answers(text: str, calls: Sequence[ScriptedCall], said: Sequence[str]) -> str:
    """Put what the tools said in the places of the calls; none, where the calls stand in another text."""
    for call, answer in reversed(list(zip(calls, said, strict=False))):
        text = text[: call.start] + answer + text[call.end :]
    return text


def _word(text: str, start: int) -> tuple[str, int]:
    end = start
    while end < len(text) and not text[end].isspace() and text[end] != "]":
        end += 1
    return text[start:end], end


def _json_text(text: str, start: int) -> tuple[str, int]:
    """Read the arguments: JSON to its end, or whatever stands before the next bracket."""
    while text[start : start + 1] == " ":
        start += 1
    try:
        _, end = json.JSONDecoder().raw_decode(text, start)
    except (ValueError, RecursionError):
        end = text.find("]", start)
        end = len(text) if end < 0 else end
    return text[start:end], end


__all__ = ["ScriptedCall", "scripted_calls", "with_answers"]
