"""Rows and values: how a conversation and a message stand in the file. Pure functions."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import JsonValue, TypeAdapter

from omnilogue.model import Conversation, MediaPart, Message, Metadata, Part, TextPart

MESSAGES = TypeAdapter(tuple[Message, ...])
METADATA = TypeAdapter(Metadata)

COLUMNS = frozenset({"id", "conversation_id", "parent_id"})
"""Fields of a message that are columns, because they are not the given ones or may change."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def new_id(kind: str, now: datetime) -> str:
    """Give an id that sorts by time and cannot be guessed: `c_` or `m_`, microseconds, 48 random bits."""
    return f"{kind}_{(now - EPOCH) // timedelta(microseconds=1):014x}{secrets.token_hex(6)}"


def stamp(moment: datetime) -> str:
    """Give a time as text; texts sort like the times."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def later(before: str, now: datetime) -> str:
    """Give the time of a write: now, but always after the write before, also where the clock stood or went back."""
    return stamp(max(now, datetime.fromisoformat(before) + timedelta(microseconds=1)))


def metadata_text(metadata: Metadata) -> str:
    """Give metadata as it is stored."""
    return METADATA.dump_json(metadata).decode()


def conversation(row: sqlite3.Row, remote: str) -> Conversation:
    """Read a row of `conversations`."""
    return Conversation(
        id=row["id"],
        remote=remote,
        title=row["title"],
        instructions=row["instructions"],
        model=row["model"],
        created_at=datetime.fromisoformat(row["created_at"]),
        updated_at=datetime.fromisoformat(row["updated_at"]),
        pinned=bool(row["pinned"]),
        metadata=METADATA.validate_json(row["metadata"]),
        head_id=row["head"],
        raw=METADATA.validate_json(row["raw"]) if "raw" in row.keys() and row["raw"] else {},  # noqa: SIM118  # of a row
    )


def body(message: Message) -> str:
    """Give the JSON text a message is stored as: all but its place in the tree, and nothing that is empty anyway."""
    empty = {name for name in Message.model_fields if getattr(message, name) in (None, {})}
    return message.model_dump_json(exclude={*COLUMNS, *empty})


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What is to be stored: the id it gets, its parent (None: the head) and its forms."""

    id: str
    parent: str | None
    text: str
    body: str


def dated(message: Message, now: datetime) -> Message:
    """Give a message without a time this one."""
    return message if message.created_at is not None else message.model_copy(update={"created_at": now})


def new_messages(given: Iterable[Message], now: datetime) -> list[NewMessage]:
    """Give messages their ids; a parent may be named by the id it was given with, before it in the same call."""
    ids: dict[str | None, str] = {}
    new: list[NewMessage] = []
    for message in given:
        parent = ids.get(message.parent_id, message.parent_id)
        new.append(NewMessage(id=new_id("m", now), parent=parent, text=message.text, body=body(message)))
        if message.id is not None:
            ids[message.id] = new[-1].id
    return new


def messages(rows: Iterable[sqlite3.Row], conversation_id: str) -> tuple[Message, ...]:
    """Read rows of `messages`, all at once."""
    owner = json.dumps(conversation_id)
    return MESSAGES.validate_json(f"[{','.join([_whole(row, owner) for row in rows])}]")


def _whole(row: sqlite3.Row, owner: str) -> str:
    """Put a message's place in front of its body; putting texts together is cheaper than a second model."""
    rest: str = row["body"]
    place = f'{{"id":{json.dumps(row["id"])},"conversation_id":{owner},"parent_id":{json.dumps(row["parent"])},'
    return place + rest[1:]


def media(message: Message) -> list[MediaPart]:
    """Give the parts that are, or may be, files."""
    return [part for part in message.parts if isinstance(part, MediaPart)]


def edited(message: Message, text: str) -> Message:
    """Put one text part in the place of the first and drop the other texts; without any it comes last."""
    new = TextPart(text=text)
    kept: list[Part] = []
    for part in message.parts:
        if not isinstance(part, TextPart):
            kept.append(part)
        elif new not in kept:
            kept.append(new)
    return message.model_copy(update={"parts": tuple(kept if new in kept else [*kept, new])})


def indexable(text: str) -> str:
    """Give a text as the search index takes it: SQLite's tokenizer would end at a NUL."""
    return text.replace("\0", "\ufffd")


def has_metadata(stored: str, wanted: str) -> bool:
    """Whether stored metadata has all pairs wanted, both as JSON; a number also fits its text, None a missing key."""
    has: dict[str, Any] = json.loads(stored)
    pairs: dict[str, Any] = json.loads(wanted)
    return all(has.get(key) == value or _word(has.get(key)) == _word(value) for key, value in pairs.items())


def _word(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
