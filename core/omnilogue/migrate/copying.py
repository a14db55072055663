"""Copying one conversation: container, messages in order, closing sweep; it goes on where an earlier run ended."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from itertools import count

from ..errors import MigrationError, StateError
from ..mapping.drafts import ExpectedDraft, expected_draft
from ..mapping.losses import Losses, LossItem
from ..model import Conversation, Grade, Message
from ..state import Link, Row
from . import reconciling
from .arriving import LONGEST_SECONDS, REWRITTEN, Arriving, Parcel, begun, rows_of
from .branching import Placed, as_planned
from .digest import digest, told_like
from .fetching import fetched, to_fetch
from .generating import Generating, TurnCopy, found_again
from .job import Job
from .looking import changed_meanwhile, is_of
from .selection import Shaping
from .together import side_by_side
from .verifying import verify
from .walking import Step, Walk

MOST_PASSES = 3
"""How often a source that goes on changing is read, before its conversation is given up."""


@dataclass(slots=True)
class ConversationCopy:
    """One conversation of a run; `losses` and `copied` tell what was done so far, also after a failure."""

    job: Job
    conversation: Conversation
    is_branched: bool = False
    losses: Losses = field(default_factory=Losses)
    copied: int = 0
    _found: set[int] = field(default_factory=set)
    _draft: ExpectedDraft = field(init=False)

    def __post_init__(self) -> None:
        self._draft = expected_draft(self.conversation, self.job.pair.target.features, self.job.options)

    async def write(self) -> Link:
        """Write what is new, and give the link of the copy, which is then to be closed.

        Raises any error of the tree, Stopped where the run is to end.
        """
        link = await self._link()
        return await self._once(link, await self._known(link))

    async def close(self, link: Link) -> Link:
        """See that the copy is whole, and write again where its source has changed meanwhile; give its link.

        Raises what `write` raises.
        """
        ledger = self.job.pair.ledger
        for left in reversed(range(MOST_PASSES)):
            rows = ledger.rows(link)
            if not await self._verify_and_look(link, rows):
                await self._pin(link)
                return link
            if left:
                link = await self._once(link, rows)
        raise MigrationError(
            f"{self.conversation.ref} goes on changing while it is copied", code="source_changed", hint="retry it later"
        )

    async def _once(self, link: Link, rows: list[Row]) -> Link:
        return await (self._turns(link, rows) if self.job.generates else self._pass(link, rows))

    async def _verify_and_look(self, link: Link, rows: list[Row]) -> bool:
        """Verify the copy, and tell whether its source has changed meanwhile; both ends are read at once."""
        changed: list[bool] = []

        async def look() -> None:
            changed.append(await changed_meanwhile(self.job.pair, self.conversation, rows, self.job.migration))

        await side_by_side(look, lambda: verify(self.job.pair, link, rows))
        return changed[0]

    async def _link(self) -> Link:
        """Give the link, found again where an earlier run may have created the copy and noted nothing."""
        pair, draft = self.job.pair, self._draft
        known = pair.ledger.link(self.conversation.id)
        if known is not None:
            require_same_shaping(known, self.job.shaping)
        else:
            self.job.require_allowed(draft.losses)
        link = await pair.ledger.state.together(lambda: self._started(known))
        if known is None or link.target is not None:
            return link
        losses = Losses(draft.losses)
        noted = rows_of(link, losses)
        found = await reconciling.container(pair, link, draft.draft.title, self.job.migration, noted)
        if found is not None:
            self.losses.merge(losses)
        return found or link

    def _started(self, known: Link | None) -> Link:
        """Note that the conversation is under way, and give its link."""
        pair, migration = self.job.pair, self.job.migration
        pair.migrations.settle(migration, self.conversation.id, "running")
        return known or begun(pair, self.conversation, migration, self.job.shaping.model_dump_json())

    async def _known(self, link: Link) -> list[Row]:
        """Give what the ledger knows, with what became of writes that were only meant."""
        rows = self.job.pair.ledger.rows(link)
        if link.target is None:
            self.job.pair.ledger.drop(link, [row.ordinal for row in rows if row.digest is not None])
            return [row for row in rows if row.digest is None]
        if self.job.generates:
            return await found_again(self.job, link, rows)
        known = await reconciling.messages(self.job.pair, link, rows)
        before = {row.ordinal for row in rows if row.state == "done"}
        self._found = {row.ordinal for row in known} - before
        return known

    async def _pass(self, link: Link, rows: list[Row]) -> Link:
        """Read the source once and write what is new."""
        own = {row.ordinal for row in rows if row.migration == self.job.migration}
        arriving, walk = Arriving(self.job, link, self._draft), Walk(rows, own)
        ordinals = count(rows[-1].ordinal + 1 if rows else 0)
        try:
            async with aclosing(self._read(arriving)) as messages:
                async for each in messages:
                    step = walk.step(each.message)
                    if step.row is None:
                        await self._write(arriving, step, next(ordinals), on_branch=each.on_branch)
                    else:
                        await self._known_one(arriving, step, step.row, on_branch=each.on_branch)
            arriving.lost(self._lost_order(walk))
            for row in [row for row in walk.gone() if row.ordinal in self._found]:
                self._found.discard(row.ordinal)
                arriving.arrived(row)
            link = await arriving.finish()
        finally:
            arriving.note()
            self.copied += arriving.copied
            self.losses.merge(arriving.losses)
        return link

    def _lost_order(self, walk: Walk) -> list[LossItem]:
        """Give what is lost of the order and is not noted yet; an earlier run of this migration may have been ended.

        It is known only at the end of a pass, and so it is told by where copies stand and not by what was new.
        """
        if not walk.inserted:
            return []
        place = self.conversation
        noted = self.job.pair.migrations.lost(self.job.migration, place.id, "order", "flattened")
        return [LossItem("order", "flattened", str(place.ref))] * (walk.inserted - noted)

    async def _read(self, arriving: Arriving) -> AsyncGenerator[Placed, None]:
        """Give the messages of the source; while its first page is read the copy is created."""
        self.job.stop.check()
        source = as_planned(self.job.pair.source, self.conversation, is_branched=self.is_branched)
        first: list[Placed] = []

        async def read() -> None:
            async for each in source:
                first.append(each)
                break

        async with aclosing(source):
            await side_by_side(read, arriving.begin)
            for each in first:
                yield each
            async for each in source:
                self.job.stop.check()
                yield each

    async def _known_one(self, arriving: Arriving, step: Step, row: Row, *, on_branch: bool) -> None:
        """Count a message that an earlier run wrote and did not note, and carry an edit over.

        One that was edited while this migration copies it is carried over unasked: it would be neither old nor new.
        """
        if row.ordinal in self._found:
            self._found.discard(row.ordinal)
            arriving.arrived(row, self.job.shape(self.conversation, step, on_branch=on_branch).losses)
        if step.is_edited and (self.job.update or is_of(row, self.job.migration)):
            await arriving.flush()
            await self._rewrite(arriving, step, row)

    async def _pin(self, link: Link) -> None:
        """Pin a copy that was never whole before; later on whoever uses it decides."""
        if link.state == "new" and self._draft.pinned and link.target:
            await self.job.pair.target.update(link.target, pinned=True, timeout=LONGEST_SECONDS)

    async def _turns(self, link: Link, rows: list[Row]) -> Link:
        """Read the source once and have what is new brought over turn by turn."""
        pair, job = self.job.pair, self.job
        own = {row.ordinal for row in rows if row.migration == job.migration and row.digest is not None}
        walk = Walk(rows, own)
        if link.target is None:
            arriving = Arriving(job, link, self._draft)
            link = await arriving.finish()
            self.losses.merge(arriving.losses)
        generating = Generating(job, link, rows[-1].ordinal + 1 if rows else 0)
        turns = TurnCopy(generating, self.conversation, rows)
        try:
            async for each in as_planned(pair.source, self.conversation, is_branched=self.is_branched):
                job.stop.check()
                step = walk.step(each.message)
                if step.row is None or step.row.state != "done":
                    await turns.add(step, on_branch=each.on_branch)
                elif step.row.target is not None:
                    await turns.pass_by(step)
            await turns.end()
            generating.note(Losses(self._lost_order(walk)))
        finally:
            self.copied += generating.copied
            self.losses.merge(generating.losses)
        return link

    async def _write(self, arriving: Arriving, step: Step, ordinal: int, *, on_branch: bool) -> None:
        made = self.job.shape(self.conversation, step, on_branch=on_branch)
        self.job.require_allowed(made.losses)
        message = made.message
        if message is not None:
            message = await arriving.below(message, step.message.parent_id if self.is_branched else None)
        if message is None or not to_fetch(self.job, message):
            await arriving.add(Parcel(self._row(step, message, ordinal), message, made.losses))
            return
        async with fetched(self.job, message) as (whole, told):
            await arriving.add(Parcel(self._row(step, whole, ordinal), whole, (*made.losses, *told)))
            await arriving.flush()  # its files are there until then

    def _row(self, step: Step, message: Message | None, ordinal: int) -> Row:
        return Row(
            ordinal=ordinal,
            source=step.key,
            source_digest=step.digest,
            target=None,
            digest=digest(message) if message is not None else None,
            state="intent",
            migration=self.job.migration,
            begun_at=self.job.pair.clock.now(),
        )

    async def _rewrite(self, arriving: Arriving, step: Step, row: Row) -> None:
        """Carry an edit over, where the target changes a message in its place."""
        pair, link = self.job.pair, arriving.link
        if not carries_edits(self.job) and is_of(row, self.job.migration):
            raise MigrationError(
                f"{self.conversation.ref} was edited while it was copied, and {pair.target.name} changes no messages",
                code="source_changed",
                hint="undo it and copy it again",
            )
        if not carries_edits(self.job) or row.target is None or link.target is None:
            return
        made = self.job.shape(self.conversation, step)
        message = made.message
        if message is None:
            return
        self.job.require_allowed(made.losses)
        pair.ledger.reopened(link)
        await pair.target.edit(link.target, row.target, message.text, allow_loss=True, timeout=LONGEST_SECONDS)
        if not is_of(row, self.job.migration):
            pair.migrations.tell(self.job.migration, REWRITTEN, pair.clock.now(), link.conversation, row.source)
        wanted = digest(message)
        if to_fetch(self.job, message):  # an edit leaves files alone: they were fetched when the message was written
            stored = await pair.target.message(link.target, row.target)
            wanted = digest(stored) if digest(told_like(stored, message)) == wanted else wanted
        arriving.arrived(replace(row, source_digest=step.digest, digest=wanted, state="done"), made.losses)


def carries_edits(job: Job) -> bool:
    """Whether the target changes a message without building its conversation anew."""
    return job.pair.target.features.edit_message.grade in {Grade.NATIVE, Grade.EMULATED}


def require_same_shaping(link: Link, shaping: Shaping) -> None:
    """See that a conversation goes on as it was begun. Raises StateError [ledger_mismatch] naming the option."""
    before = Shaping.model_validate_json(link.options)
    if option := shaping.differing(before):
        raise StateError(
            f"{link.conversation} was copied with another {option}",
            code="ledger_mismatch",
            hint=f"give the same {option}, or undo {link.migration} first",
        )
