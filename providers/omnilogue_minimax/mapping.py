"""Between MiniMax's words and the neutral model: pure functions, no I/O.

The pages: https://5cetebcrn8.apifox.cn/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter

from omnilogue.errors import InvalidInputError, UnsupportedOperationError
from omnilogue.model import (
    INLINE_BYTES,
    AudioPart,
    Citation,
    Conversation,
    FilePart,
    Message,
    Metadata,
    Part,
    TextPart,
)

from . import metadata
from .citations import citations_of, noted, read_note
from .wire import MessageRow, Thread, Wire

R = TypeVar("R", bound=Wire)

WRITTEN, RECORDING = 1, 2
"""`type` of a streamed message: that a text is 1 is inferred, a recording is 2 in public code."""

ROLES: Mapping[str, str] = {
    "user": "user",
    "ai": "assistant",
    "assistant": "assistant",
    "system": "system",
    "tool": "tool",
}
"""Words of `role` and what they mean. Answers say `ai` (api-138565496), public code writes `assistant`."""

# Times


def moment_of(stamp: int | None) -> datetime | None:
    """Read Unix seconds; 0 is no time (api-138567154)."""
    try:
        return datetime.fromtimestamp(stamp, UTC) if stamp and stamp > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


# Conversations


def conversation_of(thread: Thread, *, remote: str) -> Conversation:
    """Give the conversation; its title is kept in its metadata."""
    kept, title = metadata.read_with_title(thread.metadata)
    return Conversation(
        id=thread.id,
        remote=remote,
        title=title,
        created_at=moment_of(thread.created_at),
        updated_at=moment_of(thread.updated_at),
        metadata=kept,
        raw=_extra(thread),
    )


# Messages


_MESSAGES: TypeAdapter[tuple[Message, ...]] = TypeAdapter(tuple[Message, ...])


def messages_of(rows: Iterable[MessageRow], thread_id: str) -> tuple[Message, ...]:
    """Give the messages of a page, made together, which is faster than one by one."""
    return _MESSAGES.validate_python([_message_fields(row, thread_id) for row in rows])


def message_of(row: MessageRow, thread_id: str) -> Message:
    """Give one message."""
    return Message.model_validate(_message_fields(row, thread_id))


def _message_fields(row: MessageRow, thread_id: str) -> dict[str, Any]:
    role = role_of(row.role)
    kept, cited = read_note(row.metadata or {})
    raw = _extra(row)
    if row.updated_at:
        raw["updated_at"] = row.updated_at
    if row.role != role:
        raw["role"] = row.role
    if row.assistant_id:
        raw["assistant_id"] = row.assistant_id
    if _has_annotations(row.content):
        raw["content"] = row.content
    return {
        "id": row.id,
        "conversation_id": thread_id,
        "role": role,
        "parts": [*_with_citations(parts_of(row.content), cited), *_files_of(row)],
        "created_at": moment_of(row.created_at),
        "run_id": row.run_id or None,
        "metadata": metadata.read(kept),
        "raw": raw,
    }


def parts_of(content: Sequence[Mapping[str, Any]] | str | None) -> list[dict[str, Any]]:
    """Give the parts of a content: text with its citations, images by their file, all else kept whole."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [_part_of(part) for part in content or ()]


def _part_of(part: Mapping[str, Any]) -> dict[str, Any]:
    kind, body = part.get("type"), part.get(str(part.get("type")))
    if kind == "text" and isinstance(body, Mapping) and isinstance(body.get("value"), str):
        return {
            "type": "text",
            "text": body["value"],
            "citations": citations_of(body["value"], body.get("annotations")),
        }
    if kind == "image_file" and isinstance(body, Mapping) and body.get("file_id"):
        return {"type": "image", "file_id": str(body["file_id"])}
    if kind == "audio_file" and isinstance(body, Mapping):
        return _audio_of(part, body)
    return {"type": "data", "kind": str(kind or "unknown"), "value": dict(part)}


def _files_of(row: MessageRow) -> list[dict[str, Any]]:
    """Give the attached files, of which a message tells nothing but the id."""
    return [{"type": "file", "file_id": file_id} for file_id in row.file_ids or ()]


def _with_citations(parts: list[dict[str, Any]], cited: tuple[Citation, ...]) -> list[dict[str, Any]]:
    """Add noted citations to the one text they were noted with."""
    texts = [part for part in parts if part["type"] == "text"]
    if cited and len(texts) == 1:
        texts[0]["citations"] = (*texts[0].get("citations", ()), *cited)
    return parts


def _audio_of(part: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    """Give a recording: by its file, or in hexadecimal, which is seen in streams; any other is kept whole."""
    if body.get("file_id"):
        return {"type": "audio", "file_id": str(body["file_id"])}
    try:
        data = bytes.fromhex(body["value"])
    except (KeyError, TypeError, ValueError):
        data = b""
    if not data or len(data) > INLINE_BYTES:
        return {"type": "data", "kind": "audio_file", "value": dict(part)}
    return {"type": "audio", "data": data, "size": len(data)}


def texts_in(content: Sequence[Mapping[str, Any]] | None) -> str:
    """Give the text of all text parts."""
    return "".join([part["text"] for part in parts_of(content) if part["type"] == "text"])


def role_of(word: str | None) -> str:
    """Give the role a word means; a word nobody knows is kept as `other:<word>`."""
    return ROLES.get(word or "") or ROLES.get((word or "").lower()) or f"other:{word or 'unknown'}"


def text_of(parts: Sequence[Part]) -> str:
    """Give the one text a message is written with; its files go beside it, by their ids.

    Raises UnsupportedOperationError for a part that is neither.
    """
    for part in parts:
        if not isinstance(part, (TextPart, FilePart)):
            raise UnsupportedOperationError(
                f"MiniMax stores text and files, and this message has a part of type {part.type}", outcome="not_sent"
            )
    return "".join([part.text for part in parts if isinstance(part, TextPart)])


def stream_messages(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Give the messages of a streamed turn: all of its text as one, and each recording, in the order they came.

    Raises UnsupportedOperationError for a recording that has no bytes here.
    """
    text = "".join([part.text for part in parts if isinstance(part, TextPart)])
    messages: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, AudioPart):
            messages.append({"type": RECORDING, "role": "user", "content": recording_of(part).hex()})
        elif text:
            messages.append({"type": WRITTEN, "role": "user", "content": text})
            text = ""
    return messages


def recording_of(part: AudioPart) -> bytes:
    """Give the bytes of a recording. Raises UnsupportedOperationError, InvalidInputError."""
    if part.data is not None:
        return part.data
    if part.path is None:
        raise UnsupportedOperationError("MiniMax takes the bytes of a recording, and this part has none")
    try:
        return part.path.read_bytes()
    except OSError as error:
        reason = error.strerror
    raise InvalidInputError(f"{part.path} cannot be read any more: {reason}", outcome="not_sent")


def stored_fields(parts: Sequence[Part], kept: Metadata) -> dict[str, Any]:
    """Give the fields that store a message, all but its role: written it is plain text. Raises InvalidInputError."""
    stored = metadata.written(kept, noted(parts))
    return {"content": text_of(parts), **({"metadata": stored} if stored else {})}


def completed(row: R, known: Mapping[str, Any]) -> R:
    """Give a row with what its answer left out."""
    return row.model_copy(update={name: known[name] for name in known.keys() - row.model_fields_set})


def _has_annotations(content: Any) -> bool:
    parts = content if isinstance(content, list) else []
    return any(isinstance(part.get("text"), Mapping) and part["text"].get("annotations") for part in parts)


def _extra(row: Wire) -> dict[str, Any]:
    return {name: value for name, value in (row.model_extra or {}).items() if name != "object"}
