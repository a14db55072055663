"""What a conversation becomes on a target, besides its messages, and what it loses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue

from ..model import Conversation, Grade, Origin
from ..provider import Draft, Features
from . import pairs
from .losses import Action, LossItem
from .parts import by_grade
from .taking import CopyOptions, answers, has, keeps
from .texts import is_json, mended


@dataclass(frozen=True, slots=True)
class ExpectedDraft:
    """How a conversation is created, whether it is then pinned (None: leave it alone), and what is lost.

    `origin` is for the marker, None where the caller writes none.
    """

    draft: Draft
    pinned: bool | None
    losses: tuple[LossItem, ...]
    origin: Origin | None = None


def expected_draft(conversation: Conversation, features: Features, options: CopyOptions) -> ExpectedDraft:
    """Give what a conversation becomes on a target with these features: a draft without messages, and what is lost.

    A field that the state keeps in the vendor's place counts as `mapped`. A model's name means something only to
    the provider it comes from, also by way of an archive; a target that answers nothing keeps it as a word.
    Raises nothing.
    """
    came_from = conversation.origin.provider if conversation.origin and not options.source_answers else None
    is_foreign = answers(features) and options.is_foreign and came_from != options.target_provider
    fields: dict[str, Any] = {}
    losses = by_grade(features.create_conversation)
    for name, of_another in (("title", False), ("instructions", False), ("model", is_foreign)):
        fields[name], lost = _field(conversation, name, features, of_another=of_another)
        losses += lost
    metadata, lost = _metadata(conversation, features, options)
    pinned, unpinned = _pinned(conversation, features)
    losses += [*lost, *unpinned, *_inherent(conversation, features, options)]
    raw, lost = _raw(conversation, features)
    draft = Draft(**fields, metadata=metadata, raw=raw)
    return ExpectedDraft(draft, pinned, (*losses, *lost), _origin(conversation, options))


def _origin(conversation: Conversation, options: CopyOptions) -> Origin | None:
    """Give where the copy came from, for its marker."""
    if not options.keeps_origin:
        return None
    return Origin(
        provider=options.source_provider or None,
        remote=conversation.remote or None,
        conversation=conversation.id,
        time=conversation.created_at or conversation.updated_at,
    )


def _field(
    conversation: Conversation, name: Any, features: Features, *, of_another: bool
) -> tuple[str | None, list[LossItem]]:
    """Give one text of a conversation as it is stored, and what is lost of it."""
    given: str | None = getattr(conversation, name)
    row = features.create_conversation
    if not given:
        return None, []
    can_be_chosen = name != "model" or has(features, "choose_model")
    if of_another or not has(features, "create_conversation") or not keeps(row, name) or not can_be_chosen:
        return None, [LossItem(name, "dropped", given)]
    text, losses = mended(given), by_grade(features.choose_model) if name == "model" else []
    if text != given:
        losses.append(LossItem(name, "placeholder", "half of a surrogate pair"))
    if name == "title" and (most := row.limits.title_chars) is not None and len(text) > most:
        text = f"{text[: most - 1]}…"
        losses.append(LossItem(name, "flattened", given))
    if name in (row.limits.unheeded or ()):
        losses.append(LossItem(name, "dropped", given))
    elif name in (row.limits.in_state or ()):
        losses.append(LossItem(name, "mapped", given))
    return text, losses


def _metadata(
    conversation: Conversation, features: Features, options: CopyOptions
) -> tuple[dict[str, JsonValue], list[LossItem]]:
    """Give the metadata that is stored, and what is lost."""
    row = features.conversation_metadata
    if not (has(features, "conversation_metadata") and keeps(features.create_conversation, "metadata")):
        return {}, pairs.dropped(conversation.metadata, options.add_metadata)
    kept, losses = pairs.fitting(conversation.metadata, options.add_metadata, row)
    losses += by_grade(row) if kept else []
    if row.grade is Grade.EMULATED:
        losses += [LossItem("metadata", "mapped", key) for key in kept]
    return kept, losses


def _raw(conversation: Conversation, features: Features) -> tuple[dict[str, JsonValue], list[LossItem]]:
    """Give what the vendor told besides; only a target that names `raw` is asked to keep it."""
    named = has(features, "create_conversation") and "raw" in (features.create_conversation.limits.fields or ())
    kept = conversation.raw if named and is_json(conversation.raw) else {}
    gone = [name for name in (*conversation.raw, *(conversation.model_extra or {})) if name not in kept]
    return kept, [LossItem("vendor_fields", "dropped", ", ".join(gone))] if gone else []


def _pinned(conversation: Conversation, features: Features) -> tuple[bool | None, list[LossItem]]:
    if not conversation.pinned:
        return None, []
    if has(features, "update_conversation") and keeps(features.update_conversation, "pinned"):
        return True, by_grade(features.update_conversation)
    return None, [LossItem("pinned", "dropped", conversation.title or conversation.id)]


def _inherent(conversation: Conversation, features: Features, options: CopyOptions) -> list[LossItem]:
    """Give what no vendor lets a caller set; where metadata is native, the marker keeps it."""
    is_marked = options.keeps_origin and features.conversation_metadata.grade is Grade.NATIVE
    action: Action = "mapped" if is_marked else "dropped"
    losses = [LossItem("id", action, conversation.id)]
    if moment := conversation.created_at or conversation.updated_at:
        losses.append(LossItem("time", action, moment.isoformat()))
    return losses
