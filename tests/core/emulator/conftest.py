"""A small made-up vendor that keeps notes, for the tests of the emulator kit."""

import contextlib
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import httpx
import pytest
from aiohttp import web

from omnilogue.emulator import Emulator, SocketGoneError, open_socket, stream_pieces


@dataclass(frozen=True)
class NotesQuirks:
    loud: bool = False
    paper: Literal["white", "yellow"] = "white"
    spoken: int | None = None


class NotesEmulator(Emulator):
    provider: ClassVar[str] = "notes"
    Quirks: ClassVar[type[Any]] = NotesQuirks
    base_path: ClassVar[str] = "/api/"
    credentials: ClassVar[dict[str, str]] = {"token": "made-up"}
    quirks: NotesQuirks

    def __init__(self, stored: list[str], **quirks: Any) -> None:
        super().__init__(**quirks)
        self.stored = stored

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/notes/", self.list_notes),
            web.post("/api/notes/", self.add_note),
            web.post("/api/speak/", self.speak),
            web.get("/talk/", self.talk),
        ]

    async def list_notes(self, _: web.Request) -> web.Response:
        return web.json_response([note.upper() if self.quirks.loud else note for note in self.stored])

    async def add_note(self, request: web.Request) -> web.Response:
        self.stored.append((await request.text())[:100])
        return web.json_response({"stored": len(self.stored)}, status=201)

    async def speak(self, request: web.Request) -> web.StreamResponse:
        return await stream_pieces(request, self.spoken_pieces(), content_type="text/plain", interval=0.001)

    async def talk(self, request: web.Request) -> web.StreamResponse:
        """Say everything back, and keep it, until the client has left."""
        socket = await open_socket(request)
        with contextlib.suppress(SocketGoneError):
            while True:
                value = await socket.receive()
                self.stored.append(f"{value}"[:100])
                await socket.send(value)
        return socket.response

    def spoken_pieces(self) -> Generator[bytes, None, None]:
        sent = 0
        try:
            for number in range(self.quirks.spoken or 5):
                sent += 1
                yield b"piece %d;" % number
        except GeneratorExit:
            self.stored.append(f"left after {sent}")
            raise
        self.stored.append("spoken")


@pytest.fixture
def is_soon() -> Callable[[Callable[[], bool]], bool]:
    def is_soon(condition: Callable[[], bool]) -> bool:
        end = time.monotonic() + 2.0
        while not condition() and time.monotonic() < end:
            time.sleep(0.005)
        return condition()

    return is_soon


@pytest.fixture
def stored() -> list[str]:
    return []


@pytest.fixture
def idle(stored: list[str]) -> Iterator[Emulator]:
    emulator = NotesEmulator(stored)
    yield emulator
    emulator.stop()


@pytest.fixture
def vendor(idle: Emulator) -> Emulator:
    idle.start()
    return idle


@pytest.fixture
def client(vendor: Emulator) -> Iterator[httpx.Client]:
    # There is no TLS on loopback, and reading certificates takes longer than a test.
    with httpx.Client(base_url=vendor.url, timeout=5.0, verify=False) as client:
        yield client
