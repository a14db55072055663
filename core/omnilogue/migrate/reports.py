"""What plan, copy, check and undo tell: frozen values whose JSON is the documents of the command line."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, TypeAlias

from pydantic import ConfigDict, Field, JsonValue, ValidationError

from ..errors import InvalidInputError, MigrationError
from ..mapping.losses import Loss
from ..model.values import Moment, Value

Symbol: TypeAlias = Literal["=", "~", "*", "+", "-", "!"]
"""Equal to the source, equal to what was expected, different, missing on the target, missing on the source, unread."""


def address_of(remote: str) -> str:
    """Give the address of a remote, also of one that was made on the spot: `work:`, `:archive:PATH`."""
    return remote if remote.startswith(":") else f"{remote}:"


class ConversationCounts(Value):
    """Conversations by what a copy means for them."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    diverged: int = 0
    failed: int = 0


class MessageCounts(Value):
    """Messages by what a copy means for them; in a plan nothing is copied yet."""

    new: int = 0
    copied: int = 0
    unchanged: int = 0


class RateLimit(Value):
    """The pace of one end, such as `8/s`, and where it comes from; None for no limit. In JSON `told_by` is `from`."""

    model_config = ConfigDict(serialize_by_alias=True, populate_by_name=True)

    limit: str | None = None
    told_by: Literal["option", "setting", "none"] = Field(default="none", alias="from")


class Rates(Value):
    """The pace of both ends."""

    source: RateLimit = RateLimit()
    target: RateLimit = RateLimit()


class UndoForecast(Value):
    """How well the target can take a copy back."""

    grade: str
    note: str = ""


class Failure(Value):
    """A conversation that was not copied, and why."""

    source: str
    code: str
    message: str


class CopyReport(Value):
    """What a copy did, or would do.

    `seconds` is how long it took, in a plan an estimate; `calls` are requests to both ends; `sampled` tells that
    parts of a plan are an estimate; `complete` is False where the source cannot list everything. The document leaves
    out `diverged`, the conversations that changed on both ends, and `edited` and `gone`: how many messages were
    edited or deleted at the source since they were copied, and stay as they are.
    """

    migration: str | None = None
    source: str
    target: str
    complete: bool = True
    sampled: bool = False
    conversations: ConversationCounts = ConversationCounts()
    messages: MessageCounts = MessageCounts()
    losses: tuple[Loss, ...] = ()
    calls: int = 0
    generations: int = 0
    seconds: float = 0.0
    rates: Rates = Rates()
    undo: UndoForecast
    unknown: tuple[Failure, ...] = ()
    dead: tuple[Failure, ...] = ()
    sentence: str = ""
    diverged: tuple[str, ...] = Field(default=(), exclude=True)
    edited: int = Field(default=0, exclude=True)
    gone: int = Field(default=0, exclude=True)

    @property
    def has_work(self) -> bool:
        """Whether anything is to be written, or was."""
        return bool(self.conversations.new or self.conversations.changed or self.messages.copied)


def no_change(report: CopyReport) -> MigrationError | None:
    """Give the error for a report that tells of no work, where that is to be one.

    Where something could not be copied, or its state is not known, the report itself tells.
    """
    if report.has_work or report.dead or report.unknown:
        return None
    return MigrationError(report.sentence.rstrip("."), code="no_change")


class Plan(CopyReport):
    """What a copy would do; nothing was written to either end.

    `options` and `fingerprint` are what a saved plan is held to when it is applied.
    """

    options: dict[str, JsonValue] = Field(default_factory=dict)
    fingerprint: str = ""

    def document(self) -> dict[str, JsonValue]:
        """Give the document of the command line, without what only a saved plan needs."""
        told: dict[str, JsonValue] = self.model_dump(mode="json", by_alias=True, exclude={"options", "fingerprint"})
        return told

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the whole plan as JSON, for `copy` with `plan=`. Raises OSError."""
        Path(path).write_text(self.model_dump_json(by_alias=True, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Plan:
        """Read a plan that was saved. Raises InvalidInputError for what is none, OSError."""
        try:
            plan = cls.model_validate_json(Path(path).read_bytes())
        except ValidationError:
            plan = None
        if plan is None or not plan.fingerprint:
            raise InvalidInputError(
                f"{path} is no saved plan", hint="`omnilogue plan SOURCE TARGET --out FILE` saves one"
            )
        return plan


class CheckedMessages(Value):
    """Messages on both ends, and how many are equal."""

    source: int = 0
    target: int = 0
    equal: int = 0


class Finding(Value):
    """A conversation on both ends, and how they compare."""

    symbol: Symbol
    source: str | None = None
    target: str | None = None
    reason: str = ""


class CheckReport(Value):
    """How two remotes compare, conversation by conversation.

    `complete` is False where an end cannot list everything: what seems to be missing may be there.
    `one_way` tells that what only the target has was no difference; the document leaves it out.
    """

    equal: int = 0
    different: int = 0
    missing_on_source: int = 0
    missing_on_target: int = 0
    failed: int = 0
    messages: CheckedMessages = CheckedMessages()
    complete: bool = True
    sentence: str = ""
    items: tuple[Finding, ...] = ()
    one_way: bool = Field(default=False, exclude=True)

    @property
    def is_clean(self) -> bool:
        """Whether nothing differs, nothing is missing on the target, and everything could be read."""
        only_there = 0 if self.one_way else self.missing_on_source
        return not (self.different or self.missing_on_target or only_there or self.failed)


class Kept(Value):
    """A conversation of the target that an undo left, and why."""

    target: str
    reason: str


class UndoReport(Value):
    """What an undo took back: `deleted` are addresses on the target."""

    migration: str
    deleted: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()


class MigrationItem(Value):
    """One conversation of a migration; `message_ids` maps the source's ids to the target's, where asked for."""

    source: str
    target: str | None = None
    title: str | None = None
    state: str
    messages: int = 0
    losses: tuple[Loss, ...] = ()
    error: str | None = None
    message_ids: dict[str, str | None] | None = None


class MigrationReport(Value):
    """One migration; `items` only where one is looked at by itself.

    `selection` has the options that chose the conversations and changed their content, with their defaults.
    """

    migration: str
    source: str
    target: str
    state: str
    selection: dict[str, object]
    started_at: Moment
    finished_at: Moment | None = None
    conversations: int = 0
    messages: int = 0
    items: tuple[MigrationItem, ...] | None = None
