"""What a conversation and a message of a file become on a remote: pure functions of its features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..model import Conversation, Grade, LossKind, Message, Part, TextPart
from ..provider import Feature, Features, Lost
from ..remote.grades import PART_ROWS, ROLE_ROWS, text_limit, unheeded
from ..remote.options import checked_metadata, require_text

PART_LOSSES: dict[str, LossKind] = {
    "text": "text",
    "reasoning": "reasoning",
    "image": "attachment",
    "audio": "attachment",
    "file": "attachment",
    "tool_call": "tool_call",
    "tool_result": "tool_call",
}
"""The kind of loss a part of this type is; any other is `part`."""

FIELD_LOSSES: dict[str, LossKind] = {
    "created_at": "time",
    "run_id": "id",
    "model": "model",
    "usage": "usage",
    "origin": "id",
    "raw": "vendor_fields",
}
"""The kind of loss a field of a message is where a vendor does not store it."""

CREATED: tuple[LossKind, ...] = ("title", "instructions", "model", "metadata")
"""What a conversation is created with; each is a kind of loss too."""

FIELD_ROWS = {"model": "choose_model", "metadata": "conversation_metadata"}


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a conversation is created with, and whether it is pinned then."""

    fields: dict[str, Any]
    pinned: bool
    losses: list[Lost]


def fit_conversation(conversation: Conversation, features: Features) -> Fitted:
    """Give what of a conversation the remote takes; the new one has an id and times of its own.

    Raises InvalidInputError for metadata that no remote takes.
    """
    row = features.create_conversation
    checked_metadata(conversation.metadata)
    given: dict[str, Any] = {name: getattr(conversation, name) for name in CREATED if getattr(conversation, name)}
    taken = {name: value for name, value in given.items() if takes(row, name) and _has(features, FIELD_ROWS.get(name))}
    lost = [Lost("id", "dropped"), *_row_losses(row)]
    lost += [Lost("time", "dropped") for moment in (conversation.created_at, conversation.updated_at) if moment]
    lost += [Lost(name, "dropped") for name in CREATED if name in given and name not in taken]
    lost += [Lost(name, "dropped") for name in CREATED if name in unheeded(row, taken)]
    if conversation.raw or conversation.model_extra:
        lost.append(Lost("vendor_fields", "dropped"))
    can_pin = _has(features, "update_conversation") and takes(features.update_conversation, "pinned")
    if conversation.pinned and not can_pin:
        lost.append(Lost("pinned", "dropped"))
    return Fitted(taken, conversation.pinned and can_pin, lost)


def fit(message: Message, features: Features) -> tuple[Message | None, list[Lost]]:
    """Give what is stored in a message's place, None for nothing, and what is lost by that.

    Raises InvalidInputError for text and metadata that the remote does not take.
    """
    checked_metadata(message.metadata)
    operation = _operation(message.role, features)
    if operation is None:
        return None, [Lost("role", "dropped")]
    row = features[operation]
    lost = [*_row_losses(row), *_field_losses(message, row)]
    parts: list[Part] = []
    for part in message.parts:
        lost += _part_losses(part, row, features)
        if _keeps(part, row, features):
            parts.append(_without_citations(part) if not _has(features, "citations") else part)
    if all(isinstance(part, TextPart) and not part.text.strip() for part in parts):
        return None, [*lost, Lost("part", "dropped")]  # no vendor stores a message without content
    require_text(parts, text_limit(row))
    metadata = message.metadata if _has(features, "message_metadata") else {}
    if message.metadata and not metadata:
        lost.append(Lost("metadata", "dropped"))
    place = {"id": None, "conversation_id": None, "parent_id": None}
    return message.model_copy(update={**place, "parts": tuple(parts), "metadata": metadata}), lost


def _operation(role: str, features: Features) -> str | None:
    """Give the operation that stores messages of a role, None where none does."""
    roles = features.append_user.limits.roles or ()
    if role in roles or (role.startswith("other:") and "other:*" in roles):
        return ROLE_ROWS.get(role, "append_user")
    operation = ROLE_ROWS.get(role)
    return operation if _has(features, operation) else None


def _field_losses(message: Message, row: Feature) -> Iterator[Lost]:
    if message.id is not None:
        yield Lost("id", "dropped")
    for name, kind in FIELD_LOSSES.items():
        if getattr(message, name) not in (None, {}) and not takes(row, name):
            yield Lost(kind, "dropped")
    if message.model_extra and not takes(row, "raw"):
        yield Lost("vendor_fields", "dropped")
    if message.status != "complete" and not takes(row, "status"):
        yield Lost("status", "dropped")


def _part_losses(part: Part, row: Feature, features: Features) -> Iterator[Lost]:
    if not _keeps(part, row, features):
        yield Lost(PART_LOSSES.get(part.type, "part"), "dropped")
    elif isinstance(part, TextPart) and not _has(features, "citations"):
        yield from (Lost("citation", "dropped") for _ in part.citations)


def _keeps(part: Part, row: Feature, features: Features) -> bool:
    kinds = row.limits.parts
    return (kinds is None or part.type in kinds) and _has(features, PART_ROWS.get(part.type))


def _without_citations(part: Part) -> Part:
    return part.model_copy(update={"citations": ()}) if isinstance(part, TextPart) else part


def _row_losses(row: Feature) -> list[Lost]:
    """Give what a remote that declares its operation lossy loses with each call."""
    kinds: Any = row.losses
    return [Lost(kind, "dropped") for kind in kinds]


def takes(row: Feature, field: str) -> bool:
    """Whether what this row stores has the field; a parent among them means that branches survive."""
    return row.limits.fields is None or field in row.limits.fields


def _has(features: Features, operation: str | None) -> bool:
    return operation is None or features[operation].grade is not Grade.UNSUPPORTED
