"""A reply that comes piece by piece: a context manager over events that always frees what it holds."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

from ..errors import InvalidInputError, StreamInterruptedError
from ..model import ConversationRef, Event, Reply, ReplyCompleted, ReplyStarted, TextDelta
from .account import Account
from .options import TALK_SECONDS, Asked
from .verb import Verb


class ReplyStream:
    """Iterate over it for events, or over `.text()` for the pieces of text; afterwards `.reply` is the whole reply.

    Entering takes the conversation's lock, leaving gives it back; leaving early closes the connection.
    Raises StreamInterruptedError, with `.partial`, where the stream breaks.
    """

    def __init__(
        self,
        account: Account,
        operation: str,
        asked: Asked,
        canonical: Callable[[], Awaitable[str]],
        source: Callable[[str], AsyncGenerator[Event, None]],
    ) -> None:
        self._account = account
        self._operation = operation
        self._asked = asked
        self._canonical = canonical
        self._source = source
        self._verb: Verb | None = None
        self._lock: AbstractAsyncContextManager[None] | None = None
        self._events: AsyncGenerator[Event, None] | None = None
        self._waiting: Event | None = None
        self._started = False
        self._reference = ConversationRef(remote=account.name, id="")
        self._reply: Reply | None = None

    @property
    def reply(self) -> Reply:
        """The whole reply. Raises InvalidInputError before the stream has ended."""
        if self._reply is None:
            raise InvalidInputError("the reply is not complete yet", hint="read the stream to its end first")
        return self._reply

    async def __aenter__(self) -> Self:
        if self._verb is not None:
            raise InvalidInputError("a stream is entered once", hint="ask for another one")
        self._verb = Verb(self._account, self._operation, self._asked.timeout, TALK_SECONDS)
        await self._verb.step(self._open)
        return self

    async def _open(self) -> None:
        conversation_id = await self._canonical()
        self._reference = ConversationRef(remote=self._account.name, id=conversation_id)
        lock = self._account.locks.hold(conversation_id, self._asked.busy)
        await lock.__aenter__()
        self._lock = lock
        self._events = self._source(conversation_id)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._verb is None or self._events is None:
            raise InvalidInputError("the stream is not open", hint="use `async with remote.stream(...) as stream`")
        if self._waiting is not None:
            event, self._waiting = self._waiting, None
            return event
        if self._reply is not None:
            raise StopAsyncIteration
        event = await self._verb.step(self._next)
        if isinstance(event, ReplyCompleted):
            self._reply = event.reply
        if not self._started:
            self._started = True
            self._waiting = event
            return ReplyStarted(conversation=self._reference, run_id=event.run_id, attempt=event.attempt)
        return event

    async def _next(self) -> Event:
        assert self._events is not None  # noqa: S101  # __anext__ looked
        try:
            return await anext(self._events)
        except StopAsyncIteration:
            pass
        raise StreamInterruptedError(
            f"{self._reference}: the stream ended before the reply was complete", outcome="unknown"
        )

    async def text(self) -> AsyncGenerator[str, None]:
        """Give the pieces of text as they come."""
        async for event in self:
            if isinstance(event, TextDelta):
                yield event.text

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        events, self._events = self._events, None
        lock, self._lock = self._lock, None
        try:
            if events is not None:
                await events.aclose()
        finally:
            if lock is not None:
                await lock.__aexit__(None, None, None)
