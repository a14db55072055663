"""Between iChati's words and the neutral model: pure functions, no I/O.

The page: https://docs.ichati.cn/backend/chat
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from omnilogue.errors import InvalidInputError, NotFoundError, UnsupportedOperationError
from omnilogue.model import Conversation, DataPart, ImagePart, Message, Part, TextPart
from omnilogue.provider import Changes

from .tail import Tail
from .wire import MessageRow, TopicRow

ROLES: Mapping[int | None, str] = {0: "user", 1: "assistant"}
"""Numbers of `type` and the roles they mean, from the samples of the page; no other number is documented."""


def number_of(text: str, what: str) -> int:
    """Give the number that an id in decimal text is. Raises NotFoundError for what is no id of this vendor."""
    if _is_number(text):
        return int(text)
    raise NotFoundError(f"there is no {what} {text[:80]!r}: ids of iChati are decimal numbers", outcome="not_sent")


def model_number(word: str) -> int:
    """Give the number a model is known by. Raises InvalidInputError for a word: nobody documents the models' names."""
    if _is_number(word):
        return int(word)
    raise InvalidInputError(
        f"iChati knows no model {word[:80]!r}: its models have numbers",
        outcome="not_sent",
        hint="give the number, or set the word for it under models",
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18 and str(int(text)) == text


def moment_of(stamp: str | None) -> datetime | None:
    """Read an ISO 8601 time; one without a zone is taken for UTC, and None is given for what is no time."""
    try:
        moment = datetime.fromisoformat(stamp or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


# Conversations


def conversation_of(row: TopicRow, remote: str) -> Conversation:
    """Give the conversation a topic is; its series and its owner go into `raw`."""
    return Conversation(
        id=row.id,
        remote=remote,
        title=row.name or None,
        created_at=moment_of(row.created_at),
        updated_at=moment_of(row.updated_at),
        pinned=bool(row.favorite),
        raw=_raw(row, "user_id", "series_id", "created_at", "updated_at"),
    )


def topic_changes(changes: Changes) -> dict[str, Any]:
    """Give the fields of a change, only those that were given. Raises UnsupportedOperationError for any other."""
    given = changes.model_fields_set
    if others := sorted(given - {"title", "pinned"}):
        raise UnsupportedOperationError(
            f"iChati keeps no {others[0]} of a conversation", operation="update_conversation", outcome="not_sent"
        )
    fields: dict[str, Any] = {"name": changes.title or ""} if "title" in given else {}
    return {**fields, "favorite": changes.pinned} if "pinned" in given else fields


def in_order(rows: Iterable[TopicRow]) -> list[TopicRow]:
    """Order topics by their creation and their number, each number once; the vendor's order is undocumented."""
    return sorted({row.id: row for row in rows}.values(), key=_place)


# Messages


def messages_in_order(rows: Iterable[MessageRow]) -> list[MessageRow]:
    """Order messages by time and number: a message and its reply may have one time, as on the page."""
    return sorted(rows, key=_place)


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def _place(row: TopicRow | MessageRow) -> tuple[datetime, int, str]:
    return moment_of(row.created_at) or _LONG_AGO, int(row.id) if _is_number(row.id) else 0, row.id


def role_of(kind: int | None) -> str:
    """Give the role a `type` means; a number nobody documents is kept as `other:<number>`."""
    return ROLES.get(kind) or f"other:{'unknown' if kind is None else kind}"


def message_of(row: MessageRow, topic_id: str, **known: Any) -> Message:
    """Give the message; `known` are fields that the vendor does not keep with it."""
    texts: list[Part] = [] if row.message is None else [TextPart(text=row.message)]
    return Message(
        id=row.id,
        conversation_id=topic_id,
        role=role_of(row.type),
        parts=(*texts, *_images(row.images)),
        created_at=moment_of(row.created_at),
        raw=_raw(row, "user_id", "series_id", "created_at", "updated_at"),
        **known,
    )


def _images(images: Any) -> list[Part]:
    """Give the pictures of a message. The form is undocumented: text is taken for an address, all else is kept."""
    if images is None or images == []:
        return []
    found = images if isinstance(images, list) else [images]
    return [ImagePart(url=image) if isinstance(image, str) else DataPart(kind="image", value=image) for image in found]


def spoken(text: str, tail: Tail, topic_id: str, model: str) -> Message:
    """Give the reply of which only its text and its tail were seen."""
    return Message(
        id=tail.assistant_id,
        conversation_id=topic_id,
        role="assistant",
        parts=(TextPart(text=text),),
        model=model,
        raw={"userMsgId": tail.user_id, **tail.members},
    )


def text_of(parts: Iterable[Part]) -> str:
    """Give the one text that is sent. Raises UnsupportedOperationError for a part that is more than text."""
    texts: list[str] = []
    for part in parts:
        if not isinstance(part, TextPart):
            raise UnsupportedOperationError(
                f"iChati takes text only, and this turn has a part of type {part.type}", outcome="not_sent"
            )
        texts.append(part.text)
    return "".join(texts)


def is_same_text(one: str | None, other: str) -> bool:
    """Whether two texts say the same; white space does not count, because vendors trim."""
    return (one or "").split() == other.split()


def _raw(row: TopicRow | MessageRow, *names: str) -> dict[str, Any]:
    """Give the fields without a neutral home, by the vendor's own names."""
    aliases = {name: type(row).model_fields[name].alias or name for name in names}
    kept = {aliases[name]: getattr(row, name) for name in names if getattr(row, name) is not None}
    return {**kept, **(row.model_extra or {})}
