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
from ..log import logger
from ..model import Event, Grade, Message, Reply, ReplyCompleted, TextDelta
from ..provider import Turn
from . import fallback, markers
from .account import Account
from .lookback import MOST_ATTEMPTS, WINDOW, Baseline, absent, is_uncertain, look_twice, reconciled, unknown
from .reading import newest

T = TypeVar("T")

LATE_REPLY_SECONDS = 30.0
"""How long a vendor that may still be answering is given, after its answer to us was lost."""

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 5.0
"""Seconds between two tries on a conversation that the vendor calls busy."""

LONGEST_LOOK_SECONDS = 2.0
"""How long at most between two looks for a late reply."""


class SafeSend:
    """One turn of one conversation, from the first attempt to its reply."""

    def __init__(self, account: Account, conversation_id: str, turn: Turn, base: Baseline) -> None:
        self._account = account
        self._id = conversation_id
        self._base = base
        self._failure: OmnilogueError | None = None
        self._is_stored = self._may_be_answered = False
        self._wanted = Message(role="user", parts=turn.parts)
        self._turn = turn
        if base.marker is not None:
            self._turn = turn.model_copy(update={"metadata": markers.put(turn.metadata, base.marker)})

    async def reply(self) -> Reply:
        """Send the turn and give its reply. May be called again after the conversation was busy."""
        if self._is_stored:  # an earlier call got that far, then the vendor was busy: only the answer is missing
            after = await self._find() if self._may_be_answered else None
            return _reply(after or []) or await self._asked_again()
        found = await reconciled(self._account, self._sent, self._find, "the turn")
        return found if isinstance(found, Reply) else await self._completed(found)

    async def events(self) -> AsyncGenerator[Event, None]:
        """Send the turn and give its events. Once the first has come nothing is repeated."""
        if self._is_stored:
            for event in fallback.as_events(await self.reply()):
                yield event
            return
        for attempt in range(1, MOST_ATTEMPTS + 1):
            said: list[str] | None = None
            try:
                async with aclosing(fallback.events(self._account, self._id, self._turn)) as source:
                    async for event in source:
                        said = said or []
                        if isinstance(event, TextDelta):
                            said.append(event.text)
                        yield event if attempt == 1 else event.model_copy(update={"attempt": attempt})
                return
            except OmnilogueError as error:
                self._note(error)
                failure = error
            for event in await self._recovered(failure, said, attempt):
                yield event
                if isinstance(event, ReplyCompleted):
                    return
        raise absent(failure)

    async def _recovered(self, failure: OmnilogueError, said: list[str] | None, attempt: int) -> list[Event]:
        """Give what is left of a reply whose stream failed; nothing where the turn is surely absent.

        Once anything was said nothing may be repeated; but a reply that was stored as it was shown is complete.
        """
        if not is_uncertain(failure):
            raise failure
        if said is not None:
            stored = await self._stored_reply(failure)
            if stored is None or stored.text != "".join(said):
                raise failure
            return [ReplyCompleted(reply=stored, run_id=stored.run_id, attempt=attempt)]
        found = await look_twice(self._account, self._find, "the turn", failure)
        return [] if found is None else fallback.as_events(await self._completed(found), attempt)

    async def _sent(self) -> Reply | list[Message]:
        return await self._attempt(self._turn)

    async def _attempt(self, turn: Turn) -> Reply:
        try:
            return await fallback.send(self._account, self._id, turn)
        except OmnilogueError as error:
            self._note(error)
            raise

    def _note(self, error: OmnilogueError) -> None:
        """Keep what a failure tells.

        A vendor that turned out to be busy may have stored the turn before it said so, and what it is busy with
        may be the answer to an attempt that was lost.
        """
        self._failure = error
        self._may_be_answered = self._may_be_answered or is_uncertain(error)
        if isinstance(error, ConversationBusyError) and CURRENT.get().applied:
            self._is_stored = True

    async def _stored_reply(self, failure: OmnilogueError) -> Reply | None:
        """Look twice for a reply that was shown; where there is none, tell on the failure what became of the turn."""
        try:
            for pause in (0.0, self._account.settings.settle):
                await self._account.clock.sleep(pause)
                found = await self._find()
                if found and (reply := _reply(found)):
                    return reply
        except OmnilogueError:
            logger().info("reading_back_failed", remote=self._account.name, after=failure.code)
            return None
        failure.outcome = "not_sent" if found is None else "applied"
        return None

    async def _completed(self, after: list[Message]) -> Reply:
        """Give the reply to a turn that was found stored, with what stands `after` it."""
        CURRENT.get().applied = self._is_stored = True
        return _reply(after) or await self._late_reply() or await self._asked_again()

    async def _find(self) -> list[Message] | None:
        """Give the messages after our turn, None where the turn is absent. Raises OutcomeUnknownError."""
        messages, is_all = await newest(self._account, self._id, WINDOW)
        places = self._base.written(messages, is_all=is_all, wanted=(self._wanted,))
        if places is None:
            raise self._unknown("too much happened in this conversation since")
        if len(places) > 1:
            raise self._unknown("the same text stands there more than once")
        return messages[places[0] + 1 :] if places else None

    async def _late_reply(self) -> Reply | None:
        """Wait for a reply that may still land: ours until it settled, a vendor's own for longer."""
        settle = self._account.settings.settle
        late = self._account.features.send.limits.answers_late
        until = self._account.clock.monotonic() + (LATE_REPLY_SECONDS if late else settle)
        while True:
            await self._account.clock.sleep(min(settle, LONGEST_LOOK_SECONDS))
            found = await self._find()
            if found and (reply := _reply(found)):
                return reply
            if self._account.clock.monotonic() >= until:
                return None

    async def _asked_again(self) -> Reply:
        """Have the stored turn answered, where the vendor can."""
        if not self._account.features.send.limits.empty_turn:
            raise RunFailedError(
                f"{self._account.name}:{self._id}: the message is stored and was not answered",
                outcome="applied",
                hint="regenerate asks for an answer",
            )
        empty = self._turn.model_copy(update={"parts": (), "metadata": {}})
        return await reconciled(self._account, lambda: self._attempt(empty), self._answered, "the reply")

    async def _answered(self) -> Reply | None:
        found = await self._find()
        return _reply(found) if found else None

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


async def patiently(account: Account, action: Callable[[], Awaitable[T]], *, wait: bool) -> T:
    """Where the vendor says that the conversation is busy, try again until the verb's time is over."""
    pause = FIRST_PAUSE
    while True:
        try:
            return await action()
        except ConversationBusyError as error:
            if not wait or error.outcome not in {"rejected", "not_sent"}:
                raise
            pause = error.retry_after or pause
        await account.clock.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 1.5)


async def patient_events(
    account: Account, make: Callable[[], AsyncGenerator[Event, None]], *, wait: bool
) -> AsyncGenerator[Event, None]:
    """Do the same for a stream, until its first event."""

    async def begin() -> tuple[AsyncGenerator[Event, None], Event | None]:
        events = make()
        return events, await anext(events, None)

    events, event = await patiently(account, begin, wait=wait)
    async with aclosing(events):
        while event is not None:
            yield event
            event = await anext(events, None)
