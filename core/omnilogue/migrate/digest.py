"""What two messages are compared by: a hash of what was said, without ids, times and what surrounds it."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

from ..model import DataPart, MediaPart, Message, Part, ReasoningPart, TextPart, ToolCallPart, ToolResultPart


def digest(message: Message) -> str:
    """Give SHA-256, in hex, of role, text, tool calls and results, files and parts of unknown kinds, in their order.

    `developer` counts as `system`; texts beside each other count as one, code point by code point; a file by its
    bytes, else by its name and size. Ids, times, metadata, model, usage, reasoning and citations do not count.
    """
    return _hashed(message, str)


def normalised(message: Message) -> str:
    """Give the digest of the message with its texts in NFC, with LF line ends, and without blanks around them."""
    return _hashed(message, _plain)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _hashed(message: Message, form: Callable[[str], str]) -> str:
    role = "system" if message.role == "developer" else message.role
    said = _canonical({"role": role, "parts": _items(message.parts, form)})
    # Half a surrogate pair is no UTF-8, and yet a vendor may have sent one: it is hashed as it is.
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()


def _items(parts: Iterable[Part], form: Callable[[str], str]) -> list[Any]:
    counted = [part for part in parts if not isinstance(part, ReasoningPart)]
    items: list[Any] = []
    for is_text, group in groupby(counted, lambda part: isinstance(part, TextPart)):
        if not is_text:
            items += [_item(part) for part in group]
        elif text := form("".join([part.text for part in group if isinstance(part, TextPart)])):
            items.append({"text": text})
    return items


def _item(part: Part) -> dict[str, Any]:
    if isinstance(part, ToolCallPart):
        return {"call": part.name, "arguments": part.arguments}
    if isinstance(part, ToolResultPart):
        return {"result": part.content, "is_error": part.is_error}
    if isinstance(part, MediaPart):
        return _file(part)
    assert isinstance(part, DataPart)  # noqa: S101 - the last kind there is
    return {"data": part.kind, "value": part.value}


def _file(part: MediaPart) -> dict[str, Any]:
    if part.sha256:
        return {"sha256": part.sha256.lower()}
    if part.data is not None:
        return {"sha256": hashlib.sha256(part.data).hexdigest()}
    return {"name": part.name, "size": part.size}


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _canonical(value: Any) -> str:
    try:
        return _ENCODER.encode(value)
    except ValueError:  # Python spells no integer of thousands of digits
        return _ENCODER.encode(_spelled(value))


def _spelled(value: Any) -> Any:
    """Give a JSON value with its integers in hexadecimal text."""
    if isinstance(value, dict):
        return {key: _spelled(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_spelled(item) for item in value]
    return hex(value) if type(value) is int else value
