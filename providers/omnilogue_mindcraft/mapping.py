"""Between MindCraft's words and the neutral model: pure functions, no I/O.

The pages: https://apifox.com/apidoc/shared/0fd7ea54-919e-4c93-b673-c60219bc82e0/
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter

from omnilogue.errors import InvalidInputError, NotFoundError, UnsupportedOperationError
from omnilogue.model import Conversation, Message, Metadata, Part, ReasoningPart, TextPart, Usage
from omnilogue.provider import Changes, Draft

from .settings import NewSessions, RoleNames
from .wire import MessageRow, Row, SessionRow, Wire

R = TypeVar("R", bound=Wire)

SECRET_FIELDS = frozenset({"session_token", "api_key", "token", "access_token", "refresh_token", "device_token"})
"""Fields that open something: never kept in `raw`."""

NOTE = "_completion"
"""Key in a message's metadata at the vendor under which an answer keeps its model, run, status and tokens."""

ROLES: Mapping[str, str] = {
    **dict.fromkeys(("user", "human"), "user"),
    **dict.fromkeys(("assistant", "ai", "bot", "agent", "model"), "assistant"),
    **dict.fromkeys(("tool", "function"), "tool"),
    "system": "system",
}
"""Words of `message_category` and the roles they mean. Only `user` is documented; the others are inferred."""

# Ids


_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def number_of(text: str, what: str) -> int:
    """Give the number that an id in decimal text is. Raises NotFoundError for what is no id of this vendor."""
    if text.isascii() and text.isdecimal() and len(text) <= 18 and str(int(text)) == text:
        return int(text)
    raise NotFoundError(f"there is no {what} {text[:80]!r}: ids of MindCraft are decimal numbers", outcome="not_sent")


def is_token(text: str) -> bool:
    """Whether the text has the form of a `session_token`."""
    return _UUID.fullmatch(text) is not None


# Times


def moment_of(stamp: str | None, zone: tzinfo) -> datetime | None:
    """Read `YYYY-MM-DD HH:MM:SS`, which names no zone; None for what is no time."""
    if not stamp:
        return None
    try:
        offset = _offset_on(stamp[:10], zone)
        # Three times as fast as asking the zone for each stamp; a stamp that names a zone of its own fails here.
        return _moment_in(stamp, zone) if offset is None else datetime.fromisoformat(stamp + "Z") - offset
    except (ValueError, OverflowError):
        return _moment_in(stamp, zone)


@lru_cache(maxsize=1024)
def _offset_on(day: str, zone: tzinfo) -> timedelta | None:
    """Give the offset that holds all day; None on a day when clocks change."""
    start = datetime.fromisoformat(day).replace(tzinfo=zone)
    offset = start.utcoffset()
    return offset if (start + timedelta(days=1)).utcoffset() == offset else None


def _moment_in(stamp: str, zone: tzinfo) -> datetime | None:
    try:
        moment = datetime.fromisoformat(stamp)
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# Conversations


def conversation_of(row: SessionRow, *, remote: str, zone: tzinfo) -> Conversation:
    """Give the conversation; what the model has no field for goes into `raw` under the vendor's own names."""
    config = row.session_config or {}
    metadata = metadata_of(row.session_remark)
    raw: dict[str, Any] = {"created_at": row.created_at, "updated_at": row.updated_at, **_extra(row)}
    if rest := {name: value for name, value in config.items() if name not in {"model", "prompt"}}:
        raw["session_config"] = rest
    if metadata is None:
        raw["session_remark"] = row.session_remark
    return Conversation(
        id=str(row.session_id),
        remote=remote,
        title=row.session_name or None,
        instructions=_text(config.get("prompt")),
        model=_text(config.get("model")),
        created_at=moment_of(row.created_at, zone),
        updated_at=moment_of(row.updated_at, zone),
        metadata=metadata or {},
        raw=raw,
    )


_METADATA: TypeAdapter[Metadata] = TypeAdapter(Metadata)


def metadata_of(remark: Any) -> dict[str, Any] | None:
    """Read the JSON in a `session_remark`; None where it holds something else, which is kept as it is."""
    if remark is None or (isinstance(remark, str) and not remark.strip()):
        return {}
    try:
        found = _METADATA.validate_json(remark) if isinstance(remark, str) else _METADATA.validate_python(remark)
        json.dumps(found, allow_nan=False)  # NaN is read by many and is no JSON: it could not be written again
    except ValueError:
        return None
    return found


def remark_of(metadata: Mapping[str, Any]) -> str:
    """Write metadata as the compact JSON text a `session_remark` holds."""
    try:
        return json.dumps(metadata, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError) as error:
        raise InvalidInputError(f"metadata cannot be written as JSON: {error}", outcome="not_sent") from None


def session_fields(draft: Draft, new_sessions: NewSessions) -> dict[str, Any]:
    """Give the flat fields that create a conversation; in answers most of them stand in `session_config`."""
    given = {"session_name": draft.title, "prompt": draft.instructions, "model": draft.model}
    fields: dict[str, Any] = {**given, **new_sessions.model_dump()}
    if draft.metadata:
        fields["session_remark"] = remark_of(draft.metadata)
    return {name: value for name, value in fields.items() if value is not None}


def changed_fields(changes: Changes) -> dict[str, Any]:
    """Give the fields of a change, only those that were given. Raises UnsupportedOperationError for `pinned`."""
    given = changes.model_fields_set
    if "pinned" in given:
        raise UnsupportedOperationError(
            "MindCraft cannot pin a conversation", operation="update_conversation", outcome="not_sent"
        )
    fields: dict[str, Any] = {}
    for name, field in (("title", "session_name"), ("instructions", "prompt"), ("model", "model")):
        if name in given:
            fields[field] = getattr(changes, name) or ""
    if "metadata" in given:
        fields["session_remark"] = remark_of(changes.metadata)
    return fields


def row_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Give what a row would say of a conversation created with these fields."""
    outside = {name: fields[name] for name in ("session_name", "session_remark") if name in fields}
    return {**outside, "session_config": {name: fields[name] for name in fields.keys() - outside.keys()}}


def is_same_session(row: SessionRow, fields: Mapping[str, Any], token: str) -> bool:
    """Whether a row is the conversation created with these fields; a token in the row decides."""
    if row.session_token is not None:
        return row.session_token == token
    return (row.session_name or "") == fields.get("session_name", "") and metadata_of(
        row.session_remark
    ) == metadata_of(fields.get("session_remark"))


def completed(row: R, known: Mapping[str, Any]) -> R:
    """Give a row with what its answer left out."""
    missing = known.keys() - row.model_fields_set
    return row.model_copy(update={name: known[name] for name in missing}) if missing else row


# Messages


_MESSAGES: TypeAdapter[tuple[Message, ...]] = TypeAdapter(tuple[Message, ...])


def messages_of(rows: Sequence[MessageRow], zone: tzinfo) -> tuple[Message, ...]:
    """Give the messages of a page, made together, which is faster than one by one."""
    return _MESSAGES.validate_python([_message_fields(row, zone) for row in rows])


def message_of(row: MessageRow, zone: tzinfo) -> Message:
    """Give one message."""
    return Message.model_validate(_message_fields(row, zone))


def _message_fields(row: MessageRow, zone: tzinfo) -> dict[str, Any]:
    word, content, session_id = row.message_category, row.message_content, row.session_id
    role = role_of(word)
    raw: dict[str, Any] = {"created_at": row.created_at}
    if row.model_extra:
        raw |= _extra(row)
    if word != role:
        raw["message_category"] = word
    fields = {
        "id": str(row.message_id),
        "conversation_id": None if session_id is None else str(session_id),
        "role": role,
        "parts": () if content is None else ({"type": "text", "text": content},),
        "created_at": moment_of(row.created_at, zone),
        "raw": raw,
    }
    if row.message_meta:
        _add_metadata(fields, row.message_meta)
    return fields


def _add_metadata(fields: dict[str, Any], meta: Any) -> None:
    """Add what `message_meta` holds: metadata, the note of an answer, and what the vendor put beside them."""
    data = meta.get("data") if isinstance(meta, dict) else None
    if not isinstance(data, dict):
        fields["raw"]["message_meta"] = meta
        return
    if len(meta) > 1:
        fields["raw"]["message_meta"] = {name: value for name, value in meta.items() if name != "data"}
    if NOTE in data and (note := read_note(data[NOTE])) is not None:
        fields |= note
        data = {name: value for name, value in data.items() if name != NOTE}
    fields["metadata"] = data


def role_of(word: str | None) -> str:
    """Give the role a word means; a word nobody knows is kept as `other:<word>`."""
    return ROLES.get(word or "") or ROLES.get((word or "").lower()) or f"other:{word or 'unknown'}"


def word_of(role: str, names: RoleNames) -> str:
    """Give the word to write for a role. Raises UnsupportedOperationError for one that is not written."""
    role = "system" if role == "developer" else role
    if role in {"user", "assistant", "system"}:
        return cast(str, getattr(names, role))
    raise UnsupportedOperationError(f"MindCraft stores no message of the role {role!r}", outcome="not_sent")


def text_of(parts: Sequence[Part]) -> str:
    """Give the one text that the vendor stores; what a model thought is not part of it.

    Raises UnsupportedOperationError for a part that is more than text.
    """
    for part in parts:
        if not isinstance(part, (TextPart, ReasoningPart)):
            raise UnsupportedOperationError(
                f"MindCraft stores text only, and this message has a part of type {part.type}", outcome="not_sent"
            )
    return "".join([part.text for part in parts if isinstance(part, TextPart)])


def message_fields(message: Message, names: RoleNames) -> dict[str, Any]:
    """Give the fields that store a message; the vendor sets its own time."""
    return {
        "message_category": word_of(message.role, names),
        "message_content": text_of(message.parts),
        "meta_data": {**message.metadata, **note_of(message)},
    }


# The note of an answer: the vendor keeps no model and no tokens with a message, so they go into its metadata.


def note_of(message: Message) -> dict[str, Any]:
    """Give the note as one compact member of the metadata; none where there is nothing to keep."""
    usage = message.usage.model_dump(exclude_none=True) if message.usage else None
    status = None if message.status == "complete" else message.status
    note = {"model": message.model, "run_id": message.run_id, "status": status, "usage": usage}
    kept = {name: value for name, value in note.items() if value}
    return {NOTE: kept} if kept else {}


def read_note(note: Any) -> dict[str, Any] | None:
    """Give the fields of the message that a note keeps; None for what is no note of ours."""
    if not isinstance(note, dict) or not note or note.keys() - {"model", "run_id", "status", "usage"}:
        return None
    usage, status = note.get("usage"), note.get("status")
    if not all(isinstance(note.get(name, ""), str) for name in ("model", "run_id")):
        return None
    if status not in {None, "partial", "failed"} or (usage is not None and not _is_usage(usage)):
        return None
    return dict(note)


def _is_usage(usage: Any) -> bool:
    return isinstance(usage, dict) and all(
        name in Usage.model_fields and type(count) is int for name, count in usage.items()
    )


def _extra(row: Row) -> dict[str, Any]:
    return {name: value for name, value in (row.model_extra or {}).items() if name not in SECRET_FIELDS}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
