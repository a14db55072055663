"""Having a conversation answered by a run that is followed to its end."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import takewhile
from typing import Any

from omnilogue.errors import NotFoundError, OmnilogueError, RunFailedError, UnsupportedOperationError
from omnilogue.model import Message, Reply, ToolResultPart
from omnilogue.provider import Context, Turn, note_run

from .assistants import Assistants
from .calls import Calls
from .files import Files
from .following import ENDED, Followed, note_key
from .mapping import messages_of, role_of, stored_fields
from .options import options_of
from .paging import in_order
from .settings import MiniMaxSettings
from .tools import before_all, with_calls
from .wire import MessageRow, Run, Step

MARK = "_omnilogue_run"
"""The key in a run's metadata by which a run is found again whose answer was lost."""


class Running:
    """Sends a turn and gives its reply."""

    def __init__(
        self,
        calls: Calls,
        assistants: Assistants,
        files: Files,
        settings: MiniMaxSettings,
        context: Context,
    ) -> None:
        self._calls = calls
        self._assistants = assistants
        self._files = files
        self._settings = settings
        self._context = context

    async def send(self, thread_id: str, turn: Turn) -> Reply:
        """Store the turn, where there is one, run, and give the reply."""
        followed = await self.begin(thread_id, turn)
        async for _ in followed.to_the_end(turn.tools):
            pass
        return await self.reply(followed)

    async def begin(self, thread_id: str, turn: Turn) -> Followed:
        """Store the turn and start its run; what can be wrong with it is found before anything is sent."""
        fields = stored_fields(turn.parts, turn.metadata)
        run_fields = await self._assistants.run_fields(turn, options_of(turn))
        if turn.parts:
            async with self._files.attached(turn.parts) as file_ids:
                attached = {"file_ids": file_ids} if file_ids else {}
                await self._calls.add_message(thread_id, {"role": "user", **fields, **attached})
        return self.follow(thread_id, await self._created(thread_id, run_fields, is_marked=bool(turn.tools)))

    def follow(self, thread_id: str, run: Run) -> Followed:
        """Follow a run that has begun; from here on it can be stopped."""
        note_run(run.id)
        return Followed(self._calls, self._settings, self._context, thread_id, run)

    async def _created(self, thread_id: str, fields: Mapping[str, Any], *, is_marked: bool) -> Run:
        """Start a run; one that calls tools is looked for where its answer was lost, for it would wait for them."""
        if not is_marked:
            return await self._calls.create_run(thread_id, fields)
        mark = new_mark()
        try:
            return await self._calls.create_run(thread_id, {**fields, "metadata": mark})
        except OmnilogueError as error:
            found = await self.find(thread_id, mark) if error.outcome == "unknown" else None
            if found is None:
                raise
            return found

    async def find(self, thread_id: str, mark: Mapping[str, str]) -> Run | None:
        """Look twice for a run by its mark; None where there is none, or where nobody could look."""
        with suppress(OmnilogueError):
            for pause in (0.0, self._settings.settle):
                await self._context.clock.sleep(pause)
                for run in (await self._calls.runs(thread_id)).data or ():
                    if (run.metadata or {}).get(MARK) == mark[MARK]:
                        return run
        return None

    async def reply(self, followed: Followed) -> Reply:
        """Give what a completed run said, with the calls it made."""
        run = followed.run
        messages = await self._said(followed.thread_id, run)
        if followed.called:
            try:
                steps = await self.steps(followed.thread_id, run.id)
            except OmnilogueError:  # only where the calls stand among several messages is not known then
                messages = before_all(messages, followed.called, followed.results)
            else:
                messages = with_calls(messages, steps, followed.results)
        return Reply(messages=messages, run_id=run.id)

    async def active(self, thread_id: str) -> str | None:
        """Give the id of the newest run that has not ended, among the newest of a page."""
        runs = (await self._calls.runs(thread_id, limit=self._settings.page_size)).data or []
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

    # Reading again

    async def steps(self, thread_id: str, run_id: str) -> list[Step]:
        """Give the first steps of a run, oldest first."""
        return in_order((await self._calls.steps(thread_id, run_id)).data or [], descending=False, is_all=True)

    async def with_steps(self, thread_id: str, messages: Sequence[Message]) -> tuple[Message, ...]:
        """Add to messages the calls that their runs made, as far as the settings say.

        A message does not tell whether its run called tools, and asking for each run would cost a request each.
        """
        read = tuple(messages)
        for run_id in dict.fromkeys(message.run_id for message in messages if message.role == "assistant"):
            if run_id is not None and self._is_read(run_id):
                read = await self._with_steps_of(thread_id, run_id, read)
        return read

    def _is_read(self, run_id: str) -> bool:
        return self._settings.read_steps == "all" or (
            self._settings.read_steps == "ours" and bool(self._context.state.get(note_key(run_id)))
        )

    async def _with_steps_of(self, thread_id: str, run_id: str, messages: Sequence[Message]) -> tuple[Message, ...]:
        try:
            steps = await self.steps(thread_id, run_id)
        except (NotFoundError, UnsupportedOperationError):  # runs may be kept for a shorter time than messages
            return tuple(messages)
        known: dict[str, ToolResultPart] = {}
        own = with_calls([each for each in messages if _is_of(each, run_id)], steps, known)
        left = iter(own)
        return tuple(next(left) if _is_of(each, run_id) else each for each in messages)


def _is_of(message: Message, run_id: str) -> bool:
    return message.role == "assistant" and message.run_id == run_id


def new_mark() -> dict[str, str]:
    """Make metadata of a run that no other run has."""
    return {MARK: secrets.token_hex(8)}


def rows_of(run: Run, newest: list[MessageRow]) -> list[MessageRow]:
    """Give the rows a run left, of rows newest first; where rows name no run, the answers since it began."""
    answers = [row for row in newest if role_of(row.role) == "assistant"]
    named = [row for row in answers if row.run_id == run.id]
    since = takewhile(
        lambda row: role_of(row.role) == "assistant" and (row.created_at or 0) >= (run.created_at or 0), newest
    )
    return named or [row for row in since if not row.run_id]
