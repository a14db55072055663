"""One turn, sent so that it is never doubled and never lost: a turn is repeated only after it was seen to be absent."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from itertools import takewhile
from typing import TypeVar

from ..errors import (
    ConversationBusyError,
    OmnilogueError,
    OutcomeUnknownError,
    RunFailedError,
    StreamInterruptedError,
)
from ..http.scope import CURRENT
from ..model import Event, Grade, Message, Reply
from ..provider import Busy, Turn
from . import fallback, markers
from .account import Account
from .lookback import WINDOW, Baseline, is_uncertain, look_twice, reconciled, unknown
from .reading import newest
from .recovering import Answering, late
from .stopping import stop_active_run

T = TypeVar("T")

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
"""Seconds between two tries on a conversation that the vendor calls busy."""


class SafeSend(Answering):
    """One turn of one conversation, from the first attempt to its reply."""

    def __init__(self, account: Account, conversation_id: str, turn: Turn, base: Baseline) -> None:
        super().__init__(account, conversation_id)
        self._base = base
        self._failure: OmnilogueError | None = None
        self._is_known_stored = self._may_be_answered = self._is_there = False
        self._wanted = Message(role="user", parts=turn.parts)
        self._turn = turn
        if base.marker is not None:
            self._turn = turn.model_copy(update={"metadata": markers.put(turn.metadata, base.marker)})

    async def reply(self) -> Reply:
        """Send the turn and give its reply. May be called again after the conversation was busy."""
        if self._is_known_stored:  # an earlier call got that far, then the vendor was busy: only the answer is missing
            found = await self._look() if self._may_be_answered else None
            return found or await self._asked_again()
        return await self._asked()

    async def events(self) -> AsyncGenerator[Event, None]:
        """Send the turn and give its events. Once the first has come nothing is repeated."""
        if self._is_known_stored:
            for event in fallback.as_events(await self.reply()):
                yield event
            return
        async with aclosing(self._asked_events()) as source:
            async for event in source:
                yield event

    async def _attempt(self) -> Reply:
        return await fallback.send(self._account, self._id, self._turn)

    def _attempted_events(self) -> AsyncGenerator[Event, None]:
        return fallback.events(self._account, self._id, self._turn)

    def _note(self, error: OmnilogueError) -> None:
        """Keep what a failure tells.

        A vendor that turned out to be busy may have stored the turn before it said so, and what it is busy with
        may be the answer to an attempt that was lost.
        """
        self._failure = error
        self._may_be_answered = self._may_be_answered or is_uncertain(error)
        if isinstance(error, ConversationBusyError) and CURRENT.get().applied:
            self._is_known_stored = True

    async def _after_silence(self, failure: OmnilogueError) -> Reply | None:
        found = await look_twice(self._account, self._find, "the turn", failure)
        return None if found is None else await self._completed(found)

    async def _look(self) -> Reply | None:
        found = await self._find()
        self._is_there = found is not None
        return _reply(found or [])

    @property
    def _is_stored(self) -> bool:
        return self._is_there

    async def _completed(self, after: list[Message]) -> Reply:
        """Give the reply to a turn that was found stored, with what stands `after` it."""
        CURRENT.get().applied = self._is_known_stored = True
        return _reply(after) or await late(self._account, self._look) or await self._asked_again()

    async def _find(self) -> list[Message] | None:
        """Give the messages after our turn, None where the turn is absent. Raises OutcomeUnknownError."""
        messages, is_all = await newest(self._account, self._id, WINDOW)
        places = self._base.written(messages, is_all=is_all, wanted=(self._wanted,))
        if places is None:
            raise self._unknown("too much happened in this conversation since")
        if len(places) > 1:
            raise self._unknown("the same text stands there more than once")
        return messages[places[0] + 1 :] if places else None

    async def _asked_again(self) -> Reply:
        """Have the stored turn answered, where the vendor can."""
        if not self._account.features.send.limits.empty_turn:
            raise RunFailedError(
                f"{self._account.name}:{self._id}: the message is stored and was not answered",
                outcome="applied",
                hint="regenerate asks for an answer",
            )
        empty = self._turn.model_copy(update={"parts": (), "metadata": {}})

        async def attempt() -> Reply:
            try:
                return await fallback.send(self._account, self._id, empty)
            except OmnilogueError as error:
                self._note(error)
                raise

        return await reconciled(self._account, attempt, self._look, "the reply")

    def _unknown(self, why: str) -> OutcomeUnknownError:
        failure = self._failure or StreamInterruptedError("the stream broke")
        return unknown(self._account, "the turn", failure, why)


def _reply(after: Sequence[Message]) -> Reply | None:
    """Make a reply of the assistant messages right after a turn, None where there is none."""
    return fallback.reply_of(list(takewhile(lambda message: message.role == "assistant", after)))


def marks_turns(account: Account, operation: str) -> bool:
    """Whether a turn's own metadata reaches the vendor, so that a marker can go with it."""
    row = account.features[operation]
    takes = row.limits.fields is None or "metadata" in row.limits.fields
    return takes and account.features.message_metadata.grade is Grade.NATIVE


async def patiently(account: Account, conversation_id: str, action: Callable[[], Awaitable[T]], busy: Busy) -> T:
    """Where the vendor says that the conversation is busy, try again until the verb's time is over.

    With `cancel` what it is busy with is stopped first, where the vendor tells what that is.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            return await action()
        except ConversationBusyError as error:
            if busy == "reject" or error.outcome not in {"rejected", "not_sent"}:
                raise
            pause = error.retry_after or pause
        if busy == "cancel":
            await stop_active_run(account, conversation_id)
        await account.clock.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 1.5)


async def patient_events(
    account: Account, conversation_id: str, make: Callable[[], AsyncGenerator[Event, None]], busy: Busy
) -> AsyncGenerator[Event, None]:
    """Do the same for a stream, until its first event."""

    async def begin() -> tuple[AsyncGenerator[Event, None], Event | None]:
        events = make()
        return events, await anext(events, None)

    events, event = await patiently(account, conversation_id, begin, busy)
    async with aclosing(events):
        while event is not None:
            yield event
            event = await anext(events, None)
