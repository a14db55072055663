"""Writing a conversation to its target in batches: each message is noted as meant before it is written, as done after.

What is done of one batch and meant of the next goes into the ledger in one step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..errors import MigrationError
from ..mapping.drafts import ExpectedDraft
from ..mapping.losses import Losses
from ..model import Conversation, Message
from ..remote import markers
from ..state import Link, LossRow, Row
from .pair import Pair

LONGEST_SECONDS = 900.0
"""How long one call may take, all its attempts included."""

REWRITTEN = "rewritten"
"""The event that an edit was carried over to a copy of an earlier migration; its detail is the source's message."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message on its way: its row, what is written (None where it is left out), and what it loses."""

    row: Row
    message: Message | None
    losses: Losses


class Arriving:
    """One conversation on its way into the target; `losses` are those of what is known to be there."""

    def __init__(self, pair: Pair, migration: str, link: Link, draft: ExpectedDraft) -> None:
        self.link = link
        self.copied = 0
        self.losses = Losses()
        self._pair = pair
        self._migration = migration
        self._draft = draft
        limits = pair.target.features.append_user.limits
        self._size = max(1, limits.batch or 1)
        self._creates_whole = bool(pair.target.features.create_conversation.limits.create_with_messages)
        self._last: str | None = None
        self._batch: list[Parcel] = []
        self._done: list[Row] = []
        self._lost = Losses()
        self._noted = 0

    async def add(self, parcel: Parcel) -> None:
        """Take one more message; one that is left out is only noted."""
        self._last = parcel.row.source
        if parcel.message is None:
            self._finished(parcel, None)
            return
        self._batch.append(parcel)
        if len(self._batch) >= self._size:
            await self.flush()

    async def below(self, message: Message, parent: str | None) -> Message:
        """Give the message the place it has on the target: below the copy of its parent, else below the last one."""
        if parent is None or self._last == parent:
            return message.model_copy(update={"parent_id": None})
        await self.flush()
        self.note()
        rows = self._pair.ledger.rows(self.link)
        target = next((row.target for row in rows if row.source == parent), None)
        return message.model_copy(update={"parent_id": target})

    async def begin(self) -> None:
        """Create the conversation, unless it is there or comes with its first messages."""
        if self.link.target is None and not self._creates_whole:
            await self.create(())

    async def flush(self) -> None:
        """Write what was taken so far."""
        batch, self._batch = self._batch, []
        if not batch:
            return
        await self.begin()
        noted = self._noting([parcel.row for parcel in batch])
        await self._pair.ledger.put_together(self.link, *noted)
        ids = await self._written([parcel.message for parcel in batch if parcel.message is not None])
        if len(ids) != len(batch):
            raise MigrationError(f"{len(ids)} of {len(batch)} messages were stored at once", code="verification")
        for parcel, target in zip(batch, ids, strict=True):
            self._finished(parcel, target)
        self.copied += len(batch)

    async def _written(self, messages: Sequence[Message]) -> list[str | None]:
        """Write messages, with the conversation where it is not there yet, and give their ids."""
        target = self._pair.target
        if self.link.target is None:
            made = await self.create(messages)
            stored = [message async for message in target.messages(made, limit=len(messages))]
        else:
            stored = await target.append(self.link.target, messages, allow_loss=True, timeout=LONGEST_SECONDS)
        return [message.id for message in stored]

    def _finished(self, parcel: Parcel, target: str | None) -> None:
        self._done.append(replace(parcel.row, state="done", target=target))
        self.lost(parcel.losses)

    def arrived(self, row: Row, losses: Losses) -> None:
        """Take a message that is there already: an earlier run wrote it and did not note so, or it was edited."""
        self._done.append(row)
        self.lost(losses)
        self.copied += 1

    def lost(self, losses: Losses) -> None:
        """Count what is lost of what is there."""
        self._lost.merge(losses)
        self.losses.merge(losses)

    async def create(self, messages: Sequence[Message]) -> str:
        """Create the conversation, with these messages where there are some, and give its id."""
        draft = self._draft.draft.model_copy(update={"messages": tuple(messages)})
        made = await self._pair.landing.create(draft, self.link.marker, self._draft.origin)
        losses = Losses(self._draft.losses)
        self.link = self._pair.ledger.created(self.link, made.id, self._migration, rows_of(self.link, losses))
        self.losses.merge(losses)
        return made.id

    async def finish(self) -> Link:
        """Write the rest, also a conversation without messages, and note all of it."""
        await self.flush()
        if self.link.target is None:
            await self.create(())
        self.note()
        return self.link

    def note(self) -> None:
        """Note what is known to be done; also where something failed on the way."""
        self._pair.ledger.put(self.link, *self._noting(()))

    def _noting(self, intended: Sequence[Row]) -> tuple[list[Row], str, list[LossRow], int]:
        """Give what is to be noted: what is done of the messages before, and what is meant next."""
        done, self._done = self._done, []
        lost, self._lost = self._lost, Losses()
        copied, self._noted = self.copied - self._noted, self.copied
        return [*done, *intended], self._migration, rows_of(self.link, lost), copied


def rows_of(link: Link, losses: Losses) -> list[LossRow]:
    """Give losses as the ledger keeps them."""
    return [LossRow(link.conversation, row.kind, row.action, row.count, row.example) for row in losses.rows()]


def begun(pair: Pair, conversation: Conversation, migration: str, options: str) -> Link:
    """Note that a copy of the conversation is about to be created, under a marker of its own."""
    ledger = pair.ledger
    return ledger.begin(
        conversation.id,
        marker=markers.new(),
        migration=migration,
        options=options,
        at=pair.clock.now(),
    )
