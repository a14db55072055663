"""A reply that comes piece by piece: a context manager over events that always frees what it holds."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from types import TracebackType
from typing import NamedTuple, Self

from ..errors import InvalidInputError, OmnilogueError, StreamInterruptedError
from ..log import logger
from ..model import ConversationRef, Event, Message, Reply, ReplyCompleted, ReplyStarted, TextDelta
from .account import Account
from .options import TALK_SECONDS, Timeout
from .stopping import stop_left_run
from .verb import Verb


class Source(NamedTuple):
    """Where a stream comes from: the conversation, its events, and what is made of its reply at the end."""

    conversation_id: str
    events: AsyncGenerator[Event, None]
    finish: Callable[[str, Reply], Reply]


class ReplyStream:
    """Iterate over it for events, or over `.text()` for the pieces of text; afterwards `.reply` is the whole reply.

    Entering takes the conversation's lock, leaving gives it back; leaving early closes the connection and stops the
    run, where the vendor can. Raises StreamInterruptedError where the stream breaks and the vendor does not have the
    rest, ConversationBusyError where another write takes its place; what came before is `.partial` of any error.
    """

    def __init__(
        self,
        account: Account,
        operation: str,
        timeout: Timeout,
        source: Callable[[AsyncExitStack], Awaitable[Source]],
    ) -> None:
        self._account = account
        self._operation = operation
        self._timeout: Timeout = timeout
        self._make_source = source
        self._verb: Verb | None = None
        self._held = AsyncExitStack()
        self._source: Source | None = None
        self._waiting: Event | None = None
        self._is_started = False
        self._is_broken = False
        self._run_id: str | None = None
        self._said: list[str] = []
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
        self._verb = Verb(self._account, self._operation, self._timeout, TALK_SECONDS, free=self._free)
        await self._verb.step(self._open)
        return self

    async def _open(self) -> None:
        async with AsyncExitStack() as held:
            source = await self._make_source(held)
            held.push_async_callback(self._stop_if_left, source.conversation_id)
            await held.enter_async_context(aclosing(source.events))
            self._source, self._held = source, held.pop_all()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        if self._verb is None or (self._source is None and not self._verb.is_displaced):
            raise InvalidInputError("the stream is not open", hint="use `async with remote.stream(...) as stream`")
        if self._waiting is not None:
            event, self._waiting = self._waiting, None
            return event
        if self._reply is not None:
            raise StopAsyncIteration
        try:
            event, conversation_id = await self._verb.step(self._next)
        except OmnilogueError as error:
            self._keep_partial(error)
            self._is_broken = not self._verb.was_cut
            if self._verb.is_displaced:
                await self._free()  # whoever took its place does not wait for the one who reads it
            raise
        return event if self._is_started else self._start(event, conversation_id)

    def _start(self, event: Event, conversation_id: str) -> Event:
        """Give the event that stands before the vendor's first one."""
        self._is_started, self._waiting = True, event
        conversation = ConversationRef(remote=self._account.name, id=conversation_id)
        return ReplyStarted(conversation=conversation, run_id=event.run_id, attempt=event.attempt)

    async def _next(self) -> tuple[Event, str]:
        assert self._source is not None  # noqa: S101  # __anext__ looked
        conversation_id, events, finish = self._source
        event = await anext(events, None)
        if event is None:
            place = f"{self._account.name}:{conversation_id}"
            raise StreamInterruptedError(f"{place}: the stream ended before the reply was complete", outcome="unknown")
        self._run_id = event.run_id or self._run_id
        if isinstance(event, TextDelta):
            self._said.append(event.text)
        elif isinstance(event, ReplyCompleted):
            self._reply = finish(conversation_id, event.reply)
            event = event.model_copy(update={"reply": self._reply})
        return event, conversation_id

    def _keep_partial(self, error: OmnilogueError) -> None:
        """Put what came before the end on the error."""
        if error.partial is None and self._said:
            message = Message.assistant("".join(self._said)).model_copy(update={"status": "partial"})
            error.partial = Reply(messages=(message,), status="partial", run_id=self._run_id)

    async def text(self) -> AsyncGenerator[str, None]:
        """Give the pieces of text as they come."""
        async for event in self:
            if isinstance(event, TextDelta):
                yield event.text

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._free()

    async def _free(self) -> None:
        """Give back what is held. A failure is told in the log: it must not hide what the caller has to say."""
        source, self._source = self._source, None
        if source is None or self._verb is None:
            return
        if self._reply is None:
            self._account.forget(source.conversation_id)
        try:
            await self._verb.close(self._held.aclose)
        except OmnilogueError as error:
            logger().warning("stream_close_failed", remote=self._account.name, code=error.code)

    async def _stop_if_left(self, conversation_id: str) -> None:
        """Stop a run that nobody waits for any more; one that ended by itself, well or badly, is over."""
        if self._reply is None and not self._is_broken:
            await stop_left_run(self._account, conversation_id)
