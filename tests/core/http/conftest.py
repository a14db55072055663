"""A vendor of raw bytes on loopback, a clock that sleeps at once, and a door to knock at it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from omnilogue.http import Http, HttpSettings
from omnilogue.http.scope import CURRENT, Scope
from omnilogue.http.transport import Transports


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


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    names: list[str]


Answering = Callable[[asyncio.StreamWriter], Awaitable[None]]


class Vendor:
    """Answers each request with the next step of its script, then with `usual`; a step is bytes or does as it likes."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.script: list[bytes | Answering] = []
        self.usual: bytes | Answering = self.answer(200, b"{}")
        self.port = 0
        self.live = 0
        self.arrived = asyncio.Event()
        self.gone = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/"

    @staticmethod
    def answer(status: int, body: bytes = b"", /, **headers: str) -> bytes:
        named = {"content_type": "application/json", "content_length": str(len(body)), **headers}
        lines = [f"HTTP/1.1 {status} Words", *(f"{name.replace('_', '-')}: {value}" for name, value in named.items())]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def then(self, status: int, body: bytes = b"", /, **headers: str) -> None:
        """Add an answer to the script."""
        self.script.append(self.answer(status, body, **headers))

    def then_drop(self, times: int = 1) -> None:
        """Add connections that end without an answer."""
        self.script += [b""] * times

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = asyncio.create_task(self._serve(reader, writer))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)

    async def aclose(self) -> None:
        """End all connections."""
        for connection in list(self._connections):
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.live += 1
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while await self._exchange(reader, writer):
                    pass
        finally:
            self.live -= 1
            self.gone.set()
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        method, target, _ = first.split(" ")
        names = [line.partition(":")[0].lower() for line in lines]
        self.asked.append(Asked(method, target, headers, body, names))
        self.arrived.set()
        step = self.script.pop(0) if self.script else self.usual
        if callable(step):
            await step(writer)
            return False
        writer.write(step)
        await writer.drain()
        return bool(step)


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    vendor = Vendor()
    server = await asyncio.start_server(vendor.accept, "127.0.0.1", 0)
    vendor.port = server.sockets[0].getsockname()[1]
    yield vendor
    server.close()
    await vendor.aclose()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def transports() -> AsyncIterator[Transports]:
    transports = Transports()
    yield transports
    await transports.aclose()


Door = Callable[..., Http]


@pytest.fixture
def door(vendor: Vendor, clock: FakeClock, transports: Transports) -> Door:
    """Make a door to the vendor; keyword arguments are settings, `with_` what the door itself takes."""

    def door(with_: dict[str, Any] | None = None, **given: Any) -> Http:
        settings = HttpSettings(**{"base_url": vendor.url, "read_timeout": 5.0, **given})
        extra = {"clock": clock, **(with_ or {})}
        return Http(settings, lambda: transports.for_settings(settings), **extra)

    return door


@pytest.fixture
def within(clock: FakeClock) -> Callable[[float], contextlib.AbstractContextManager[Scope]]:
    """Give a verb's scope that is over so many seconds from now."""

    @contextlib.contextmanager
    def within(seconds: float | None) -> Any:
        scope = Scope(None if seconds is None else clock.monotonic() + seconds)
        token = CURRENT.set(scope)
        try:
            yield scope
        finally:
            CURRENT.reset(token)

    return within
