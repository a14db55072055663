"""Copying to a target that answers whatever it stores: turns are sent, and their answers rewritten.

Each act is a step in the ledger: meant, sent, done. An answer that was made and not yet rewritten is found again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..errors import MigrationError
from ..mapping.losses import Losses, LossItem
from ..mapping.turns import Turns, WantedTurn
from ..model import Conversation, Message
from ..state import Link, Row
from .arriving import LONGEST_SECONDS, REWRITTEN, rows_of
from .digest import digest
from .job import Job
from .reconciling import landed
from .walking import STAND_IN, Step, turns_of

ACT_SECONDS = 600.0


@dataclass(slots=True)
class Generating:
    """The turns of one conversation on their way into the target."""

    job: Job
    link: Link
    next_ordinal: int
    copied: int = 0
    losses: Losses = field(default_factory=Losses)

    async def take(self, turn: WantedTurn, steps: Sequence[Step], left_out: Sequence[Step] = ()) -> None:
        """Bring one turn over; `steps` are the messages it is made of. What is done already is not done again.

        `left_out` are messages around it that have no place on the target; their losses are among the turn's.
        """
        rows = self._rows(turn, steps)
        if any(row.target is None for row in rows):
            self.job.pair.ledger.put(self.link, rows)
            rows = await self._sent(turn, rows)
            self.job.pair.ledger.put(self.link, rows)
        await self._rewritten(turn, rows)
        self._note([replace(row, state="done") for row in rows], Losses(turn.losses), len(steps))

    def leave_out(self, step: Step, losses: Sequence[LossItem]) -> None:
        """Note a message that has no place on the target, and what is lost by that."""
        if step.row is None:
            row = self._new(step.key, step.digest, None)
            self._note([replace(row, state="done")], Losses(losses))

    async def rewrite(self, steps: Sequence[Step], message: Message, losses: Sequence[LossItem], edited: int) -> None:
        """Put another text in the place of one message of the target; `steps` are what it is made of."""
        target, place = self.job.pair.target, self.link.target
        known = [(step, step.row) for step in steps if step.row is not None]
        self.job.pair.ledger.reopened(self.link)
        await target.edit(place or "", known[0][1].target or "", message.text, allow_loss=True, timeout=LONGEST_SECONDS)
        done = [replace(row, source_digest=step.digest, digest=digest(message)) for step, row in known]
        for row in [row for step, row in known if step.is_edited and row.migration != self.job.migration]:
            now = self.job.pair.clock.now()
            self.job.pair.migrations.tell(self.job.migration, REWRITTEN, now, self.link.conversation, row.source)
        self._note(done, Losses(losses), edited)

    def note(self, losses: Losses) -> None:
        """Note what is lost of the conversation besides."""
        self._note((), losses)

    def _note(self, done: Sequence[Row], losses: Losses, copied: int = 0) -> None:
        """Note what is done together with what it lost, so that an end in between neither doubles nor omits a loss."""
        self.job.pair.ledger.put(self.link, done, self.job.migration, rows_of(self.link, losses), copied)
        self.losses.merge(losses)
        self.copied += copied
        self.job.tally.add(copied)

    def _rows(self, turn: WantedTurn, steps: Sequence[Step]) -> list[Row]:
        """Give a row for each message, and one for a side that is a stand-in; the question's come first."""
        questions = len(turn.user_sources)
        rows: list[Row] = []
        for wanted, mine in ((turn.user, steps[:questions]), (turn.assistant, steps[questions:])):
            rows += [self._row(step, wanted) for step in mine]
            if not mine:
                rows.append(self._stand_in(wanted))
        return rows

    def _row(self, step: Step, wanted: Message) -> Row:
        """Give the row of a message: a question stands as it was sent, an answer will be what it is by now."""
        if step.row is None:
            return self._new(step.key, step.digest, digest(wanted))
        if wanted.role == "assistant":
            return replace(step.row, source_digest=step.digest, digest=digest(wanted))
        return step.row

    def _stand_in(self, wanted: Message) -> Row:
        known = [row for row in self.job.pair.ledger.rows(self.link) if row.state != "done"]
        met = next((row for row in known if row.source.startswith(STAND_IN) and row.digest == digest(wanted)), None)
        return met or self._new(f"{STAND_IN}{self.next_ordinal}", "", digest(wanted))

    def _new(self, source: str, source_digest: str, wanted: str | None) -> Row:
        ordinal, self.next_ordinal = self.next_ordinal, self.next_ordinal + 1
        now = self.job.pair.clock.now()
        return Row(ordinal, source, source_digest, None, wanted, "intent", self.job.migration, now)

    async def _sent(self, turn: WantedTurn, rows: Sequence[Row]) -> list[Row]:
        """Send the question, and give the rows with the ids of both messages."""
        target, place = self.job.pair.target, self.link.target
        assert place is not None  # noqa: S101  # the container was created before
        await target.send(place, turn.user.text, allow_loss=True, timeout=ACT_SECONDS)
        newest = [message async for message in target.messages(place, order="desc", limit=2)]
        if len(newest) < 2:
            raise MigrationError(f"{target.name}:{place} does not hold what was sent to it", code="verification")
        return located(rows, newest[1], newest[0], turn)

    async def _rewritten(self, turn: WantedTurn, rows: Sequence[Row]) -> None:
        """Put the wanted answer in the place of the one that was made."""
        target, place = self.job.pair.target, self.link.target
        answer = rows[-1].target
        assert place is not None  # noqa: S101  # the container was created before
        assert answer is not None  # noqa: S101  # the turn was sent
        await target.edit(place, answer, turn.assistant.text, allow_loss=True, timeout=LONGEST_SECONDS)


class TurnCopy:
    """Puts messages together into turns, and has each turn brought over as soon as it is whole."""

    def __init__(self, generating: Generating, conversation: Conversation, rows: Sequence[Row]) -> None:
        """Begin with the rows of what an earlier run brought over."""
        self.generating = generating
        self._job = generating.job
        self._conversation = conversation
        self._turns = Turns(self._job.pair.target.features)
        self._numbers = turns_of(rows)
        self._open: list[Step] = []
        self._passed: list[Step] = []

    async def add(self, step: Step, *, on_branch: bool) -> None:
        """Take the next message. Raises MigrationError where a transform fails, LossRefusedError."""
        made = self._job.shape(self._conversation, step, on_branch=on_branch)
        if made.message is None:
            self._job.require_allowed(made.losses)
            self.generating.leave_out(step, made.losses)
            return
        turn = self._turns.add(made.message, made.losses, self._numbers.get(step.key))
        if turn is not None:
            await self._finish(turn)
        self._open.append(step)

    async def end(self) -> None:
        """Bring the last turn over."""
        if turn := self._turns.end():
            await self._finish(turn)
        await self._carry_over()

    async def pass_by(self, step: Step) -> None:
        """Meet a message that is there already; those that became one message there are looked at together."""
        if self._passed and _target(self._passed[0]) != _target(step):
            await self._carry_over()
        self._passed.append(step)

    async def _carry_over(self) -> None:
        """Rewrite one message of the target where what it was made of was edited, and that is asked for.

        What was edited while this migration copies it is carried over unasked: it would be neither old nor new.
        """
        steps, self._passed = self._passed, []
        edited = [step for step in steps if step.is_edited and (self._job.update or self._is_of_this_run(step))]
        if not edited:
            return
        whole = Turns(self._job.pair.target.features)
        losses: list[LossItem] = []
        for step in steps:
            made = self._job.shape(self._conversation, step)
            losses += made.losses if step in edited else ()
            if made.message is not None:
                whole.add(made.message, number=0)
        if turn := whole.end():
            self._job.require_allowed(losses)
            message = turn.assistant if turn.assistant_sources else turn.user
            await self.generating.rewrite(steps, message, losses, len(edited))

    def _is_of_this_run(self, step: Step) -> bool:
        return step.row is not None and step.row.migration == self._job.migration

    async def _finish(self, turn: WantedTurn) -> None:
        self._job.require_allowed(turn.losses)
        steps, self._open = self._open, []
        await self.generating.take(turn, steps)


def _target(step: Step) -> str | None:
    return step.row.target if step.row is not None else None


def located(rows: Sequence[Row], user: Message, assistant: Message, turn: WantedTurn | None = None) -> list[Row]:
    """Give the rows of a turn with the ids of its two messages, as sent and not yet rewritten."""
    question = digest(turn.user) if turn else digest(user)
    return [replace(row, state="sent", target=user.id if row.digest == question else assistant.id) for row in rows]


async def found_again(job: Job, link: Link, rows: Sequence[Row]) -> list[Row]:
    """Give the rows with what became of a turn that was meant and not noted as sent; absent ones are taken out.

    A question that is stored without an answer is answered now: sending it again would store it twice.
    """
    meant = [row for row in rows if row.state == "intent"]
    if not meant or link.target is None:
        return list(rows)
    done = len({row.target for row in rows if row.state != "intent" and row.target})
    target, place = job.pair.target, link.target

    async def look() -> list[Message] | None:
        stored = [message async for message in target.messages(place)]
        fresh = stored[done : done + 2]
        return fresh if fresh and any(digest(fresh[0]) == row.digest for row in meant) else None

    fresh = await landed(job.pair, max(row.begun_at for row in meant), ACT_SECONDS, look)
    if fresh is None:
        job.pair.ledger.drop(link, [row.ordinal for row in meant])
        return [row for row in rows if row.state != "intent"]
    if len(fresh) == 1:
        await target.regenerate(place, allow_loss=True, timeout=ACT_SECONDS)
        fresh = await look() or fresh
    known = {row.ordinal: row for row in located(meant, fresh[0], fresh[-1])}
    job.pair.ledger.put(link, list(known.values()))
    return [known.get(row.ordinal, row) for row in rows]
