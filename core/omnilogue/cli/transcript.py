"""Conversations and messages in words, for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .terminal import one_line

if TYPE_CHECKING:
    from pydantic import JsonValue

    from ..model import Conversation, Message, Part


def time_of(moment: datetime | None) -> str:
    """Give a time in UTC to the minute, nothing for none."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M") if moment else ""


def summary(message: Message) -> str:
    """Give a message on one line."""
    return one_line(" ".join(part_text(part) for part in message.parts))


def heading(conversation: Conversation) -> Iterator[str]:
    """Give the lines above a transcript."""
    yield one_line(conversation.title or "(no title)")
    yield str(conversation.ref)
    details = {
        "created": time_of(conversation.created_at),
        "updated": time_of(conversation.updated_at),
        "model": conversation.model or "",
        "pinned": "yes" if conversation.pinned else "",
        "metadata": ", ".join(f"{key}={value}" for key, value in conversation.metadata.items()),
        "instructions": conversation.instructions or "",
    }
    for name, value in details.items():
        if value:
            yield f"{name}: {one_line(value)}"


def message_lines(message: Message, number: int | None = None) -> Iterator[str]:
    """Give a message of a transcript: a line that says who, when and which, then what."""
    about = [
        f"#{number}" if number else "",
        message.role,
        time_of(message.created_at),
        message.id or "",
        message.model or "",
    ]
    if message.status != "complete":
        about.append(f"({message.status})")
    yield ""
    yield f"--- {'  '.join(one_line(word) for word in about if word)}"
    for part in message.parts:
        yield part_text(part)


def _json(value: JsonValue) -> str:
    return json.dumps(value, ensure_ascii=False)


def part_text(part: Part) -> str:
    """Give a part in words; what is no text stands in brackets."""
    from ..model import DataPart, MediaPart, ReasoningPart, TextPart, ToolCallPart, ToolResultPart

    match part:
        case TextPart():
            return part.text
        case ReasoningPart():
            return f"[thinking: {part.text}]" if part.text else "[thinking]"
        case MediaPart():
            size = f"{part.size} bytes" if part.size is not None else ""
            about = [part.name or part.url or part.file_id or "", part.media_type or "", size]
            return f"[{part.type}: {', '.join(word for word in about if word)}]"
        case ToolCallPart():
            return f"[tool call: {part.name} {_json(part.arguments)}]"
        case ToolResultPart():
            said = part.content if isinstance(part.content, str) else _json(part.content)
            return f"[tool {'error' if part.is_error else 'result'}: {said}]"
        case DataPart():
            return f"[{part.kind}]"
