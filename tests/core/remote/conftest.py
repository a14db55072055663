"""Remotes over small providers: one that goes wrong as its script says, or any other class."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

from omnilogue import AsyncRemote, Conversation, Event, Message, OmnilogueError, Reply, UnavailableError
from omnilogue.model import Page
from omnilogue.provider import (
    Changes,
    Draft,
    Feature,
    Provider,
    ProviderInfo,
    ProviderSettings,
    Query,
    Turn,
    native,
    unsupported,
)
from omnilogue.remote import Account
from omnilogue.state import State
from omnilogue_memory.provider import Memory
from omnilogue_memory.settings import MemorySettings


class FakeClock:
    """Sleeps at once and remembers how long it would have slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.time = 1000.0

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time)

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


@dataclass
class Failure:
    """How a call goes wrong: with what error, and how much of it is done: nothing, all, a number, or later."""

    error: OmnilogueError
    applied: bool | int = False
    looks: int = 0


class Scripted(Memory):
    """Memory whose calls go wrong as they are told; it is its own `vendor`, and notes what it was asked."""

    def __init__(self, settings: MemorySettings, context: Any) -> None:
        super().__init__(settings, context)
        self.vendor = self
        self.calls: list[str] = []
        self.queries: list[Query] = []
        self.turns: list[Turn] = []
        self.landing: list[tuple[int, Callable[[], Awaitable[object]]]] = []
        self._failures: dict[str, list[Failure]] = defaultdict(list)

    def fail(
        self,
        call: str,
        error: OmnilogueError | None = None,
        *,
        applied: bool | int = False,
        looks: int = 0,
        times: int = 1,
    ) -> None:
        """Let the next calls fail; with `looks` what was asked lands after the conversation was read so often."""
        lost = UnavailableError("the line went dead", code="connection_lost", outcome="unknown", retryable=True)
        self._failures[call] += [Failure(error or lost, applied, looks)] * times

    async def _played(self, call: str, real: Callable[[], Awaitable[Any]]) -> Any:
        self.calls.append(call)
        failure = self._failures[call].pop(0) if self._failures[call] else None
        if failure is None:
            return await real()
        if failure.looks:
            self.landing.append((failure.looks, real))
        elif failure.applied:
            await real()
        raise failure.error

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        self.queries.append(query)
        self.landing = [(looks - 1, real) for looks, real in self.landing]
        for looks, real in self.landing:
            if looks < 0:
                await real()
        self.landing = [(looks, real) for looks, real in self.landing if looks >= 0]
        real_page = super().list_messages
        page: Page[Message] = await self._played("list_messages", lambda: real_page(conversation_id, cursor, query))
        return page

    async def list_conversations(self, cursor: str | None, query: Query) -> Page[Conversation]:
        self.queries.append(query)
        return await super().list_conversations(cursor, query)

    async def create_conversation(self, draft: Draft) -> Conversation:
        real = super().create_conversation
        made: Conversation = await self._played("create_conversation", lambda: real(draft))
        return made

    async def update_conversation(self, conversation_id: str, changes: Changes) -> Conversation:
        self.calls.append("update_conversation")
        return await super().update_conversation(conversation_id, changes)

    async def edit_message(self, conversation_id: str, message_id: str, text: str) -> Message:
        real = super().edit_message
        edited: Message = await self._played("edit_message", lambda: real(conversation_id, message_id, text))
        return edited

    async def delete_message(self, conversation_id: str, message_id: str) -> None:
        real = super().delete_message
        await self._played("delete_message", lambda: real(conversation_id, message_id))

    async def delete_conversation(self, conversation_id: str) -> None:
        real = super().delete_conversation
        await self._played("delete_conversation", lambda: real(conversation_id))

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        real = super().append
        wanted = self._failures["append"][0].applied if self._failures["append"] else True
        part = messages[:wanted] if wanted is not True and wanted else messages
        stored: list[Message] = await self._played("append", lambda: real(conversation_id, part))
        return stored

    async def store(self, conversation_id: str, *messages: Message) -> list[Message]:
        """Store as the vendor itself would, past every script."""
        return await Memory.append(self, conversation_id, messages)

    async def send(self, conversation_id: str, turn: Turn) -> Reply:
        """Fail before anything (the default), after all of it, or with `applied=1` after the turn was stored."""
        self.turns.append(turn)
        real = super().send
        asked = Message(role="user", parts=turn.parts, metadata=turn.metadata)
        failures = self._failures["send"]
        if failures and failures[0].applied is not True and failures[0].applied == 1:
            reply: Reply = await self._played("send", lambda: self.store(conversation_id, asked))
        else:
            reply = await self._played("send", lambda: real(conversation_id, turn))
        return reply

    async def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        """Fail before the first event, or after `applied` of them; with `applied=True` after all was stored."""
        failure = self._failures["stream"].pop(0) if self._failures["stream"] else None
        count = 0
        if failure and failure.applied is False:
            raise failure.error
        async for event in super().stream(conversation_id, turn):
            if failure and event.type == "reply_completed":
                raise failure.error
            yield event
            count += 1
            if failure and failure.applied is not True and failure.applied == count:
                raise failure.error


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def _no_transport(_: object) -> httpx.AsyncBaseTransport:
    raise AssertionError("these providers speak to no network")


RemoteOf = Callable[..., AsyncRemote]


@pytest.fixture
def remote_of(clock: FakeClock) -> Iterator[RemoteOf]:
    """Give what makes a remote `work` of a provider class; `rows` change its features, the rest are settings."""
    states: list[State] = []

    def made(
        provider: type[Provider[Any]] = Scripted,
        rows: dict[str, Feature] | None = None,
        kind: type[ProviderSettings] = MemorySettings,
        **given: Any,
    ) -> AsyncRemote:
        if rows:
            features = provider.features.replace(**rows)
            provider = type(provider.__name__, (provider,), {"features": features})
        info = ProviderInfo("fake", "Fake", provider, kind)
        states.append(State("memory:"))
        account = Account("work", lambda: (info, kind(**given)), _no_transport, clock, state=states[-1])
        return AsyncRemote(account)

    yield made
    for state in states:
        state.close()


@pytest.fixture
def remote(remote_of: RemoteOf) -> AsyncRemote:
    return remote_of()


Texts = Callable[..., Awaitable[list[str]]]


@pytest.fixture
def texts() -> Texts:
    """Give what reads the texts of a conversation, each with its role's first letter: `u:hello`."""

    async def read(remote: AsyncRemote, conversation: Any) -> list[str]:
        return [f"{message.role[0]}:{message.text}" async for message in remote.messages(conversation)]

    return read


class Vendor:
    """A vendor that several clients speak to, with one state; its calls are counted, and fail as they are told.

    `rows` change what it has; `fail_at(3)` lets the third call fail from now on, before or after it was done.
    """

    def __init__(self, state: str, clock: FakeClock, rows: dict[str, Feature]) -> None:
        self.state = state
        self.calls: list[str] = []
        self.turns: list[Turn] = []
        self.conversations: dict[str, Conversation] = {}
        self.messages: dict[str, dict[str, Message]] = {}
        self.ids = count(1)
        self.is_killed = False
        self._failure: tuple[int, BaseException, bool] | None = None
        self._clock = clock
        self._opened: list[State] = []
        self._provider = type("Counted", (Counted,), {"features": Memory.features.replace(**rows), "behind": self})

    def remote(self, name: str = "work", *, state: str | None = None, **given: Any) -> AsyncRemote:
        """Open another client's remote."""
        self._opened.append(State(state or self.state))
        info = ProviderInfo("fake", "Fake", self._provider, MemorySettings)
        return AsyncRemote(
            Account(name, lambda: (info, MemorySettings(**given)), _no_transport, self._clock, state=self._opened[-1])
        )

    def fail_at(self, number: int, error: BaseException, *, applied: bool = False) -> None:
        """Let a call fail, counted from now; after a `Killed` nothing is answered any more."""
        self.calls.clear()
        self._failure = number, error, applied

    def heal(self) -> None:
        """Let nothing fail any more."""
        self._failure, self.is_killed = None, False

    async def played(self, call: str, real: Callable[[], Awaitable[Any]]) -> Any:
        """Do one call of a provider, or what it was told to do."""
        if self.is_killed:
            raise Killed
        self.calls.append(call)
        number, error, applied = self._failure or (0, None, False)
        if error is None or len(self.calls) != number:
            return await real()
        if applied:
            await real()
        self.is_killed = isinstance(error, Killed)
        raise error

    def texts(self, conversation_id: str) -> list[str]:
        """Give what the vendor itself has in a conversation."""
        return [f"{message.role[0]}:{message.text}" for message in self.messages[conversation_id].values()]

    def close(self) -> None:
        for state in self._opened:
            state.close()


class Killed(BaseException):
    """The process is gone: what failed with it fails on."""


def _counted(name: str) -> Any:
    real = getattr(Memory, name)

    async def call(self: Any, *given: Any) -> Any:
        if self.is_inside:  # the vendor's own business
            return await real(self, *given)
        self.is_inside = True
        try:
            return await self.behind.played(name, lambda: real(self, *given))
        finally:
            self.is_inside = False

    return call


class Counted(Memory):
    """One client's view of a vendor."""

    behind: Vendor

    def __init__(self, settings: MemorySettings, context: Any) -> None:
        features = self.features
        super().__init__(settings, context)
        self.features = features
        self.is_inside = False
        self._conversations, self._messages = self.behind.conversations, self.behind.messages
        self._ids = self.behind.ids

    async def stream(self, conversation_id: str, turn: Turn) -> AsyncIterator[Event]:
        self.behind.turns.append(turn)
        self.is_inside = True
        try:
            async for event in super().stream(conversation_id, turn):
                yield event
        finally:
            self.is_inside = False

    list_conversations = _counted("list_conversations")
    get_conversation = _counted("get_conversation")
    create_conversation = _counted("create_conversation")
    update_conversation = _counted("update_conversation")
    delete_conversation = _counted("delete_conversation")
    list_messages = _counted("list_messages")
    get_message = _counted("get_message")
    append = _counted("append")
    edit_message = _counted("edit_message")
    delete_message = _counted("delete_message")
    clear_messages = _counted("clear_messages")
    send = _counted("send")


NO = unsupported("the vendor has none")
NO_CHANGES = dict.fromkeys(("edit_message", "delete_message", "clear_messages"), NO)
NO_LIST = dict.fromkeys(("list_conversations", "delete_conversation", "update_conversation"), NO)

VendorOf = Callable[..., Vendor]


@pytest.fixture
def killed() -> type[BaseException]:
    """What a provider's call raises where the process is killed in it."""
    return Killed


@pytest.fixture
def vendor_of(tmp_path: Path, clock: FakeClock) -> Iterator[VendorOf]:
    """Give what makes a vendor that changes nothing in place, with `rows` besides; its state is a file."""
    made: list[Vendor] = []

    def of(**rows: Feature) -> Vendor:
        made.append(Vendor(f"sqlite:///{tmp_path / 'state.db'}", clock, {**NO_CHANGES, **rows}))
        return made[-1]

    yield of
    for vendor in made:
        vendor.close()


@pytest.fixture
def vendor(vendor_of: VendorOf) -> Vendor:
    """A vendor that changes nothing in place, and lists and deletes conversations."""
    return vendor_of()


@pytest.fixture
def poor(vendor_of: VendorOf) -> Vendor:
    """A vendor that neither lists, renames nor deletes, and keeps no titles and no metadata of conversations."""
    return vendor_of(**NO_LIST, create_conversation=native(fields=()), conversation_metadata=NO)
