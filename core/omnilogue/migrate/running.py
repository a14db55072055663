"""Copying many conversations at once, longest first: one dead one stops none of the others, an outage waits.

While one is read back the next is begun.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from ..errors import MigrationError, OmnilogueError
from ..mapping.losses import Losses
from ..model import Conversation
from ..state import ItemState, Link
from .copying import ConversationCopy
from .failing import verdict
from .job import Job
from .outages import Outage
from .stopping import Stopped
from .together import together


@dataclass(frozen=True, slots=True)
class Work:
    """A conversation to be copied, and how many messages it is expected to have."""

    conversation: Conversation
    messages: int
    is_branched: bool = False


class Run:
    """One run over the conversations that are left."""

    def __init__(
        self,
        job: Job,
        work: Iterable[Work],
        *,
        concurrency: int,
        max_dead: int,
        wait_outage: float,
        told: Callable[[], object],
        waits: Callable[[float, OmnilogueError], object],
    ) -> None:
        """Take what is left to do; `told` hears of each conversation that ended and now and then of messages.

        `waits` hears of an outage.
        """
        self.finished = 0
        self.brought = 0
        self._job = job
        work = list(work)
        self._lost = {each.conversation.id: Losses() for each in work}
        self._left = deque(sorted(work, key=lambda each: -each.messages))
        self._total = len(self._left)
        self._concurrency = max(1, min(concurrency, len(self._left)))
        self._places = asyncio.Semaphore(self._concurrency)
        self._max_dead = max_dead
        self._dead = 0
        self._told = told
        self._failure: OmnilogueError | None = None
        self._outage = Outage.of(job, wait_outage, waits)

    @property
    def copied(self) -> int:
        """How many messages were copied so far."""
        return self._job.tally.copied

    @property
    def losses(self) -> Losses:
        """What was lost, in the order the conversations were given."""
        whole = Losses()
        for losses in self._lost.values():
            whole.merge(losses)
        return whole

    @property
    def left(self) -> int:
        """How many conversations were not finished."""
        return self._total - self.finished

    async def run(self) -> None:
        """Copy all of them. Raises what ends the whole run; what was begun is noted, the rest stays pending."""
        self._job.tally.watch(self._told)
        await together(self._work, 2 * self._concurrency)  # as many are written, and read back, at once
        if self._failure is not None:
            raise self._failure

    async def _work(self) -> None:
        while True:
            async with self._places:
                if not self._left or self._job.stop.is_due or self._failure is not None:
                    return
                work = self._left.popleft()
                copy = ConversationCopy(self._job, work.conversation, is_branched=work.is_branched)
                link = await self._tried(work, copy, copy.write())
            if link is not None:
                link = await self._tried(work, copy, copy.close(link))
            if link is not None:
                await self._settle(copy, "done", link=link)
                self.finished += 1
                self.brought += 1
            self._told()

    async def _tried(self, work: Work, copy: ConversationCopy, step: Awaitable[Link]) -> Link | None:
        """Do a step of a copy, and note what a failure means for it; None where it ended there."""
        try:
            link = await step
        except Stopped:
            await self._settle(copy, "pending")
        except OmnilogueError as error:
            await self._failed(work, copy, error)
        else:
            self._outage.end()
            return link
        return None

    async def _failed(self, work: Work, copy: ConversationCopy, error: OmnilogueError) -> None:
        what = verdict(error)
        if what in {"dead", "unknown"}:
            await self._settle(copy, what, error)
            self.finished += 1
            self._dead += what == "dead"
            if self._dead > self._max_dead:
                self._end(_too_many(self._dead))
            return
        await self._settle(copy, "pending")
        if what == "stop":
            self._end(error)
            return
        self._left.append(work)
        try:
            await self._outage.wait(error)
        except OmnilogueError as lasting:
            self._end(lasting)

    def _end(self, error: OmnilogueError) -> None:
        self._failure = self._failure or error

    async def _settle(
        self, copy: ConversationCopy, state: ItemState, error: OmnilogueError | None = None, link: Link | None = None
    ) -> None:
        """Note how a conversation ended, and count what it lost; `link` is that of a copy that is whole."""
        pair, migration, conversation = self._job.pair, self._job.migration, copy.conversation.id
        code, words = (error.code, str(error)) if error else (None, None)

        def change() -> None:
            pair.migrations.settle(migration, conversation, state, code=code, error=words)
            if link is not None:
                pair.ledger.settled(link)
            pair.migrations.tell(migration, state, pair.clock.now(), conversation, code or str(copy.copied))

        await pair.ledger.state.together(change)
        self._lost[conversation].merge(copy.losses)


def _too_many(dead: int) -> MigrationError:
    return MigrationError(
        f"{dead} conversations cannot be copied", code="partial", hint="look at them, or allow more with --max-dead"
    )
