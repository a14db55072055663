"""Answers of plain text: decoded however they are cut, errors in JSON understood, breaks told."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from omnilogue.errors import (
    BadRequestError,
    OmnilogueError,
    ProtocolError,
    StreamInterruptedError,
    UnsupportedOperationError,
)
from omnilogue.http import ErrorTable, NoAuth
from omnilogue.http.streams import TextParser

if TYPE_CHECKING:
    from tests.core.http.conftest import Answering, Door, Vendor

pytestmark = pytest.mark.anyio

TEXT = "caf\u00e9 \u00a6 \u4f60\u597d \U0001f9f3 end"


def stream(*pieces: bytes, kind: str = "text/plain; charset=utf-8", is_cut: bool = False, then: float = 0) -> Answering:
    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n".encode())
        for piece in pieces:
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(0)
        await asyncio.sleep(then)
        if not is_cut:
            writer.write(b"0\r\n\r\n")

    return send


async def read(door: Any, **said: Any) -> list[str]:
    async with door.text("POST", "talk", **said) as pieces:
        return [piece async for piece in pieces]


@settings(deadline=None)
@given(st.text(), st.data())
def test_every_cut_of_any_text_gives_the_same_text(text: str, data: st.DataObject) -> None:
    body = text.encode()
    places = sorted(data.draw(st.sets(st.integers(0, len(body)))) | {0, len(body)})
    parser = TextParser()

    got = [piece for start, end in pairwise(places) for piece in parser.feed(body[start:end])]

    assert "".join([*got, *parser.end()]) == text
    assert all(got)


async def test_text_comes_as_it_was_sent_at_every_split_point(door: Door, vendor: Vendor) -> None:
    body = TEXT.encode()
    opened = door()
    for place in range(1, len(body)):
        vendor.script = [stream(body[:place], body[place:])]
        assert "".join(await read(opened)) == TEXT
    vendor.script = [stream(*(body[place : place + 1] for place in range(len(body))))]
    assert "".join(await read(opened)) == TEXT


async def test_it_asks_for_text_and_sends_what_a_request_sends(door: Door, vendor: Vendor) -> None:
    vendor.usual = stream(b"hello")

    assert await read(door(), json={"a": 1}, query={"b": 2}) == ["hello"]
    asked = vendor.asked[0]
    assert (asked.method, asked.target, asked.body) == ("POST", "/api/talk?b=2", b'{"a":1}')
    assert asked.headers["accept"] == "text/plain, application/json"
    assert asked.headers["accept-encoding"] == "identity"


async def endless(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n")
    while not writer.transport.is_closing():
        writer.write(b"5\r\nhello\r\n")
        await writer.drain()
        await asyncio.sleep(0.001)


async def test_a_piece_comes_before_the_answer_ends(door: Door, vendor: Vendor) -> None:
    vendor.usual = stream(b"hello", then=30)

    async with asyncio.timeout(2), door().text("POST", "talk") as pieces:
        assert await anext(aiter(pieces)) == "hello"


async def test_leaving_early_closes_the_connection(door: Door, vendor: Vendor) -> None:
    vendor.usual = endless

    async with door().text("POST", "talk") as pieces:
        async for _ in pieces:
            break

    async with asyncio.timeout(2):
        await vendor.gone.wait()


async def test_the_content_type_is_told(door: Door, vendor: Vendor) -> None:
    vendor.usual = stream(b"hello", kind="text/html; charset=utf-8")

    async with door().text("POST", "talk") as pieces:
        assert pieces.content_type == "text/html; charset=utf-8"


@pytest.mark.parametrize("body", [b"caf\xc3", b"\xff", b"\xc2\xc2\xa6", "\ud83d".encode("utf-8", "surrogatepass")])
async def test_what_is_no_utf8_is_told(door: Door, vendor: Vendor, body: bytes) -> None:
    vendor.usual = stream(b"ok ", body)
    got: list[str] = []

    async def listen() -> None:
        async with door().text("POST", "talk") as pieces:
            async for piece in pieces:
                got.append(piece)  # noqa: PERF401  # what came before is what counts

    with pytest.raises(ProtocolError) as caught:
        await listen()

    assert (caught.value.code, caught.value.outcome, caught.value.attempts) == ("bad_response", "unknown", 1)
    assert got[0] == "ok "
    assert len(vendor.asked) == 1


async def test_an_answer_that_breaks_is_told_and_never_repeated(door: Door, vendor: Vendor) -> None:
    vendor.usual = stream(b"hello", is_cut=True)

    with pytest.raises(StreamInterruptedError) as caught:
        await read(door(), effect="read")

    assert (caught.value.attempts, len(vendor.asked)) == (1, 1)
    assert caught.value.__context__ is None


async def test_it_is_repeated_until_the_first_byte(door: Door, vendor: Vendor) -> None:
    vendor.script = [vendor.answer(429), stream(b"hello")]

    assert await read(door()) == ["hello"]


async def test_an_answer_that_is_too_large_is_told(door: Door, vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("omnilogue.http.request.STREAM_BYTES", 100_000)
    vendor.usual = stream(*[b"x" * 10_000] * 50)

    with pytest.raises(ProtocolError) as caught:
        await read(door())

    assert caught.value.code == "too_large"


async def test_json_that_is_a_refusal_is_one(door: Door, vendor: Vendor) -> None:
    opened = door().using(ErrorTable({7: "bad_request"}, at="code"), NoAuth())
    vendor.usual = stream(b'{"code": 7, ', b'"message": "no"}', kind="Application/JSON; charset=utf-8")

    with pytest.raises(BadRequestError, match="no") as caught:
        await read(opened)

    assert caught.value.vendor_code == "7"


async def test_other_json_comes_in_one_piece(door: Door, vendor: Vendor) -> None:
    vendor.usual = stream(b'{"a": ', b'"\xc2', b'\xa6"}', kind="application/json")

    assert await read(door()) == ['{"a": "\u00a6"}']


async def test_json_that_breaks_before_it_is_read_is_an_uncertain_write(door: Door, vendor: Vendor) -> None:
    vendor.usual = stream(b'{"a": ', kind="application/json", is_cut=True)

    with pytest.raises(OmnilogueError) as caught:
        await read(door())

    assert (caught.value.code, caught.value.outcome) == ("connection_lost", "unknown")


async def test_a_caller_who_fails_keeps_his_own_error(door: Door, vendor: Vendor) -> None:
    vendor.usual = stream(b"hello")

    async def listen() -> None:
        async with door().text("POST", "talk") as pieces:
            async for _ in pieces:
                raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await listen()


async def test_a_status_may_mean_something_else_to_a_vendor(door: Door, vendor: Vendor) -> None:
    opened = door().using(ErrorTable(statuses={405: "unsupported"}), NoAuth())
    vendor.usual = vendor.answer(405)

    with pytest.raises(UnsupportedOperationError) as caught:
        await opened.request("POST", "talk")

    assert (caught.value.http_status, caught.value.outcome) == (405, "rejected")


async def test_pieces_are_an_iterator_that_can_be_closed(door: Door, vendor: Vendor) -> None:
    vendor.usual = stream(b"a", b"b")

    async with door().text("POST", "talk") as pieces:
        source: Any = aiter(pieces)
        async with aclosing(source):
            assert await anext(source) == "a"
        assert [piece async for piece in pieces] == []
