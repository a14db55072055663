"""A vendor's end of a websocket: its journal and its faults."""

import socket as tcp
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from omnilogue.emulator import Emulator

PLACE = "/talk/"


@pytest.fixture
def url(vendor: Emulator) -> str:
    return vendor.url.replace("http://", "ws://").removesuffix("/api/") + PLACE


@pytest.fixture
def socket(url: str) -> Iterator[ClientConnection]:
    with connect(f"{url}?token=secret-token&mode=1", close_timeout=0.2) as socket:
        yield socket


def said_back(socket: ClientConnection, *messages: str) -> list[str | bytes]:
    got = []
    for message in messages:
        socket.send(message)
        got.append(socket.recv(timeout=2))
    return got


def test_messages_come_and_go(socket: ClientConnection, stored: list[str]) -> None:
    assert said_back(socket, '{"a": "é"}', "no json") == ['{"a": "é"}', "no json"]
    socket.send(b"\x00\x01")
    assert socket.recv(timeout=2) == b"\x00\x01"

    assert stored == ["{'a': 'é'}", "no json", r"b'\x00\x01'"]


def test_the_journal_has_the_handshake_and_every_message_without_secrets(
    vendor: Emulator, socket: ClientConnection
) -> None:
    said_back(socket, '{"params": {"token": "secret-token"}, "list": [{"api_key": "secret-token"}]}')
    socket.send(b"12345")
    socket.recv(timeout=2)

    handshake, first, second = vendor.journal
    assert (handshake.method, handshake.path, handshake.status) == ("GET", PLACE, 101)
    assert handshake.query == {"token": "[redacted]", "mode": "1"}
    assert (first.method, first.path) == ("WS", PLACE)
    assert first.body == {"params": {"token": "[redacted]"}, "list": [{"api_key": "[redacted]"}]}
    assert second.body == 5


@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_socket_is_applied_as_a_whole(
    vendor: Emulator, url: str, stored: list[str], reset: bool, is_soon: Callable[..., bool]
) -> None:
    vendor.fail_next("stream_cut", path=PLACE, after=1, reset=reset)
    with connect(url, close_timeout=0.2) as socket:
        assert said_back(socket, "1") == ["1"]
        with pytest.raises(ConnectionClosed):
            said_back(socket, "2")

    assert is_soon(lambda: stored == ["1", "2"])
    assert vendor.journal[0].fault == "stream_cut"


def test_a_close_has_its_code_and_reason(vendor: Emulator, url: str) -> None:
    vendor.fail_next("socket_close", path=PLACE, after=0, code=1013, reason="later")
    with connect(url, close_timeout=0.2) as socket, pytest.raises(ConnectionClosed) as caught:
        said_back(socket, "1")

    assert caught.value.rcvd
    assert (caught.value.rcvd.code, caught.value.rcvd.reason) == (1013, "later")


def test_another_message_can_come_in_between(vendor: Emulator, url: str) -> None:
    vendor.fail_next("socket_message", path=PLACE, after=1, data="{")
    with connect(url, close_timeout=0.2) as socket:
        assert said_back(socket, "1", "2") == ["1", "{"]
        assert socket.recv(timeout=2) == "2"


def test_silence_passes(vendor: Emulator, url: str) -> None:
    vendor.fail_next("socket_silence", path=PLACE, after=0, seconds=0.05)
    with connect(url, close_timeout=0.2) as socket:
        socket.send("1")
        with pytest.raises(TimeoutError):
            socket.recv(timeout=0.01)
        assert socket.recv(timeout=2) == "1"


def test_a_handshake_meets_the_faults_of_requests(vendor: Emulator, url: str) -> None:
    vendor.fail_next("status", path=PLACE, status=503)

    with pytest.raises(InvalidStatus):
        connect(url)


def test_a_fault_for_a_socket_passes_a_stream_by(vendor: Emulator, client: object) -> None:
    import httpx

    assert isinstance(client, httpx.Client)
    vendor.fail_next("socket_close")

    assert client.post("speak/").status_code == 200
    assert [fault.kind for fault in vendor.faults] == ["socket_close"]


def test_a_client_that_leaves_in_the_handshake_leaves_no_trace_in_the_log(
    vendor: Emulator, url: str, caplog: pytest.LogCaptureFixture, is_soon: Callable[..., bool]
) -> None:
    vendor.fail_next("delay", path=PLACE, seconds=0.05)
    head = (
        f"GET {PLACE} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with tcp.create_connection(("127.0.0.1", urlsplit(url).port or 0)) as line:
        line.sendall(head.encode())
        assert is_soon(lambda: len(vendor.journal) == 1)

    time.sleep(0.15)  # the vendor answers now, and nobody is there
    vendor.stop()
    assert caplog.records == []


def test_an_emulator_that_stops_leaves_no_socket_open(vendor: Emulator, url: str) -> None:
    with connect(url, close_timeout=0.2) as socket:
        vendor.stop()

        with pytest.raises(ConnectionClosed):
            said_back(socket, "1")
