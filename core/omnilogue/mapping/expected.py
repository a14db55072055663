"""What a message becomes on a target, and what it loses: one pure function, by which all is stored and checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from ..model import Grade, LossKind, Message, Part, TextPart
from ..provider import Feature, Features
from ..remote.grades import text_limit
from . import pairs
from .drafts import ExpectedDraft, expected_draft
from .losses import Action, LossItem
from .parts import by_grade, taken_parts
from .taking import CopyOptions, has, is_asked_for, keeps, role_on, row_for
from .texts import NO_TEXT, cut, is_blank, is_json

DEFAULTS = CopyOptions()

WORDS: tuple[tuple[str, LossKind], ...] = (("model", "model"), ("run_id", "id"))
"""Fields that are a word of the vendor's, and which kind of loss each is."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a message becomes on the target, None where it is left out, and what is lost with it."""

    message: Message | None
    losses: tuple[LossItem, ...]


def expected(
    message: Message,
    features: Features,
    options: CopyOptions = DEFAULTS,
    *,
    on_branch: bool = True,
    in_order: bool = True,
) -> Expected:
    """Give what a message becomes on a target with these features, without ids of its own, and what is lost.

    `on_branch`: it is on the active branch of its conversation. `in_order`: it comes where its time puts it.
    The result keeps `origin`, and `parent_id` where the target does, for the caller to set. Raises nothing.
    """
    if not is_asked_for(message.role, options.roles):
        return Expected(None, (LossItem("filtered", "dropped", message.role),))
    role = role_on(features, message.role)
    row = row_for(features, role)
    if not on_branch and not keeps(row, "parent_id"):
        return Expected(None, (LossItem("branch", "dropped", message.id or message.text),))
    losses = [*_role_losses(message.role, role), *by_grade(row)]
    if not in_order:
        losses.append(LossItem("order", "flattened", message.id or message.text))
    parts = _parts(message, row, features, losses, options)
    fields = _fields(message, row, losses)
    parts, metadata, lost = _metadata(message, parts, row, features, options)
    losses += [*lost, *_inherent(message, row, features, options)]
    made = Message.model_construct(role=role, parts=parts, metadata=metadata, origin=message.origin, **fields)
    return Expected(made, tuple(losses))


def _role_losses(role: str, becomes: str) -> list[LossItem]:
    if role == becomes:
        return []
    return [LossItem("role", "mapped" if (role, becomes) == ("developer", "system") else "flattened", role)]


def _parts(
    message: Message, row: Feature, features: Features, losses: list[LossItem], options: CopyOptions
) -> tuple[Part, ...]:
    """Give the parts that are stored: what is taken, something where nothing is, and not too much."""
    parts, lost = taken_parts(message.parts, row, features, options)
    losses += lost
    if is_blank(parts):
        losses.append(LossItem("text", "placeholder", message.id or NO_TEXT))
        cited = [one for part in parts if isinstance(part, TextPart) for one in part.citations]
        losses += [LossItem("citation", "dropped", one.title or one.url or one.marker or "") for one in cited]
        parts = (TextPart(text=NO_TEXT),)
    parts, missing, citations = cut(parts, text_limit(row))
    if missing:
        losses.append(LossItem("text", "dropped", f"{missing} bytes"))
        losses += [LossItem("citation", "dropped", "in the text that was cut")] * citations
    return parts


def _fields(message: Message, row: Feature, losses: list[LossItem]) -> dict[str, Any]:
    """Give the other fields that are stored; what has no JSON form is stored nowhere."""
    kept: dict[str, Any] = {"raw": {}}  # making a default costs more than all else here
    kept |= {name: getattr(message, name) for name in ("created_at", "parent_id", "usage") if keeps(row, name)}
    for name, kind in WORDS:
        if word := getattr(message, name):
            if keeps(row, name) and is_json(word):
                kept[name] = word
            else:
                losses.append(LossItem(kind, "dropped", word))
    if keeps(row, "status"):
        kept["status"] = message.status
    elif message.status != "complete":
        losses.append(LossItem("status", "dropped", message.status))
    more = message.model_extra or {}
    if message.raw or more:
        if keeps(row, "raw") and is_json([message.raw, more]):
            kept |= {"raw": message.raw, **more}
        else:
            losses.append(LossItem("vendor_fields", "dropped", ", ".join([*message.raw, *more])))
    return kept


def _metadata(
    message: Message, parts: tuple[Part, ...], row: Feature, features: Features, options: CopyOptions
) -> tuple[tuple[Part, ...], dict[str, JsonValue], list[LossItem]]:
    """Give the parts and the metadata that are stored; where citations are kept as metadata, they share its room."""
    if not (keeps(row, "metadata") and has(features, "message_metadata")):
        return parts, {}, pairs.dropped(message.metadata, options.add_metadata)
    lost: list[LossItem] = []
    reserved = pairs.pairs_of_citations(parts, features)
    most = features.message_metadata.limits.metadata_pairs
    if most is not None and reserved > most - pairs.MARKER_PAIRS:
        (parts, lost), reserved = pairs.without_citations(parts), 0
    kept, dropped = pairs.fitting(message.metadata, options.add_metadata, features.message_metadata, reserved)
    return parts, kept, [*lost, *dropped, *(by_grade(features.message_metadata) if kept else ())]


def _inherent(message: Message, row: Feature, features: Features, options: CopyOptions) -> list[LossItem]:
    """Give what no vendor lets a caller set: ids, times and tokens; ids and times go into the marker."""
    can_mark = features.message_metadata.grade is Grade.NATIVE
    action: Action = "mapped" if can_mark and options.keeps_origin else "dropped"
    losses = [LossItem("id", action, message.id)] if message.id else []
    if message.origin and not (options.keeps_origin or can_mark or keeps(row, "origin")):
        losses.append(LossItem("id", "dropped", message.origin.message or ""))
    if message.created_at is not None and not keeps(row, "created_at"):
        losses.append(LossItem("time", action, message.created_at.isoformat()))
    if message.usage is not None and not keeps(row, "usage"):
        losses.append(LossItem("usage", "dropped", message.id or ""))
    return losses


__all__ = ["CopyOptions", "Expected", "ExpectedDraft", "expected", "expected_draft"]
