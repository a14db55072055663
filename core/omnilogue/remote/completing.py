"""What the state makes possible for a provider, as data: the rows it adds to what is declared."""

from __future__ import annotations

from ..model import Grade
from ..provider import Feature, Features, emulated, lossy
from .options import TURN_OPTIONS

STATE_FIELDS = ("title", "instructions", "model", "metadata")
"""The fields of a conversation that the state can keep in a vendor's place."""

REBUILD_LOSSES = ("id", "time", "usage", "citation", "model", "status", "vendor_fields")
EMPTY_REBUILD_LOSSES = ("id", "time", "vendor_fields")
IN_STATE = "kept in this state, not at the vendor"
RUN_FIELDS = ("instructions", "model")
"""Kept fields that go with each run."""


def needs_state(declared: Features) -> bool:
    """Whether something of this provider can only be had with the state."""
    return with_state(declared) != declared


def with_state(declared: Features) -> Features:
    """Add what the state makes possible to what a provider declares."""
    rows: dict[str, Feature] = {}
    if has(declared, "get_conversation") and not has(declared, "list_conversations"):
        rows["list_conversations"] = lossy("only what was created, read or adopted here: the vendor lists nothing")
    if has(declared, "create_conversation"):
        rows |= _kept_rows(declared)
        rows |= _rebuilt_rows(declared)
        if has(declared, "get_conversation") and not has(declared, "delete_conversation"):
            rows["delete_conversation"] = emulated("hidden in this state; the vendor keeps it")
    return declared.replace(**rows)


def has(declared: Features, operation: str) -> bool:
    """Whether the provider has the operation itself."""
    return declared[operation].grade is not Grade.UNSUPPORTED


def kept_at_vendor(declared: Features, operation: str) -> tuple[str, ...]:
    """Give the fields of a conversation that the vendor itself keeps."""
    if not has(declared, operation):
        return ()
    fields = declared[operation].limits.fields
    found = [name for name in _keepable(declared) if fields is None or name in fields]
    return tuple(name for name in found if name != "metadata" or has(declared, "conversation_metadata"))


def _keepable(declared: Features) -> tuple[str, ...]:
    """A model that no run can be given is not worth keeping: choosing one is refused."""
    return tuple(name for name in STATE_FIELDS if name != "model" or has(declared, "choose_model"))


def _kept_rows(declared: Features) -> dict[str, Feature]:
    """Give the rows of operations with fields that go into the state."""
    rows: dict[str, Feature] = {}
    if missing := _missing(declared, "create_conversation"):
        row = declared.create_conversation
        note = "; ".join(filter(None, (row.note, f"{', '.join(missing)}: {IN_STATE}")))
        rows["create_conversation"] = _taking(row.model_copy(update={"note": note}), missing, declared)
    if "metadata" in missing:
        rows["conversation_metadata"] = emulated(IN_STATE)
    changed = _missing(declared, "update_conversation")
    if changed and has(declared, "get_conversation"):
        row = declared.update_conversation
        if not has(declared, "update_conversation"):
            row = row.model_copy(update={"limits": row.limits.model_copy(update={"fields": ()})})
        change = {"grade": Grade.EMULATED, "note": f"{', '.join(changed)}: {IN_STATE}"}
        rows["update_conversation"] = _taking(row.model_copy(update=change), changed, declared)
    return rows


def _missing(declared: Features, operation: str) -> tuple[str, ...]:
    kept = kept_at_vendor(declared, operation)
    return tuple(name for name in _keepable(declared) if name not in kept)


def _taking(row: Feature, more: tuple[str, ...], declared: Features) -> Feature:
    """Let a row take these fields too, and say which of them no run will heed."""
    fields = row.limits.fields
    if fields is not None:
        fields = (*fields, *(name for name in more if name not in fields))
    talking = declared.send if has(declared, "send") else declared.stream
    heeded = TURN_OPTIONS if talking.limits.fields is None else talking.limits.fields
    unheeded = tuple(name for name in more if name in RUN_FIELDS and name not in heeded)
    limits = row.limits.model_copy(update={"fields": fields, "unheeded": unheeded or None, "in_state": more})
    return row.model_copy(update={"limits": limits})


def _rebuilt_rows(declared: Features) -> dict[str, Feature]:
    """Give the rows of operations that are done by building the conversation anew."""
    rows: dict[str, Feature] = {}
    if has(declared, "append_user") and has(declared, "append_assistant"):
        note, text_bytes = "the conversation is built anew, with a new id", declared.append_user.limits.text_bytes
        row = lossy(note, *REBUILD_LOSSES, text_bytes=text_bytes)
        rows = {name: row for name in ("edit_message", "delete_message") if not has(declared, name)}
    if not has(declared, "clear_messages") and not has(declared, "delete_message"):
        rows["clear_messages"] = lossy("an empty conversation takes its place, with a new id", *EMPTY_REBUILD_LOSSES)
    return rows
