"""Following a run to its end: it is looked at ever more rarely, and what it asks for is called once and told once."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress

from omnilogue.errors import OmnilogueError
from omnilogue.model import ToolCallPart, ToolResultPart
from omnilogue.provider import Context, Tool, answers

from .calls import Calls
from .refusals import NEEDS_TOOLS, run_failure
from .settings import MiniMaxSettings
from .tools import asked_for, outputs_of
from .wire import Run

COMPLETED = "completed"
ENDED = frozenset({COMPLETED, "failed", "expired", "cancelled", "incomplete"})
"""States that nothing changes any more; every other one, also one nobody documented, is waited through."""

GROWTH = 1.5
"""How much longer each pause is than the one before; every look counts against the vendor's limit per minute."""

MOST_SUBMISSIONS = 3
"""How often outputs are submitted whose answer was lost, each time after they were seen to be absent."""


def note_key(run_id: str) -> str:
    """Give the key under which is noted that a run called tools, so that its steps are read with its messages."""
    return f"tools:{run_id}"


class Followed:
    """One run and what it called; `run` is as it was seen last."""

    def __init__(self, calls: Calls, settings: MiniMaxSettings, context: Context, thread_id: str, run: Run) -> None:
        self._calls = calls
        self._settings = settings
        self._clock = context.clock
        self._notes = context.state
        self.thread_id = thread_id
        self.run = run
        self.called: list[ToolCallPart] = []
        self.results: dict[str, ToolResultPart] = {}

    async def to_the_end(self, tools: Sequence[Tool]) -> AsyncGenerator[ToolCallPart, None]:
        """Wait until the run has ended, and give each call of a tool as it is asked for.

        Its state decides; its times do not: a documented run is completed and has failed (api-138568367).
        Raises RunFailedError, and what `last_error` means.
        """
        pause = self._settings.poll_first
        while self.run.status not in ENDED:
            if fresh := await self._asked():
                for call in fresh:
                    yield call
                await self._answer(tools, fresh)
                pause = self._settings.poll_first
            await self._clock.sleep(pause)
            pause = min(self._settings.poll_longest, pause * GROWTH)
            await self.look()
        if self.run.status != COMPLETED:
            raise run_failure(self.run)

    async def look(self) -> None:
        """See how far the run is."""
        self.run = await self._calls.run(self.thread_id, self.run.id)

    async def _asked(self) -> list[ToolCallPart]:
        """Give the calls that nobody has answered yet. Raises RunFailedError for an action nobody knows."""
        if self.run.status == NEEDS_TOOLS and not asked_for(self.run):
            await self.look()  # a stream may leave out what is asked for
        if self.run.status != NEEDS_TOOLS:
            return []
        calls = asked_for(self.run)
        if not calls:
            await self._let_go()
            raise run_failure(self.run)
        return [call for call in calls if call.id not in self.results]

    async def _answer(self, tools: Sequence[Tool], calls: Sequence[ToolCallPart]) -> None:
        """Call the tools and tell the run; where that cannot be done it is cancelled, for it would wait in vain."""
        self.called += calls
        try:
            self._notes.set(note_key(self.run.id), True)
            results = await answers(tools, calls)
        except OmnilogueError:
            await self._let_go()
            raise
        self.results |= {result.call_id: result for result in results}
        await self._submit(results)

    async def _submit(self, results: Sequence[ToolResultPart]) -> None:
        """Submit all outputs in one call. After a lost answer the run is read before they are submitted again.

        The tools are never called again for it; the turn is stored whatever happens, so nothing else is unknown.
        """
        failure: OmnilogueError | None = None
        for _ in range(MOST_SUBMISSIONS):
            try:
                self.run = await self._calls.submit_outputs(self.thread_id, self.run.id, outputs_of(results))
                return
            except OmnilogueError as error:
                if error.outcome != "unknown":
                    await self._let_go()
                    raise
                failure = error
            if await self._has_landed({result.call_id for result in results}):
                return
        assert failure is not None  # noqa: S101  # the loop left no other way
        failure.outcome = "applied"
        raise failure

    async def _has_landed(self, submitted: set[str]) -> bool:
        """Look at once, and again after the settle time: a request can land after the first look."""
        for pause in (0.0, self._settings.settle):
            await self._clock.sleep(pause)
            await self.look()
            if self.run.status != NEEDS_TOOLS or not submitted & {call.id for call in asked_for(self.run)}:
                return True
        return False

    async def _let_go(self) -> None:
        """Cancel a run that waits for what will not come: until it expired nothing else could be asked."""
        with suppress(OmnilogueError):
            await self._calls.cancel_run(self.thread_id, self.run.id)
