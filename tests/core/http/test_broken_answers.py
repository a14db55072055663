"""Answers that are too large, cut off, or no HTTP at all."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, JsonValue, TypeAdapter

from omnilogue.errors import (
    OmnilogueError,
    ProtocolError,
    RequestTimeoutError,
    UnavailableError,
)
from omnilogue.http import ErrorTable, NoAuth
from omnilogue.http import limits as limits_module

if TYPE_CHECKING:
    from tests.core.http.conftest import Door, Vendor

pytestmark = pytest.mark.anyio

ANYTHING: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


class Thing(BaseModel):
    name: str
    count: int = 0


THING = TypeAdapter(Thing)


async def get(door: Any, shape: Any = THING, **said: Any) -> Any:
    return await door.request("GET", "things", shape=shape, **said)


class TestSizes:
    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("omnilogue.http.request.BODY_BYTES", 1024 * 1024)

    async def test_a_bomb_stays_small(self, door: Door, vendor: Vendor) -> None:
        bomb = gzip.compress(b" " * (64 * 1024 * 1024))
        vendor.usual = vendor.answer(200, bomb, content_encoding="gzip")
        tracemalloc.start()

        with pytest.raises(ProtocolError) as caught:
            await get(door())

        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (caught.value.code, len(vendor.asked)) == ("too_large", 1)
        assert peak < 8 * 1024 * 1024

    async def test_an_endless_body_is_cut_off(self, door: Door, vendor: Vendor) -> None:
        async def endless(writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")
            while not writer.transport.is_closing():
                writer.write(b" " * 65536)
                await writer.drain()

        vendor.usual = endless

        async with asyncio.timeout(10):
            with pytest.raises(ProtocolError) as caught:
                await get(door())
            await vendor.gone.wait()

        assert (caught.value.code, vendor.live) == ("too_large", 0)

    async def test_what_just_fits_is_taken(self, door: Door, vendor: Vendor) -> None:
        body = b'"' + b"x" * (1024 * 1024 - 2) + b'"'
        vendor.script = [
            vendor.answer(200, body),
            vendor.answer(200, gzip.compress(body), content_encoding="GZIP"),
            vendor.answer(200, zlib.compress(body), content_encoding="deflate"),
        ]

        for _ in range(3):
            assert len((await get(door(), TypeAdapter(str))).value) == 1024 * 1024 - 2

    async def test_one_byte_more_is_too_large(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(200, b'"' + b"x" * (1024 * 1024 - 1) + b'"')

        with pytest.raises(ProtocolError, match="larger than allowed"):
            await get(door(), TypeAdapter(str))

    def test_the_limits_are_what_they_say(self) -> None:
        assert limits_module.BODY_BYTES == 64 * 1024 * 1024
        assert limits_module.ERROR_BYTES == 64 * 1024


class TestCutAnswers:
    @pytest.mark.parametrize("sent", [b"", b'{"name": '])
    async def test_a_truncated_body_is_a_lost_connection(self, door: Door, vendor: Vendor, sent: bytes) -> None:
        async def cut(writer: asyncio.StreamWriter) -> None:
            writer.write(vendor.answer(200, b"", content_length="100") + sent)
            await writer.drain()

        vendor.usual = cut

        with pytest.raises(UnavailableError) as caught:
            await get(door())

        assert (caught.value.code, caught.value.attempts) == ("connection_lost", 3)

    async def test_truncated_chunks_are_a_lost_connection(self, door: Door, vendor: Vendor) -> None:
        async def cut(writer: asyncio.StreamWriter) -> None:
            writer.write(b'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n64\r\n{"name"')
            await writer.drain()

        vendor.usual = cut

        with pytest.raises(UnavailableError) as caught:
            await get(door())

        assert caught.value.code == "connection_lost"

    async def test_a_truncated_compressed_body_is_told(self, door: Door, vendor: Vendor) -> None:
        vendor.usual = vendor.answer(200, gzip.compress(b'{"name": "n"}')[:-9], content_encoding="gzip")

        with pytest.raises(ProtocolError, match="ends too early"):
            await get(door(), None)

    async def test_a_silent_vendor_is_given_up_after_the_read_timeout(self, door: Door, vendor: Vendor) -> None:
        async def stall(writer: asyncio.StreamWriter) -> None:
            writer.write(vendor.answer(200, b"", content_length="100"))
            await asyncio.sleep(30)

        vendor.usual = stall

        async with asyncio.timeout(5):
            with pytest.raises(RequestTimeoutError) as caught:
                await get(door(read_timeout=0.1))

        assert (caught.value.code, caught.value.attempts) == ("timeout", 3)

    @pytest.mark.parametrize(
        "head",
        [
            b"HTTP/1.1 200 OK\r\nx-large: " + b"x" * 500_000 + b"\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 100_000 + b"\r\n",
            b"nonsense\r\n\r\n",
            b"HTTP/1.1 abc OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 7\r\n\r\n12345",
            b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
            b"\x00" * 1000,
        ],
    )
    async def test_a_head_nobody_can_read_is_a_lost_connection(self, door: Door, vendor: Vendor, head: bytes) -> None:
        async def send(writer: asyncio.StreamWriter) -> None:
            writer.write(head)
            await writer.drain()

        vendor.usual = send

        with pytest.raises(UnavailableError) as caught:
            await get(door())

        assert (caught.value.code, len(str(caught.value)) < 1000) == ("connection_lost", True)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.integers(100, 999), st.booleans())
async def test_no_answer_brings_a_foreign_error(
    door: Door, vendor: Vendor, body: bytes, status: int, is_head: bool
) -> None:
    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(body if is_head else vendor.answer(status, body))
        await writer.drain()

    vendor.usual = send
    table = ErrorTable({1: "auth"}, at="a.b", like_http=True, texts={"x": "busy"})

    with pytest.raises(OmnilogueError) as caught:
        await get(door(max_attempts=1).using(table, NoAuth()))

    assert len(str(caught.value).splitlines()) == 1
