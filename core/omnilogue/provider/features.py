"""What a provider can do, as data: each operation native, emulated, lossy or unsupported, with its limits.

The author declares what the vendor has, with `native(...)`, and may say `unsupported("why")`; an operation left
out is unsupported unless the core can make it of others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue

from ..errors import PluginError
from ..model import OPERATIONS, Grade

TEXT_BYTES = 4 * 1024 * 1024
"""The longest text a message may have where the provider declares nothing else, bytes in UTF-8."""


class Limits(BaseModel):
    """How far an operation goes; None means that no limit is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    page_size: int | None = None
    """Items of a page."""
    batch: int | None = None
    """Messages that one append call takes."""
    create_with_messages: bool | None = None
    """True when `create_conversation` stores the draft's messages too."""
    empty_turn: bool | None = None
    """True when `send` and `stream` take a turn without parts: answer what is stored."""
    answers_late: bool | None = None
    """True when the vendor may still be answering after its answer to us was lost."""
    bare_ids: bool | None = None
    """True when the vendor takes a message id without its conversation: the core looks first whether it is there."""
    parts: tuple[str, ...] | None = None
    """Types of parts that are stored; None means all of them."""
    kept: bool | None = None
    """False when parts of this kind are used for the answer, and not stored with the turn."""
    bare_files: bool | None = None
    """True when a file read again tells neither its bytes nor their SHA-256: a copy of it could not be compared."""
    file_bytes: int | None = None
    """The largest file that is kept, in bytes."""
    roles: tuple[str, ...] | None = None
    """Roles that an append takes besides the one the operation names: `tool`, `other:*`."""
    fields: tuple[str, ...] | None = None
    """Fields or options that are honoured; None means all of them. Of a message, those besides parts and metadata."""
    unheeded: tuple[str, ...] | None = None
    """Fields that are kept and that no run can be given: giving one is a loss of its name."""
    in_state: tuple[str, ...] | None = None
    """Fields that the state keeps in the vendor's place; said by the core."""
    asked_by: dict[str, JsonValue] | None = None
    """`options` of a turn that ask for it; None where nothing has to be asked."""
    filters: tuple[str, ...] | None = None
    """Filters that the vendor applies itself; the core applies the others, except `search`."""
    order: tuple[str, ...] | None = None
    """Orders that the vendor's pages can come in and keep; None for messages means oldest first, and no other."""
    text_bytes: int | None = None
    """The longest text of a message, bytes in UTF-8."""
    title_chars: int | None = None
    """The longest title of a conversation, in characters."""
    metadata_pairs: int | None = None
    """Pairs of metadata, our own marker included."""
    metadata_key_chars: int | None = None
    metadata_value_chars: int | None = None
    """The longest value. For citations: they are kept in the message's metadata, as JSON in pieces of this length."""


class Feature(BaseModel):
    """One row: how well an operation is done, why not better, what is lost, how far it goes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grade: Grade
    note: str = ""
    losses: tuple[str, ...] = ()
    limits: Limits = Limits()

    def document(self) -> dict[str, Any]:
        """Give the row as `--json` prints it."""
        return {
            "grade": self.grade.value,
            "note": self.note,
            "limits": self.limits.model_dump(mode="json", exclude_none=True),
        }


def native(note: str = "", **limits: Any) -> Feature:
    """Declare that the vendor has it; keyword arguments are `Limits`."""
    return Feature(grade=Grade.NATIVE, note=note, limits=Limits(**limits))


def emulated(note: str, **limits: Any) -> Feature:
    """Declare that the provider makes it of other calls and nothing is lost."""
    return Feature(grade=Grade.EMULATED, note=note, limits=Limits(**limits))


def lossy(note: str, *losses: str, **limits: Any) -> Feature:
    """Declare that the provider makes it and these kinds are lost."""
    return Feature(grade=Grade.LOSSY, note=note, losses=losses, limits=Limits(**limits))


def unsupported(note: str = "") -> Feature:
    """Declare that it cannot be had."""
    return Feature(grade=Grade.UNSUPPORTED, note=note)


class Features(Mapping[str, Feature]):
    """All rows, by operation: `features.edit_message.grade`, `features["edit_message"]`; iterating gives all names."""

    list_conversations: Feature
    get_conversation: Feature
    create_conversation: Feature
    update_conversation: Feature
    delete_conversation: Feature
    list_messages: Feature
    get_message: Feature
    append_user: Feature
    append_assistant: Feature
    append_system: Feature
    edit_message: Feature
    delete_message: Feature
    clear_messages: Feature
    send: Feature
    stream: Feature
    stop: Feature
    regenerate: Feature
    conversation_metadata: Feature
    message_metadata: Feature
    choose_model: Feature
    attach_files: Feature
    send_images: Feature
    send_audio: Feature
    receive_audio: Feature
    tool_calls: Feature
    citations: Feature

    def __init__(self, **rows: Feature) -> None:
        if unknown := sorted(rows.keys() - set(OPERATIONS)):
            raise PluginError(f"features: no such operation: {', '.join(unknown)}", code="plugin_contract")
        self._rows = {name: rows.get(name, unsupported()) for name in OPERATIONS}
        vars(self).update(self._rows)

    def __getitem__(self, operation: str) -> Feature:
        return self._rows[operation]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def replace(self, **rows: Feature) -> Features:
        """Give these features with some rows changed: how one account narrows what the vendor has."""
        return Features(**{**self._rows, **rows})

    def document(self) -> dict[str, Any]:
        """Give all rows as `--json` prints them."""
        return {name: row.document() for name, row in self._rows.items()}
