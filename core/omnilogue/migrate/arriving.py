"""Writing a conversation to its target: each message is noted as meant before it is written, as done after.

Some messages are noted as meant at once, with what is done of those before them: one commit for all of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..errors import MigrationError
from ..mapping.drafts import ExpectedDraft
from ..mapping.losses import Losses, LossItem
from ..model import Conversation, Message
from ..remote import markers
from ..state import Link, LossRow, Row
from .job import Job
from .pair import Pair

LONGEST_SECONDS = 900.0
"""How long one call may take, all its attempts included."""

REWRITTEN = "rewritten"
"""The event that an edit was carried over to a copy of an earlier migration; its detail is the source's message."""

AHEAD = 16
"""How many messages are noted as meant in one step, at least; after a kill that many are looked for on the target."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message on its way: its row, what is written (None where it is left out), and what it loses."""

    row: Row
    message: Message | None
    losses: Sequence[LossItem]


class Arriving:
    """One conversation on its way into the target; `losses` are those of what is known to be there."""

    def __init__(self, job: Job, link: Link, draft: ExpectedDraft) -> None:
        self.link = link
        self.copied = 0
        self.losses = Losses()
        self._pair = job.pair
        self._stop = job.stop
        self._tally = job.tally
        self._migration = job.migration
        self._draft = draft
        features = job.pair.target.features
        self._size = max(1, features.append_user.limits.batch or 1)
        self._creates_whole = bool(features.create_conversation.limits.create_with_messages)
        self._last: str | None = None
        self._waiting: list[Parcel] = []
        self._meant: set[int] = set()
        self._done: list[Row] = []
        self._lost = Losses()
        self._noted = 0

    async def add(self, parcel: Parcel) -> None:
        """Take one more message; one that is left out is only noted. Raises Stopped where the run is to end."""
        self._last = parcel.row.source
        self._waiting.append(parcel)
        if len(self._waiting) >= max(self._size, AHEAD):
            await self.flush()

    async def below(self, message: Message, parent: str | None) -> Message:
        """Give the message the place it has on the target: below the copy of its parent, else below the last one."""
        if parent is None or self._last == parent:
            return message if message.parent_id is None else message.model_copy(update={"parent_id": None})
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
        """Write what was taken so far. Raises Stopped between two batches where the run is to end."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        await self.begin()
        rows = [parcel.row for parcel in waiting]
        self._meant = {row.ordinal for row in rows}
        await self._pair.ledger.state.together(lambda: self._put(rows))
        for start in range(0, len(waiting), self._size):
            self._stop.check()
            await self._write(waiting[start : start + self._size])

    async def _write(self, batch: Sequence[Parcel]) -> None:
        self._meant.difference_update(parcel.row.ordinal for parcel in batch)
        messages = [parcel.message for parcel in batch if parcel.message is not None]
        ids = await self._written(messages) if messages else []
        if len(ids) != len(messages):
            raise MigrationError(f"{len(ids)} of {len(messages)} messages were stored at once", code="verification")
        left = iter(ids)
        for parcel in batch:
            self._finished(parcel, None if parcel.message is None else next(left))
        self._count(len(ids))

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

    def arrived(self, row: Row, losses: Sequence[LossItem] = ()) -> None:
        """Take a message that is there already: an earlier run wrote it and did not note so, or it was edited."""
        self._done.append(row)
        self.lost(losses)
        self._count(1)

    def _count(self, messages: int) -> None:
        self.copied += messages
        self._tally.add(messages)

    def lost(self, losses: Sequence[LossItem]) -> None:
        """Count what is lost of what is there."""
        self._lost.extend(losses)
        self.losses.extend(losses)

    async def create(self, messages: Sequence[Message]) -> str:
        """Create the conversation, with these messages where there are some, and give its id."""
        draft = self._draft.draft.model_copy(update={"messages": tuple(messages)})
        made = await self._pair.landing.create(draft, self.link.marker, self._draft.origin)
        ledger, losses = self._pair.ledger, Losses(self._draft.losses)
        lost = rows_of(self.link, losses)
        self.link = await ledger.state.together(lambda: ledger.created(self.link, made.id, self._migration, lost))
        self.losses.merge(losses)
        return made.id

    async def finish(self) -> Link:
        """Write the rest, also a conversation without messages, and note all of it."""
        await self.flush()
        if self.link.target is None:
            await self.create(())
        await self._pair.ledger.state.together(self.note)
        return self.link

    def note(self) -> None:
        """Note what is known to be done, also where something failed on the way; what was never tried is not meant."""
        self._put(())
        if self._meant:
            self._pair.ledger.drop(self.link, self._meant)
            self._meant = set()

    def _put(self, meant: Sequence[Row]) -> None:
        """Note in one step what is done of the messages before, and what is meant next."""
        done, self._done = self._done, []
        lost, self._lost = self._lost, Losses()
        copied, self._noted = self.copied - self._noted, self.copied
        self._pair.ledger.put(self.link, [*done, *meant], self._migration, rows_of(self.link, lost), copied)


def rows_of(link: Link, losses: Losses) -> list[LossRow]:
    """Give losses as the ledger keeps them."""
    return [LossRow(link.conversation, row.kind, row.action, row.count, row.example) for row in losses.rows()]


def begun(pair: Pair, conversation: Conversation, migration: str, options: str) -> Link:
    """Note that a copy of the conversation is about to be created, under a marker of its own."""
    marker, at = markers.new(), pair.clock.now()
    return pair.ledger.begin(conversation.id, marker=marker, migration=migration, options=options, at=at)
