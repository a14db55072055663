"""A reply whose attempt failed: found at the vendor, completed from there, and never merged from two attempts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from ..errors import OmnilogueError, StreamInterruptedError
from ..log import logger
from ..model import Event, Reply, ReplyCompleted, TextDelta
from . import fallback
from .account import Account
from .lookback import MOST_ATTEMPTS, absent, is_uncertain

T = TypeVar("T")

LATE_REPLY_SECONDS = 30.0
"""How long a vendor that may still be answering is given, after its answer to us was lost."""

LONGEST_LOOK_SECONDS = 2.0
"""How long at most between two looks for a late reply."""


class Answering(ABC):
    """One answer, asked for until it is there; what differs between a turn and a regenerate is below."""

    def __init__(self, account: Account, conversation_id: str) -> None:
        self._account = account
        self._id = conversation_id

    @abstractmethod
    async def _attempt(self) -> Reply:
        """Ask once."""

    @abstractmethod
    def _attempted_events(self) -> AsyncGenerator[Event, None]:
        """Ask once, piece by piece."""

    @abstractmethod
    async def _after_silence(self, failure: OmnilogueError) -> Reply | None:
        """Find the reply of an attempt of which nothing was seen, None where the attempt is surely absent."""

    @abstractmethod
    async def _look(self) -> Reply | None:
        """Look once for the reply. Raises OutcomeUnknownError where it cannot be told from others."""

    @property
    @abstractmethod
    def _is_stored(self) -> bool:
        """Whether the last look found the turn that is answered."""

    @abstractmethod
    def _note(self, error: OmnilogueError) -> None:
        """Keep what a failure tells."""

    @property
    def _answers_late(self) -> bool:
        return bool(self._account.features.send.limits.answers_late)

    async def _asked(self) -> Reply:
        """Give the reply. After an uncertain failure it is looked for, and asked for again only where it is absent."""
        for _ in range(MOST_ATTEMPTS):
            try:
                return await self._attempt()
            except OmnilogueError as error:
                self._note(error)
                if not is_uncertain(error):
                    raise
                failure = error
            if (found := await self._after_silence(failure)) is not None:
                return found
            logger().info("write_absent", remote=self._account.name, after=failure.code)
        raise absent(failure)

    async def _asked_events(self) -> AsyncGenerator[Event, None]:
        """Do the same piece by piece. Once the first event has come nothing is asked for again."""
        for attempt in range(1, MOST_ATTEMPTS + 1):
            said: list[str] | None = None
            try:
                async with aclosing(self._attempted_events()) as source:
                    async for event in source:
                        said = said or []
                        if isinstance(event, TextDelta):
                            said.append(event.text)
                        yield event if attempt == 1 else event.model_copy(update={"attempt": attempt})
                return
            except OmnilogueError as error:
                self._note(error)
                failure = error
            for event in await self._left_of(failure, None if said is None else "".join(said), attempt):
                yield event
                if isinstance(event, ReplyCompleted):
                    return
        raise absent(failure)

    async def _left_of(self, failure: OmnilogueError, said: str | None, attempt: int) -> list[Event]:
        """Give what is left of a reply whose stream failed; nothing where the attempt is surely absent."""
        if not is_uncertain(failure):
            raise failure
        if said is None:
            reply = await self._after_silence(failure)
            return [] if reply is None else fallback.as_events(reply, attempt)
        stored = await self._stored(said, failure)
        if not stored.text.startswith(said):
            raise self._differs(failure, stored)
        return fallback.as_events(stored, attempt, after=said)

    async def _stored(self, said: str, failure: OmnilogueError) -> Reply:
        """Wait for the reply that began like this, or the other one there is. Raises the failure where there is none.

        One that is the beginning of what was shown may still grow, as long as the vendor may be answering.
        """
        last: Reply | None = None

        async def look() -> Reply | None:
            nonlocal last
            last = await self._look()
            is_growing = last is not None and last.text != said and said.startswith(last.text)
            return None if is_growing else last

        try:
            stored = await late(self._account, look) or last
        except OmnilogueError:
            logger().info("reading_back_failed", remote=self._account.name, after=failure.code)
            raise failure from None
        if stored is None:
            raise self._without_reply(failure)
        return stored

    def _without_reply(self, failure: OmnilogueError) -> OmnilogueError:
        """Tell on a failure what became of the turn. What may still land later is of unknown outcome."""
        if self._is_stored:
            failure.outcome = "applied"
        elif not self._answers_late:
            failure.outcome = "not_sent"
        return failure

    def _differs(self, failure: OmnilogueError, stored: Reply) -> StreamInterruptedError:
        """Make the error for a reply that is stored otherwise than it was shown."""
        ids = ", ".join(message.id for message in stored.messages if message.id) or "the last one"
        return StreamInterruptedError(
            f"the stream broke, and the vendor stored another reply than was shown: {failure.message}",
            endpoint=failure.endpoint,
            outcome="applied",
            partial=failure.partial,
            hint=f"read what it stored, message {ids}; do not send the turn again",
        )


async def late(account: Account, look: Callable[[], Awaitable[T | None]]) -> T | None:
    """Look at once, and again until all is settled; where the vendor may still be answering, for longer."""
    settle, clock = account.settings.settle, account.clock
    answers_late = account.features.send.limits.answers_late
    until = clock.monotonic() + (max(settle, LATE_REPLY_SECONDS) if answers_late else settle)
    pause = min(settle or LONGEST_LOOK_SECONDS, LONGEST_LOOK_SECONDS)
    while (found := await look()) is None and clock.monotonic() < until:
        await clock.sleep(pause)
        pause = min(pause * 1.5, LONGEST_LOOK_SECONDS)
    return found
