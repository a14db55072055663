"""The same client for code without an event loop: one portal, one line per verb.

The portal is one thread with one event loop, started at first use. Lists cross the bridge page by page; a stream is
read by one task on the other side.
"""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, Unpack, overload

from pydantic import JsonValue

from .client import AsyncClient
from .config import Configuration
from .errors import InvalidInputError
from .http import Clock
from .model import Change, Conversation, Event, MediaPart, Message, Reply, TextDelta
from .provider import Features, Plugins
from .remote import UNSET, AsyncRemote, Listing, RemoteCheck, ReplyStream, SendOptions, Timeout, Unset
from .remote.options import AllowLoss, Content, ConversationLike

if TYPE_CHECKING:
    import httpx
    from anyio.from_thread import BlockingPortal

T = TypeVar("T")
R = TypeVar("R", Conversation, Message)
V = TypeVar("V")


class Bridge:
    """The way to the event loop: opened at first use, shared by threads, closed with the client or by the collector."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None
        self._opening = threading.Lock()
        self._process = os.getpid()
        self._finalizer = weakref.finalize(self, self._stack.close)

    def call(self, action: Callable[..., Awaitable[T]], *given: Any) -> T:
        """Run a coroutine function over there and give its result. Raises what it raises."""
        return self._open().call(action, *given)

    def start(self, action: Callable[..., Awaitable[T]], *given: Any) -> Any:
        """Start a coroutine function over there and give its future."""
        return self._open().start_task_soon(action, *given)

    def _open(self) -> BlockingPortal:
        if os.getpid() != self._process:
            raise InvalidInputError("this client was made before a fork; make a new one in the child")
        if not self._finalizer.alive:
            raise InvalidInputError("this client is closed")
        with self._opening:
            if self._portal is None:
                from anyio.from_thread import start_blocking_portal

                self._portal = self._stack.enter_context(start_blocking_portal("asyncio"))
        return self._portal

    @property
    def is_open(self) -> bool:
        """Whether anything has been run over it."""
        return self._portal is not None

    def close(self) -> None:
        """End the thread; harmless twice."""
        if os.getpid() == self._process:
            self._finalizer()


class Client:
    """`AsyncClient` for code without an event loop; may be shared by threads, not by processes."""

    def __init__(
        self,
        config: str | os.PathLike[str] | Literal[False] | None = None,
        *,
        remotes: Mapping[str, Mapping[str, Any]] | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
        plugins: bool = True,
    ) -> None:
        self._client = AsyncClient(config, remotes=remotes, transport=transport, clock=clock, plugins=plugins)
        self._bridge = Bridge()

    @property
    def configuration(self) -> Configuration:
        """The configuration as it was read."""
        return self._client.configuration

    @property
    def plugins(self) -> Plugins:
        """The plugins this client sees."""
        return self._client.plugins

    def remote(self, name: str | None = None) -> Remote:
        """Give a configured remote, the default one without a name."""
        return Remote(self._client.remote(name), self._bridge)

    def connect(self, provider: str, *, name: str, **settings: Any) -> Remote:
        """Give a remote no file knows."""
        return Remote(self._client.connect(provider, name=name, **settings), self._bridge)

    def close(self) -> None:
        """Close all remotes, their connections and the bridge; harmless twice."""
        if self._bridge.is_open:
            try:
                self._bridge.call(self._client.aclose)
            except InvalidInputError:
                return  # closed before, or in a forked child that owns nothing of it
        self._bridge.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


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
    """`ReplyStream` for code without an event loop."""

    def __init__(self, stream: ReplyStream, bridge: Bridge) -> None:
        self._stream = stream
        self._bridge = bridge
        self._reader: Any = None
        self._queue: asyncio.Queue[Event | BaseException | None] | None = None

    @property
    def reply(self) -> Reply:
        """The whole reply. Raises InvalidInputError before the stream has ended."""
        return self._stream.reply

    def __enter__(self) -> Self:
        self._queue = self._bridge.call(self._opened)
        return self

    async def _opened(self) -> asyncio.Queue[Event | BaseException | None]:
        """Start the one task that holds the stream, and wait until it is open."""
        queue: asyncio.Queue[Event | BaseException | None] = asyncio.Queue(maxsize=16)
        opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._reader = asyncio.ensure_future(self._read(queue, opened))
        await opened
        return queue

    async def _read(self, queue: asyncio.Queue[Event | BaseException | None], opened: asyncio.Future[None]) -> None:
        try:
            async with self._stream as stream:
                opened.set_result(None)
                async for event in stream:
                    await queue.put(event)
            await queue.put(None)
        except Exception as error:
            if opened.done():
                await queue.put(error)
            else:
                opened.set_exception(error)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        if self._queue is None:
            raise InvalidInputError("the stream is not open", hint="use `with remote.stream(...) as stream`")
        event = self._bridge.call(self._queue.get)
        if event is None:
            self._queue.put_nowait(None)
            raise StopIteration
        if isinstance(event, BaseException):
            self._queue.put_nowait(None)
            raise event
        return event

    def text(self) -> Iterator[str]:
        """Give the pieces of text as they come."""
        for event in self:
            if isinstance(event, TextDelta):
                yield event.text

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bridge.call(self._left)

    async def _left(self) -> None:
        self._reader.cancel()
        await asyncio.wait([self._reader])


class Remote:
    """`AsyncRemote` for code without an event loop: the same verbs, the same options."""

    def __init__(self, remote: AsyncRemote, bridge: Bridge) -> None:
        self._remote = remote
        self._bridge = bridge

    def __repr__(self) -> str:
        return f"Remote({self.name!r})"

    @property
    def name(self) -> str:
        """The remote's name."""
        return self._remote.name

    @property
    def provider(self) -> str:
        """The name of its provider."""
        return self._remote.provider

    @property
    def features(self) -> Features:
        """What the remote can do and how well."""
        return self._remote.features

    def conversations(
        self,
        *,
        title: str | None = None,
        search: str | None = None,
        metadata: Mapping[str, JsonValue] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        order: str | None = None,
        limit: int | None = None,
        timeout: Timeout = UNSET,
    ) -> Pages[Conversation]:
        """Give an iterator over the account's conversations, one request per page as it is used."""
        return Pages(
            self._remote.conversations(
                title=title,
                search=search,
                metadata=metadata,
                since=since,
                until=until,
                order=order,
                limit=limit,
                timeout=timeout,
            ),
            self._bridge,
        )

    def conversation(self, conversation: ConversationLike, *, timeout: Timeout = UNSET) -> Conversation:
        """Give one conversation as it is now. Raises NotFoundError."""
        return self._bridge.call(lambda: self._remote.conversation(conversation, timeout=timeout))

    def create(
        self,
        *,
        title: str | None = None,
        instructions: str | None = None,
        model: str | None = None,
        metadata: Mapping[str, JsonValue] | None = None,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> Conversation:
        """Create a conversation. After a lost answer it is looked for before it is created again."""
        return self._bridge.call(
            lambda: self._remote.create(
                title=title,
                instructions=instructions,
                model=model,
                metadata=metadata,
                timeout=timeout,
                allow_loss=allow_loss,
            )
        )

    def update(
        self,
        conversation: ConversationLike,
        *,
        title: str | Unset | None = UNSET,
        instructions: str | Unset | None = UNSET,
        model: str | Unset | None = UNSET,
        metadata: Mapping[str, JsonValue] | Unset = UNSET,
        pinned: bool | Unset = UNSET,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> Conversation:
        """Change what is given; what is left out stays. `metadata` merges, and a value None removes its key."""
        return self._bridge.call(
            lambda: self._remote.update(
                conversation,
                title=title,
                instructions=instructions,
                model=model,
                metadata=metadata,
                pinned=pinned,
                timeout=timeout,
                allow_loss=allow_loss,
            )
        )

    def delete(
        self, conversation: ConversationLike, *, timeout: Timeout = UNSET, allow_loss: AllowLoss = False
    ) -> None:
        """Delete a conversation with its messages."""
        self._bridge.call(lambda: self._remote.delete(conversation, timeout=timeout, allow_loss=allow_loss))

    def messages(
        self,
        conversation: ConversationLike,
        *,
        order: Literal["asc", "desc"] = "asc",
        limit: int | None = None,
        branches: bool = False,
        timeout: Timeout = UNSET,
    ) -> Pages[Message]:
        """Give an iterator over the messages of the active branch, or of all branches, parents first."""
        return Pages(
            self._remote.messages(conversation, order=order, limit=limit, branches=branches, timeout=timeout),
            self._bridge,
        )

    def message(self, conversation: ConversationLike, message_id: str, *, timeout: Timeout = UNSET) -> Message:
        """Give one message. Raises NotFoundError."""
        return self._bridge.call(lambda: self._remote.message(conversation, message_id, timeout=timeout))

    @overload
    def append(
        self,
        conversation: ConversationLike,
        content: str | Message,
        role: str = "user",
        *,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> Message: ...

    @overload
    def append(
        self,
        conversation: ConversationLike,
        content: Sequence[Message],
        role: str = "user",
        *,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> list[Message]: ...

    def append(
        self,
        conversation: ConversationLike,
        content: str | Message | Sequence[Message],
        role: str = "user",
        *,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> Message | list[Message]:
        """Store text with a role, a message, or a list of messages; nothing is generated."""
        if isinstance(content, (str, Message)):
            one = content  # each of the overloads is asked for by its own type
            return self._bridge.call(
                lambda: self._remote.append(conversation, one, role, timeout=timeout, allow_loss=allow_loss)
            )
        many = content
        return self._bridge.call(
            lambda: self._remote.append(conversation, many, role, timeout=timeout, allow_loss=allow_loss)
        )

    def edit(
        self,
        conversation: ConversationLike,
        message_id: str,
        text: str,
        *,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> Change:
        """Replace a message's text; its other parts and all later messages stay, nothing is generated."""
        return self._bridge.call(
            lambda: self._remote.edit(conversation, message_id, text, timeout=timeout, allow_loss=allow_loss)
        )

    def delete_message(
        self,
        conversation: ConversationLike,
        message_id: str,
        *,
        timeout: Timeout = UNSET,
        allow_loss: AllowLoss = False,
    ) -> Change:
        """Delete one message; later messages stay."""
        return self._bridge.call(
            lambda: self._remote.delete_message(conversation, message_id, timeout=timeout, allow_loss=allow_loss)
        )

    def clear(
        self, conversation: ConversationLike, *, timeout: Timeout = UNSET, allow_loss: AllowLoss = False
    ) -> Change:
        """Remove all messages, system ones too; title, instructions, metadata and pin stay."""
        return self._bridge.call(lambda: self._remote.clear(conversation, timeout=timeout, allow_loss=allow_loss))

    def send(self, conversation: ConversationLike, content: Content, **given: Unpack[SendOptions]) -> Reply:
        """Send a turn and give the reply; the options are `SendOptions`."""
        return self._bridge.call(lambda: self._remote.send(conversation, content, **given))

    def stream(self, conversation: ConversationLike, content: Content, **given: Unpack[SendOptions]) -> SyncReplyStream:
        """Do as `send`, piece by piece: a context manager over events. Leaving it early stops the run."""
        return SyncReplyStream(self._remote.stream(conversation, content, **given), self._bridge)

    def regenerate(
        self, conversation: ConversationLike, message_id: str | None = None, **given: Unpack[SendOptions]
    ) -> Reply:
        """Give another answer to the last turn, or to `message_id`; `effect` tells what became of the old one."""
        return self._bridge.call(lambda: self._remote.regenerate(conversation, message_id, **given))

    def stream_regenerate(
        self, conversation: ConversationLike, message_id: str | None = None, **given: Unpack[SendOptions]
    ) -> SyncReplyStream:
        """Do as `regenerate`, piece by piece."""
        return SyncReplyStream(self._remote.stream_regenerate(conversation, message_id, **given), self._bridge)

    def download(self, part: MediaPart, *, timeout: Timeout = UNSET) -> bytes:
        """Give the bytes of an image, an audio or a file part. Raises NotFoundError, UnsupportedOperationError."""
        return self._bridge.call(lambda: self._remote.download(part, timeout=timeout))

    def check(self, *, write: bool = False) -> RemoteCheck:
        """Prove that the remote works, by reading only; with `write` also on a scratch conversation, deleted again."""
        return self._bridge.call(lambda: self._remote.check(write=write))

    @property
    def vendor(self) -> Any:
        """What only this vendor has, not portable. Raises UnsupportedOperationError where there is nothing."""
        return self._remote.vendor

    def vendor_as(self, kind: type[V]) -> V:
        """Give `vendor`, typed. Raises UnsupportedOperationError where it is of another kind."""
        return self._remote.vendor_as(kind)

    def close(self) -> None:
        """Close the remote and forget its secrets; harmless twice."""
        self._bridge.call(self._remote.aclose)
