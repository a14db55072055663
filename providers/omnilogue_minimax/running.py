"""Having a conversation answered by a run that is looked at until it has ended."""

from __future__ import annotations

from itertools import takewhile

from omnilogue.errors import RunFailedError
from omnilogue.http import Clock
from omnilogue.model import Message, Reply
from omnilogue.provider import Turn, note_run

from .assistants import Assistants
from .calls import Calls
from .mapping import messages_of, role_of, stored_fields
from .paging import in_order
from .refusals import NEEDS_TOOLS, run_failure
from .settings import MiniMaxSettings
from .wire import MessageRow, Run

COMPLETED = "completed"
ENDED = frozenset({COMPLETED, "failed", "expired", "cancelled", "incomplete", NEEDS_TOOLS})
"""States that no look will change; every other one, also one nobody documented, is waited through."""

GROWTH = 1.5
"""How much longer each pause is than the one before; every look counts against the vendor's limit per minute."""


class Running:
    """Sends a turn and gives its reply."""

    def __init__(self, calls: Calls, assistants: Assistants, settings: MiniMaxSettings, clock: Clock) -> None:
        self._calls = calls
        self._assistants = assistants
        self._settings = settings
        self._clock = clock

    async def send(self, thread_id: str, turn: Turn) -> Reply:
        """Store the turn, where there is one, and run; what can be wrong with it is found before anything is sent."""
        fields = stored_fields(turn.parts, turn.metadata)
        run_fields = await self._assistants.run_fields(turn)
        if turn.parts:
            await self._calls.add_message(thread_id, {"role": "user", **fields})
        return await self.reply(thread_id, await self._calls.create_run(thread_id, run_fields))

    async def reply(self, thread_id: str, run: Run) -> Reply:
        """Wait for the end of a run and give what it said. Raises RunFailedError and what `last_error` means.

        Its state decides; its times do not: a documented run is completed and has failed (api-138568367).
        """
        note_run(run.id)
        pause = self._settings.poll_first
        while run.status not in ENDED:
            await self._clock.sleep(pause)
            pause = min(self._settings.poll_longest, pause * GROWTH)
            run = await self._calls.run(thread_id, run.id)
        if run.status != COMPLETED:
            raise run_failure(run)
        return Reply(messages=await self._said(thread_id, run), run_id=run.id)

    async def active(self, thread_id: str) -> str | None:
        """Give the id of the newest run that has not ended, among the newest of a page."""
        runs = (await self._calls.runs(thread_id, self._settings.page_size)).data or []
        return next((run.id for run in runs if run.status not in ENDED), None)

    async def _said(self, thread_id: str, run: Run) -> tuple[Message, ...]:
        """Give the messages of a run, oldest first; they are among the newest of the conversation."""
        answer = await self._calls.messages(thread_id, order="desc", limit=self._settings.page_size)
        newest = in_order(answer.data or [], descending=True, is_all=True)
        found = messages_of(reversed(rows_of(run, newest)), thread_id)
        if not found:
            raise RunFailedError(
                "the run is completed and left no message", outcome="applied", retryable=True, hint="ask again"
            )
        return tuple(message.model_copy(update={"run_id": run.id}) for message in found)


def rows_of(run: Run, newest: list[MessageRow]) -> list[MessageRow]:
    """Give the rows a run left, of rows newest first; where rows name no run, the answers since it began."""
    answers = [row for row in newest if role_of(row.role) == "assistant"]
    named = [row for row in answers if row.run_id == run.id]
    since = takewhile(
        lambda row: role_of(row.role) == "assistant" and (row.created_at or 0) >= (run.created_at or 0), newest
    )
    return named or [row for row in since if not row.run_id]
