"""What a function's docstring tells a model: what the function does, and what each parameter means."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple

_SECTION = re.compile(
    r"(args|arguments|parameters|params|returns?|raises|yields?|examples?|notes?)\s*:\s*", re.IGNORECASE
)
_PARAMETERS = re.compile(r"(args|arguments|parameters|params)\s*:\s*", re.IGNORECASE)
_ENTRY = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")
_FIELD = re.compile(r":(\w+)\s*([^:]*):\s*(.*)")


class Told(NamedTuple):
    """The description of a function, and of those parameters that have one."""

    description: str
    parameters: dict[str, str]


def told_by(function: Callable[..., Any]) -> Told:
    """Read a docstring: all before its first section, and the parameters of `Args:` or of `:param name:` lines."""
    lines = (inspect.getdoc(function) or "").splitlines()
    end = next((at for at, line in enumerate(lines) if _SECTION.fullmatch(line) or _FIELD.match(line)), len(lines))
    return Told("\n".join(lines[:end]).strip(), {**_of_section(lines), **_of_fields(lines)})


def _of_section(lines: list[str]) -> dict[str, str]:
    """Read an `Args:` section: one entry per parameter, whose further lines are indented deeper."""
    start = next((at + 1 for at, line in enumerate(lines) if _PARAMETERS.fullmatch(line)), len(lines))
    found: dict[str, str] = {}
    name, margin = "", 0
    for line in lines[start:]:
        text, depth = line.strip(), len(line) - len(line.lstrip())
        if not text:
            continue
        if depth == 0:
            break
        margin = margin or depth
        entry = _ENTRY.match(text) if depth <= margin else None
        if entry:
            name, found[entry[1]] = entry[1], entry[2]
        elif name:
            found[name] = f"{found[name]} {text}".strip()
    return {name: text for name, text in found.items() if text}


def _of_fields(lines: list[str]) -> dict[str, str]:
    """Read `:param name: text` lines; `:param type name:` is known too."""
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        field = _FIELD.match(line.strip())
        if field:
            words = field[2].split()
            name = words[-1] if field[1] == "param" and words else ""
            if name:
                found[name] = field[3]
        elif name:
            found[name] = f"{found[name]} {line.strip()}".strip()
    return {name: text for name, text in found.items() if text}
