"""Copying to a target that answers whatever it stores: turns are sent, and their answers rewritten.

Each act is a step in the ledger: meant, sent, done. An answer that was made and not yet rewritten is found again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..errors import MigrationError
from ..mapping.losses import Losses
from ..mapping.turns import Turns, WantedTurn
from ..model import Conversation, Message
from ..state import Link, Row
from .arriving import LONGEST_SECONDS, rows_of
from .digest import digest
from .job import Job
from .reconciling import landed
from .walking import STAND_IN, Step

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
        self._done([*rows, *self._absent(left_out)], Losses(turn.losses), len(steps))

    def leave_out(self, steps: Sequence[Step], losses: Losses) -> None:
        """Note messages that have no place on the target, and what is lost with them."""
        self._done(self._absent(steps), losses, 0)

    def _done(self, rows: Sequence[Row], losses: Losses, copied: int) -> None:
        """Note rows as done, in one step with what they lost."""
        done = [replace(row, state="done") for row in rows]
        self.job.pair.ledger.put(self.link, done, self.job.migration, rows_of(self.link, losses), copied)
        self.losses.merge(losses)
        self.copied += copied

    def _absent(self, steps: Sequence[Step]) -> list[Row]:
        return [self._new(step.key, step.digest, None) for step in steps if step.row is None]

    def _rows(self, turn: WantedTurn, steps: Sequence[Step]) -> list[Row]:
        """Give a row for each message, and one for a side that is a stand-in; the question's come first."""
        questions = len(turn.user_sources)
        rows: list[Row] = []
        for wanted, mine in ((turn.user, steps[:questions]), (turn.assistant, steps[questions:])):
            rows += [step.row or self._new(step.key, step.digest, digest(wanted)) for step in mine]
            if not mine:
                rows.append(self._stand_in(wanted))
        return rows

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
        answer = next(row.target for row in rows if row.digest == digest(turn.assistant) and row.target)
        assert place is not None  # noqa: S101  # the container was created before
        await target.edit(place, answer, turn.assistant.text, allow_loss=True, timeout=LONGEST_SECONDS)


class TurnCopy:
    """Puts messages together into turns, and has each turn brought over as soon as it is whole."""

    def __init__(self, job: Job, generating: Generating) -> None:
        self.generating = generating
        self._job = job
        self._turns = Turns(job.pair.target.features, job.options)
        self._open: dict[int, Step] = {}
        self._count = 0

    async def add(self, step: Step, conversation: Conversation, *, on_branch: bool) -> None:
        """Take the next message."""
        losses = Losses()
        message = self._job.transformed(conversation, step, losses)
        if message is None:
            self.generating.leave_out([step], losses)
            return
        turn = self._turns.add(message, on_branch=on_branch)
        if turn is not None:
            await self._finish(turn)
        self._open[self._count] = step
        self._count += 1

    async def end(self, losses: Losses) -> None:
        """Bring the last turn over, and note what else was lost."""
        if turn := self._turns.end():
            await self._finish(turn)
        losses.extend(self._turns.left_over)
        self.generating.leave_out([*self._open.values()], losses)

    async def _finish(self, turn: WantedTurn) -> None:
        """Bring a turn over; whatever else was taken before it was found whole is left out."""
        self._job.require_allowed(turn.losses)
        steps = [self._open.pop(place) for place in (*turn.user_sources, *turn.assistant_sources)]
        left_out, self._open = [*self._open.values()], {}
        await self.generating.take(turn, steps, left_out)


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
