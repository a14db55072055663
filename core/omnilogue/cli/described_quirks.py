"""What an emulator's switches are, as data; the comment above each in its source is its description."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any, get_type_hints

from .described import type_in_words

_FIELD = re.compile(r"(\w+)\s*:")


def describe_quirks(kind: type[Any]) -> list[dict[str, Any]]:
    """Give name, type, default and description of each switch, for the class of the quirks of an emulator."""
    types, comments = get_type_hints(kind), _comments(kind)
    return [
        {
            "name": field.name,
            "type": type_in_words(types[field.name]),
            "default": _default(field),
            "description": comments.get(field.name, ""),
        }
        for field in dataclasses.fields(kind)
    ]


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return None if field.default is dataclasses.MISSING else field.default


def _comments(kind: type[Any]) -> dict[str, str]:
    """Read the comments that stand right above the fields; a class whose source is not there has none."""
    found: dict[str, str] = {}
    waiting: list[str] = []
    try:
        lines = inspect.getsource(kind).splitlines()
    except (OSError, TypeError):
        return found
    for line in map(str.strip, lines):
        if line.startswith("#"):
            waiting.append(line.removeprefix("#").strip())
            continue
        if waiting and (field := _FIELD.match(line)):
            found[field[1]] = " ".join(waiting)
        waiting = []
    return found
