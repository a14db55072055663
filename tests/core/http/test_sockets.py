"""Websockets: what opens one, what comes over it, and what is left when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import pickle
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.http11 import Request, Response

from omnilogue.errors import ConfigurationError, InvalidInputError, OmnilogueError
from omnilogue.http import HttpSettings, Secret, Sockets
from omnilogue.http.observing import Observer

if TYPE_CHECKING:
    from tests.core.http.conftest import FakeClock

pytestmark = pytest.mark.anyio

TOKEN = "a-token-that-nobody-may-see"
Handler: TypeAlias = Callable[[ServerConnection], Awaitable[None]]


class Peer:
    """A vendor whose handler can be exchanged."""

    def __init__(self) -> None:
        self.handler: Handler = self.echo
        self.refusals: list[tuple[int, dict[str, str], bytes]] = []
        self.requests: list[Request] = []
        self.server: Server | None = None
        self.over = asyncio.Event()

    async def deaf(self, connection: ServerConnection) -> None:
        """Take nothing until the test is over."""
        connection.transport.pause_reading()
        await self.over.wait()

    @staticmethod
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async def handle(self, connection: ServerConnection) -> None:
        await self.handler(connection)

    def before(self, connection: ServerConnection, request: Request) -> Response | None:
        self.requests.append(request)
        if not self.refusals:
            return None
        status, headers, body = self.refusals.pop(0)
        answer = connection.respond(status, "")
        answer.headers.update(headers)
        answer.body = body
        del answer.headers["Content-Length"]
        answer.headers["Content-Length"] = str(len(body))
        return answer

    @property
    def port(self) -> int:
        assert self.server
        return int(next(iter(self.server.sockets)).getsockname()[1])

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/talk/"


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    peer = Peer()
    async with serve(
        peer.handle, "127.0.0.1", 0, process_request=peer.before, max_size=None, compression=None, close_timeout=0.2
    ) as peer.server:
        yield peer
        peer.over.set()


Door: TypeAlias = Callable[..., Sockets]


@pytest.fixture
def sockets(peer: Peer, clock: FakeClock) -> Door:
    def sockets(with_: dict[str, Any] | None = None, **given: Any) -> Sockets:
        settings = {"base_url": f"http://127.0.0.1:{peer.port}/api/", "read_timeout": 5.0, "max_attempts": 1, **given}
        return Sockets(HttpSettings(**settings), clock, **(with_ or {}))

    return sockets


async def failure_of(action: Awaitable[object]) -> OmnilogueError:
    with pytest.raises(OmnilogueError) as caught:
        await action
    assert caught.value.__context__ is None
    assert TOKEN not in f"{caught.value!r} {caught.value.to_dict()} {vars(caught.value)}"
    return caught.value


async def one(sockets: Sockets, address: str, *, ask: bool = False) -> Any:
    async with sockets.open(address, query={"token": TOKEN}) as socket:
        if ask:
            await socket.send_json({"ask": 1}, effect="add")
        return await anext(socket)


def ending(code: int, reason: str = "") -> Handler:
    async def end(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.close(code, reason)

    return end


def saying(*messages: Any) -> Handler:
    async def say(connection: ServerConnection) -> None:
        for message in messages:
            await connection.send(message)
        await connection.wait_closed()

    return say


# What comes and goes


async def test_json_and_bytes_go_both_ways(peer: Peer, sockets: Door) -> None:
    async with sockets().open(peer.url) as socket:
        await socket.send_json({"text": "é 你"})
        await socket.send_bytes(b"\x00\xff")

        assert [await anext(socket), await anext(socket)] == [{"text": "é 你"}, b"\x00\xff"]


async def test_a_path_lies_below_the_base_url(peer: Peer, sockets: Door) -> None:
    async with sockets().open("talk/", query={"token": TOKEN}):
        pass

    assert peer.requests[0].path == f"/api/talk/?token={TOKEN}"


async def test_headers_of_the_settings_go_along(peer: Peer, sockets: Door) -> None:
    async with sockets(headers={"X-Team": Secret("blue")}).open(peer.url, headers={"X-More": "yes"}):
        pass

    headers = peer.requests[0].headers
    assert (headers["x-team"], headers["x-more"]) == ("blue", "yes")
    assert headers["user-agent"].startswith("omnilogue/")


async def test_a_legal_message_of_10_mb_arrives(peer: Peer, sockets: Door) -> None:
    peer.handler = saying('"' + "x" * 10_000_000 + '"')

    assert len(await one(sockets(), peer.url)) == 10_000_000


async def test_a_message_is_the_same_wherever_it_was_split(peer: Peer, sockets: Door) -> None:
    frame = {"agent_output": {"output_type": "llm", "llm_response": "(*^▽^*) 你 \U0001f9f3", "z_index": 1}}
    whole = json.dumps(frame, ensure_ascii=False).encode()

    async def say(connection: ServerConnection) -> None:
        for place in range(len(whole) + 1):
            await connection.send([whole[:place], whole[place:]], text=True)
        await connection.send([bytes([byte]) for byte in whole], text=True)

    peer.handler = say
    async with sockets().open(peer.url) as socket:
        found = [await anext(socket) for _ in range(len(whole) + 2)]

    assert all(one == frame for one in found)


@pytest.mark.parametrize(
    "broken", ["{", "", "[" * 100_000, "1" * 5000, "NaN", '{"a": Infinity}', '"\\ud800"', "<html>", "\ufeff{}"]
)
async def test_what_is_no_json_is_a_bad_response(peer: Peer, sockets: Door, broken: str) -> None:
    peer.handler = saying(broken)

    assert (await failure_of(one(sockets(), peer.url))).code == "bad_response"


async def test_text_that_is_no_utf8_is_a_bad_response(peer: Peer, sockets: Door) -> None:
    async def say(connection: ServerConnection) -> None:
        await connection.send(b"\xff\xfe", text=True)
        await connection.wait_closed()

    peer.handler = say

    assert (await failure_of(one(sockets(), peer.url))).code == "bad_response"


async def test_a_message_that_is_too_large_is_refused(
    peer: Peer, sockets: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnilogue.http.dialing.FRAME_BYTES", 1000)
    peer.handler = saying("x" * 1001)

    assert (await failure_of(one(sockets(), peer.url))).code == "too_large"


async def test_a_flood_of_small_messages_is_refused(peer: Peer, sockets: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omnilogue.http.sockets.STREAM_BYTES", 1000)
    peer.handler = saying(*['"tick"'] * 300)

    async def flooded() -> None:
        async with sockets().open(peer.url) as socket:
            async for _ in socket:
                pass

    assert (await failure_of(flooded())).code == "too_large"


async def test_what_json_cannot_hold_is_not_sent(peer: Peer, sockets: Door, within: Any) -> None:
    with within(None) as scope:
        async with sockets().open(peer.url) as socket:
            with pytest.raises(InvalidInputError):
                await socket.send_json({"text": "\ud800"}, effect="add")

    assert scope.outcome == "not_sent"


# How it ends


@pytest.mark.parametrize(
    ("close", "code"),
    [
        (1000, "stream_broken"),
        (1001, "stream_broken"),
        (1002, "vendor_error"),
        (1003, "bad_request"),
        (1007, "bad_request"),
        (1008, "auth"),
        (1009, "too_large"),
        (1011, "server"),
        (1012, "server"),
        (1013, "server"),
        (1014, "server"),
        (3000, "auth"),
        (3003, "forbidden"),
        (4321, "vendor_error"),
    ],
)
async def test_a_close_code_tells_why(peer: Peer, sockets: Door, close: int, code: str) -> None:
    peer.handler = ending(close, f"because of {TOKEN}"[:9])

    failure = await failure_of(one(sockets(), peer.url, ask=True))

    assert (failure.code, failure.outcome, failure.vendor_message) == (code, "unknown", "because o")
    assert failure.endpoint == f"WS {peer.url}"


async def test_a_connection_that_is_lost_is_told_as_what_it_broke(peer: Peer, sockets: Door) -> None:
    async def cut(connection: ServerConnection) -> None:
        await connection.recv()
        if peer.requests[-1].path.endswith("answers"):
            await connection.send("{}")
        connection.transport.abort()

    async def asked(path: str) -> None:
        async with sockets().open(peer.url + path) as socket:
            await socket.send_json({}, effect="add")
            async for _ in socket:
                pass

    peer.handler = cut

    silent, answered = await failure_of(asked("silent")), await failure_of(asked("answers"))

    assert (silent.code, silent.outcome) == ("connection_lost", "unknown")
    assert (answered.code, answered.outcome) == ("stream_broken", "unknown")


async def test_silence_is_not_endured(peer: Peer, sockets: Door) -> None:
    peer.handler = saying()

    failure = await failure_of(one(sockets(read_timeout=0.05), peer.url))

    assert (failure.code, failure.outcome, failure.retryable) == ("timeout", "not_sent", True)


async def test_the_time_of_the_verb_limits_the_wire(peer: Peer, sockets: Door, within: Any) -> None:
    peer.handler = saying()

    with within(0):  # a second remains, in which the verb itself may speak
        assert (await failure_of(one(sockets(), peer.url))).code == "timeout"


@pytest.mark.parametrize(
    ("settled", "outcome", "applied"), [("rejected", "not_sent", False), ("applied", "applied", True)]
)
async def test_the_outcome_of_a_question_is_known(  # noqa: PLR0917  # one column of the table each
    peer: Peer, sockets: Door, within: Any, settled: Any, outcome: str, applied: bool
) -> None:
    with within(None) as scope:
        async with sockets().open(peer.url) as socket:
            await socket.send_json({}, effect="read")
            assert scope.outcome == "not_sent"
            await socket.send_json({}, effect="add")
            assert scope.outcome == "unknown"
            socket.settle(settled)

    assert (scope.outcome, scope.applied, scope.endpoint) == (outcome, applied, f"WS {peer.url}")


# Opening


@pytest.mark.parametrize(
    ("status", "code"), [(302, "config"), (401, "auth"), (403, "forbidden"), (404, "not_found"), (500, "server")]
)
async def test_a_handshake_that_is_refused_is_told_as_any_refusal(
    peer: Peer, sockets: Door, status: int, code: str
) -> None:
    peer.refusals = [(status, {"Location": "ws://elsewhere.example/"}, b'{"message": "not today"}')]

    failure = await failure_of(one(sockets(), peer.url))

    assert (failure.code, failure.http_status, failure.outcome) == (code, status, "not_sent")
    assert len(peer.requests) == 1


async def test_opening_is_repeated_as_the_vendor_asks(peer: Peer, sockets: Door, clock: FakeClock) -> None:
    peer.refusals = [(503, {"Retry-After": "7"}, b""), (429, {"Retry-After": "2"}, b"")]
    peer.handler = saying("{}")

    assert await one(sockets(max_attempts=3), peer.url) == {}
    assert clock.slept == [7.0, 2.0]


async def test_an_http_answer_instead_of_a_socket_is_a_bad_response(peer: Peer, sockets: Door) -> None:
    peer.refusals = [(200, {}, b"hello")]

    assert (await failure_of(one(sockets(), peer.url))).code == "bad_response"


async def test_nobody_there_is_a_failed_connection(sockets: Door, peer: Peer) -> None:
    assert peer.server
    url = peer.url
    door = sockets()
    peer.server.close()
    await peer.server.wait_closed()

    failure = await failure_of(one(door, url))

    assert (failure.code, failure.outcome, failure.retryable) == ("connect_failed", "not_sent", True)


async def test_a_connection_that_ends_in_the_handshake_is_lost(sockets: Door) -> None:
    async def drop(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(drop, "127.0.0.1", 0)
    async with server:
        url = f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"

        assert (await failure_of(one(sockets(), url))).code == "connection_lost"


@pytest.mark.parametrize(
    "address",
    [
        "ws://chat.example.com/",
        "http://127.0.0.1/",
        "wss://user:word@chat.example.com/",
        "wss://chat.example.com/?token=1",
        "wss://",
        "../talk",
        "talk/{id}",
    ],
)
async def test_an_address_that_is_none_is_refused(sockets: Door, address: str) -> None:
    with pytest.raises(ConfigurationError):
        await one(sockets(), address)


async def test_a_proxy_that_is_none_is_told_without_its_credentials(sockets: Door, peer: Peer) -> None:
    failure = await failure_of(one(sockets(proxy=f"gopher://user:{TOKEN}@proxy.example"), peer.url))

    assert failure.code == "config"


async def test_a_proxy_carries_the_socket(sockets: Door, peer: Peer) -> None:
    asked: list[str] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readuntil(b"\r\n\r\n")).decode().splitlines()[0])
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(tunnel, "127.0.0.1", 0) as proxy:
        port = proxy.sockets[0].getsockname()[1]
        failure = await failure_of(one(sockets(proxy=f"http://127.0.0.1:{port}"), peer.url))

    assert failure.code == "connect_failed"
    assert asked == [f"CONNECT 127.0.0.1:{peer.port} HTTP/1.1"]


class Seen(Observer):
    def __init__(self) -> None:
        self.requests: list[tuple[str, int | None]] = []

    def on_request(self, endpoint: str, status: int | None, seconds: float) -> None:
        self.requests.append((endpoint, status))


async def test_observers_see_each_opening(peer: Peer, sockets: Door) -> None:
    seen = Seen()
    peer.refusals = [(500, {}, b"")]
    door = sockets({"observers": (seen,)}, max_attempts=2)
    async with door.open(peer.url, query={"token": TOKEN}):
        pass

    assert seen.requests == [(f"WS {peer.url}", 500), (f"WS {peer.url}", 101)]


async def test_secrets_are_looked_up_before_the_first_socket(peer: Peer, sockets: Door) -> None:
    looked_up: list[int] = []

    async def prepare() -> None:
        looked_up.append(len(peer.requests))

    door = sockets({"prepare": prepare})
    for _ in range(2):
        async with door.open(peer.url):
            pass

    assert looked_up == [0]


async def test_no_log_shows_what_is_sent(peer: Peer, sockets: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("websockets", "websockets.client", "omnilogue"):
        caplog.set_level(logging.DEBUG, logger=name)
    async with sockets().open(peer.url, query={"token": TOKEN}, headers={"X-Key": TOKEN}) as socket:
        await socket.send_json({"token": TOKEN})
        await anext(socket)

    ours = [record for record in caplog.records if not record.name.startswith("websockets.server")]
    assert ours
    assert not any(TOKEN in record.getMessage() for record in ours)


async def test_its_errors_can_be_carried_away(peer: Peer, sockets: Door) -> None:
    peer.handler = ending(1011)

    failure = await failure_of(one(sockets(), peer.url, ask=True))

    assert pickle.loads(pickle.dumps(failure)).to_dict() == failure.to_dict()


# Leaving


async def _gone(peer: Peer) -> None:
    assert peer.server
    async with asyncio.timeout(3):
        while peer.server.connections:  # noqa: ASYNC110  # the library has no event for this
            await asyncio.sleep(0.005)


@pytest.mark.parametrize("moment", ["opening", "reading", "sending", "holding"])
async def test_cancelling_leaves_no_task_and_no_socket(peer: Peer, sockets: Door, moment: str) -> None:
    if moment == "sending":
        peer.handler = peer.deaf
    door, begun = sockets(read_timeout=60), asyncio.Event()

    async def talk() -> None:
        begun.set()
        async with door.open(peer.url) as socket:
            if moment == "sending":
                while True:
                    await socket.send_bytes(bytes(1 << 20))
            elif moment == "holding":
                await asyncio.sleep(60)
            await anext(socket)

    before = asyncio.all_tasks()
    task = asyncio.create_task(talk())
    await begun.wait()
    if moment != "opening":
        while not (peer.server and peer.server.connections):  # noqa: ASYNC110  # the library has no event for this
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.02)
    task.cancel()
    async with asyncio.timeout(1):
        await asyncio.wait([task])

    assert task.cancelled()
    for connection in list(peer.server.connections if peer.server else ()):
        connection.transport.abort()
    await _gone(peer)
    left = {one for one in asyncio.all_tasks() - before if "omnilogue" in str(one) or "client" in str(one)}
    assert left == set()


async def test_a_peer_that_does_not_say_goodbye_is_left(peer: Peer, sockets: Door) -> None:
    peer.handler = peer.deaf
    async with asyncio.timeout(1):
        async with sockets().open(peer.url):
            pass
    assert peer.server
    for connection in list(peer.server.connections):
        connection.transport.abort()


async def test_at_most_so_many_are_open_at_once(peer: Peer, sockets: Door) -> None:
    door = sockets(max_connections=1)
    async with door.open(peer.url):
        second = asyncio.create_task(one(door, peer.url))
        await asyncio.sleep(0.02)
        assert len(peer.requests) == 1
        second.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await second


def test_the_library_is_imported_when_it_is_needed() -> None:
    import subprocess
    import sys

    script = "import sys, omnilogue.http, omnilogue.provider; sys.exit('websockets' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
