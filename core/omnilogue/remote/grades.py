"""What is refused before a request: the grade of an operation, and of all that a call involves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..errors import LossRefusedError, UnsupportedOperationError
from ..model import LOSS_CLASSES, Grade, Message, Part
from ..provider import Feature, Features, emulated
from ..provider.features import TEXT_BYTES, Limits
from .completing import with_state
from .options import TURN_OPTIONS, AllowLoss

FALLBACKS = {
    "get_conversation": ("list_conversations", "the list is walked"),
    "get_message": ("list_messages", "the messages are walked"),
    "clear_messages": ("delete_message", "each message is deleted by itself"),
    "send": ("stream", "the stream is read to its end"),
    "stream": ("send", "the whole reply comes as one piece"),
    "stop": ("stream", "the connection is closed"),
}
"""What the core makes, of which operation, and how."""

PART_ROWS = {
    "image": "send_images",
    "audio": "send_audio",
    "file": "attach_files",
    "tool_call": "tool_calls",
    "tool_result": "tool_calls",
}
"""The operation that a part of this type needs besides the one it goes with."""

OPTION_ROWS = {"model": "choose_model", "metadata": "message_metadata", "tools": "tool_calls"}
"""The operation that an option of send needs."""

ROLE_ROWS = {
    "user": "append_user",
    "assistant": "append_assistant",
    "system": "append_system",
    "developer": "append_system",
}


def effective(declared: Features) -> Features:
    """Add to what a provider declares what the core can make of it, with the state and without."""
    declared = with_state(declared)
    made = {
        name: _made(name, declared[source], how)
        for name, (source, how) in FALLBACKS.items()
        if _usable(declared[source]) and not _usable(declared[name])
    }
    talking = declared.send if _usable(declared.send) else declared.stream
    if talking.limits.empty_turn and not _usable(declared.regenerate):
        note = "the stored turn is answered again, then the old reply is deleted"
        if declared.delete_message.grade not in {Grade.NATIVE, Grade.EMULATED}:
            note = "the stored turn is answered again; the old reply stays"
        fields = talking.limits.fields or TURN_OPTIONS
        made["regenerate"] = emulated(note, fields=tuple(name for name in fields if name != "metadata"))
    return declared.replace(**made)


def _made(name: str, source: Feature, how: str) -> Feature:
    """Give the row of a fallback: it loses what its source loses; talking has the limits of the other way to talk."""
    grade = max(Grade.EMULATED, source.grade, key=lambda one: one.rank)
    limits = source.limits if name in {"send", "stream"} else Limits()
    return Feature(grade=grade, note=how, losses=source.losses, limits=limits)


def _usable(row: Feature) -> bool:
    return row.grade is not Grade.UNSUPPORTED


def require(
    features: Features, remote: str, operations: Iterable[str], allow_loss: AllowLoss, unheeded: Iterable[str] = ()
) -> None:
    """Refuse what cannot be done, and what loses something nobody consented to; so do fields that nothing heeds.

    Raises UnsupportedOperationError naming the operation, LossRefusedError naming the kinds.
    """
    losses = set(unheeded)
    for operation in operations:
        row = features[operation]
        if row.grade is Grade.UNSUPPORTED:
            note = f": {row.note}" if row.note else ""
            raise UnsupportedOperationError(
                f"{remote}: {operation} is not supported{note}", operation=operation, outcome="not_sent"
            )
        losses.update(row.losses)
    refused = sorted(kind for kind in losses if not is_allowed(kind, allow_loss))
    if refused:
        raise LossRefusedError(
            f"{remote}: {', '.join(operations)} would lose {', '.join(refused)}",
            losses=tuple(refused),
            outcome="not_sent",
            hint=f"allow it with allow_loss=True or allow_loss={refused!r}",
        )


def is_allowed(kind: str, allow_loss: AllowLoss) -> bool:
    """Whether a loss of this kind was consented to; inherent ones need no consent."""
    if LOSS_CLASSES.get(kind) == "inherent":
        return True
    if isinstance(allow_loss, str):
        return kind == allow_loss
    return allow_loss if isinstance(allow_loss, bool) else kind in (allow_loss or ())


def rows_for_turn(operation: str, parts: Sequence[Part], options: Iterable[str]) -> list[str]:
    """Give all operations a turn involves."""
    return [operation, *_part_rows(parts), *(OPTION_ROWS[name] for name in options if name in OPTION_ROWS)]


def rows_for_message(features: Features, remote: str, message: Message) -> list[str]:
    """Give all operations an append involves. Raises UnsupportedOperationError naming a role that is not taken."""
    operation = ROLE_ROWS.get(message.role)
    if operation is None:
        roles = features.append_user.limits.roles or ()
        if message.role not in roles and not (message.role.startswith("other:") and "other:*" in roles):
            raise UnsupportedOperationError(
                f"{remote}: messages of the role {message.role!r} are not supported", outcome="not_sent"
            )
        operation = "append_user"
    require_parts(features[operation], remote, operation, message.parts)
    rows = [operation, *_part_rows(message.parts)]
    return [*rows, "message_metadata"] if message.metadata else rows


def require_parts(row: Feature, remote: str, operation: str, parts: Sequence[Part]) -> None:
    """Refuse parts of a type the operation does not store."""
    kinds = row.limits.parts
    for part in parts:
        if kinds is not None and part.type not in kinds:
            raise UnsupportedOperationError(
                f"{remote}: {operation} does not take {part.type} parts", operation=operation, outcome="not_sent"
            )


def require_fields(row: Feature, remote: str, operation: str, given: Iterable[str]) -> None:
    """Refuse options or fields the operation does not honour, naming the first."""
    fields = row.limits.fields
    for name in given:
        if fields is not None and name not in fields:
            raise UnsupportedOperationError(
                f"{remote}: {operation} does not take {name}",
                operation=operation,
                outcome="not_sent",
                hint=f"it takes {', '.join(fields) or 'no options'}",
            )


def unheeded(row: Feature, given: Mapping[str, object]) -> list[str]:
    """Give those of the given fields that would be kept and that no run can be given."""
    return [name for name in row.limits.unheeded or () if given.get(name)]


def text_limit(row: Feature) -> int:
    """Give the longest text of a message, bytes in UTF-8."""
    return row.limits.text_bytes or TEXT_BYTES


def _part_rows(parts: Sequence[Part]) -> list[str]:
    cited = any(part.type == "text" and part.citations for part in parts)
    return [*(PART_ROWS[part.type] for part in parts if part.type in PART_ROWS), *(["citations"] if cited else [])]
