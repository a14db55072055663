"""Streams over the wire: repeated until the first byte, closed when left, told when they break."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from omnilogue.errors import (
    AuthenticationError,
    OmnilogueError,
    ProtocolError,
    StreamInterruptedError,
    UnavailableError,
)
from omnilogue.http import ErrorTable, NoAuth

if TYPE_CHECKING:
    from tests.core.http.conftest import Answering, Door, Vendor

pytestmark = pytest.mark.anyio

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: Text/Event-Stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(piece: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(piece), piece)


def stream(*pieces: bytes, then: float = 0.0, is_cut: bool = False) -> Answering:
    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD)
        for piece in pieces:
            writer.write(chunk(piece))
            await writer.drain()
            await asyncio.sleep(0)
        await asyncio.sleep(then)
        if not is_cut:
            writer.write(chunk(b""))

    return send


async def read(door: Any, **said: Any) -> list[bytes]:
    async with door.events("POST", "talk", **said) as events:
        return [event.data async for event in events]


async def test_events_come_as_they_were_sent(door: Door, vendor: Vendor) -> None:
    vendor.usual = stream(b"data: a\n\nda", b"ta: b\n\n")

    assert await read(door()) == [b"a", b"b"]
    assert vendor.asked[0].headers["accept"] == "text/event-stream"
    assert vendor.asked[0].headers["accept-encoding"] == "identity"


async def test_an_event_comes_before_the_stream_ends(door: Door, vendor: Vendor) -> None:
    vendor.usual = stream(b"data: a\n\n", then=30)

    async with asyncio.timeout(2), door().events("POST", "talk") as events:
        assert (await anext(events)).data == b"a"


async def test_it_is_repeated_until_the_first_byte(door: Door, vendor: Vendor) -> None:
    vendor.script = [vendor.answer(429), vendor.answer(429), stream(b"data: a\n\n")]

    assert await read(door()) == [b"a"]


async def test_it_is_not_repeated_after_the_first_byte(door: Door, vendor: Vendor) -> None:
    vendor.usual = stream(b"data: a\n\n", is_cut=True)
    got: list[bytes] = []

    async def listen() -> None:
        async with door().events("POST", "talk", effect="read") as events:
            async for event in events:
                got.append(event.data)  # noqa: PERF401  # what came before the break is what counts

    with pytest.raises(StreamInterruptedError) as caught:
        await listen()

    assert (got, len(vendor.asked)) == ([b"a"], 1)
    assert (caught.value.code, caught.value.attempts, caught.value.retryable) == ("stream_broken", 1, True)
    assert caught.value.__context__ is None


async def test_a_stream_that_breaks_leaves_a_write_unknown(door: Door, vendor: Vendor) -> None:
    vendor.usual = stream(b"data: a\n\n", is_cut=True)

    with pytest.raises(StreamInterruptedError) as caught:
        await read(door())

    assert caught.value.outcome == "unknown"


async def test_a_stream_that_falls_silent_is_broken(door: Door, vendor: Vendor) -> None:
    vendor.usual = stream(b"data: a\n\n", then=30)

    async with asyncio.timeout(2):
        with pytest.raises(StreamInterruptedError, match="silent"):
            await read(door(read_timeout=0.1))


async def test_an_event_that_never_ends_is_too_large(
    door: Door, vendor: Vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("omnilogue.http.request.STREAM_BYTES", 100_000)
    vendor.usual = stream(*[b"x" * 10_000] * 50)

    with pytest.raises(ProtocolError) as caught:
        await read(door())

    assert (caught.value.code, caught.value.outcome, len(vendor.asked)) == ("too_large", "unknown", 1)


class TestAnswersThatAreNoStream:
    async def test_a_refusal_is_what_it_is(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(401)

        with pytest.raises(AuthenticationError):
            await read(door())

    async def test_an_error_told_with_success_is_an_error(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(200, b'{"code": 7, "message": "no"}')

        with pytest.raises(AuthenticationError, match="no"):
            await read(door().using(ErrorTable({7: "auth"}, at="code"), NoAuth()))

    @pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"\x00" * 100_000])
    async def test_anything_else_cannot_be_used(self, door: Door, vendor: Vendor, body: bytes) -> None:
        vendor.usual = vendor.answer(200, body)

        with pytest.raises(ProtocolError, match="application/json instead of events"):
            await read(door())


class TestLeaving:
    @pytest.fixture
    def endless(self, vendor: Vendor) -> None:
        async def send(writer: asyncio.StreamWriter) -> None:
            writer.write(HEAD)
            while not writer.transport.is_closing():
                writer.write(chunk(b"data: a\n\n"))
                await writer.drain()
                await asyncio.sleep(0.001)

        vendor.usual = send

    @pytest.mark.usefixtures("endless")
    async def test_leaving_early_closes_the_connection_and_leaves_no_task(self, door: Door, vendor: Vendor) -> None:
        async with door().events("POST", "talk") as events:
            async for _ in events:
                break

        async with asyncio.timeout(2):
            await vendor.gone.wait()
        names = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]  # type: ignore[union-attr]
        assert not [name for name in names if "aclose" in name or "athrow" in name]

    @pytest.mark.usefixtures("endless")
    async def test_cancelling_closes_it_too(self, door: Door, vendor: Vendor) -> None:
        reading = asyncio.create_task(read(door()))
        await vendor.arrived.wait()

        reading.cancel()

        async with asyncio.timeout(1):
            with pytest.raises(asyncio.CancelledError):
                await reading
            await vendor.gone.wait()

    @pytest.mark.usefixtures("endless")
    @pytest.mark.parametrize("error", [OSError("mine"), TimeoutError("mine"), ValueError("mine")])
    async def test_what_goes_wrong_in_the_readers_hands_stays_its_own(
        self, door: Door, vendor: Vendor, error: Exception
    ) -> None:
        async def listen() -> None:
            async with door().events("POST", "talk") as events:
                await anext(events)
                raise error

        with pytest.raises(type(error), match="mine") as caught:
            await listen()

        assert caught.value is error
        async with asyncio.timeout(2):
            await vendor.gone.wait()

    @pytest.mark.usefixtures("endless")
    async def test_a_slot_is_held_while_it_lasts_and_then_given_back(self, door: Door, vendor: Vendor) -> None:
        narrow = door(max_connections=1)

        async with narrow.events("POST", "talk") as events:
            await anext(events)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await narrow.request("GET", "x")
        vendor.usual = vendor.answer(200)

        assert (await narrow.request("GET", "x")).status == 200


async def test_a_connection_lost_before_the_first_byte_is_not_a_broken_stream(door: Door, vendor: Vendor) -> None:
    vendor.usual = b""

    with pytest.raises(UnavailableError) as caught:
        await read(door())

    assert (caught.value.outcome, len(vendor.asked)) == ("unknown", 1)


async def test_rubbish_in_a_stream_brings_no_foreign_error(door: Door, vendor: Vendor) -> None:
    vendor.usual = stream(b"\xff\xfe\x00\n", b"data: \xff\n\n", b"event: \xff\n\n")

    try:
        assert b"\xff" in (await read(door()))[0]
    except OmnilogueError:
        pytest.fail("bytes are the provider's to decode")
