"""The vendors one can talk with, each on loopback and with its faults, for tests that are the same for all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeAlias

import pytest

from omnilogue import AsyncClient, AsyncRemote, Conversation, Message, UnavailableError
from omnilogue.http import SystemClock
from omnilogue_ichati.emulator import IChatiEmulator
from omnilogue_memory.provider import Memory
from omnilogue_mindcraft.emulator import MindCraftEmulator
from omnilogue_minimax.emulator import MiniMaxEmulator

SETTLE_SECONDS = 0.25

Talk: TypeAlias = Callable[[AsyncRemote, Conversation, str], Awaitable[str]]


class ShortClock(SystemClock):
    """Gives the vendor the settle time where something lands late; all other time passes at once."""

    def __init__(self, *, settles: bool = False) -> None:
        self._settles = settles
        self._skipped = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self._skipped

    async def sleep(self, seconds: float) -> None:
        is_real = self._settles and seconds == SETTLE_SECONDS
        self._skipped += 0.0 if is_real else seconds
        await asyncio.sleep(seconds if is_real else 0)


class MemoryVendor:
    """The memory provider's stand-in for an emulator: what it stores gets lost on the way as it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._fault: tuple[str, int] | None = None
        self._count = 0
        real = Memory.append

        async def append(memory: Memory, conversation_id: str, messages: Any) -> list[Message]:
            await asyncio.sleep(0)  # a vendor is never done at once
            self._count += bool(messages)
            kind, every = self._fault or ("", 0)
            is_hit = bool(messages) and every > 0 and self._count % every == 0
            stored = [] if is_hit and kind == "drop_before" else await real(memory, conversation_id, messages)
            if is_hit:
                raise UnavailableError("the line went dead", code="connection_lost", outcome="unknown", retryable=True)
            return stored

        monkeypatch.setattr(Memory, "append", append)

    def fail_next(self, kind: str, *, every: int, **_: Any) -> None:
        """Let every so manieth store go wrong, before or after it was done."""
        self._fault = kind, every

    def clear_faults(self) -> None:
        """Let nothing go wrong any more."""
        self._fault = None


@dataclass(frozen=True)
class Place:
    """One way to talk: its settings, its vendor, the calls that store something, and the one that reads messages."""

    settings: dict[str, Any]
    vendor: Any
    writes: tuple[str, ...]
    reads: str

    def connected(self, *, settles: bool = False, **changed: Any) -> AsyncClient:
        """Open a client with this as its only remote; time passes at once."""
        settings = {**self.settings, "settle": SETTLE_SECONDS, "timeout": 100_000}
        if self.settings["provider"] != "memory":
            settings["max_attempts"] = 8  # some calls change nothing, and are simply repeated
        settings |= changed
        return AsyncClient(False, remotes={"work": settings}, clock=ShortClock(settles=settles))

    def fail(self, kind: str, every: int, **details: Any) -> None:
        """Let every so manieth call that stores something go wrong."""
        for path in self.writes:
            self.vendor.fail_next(kind, every=every, method="POST", path=path, **details)

    def written(self) -> list[Any]:
        """Give the calls so far that store something."""
        return [call for path in self.writes for call in self.vendor.journal.requests(path, method="POST")]


MINDCRAFT = (MindCraftEmulator, ("message/", "chat/completions"), "message/")
PLACES: dict[str, tuple[str, Any, tuple[str, ...], str, dict[str, Any]]] = {
    "memory": ("memory", None, ("",), "", {}),
    "mindcraft-client": ("mindcraft", *MINDCRAFT, {"persist": "client"}),
    "mindcraft-server": ("mindcraft", *MINDCRAFT, {"persist": "server"}),
    "mindcraft-auto": ("mindcraft", *MINDCRAFT, {"persist": "auto"}),
    "minimax": (
        "minimax",
        MiniMaxEmulator,
        ("threads/messages/add", "threads/run/create"),
        "threads/messages/list",
        {},
    ),
    "ichati": ("ichati", IChatiEmulator, ("chat/topic/",), "chat/topic/", {}),
}


@pytest.fixture
def place_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Place]]:
    """Give what opens a place by its name."""
    with ExitStack() as opened:

        def of(name: str) -> Place:
            provider, emulator, writes, reads, more = PLACES[name]
            vendor = opened.enter_context(emulator()) if emulator else MemoryVendor(monkeypatch)
            settings = {"provider": provider, **getattr(vendor, "settings", {}), **more}
            return Place(settings, vendor, writes, reads)

        yield of


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, place_of: Callable[[str], Place]) -> Place:
    """Give each place in turn."""
    return place_of(request.param)


async def sent(remote: AsyncRemote, conversation: Conversation, text: str) -> str:
    """Send a turn whole."""
    return (await remote.send(conversation, text)).text


async def streamed(remote: AsyncRemote, conversation: Conversation, text: str) -> str:
    """Send a turn and read its answer piece by piece; the pieces make the whole."""
    async with remote.stream(conversation, text) as stream:
        said = [piece async for piece in stream.text()]
    assert "".join(said) == stream.reply.text
    return stream.reply.text


@pytest.fixture(params=[sent, streamed])
def talk(request: pytest.FixtureRequest) -> Talk:
    """Give both ways to send a turn."""
    found: Talk = request.param
    return found


@pytest.fixture
def both() -> tuple[Talk, Talk]:
    """Give both ways to send a turn, at once."""
    return sent, streamed


@pytest.fixture
def require_each_once() -> Callable[..., Awaitable[None]]:
    """Give what compares a conversation with what was asked and said in it."""

    async def require(remote: AsyncRemote, conversation: Conversation, asked: list[str], said: list[str]) -> None:
        stored = [(message.role, message.text) async for message in remote.messages(conversation)]
        pairs = [(("user", text), ("assistant", reply)) for text, reply in zip(asked, said, strict=True)]
        assert stored == [entry for pair in pairs for entry in pair]

    return require
