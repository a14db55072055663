"""Two remotes in memory that fail as they are told, and the verbs of copying between them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from omnilogue import AsyncRemote, Message, OmnilogueError, Stop
from omnilogue.migrate.progress import Progress, silent
from omnilogue.migrate.reports import CopyReport
from omnilogue.migrate.verbs import Copying
from omnilogue.model import Page
from omnilogue.provider import Context, CopyContext, ProviderInfo, Query, Transform
from omnilogue.remote import Account
from omnilogue.state import Ledger, Migrations, State
from omnilogue_memory.provider import Memory
from omnilogue_memory.settings import MemorySettings


class FakeClock:
    """Sleeps at once, and tells what it does then to whoever set `at`: what happens after so many seconds."""

    def __init__(self) -> None:
        self.time = 0.0
        self.at: dict[float, Callable[[], object]] = {}

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time)

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds
        for moment in sorted(self.at):
            if moment <= self.time:
                self.at.pop(moment)()
        await asyncio.sleep(0)


class Troubled(Memory):
    """Memory that asks `trouble` before each call, by its name and what it is about; it is its own `vendor`."""

    def __init__(self, settings: MemorySettings, context: Context) -> None:
        super().__init__(settings, context)
        self.vendor = self
        self.calls: Counter[str] = Counter()
        self.trouble: Callable[[str, str], object] = lambda call, what: None
        self.keeps_all = True

    def _called(self, call: str, what: str) -> None:
        self.calls[call] += 1
        self.trouble(call, what)

    async def list_conversations(self, cursor: str | None, query: Query) -> Page[Any]:
        self._called("list_conversations", "")
        return await super().list_conversations(cursor, query)

    async def get_conversation(self, conversation_id: str) -> Any:
        self._called("get_conversation", conversation_id)
        return await super().get_conversation(conversation_id)

    async def list_messages(self, conversation_id: str, cursor: str | None, query: Query) -> Page[Message]:
        self._called("list_messages", conversation_id)
        return await super().list_messages(conversation_id, cursor, query)

    async def append(self, conversation_id: str, messages: Sequence[Message]) -> list[Message]:
        for message in messages:
            self._called("append", message.text)
        await asyncio.sleep(0)  # others go on while a vendor works
        stored = await super().append(conversation_id, messages if self.keeps_all else messages[:-1])
        return stored

    async def update_conversation(self, conversation_id: str, changes: Any) -> Any:
        self._called("update_conversation", conversation_id)
        return await super().update_conversation(conversation_id, changes)

    async def edit_message(self, conversation_id: str, message_id: str, text: str) -> Message:
        self._called("edit_message", text)
        return await super().edit_message(conversation_id, message_id, text)


def shout(message: Message, context: CopyContext) -> Message:
    return message.model_copy(update={"parts": Message.user(message.text.upper()).parts})


def hush(message: Message, context: CopyContext) -> Message | None:
    return None if "hush" in message.text else message


TRANSFORMS = {"shout": shout, "hush": hush}


class Both:
    """A source and a target, their state, and the verbs between them."""

    def __init__(self, path: Path | None) -> None:
        self.clock = FakeClock()
        self.state = State(f"sqlite:///{path}" if path else "memory:")
        self._states = [self.state]
        self.here, self.there = self.remote("here"), self.remote("there")

    def remote(self, name: str, **settings: Any) -> AsyncRemote:
        info, made = ProviderInfo("memory", "Memory", Troubled, MemorySettings), MemorySettings(**settings)
        return AsyncRemote(Account(name, lambda: (info, made), _no_network, self.clock, state=self.state))

    @property
    def verbs(self) -> Copying:
        return self.verbs_telling(silent)

    def verbs_telling(self, progress: Progress, stop: Stop | None = None) -> Copying:
        return Copying(self.state, self.clock, lambda name: Transform(name, TRANSFORMS[name]), progress, stop)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.state, "here", "there")

    @property
    def migrations(self) -> Migrations:
        return Migrations(self.state)

    async def fill(self, conversations: int, messages: int, first: int = 0) -> list[str]:
        """Store conversations in the source; gives their ids."""
        ids = []
        for number in range(first, first + conversations):
            self.clock.time += 1
            made = await self.here.create(title=f"Trip {number}")
            for place in range(messages):
                role = "assistant" if place % 2 else "user"
                await self.here.append(made, f"text {number}.{place}", role=role)
            ids.append(made.id)
        return ids

    async def texts(self) -> dict[str, list[str]]:
        """Give what the target holds: by title the texts, in order."""
        found: dict[str, list[str]] = {}
        async for conversation in self.there.conversations():
            assert conversation.title not in found
            texts = [message.text async for message in self.there.messages(conversation)]
            found[conversation.title or ""] = texts
        return found

    async def copy(self, planned: Any = None, **options: Any) -> CopyReport:
        return await self.verbs.copy(self.here, self.there, options, planned)

    async def plan(self, **options: Any) -> Any:
        return await self.verbs.plan(self.here, self.there, options)

    async def check(self, **options: Any) -> Any:
        return await self.verbs.check(self.here, self.there, options)

    async def undo(self, migration: str | None) -> Any:
        return await self.verbs.undo(self.migrations.get(migration or ""), self.here, self.there)

    async def retry(self, migration: str | None, **options: Any) -> CopyReport:
        return await self.verbs.retry(self.migrations.get(migration or ""), self.here, self.there, options)

    def go_on_with(self, path: Path) -> None:
        """Take another file for the state, as another machine would; the remotes keep the one they were made with."""
        self.state = State(f"sqlite:///{path}")
        self._states.append(self.state)

    def close(self) -> None:
        for state in self._states:
            state.close()

    def states(self, migration: str | None) -> dict[str, int]:
        """Count the conversations of a migration by state."""
        return dict(Counter(item.state for item in self.migrations.items(migration or "")))


def _no_network(_: Any) -> Any:
    raise AssertionError("memory has no network")


@pytest.fixture
def both() -> Iterator[Both]:
    with closing(Both(None)) as both:
        yield both


@pytest.fixture
def both_on_disk(tmp_path: Path) -> Iterator[Both]:
    with closing(Both(tmp_path / "state.db")) as both:
        yield both


@pytest.fixture
def raising() -> Callable[..., Callable[[str, str], None]]:
    """Give what raises an error in calls of a name, where `about` stands in what the call is about."""

    def make(error: OmnilogueError, call: str = "append", about: str = "", times: int = 1_000_000) -> Any:
        left = [times]

        def trouble(name: str, what: str) -> None:
            if name == call and about in what and left[0] > 0:
                left[0] -= 1
                raise error

        return trouble

    return make
