"""Lists and streams as they are read from the other side of the bridge."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, Self, TypeAlias, TypeVar

from ..errors import InvalidInputError
from ..model import Conversation, Event, Message, Reply, TextDelta
from ..remote import Listing, ReplyStream
from .bridge import Bridge

R = TypeVar("R", Conversation, Message)

Wanted: TypeAlias = "asyncio.Queue[asyncio.Future[Event | None]]"
"""Who waits for the next event of a stream; None is its end."""


class Pages(Generic[R]):
    """`Listing` for code without an event loop."""

    def __init__(self, listing: Listing[R], bridge: Bridge) -> None:
        self._listing: Listing[R] = listing
        self._bridge = bridge

    @property
    def complete(self) -> bool | None:
        """Whether the vendor could list everything; None until the end."""
        return self._listing.complete

    def next_page(self) -> list[R] | None:
        """Give the next items there are, None at the end."""
        return self._bridge.call(self._listing.next_page)

    def __iter__(self) -> Iterator[R]:
        while (items := self.next_page()) is not None:
            yield from items


class SyncReplyStream:
    """`ReplyStream` for code without an event loop; one task over there holds it from its beginning to its end."""

    def __init__(self, stream: ReplyStream, bridge: Bridge) -> None:
        self._stream = stream
        self._bridge = bridge
        self._reader: asyncio.Task[None] | None = None
        self._wanted: Wanted | None = None

    @property
    def reply(self) -> Reply:
        """The whole reply. Raises InvalidInputError before the stream has ended."""
        return self._stream.reply

    def __enter__(self) -> Self:
        self._reader, self._wanted = self._bridge.call(self._opened)
        return self

    async def _opened(self) -> tuple[asyncio.Task[None], Wanted]:
        """Start the task that holds the stream, and wait until it is open."""
        wanted: Wanted = asyncio.Queue()
        opened = asyncio.get_running_loop().create_future()
        reader = self._bridge.start(self._read, wanted, opened)
        try:
            await opened
        except BaseException:
            await _ended(reader)
            raise
        return reader, wanted

    async def _read(self, wanted: Wanted, opened: asyncio.Future[None]) -> None:
        """Hold the stream, and read the next event when it is asked for and not before, as without a bridge."""
        try:
            async with self._stream as stream:
                opened.set_result(None)
                while True:
                    await _answer(await wanted.get(), stream)
        except Exception as error:
            if opened.done():
                raise
            opened.set_exception(error)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        if self._reader is None or self._wanted is None:
            raise InvalidInputError("the stream is not open", hint="use `with remote.stream(...) as stream`")
        event = self._bridge.call(_next, self._reader, self._wanted)
        if event is None:
            raise StopIteration
        return event

    def text(self) -> Iterator[str]:
        """Give the pieces of text as they come."""
        for event in self:
            if isinstance(event, TextDelta):
                yield event.text

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            with suppress(InvalidInputError):  # the client was closed meanwhile, and the stream with it
                self._bridge.call(_ended, reader)


async def _answer(asked: asyncio.Future[Event | None], stream: ReplyStream) -> None:
    """Read one event for whoever asked for it."""
    try:
        event = await anext(stream, None)
    except Exception as error:
        if not asked.done():  # whoever asked may have stopped waiting
            asked.set_exception(error)
    else:
        if not asked.done():
            asked.set_result(event)


async def _next(reader: asyncio.Task[None], wanted: Wanted) -> Event | None:
    """Ask the reader for the next event. Raises what reading it raises."""
    asked: asyncio.Future[Event | None] = asyncio.get_running_loop().create_future()
    wanted.put_nowait(asked)
    both: set[asyncio.Future[Any]] = {asked, reader}
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            raise InvalidInputError("the stream was left by another thread")
        return asked.result()
    finally:
        _let_go(asked)


def _let_go(asked: asyncio.Future[Event | None]) -> None:
    """Want an answer no more: an error that came all the same was asked for by nobody."""
    if not asked.cancel() and not asked.cancelled():
        asked.exception()


async def _ended(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it is over."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()  # who asked for the next event has been told
